//! `NtCreateKeyedEvent`, `NtWaitForKeyedEvent`, `NtReleaseKeyedEvent` (K1–K12).

use super::access::AccessMask;
use super::apc::deliver;
use super::attributes::ObjectAttributes;
use crate::handle::entry::{Entry, Handle};
use crate::objects::Kind;
use crate::objects::keyed_event::{self, Identity, Side};
use crate::runtime::Runtime;
use crate::status::NtStatus;
use crate::sys::clock::Timeout;
use crate::traced::traced;
use crate::wait::Until;
use crate::wait::lot::{self, Parked, Terms};
use crate::waiter::park::Heed;
use crate::waiter::record::NoMemory;
use crate::waiter::shield::Shield;

impl Runtime {
    /// `NtCreateKeyedEvent`: a new keyed event and a handle to it. It has no state: threads that wait for a key meet threads
    /// that release it.
    ///
    /// # Errors
    /// `INVALID_PARAMETER`: flags other than 0 (K9). What else, as for [`nt_create_event`](Self::nt_create_event).
    pub fn nt_create_keyed_event(
        &self,
        access: AccessMask,
        attributes: ObjectAttributes<'_>,
        flags: u32,
    ) -> Result<Handle, NtStatus> {
        traced!(NtCreateKeyedEvent(access = (access, AccessMask::KEYEDEVENT_ALL_ACCESS), attributes = attributes,
            flags = flags) -> handle,
            self.create_keyed_event(access, attributes, flags))
    }

    fn create_keyed_event(
        &self,
        access: AccessMask,
        attributes: ObjectAttributes<'_>,
        flags: u32,
    ) -> Result<Handle, NtStatus> {
        if flags != 0 {
            return Err(NtStatus::INVALID_PARAMETER);
        }
        self.create_object(access, attributes, keyed_event::birth())
    }

    /// `NtOpenKeyedEvent`: a handle to the keyed event of this name.
    ///
    /// # Errors
    /// As for [`nt_open_event`](Self::nt_open_event).
    pub fn nt_open_keyed_event(
        &self,
        access: AccessMask,
        attributes: ObjectAttributes<'_>,
    ) -> Result<Handle, NtStatus> {
        traced!(NtOpenKeyedEvent(access = (access, AccessMask::KEYEDEVENT_ALL_ACCESS), attributes = attributes) -> handle,
            self.open_object(Kind::KeyedEvent, access, attributes))
    }

    /// `NtWaitForKeyedEvent`: waits until another thread [releases](Self::nt_release_keyed_event) the key, an even number, of
    /// the same keyed event. Each wait meets one release, the first of those that wait (K5); neither is ever remembered (K4).
    /// [`Handle::NULL`] names a keyed event that every runtime has (K2).
    ///
    /// The time-out is in units of 100 ns, as for [`nt_wait_for_single_object`](Self::nt_wait_for_single_object).
    ///
    /// Answers `SUCCESS`; `TIMEOUT` (K6); if `alertable`, `ALERTED` or, after it has called all APCs that were queued,
    /// `USER_APC` (K7: so in Wine; where NT waits in kernel mode, an APC waits for the end of the call). Or, in this order,
    /// `INVALID_PARAMETER_1` for an odd key (K1); `INVALID_HANDLE`, `OBJECT_TYPE_MISMATCH`, `ACCESS_DENIED` without
    /// `KEYEDEVENT_WAIT` (K3); `NO_MEMORY`.
    pub fn nt_wait_for_keyed_event(
        &self,
        keyed_event: Handle,
        key: usize,
        alertable: bool,
        timeout: Option<i64>,
    ) -> NtStatus {
        traced!(
            NtWaitForKeyedEvent(handle = keyed_event, key = Address(key), alertable = alertable, timeout = timeout),
            deliver(self.meet((keyed_event, Entry::QUERY), (key, Side::Wait), alertable, timeout))
        )
    }

    /// `NtReleaseKeyedEvent`: releases a thread that [waits](Self::nt_wait_for_keyed_event) for the key, or waits until one
    /// does (K4).
    ///
    /// The time-out and the answers are those of the wait, with `ACCESS_DENIED` without `KEYEDEVENT_WAKE`.
    pub fn nt_release_keyed_event(
        &self,
        keyed_event: Handle,
        key: usize,
        alertable: bool,
        timeout: Option<i64>,
    ) -> NtStatus {
        traced!(
            NtReleaseKeyedEvent(handle = keyed_event, key = Address(key), alertable = alertable, timeout = timeout),
            deliver(self.meet((keyed_event, Entry::MODIFY), (key, Side::Release), alertable, timeout))
        )
    }

    fn meet(
        &self,
        (keyed_event, right): (Handle, u64),
        (key, side): (usize, Side),
        alertable: bool,
        timeout: Option<i64>,
    ) -> NtStatus {
        if !keyed_event::is_key(key) {
            return NtStatus::INVALID_PARAMETER_1;
        }
        let identity = match keyed_event {
            Handle::NULL => Identity::global(self.table()),
            handle => match self.table().find(handle, Kind::KeyedEvent, right) {
                Ok(target) => Identity::of(target),
                Err(status) => return status,
            },
        };
        let [mine, theirs] = identity.keys(key, side);
        let mut until = Until::new(Timeout::from_nt(timeout));
        let terms = Terms { heed: Heed::alertable(alertable), until: &mut until, token: 0 };
        match lot::meet(&mut Shield::raise(), mine, theirs, terms) {
            Ok(Parked::TimedOut) => NtStatus::TIMEOUT,
            Ok(Parked::Alerted) => NtStatus::ALERTED,
            Ok(Parked::Apc) => NtStatus::USER_APC,
            Ok(Parked::Released(_) | Parked::NotValid | Parked::Moved) => NtStatus::SUCCESS,
            Err(NoMemory) => NtStatus::NO_MEMORY,
        }
    }
}
