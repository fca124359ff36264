//! The id of the calling thread, which every thread has.
//!
//! | thread                                                        | id                                     |
//! |---------------------------------------------------------------|----------------------------------------|
//! | any                                                           | the runtime's                          |
//! | at its very end, or when there is no memory to make it known  | 0x8000_0000 + 4 times the kernel's     |
//!
//! The runtime gives no ids as high as that, so both are a thread's own, and multiples of 4 (TH24). The second kind is for
//! telling threads apart: no call finds a thread by it.

#![allow(unsafe_code, reason = "the kernel is asked for the thread's number")]

use crate::nt::runtime;

const MAKESHIFT: u32 = 0x8000_0000;

#[inline]
pub(crate) fn current() -> u32 {
    runtime().and_then(|nt| nt.current_thread_id()).unwrap_or_else(|_| makeshift())
}

#[cold]
fn makeshift() -> u32 {
    // SAFETY: the call has no arguments and cannot fail.
    let number = unsafe { libc::gettid() };
    MAKESHIFT | number.cast_unsigned() << 2
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn th24_ids_are_multiples_of_four_and_a_threads_own() {
        let mine = [current(), makeshift()];
        let others = std::thread::spawn(|| [current(), makeshift()]).join().expect("it ends");
        assert_eq!(mine, [current(), makeshift()]);
        for (mine, other) in mine.into_iter().zip(others) {
            assert_ne!(mine, other);
            assert_eq!((mine & 3, other & 3), (0, 0));
        }
        assert!(mine[0] < MAKESHIFT && mine[1] > MAKESHIFT);
    }
}
