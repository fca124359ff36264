//! What is read of threads, objects and locks, and in which order, so that it is true.
//!
//! ```text
//!   1  the notices of all threads        who sleeps in which wait
//!   2  threads, objects, the lot         each object and each queue under its own lock
//!   3  the notices again                 who has left his wait meanwhile, or whose wait was decided, waits for nothing
//! ```
//!
//! GR1  The moment of which the graph tells is the end of step 1. Whose notice is the same in 1 and 3, with the wait not
//!      decided, slept in that one wait from before that moment until after it.
//! GR2  What such a thread owned in step 2 it owned at the moment as well: who sleeps acquires nothing, for to be handed
//!      something decides the wait.
//! GR3  A queue and the owner are read under one lock. Together with GR2: who is in the queue waited, at the moment, for an
//!      object that the owner had, if the owner sleeps as well. So a cycle of such edges was there at the moment, and then no
//!      thread of it can move: each needs another of them to move first.
//! GR4  Old values do no harm: who goes on tells it with the release of what he sleeps for, or of the next lock that he takes.
//!      In a cycle each could only have gone on after another, so not all can have.
//! GR5  Memory is had with no lock held: what does not fit is read once more.
//! GR6  Records go from thread to thread. Whose wait stands after step 3 has had its record since step 1, so what the record says of
//!      it was read in between; what it says later is perhaps of somebody else.

#![allow(unsafe_code, reason = "looks at locks in the program's memory")]

use crate::handle::Place;
use crate::objects::slot::Slot;
use crate::objects::word::Word;
use crate::objects::{Kind, Target, mutant, release};
use crate::rtl::{self, Holder};
use crate::runtime::ResidentRef;
use crate::runtime::thread::Found as FoundThread;
use crate::sys::atomic::Ordering;
use crate::wait::lot::{self, Key};
use crate::waiter::notice::{Sort, Told};
use crate::waiter::record::{self, ThreadRecord};
use core::ops::Range;

/// Everything that was read.
#[derive(Debug)]
pub(super) struct Findings<'r> {
    pub(super) residents: &'r [&'r ResidentRef],
    pub(super) sleepers: Vec<Sleeper>,
    /// With the place of its runtime in `residents`.
    pub(super) threads: Vec<(usize, FoundThread)>,
    pub(super) objects: Vec<FoundObject<'r>>,
    pub(super) blocks: Vec<FoundBlock>,
    pub(super) seats: Vec<FoundSeat>,
}

/// A thread that has a record.
#[derive(Debug)]
pub(super) struct Sleeper {
    pub(super) record: &'static ThreadRecord,
    pub(super) tid: u32,
    /// The wait that it is in (GR1).
    pub(super) told: Option<Told>,
    /// Under which it holds SRW locks and critical sections (GR6).
    pub(super) pointer: u64,
    pub(super) owner_number: u64,
}

/// An object that somebody waits for or owns, as it was under its lock.
#[derive(Clone, Debug)]
pub(super) struct FoundObject<'r> {
    pub(super) resident: usize,
    pub(super) target: Target<'r>,
    pub(super) place: Place,
    pub(super) word: Word,
    pub(super) signaled: bool,
    pub(super) extra: u32,
    /// Of a thread: the number of its body.
    pub(super) body: u32,
    /// Those of its queue, in [`Findings::blocks`].
    pub(super) queue: Range<usize>,
}

/// One place in the queue of an object.
#[derive(Clone, Copy, Debug)]
pub(super) struct FoundBlock {
    /// Where the waiter's record is, if it is a thread.
    pub(super) waiter: Option<usize>,
    /// The place of the object in its wait.
    pub(super) index: u32,
}

/// A thread in the parking lot, in the order of its queue.
#[derive(Clone, Copy, Debug)]
pub(super) struct FoundSeat {
    pub(super) record: &'static ThreadRecord,
    pub(super) key: Key,
    pub(super) token: u32,
    /// Who has the lock that it waits for, if it is one.
    pub(super) holder: Option<Holder>,
}

/// Reads all there is of these runtimes, and of the locks of the process. The depth is raised, and no lock is held.
pub(super) fn collect<'r>(residents: &'r [&'r ResidentRef]) -> Findings<'r> {
    let sleepers = record::all()
        .filter_map(|record| {
            let tid = record.tid();
            // Who is decided already is not asleep; his notice is about to go.
            let told =
                record.notice.read().filter(|told| told.waiting.sort == Sort::Epoch || record.park.asleep().is_some());
            (tid != 0).then_some(Sleeper { record, tid, told, pointer: 0, owner_number: 0 })
        })
        .collect();
    let mut findings = Findings {
        residents,
        sleepers,
        threads: Vec::new(),
        objects: Vec::new(),
        blocks: Vec::new(),
        seats: Vec::new(),
    };
    for (number, resident) in residents.iter().enumerate() {
        findings.threads.extend(resident.threads_there().into_iter().map(|thread| (number, thread)));
        findings.look_at_objects(number, resident);
    }
    findings.look_at_the_lot();
    findings.look_again();
    findings
}

impl<'r> Findings<'r> {
    fn look_at_objects(&mut self, number: usize, resident: &'r ResidentRef) {
        for slot in resident.table().used_slots() {
            let word = slot.load();
            let mut missing = may_be_of_interest(word).then_some(0);
            while let Some(room) = missing {
                self.objects.reserve(1);
                self.blocks.reserve(room);
                missing = self.look_at_object(number, resident, (slot, word.generation()));
            }
        }
    }

    /// How much room the queue needs, if there was none for it. The slot had an object of this generation; if that is gone, there
    /// may be nothing in it that can be locked.
    fn look_at_object(
        &mut self,
        number: usize,
        resident: &'r ResidentRef,
        (slot, generation): (&'r Slot, u32),
    ) -> Option<usize> {
        let held = slot.lock(generation)?;
        let (kind, word, queued) = (held.kind(), held.word(), held.queued() as usize);
        let room = self.blocks.capacity() - self.blocks.len();
        let is_of_interest = queued > 0 || held.epoch_waiters() > 0 || kind == Kind::Mutant && !mutant::is_free(word);
        let fits = queued <= room;
        if is_of_interest && fits {
            let first = self.blocks.len();
            self.blocks.extend(held.waiters().map(|(waiter, index)| FoundBlock { waiter, index }));
            let target = Target { slot, generation, kind };
            self.objects.push(FoundObject {
                resident: number,
                target,
                place: resident.table().place_of(target),
                word,
                signaled: held.is_signaled(),
                extra: slot.extra(),
                // A mutant's is its owner's alone.
                body: if kind == Kind::Thread { held.side() as u32 } else { 0 },
                queue: first..self.blocks.len(),
            });
        }
        release(held, resident.home());
        (!fits).then_some(queued)
    }

    fn look_at_the_lot(&mut self) {
        let seats = &mut self.seats;
        for bucket in lot::buckets() {
            loop {
                let (before, mut missing) = (seats.len(), 0);
                lot::visit(bucket, &mut |record, key, token| {
                    if seats.len() == seats.capacity() {
                        missing += 1;
                        return;
                    }
                    // SAFETY: the thread is queued under this key, and the queue's lock is held.
                    let holder = unsafe { rtl::holder(key) };
                    seats.push(FoundSeat { record, key, token, holder });
                });
                if missing == 0 {
                    break;
                }
                seats.truncate(before);
                seats.reserve(missing * 2 + (seats.capacity() - before));
            }
        }
    }

    /// GR1, GR6.
    fn look_again(&mut self) {
        for sleeper in &mut self.sleepers {
            let record = sleeper.record;
            sleeper.pointer = record.pointer.load(Ordering::Acquire);
            sleeper.owner_number = record.owner_number.load(Ordering::Acquire);
            sleeper.told = sleeper.told.filter(|told| {
                let sleeps = match told.waiting.sort {
                    Sort::Epoch => true, // its object says whether it is decided
                    _ => record.park.asleep().is_some(),
                };
                sleeps && record.notice.is_still(told) && record.tid() == sleeper.tid
            });
        }
    }
}

/// Is it worth the lock? Objects alone, not free slots, have a flag.
fn may_be_of_interest(word: Word) -> bool {
    word.has(Word::QUEUED | Word::LOCKED) || word.has(Word::SPECIAL) && !mutant::is_free(word)
}
