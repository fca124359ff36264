//! What follows a descriptor: an imported one, or another process. The state is the kernel's, and is asked for.
//!
//! ```text
//!   value: bit 0, always      beside the word: UNREADY or 0; the address of the body
//!
//!   asked ─ ready ──────▶ signalled at this moment
//!         ─ not ready ──▶ clear, UNREADY until the unlock ── somebody is queued: armed ── ready: an event ─┐
//!                            ▲                                                                              │
//!                            └────────────────────── a walk, which asks (disarmed) ◀────────────────────────┘
//! ```
//!
//! Bit 0 says "perhaps", so that every look goes to the lock. A wait takes nothing.
//!
//! | an unlock that leaves | and in this time was  | the source is                                     |
//! |-----------------------|-----------------------|---------------------------------------------------|
//! | nobody queued         | anything              | left as it is; what is armed is said once, at most|
//! | somebody queued       | not asked             | left as it is                                     |
//! | somebody queued       | found ready each time | left as it is: who is left lacks something else   |
//! | somebody queued       | found not ready once  | armed, if it is not                               |
//!
//! DE1 The state is asked for under the object's lock, each time that it is needed. So a wait-all is decided by the truth of one
//!     moment, and an event that comes too late serves nobody.
//! DE2 Who waits has an object that keeps him waiting: it was found clear, under the locks, in the last test of the wait. If it is
//!     of this kind it is armed from then on, or its event is on the way, and the walk that the event makes tests the wait again.
//!     A source that is ready is not armed, however many wait for it and something else: nothing spins.
//! DE3 A source is armed when no object's lock is held any more. What became ready meanwhile is said at once.
//! DE4 `armed` is set before the kernel is told, and cleared before the event's walk takes the object's lock: an unlock that finds
//!     it set is followed by a walk, if the source becomes ready.
//! DE5 The source is written by whoever has the body to himself, at its birth and, with the watch locked, after its object's death.
//!     Asking goes on under the object's lock, arming under the watch's: neither finds one that is closed (sys/source.rs, R1).
//! DE6 Bodies are never freed: an event of one that serves another object by then is late, and no more (DE1).
//! DE7 A wait-all for several of this kind asks for all of them, and if all are ready once more. Between the two rounds there is a
//!     moment at which every one was ready that was not made unready and ready again within that time, some microseconds.
//!     The kernel has no question about several at one moment.
//! locks       the object's, or the watch's; no one takes either while he has the other
//! orderings   armed: under the watch's lock but for the look at an unlock, which the object's lock orders (DE4)
//! NT          file and process objects: notification objects that others signal

#![allow(unsafe_code, reason = "the address of a body as a number; a source that is closed")]

use super::Kind;
use super::held::Held;
use super::slot::Slot;
use super::word::Word;
use crate::sys::atomic::{AtomicU32, AtomicU64, Ordering, process_static};
use crate::sys::cell::Guarded;
use crate::sys::lock::FutexLock;
use crate::sys::lookout::Lookout;
use crate::sys::per_process::PerProcess;
use crate::sys::region::OutOfMemory;
use crate::sys::source::{Source, Unusable};
use crate::waiter::pool::{NoMemory, Pool, Pooled};
use core::ffi::c_void;
use core::ptr;

/// The flags that an object is born with whose state is asked for. It is SHARED as a timer is: so that one that lives can be told
/// from a free slot.
pub(crate) const FLAGS: u64 = Word::SPECIAL | Word::SHARED;
/// The value, for ever.
pub(crate) const PERHAPS: u32 = 1;
/// Beside the word: since the lock was taken it was found not ready.
const UNREADY: u32 = 1;

/// Which object an event is about.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Followed {
    /// The runtime's resident, which is there as long as this is known.
    pub(crate) resident: *const c_void,
    pub(crate) slot: *const Slot,
    pub(crate) generation: u32,
    pub(crate) kind: Kind,
    /// The number of the process that it is, 0 for none.
    #[cfg_attr(ntwait_loom, allow(dead_code, reason = "a model has no other process"))]
    pub(crate) process: u32,
}

/// Who is told of events, and of which object they are.
#[derive(Debug, Default)]
struct Watch {
    lookout: Option<(&'static Lookout, u64)>,
    followed: Option<Followed>,
}

// SAFETY: the pointers are addresses, which are followed as the runtime's file says.
unsafe impl Send for Watch {}

/// What such an object has beyond its slot.
#[derive(Debug)]
#[repr(align(128))]
pub(crate) struct DescriptorBody {
    source: Guarded<Source>,
    /// 1: the lookout will say when the source is ready.
    armed: AtomicU32,
    watch: FutexLock<Watch>,
    next_free: AtomicU64,
}

impl Pooled for DescriptorBody {
    fn next_free(&self) -> &AtomicU64 {
        &self.next_free
    }

    fn fresh() -> Self {
        Self {
            source: Guarded::new(Source::NONE),
            armed: AtomicU32::new(0),
            watch: FutexLock::new(Watch::default()),
            next_free: AtomicU64::new(0),
        }
    }
}

process_static! {
    /// Bodies that no object has. A child of `fork` begins with none: who is late may have had the watch of one locked (DE3).
    fn bodies() -> PerProcess<Pool<DescriptorBody>> = PerProcess::new()
}

impl From<OutOfMemory> for NoMemory {
    fn from(_: OutOfMemory) -> Self {
        Self
    }
}

/// A body that no object has.
fn take() -> Result<&'static DescriptorBody, NoMemory> {
    bodies().get_or_try_make(|| Ok::<_, NoMemory>(Pool::new()))?.take()
}

impl DescriptorBody {
    /// A body for this source, which the lookout knows of by the number that `number_of` makes of the body's. The source is the
    /// body's from now on, or closed.
    pub(crate) fn begin(
        source: Source,
        lookout: &'static Lookout,
        number_of: impl FnOnce(u64) -> u64,
    ) -> Result<&'static Self, Unusable> {
        let body = match take() {
            Ok(body) => body,
            Err(NoMemory) => {
                // SAFETY: nobody else knows of it.
                unsafe { source.close() };
                return Err(Unusable::NoMemory);
            }
        };
        let number = number_of(body.to_side());
        let mut watch = body.watch.lock();
        // SAFETY: DE5, the body is ours.
        unsafe { body.source.set(source) };
        watch.lookout = Some((lookout, number));
        drop(watch);
        lookout.follow(source, number).inspect_err(|_| body.end())?;
        Ok(body)
    }

    /// From now on events are about this object.
    pub(crate) fn follow(&self, followed: Followed) {
        self.watch.lock().followed = Some(followed);
    }

    /// The object is no more, or was not born after all: the source is closed, and the body free for another.
    pub(crate) fn end(&'static self) {
        let mut watch = self.watch.lock();
        let Watch { lookout, .. } = core::mem::take(&mut *watch);
        // SAFETY: DE5, the watch is locked.
        let source = unsafe { self.source.get() };
        // SAFETY: DE5, and nobody holds the object's lock any more.
        unsafe { self.source.set(Source::NONE) };
        if let Some((lookout, _)) = lookout {
            lookout.forget(source);
        }
        self.armed.store(0, Ordering::Relaxed);
        drop(watch);
        // SAFETY: R1: it is nowhere to be found from now on, and whoever had found it has let go of the lock.
        unsafe { source.close() };
        bodies().known().into_iter().for_each(|bodies| bodies.put(self));
    }

    /// Has the lookout say when the source is ready (DE3). No lock is held.
    #[cold]
    pub(super) fn arm(&self) {
        let watch = self.watch.lock();
        if let Some((lookout, number)) = watch.lookout
            && self.armed.swap(1, Ordering::Relaxed) == 0
        {
            // SAFETY: DE5, the watch is locked.
            lookout.arm(unsafe { self.source.get() }, number);
        }
    }

    /// The lookout has said that the source was ready: it is not armed any more (DE4). What `find` makes of the object, while it
    /// is sure not to be forgotten.
    pub(crate) fn was_ready<T>(&self, find: impl FnOnce(&Followed) -> Option<T>) -> Option<T> {
        let watch = self.watch.lock();
        self.armed.store(0, Ordering::Relaxed);
        watch.followed.as_ref().and_then(find)
    }

    /// The number of the process that the object is.
    #[cfg(not(ntwait_loom))]
    pub(crate) fn process(&self) -> u32 {
        self.watch.lock().followed.map_or(0, |followed| followed.process)
    }

    /// The source, for whoever holds the object's lock.
    ///
    /// # Safety
    /// The caller does, and the object has this body.
    pub(crate) unsafe fn source(&self) -> Source {
        // SAFETY: DE5.
        unsafe { self.source.get() }
    }

    /// The form in which the slot keeps it.
    pub(crate) fn to_side(&self) -> u64 {
        ptr::from_ref(self).expose_provenance() as u64
    }

    /// # Safety
    /// The number is what the slot of such an object keeps, or what was made of that for the lookout, or 0.
    pub(crate) unsafe fn from_side(side: u64) -> Option<&'static Self> {
        // SAFETY: null, or a body, which is never freed (DE6).
        unsafe { ptr::with_exposed_provenance::<Self>(side as usize).as_ref() }
    }

    /// The body of an object of this kind whose lock is held.
    pub(crate) fn of(held: &Held<'_>) -> Option<&'static Self> {
        if !is_asked(held) {
            return None;
        }
        // SAFETY: what the slot of such an object keeps.
        unsafe { Self::from_side(held.side()) }
    }
}

/// Is the state of this object asked for?
pub(super) fn is_asked(held: &Held<'_>) -> bool {
    held.word().has(Word::SPECIAL) && held.kind().may_be_asked()
}

/// Asks for the state (DE1).
pub(super) fn ask(held: &Held<'_>) -> bool {
    // SAFETY: we hold the lock.
    let is_ready = DescriptorBody::of(held).is_some_and(|body| unsafe { body.source() }.is_ready());
    if !is_ready {
        held.slot().set_extra(UNREADY);
    }
    is_ready
}

/// What is to be armed once the lock is let go of.
pub(super) fn at_unlock(held: &Held<'_>) -> Option<&'static DescriptorBody> {
    if !is_asked(held) || held.slot().extra() != UNREADY {
        return None;
    }
    held.slot().set_extra(0);
    let is_queued = !held.first().is_none();
    // Relaxed: DE4.
    DescriptorBody::of(held).filter(|body| is_queued && body.armed.load(Ordering::Relaxed) == 0)
}
