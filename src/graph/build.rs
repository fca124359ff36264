//! The graph of what was read: numbers and addresses become threads, objects, names and words.
//!
//! | file       | what                                                                |
//! |------------|---------------------------------------------------------------------|
//! | `build.rs` | threads, objects, their queues and handles                          |
//! | `lot.rs`   | those who are queued by address, and who has the locks they want    |
//! | `words.rs` | how threads and objects are called, and their states in words       |

mod lot;
#[cfg(all(test, not(ntwait_loom)))]
mod tests;
mod words;

use super::collect::{Findings, Sleeper};
use super::{GraphKind, GraphObject, GraphThread, GraphWait, GraphWaiter, ThreadStage, WaitGraph, WaitSort};
use crate::handle::Place;
use crate::handle::bodies;
use crate::objects::{Kind, mutant};
use crate::sys::clock::{Clock, now_ns, realtime_ns};
use crate::sys::cpu;
use crate::waiter::notice::{Sort, Told};
use crate::waiter::record::ThreadRecord;
use core::time::Duration;
use hashbrown::HashMap;
use lot::Meeting;
use words::{label_of, stage_of};

/// Which ids threads are called by, if several runtimes are looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ids {
    /// Those of the first.
    OfTheFirst,
    /// Those of the first that knows the thread.
    OfAny,
}

/// The graph while it is made.
struct Builder<'f, 'r> {
    findings: &'f Findings<'r>,
    ids: Ids,
    graph: WaitGraph,
    /// Which thread has the record at this address, and what it told.
    by_record: Map<usize, Known<'f>>,
    /// Which thread has the body of this number, in the runtime of this place.
    by_body: Map<(usize, u32), usize>,
    /// Which object is in this slot of this runtime, if it is of this generation.
    by_slot: Map<(usize, u32), usize>,
    /// The same by where the slot is, and the generation.
    by_target: Map<(usize, u32), usize>,
    /// What lies in the program's memory.
    by_key: Map<Meeting, usize>,
}

type Map<K, V> = HashMap<K, V, core::hash::BuildHasherDefault<std::hash::DefaultHasher>>;

#[derive(Clone, Copy)]
struct Known<'f> {
    thread: usize,
    told: Option<&'f Told>,
}

/// The graph of what was read. No lock is held.
pub(super) fn build(findings: &Findings<'_>, ids: Ids) -> WaitGraph {
    let mut builder = Builder {
        findings,
        ids,
        graph: WaitGraph { process_id: cpu::process_id(), threads: Vec::new(), objects: Vec::new() },
        by_record: Map::default(),
        by_body: Map::default(),
        by_slot: Map::default(),
        by_target: Map::default(),
        by_key: Map::default(),
    };
    builder.add_threads();
    builder.add_objects();
    builder.add_epoch_waits();
    builder.add_seats();
    builder.add_handles();
    builder.sort_objects();
    builder.graph
}

impl<'f> Builder<'f, '_> {
    fn add_threads(&mut self) {
        let address = |record: &ThreadRecord| core::ptr::from_ref(record).addr();
        let sleepers: Map<usize, &'f Sleeper> =
            self.findings.sleepers.iter().map(|sleeper| (address(sleeper.record), sleeper)).collect();
        for (resident, found) in &self.findings.threads {
            let record = found.record.map(address);
            let known = record.and_then(|record| self.by_record.get(&record)).map(|known| known.thread);
            let thread = known.unwrap_or(self.graph.threads.len());
            if known.is_none() {
                let name = String::from_utf16_lossy(&found.name);
                let is_asked_for = self.ids == Ids::OfAny || *resident == 0;
                let id = is_asked_for.then(|| bodies::id_of(found.body));
                self.graph.threads.push(GraphThread {
                    label: label_of(id, found.tid, name),
                    stage: stage_of(found.stage),
                    suspend_count: found.suspend_count,
                    wait: None,
                });
                if let Some(record) = record {
                    let told = sleepers.get(&record).and_then(|sleeper| sleeper.told.as_ref());
                    self.by_record.insert(record, Known { thread, told });
                }
            }
            self.by_body.insert((*resident, found.body), thread);
        }
        let mut others: Vec<&'f Sleeper> = self.findings.sleepers.iter().collect();
        others.retain(|sleeper| !self.by_record.contains_key(&address(sleeper.record)));
        others.sort_unstable_by_key(|sleeper| sleeper.tid);
        for sleeper in others {
            let known = Known { thread: self.graph.threads.len(), told: sleeper.told.as_ref() };
            self.by_record.insert(address(sleeper.record), known);
            self.graph.threads.push(GraphThread {
                label: label_of(None, sleeper.tid, String::new()),
                stage: ThreadStage::Running,
                suspend_count: 0,
                wait: None,
            });
        }
        for known in self.by_record.values() {
            self.graph.threads[known.thread].wait = known.told.map(wait_of);
        }
    }

    fn add_objects(&mut self) {
        let mut places: Vec<(usize, u32, usize)> = Vec::new(); // thread, index in its wait, object
        for found in &self.findings.objects {
            let object = self.graph.objects.len();
            let owner = match found.target.kind {
                Kind::Mutant => Some(mutant::owner(found.word)),
                Kind::Thread => Some(found.body),
                _ => None,
            };
            let owner = owner.and_then(|body| self.by_body.get(&(found.resident, body)).copied());
            let mut queue = Vec::new();
            for block in &self.findings.blocks[found.queue.clone()] {
                let Some(record) = block.waiter else {
                    queue.push(GraphWaiter::Task);
                    continue;
                };
                // Else it has come, or it goes.
                if let Some(Known { thread, told: Some(told) }) = self.by_record.get(&record)
                    && matches!(told.waiting.sort, Sort::Any | Sort::All)
                {
                    queue.push(GraphWaiter::Thread(*thread));
                    places.push((*thread, block.index, object));
                }
            }
            self.by_slot.insert((found.resident, found.place.slot), object);
            let slot = core::ptr::from_ref(found.target.slot).addr();
            self.by_target.insert((slot, found.target.generation), object);
            let label = self.label_of_object(found, owner);
            let state = self.state_of(found, owner);
            let signaled = Some(found.signaled);
            self.graph.objects.push(GraphObject { label, state, signaled, owner, queue });
        }
        places.sort_unstable();
        for (thread, _, object) in places {
            if let Some(wait) = &mut self.graph.threads[thread].wait {
                wait.on.push(object);
                wait.elsewhere = wait.elsewhere.saturating_sub(1);
            }
        }
    }

    /// Threads that sleep on a notification object stand in no queue.
    fn add_epoch_waits(&mut self) {
        for (known, told) in self.sleeping(Sort::Epoch) {
            let at = self.by_target.get(&(told.waiting.slot, told.waiting.generation)).copied();
            let is_of_others = !self.findings.residents.iter().any(|resident| resident.table().has(told.waiting.slot));
            let wait = &mut self.graph.threads[known].wait;
            match at {
                Some(object) if self.graph.objects[object].signaled != Some(true) => {
                    self.graph.objects[object].queue.push(GraphWaiter::Thread(known));
                    if let Some(wait) = wait {
                        wait.on.push(object);
                        wait.elsewhere = 0;
                    }
                }
                None if is_of_others => {}
                // The wait was over when the object was set, or its waiters were let go; who slept has not risen yet.
                _ => *wait = None,
            }
        }
    }

    /// The threads in waits of this sort, in their order, with what they told.
    fn sleeping(&self, sort: Sort) -> Vec<(usize, &'f Told)> {
        let of_sort = |known: &Known<'f>| {
            let told = known.told.filter(|told| told.waiting.sort == sort)?;
            Some((known.thread, told))
        };
        let mut threads: Vec<_> = self.by_record.values().filter_map(of_sort).collect();
        threads.sort_unstable_by_key(|(thread, _)| *thread);
        threads
    }

    fn add_handles(&mut self) {
        for (number, resident) in self.findings.residents.iter().enumerate() {
            for (handle, Place { slot, generation }) in resident.table().handles() {
                if let Some(object) = self.by_slot.get(&(number, slot))
                    && self.findings.objects[*object].place.generation == generation
                {
                    self.graph.objects[*object].label.handles.push(handle);
                }
            }
        }
        for object in &mut self.graph.objects {
            object.label.handles.sort_unstable();
        }
    }

    /// In the order of their labels, without those that nobody waits for or owns after all. What names them by their places
    /// follows.
    fn sort_objects(&mut self) {
        let is_of_interest = |place: &usize| {
            let object = &self.graph.objects[*place];
            !object.queue.is_empty() || object.label.kind == GraphKind::Mutant && object.signaled == Some(false)
        };
        let mut order: Vec<usize> = (0..self.graph.objects.len()).filter(is_of_interest).collect();
        order.sort_by(|a, b| self.graph.objects[*a].label.cmp(&self.graph.objects[*b].label));
        let mut place = vec![usize::MAX; self.graph.objects.len()];
        for (to, from) in order.iter().enumerate() {
            place[*from] = to;
        }
        let old = place.iter().copied().zip(self.graph.objects.drain(..));
        let mut sorted: Vec<(usize, GraphObject)> = old.filter(|(to, _)| *to != usize::MAX).collect();
        sorted.sort_unstable_by_key(|(to, _)| *to);
        self.graph.objects = sorted.into_iter().map(|(_, object)| object).collect();
        for wait in self.graph.threads.iter_mut().filter_map(|thread| thread.wait.as_mut()) {
            wait.on.iter_mut().for_each(|object| *object = place[*object]);
        }
    }
}

/// What a thread told of its wait; the objects are found in their queues.
fn wait_of(told: &Told) -> GraphWait {
    let now = now_ns();
    let left = match told.deadline {
        (Clock::Never, _) => None,
        (Clock::Monotonic, at) => Some(at.saturating_sub(now)),
        (Clock::Realtime, at) => Some(at.saturating_sub(realtime_ns())),
    };
    let sort = match told.waiting.sort {
        Sort::Any if told.waiting.count == 0 => WaitSort::Delay,
        Sort::All => WaitSort::All,
        Sort::Alert => WaitSort::AlertById,
        Sort::Any | Sort::Epoch | Sort::Lot => WaitSort::Any,
    };
    GraphWait {
        sort,
        on: Vec::new(),
        elsewhere: told.waiting.count as usize,
        alertable: told.waiting.alertable,
        since: Duration::from_nanos(now.saturating_sub(told.since)),
        left: left.map(Duration::from_nanos),
    }
}
