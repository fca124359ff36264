//! A crowd of threads that block, and the certainty that they do.
//!
//! Order is forced, never slept: after [`Crowd::settle`] every member either is done or is asleep in the kernel, seen
//! so in successive looks at all of them. A member that holds something another one sleeps on would be awake in one
//! of the looks, so a settled crowd does not move again by itself.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use ntwait::Thread;

use crate::os::cpus::pin_to;
use crate::os::sched::run_in_batches;
use crate::os::task::{self, Pid, TaskState};
use crate::peers::recycling;

/// Threads that each do one piece of work, usually one wait.
pub(crate) struct Crowd<R> {
    members: Vec<Member<R>>,
}

struct Member<R> {
    task: Pid,
    done: Arc<AtomicBool>,
    thread: Thread<R>,
}

/// How often all members must be seen at rest.
const LOOKS: u32 = 3;
/// The same of a large crowd, where one look takes milliseconds.
const LOOKS_AT_MANY: u32 = 2;
const BETWEEN_LOOKS: Duration = Duration::from_micros(20);
/// After this long something is wrong with the machine or with what is tested.
const PATIENCE: Duration = Duration::from_secs(10);

impl<R: Send + 'static> Crowd<R> {
    /// Nobody yet.
    pub(crate) fn new() -> Self {
        Self { members: Vec::new() }
    }

    /// `size` members that all do `work`, told their number.
    pub(crate) fn of(size: usize, work: impl Fn(usize) -> R + Send + Sync + 'static) -> Self {
        let work = Arc::new(work);
        let begin = |index| {
            let work = Arc::clone(&work);
            Beginning::of(move || work(index))
        };
        let beginnings: Vec<_> = (0..size).map(begin).collect();
        Self { members: beginnings.into_iter().map(Beginning::member).collect() }
    }

    /// One more member; it has begun when this returns.
    pub(crate) fn add(&mut self, work: impl FnOnce() -> R + Send + 'static) {
        self.members.push(Beginning::of(work).member());
    }

    /// Waits until every member is done or asleep, and tells how many are done.
    pub(crate) fn settle(&self) -> usize {
        let start = Instant::now();
        let needed = if self.members.len() > 64 { LOOKS_AT_MANY } else { LOOKS };
        let mut looks = 0;
        while looks < needed {
            looks = if self.members.iter().all(Member::is_at_rest) { looks + 1 } else { 0 };
            assert!(start.elapsed() < PATIENCE, "{} threads do not come to rest", self.members.len());
            // Not a yield: the scheduler would count it against the caller, and let those it wakes push it aside.
            thread::sleep(BETWEEN_LOOKS);
        }
        self.done()
    }

    /// Waits until every member is asleep; a member that is done already is an error of the thing tested.
    pub(crate) fn block(&self) {
        let done = self.settle();
        assert!(done == 0, "{done} of {} waits ended before anything was signalled", self.members.len());
    }

    /// How many are done now.
    pub(crate) fn done(&self) -> usize {
        self.members.iter().filter(|member| member.is_done()).count()
    }

    /// Whether the `index`-th member is done.
    pub(crate) fn is_done(&self, index: usize) -> bool {
        self.members[index].is_done()
    }

    /// Waits for all and returns what they found, in the order they were added.
    pub(crate) fn join(self) -> Vec<R> {
        self.members.into_iter().map(|member| member.thread.join().expect("no member panics")).collect()
    }
}

/// A thread of ntwait that may bind itself to a CPU: no later one inherits that.
pub(crate) fn spawn<R: Send + 'static>(work: impl FnOnce() -> R + Send + 'static) -> Thread<R> {
    Thread::builder().runtime(recycling()).spawn(work).expect("there is room for one more thread")
}

/// Binds the calling thread to `cpu` in such a way that it cannot push another one off it: if all members do this and
/// the signaller runs on the same CPU, nobody runs between two of its signals.
pub(crate) fn stay_behind(cpu: usize) {
    pin_to(cpu);
    run_in_batches();
}

/// A thread that has been started and has not told its id yet.
struct Beginning<R> {
    told: mpsc::Receiver<Pid>,
    done: Arc<AtomicBool>,
    thread: Thread<R>,
}

impl<R: Send + 'static> Beginning<R> {
    fn of(work: impl FnOnce() -> R + Send + 'static) -> Self {
        let done = Arc::new(AtomicBool::new(false));
        let (tell, told) = mpsc::channel();
        let says_done = Arc::clone(&done);
        let thread = spawn(move || {
            let _ = tell.send(task::current());
            let result = work();
            says_done.store(true, Ordering::Release);
            result
        });
        Self { told, done, thread }
    }

    fn member(self) -> Member<R> {
        let task = self.told.recv().expect("a new thread tells its id first");
        Member { task, done: self.done, thread: self.thread }
    }
}

impl<R> Member<R> {
    fn is_done(&self) -> bool {
        self.done.load(Ordering::Acquire)
    }

    fn is_at_rest(&self) -> bool {
        self.is_done() || task::state(self.task) != TaskState::Awake
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Barrier;

    use super::*;

    #[test]
    fn a_settled_crowd_is_counted_and_joined() {
        let barrier = Arc::new(Barrier::new(3));
        let gate = Arc::clone(&barrier);
        let mut crowd = Crowd::of(2, move |index| {
            gate.wait();
            index
        });
        crowd.block();
        crowd.add(|| 9);
        assert_eq!(crowd.settle(), 1);
        assert!(crowd.is_done(2) && !crowd.is_done(0));
        barrier.wait();
        assert_eq!(crowd.join(), [0, 1, 9]);
    }
}
