//! The typed faces of mutants and semaphores, and signal-and-wait for typed objects.

#![allow(clippy::disallowed_types, clippy::disallowed_methods, reason = "tests are not the product")]

mod common;

use core::time::Duration;

use common::{FOREVER, MutantLook, Nt, POLL, Worker, object, within};
use ntwait::{
    Ended, Event, EventType, Handle, Mutant, NtStatus, Runtime, Semaphore, Thread, Timeout, Waitable, signal_and_wait,
    wait_all, wait_any,
};

const STEP: Duration = Duration::from_millis(10);

fn mutant(nt: Nt) -> &'static Mutant {
    Box::leak(Box::new(Mutant::new_in(nt.0).expect("a mutant")))
}

fn event(nt: Nt, set: bool) -> Event {
    Event::new_in(nt.0, EventType::SYNCHRONIZATION, set).expect("an event")
}

/// Each guard is one level, given back when it is dropped, in whichever order.
#[test]
fn guards_are_levels() {
    within(|| {
        let nt = Nt::new();
        let mutant = mutant(nt);
        assert_eq!(nt.look_mutant(mutant.handle()), MutantLook::FREE);
        let first = mutant.lock().expect("it is free");
        let second = mutant.try_lock().expect("a poll").expect("it is mine");
        let third = mutant.lock_timeout(STEP).expect("a wait").expect("it is mine");
        assert!(![&first, &second, &third].iter().any(|guard| guard.was_abandoned()));
        for (guard, depth) in [(first, 3), (third, 2), (second, 1)] {
            assert_eq!(nt.look_mutant(mutant.handle()), nt.mine(depth));
            drop(guard);
        }
        assert_eq!(nt.look_mutant(mutant.handle()), MutantLook::FREE);
        assert_eq!(mutant.release(), Err(NtStatus::MUTANT_NOT_OWNED));
    });
}

/// Another thread's mutant is waited for; what its owner leaves when it ends is told once.
#[test]
fn waits_and_abandonment() {
    within(|| {
        let nt = Nt::new();
        let mutant = mutant(nt);
        let guard = mutant.lock().expect("it is free");
        let tries = Worker::start(move || {
            [mutant.try_lock(), mutant.lock_timeout(STEP)].map(|tried| tried.expect("a wait").is_none())
        });
        assert_eq!(tries.join(), [true; 2]);
        let waiter = Worker::blocked(move || core::mem::forget(mutant.lock().expect("it is given")));
        drop(guard);
        waiter.join();
        let told = [(); 2].map(|()| mutant.lock().expect("it is free").was_abandoned());
        assert_eq!(told, [true, false]);
        // A guard that is dropped by a panic gives its level back.
        let thread = Thread::builder().runtime(nt.0).spawn(move || {
            let _guard = mutant.lock();
            std::panic::resume_unwind(Box::new(()));
        });
        assert!(thread.expect("a thread").join().is_err());
        assert!(!mutant.lock().expect("it is free").was_abandoned());
    });
}

/// What a wait for several objects took is given back by hand.
#[test]
fn release_without_a_guard() {
    within(|| {
        let nt = Nt::new();
        let (mutant, clear, set) = (mutant(nt), event(nt, false), event(nt, true));
        assert_eq!(wait_any(&[&clear, mutant], Timeout::Poll), Ok(Ended::Object(1)));
        assert_eq!(wait_all(&[&set, mutant], Timeout::Poll), Ok(Ended::Object(0)));
        assert_eq!(nt.look_mutant(mutant.handle()), nt.mine(2));
        assert_eq!([mutant.release(), mutant.release()], [Ok(1), Ok(0)]);
        // A guard whose level is gone does no harm.
        let guard = mutant.lock().expect("it is free");
        assert_eq!(mutant.release(), Ok(0));
        drop(guard);
        assert_eq!(nt.look_mutant(mutant.handle()), MutantLook::FREE);
    });
}

#[test]
fn semaphores() {
    within(|| {
        let nt = Nt::new();
        for (count, maximum) in [(0, 0), (2, 1), (0, Semaphore::MOST + 1), (u32::MAX, u32::MAX)] {
            let refused = Semaphore::new_in(nt.0, count, maximum).map(drop);
            assert_eq!(refused, Err(NtStatus::INVALID_PARAMETER), "{count} of {maximum}");
        }
        let semaphore: &'static Semaphore = Box::leak(Box::new(Semaphore::new_in(nt.0, 2, 3).expect("a semaphore")));
        assert_eq!((semaphore.count(), nt.look_semaphore(semaphore.handle())), (2, (2, 3)));
        semaphore.acquire();
        assert!(semaphore.acquire_timeout(STEP));
        assert!(!semaphore.try_acquire() && !semaphore.acquire_timeout(STEP));
        for (count, answer) in [
            (0, Err(NtStatus::INVALID_PARAMETER)),
            (u32::MAX, Err(NtStatus::INVALID_PARAMETER)),
            (4, Err(NtStatus::SEMAPHORE_LIMIT_EXCEEDED)),
            (1, Ok(0)),
            (2, Ok(1)),
            (1, Err(NtStatus::SEMAPHORE_LIMIT_EXCEEDED)),
        ] {
            assert_eq!(semaphore.release(count), answer, "{count}");
        }
        (0..3).for_each(|_| semaphore.acquire());
        let waiters = [(); 2].map(|()| Worker::blocked(move || semaphore.acquire()));
        assert_eq!(semaphore.release(3), Ok(0));
        waiters.into_iter().for_each(Worker::join);
        assert_eq!(semaphore.count(), 1);
    });
}

/// Signal and wait, with each kind as the first, and what cannot be.
#[test]
fn typed_signal_and_wait() {
    within(|| {
        let nt = Nt::new();
        let (mutant, set) = (mutant(nt), event(nt, true));
        let (clear, count) = (event(nt, false), Semaphore::new_in(nt.0, 0, 1).expect("a semaphore"));
        assert_eq!(signal_and_wait(&clear, &clear, Timeout::Never), Ok(Ended::Object(0)));
        assert_eq!(signal_and_wait(&count, &set, STEP), Ok(Ended::Object(0)));
        assert_eq!(signal_and_wait(&count, &set, STEP), Err(NtStatus::SEMAPHORE_LIMIT_EXCEEDED));
        assert_eq!(signal_and_wait(&set, &clear, STEP), Ok(Ended::TimedOut));
        assert_eq!((count.count(), set.is_set()), (1, true));
        assert_eq!(signal_and_wait(mutant, &set, STEP), Err(NtStatus::MUTANT_NOT_OWNED));
        let guard = mutant.lock().expect("it is free");
        assert_eq!(signal_and_wait(mutant, &set, None), Ok(Ended::Object(0)));
        drop(guard);
        assert_eq!(nt.look_mutant(mutant.handle()), MutantLook::FREE);
        let thread = Thread::builder().runtime(nt.0).spawn(|| ()).expect("a thread");
        assert_eq!(signal_and_wait(&thread, &set, STEP), Err(NtStatus::OBJECT_TYPE_MISMATCH));
        assert_eq!(signal_and_wait(&clear, &thread, Timeout::Never), Ok(Ended::Object(0)));
        let elsewhere = event(Nt::new(), true);
        assert_eq!(signal_and_wait(&clear, &elsewhere, STEP), Err(NtStatus::INVALID_PARAMETER_MIX));
    });
}

/// They live in the global runtime unless told otherwise, and close their handles when they are dropped.
#[test]
fn owned_handles() {
    within(|| {
        let global = Runtime::global();
        let (mutant, count) = (Mutant::new().expect("a mutant"), Semaphore::new(1, 1).expect("a semaphore"));
        assert!(core::ptr::eq(mutant.runtime(), global) && core::ptr::eq(count.runtime(), global));
        let handles: [Handle; 2] = [mutant.handle(), count.handle()];
        assert_eq!(handles.map(|handle| global.nt_wait_for_single_object(handle, false, POLL)), [object(0); 2]);
        assert!(!count.try_acquire());
        assert_eq!(mutant.release(), Ok(0));
        drop((mutant, count));
        assert_eq!(handles.map(|handle| global.nt_close(handle)), [NtStatus::INVALID_HANDLE; 2]);
        // Who waits for a mutant is not disturbed by the drop.
        let nt = Nt::new();
        let mutant = Mutant::new_in(nt.0).expect("a mutant");
        let handle = mutant.handle();
        let owner = nt.blocked(move || (nt.one(handle, POLL), nt.one(nt.auto(false), FOREVER)).1.0);
        let waiter = Worker::blocked(move || nt.one(handle, FOREVER));
        drop(mutant);
        waiter.assert_blocked();
        owner.kill(1);
        assert_eq!(waiter.join(), NtStatus::ABANDONED_WAIT_0);
    });
}
