//! P19: objects as descriptors. What a set costs until `epoll` wakes, what it costs to keep the descriptor right, and what other
//! objects have to do with that: nothing.

use std::hint::black_box;
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::time::Duration;

use rustix::event::epoll::{self, CreateFlags, EventData, EventFlags};
use rustix::event::{EventfdFlags, eventfd};
use rustix::io::{read, write};

use crate::measure::{Bench, Contender, Line, Role, Sample, Target, Trips, batches, exchange};
use crate::os::cpus::pin_to;
use crate::peers::{AUTO, Event, MANUAL, NtEvent, Padded, adaptive};
use crate::plan::Plan;

pub(super) fn benches(plan: &Plan) -> Vec<Bench> {
    let home = plan.cpus.home;
    vec![wake(home), set_reset(home), beside(home)]
}

/// An event that `epoll` can watch.
trait Watched: Send + Sync + 'static {
    const NAME: &'static str;
    fn new(manual: bool) -> Self;
    fn descriptor(&self) -> BorrowedFd<'_>;
    fn set(&self);
    /// Makes it clear; it is set, or may be.
    fn take(&self);
}

/// What cannot be done without: a descriptor that is written to and read.
struct Bare(OwnedFd);

impl Watched for Bare {
    const NAME: &'static str = "bare eventfd";

    fn new(_manual: bool) -> Self {
        Self(eventfd(0, EventfdFlags::CLOEXEC | EventfdFlags::NONBLOCK).expect("one more descriptor"))
    }

    fn descriptor(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }

    #[inline]
    fn set(&self) {
        let _ = write(&self.0, &1_u64.to_ne_bytes());
    }

    #[inline]
    fn take(&self) {
        let _ = read(&self.0, &mut [0; 8]);
    }
}

/// ntwait's event and its descriptor. What takes an auto-reset event is a wait, what clears a manual-reset event a reset.
enum Exported {
    Auto(NtEvent<AUTO>, OwnedFd),
    Manual(NtEvent<MANUAL>, OwnedFd),
}

impl Watched for Exported {
    const NAME: &'static str = "ntwait";

    fn new(manual: bool) -> Self {
        let export = |handle| adaptive().export_fd(handle).expect("two more descriptors");
        if manual {
            let event = NtEvent::new();
            let descriptor = export(event.handle());
            Self::Manual(event, descriptor)
        } else {
            let event = NtEvent::new();
            let descriptor = export(event.handle());
            Self::Auto(event, descriptor)
        }
    }

    fn descriptor(&self) -> BorrowedFd<'_> {
        match self {
            Self::Auto(_, descriptor) | Self::Manual(_, descriptor) => descriptor.as_fd(),
        }
    }

    #[inline]
    fn set(&self) {
        match self {
            Self::Auto(event, _) => event.set(),
            Self::Manual(event, _) => event.set(),
        }
    }

    #[inline]
    fn take(&self) {
        match self {
            Self::Auto(event, _) => drop(event.try_wait()),
            Self::Manual(event, _) => event.reset(),
        }
    }
}

/// Two threads on one CPU, each of which sleeps in `epoll_wait` until the other one sets its event: every step is a sleep, a
/// wake and a context switch, whatever the event is made of.
fn wake(home: usize) -> Bench {
    fn body<W: Watched>(role: Role, home: usize) -> Contender {
        Contender::simple(W::NAME, role, move |slice| {
            exchange(EpollPingPong::<W> { ping: Source::new(), pong: Source::new() }, (home, home), slice, || {}).trip
        })
    }
    let line = Line::new("P19.wake", "set until epoll wakes, and back, on one CPU", Target::TimesLimit(1.15));
    Bench::new("P19", line, 1.0, vec![body::<Bare>(Role::Limit, home), body::<Exported>(Role::Ours, home)])
}

struct Source<W> {
    event: W,
    watch: OwnedFd,
}

impl<W: Watched> Source<W> {
    fn new() -> Self {
        let event = W::new(false);
        let watch = epoll::create(CreateFlags::CLOEXEC).expect("one more descriptor");
        epoll::add(&watch, event.descriptor(), EventData::new_u64(0), EventFlags::IN).expect("memory to watch");
        Self { event, watch }
    }

    #[inline]
    fn wait(&self) {
        while epoll::wait(&self.watch, &mut [MaybeUninit::uninit(); 1], None).is_err() {}
        self.event.take();
    }
}

struct EpollPingPong<W> {
    ping: Source<W>,
    pong: Source<W>,
}

impl<W: Watched> Trips for EpollPingPong<W> {
    #[inline]
    fn here(&self) {
        self.ping.event.set();
        self.pong.wait();
    }

    #[inline]
    fn awaiter(&self) -> impl FnMut() {
        || self.ping.wait()
    }

    #[inline]
    fn answer(&self) {
        self.pong.event.set();
    }

    fn release(&self) {
        self.ping.event.set();
    }
}

fn set_reset(home: usize) -> Bench {
    fn body<W: Watched>(role: Role, home: usize) -> Contender {
        Contender::simple(W::NAME, role, move |slice| {
            pin_to(home);
            let event = W::new(true);
            batches(slice, |n| {
                let event = black_box(&event);
                for _ in 0..n {
                    event.set();
                    event.take();
                }
            })
        })
    }
    let line = Line::new("P19.set", "set + reset, exported manual event", Target::TimesLimit(1.15));
    Bench::new("P19", line, 0.6, vec![body::<Bare>(Role::Limit, home), body::<Exported>(Role::Ours, home)])
}

/// So many others have descriptors.
const OTHERS: usize = 64;

/// An event without a descriptor, while others have one, against a time when none has.
fn beside(home: usize) -> Bench {
    let body = |name, role, others: usize| {
        Contender::simple(name, role, move |slice| {
            let others: Vec<_> = (0..others).map(|_| Exported::new(true)).collect();
            let sample = set_reset_plain(home, slice);
            drop(others);
            sample
        })
    };
    let what = "set + reset, an event that is not exported, while others are";
    let contenders = vec![body("ntwait, none is", Role::Limit, 0), body("ntwait", Role::Ours, OTHERS)];
    Bench::new("P19", Line::new("P19.beside", what, Target::TimesLimit(1.02)), 0.8, contenders)
}

/// Not inlined: both measure the same machine code.
#[inline(never)]
fn set_reset_plain(home: usize, slice: Duration) -> Sample {
    pin_to(home);
    let event = Padded(NtEvent::<MANUAL>::new());
    batches(slice, |n| {
        let event = black_box(&*event);
        for _ in 0..n {
            event.set();
            event.reset();
        }
    })
}
