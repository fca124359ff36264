//! How a thread ends, on every way out.
//!
//! ```text
//!   routine returns ─▶ depart ─▶ leave ─┐                    (hook, FLS callbacks: user code, can be terminated)
//!   exit ────────────▶ depart ─▶ leave ─┤
//!   pthread_exit ───────────────────────┼─▶ thread-local and key destructors ─▶ finish ─▶ run down ─▶ gone
//!   told to end before it ran ──────────┘
//!   terminated ──────▶ die (in a signal handler, perhaps) ─────────────────────────────▶ run down ─▶ gone
//!   bare SYS_exit ───▶ noticed by the warden ─▶ orphaned ──────────────────────────────▶ run down
//! ```
//!
//! E1  The rundown is done once, on every way.
//! E2  From the first step of the rundown on nobody can reach the thread (J2), so nothing stops it half-way.
//! E3  Termination frees no memory and takes no lock that is not the library's own: it may have hit in the middle of the
//!     allocator.

#![allow(unsafe_code, reason = "takes over what a thread that is gone has left")]

use super::super::residents::Resident;
use super::super::timers;
use super::birth::take_over;
use super::current::{self, Residence, Residences};
use super::{CurrentThread, Place};
use crate::objects::owner::Owner;
use crate::objects::thread::Stage;
use crate::objects::word::Word;
use crate::objects::{Kind, Signal, Target, mutant};
use crate::rtl;
use crate::sys::atomic::Ordering;
use crate::sys::futex::LateWake;
use crate::sys::{cpu, usage};
use crate::threads;
use crate::wait::{pins, signal};
use crate::waiter::apc;
use crate::waiter::at_exit;
use crate::waiter::park::{Decision, Why};
use crate::waiter::record::{self, ThreadRecord};
use crate::waiter::shield::Shield;

/// How careful the rundown must be (E3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Way {
    Clean,
    Killed,
}

/// The routine has returned this, or the thread was left with it: the user's own callbacks come next.
pub(super) fn depart(code: u32) {
    let Some((resident, place)) = current::native() else {
        return;
    };
    if let Some(hook) = resident.threads.on_exit {
        hook(&CurrentThread { resident, place });
    }
    rtl::call_back_at_exit();
    let _ = resident.at_place(place, |_, life| life.exit_code = code);
    // While the first thread is there, this is not the last (TH5); asking the kernel would cost as much as a thread.
    if at_exit::first_thread_has_left() && is_last() {
        std::process::exit(code.cast_signed());
    }
}

/// Is the calling thread the last of the process, apart from those that the library keeps for itself?
///
/// In doubt it is not: their number can change while the kernel counts.
pub(crate) fn is_last() -> bool {
    if !cpu::is_first_thread() && !at_exit::first_thread_has_left() {
        return false;
    }
    let _shield = Shield::raise(); // reading the kernel's answer needs memory
    let count = || {
        let before = threads::service_threads();
        // If the first thread is not the caller, it has left; the kernel counts it until the last has.
        let all = cpu::tasks_of_process()?.checked_sub(u32::from(!cpu::is_first_thread()))?;
        (threads::service_threads() == before).then(|| all.saturating_sub(before))
    };
    // Threads that have ended for everybody may not have ended for the kernel.
    let mut patience = 100;
    while patience > 0 && count() != Some(1) && threads::is_anyone_leaving() {
        cpu::nap();
        patience -= 1;
    }
    count() == Some(1) && count() == Some(1)
}

/// Ends the calling thread, from any depth; the frames above are not unwound. `None`: it is not one of ours.
///
/// # Safety
/// Nothing may rely on the destructors of the frames that are left, nor refer to their memory.
pub(crate) unsafe fn exit(code: u32) -> Option<core::convert::Infallible> {
    current::native()?;
    depart(code);
    threads::leave()
}

/// The thread's last act on the ways that pass through its own end.
///
/// # Safety
/// The caller is the thread that was made for this body.
pub(super) unsafe fn finish(_body: *mut ()) -> LateWake {
    // The thread has no record when this is dropped: nothing can be asked of it.
    let _shield = Shield::raise();
    run_down(Way::Clean)
}

/// Ends the calling thread, which somebody terminated. May be called in a signal handler.
pub(super) fn die() -> ! {
    core::mem::forget(Shield::raise());
    run_down(Way::Killed).pay();
    threads::abandon()
}

/// The objects of a thread of somebody else, at its end.
pub(super) fn end_foreign() {
    let _shield = Shield::raise();
    let (_residences, mut wake) = end_objects(Way::Clean);
    wake.pay();
}

/// M3. Leaves the wake of who waits for the thread alone to the caller, and the references to the runtimes.
fn end_objects(way: Way) -> (Residences, LateWake) {
    let residences = current::take();
    for residence in residences.iter() {
        residence.detach();
    }
    if let Some(me) = record::current() {
        pins::let_go(me);
        timers::cancel_all_of(me);
        clear(me, way);
    }
    for residence in residences.iter() {
        // SAFETY: it is the calling thread's, and on its list there are its mutants.
        unsafe { abandon_all(&residence.resident, residence.place) };
    }
    let mut wake = LateWake::NONE;
    for residence in residences.iter() {
        wake.pay();
        wake = residence.signal();
    }
    (residences, wake)
}

/// E1.
fn run_down(way: Way) -> LateWake {
    rtl::let_go();
    let (residences, wake) = end_objects(way);
    let me = record::current();
    record::forget_current();
    if let Some(me) = me {
        record::release(me);
    }
    match way {
        Way::Clean => drop(residences),
        Way::Killed => residences.let_go(),
    }
    wake
}

/// Drops what others have left for the thread, which they can no longer reach.
pub(super) fn clear(record: &ThreadRecord, way: Way) {
    apc::discard(record, way == Way::Clean);
    record.control.lock().suspended = 0;
    record.park.drop_pending();
}

impl Residence {
    /// No more requests: the record leaves the body (J2).
    fn detach(&self) {
        let used = usage::of_this_thread();
        let changed = self.resident.at_place(self.place, |_, life| {
            life.stage = Stage::Ending;
            life.record = None;
            life.tid = 0;
            life.exit_code = life.killed_with.unwrap_or(life.exit_code);
            life.times.used(used);
            life.changed
        });
        threads::mark(changed.unwrap_or(0), used);
    }

    fn signal(&self) -> LateWake {
        end_object(&self.resident, self.place)
    }
}

/// The mutants of a thread that has ended go to those who wait for them, in the order in which it got them (M14, M18).
///
/// # Safety
/// The caller is the thread, or acts for it when it is gone.
unsafe fn abandon_all(resident: &Resident, place: Place) {
    let Some(body) = resident.table().bodies().get(place.body) else {
        return;
    };
    // SAFETY: the caller's promise.
    let owner = unsafe { Owner::new(place.body, &body.owned, resident.table().slots()) };
    while let Some(slot) = owner.take_first(resident.home()) {
        abandon(resident, Target { slot, generation: slot.load().generation(), kind: Kind::Mutant });
    }
}

/// The mutants that were given to a thread which died in its wait, and so never put them on its list. Nobody knows which
/// these are: all objects are looked at.
#[cold]
fn abandon_unlisted(resident: &Resident, number: u32) {
    for slot in resident.table().used_slots() {
        let word = slot.load();
        // A word that is locked may hide that it was given to the thread just now.
        if word.has(Word::LOCKED) || mutant::is_owned_by(word, number) {
            let target = Target { slot, generation: word.generation(), kind: Kind::Mutant };
            let is_left = signal::under_lock(target, resident.home(), |held| held.is_owned_by(number));
            if is_left == Ok(true) {
                abandon(resident, target);
            }
        }
    }
}

fn abandon(resident: &Resident, target: Target<'_>) {
    target.slot.set_extra(0);
    let _ = signal::signal(target, Signal::Abandon, resident.home());
}

/// A thread has ended, for everybody.
pub(super) fn end_object(resident: &Resident, place: Place) -> LateWake {
    let _ = resident.at_place(place, |_, life| {
        life.stage = Stage::Ended;
        life.times.end_now();
    });
    let Ok(target) = resident.thread_at(place) else {
        return LateWake::NONE;
    };
    // M1: who has seen the thread's end, and closed the last handle, finds nothing left of it. If nobody has a handle and
    // nobody waits, this is the end of the object, and there is nobody to be told; unless it has a descriptor, which others
    // watch without a handle.
    let is_watched = signal::under_lock(target, resident.home(), |held| {
        let is_watched = held.word().has(Word::OBSERVED);
        if !is_watched {
            held.unpin();
        }
        is_watched
    });
    let wake = signal::signal_late(target, Signal::Set, resident.home()).unwrap_or(LateWake::NONE);
    if is_watched == Ok(true) {
        signal::unpin(target, resident.home());
    }
    wake
}

/// The thread is gone and has done nothing of this; another thread does it.
///
/// # Safety
/// `data` is the body that the thread was made for, and the thread is gone.
pub(super) unsafe fn orphaned(data: *mut ()) {
    let _shield = Shield::raise();
    // SAFETY: the thread is gone, and we act for it: it can never drop its reference.
    let Some((_, resident, place)) = (unsafe { take_over(data) }) else {
        return;
    };
    let detached = resident.at_place(place, |_, life| {
        life.stage = Stage::Ending;
        life.tid = 0;
        life.record.take()
    });
    // From here on its wait, if it died in one, is over, and nothing more is given to it.
    let record = detached.ok().flatten();
    if let Some(record) = record {
        record.vacate();
    }
    let is_idle = record.is_none_or(|me| me.park.decide(Why::TimedOut, 0) == Decision::Lost && me.park.is_idle());
    if let Some(record) = record {
        timers::cancel_all_of(record);
    }
    // SAFETY: the thread is gone, and we act for it.
    unsafe { abandon_all(&resident, place) };
    if !is_idle {
        abandon_unlisted(&resident, place.body);
    }
    end_object(&resident, place).pay();
    if let Some(record) = record {
        // If it was in a wait, its blocks may be linked still, or objects pinned; and bodies in other runtimes may name it,
        // of which nobody knows now. Then the record is never used again.
        // SAFETY: the thread is gone, and we act for it.
        let is_pinned = unsafe { record.take_pinned() }.is_some();
        if is_idle && !is_pinned && record.is_known_elsewhere.load(Ordering::Relaxed) == 0 {
            clear(record, Way::Clean);
            record::release(record);
        }
    }
}
