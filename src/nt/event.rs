//! `NtCreateEvent` and what can be done to an event (E1–E32).

use super::access::AccessMask;
use super::attributes::ObjectAttributes;
use super::{answer, check_query};
use crate::handle::entry::{Entry, Handle};
use crate::objects::word::Word;
use crate::objects::{Birth, Kind, Misfit, Signal, event};
use crate::runtime::Runtime;
use crate::status::NtStatus;
use crate::traced::traced;
use crate::wait::Gone;
use crate::wait::signal::{self, Unsignaled};

/// `EVENT_TYPE`: what a satisfied wait does to an event (E1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(transparent)]
pub struct EventType(pub u32);

impl EventType {
    /// Manual reset: stays set until it is reset; a set releases everybody.
    pub const NOTIFICATION: Self = Self(0);
    /// Auto reset: each satisfied wait resets it; a set releases one.
    pub const SYNCHRONIZATION: Self = Self(1);
}

/// Of `EventBasicInformation`, the one class of [`Runtime::nt_query_event`].
const BASIC_INFORMATION_LENGTH: usize = 8;

impl From<Unsignaled> for NtStatus {
    fn from(refused: Unsignaled) -> Self {
        match refused {
            Unsignaled::Gone => Self::INVALID_HANDLE,
            Unsignaled::Misfit(Misfit::OverLimit) => Self::SEMAPHORE_LIMIT_EXCEEDED,
            Unsignaled::Misfit(Misfit::Stale) => Self::UNSUCCESSFUL, // an expiry, which no caller asks for
        }
    }
}

impl Runtime {
    /// `NtCreateEvent`: a new event and a handle to it. If there is one of that name, and the attributes have `OPENIF`: a handle
    /// to that one, whose type and state stay as they are (N1, E25); [`ObjectAttributes::or_open`] tells which it was.
    ///
    /// # Errors
    /// `INVALID_PARAMETER`: a type other than 0 and 1 (E1, E2), attributes that do not exist or exclude each other
    /// (H32). `PRIVILEGE_NOT_HELD`: a right or an attribute that needs a privilege.
    /// `INSUFFICIENT_RESOURCES`: the handle table is full, or the kernel has no memory.
    ///
    /// With a name also `OBJECT_NAME_COLLISION`: there is an event of that name, and no `OPENIF` (N2); and what
    /// [`nt_open_event`](Self::nt_open_event) can answer, except that the name may be new.
    pub fn nt_create_event(
        &self,
        access: AccessMask,
        attributes: ObjectAttributes<'_>,
        event_type: EventType,
        initial_state: bool,
    ) -> Result<Handle, NtStatus> {
        traced!(NtCreateEvent(access = (access, AccessMask::EVENT_ALL_ACCESS), attributes = attributes,
            event_type = event_type, initial_state = initial_state) -> handle,
            self.create_event(access, attributes, event_type, initial_state))
    }

    pub(crate) fn create_event(
        &self,
        access: AccessMask,
        attributes: ObjectAttributes<'_>,
        event_type: EventType,
        initial_state: bool,
    ) -> Result<Handle, NtStatus> {
        let manual_reset = match event_type {
            EventType::NOTIFICATION => true,
            EventType::SYNCHRONIZATION => false,
            _ => return Err(NtStatus::INVALID_PARAMETER),
        };
        let birth = Birth::plain(Kind::Event, event::flags(manual_reset), u32::from(initial_state));
        self.create_object(access, attributes, birth)
    }

    /// `NtOpenEvent`: a handle to the event of this name.
    ///
    /// # Errors
    /// In this order: `INVALID_PARAMETER`, attributes that do not exist or exclude each other (H32); `OBJECT_NAME_INVALID`,
    /// more than 65,532 bytes (N9). `INVALID_HANDLE`, `OBJECT_TYPE_MISMATCH`: a root that is no directory (N7).
    /// `OBJECT_PATH_SYNTAX_BAD`: a name without a root that does not begin with a backslash, or one with a root that does
    /// (N5). `OBJECT_PATH_NOT_FOUND`, `OBJECT_NAME_NOT_FOUND`: a directory or the event does not exist (N4);
    /// `OBJECT_NAME_INVALID`: a part of the path is empty (N6). `OBJECT_TYPE_MISMATCH`: that is something else (N3).
    /// `PRIVILEGE_NOT_HELD`: a right that needs a privilege (M30); `ACCESS_DENIED`: no right at all, or one that events do
    /// not have (H30, M29). And `INSUFFICIENT_RESOURCES`, `NO_MEMORY`.
    pub fn nt_open_event(&self, access: AccessMask, attributes: ObjectAttributes<'_>) -> Result<Handle, NtStatus> {
        traced!(NtOpenEvent(access = (access, AccessMask::EVENT_ALL_ACCESS), attributes = attributes) -> handle,
            self.open_object(Kind::Event, access, attributes))
    }

    /// `NtSetEvent`: sets the event and releases one waiter (auto reset) or all (manual reset). Returns the state
    /// before, 0 or 1 (E3); 0 if a waiter took it (E7).
    ///
    /// # Errors
    /// `INVALID_HANDLE`, `OBJECT_TYPE_MISMATCH`, `ACCESS_DENIED` without `EVENT_MODIFY_STATE`, in this order (H8).
    #[inline]
    pub fn nt_set_event(&self, event: Handle) -> Result<i32, NtStatus> {
        match self.set_idle_event(event) {
            Some(before) => Ok(before),
            None => self.set_event_slow(event),
        }
    }

    #[cold]
    #[inline(never)]
    fn set_event_slow(&self, event: Handle) -> Result<i32, NtStatus> {
        traced!(NtSetEvent(handle = event) -> previous_state, self.signal_event(event, Signal::Set))
    }

    /// `NtPulseEvent`: releases those who wait now, as a set would, and leaves the event clear (E6, E11), in one
    /// indivisible step. Returns the state before.
    ///
    /// # Errors
    /// As for [`nt_set_event`](Self::nt_set_event).
    pub fn nt_pulse_event(&self, event: Handle) -> Result<i32, NtStatus> {
        match self.change_idle_event(event, |word| word.with_state(true).with_state(false)) {
            Some(before) => Ok(i32::from(before.state())),
            None => self.pulse_event_slow(event),
        }
    }

    #[cold]
    #[inline(never)]
    fn pulse_event_slow(&self, event: Handle) -> Result<i32, NtStatus> {
        traced!(NtPulseEvent(handle = event) -> previous_state, self.signal_event(event, Signal::Pulse))
    }

    /// `NtResetEvent`: clears the event. Returns the state before.
    ///
    /// # Errors
    /// As for [`nt_set_event`](Self::nt_set_event).
    #[inline]
    pub fn nt_reset_event(&self, event: Handle) -> Result<i32, NtStatus> {
        match self.reset_idle_event(event) {
            Some(before) => Ok(before),
            None => self.reset_event_slow(event),
        }
    }

    #[cold]
    #[inline(never)]
    fn reset_event_slow(&self, event: Handle) -> Result<i32, NtStatus> {
        traced!(NtResetEvent(handle = event) -> previous_state, self.reset_event(event))
    }

    pub(crate) fn reset_event(&self, event: Handle) -> Result<i32, NtStatus> {
        let target = self.table().find(event, Kind::Event, Entry::MODIFY)?;
        state_before(signal::reset(target, self.home()))
    }

    /// `NtClearEvent`: clears the event, without saying what it was (E16).
    pub fn nt_clear_event(&self, event: Handle) -> NtStatus {
        traced!(NtClearEvent(handle = event), self.reset_event(event).err().unwrap_or(NtStatus::SUCCESS))
    }

    /// `NtSetEventBoostPriority`: sets an auto-reset event; threads have no NT priority to boost here (E30).
    /// A manual-reset event is refused with `INVALID_PARAMETER`.
    pub fn nt_set_event_boost_priority(&self, event: Handle) -> NtStatus {
        traced!(NtSetEventBoostPriority(handle = event), self.set_event_boost_priority(event))
    }

    fn set_event_boost_priority(&self, event: Handle) -> NtStatus {
        let target = match self.table().find(event, Kind::Event, Entry::MODIFY) {
            Ok(target) => target,
            Err(status) => return status,
        };
        match signal::settled_word(target, self.home()) {
            Ok(word) if word.has(Word::MANUAL) => NtStatus::INVALID_PARAMETER,
            Ok(_) => self.signal_event(event, Signal::Set).err().unwrap_or(NtStatus::SUCCESS),
            Err(Gone) => NtStatus::INVALID_HANDLE,
        }
    }

    /// `NtQueryEvent`, class 0: eight bytes, the type (`u32`, 0 manual, 1 auto) and the state (`i32`, 0 or 1), in
    /// the machine's byte order (E21). The class is checked first, then the length, then the handle (E20).
    pub fn nt_query_event(
        &self,
        event: Handle,
        class: u32,
        buffer: &mut [u8],
        return_length: Option<&mut u32>,
    ) -> NtStatus {
        traced!(
            NtQueryEvent(handle = event, class = class, length = buffer.len()),
            match check_query(class, &[BASIC_INFORMATION_LENGTH], buffer) {
                Err(status) => status,
                Ok(()) => answer(buffer, return_length, self.event_information(event)),
            }
        )
    }

    fn event_information(&self, event: Handle) -> Result<[u8; BASIC_INFORMATION_LENGTH], NtStatus> {
        let target = self.table().find(event, Kind::Event, Entry::QUERY)?;
        let word = signal::settled_word(target, self.home()).map_err(|Gone| NtStatus::INVALID_HANDLE)?;
        let event_type = if word.has(Word::MANUAL) { EventType::NOTIFICATION } else { EventType::SYNCHRONIZATION };
        let mut bytes = [0; BASIC_INFORMATION_LENGTH];
        bytes[..4].copy_from_slice(&event_type.0.to_ne_bytes());
        bytes[4..].copy_from_slice(&i32::from(word.state()).to_ne_bytes());
        Ok(bytes)
    }

    pub(crate) fn signal_event(&self, event: Handle, signal: Signal) -> Result<i32, NtStatus> {
        let target = self.table().find(event, Kind::Event, Entry::MODIFY)?;
        let before = signal::signal(target, signal, self.home())?;
        Ok(i32::from(before.state()))
    }

    /// Sets an event that nobody waits for. `None`: something is not as usual, or calls are to be reported.
    #[inline]
    pub(crate) fn set_idle_event(&self, event: Handle) -> Option<i32> {
        self.change_idle_event(event, |word| word.with_state(true)).map(|before| i32::from(before.state()))
    }

    /// Clears an event; as [`set_idle_event`](Self::set_idle_event).
    #[inline]
    pub(crate) fn reset_idle_event(&self, event: Handle) -> Option<i32> {
        self.change_idle_event(event, |word| word.with_state(false)).map(|before| i32::from(before.state()))
    }

    /// Changes an event that nobody waits for. `None`: something is not as usual; the slow path finds out what.
    #[inline]
    fn change_idle_event(&self, event: Handle, change: impl Fn(Word) -> Word) -> Option<Word> {
        let target = self.table().glance(event, Kind::Event, Entry::MODIFY)?;
        signal::change_idle(target, |word| Some(change(word)))
    }
}

fn state_before(word: Result<Word, Gone>) -> Result<i32, NtStatus> {
    match word {
        Ok(word) => Ok(i32::from(word.state())),
        Err(Gone) => Err(NtStatus::INVALID_HANDLE),
    }
}
