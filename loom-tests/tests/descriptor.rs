//! Models of objects that follow a descriptor: the kernel makes it ready at any moment, and its event comes late.
//!
//! A thread of the model is the service; the others change what is ready, and wait.

use ntwait::NtStatus;
use ntwait::internals::descriptor::{Descriptor, end_service, serve};
use ntwait_models::nt::{NEVER, Nt, POLL};
use ntwait_models::{JoinHandle, model, model_reaching, spawn};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// Runs this beside the service.
fn beside_service<T>(body: impl FnOnce() -> T) -> T {
    let service = spawn(serve);
    let result = body();
    end_service();
    service.join().unwrap();
    result
}

/// A thread that is the kernel, and makes it ready or not, one after the other.
fn kernel<const N: usize>(source: &Arc<Descriptor>, states: [bool; N]) -> JoinHandle<()> {
    let source = Arc::clone(source);
    spawn(move || states.into_iter().for_each(|is_ready| source.set_ready(is_ready)))
}

/// DE3: a descriptor that becomes ready wakes who queues at that moment.
///
/// A: wait for D                B: D becomes ready                service
#[test]
fn de3_readiness_against_a_waiter_that_queues() {
    model(|| {
        let nt = Nt::new();
        let source = Arc::new(Descriptor::new());
        let object = nt.import(&source);
        beside_service(|| {
            let kernel = kernel(&source, [true]);
            assert_eq!(nt.wait(object, NEVER), NtStatus::WAIT_0);
            assert_eq!(nt.wait(object, POLL), NtStatus::WAIT_0, "a wait takes nothing");
            kernel.join().unwrap();
        });
        assert_eq!(nt.waiters(object), 0);
    });
}

/// DE1, DE4: an event that comes when there is nothing any more serves nobody, and who waits is woken by the next.
///
/// A: wait for D                B: D is ready, is drained, is ready again                service
#[test]
fn de4_a_stale_event() {
    model(|| {
        let nt = Nt::new();
        let source = Arc::new(Descriptor::new());
        let object = nt.import(&source);
        beside_service(|| {
            let kernel = kernel(&source, [true, false, true]);
            assert_eq!(nt.wait(object, NEVER), NtStatus::WAIT_0);
            kernel.join().unwrap();
        });
    });
}

/// DE2: a wait for a descriptor and an event ends when both are there, whichever was there before and has gone meanwhile.
///
/// A: wait for D and E                B: D is ready; set E; D is drained, is ready again                service
#[test]
fn de2_drained_and_ready_again_in_a_wait_for_all() {
    model(|| {
        let nt = Nt::new();
        let source = Arc::new(Descriptor::new());
        let (object, event) = (nt.import(&source), nt.auto(false));
        beside_service(|| {
            let kernel = nt.spawn({
                let source = Arc::clone(&source);
                move |nt| {
                    source.set_ready(true);
                    source.set_ready(false);
                    nt.set(event);
                    source.set_ready(true);
                }
            });
            assert_eq!(nt.all(&[object, event], NEVER), NtStatus::WAIT_0);
            assert_eq!(nt.state(event), 0);
            kernel.join().unwrap();
        });
    });
}

/// DE2, DE7: two descriptors, which are ready together only at the end: the wait ends then, and not before.
///
/// A: wait for C and D                B: C is ready, is drained; D is ready; C is ready                service
#[test]
fn de7_two_descriptors() {
    model(|| {
        let nt = Nt::new();
        let (first, second) = (Arc::new(Descriptor::new()), Arc::new(Descriptor::new()));
        let objects = [nt.import(&first), nt.import(&second)];
        let together = Arc::new(AtomicBool::new(false));
        beside_service(|| {
            let kernel = spawn({
                let (first, second, together) = (Arc::clone(&first), Arc::clone(&second), Arc::clone(&together));
                move || {
                    first.set_ready(true);
                    first.set_ready(false);
                    second.set_ready(true);
                    together.store(true, Ordering::SeqCst);
                    first.set_ready(true);
                }
            });
            assert_eq!(nt.all(&objects, NEVER), NtStatus::WAIT_0);
            assert!(together.load(Ordering::SeqCst));
            kernel.join().unwrap();
        });
    });
}

/// DE2: D is found not ready for one wait and ready for another, under the same locks: the first is told nevertheless.
///
/// A: wait for E and D                B: signal E and wait for D                C: D is ready; service
#[test]
fn de2_not_ready_once_is_enough() {
    model(|| {
        let nt = Nt::new();
        let source = Arc::new(Descriptor::new());
        let event = nt.manual(false); // the first that is locked, so that D is not asked before E is set
        let object = nt.import(&source);
        let other = nt.spawn(move |nt| nt.signal_and_wait(event, object, NEVER));
        let kernel = spawn({
            let source = Arc::clone(&source);
            move || {
                source.set_ready(true);
                serve();
            }
        });
        assert_eq!(nt.all(&[event, object], NEVER), NtStatus::WAIT_0);
        assert_eq!(other.join().unwrap(), NtStatus::WAIT_0);
        end_service();
        kernel.join().unwrap();
    });
}

/// DE5, DE6: the object's end, by its handle or by its last waiter, against an event that is on the way.
///
/// A: wait for D, or poll it; close D                B: D is ready                service
#[test]
fn de5_the_end_against_an_event() {
    model_reaching(&["woken", "polled"], || {
        let nt = Nt::new();
        let source = Arc::new(Descriptor::new());
        let object = nt.import(&source);
        let status = beside_service(|| {
            let kernel = nt.spawn({
                let source = Arc::clone(&source);
                move |nt| {
                    source.set_ready(true);
                    nt.close(object)
                }
            });
            let status = nt.wait(object, NEVER);
            assert!([NtStatus::WAIT_0, NtStatus::INVALID_HANDLE].contains(&status), "{status}");
            assert_eq!(kernel.join().unwrap(), NtStatus::SUCCESS);
            // Another object, whose body may be the same.
            let next = Descriptor::new();
            let other = nt.import(&next);
            assert_eq!(nt.wait(other, POLL), NtStatus::TIMEOUT, "a late event is none of its");
            status
        });
        if status == NtStatus::WAIT_0 { "woken" } else { "polled" }
    });
}
