//! Models of a signal that meets wait-alls: the union of locks, and what is beyond it.

use ntwait::NtStatus;
use ntwait::internals::pass_time;
use ntwait_models::model;
use ntwait_models::nt::{NEVER, Nt, SOON};

/// U2: a slot of the union that serves another object by the time it is locked.
///
/// A: all [E, X], in vain; close X; make Y, set, in X's slot; all [E, Y]        B: set E
#[test]
fn u2_new_object_in_a_slot_of_the_union() {
    model(|| {
        let nt = Nt::new();
        pass_time();
        let event = nt.auto(false);
        let first = nt.auto(false);
        let setter = nt.spawn(move |nt| nt.set(event));
        let status = nt.all(&[first, event], SOON);
        assert_eq!(status, NtStatus::TIMEOUT);
        assert_eq!(nt.close(first), NtStatus::SUCCESS);
        let second = nt.auto(true);
        assert_eq!(nt.all(&[event, second], NEVER), NtStatus::WAIT_0);
        assert_eq!((nt.state(event), nt.state(second)), (0, 0));
        setter.join().unwrap();
    });
}
