//! The alarm of the process: two kernel timers, one on each clock, that a [`Lookout`] watches.
//!
//! Whoever has a moment to be woken at sets the kernel's timer himself, while the one thread that sleeps at the lookout goes on
//! sleeping: nobody has to wake it to tell it of an earlier moment. A step of the wall clock moves the timer on that clock
//! by itself, and not the other (T13, D3).
//!
//! Moments are counted in NT's unit of 100 ns: on the monotonic clock since the machine started, on the wall clock since
//! 1601. A moment read from a clock is never later than the clock, so what is due by it is due.

/// Later than anything.
pub(crate) const NEVER: u64 = u64::MAX;

/// A clock.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[repr(u32)]
pub(crate) enum Clock {
    /// Of relative times: it does not jump.
    #[default]
    Monotonic = 0,
    /// Of dates: people set it.
    Wall = 1,
}

impl Clock {
    pub(crate) const ALL: [Self; 2] = [Self::Monotonic, Self::Wall];
}

#[cfg(doc)]
use super::lookout::Lookout;

#[cfg(not(ntwait_loom))]
mod real {
    use super::{Clock, NEVER};
    use crate::sys::clock::{NT_EPOCH_SECONDS, TICKS_PER_SECOND};
    use crate::sys::lookout::{Lookout, Unavailable};
    use rustix::fd::OwnedFd;
    use rustix::thread::ClockId;
    use rustix::time::{
        Itimerspec, TimerfdClockId, TimerfdFlags, TimerfdTimerFlags, Timespec, clock_gettime, timerfd_create,
        timerfd_settime,
    };

    impl Clock {
        /// The moment.
        pub(crate) fn now(self) -> u64 {
            let (clock, epoch) = match self {
                Self::Monotonic => (ClockId::Monotonic, 0),
                Self::Wall => (ClockId::Realtime, NT_EPOCH_SECONDS),
            };
            let now = clock_gettime(clock);
            (now.tv_sec.max(0) as u64 + epoch) * TICKS_PER_SECOND + now.tv_nsec as u64 / 100
        }

        /// The kernel's form of a moment; `NEVER` and the time before its own beginning have none.
        fn timespec(self, moment: u64) -> Timespec {
            let epoch = match self {
                Self::Monotonic => 0,
                Self::Wall => NT_EPOCH_SECONDS,
            };
            match (moment / TICKS_PER_SECOND).checked_sub(epoch) {
                _ if moment == NEVER => Timespec::default(),
                Some(seconds) => {
                    // Zero would be no moment but the order to forget it.
                    let nanoseconds = (moment % TICKS_PER_SECOND * 100).max(1);
                    Timespec { tv_sec: seconds as i64, tv_nsec: nanoseconds as i64 }
                }
                None => Timespec { tv_sec: 0, tv_nsec: 1 },
            }
        }
    }

    /// The alarm.
    #[derive(Debug)]
    pub(crate) struct Alarm([OwnedFd; 2]);

    impl Alarm {
        /// That a moment has come is said at the lookout by the number of its clock.
        pub(crate) fn new(lookout: &Lookout, numbers: [u64; 2]) -> Result<Self, Unavailable> {
            let timer =
                |id| timerfd_create(id, TimerfdFlags::CLOEXEC | TimerfdFlags::NONBLOCK).map_err(|_| Unavailable);
            let timers = [timer(TimerfdClockId::Monotonic)?, timer(TimerfdClockId::Realtime)?];
            for (timer, number) in timers.iter().zip(numbers) {
                lookout.watch(timer, number)?;
            }
            Ok(Self(timers))
        }

        /// The lookout says the clock's number from this moment on, at once if it has passed, and until another is set.
        pub(crate) fn set(&self, clock: Clock, moment: u64) {
            let when = Itimerspec { it_interval: Timespec::default(), it_value: clock.timespec(moment) };
            let set = timerfd_settime(&self.0[clock as usize], TimerfdTimerFlags::ABSTIME, &when);
            debug_assert!(set.is_ok(), "{when:?}: {set:?}");
        }
    }
}

#[cfg(not(ntwait_loom))]
pub(crate) use real::Alarm;

/// A model's clocks stand at zero until its time has passed. Nobody sleeps: a thread of the model does what is due.
#[cfg(ntwait_loom)]
mod modelled {
    use super::super::lookout::{Lookout, Unavailable};
    use super::super::model;
    use super::{Clock, NEVER};

    impl Clock {
        pub(crate) fn now(self) -> u64 {
            if model::time_has_passed() { NEVER - 1 } else { 0 }
        }
    }

    #[derive(Debug)]
    pub(crate) struct Alarm;

    impl Alarm {
        pub(crate) fn new(_: &Lookout, _: [u64; 2]) -> Result<Self, Unavailable> {
            Ok(Self)
        }

        pub(crate) fn set(&self, _clock: Clock, _moment: u64) {}
    }
}

#[cfg(ntwait_loom)]
pub(crate) use modelled::Alarm;

#[cfg(all(test, not(ntwait_loom)))]
mod tests {
    use super::*;
    use crate::sys::clock::TICKS_PER_SECOND;
    use crate::sys::lookout::Lookout;

    const MILLISECOND: u64 = TICKS_PER_SECOND / 1000;

    fn alarm() -> (Alarm, Lookout) {
        let lookout = Lookout::new().unwrap();
        (Alarm::new(&lookout, [0, 1]).unwrap(), lookout)
    }

    /// Sleeps, and says on which clocks a moment has come.
    fn sleep(lookout: &Lookout) -> [bool; 2] {
        let mut come = [false; 2];
        lookout.sleep(|number| come[number as usize] = true);
        come
    }

    #[test]
    fn t13_each_clock_wakes_by_its_own_moment_and_never_early() {
        let (alarm, lookout) = alarm();
        for clock in Clock::ALL {
            for moment in [0, 1, clock.now(), clock.now() + 2 * MILLISECOND] {
                alarm.set(clock, moment);
                let expected = Clock::ALL.map(|other| other == clock);
                assert_eq!(sleep(&lookout), expected, "{clock:?} {moment}");
                assert!(clock.now() >= moment);
                assert_eq!(sleep(&lookout), expected, "it is so until another moment is set");
                alarm.set(clock, NEVER);
            }
        }
    }

    #[test]
    fn the_last_moment_counts() {
        let (alarm, lookout) = alarm();
        let (soon, far) = (Clock::Monotonic.now() + MILLISECOND, NEVER - 1);
        alarm.set(Clock::Monotonic, far);
        alarm.set(Clock::Wall, i64::MAX as u64);
        alarm.set(Clock::Monotonic, soon);
        assert_eq!(sleep(&lookout), [true, false]);
        assert!(Clock::Monotonic.now() >= soon);
    }
}
