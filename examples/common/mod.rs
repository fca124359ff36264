//! What the loops of the examples serve: a worker that hands out jobs, asks for attention once, and ends.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, channel};

use ntwait::{Event, NtStatus, Semaphore, Thread};

/// How many jobs the worker makes.
const JOBS: u32 = 10;

/// The worker's objects, and what the loop has seen of them.
pub(crate) struct Work {
    /// One count for each job.
    pub(crate) jobs: Arc<Semaphore>,
    /// Set once, half-way.
    pub(crate) attention: Arc<Event>,
    /// Signalled when the worker has ended.
    pub(crate) worker: Thread<()>,
    queue: Receiver<u32>,
    done: u32,
    sum: u32,
    calls: u32,
}

impl Work {
    /// The worker runs from now on.
    pub(crate) fn begin() -> Result<Self, NtStatus> {
        let (jobs, attention) = (Arc::new(Semaphore::new(0, JOBS)?), Arc::new(Event::auto_reset(false)?));
        let (put, queue) = channel();
        let worker = Thread::spawn({
            let (jobs, attention) = (Arc::clone(&jobs), Arc::clone(&attention));
            move || {
                for job in 1..=JOBS {
                    put.send(job).expect("somebody takes the jobs");
                    jobs.release(1).expect("less than its limit");
                    if job == JOBS / 2 {
                        attention.set();
                    }
                }
            }
        })?;
        Ok(Self { jobs, attention, worker, queue, done: 0, sum: 0, calls: 0 })
    }

    /// The semaphore's descriptor is readable: does all the jobs that are there.
    pub(crate) fn on_jobs(&mut self) {
        while self.jobs.try_acquire() {
            self.sum += self.queue.recv().expect("a job for each count");
            self.done += 1;
        }
    }

    /// The event's descriptor is readable: it is this loop's, unless somebody else was quicker.
    pub(crate) fn on_attention(&mut self) {
        self.calls += u32::from(self.attention.try_wait());
    }

    /// The worker has ended. What it did before has been signalled, but perhaps not been served yet.
    pub(crate) fn on_end(mut self, by: &str) {
        self.on_jobs();
        self.on_attention();
        self.worker.join().expect("the worker ends well");
        println!(
            "{by}: {} jobs, sum {}, {} call for attention, and the worker has ended",
            self.done, self.sum, self.calls
        );
    }
}
