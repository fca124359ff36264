//! P7: one manual-reset event releases a crowd.
//!
//! The sleepers are spread evenly over both CPUs. Each cycle sets one of two events while all sleep on it; they then go to
//! sleep on the other one. The setter gives its CPU away right after the set, and the last sleeper to run wakes it.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use crate::crowd::Crowd;
use crate::measure::{Bench, Contender, Line, Role, Sample, Target};
use crate::os::cpus::{Cpus, pin_to};
use crate::peers::{AUTO, BareFutex, Event, EventFd, MANUAL, NtEvent, Padded, Parking, RsEvent, StdEvent};
use crate::plan::Plan;

pub(super) fn benches(plan: &Plan) -> Vec<Bench> {
    let sizes =
        [(2, 0.15, Target::None), (8, 0.5, OF_SHARED_WORD), (64, 0.7, OF_SHARED_WORD), (512, 2.6, OF_SHARED_WORD)];
    // Five hundred threads take longer to come and go than a whole quick run.
    let shown = sizes.into_iter().filter(|(sleepers, ..)| !plan.quick || *sleepers < 100);
    shown.map(|(sleepers, seconds, target)| broadcast(plan, sleepers, seconds, target)).collect()
}

const OF_SHARED_WORD: Target = Target::TimesLimit(1.10);
/// `set` itself, however many sleep, in ns.
const SET_RETURNS: Target = Target::Scaled(20_000.0);

fn broadcast(plan: &Plan, sleepers: usize, seconds: f64, target: Target) -> Bench {
    fn body<E: Event>(role: Role, name: &'static str, placement: Placement, plan: &Plan, sleepers: usize) -> Contender {
        let cpus = plan.cpus;
        Contender::new(name, role, move |slice| Ok(cycles::<E>(cpus, placement, sleepers, slice)))
    }
    use Placement::{Alternating, Halves};
    let last =
        Line::new(format!("P7.{sleepers}"), format!("broadcast to {sleepers} sleepers, until the last ran"), target);
    let set_target = if sleepers == 512 { SET_RETURNS } else { Target::None };
    let set = Line::new(
        format!("P7.{sleepers}.set"),
        format!("broadcast to {sleepers} sleepers, until set returns"),
        set_target,
    );
    Bench::new(
        "P7",
        last,
        seconds,
        vec![
            body::<BareFutex<MANUAL>>(Role::Limit, "one shared futex", Alternating, plan, sleepers),
            body::<NtEvent<MANUAL>>(Role::Ours, NtEvent::<MANUAL>::NAME, Alternating, plan, sleepers),
            body::<StdEvent<MANUAL>>(Role::Peer, StdEvent::<MANUAL>::NAME, Alternating, plan, sleepers),
            body::<Parking<MANUAL>>(Role::Peer, Parking::<MANUAL>::NAME, Halves, plan, sleepers),
            body::<RsEvent<MANUAL>>(Role::Peer, RsEvent::<MANUAL>::NAME, Alternating, plan, sleepers),
            body::<EventFd<MANUAL>>(Role::Peer, EventFd::<MANUAL>::NAME, Alternating, plan, sleepers),
        ],
    )
    .and([set])
    .in_rounds(if sleepers > 100 { 5 } else { plan.pick(9, 3) })
}

/// On which CPU each sleeper runs. Everybody gets what suits it best.
#[derive(Clone, Copy)]
enum Placement {
    /// In turn: whoever is woken first runs on both CPUs at once.
    Alternating,
    /// First half here, second half there: good for peers whose sleepers wake each other one after the other.
    Halves,
}

impl Placement {
    fn cpu(self, cpus: Cpus, index: usize, sleepers: usize) -> usize {
        match self {
            Self::Alternating => cpus.alternate(index),
            Self::Halves => cpus.alternate(usize::from(index >= sleepers / 2)),
        }
    }
}

/// What the crowd and the setter share.
struct Stage<E> {
    events: [Padded<E>; 2],
    ran: Padded<AtomicU32>,
    all_ran: Padded<BareFutex<AUTO>>,
    last_at: Padded<AtomicU64>,
    over: AtomicBool,
    sleepers: u32,
    base: Instant,
}

/// Broadcasts for about `slice`. Two samples in ns: until the last sleeper has run, and until `set` returned.
fn cycles<E: Event>(cpus: Cpus, placement: Placement, sleepers: usize, slice: Duration) -> Vec<Sample> {
    let stage = Arc::new(Stage::<E>::new(sleepers as u32));
    let start = Instant::now();
    let crowd = Crowd::of(sleepers, {
        let stage = Arc::clone(&stage);
        move |index| {
            pin_to(placement.cpu(cpus, index, sleepers));
            stage.sleep_in_turn();
        }
    });
    pin_to(cpus.home);
    let (mut last, mut set) = (Vec::new(), Vec::new());
    for cycle in 0.. {
        crowd.block();
        let (until_last, until_set) = stage.cycle(cycle);
        if cycle > 0 {
            last.push(until_last as f64);
            set.push(until_set as f64);
        }
        if cycle > 1 && start.elapsed() > slice {
            break;
        }
    }
    crowd.block();
    stage.over.store(true, Ordering::Release);
    stage.events.iter().for_each(|event| event.set());
    crowd.join();
    [last, set].map(Sample::of).into()
}

impl<E: Event> Stage<E> {
    fn new(sleepers: u32) -> Self {
        Self {
            events: [Padded(E::new()), Padded(E::new())],
            ran: Padded(AtomicU32::new(0)),
            all_ran: Padded(BareFutex::new()),
            last_at: Padded(AtomicU64::new(0)),
            over: AtomicBool::new(false),
            sleepers,
            base: Instant::now(),
        }
    }

    fn now(&self) -> u64 {
        self.base.elapsed().as_nanos() as u64
    }

    /// A sleeper's life.
    fn sleep_in_turn(&self) {
        for turn in 0.. {
            self.events[turn % 2].wait();
            if self.over.load(Ordering::Acquire) {
                return;
            }
            if self.ran.fetch_add(1, Ordering::AcqRel) + 1 == self.sleepers {
                self.last_at.store(self.now(), Ordering::Release);
                self.all_ran.set();
            }
        }
    }

    /// One broadcast to all, who sleep: ns until the last one ran, ns until `set` returned.
    fn cycle(&self, cycle: usize) -> (u64, u64) {
        self.ran.store(0, Ordering::Release);
        let event = &self.events[cycle % 2];
        let before = self.now();
        event.set();
        let returned = self.now();
        self.all_ran.wait();
        event.reset();
        (self.last_at.load(Ordering::Acquire) - before, returned - before)
    }
}
