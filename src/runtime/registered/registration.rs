//! One registration.
//!
//! ```text
//!                       object signalled, or time up           the service, or a worker
//!   FREE ─begin─▶ ARMED ───────────────────────────▶ FIRED ──────────────────────────────▶ RUNNING
//!     ▲            │  ▲                                ▲                                    │ │ │
//!     │            │  └──── not signalled ─────────────┴─ signalled: at once ──── goes on ───┘ │ │
//!     ├─unregister─┘                                                                           │ │
//!     ├─unregister──────────────────────────── SPENT ◀──────────────────────── once, panicked ─┘ │
//!     └───────────────────────────────────────────────────────────────── unregistered meanwhile ─┘
//! ```
//!
//! | stage   | unregister        | who leaves it                                            |
//! |---------|-------------------|----------------------------------------------------------|
//! | FREE    | unknown           | who begins                                               |
//! | ARMED   | over, or pending if a signaller has just decided | the service, unregister   |
//! | FIRED   | pending           | who runs the callback                                    |
//! | RUNNING | pending           | the same                                                 |
//! | SPENT   | over              | unregister                                               |
//!
//! R1  The stage and what belongs to it are read and changed under `control`.
//! R2  The parking word is open in ARMED alone, and decided once: by a signaller, which then hands the registration to the
//!     service, or under `control` for the time-out and for unregister, which take the block back. So a registration is in
//!     one pair of hands at a time, and each object that was taken for it has its one callback.
//! R3  From FIRED to the end of RUNNING it belongs to one thread: callbacks of one registration never overlap.
//! R4  It ends once, by [`bury`](Registration::bury), after which its place may serve another.
//! orderings   `lives`: Release → who waits for the end: Acquire

#![allow(unsafe_code, reason = "a waiter that is notified by its address")]

use super::super::residents::ResidentRef;
use super::Runs;
use super::job::{Callback, Completion, Job};
use super::service::Service;
use crate::sys::atomic::{AtomicPtr, AtomicU32, AtomicU64, Ordering};
use crate::sys::clock::{self, Deadline};
use crate::sys::cpu;
use crate::sys::futex::{self, FutexAddr};
use crate::sys::lock::FutexLock;
use crate::sys::tls::thread_local;
use crate::wait::Refused;
use crate::wait::take::Taker;
use crate::wait::unattended::{self, Armed, How};
use crate::waiter::WaitBlock;
use crate::waiter::pile::Piled;
use crate::waiter::pool::Pooled;
use crate::waiter::shield::Shield;
use crate::waiter::waiting::{Notifier, Waiter};
use core::cell::Cell;
use core::{ptr, slice};

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Stage {
    #[default]
    Free,
    Armed,
    Fired,
    Running,
    Spent,
}

#[derive(Debug, Default)]
struct Control {
    stage: Stage,
    /// Unregistered, but not over yet.
    is_dead: bool,
    timed_out: bool,
    /// When the wait that is ARMED times out.
    deadline: Option<u64>,
    job: Option<Job>,
    completion: Option<Completion>,
}

/// What is left of a registration that is over.
type Remains = (Option<Job>, Option<Completion>);

impl Control {
    fn end(&mut self) -> Remains {
        (self.stage, self.is_dead) = (Stage::Free, false);
        (self.job.take(), self.completion.take())
    }
}

/// What came of unregistering.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unregistered {
    /// There is no such registration.
    Unknown,
    Over,
    /// A callback runs, or is about to.
    Pending,
}

/// What is to be done when the control is unlocked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Next {
    Nothing,
    Fire,
    TimeOutAt(u64),
}

#[derive(Debug)]
#[repr(align(128))]
pub(super) struct Registration {
    waiter: Waiter,
    block: WaitBlock,
    control: FutexLock<Control>,
    /// How many had this place and are over. Who waits for the end sleeps on it.
    lives: AtomicU32,
    /// The place in the directory, plus one; 0 for none yet.
    number: AtomicU32,
    /// When the one entry that counts among the timers comes up; under their lock.
    pub(super) entry_at: AtomicU64,
    /// The next in whatever list it is in (R2).
    pub(super) next: AtomicPtr<Registration>,
    next_free: AtomicU64,
}

impl Piled for Registration {
    fn next(&self) -> &AtomicPtr<Self> {
        &self.next
    }
}

impl Pooled for Registration {
    fn next_free(&self) -> &AtomicU64 {
        &self.next_free
    }

    fn fresh() -> Self {
        Self {
            waiter: Waiter::new(),
            block: WaitBlock::default(),
            control: FutexLock::default(),
            // A ticket of the parent of a `fork` is not to fit by chance.
            lives: AtomicU32::new(cpu::process_id().rotate_left(12)),
            number: AtomicU32::new(0),
            entry_at: AtomicU64::new(u64::MAX),
            next: AtomicPtr::new(ptr::null_mut()),
            next_free: AtomicU64::new(0),
        }
    }
}

thread_local! {
    /// The registration whose callback this thread runs.
    static RUNS: Cell<*const Registration> = const { Cell::new(ptr::null()) };
}

/// What the engine calls when a signaller has taken the object for a registration.
fn notified(registration: *const ()) {
    // SAFETY: the address that `begin` gave: a registration, which is never freed.
    let registration = unsafe { &*registration.cast::<Registration>() };
    registration.fire();
}

impl Registration {
    pub(super) fn number(&self) -> Option<u32> {
        self.number.load(Ordering::Relaxed).checked_sub(1)
    }

    pub(super) fn set_number(&self, number: u32) {
        self.number.store(number + 1, Ordering::Relaxed);
    }

    /// Which of its place the registration that begins next is.
    pub(super) fn next_life(&self) -> u32 {
        self.lives.load(Ordering::Relaxed)
    }

    /// The registration begins. The depth is raised.
    pub(super) fn begin(&'static self, mut job: Job, callback: &mut Option<Callback>) {
        job.callback = callback.take();
        let data = ptr::from_ref(self).cast();
        // SAFETY: FREE: no block is linked (R2).
        unsafe { self.waiter.set_notifier(Notifier { notify: notified, data }) };
        let mut control = self.control.lock();
        control.job = Some(job);
        let next = self.arm(&mut control);
        drop(control);
        self.go_on(next);
    }

    /// Takes the object or queues on it.
    fn arm(&self, control: &mut Control) -> Next {
        let Some(job) = &control.job else { return Next::Nothing };
        let armed = job.object.target().map_err(Refused::from).and_then(|target| {
            let taker = Taker { owner: None, home: job.object.resident.home() };
            // SAFETY: R2: nobody has it in hand but us, and its place is never freed.
            unsafe { unattended::arm(&self.waiter, slice::from_ref(&self.block), &[target], &taker, How::Any) }
        });
        control.timed_out = false;
        match armed {
            Ok(Armed::Queued) => {
                control.stage = Stage::Armed;
                control.deadline = job.timeout_ns.map(|span| clock::now_ns().saturating_add(span));
                control.deadline.map_or(Next::Nothing, Next::TimeOutAt)
            }
            Ok(Armed::Taken(_)) => {
                control.stage = Stage::Fired;
                Next::Fire
            }
            Err(_) => {
                control.stage = Stage::Spent; // a pinned object is not gone
                Next::Nothing
            }
        }
    }

    fn disarm(&self, job: &Job) -> bool {
        job.object.target().is_ok_and(|target| {
            unattended::disarm(&self.waiter, slice::from_ref(&self.block), &[target], job.object.resident.home())
        })
    }

    fn go_on(&'static self, next: Next) {
        match next {
            Next::Nothing => {}
            Next::Fire => self.fire(),
            Next::TimeOutAt(deadline) => {
                if let Some(service) = Service::known() {
                    service.time_out_at(self, deadline);
                }
            }
        }
    }

    fn fire(&'static self) {
        if let Some(service) = Service::known() {
            service.fire(self);
        }
    }

    /// The service has it in hand: it has fired. Says where its callback is to run.
    pub(super) fn fired(&self) -> Runs {
        let _shield = Shield::raise();
        let mut control = self.control.lock();
        if control.stage == Stage::Armed {
            let _ = unattended::finish(&self.waiter);
            control.stage = Stage::Fired;
        }
        control.job.as_ref().map_or(Runs::Serially, |job| job.runs)
    }

    /// Is its callback one that may take long? Asked by who is to run it.
    pub(super) fn takes_long(&self) -> bool {
        let _shield = Shield::raise();
        self.control.lock().job.as_ref().is_some_and(|job| job.runs == Runs::LongInWorker)
    }

    /// An entry of the timers has come up. True: the wait has timed out, and the registration is the service's.
    pub(super) fn time_out(&'static self, now: u64) -> bool {
        let _shield = Shield::raise();
        let mut control = self.control.lock();
        let (Stage::Armed, Some(deadline)) = (control.stage, control.deadline) else {
            return false;
        };
        if deadline > now {
            drop(control);
            self.go_on(Next::TimeOutAt(deadline));
            return false;
        }
        let has = control.job.as_ref().is_some_and(|job| self.disarm(job));
        if has {
            (control.stage, control.timed_out) = (Stage::Fired, true);
        }
        has
    }

    /// Calls the callback, for which the registration is the calling thread's (R3), and goes on with what comes after it.
    pub(super) fn run(&'static self) {
        let Some((mut callback, timed_out)) = self.start() else { return };
        RUNS.with(|runs| runs.set(self));
        let is_sound = callback.call(timed_out);
        RUNS.with(|runs| runs.set(ptr::null()));
        let mut callback = Some(callback);
        let remains = self.stop(&mut callback, is_sound);
        drop(callback);
        if let Some(remains) = remains {
            self.bury(remains);
        }
    }

    fn start(&self) -> Option<(Callback, bool)> {
        let _shield = Shield::raise();
        let mut control = self.control.lock();
        control.stage = Stage::Running;
        let callback = control.job.as_mut()?.callback.take()?;
        Some((callback, control.timed_out))
    }

    /// The callback is over. What is left of the registration, if it is over too; then the callback is not taken.
    fn stop(&'static self, callback: &mut Option<Callback>, is_sound: bool) -> Option<Remains> {
        let _shield = Shield::raise();
        let mut control = self.control.lock();
        if control.is_dead {
            return Some(control.end());
        }
        let mut next = Next::Nothing;
        if let Some(job) = &mut control.job {
            job.callback = callback.take();
            if job.once || !is_sound {
                control.stage = Stage::Spent;
            } else {
                next = self.arm(&mut control);
            }
        }
        drop(control);
        self.go_on(next);
        None
    }

    /// The life that it has in this runtime, if it is registered there.
    pub(super) fn life_in(&self, resident: &ResidentRef) -> Option<u32> {
        let _shield = Shield::raise();
        let control = self.control.lock();
        let job = control.job.as_ref()?;
        job.object.resident.is(resident).then(|| self.lives.load(Ordering::Relaxed))
    }

    /// No more callbacks but those that have been decided.
    pub(super) fn unregister(
        &'static self,
        resident: &ResidentRef,
        life: u32,
        completion: Option<Completion>,
    ) -> Unregistered {
        let remains = {
            let _shield = Shield::raise();
            let mut control = self.control.lock();
            let is_known = control.job.as_ref().is_some_and(|job| job.object.resident.is(resident));
            if !is_known || control.is_dead || self.lives.load(Ordering::Relaxed) != life {
                return Unregistered::Unknown;
            }
            let is_over = match control.stage {
                Stage::Armed => control.job.as_ref().is_some_and(|job| self.disarm(job)),
                stage => stage == Stage::Spent,
            };
            control.completion = completion;
            if !is_over {
                control.is_dead = true;
                return Unregistered::Pending;
            }
            control.end()
        };
        self.bury(remains);
        Unregistered::Over
    }

    /// The end (R4). The callback is dropped first: who waits for the end knows that nothing of it is left.
    fn bury(&'static self, (mut job, completion): Remains) {
        drop(job.as_mut().and_then(|job| job.callback.take())); // G2
        let _shield = Shield::raise();
        drop(job);
        self.lives.fetch_add(1, Ordering::Release);
        futex::wake(FutexAddr::whole(&self.lives), u32::MAX);
        if let Some(service) = Service::known() {
            service.give_back(self);
        }
        if let Some(completion) = completion {
            completion.complete();
        }
    }

    /// Waits until that life is over. False: it does not, because the callback in which it is called, or one that is
    /// called by the same thread, would have to end first.
    pub(super) fn await_end(&self, life: u32) -> bool {
        if Service::is_this_thread() || RUNS.with(|runs| ptr::eq(runs.get(), self)) {
            return false;
        }
        while self.lives.load(Ordering::Acquire) == life {
            futex::wait(FutexAddr::whole(&self.lives), life, &Deadline::Never);
        }
        true
    }
}
