//! The threads of a runtime, for those who ask who waits for what.

use super::super::residents::ResidentRef;
use super::Place;
use crate::objects::thread::Stage;
use crate::waiter::record::ThreadRecord;

/// A thread as its object had it.
#[derive(Debug)]
pub(crate) struct Found {
    /// The number of its body, under which it owns mutants.
    pub(crate) body: u32,
    pub(crate) stage: Stage,
    pub(crate) suspend_count: u32,
    /// Its number in the kernel, 0 if it has none.
    pub(crate) tid: u32,
    /// The record that it had then.
    pub(crate) record: Option<&'static ThreadRecord>,
    /// Its description; empty if it has none.
    pub(crate) name: Vec<u16>,
}

impl ResidentRef {
    /// All threads whose objects are there, in the order of their ids. The depth is raised, and no lock is held.
    pub(crate) fn threads_there(&self) -> Vec<Found> {
        let bodies = self.table().bodies();
        let mut found = Vec::new();
        for body in bodies.used() {
            if let Some((slot, generation)) = bodies.get(body).and_then(|body| body.place()) {
                found.extend(self.find_thread_at(Place { slot, generation, body }));
            }
        }
        found
    }

    fn find_thread_at(&self, place: Place) -> Option<Found> {
        let mut name = Vec::new();
        loop {
            let (life, missing) = self
                .at_place(place, |body, life| {
                    let known = body.name.lock();
                    let text = known.as_deref().unwrap_or_default();
                    let fits = text.len() <= name.capacity();
                    if fits {
                        name.extend_from_slice(text);
                    }
                    (*life, (!fits).then_some(text.len()))
                })
                .ok()?;
            let Some(missing) = missing else {
                let (stage, suspend_count, tid, record) = (life.stage, life.suspend_count, life.tid, life.record);
                return Some(Found { body: place.body, stage, suspend_count, tid, record, name });
            };
            name.reserve_exact(missing);
        }
    }
}
