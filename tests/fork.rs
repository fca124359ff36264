//! `fork` while other threads are at work: the child finds its parent's handles closed, and everything else usable.

#![allow(unsafe_code, reason = "fork itself")]
#![allow(clippy::disallowed_types, clippy::disallowed_methods, reason = "tests may use std")]

use ntwait::{
    AccessMask, Event, EventType, Handle, HandleAttributes, NtStatus, ObjectAttributes, ObjectName, Runtime, Waitable,
};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use std::os::fd::OwnedFd;
use std::sync::atomic::{AtomicBool, Ordering};

unsafe extern "C" {
    fn fork() -> i32;
    fn waitpid(pid: i32, status: *mut i32, options: i32) -> i32;
    fn _exit(status: i32) -> !;
    fn alarm(seconds: u32) -> u32;
    fn pthread_create(
        thread: *mut usize,
        attributes: *const u8,
        entry: extern "C" fn(*mut u8) -> *mut u8,
        argument: *mut u8,
    ) -> i32;
    fn pthread_join(thread: usize, result: *mut *mut u8) -> i32;
}

/// The second thread of the child: not one of std, whose own start takes a lock that may be held for ever in a child.
extern "C" fn answer(pair: *mut u8) -> *mut u8 {
    // SAFETY: `child` passes its pair of events and joins.
    let (ping, pong) = unsafe { &*pair.cast::<(Event, Event)>() };
    ping.wait();
    pong.set();
    pair
}

fn new_event(nt: &Runtime, event_type: EventType) -> Result<Handle, NtStatus> {
    nt.nt_create_event(AccessMask::EVENT_ALL_ACCESS, ObjectAttributes::NONE, event_type, false)
}

fn named_event(nt: &Runtime) -> Handle {
    let name = ObjectName::new(r"\BaseNamedObjects\fork").unwrap();
    let attributes = ObjectAttributes::named(&name).with(HandleAttributes::OPENIF);
    let event = nt.nt_create_event(AccessMask::EVENT_ALL_ACCESS, attributes, EventType::NOTIFICATION, false);
    event.unwrap()
}

/// What the child sees; the number of the first thing that is not right, or 0.
fn child(old: &Runtime, handle: Handle) -> i32 {
    if old.nt_set_event(handle) != Err(NtStatus::INVALID_HANDLE) {
        return 1;
    }
    if old.nt_close(handle) != NtStatus::INVALID_HANDLE {
        return 2;
    }
    if new_event(old, EventType::SYNCHRONIZATION) != Err(NtStatus::INSUFFICIENT_RESOURCES) {
        return 3;
    }
    // Names neither, though a thread of the parent may hold their lock at this moment.
    let name = ObjectAttributes::named(&[b'\\' as u16, b'x' as u16]);
    let all = AccessMask::EVENT_ALL_ACCESS;
    if old.nt_open_event(all, name) != Err(NtStatus::INSUFFICIENT_RESOURCES) {
        return 8;
    }
    if old.nt_create_event(all, name, EventType::NOTIFICATION, false) != Err(NtStatus::INSUFFICIENT_RESOURCES) {
        return 9;
    }
    // The process-wide runtime is a new one, and waits work in it, in this thread and in others.
    let (Ok(ping), Ok(pong)) = (Event::auto_reset(false), Event::auto_reset(false)) else {
        return 4;
    };
    let mut pair = (ping, pong);
    let mut thread = 0;
    // SAFETY: the pair outlives the thread, which is joined below.
    if unsafe { pthread_create(&raw mut thread, std::ptr::null(), answer, (&raw mut pair).cast()) } != 0 {
        return 5;
    }
    pair.0.set();
    pair.1.wait();
    // SAFETY: our own thread, joined once.
    if unsafe { pthread_join(thread, std::ptr::null_mut()) } != 0 {
        return 6;
    }
    if pair.0.is_set() || pair.1.is_set() { 7 } else { 0 }
}

/// Raises a flag when it is dropped, be it by a failed assertion.
struct Raise<'f>(&'f AtomicBool);

impl Drop for Raise<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

#[test]
fn a_child_starts_fresh() {
    let nt = Runtime::new().unwrap();
    let handle = new_event(&nt, EventType::NOTIFICATION).unwrap();
    let global = Event::auto_reset(false).unwrap();
    let stop = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let _stop_in_any_case = Raise(&stop);
        for _ in 0..2 {
            scope.spawn(|| {
                while !stop.load(Ordering::Relaxed) {
                    let event = new_event(&nt, EventType::SYNCHRONIZATION).unwrap();
                    let _ = nt.nt_wait_for_single_object(event, false, Some(-10));
                    assert_eq!(nt.nt_close(event), NtStatus::SUCCESS);
                    assert_eq!(nt.nt_close(named_event(&nt)), NtStatus::SUCCESS);
                    std::thread::scope(|inner| {
                        inner.spawn(|| nt.nt_wait_for_single_object(handle, false, Some(-10)));
                    });
                }
            });
        }
        for _ in 0..50 {
            // SAFETY: the child uses what is meant to be usable there, and leaves by `_exit`.
            let pid = unsafe { fork() };
            if pid == 0 {
                // SAFETY: a hang in the child kills the child.
                unsafe { alarm(20) };
                let fault = child(&nt, handle);
                // SAFETY: ends the child without the parent's destructors.
                unsafe { _exit(fault) };
            }
            let mut status = 0;
            // SAFETY: our own child, and a place for its status.
            assert_eq!(unsafe { waitpid(pid, &raw mut status, 0) }, pid);
            assert_eq!(status, 0, "the child's fault in the second byte, or the signal that killed it");
        }
    });
    // The parent noticed nothing.
    assert_eq!(nt.nt_set_event(handle), Ok(0));
    assert!(!global.set() && global.try_wait());
}

/// A child has no part in its parent's exported descriptors: what it does to the old runtime does not show there, and it
/// exports its own.
#[test]
fn a_child_leaves_its_parents_descriptors_alone() {
    fn is_readable(descriptor: &OwnedFd) -> bool {
        let at_once = Timespec { tv_sec: 0, tv_nsec: 0 };
        poll(&mut [PollFd::new(descriptor, PollFlags::IN)], Some(&at_once)) == Ok(1)
    }
    let nt = Runtime::new().unwrap();
    let events = [(); 2].map(|()| new_event(&nt, EventType::NOTIFICATION).unwrap());
    let descriptors = events.map(|event| nt.export_fd(event).unwrap());
    nt.nt_set_event(events[0]).unwrap();
    // SAFETY: the child uses what is meant to be usable there, and leaves by `_exit`.
    let pid = unsafe { fork() };
    if pid == 0 {
        // SAFETY: a hang in the child kills the child.
        unsafe { alarm(20) };
        let refused = events.iter().all(|event| {
            nt.nt_set_event(*event) == Err(NtStatus::INVALID_HANDLE)
                && nt.nt_reset_event(*event) == Err(NtStatus::INVALID_HANDLE)
                && nt.export_fd(*event).err() == Some(NtStatus::INVALID_HANDLE)
        });
        drop(nt);
        let own = Event::auto_reset(true).and_then(|event| event.export_fd());
        let fault = if !refused {
            1
        } else if !own.is_ok_and(|descriptor| is_readable(&descriptor)) {
            2
        } else {
            0
        };
        // SAFETY: ends the child without the parent's destructors.
        unsafe { _exit(fault) };
    }
    let mut status = 0;
    // SAFETY: our own child, and a place for its status.
    assert_eq!(unsafe { waitpid(pid, &raw mut status, 0) }, pid);
    assert_eq!(status, 0, "the child's fault in the second byte, or the signal that killed it");
    assert_eq!(descriptors.each_ref().map(is_readable), [true, false]);
    nt.nt_reset_event(events[0]).unwrap();
    nt.nt_set_event(events[1]).unwrap();
    assert_eq!(descriptors.each_ref().map(is_readable), [false, true]);
}
