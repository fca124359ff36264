//! What one thread asks of another: to stand still, to go on, to wake up, to call something, to end.
//!
//! ```text
//!   lock the thread's object ──▶ is it over? ──yes──▶ its status
//!        │ no
//!        ▼
//!   count, or queue ──▶ the bit in the parking word ──▶ it ended an open wait: unlock, wake
//!                                                  └──▶ a running thread is to stop: kick it, unlock
//! ```
//!
//! All of it under the lock of the thread's object (M2); suspensions by several runtimes are counted in the record.

use super::super::residents::Resident;
use crate::objects::Target;
use crate::objects::thread::{Life, Unsuspendable};
use crate::status::NtStatus;
use crate::sys::futex::{self, FutexAddr};
use crate::waiter::apc::{Apc, Prepared};
use crate::waiter::park::{Pending, Posted};
#[cfg(not(ntwait_loom))]
use crate::waiter::record;
use crate::waiter::record::ThreadRecord;
use crate::waiter::shield::Shield;

/// The kernel has no room for the signal.
struct NoRoom;

impl From<Unsuspendable> for NtStatus {
    fn from(reason: Unsuspendable) -> Self {
        match reason {
            Unsuspendable::Ended => Self::THREAD_IS_TERMINATING,
            Unsuspendable::Limit => Self::SUSPEND_COUNT_EXCEEDED,
        }
    }
}

impl Resident {
    /// Counts one more suspension of the thread; returns the count before (TH10). A thread that suspends itself stands
    /// still before this returns (TH17); another does so soon (TH18).
    pub(crate) fn suspend(&self, target: Target<'_>) -> Result<u32, NtStatus> {
        let _shield = Shield::raise();
        let (before, sleeper) = self.on_thread(target, |_, life| {
            let before = life.suspend()?;
            if before > 0 {
                return Ok((before, None));
            }
            let sleeper = hold(life).map_err(|NoRoom| {
                life.resume();
                NtStatus::INSUFFICIENT_RESOURCES
            });
            sleeper.map(|sleeper| (before, sleeper))
        })??;
        wake(sleeper);
        Ok(before)
    }

    /// Counts one suspension less; returns the count before. The thread goes on when none is left.
    pub(crate) fn resume(&self, target: Target<'_>) -> Result<u32, NtStatus> {
        self.resume_and(target, |_| None)
    }

    fn resume_and(&self, target: Target<'_>, also: impl FnOnce(&Life) -> Option<FutexAddr>) -> Result<u32, NtStatus> {
        let _shield = Shield::raise();
        let (before, sleepers) = self.on_thread(target, |_, life| {
            let woken = also(life);
            let before = life.resume();
            let released = if before == 1 { release(life) } else { None };
            (before, [woken, released])
        })?;
        sleepers.into_iter().for_each(wake);
        Ok(before)
    }

    /// Ends the thread's alertable wait, or its next (A24).
    pub(crate) fn alert(&self, target: Target<'_>) -> Result<(), NtStatus> {
        let _shield = Shield::raise();
        let sleeper = self.on_thread(target, |_, life| {
            if life.is_over() { Err(NtStatus::THREAD_IS_TERMINATING) } else { Ok(post(life, Pending::Alert)) }
        })??;
        wake(sleeper);
        Ok(())
    }

    /// Ends the thread's wait for an alert by id, or its next. A thread that has ended needs none (WA12).
    pub(crate) fn alert_by_id(&self, target: Target<'_>) -> Result<(), NtStatus> {
        let _shield = Shield::raise();
        wake(self.on_thread(target, |_, life| post(life, Pending::ById))?);
        Ok(())
    }

    /// Both in one step, with an alert that lets APCs go first (A7, A28).
    pub(crate) fn alert_and_resume(&self, target: Target<'_>) -> Result<u32, NtStatus> {
        self.resume_and(target, |life| post(life, Pending::SoftAlert))
    }

    /// Queues a call (A2); `None` asks only whether that would be possible (A18). If it is not queued, it is still the
    /// caller's.
    pub(crate) fn queue_apc(&self, target: Target<'_>, apc: Option<Apc>) -> Result<(), NtStatus> {
        let _shield = Shield::raise();
        let mut prepared = apc.map(Prepared::new).transpose().map_err(|_| NtStatus::NO_MEMORY)?;
        let queued = self.on_thread(target, |_, life| {
            let record = life.record.ok_or(NtStatus::UNSUCCESSFUL)?; // A15, A16
            let posted = prepared.take().map(|prepared| prepared.queue(record));
            Ok((posted == Some(Posted::Wake)).then(|| record.park.futex()))
        });
        if let Some(prepared) = prepared {
            prepared.give_back();
        }
        wake(queued.and_then(|queued| queued)?);
        Ok(())
    }

    /// Ends the thread with this code, unless it is ending already (TH3).
    pub(crate) fn terminate(&self, target: Target<'_>, code: u32) -> Result<(), NtStatus> {
        let _shield = Shield::raise();
        let sleeper = self.on_thread(target, |_, life| {
            if life.foreign && !life.is_over() {
                return Err(NtStatus::NOT_SUPPORTED);
            }
            if !life.kill(code) {
                return Ok(None);
            }
            // Locked: another runtime's suspension that cannot be told to the thread is taken back as a whole.
            let control = life.record.map(|record| record.control.lock());
            let asked = ask(life, Pending::Terminate);
            drop(control);
            asked.map_err(|NoRoom| {
                life.killed_with = None;
                NtStatus::INSUFFICIENT_RESOURCES
            })
        })??;
        wake(sleeper);
        Ok(())
    }
}

fn wake(sleeper: Option<FutexAddr>) {
    if let Some(parking) = sleeper {
        futex::wake(parking, 1);
    }
}

/// Leaves a request that only a wait which heeds it looks at.
fn post(life: &Life, request: Pending) -> Option<FutexAddr> {
    let record = life.record?;
    (record.park.post(request) == Posted::Wake).then(|| record.park.futex())
}

/// Leaves a request to stop, and tells the thread if it would not see it.
fn ask(life: &Life, request: Pending) -> Result<Option<FutexAddr>, NoRoom> {
    let Some(record) = life.record else {
        return Ok(None);
    };
    if record.park.post(request) == Posted::Wake {
        return Ok(Some(record.park.futex()));
    }
    kick(life, record).inspect_err(|NoRoom| record.park.withdraw(request))?;
    Ok(None)
}

/// The first suspension in a runtime: the thread is to stand still, if it does not already for another.
fn hold(life: &Life) -> Result<Option<FutexAddr>, NoRoom> {
    let Some(record) = life.record else {
        return Ok(None);
    };
    let mut control = record.control.lock();
    if control.suspended == 0 {
        let sleeper = ask(life, Pending::Suspend)?;
        control.suspended = 1;
        return Ok(sleeper);
    }
    control.suspended += 1;
    Ok(None)
}

/// The last suspension in a runtime is over.
fn release(life: &Life) -> Option<FutexAddr> {
    let record = life.record?;
    let mut control = record.control.lock();
    control.suspended -= 1;
    if control.suspended > 0 {
        return None;
    }
    record.park.withdraw(Pending::Suspend);
    Some(record.park.futex())
}

/// Makes a running thread look at its parking word. One that has no Linux id yet looks by itself (B2).
#[cfg(not(ntwait_loom))]
fn kick(life: &Life, record: &'static ThreadRecord) -> Result<(), NoRoom> {
    use crate::sys::{depth, signal};
    use crate::waiter::interrupt;
    if record::current().is_some_and(|me| core::ptr::eq(me, record)) {
        depth::leave_note();
        return Ok(());
    }
    match life.tid {
        0 => Ok(()),
        _ if signal::install(interrupt::serve).is_err() => Err(NoRoom),
        tid => match signal::send(tid, record::cookie(record)) {
            Ok(()) | Err(signal::Unsent::Gone) => Ok(()), // gone: somebody will tell us
            Err(signal::Unsent::NoRoom) => Err(NoRoom),
        },
    }
}

/// The same in a model, which has no signals.
#[cfg(ntwait_loom)]
fn kick(life: &Life, record: &'static ThreadRecord) -> Result<(), NoRoom> {
    if life.tid != 0 {
        crate::waiter::interrupt::kick(record);
    }
    Ok(())
}
