//! Threads that the library makes, and what is asked of them.

#![allow(unsafe_code, reason = "a thread's parameter and an APC's arguments are pointers")]

use super::Nt;
use crate::Gate;
use ntwait::{
    AccessMask, ApcRoutine, ClientId, CreateThreadFlags, Handle, NtStatus, ObjectAttributes, Runtime, StartRoutine,
    TimerApc, TimerApcRoutine,
};
use std::ffi::c_void;
use std::mem::ManuallyDrop;
use std::ptr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// What a new thread unpacks. It shares the runtime of its maker, who keeps it until the thread has ended: a thread that
/// is terminated natively drops nothing.
struct Parcel {
    nt: *const Runtime,
    body: Box<dyn FnOnce(&Nt)>,
}

fn begin(parcel: *mut c_void) -> u32 {
    // SAFETY: made for this thread, by `try_thread` or `queue_call`.
    let Parcel { nt, body } = *unsafe { Box::from_raw(parcel.cast()) };
    // SAFETY: the maker's reference, which is there as long as the thread, and is not dropped here.
    let nt = ManuallyDrop::new(Nt(unsafe { Arc::from_raw(nt) }));
    body(&nt);
    0
}

/// Under the checker a thread ends from within by unwinding.
#[cfg(ntwait_loom)]
const BEGIN: StartRoutine = StartRoutine::Modelled(begin);

#[cfg(not(ntwait_loom))]
const BEGIN: StartRoutine = {
    extern "C" fn begin_c(parcel: *mut c_void) -> u32 {
        begin(parcel)
    }
    StartRoutine::C(begin_c)
};

impl Nt {
    // === threads: the model waits for each of them before it drops the runtime ===

    /// A thread that the library makes.
    pub fn thread(&self, body: impl FnOnce(&Self) + Send + 'static) -> Handle {
        self.try_thread(CreateThreadFlags::empty(), body).expect("a new thread")
    }

    /// A thread that has begun already and stands before its body until the gate is opened: what it does at its birth
    /// adds nothing to the interleavings.
    pub fn thread_at_gate(&self, body: impl FnOnce(&Self) + Send + 'static) -> (Handle, Gate) {
        let gates = [Gate::new(), Gate::new()];
        let [arrived, go] = gates.clone();
        let thread = self.thread(move |nt| {
            arrived.open();
            go.pass();
            body(nt);
        });
        let [arrived, go] = gates;
        arrived.pass();
        (thread, go)
    }

    /// A thread that runs nothing before it is resumed.
    pub fn thread_suspended(&self, body: impl FnOnce(&Self) + Send + 'static) -> Handle {
        self.try_thread(CreateThreadFlags::CREATE_SUSPENDED, body).expect("a new thread")
    }

    /// A thread, if one can be had.
    pub fn try_thread(
        &self,
        flags: CreateThreadFlags,
        body: impl FnOnce(&Self) + Send + 'static,
    ) -> Result<Handle, NtStatus> {
        crate::count_threads(2); // a birth and an end: as much as another thread
        let parcel = Box::into_raw(Box::new(Parcel { nt: Arc::as_ptr(&self.0), body: Box::new(body) }));
        let access = AccessMask::THREAD_ALL_ACCESS;
        let process = Handle::CURRENT_PROCESS;
        self.0
            .nt_create_thread_ex(access, ObjectAttributes::NONE, process, Some(BEGIN), parcel.cast(), flags, 0)
            .inspect_err(|_| {
                // SAFETY: nobody else has it.
                drop(unsafe { Box::from_raw(parcel) });
            })
    }

    /// A handle to the calling thread.
    #[must_use]
    pub fn me(&self) -> Handle {
        self.duplicate(Handle::CURRENT_THREAD).expect("a handle to the calling thread")
    }

    /// The calling thread's id.
    #[must_use]
    pub fn my_id(&self) -> u32 {
        self.0.current_thread_id().expect("the calling thread's object")
    }

    /// A handle to the thread of this id.
    pub fn open_thread(&self, id: u32) -> Result<Handle, NtStatus> {
        let client = ClientId { process: 0, thread: id };
        self.0.nt_open_thread(AccessMask::THREAD_ALL_ACCESS, ObjectAttributes::NONE, client)
    }

    /// Returns when the thread has ended, and under the checker all others too; checks that it cannot be reached (M3) and
    /// that, after its last act, nothing but handles refers to it (M1).
    pub fn ended(&self, thread: Handle) {
        assert_eq!(self.wait(thread, super::NEVER), NtStatus::WAIT_0);
        crate::until_threads_are_gone();
        assert_eq!(self.suspend(thread), Err(NtStatus::THREAD_IS_TERMINATING), "TH14");
        if cfg!(ntwait_loom) {
            assert_eq!(self.waiters(thread), 0, "M1: a thread unpins its object once");
        }
    }

    // === requests ===

    /// Suspends; returns the count before.
    pub fn suspend(&self, thread: Handle) -> Result<u32, NtStatus> {
        self.0.nt_suspend_thread(thread)
    }

    /// Resumes; returns the count before.
    pub fn resume(&self, thread: Handle) -> u32 {
        self.0.nt_resume_thread(thread).expect("an open thread")
    }

    /// Alerts.
    pub fn alert(&self, thread: Handle) -> NtStatus {
        self.0.nt_alert_thread(thread)
    }

    /// Alerts and resumes in one step; returns the suspend count before.
    pub fn alert_and_resume(&self, thread: Handle) -> u32 {
        self.0.nt_alert_resume_thread(thread).expect("an open thread")
    }

    /// Alerts the thread of this id.
    pub fn alert_by_id(&self, id: u32) -> NtStatus {
        self.0.nt_alert_thread_by_thread_id(id)
    }

    /// Terminates. The threads of a model lend nothing of their frames to others.
    pub fn terminate(&self, thread: Handle) {
        // SAFETY: see above.
        let status = unsafe { self.0.nt_terminate_thread(thread, 0) };
        assert_eq!(status, NtStatus::SUCCESS);
    }

    /// Has the thread call this. The body is lost if it never does.
    pub fn queue_call(&self, thread: Handle, body: impl FnOnce(&Self) + Send + 'static) -> NtStatus {
        let parcel = Box::into_raw(Box::new(Parcel { nt: Arc::as_ptr(&self.0), body: Box::new(body) }));
        let arguments = [parcel.cast(), ptr::null_mut(), ptr::null_mut()];
        self.0.nt_queue_apc_thread(thread, Some(ApcRoutine::C(call)), arguments)
    }

    /// Has the thread enter this number, 1 to 15, in the list.
    pub fn queue_apc(&self, thread: Handle, calls: &Calls, number: u64) -> NtStatus {
        let list = Arc::as_ptr(&calls.0).cast_mut().cast();
        let number = ptr::without_provenance_mut(number as usize);
        self.0.nt_queue_apc_thread(thread, Some(ApcRoutine::C(enter)), [list, number, ptr::null_mut()])
    }
}

/// Which APCs were called, in their order. The model keeps it until nobody can call any more.
#[derive(Clone, Debug, Default)]
pub struct Calls(Arc<AtomicU64>);

impl Calls {
    /// The numbers, the last one in the lowest digit of sixteen: 0x12 for first 1, then 2.
    #[must_use]
    pub fn made(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

impl Calls {
    /// What a timer is to have called, to enter 1 in the list.
    #[must_use]
    pub fn of_a_timer(&self) -> TimerApc {
        extern "C" fn enter_one(list: *mut c_void, _low: u32, _high: i32) {
            enter(list, ptr::without_provenance_mut(1), ptr::null_mut());
        }
        TimerApc { routine: TimerApcRoutine::C(enter_one), context: Arc::as_ptr(&self.0).cast_mut().cast() }
    }
}

extern "C" fn call(parcel: *mut c_void, _: *mut c_void, _: *mut c_void) {
    begin(parcel);
}

extern "C" fn enter(list: *mut c_void, number: *mut c_void, _: *mut c_void) {
    // SAFETY: the model keeps the list.
    let list = unsafe { &*list.cast::<AtomicU64>() };
    let _ = list.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |made| Some(made << 4 | number.addr() as u64));
}
