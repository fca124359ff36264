//! The alarm of the process: two kernel timers, one on each clock, and one sleep that either of them ends.
//!
//! Whoever has a moment to be woken at sets the kernel's timer himself, while the one thread that sleeps here goes on
//! sleeping: nobody has to wake it to tell it of an earlier moment. A step of the wall clock moves the timer on that clock
//! by itself, and not the other (T13, D3).
//!
//! The two timers and the descriptor to sleep on are made together, so that the sleeper never has to be told of a second.
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

/// There is no descriptor to be had, or no memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Unavailable;

#[cfg(not(ntwait_loom))]
mod real {
    use super::{Clock, NEVER, Unavailable};
    use crate::sys::clock::{NT_EPOCH_SECONDS, TICKS_PER_SECOND};
    use crate::sys::cpu;
    use rustix::event::epoll::{self, CreateFlags, EventData, EventFlags};
    use rustix::fd::OwnedFd;
    use rustix::io::Errno;
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
    pub(crate) struct Alarm {
        bed: OwnedFd,
        timers: [OwnedFd; 2],
    }

    impl Alarm {
        pub(crate) fn new() -> Result<Self, Unavailable> {
            let bed = epoll::create(CreateFlags::CLOEXEC).map_err(|_| Unavailable)?;
            let timer =
                |id| timerfd_create(id, TimerfdFlags::CLOEXEC | TimerfdFlags::NONBLOCK).map_err(|_| Unavailable);
            let timers = [timer(TimerfdClockId::Monotonic)?, timer(TimerfdClockId::Realtime)?];
            for clock in Clock::ALL {
                let named = EventData::new_u64(clock as u64);
                epoll::add(&bed, &timers[clock as usize], named, EventFlags::IN).map_err(|_| Unavailable)?;
            }
            Ok(Self { bed, timers })
        }

        /// The sleep ends at this moment of the clock, at once if it has passed, and at no other of that clock. That it has
        /// ended is forgotten.
        pub(crate) fn set(&self, clock: Clock, moment: u64) {
            let when = Itimerspec { it_interval: Timespec::default(), it_value: clock.timespec(moment) };
            let set = timerfd_settime(&self.timers[clock as usize], TimerfdTimerFlags::ABSTIME, &when);
            debug_assert!(set.is_ok(), "{when:?}: {set:?}");
        }

        /// Sleeps until a moment has come that was set, and says on which clocks; it is so until another is set.
        pub(crate) fn sleep(&self) -> [bool; 2] {
            let mut events = [epoll::Event { flags: EventFlags::empty(), data: EventData::new_u64(0) }; 2];
            let mut come = [false; 2];
            match epoll::wait(&self.bed, &mut events, None) {
                Ok(count) => {
                    for event in events.iter().take(count) {
                        if let Some(come) = come.get_mut(event.data.u64() as usize) {
                            *come = true;
                        }
                    }
                }
                Err(Errno::INTR) => {}
                // Somebody has closed what is not his. Then no timer can expire, but nothing else suffers.
                Err(_) => cpu::nap(),
            }
            come
        }
    }
}

#[cfg(not(ntwait_loom))]
pub(crate) use real::Alarm;

/// A model's clocks stand at zero until its time has passed. Nobody sleeps: a thread of the model does what is due.
#[cfg(ntwait_loom)]
mod modelled {
    use super::super::model;
    use super::{Clock, NEVER, Unavailable};

    impl Clock {
        pub(crate) fn now(self) -> u64 {
            if model::time_has_passed() { NEVER - 1 } else { 0 }
        }
    }

    #[derive(Debug)]
    pub(crate) struct Alarm;

    impl Alarm {
        pub(crate) fn new() -> Result<Self, Unavailable> {
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

    const MILLISECOND: u64 = TICKS_PER_SECOND / 1000;

    #[test]
    fn t13_each_clock_wakes_by_its_own_moment_and_never_early() {
        let alarm = Alarm::new().unwrap();
        for clock in Clock::ALL {
            for moment in [0, 1, clock.now(), clock.now() + 2 * MILLISECOND] {
                alarm.set(clock, moment);
                let expected = Clock::ALL.map(|other| other == clock);
                assert_eq!(alarm.sleep(), expected, "{clock:?} {moment}");
                assert!(clock.now() >= moment);
                assert_eq!(alarm.sleep(), expected, "it is so until another moment is set");
                alarm.set(clock, NEVER);
            }
        }
    }

    #[test]
    fn the_last_moment_counts() {
        let alarm = Alarm::new().unwrap();
        let (soon, far) = (Clock::Monotonic.now() + MILLISECOND, NEVER - 1);
        alarm.set(Clock::Monotonic, far);
        alarm.set(Clock::Wall, i64::MAX as u64);
        alarm.set(Clock::Monotonic, soon);
        assert_eq!(alarm.sleep(), [true, false]);
        assert!(Clock::Monotonic.now() >= soon);
    }
}
