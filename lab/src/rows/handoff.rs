//! P4 to P6: hand-offs. Two threads wake each other in turn, on one CPU or on two.

use std::hint::spin_loop;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::measure::{Bench, Contender, Line, Role, Target, Trips, exchange};
use crate::peers::{AUTO, BareFutex, Event, EventFd, NtEvent, Padded, Parking, RsEvent, StdEvent, StdMap};
use crate::plan::Plan;

pub(super) fn benches(plan: &Plan) -> Vec<Bench> {
    let one = (plan.cpus.home, plan.cpus.home);
    let two = (plan.cpus.home, plan.cpus.other());
    vec![one_cpu(one), two_cpus(two), spinning_in_vain(one)]
}

/// P4: on one CPU every hand-off is a sleep, a wake and two context switches, whatever the event is made of.
fn one_cpu(cpus: (usize, usize)) -> Bench {
    let line = Line::new("P4", "ping-pong on one CPU, a round trip", Target::TimesLimit(1.03));
    Bench::new(
        "P4",
        line,
        2.2,
        vec![
            ping_pong::<BareFutex<AUTO>>(Role::Limit, cpus),
            ping_pong::<NtEvent<AUTO>>(Role::Ours, cpus),
            ping_pong::<RsEvent<AUTO>>(Role::Peer, cpus),
            ping_pong::<StdEvent<AUTO>>(Role::Peer, cpus),
            ping_pong::<Parking<AUTO>>(Role::Peer, cpus),
            ping_pong::<StdMap<AUTO>>(Role::Peer, cpus),
            ping_pong::<EventFd<AUTO>>(Role::Peer, cpus),
        ],
    )
}

/// P5: on two CPUs a waiter may look for a while before it sleeps; nobody can be faster than one who only looks.
fn two_cpus(cpus: (usize, usize)) -> Bench {
    let line = Line::new("P5", "ping-pong on two CPUs, a round trip, default policy", Target::TimesLimit(1.5));
    let spin =
        Contender::simple("pure spin", Role::Limit, move |slice| exchange(PureSpin::new(), cpus, slice, || {}).trip);
    Bench::new(
        "P5",
        line,
        2.0,
        vec![
            spin,
            ping_pong::<NtEvent<AUTO>>(Role::Ours, cpus),
            ping_pong::<NtEvent<AUTO, false>>(Role::Variant, cpus),
            ping_pong::<BareFutex<AUTO>>(Role::Peer, cpus),
            ping_pong::<RsEvent<AUTO>>(Role::Peer, cpus),
            ping_pong::<StdEvent<AUTO>>(Role::Peer, cpus),
            ping_pong::<Parking<AUTO>>(Role::Peer, cpus),
            ping_pong::<EventFd<AUTO>>(Role::Peer, cpus),
        ],
    )
    .on_two_cpus()
}

/// P6, first part: on one CPU the signaller cannot run while the waiter looks, so looking must cost nothing.
fn spinning_in_vain(cpus: (usize, usize)) -> Bench {
    let what = "ping-pong on one CPU, against never spinning";
    Bench::new(
        "P6",
        Line::new("P6.one", what, Target::TimesLimit(1.05)),
        0.8,
        vec![ping_pong::<NtEvent<AUTO, false>>(Role::Limit, cpus), ping_pong::<NtEvent<AUTO>>(Role::Ours, cpus)],
    )
}

fn ping_pong<E: Event>(role: Role, cpus: (usize, usize)) -> Contender {
    Contender::simple(E::NAME, role, move |slice| {
        exchange(PingPong { ping: Padded(E::new()), pong: Padded(E::new()) }, cpus, slice, || {}).trip
    })
}

/// Two auto-reset events, one for each direction.
struct PingPong<E> {
    ping: Padded<E>,
    pong: Padded<E>,
}

impl<E: Event> Trips for PingPong<E> {
    #[inline]
    fn here(&self) {
        self.ping.set();
        self.pong.wait();
    }

    #[inline]
    fn awaiter(&self) -> impl FnMut() {
        || self.ping.wait()
    }

    #[inline]
    fn answer(&self) {
        self.pong.set();
    }

    fn release(&self) {
        self.ping.set();
    }
}

/// Two flags, each set by one side and cleared by the other, as an auto-reset event is. This is faster than two words
/// that are counted up: clearing a flag brings its line to the side that looks, so each hand-off moves it once, not
/// twice. The pause between two looks keeps the watcher out of the writer's way.
struct PureSpin {
    ping: Padded<AtomicU64>,
    pong: Padded<AtomicU64>,
}

impl PureSpin {
    fn new() -> Self {
        let [ping, pong] = [(); 2].map(|()| Padded(AtomicU64::new(0)));
        Self { ping, pong }
    }

    #[inline]
    fn take(flag: &AtomicU64) {
        while flag.load(Ordering::Acquire) == 0 || flag.swap(0, Ordering::AcqRel) == 0 {
            spin_loop();
        }
    }
}

impl Trips for PureSpin {
    #[inline]
    fn here(&self) {
        self.ping.swap(1, Ordering::AcqRel);
        Self::take(&self.pong);
    }

    #[inline]
    fn awaiter(&self) -> impl FnMut() {
        || Self::take(&self.ping)
    }

    #[inline]
    fn answer(&self) {
        self.pong.swap(1, Ordering::AcqRel);
    }

    fn release(&self) {
        self.ping.swap(1, Ordering::AcqRel);
    }
}
