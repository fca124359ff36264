//! Handles of the model: existence is checked before the type, the type before the access (H8).

use ntwait::NtStatus;

use super::{Answer, Body, Flaw, Grant, Kind, Model, Object, Outcome, Rights};
use crate::oracle::op::Name;

impl Model {
    /// The object of a handle or pseudo handle.
    fn grant(&self, thread: usize, name: Name) -> Result<Grant, NtStatus> {
        match name {
            Name::Slot(slot) => self.slots[slot].ok_or(NtStatus::INVALID_HANDLE),
            Name::Null => Err(NtStatus::INVALID_HANDLE),
            Name::Myself => Ok(Grant { object: thread, rights: Rights::ALL }),
        }
    }

    /// The object, whatever it is and whatever the handle may do.
    pub(super) fn find_any(&self, thread: usize, name: Name) -> Result<usize, NtStatus> {
        self.grant(thread, name).map(|grant| grant.object)
    }

    /// The object of this kind, if the handle has the right.
    pub(super) fn find(
        &self,
        thread: usize,
        name: Name,
        kind: Kind,
        may: fn(Rights) -> bool,
    ) -> Result<usize, NtStatus> {
        let Grant { object, rights } = self.grant(thread, name)?;
        if self.kind(object) != kind {
            return Err(NtStatus::OBJECT_TYPE_MISMATCH);
        }
        if may(rights) { Ok(object) } else { Err(NtStatus::ACCESS_DENIED) }
    }

    /// The object to wait for: any kind will do, the handle must have `SYNCHRONIZE` (W33).
    pub(super) fn find_to_wait(&self, thread: usize, name: Name) -> Result<usize, NtStatus> {
        let Grant { object, rights } = self.grant(thread, name)?;
        if rights.wait { Ok(object) } else { Err(NtStatus::ACCESS_DENIED) }
    }

    /// Handles to the object. A thread has one more, by which it is known to those who run the history.
    pub(super) fn handles(&self, object: usize) -> u32 {
        let in_slots = self.slots.iter().flatten().filter(|grant| grant.object == object).count();
        in_slots as u32 + u32::from(self.kind(object) == Kind::Thread)
    }

    pub(super) fn count(&self, thread: usize, name: Name) -> Answer {
        self.find_any(thread, name).map(|object| self.handles(object).cast_signed()).into()
    }

    pub(super) fn create(&mut self, to: usize, body: Body) -> Outcome {
        self.objects.push(Object { body, queue: Vec::new() });
        self.open(to, self.objects.len() - 1, Rights::ALL)
    }

    pub(super) fn create_mutant(&mut self, thread: usize, to: usize, owned: bool) -> Outcome {
        let owner = owned.then_some(thread);
        let outcome = self.create(to, Body::Mutant { owner, depth: i32::from(owned), abandoned: false });
        if owned {
            self.threads[thread].owned.push(self.objects.len() - 1);
        }
        outcome
    }

    /// SE1.
    pub(super) fn create_semaphore(&mut self, to: usize, initial: i32, maximum: i32) -> Outcome {
        if maximum <= 0 || initial < 0 || initial > maximum {
            return NtStatus::INVALID_PARAMETER.into();
        }
        self.create(to, Body::Semaphore { count: initial, maximum })
    }

    pub(super) fn open(&mut self, to: usize, object: usize, rights: Rights) -> Outcome {
        self.slots[to] = Some(Grant { object, rights });
        NtStatus::SUCCESS.into()
    }

    /// Any rights can be had of an unnamed object (H21). Closing the source does not hurt a pseudo handle (H25).
    pub(super) fn duplicate(&mut self, thread: usize, from: Name, to: usize, rights: Rights, close: bool) -> Outcome {
        let Grant { object, rights: before } = match self.grant(thread, from) {
            Ok(grant) => grant,
            Err(status) => return status.into(),
        };
        if close && let Name::Slot(from) = from {
            self.slots[from] = None;
        }
        self.open(to, object, if self.has(Flaw::DuplicateKeepsRights) { before } else { rights })
    }

    /// Closing signals nothing and ends no wait (H10, W35). A pseudo handle cannot be closed (H5).
    pub(super) fn close(&mut self, name: Name) -> NtStatus {
        let Name::Slot(slot) = name else {
            return NtStatus::INVALID_HANDLE;
        };
        let Some(grant) = self.slots[slot].take() else {
            return NtStatus::INVALID_HANDLE;
        };
        if self.has(Flaw::LastCloseEndsWaits) && self.handles(grant.object) == 0 {
            while let Some(thread) = self.objects[grant.object].queue.first().copied() {
                self.release(thread, NtStatus::INVALID_HANDLE.into());
            }
        }
        NtStatus::SUCCESS
    }
}
