//! What a process has for its threads, once: the pools, the bell, what was found out. A child of `fork` makes its own.
//!
//! W1  A slot that was made in another process (in the parent, before `fork`) is not in this one's pools, and its task,
//!     if it is the one that called `fork`, is the only thread here.

#![allow(unsafe_code, reason = "a pointer to what was found out")]

use super::glibc::{Fields, Glibc, Modules, Owner};
use super::pools::Pools;
use super::slot::{FIRST_OVERHEAD, Slot};
use super::{StartError, ThreadBackend};
use crate::sys::atomic::{AtomicPtr, AtomicU32, AtomicU64, Ordering, process_static};
use crate::sys::lock::FutexLock;
use crate::sys::per_process::PerProcess;
use crate::sys::stack::whole_pages;
use core::ptr;

/// Are clones possible, or why not?
pub(super) type Clones = Result<Glibc, &'static str>;

#[derive(Debug)]
pub(super) struct World {
    pub(super) pools: FutexLock<Pools>,
    /// The word that the kernel clears when a task dies that was to run the user's code: see [`super::warden`].
    pub(super) bell: AtomicU32,
    pub(super) fields: Fields,
    modules: FutexLock<Modules>,
    /// 1: objects were loaded that old slots cannot judge; the next slot must be a new one.
    pub(super) needs_new_slot: AtomicU32,
    /// Slots are in the list of ended ones.
    pub(super) any_ended: AtomicU32,
    pub(super) parked: AtomicU32,
    pub(super) wardens: AtomicU32,
    /// Threads of [`super::service`] other than the warden.
    pub(super) helpers: AtomicU32,
    pub(super) warden: FutexLock<bool>,
    /// Null until the probes were made; then never freed.
    clones: AtomicPtr<Clones>,
    pub(super) probing: FutexLock<()>,
    /// What the environment says: 0 until it was asked.
    pub(super) wish: AtomicU32,
    /// What lies on a stack above the C library's frame.
    overhead: AtomicU64,
}

process_static! {
    fn worlds() -> PerProcess<World> = PerProcess::new()
}

impl World {
    fn new() -> Self {
        Self {
            pools: FutexLock::default(),
            bell: AtomicU32::new(1),
            fields: Fields::find(),
            modules: FutexLock::default(),
            needs_new_slot: AtomicU32::new(0),
            any_ended: AtomicU32::new(0),
            parked: AtomicU32::new(0),
            wardens: AtomicU32::new(0),
            helpers: AtomicU32::new(0),
            warden: FutexLock::default(),
            clones: AtomicPtr::new(ptr::null_mut()),
            probing: FutexLock::default(),
            wish: AtomicU32::new(0),
            overhead: AtomicU64::new(FIRST_OVERHEAD as u64),
        }
    }

    /// Threads that are there and not the program's, but for those that are parked.
    pub(super) fn own_threads(&self) -> u32 {
        self.wardens.load(Ordering::Acquire) + self.helpers.load(Ordering::Acquire)
    }

    pub(super) fn of_this_process() -> Result<&'static Self, StartError> {
        worlds().get_or_try_make(|| Ok(Self::new()))
    }

    /// The one that is there, if any.
    pub(super) fn known() -> Option<&'static Self> {
        worlds().known()
    }

    /// W1.
    pub(super) fn is_of_this_process(&self) -> bool {
        worlds().known().is_some_and(|world| ptr::eq(world, self))
    }

    /// What the probes found. `None`: they were not made yet.
    pub(super) fn clones(&self) -> Option<&'static Clones> {
        // SAFETY: null, or leaked in `set_clones`.
        unsafe { self.clones.load(Ordering::Acquire).as_ref() }
    }

    pub(super) fn set_clones(&self, clones: Clones) {
        self.publish_clones(Box::leak(Box::new(clones)));
    }

    pub(super) fn publish_clones(&self, clones: &'static Clones) {
        self.clones.store(ptr::from_ref(clones).cast_mut(), Ordering::Release);
    }

    /// Clones turned out not to be possible: never again in this process.
    pub(super) fn give_up_clones(&self, reason: &'static str) {
        if self.clones().is_none_or(|clones| clones.is_ok()) {
            self.set_clones(Err(reason));
        }
    }

    /// The backend of those who leave it open, as far as the environment says.
    pub(super) fn wish(&self) -> ThreadBackend {
        let known = self.wish.load(Ordering::Relaxed);
        let wish = if known == 0 { from_environment() } else { known };
        self.wish.store(wish, Ordering::Relaxed);
        match wish {
            2 => ThreadBackend::Clone,
            3 => ThreadBackend::Pthread,
            _ => ThreadBackend::Auto,
        }
    }

    pub(super) fn overhead(&self) -> usize {
        self.overhead.load(Ordering::Relaxed) as usize
    }

    /// Measures, on a slot whose thread has begun, what the C library keeps on a stack: the same for all.
    pub(super) fn measure(&self, slot: &'static Slot) {
        let used = slot.stack.top() - slot.task_top();
        if let Some(pages) = whole_pages(used) {
            self.overhead.store(pages as u64, Ordering::Relaxed);
        }
    }

    /// Learns where the loaded objects have their thread-local variables, on a new slot.
    pub(super) fn learn_modules(&self, slot: &Slot, glibc: &Glibc) -> bool {
        self.needs_new_slot.store(0, Ordering::Relaxed);
        self.modules.lock().learn(owner(slot, glibc, true))
    }

    /// Makes the calling task's thread-local variables fresh. False: it cannot be done on this slot.
    ///
    /// # Safety
    /// They are not used any more, and their destructors have run.
    pub(super) unsafe fn reset_thread_locals(&self, slot: &Slot, glibc: &Glibc) -> bool {
        // SAFETY: the caller's.
        let done = unsafe { self.modules.lock().reset(owner(slot, glibc, false)) };
        if !done {
            self.needs_new_slot.store(1, Ordering::Relaxed);
        }
        done
    }
}

fn owner<'k>(slot: &Slot, glibc: &'k Glibc, is_new: bool) -> Owner<'k> {
    let thread_pointer = crate::sys::clone::thread_pointer();
    Owner { range: (slot.stack.low(), slot.stack.top()), thread_pointer, kept: glibc.kept(), is_new }
}

fn from_environment() -> u32 {
    match crate::sys::environment::value_of("NTWAIT_THREADS").as_deref().and_then(std::ffi::OsStr::to_str) {
        Some("clone") => 2,
        Some("pthread") => 3,
        _ => 1,
    }
}
