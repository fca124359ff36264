//! Threads for Rust programs: they own their handle, return a value, and are waited for like any object.

#![allow(unsafe_code, reason = "hands a closure over to a thread and takes its result back")]

mod outcome;

use crate::handle::entry::Handle;
use crate::nt::access::AccessMask;
use crate::nt::{CreateThreadFlags, ObjectAttributes, information};
use crate::objects::thread::StartRoutine;
use crate::runtime::Runtime;
use crate::status::NtStatus;
use crate::sys::clock::Timeout;
#[cfg(not(ntwait_loom))]
use crate::sys::stack;
use crate::waitable::Waitable;
use crate::waiter::apc::{Apc, Routine};
use crate::waiter::goal;
use crate::waiter::shield::Shield;
use core::any::Any;
use core::ffi::c_void;
use core::fmt;
#[cfg(not(ntwait_loom))]
use core::ops::Range;
use outcome::Outcome;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

/// The exit code of a thread whose closure panicked, like that of a Rust process.
const PANICKED: u32 = 101;

/// The calling thread's stack as the C library knows it, from its lowest address to the one above it; `None` if it does not
/// say. A thread may be elsewhere: on a coroutine's stack, or on an alternate one of a signal handler.
///
/// For layers over this library that must know what stays mapped while a call lasts. It costs some system calls.
#[cfg(not(ntwait_loom))]
#[doc(hidden)]
pub fn current_stack() -> Option<Range<usize>> {
    let _shield = Shield::raise(); // the C library allocates
    stack::of_this_thread()
}

/// A thread, and the right to what its closure returns.
///
/// The thread lives in a [`Runtime`] (the process-wide one, unless the [builder](Thread::builder) is told otherwise). It
/// is an object like any other: it can be waited for, together with others, by any number of threads, and stays
/// signalled once it has ended. Dropping a `Thread` closes the handle and lets the thread run on.
///
/// To Rust's standard library it is a thread of somebody else: `std::thread::current()` works and has no name, and an
/// overflow of its stack is a plain fault. `pthread_exit` must not be called under the closure.
///
/// ```
/// use ntwait::{Ended, Event, Thread, wait_any};
/// use std::time::Duration;
///
/// let adder = Thread::spawn(|| 40 + 2)?;
/// let never = Event::manual_reset(false)?;
/// assert_eq!(wait_any(&[&never, &adder], Duration::from_secs(5)), Ok(Ended::Object(1)));
/// assert_eq!(adder.join().unwrap(), 42);
/// # Ok::<(), ntwait::NtStatus>(())
/// ```
pub struct Thread<T = ()> {
    runtime: &'static Runtime,
    handle: Handle,
    outcome: Outcome<T>,
}

/// Why a thread has no value to return.
pub enum JoinError {
    /// Its closure panicked with this.
    Panicked(Box<dyn Any + Send>),
    /// It was terminated, or exited, with this code.
    Ended(u32),
}

impl fmt::Debug for JoinError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl fmt::Display for JoinError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Panicked(payload) => {
                let text = payload.downcast_ref::<&str>().copied();
                let text = text.or_else(|| payload.downcast_ref::<String>().map(String::as_str));
                write!(f, "the thread panicked: {}", text.unwrap_or("(not a text)"))
            }
            Self::Ended(code) => write!(f, "the thread ended with exit code {code} and returned nothing"),
        }
    }
}

impl core::error::Error for JoinError {}

/// Settings of a [`Thread`].
#[derive(Clone, Copy, Debug, Default)]
#[must_use]
pub struct ThreadBuilder<'n> {
    runtime: Option<&'static Runtime>,
    stack_size: usize,
    suspended: bool,
    name: Option<&'n str>,
}

impl<'n> ThreadBuilder<'n> {
    /// The runtime that the thread and its handle belong to; the process-wide one unless said otherwise.
    pub const fn runtime(mut self, runtime: &'static Runtime) -> Self {
        self.runtime = Some(runtime);
        self
    }

    /// Bytes of stack, rounded up to pages and to 64 KiB at least; 0, the default, is 1 MiB.
    pub const fn stack_size(mut self, bytes: usize) -> Self {
        self.stack_size = bytes;
        self
    }

    /// The thread runs nothing until it is [resumed](Thread::resume).
    pub const fn suspended(mut self) -> Self {
        self.suspended = true;
        self
    }

    /// The thread's description, of which the kernel shows the first 15 bytes.
    pub const fn name(mut self, name: &'n str) -> Self {
        self.name = Some(name);
        self
    }

    /// Makes the thread.
    ///
    /// # Errors
    /// `NO_MEMORY`: no such stack. `INSUFFICIENT_RESOURCES`: too many threads or handles. `NOT_SUPPORTED`: the runtime
    /// was told to make threads in a way that is not possible here.
    pub fn spawn<T, F>(self, body: F) -> Result<Thread<T>, NtStatus>
    where
        T: Send + 'static,
        F: FnOnce() -> T + Send + 'static,
    {
        let runtime = match self.runtime {
            Some(runtime) => runtime,
            None => Runtime::try_global()?,
        };
        let outcome = Outcome::new();
        let parcel = Parcel { body, outcome: outcome.share() };
        let parcel = {
            let _shield = Shield::raise();
            Box::into_raw(Box::new(parcel))
        };
        // It has no name before it exists, and should run with it from the beginning.
        let stand_still = self.suspended || self.name.is_some();
        let flags = if stand_still { CreateThreadFlags::CREATE_SUSPENDED } else { CreateThreadFlags::empty() };
        let created = runtime.nt_create_thread_ex(
            AccessMask::THREAD_ALL_ACCESS,
            ObjectAttributes::NONE,
            Handle::CURRENT_PROCESS,
            Some(StartRoutine::C(begin::<T, F>)),
            parcel.cast(),
            flags,
            self.stack_size,
        );
        let handle = created.inspect_err(|_| {
            // SAFETY: there is no thread that would take it.
            drop(unsafe { Box::from_raw(parcel) });
        })?;
        let thread = Thread { runtime, handle, outcome };
        if let Some(name) = self.name {
            let _shield = Shield::raise();
            let name: Vec<u16> = name.encode_utf16().collect();
            let _ = runtime.set_thread_name(handle, &name);
        }
        if stand_still && !self.suspended {
            let _ = runtime.nt_resume_thread(handle);
        }
        Ok(thread)
    }
}

/// What a new thread unpacks.
struct Parcel<T, F> {
    body: F,
    outcome: Outcome<T>,
}

/// The first function of a thread with a closure, and the one that catches what unwinds it.
extern "C" fn begin<T, F>(parcel: *mut c_void) -> u32
where
    T: Send + 'static,
    F: FnOnce() -> T + Send + 'static,
{
    let Parcel { body, outcome } = {
        let _shield = Shield::raise();
        // SAFETY: made by `spawn` for this thread.
        *unsafe { Box::from_raw(parcel.cast::<Parcel<T, F>>()) }
    };
    let result = catch_unwind(AssertUnwindSafe(|| goal::reached_by(body)));
    match result {
        Ok(value) => {
            outcome.set(Ok(value));
            0
        }
        Err(payload) => match payload.downcast::<Exit>() {
            Ok(exit) => exit.0,
            Err(payload) => {
                outcome.set(Err(payload));
                PANICKED
            }
        },
    }
}

/// What unwinds a thread that exits from within.
struct Exit(u32);

/// Unwinds the calling thread to its end with this code, if it has a closure and all frames above permit it.
pub(crate) fn unwind(code: u32) {
    let exit: Box<dyn Any + Send> = {
        let _shield = Shield::raise(); // the walk may lock, the box allocates
        if !goal::get().is_some_and(can_unwind_to) {
            return;
        }
        Box::new(Exit(code))
    };
    resume_unwind(exit);
}

#[cfg(not(ntwait_loom))]
use crate::sys::frames::can_unwind_to;

#[cfg(ntwait_loom)]
fn can_unwind_to(_goal: usize) -> bool {
    false
}

impl Thread<()> {
    /// Settings for a thread, to be [spawned](ThreadBuilder::spawn) with them.
    pub fn builder<'n>() -> ThreadBuilder<'n> {
        ThreadBuilder::default()
    }

    /// Runs the closure in a new thread of the process-wide runtime.
    ///
    /// # Errors
    /// `NO_MEMORY`, `INSUFFICIENT_RESOURCES`: the system or the handle table has no room for a thread.
    pub fn spawn<T, F>(body: F) -> Result<Thread<T>, NtStatus>
    where
        T: Send + 'static,
        F: FnOnce() -> T + Send + 'static,
    {
        Self::builder().spawn(body)
    }
}

impl<T> Thread<T> {
    /// Waits for the thread to end and takes what its closure returned.
    ///
    /// # Errors
    /// [`JoinError`]: there is nothing to take.
    pub fn join(self) -> Result<T, JoinError> {
        let _ = self.runtime.wait_for(self.handle, Timeout::Never);
        match self.outcome.take() {
            Some(Ok(value)) => Ok(value),
            Some(Err(payload)) => Err(JoinError::Panicked(payload)),
            None => Err(JoinError::Ended(self.exit_code().unwrap_or(0))),
        }
    }

    /// Its exit code, once it has ended: 0 for a closure that returned, 101 for one that panicked.
    #[must_use]
    pub fn exit_code(&self) -> Option<u32> {
        let has_ended = self.runtime.wait_for(self.handle, Timeout::Poll) == NtStatus::WAIT_0;
        has_ended.then(|| self.basic_information().map_or(0, |basic| basic.exit_status))
    }

    /// Its NT thread id, a multiple of 4.
    #[must_use]
    pub fn id(&self) -> u32 {
        self.basic_information().map_or(0, |basic| basic.client.thread)
    }

    fn basic_information(&self) -> Result<information::Basic, NtStatus> {
        self.runtime.thread_basic_information(self.handle)
    }

    /// Makes it stand still; returns how often it was suspended before.
    ///
    /// # Errors
    /// As for [`Runtime::nt_suspend_thread`].
    pub fn suspend(&self) -> Result<u32, NtStatus> {
        self.runtime.nt_suspend_thread(self.handle)
    }

    /// Takes one suspension back; returns how many there were.
    ///
    /// # Errors
    /// As for [`Runtime::nt_resume_thread`].
    pub fn resume(&self) -> Result<u32, NtStatus> {
        self.runtime.nt_resume_thread(self.handle)
    }

    /// Ends its alertable wait, or its next one.
    ///
    /// # Errors
    /// As for [`Runtime::nt_alert_thread`].
    pub fn alert(&self) -> Result<(), NtStatus> {
        self.runtime.nt_alert_thread(self.handle).ok()
    }

    /// Has the thread run the closure when it next waits alertably. If it ends before that, the closure is dropped
    /// there; if it is terminated, the closure's memory is lost.
    ///
    /// # Errors
    /// As for [`Runtime::nt_queue_apc_thread`].
    pub fn queue_apc(&self, call: impl FnOnce() + Send + 'static) -> Result<(), NtStatus> {
        let mut call = Some(call);
        let call = {
            let _shield = Shield::raise();
            let once = move || {
                if let Some(call) = call.take() {
                    call();
                }
            };
            let call: Call = Box::new(Box::new(once));
            Box::into_raw(call)
        };
        let arguments = [call.cast(), core::ptr::null_mut(), core::ptr::null_mut()];
        let apc = Apc { routine: Routine::Own(run_call), arguments, discard: Some(discard_call) };
        self.runtime.queue_apc(self.handle, apc)
    }

    /// Ends the thread with this code, wherever it is.
    ///
    /// # Errors
    /// As for [`Runtime::nt_terminate_thread`].
    ///
    /// # Safety
    /// As for [`Runtime::nt_terminate_thread`].
    pub unsafe fn terminate(&self, exit_code: u32) -> Result<(), NtStatus> {
        // SAFETY: the caller's promise.
        unsafe { self.runtime.nt_terminate_thread(self.handle, exit_code) }.ok()
    }

    /// Its handle, for the `nt_*` calls. It is closed when the thread is dropped or joined.
    #[must_use]
    pub fn handle(&self) -> Handle {
        self.handle
    }
}

#[allow(clippy::redundant_allocation, reason = "a thin pointer to a wide one")]
type Call = Box<Box<dyn FnMut() + Send>>;

fn run_call([call, ..]: [*mut c_void; 3]) {
    // SAFETY: made by `queue_apc`, and called once.
    let mut call: Call = unsafe { Box::from_raw(call.cast()) };
    call();
    let _shield = Shield::raise();
    drop(call); // empty
}

fn discard_call([call, ..]: [*mut c_void; 3]) {
    // SAFETY: made by `queue_apc`, and discarded instead of called.
    let call: Call = unsafe { Box::from_raw(call.cast()) };
    drop(call);
}

impl<T> Drop for Thread<T> {
    fn drop(&mut self) {
        // An error means that somebody closed it before us, or protects it; then it is theirs.
        let _ = self.runtime.nt_close(self.handle);
    }
}

impl<T> fmt::Debug for Thread<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Thread").field("handle", &self.handle).finish_non_exhaustive()
    }
}

impl<T> Waitable for Thread<T> {
    fn handle(&self) -> Handle {
        self.handle
    }

    fn runtime(&self) -> &'static Runtime {
        self.runtime
    }
}
