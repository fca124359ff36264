//! Threads of a model: the checker's, which end when their first function does.

use super::{BackendInUse, Job, Start, StartError, ThreadBackend};
use crate::sys::usage::Usage;
use loom::thread::JoinHandle;
use std::cell::{Cell, RefCell};
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

/// What unwinds a thread of a model that ends from within.
#[derive(Debug)]
enum End {
    Left,
    Abandoned,
}

struct Parcel(Job);

// SAFETY: a job is for another thread.
#[allow(unsafe_code, reason = "the job's data goes to its thread")]
unsafe impl Send for Parcel {}

std::thread_local! {
    // The threads of one model share one kernel thread.
    static STARTED: RefCell<Vec<JoinHandle<()>>> = const { RefCell::new(Vec::new()) };
    static REFUSED: Cell<bool> = const { Cell::new(false) };
}

#[allow(unsafe_code, reason = "runs the job")]
pub(crate) fn start(job: Job, _how: &Start) -> Result<(), StartError> {
    if REFUSED.get() {
        return Err(StartError::NoThread);
    }
    let parcel = Parcel(job);
    let started = loom::thread::spawn(move || {
        let Parcel(job) = { parcel };
        // SAFETY: run once, on the thread that was made for it.
        let end = catch_unwind(AssertUnwindSafe(|| unsafe { (job.run)(job.data) }));
        match end.map_err(|payload| payload.downcast::<End>()) {
            Ok(()) => {}
            Err(Ok(end)) if matches!(*end, End::Left) => {}
            Err(Ok(_)) => return,
            Err(Err(payload)) => resume_unwind(payload),
        }
        // SAFETY: once, on its thread, after run.
        unsafe { (job.finish)(job.data) }.pay();
    });
    STARTED.with_borrow_mut(|all| all.push(started));
    Ok(())
}

pub(crate) fn leave() -> ! {
    resume_unwind(Box::new(End::Left))
}

pub(crate) fn abandon() -> ! {
    resume_unwind(Box::new(End::Abandoned))
}

/// Returns when all threads have ended, with everything that they do after their objects were signalled.
pub(crate) fn join() {
    while let Some(thread) = STARTED.with_borrow_mut(Vec::pop) {
        let _ = thread.join();
    }
}

/// From now on no thread can be had; or again.
pub(crate) fn refuse(refused: bool) {
    REFUSED.set(refused);
}

pub(crate) fn in_use(_wanted: ThreadBackend) -> BackendInUse {
    BackendInUse::new(ThreadBackend::Pthread, "a model")
}

pub(crate) fn is_anyone_leaving() -> bool {
    false
}

pub(crate) fn kernel_id() -> u32 {
    1
}

pub(crate) fn used_before() -> Usage {
    Usage::default()
}

pub(crate) fn mark(_changed: u8, _used: Usage) {}

/// A model's own threads do what is to be done.
pub(crate) fn start_service(_name: &'static core::ffi::CStr, _serve: fn()) -> Result<(), StartError> {
    Ok(())
}

pub(crate) fn service_threads() -> u32 {
    0
}
