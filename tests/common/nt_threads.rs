//! Threads of the library that run a closure, and APCs that leave a trace.
//!
//! What a thread's closure returns is its exit code; mostly that is the status of a wait.

#![allow(unsafe_code, reason = "threads with a parameter; ending them by force")]

use core::ffi::c_void;
use core::ptr::null_mut;
use core::sync::atomic::{AtomicBool, AtomicI32, AtomicU64, Ordering};
use std::sync::{Mutex, mpsc};
use std::time::Instant;

use ntwait::{
    AccessMask, ApcRoutine, CreateThreadFlags, DuplicateOptions, Handle, HandleAttributes, NtStatus, Ntdll, NtdllApi,
    ObjectAttributes, StartRoutine, Thread, ThreadBackend,
};

use super::threads::{LIMIT, Worker, all_threads, blocked_call, within};
use super::{FOREVER, Nt, POLL};

pub(crate) const STILL_ACTIVE: u32 = 259;
pub(crate) const ALL_RIGHTS: AccessMask = AccessMask::THREAD_ALL_ACCESS;
pub(crate) const ME: Handle = Handle::CURRENT_THREAD;

/// A thread of the library, known by its handle and, once it runs, by its kernel id.
#[derive(Clone, Copy)]
pub(crate) struct NtThread {
    pub(crate) nt: Nt,
    pub(crate) handle: Handle,
    tid: &'static AtomicI32,
}

struct Parcel<F> {
    body: F,
    tid: &'static AtomicI32,
}

/// Frees nothing: a thread that is killed inside the allocator leaves a lock of it behind, and others hang.
extern "C" fn run_parcel<F: FnOnce() -> u32>(parcel: *mut c_void) -> u32 {
    // SAFETY: made by `Nt::create` for this thread, which takes what it holds and leaves the memory.
    let Parcel { body, tid } = unsafe { parcel.cast::<Parcel<F>>().read() };
    tid.store(rustix::thread::gettid().as_raw_nonzero().get(), Ordering::Release);
    body()
}

impl Nt {
    #[track_caller]
    pub(crate) fn create<F: FnOnce() -> u32 + Send + 'static>(self, flags: CreateThreadFlags, body: F) -> NtThread {
        let tid: &'static AtomicI32 = Box::leak(Box::new(AtomicI32::new(0)));
        let parcel = Box::into_raw(Box::new(Parcel { body, tid }));
        let handle = self.nt_create_thread_ex(
            ALL_RIGHTS,
            ObjectAttributes::NONE,
            Handle::CURRENT_PROCESS,
            Some(StartRoutine::C(run_parcel::<F>)),
            parcel.cast(),
            flags,
            0,
        );
        NtThread { nt: self, handle: handle.expect("a thread"), tid }
    }

    #[track_caller]
    pub(crate) fn thread(self, body: impl FnOnce() -> u32 + Send + 'static) -> NtThread {
        self.create(CreateThreadFlags::empty(), body)
    }

    /// A thread that runs nothing until it is resumed.
    #[track_caller]
    pub(crate) fn suspended(self, body: impl FnOnce() -> u32 + Send + 'static) -> NtThread {
        self.create(CreateThreadFlags::CREATE_SUSPENDED, body)
    }

    /// A thread that has come to sleep in a wait.
    #[track_caller]
    pub(crate) fn blocked(self, body: impl FnOnce() -> u32 + Send + 'static) -> NtThread {
        let thread = self.thread(body);
        thread.assert_blocked();
        thread
    }

    /// Takes a mutant so many levels deep.
    #[track_caller]
    pub(crate) fn take(self, mutant: Handle, depth: i32) {
        (0..depth).for_each(|_| assert_eq!(self.one(mutant, POLL), NtStatus::WAIT_0));
        assert_eq!(self.look_mutant(mutant), self.mine(depth));
    }

    /// A thread that sleeps with the mutant in its hands, one level deep.
    #[track_caller]
    pub(crate) fn blocked_owner(self, mutant: Handle) -> NtThread {
        let clear = self.auto(false);
        self.blocked(move || {
            self.take(mutant, 1);
            self.one(clear, FOREVER).0
        })
    }

    /// Does the library notice when one of its threads leaves past it? Those that it makes by itself are watched.
    pub(crate) fn watches_its_threads(self) -> bool {
        self.thread_backend().backend() == ThreadBackend::Clone
    }

    /// A thread that has ended with this code.
    #[track_caller]
    pub(crate) fn dead(self, code: u32) -> NtThread {
        let thread = self.thread(move || code);
        assert_eq!(thread.end(), code);
        thread
    }

    /// A thread that std made, blocked in `body`, and a handle to it.
    #[track_caller]
    pub(crate) fn foreign<T: Send + 'static>(self, body: impl FnOnce() -> T + Send + 'static) -> (Worker<T>, Handle) {
        let (say, hear) = mpsc::channel();
        let worker = Worker::blocked(move || {
            say.send(self.myself()).expect("the test listens");
            body()
        });
        (worker, hear.recv().expect("the thread's handle"))
    }

    /// A real handle to the calling thread.
    #[track_caller]
    pub(crate) fn myself(self) -> Handle {
        self.duplicate(ME, ALL_RIGHTS).expect("a thread handle")
    }

    /// The same object with other rights.
    #[track_caller]
    pub(crate) fn with_rights(self, handle: Handle, access: AccessMask) -> Handle {
        let (me, none) = (Handle::CURRENT_PROCESS, HandleAttributes::empty());
        let weak = self.nt_duplicate_object(me, handle, me, access, none, DuplicateOptions::empty());
        weak.expect("a handle with fewer rights")
    }

    /// Every right but these.
    #[track_caller]
    pub(crate) fn without(self, handle: Handle, rights: AccessMask) -> Handle {
        self.with_rights(handle, ALL_RIGHTS - rights)
    }

    pub(crate) fn exit_code(self, thread: Handle) -> Result<u32, NtStatus> {
        Ntdll::on(self.0).nt_get_exit_code_thread(thread)
    }

    /// Terminates a thread that owns nothing on its stack that anybody else uses.
    pub(crate) fn kill(self, thread: Handle, code: u32) -> NtStatus {
        // SAFETY: the tests' threads lend nothing of their stacks.
        unsafe { self.nt_terminate_thread(thread, code) }
    }

    /// An alertable wait for one object.
    pub(crate) fn alertable(self, object: Handle, timeout: Option<i64>) -> NtStatus {
        self.nt_wait_for_single_object(object, true, timeout)
    }

    /// Has the thread note a number when it runs the APC.
    pub(crate) fn queue_note(self, thread: Handle, log: &'static Log, value: usize) -> NtStatus {
        let arguments =
            [core::ptr::from_ref(log).cast_mut().cast(), core::ptr::without_provenance_mut(value), null_mut()];
        self.nt_queue_apc_thread(thread, Some(ApcRoutine::C(note)), arguments)
    }

    /// Has the thread call this as an APC.
    pub(crate) fn queue_call(self, thread: Handle, call: impl FnOnce() + Send + 'static) -> NtStatus {
        let call: Box<Box<dyn FnOnce() + Send>> = Box::new(Box::new(call));
        let arguments = [Box::into_raw(call).cast(), null_mut(), null_mut()];
        self.nt_queue_apc_thread(thread, Some(ApcRoutine::C(run_call)), arguments)
    }
}

extern "C" fn note(log: *mut c_void, value: *mut c_void, _: *mut c_void) {
    // SAFETY: `queue_note` passes a log that lives for ever.
    unsafe { &*log.cast::<Log>() }.add(value.addr());
}

extern "C" fn run_call(call: *mut c_void, _: *mut c_void, _: *mut c_void) {
    // SAFETY: made by `queue_call`, and called once.
    let call: Box<Box<dyn FnOnce() + Send>> = unsafe { Box::from_raw(call.cast()) };
    call();
}

impl NtThread {
    /// Whether the thread sleeps in one and the same futex call for a moment: waiting, or suspended.
    pub(crate) fn is_blocked(&self) -> bool {
        self.blocked_call().is_some()
    }

    /// Its kernel id, once it runs.
    pub(crate) fn kernel_id(&self) -> i32 {
        self.tid.load(Ordering::Acquire)
    }

    fn blocked_call(&self) -> Option<String> {
        match self.tid.load(Ordering::Acquire) {
            0 => None,
            tid => blocked_call(tid),
        }
    }

    /// Suspends the thread, which waits, and returns when it has left its wait and stands still.
    #[track_caller]
    pub(crate) fn suspend_in_wait(&self) {
        self.assert_blocked();
        let waiting = self.blocked_call();
        assert_eq!(self.suspend(), 0);
        until("the thread stands still", || self.blocked_call().is_some_and(|call| Some(call) != waiting));
    }

    /// Resumes the thread and returns when it waits again.
    #[track_caller]
    pub(crate) fn resume_into_wait(&self) {
        self.assert_blocked();
        let standing = self.blocked_call();
        assert_eq!(self.resume(), 1);
        until("the thread waits again", || self.blocked_call().is_some_and(|call| Some(call) != standing));
        self.assert_blocked();
    }

    /// Returns when the thread sleeps in a futex; fails if it ends instead.
    #[track_caller]
    pub(crate) fn assert_blocked(&self) {
        let start = Instant::now();
        while !self.is_blocked() {
            assert!(!self.is_over(), "the thread should be blocked, but it has ended");
            assert!(start.elapsed() < LIMIT / 2, "the thread does not come to sleep:\n{}", all_threads());
        }
        assert!(!self.is_over());
    }

    /// Has it not even begun?
    pub(crate) fn has_run_nothing(&self) -> bool {
        self.tid.load(Ordering::Acquire) == 0
    }

    #[track_caller]
    pub(crate) fn is_over(&self) -> bool {
        match self.nt.one(self.handle, POLL) {
            NtStatus::WAIT_0 => true,
            NtStatus::TIMEOUT => false,
            status => panic!("{status}"),
        }
    }

    #[track_caller]
    pub(crate) fn code(&self) -> u32 {
        self.nt.exit_code(self.handle).expect("an exit code")
    }

    /// Waits for the end; returns the exit code.
    #[track_caller]
    pub(crate) fn end(&self) -> u32 {
        assert_eq!(self.nt.one(self.handle, FOREVER), NtStatus::WAIT_0);
        self.code()
    }

    /// Waits for the end and closes the handle; returns the exit code.
    #[track_caller]
    pub(crate) fn join(self) -> u32 {
        let code = self.end();
        self.nt.close(self.handle);
        code
    }

    #[track_caller]
    pub(crate) fn suspend(&self) -> u32 {
        self.nt.nt_suspend_thread(self.handle).expect("suspend")
    }

    #[track_caller]
    pub(crate) fn resume(&self) -> u32 {
        self.nt.nt_resume_thread(self.handle).expect("resume")
    }

    #[track_caller]
    pub(crate) fn kill(&self, code: u32) {
        assert_eq!(self.nt.kill(self.handle, code), NtStatus::SUCCESS);
    }
}

/// Numbers in the order in which they were added.
pub(crate) struct Log(Mutex<Vec<usize>>);

impl Log {
    pub(crate) fn new() -> &'static Log {
        Box::leak(Box::new(Log(Mutex::new(Vec::new()))))
    }

    pub(crate) fn add(&self, value: usize) {
        self.0.lock().expect("the log").push(value);
    }

    /// What was added since it was last asked for.
    pub(crate) fn take(&self) -> Vec<usize> {
        core::mem::take(&mut *self.0.lock().expect("the log"))
    }
}

/// A number that a thread raises without end, until it is told to stop.
pub(crate) struct Counter {
    count: AtomicU64,
    stop: AtomicBool,
}

impl Counter {
    pub(crate) fn new() -> &'static Counter {
        Box::leak(Box::new(Counter { count: AtomicU64::new(0), stop: AtomicBool::new(false) }))
    }

    pub(crate) fn run(&self) -> u32 {
        while !self.stop.load(Ordering::Relaxed) {
            self.count.fetch_add(1, Ordering::Relaxed);
        }
        7
    }

    pub(crate) fn stop(&self) {
        self.stop.store(true, Ordering::Relaxed);
    }

    pub(crate) fn count(&self) -> u64 {
        self.count.load(Ordering::Relaxed)
    }

    /// Returns when the number has grown.
    #[track_caller]
    pub(crate) fn assert_runs(&self) {
        let before = self.count();
        until("the thread runs", || self.count() > before);
    }

    /// Asserts that whoever raises it sleeps: `is_blocked` says that he does.
    #[track_caller]
    pub(crate) fn assert_stands(&self, is_blocked: impl Fn() -> bool) {
        until("the thread stands still", is_blocked);
        let before = self.count();
        std::thread::sleep(core::time::Duration::from_millis(1));
        assert_eq!(self.count(), before, "nothing runs in a thread that is suspended");
    }
}

/// Returns when this is so.
#[track_caller]
pub(crate) fn until(what: &str, so: impl Fn() -> bool) {
    let start = Instant::now();
    while !so() {
        assert!(start.elapsed() < LIMIT / 2, "not so: {what}\n{}", all_threads());
        std::thread::yield_now();
    }
}

/// Runs a test in a thread of std's and in one of the library's.
pub(crate) fn in_any_thread(body: fn(Nt)) {
    within(move || {
        let nt = Nt::new();
        body(nt);
        let thread = Thread::builder().runtime(nt.0).spawn(move || body(nt)).expect("a thread");
        if let Err(ntwait::JoinError::Panicked(panic)) = thread.join() {
            std::panic::resume_unwind(panic);
        }
    });
}
