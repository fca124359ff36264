//! `RegisterWaitForSingleObject`, `UnregisterWait`, `UnregisterWaitEx` (T32, T33), and the same for closures.

use crate::handle::entry::{Entry, Handle};
use crate::objects::Kind;
use crate::runtime::Runtime;
use crate::runtime::registered::{self, Callback, Context, Runs, Ticket, Wanted, WhenDone};
use crate::runtime::residents::ResidentRef;
use crate::status::NtStatus;
use bitflags::bitflags;
use core::ffi::c_void;
use core::fmt;
use core::time::Duration;

/// What a registered wait calls: with the context it was registered with, and 1 if the time was up, 0 if the object was
/// signalled.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub enum WaitCallback {
    /// A function with the C calling convention of the platform.
    C(extern "C" fn(*mut c_void, u8)),
    /// A function with the Windows x64 calling convention.
    #[cfg(target_arch = "x86_64")]
    Win64(extern "win64" fn(*mut c_void, u8)),
}

impl WaitCallback {
    pub(crate) fn call(self, context: *mut c_void, timed_out: bool) {
        match self {
            Self::C(callback) => callback(context, timed_out.into()),
            #[cfg(target_arch = "x86_64")]
            Self::Win64(callback) => callback(context, timed_out.into()),
        }
    }
}

bitflags! {
    /// `WT_*`: where and how often a callback is called. None: in a worker thread of the library, whenever the wait ends.
    #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
    pub struct WaitFlags: u32 {
        /// `WT_EXECUTEINIOTHREAD`: as if it were not there.
        const IN_IO_THREAD = 0x1;
        /// `WT_EXECUTEINUITHREAD`: as if it were not there.
        const IN_UI_THREAD = 0x2;
        /// `WT_EXECUTEINWAITTHREAD`: in the thread that watches the objects, one callback after the other (T33). It should
        /// be short, as all other registered waits wait for it.
        const IN_WAIT_THREAD = 0x4;
        /// `WT_EXECUTEONLYONCE`: one callback and no more.
        const ONLY_ONCE = 0x8;
        /// `WT_EXECUTELONGFUNCTION`: the callback may take long; others do not wait for its worker.
        const LONG_FUNCTION = 0x10;
        /// `WT_EXECUTEINTIMERTHREAD`: as if it were not there.
        const IN_TIMER_THREAD = 0x20;
        /// `WT_EXECUTEINPERSISTENTIOTHREAD`: as if it were not there.
        const IN_PERSISTENT_IO_THREAD = 0x40;
        /// `WT_EXECUTEINPERSISTENTTHREAD`: as if it were not there.
        const IN_PERSISTENT_THREAD = 0x80;
        /// `WT_TRANSFER_IMPERSONATION`: as if it were not there.
        const TRANSFER_IMPERSONATION = 0x100;
        /// What `WT_SET_MAX_THREADPOOL_THREADS` puts there: as if it were not there.
        const MAX_THREADS = 0xFFFF_0000;
    }
}

impl WaitFlags {
    fn runs(self) -> Runs {
        if self.contains(Self::IN_WAIT_THREAD) {
            Runs::Serially
        } else if self.contains(Self::LONG_FUNCTION) {
            Runs::LongInWorker
        } else {
            Runs::InWorker
        }
    }
}

/// A registered wait: not a handle of the table, so not for `nt_close`, and never 0 but for none.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Default)]
#[repr(transparent)]
pub struct WaitHandle(pub u64);

impl WaitHandle {
    /// None.
    pub const NULL: Self = Self(0);

    fn new(ticket: Ticket) -> Self {
        Self(u64::from(ticket.life) << 32 | (u64::from(ticket.number) + 1) << 2)
    }

    fn ticket(self) -> Option<Ticket> {
        let number = (self.0 as u32 >> 2).checked_sub(1)?;
        (self.0 & 3 == 0).then_some(Ticket { number, life: (self.0 >> 32) as u32 })
    }
}

impl fmt::Debug for WaitHandle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "WaitHandle({:#x})", self.0)
    }
}

impl Runtime {
    /// `RegisterWaitForSingleObject`: has `callback` called with `context` whenever the object is signalled, or
    /// `milliseconds` have passed without (`u32::MAX`: never), until it is unregistered, or once.
    ///
    /// The registered wait stands in the object's queue like a thread and takes what a thread's wait would: for each
    /// callback one set of an auto-reset event, one of a semaphore's count. It waits again, with its full time-out, when the
    /// callback has returned, so callbacks of one registration never overlap; for a manual-reset event that stays set there
    /// is one after the other. Any number can be registered, and the object may be closed meanwhile.
    ///
    /// A callback must not unwind, and must not end its thread.
    ///
    /// # Errors
    /// `INVALID_HANDLE`, also for pseudo handles; `ACCESS_DENIED` without `SYNCHRONIZE`; `INVALID_PARAMETER`: no callback,
    /// unknown flags; `NOT_SUPPORTED` for a mutant, which no thread of the caller's would own; `NO_MEMORY`,
    /// `INSUFFICIENT_RESOURCES`: no memory, no thread, or more than 1,048,576 registered waits.
    pub fn register_wait_for_single_object(
        &self,
        object: Handle,
        callback: Option<WaitCallback>,
        context: *mut c_void,
        milliseconds: u32,
        flags: WaitFlags,
    ) -> Result<WaitHandle, NtStatus> {
        self.register_wait_for_single_object_telling(object, callback, context, milliseconds, flags, &|_| ())
    }

    /// As [`register_wait_for_single_object`](Self::register_wait_for_single_object), and tells the registered wait before
    /// anything is called, so that the first callback finds it where it was put.
    ///
    /// `tell` is called once at most, and not if there is an error, where the calling thread cannot be suspended or
    /// terminated: it should store what it is told and do nothing else.
    ///
    /// # Errors
    /// As for `register_wait_for_single_object`.
    pub fn register_wait_for_single_object_telling(
        &self,
        object: Handle,
        callback: Option<WaitCallback>,
        context: *mut c_void,
        milliseconds: u32,
        flags: WaitFlags,
        tell: &dyn Fn(WaitHandle),
    ) -> Result<WaitHandle, NtStatus> {
        let callback = Callback::Foreign(callback.ok_or(NtStatus::INVALID_PARAMETER)?, Context(context));
        let timeout = (milliseconds != u32::MAX).then(|| Duration::from_millis(milliseconds.into()));
        self.register(object, timeout, flags, callback, tell)
    }

    fn register(
        &self,
        object: Handle,
        timeout: Option<Duration>,
        flags: WaitFlags,
        callback: Callback,
        tell: &dyn Fn(WaitHandle),
    ) -> Result<WaitHandle, NtStatus> {
        if !WaitFlags::all().contains(flags) {
            return Err(NtStatus::INVALID_PARAMETER);
        }
        let target = self.table().find_any(object, Entry::SYNCHRONIZE)?;
        let once = flags.contains(WaitFlags::ONLY_ONCE);
        let wanted = Wanted { callback, timeout, once, runs: flags.runs() };
        let tell = |ticket| tell(WaitHandle::new(ticket));
        registered::register(self.resident(), target, wanted, &tell).map(WaitHandle::new)
    }

    /// `UnregisterWait`: no more callbacks, but for one that runs or for which the object has been taken already.
    ///
    /// Answers `SUCCESS`: there will be none; `PENDING`: there is one such (T32), as there is when it is called from the
    /// callback itself; `INVALID_HANDLE`: no registered wait of this runtime, or no longer (T32).
    pub fn unregister_wait(&self, wait: WaitHandle) -> NtStatus {
        self.unregister(wait, WhenDone::Nothing)
    }

    /// `UnregisterWaitEx`: as [`unregister_wait`](Self::unregister_wait), and says when the last callback is over. With
    /// [`Handle::NULL`] not at all. With `INVALID_HANDLE_VALUE`, which is −1, it waits for that, and answers `SUCCESS`; in
    /// the callback itself, and in any that runs in the wait thread, it does not wait, and answers `PENDING`. With an event
    /// it sets the event, at once if there is no callback.
    ///
    /// Answers as `unregister_wait`; for an event that is none, `INVALID_HANDLE`, `OBJECT_TYPE_MISMATCH`, or
    /// `ACCESS_DENIED` without `EVENT_MODIFY_STATE`: then nothing has changed.
    pub fn unregister_wait_ex(&self, wait: WaitHandle, completion: Handle) -> NtStatus {
        match completion {
            Handle::NULL => self.unregister(wait, WhenDone::Nothing),
            Handle::CURRENT_PROCESS => self.unregister(wait, WhenDone::Wait),
            event => match self.table().find(event, Kind::Event, Entry::MODIFY) {
                Ok(event) => self.unregister(wait, WhenDone::Set(event)),
                Err(status) => status,
            },
        }
    }

    fn unregister(&self, wait: WaitHandle, when_done: WhenDone<'_>) -> NtStatus {
        match wait.ticket() {
            Some(ticket) => registered::unregister(self.resident(), ticket, when_done),
            None => NtStatus::INVALID_HANDLE,
        }
    }

    /// Has a closure called whenever the object is signalled, or so much time has passed without (none: never); as
    /// [`register_wait_for_single_object`](Self::register_wait_for_single_object), for Rust programs. If the closure
    /// panics, it is not called again.
    ///
    /// ```
    /// use ntwait::{Event, Fired, Runtime, WaitFlags};
    ///
    /// let (event, done) = (Event::auto_reset(false)?, Event::auto_reset(false)?);
    /// let done_handle = done.handle();
    /// let wait = Runtime::global().register_wait(event.handle(), None, WaitFlags::empty(), move |fired| {
    ///     assert_eq!(fired, Fired::Object);
    ///     let _ = Runtime::global().nt_set_event(done_handle);
    /// })?;
    /// event.set();
    /// done.wait();
    /// drop(wait); // no more callbacks from here on
    /// # Ok::<(), ntwait::NtStatus>(())
    /// ```
    ///
    /// # Errors
    /// As for `register_wait_for_single_object`.
    pub fn register_wait(
        &self,
        object: Handle,
        timeout: Option<Duration>,
        flags: WaitFlags,
        mut closure: impl FnMut(Fired) + Send + 'static,
    ) -> Result<RegisteredWait, NtStatus> {
        let closure = {
            let _shield = crate::waiter::shield::Shield::raise(); // memory is asked for
            Box::new(move |timed_out| closure(if timed_out { Fired::TimedOut } else { Fired::Object }))
        };
        let wait = self.register(object, timeout, flags, Callback::Own(closure), &|_| ())?;
        Ok(RegisteredWait { resident: self.resident().clone(), wait })
    }
}

/// Why a closure is called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fired {
    /// The object was signalled, and was taken.
    Object,
    /// The time was up; nothing was taken.
    TimedOut,
}

/// A registered wait that is unregistered when this is dropped.
///
/// The drop waits for a callback that runs, or for which the object has been taken, so that the closure and what it owns
/// are gone after it. Only in a callback that runs in the wait thread, and in the closure itself, it does not wait.
#[must_use = "dropping it unregisters the wait"]
#[derive(Debug)]
pub struct RegisteredWait {
    resident: ResidentRef,
    wait: WaitHandle,
}

impl RegisteredWait {
    /// The wait, for the calls. It is unregistered when this is dropped.
    #[must_use]
    pub fn handle(&self) -> WaitHandle {
        self.wait
    }
}

impl Drop for RegisteredWait {
    fn drop(&mut self) {
        if let Some(ticket) = self.wait.ticket() {
            // An error means that somebody unregistered it before us, or that its runtime is gone.
            let _ = registered::unregister(&self.resident, ticket, WhenDone::Wait);
        }
    }
}
