//! Threads that the library keeps for itself: the warden, and others that serve the layers above.
//!
//! V1  All signals are blocked in them: nobody stops or ends them.
//! V2  They are counted, so that the last thread of the program's own is known as such (TH5).

#![allow(unsafe_code, reason = "pthreads")]

use super::masked::Masked;
use super::world::World;
use super::{DEFAULT_STACK, StartError, launch};
use crate::sys::atomic::Ordering;
use crate::waiter::at_exit;
use core::ffi::{CStr, c_void};
use core::mem::MaybeUninit;

/// Bytes of stack, where only the library's own code runs.
const STACK: usize = 256 * 1024;

/// The routine of a thread.
type Routine = extern "C" fn(*mut c_void) -> *mut c_void;

/// Makes a thread that nobody joins. Signals are blocked, and so they are in the thread. The argument stays for ever.
pub(super) fn create(routine: Routine, argument: *mut c_void) -> Result<(), StartError> {
    create_with(STACK, routine, argument)
}

fn create_with(stack: usize, routine: Routine, argument: *mut c_void) -> Result<(), StartError> {
    let mut how = MaybeUninit::uninit();
    // SAFETY: a place for attributes.
    unsafe { libc::pthread_attr_init(how.as_mut_ptr()) };
    // SAFETY: made above.
    unsafe { libc::pthread_attr_setstacksize(how.as_mut_ptr(), stack) };
    // SAFETY: made above.
    unsafe { libc::pthread_attr_setdetachstate(how.as_mut_ptr(), libc::PTHREAD_CREATE_DETACHED) };
    let mut thread = MaybeUninit::<libc::pthread_t>::uninit();
    // SAFETY: the attributes are set, and the argument stays for ever.
    let answer = unsafe { libc::pthread_create(thread.as_mut_ptr(), how.as_ptr(), routine, argument) };
    // SAFETY: made above.
    unsafe { libc::pthread_attr_destroy(how.as_mut_ptr()) };
    if answer == 0 { Ok(()) } else { Err(StartError::NoThread) }
}

/// What a thread is made for.
struct Service {
    name: &'static CStr,
    serve: Box<dyn FnOnce() + Send>,
    world: &'static World,
}

/// Starts a thread that does this.
pub(crate) fn start_service(name: &'static CStr, serve: impl FnOnce() + Send + 'static) -> Result<(), StartError> {
    start_with(STACK, name, serve)
}

/// The same, of a thread in which callbacks of the user's run: its stack is as large as any other's.
pub(crate) fn start_worker(name: &'static CStr, serve: impl FnOnce() + Send + 'static) -> Result<(), StartError> {
    start_with(DEFAULT_STACK, name, serve)
}

fn start_with(stack: usize, name: &'static CStr, serve: impl FnOnce() + Send + 'static) -> Result<(), StartError> {
    let _masked = Masked::begin();
    let world = World::of_this_process()?;
    // So that the process does not outlive the program because of us.
    at_exit::at_exit_of_first(launch::first_has_left);
    world.helpers.fetch_add(1, Ordering::AcqRel);
    let service = Box::into_raw(Box::new(Service { name, serve: Box::new(serve), world }));
    create_with(stack, run, service.cast()).inspect_err(|_| {
        world.helpers.fetch_sub(1, Ordering::AcqRel);
        // SAFETY: there is no thread that it was made for.
        drop(unsafe { Box::from_raw(service) });
    })
}

extern "C" fn run(service: *mut c_void) -> *mut c_void {
    // SAFETY: what `start_service` passed, to this thread alone.
    let service = unsafe { Box::from_raw(service.cast::<Service>()) };
    let world = service.world;
    let _ = rustix::thread::set_name(service.name);
    (service.serve)();
    world.helpers.fetch_sub(1, Ordering::AcqRel);
    core::ptr::null_mut()
}
