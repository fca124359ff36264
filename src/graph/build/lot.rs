//! Those who are queued by address, and who has the locks that they wait for.

use super::words::path_of;
use super::{Builder, Known, Map};
use crate::graph::collect::{FoundSeat, Sleeper};
use crate::graph::{GraphKind, GraphObject, GraphWaiter, ObjectLabel, WaitSort};
use crate::objects::{Kind, Target};
use crate::rtl::{self, Holder};
use crate::runtime::ResidentRef;
use crate::wait::lot::{Key, Space};
use crate::waiter::notice::Sort;

/// What a queue by address stands for, the two sides of a keyed event in one.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Meeting {
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

impl Builder<'_, '_> {
    pub(super) fn add_seats(&mut self) {
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
            Some(Holder::Owner(number, _)) => self.thread_with(|sleeper| sleeper.owner_number == number),
            Some(Holder::Pointer(pointer)) => self.thread_with(|sleeper| sleeper.pointer == pointer),
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
        let state = self.state_of_holder(seat.holder, owner);
        self.graph.objects.push(GraphObject { label, state, signaled: None, owner, queue: Vec::new() });
        self.by_key.insert(meeting, object);
        object
    }

    /// The thread of which this was so when it was looked at (GR6).
    fn thread_with(&self, is_so: impl Fn(&Sleeper) -> bool) -> Option<usize> {
        let sleeper = self.findings.sleepers.iter().find(|sleeper| is_so(sleeper))?;
        self.by_record.get(&core::ptr::from_ref(sleeper.record).addr()).map(|known| known.thread)
    }

    fn state_of_holder(&self, holder: Option<Holder>, owner: Option<usize>) -> String {
        let who = || self.who(owner);
        match holder {
            None => String::new(),
            Some(Holder::Nobody) => "free".to_owned(),
            Some(Holder::Readers(1)) => "held by 1 reader".to_owned(),
            Some(Holder::Readers(count)) => format!("held by {count} readers"),
            Some(Holder::Somebody) => "held exclusively".to_owned(),
            Some(Holder::Owner(_, levels)) if levels > 1 => format!("owned by {}, {levels} levels", who()),
            Some(Holder::Pointer(_)) if owner.is_none() => "held exclusively".to_owned(),
            Some(Holder::Pointer(_)) => format!("held exclusively by {}", who()),
            Some(Holder::Owner(..)) => format!("owned by {}", who()),
        }
    }
}

const fn sort_of_key(key: Key, token: u32) -> WaitSort {
    match key.space {
        Space::Address => WaitSort::Address,
        Space::KeyedWait => WaitSort::KeyedWait,
        Space::KeyedRelease => WaitSort::KeyedRelease,
        Space::Lock if rtl::wants_exclusive(token) => WaitSort::Exclusive,
        Space::Lock => WaitSort::Shared,
        Space::OwnedLock => WaitSort::Exclusive,
        Space::Condition => WaitSort::Condition,
        Space::Once => WaitSort::RunOnce,
        Space::Barrier => WaitSort::Barrier,
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
