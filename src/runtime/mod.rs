//! A runtime: one handle table, its objects, and how its waits behave.

pub(crate) mod descriptors;
pub(crate) mod mirrors;
pub(crate) mod names;
mod process_wide;
#[cfg(not(ntwait_loom))]
pub(crate) mod registered;
pub(crate) mod residents;
#[cfg(not(ntwait_loom))]
pub(crate) mod roll;
pub(crate) mod service;
pub(crate) mod thread;
pub(crate) mod timers;

use crate::handle::Table;
use crate::handle::entry::{Entry, Handle, Pseudo};
use crate::objects::{Birth, Home, Kind, Target};
use crate::status::NtStatus;
use crate::sys::cpu;
use crate::threads::{Parking, ThreadBackend};
use crate::wait::WaitPolicy;
use crate::waiter::shield::Shield;
use core::fmt;
use core::time::Duration;
pub(crate) use residents::ResidentRef;
pub use thread::{CurrentThread, ThreadHook};

/// NT objects and the handles to them: what one Windows process has.
///
/// Everything takes `&self` and may be called from any thread, whoever created it. Runtimes do not know of each
/// other: a handle means something in the one that made it. Most programs want [`Runtime::global`].
///
/// ```
/// use ntwait::{AccessMask, EventType, NtStatus, ObjectAttributes, Runtime};
///
/// let nt = Runtime::new()?;
/// let event = nt.nt_create_event(
///     AccessMask::EVENT_ALL_ACCESS, ObjectAttributes::NONE, EventType::SYNCHRONIZATION, false)?;
/// std::thread::scope(|scope| {
///     scope.spawn(|| nt.nt_set_event(event));
///     assert_eq!(nt.nt_wait_for_single_object(event, false, None), NtStatus::WAIT_0);
/// });
/// assert_eq!(nt.nt_close(event), NtStatus::SUCCESS);
/// # Ok::<(), NtStatus>(())
/// ```
pub struct Runtime {
    resident: ResidentRef,
    policy: WaitPolicy,
    /// The slot and generation of the process object.
    process: (usize, u32),
}

impl Runtime {
    /// A runtime with room for 16,777,216 handles and the adaptive wait policy.
    ///
    /// It reserves address space, about 1.4 GB, and no memory; if address space is limited, it makes do with less
    /// and holds fewer handles.
    ///
    /// # Errors
    /// `INSUFFICIENT_RESOURCES`: not even room for a few thousand handles.
    pub fn new() -> Result<Self, NtStatus> {
        Self::builder().build()
    }

    /// A runtime with other settings.
    pub fn builder() -> RuntimeBuilder {
        RuntimeBuilder {
            policy: WaitPolicy::ADAPTIVE,
            max_handles: Entry::MAX_COUNT,
            threads: thread::Settings::default(),
        }
    }

    /// Keeps the runtime for the rest of the process, so that [`Event`](crate::Event)s can live in it.
    #[must_use]
    pub fn leak(self) -> &'static Self {
        Box::leak(Box::new(self))
    }

    /// How this runtime's waits spin: as asked for, or not at all on a machine with one CPU.
    #[must_use]
    pub fn wait_policy(&self) -> WaitPolicy {
        self.policy
    }

    #[inline]
    pub(crate) fn table(&self) -> &Table {
        self.resident.table()
    }

    /// Where the slots of objects that die go.
    #[inline]
    pub(crate) fn home(&self) -> &dyn Home {
        self.resident.home()
    }

    /// What lives on with the threads.
    pub(crate) fn resident(&self) -> &ResidentRef {
        &self.resident
    }

    /// Is this the object of this very process?
    pub(crate) fn is_own_process(&self, target: Target<'_>) -> bool {
        (self.table().slot_index(target.slot), target.generation) == self.process
    }

    /// The object of a pseudo handle: the process object, or the calling thread's.
    #[cold]
    pub(crate) fn resolve_pseudo(&self, handle: Handle) -> Result<Target<'_>, NtStatus> {
        match handle.pseudo() {
            Some(Pseudo::Process) => self.table().target_at(self.process, Kind::Process),
            Some(Pseudo::Thread) => self.resident.current_thread(),
            Some(Pseudo::Token) | None => Err(NtStatus::INVALID_HANDLE),
        }
    }
}

impl Drop for Runtime {
    fn drop(&mut self) {
        #[cfg(not(ntwait_loom))]
        registered::unregister_all(&self.resident);
        self.resident.let_go_of_all(); // residents.rs, D2
    }
}

impl fmt::Debug for Runtime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Runtime").field("policy", &self.policy).finish_non_exhaustive()
    }
}

/// Settings of a [`Runtime`].
#[derive(Clone, Copy, Debug)]
#[must_use]
pub struct RuntimeBuilder {
    policy: WaitPolicy,
    max_handles: usize,
    threads: thread::Settings,
}

impl RuntimeBuilder {
    /// How waits spin before they sleep. [`WaitPolicy::ADAPTIVE`] unless said otherwise.
    pub const fn wait_policy(mut self, policy: WaitPolicy) -> Self {
        self.policy = policy;
        self
    }

    /// Entries of the handle table, 4,096 to 16,777,216; less or more means the nearest of them. A freed entry
    /// rests until 1,057 others were freed, so a small table can refuse a creation a little early.
    pub const fn max_handles(mut self, count: u32) -> Self {
        self.max_handles = count as usize;
        self
    }

    /// How threads are made: see [`ThreadBackend`]. [`ThreadBackend::Auto`] unless said otherwise.
    pub const fn thread_backend(mut self, backend: ThreadBackend) -> Self {
        self.threads.backend = backend;
        self
    }

    /// How many threads that have ended may wait for the next one's birth, and for how long: it costs a fifth of making
    /// a new one. 8 and one second unless said otherwise; none at all for 0.
    pub const fn parked_threads(mut self, most: u32, idle: Duration) -> Self {
        let idle_ms = if idle.as_millis() < u32::MAX as u128 { idle.as_millis() as u32 } else { u32::MAX };
        self.threads.parked = Parking { most, idle_ms };
        self
    }

    /// Has this done on each thread of the runtime before anything else runs there: APCs come after it (A19).
    pub const fn on_thread_start(mut self, hook: ThreadHook) -> Self {
        self.threads.on_start = Some(hook);
        self
    }

    /// Has this done on each thread of the runtime that returns from its routine or exits, before thread-local
    /// destructors run. Not on one that is terminated (TH8).
    pub const fn on_thread_exit(mut self, hook: ThreadHook) -> Self {
        self.threads.on_exit = Some(hook);
        self
    }

    /// Makes the runtime.
    ///
    /// # Errors
    /// `INSUFFICIENT_RESOURCES`: the kernel refuses the address space.
    pub fn build(self) -> Result<Runtime, NtStatus> {
        let _shield = Shield::raise();
        #[cfg(all(feature = "trace", not(ntwait_loom)))]
        crate::trace::environment::begin();
        #[cfg(not(ntwait_loom))]
        crate::graph::environment::begin();
        let table = Table::new(self.max_handles)?;
        // Asked here and not by the first wait: it reads a file.
        let policy = if cpu::is_single() { WaitPolicy::NO_SPIN } else { self.policy };
        let process = {
            let target = table.create_pinned(Birth::running(Kind::Process, 0))?;
            (table.slot_index(target.slot), target.generation)
        };
        Ok(Runtime { resident: ResidentRef::new(table, self.threads)?, policy, process })
    }
}
