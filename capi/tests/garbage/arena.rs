//! Memory to hand in, around which nothing may change.
//!
//! ```text
//!   ┌──────┬────────────────────────────────────────────┬──────┬───────────┬──────┐
//!   │ none │ a cell for each argument … │ its last page │ none │ read-only │ none │
//!   └──────┴────────────────────────────────────────────┴──────┴───────────┴──────┘
//! ```

use crate::random::Random;
use core::ops::Range;

pub(crate) const PAGE: usize = 4096;

/// What one argument has, with what it points to.
pub(crate) const CELL: usize = 1024;

const CELLS: usize = 12;
const WRITABLE: usize = CELLS * CELL + PAGE;

pub(crate) struct Arena {
    base: usize,
    before: Vec<u8>,
    /// What the call may change.
    given: Vec<Range<usize>>,
}

impl Arena {
    pub(crate) fn new(random: &mut Random) -> Self {
        let length = WRITABLE + 4 * PAGE;
        let flags = libc::MAP_PRIVATE | libc::MAP_ANONYMOUS;
        // SAFETY: fresh memory.
        let memory = unsafe { libc::mmap(core::ptr::null_mut(), length, libc::PROT_NONE, flags, -1, 0) };
        assert_ne!(memory, libc::MAP_FAILED);
        let base = memory.expose_provenance() + PAGE;
        let mut arena = Self { base, before: vec![0; WRITABLE], given: Vec::new() };
        protect(base, WRITABLE, libc::PROT_READ | libc::PROT_WRITE);
        protect(arena.read_only(), PAGE, libc::PROT_READ | libc::PROT_WRITE);
        let mut text = [0; PAGE];
        random.fill(&mut text);
        write(arena.read_only(), &text);
        protect(arena.read_only(), PAGE, libc::PROT_READ);
        random.fill(&mut arena.before);
        write(base, &arena.before);
        arena
    }

    /// Nothing may change.
    pub(crate) fn begin(&mut self) {
        self.given.clear();
    }

    pub(crate) fn cell(&self, argument: usize) -> usize {
        self.base + argument % CELLS * CELL
    }

    /// The first address after what can be written: nothing can be done there.
    pub(crate) fn end(&self) -> usize {
        self.base + WRITABLE
    }

    pub(crate) fn nothing(&self) -> usize {
        self.end()
    }

    pub(crate) fn read_only(&self) -> usize {
        self.end() + PAGE
    }

    /// The call gets this to change, if all of it can be changed.
    pub(crate) fn give(&mut self, address: usize, length: usize) {
        if self.base <= address && length <= self.end().saturating_sub(address) {
            self.given.push(address - self.base..address - self.base + length);
        }
    }

    pub(crate) fn put(&self, address: usize, bytes: &[u8]) {
        assert!(self.base <= address && address + bytes.len() <= self.end(), "outside of the arena");
        write(address, bytes);
    }

    /// The arguments are made; the call is next.
    pub(crate) fn remember(&mut self) {
        let now = memory(self.base);
        self.before.copy_from_slice(now);
    }

    /// Where something changed that was not given.
    pub(crate) fn first_change(&self) -> Option<usize> {
        let now = self.now();
        if now == self.before {
            return None;
        }
        let is_given = |place: &usize| self.given.iter().any(|range| range.contains(place));
        (0..WRITABLE)
            .find(|place| now[*place] != self.before[*place] && !is_given(place))
            .map(|place| self.base + place)
    }

    pub(crate) fn word(&self, address: usize) -> Option<u64> {
        let place = address.checked_sub(self.base)?;
        self.now()
            .get(place..place.checked_add(8)?)
            .map(|bytes| u64::from_le_bytes(bytes.try_into().unwrap_or_default()))
    }

    fn now(&self) -> &[u8] {
        memory(self.base)
    }
}

/// What can be written, as it is.
fn memory<'a>(base: usize) -> &'a [u8] {
    let memory: *const u8 = core::ptr::with_exposed_provenance(base);
    // SAFETY: mapped by `Arena::new` and never unmapped; only calls that have returned wrote there.
    unsafe { core::slice::from_raw_parts(memory, WRITABLE) }
}

fn protect(address: usize, length: usize, protection: libc::c_int) {
    // SAFETY: of the arena.
    let done = unsafe { libc::mprotect(core::ptr::with_exposed_provenance_mut(address), length, protection) };
    assert_eq!(done, 0);
}

fn write(address: usize, bytes: &[u8]) {
    let memory: *mut u8 = core::ptr::with_exposed_provenance_mut(address);
    // SAFETY: of the arena, writable.
    unsafe { core::ptr::copy_nonoverlapping(bytes.as_ptr(), memory, bytes.len()) };
}

/// A change is seen where it was not permitted, and nowhere else.
#[test]
fn changes_are_seen() {
    let mut arena = Arena::new(&mut Random::new(1));
    let (cell, end) = (arena.cell(3), arena.end());
    // What is given, what is written, what is found.
    let table = [
        (cell, 8, cell, 8, None),
        (cell, 8, cell + 4, 8, Some(cell + 8)),
        (cell, 4, cell - 1, 1, Some(cell - 1)),
        (cell, 0, cell, 1, Some(cell)),
        (end - 8, 8, end - 8, 8, None),
        (end - 4, 8, end - 4, 4, Some(end - 4)),
        (cell, usize::MAX, cell, 1, Some(cell)),
        (0, 8, end - 1, 1, Some(end - 1)),
    ];
    for (given, length, written, count, found) in table {
        arena.begin();
        arena.give(given, length);
        arena.remember();
        let others: Vec<u8> = arena.now()[written - arena.base..][..count].iter().map(|byte| !byte).collect();
        arena.put(written, &others);
        assert_eq!(arena.first_change(), found, "given {length}, written {count}");
    }
}
