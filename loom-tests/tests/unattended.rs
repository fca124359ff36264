//! Models of waits that no thread sleeps in: who ends one notifies.

use ntwait::NtStatus;
use ntwait_models::nt::{NEVER, Nt, POLL};
use ntwait_models::{model, model_reaching, yield_now};

/// Y1, N1: a wait that is taken back while the object is set has taken it and is notified, once, or neither.
///
/// A: set          B: watch; take back
#[test]
fn y1_taken_back_or_notified() {
    model_reaching(&["at once", "notified", "taken back"], || {
        let nt = Nt::new();
        let event = nt.auto(false);
        let setter = nt.spawn(move |nt| nt.set(event));
        let watch = nt.watch(event);
        let taken_back = !watch.taken && watch.take_back();
        setter.join().unwrap();
        let ending = match (watch.taken, taken_back) {
            (true, _) => "at once",
            (false, true) => "taken back",
            (false, false) => "notified",
        };
        assert_eq!(watch.notified(), u32::from(ending == "notified"));
        assert_eq!((nt.state(event), nt.waiters(event)), (i32::from(taken_back), 0));
        ending
    });
}

/// Y1, U4: it stands in the queue like a thread: two sets with two waiters release both, whoever came first.
///
/// A: set; set          B: wait          C: watch
#[test]
fn y1_in_one_queue_with_threads() {
    model(|| {
        let nt = Nt::new();
        let event = nt.auto(false);
        let watch = nt.watch(event);
        let waiter = nt.spawn(move |nt| nt.wait(event, NEVER));
        while nt.waiters(event) < 2 {
            yield_now();
        }
        let setter = nt.spawn(move |nt| [nt.set(event), nt.set(event)]);
        assert_eq!(waiter.join().unwrap(), NtStatus::WAIT_0);
        assert_eq!(setter.join().unwrap(), [0, 0]);
        assert_eq!((watch.notified(), watch.take_back()), (1, false));
        assert_eq!((nt.wait(event, POLL), nt.waiters(event)), (NtStatus::TIMEOUT, 0));
    });
}
