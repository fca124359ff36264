//! Takers that are futures: two executors of one thread each, which sleep on an event of the library when no task is ready.

use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Wake, Waker};
use std::thread::JoinHandle;

use ntwait::{Ended, Event, Runtime};

use super::station::Station;

const EXECUTORS: usize = 2;

pub(crate) fn start(nt: &'static Runtime, stations: &[Arc<Station>]) -> Vec<JoinHandle<()>> {
    let part = stations.len().div_ceil(EXECUTORS);
    let tasks =
        |part: &[Arc<Station>]| part.iter().map(|station| take_all(nt, Arc::clone(station))).collect::<Vec<_>>();
    stations
        .chunks(part)
        .map(|part| {
            let tasks = tasks(part);
            std::thread::spawn(move || run(tasks))
        })
        .collect()
}

/// Takes what is given, until something comes that was not.
async fn take_all(nt: &'static Runtime, station: Arc<Station>) {
    loop {
        assert_eq!(nt.wait_async(station.handle()).await, Ok(Ended::Object(0)));
        if station.taken() == station.given() {
            return; // the last gift, which is not counted
        }
        station.count();
    }
}

/// The tasks that are ready, and what the executor sleeps on.
struct Ready {
    tasks: Mutex<Vec<usize>>,
    bell: Event,
}

struct Task {
    number: usize,
    ready: Arc<Ready>,
}

impl Wake for Task {
    fn wake(self: Arc<Self>) {
        self.ready.tasks.lock().expect("nobody panics").push(self.number);
        self.ready.bell.set();
    }
}

fn run<F: Future<Output = ()>>(tasks: Vec<F>) {
    let bell = Event::auto_reset(false).expect("a handle");
    let ready = Arc::new(Ready { tasks: Mutex::new((0..tasks.len()).collect()), bell });
    let mut tasks: Vec<(Waker, Option<Pin<Box<F>>>)> = tasks
        .into_iter()
        .enumerate()
        .map(|(number, task)| (Arc::new(Task { number, ready: Arc::clone(&ready) }).into(), Some(Box::pin(task))))
        .collect();
    let mut left = tasks.len();
    while left > 0 {
        let woken = core::mem::take(&mut *ready.tasks.lock().expect("nobody panics"));
        if woken.is_empty() {
            ready.bell.wait();
        }
        for number in woken {
            let (waker, task) = &mut tasks[number];
            let Some(future) = task else { continue };
            if let Poll::Ready(()) = future.as_mut().poll(&mut Context::from_waker(waker)) {
                *task = None;
                left -= 1;
            }
        }
    }
}
