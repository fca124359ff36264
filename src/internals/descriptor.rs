//! Descriptors of a model: they are ready when the model says so, and a thread of it does what the service thread does.
//! Natively they are eventfds, and the service thread does that itself.

use crate::handle::entry::Handle;
use crate::runtime::Runtime;

#[cfg(not(ntwait_loom))]
mod real {
    use super::{Handle, Runtime};
    use crate::nt::Interest;
    use rustix::event::{EventfdFlags, eventfd};
    use rustix::io;
    use std::os::fd::OwnedFd;

    /// A descriptor.
    #[derive(Debug)]
    pub struct Descriptor(OwnedFd);

    impl Descriptor {
        /// One that is not ready.
        pub fn new() -> Self {
            Self(eventfd(0, EventfdFlags::CLOEXEC | EventfdFlags::NONBLOCK).expect("a descriptor"))
        }

        /// An object that follows it.
        pub fn import(&self, runtime: &Runtime) -> Handle {
            runtime.import_fd(&self.0, Interest::READABLE).expect("a handle")
        }

        /// It is, or is not, ready from now on.
        pub fn set_ready(&self, is_ready: bool) {
            // Neither blocks: what is so already stays so.
            let _ = match is_ready {
                true => io::write(&self.0, &1_u64.to_ne_bytes()),
                false => io::read(&self.0, &mut [0; 8]),
            };
        }
    }

    pub fn serve() {}

    pub fn end_service() {}
}

#[cfg(ntwait_loom)]
mod modelled {
    use super::{Handle, Runtime};
    use crate::handle::Grant;
    use crate::handle::entry::Entry;
    use crate::nt::access::AccessMask;
    use crate::objects::Kind;
    use crate::runtime::descriptors;
    use crate::sys::source::{Source, modelled};

    #[derive(Debug)]
    pub struct Descriptor(Source);

    impl Descriptor {
        pub fn new() -> Self {
            Self(Source::new())
        }

        pub fn import(&self, runtime: &Runtime) -> Handle {
            let grant = Grant { mask: AccessMask::FILE_ALL_ACCESS.bits(), bits: Entry::SYNCHRONIZE };
            runtime.resident().follow(Kind::Descriptor, grant, 0, || Ok(self.0)).expect("a handle")
        }

        pub fn set_ready(&self, is_ready: bool) {
            self.0.set_ready(is_ready);
        }
    }

    pub fn serve() {
        descriptors::serve();
    }

    pub fn end_service() {
        modelled::end();
    }
}

#[cfg(ntwait_loom)]
pub use modelled::{Descriptor, end_service, serve};
#[cfg(not(ntwait_loom))]
pub use real::{Descriptor, end_service, serve};

impl Default for Descriptor {
    fn default() -> Self {
        Self::new()
    }
}
