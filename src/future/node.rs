//! What a future that waits has in the queues: a waiter with a waker.
//!
//! ```text
//!            arm                    decided: notify                      poll
//!   free ──────────▶ waiting ─────────────────────────▶ notified ──────────────────▶ free
//!     ▲                 │                                    │ drop: give back
//!     │ drop: disarmed  │ drop: decided already              └──────────────────────▶ free
//!     └─────────────────┤
//!                       └─▶ forsaken ── notify: give back ──▶ free
//! ```
//!
//! Nodes are recycled and never freed: the stack of a thread that is terminated may have a future on it, and no queue may then
//! lead to memory that is something else.
//!
//! FU1  `control` says who sees to a wait that was decided: the future, if it is still there when the node is notified;
//!      otherwise it leaves everything that is needed in `orphan`, and whoever notifies does it. So nobody waits for anybody.
//! FU2  The waker that is in `control` when the node is notified is woken, once, and the note is made before that: a poll
//!      that comes after its waker was put there is not missed, and one that the waker calls itself finds the note.
//! FU3  Wakers are cloned, woken and dropped with no lock held. Whatever one does then, panics above all, the future has lost nothing:
//!      what it waits with is in its place, and what it was given is on the way.
//! FU4  A thread that ends calls no waker, and frees nothing: it may have been terminated in the middle of the allocator. It leaves
//!      the node to the courier (courier.rs).
//! FU5  A thread tells one node after the other (later.rs).

use super::{Objects, Targets, courier, later};
use crate::objects::Kind;
use crate::status::NtStatus;
use crate::sys::atomic::{AtomicPtr, AtomicU64, process_static};
use crate::sys::lock::FutexLock;
use crate::wait::unattended::{self, How};
use crate::wait::{Ended, Gone, Refused, signal};
use crate::waiter::WaitBlock;
use crate::waiter::goal;
use crate::waiter::pile::Piled;
use crate::waiter::pool::{NoMemory, Pool, Pooled};
use crate::waiter::shield::Shield;
use crate::waiter::waiting::{Notifier, Waiter};
use core::task::Waker;
use core::{ptr, slice};
use std::panic::{AssertUnwindSafe, catch_unwind};

#[derive(Debug)]
#[repr(align(128))]
pub(super) struct Node {
    waiter: Waiter,
    block: WaitBlock,
    control: FutexLock<Control>,
    /// The next that the courier has, or a thread is to tell.
    pub(super) next: AtomicPtr<Node>,
    next_free: AtomicU64,
}

/// What a waiting future costs, beside itself and what a second object needs.
#[cfg(not(ntwait_loom))]
const _: () = assert!(size_of::<Node>() == 256);

#[derive(Debug, Default)]
struct Control {
    is_notified: bool,
    waker: Option<Waker>,
    orphan: Option<Wanted>,
}

/// What a future waits for, and the blocks of a wait for more than one object.
#[derive(Debug)]
pub(super) struct Wanted {
    pub(super) objects: Objects,
    pub(super) how: How,
    pub(super) blocks: Box<[WaitBlock]>,
    /// It refers to its objects also while it is in no queue.
    is_pinned: bool,
}

impl Wanted {
    pub(super) fn new(objects: Objects, how: How) -> Self {
        Self { objects, how, blocks: Box::default(), is_pinned: false }
    }

    /// May it be told to look for itself (Y3)? Then it is in no queue for a while, and goes on referring to its objects (W35).
    fn may_be_told(&self) -> bool {
        self.how == How::All || self.objects.targets().iter().any(|target| target.kind == Kind::Mutant)
    }

    /// Before it queues. The depth is raised.
    pub(super) fn pin(&mut self) -> Result<(), NtStatus> {
        if self.is_pinned || !self.may_be_told() {
            return Ok(());
        }
        let (targets, home) = (self.objects.targets(), self.objects.home());
        for (count, target) in targets.iter().enumerate() {
            if let Err(Gone) = signal::under_lock(*target, home, |held| held.pin()) {
                targets[..count].iter().for_each(|target| signal::unpin(*target, home));
                return Err(NtStatus::INVALID_HANDLE);
            }
        }
        self.is_pinned = true;
        Ok(())
    }
}

impl Drop for Wanted {
    fn drop(&mut self) {
        let _shield = Shield::raise(); // the allocator's lock is taken
        if self.is_pinned && !self.objects.resident.is_of_a_parent() {
            self.objects.targets().iter().for_each(|target| signal::unpin(*target, self.objects.home()));
        }
        self.blocks = Box::default();
        self.objects.targets = Targets::Several(Box::default());
    }
}

impl Piled for Node {
    fn next(&self) -> &AtomicPtr<Self> {
        &self.next
    }
}

impl Pooled for Node {
    fn next_free(&self) -> &AtomicU64 {
        &self.next_free
    }

    fn fresh() -> Self {
        Self {
            waiter: Waiter::new(),
            block: WaitBlock::default(),
            control: FutexLock::default(),
            next: AtomicPtr::new(ptr::null_mut()),
            next_free: AtomicU64::new(0),
        }
    }
}

process_static! {
    /// Nodes that no future has.
    fn nodes() -> Pool<Node> = Pool::new()
}

/// What the engine calls when a signaller has ended the wait.
fn notified(node: *const ()) {
    // SAFETY: the address that `take` gave: a node, which is never freed.
    let node = unsafe { &*node.cast::<Node>() };
    if courier::takes(node) {
        return; // FU4
    }
    later::tell(node);
}

/// What is foreign may panic, and has said so then; the caller goes on.
fn with_waker(waker: Option<Waker>, work: fn(Waker)) {
    let Some(waker) = waker else { return };
    if let Err(payload) = catch_unwind(AssertUnwindSafe(|| goal::hidden(|| work(waker)))) {
        core::mem::forget(payload); // what it drops might panic, too
    }
}

/// Drops a waker. No lock is held (FU3).
pub(super) fn discard(waker: Option<Waker>) {
    with_waker(waker, drop);
}

impl Node {
    /// The wait was ended by somebody: its future is told, or what it left is seen to (FU1). The caller tells no other meanwhile (FU5).
    pub(super) fn tell(&'static self) {
        let (waker, orphan) = {
            let mut control = self.control.lock();
            control.is_notified = true;
            (control.waker.take(), control.orphan.take())
        };
        match orphan {
            Some(wanted) => self.give_back(&wanted),
            None => with_waker(waker, Waker::wake),
        }
    }

    /// One that is this future's from now on, with this waker. The depth is raised.
    pub(super) fn take(waker: Waker) -> Result<&'static Self, (NoMemory, Waker)> {
        let node = match nodes().take() {
            Ok(node) => node,
            Err(no_memory) => return Err((no_memory, waker)),
        };
        let data = ptr::from_ref(node).cast();
        // SAFETY: free: no block is linked.
        unsafe { node.waiter.set_notifier(Notifier { notify: notified, data }) };
        *node.control.lock() = Control { is_notified: false, waker: Some(waker), orphan: None };
        Ok(node)
    }

    /// Nobody has it any more. Returns its waker, to be dropped with no lock held. The depth is raised.
    pub(super) fn put(&'static self) -> Option<Waker> {
        let waker = self.control.lock().waker.take();
        nodes().put(self);
        waker
    }

    pub(super) fn waiter(&self) -> &Waiter {
        &self.waiter
    }

    /// The blocks of its wait.
    pub(super) fn blocks<'b>(&'b self, wanted: &'b Wanted) -> &'b [WaitBlock] {
        if wanted.blocks.is_empty() { slice::from_ref(&self.block) } else { &wanted.blocks }
    }

    /// Was it notified? If not, this waker is woken when it is (FU2).
    pub(super) fn is_notified_or_wakes(&self, waker: &Waker) -> bool {
        let is_known = {
            let _shield = Shield::raise();
            let control = self.control.lock();
            if control.is_notified {
                return true;
            }
            control.waker.as_ref().is_some_and(|known| known.will_wake(waker))
        };
        if is_known {
            return false;
        }
        let (fresh, is_notified);
        {
            let another = waker.clone();
            let _shield = Shield::raise();
            let mut control = self.control.lock();
            is_notified = control.is_notified;
            fresh = if is_notified { Some(another) } else { control.waker.replace(another) };
        }
        discard(fresh);
        is_notified
    }

    /// Leaves the queues when it was notified, and is as it was before it was armed. The depth is raised.
    pub(super) fn leave(&self, wanted: &Wanted) -> Result<Option<Ended>, Refused> {
        let (blocks, objects) = (self.blocks(wanted), &wanted.objects);
        unattended::leave(&self.waiter, blocks, objects.targets(), objects.home())
    }

    /// The future does not want it any more: takes nothing, or gives back what was taken. The depth is raised. Returns the waker, to be
    /// dropped with no lock held.
    pub(super) fn forsake(&'static self, wanted: Wanted) -> Option<Waker> {
        let (blocks, objects) = (self.blocks(&wanted), &wanted.objects);
        if unattended::disarm(&self.waiter, blocks, objects.targets(), objects.home()) {
            return self.put();
        }
        let mut control = self.control.lock();
        let waker = control.waker.take();
        if control.is_notified {
            drop(control);
            self.give_back(&wanted);
        } else {
            control.orphan = Some(wanted); // FU1
        }
        waker
    }

    fn give_back(&'static self, wanted: &Wanted) {
        if let Ok(Some(ended)) = self.leave(wanted) {
            let (blocks, objects) = (self.blocks(wanted), &wanted.objects);
            // SAFETY: the node's blocks, which have just left the queues; who notified it had ended the wait.
            unsafe { unattended::give_back(blocks, objects.targets(), wanted.how, ended, objects.home()) };
        }
        let _ = self.put();
    }
}
