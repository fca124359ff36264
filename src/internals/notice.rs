//! What a thread tells of its waits, for the models: waits that are numbers.

use crate::sys::clock::Deadline;
use crate::waiter::notice::{Notice, Sort, Told, Waiting};

/// A notice, and the thread that puts it up.
#[derive(Debug, Default)]
pub struct Board(Notice);

/// A wait as it was read.
#[derive(Clone, Copy, Debug)]
pub struct Seen(Told);

impl Board {
    pub fn put_up(&self, number: u32) {
        let waiting =
            Waiting { sort: Sort::Any, alertable: false, count: number, slot: number as usize, generation: number };
        self.0.put_up(waiting, &Deadline::Never);
    }

    pub fn take_down(&self) {
        self.0.take_down();
    }

    pub fn read(&self) -> Option<Seen> {
        self.0.read().map(Seen)
    }

    pub fn is_still(&self, seen: Seen) -> bool {
        self.0.is_still(&seen.0)
    }
}

impl Seen {
    /// The number of the wait, in each place where it was told.
    pub fn numbers(self) -> [u32; 3] {
        [self.0.waiting.count, self.0.waiting.slot as u32, self.0.waiting.generation]
    }
}
