//! The schedule: which timers of the process are armed, on which clock, and what the kernel was told to wake us for.
//!
//! ```text
//!   set ──▶ plan, in the heap of its clock ──▶ first of all? ──▶ tell the kernel (program)
//!                       │                                               │
//!             cancel ◀──┤                                               ▼ the moment comes
//!                       └──── pop ◀── service thread ◀──────────────── alarm
//! ```
//!
//! S1  The kernel wakes us no later than the first timer of each clock is due, or somebody is busy telling it so.
//! S2  One thread at a time tells the kernel of a clock. Who finds another at it leaves it to him: he looks again when he
//!     is done. So an older moment never overwrites a newer one; and the lock is not held while the kernel is told.
//! S3  An armed timer's runtime is there: before it is dropped its timers are taken out of the schedule. So whoever finds a
//!     timer in a heap, and still has the lock, may refer to its runtime.
//! S4  A cancel tells the kernel nothing. Then it wakes us too early, and nothing is due.

#![allow(unsafe_code, reason = "bodies that the schedule's lock guards")]

use super::body::{Plan, TimerBody};
use super::heap::{Entry, Heap, Item};
use crate::sys::alarm::{Clock, NEVER};
use crate::sys::lock::Guard;
use crate::sys::region::Region;

/// What the lock guards, apart from the heaps' entries and the bodies.
#[derive(Debug, Default)]
pub(super) struct State {
    /// Timers that are there, armed or not.
    pub(super) timers: u32,
    /// Timers that the heaps have room for.
    pub(super) room: u32,
    clocks: [ClockState; 2],
}

#[derive(Debug)]
struct ClockState {
    armed: u32,
    /// The moment that the kernel was told, or is being told.
    told: u64,
    /// Somebody tells it (S2).
    busy: bool,
}

impl Default for ClockState {
    fn default() -> Self {
        Self { armed: 0, told: NEVER, busy: false }
    }
}

/// The memory of the heaps.
pub(super) type Memory = [Region<Entry>; 2];

/// The schedule, locked.
#[derive(Debug)]
pub(super) struct Schedule<'s> {
    pub(super) memory: &'s Memory,
    pub(super) state: Guard<'s, State>,
}

impl Schedule<'_> {
    fn heap(&mut self, clock: Clock) -> Heap<'_> {
        let armed = &mut self.state.clocks[clock as usize].armed;
        // SAFETY: we have the lock, and each timer has its room in either heap.
        unsafe { Heap::new(&self.memory[clock as usize], armed) }
    }

    /// What the timer was last set to.
    pub(super) fn plan_of(&self, body: &TimerBody) -> Plan {
        // SAFETY: B2, we have the lock.
        unsafe { body.plan.get() }
    }

    fn set_plan(&mut self, body: &TimerBody, plan: Plan) {
        // SAFETY: B2, we have the lock.
        unsafe { body.plan.set(plan) };
    }

    /// The timer is not armed from now on.
    pub(super) fn remove(&mut self, body: &'static TimerBody) {
        let clock = self.plan_of(body).clock;
        self.heap(clock).remove(body);
    }

    /// As [`remove`](Self::remove), by this setting.
    pub(super) fn cancel(&mut self, body: &'static TimerBody, setting: u32) {
        self.remove(body);
        let plan = self.plan_of(body);
        self.set_plan(body, Plan { setting, ..plan });
    }

    /// The timer has this plan from now on, and is armed if that is said. True: the kernel is to be told.
    pub(super) fn set(&mut self, body: &'static TimerBody, plan: Plan, armed: bool) -> bool {
        self.remove(body);
        self.set_plan(body, plan);
        if !armed {
            return false;
        }
        self.heap(plan.clock).insert(Item { due: plan.due, body });
        let state = &self.state.clocks[plan.clock as usize];
        plan.due < state.told && !state.busy
    }

    /// The next timer that is due at this moment. If it is periodic, it is armed for the next time.
    ///
    /// That is reckoned from the moment when it was due, so that a period does not grow by each delay; but from now, on the
    /// monotonic clock, if it was due on the wall clock (T12), or if the next moment has passed as well: expiries do not
    /// add up (T9).
    pub(super) fn pop(&mut self, clock: Clock, now: u64, monotonic_now: u64) -> Option<(&'static TimerBody, Plan)> {
        let body = self.heap(clock).first().filter(|first| first.due <= now)?.body;
        self.heap(clock).remove(body);
        let plan = self.plan_of(body);
        if plan.period > 0 {
            let regular = plan.due.saturating_add(plan.period);
            let due = match clock {
                Clock::Monotonic if regular > now => regular,
                _ => monotonic_now.saturating_add(plan.period),
            };
            let next = Plan { clock: Clock::Monotonic, due, ..plan };
            self.set_plan(body, next);
            self.heap(Clock::Monotonic).insert(Item { due, body });
        }
        Some((body, plan))
    }

    /// The moment to tell the kernel, if it is to be told (S1). Whoever gets one tells it, and then is no more busy (S2).
    /// The sleeper, whom it has woken, has it told in any case, so that it forgets.
    pub(super) fn next_to_tell(&mut self, clock: Clock, in_any_case: bool) -> Option<u64> {
        let first = self.heap(clock).first().map_or(NEVER, |first| first.due);
        let state = &mut self.state.clocks[clock as usize];
        if state.busy || first >= state.told && !in_any_case {
            return None;
        }
        state.busy = true;
        state.told = first;
        Some(first)
    }

    pub(super) fn was_told(&mut self, clock: Clock) {
        self.state.clocks[clock as usize].busy = false;
    }
}

#[cfg(all(test, not(ntwait_loom)))]
mod tests {
    use super::super::body;
    use super::*;
    use crate::sys::lock::FutexLock;
    use crate::waiter::shield::Shield;

    /// A schedule without a kernel: the tests say what time it is.
    fn with_schedule(test: impl FnOnce(&mut Schedule<'_>, [&'static TimerBody; 3])) {
        let _shield = Shield::raise();
        let memory: Memory = [Region::reserve(4096).unwrap(), Region::reserve(4096).unwrap()];
        memory.iter().for_each(|heap| heap.commit(0, 4096).unwrap());
        let state = FutexLock::new(State::default());
        let bodies = core::array::from_fn(|_| body::take().unwrap());
        let mut schedule = Schedule { memory: &memory, state: state.lock() };
        test(&mut schedule, bodies);
        for body in bodies {
            schedule.remove(body);
            body::put(body);
        }
    }

    fn at(clock: Clock, due: u64, period: u64) -> Plan {
        Plan { clock, due, period, ..Plan::NONE }
    }

    fn popped(schedule: &mut Schedule<'_>, clock: Clock, now: u64) -> Vec<u64> {
        let mut dues = Vec::new();
        while let Some((_, plan)) = schedule.pop(clock, now, now) {
            dues.push(plan.due);
        }
        dues
    }

    #[test]
    fn t13_a_jump_of_the_wall_clock_moves_absolute_timers_and_no_others() {
        with_schedule(|schedule, [relative, absolute, later]| {
            schedule.set(relative, at(Clock::Monotonic, 100, 0), true);
            schedule.set(absolute, at(Clock::Wall, 5_000, 0), true);
            schedule.set(later, at(Clock::Wall, 9_000, 0), true);
            assert!(popped(schedule, Clock::Wall, 4_999).is_empty());
            assert!(popped(schedule, Clock::Monotonic, 99).is_empty());
            assert_eq!(popped(schedule, Clock::Wall, 6_000), [5_000], "the clock was set forward");
            assert!(popped(schedule, Clock::Wall, 10).is_empty(), "and back");
            assert_eq!(popped(schedule, Clock::Monotonic, 100), [100]);
            assert_eq!(popped(schedule, Clock::Wall, 9_000), [9_000]);
        });
    }

    #[test]
    fn t12_a_periodic_timer_follows_the_wall_clock_once() {
        with_schedule(|schedule, [timer, ..]| {
            schedule.set(timer, at(Clock::Wall, 5_000, 30), true);
            assert!(schedule.pop(Clock::Wall, 7_000, 100).is_some());
            assert!(popped(schedule, Clock::Wall, u64::MAX - 1).is_empty());
            assert!(popped(schedule, Clock::Monotonic, 129).is_empty());
            assert_eq!(popped(schedule, Clock::Monotonic, 130), [130]);
        });
    }

    #[test]
    fn t9_t12_periods_neither_drift_nor_add_up() {
        with_schedule(|schedule, [timer, ..]| {
            schedule.set(timer, at(Clock::Monotonic, 100, 30), true);
            assert_eq!(popped(schedule, Clock::Monotonic, 109), [100]);
            assert_eq!(popped(schedule, Clock::Monotonic, 130), [130], "no drift");
            assert_eq!(popped(schedule, Clock::Monotonic, 1_000), [160], "one for all that were missed");
            assert!(popped(schedule, Clock::Monotonic, 1_029).is_empty());
            assert_eq!(popped(schedule, Clock::Monotonic, 1_030), [1_030]);
            schedule.cancel(timer, 7);
            assert_eq!(schedule.plan_of(timer).setting, 7);
            assert!(popped(schedule, Clock::Monotonic, u64::MAX - 1).is_empty());
        });
    }

    #[test]
    fn s1_s2_s4_the_kernel_is_told_what_it_must_know_by_one_at_a_time() {
        const CLOCK: Clock = Clock::Monotonic;
        with_schedule(|schedule, [a, b, c]| {
            assert_eq!(schedule.next_to_tell(CLOCK, false), None);
            assert!(schedule.set(a, at(CLOCK, 100, 0), true), "the first");
            assert_eq!(schedule.next_to_tell(CLOCK, false), Some(100));
            assert!(!schedule.set(b, at(CLOCK, 50, 0), true), "somebody is busy");
            assert_eq!(schedule.next_to_tell(CLOCK, true), None);
            schedule.was_told(CLOCK);
            assert_eq!(schedule.next_to_tell(CLOCK, false), Some(50), "and looks again");
            schedule.was_told(CLOCK);
            assert!(!schedule.set(c, at(CLOCK, 60, 0), true), "not the first");
            schedule.cancel(b, 1);
            assert_eq!(schedule.next_to_tell(CLOCK, false), None, "it may wake us too early");
            assert_eq!(schedule.next_to_tell(CLOCK, true), Some(60));
            schedule.was_told(CLOCK);
            assert_eq!(popped(schedule, CLOCK, 100), [60, 100]);
            assert_eq!(schedule.next_to_tell(CLOCK, true), Some(NEVER));
            schedule.was_told(CLOCK);
            assert!(!schedule.set(a, at(CLOCK, 100, 0), false), "a timer that is not armed");
            assert!(popped(schedule, CLOCK, 100).is_empty());
        });
    }
}
