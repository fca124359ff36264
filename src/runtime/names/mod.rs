//! Named objects: how an object gets its name, is found by it, and loses it.
//!
//! ```text
//!            create                                last handle closed
//!   absent ─────────▶ named, the object has handles ─────────▶ no handles ──┬─ forget_name (the closer) ──▶ absent
//!                       │    ▲                                              └─ the next who looks ────────▶ absent
//!                       └────┘ create (OPENIF), open: one handle more
//! ```
//!
//! | file      | what                                            |
//! |-----------|-------------------------------------------------|
//! | `mod.rs`  | the protocol between names, objects and handles |
//! | `tree.rs` | the names, as data                              |
//! | `case.rs` | upper case                                      |
//!
//! Names are those of one runtime. These directories are always there:
//!
//! ```text
//!   \BaseNamedObjects               Local, Global: links to itself
//!   \Sessions\1\BaseNamedObjects    Local: a link to itself    Global: a link to \BaseNamedObjects
//! ```
//!
//! N1  The lock of the names comes before the lock of an object. No other lock is taken under it, and nothing is allocated,
//!     freed or woken: what is needed is had before, what is owed is done after.
//! N2  A name means an object while that has handles. Who looks and finds none, or another object in the slot, takes the name
//!     for absent and removes it. A waiter keeps the object alive, and not its name (H9).
//! N3  The closer who has brought the handles to 0 lets go of the object, then removes the name if it still means that object
//!     of that generation, and if nobody has given it a handle meanwhile. So a name that somebody else put there stays, and a
//!     close that has returned leaves no name behind.
//! N4  Looking for a name and making the object that gets it is one step under the lock of the names: there is one object of
//!     a name at a time. A name pins the directory that it is in.
//! orderings   the lock of the names; an object is born before its name can be found

mod case;
#[cfg(all(test, not(ntwait_loom)))]
mod tests;
mod tree;

use super::residents::Resident;
use crate::handle::entry::Handle;
use crate::handle::{Grant, Place, Reserved};
use crate::objects::held::{Held, Owed};
use crate::objects::slot::Slot;
use crate::objects::{Birth, Kind, Target};
use crate::status::NtStatus;
use crate::sys::lock::FutexLock;
use crate::wait::{Gone, signal};
use crate::waiter::shield::Shield;
use core::mem;
pub(crate) use tree::{Directory, Path, SEPARATOR};
use tree::{Meaning, NoMemory, Node, Spot, Tree};

/// The directories that are always there: the place of the one that it is in, in this list, and the name.
#[cfg(not(ntwait_loom))]
const DIRECTORIES: [(usize, &str); 5] =
    [(0, ""), (0, "BaseNamedObjects"), (0, "Sessions"), (2, "1"), (3, "BaseNamedObjects")];
/// The links that are always there: the directory that it is in, the name, the directory that it leads to.
#[cfg(not(ntwait_loom))]
const LINKS: [(usize, &str, usize); 4] = [(1, "Local", 1), (1, "Global", 1), (4, "Local", 4), (4, "Global", 1)];

/// A model has the root alone: each directory is an object.
#[cfg(ntwait_loom)]
const DIRECTORIES: [(usize, &str); 1] = [(0, "")];
#[cfg(ntwait_loom)]
const LINKS: [(usize, &str, usize); 0] = [];

/// Names that a tree has room for at first.
const FIRST_ROOM: usize = 32;

/// The names of a runtime. Before the first is asked for there are none at all.
#[derive(Debug, Default)]
pub(crate) struct Names(FutexLock<Tree>);

/// What a call wants by a name.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Wanted {
    pub(crate) kind: Kind,
    pub(crate) grant: Grant,
    /// What becomes of the call if there is an object of that name and kind.
    pub(crate) existing: Result<(), NtStatus>,
}

/// A handle that was made, and the object that it leads to.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Made<'r> {
    pub(crate) handle: Handle,
    pub(crate) target: Target<'r>,
    /// The object was there already.
    pub(crate) existed: bool,
}

/// Why something cannot be done in a tree.
enum Refused {
    Status(NtStatus),
    /// It can be done in a roomier one.
    NoRoom,
}

impl From<NtStatus> for Refused {
    fn from(status: NtStatus) -> Self {
        Self::Status(status)
    }
}

impl From<NoMemory> for NtStatus {
    fn from(NoMemory: NoMemory) -> Self {
        Self::NO_MEMORY
    }
}

/// What is owed once the names are unlocked (N1).
#[derive(Default)]
struct Debts<'r> {
    /// To those who sleep for the lock of an object: the one that was found, and the directory.
    unlocked: [Option<(Owed, &'r Slot)>; 2],
    /// A name that was removed: its memory, and the directory's pin.
    removed: Option<Node>,
}

impl<'r> Debts<'r> {
    fn unlock(&mut self, held: Held<'r>) {
        let slot = held.slot();
        let owed = held.unlock();
        if !owed.is_nothing()
            && let Some(place) = self.unlocked.iter_mut().find(|place| place.is_none())
        {
            *place = Some((owed, slot));
        }
    }
}

impl Resident {
    /// A handle to the object of this name and kind.
    pub(crate) fn open_named(&self, path: &Path<'_>, wanted: &Wanted) -> Result<Handle, NtStatus> {
        let _shield = Shield::raise();
        let reserved = self.table().reserve_handle(wanted.grant)?;
        let found = self.in_tree(|tree, debts| {
            let spot = tree.walk(path)?;
            let found = self.take_handle(tree, &spot, wanted, debts);
            Ok(found.unwrap_or(Err(NtStatus::OBJECT_NAME_NOT_FOUND))?)
        });
        match found {
            Ok(target) => Ok(reserved.issue(target)),
            Err(status) => {
                reserved.cancel();
                Err(status)
            }
        }
    }

    /// A new object of this name and a handle to it; or, if `wanted` permits, a handle to the one that there is.
    pub(crate) fn create_named(&self, path: &Path<'_>, wanted: &Wanted, birth: Birth) -> Result<Made<'_>, NtStatus> {
        let _shield = Shield::raise();
        let reserved = self.table().reserve(wanted.grant)?;
        match self.find_or_bear(path, wanted, birth, &reserved) {
            Ok((target, false)) => Ok(Made { handle: reserved.issue(target), target, existed: false }),
            Ok((target, true)) => Ok(Made { handle: reserved.without_slot().issue(target), target, existed: true }),
            Err(status) => {
                reserved.without_slot().cancel();
                Err(status)
            }
        }
    }

    /// The object, with the handle counted that was reserved; and whether it was there already.
    fn find_or_bear<'r>(
        &'r self,
        path: &Path<'_>,
        wanted: &Wanted,
        birth: Birth,
        reserved: &Reserved<'r>,
    ) -> Result<(Target<'r>, bool), NtStatus> {
        let mut text = copy(path.last().iter().copied())?;
        self.in_tree(|tree, debts| {
            let spot = tree.walk(path)?;
            if let Some(found) = self.take_handle(tree, &spot, wanted, debts) {
                return Ok((found?, true));
            }
            let number = tree.next_number()?.ok_or(Refused::NoRoom)?;
            self.pin_directory(spot.directory, debts)?;
            let born = reserved.bear(Birth { name: number, ..birth });
            let meaning = Meaning::Object { place: self.table().place_of(born), kind: birth.kind, stands: false };
            tree.insert(Node { directory: spot.directory, text: mem::take(&mut text), meaning });
            Ok((born, false))
        })
    }

    /// Gives the object of this name one handle more, or says why not. `None`: there is none (N2).
    fn take_handle<'r>(
        &'r self,
        tree: &mut Tree,
        spot: &Spot<'_>,
        wanted: &Wanted,
        debts: &mut Debts<'r>,
    ) -> Option<Result<Target<'r>, NtStatus>> {
        let number = tree.find(spot)?;
        let Meaning::Object { place, kind, stands } = tree.node(number)?.meaning else {
            return None;
        };
        let found = self.with_held(place, kind, debts, |held| {
            (held.handles() > 0 || stands).then(|| {
                if kind != wanted.kind {
                    return Err(NtStatus::OBJECT_TYPE_MISMATCH);
                }
                wanted.existing.map(|()| held.add_handle())
            })
        });
        match found {
            Some((target, Some(taken))) => Some(taken.map(|()| target)),
            _ => {
                debts.removed = tree.remove(number);
                None
            }
        }
    }

    fn pin_directory<'r>(&'r self, directory: Directory, debts: &mut Debts<'r>) -> Result<(), NtStatus> {
        let pinned = self.with_held(directory.place, Kind::Directory, debts, |held| held.pin());
        pinned.map(|_| ()).ok_or(NtStatus::OBJECT_PATH_NOT_FOUND)
    }

    /// Removes the name that an object has lost with its last handle (N3).
    pub(super) fn forget_name(&self, number: u32, place: Place) {
        let _ = self.in_tree(|tree, debts| {
            let Some(Meaning::Object { kind, stands: false, .. }) =
                tree.node(number).filter(|_| tree.names(number, place)).map(|node| node.meaning)
            else {
                return Ok(());
            };
            let handles = self.with_held(place, kind, debts, |held| held.handles());
            if handles.is_none_or(|(_, handles)| handles == 0) {
                debts.removed = tree.remove(number);
            }
            Ok(())
        });
    }

    /// Does something with the object at a place under its lock, while the names are locked. `None`: it is gone.
    fn with_held<'r, T>(
        &'r self,
        place: Place,
        kind: Kind,
        debts: &mut Debts<'r>,
        work: impl FnOnce(&mut Held<'_>) -> T,
    ) -> Option<(Target<'r>, T)> {
        let target = self.target(place, kind).ok()?;
        let mut held = target.slot.lock(target.generation)?;
        let result = work(&mut held);
        debts.unlock(held);
        Some((target, result))
    }

    fn target(&self, place: Place, kind: Kind) -> Result<Target<'_>, NtStatus> {
        self.table().target_at((place.slot as usize, place.generation), kind)
    }

    /// A directory object as the start of a path.
    pub(crate) fn as_directory(&self, target: Target<'_>) -> Result<Directory, NtStatus> {
        Ok(Directory { place: self.table().place_of(target), number: self.name_of(target)? })
    }

    /// The number of an object's name, 0 if it has none.
    fn name_of(&self, target: Target<'_>) -> Result<u32, NtStatus> {
        let number = signal::under_lock(target, self.home(), |held| held.name());
        number.map_err(|Gone| NtStatus::INVALID_HANDLE)
    }

    /// Looks at the path of an object: how many units it has, and what writes it into twice as many bytes. `None`: it has no
    /// name. The names are locked meanwhile.
    pub(crate) fn with_path<T>(
        &self,
        target: Target<'_>,
        look: impl FnOnce(Option<(usize, &dyn Fn(&mut [u8]))>) -> T,
    ) -> Result<T, NtStatus> {
        let _shield = Shield::raise();
        let number = self.name_of(target)?;
        let tree = self.names.0.lock();
        if !tree.names(number, self.table().place_of(target)) {
            return Ok(look(None));
        }
        Ok(look(Some((tree.path_length(number), &|room| tree.write_path(number, room)))))
    }

    /// Does something with the names under their lock; again, if there was no room for it, in a roomier tree.
    fn in_tree<'r, T>(
        &'r self,
        mut work: impl FnMut(&mut Tree, &mut Debts<'r>) -> Result<T, Refused>,
    ) -> Result<T, NtStatus> {
        loop {
            let mut debts = Debts::default();
            let done = {
                let mut tree = self.names.0.lock();
                if tree.size().0 == 0 { Err(Refused::NoRoom) } else { work(&mut tree, &mut debts) }
            };
            self.pay(debts);
            match done {
                Ok(result) => return Ok(result),
                Err(Refused::Status(status)) => return Err(status),
                Err(Refused::NoRoom) => self.make_room()?,
            }
        }
    }

    fn pay(&self, debts: Debts<'_>) {
        for (owed, slot) in debts.unlocked.into_iter().flatten() {
            if owed.pay(slot, self.home()) {
                self.home().recycle(slot);
            }
        }
        if let Some(node) = debts.removed {
            self.unpin(node.directory.place);
        }
    }

    fn unpin(&self, directory: Place) {
        if let Ok(target) = self.target(directory, Kind::Directory) {
            signal::unpin(target, self.home());
        }
    }

    #[cold]
    fn make_room(&self) -> Result<(), NtStatus> {
        let (names, places) = self.names.0.lock().size();
        if names == 0 {
            return self.make_standing();
        }
        let mut roomier = Tree::with_room(names * 2, places + 1)?;
        self.names.0.lock().move_to(&mut roomier);
        Ok(()) // the old one goes here
    }

    /// The first tree, with what is always there. If another thread was quicker, its tree stays.
    fn make_standing(&self) -> Result<(), NtStatus> {
        let mut tree = Tree::with_room(FIRST_ROOM, FIRST_ROOM)?;
        let made = self.furnish(&mut tree);
        if made.is_ok() {
            let mut used = self.names.0.lock();
            if used.size().0 == 0 {
                mem::swap(&mut *used, &mut tree);
            }
        }
        tree.standing().for_each(|place| self.unpin(place));
        made
    }

    fn furnish(&self, tree: &mut Tree) -> Result<(), NtStatus> {
        let mut made = [Directory::NOWHERE; DIRECTORIES.len()];
        for (at, (parent, name)) in DIRECTORIES.into_iter().enumerate() {
            let text = copy(name.encode_utf16())?;
            let birth = Birth { name: at as u32 + 1, ..directory_birth() };
            let place = self.table().place_of(self.table().create_pinned(birth)?);
            let meaning = Meaning::Object { place, kind: Kind::Directory, stands: true };
            let number = tree.insert(Node { directory: made[parent], text, meaning });
            made[at] = Directory { place, number };
        }
        for (parent, name, target) in LINKS {
            let meaning = Meaning::Link(made[target].number);
            tree.insert(Node { directory: made[parent], text: copy(name.encode_utf16())?, meaning });
        }
        Ok(())
    }
}

/// A directory as it is born: always signalled.
pub(crate) const fn directory_birth() -> Birth {
    Birth::plain(Kind::Directory, Kind::Directory.flags(), 1)
}

/// The text as a tree keeps it. No lock is held.
fn copy(text: impl Iterator<Item = u16> + Clone) -> Result<Box<[u16]>, NtStatus> {
    let mut units = Vec::new();
    units.try_reserve_exact(text.clone().count()).map_err(|_| NtStatus::NO_MEMORY)?;
    units.extend(text);
    Ok(units.into_boxed_slice())
}
