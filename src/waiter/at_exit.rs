//! What a thread that the library did not make does at its end: the library knows that moment only from the C library.
//!
//! | thread                     | how its end is known                          |
//! |----------------------------|-----------------------------------------------|
//! | the process's first        | the destructor of a pthread key               |
//! | any other                  | the destructor of a thread-local value        |
//!
//! The first thread's thread-local values go when the process exits, too, before its exit handlers and its static destructors,
//! in which it lives on and may hold what it held. Keys go only if it leaves by `pthread_exit`, where glibc runs no others. If
//! there is no key left, it ends like the others.
//!
//! AE1  Each step is done once, in the order of [`Leaving`]; then the record is given back, then the last step is done.
//! AE2  That the first thread leaves is known before its object is signalled: who has seen that, and ends, may be the last (TH5).

use super::record::{self, ThreadRecord};
use crate::sys::atomic::{AtomicU32, Ordering, process_static};
use crate::sys::cpu;
use crate::sys::tls::{self, thread_local};
use core::cell::Cell;

type Step = Cell<Option<fn()>>;

/// What a thread does at its end before it gives its record back (TH7).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Leaving {
    /// Calls the user's callbacks.
    Callbacks,
    /// Lets go of its thread-local slots.
    Values,
    /// Ends its objects.
    Objects,
}

/// What is to be done at the end of a thread.
#[derive(Debug)]
struct AtExit {
    record: Cell<Option<&'static ThreadRecord>>,
    /// What else, before, in the order of [`Leaving`].
    before: [Step; 3],
    /// And after.
    last: Step,
    /// Will the thread's end be known?
    is_armed: Cell<bool>,
}

/// Its destructor is the end of any thread but the first.
struct Guard;

impl Drop for Guard {
    fn drop(&mut self) {
        end();
    }
}

thread_local! {
    static AT_EXIT: AtExit = const { AtExit::new() };
}
thread_local! {
    static GUARD: Guard = const { Guard };
}

process_static! {
    /// Not 0 once the process's first thread does no more than end, or has ended.
    fn first_left() -> AtomicU32 = AtomicU32::new(0)
}

impl AtExit {
    const fn new() -> Self {
        let none = const { Cell::new(None) };
        let before = [const { Cell::new(None) }; 3];
        Self { record: Cell::new(None), before, last: none, is_armed: Cell::new(false) }
    }

    /// False: the thread's end is past, or it cannot be known.
    fn arm(&self) -> bool {
        if !self.is_armed.get() {
            let by_key = cpu::is_first_thread() && tls::when_keys_go(end);
            self.is_armed.set(by_key || GUARD.try_with(|_| ()).is_ok());
        }
        self.is_armed.get()
    }

    /// AE1.
    fn run(&self) {
        let [callbacks, values, objects] = &self.before;
        for step in [callbacks, values].into_iter().filter_map(Cell::take) {
            step();
        }
        if cpu::is_first_thread() {
            first_left().store(1, Ordering::Release); // AE2
        }
        if let Some(end_objects) = objects.take() {
            end_objects();
        }
        if let Some(record) = self.record.take() {
            record::forget_current();
            record::release(record);
        }
        if let Some(last) = self.last.take() {
            last();
        }
    }
}

fn end() {
    let _ = AT_EXIT.try_with(|at_exit| {
        at_exit.is_armed.set(false);
        at_exit.run();
    });
}

/// What is to be done at the end of the calling thread. False: that moment is past.
fn at_end(add: impl FnOnce(&AtExit)) -> bool {
    let added = AT_EXIT.try_with(|at_exit| {
        let is_armed = at_exit.arm();
        if is_armed {
            add(at_exit);
        }
        is_armed
    });
    added.unwrap_or(false)
}

/// Has this done when the calling thread ends, before its record is given back. False: that moment is past.
///
/// A thread of the library does so as well, if nothing ends it by force, but its objects and values are its runtime's to
/// end.
pub(crate) fn at_exit(when: Leaving, step: fn()) -> bool {
    at_end(|at_exit| at_exit.before[when as usize].set(Some(step)))
}

/// Gives this record back when the calling thread ends. False: that moment is past.
pub(super) fn gives_back(record: &'static ThreadRecord) -> bool {
    at_end(|at_exit| at_exit.record.set(Some(record)))
}

/// The thread that the process began with makes a thread: when it ends and the process does not, this is to be done.
#[cfg(not(ntwait_loom))]
pub(crate) fn at_exit_of_first(last: fn()) {
    if cpu::is_first_thread() && record::current_for_good().is_some() {
        at_end(|at_exit| at_exit.last.set(Some(last)));
    }
}

/// Has the process's first thread ended, or does it no more than end, and the process goes on?
pub(crate) fn first_thread_has_left() -> bool {
    first_left().load(Ordering::Acquire) != 0
}

/// Ends what the library keeps for the calling thread, before the thread ends.
#[cfg(any(feature = "internals", ntwait_loom))]
pub(crate) fn leave_current() {
    AT_EXIT.with(|at_exit| {
        at_exit.last.take();
        at_exit.run();
    });
}
