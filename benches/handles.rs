//! What does it cost to reach an event through a handle: to make and close one, to duplicate, to look up among many,
//! and to have a million alive?
//!
//! The peers have no handles, so they get what a program would build: a map from integers to reference-counted events
//! under a mutex; and the limit, which is a reference count alone. All of them refer to the cheapest event there is.

#![allow(clippy::disallowed_types, clippy::disallowed_methods, reason = "benches are not the product")]

mod common;

use std::cell::LazyCell;
use std::collections::HashMap;
use std::hint::black_box;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use common::{AUTO, BareFutex, Group, Rival};
use criterion::{BenchmarkId, Criterion, SamplingMode, Throughput, criterion_group, criterion_main};
use ntwait::{AccessMask, DuplicateOptions, EventType, Handle, HandleAttributes, NtStatus, ObjectAttributes, Runtime};

/// `body::<T>(arguments)` for each [`Table`].
macro_rules! every_rival {
    ($body:ident($($argument:expr),*)) => {
        $body::<Counted>($($argument),*);
        $body::<Runtime>($($argument),*);
        $body::<MapInMutex>($($argument),*);
    };
}

fn create_close(criterion: &mut Criterion) {
    fn rival<T: Table>(group: &mut Group<'_>) {
        let table = T::make();
        group.bench_function(T::NAME, |bencher| bencher.iter(|| table.close(black_box(table.create()))));
    }
    let mut group = criterion.benchmark_group("create_close");
    every_rival!(rival(&mut group));
}

fn duplicate_close(criterion: &mut Criterion) {
    fn rival<T: Table>(group: &mut Group<'_>) {
        let table = T::make();
        let source = table.create();
        group.bench_function(T::NAME, |bencher| {
            bencher.iter(|| table.close(black_box(table.duplicate(black_box(&source)))));
        });
    }
    let mut group = criterion.benchmark_group("duplicate_close");
    every_rival!(rival(&mut group));
}

/// Polls of clear events in random order, which is the look-up and one load.
fn look_up(criterion: &mut Criterion) {
    fn rival<T: Table>(group: &mut Group<'_>, alive: usize) {
        let filled = LazyCell::new(|| {
            let table = T::make();
            let mut handles: Vec<_> = (0..alive).map(|_| table.create()).collect();
            shuffle(&mut handles);
            (table, handles)
        });
        group.bench_function(BenchmarkId::new(T::NAME, alive), |bencher| {
            let (table, handles) = &*filled;
            let mut next = handles.iter().cycle();
            bencher.iter(|| next.next().map(|handle| table.poll(handle)));
        });
    }
    let mut group = criterion.benchmark_group("look_up");
    for alive in [1_000, 100_000] {
        every_rival!(rival(&mut group, alive));
    }
}

const MILLION: usize = 1_000_000;

/// The first million of a fresh table, with all memory that it takes.
fn create_a_million(criterion: &mut Criterion) {
    fn rival<T: Table>(group: &mut Group<'_>) {
        million::<T>(group, |prices| prices.create);
    }
    let mut group = of_millions(criterion, "create_a_million");
    every_rival!(rival(&mut group));
}

/// Closes a million in the order in which they were made.
fn close_a_million(criterion: &mut Criterion) {
    fn rival<T: Table>(group: &mut Group<'_>) {
        million::<T>(group, |prices| prices.close);
    }
    let mut group = of_millions(criterion, "close_a_million");
    every_rival!(rival(&mut group));
}

fn of_millions<'c>(criterion: &'c mut Criterion, name: &str) -> Group<'c> {
    let mut group = criterion.benchmark_group(name);
    group.throughput(Throughput::Elements(MILLION as u64));
    group.sampling_mode(SamplingMode::Flat).sample_size(10);
    group.warm_up_time(Duration::from_millis(1)).measurement_time(Duration::from_secs(3));
    group
}

/// What a million cost together.
struct Prices {
    create: Duration,
    close: Duration,
}

fn million<T: Table>(group: &mut Group<'_>, part: fn(Prices) -> Duration) {
    let mut handles = Vec::with_capacity(MILLION);
    group.bench_function(T::NAME, |bencher| {
        bencher.iter_custom(|n| (0..n).map(|_| part(prices::<T>(&mut handles))).sum());
    });
}

fn prices<T: Table>(handles: &mut Vec<T::Handle>) -> Prices {
    let table = T::make();
    let start = Instant::now();
    handles.extend((0..MILLION).map(|_| table.create()));
    let create = start.elapsed();
    let start = Instant::now();
    handles.drain(..).for_each(|handle| table.close(handle));
    Prices { create, close: start.elapsed() }
}

/// Fisher and Yates, the same order in each run.
fn shuffle<T>(items: &mut [T]) {
    let mut state = 0x9E37_79B9_7F4A_7C15_u64;
    for last in (1..items.len()).rev() {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        items.swap(last, (state % (last as u64 + 1)) as usize);
    }
}

/// Auto-reset events and ways to refer to them.
trait Table {
    const NAME: &'static str;
    type Handle;

    /// Empty.
    fn make() -> Self;
    /// A clear event.
    fn create(&self) -> Self::Handle;
    /// One more handle to the same event.
    fn duplicate(&self, source: &Self::Handle) -> Self::Handle;
    /// The event goes with its last handle.
    fn close(&self, handle: Self::Handle);
    fn poll(&self, handle: &Self::Handle) -> bool;
}

impl Table for Runtime {
    const NAME: &'static str = "ntwait handle";
    type Handle = Handle;

    fn make() -> Self {
        Self::new().expect("there is address space for a runtime")
    }

    #[inline]
    fn create(&self) -> Handle {
        let kind = EventType::SYNCHRONIZATION;
        self.nt_create_event(AccessMask::EVENT_ALL_ACCESS, ObjectAttributes::NONE, kind, false)
            .expect("there is room for one more event")
    }

    #[inline]
    fn duplicate(&self, source: &Handle) -> Handle {
        let (me, none, same) = (Handle::CURRENT_PROCESS, AccessMask::empty(), DuplicateOptions::SAME_ACCESS);
        self.nt_duplicate_object(me, *source, me, none, HandleAttributes::empty(), same)
            .expect("there is room for one more handle")
    }

    #[inline]
    fn close(&self, handle: Handle) {
        let status = self.nt_close(handle);
        assert!(status == NtStatus::SUCCESS, "ntwait answered {status}");
    }

    #[inline]
    fn poll(&self, handle: &Handle) -> bool {
        self.nt_wait_for_single_object(*handle, false, Some(0)) == NtStatus::WAIT_0
    }
}

/// No handle: a reference count in front of the event.
struct Counted;

impl Table for Counted {
    const NAME: &'static str = "Arc, no handle";
    type Handle = Arc<BareFutex<AUTO>>;

    fn make() -> Self {
        Self
    }

    #[inline]
    fn create(&self) -> Self::Handle {
        Arc::new(BareFutex::new())
    }

    #[inline]
    fn duplicate(&self, source: &Self::Handle) -> Self::Handle {
        Arc::clone(source)
    }

    #[inline]
    fn close(&self, handle: Self::Handle) {
        drop(handle);
    }

    #[inline]
    fn poll(&self, handle: &Self::Handle) -> bool {
        handle.try_wait()
    }
}

/// What a small loader would write.
struct MapInMutex(Mutex<Map>);

#[derive(Default)]
struct Map {
    events: HashMap<u32, Arc<BareFutex<AUTO>>>,
    last: u32,
}

impl MapInMutex {
    #[inline]
    fn map(&self) -> MutexGuard<'_, Map> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Map {
    #[inline]
    fn insert(&mut self, event: Arc<BareFutex<AUTO>>) -> u32 {
        self.last += 4;
        self.events.insert(self.last, event);
        self.last
    }
}

impl Table for MapInMutex {
    const NAME: &'static str = "Mutex of HashMap";
    type Handle = u32;

    fn make() -> Self {
        Self(Mutex::default())
    }

    #[inline]
    fn create(&self) -> u32 {
        let event = Arc::new(BareFutex::new());
        self.map().insert(event)
    }

    #[inline]
    fn duplicate(&self, source: &u32) -> u32 {
        let mut map = self.map();
        let event = Arc::clone(&map.events[source]);
        map.insert(event)
    }

    #[inline]
    fn close(&self, handle: u32) {
        let event = self.map().events.remove(&handle);
        assert!(event.is_some(), "each handle is closed once");
    }

    /// Under the map's lock, which saves the reference count.
    #[inline]
    fn poll(&self, handle: &u32) -> bool {
        self.map().events[handle].try_wait()
    }
}

criterion_group!(
    name = benches;
    config = common::criterion();
    targets = create_close, duplicate_close, look_up, create_a_million, close_a_million
);
criterion_main!(benches);
