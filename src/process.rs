//! Other processes for Rust programs: they own their handle, and waits take references to them.

use crate::handle::entry::Handle;
use crate::runtime::Runtime;
use crate::status::NtStatus;
use crate::sys::clock::Timeout;
use crate::waitable::{Owned, Waitable};
use core::time::Duration;

/// A process: signalled when it has ended, for ever ([`Runtime::nt_open_process`]). It need not be a child, and one that is can still be
/// waited for by the program itself.
///
/// The methods panic only if somebody closed the object's handle behind its back.
///
/// ```
/// use ntwait::{Ended, Event, Process, wait_any};
/// use std::time::Duration;
///
/// let mut child = std::process::Command::new("sh").args(["-c", "exit 7"]).spawn()?;
/// let (stop, process) = (Event::manual_reset(false)?, Process::open(child.id())?);
/// assert_eq!(wait_any(&[&stop, &process], Duration::from_secs(5)), Ok(Ended::Object(1)));
/// assert_eq!(process.exit_code(), Ok(Some(7)));
/// assert_eq!(child.wait()?.code(), Some(7));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Process(Owned);

impl Process {
    /// The process to which Linux gave this number, in the process-wide runtime.
    ///
    /// # Errors
    /// As for [`Runtime::nt_open_process`].
    pub fn open(pid: u32) -> Result<Self, NtStatus> {
        Self::open_in(Runtime::try_global()?, pid)
    }

    /// The process to which Linux gave this number, in a runtime of the caller's.
    ///
    /// # Errors
    /// As for [`Runtime::nt_open_process`].
    pub fn open_in(runtime: &'static Runtime, pid: u32) -> Result<Self, NtStatus> {
        Ok(Self(Owned::new(runtime, runtime.open_process(pid)?)))
    }

    /// Its exit code, none while it runs: 0 to 255, or for one that a signal has ended 128 and the signal's number.
    ///
    /// # Errors
    /// `NOT_SUPPORTED`: it has ended, and the kernel does not tell how ([`Runtime::process_basic_information`]).
    pub fn exit_code(&self) -> Result<Option<u32>, NtStatus> {
        match self.0.runtime.get_exit_code_process(self.0.handle) {
            Err(NtStatus::NOT_SUPPORTED) => Err(NtStatus::NOT_SUPPORTED),
            answer => Ok(Some(self.0.sound(answer)).filter(|code| *code != NtStatus::PENDING.0)),
        }
    }

    /// Waits until it has ended, for ever.
    pub fn wait(&self) {
        let _ = self.0.wait(Timeout::Never);
    }

    /// Waits until it has ended, for so long. False: the time was up.
    #[must_use = "false means that it runs on"]
    pub fn wait_timeout(&self, timeout: Duration) -> bool {
        self.0.wait(Timeout::After(timeout))
    }

    /// Its handle, for the `nt_*` calls. It is closed when the object is dropped.
    #[must_use]
    pub fn handle(&self) -> Handle {
        self.0.handle
    }
}

impl Waitable for Process {
    fn handle(&self) -> Handle {
        self.0.handle
    }

    fn runtime(&self) -> &'static Runtime {
        self.0.runtime
    }
}
