//! The graph of what was read: numbers and addresses become threads, objects, names and words.

use super::collect::{Findings, FoundObject, FoundSeat, Sleeper};
use super::words::{kind_of, label_of, path_of, sort_of_key, stage_of, state_of, state_of_holder, wait_of};
use super::{GraphKind, GraphObject, GraphThread, GraphWaiter, ObjectLabel, ThreadLabel, ThreadStage, WaitGraph};
use crate::handle::Place;
use crate::handle::bodies;
use crate::objects::{Kind, Target, mutant};
use crate::rtl::Holder;
use crate::runtime::ResidentRef;
use crate::sys::atomic::{AtomicU64, Ordering};
use crate::sys::cpu;
use crate::wait::lot::{Key, Space};
use crate::waiter::notice::{Sort, Told};
use crate::waiter::record::ThreadRecord;
use hashbrown::HashMap;

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
    /// What lies in the program's memory.
    by_key: Map<Meeting, usize>,
}

type Map<K, V> = HashMap<K, V, core::hash::BuildHasherDefault<std::hash::DefaultHasher>>;

#[derive(Clone, Copy)]
struct Known<'f> {
    thread: usize,
    told: Option<&'f Told>,
}

/// What a queue by address stands for, the two sides of a keyed event in one.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
struct Meeting {
    kind: GraphKind,
    address: usize,
    object: usize,
    generation: u32,
}

impl Meeting {
    fn of(key: Key) -> Self {
        let kind = match key.space {
            Space::Address => GraphKind::Address,
            Space::KeyedWait | Space::KeyedRelease => GraphKind::KeyedEvent,
            Space::Lock => GraphKind::SrwLock,
            Space::OwnedLock => GraphKind::CriticalSection,
            Space::Condition => GraphKind::ConditionVariable,
            Space::Once => GraphKind::RunOnce,
            Space::Barrier => GraphKind::Barrier,
        };
        Self { kind, address: key.address, object: key.object, generation: key.generation }
    }
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
                match self.by_record.get(&block.waiter) {
                    None => queue.push(GraphWaiter::Task),
                    Some(Known { thread, told: Some(told) }) if matches!(told.waiting.sort, Sort::Any | Sort::All) => {
                        queue.push(GraphWaiter::Thread(*thread));
                        places.push((*thread, block.index, object));
                    }
                    Some(_) => {} // it has come, or it goes
                }
            }
            self.by_slot.insert((found.resident, found.place.slot), object);
            let label = self.label_of_object(found, owner);
            let state = state_of(found, self.thread_label(owner));
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

    fn thread_label(&self, thread: Option<usize>) -> Option<&ThreadLabel> {
        thread.map(|thread| &self.graph.threads[thread].label)
    }

    fn label_of_object(&self, found: &FoundObject<'_>, owner: Option<usize>) -> ObjectLabel {
        let kind = kind_of(found.target.kind);
        let name = match (kind, self.thread_label(owner)) {
            (GraphKind::Thread, Some(thread)) => Some(thread.to_string()),
            _ => path_of(self.findings.residents[found.resident], found.target),
        };
        ObjectLabel { kind, name, handles: Vec::new(), address: None }
    }

    /// Threads that sleep on a notification object stand in no queue.
    fn add_epoch_waits(&mut self) {
        for (known, told) in self.sleeping(Sort::Epoch) {
            let at = self.findings.objects.iter().position(|found| {
                let slot = core::ptr::from_ref(found.target.slot).addr();
                slot == told.waiting.slot && found.target.generation == told.waiting.generation
            });
            let wait = &mut self.graph.threads[known].wait;
            match at {
                // Their wait was over when it was set; they have not risen yet.
                Some(object) if self.graph.objects[object].signaled == Some(true) => *wait = None,
                Some(object) => {
                    self.graph.objects[object].queue.push(GraphWaiter::Thread(known));
                    if let Some(wait) = wait {
                        wait.on.push(object);
                        wait.elsewhere = 0;
                    }
                }
                None => {}
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

    fn add_seats(&mut self) {
        // Who was moved from one queue to another meanwhile was seen twice: the second is where it is.
        let mut last: Map<usize, usize> = Map::default();
        for (at, seat) in self.findings.seats.iter().enumerate() {
            last.insert(core::ptr::from_ref(seat.record).addr(), at);
        }
        for (at, seat) in self.findings.seats.iter().enumerate() {
            let record = core::ptr::from_ref(seat.record).addr();
            let Some(Known { thread, told: Some(told) }) = self.by_record.get(&record).copied() else {
                continue;
            };
            if told.waiting.sort == Sort::Lot && last.get(&record) == Some(&at) {
                let object = self.object_of_key(seat);
                self.graph.objects[object].queue.push(GraphWaiter::Thread(thread));
                if let Some(wait) = &mut self.graph.threads[thread].wait {
                    wait.on.push(object);
                    wait.sort = sort_of_key(seat.key, seat.token);
                }
            }
        }
        for (thread, _) in self.sleeping(Sort::Lot) {
            // Moved, and seen in neither queue.
            self.graph.threads[thread].wait.take_if(|wait| wait.on.is_empty());
        }
    }

    /// What a thread is queued for; who has it is looked up when it is first met. All of one queue saw the same holder, for
    /// that is under one lock.
    fn object_of_key(&mut self, seat: &FoundSeat) -> usize {
        let meeting = Meeting::of(seat.key);
        if let Some(known) = self.by_key.get(&meeting) {
            return *known;
        }
        let owner = match seat.holder {
            Some(Holder::Owner(number, _)) => self.thread_with(|record| &record.owner_number, number),
            Some(Holder::Pointer(pointer)) => self.thread_with(|record| &record.pointer, pointer),
            _ => None,
        };
        let named = self.findings.residents.iter().find_map(|resident| keyed_event_of(resident, meeting));
        let label = ObjectLabel {
            kind: meeting.kind,
            name: named.and_then(|(resident, target)| path_of(resident, target)),
            handles: Vec::new(),
            address: Some(meeting.address),
        };
        let object = self.graph.objects.len();
        let state = state_of_holder(seat.holder, self.thread_label(owner));
        self.graph.objects.push(GraphObject { label, state, signaled: None, owner, queue: Vec::new() });
        self.by_key.insert(meeting, object);
        object
    }

    /// The thread whose record says this number there.
    fn thread_with(&self, field: fn(&ThreadRecord) -> &AtomicU64, number: u64) -> Option<usize> {
        let mut sleepers = self.findings.sleepers.iter();
        let sleeper = sleepers.find(|sleeper| field(sleeper.record).load(Ordering::Acquire) == number)?;
        self.by_record.get(&core::ptr::from_ref(sleeper.record).addr()).map(|known| known.thread)
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

/// The keyed event that a key is of, if it is an object of this runtime.
fn keyed_event_of<'r>(resident: &'r ResidentRef, meeting: Meeting) -> Option<(&'r ResidentRef, Target<'r>)> {
    if meeting.kind != GraphKind::KeyedEvent || meeting.generation == 0 {
        return None;
    }
    let slot = resident.table().used_slots().find(|slot| core::ptr::from_ref(*slot).addr() == meeting.object)?;
    Some((resident, Target { slot, generation: meeting.generation, kind: Kind::KeyedEvent }))
}
