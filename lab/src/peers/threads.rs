//! Threads from different hands. All do the same: arrive at a gate, wait until it is open, and end.

#![allow(unsafe_code, reason = "pthreads, and routines that get a pointer")]

use std::cell::RefCell;
use std::ffi::c_void;
use std::mem::{MaybeUninit, offset_of};
use std::ptr;
use std::sync::Arc;
use std::sync::atomic::AtomicU32;
use std::sync::atomic::Ordering::{Acquire, Relaxed, Release};
use std::thread::JoinHandle;

use ntwait::{AccessMask, CreateThreadFlags, EventType, Handle, NtStatus, ObjectAttributes, Runtime, StartRoutine};
use rustix::thread::futex::{self, Flags};

use super::BareThread;

/// A way to make threads.
pub(crate) trait Threads {
    /// One that was started and is to be joined.
    type Thread;

    /// Starts one.
    fn start(&self) -> Result<Self::Thread, String>;
    /// How many have come to the gate.
    fn arrived(&self) -> u32;
    /// Lets all go.
    fn open(&self);
    /// Closes the gate for those who come next; nobody is on the way.
    fn close(&self);
    /// Waits until it has ended.
    fn join(&self, thread: Self::Thread);
}

/// What threads sleep on until it is open: a futex word and a count, in the order that the limit's child expects.
#[repr(C)]
pub(crate) struct Gate {
    open: AtomicU32,
    arrived: AtomicU32,
}

impl Gate {
    /// Where the word is that is 0 until the gate is open.
    pub(super) const OPEN: usize = offset_of!(Self, open);
    /// Where the count is.
    pub(super) const ARRIVED: usize = offset_of!(Self, arrived);

    pub(crate) fn new(open: bool) -> Self {
        Self { open: AtomicU32::new(u32::from(open)), arrived: AtomicU32::new(0) }
    }

    pub(crate) fn arrived(&self) -> u32 {
        self.arrived.load(Acquire)
    }

    pub(crate) fn open(&self) {
        self.open.store(1, Release);
        let _ = futex::wake(&self.open, Flags::PRIVATE, i32::MAX as u32);
    }

    fn close(&self) {
        self.arrived.store(0, Relaxed);
        self.open.store(0, Relaxed);
    }

    /// A thread's life.
    fn pass(&self) {
        self.arrived.fetch_add(1, Release);
        while self.open.load(Acquire) == 0 {
            let _ = futex::wait(&self.open, Flags::PRIVATE, 0, None);
        }
    }
}

/// The limit: see [`BareThread`]. Stacks are kept.
pub(crate) struct BareThreads {
    gate: Arc<Gate>,
    kept: RefCell<Vec<BareThread>>,
}

impl BareThreads {
    pub(crate) fn new(open: bool) -> Self {
        Self { gate: Arc::new(Gate::new(open)), kept: RefCell::default() }
    }
}

impl Threads for BareThreads {
    type Thread = BareThread;

    fn start(&self) -> Result<BareThread, String> {
        let kept = self.kept.borrow_mut().pop();
        let mut thread = kept.map_or_else(|| BareThread::new(Arc::clone(&self.gate)), Ok)?;
        thread.start().map(|()| thread)
    }

    fn arrived(&self) -> u32 {
        self.gate.arrived()
    }

    fn open(&self) {
        self.gate.open();
    }

    fn close(&self) {
        self.gate.close();
    }

    fn join(&self, thread: BareThread) {
        thread.join();
        self.kept.borrow_mut().push(thread);
    }
}

/// `std::thread`.
pub(crate) struct StdThreads(Arc<Gate>);

impl StdThreads {
    pub(crate) fn new(open: bool) -> Self {
        Self(Arc::new(Gate::new(open)))
    }
}

impl Threads for StdThreads {
    type Thread = JoinHandle<()>;

    fn start(&self) -> Result<JoinHandle<()>, String> {
        let gate = Arc::clone(&self.0);
        std::thread::Builder::new().spawn(move || gate.pass()).map_err(|error| error.to_string())
    }

    fn arrived(&self) -> u32 {
        self.0.arrived()
    }

    fn open(&self) {
        self.0.open();
    }

    fn close(&self) {
        self.0.close();
    }

    fn join(&self, thread: JoinHandle<()>) {
        thread.join().expect("passing a gate does not panic");
    }
}

/// `pthread_create`, with the attributes that it has by itself.
pub(crate) struct Pthreads(Arc<Gate>);

impl Pthreads {
    pub(crate) fn new(open: bool) -> Self {
        Self(Arc::new(Gate::new(open)))
    }
}

extern "C" fn pass_as_pthread(gate: *mut c_void) -> *mut c_void {
    // SAFETY: `start` gave this thread a share.
    unsafe { Arc::from_raw(gate.cast::<Gate>().cast_const()) }.pass();
    ptr::null_mut()
}

impl Threads for Pthreads {
    type Thread = libc::pthread_t;

    fn start(&self) -> Result<libc::pthread_t, String> {
        let share = Arc::into_raw(Arc::clone(&self.0));
        let mut thread = MaybeUninit::uninit();
        // SAFETY: the routine takes the share over.
        let failed =
            unsafe { libc::pthread_create(thread.as_mut_ptr(), ptr::null(), pass_as_pthread, share.cast_mut().cast()) };
        if failed != 0 {
            // SAFETY: there is no thread that would take it.
            drop(unsafe { Arc::from_raw(share) });
            return Err(format!("pthread_create answered {failed}"));
        }
        // SAFETY: written by the call, which has succeeded.
        Ok(unsafe { thread.assume_init() })
    }

    fn arrived(&self) -> u32 {
        self.0.arrived()
    }

    fn open(&self) {
        self.0.open();
    }

    fn close(&self) {
        self.0.close();
    }

    fn join(&self, thread: libc::pthread_t) {
        // SAFETY: made by `start`, and joined once, because the caller gives it away.
        let failed = unsafe { libc::pthread_join(thread, ptr::null_mut()) };
        assert!(failed == 0, "pthread_join answered {failed}");
    }
}

/// ntwait through handles; the gate is an event.
pub(crate) struct NtThreads(Arc<NtGate>);

struct NtGate {
    runtime: &'static Runtime,
    event: Handle,
    arrived: AtomicU32,
}

impl NtThreads {
    pub(crate) fn new(runtime: &'static Runtime, open: bool) -> Result<Self, String> {
        let (access, kind) = (AccessMask::EVENT_ALL_ACCESS, EventType::NOTIFICATION);
        let event = runtime.nt_create_event(access, ObjectAttributes::NONE, kind, open);
        let event = event.map_err(|status| format!("an event was refused: {status}"))?;
        Ok(Self(Arc::new(NtGate { runtime, event, arrived: AtomicU32::new(0) })))
    }
}

impl Drop for NtGate {
    fn drop(&mut self) {
        let _ = self.runtime.nt_close(self.event);
    }
}

extern "C" fn pass_as_nt(gate: *mut c_void) -> u32 {
    // SAFETY: `start` gave this thread a share.
    let gate = unsafe { Arc::from_raw(gate.cast::<NtGate>().cast_const()) };
    gate.arrived.fetch_add(1, Release);
    gate.runtime.nt_wait_for_single_object(gate.event, false, None).0
}

impl Threads for NtThreads {
    type Thread = Handle;

    fn start(&self) -> Result<Handle, String> {
        let share = Arc::into_raw(Arc::clone(&self.0));
        let made = self.0.runtime.nt_create_thread_ex(
            AccessMask::THREAD_ALL_ACCESS,
            ObjectAttributes::NONE,
            Handle::CURRENT_PROCESS,
            Some(StartRoutine::C(pass_as_nt)),
            share.cast_mut().cast(),
            CreateThreadFlags::empty(),
            0,
        );
        made.map_err(|status| {
            // SAFETY: there is no thread that would take it.
            drop(unsafe { Arc::from_raw(share) });
            format!("a thread was refused: {status}")
        })
    }

    fn arrived(&self) -> u32 {
        self.0.arrived.load(Acquire)
    }

    fn open(&self) {
        self.0.runtime.nt_set_event(self.0.event).expect("the gate's event is ours");
    }

    fn close(&self) {
        self.0.arrived.store(0, Relaxed);
        self.0.runtime.nt_reset_event(self.0.event).expect("the gate's event is ours");
    }

    fn join(&self, thread: Handle) {
        let ended = self.0.runtime.nt_wait_for_single_object(thread, false, None);
        assert!(ended == NtStatus::WAIT_0, "a wait for a thread answered {ended}");
        let closed = self.0.runtime.nt_close(thread);
        assert!(closed == NtStatus::SUCCESS, "close answered {closed}");
    }
}

#[cfg(test)]
mod tests {
    use super::super::{adaptive, pthread_backend, recycling};
    use super::*;

    fn pass(threads: &impl Threads, closed: &impl Threads) {
        let passes = threads.start().expect("a thread");
        threads.join(passes);
        assert_eq!(threads.arrived(), 1);
        let wait: Vec<_> = (0..3).map(|_| closed.start().expect("a thread")).collect();
        while closed.arrived() < 3 {
            std::thread::yield_now();
        }
        closed.open();
        wait.into_iter().for_each(|thread| closed.join(thread));
    }

    #[test]
    fn every_kind_passes_an_open_gate_and_waits_for_a_closed_one() {
        pass(&StdThreads::new(true), &StdThreads::new(false));
        pass(&Pthreads::new(true), &Pthreads::new(false));
        for runtime in [adaptive(), recycling(), pthread_backend()] {
            let make = |open| NtThreads::new(runtime, open).expect("an event");
            pass(&make(true), &make(false));
        }
        if cfg!(target_arch = "x86_64") {
            pass(&BareThreads::new(true), &BareThreads::new(false));
        }
    }
}
