//! Models of the user-mode primitives: SRW locks, critical sections, condition variables, run-once blocks, barriers.

use ntwait::internals::{disturb, pass_time};
use ntwait::{
    BarrierFlags, ConditionFlags, NtStatus, RtlBarrier, RtlConditionVariable, RtlCriticalSection, RtlRunOnce,
    RtlSrwLock, RunOnceFlags,
};
use ntwait_models::nt::{NEVER, Nt, SOON};
use ntwait_models::{JoinHandle, Tally, model, model_reaching, model_within, shared_flag, spawn, tally};
use std::sync::Arc;

/// An SRW lock, and numbers that it guards.
#[derive(Clone)]
struct Guarded {
    lock: Arc<RtlSrwLock>,
    numbers: [Tally; 2],
}

impl Guarded {
    fn new() -> Self {
        Self { lock: Arc::new(RtlSrwLock::new()), numbers: [tally(), tally()] }
    }

    fn write(&self) {
        self.lock.rtl_acquire_srw_lock_exclusive();
        self.change();
        assert_eq!(self.lock.rtl_release_srw_lock_exclusive(), NtStatus::SUCCESS);
    }

    fn change(&self) {
        self.numbers.iter().for_each(|number| number.add(1));
    }

    fn read(&self) -> u32 {
        self.lock.rtl_acquire_srw_lock_shared();
        let seen = self.look();
        assert_eq!(self.lock.rtl_release_srw_lock_shared(), NtStatus::SUCCESS);
        seen
    }

    fn look(&self) -> u32 {
        let [first, second] = self.numbers.each_ref().map(Tally::get);
        assert_eq!(first, second, "no reader beside a writer");
        first
    }

    fn spawn<T: Send + 'static>(&self, body: impl FnOnce(&Self) -> T + Send + 'static) -> JoinHandle<T> {
        let guarded = self.clone();
        spawn(move || body(&guarded))
    }

    /// Nobody holds it, and nobody has left a mark that keeps others out.
    fn assert_free(&self, writes: u32) {
        assert!(self.lock.rtl_try_acquire_srw_lock_shared());
        assert_eq!(self.look(), writes);
        assert_eq!(self.lock.rtl_release_srw_lock_shared(), NtStatus::SUCCESS);
        assert!(self.lock.rtl_try_acquire_srw_lock_exclusive());
        assert_eq!(self.lock.rtl_release_srw_lock_exclusive(), NtStatus::SUCCESS);
    }
}

/// Q1, Q2: writers exclude each other, and nobody is left asleep.
///
/// A, B, C: write
#[test]
fn q2_srw_writers() {
    model(|| {
        let guarded = Guarded::new();
        let others = [(); 2].map(|()| guarded.spawn(Guarded::write));
        guarded.write();
        others.into_iter().for_each(|other| other.join().unwrap());
        guarded.assert_free(3);
    });
}

/// Q1 to Q3: readers see no half of a write, and nobody is left asleep.
///
/// A: write          B: read          C: read, write
#[test]
fn q3_srw_readers_and_writers() {
    model_reaching(&["0", "1", "2"], || {
        let guarded = Guarded::new();
        let reader = guarded.spawn(Guarded::read);
        let both = guarded.spawn(|guarded| {
            guarded.read();
            guarded.write();
        });
        guarded.write();
        let seen = reader.join().unwrap();
        both.join().unwrap();
        guarded.assert_free(2);
        ["0", "1", "2"][seen as usize]
    });
}

/// Q3: a reader that was woken passes the bar of a writer that waits: else neither would go on.
///
/// A: write          B: read          C: write
#[test]
fn q3_srw_woken_reader_passes_the_bar() {
    model(|| {
        let guarded = Guarded::new();
        guarded.lock.rtl_acquire_srw_lock_exclusive();
        let reader = guarded.spawn(Guarded::read);
        let writer = guarded.spawn(Guarded::write);
        guarded.change();
        assert_eq!(guarded.lock.rtl_release_srw_lock_exclusive(), NtStatus::SUCCESS);
        reader.join().unwrap();
        writer.join().unwrap();
        guarded.assert_free(2);
    });
}

/// Q4: a writer that is terminated in the queue bars nobody afterwards.
///
/// A: hold it shared; terminate B; read          B: write
#[test]
fn q4_srw_terminated_writer_bars_nobody() {
    model(|| {
        let (nt, guarded) = (Nt::new(), Guarded::new());
        guarded.lock.rtl_acquire_srw_lock_shared();
        let theirs = guarded.clone();
        let (writer, gate) = nt.thread_at_gate(move |_| theirs.write());
        gate.open();
        nt.terminate(writer);
        nt.ended(writer);
        assert!(guarded.lock.rtl_try_acquire_srw_lock_shared(), "nobody is queued");
        for _ in 0..2 {
            assert_eq!(guarded.lock.rtl_release_srw_lock_shared(), NtStatus::SUCCESS);
        }
        guarded.assert_free(0);
    });
}

/// SR8, SR10: tries that fail, and stray releases, leave nothing behind.
///
/// A: write          B: try to write and to read; release what it does not hold
#[test]
fn sr8_srw_tries() {
    model_reaching(&["both", "write", "read", "none"], || {
        let guarded = Guarded::new();
        let tries = guarded.spawn(|guarded| {
            let write = guarded.lock.rtl_try_acquire_srw_lock_exclusive();
            if write {
                guarded.change();
                assert_eq!(guarded.lock.rtl_release_srw_lock_shared(), NtStatus::RESOURCE_NOT_OWNED);
                assert_eq!(guarded.lock.rtl_release_srw_lock_exclusive(), NtStatus::SUCCESS);
            }
            let read = guarded.lock.rtl_try_acquire_srw_lock_shared();
            if read {
                guarded.look();
                assert_eq!(guarded.lock.rtl_release_srw_lock_exclusive(), NtStatus::RESOURCE_NOT_OWNED);
                assert_eq!(guarded.lock.rtl_release_srw_lock_shared(), NtStatus::SUCCESS);
            }
            (write, read)
        });
        guarded.write();
        let (write, read) = tries.join().unwrap();
        guarded.assert_free(1 + u32::from(write));
        match (write, read) {
            (true, true) => "both",
            (true, false) => "write",
            (false, true) => "read",
            (false, false) => "none",
        }
    });
}

/// A section, and a number that it guards.
#[derive(Clone)]
struct Sectioned(Arc<RtlCriticalSection>, Tally);

impl Sectioned {
    fn step(&self) {
        self.0.rtl_enter_critical_section();
        self.1.add(1);
        self.0.rtl_leave_critical_section();
    }
}

/// K1 to K3: owners exclude each other, nobody is left asleep, and the count is right in the end.
///
/// A, B, C: enter, leave
#[test]
fn k2_section_exclusion() {
    model_within(2, || {
        let section = Sectioned(Arc::new(RtlCriticalSection::new(0)), tally());
        let others = [(); 2].map(|()| section.clone()).map(|section| spawn(move || section.step()));
        section.step();
        others.into_iter().for_each(|other| other.join().unwrap());
        assert_eq!((section.0.lock_count(), section.0.recursion_count(), section.1.get()), (-1, 0, 3));
    });
}

/// K1: a waiter that is terminated counts no more.
///
/// A: enter; terminate B; leave          B: enter
#[test]
fn k1_section_terminated_waiter_does_not_count() {
    model(|| {
        let (nt, section) = (Nt::new(), Arc::new(RtlCriticalSection::new(0)));
        section.rtl_enter_critical_section();
        let theirs = Arc::clone(&section);
        let (waiter, gate) = nt.thread_at_gate(move |_| theirs.rtl_enter_critical_section());
        gate.open();
        nt.terminate(waiter);
        nt.ended(waiter);
        assert_eq!((section.lock_count(), section.recursion_count()), (-2, 1));
        section.rtl_leave_critical_section();
        assert_eq!(section.lock_count(), -1);
    });
}

/// A lock, a condition variable and a number to wait for.
#[derive(Clone)]
struct Scene {
    guarded: Guarded,
    condition: Arc<RtlConditionVariable>,
}

impl Scene {
    fn new() -> Self {
        Self { guarded: Guarded::new(), condition: Arc::new(RtlConditionVariable::new()) }
    }

    fn spawn<T: Send + 'static>(&self, body: impl FnOnce(&Self) -> T + Send + 'static) -> JoinHandle<T> {
        let scene = self.clone();
        spawn(move || body(&scene))
    }

    /// Sleeps until there is something, or the time is up.
    fn await_something(&self, timeout: Option<i64>) -> NtStatus {
        let lock = &self.guarded.lock;
        lock.rtl_acquire_srw_lock_exclusive();
        let mut status = NtStatus::SUCCESS;
        while self.guarded.look() == 0 && status == NtStatus::SUCCESS {
            status = self.condition.rtl_sleep_condition_variable_srw(lock, timeout, ConditionFlags::empty());
        }
        assert_eq!(lock.rtl_release_srw_lock_exclusive(), NtStatus::SUCCESS);
        status
    }
}

/// C1, SR15: who changes something under the lock and wakes after it finds the sleeper.
///
/// A: write; wake one          B: sleep until something was written          C: everybody is disturbed
#[test]
fn c1_condition_wake_is_not_lost() {
    model(|| {
        let scene = Scene::new();
        let sleeper = scene.spawn(|scene| scene.await_something(NEVER));
        let noise = spawn(disturb);
        scene.guarded.write();
        scene.condition.rtl_wake_condition_variable();
        assert_eq!(sleeper.join().unwrap(), NtStatus::SUCCESS);
        noise.join().unwrap();
        scene.guarded.assert_free(1);
    });
}

/// C1, C2: a wake of all reaches both sleepers, whether they have the lock to themselves or not.
///
/// A: write; wake all          B, C: sleep until something was written
#[test]
fn c2_condition_wake_of_all() {
    for inside in [false, true] {
        model(move || {
            let scene = Scene::new();
            let sleepers = [(); 2].map(|()| scene.spawn(|scene| scene.await_something(NEVER)));
            if inside {
                scene.guarded.lock.rtl_acquire_srw_lock_exclusive();
                scene.guarded.change();
                scene.condition.rtl_wake_all_condition_variable();
                assert_eq!(scene.guarded.lock.rtl_release_srw_lock_exclusive(), NtStatus::SUCCESS);
            } else {
                scene.guarded.write();
                scene.condition.rtl_wake_all_condition_variable();
            }
            assert_eq!(sleepers.map(|sleeper| sleeper.join().unwrap()), [NtStatus::SUCCESS; 2]);
            scene.guarded.assert_free(1);
        });
    }
}

/// SR11, SR14: a wake against a time-out: either answer, and the lock is free afterwards.
///
/// A: write; wake one          B: sleep, for a while          C: time passes
#[test]
fn sr14_condition_wake_against_timeout() {
    model_reaching(&["woken", "timed out"], || {
        let scene = Scene::new();
        let sleeper = scene.spawn(|scene| scene.await_something(SOON));
        let clock = spawn(pass_time);
        scene.guarded.write();
        scene.condition.rtl_wake_condition_variable();
        let status = sleeper.join().unwrap();
        clock.join().unwrap();
        scene.guarded.assert_free(1);
        match status {
            NtStatus::SUCCESS => "woken",
            NtStatus::TIMEOUT => "timed out",
            other => panic!("{other}"),
        }
    });
}

/// C4: who was moved to the lock's queue has been woken: the time-out that comes there does not count.
///
/// A: with the lock: wake all, time passes          B: sleep, for a while
#[test]
fn c4_condition_moved_is_woken() {
    model_reaching(&["woken", "not moved"], || {
        let scene = Scene::new();
        let is_in = shared_flag();
        let noted = is_in.clone();
        let sleeper = scene.spawn(move |scene| {
            let lock = &scene.guarded.lock;
            lock.rtl_acquire_srw_lock_exclusive();
            noted.raise();
            let status = scene.condition.rtl_sleep_condition_variable_srw(lock, SOON, ConditionFlags::empty());
            assert_eq!(lock.rtl_release_srw_lock_exclusive(), NtStatus::SUCCESS);
            status
        });
        let lock = &scene.guarded.lock;
        lock.rtl_acquire_srw_lock_exclusive();
        let was_asleep = is_in.is_up();
        scene.condition.rtl_wake_all_condition_variable();
        pass_time();
        assert_eq!(lock.rtl_release_srw_lock_exclusive(), NtStatus::SUCCESS);
        let status = sleeper.join().unwrap();
        scene.guarded.assert_free(0);
        match (was_asleep, status) {
            (true, NtStatus::SUCCESS) => "woken",
            (false, NtStatus::TIMEOUT) => "not moved",
            // Natively the time passes by itself.
            (true, NtStatus::TIMEOUT) if !cfg!(ntwait_loom) => "not moved",
            other => panic!("{other:?}"),
        }
    });
}

/// C7: a suspension loses no wake.
///
/// A: suspend B; write; wake; resume B          B: sleep until something was written
#[test]
fn c7_condition_wake_reaches_who_is_away() {
    let wakes: [fn(&RtlConditionVariable); 2] =
        [RtlConditionVariable::rtl_wake_condition_variable, RtlConditionVariable::rtl_wake_all_condition_variable];
    for wake in wakes {
        model(move || {
            let (nt, scene) = (Nt::new(), Scene::new());
            let theirs = scene.clone();
            let (sleeper, gate) = nt.thread_at_gate(move |_| {
                let _ = theirs.await_something(NEVER);
            });
            gate.open();
            if scene.guarded.lock.rtl_try_acquire_srw_lock_exclusive() {
                scene.guarded.change();
                let suspended = nt.suspend(sleeper).is_ok();
                assert_eq!(scene.guarded.lock.rtl_release_srw_lock_exclusive(), NtStatus::SUCCESS);
                wake(&scene.condition);
                if suspended {
                    nt.resume(sleeper);
                }
            } else {
                scene.guarded.write();
                wake(&scene.condition);
            }
            nt.ended(sleeper);
            scene.guarded.assert_free(1);
        });
    }
}

/// RB1, RB2, RO11: a failure makes one of those who wait the initialiser, and nobody is left asleep.
///
/// A: begin, fail          B, C: begin; if it is theirs: complete
#[test]
fn rb2_run_once_failure_hands_over() {
    model(|| {
        let (once, done) = (Arc::new(RtlRunOnce::new()), tally());
        let none = RunOnceFlags::empty();
        assert_eq!(once.rtl_run_once_begin_initialize(none, None), NtStatus::PENDING);
        let others = [(); 2].map(|()| (Arc::clone(&once), done.clone())).map(|(once, done)| {
            spawn(move || match once.rtl_run_once_begin_initialize(none, None) {
                NtStatus::PENDING => {
                    done.add(1);
                    assert_eq!(once.rtl_run_once_complete(none, 8), NtStatus::SUCCESS);
                    1
                }
                status => {
                    assert_eq!((status, done.get()), (NtStatus::SUCCESS, 1));
                    0
                }
            })
        });
        assert_eq!(once.rtl_run_once_complete(RunOnceFlags::INIT_FAILED, 0), NtStatus::SUCCESS);
        assert_eq!(others.map(|other| other.join().unwrap()).iter().sum::<u32>(), 1);
    });
}

/// A1, A2, RO15: one is the last of each phase, all see what all did before, and nobody is left asleep.
///
/// A, B: enter, twice
#[test]
fn a1_barrier_phases() {
    model(|| {
        let barrier = Arc::new(RtlBarrier::new(2, 0));
        let written = [tally(), tally()];
        let run = |barrier: &RtlBarrier, mine: &Tally, theirs: &Tally| {
            [1, 2].map(|phase| {
                mine.add(1);
                let is_last = barrier.rtl_barrier(BarrierFlags::NO_DELETE).expect("known flags");
                assert!(theirs.get() >= phase);
                is_last
            })
        };
        let other = {
            let (barrier, [mine, theirs]) = (Arc::clone(&barrier), written.clone());
            spawn(move || run(&barrier, &theirs, &mine))
        };
        let mine = run(&barrier, &written[0], &written[1]);
        let theirs = other.join().unwrap();
        assert!((0..2).all(|phase| mine[phase] != theirs[phase]));
    });
}

/// A3, RO17: a delete returns when the other has left.
///
/// A: enter; delete          B: enter
#[test]
fn a3_barrier_delete_waits() {
    model(|| {
        let barrier = Arc::new(RtlBarrier::new(2, 0));
        let other = {
            let barrier = Arc::clone(&barrier);
            spawn(move || barrier.rtl_barrier(BarrierFlags::empty()))
        };
        let mine = barrier.rtl_barrier(BarrierFlags::empty()).expect("known flags");
        barrier.rtl_delete_barrier();
        assert_eq!(other.join().unwrap(), Ok(!mine));
    });
}
