//! A runtime: one handle table, its objects, and how its waits behave.

mod process_wide;
mod residents;

use crate::handle::entry::{Entry, Handle, Pseudo};
use crate::handle::{Birth, Table};
use crate::objects::{Kind, Target};
use crate::status::NtStatus;
use crate::sys::cpu;
use crate::sys::region::OutOfMemory;
use crate::wait::WaitPolicy;
use core::fmt;
use residents::ResidentRef;

#[cfg(any(feature = "internals", ntwait_loom))]
pub(crate) use residents::end_current as end_thread_objects;

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
    /// It reserves address space, about 1.2 GB, and no memory; if address space is limited, it makes do with less
    /// and holds fewer handles.
    ///
    /// # Errors
    /// `INSUFFICIENT_RESOURCES`: not even room for a few thousand handles.
    pub fn new() -> Result<Self, NtStatus> {
        Self::builder().build()
    }

    /// A runtime with other settings.
    pub fn builder() -> RuntimeBuilder {
        RuntimeBuilder { policy: WaitPolicy::ADAPTIVE, max_handles: Entry::MAX_COUNT }
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

    /// Makes the runtime.
    ///
    /// # Errors
    /// `INSUFFICIENT_RESOURCES`: the kernel refuses the address space.
    pub fn build(self) -> Result<Runtime, NtStatus> {
        let table = Table::new(self.max_handles).map_err(|OutOfMemory| NtStatus::INSUFFICIENT_RESOURCES)?;
        // Asked here and not by the first wait: it reads a file.
        let policy = if cpu::is_single() { WaitPolicy::NO_SPIN } else { self.policy };
        let process = {
            let target = table.create_pinned(Birth::running(Kind::Process))?;
            (table.slot_index(target.slot), target.generation)
        };
        Ok(Runtime { resident: ResidentRef::new(table), policy, process })
    }
}

impl Birth {
    /// A process or thread that runs.
    pub(crate) const fn running(kind: Kind) -> Self {
        Self { kind, flags: kind.flags(), state: false }
    }
}
