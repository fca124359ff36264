//! Two threads at once: exchanges in turn, and the same work side by side.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Barrier};
use std::thread;
use std::time::Duration;

use super::{Sample, batches, singles};
use crate::os::cpus::pin_to;
use crate::os::task;
use crate::peers::Padded;

/// Both sides of an exchange: one makes trips, the other one answers each of them.
pub(crate) trait Trips: Send + Sync + 'static {
    /// One round trip, as the measuring side sees it.
    fn here(&self);
    /// The other side's wait for a trip, prepared; called once for each.
    fn awaiter(&self) -> impl FnMut();
    /// The other side's part of one trip: answers it.
    fn answer(&self);
    /// Lets the other side go without an answer, after the last trip.
    fn release(&self);
}

/// What an exchange found.
pub(crate) struct Exchanged {
    /// In ns for one round trip. The figure comes from batches, the spread from trips that were timed one by one.
    pub(crate) trip: Sample,
    /// Share of the answering side's waits that really slept, 0 to 1.
    pub(crate) slept: f64,
}

/// Makes trips for about `slice`, from the first CPU to the second. `prepare` runs first on each of both threads.
pub(crate) fn exchange(
    trips: impl Trips,
    cpus: (usize, usize),
    slice: Duration,
    prepare: impl Fn() + Send + Sync + 'static,
) -> Exchanged {
    let trips = Arc::new(trips);
    let over = Arc::new(Padded(AtomicBool::new(false)));
    let prepare = Arc::new(prepare);
    let partner = thread::spawn({
        let (trips, over, prepare) = (Arc::clone(&trips), Arc::clone(&over), Arc::clone(&prepare));
        move || {
            pin_to(cpus.1);
            prepare();
            let mut await_trip = trips.awaiter();
            let slept_before = task::own_sleeps();
            for made in 1u64.. {
                await_trip();
                if over.load(Ordering::Relaxed) {
                    return (task::own_sleeps() - slept_before) as f64 / made as f64;
                }
                trips.answer();
            }
            unreachable!("nobody makes 2^64 trips")
        }
    });
    pin_to(cpus.0);
    prepare();
    let mut trip = batches(slice * 5 / 8, |n| (0..n).for_each(|_| trips.here()));
    trip.spread = singles(slice * 3 / 8, || trips.here());
    over.store(true, Ordering::Relaxed);
    trips.release();
    let slept = partner.join().expect("the answering side ends");
    Exchanged { trip, slept: slept.min(1.0) }
}

/// Runs `work` on both CPUs at the same time for about `slice`. The sample is the mean of both sides, in ns for one
/// operation of one side. `make` is called on each thread and returns its work, a function of a number of operations.
pub(crate) fn together<W: FnMut(u64)>(
    cpus: (usize, usize),
    slice: Duration,
    make: impl Fn() -> W + Send + Sync + 'static,
) -> Sample {
    let make = Arc::new(make);
    let start = Arc::new(Barrier::new(2));
    let side = move |cpu: usize, make: Arc<dyn Fn() -> W + Send + Sync>, start: Arc<Barrier>| {
        pin_to(cpu);
        let work = make();
        start.wait();
        batches(slice, work)
    };
    let partner = thread::spawn({
        let (make, start) = (Arc::clone(&make), Arc::clone(&start));
        move || side(cpus.1, make, start)
    });
    let mut mine = side(cpus.0, make, start);
    let theirs = partner.join().expect("the other side ends");
    mine.value = f64::midpoint(mine.value, theirs.value);
    mine.spread.extend(theirs.spread);
    mine
}

/// The same work on both CPUs at once, against one CPU alone: 1 if they do not get in each other's way. Two CPUs that
/// are hyper-threads of one core do so whatever they run; the limit of such a row shows it.
pub(crate) fn scaling<W: FnMut(u64)>(
    cpus: (usize, usize),
    slice: Duration,
    make: impl Fn() -> W + Clone + Send + Sync + 'static,
) -> Sample {
    let two = together(cpus, slice / 2, make.clone());
    pin_to(cpus.0);
    let one = batches(slice / 2, make());
    Sample::lone(two.value / one.value)
}
