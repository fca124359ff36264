//! Objects that follow a descriptor: their birth, what the service thread does when it is ready, their end.
//!
//! The states are in objects/descriptor.rs; what happens to such an object is the same as to any other that somebody signals.
//!
//! F1  An object is pinned until its body knows of it: whoever gets at its handle finds it complete.
//! F2  An event refers to the object's runtime before it looks at the object, and does so under the watch's lock, where the body
//!     forgets the object when that dies or the runtime is dropped. So what it finds is there.
//! F3  In a child of `fork` there is no such object: the slots are wiped, and the descriptors stay open until it ends or becomes
//!     another program. It does not touch them, nor its parent's lookout.

#![allow(unsafe_code, reason = "refers to runtimes and slots that are named by their address")]

use super::residents::ResidentRef;
use super::service::{self, Key};
use crate::handle::Grant;
use crate::handle::entry::Handle;
use crate::objects::descriptor::{DescriptorBody, Followed};
use crate::objects::{Birth, Kind, Signal, Target};
use crate::status::NtStatus;
use crate::sys::source::{Source, Unusable};
#[cfg(not(ntwait_loom))]
use crate::wait::Gone;
use crate::wait::signal;
use crate::waiter::shield::Shield;
use core::ptr;

impl From<Unusable> for NtStatus {
    fn from(unusable: Unusable) -> Self {
        match unusable {
            Unusable::BadDescriptor => Self::INVALID_HANDLE,
            Unusable::NoProcess => Self::INVALID_CID,
            Unusable::TooManyDescriptors => Self::TOO_MANY_OPENED_FILES,
            Unusable::NoMemory => Self::INSUFFICIENT_RESOURCES,
            Unusable::Unsupported => Self::NOT_SUPPORTED,
            Unusable::Forbidden => Self::ACCESS_DENIED,
        }
    }
}

impl ResidentRef {
    /// A new object of this kind whose state is that of the source, and a handle to it.
    pub(crate) fn follow(
        &self,
        kind: Kind,
        grant: Grant,
        process: u32,
        source: impl FnOnce() -> Result<Source, Unusable>,
    ) -> Result<Handle, NtStatus> {
        let _shield = Shield::raise(); // the source is nobody's until it is the object's
        let source = source()?;
        let service = service::get().inspect_err(|_| {
            // SAFETY: nobody else knows of it.
            unsafe { source.close() };
        })?;
        let body = DescriptorBody::begin(source, service.lookout(), |body| Key::Descriptor(body).number())?;
        let birth = Birth::asked(kind, body.to_side());
        let target = self.table().create_pinned(birth).inspect_err(|_| body.end())?;
        body.follow(Followed {
            resident: ptr::from_ref(&**self).cast(),
            slot: target.slot,
            generation: target.generation,
            kind,
            process,
        });
        let handle = self.table().add_handle(target, grant);
        signal::unpin(target, self.home()); // F1; without a handle that is its end
        handle
    }
}

#[cfg(not(ntwait_loom))]
impl ResidentRef {
    /// Does something with the source of an object, if it has one, and the number of the process that it is. The object is pinned
    /// meanwhile, and with it the source stays open, but no lock is held.
    pub(crate) fn with_source<T>(
        &self,
        target: Target<'_>,
        work: impl FnOnce(Source, u32) -> T,
    ) -> Result<Option<T>, NtStatus> {
        if !target.kind.may_be_asked() {
            return Ok(None);
        }
        let _shield = Shield::raise();
        let found = signal::under_lock(target, self.home(), |held| {
            let body = DescriptorBody::of(held)?;
            held.pin();
            // SAFETY: the body of the object whose lock we hold.
            Some((body, unsafe { body.source() }))
        });
        let Some((body, source)) = found.map_err(|Gone| NtStatus::INVALID_HANDLE)? else {
            return Ok(None);
        };
        let done = work(source, body.process());
        signal::unpin(target, self.home());
        Ok(Some(done))
    }
}

/// The service thread is told that the source of the object with this body was ready.
pub(super) fn was_ready(body: u64) {
    let _shield = Shield::raise();
    // SAFETY: what was made the number of, for the lookout.
    let Some(body) = (unsafe { DescriptorBody::from_side(body) }) else {
        return;
    };
    let found = body.was_ready(|followed| {
        // SAFETY: F2.
        let resident = unsafe { ResidentRef::to(followed.resident.cast()) }?;
        Some((resident, *followed))
    });
    let Some((resident, followed)) = found else {
        return;
    };
    // SAFETY: a slot of this runtime, whose memory stays while we refer to it.
    if let Some(slot) = unsafe { followed.slot.as_ref() } {
        let target = Target { slot, generation: followed.generation, kind: followed.kind };
        let _ = signal::signal(target, Signal::Set, resident.home()); // it may have died
    }
}

/// An object has died, and its slot kept this.
pub(super) fn let_go(side: u64) {
    // SAFETY: what `follow` put there; the process object of a runtime keeps 0.
    if let Some(body) = unsafe { DescriptorBody::from_side(side) } {
        body.end();
    }
}

/// A model has no service thread: one of its own does what is to be done, until there is no more to come.
#[cfg(ntwait_loom)]
pub(crate) fn serve() {
    while let Some(number) = crate::sys::source::modelled::next_event() {
        if let Some(Key::Descriptor(body)) = Key::of(number) {
            was_ready(body);
        }
    }
}
