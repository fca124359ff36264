//! Whether memory is there, without touching it: the kernel is asked, and no signal handler is needed.
//!
//! | question | system call                                                          | memory          | not there |
//! |----------|----------------------------------------------------------------------|-----------------|-----------|
//! | read?    | `rt_sigprocmask` with a set to read and no such operation             | `EINVAL`        | `EFAULT`  |
//! | write?   | `futex(FUTEX_WAKE_OP)`, which ors 0 to the word, in one atomic step    | 0 or more       | `EFAULT`  |
//!
//! Any other answer counts as "there": a sandbox that permits neither gets no probes.
//!
//! A question costs some 300 ns. Variables of the caller's frames need none:
//!
//! PB1  What lies in the thread's own stack, above the stack pointer, is there as long as the thread is in this call. The
//!      bounds of that stack never change, so each thread asks for them once.
//! PB2  Everything else is asked about each time, as it may have been given back or protected since: other threads' stacks,
//!      the heap, static variables, and all of the stack while the thread runs on another one, such as a coroutine's.

use core::cell::Cell;
use core::ffi::c_void;

/// The least size of a page.
pub(crate) const PAGE: usize = 4096;

/// Below it nothing is ever mapped for a program, as on Windows.
const LOWEST: usize = 65_536;

/// From there on nothing is mapped for a program that does not ask for the fifth level of page tables by address.
const HIGHEST: usize = if cfg!(target_arch = "x86_64") { (1 << 47) - PAGE } else { 1 << 52 };

/// `FUTEX_WAKE_OP`'s operation: or 0 to the second word, and wake nobody for what was there.
const OR_ZERO: u32 = (libc::FUTEX_OP_OR as u32) << 28;

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Access {
    Read,
    Write,
}

/// From the lowest address of a stack to the one above it.
type Bounds = (usize, usize);

/// Of a thread that has not asked yet.
const UNKNOWN: Bounds = (0, 0);

/// Of a thread whose stack nobody knows.
const NOWHERE: Bounds = (usize::MAX, 0);

thread_local! {
    /// The thread's own stack (PB1).
    static STACK: Cell<Bounds> = const { Cell::new(UNKNOWN) };
}

/// Whether an address may be one at all.
#[inline]
pub(crate) fn is_possible(address: usize, length: usize) -> bool {
    // One comparison where the length is known: what is below the lowest wraps.
    length <= HIGHEST - LOWEST && address.wrapping_sub(LOWEST) <= HIGHEST - LOWEST - length
}

/// Whether all of it is there.
#[inline]
pub(crate) fn is_there(address: usize, length: usize, access: Access) -> bool {
    if length == 0 {
        return true;
    }
    if !is_possible(address, length) {
        return false;
    }
    is_in_frames(address, length) || ask_about_all(address, length, access)
}

/// PB1, of memory at a possible address.
#[inline]
fn is_in_frames(address: usize, length: usize) -> bool {
    let mark = 0_u8;
    let here = (&raw const mark).addr();
    let (low, high) = stack();
    low <= here && here < high && page_of(here) <= address && address + length <= high
}

#[inline]
fn stack() -> Bounds {
    match STACK.get() {
        UNKNOWN => find_stack(),
        known => known,
    }
}

#[cold]
#[inline(never)]
fn find_stack() -> Bounds {
    let bounds = nt::current_stack().map_or(NOWHERE, |stack| (stack.start, stack.end));
    STACK.set(bounds);
    bounds
}

/// PB2, page by page: most values lie in a single one.
#[inline(never)]
fn ask_about_all(address: usize, length: usize, access: Access) -> bool {
    (page_of(address)..address + length).step_by(PAGE).all(|page| ask(page, access))
}

#[inline]
const fn page_of(address: usize) -> usize {
    address & !(PAGE - 1)
}

/// `errno` stays as it is: the caller does not expect these calls to touch it.
fn ask(address: usize, access: Access) -> bool {
    // SAFETY: errno is the thread's own.
    let errno = unsafe { libc::__errno_location() };
    // SAFETY: as above.
    let errno = unsafe { &mut *errno };
    let before = *errno;
    let answer = match access {
        Access::Read => try_to_read(address),
        Access::Write => try_to_write(address),
    };
    let is_fault = answer == -1 && *errno == libc::EFAULT;
    *errno = before;
    !is_fault
}

fn try_to_read(address: usize) -> libc::c_long {
    let word: *const c_void = core::ptr::with_exposed_provenance(address & !7);
    let nothing = core::ptr::null::<c_void>();
    // SAFETY: with no such operation the call changes nothing; it copies eight bytes from there, or says that it cannot.
    unsafe { libc::syscall(libc::SYS_rt_sigprocmask, !0_u32, word, nothing, 8_usize) }
}

fn try_to_write(address: usize) -> libc::c_long {
    let nobody = 0_u32;
    let operation = libc::FUTEX_WAKE_OP | libc::FUTEX_PRIVATE_FLAG;
    let word: *mut c_void = core::ptr::with_exposed_provenance_mut(address & !3);
    // SAFETY: ors 0 to four bytes that the caller may write, in one step, or says that it cannot.
    unsafe { libc::syscall(libc::SYS_futex, &raw const nobody, operation, 0_usize, 0_usize, word, OR_ZERO) }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Three pages: writable, read-only, not accessible.
    fn pages() -> usize {
        let (protection, flags) = (libc::PROT_READ | libc::PROT_WRITE, libc::MAP_PRIVATE | libc::MAP_ANONYMOUS);
        // SAFETY: fresh memory.
        let memory = unsafe { libc::mmap(core::ptr::null_mut(), 3 * PAGE, protection, flags, -1, 0) };
        assert_ne!(memory, libc::MAP_FAILED);
        // SAFETY: the second page of it.
        assert_eq!(unsafe { libc::mprotect(memory.wrapping_byte_add(PAGE), PAGE, libc::PROT_READ) }, 0);
        // SAFETY: the third page of it.
        assert_eq!(unsafe { libc::mprotect(memory.wrapping_byte_add(2 * PAGE), PAGE, libc::PROT_NONE) }, 0);
        memory.expose_provenance()
    }

    #[test]
    fn memory_is_found_as_it_is() {
        let base = pages();
        let (read, write) = (Access::Read, Access::Write);
        let table = [
            (base, 8, true, true),
            (base + 1, 1, true, true),
            (base + PAGE - 1, 1, true, true),
            (base + PAGE - 4, 8, true, false),
            (base + PAGE, 8, true, false),
            (base + 2 * PAGE - 1, 1, true, false),
            (base + 2 * PAGE - 4, 8, false, false),
            (base + 2 * PAGE, 1, false, false),
            (base, 3 * PAGE, false, false),
            (base, 2 * PAGE, true, false),
            (0, 1, false, false),
            (0, 0, true, true),
            (8, 8, false, false),
            (usize::MAX - 7, 8, false, false),
            (1 << 60, 8, false, false),
            (base, usize::MAX, false, false),
        ];
        for (address, length, can_read, can_write) in table {
            assert_eq!(is_there(address, length, read), can_read, "{address:#x} {length} read, base {base:#x}");
            assert_eq!(is_there(address, length, write), can_write, "{address:#x} {length} write, base {base:#x}");
        }
    }

    #[test]
    fn addresses_are_possible_between_the_limits() {
        let table = [
            (0, 0, false),
            (LOWEST - 1, 1, false),
            (LOWEST, 1, true),
            (LOWEST, HIGHEST - LOWEST, true),
            (LOWEST, HIGHEST - LOWEST + 1, false),
            (LOWEST, usize::MAX, false),
            (HIGHEST - 8, 8, true),
            (HIGHEST - 7, 8, false),
            (HIGHEST, 1, false),
            (usize::MAX, 1, false),
            (usize::MAX, usize::MAX, false),
        ];
        for (address, length, expected) in table {
            assert_eq!(is_possible(address, length), expected, "{address:#x} {length:#x}");
        }
    }

    #[test]
    fn a_probe_changes_nothing() {
        let words = Box::new([0xDEAD_BEEF_u32, u32::MAX, 0, 7]);
        // SAFETY: errno is the thread's own.
        let errno = unsafe { libc::__errno_location() };
        // SAFETY: as above.
        unsafe { *errno = 77 };
        for word in words.iter() {
            assert!(is_there(core::ptr::from_ref(word).addr(), 4, Access::Write));
        }
        assert!(!is_there(pages() + 2 * PAGE, 4, Access::Write));
        assert_eq!(*words, [0xDEAD_BEEF, u32::MAX, 0, 7]);
        // SAFETY: as above.
        assert_eq!(unsafe { *errno }, 77);
    }

    #[test]
    fn pb1_frames_are_there_without_a_question() {
        let (frame, heap) = (0_u64, Box::new(0_u64));
        static VARIABLE: u64 = 1;
        let (low, high) = stack();
        let here = page_of((&raw const frame).addr());
        let table = [
            ((&raw const frame).addr(), 8, true),
            (here, 8, true),
            (here - 4 * PAGE, 8, false),
            (low, 8, false),
            (high - 8, 8, true),
            (high - 7, 8, false),
            (high, 1, false),
            (here, high - here, true),
            (here, high - here + 1, false),
            ((&raw const *heap).addr(), 8, false),
            ((&raw const VARIABLE).addr(), 8, false),
        ];
        for (address, length, expected) in table {
            assert_eq!(is_in_frames(address, length), expected, "{address:#x} {length}, stack {low:#x} to {high:#x}");
        }
        for elsewhere in [NOWHERE, ((&raw const *heap).addr(), (&raw const *heap).addr() + 8)] {
            STACK.set(elsewhere);
            assert!(
                !is_in_frames((&raw const frame).addr(), 8) && is_there((&raw const frame).addr(), 8, Access::Write)
            );
        }
    }

    #[test]
    fn pb2_memory_that_was_given_back_is_not_there() {
        let page = pages();
        assert!(is_there(page, 8, Access::Write));
        let memory = core::ptr::with_exposed_provenance_mut(page);
        // SAFETY: the first of the pages.
        assert_eq!(unsafe { libc::mprotect(memory, PAGE, libc::PROT_READ) }, 0);
        assert!(!is_there(page, 8, Access::Write) && is_there(page, 8, Access::Read));
        // SAFETY: as above.
        assert_eq!(unsafe { libc::munmap(memory, PAGE) }, 0);
        assert!(!is_there(page, 8, Access::Read));
    }
}
