//! How registrations end: unregistered at rest, in the middle, from within, with their runtime.

use super::*;
use ntwait::{Runtime, WaitPolicy};

/// T32: pending while the callback runs, and then the event is set; with −1 the call waits for it.
#[test]
fn t32_unregister_while_the_callback_runs() {
    within(|| {
        let nt = Nt::new();
        for flags in [WORKER, SERIAL, ONCE] {
            let (event, go, done) = (nt.auto(true), nt.auto(false), nt.auto(false));
            let (inside, is_inside) = mpsc::channel();
            let seen = Seen::new();
            let mut wait = Some(nt.on(event, flags, move |_| {
                inside.send(()).expect("the test listens");
                let _ = nt.one(go, FOREVER);
                seen.objects.fetch_add(1, Ordering::SeqCst);
            }));
            let handle = wait.as_ref().expect("registered").handle();
            is_inside.recv().expect("the callback runs");
            assert_eq!(nt.unregister_wait_ex(handle, done), NtStatus::PENDING);
            assert_eq!(nt.unregister_wait(handle), NtStatus::INVALID_HANDLE, "it is unregistered");
            wait.take(); // does nothing more
            assert_eq!((nt.one(done, POLL), seen.counts().0), (NtStatus::TIMEOUT, 0));
            nt.set(go);
            assert_eq!((nt.one(done, FOREVER), seen.counts().0), (NtStatus::WAIT_0, 1));
            assert!(is_inside.recv().is_err(), "the closure is gone");
        }
        // Nothing runs: the event is set at once.
        let (event, done) = (nt.auto(false), nt.auto(false));
        let wait = nt.register_count(event, Seen::new(), FOR_EVER, WORKER);
        assert_eq!(nt.unregister_wait_ex(wait, done), NtStatus::SUCCESS);
        assert_eq!(nt.one(done, POLL), NtStatus::WAIT_0);
        let at_rest = nt.references(nt.auto(false));
        assert_eq!([event, done].map(|event| nt.references(event)), [at_rest; 2], "nothing is left behind");
    });
}

/// With −1 the call returns when the callback has.
#[test]
fn t32_unregister_and_wait() {
    within(|| {
        let nt = Nt::new();
        for flags in [WORKER, SERIAL] {
            let (event, go, seen) = (nt.auto(true), nt.auto(false), Seen::new());
            let (inside, is_inside) = mpsc::channel();
            let wait = nt.on(event, flags, move |_| {
                inside.send(()).expect("the test listens");
                let _ = nt.one(go, FOREVER);
                seen.objects.fetch_add(1, Ordering::SeqCst);
            });
            is_inside.recv().expect("the callback runs");
            let dropper = common::Worker::blocked(move || {
                drop(wait);
                seen.counts().0
            });
            nt.set(go);
            assert_eq!(dropper.join(), 1);
        }
    });
}

/// A callback unregisters itself, others, and registers more: nothing hangs.
#[test]
fn t32_from_within() {
    within(|| {
        let nt = Nt::new();
        for flags in [WORKER, SERIAL] {
            for completion in [Handle::NULL, WAIT] {
                let (event, other) = (nt.auto(false), nt.auto(false));
                let (say, hear) = mpsc::channel();
                let mine: &Mutex<WaitHandle> = Box::leak(Box::default());
                let seen = Seen::new();
                let others = nt.register_count(other, seen, FOR_EVER, flags);
                let wait = nt.on(event, flags, move |_| {
                    let own = nt.unregister_wait_ex(*mine.lock().expect("the handle"), completion);
                    let theirs = nt.unregister_wait_ex(others, completion);
                    let next = nt.register_count(other, seen, FOR_EVER, flags);
                    say.send((own, theirs, next)).expect("the test listens");
                });
                *mine.lock().expect("the handle") = wait.handle();
                nt.set(event);
                let (own, theirs, next) = hear.recv().expect("the callback");
                assert_eq!((own, theirs), (NtStatus::PENDING, NtStatus::SUCCESS));
                assert!(hear.recv().is_err(), "the closure is gone, though it is not dropped yet");
                drop(wait);
                nt.set(other);
                seen.wait_for(1);
                nt.unregistered(next);
            }
        }
    });
}

/// Unregistering against sets: each set is either taken for one callback or still there, and after the unregistering
/// nothing is called.
#[test]
fn unregister_against_sets() {
    within(|| {
        let nt = Nt::new();
        for trial in common::trials(3_000) {
            let (event, seen) = (nt.auto(false), Seen::new());
            let flags = [WORKER, SERIAL][trial as usize % 2];
            let wait = nt.register_count(event, seen, FOR_EVER, flags);
            let setter = std::thread::spawn(move || nt.set(event));
            common::spin_for(Duration::from_micros(u64::from(trial % 30)));
            assert_eq!(nt.unregister_wait_ex(wait, WAIT), NtStatus::SUCCESS);
            let called = seen.counts().0;
            setter.join().expect("the setter");
            let left = u32::from(nt.one(event, POLL) == NtStatus::WAIT_0);
            assert_eq!((called + left, seen.counts()), (1, (called, 0)), "trial {trial}");
            nt.close(event);
        }
    });
}

/// A runtime that goes takes its registrations with it; a callback that runs goes on to its end.
#[test]
fn runtime_drop() {
    within(|| {
        let (inside, is_inside) = mpsc::channel();
        let (go, may_go) = mpsc::channel::<()>();
        let runtime = Runtime::builder().wait_policy(WaitPolicy::NO_SPIN).build().expect("a runtime");
        let event = |set| runtime.nt_create_event(FULL, ObjectAttributes::NONE, AUTO, set).expect("an event");
        let seen = Seen::new();
        let closed = event(false);
        for _ in 0..100 {
            let context = seen.context();
            let wait = runtime.register_wait_for_single_object(event(false), COUNT, context, 1_000, WORKER);
            assert!(wait.is_ok());
        }
        let wait = runtime.register_wait(event(true), None, WORKER, move |_| {
            inside.send(()).expect("the test listens");
            let _ = may_go.recv();
        });
        // The handle may be closed: the registration refers to the object.
        let orphan = runtime.register_wait(closed, None, WORKER, |_| ()).expect("registered");
        assert_eq!(runtime.nt_close(closed), NtStatus::SUCCESS);
        is_inside.recv().expect("the callback runs");
        drop(runtime);
        drop(go);
        drop(wait);
        drop(orphan);
        assert!(is_inside.recv().is_err(), "the closure is gone");
        assert_eq!(seen.counts(), (0, 0));
    });
}

/// A closure that panics is not called again; the rest goes on.
#[test]
fn closures_that_panic() {
    within(|| {
        let nt = Nt::new();
        for flags in [WORKER, SERIAL] {
            let (event, calm, seen) = (nt.manual(true), nt.auto(false), Seen::new());
            let wait = nt.on(event, flags, move |_| {
                seen.objects.fetch_add(1, Ordering::SeqCst);
                std::panic::resume_unwind(Box::new(()));
            });
            seen.wait_for(1);
            let other = Seen::new();
            let next = nt.register_count(calm, other, FOR_EVER, flags);
            nt.set(calm);
            other.wait_for(1);
            assert_eq!(nt.unregister_wait_ex(wait.handle(), WAIT), NtStatus::SUCCESS);
            assert_eq!(seen.counts().0, 1);
            nt.unregistered(next);
        }
    });
}

/// A null context is passed on as it is.
#[test]
fn null_context() {
    static CALLED: AtomicU32 = AtomicU32::new(0);
    extern "C" fn called(context: *mut c_void, _: u8) {
        CALLED.fetch_add(1 + u32::from(!context.is_null()), Ordering::SeqCst);
    }
    within(|| {
        let nt = Nt::new();
        let callback = Some(WaitCallback::C(called));
        let wait = nt.register_wait_for_single_object(nt.auto(true), callback, null_mut(), FOR_EVER, WORKER);
        until("it is called", || CALLED.load(Ordering::SeqCst) == 1);
        nt.unregistered(wait.expect("registered"));
    });
}
