//! P20: ten thousand armed timers: how late they expire, and what it costs to arm and cancel one more. The peer, and for the
//! lateness the limit, is one timerfd each, all in one epoll.

use std::os::fd::OwnedFd;
use std::time::{Duration, Instant};

use ntwait::{AccessMask, Handle, NtStatus, ObjectAttributes, Runtime, TimerType};
use rustix::event::epoll::{self, CreateFlags, EventData, EventFlags};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use rustix::time::{
    Itimerspec, TimerfdClockId, TimerfdFlags, TimerfdTimerFlags, Timespec, timerfd_create, timerfd_settime,
};

use crate::measure::{Bench, Contender, Line, Role, Sample, Target, Turn, batches};
use crate::os::cpus::pin_to;
use crate::peers::adaptive;
use crate::plan::Plan;
use crate::report::grouped;
use crate::stats::quantile;

/// From the first arming to the first expiry: by then all are armed.
const LEAD: Duration = Duration::from_millis(200);
/// From one expiry to the next, on average.
const APART: Duration = Duration::from_micros(50);
/// Later than any turn lasts.
const FAR: Duration = Duration::from_secs(3_600);

pub(super) fn benches(plan: &Plan) -> Vec<Bench> {
    let (home, count) = (plan.cpus.home, plan.pick(10_000, 1_000));
    let with = |what: &str| format!("{} armed timers: {what}", grouped(count));
    let late = Bench::new(
        "P20",
        Line::new("P20.late", with("lateness of an expiry, p99"), Target::TimesLimit(1.0)),
        1.0,
        vec![
            contender("timerfd each, one epoll", Role::Limit, move |_| late::<Timerfds>(count)),
            contender("ntwait", Role::Ours, move |_| late::<NtTimers>(count)),
        ],
    );
    let arm = Bench::new(
        "P20",
        Line::new("P20.arm", with("arm + cancel one more"), Target::Scaled(300.0)),
        0.7,
        vec![
            contender("ntwait", Role::Ours, move |slice| arm::<NtTimers>(home, count, slice)),
            contender("timerfd each", Role::Peer, move |slice| arm::<Timerfds>(home, count, slice)),
        ],
    );
    vec![late.in_rounds(plan.pick(5, 1)), arm]
}

fn contender(name: &'static str, role: Role, body: impl Fn(Duration) -> Turn + Send + Sync + 'static) -> Contender {
    Contender::new(name, role, body)
}

/// Timers that can be armed and waited for.
trait Timers: Sized {
    fn new(count: usize) -> Result<Self, String>;
    fn arm(&self, timer: usize, span: Duration);
    fn cancel(&self, timer: usize);
    /// Calls this with each timer that has expired, soon after it has, until all have. The list has them in their order.
    fn each_expired(&self, order: &[usize], seen: impl FnMut(usize));
}

/// The lateness of each of so many expiries, for whoever waits for them.
fn late<T: Timers>(count: usize) -> Turn {
    let timers = T::new(count)?;
    let order: Vec<usize> = shuffled(count);
    let mut due = vec![Instant::now(); count];
    let start = Instant::now();
    // Armed in the order of their numbers, which is not that of their expiries.
    let mut rank = vec![0; count];
    order.iter().enumerate().for_each(|(position, timer)| rank[*timer] = position);
    for timer in 0..count {
        let now = Instant::now();
        due[timer] = start + LEAD + APART * rank[timer] as u32;
        timers.arm(timer, due[timer].saturating_duration_since(now));
    }
    let mut lateness = Vec::with_capacity(count);
    timers.each_expired(&order, |timer| {
        lateness.push(Instant::now().saturating_duration_since(due[timer]).as_nanos() as f64);
    });
    Ok(vec![Sample { value: quantile(&lateness, 0.99).unwrap_or(f64::NAN), spread: lateness }])
}

/// Arms and cancels one timer after the other, each somewhere among the others.
fn arm<T: Timers>(home: usize, count: usize, slice: Duration) -> Turn {
    pin_to(home);
    let timers = T::new(count + 64)?;
    let order = shuffled(count);
    for (timer, rank) in order.iter().enumerate() {
        timers.arm(timer, FAR + APART * *rank as u32);
    }
    let mut next = 0;
    let sample = batches(slice, |n| {
        for _ in 0..n {
            next += 1;
            let timer = count + next % 64;
            timers.arm(timer, FAR + APART * order[next % count] as u32);
            timers.cancel(timer);
        }
    });
    Ok(vec![sample])
}

/// The numbers below this in an order that looks like none, the same each time.
fn shuffled(count: usize) -> Vec<usize> {
    let mut order: Vec<usize> = (0..count).collect();
    let mut random = 0x9E37_79B9_7F4A_7C15_u64;
    for last in (1..count).rev() {
        random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        order.swap(last, (random >> 33) as usize % (last + 1));
    }
    order
}

/// ntwait's.
struct NtTimers {
    nt: &'static Runtime,
    timers: Vec<Handle>,
}

impl Timers for NtTimers {
    fn new(count: usize) -> Result<Self, String> {
        let nt = adaptive();
        let kind = TimerType::SYNCHRONIZATION;
        let make = |_| nt.nt_create_timer(AccessMask::TIMER_ALL_ACCESS, ObjectAttributes::NONE, kind);
        let timers = (0..count).map(make).collect::<Result<_, _>>().map_err(|status| status.to_string())?;
        Ok(Self { nt, timers })
    }

    fn arm(&self, timer: usize, span: Duration) {
        let due = -(span.as_nanos().div_ceil(100).max(1) as i64);
        self.nt.nt_set_timer(self.timers[timer], due, None, false, 0).expect("an open timer");
    }

    fn cancel(&self, timer: usize) {
        self.nt.nt_cancel_timer(self.timers[timer]).expect("an open timer");
    }

    fn each_expired(&self, order: &[usize], mut seen: impl FnMut(usize)) {
        for timer in order {
            assert_eq!(self.nt.nt_wait_for_single_object(self.timers[*timer], false, None), NtStatus::WAIT_0);
            seen(*timer);
        }
    }
}

impl Drop for NtTimers {
    fn drop(&mut self) {
        for timer in &self.timers {
            let _ = self.nt.nt_close(*timer);
        }
    }
}

/// One descriptor each.
struct Timerfds {
    epoll: OwnedFd,
    timers: Vec<OwnedFd>,
}

impl Timers for Timerfds {
    fn new(count: usize) -> Result<Self, String> {
        let limit = getrlimit(Resource::Nofile);
        let _ = setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, ..limit });
        let epoll = epoll::create(CreateFlags::CLOEXEC).map_err(|errno| errno.to_string())?;
        let timers = (0..count).map(|number| {
            let timer = timerfd_create(TimerfdClockId::Monotonic, TimerfdFlags::CLOEXEC | TimerfdFlags::NONBLOCK)?;
            // Told once of each expiry: nothing has to be read.
            epoll::add(&epoll, &timer, EventData::new_u64(number as u64), EventFlags::IN | EventFlags::ET)?;
            Ok(timer)
        });
        let timers = timers.collect::<rustix::io::Result<_>>().map_err(|errno| errno.to_string())?;
        Ok(Self { epoll, timers })
    }

    fn arm(&self, timer: usize, span: Duration) {
        self.set(timer, span.max(Duration::from_nanos(1)));
    }

    fn cancel(&self, timer: usize) {
        self.set(timer, Duration::ZERO);
    }

    fn each_expired(&self, order: &[usize], mut seen: impl FnMut(usize)) {
        let mut left = order.len();
        let mut events = [epoll::Event { flags: EventFlags::empty(), data: EventData::new_u64(0) }; 64];
        while left > 0 {
            let count = epoll::wait(&self.epoll, &mut events, None).expect("no signal comes");
            events[..count].iter().for_each(|event| seen(event.data.u64() as usize));
            left -= count;
        }
    }
}

impl Timerfds {
    fn set(&self, timer: usize, span: Duration) {
        let value = Timespec { tv_sec: span.as_secs() as i64, tv_nsec: i64::from(span.subsec_nanos()) };
        let when = Itimerspec { it_interval: Timespec::default(), it_value: value };
        timerfd_settime(&self.timers[timer], TimerfdTimerFlags::empty(), &when).expect("an open descriptor");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_timer_expires_once_and_none_is_early() {
        for turn in [late::<NtTimers>, late::<Timerfds>] {
            let samples = turn(100).expect("a hundred timers");
            assert_eq!(samples[0].spread.len(), 100);
            assert!(samples[0].value > 0.0);
        }
    }

    #[test]
    fn an_order_has_each_number_once() {
        let mut order = shuffled(1_000);
        assert!(!order.is_sorted());
        order.sort_unstable();
        assert_eq!(order, Vec::from_iter(0..1_000));
    }
}
