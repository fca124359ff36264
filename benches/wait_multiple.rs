//! What does it cost to wait for many events at once?
//!
//! Nobody waits while they are set, so no wait sleeps: this is the work of the wait itself. The peers have no such
//! wait: they poll one event after the other. That is the least that any wait for many does, and for "all" it is less:
//! it is not one step, and gives nothing back if a later event is clear.

mod common;

use std::hint::black_box;

use common::{AUTO, BareFutex, Group, NtEvent, Padded, Parking, Rival, RsEvent, StdEvent};
use criterion::{BenchmarkId, Criterion, criterion_group, criterion_main};
use ntwait::{Ended, Event, Handle, NtStatus, Runtime, Timeout, WaitType, Waitable, wait_all, wait_any};

/// `body::<M>(arguments)` for each `M` that is [`Many`].
macro_rules! every_rival {
    ($body:ident($($argument:expr),*)) => {
        $body::<OneByOne<BareFutex<AUTO>>>($($argument),*);
        $body::<Handles>($($argument),*);
        $body::<Typed>($($argument),*);
        $body::<OneByOne<RsEvent<AUTO>>>($($argument),*);
        $body::<OneByOne<Parking<AUTO>>>($($argument),*);
        $body::<OneByOne<StdEvent<AUTO>>>($($argument),*);
    };
}

const COUNTS: [usize; 3] = [2, 8, 64];

/// Sets the last of K, then waits for any of them: all others are looked at first.
fn set_last_wait_any(criterion: &mut Criterion) {
    fn rival<M: Many>(group: &mut Group<'_>, count: usize) {
        let events = M::new(count);
        group.bench_function(BenchmarkId::new(M::NAME, count), |bencher| {
            let events = black_box(&events);
            bencher.iter(|| {
                events.set(count - 1);
                assert_eq!(events.take_any(), Some(count - 1));
            });
        });
    }
    let mut group = criterion.benchmark_group("set_last_wait_any");
    for count in COUNTS {
        every_rival!(rival(&mut group, count));
    }
}

/// A poll of K of which none is set.
fn poll_any_clear(criterion: &mut Criterion) {
    fn rival<M: Many>(group: &mut Group<'_>, count: usize) {
        let events = M::new(count);
        group.bench_function(BenchmarkId::new(M::NAME, count), |bencher| {
            let events = black_box(&events);
            bencher.iter(|| assert_eq!(events.take_any(), None));
        });
    }
    let mut group = criterion.benchmark_group("poll_any_clear");
    for count in COUNTS {
        every_rival!(rival(&mut group, count));
    }
}

/// Sets eight, then takes all of them.
fn set_8_wait_all(criterion: &mut Criterion) {
    const COUNT: usize = 8;
    fn rival<M: Many>(group: &mut Group<'_>) {
        let events = M::new(COUNT);
        group.bench_function(M::NAME, |bencher| {
            let events = black_box(&events);
            bencher.iter(|| {
                (0..COUNT).for_each(|index| events.set(index));
                assert!(events.take_all());
            });
        });
    }
    let mut group = criterion.benchmark_group("set_8_wait_all");
    every_rival!(rival(&mut group));
}

/// Auto-reset events, and polls of all of them.
trait Many {
    const NAME: &'static str;

    /// All clear.
    fn new(count: usize) -> Self;
    fn set(&self, index: usize);
    /// Takes the first that is set.
    fn take_any(&self) -> Option<usize>;
    /// Takes all, if all are set.
    fn take_all(&self) -> bool;
}

/// `NtWaitForMultipleObjects`.
struct Handles {
    runtime: &'static Runtime,
    events: Vec<NtEvent<AUTO>>,
    handles: Vec<Handle>,
}

impl Many for Handles {
    const NAME: &'static str = NtEvent::<AUTO>::NAME;

    fn new(count: usize) -> Self {
        let events: Vec<NtEvent<AUTO>> = (0..count).map(|_| NtEvent::new()).collect();
        let handles = events.iter().map(NtEvent::handle).collect();
        Self { runtime: Runtime::global(), events, handles }
    }

    #[inline]
    fn set(&self, index: usize) {
        self.events[index].set();
    }

    #[inline]
    fn take_any(&self) -> Option<usize> {
        let status = self.runtime.nt_wait_for_multiple_objects(&self.handles, WaitType::ANY, false, Some(0));
        (status != NtStatus::TIMEOUT).then_some(status.0 as usize)
    }

    #[inline]
    fn take_all(&self) -> bool {
        let status = self.runtime.nt_wait_for_multiple_objects(&self.handles, WaitType::ALL, false, Some(0));
        status == NtStatus::WAIT_0
    }
}

/// `wait_any` and `wait_all` over references, whose list is made once.
struct Typed {
    events: &'static [Event],
    list: Vec<&'static dyn Waitable>,
}

impl Many for Typed {
    const NAME: &'static str = "ntwait Event";

    fn new(count: usize) -> Self {
        let event = |_| Event::auto_reset(false).expect("there is room for one more event");
        // Leaked, so that the list can stand beside what it refers to.
        let events: &'static [Event] = Vec::leak((0..count).map(event).collect());
        Self { events, list: events.iter().map(|event| event as &dyn Waitable).collect() }
    }

    #[inline]
    fn set(&self, index: usize) {
        self.events[index].set();
    }

    #[inline]
    fn take_any(&self) -> Option<usize> {
        match wait_any(&self.list, Timeout::Poll) {
            Ok(Ended::Object(index)) => Some(index),
            _ => None,
        }
    }

    #[inline]
    fn take_all(&self) -> bool {
        wait_all(&self.list, Timeout::Poll) == Ok(Ended::Object(0))
    }
}

/// A poll of each event in turn.
struct OneByOne<E>(Vec<Padded<E>>);

impl<E: Rival> Many for OneByOne<E> {
    const NAME: &'static str = E::NAME;

    fn new(count: usize) -> Self {
        Self((0..count).map(|_| Padded(E::new())).collect())
    }

    #[inline]
    fn set(&self, index: usize) {
        self.0[index].set();
    }

    #[inline]
    fn take_any(&self) -> Option<usize> {
        self.0.iter().position(|event| event.try_wait())
    }

    #[inline]
    fn take_all(&self) -> bool {
        self.0.iter().all(|event| event.try_wait())
    }
}

criterion_group!(
    name = benches;
    config = common::criterion();
    targets = set_last_wait_any, poll_any_clear, set_8_wait_all
);
criterion_main!(benches);
