//! The parts of a wait for the first of several objects, which other threads can come between: it looks at its objects, and queues on
//! them, one after the other.

use ntwait::NtStatus;

use super::wait::Choice;
use super::{Model, Outcome, Wait};
use crate::oracle::op::{Name, Terms, WaitFor};

/// What has come of queuing on one more object.
pub(crate) enum Linked {
    /// It was signalled, and was taken: the wait is over.
    Taken(Outcome),
    More,
    /// The thread is blocked.
    All,
}

impl Model {
    fn first_of(&self, thread: usize, names: &[Name], terms: Terms) -> Wait {
        self.prepare(thread, WaitFor::Any, names, terms).expect("open handles that may wait")
    }

    /// What would make the objects different for the next wait: equal answers mean that none has changed.
    pub(crate) fn bodies(&self, thread: usize, names: &[Name]) -> Vec<super::Body> {
        let of = |name: &Name| self.find_any(thread, *name).map(|object| self.objects[object].body.clone());
        names.iter().map(|name| of(name).expect("an open handle")).collect()
    }

    /// Whether the thread could take the object.
    pub(crate) fn is_signalled_to(&self, thread: usize, name: Name) -> bool {
        self.find_any(thread, name).is_ok_and(|object| self.is_signalled(object, thread))
    }

    /// Takes this one of the objects, without regard to the others. `None`: it is not signalled.
    pub(crate) fn take_at(&mut self, thread: usize, names: &[Name], terms: Terms, place: usize) -> Option<NtStatus> {
        let wait = self.first_of(thread, names, terms);
        self.is_signalled_to(thread, names[place]).then(|| self.take(thread, &wait, Choice::One(place)))
    }

    /// The thread begins to queue.
    pub(crate) fn begin_linking(&mut self, thread: usize, names: &[Name], terms: Terms) {
        self.threads[thread].wait = Some(self.first_of(thread, names, terms));
    }

    /// The thread, which is queuing, tests the next object and queues on it.
    pub(crate) fn link_next(&mut self, thread: usize) -> Linked {
        let mut wait = self.threads[thread].wait.clone().expect("a thread that is queuing");
        let place = wait.linked;
        let object = wait.objects[place];
        if self.is_signalled(object, thread) {
            let status = self.take(thread, &wait, Choice::One(place));
            self.unlink(thread);
            return Linked::Taken(status.into());
        }
        self.enqueue(object, thread);
        wait.linked += 1;
        let linked = if wait.linked == wait.objects.len() { Linked::All } else { Linked::More };
        self.threads[thread].wait = Some(wait);
        linked
    }

    /// The thread's time is up: it waits no longer and has taken nothing (W13, W46).
    pub(crate) fn time_out(&mut self, thread: usize) {
        self.unlink(thread);
    }
}
