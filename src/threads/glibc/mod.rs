//! Every look into glibc that is not a public interface, each behind a probe.
//!
//! The names are those that glibc itself exports for its debugger library (`_thread_db_…`) or for its own parts
//! (`GLIBC_PRIVATE`). [`Glibc::find`] gives the whole set or the first probe that failed; a [`View`] is what was found
//! of one thread.
//!
//! G1  Nothing here is used unless every probe has passed, but for [`Fields`], whose two offsets are optional.
//! G2  A thread block belongs to the task that runs on it; from outside only its `tid` and the flags of the hand-shake
//!     are touched, atomically, and only if no task runs.

#![allow(unsafe_code, reason = "looks into the C library")]

mod cleanup;
mod keys;
mod modules;
mod setxid;
pub(super) mod symbols;

pub(super) use keys::ROUNDS;
pub(super) use modules::{Modules, Owner};
pub(super) use setxid::Fields;
pub(super) use symbols::{Failed, probe};

use crate::sys::{clone, cpu};
use cleanup::Cleanup;
use core::ffi::{CStr, c_int};
use core::mem::transmute;
use core::ptr;
use keys::Keys;
use symbols::{find, read, string, symbol};

unsafe extern "C" {
    fn pthread_setcancelstate(state: c_int, old: *mut c_int) -> c_int;
    fn pthread_setcanceltype(kind: c_int, old: *mut c_int) -> c_int;
}

/// The registration for restartable sequences.
#[derive(Clone, Copy, Debug)]
struct Rseq {
    /// From the thread pointer.
    offset: isize,
    size: u32,
    is_on: bool,
}

/// What was found of one thread that the C library made.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct View {
    pub(super) pthread: libc::pthread_t,
    pub(super) thread_pointer: usize,
    /// The word that the C library wants the kernel to clear; 0: not known.
    pub(super) cleared: usize,
    /// Where the C library keeps the task's id; 0: not known.
    pub(super) tid: usize,
    /// The flags of the hand-shake with `setresuid` and its like; 0: not known.
    pub(super) flags: usize,
    /// What they are when the thread begins.
    calm: u32,
    robust: (usize, usize),
    bottom: usize,
}

impl View {
    /// What the C library says the calling task's number is, which the view is of.
    pub(super) fn kernel_id(&self) -> Option<u32> {
        Some(self.tid).filter(|tid| *tid != 0).map(setxid::word)
    }

    /// The thread block.
    fn pd(&self) -> usize {
        self.pthread as usize
    }
}

/// The C library, as far as clones need to know it.
#[derive(Debug)]
pub(super) struct Glibc {
    run_thread_locals: unsafe extern "C-unwind" fn(),
    keys: Keys,
    own_key: libc::pthread_key_t,
    cleanup: Cleanup,
    fields: Fields,
    /// Size of the thread block.
    block: usize,
    rseq: Option<Rseq>,
    kept: [usize; 3],
}

impl Glibc {
    /// Looks everything up.
    ///
    /// `own_key` is a key with `destructor`.
    pub(super) fn find(own_key: libc::pthread_key_t, destructor: usize) -> Result<Self, Failed> {
        check_ground()?;
        let version = symbol!("gnu_get_libc_version")?;
        // SAFETY: the function of that name.
        let version = unsafe { transmute::<usize, unsafe extern "C" fn() -> *const libc::c_char>(version) };
        // SAFETY: takes nothing.
        let version = unsafe { version() };
        // SAFETY: it returns a string.
        let version = unsafe { CStr::from_ptr(version) };
        let threads = symbol!("__nptl_version")?;
        // SAFETY: an array of characters.
        probe!("__nptl_version", unsafe { string(threads) } == version)?;
        let run_thread_locals = symbol!("__call_tls_dtors")?;
        let block = symbol!("_thread_db_sizeof_pthread")?;
        // SAFETY: a word.
        let block = unsafe { read::<u32>(block) } as usize;
        probe!("_thread_db_sizeof_pthread", (1024..16 * 1024).contains(&block))?;
        let fields = Fields::find();
        fields.prove()?;
        Ok(Self {
            // SAFETY: the function of that name. What it calls may unwind by force.
            run_thread_locals: unsafe { transmute::<usize, unsafe extern "C-unwind" fn()>(run_thread_locals) },
            keys: Keys::find(own_key, destructor)?,
            own_key,
            cleanup: Cleanup::find()?,
            fields,
            block,
            rseq: Rseq::find(),
            kept: modules::kept(["gnu_get_libc_version\0", "__tls_get_addr\0", "pthread_create\0"]),
        })
    }

    /// What there is to know of the calling thread, which the C library has just made on `stack`, with `value` set for
    /// our own key.
    pub(super) fn view(&self, stack: core::ops::Range<usize>, value: usize) -> Result<View, Failed> {
        let mut view = self.fields.view();
        let pd = view.pd();
        let block = pd..pd + self.block;
        probe!("PR_GET_TID_ADDRESS", view.cleared != 0)?;
        probe!("clear_child_tid", block.contains(&view.cleared))?;
        probe!("tid field", block.contains(&view.tid) && setxid::word(view.tid) == cpu::thread_id())?;
        view.robust = clone::robust_list().unwrap_or_default();
        probe!("robust list", block.contains(&view.robust.0) && link(view.robust.0) == view.robust.0)?;
        view.calm = setxid::word(view.flags);
        self.keys.prove(pd, self.own_key, value)?;
        view.bottom = self.cleanup.bottom(&stack)?;
        Ok(view)
    }

    pub(super) fn kept(&self) -> &[usize] {
        &self.kept
    }

    /// Tells the kernel, as the C library does when a thread begins, of the calling task's thread block.
    ///
    /// # Safety
    /// The view is of the block that the calling task was spawned with.
    pub(super) unsafe fn settle(&self, view: &View) {
        // SAFETY: the caller's.
        unsafe { clone::set_robust_list(view.robust.0, view.robust.1) };
        if let Some(rseq) = &self.rseq {
            rseq.register(view.thread_pointer);
        }
    }

    /// The newest of the robust mutexes that the calling task holds.
    pub(super) fn robust_mutex(&self, view: &View) -> usize {
        link(view.robust.0)
    }

    /// Runs the destructors of thread-local variables and key values, as the C library does when a thread ends. True if
    /// nothing is left.
    ///
    /// # Safety
    /// The calling thread is about to end, and the view is of it.
    pub(super) unsafe fn run_destructors(&self, view: &View) -> bool {
        // SAFETY: takes nothing; runs what was registered for this moment.
        let thread_locals = || unsafe { (self.run_thread_locals)() };
        thread_locals();
        // SAFETY: the caller's.
        unsafe { self.keys.run(view.pd(), self.own_key, thread_locals) }
    }

    /// Runs the destructors of thread-local variables alone.
    ///
    /// # Safety
    /// As [`run_destructors`](Self::run_destructors).
    pub(super) unsafe fn run_thread_locals(&self) {
        // SAFETY: as above.
        unsafe { (self.run_thread_locals)() };
    }

    /// Forgets cleanup handlers whose frames are gone.
    pub(super) fn forget_cleanup(&self, view: &View) {
        self.cleanup.forget(view.bottom);
    }

    /// Locale and cancellation as when a thread begins. False: somebody wanted to cancel it.
    pub(super) fn calm_down(&self, view: &View) -> bool {
        let global: libc::locale_t = ptr::without_provenance_mut(usize::MAX); // LC_GLOBAL_LOCALE
        // SAFETY: the process-wide locale is always there.
        unsafe { libc::uselocale(global) };
        // SAFETY: the state that a thread begins with; the old one is not asked for.
        unsafe { pthread_setcancelstate(0, ptr::null_mut()) };
        // SAFETY: as above.
        unsafe { pthread_setcanceltype(0, ptr::null_mut()) };
        setxid::is_calm(view.flags, view.calm)
    }
}

/// What the head of the list of robust mutexes links to.
fn link(head: usize) -> usize {
    // SAFETY: the head lies in the thread block, which the kernel reads too.
    unsafe { read(head) }
}

/// What no name stands for.
fn check_ground() -> Result<(), Failed> {
    symbols::check("no clone stub for this architecture", clone::SUPPORTED)?;
    let dynamic = cfg!(target_env = "gnu") && !cfg!(target_feature = "crt-static") && cfg!(target_pointer_width = "64");
    probe!("dynamic glibc", dynamic)?;
    let sanitizers = ["__asan_init\0", "__tsan_init\0", "__msan_init\0", "__hwasan_init\0"];
    probe!("no sanitizer", sanitizers.iter().all(|name| find(name).is_none()))?;
    probe!("no shadow stack", !clone::has_shadow_stack())
}

/// errno of the calling thread, as when a thread begins.
pub(super) fn clear_errno() {
    // SAFETY: takes nothing.
    let errno = unsafe { libc::__errno_location() };
    // SAFETY: the thread's own.
    unsafe { *errno = 0 };
}

impl Rseq {
    /// `None`: this version does not register.
    fn find() -> Option<Self> {
        let offset = find("__rseq_offset\0")?;
        let size = find("__rseq_size\0")?;
        // SAFETY: a public variable of that type.
        let offset = unsafe { read::<isize>(offset) };
        // SAFETY: a public variable of that type.
        let size = unsafe { read::<u32>(size) };
        // 0: switched off, or refused. From 2.40 on the size is that of the fields in use; 32 is what is registered.
        Some(Self { offset, size: size.max(32), is_on: size != 0 })
    }

    fn register(&self, thread_pointer: usize) {
        const NOT_YET: u32 = -1_i32 as u32;
        const REFUSED: u32 = -2_i32 as u32;
        let area = thread_pointer.wrapping_add_signed(self.offset);
        let words: *mut u32 = ptr::with_exposed_provenance_mut(area);
        // SAFETY: the C library's own area in the thread block, of that size; nobody else uses it.
        unsafe { ptr::write_bytes(words.cast::<u8>(), 0, self.size as usize) };
        let cpu = words.wrapping_add(1);
        // SAFETY: as above.
        unsafe { cpu.write_volatile(NOT_YET) };
        // SAFETY: the area lives as long as the thread block.
        if !self.is_on || !unsafe { clone::register_rseq(area, self.size) } {
            // SAFETY: as above.
            unsafe { cpu.write_volatile(REFUSED) };
        }
    }
}
