//! What a child of `fork` has to mend before anything else runs there.

#![allow(unsafe_code, reason = "pthread_atfork")]

use super::atomic::{AtomicU32, Ordering};

/// Has this done in every child, by its only thread. Without memory for that it is not done, and nothing else is lost.
pub(crate) fn in_child(once: &AtomicU32, mend: unsafe extern "C" fn()) {
    // Relaxed: whoever comes second needs to know no more than that.
    if once.load(Ordering::Relaxed) == 0 && once.swap(1, Ordering::Relaxed) == 0 {
        // SAFETY: a function that stays where it is.
        unsafe {
            libc::pthread_atfork(None, None, Some(mend));
        }
    }
}
