//! What changes the model's objects and alerts its threads.

use ntwait::NtStatus;

use super::{Answer, Body, Flaw, Kind, Model, Outcome, Rights, Thread};
use crate::oracle::op::{Change, Due, Name};

impl Model {
    /// Set, reset and pulse tell the state before (E3); the other two only whether they were done (E16, E30).
    pub(super) fn change_event(&mut self, thread: usize, change: Change, name: Name) -> Outcome {
        let object = match self.find(thread, name, Kind::Event, |rights| rights.modify) {
            Ok(object) => object,
            Err(status) => return status.into(),
        };
        if change == Change::Boost && matches!(self.objects[object].body, Body::Event { manual: true, .. }) {
            return NtStatus::INVALID_PARAMETER.into(); // E30
        }
        let before = self.change(object, change);
        match change {
            Change::Set | Change::Reset | Change::Pulse => Answer::Was(before).into(),
            Change::Clear | Change::Boost => NtStatus::SUCCESS.into(),
        }
    }

    /// Returns the state before. Who waits is served while the event is set; a pulse leaves it clear in any case (E6, E11).
    fn change(&mut self, object: usize, change: Change) -> i32 {
        let before = self.is_set(object);
        self.put(object, matches!(change, Change::Set | Change::Pulse | Change::Boost));
        self.settle(object);
        if change == Change::Pulse && !self.has(Flaw::PulseStays) {
            self.put(object, false);
        }
        i32::from(before)
    }

    fn is_set(&self, object: usize) -> bool {
        matches!(self.objects[object].body, Body::Event { set: true, .. } | Body::Timer { set: true, .. })
    }

    fn put(&mut self, object: usize, state: bool) {
        if let Body::Event { set, .. } | Body::Timer { set, .. } = &mut self.objects[object].body {
            *set = state;
        }
    }

    /// Tells the state before (T7). What is due later is not signalled until then (T4), what is due already is signalled at once (T3).
    pub(super) fn set_timer(&mut self, thread: usize, name: Name, due: Due) -> Result<i32, NtStatus> {
        let object = self.find(thread, name, Kind::Timer, |rights| rights.modify)?;
        let before = self.is_set(object);
        self.put(object, due == Due::Past);
        self.settle(object);
        Ok(i32::from(before))
    }

    /// Tells the state and leaves it (T6).
    pub(super) fn cancel_timer(&self, thread: usize, name: Name) -> Result<i32, NtStatus> {
        self.find(thread, name, Kind::Timer, |rights| rights.modify).map(|object| i32::from(self.is_set(object)))
    }

    /// No right is needed (M7). The count before, which is 1 less the depth (M3); the owner alone releases (M4).
    pub(super) fn release_mutant(&mut self, thread: usize, name: Name) -> Result<i32, NtStatus> {
        let object = self.find(thread, name, Kind::Mutant, |_| true)?;
        self.release_mutant_object(thread, object)
    }

    fn release_mutant_object(&mut self, thread: usize, object: usize) -> Result<i32, NtStatus> {
        let Body::Mutant { owner, depth, abandoned } = &mut self.objects[object].body else {
            return Err(NtStatus::OBJECT_TYPE_MISMATCH);
        };
        if *owner != Some(thread) {
            return Err(if *abandoned { NtStatus::ABANDONED } else { NtStatus::MUTANT_NOT_OWNED }); // M5
        }
        let before = 1 - *depth;
        *depth -= 1;
        if *depth == 0 {
            *owner = None;
            self.threads[thread].owned.retain(|owned| *owned != object);
            if !self.has(Flaw::MutantIsNotHandedOver) {
                self.settle(object); // M10
            }
        }
        Ok(before)
    }

    /// The count is checked before the handle (SE3, SE4).
    pub(super) fn release_semaphore(&mut self, thread: usize, name: Name, more: i32) -> Result<i32, NtStatus> {
        if more <= 0 {
            return Err(NtStatus::INVALID_PARAMETER);
        }
        let object = self.find(thread, name, Kind::Semaphore, |rights| rights.modify)?;
        self.release_semaphore_object(object, more)
    }

    /// Judged without regard to who waits (SE11), also where the sum would wrap (SE6); nothing changes beyond the limit (SE5).
    fn release_semaphore_object(&mut self, object: usize, more: i32) -> Result<i32, NtStatus> {
        let beyond = i32::from(self.has(Flaw::LimitOffByOne));
        let Body::Semaphore { count, maximum } = &mut self.objects[object].body else {
            return Err(NtStatus::OBJECT_TYPE_MISMATCH);
        };
        let before = *count;
        match count.checked_add(more) {
            Some(sum) if sum <= maximum.saturating_add(beyond) => *count = sum,
            _ => return Err(NtStatus::SEMAPHORE_LIMIT_EXCEEDED),
        }
        self.settle(object);
        Ok(before)
    }

    /// Whether signal-and-wait can signal this: an event, a mutant or a semaphore (S2), if the handle has the right, which a mutant does
    /// not need (S3).
    pub(super) fn check_signal(&self, thread: usize, name: Name) -> Result<usize, NtStatus> {
        let kind = self.kind(self.find_any(thread, name)?);
        if !matches!(kind, Kind::Event | Kind::Mutant | Kind::Semaphore) {
            return Err(NtStatus::OBJECT_TYPE_MISMATCH);
        }
        let may = if kind == Kind::Mutant { |_| true } else { |rights: Rights| rights.modify };
        self.find(thread, name, kind, may)
    }

    /// The first half of signal-and-wait: set, release once, release one.
    pub(super) fn signal(&mut self, thread: usize, object: usize) -> Result<(), NtStatus> {
        match self.kind(object) {
            Kind::Event => Ok(self.change(object, Change::Set)),
            Kind::Mutant => self.release_mutant_object(thread, object),
            _ => self.release_semaphore_object(object, 1),
        }
        .map(drop)
    }

    /// The end of a thread: its wait is gone, its APCs are dropped (A20), its mutants are abandoned one after the other (M14, M18),
    /// and only then is it signalled (M19).
    pub(super) fn end(&mut self, thread: usize) {
        if self.threads[thread].has_ended {
            return;
        }
        self.unlink(thread);
        let Thread { owned, .. } = core::mem::take(&mut self.threads[thread]);
        self.threads[thread].has_ended = true;
        for object in owned {
            let abandoned = !self.has(Flaw::AbandonmentIsLost);
            self.objects[object].body = Body::Mutant { owner: None, depth: 0, abandoned };
            self.settle(object);
        }
        self.objects[thread].body = Body::Thread { ended: true };
        self.settle(thread);
    }

    /// Ends an alertable wait, or the next one (A24, A26).
    pub(super) fn alert(&mut self, target: usize) -> NtStatus {
        if self.threads[target].has_ended {
            return NtStatus::THREAD_IS_TERMINATING;
        }
        self.threads[target].alerted = true;
        self.interrupt(target);
        NtStatus::SUCCESS
    }

    /// No thread of a history is suspended: the count before is 0 (A28, TH11, TH15).
    pub(super) fn alert_resume(&mut self, target: usize) -> Answer {
        if !self.threads[target].has_ended {
            self.threads[target].alerted_by_resume = true;
            self.interrupt(target);
        }
        Answer::Was(0)
    }

    /// A10, A11, A15.
    pub(super) fn queue_apc(&mut self, target: usize, note: u8) -> NtStatus {
        if self.threads[target].has_ended {
            return NtStatus::UNSUCCESSFUL;
        }
        if self.has(Flaw::ApcsAreLastInFirstOut) {
            self.threads[target].apcs.push_front(note);
        } else {
            self.threads[target].apcs.push_back(note);
        }
        self.interrupt(target);
        NtStatus::SUCCESS
    }

    /// An alert is used up and leaves the APCs (A22); else they run, if there are any (A21, A23).
    pub(super) fn test_alert(&mut self, thread: usize) -> Outcome {
        if core::mem::take(&mut self.threads[thread].alerted) {
            return NtStatus::ALERTED.into();
        }
        Outcome { answer: Answer::Status(NtStatus::SUCCESS), apcs: self.drain(thread) }
    }

    pub(super) fn drain(&mut self, thread: usize) -> Vec<u8> {
        core::mem::take(&mut self.threads[thread].apcs).into()
    }
}
