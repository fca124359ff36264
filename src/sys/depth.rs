//! How deep the calling thread is in sections that must not be stopped half-way.
//!
//! A thread that is suspended or terminated while it holds an object's lock would take the whole process with it. So it
//! counts: above zero, the signal that comes to stop it only leaves a note, and who brings the count back to zero looks
//! for that note.
//!
//! ```text
//!              raise                         lower, no note
//!   depth 0 ───────────▶ depth n ──────────────────────────────▶ depth 0
//!      ▲                    │ signal: note            lower, note │
//!      └── serve ◀──────────┴─────────────────────────────────────┘
//! ```
//!
//! G1  While a lock of the library is held, or a record is half changed, the depth is not zero.
//! G2  A signal that finds the depth raised does nothing but leave the note; the lowering to zero comes before the look
//!     for the note, so one of the two serves the request: the signal, or the thread.
//!
//! Only the thread itself and signal handlers on it touch these values; a handler never changes the depth.

use super::tls::thread_local;
use core::cell::Cell;

thread_local! {
    static DEPTH: Cell<u32> = const { Cell::new(0) };
}
thread_local! {
    static NOTE: Cell<bool> = const { Cell::new(false) };
}

/// Keeps the compiler from moving what is to be protected out of the section.
#[inline]
fn fence() {
    #[cfg(not(ntwait_loom))]
    super::atomic::compiler_fence(super::atomic::Ordering::SeqCst);
}

/// The thread must not be stopped from here on.
#[inline]
pub(crate) fn raise() {
    DEPTH.with(|depth| depth.set(depth.get() + 1));
    fence();
}

/// Ends what the last [`raise`] began. True: the depth is zero and a note is there, now taken: serve it.
#[inline]
#[must_use = "somebody wants this thread to stop"]
pub(crate) fn lower() -> bool {
    fence();
    let depth = DEPTH.with(|depth| {
        depth.set(depth.get() - 1);
        depth.get()
    });
    fence();
    // A model has no signals: its notes lie elsewhere, and are looked for at every zero.
    depth == 0 && (cfg!(ntwait_loom) || has_note() && take_note())
}

#[inline]
pub(crate) fn is_raised() -> bool {
    DEPTH.with(Cell::get) > 0
}

/// Leaves the note, in a signal handler.
#[cfg(not(ntwait_loom))]
pub(crate) fn leave_note() {
    NOTE.with(|note| note.set(true));
}

/// Has somebody asked the thread to stop while it could not? A hint: it may be there without a reason.
#[inline]
pub(crate) fn has_note() -> bool {
    NOTE.with(Cell::get)
}

/// Whoever is about to look at what is wanted of the thread needs no note.
pub(crate) fn forget_note() {
    let _ = take_note();
}

fn take_note() -> bool {
    NOTE.with(|note| note.replace(false))
}

/// Where the note lies, for code that must test it and sleep without a gap between.
#[cfg(not(ntwait_loom))]
pub(crate) fn note_address() -> *const bool {
    NOTE.with(|note| note.as_ptr().cast_const())
}
