//! Threads that can never go on are found, and nothing else is reported.

#![allow(clippy::disallowed_types, clippy::disallowed_methods, reason = "tests are not the product")]

mod common;

use common::memory::leak;
use common::nt_threads::{NtThread, until};
use common::{FOREVER, Nt, ms};
use core::time::Duration;
use ntwait::{Deadlock, Handle, NtStatus, RtlCriticalSection, RtlSrwLock};
use std::sync::mpsc;

/// Mutants, each owned by one thread; the threads then wait as they are told to.
struct Ring {
    nt: Nt,
    mutants: Vec<Handle>,
    threads: Vec<NtThread>,
}

/// What a thread of a ring does when all have their mutants.
type Wait = fn(Nt, &[Handle], usize);

impl Ring {
    /// One thread for each wait, which owns the mutant of its number. All of them sleep when this returns.
    fn new(waits: &[Wait]) -> Ring {
        let nt = Nt::new();
        let mutants: Vec<Handle> = waits.iter().map(|_| nt.mutant(false)).collect();
        let (say, hear) = mpsc::channel();
        let go = nt.manual(false);
        let start = |(place, wait): (usize, &Wait)| {
            let (wait, mutants, say) = (*wait, mutants.clone(), say.clone());
            nt.thread(move || {
                nt.take(mutants[place], 1);
                say.send(()).expect("the test listens");
                assert_eq!(nt.one(go, FOREVER), NtStatus::WAIT_0);
                wait(nt, &mutants, place);
                nt.free(mutants[place]);
                0
            })
        };
        let threads: Vec<NtThread> = waits.iter().enumerate().map(start).collect();
        waits.iter().for_each(|_| hear.recv().expect("a thread that has its mutant"));
        nt.set(go);
        threads.iter().for_each(NtThread::assert_blocked);
        Ring { nt, mutants, threads }
    }

    fn tids(&self, places: &[usize]) -> Vec<u32> {
        tids_of(&places.iter().map(|place| self.threads[*place]).collect::<Vec<_>>())
    }

    /// Exactly one deadlock: these in the cycle, those behind it.
    #[track_caller]
    fn assert_one(&self, cycle: &[usize], behind: &[usize]) -> Deadlock {
        let mut found = own(self.nt);
        assert_eq!(found.len(), 1, "{found:#?}\n{}", self.nt.wait_graph());
        let deadlock = found.remove(0);
        assert_eq!(tids_of_cycle(&deadlock), self.tids(cycle), "{deadlock}");
        let mut others: Vec<u32> = deadlock.behind.iter().map(|label| label.tid).collect();
        others.sort_unstable();
        assert_eq!(others, self.tids(behind), "{deadlock}");
        deadlock
    }

    #[track_caller]
    fn assert_none(&self) {
        let found = own(self.nt);
        assert!(found.is_empty(), "{found:#?}\n{}", self.nt.wait_graph());
    }

    /// Ends the threads, whatever they wait for.
    fn end(self) {
        for thread in &self.threads {
            let _ = self.nt.kill(thread.handle, 1); // it may have ended: the death of another has given it a mutant
        }
        self.threads.iter().for_each(|thread| assert!(thread.end() < 2));
        let found = own(self.nt);
        assert!(found.is_empty(), "the dead wait for nothing: {found:#?}");
    }
}

/// The deadlocks of the runtime's own threads: those of other tests, over locks of the process, are found as well.
fn own(nt: Nt) -> Vec<Deadlock> {
    own_of(nt.deadlocks())
}

fn own_of(found: Vec<Deadlock>) -> Vec<Deadlock> {
    let is_own = |deadlock: &Deadlock| deadlock.cycle.iter().all(|step| step.thread.id.is_some());
    found.into_iter().filter(is_own).collect()
}

fn tids_of_cycle(deadlock: &Deadlock) -> Vec<u32> {
    let mut tids: Vec<u32> = deadlock.cycle.iter().map(|step| step.thread.tid).collect();
    tids.sort_unstable();
    tids
}

fn tids_of(threads: &[NtThread]) -> Vec<u32> {
    let mut tids: Vec<u32> = threads.iter().map(|thread| thread.kernel_id().cast_unsigned()).collect();
    tids.sort_unstable();
    tids
}

/// Waits for the mutant of the next thread.
fn next(nt: Nt, mutants: &[Handle], place: usize) {
    let _ = nt.one(mutants[(place + 1) % mutants.len()], FOREVER);
}

fn first(nt: Nt, mutants: &[Handle], _: usize) {
    let _ = nt.one(mutants[0], FOREVER);
}

fn next_for_a_while(nt: Nt, mutants: &[Handle], place: usize) {
    let _ = nt.one(mutants[(place + 1) % mutants.len()], ms(3_600_000));
}

fn next_alertably(nt: Nt, mutants: &[Handle], place: usize) {
    let _ = nt.nt_wait_for_single_object(mutants[(place + 1) % mutants.len()], true, FOREVER);
}

fn next_or_an_event(nt: Nt, mutants: &[Handle], place: usize) {
    let _ = nt.any(&[mutants[(place + 1) % mutants.len()], nt.auto(false)], FOREVER);
}

fn next_and_an_event(nt: Nt, mutants: &[Handle], place: usize) {
    let _ = nt.all(&[nt.auto(false), mutants[(place + 1) % mutants.len()]], FOREVER);
}

/// Any of the others' mutants.
fn any_other(nt: Nt, mutants: &[Handle], place: usize) {
    let others: Vec<Handle> = (0..mutants.len()).filter(|other| *other != place).map(|other| mutants[other]).collect();
    let _ = nt.any(&others, FOREVER);
}

fn an_event(nt: Nt, _: &[Handle], _: usize) {
    let _ = nt.one(nt.auto(false), FOREVER);
}

#[test]
fn table_of_rings() {
    common::within(|| {
        // waits, the threads of the cycle, those behind
        let rows: [(&[Wait], &[usize], &[usize]); 8] = [
            (&[next, next], &[0, 1], &[]),
            (&[next, next, next], &[0, 1, 2], &[]),
            (&[next, first, first], &[0, 1], &[2]),
            (&[next, next_and_an_event], &[0, 1], &[]),
            (&[next_and_an_event, next_and_an_event, next_and_an_event], &[0, 1, 2], &[]),
            (&[any_other, any_other], &[0, 1], &[]),
            (&[any_other, first, first], &[0, 1], &[2]),
            (&[any_other, any_other, any_other], &[0, 1], &[2]),
        ];
        for (waits, cycle, behind) in rows {
            let ring = Ring::new(waits);
            let deadlock = ring.assert_one(cycle, behind);
            assert!(
                deadlock.cycle.iter().all(|step| step
                    .object
                    .handles
                    .iter()
                    .any(|handle| ring.mutants.contains(handle)))
            );
            ring.end();
        }
    });
}

#[test]
fn table_of_what_is_no_deadlock() {
    common::within(|| {
        let rows: [&[Wait]; 6] = [
            &[next, next_for_a_while],
            &[next, next_alertably],
            &[next, next_or_an_event],
            &[next, next, an_event],
            &[any_other, first, an_event],
            &[next, an_event, first],
        ];
        for waits in rows {
            let ring = Ring::new(waits);
            ring.assert_none();
            ring.end();
        }
    });
}

#[test]
fn a_suspended_owner_is_no_deadlock() {
    common::within(|| {
        let ring = Ring::new(&[next, next]);
        ring.assert_one(&[0, 1], &[]);
        ring.nt.nt_suspend_thread(ring.threads[1].handle).expect("a thread");
        ring.assert_none();
        ring.nt.nt_resume_thread(ring.threads[1].handle).expect("a thread");
        until("it waits again", || !own(ring.nt).is_empty());
        ring.assert_one(&[0, 1], &[]);
        ring.end();
    });
}

#[test]
fn a_thread_that_waits_for_one_that_waits_for_its_mutant() {
    common::within(|| {
        let nt = Nt::new();
        let mutant = nt.mutant(false);
        let (say, hear) = mpsc::channel();
        let joiner = nt.thread(move || {
            nt.take(mutant, 1);
            let other = hear.recv().expect("the test says");
            nt.one(other, FOREVER).0
        });
        until("it has the mutant", || nt.look_mutant(mutant).owner != 0);
        let other = nt.blocked(move || nt.one(mutant, FOREVER).0);
        assert!(own(nt).is_empty());
        say.send(other.handle).expect("the thread listens");
        joiner.assert_blocked();
        let found = own(nt);
        assert_eq!(found.len(), 1, "{}", nt.wait_graph());
        assert_eq!(tids_of_cycle(&found[0]), tids_of(&[joiner, other]));
        let text = found[0].to_string();
        assert!(text.contains("thread") && text.contains("mutant"), "{text}");
        let _ = nt.kill(other.handle, 1);
        assert_eq!(joiner.end(), NtStatus::WAIT_0.0);
    });
}

#[test]
fn a_thread_that_waits_for_its_own_end() {
    common::within(|| {
        let nt = Nt::new();
        let thread = nt.blocked(move || nt.one(nt.myself(), FOREVER).0);
        let found = own(nt);
        assert_eq!(found.len(), 1, "{}", nt.wait_graph());
        assert_eq!(tids_of_cycle(&found[0]), tids_of(&[thread]));
        let _ = nt.kill(thread.handle, 1);
        thread.end();
    });
}

/// Locks of the program's memory in one cycle with mutants and with each other; each thread takes its first, says so, and waits for
/// the other's.
#[test]
fn table_of_locks() {
    type Take = fn(Locks);
    let (section, other_section): (Take, Take) =
        (|locks| locks.0.rtl_enter_critical_section(), |locks| locks.1.rtl_enter_critical_section());
    let (srw, other_srw): (Take, Take) =
        (|locks| locks.2.rtl_acquire_srw_lock_exclusive(), |locks| locks.3.rtl_acquire_srw_lock_exclusive());
    let mutant: Take = |locks| assert_eq!(locks.4.one(locks.5, FOREVER), NtStatus::WAIT_0);
    let shared: Take = |locks| locks.2.rtl_acquire_srw_lock_shared();
    // what the first thread has and then wants, what the second does, whether that is a deadlock
    let rows: [(&str, [Take; 2], [Take; 2], bool); 7] = [
        ("two sections", [section, other_section], [other_section, section], true),
        ("section and mutant", [section, mutant], [mutant, section], true),
        ("lock and section", [srw, section], [section, srw], true),
        ("two locks", [srw, other_srw], [other_srw, srw], true),
        ("lock and mutant", [srw, mutant], [mutant, srw], true),
        ("a reader behind a writer", [srw, mutant], [mutant, shared], true),
        ("readers are not known", [shared, mutant], [mutant, srw], false),
    ];
    common::within(move || {
        for (name, one, two, is_deadlock) in rows {
            let nt = Nt::new();
            let locks = Locks::new(nt);
            let go = nt.manual(false);
            let (say, hear) = mpsc::channel();
            let threads = [one, two].map(|[first, second]| {
                let say = say.clone();
                nt.thread(move || {
                    first(locks);
                    say.send(()).expect("the test listens");
                    assert_eq!(nt.one(go, FOREVER), NtStatus::WAIT_0);
                    second(locks);
                    0
                })
            });
            (0..2).for_each(|_| hear.recv().expect("a thread that has its first"));
            nt.set(go);
            threads.iter().for_each(NtThread::assert_blocked);
            let found = own(nt);
            assert_eq!(found.len(), usize::from(is_deadlock), "{name}: {found:#?}\n{}", nt.wait_graph());
            if is_deadlock {
                assert_eq!(tids_of_cycle(&found[0]), tids_of(&threads), "{name}");
            }
            for thread in threads {
                let _ = nt.kill(thread.handle, 1);
                assert!(thread.end() < 2);
            }
        }
    });
}

/// What the threads of a row take.
#[derive(Clone, Copy)]
struct Locks(
    &'static RtlCriticalSection,
    &'static RtlCriticalSection,
    &'static RtlSrwLock,
    &'static RtlSrwLock,
    Nt,
    Handle,
);

impl Locks {
    fn new(nt: Nt) -> Locks {
        let section = || leak(RtlCriticalSection::new(0));
        Locks(section(), section(), leak(RtlSrwLock::new()), leak(RtlSrwLock::new()), nt, nt.mutant(false))
    }
}

/// Mutants of two runtimes: each looks at both.
#[test]
fn a_cycle_through_two_runtimes() {
    common::within(|| {
        let (nt, other) = (Nt::new(), Nt::new());
        let (mine, theirs) = (nt.mutant(false), other.mutant(false));
        let go = nt.manual(false);
        let (say, hear) = mpsc::channel();
        let start = |first: (Nt, Handle), second: (Nt, Handle)| {
            let say = say.clone();
            nt.thread(move || {
                first.0.take(first.1, 1);
                say.send(()).expect("the test listens");
                assert_eq!(nt.one(go, FOREVER), NtStatus::WAIT_0);
                second.0.one(second.1, FOREVER).0
            })
        };
        let threads = [start((nt, mine), (other, theirs)), start((other, theirs), (nt, mine))];
        (0..2).for_each(|_| hear.recv().expect("a thread that has its first"));
        nt.set(go);
        threads.iter().for_each(NtThread::assert_blocked);
        for runtime in [nt, other] {
            let tids = tids_of(&threads);
            assert!(
                runtime.deadlocks().iter().any(|deadlock| tids_of_cycle(deadlock) == tids),
                "{}",
                runtime.wait_graph()
            );
        }
        assert!(own_of(nt.wait_graph().deadlocks()).is_empty(), "one runtime alone does not tell");
        for thread in threads {
            let _ = nt.kill(thread.handle, 1);
            thread.end();
        }
    });
}

/// SR2: an SRW lock is not recursive.
#[test]
fn a_thread_that_waits_for_its_own_lock() {
    common::within(|| {
        let nt = Nt::new();
        let lock: &RtlSrwLock = leak(RtlSrwLock::new());
        let thread = nt.blocked(move || {
            lock.rtl_acquire_srw_lock_exclusive();
            lock.rtl_acquire_srw_lock_exclusive();
            0
        });
        let found = own(nt);
        assert_eq!(found.len(), 1, "{}", nt.wait_graph());
        assert_eq!(tids_of_cycle(&found[0]), tids_of(&[thread]));
        assert_eq!(lock.rtl_release_srw_lock_exclusive(), NtStatus::SUCCESS, "SR4: anybody may release it");
        thread.end();
        assert!(own(nt).is_empty());
    });
}

/// Who is handed the lock by a release is its owner.
#[test]
fn who_is_handed_a_lock_owns_it() {
    common::within(|| {
        let nt = Nt::new();
        let locks = Locks::new(nt);
        let (lock, mutant) = (locks.2, locks.5);
        nt.take(mutant, 1);
        lock.rtl_acquire_srw_lock_exclusive();
        // Long enough in the queue to be handed it.
        let waiter = nt.blocked(move || {
            lock.rtl_acquire_srw_lock_exclusive();
            nt.one(mutant, FOREVER).0
        });
        assert_eq!(lock.rtl_release_srw_lock_exclusive(), NtStatus::SUCCESS);
        until("it has the lock", || {
            nt.wait_graph()
                .objects()
                .iter()
                .any(|object| !object.queue.is_empty() && object.label.handles.contains(&mutant))
        });
        let behind = nt.blocked(move || {
            lock.rtl_acquire_srw_lock_exclusive();
            0
        });
        let graph = nt.wait_graph();
        let address = core::ptr::from_ref(lock).addr();
        let found = graph.objects().iter().find(|object| object.label.address == Some(address)).expect("the lock");
        let owner = found.owner.map(|owner| graph.threads()[owner].label.tid);
        assert_eq!(owner, Some(waiter.kernel_id().cast_unsigned()), "{graph}");
        assert_eq!(lock.rtl_release_srw_lock_exclusive(), NtStatus::SUCCESS);
        assert_eq!(behind.end(), 0);
        assert_eq!(nt.free(mutant), 0);
        assert_eq!(waiter.end(), 0);
    });
}

/// Threads that take mutants in one order, hand them round, and wait for each other's ends: never a deadlock.
#[test]
fn no_false_alarm_in_a_storm() {
    common::within(|| {
        const THREADS: usize = 4;
        const MUTANTS: usize = 3;
        let nt = Nt::new();
        let mutants: [Handle; MUTANTS] = core::array::from_fn(|_| nt.mutant(false));
        let stop = nt.manual(false);
        let threads: Vec<NtThread> = (0..THREADS)
            .map(|seed| {
                nt.thread(move || {
                    let mut random = common::Random::new(seed as u64 + 1);
                    while nt.one(stop, common::POLL) == NtStatus::TIMEOUT {
                        let low = random.below(MUTANTS as u64) as usize;
                        let taken = &mutants[low..];
                        if random.below(4) == 0 {
                            assert_eq!(nt.all(taken, FOREVER), NtStatus::WAIT_0);
                        } else {
                            taken.iter().for_each(|mutant| assert_eq!(nt.one(*mutant, FOREVER), NtStatus::WAIT_0));
                        }
                        taken.iter().for_each(|mutant| assert_eq!(nt.free(*mutant), 0));
                    }
                    0
                })
            })
            .collect();
        let end = std::time::Instant::now() + Duration::from_secs(2);
        let mut looks = 0;
        while std::time::Instant::now() < end {
            let graph = nt.wait_graph();
            let found = own_of(graph.deadlocks());
            assert!(found.is_empty(), "{found:#?}\n{graph}");
            looks += 1;
        }
        assert!(looks > 10);
        nt.set(stop);
        threads.iter().for_each(|thread| assert_eq!(thread.end(), 0));
    });
}
