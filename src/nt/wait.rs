//! `NtWaitForSingleObject`, `NtWaitForMultipleObjects`, `NtDelayExecution`, `NtYieldExecution` (W1–W48, D1–D6);
//! and the same waits for Rust callers, without NT's limit of 64.

use super::apc::deliver;
use crate::handle::entry::{Entry, Handle};
use crate::objects::Target;
use crate::objects::word::Word;
use crate::runtime::Runtime;
use crate::status::NtStatus;
use crate::sys::clock::Timeout;
use crate::traced::traced;
use crate::wait::take::{self, Seen, Taken};
use crate::wait::{self, Ended, Refused, Terms};
use crate::waiter::park::MAX_OBJECTS;
use crate::waiter::shield::ShieldedVec;

/// `WAIT_TYPE`: all objects together or the first of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(transparent)]
pub struct WaitType(pub u32);

impl WaitType {
    /// Wait until all are signalled at the same moment, and take all of them.
    pub const ALL: Self = Self(0);
    /// Wait until one is signalled, and take the first that is.
    pub const ANY: Self = Self(1);
}

/// What is asked of a wait, apart from the objects.
#[derive(Clone, Copy)]
struct How {
    wait_type: WaitType,
    alertable: bool,
    timeout: Timeout,
}

const MAXIMUM_WAIT_OBJECTS: usize = Runtime::MAXIMUM_WAIT_OBJECTS;

impl Runtime {
    /// So many objects are the most for [`nt_wait_for_multiple_objects`](Self::nt_wait_for_multiple_objects).
    pub const MAXIMUM_WAIT_OBJECTS: usize = 64;
    /// So many are the most for [`wait_any`](Self::wait_any) and [`wait_all`](Self::wait_all): 1,048,576.
    pub const MOST_WAIT_OBJECTS: usize = MAX_OBJECTS;

    /// `NtWaitForSingleObject`. The time-out is in units of 100 ns: none is for ever, 0 a poll, negative relative
    /// to now, positive an absolute UTC time since 1601 (D1).
    ///
    /// Answers `WAIT_0`, `ABANDONED_WAIT_0`, `TIMEOUT`, and if `alertable` also `ALERTED` or, after it has called all
    /// APCs that were queued (A3), `USER_APC`; or
    /// `INVALID_HANDLE`, or `ACCESS_DENIED` without `SYNCHRONIZE` (W33); `MUTANT_LIMIT_EXCEEDED` (M12).
    #[inline(always)] // a wait that ends at once is a few instructions in the caller
    pub fn nt_wait_for_single_object(&self, object: Handle, alertable: bool, timeout: Option<i64>) -> NtStatus {
        self.take_now(object, timeout == Some(0) && !alertable)
            .unwrap_or_else(|| self.wait_slow(object, alertable, timeout))
    }

    #[cold]
    #[inline(never)]
    fn wait_slow(&self, object: Handle, alertable: bool, timeout: Option<i64>) -> NtStatus {
        traced!(NtWaitForSingleObject(handle = object, alertable = alertable, timeout = timeout) -> wait,
            self.wait_single(object, alertable, Timeout::from_nt(timeout)))
    }

    /// The same for Rust callers, not alertable.
    #[inline]
    pub(crate) fn wait_for(&self, object: Handle, timeout: Timeout) -> NtStatus {
        self.take_now(object, timeout.is_poll()).unwrap_or_else(|| self.wait_for_slow(object, timeout))
    }

    #[cold]
    #[inline(never)]
    fn wait_for_slow(&self, object: Handle, timeout: Timeout) -> NtStatus {
        traced!(NtWaitForSingleObject(handle = object, timeout = timeout) -> wait,
            self.wait_single(object, false, timeout))
    }

    /// The answer to a wait that ends at once: what is there needs nothing else, and an alertable wait prefers it to
    /// an alert anyway (W22). `None`: there is more to do, or calls are to be reported.
    #[inline(always)]
    pub(crate) fn take_now(&self, object: Handle, is_poll: bool) -> Option<NtStatus> {
        let target = self.table().glance_any(object, Entry::SYNCHRONIZE)?;
        match take::one(target) {
            Taken::Yes => Some(NtStatus::WAIT_0),
            Taken::Clear if is_poll => Some(NtStatus::TIMEOUT),
            Taken::Special => self.take_special_now(object, is_poll),
            _ => None,
        }
    }

    /// As [`take_now`](Self::take_now), for what is not told by bit 0 alone. What is to be asked for is left to who can queue (K3).
    #[inline(never)] // not in the way of the others
    fn take_special_now(&self, object: Handle, is_poll: bool) -> Option<NtStatus> {
        let target = self.table().glance_any(object, Entry::SYNCHRONIZE)?;
        if target.kind.may_be_asked() && !is_poll {
            return None;
        }
        match take::special(target, self.resident().known_owner(), self.home()) {
            Taken::Yes => Some(NtStatus::WAIT_0),
            Taken::Abandoned => Some(NtStatus::ABANDONED_WAIT_0),
            Taken::Clear if is_poll => Some(NtStatus::TIMEOUT),
            _ => None,
        }
    }

    pub(crate) fn wait_single(&self, object: Handle, alertable: bool, timeout: Timeout) -> NtStatus {
        let found = self.resolve_to_wait(object);
        let how = How { wait_type: WaitType::ANY, alertable, timeout };
        deliver(status_of(found.and_then(|target| self.run(&[target], how))))
    }

    /// `NtWaitForMultipleObjects` for 1 to 64 objects. Time-out and answers as for a single wait, with the position
    /// of the object added to `WAIT_0` or `ABANDONED_WAIT_0`; a wait-all answers the plain code (W14, W18).
    ///
    /// Further answers: `INVALID_PARAMETER_1` for a bad count (W1), `INVALID_PARAMETER_3` for a bad type (W2), the
    /// error of the first handle that is not good (W3), `INVALID_PARAMETER_MIX` for a wait-all that lists an object
    /// twice (W6). Pseudo handles are not taken (W29). Unless the wait succeeds, nothing is taken.
    pub fn nt_wait_for_multiple_objects(
        &self,
        objects: &[Handle],
        wait_type: WaitType,
        alertable: bool,
        timeout: Option<i64>,
    ) -> NtStatus {
        if wait_type == WaitType::ANY
            && let Some(ended) = self.take_first_now(objects, timeout == Some(0) && !alertable)
        {
            return status_of(Ok(ended));
        }
        traced!(NtWaitForMultipleObjects(handles = objects, wait_type = wait_type, alertable = alertable,
            timeout = timeout) -> wait,
            self.wait_for_multiple_objects(objects, wait_type, alertable, timeout))
    }

    fn wait_for_multiple_objects(
        &self,
        objects: &[Handle],
        wait_type: WaitType,
        alertable: bool,
        timeout: Option<i64>,
    ) -> NtStatus {
        if objects.is_empty() || objects.len() > MAXIMUM_WAIT_OBJECTS {
            return NtStatus::INVALID_PARAMETER_1;
        }
        if !matches!(wait_type, WaitType::ALL | WaitType::ANY) {
            return NtStatus::INVALID_PARAMETER_3;
        }
        let how = How { wait_type, alertable, timeout: Timeout::from_nt(timeout) };
        deliver(status_of(self.wait_on_stack(objects, how)))
    }

    /// The answer to a wait-any that ends at once, found without keeping anything (K1, K2). All handles are looked up
    /// before one object is taken (W4). `None`: something is not as usual, or there is nothing to take.
    fn take_first_now(&self, objects: &[Handle], is_poll: bool) -> Option<Ended> {
        if objects.is_empty() || objects.len() > MAXIMUM_WAIT_OBJECTS {
            return None;
        }
        let table = self.table();
        let mut slots = [0; MAXIMUM_WAIT_OBJECTS];
        let mut first = None;
        for (index, (object, slot)) in objects.iter().zip(&mut slots).enumerate() {
            let look = table.look(*object, Entry::SYNCHRONIZE)?;
            *slot = look.slot;
            if !look.is_clear && first.is_none() {
                first = Some((index, table.glance_any(*object, Entry::SYNCHRONIZE)?));
            }
        }
        let Some((index, target)) = first else {
            return is_poll.then_some(Ended::TimedOut);
        };
        let word = match take::look(target, 0) {
            Seen::Signaled(word) if !word.has(Word::SPECIAL) => word,
            _ => return None,
        };
        if !slots[..index].iter().all(|slot| table.is_clear(*slot)) {
            return None;
        }
        (take::as_seen(target, word)? == Taken::Yes).then_some(Ended::Object(index))
    }

    /// A wait for up to 64 objects, without an allocation.
    fn wait_on_stack(&self, objects: &[Handle], how: How) -> Result<Ended, NtStatus> {
        match objects.len() {
            1..=2 => self.wait_for_up_to::<2>(objects, how),
            3..=8 => self.wait_for_up_to::<8>(objects, how),
            9..=16 => self.wait_for_up_to::<16>(objects, how),
            _ => self.wait_for_up_to::<MAXIMUM_WAIT_OBJECTS>(objects, how),
        }
    }

    fn wait_for_up_to<const N: usize>(&self, objects: &[Handle], how: How) -> Result<Ended, NtStatus> {
        let Some(first) = objects.first() else {
            return Err(NtStatus::INVALID_PARAMETER_1);
        };
        let table = self.table();
        let mut targets = [table.find_any(*first, Entry::SYNCHRONIZE)?; N];
        for (target, object) in targets.iter_mut().zip(objects) {
            *target = match table.glance_any(*object, Entry::SYNCHRONIZE) {
                Some(found) => found,
                None => table.find_any(*object, Entry::SYNCHRONIZE)?,
            };
        }
        self.run(&targets[..objects.len()], how)
    }

    /// Waits until one of the objects is signalled and takes the first that is, with no limit of 64
    /// ([`MOST_WAIT_OBJECTS`](Self::MOST_WAIT_OBJECTS)). The list may name an object several times (W8). No objects and no
    /// time-out is an error, as it would never end.
    ///
    /// # Errors
    /// `INVALID_PARAMETER_1`: no objects, or too many. `INVALID_HANDLE`, `ACCESS_DENIED`: the first handle that is
    /// not good. `NO_MEMORY`: none left for so many objects.
    pub fn wait_any(&self, objects: &[Handle], timeout: Timeout) -> Result<Ended, NtStatus> {
        if let Some(ended) = self.take_first_now(objects, timeout.is_poll()) {
            return Ok(ended);
        }
        traced!(NtWaitForMultipleObjects(handles = objects, wait_type = WaitType::ANY, timeout = timeout) -> wait,
            self.wait_many(objects, WaitType::ANY, timeout))
    }

    /// Waits until all of the objects are signalled at one moment and takes them all, with no limit of 64. Success
    /// is `Object(0)`.
    ///
    /// # Errors
    /// As for [`wait_any`](Self::wait_any), and `INVALID_PARAMETER_MIX`: an object is listed twice.
    pub fn wait_all(&self, objects: &[Handle], timeout: Timeout) -> Result<Ended, NtStatus> {
        traced!(NtWaitForMultipleObjects(handles = objects, wait_type = WaitType::ALL, timeout = timeout) -> wait,
            self.wait_many(objects, WaitType::ALL, timeout))
    }

    fn wait_many(&self, objects: &[Handle], wait_type: WaitType, timeout: Timeout) -> Result<Ended, NtStatus> {
        let how = How { wait_type, alertable: false, timeout };
        match objects.len() {
            1..=MAXIMUM_WAIT_OBJECTS => self.wait_on_stack(objects, how),
            count if count == 0 || count > MAX_OBJECTS => Err(NtStatus::INVALID_PARAMETER_1),
            count => {
                let mut targets = ShieldedVec::with_capacity(count).ok_or(NtStatus::NO_MEMORY)?;
                for object in objects {
                    targets.push(self.table().find_any(*object, Entry::SYNCHRONIZE)?);
                }
                self.run(&targets, how)
            }
        }
    }

    /// `NtDelayExecution`: sleeps for the interval, in units of 100 ns: negative relative, positive until an
    /// absolute UTC time since 1601, 0 gives way to another thread (D6).
    ///
    /// Answers `SUCCESS` when the time is over (D5); `NO_YIELD_PERFORMED` is possible for 0; `ALERTED` and
    /// `USER_APC` if `alertable`.
    pub fn nt_delay_execution(&self, alertable: bool, interval: i64) -> NtStatus {
        traced!(NtDelayExecution(alertable = alertable, interval = interval), self.delay_execution(alertable, interval))
    }

    fn delay_execution(&self, alertable: bool, interval: i64) -> NtStatus {
        let how = How { wait_type: WaitType::ANY, alertable, timeout: Timeout::from_nt(Some(interval)) };
        match self.run(&[], how) {
            Ok(Ended::TimedOut) if interval == 0 => yield_execution(),
            Ok(Ended::TimedOut) => NtStatus::SUCCESS,
            ended => deliver(status_of(ended)),
        }
    }

    /// `NtYieldExecution`: lets another thread that is ready run. Linux does not say whether one was, so the answer
    /// is always `SUCCESS`, which NT gives if so (D11).
    pub fn nt_yield_execution(&self) -> NtStatus {
        traced!(NtYieldExecution(), yield_execution())
    }

    /// The terms of a wait for these objects: for mutants the thread's own number is needed.
    pub(super) fn terms(
        &self,
        targets: &[Target<'_>],
        alertable: bool,
        timeout: Timeout,
    ) -> Result<Terms<'_>, NtStatus> {
        let taker = self.resident().taker(targets)?;
        Ok(Terms { alertable, timeout, policy: self.wait_policy(), taker })
    }

    fn run(&self, targets: &[Target<'_>], how: How) -> Result<Ended, NtStatus> {
        let terms = self.terms(targets, how.alertable, how.timeout)?;
        let ended = match how.wait_type {
            WaitType::ANY => wait::any::wait(targets, &terms),
            _ => wait::all::wait(targets, &terms),
        };
        ended.map_err(NtStatus::from)
    }
}

fn yield_execution() -> NtStatus {
    crate::sys::cpu::yield_now();
    NtStatus::SUCCESS
}

impl From<Refused> for NtStatus {
    fn from(refused: Refused) -> Self {
        match refused {
            Refused::Gone => Self::INVALID_HANDLE,
            Refused::Duplicate => Self::INVALID_PARAMETER_MIX,
            Refused::NoMemory => Self::NO_MEMORY,
            Refused::TooDeep => Self::MUTANT_LIMIT_EXCEEDED,
        }
    }
}

/// NT's number for how a wait ended (C1).
#[inline]
pub(super) fn status_of(ended: Result<Ended, NtStatus>) -> NtStatus {
    match ended {
        Ok(Ended::Object(index)) => NtStatus(NtStatus::WAIT_0.0 + index as u32),
        Ok(Ended::Abandoned(index)) => NtStatus(NtStatus::ABANDONED_WAIT_0.0 + index as u32),
        Ok(Ended::Alerted) => NtStatus::ALERTED,
        Ok(Ended::Apc) => NtStatus::USER_APC,
        Ok(Ended::TimedOut) => NtStatus::TIMEOUT,
        Err(status) => status,
    }
}
