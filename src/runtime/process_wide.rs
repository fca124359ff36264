//! The runtime of the process.
//!
//! A child of `fork` that uses the library starts with a fresh runtime of its own ([`PerProcess`]).

use super::Runtime;
use crate::status::NtStatus;
use crate::sys::atomic::process_static;
use crate::sys::per_process::PerProcess;
use crate::waiter::shield::Shield;

process_static! {
    fn process_wide() -> PerProcess<Runtime> = PerProcess::new()
}

impl Runtime {
    /// The process-wide runtime, made at first use and never dropped.
    ///
    /// # Errors
    /// `INSUFFICIENT_RESOURCES`: the kernel refuses the address space.
    #[inline]
    pub fn try_global() -> Result<&'static Self, NtStatus> {
        process_wide().known().map_or_else(Self::make_global, Ok)
    }

    #[cold]
    #[inline(never)]
    fn make_global() -> Result<&'static Self, NtStatus> {
        let _shield = Shield::raise();
        process_wide().get_or_try_make(Self::new)
    }

    /// As [`try_global`](Self::try_global), for programs that cannot do without.
    ///
    /// # Panics
    /// If the kernel refuses the address space.
    #[must_use]
    pub fn global() -> &'static Self {
        match Self::try_global() {
            Ok(runtime) => runtime,
            Err(status) => panic!("no address space for the process-wide runtime: {status}"),
        }
    }
}
