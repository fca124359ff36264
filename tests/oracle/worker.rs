//! Threads of the library that make calls when they are told to, and say what came of them.
//!
//! ```text
//!   BORN ──the thread runs──▶ IDLE ──tell──▶ TOLD ──the thread takes it──▶ BUSY ──▶ ANSWERED ──answer──▶ IDLE
//! ```
//!
//! A thread is terminated only while it is IDLE, ANSWERED, or blocked in its call: it holds no lock then.

use core::sync::atomic::{AtomicU32, Ordering};
use std::sync::Mutex;
use std::time::{Duration, Instant};

use rustix::thread::futex;

use super::op::{Op, Outcome};
use super::real::Real;
use crate::common::nt_threads::NtThread;

const BORN: u32 = 0;
const IDLE: u32 = 1;
const TOLD: u32 = 2;
const BUSY: u32 = 3;
const ANSWERED: u32 = 4;

/// What a thread and the one that tells it what to do share.
struct Channel {
    state: AtomicU32,
    op: Mutex<Op>,
    outcome: Mutex<Option<Outcome>>,
}

impl Channel {
    fn turn(&self, state: u32) {
        self.state.store(state, Ordering::Release);
        let _ = futex::wake(&self.state, futex::Flags::PRIVATE, u32::MAX);
    }

    /// Sleeps while the state is another, until the deadline. True: it is this.
    fn until(&self, wanted: u32, deadline: Option<Instant>) -> bool {
        loop {
            let state = self.state.load(Ordering::Acquire);
            if state == wanted {
                return true;
            }
            let left = deadline.map(|deadline| deadline.saturating_duration_since(Instant::now()));
            if left == Some(Duration::ZERO) {
                return false;
            }
            let left = left.map(|left| left.try_into().expect("a short time"));
            let _ = futex::wait(&self.state, futex::Flags::PRIVATE, state, left.as_ref());
        }
    }
}

/// A thread that can be told what to call.
pub(crate) struct Worker {
    channel: &'static Channel,
    thread: NtThread,
}

impl Worker {
    /// Thread number `me` of the histories that are run in `real`.
    pub(crate) fn start(real: &'static Real, me: usize) -> Worker {
        let channel: &'static Channel = Box::leak(Box::new(Channel {
            state: AtomicU32::new(BORN),
            op: Mutex::new(Op::TestAlert),
            outcome: Mutex::new(None),
        }));
        let worker = Worker { channel, thread: real.nt.thread(move || work(real, me, channel)) };
        real.introduce(me, worker.thread.handle);
        // A thread that has not begun would run APCs before it does (A19).
        channel.until(IDLE, None);
        worker
    }

    /// Has the thread make a call.
    pub(crate) fn tell(&self, op: Op) {
        *self.channel.op.lock().expect("the call") = op;
        self.channel.turn(TOLD);
    }

    /// What the call has come to, as soon as it has ended; `None` if it does not end in time.
    pub(crate) fn answer(&self, deadline: Instant) -> Option<Outcome> {
        if !self.channel.until(ANSWERED, Some(deadline)) {
            return None;
        }
        self.channel.state.store(IDLE, Ordering::Relaxed);
        self.channel.outcome.lock().expect("the outcome").take()
    }

    pub(crate) fn has_answered(&self) -> bool {
        self.channel.state.load(Ordering::Acquire) == ANSWERED
    }

    /// Whether the thread sleeps in the kernel for a moment: for calls that leave no trace on an object.
    pub(crate) fn sleeps(&self) -> bool {
        self.thread.is_blocked()
    }

    /// Returns when the thread has ended; false if it does not within the time.
    pub(crate) fn ends(&self, within: Duration) -> bool {
        let units = i64::try_from(within.as_nanos() / 100).expect("a short time");
        self.thread.nt.one(self.thread.handle, Some(-units)) == ntwait::NtStatus::WAIT_0
    }

    /// Ends the thread if it has not ended yet, and gives its handle back.
    pub(crate) fn dismiss(self, within: Duration) -> bool {
        self.thread.kill(0);
        let ended = self.ends(within);
        self.thread.nt.close(self.thread.handle);
        ended
    }
}

fn work(real: &'static Real, me: usize, channel: &'static Channel) -> u32 {
    channel.turn(IDLE);
    loop {
        channel.until(TOLD, None);
        channel.state.store(BUSY, Ordering::Relaxed);
        let op = *channel.op.lock().expect("the call");
        let outcome = real.run(me, op);
        if op == Op::Exit {
            return 7;
        }
        *channel.outcome.lock().expect("the outcome") = Some(outcome);
        channel.turn(ANSWERED);
    }
}
