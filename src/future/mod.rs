//! Waits as futures, for any executor.
//!
//! A future stands in the queues of its objects itself, as a thread would, with a waker where a thread has its sleep: it
//! needs no thread, no descriptor and, for one object, no memory of its own. What is handed to it is its own at once; if it is
//! dropped instead of polled, that is given on.
//!
//! ```text
//!   poll ──▶ taken at once ──▶ Ready
//!     └────▶ queued: Pending ── notified: woken ──▶ poll ──▶ Ready
//!                 │                                   └────▶ queued again: Pending       a mutant that another took
//!                 └── drop ──▶ out of the queues, with nothing taken, or with all of it given back
//! ```
//!
//! FW1  The targets of a future are slots of a runtime that it refers to, and so are there as long as it is.

#![allow(unsafe_code, reason = "slots that outlive their borrow")]

pub(crate) mod courier;
mod later;
mod node;
mod typed;

use crate::handle::entry::{Entry, Handle};
use crate::objects::{Home, Kind, Target};
use crate::runtime::Runtime;
use crate::runtime::residents::ResidentRef;
use crate::status::NtStatus;
use crate::wait::take::{self, Taken, Taker, Then};
use crate::wait::unattended::{self, Armed, How};
use crate::wait::{Ended, any};
use crate::waiter;
use crate::waiter::park::MAX_OBJECTS;
use crate::waiter::shield::Shield;
use core::fmt;
use core::future::Future;
use core::mem::transmute;
use core::pin::Pin;
use core::task::{Context, Poll, Waker};
use node::{Node, Wanted};
pub use typed::{Joined, Locked, Signaled, wait_all_async, wait_any_async};

/// A wait for objects, to be awaited: what [`Runtime::wait_async`] and its like return.
///
/// It ends with what the blocking waits end with, but never with a time-out: for that, race it with the executor's timer or put a
/// [`Timer`](crate::Timer) among the objects. It is never alertable.
///
/// * It waits from its first poll on, first come, first served, together with threads. It keeps its objects alive meanwhile, also when their
///   handles are closed.
/// * **Dropped, it has taken nothing.** If it was satisfied and dropped before it was polled again, what it had been given is given on as
///   if the objects were signalled anew, one after the other: an auto-reset event is set (also one that was reset meanwhile), a
///   synchronization timer has expired (unless it was set anew or cancelled meanwhile), a semaphore gets its one back (unless it is
///   full), and whoever is next is released. [Forgotten](core::mem::forget) instead, it stays in its place, and what it is given is lost.
/// * Mutants belong to threads: one is taken by the thread that polls, at the moment of the poll, and it is that thread that has to give it back.
///   So others may be quicker, and then it waits at the end of the queue.
/// * The waker is called by whoever signals, where that thread cannot be suspended or terminated: it must not wait for objects of
///   this library, but may signal them, and poll or drop futures; whom that wakes is woken when it has returned. One that panics is as
///   good as one that returns, also when it is dropped. A thread that ends calls none: a thread of the library's does it instead.
/// * When the runtime is dropped, it stays pending, as nobody can signal any more. In a child of `fork` it ends with `INVALID_HANDLE`.
///
/// Polled again when it has ended, it panics.
#[must_use = "a future waits when it is polled"]
pub struct WaitFuture {
    state: State,
}

enum State {
    /// It is not in any queue.
    Idle(Wanted),
    Waits(&'static Node, Wanted),
    /// There is nothing to wait for, for this reason.
    Refused(NtStatus),
    Over,
}

/// The objects of a wait, in the runtime that they are in.
#[derive(Debug)]
struct Objects {
    targets: Targets,
    resident: ResidentRef,
}

#[derive(Debug)]
enum Targets {
    One([Target<'static>; 1]),
    Several(Box<[Target<'static>]>),
}

// SAFETY: what the targets refer to is shared by all threads (FW1).
unsafe impl Send for Objects {}

impl Objects {
    fn find(runtime: &Runtime, handles: &[Handle]) -> Result<Self, NtStatus> {
        let find = |handle: &Handle| {
            let target = runtime.table().find_any(*handle, Entry::SYNCHRONIZE);
            // SAFETY: FW1.
            target.map(|target| unsafe { transmute::<Target<'_>, Target<'static>>(target) })
        };
        let _shield = Shield::raise();
        let targets = match handles {
            [] => return Err(NtStatus::INVALID_PARAMETER_1),
            [handle] => Targets::One([find(handle)?]),
            handles if handles.len() > MAX_OBJECTS => return Err(NtStatus::INVALID_PARAMETER_1),
            handles => {
                let mut several = Vec::new();
                several.try_reserve_exact(handles.len()).map_err(|_| NtStatus::NO_MEMORY)?;
                for handle in handles {
                    several.push(find(handle)?);
                }
                Targets::Several(several.into_boxed_slice())
            }
        };
        Ok(Self { targets, resident: runtime.resident().clone() })
    }

    fn targets(&self) -> &[Target<'_>] {
        match &self.targets {
            Targets::One(one) => one,
            Targets::Several(several) => several,
        }
    }

    fn home(&self) -> &dyn Home {
        self.resident.home()
    }

    /// The polling thread, which owns what mutants are taken.
    fn taker(&self) -> Result<Taker<'_>, NtStatus> {
        self.resident.taker(self.targets())
    }
}

impl Wanted {
    /// Takes what is there at this moment, without a lock if that is possible.
    fn take_now(&self) -> Result<Option<Ended>, NtStatus> {
        if self.how == How::All {
            return Ok(None); // whoever queues looks first
        }
        match take::first(self.objects.targets(), &self.objects.taker()?, Then::Queues) {
            (Taken::Clear | Taken::Unknown | Taken::Special, _) => Ok(None),
            (taken, index) => Ok(Some(any::at_once(taken, index)?)),
        }
    }

    /// Sees to all that it needs in the queues. The depth is raised.
    fn prepare(&mut self) -> Result<(), NtStatus> {
        let count = self.objects.targets().len();
        if count > 1 && self.blocks.is_empty() {
            self.blocks = waiter::blocks(count).ok_or(NtStatus::NO_MEMORY)?.into_boxed_slice();
        }
        if self.objects.targets().iter().any(|target| matches!(target.kind, Kind::Thread | Kind::Mutant)) {
            courier::engage()?;
        }
        self.pin()
    }

    /// Queues the node. `Some`: it was taken, and the node is in no queue.
    fn arm(&self, node: &Node) -> Result<Option<Ended>, NtStatus> {
        let (targets, taker) = (self.objects.targets(), self.objects.taker()?);
        // SAFETY: nodes are never freed; the blocks of several objects are the future's, which leaves the queues before it frees
        // them, or gives them away together with the node (FU1).
        match unsafe { unattended::arm(node.waiter(), node.blocks(self), targets, &taker, self.how) }? {
            Armed::Taken(ended) => Ok(Some(ended)),
            Armed::Queued => Ok(None),
        }
    }
}

impl WaitFuture {
    fn new(runtime: &Runtime, handles: &[Handle], how: How) -> Self {
        let state = match Objects::find(runtime, handles) {
            Ok(objects) => State::Idle(Wanted::new(objects, how)),
            Err(status) => State::Refused(status),
        };
        Self { state }
    }

    fn refused(status: NtStatus) -> Self {
        Self { state: State::Refused(status) }
    }

    /// Is in no queue: takes what is there, or queues.
    fn begin(&mut self, mut wanted: Wanted, waker: &Waker) -> Poll<Result<Ended, NtStatus>> {
        match wanted.take_now() {
            Ok(None) => {}
            Ok(Some(ended)) => return Poll::Ready(Ok(ended)),
            Err(status) => return Poll::Ready(Err(status)),
        }
        let waker = waker.clone();
        let (rest, answer);
        {
            let _shield = Shield::raise();
            (rest, answer) = match wanted.prepare().map(|()| Node::take(waker)) {
                Ok(Ok(node)) => match wanted.arm(node) {
                    Ok(None) => {
                        self.state = State::Waits(node, wanted);
                        (None, Poll::Pending)
                    }
                    ended => (node.put(), Poll::Ready(ended.transpose().unwrap_or(Err(NtStatus::INVALID_HANDLE)))),
                },
                Ok(Err((_, waker))) => (Some(waker), Poll::Ready(Err(NtStatus::NO_MEMORY))),
                Err(status) => (None, Poll::Ready(Err(status))),
            };
        }
        node::discard(rest);
        answer
    }

    /// It was notified: what has come of it. `Err`: it is in no queue, and is to begin anew.
    fn end(node: &'static Node, wanted: Wanted) -> Result<Result<Ended, NtStatus>, Wanted> {
        let _shield = Shield::raise();
        let left = node.leave(&wanted);
        let _ = node.put(); // the waker is gone
        match left {
            Ok(Some(ended)) => Ok(Ok(ended)),
            Ok(None) => Err(wanted),
            Err(refused) => Ok(Err(refused.into())),
        }
    }
}

impl Future for WaitFuture {
    type Output = Result<Ended, NtStatus>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        // In its place for now: the waker is foreign (FU3).
        if let State::Waits(node, wanted) = &self.state
            && !wanted.objects.resident.is_of_a_parent()
            && !node.is_notified_or_wakes(context.waker())
        {
            return Poll::Pending;
        }
        let wanted = match core::mem::replace(&mut self.state, State::Over) {
            State::Idle(wanted) | State::Waits(_, wanted) if wanted.objects.resident.is_of_a_parent() => {
                core::mem::forget(wanted); // the queues are the parent's
                return Poll::Ready(Err(NtStatus::INVALID_HANDLE));
            }
            State::Idle(wanted) => wanted,
            State::Waits(node, wanted) => match Self::end(node, wanted) {
                Ok(ended) => return Poll::Ready(ended),
                Err(again) => again,
            },
            State::Refused(status) => return Poll::Ready(Err(status)),
            State::Over => panic!("a wait was polled after it had ended"),
        };
        self.begin(wanted, context.waker())
    }
}

impl Drop for WaitFuture {
    fn drop(&mut self) {
        if let State::Waits(node, wanted) = core::mem::replace(&mut self.state, State::Over) {
            if wanted.objects.resident.is_of_a_parent() {
                core::mem::forget(wanted); // the queues are the parent's
                return;
            }
            let waker = {
                let _shield = Shield::raise();
                node.forsake(wanted)
            };
            node::discard(waker);
        }
    }
}

impl fmt::Debug for WaitFuture {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = match &self.state {
            State::Idle(_) => "idle",
            State::Waits(..) => "waits",
            State::Refused(_) => "refused",
            State::Over => "over",
        };
        f.debug_tuple("WaitFuture").field(&state).finish()
    }
}

impl Runtime {
    /// Waits for the object, as a future: `Ok(Ended::Object(0))`, or `Abandoned(0)` of a mutant whose last owner ended with it.
    ///
    /// Its errors are those of [`wait_any`](Self::wait_any).
    pub fn wait_async(&self, object: Handle) -> WaitFuture {
        WaitFuture::new(self, &[object], How::Any)
    }

    /// [`wait_any`](Self::wait_any) as a future.
    ///
    /// ```
    /// use ntwait::{AccessMask, Ended, EventType, NtStatus, ObjectAttributes, Runtime};
    ///
    /// let nt = Runtime::global();
    /// let event = |set| nt.nt_create_event(
    ///     AccessMask::EVENT_ALL_ACCESS, ObjectAttributes::NONE, EventType::SYNCHRONIZATION, set);
    /// let events = [event(false)?, event(true)?];
    /// let ended = futures_lite::future::block_on(nt.wait_any_async(&events));
    /// assert_eq!(ended, Ok(Ended::Object(1)));
    /// # Ok::<(), NtStatus>(())
    /// ```
    pub fn wait_any_async(&self, objects: &[Handle]) -> WaitFuture {
        WaitFuture::new(self, objects, How::Any)
    }

    /// [`wait_all`](Self::wait_all) as a future: everything in one step, or nothing.
    pub fn wait_all_async(&self, objects: &[Handle]) -> WaitFuture {
        WaitFuture::new(self, objects, How::All)
    }
}
