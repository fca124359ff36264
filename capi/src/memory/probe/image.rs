//! Where the program's own variables are: never unmapped, as the program is not.

use core::ops::Range;

/// A program header of the format that this machine's programs have.
type Header = libc::Elf64_Phdr;

/// From the page of the first to the page after the last; empty if the kernel does not say.
pub(super) fn variables() -> Range<usize> {
    headers().and_then(writable).unwrap_or(0..0)
}

/// The program headers that the kernel tells every program about.
fn headers() -> Option<&'static [Header]> {
    // SAFETY: the call reads what the kernel left for the program.
    let first = unsafe { libc::getauxval(libc::AT_PHDR) };
    // SAFETY: as above.
    let count = unsafe { libc::getauxval(libc::AT_PHNUM) };
    // SAFETY: as above.
    let size = unsafe { libc::getauxval(libc::AT_PHENT) };
    if first == 0 || size as usize != size_of::<Header>() {
        return None;
    }
    let first = core::ptr::with_exposed_provenance(first as usize);
    // SAFETY: so many of this size are there, in memory of the program that nobody writes.
    Some(unsafe { core::slice::from_raw_parts(first, count as usize) })
}

/// From the first piece that is loaded to be written to the last. What the loader makes read-only afterwards, and what lies
/// between them, is told by the probe.
fn writable(headers: &[Header]) -> Option<Range<usize>> {
    let table = headers.iter().find(|header| header.p_type == libc::PT_PHDR)?;
    let moved_by = headers.as_ptr().addr().wrapping_sub(table.p_vaddr as usize);
    let mut pieces = headers.iter().filter(|header| header.p_type == libc::PT_LOAD && header.p_flags & libc::PF_W != 0);
    let first = pieces.next()?;
    let last = pieces.next_back().unwrap_or(first); // they are in the order of their addresses
    let start = moved_by.wrapping_add(first.p_vaddr as usize);
    let end = moved_by.wrapping_add(last.p_vaddr as usize).checked_add(last.p_memsz as usize)?;
    Some(super::page_of(start)..end)
}

#[cfg(test)]
mod tests {
    use super::*;

    static mut SET: u64 = 1;
    static mut ZERO: [u64; 4096] = [0; 4096];

    #[test]
    fn variables_are_there_and_nothing_else_is() {
        let range = variables();
        assert!(range.contains(&(&raw const SET).addr()) && range.contains(&(&raw const ZERO).addr()));
        let (on_the_heap, on_the_stack) = (Box::new(0), 0);
        for elsewhere in [(&raw const *on_the_heap).addr(), (&raw const on_the_stack).addr(), main_code()] {
            assert!(!range.contains(&elsewhere), "{elsewhere:#x} {range:x?}");
        }
    }

    fn main_code() -> usize {
        let code: fn() -> Range<usize> = variables;
        code as usize
    }
}
