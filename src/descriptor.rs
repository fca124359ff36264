//! Imported descriptors for Rust programs: they own their handle, and waits take references to them.

use crate::handle::entry::Handle;
use crate::nt::Interest;
use crate::runtime::Runtime;
use crate::status::NtStatus;
use crate::sys::clock::Timeout;
use crate::waitable::{Owned, Waitable};
use core::time::Duration;
use std::os::fd::AsFd;

/// A descriptor of the program's as something to wait for: signalled while it is ready, for everybody, and never taken
/// ([`Runtime::import_fd`]). It has a duplicate of the descriptor, and lives in a [`Runtime`] (the process-wide one, unless it is made
/// with [`Descriptor::new_in`]) until it is dropped.
///
/// The methods panic only if somebody closed the object's handle behind its back.
///
/// ```
/// use ntwait::{Descriptor, Ended, Event, wait_any};
/// use std::io::{Read, Write};
/// use std::os::unix::net::UnixStream;
/// use std::time::Duration;
///
/// let (mut here, mut there) = UnixStream::pair()?;
/// let (stop, readable) = (Event::manual_reset(false)?, Descriptor::readable(&here)?);
/// std::thread::scope(|scope| {
///     scope.spawn(|| there.write_all(b"!"));
///     assert_eq!(wait_any(&[&stop, &readable], Duration::from_secs(5)), Ok(Ended::Object(1)));
/// });
/// assert!(readable.is_ready());
/// here.read_exact(&mut [0])?;
/// assert!(!readable.is_ready());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Descriptor(Owned);

impl Descriptor {
    /// Ready when there is something to read, in the process-wide runtime.
    ///
    /// # Errors
    /// As for [`Runtime::import_fd`].
    pub fn readable(descriptor: impl AsFd) -> Result<Self, NtStatus> {
        Self::new_in(Runtime::try_global()?, descriptor, Interest::READABLE)
    }

    /// Ready when there is room to write, in the process-wide runtime.
    ///
    /// # Errors
    /// As for [`Runtime::import_fd`].
    pub fn writable(descriptor: impl AsFd) -> Result<Self, NtStatus> {
        Self::new_in(Runtime::try_global()?, descriptor, Interest::WRITABLE)
    }

    /// Ready for any of these things, in a runtime of the caller's.
    ///
    /// # Errors
    /// As for [`Runtime::import_fd`].
    pub fn new_in(runtime: &'static Runtime, descriptor: impl AsFd, interest: Interest) -> Result<Self, NtStatus> {
        Ok(Self(Owned::new(runtime, runtime.import_fd(descriptor, interest)?)))
    }

    /// Is it ready at this moment?
    #[must_use]
    pub fn is_ready(&self) -> bool {
        self.0.wait(Timeout::Poll)
    }

    /// Waits until it is ready, for ever.
    pub fn wait(&self) {
        let _ = self.0.wait(Timeout::Never);
    }

    /// Waits until it is ready, for so long. False: the time was up.
    #[must_use = "false means that it was not ready in time"]
    pub fn wait_timeout(&self, timeout: Duration) -> bool {
        self.0.wait(Timeout::After(timeout))
    }

    /// Its handle, for the `nt_*` calls. It is closed when the object is dropped.
    #[must_use]
    pub fn handle(&self) -> Handle {
        self.0.handle
    }
}

impl Waitable for Descriptor {
    fn handle(&self) -> Handle {
        self.0.handle
    }

    fn runtime(&self) -> &'static Runtime {
        self.0.runtime
    }
}
