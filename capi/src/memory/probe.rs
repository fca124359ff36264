//! Whether memory is there, without touching it: the kernel is asked, and no signal handler is needed.
//!
//! | question | system call                                                          | memory          | not there |
//! |----------|----------------------------------------------------------------------|-----------------|-----------|
//! | read?    | `rt_sigprocmask` with a set to read and no such operation             | `EINVAL`        | `EFAULT`  |
//! | write?   | `futex(FUTEX_WAKE_OP)`, which ors 0 to the word, in one atomic step    | 0 or more       | `EFAULT`  |
//!
//! Any other answer counts as "there": a sandbox that permits neither gets no probes.
//!
//! A question costs some 300 ns, so each thread remembers the last pages of which it knows that they stay:
//!
//! PB1  A page is remembered only if it was there, and as writable only if it could be written.
//! PB2  And only if it is of the caller's frames, which are there as long as the thread is in them, or of the variables of
//!      the program itself. Other memory is asked about each time: it may have been given back since.

mod image;

use core::cell::Cell;
use core::ffi::c_void;

/// The least size of a page.
pub(crate) const PAGE: usize = 4096;

/// Below it nothing is ever mapped for a program, as on Windows.
const LOWEST: usize = 65_536;

/// From there on nothing is mapped for a program that does not ask for the fifth level of page tables by address.
const HIGHEST: usize = if cfg!(target_arch = "x86_64") { (1 << 47) - PAGE } else { 1 << 52 };

/// So many pages a thread remembers.
const REMEMBERED: usize = 16;

/// What lies as far above the stack pointer counts as a frame of the caller's.
const REACH: usize = 16 * PAGE;

/// `FUTEX_WAKE_OP`'s operation: or 0 to the second word, and wake nobody for what was there.
const OR_ZERO: u32 = (libc::FUTEX_OP_OR as u32) << 28;

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Access {
    Read,
    Write,
}

/// In what a thread remembers of a page: it can be written, too.
const WRITABLE: usize = 1;

thread_local! {
    /// PB1: addresses of pages, each at the place that its number gives; 0 for none.
    static PAGES: [Cell<usize>; REMEMBERED] = const { [const { Cell::new(0) }; REMEMBERED] };
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
    let (first, last) = (page_of(address), page_of(address + length - 1));
    is_page_there(first, access) && (first == last || are_pages_there(first + PAGE, last, access))
}

/// The same for the pages from one to another: most values lie in a single one.
#[cold]
#[inline(never)]
fn are_pages_there(first: usize, last: usize, access: Access) -> bool {
    (first..=last).step_by(PAGE).all(|page| is_page_there(page, access))
}

#[inline]
const fn page_of(address: usize) -> usize {
    address & !(PAGE - 1)
}

#[inline]
fn is_page_there(page: usize, access: Access) -> bool {
    PAGES.with(|pages| {
        let place = &pages[page / PAGE % REMEMBERED];
        let seen = place.get();
        let is_known = seen == page | WRITABLE || seen == page && access == Access::Read;
        is_known || ask_and_remember(place, page, access)
    })
}

#[cold]
#[inline(never)]
fn ask_and_remember(place: &Cell<usize>, page: usize, access: Access) -> bool {
    let is_there = ask(page, access);
    if is_there && stays(page) {
        place.set(if access == Access::Write { page | WRITABLE } else { page });
    }
    is_there
}

/// PB2.
fn stays(page: usize) -> bool {
    let mark = 0_u8;
    let frame = page_of((&raw const mark).addr());
    (frame..frame + REACH).contains(&page) || image::variables().contains(&page)
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
    fn pb1_what_is_remembered() {
        static mut VARIABLE: u64 = 1; // in memory that can be written
        let frame = 0_u64;
        for address in [(&raw const frame).addr(), (&raw const VARIABLE).addr()] {
            let page = page_of(address);
            let remembered = || PAGES.with(|pages| pages[page / PAGE % REMEMBERED].get());
            PAGES.with(|pages| pages[page / PAGE % REMEMBERED].set(0));
            assert!(is_there(address, 8, Access::Read));
            assert_eq!(remembered(), page);
            assert!(is_there(address, 8, Access::Write) && is_there(address, 8, Access::Read));
            assert_eq!(remembered(), page | WRITABLE);
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
