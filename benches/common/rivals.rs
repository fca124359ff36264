//! The same event from different hands: ntwait through handles and typed, and what a Linux program has otherwise.
//!
//! Each peer comes in its best form. `E<AUTO>` and `E<MANUAL>` are two types, so that no peer pays for a choice at
//! run time that it would not make by itself.

use std::ops::Deref;
use std::sync::atomic::{AtomicU32, Ordering::SeqCst};
use std::sync::{Condvar, Mutex, MutexGuard, OnceLock, PoisonError};

use ntwait::{AccessMask, Event, EventType, Handle, NtStatus, ObjectAttributes, Runtime, WaitPolicy};
use rsevents::{AutoResetEvent, Awaitable, EventState, ManualResetEvent};
use rustix::thread::futex::{self, Flags};

/// One set releases one waiter, which consumes it.
pub(crate) const AUTO: bool = false;
/// A set stays until it is reset.
pub(crate) const MANUAL: bool = true;

/// An event, as everybody offers it.
pub(crate) trait Rival: Send + Sync + 'static {
    const NAME: &'static str;

    /// Clear.
    fn new() -> Self;
    fn set(&self);
    fn reset(&self);
    /// For ever.
    fn wait(&self);
    /// Polls; takes an auto-reset event that is set.
    fn try_wait(&self) -> bool;
}

/// `body::<E<KIND>>(arguments)` for each rival `E`.
macro_rules! every_rival {
    ($body:ident::<$kind:ident>($($argument:expr),*)) => {
        $body::<$crate::common::BareFutex<$kind>>($($argument),*);
        $body::<$crate::common::NtEvent<$kind>>($($argument),*);
        $body::<$crate::common::TypedEvent<$kind>>($($argument),*);
        $body::<$crate::common::RsEvent<$kind>>($($argument),*);
        $body::<$crate::common::Parking<$kind>>($($argument),*);
        $body::<$crate::common::StdEvent<$kind>>($($argument),*);
    };
}
pub(crate) use every_rival;

/// Keeps neighbours off each other's cache lines (two lines, because CPUs fetch them in pairs).
#[repr(align(128))]
#[derive(Default)]
pub(crate) struct Padded<T>(pub(crate) T);

impl<T> Deref for Padded<T> {
    type Target = T;
    fn deref(&self) -> &T {
        &self.0
    }
}

/// ntwait through handles; `SPIN` chooses between the process-wide runtime and one whose waits never spin.
pub(crate) struct NtEvent<const MANUAL: bool, const SPIN: bool = true> {
    runtime: &'static Runtime,
    handle: Handle,
}

impl<const MANUAL: bool, const SPIN: bool> NtEvent<MANUAL, SPIN> {
    pub(crate) fn handle(&self) -> Handle {
        self.handle
    }
}

/// A runtime whose waits sleep at once.
fn no_spin() -> &'static Runtime {
    static RUNTIME: OnceLock<&Runtime> = OnceLock::new();
    RUNTIME.get_or_init(|| {
        let runtime = Runtime::builder().wait_policy(WaitPolicy::NO_SPIN).build();
        runtime.expect("there is address space for a second runtime").leak()
    })
}

impl<const MANUAL: bool, const SPIN: bool> Rival for NtEvent<MANUAL, SPIN> {
    const NAME: &'static str = if SPIN { "ntwait handle" } else { "ntwait handle, no spin" };

    fn new() -> Self {
        let runtime = if SPIN { Runtime::global() } else { no_spin() };
        let kind = if MANUAL { EventType::NOTIFICATION } else { EventType::SYNCHRONIZATION };
        let handle = runtime.nt_create_event(AccessMask::EVENT_ALL_ACCESS, ObjectAttributes::NONE, kind, false);
        Self { runtime, handle: handle.expect("there is room for one more event") }
    }

    #[inline]
    fn set(&self) {
        if let Err(status) = self.runtime.nt_set_event(self.handle) {
            unexpected(status);
        }
    }

    #[inline]
    fn reset(&self) {
        if let Err(status) = self.runtime.nt_reset_event(self.handle) {
            unexpected(status);
        }
    }

    #[inline]
    fn wait(&self) {
        let status = self.runtime.nt_wait_for_single_object(self.handle, false, None);
        if status != NtStatus::WAIT_0 {
            unexpected(status);
        }
    }

    #[inline]
    fn try_wait(&self) -> bool {
        self.runtime.nt_wait_for_single_object(self.handle, false, Some(0)) == NtStatus::WAIT_0
    }
}

impl<const MANUAL: bool, const SPIN: bool> Drop for NtEvent<MANUAL, SPIN> {
    fn drop(&mut self) {
        let _ = self.runtime.nt_close(self.handle);
    }
}

#[cold]
fn unexpected(status: NtStatus) -> ! {
    panic!("ntwait answered {status}");
}

/// ntwait as Rust programs use it.
pub(crate) struct TypedEvent<const MANUAL: bool>(pub(crate) Event);

impl<const MANUAL: bool> Rival for TypedEvent<MANUAL> {
    const NAME: &'static str = "ntwait Event";

    fn new() -> Self {
        let event = if MANUAL { Event::manual_reset(false) } else { Event::auto_reset(false) };
        Self(event.expect("there is room for one more event"))
    }

    #[inline]
    fn set(&self) {
        self.0.set();
    }

    #[inline]
    fn reset(&self) {
        self.0.reset();
    }

    #[inline]
    fn wait(&self) {
        self.0.wait();
    }

    #[inline]
    fn try_wait(&self) -> bool {
        self.0.try_wait()
    }
}

/// The limit, not a product: a futex word and a count of its waiters. No handle, no order among waiters.
pub(crate) struct BareFutex<const MANUAL: bool> {
    state: AtomicU32,
    waiters: AtomicU32,
}

impl<const MANUAL: bool> BareFutex<MANUAL> {
    #[cold]
    fn sleep(&self) {
        // SeqCst: the count is seen before the kernel compares the word; pairs with the swap in `set`.
        self.waiters.fetch_add(1, SeqCst);
        let _ = futex::wait(&self.state, Flags::PRIVATE, 0, None);
        self.waiters.fetch_sub(1, SeqCst);
    }

    #[cold]
    fn wake(&self) {
        let _ = futex::wake(&self.state, Flags::PRIVATE, if MANUAL { i32::MAX as u32 } else { 1 });
    }
}

impl<const MANUAL: bool> Rival for BareFutex<MANUAL> {
    const NAME: &'static str = "bare futex";

    fn new() -> Self {
        Self { state: AtomicU32::new(0), waiters: AtomicU32::new(0) }
    }

    #[inline]
    fn set(&self) {
        self.state.swap(1, SeqCst);
        if self.waiters.load(SeqCst) != 0 {
            self.wake();
        }
    }

    #[inline]
    fn reset(&self) {
        self.state.swap(0, SeqCst);
    }

    #[inline]
    fn wait(&self) {
        while !self.try_wait() {
            self.sleep();
        }
    }

    #[inline]
    fn try_wait(&self) -> bool {
        self.state.load(SeqCst) != 0 && (MANUAL || self.state.swap(0, SeqCst) != 0)
    }
}

/// A flag in a `std::sync::Mutex` with a `Condvar`. The waiters are counted, because std's `notify` is a system call
/// even if there are none.
pub(crate) struct StdEvent<const MANUAL: bool> {
    flag: Mutex<Flag>,
    changed: Condvar,
}

#[derive(Default)]
struct Flag {
    set: bool,
    waiters: u32,
}

impl Flag {
    #[inline]
    fn take<const MANUAL: bool>(&mut self) -> bool {
        let was = self.set;
        self.set = was && MANUAL;
        was
    }
}

impl<const MANUAL: bool> StdEvent<MANUAL> {
    #[inline]
    fn flag(&self) -> MutexGuard<'_, Flag> {
        self.flag.lock().unwrap_or_else(PoisonError::into_inner)
    }

    #[cold]
    fn notify(&self) {
        if MANUAL { self.changed.notify_all() } else { self.changed.notify_one() }
    }
}

impl<const MANUAL: bool> Rival for StdEvent<MANUAL> {
    const NAME: &'static str = "std";

    fn new() -> Self {
        Self { flag: Mutex::default(), changed: Condvar::new() }
    }

    #[inline]
    fn set(&self) {
        let mut flag = self.flag();
        flag.set = true;
        let is_awaited = flag.waiters != 0;
        drop(flag);
        if is_awaited {
            self.notify();
        }
    }

    #[inline]
    fn reset(&self) {
        self.flag().set = false;
    }

    #[inline]
    fn wait(&self) {
        let mut flag = self.flag();
        while !flag.take::<MANUAL>() {
            flag.waiters += 1;
            flag = self.changed.wait(flag).unwrap_or_else(PoisonError::into_inner);
            flag.waiters -= 1;
        }
    }

    #[inline]
    fn try_wait(&self) -> bool {
        self.flag().take::<MANUAL>()
    }
}

/// A flag in a `parking_lot::Mutex` with a `Condvar`, whose `notify` is a load if nobody waits.
pub(crate) struct Parking<const MANUAL: bool> {
    set: parking_lot::Mutex<bool>,
    changed: parking_lot::Condvar,
}

impl<const MANUAL: bool> Rival for Parking<MANUAL> {
    const NAME: &'static str = "parking_lot";

    fn new() -> Self {
        Self { set: parking_lot::Mutex::new(false), changed: parking_lot::Condvar::new() }
    }

    #[inline]
    fn set(&self) {
        *self.set.lock() = true;
        if MANUAL {
            self.changed.notify_all();
        } else {
            self.changed.notify_one();
        }
    }

    #[inline]
    fn reset(&self) {
        *self.set.lock() = false;
    }

    #[inline]
    fn wait(&self) {
        let mut set = self.set.lock();
        while !*set {
            self.changed.wait(&mut set);
        }
        *set = MANUAL;
    }

    #[inline]
    fn try_wait(&self) -> bool {
        let mut set = self.set.lock();
        let was = *set;
        *set = was && MANUAL;
        was
    }
}

/// The crate `rsevents` as it is: both of its types, one byte each, of which the kind's is used.
pub(crate) struct RsEvent<const MANUAL: bool> {
    auto: AutoResetEvent,
    manual: ManualResetEvent,
}

macro_rules! rsevent {
    ($kind:ident, $field:ident) => {
        impl Rival for RsEvent<$kind> {
            const NAME: &'static str = "rsevents";

            fn new() -> Self {
                Self { auto: AutoResetEvent::new(EventState::Unset), manual: ManualResetEvent::new(EventState::Unset) }
            }

            #[inline]
            fn set(&self) {
                self.$field.set();
            }

            #[inline]
            fn reset(&self) {
                self.$field.reset();
            }

            #[inline]
            fn wait(&self) {
                self.$field.wait();
            }

            #[inline]
            fn try_wait(&self) -> bool {
                self.$field.wait0()
            }
        }
    };
}
rsevent!(AUTO, auto);
rsevent!(MANUAL, manual);
