use super::*;
use crate::graph::collect;
use crate::rtl::RtlSrwLock;
use crate::sys::atomic::{AtomicU64, Ordering};
use crate::waiter::notice::Sort;
use crate::waiter::record;
use crate::waiter::shield::Shield;

/// A record as it says who its thread is to SRW locks, changed until this is dropped.
struct Disguised(&'static AtomicU64, u64);

impl Disguised {
    fn new(pointer: &'static AtomicU64, value: u64) -> Self {
        Self(pointer, pointer.swap(value, Ordering::AcqRel))
    }
}

impl Drop for Disguised {
    fn drop(&mut self) {
        self.0.store(self.1, Ordering::Release);
    }
}

/// A record that goes to another thread after the look makes nobody the owner of what that thread has.
#[test]
fn gr6_who_holds_a_lock_is_who_held_it_when_it_was_looked_at() {
    static LOCK: RtlSrwLock = RtlSrwLock::new();
    let me = record::current_for_good().expect("a record");
    LOCK.rtl_acquire_srw_lock_exclusive();
    let waiter = std::thread::spawn(|| {
        LOCK.rtl_acquire_srw_lock_exclusive();
        LOCK.rtl_release_srw_lock_exclusive()
    });
    let address = core::ptr::from_ref(&LOCK).addr();
    {
        let _shield = Shield::raise();
        let (findings, theirs) = loop {
            let findings = collect::collect(&[]);
            let seat = findings.seats.iter().find(|seat| seat.key.address == address).map(|seat| seat.record);
            let is_asleep = |sleeper: &&Sleeper| sleeper.told.is_some_and(|told| told.waiting.sort == Sort::Lot);
            let sleeps = |record| {
                findings.sleepers.iter().filter(is_asleep).any(|sleeper| core::ptr::eq(sleeper.record, record))
            };
            if let Some(record) = seat.filter(|record| sleeps(*record)) {
                break (findings, record);
            }
        };
        let pointer = me.pointer.load(Ordering::Acquire);
        let _nobody = Disguised::new(&me.pointer, 0);
        let _other = Disguised::new(&theirs.pointer, pointer);
        let graph = build(&findings, Ids::OfAny);
        let lock = graph.objects.iter().find(|object| object.label.address == Some(address)).expect("the lock");
        assert_eq!(lock.owner.map(|owner| graph.threads[owner].label.tid), Some(cpu::thread_id()), "{graph}");
        assert!(graph.deadlocks().is_empty(), "{graph}");
    }
    assert_eq!(LOCK.rtl_release_srw_lock_exclusive(), crate::NtStatus::SUCCESS);
    assert_eq!(waiter.join().expect("its end"), crate::NtStatus::SUCCESS);
}
