//! The names of one runtime, as plain data: which name in which directory means which object.
//!
//! ```text
//!   slot of an object                       numbers               by name
//!   ┌──────┬────────────┐              ┌───────────────────┐      ┌──────────────────────────────┐
//!   │ kind │ number   ──┼─────────────▶│ 3: directory,     │◀─────┤ hash of directory and text   │
//!   └──────┴────────────┘              │    text, meaning  │      └──────────────────────────────┘
//!                                      └───────────────────┘
//! ```
//!
//! A name is found by directory and text, and from its object by number. A directory is known by the place of its object, not
//! by its path: one that has lost its name keeps what is in it, and the next one of that name begins empty.
//!
//! N5  No function here allocates or frees but those that say so: a tree is asked first whether it has room, and is moved
//!     into a roomier one that was made without the lock.

use super::case;
use crate::handle::Place;
use crate::objects::Kind;
use crate::objects::slot::NAMES;
use crate::status::NtStatus;
use core::mem;
use hashbrown::HashTable;

/// What separates the parts of a path.
pub(crate) const SEPARATOR: u16 = b'\\' as u16;

/// What stands in a path for a directory that has no name any more.
const NAMELESS: [u16; 3] = [b'.' as u16; 3];

/// A directory: its object, and the number of its own name, 0 if it has none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Directory {
    pub(crate) place: Place,
    pub(crate) number: u32,
}

impl Directory {
    /// What the root is in.
    pub(super) const NOWHERE: Self = Self { place: Place { slot: u32::MAX, generation: u32::MAX }, number: 0 };
}

/// What a name means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Meaning {
    /// An object; its name stays without a handle if it `stands`.
    Object { place: Place, kind: Kind, stands: bool },
    /// What the name of this number means.
    Link(u32),
}

/// A name.
#[derive(Debug)]
pub(super) struct Node {
    pub(super) directory: Directory,
    pub(super) text: Box<[u16]>,
    pub(super) meaning: Meaning,
}

/// A place for a name: free, with the number of the next free one, or taken, with the hash of what it holds.
#[derive(Debug)]
enum Entry {
    Free(u32),
    Taken(u64, Node),
}

/// A path from a directory on. None: from the root.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Path<'n> {
    pub(crate) from: Option<Directory>,
    pub(crate) rest: &'n [u16],
    pub(crate) ignore_case: bool,
}

impl<'n> Path<'n> {
    /// The last part, which is what a new object would be called.
    pub(super) fn last(&self) -> &'n [u16] {
        self.rest.rsplit(|unit| *unit == SEPARATOR).next().unwrap_or_default()
    }
}

/// Where a path leads: there may be something of that name, or not.
#[derive(Clone, Copy, Debug)]
pub(super) struct Spot<'n> {
    pub(super) directory: Directory,
    text: &'n [u16],
    ignore_case: bool,
}

/// All names.
#[derive(Debug, Default)]
pub(super) struct Tree {
    by_name: HashTable<u32>,
    /// The name of number 1 is the first.
    entries: Vec<Entry>,
    first_free: u32,
}

/// There is no memory for so many names.
#[derive(Debug)]
pub(super) struct NoMemory;

impl Tree {
    /// An empty tree with room for so many names, in so many places. Allocates.
    pub(super) fn with_room(names: usize, places: usize) -> Result<Self, NoMemory> {
        let mut tree = Self::default();
        tree.by_name.try_reserve(names, |_| 0).map_err(|_| NoMemory)?;
        tree.entries.try_reserve_exact(places.max(names)).map_err(|_| NoMemory)?;
        Ok(tree)
    }

    /// How many names there are, and in how many places.
    pub(super) fn size(&self) -> (usize, usize) {
        (self.by_name.len(), self.entries.len())
    }

    /// What is allocated.
    #[cfg(test)]
    pub(super) fn memory(&self) -> (usize, usize) {
        (self.by_name.allocation_size(), self.entries.capacity())
    }

    /// Moves everything into a tree with more room, and leaves the old one there. Does nothing if it has not enough.
    pub(super) fn move_to(&mut self, roomier: &mut Self) {
        if roomier.by_name.capacity() <= self.by_name.len() || roomier.entries.capacity() <= self.entries.len() {
            return;
        }
        roomier.entries.append(&mut self.entries);
        roomier.first_free = self.first_free;
        for (at, entry) in roomier.entries.iter().enumerate() {
            if let Entry::Taken(hash, _) = entry {
                roomier.by_name.insert_unique(*hash, at as u32 + 1, |&other| hash_in(&roomier.entries, other));
            }
        }
        mem::swap(self, roomier);
    }

    /// The number of the next name that is put in. `Ok(None)`: there is no room for it (N5).
    pub(super) fn next_number(&self) -> Result<Option<u32>, NtStatus> {
        let number = if self.first_free == 0 { self.entries.len() as u32 + 1 } else { self.first_free };
        if number >= NAMES {
            return Err(NtStatus::INSUFFICIENT_RESOURCES);
        }
        let has_room = self.by_name.capacity() > self.by_name.len()
            && (self.first_free != 0 || self.entries.capacity() > self.entries.len());
        Ok(has_room.then_some(number))
    }

    /// Puts a name in, which gets the [next number](Self::next_number).
    pub(super) fn insert(&mut self, node: Node) -> u32 {
        let hash = hash(node.directory.place, &node.text);
        let entry = Entry::Taken(hash, node);
        let number = if self.first_free == 0 {
            self.entries.push(entry);
            self.entries.len() as u32
        } else {
            let number = self.first_free;
            if let Some(Entry::Free(next)) = self.entry_mut(number).map(|place| mem::replace(place, entry)) {
                self.first_free = next;
            }
            number
        };
        self.by_name.insert_unique(hash, number, |&other| hash_in(&self.entries, other));
        number
    }

    /// Takes a name out.
    pub(super) fn remove(&mut self, number: u32) -> Option<Node> {
        let free = Entry::Free(self.first_free);
        let entry = self.entry_mut(number).filter(|entry| matches!(entry, Entry::Taken(..)))?;
        let Entry::Taken(hash, node) = mem::replace(entry, free) else {
            return None;
        };
        self.first_free = number;
        if let Ok(found) = self.by_name.find_entry(hash, |&other| other == number) {
            found.remove();
        }
        Some(node)
    }

    fn entry_mut(&mut self, number: u32) -> Option<&mut Entry> {
        self.entries.get_mut((number as usize).checked_sub(1)?)
    }

    pub(super) fn node(&self, number: u32) -> Option<&Node> {
        match self.entries.get((number as usize).checked_sub(1)?)? {
            Entry::Taken(_, node) => Some(node),
            Entry::Free(_) => None,
        }
    }

    /// Does the name of this number mean the object at this place?
    pub(super) fn names(&self, number: u32, at: Place) -> bool {
        matches!(self.node(number), Some(Node { meaning: Meaning::Object { place, .. }, .. }) if *place == at)
    }

    /// The objects whose names stay without a handle.
    pub(super) fn standing(&self) -> impl Iterator<Item = Place> + '_ {
        (1..=self.entries.len() as u32).filter_map(|number| match self.node(number)?.meaning {
            Meaning::Object { place, stands: true, .. } => Some(place),
            _ => None,
        })
    }

    /// Follows a path up to its last part.
    ///
    /// `OBJECT_PATH_NOT_FOUND`: a part that is not the last does not exist (N4); `OBJECT_TYPE_MISMATCH`: it is no directory;
    /// `OBJECT_NAME_INVALID`: a part without a letter in a directory that does exist (N6).
    pub(super) fn walk<'n>(&self, path: &Path<'n>) -> Result<Spot<'n>, NtStatus> {
        let mut spot = Spot { directory: Directory::NOWHERE, text: &[], ignore_case: path.ignore_case };
        match path.from {
            Some(directory) => spot.directory = directory,
            None if path.rest.is_empty() => return Ok(spot), // the root itself
            None => spot.directory = self.directory(&spot)?,
        }
        let mut parts = path.rest.split(|unit| *unit == SEPARATOR);
        spot.text = parts.next().unwrap_or_default();
        for part in parts {
            require_text(spot.text)?;
            spot.directory = self.directory(&spot)?;
            spot.text = part;
        }
        require_text(spot.text)?;
        Ok(spot)
    }

    fn directory(&self, spot: &Spot<'_>) -> Result<Directory, NtStatus> {
        let number = self.find(spot).ok_or(NtStatus::OBJECT_PATH_NOT_FOUND)?;
        match self.node(number).map(|node| node.meaning) {
            Some(Meaning::Object { place, kind: Kind::Directory, .. }) => Ok(Directory { place, number }),
            _ => Err(NtStatus::OBJECT_TYPE_MISMATCH),
        }
    }

    /// The number of the name in this spot; for a link that of the name that it leads to. Without regard to case a name that
    /// is spelt as it was asked for comes first.
    pub(super) fn find(&self, spot: &Spot<'_>) -> Option<u32> {
        let exact = self.find_as(spot, |text| text == spot.text);
        let found = match exact {
            None if spot.ignore_case => self.find_as(spot, |text| case::equal(text, spot.text)),
            exact => exact,
        };
        found.map(|number| match self.node(number).map(|node| node.meaning) {
            Some(Meaning::Link(target)) => target,
            _ => number,
        })
    }

    fn find_as(&self, spot: &Spot<'_>, is_wanted: impl Fn(&[u16]) -> bool) -> Option<u32> {
        let place = spot.directory.place;
        let found = self.by_name.find(hash(place, spot.text), |&number| {
            self.node(number).is_some_and(|node| node.directory.place == place && is_wanted(&node.text))
        });
        found.copied()
    }

    /// The parts of the path to the name of this number, from the last to the first; none for the root.
    fn parts(&self, number: u32) -> impl Iterator<Item = &[u16]> {
        let mut next = Some(number);
        core::iter::from_fn(move || {
            let Some(node) = self.node(next.take()?) else {
                return Some(&NAMELESS[..]);
            };
            if node.directory == Directory::NOWHERE {
                return None;
            }
            let Directory { place, number } = node.directory;
            next = Some(if self.names(number, place) { number } else { 0 });
            Some(&node.text[..])
        })
    }

    /// How many units the path to the name of this number has.
    pub(super) fn path_length(&self, number: u32) -> usize {
        self.parts(number).map(|part| 1 + part.len()).sum::<usize>().max(1)
    }

    /// Writes the path to the name of this number, which has the room that it needs.
    pub(super) fn write_path(&self, number: u32, room: &mut [u8]) {
        let mut places = room.chunks_exact_mut(2).rev();
        let mut write = |unit: u16| {
            if let Some(place) = places.next() {
                place.copy_from_slice(&unit.to_ne_bytes());
            }
        };
        for part in self.parts(number) {
            part.iter().rev().for_each(|unit| write(*unit));
            write(SEPARATOR);
        }
        write(SEPARATOR); // the root, which has no parts; for others the room is full
    }
}

fn require_text(text: &[u16]) -> Result<(), NtStatus> {
    if text.is_empty() { Err(NtStatus::OBJECT_NAME_INVALID) } else { Ok(()) }
}

fn hash_in(entries: &[Entry], number: u32) -> u64 {
    match entries.get(number as usize - 1) {
        Some(Entry::Taken(hash, _)) => *hash,
        _ => 0,
    }
}

/// The same for names that are equal without regard to case. The table wants its high and its low bits spread.
fn hash(directory: Place, text: &[u16]) -> u64 {
    const PRIME: u64 = 0x9E37_79B9_7F4A_7C15;
    let seed = u64::from(directory.slot) << 32 | u64::from(directory.generation);
    let mix = |hash: u64, unit: u16| (hash.rotate_left(5) ^ u64::from(case::upper(unit))).wrapping_mul(PRIME);
    let hash = text.iter().fold(seed.wrapping_mul(PRIME), |hash, unit| mix(hash, *unit));
    (hash ^ hash >> 32).wrapping_mul(PRIME)
}
