//! Histories of several threads, one step at a time: after each the model says who must have gone on and with what, and who must still be
//! blocked.
//!
//! Nothing is measured in time. Who must go on is waited for. Who must be blocked is known by his places in the objects' queues, which are
//! references to them that are no handles; only for a wait without such an object the kernel is asked whether the thread sleeps. A thread
//! that was released wrongly has lost its places when the call that released it returns.
//!
//! All threads of a history run on one processor: going from one to the next is then a switch and no message between processors.

use std::time::{Duration, Instant};

use ntwait::WaitPolicy;
use rustix::thread::{CpuSet, sched_getcpu, sched_setaffinity};

use super::generate::Profile;
use super::model::{Model, Reply};
use super::op::{Answer, Name, Op, Outcome, SLOTS, Step};
use super::real::{Real, Times};
use super::report::{Answered, Divergence, Lines, Subject};
use super::worker::Worker;

/// What must happen happens at once. Past this it has not happened.
const PATIENCE: Duration = Duration::from_secs(10);
/// The same when a history is known to go wrong.
const LITTLE_PATIENCE: Duration = Duration::from_millis(500);

/// The long one is longer than any history.
const TIMES: Times = Times { brief: Duration::from_micros(30), long: Duration::from_secs(600) };

pub(crate) struct LockStep {
    real: &'static Real,
    threads: usize,
    patience: Duration,
}

impl LockStep {
    /// Threads of histories that it runs, and its own, run on the calling thread's processor from now on.
    pub(crate) fn new(policy: WaitPolicy, threads: usize) -> LockStep {
        stay_on_this_processor();
        LockStep { real: Real::new(policy, TIMES), threads, patience: PATIENCE }
    }

    pub(crate) fn profile(&self) -> Profile {
        Profile { threads: self.threads, steps: 60, blocks: true }
    }
}

impl Subject for LockStep {
    fn hurry(&mut self) {
        self.patience = LITTLE_PATIENCE;
    }

    fn run(&mut self, history: &[Step], lines: &mut Lines<'_>) -> Result<(), Divergence> {
        let threads = self.threads;
        let mut run = Run::begin(self.real, threads, self.patience);
        let mut result = Ok(());
        for (at, step) in history.iter().enumerate() {
            if !run.model.admits(*step) {
                continue;
            }
            if let Err(what) = run.step(*step, lines) {
                result = Err(Divergence { at, what });
                break;
            }
        }
        let ended = run.end().map_err(|what| Divergence { at: history.len().saturating_sub(1), what });
        result.and(ended)
    }
}

/// So do the threads that the calling one makes.
fn stay_on_this_processor() {
    let mut here = CpuSet::new();
    here.set(sched_getcpu());
    sched_setaffinity(None, &here).expect("the processor that we run on");
}

/// A history on its way.
struct Run {
    real: &'static Real,
    model: Model,
    workers: Vec<Worker>,
    patience: Duration,
}

impl Run {
    fn begin(real: &'static Real, threads: usize, patience: Duration) -> Run {
        let workers = (0..threads).map(|me| Worker::start(real, me)).collect();
        Run { real, model: Model::new(threads), workers, patience }
    }

    fn step(&mut self, step: Step, lines: &mut Lines<'_>) -> Result<(), String> {
        lines(&step);
        let reply = self.model.apply(step);
        let released = self.model.take_released();
        self.workers[step.thread].tell(step.op);
        match reply {
            Reply::Given(expected) => self.expect(step.thread, &expected, lines)?,
            Reply::Blocked => self.until_queued(step)?,
        }
        if let Op::Terminate(target) = step.op {
            self.expect_end(target)?;
        }
        for release in released {
            self.expect(release.thread, &release.outcome, lines)?;
        }
        self.look()
    }

    /// The thread must answer, and answer this.
    fn expect(&self, thread: usize, expected: &Outcome, lines: &mut Lines<'_>) -> Result<(), String> {
        if expected.answer == Answer::Ended {
            return self.expect_end(thread);
        }
        let Some(outcome) = self.workers[thread].answer(Instant::now() + self.patience) else {
            return Err(format!("T{thread}: {expected:?} expected, but it is blocked"));
        };
        lines(&Answered(thread, &outcome));
        if outcome == *expected {
            return Ok(());
        }
        Err(format!("T{thread}: {expected:?} expected, {outcome:?} found"))
    }

    fn expect_end(&self, thread: usize) -> Result<(), String> {
        if self.workers[thread].ends(self.patience) { Ok(()) } else { Err(format!("T{thread} does not end")) }
    }

    /// Returns when the thread of the step, which blocks, stands in its queues.
    fn until_queued(&self, step: Step) -> Result<(), String> {
        let start = Instant::now();
        let worker = &self.workers[step.thread];
        let is_traceable = self.is_traceable(step.op);
        while !(if is_traceable { self.queues().is_ok() } else { worker.sleeps() }) {
            if worker.has_answered() {
                let found = worker.answer(Instant::now() + self.patience);
                return Err(format!("T{} should be blocked, but {found:?} is found", step.thread));
            }
            if start.elapsed() > self.patience {
                return Err(format!("T{} should be blocked: {:?}", step.thread, self.queues()));
            }
            std::thread::yield_now();
        }
        Ok(())
    }

    /// Whether a wait leaves a trace on objects that can be looked at.
    fn is_traceable(&self, op: Op) -> bool {
        let is_open = |name: &Name| matches!(name, Name::Slot(slot) if self.model.look(*slot, None).is_some());
        match op {
            Op::Wait(_, names, _) => names.iter().all(is_open),
            Op::SignalAndWait(_, wait, _) => is_open(&wait),
            _ => false,
        }
    }

    /// Each object must have as many waiters as the model says.
    fn queues(&self) -> Result<(), String> {
        for slot in 0..SLOTS {
            if let Some(look) = self.model.look(slot, None) {
                let found = self.real.references(slot);
                if !look.references.contains(&found) {
                    return Err(format!("h{slot}: {:?} waiters expected, {found} found", look.references));
                }
            }
        }
        Ok(())
    }

    /// Everything must look as the model says, and nobody have answered who is blocked.
    fn look(&self) -> Result<(), String> {
        for slot in 0..SLOTS {
            if let Some(look) = self.model.look(slot, None) {
                self.real.check(slot, look)?;
            }
        }
        self.queues()?;
        for (thread, worker) in self.workers.iter().enumerate() {
            if self.model.is_blocked(thread) && worker.has_answered() {
                let found = worker.answer(Instant::now() + self.patience);
                return Err(format!("T{thread} should still be blocked, but {found:?} is found"));
            }
        }
        Ok(())
    }

    /// Ends all threads, wherever they are, and closes all handles.
    fn end(self) -> Result<(), String> {
        let ended: Vec<bool> = self.workers.into_iter().map(|worker| worker.dismiss(self.patience)).collect();
        let closed = self.real.clear(|slot| self.model.kind_in(slot).is_some());
        if ended.contains(&false) { Err("a thread that is terminated does not end".to_owned()) } else { closed }
    }
}
