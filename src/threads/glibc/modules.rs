//! Thread-local storage, made as it is when a thread begins.
//!
//! Each loaded object with thread-local variables has an image of their first values. Copying it over a thread's block
//! makes the thread's variables fresh. Left out are the C library and the loader, whose variables describe the thread
//! itself and go with the slot.
//!
//! ```text
//!   list of objects is known ──▶ copy: static blocks lie at the same distance from every thread pointer
//!   it has changed ───────────▶ look at each object, copy, remember
//!     an object's block cannot be seen in this thread ──▶ not fresh: the slot is given up, and the next thread gets a
//!                                                         new one, in which all can be seen
//! ```
//!
//! M1  Images are copied, and the list is read and written, while the loader's lock is held (in `dl_iterate_phdr`):
//!     no object is unloaded meanwhile.
//! M2  A thread that the C library has just made sees every static block: it was given them all. A block that it does
//!     not see is made when it is first used, and then is fresh by itself.
//! M3  An old thread does not see the blocks of objects that were loaded after it was made, though static ones may have
//!     been used.

#![allow(unsafe_code, reason = "copies over thread-local storage")]

use core::ffi::{c_int, c_void};
use core::ops::Range;
use core::ptr;

/// Objects with thread-local variables that the list has room for.
const MOST: usize = 64;

/// Where an object's block is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    /// At this distance from the thread pointer.
    Static(isize),
    /// Made at its first use.
    Dynamic,
}

#[derive(Clone, Copy, Debug)]
struct Module {
    id: usize,
    image: usize,
    filled: usize,
    size: usize,
    place: Place,
}

/// What is known of the loaded objects whose variables are made fresh.
#[derive(Debug, Default)]
pub(in crate::threads) struct Modules {
    known: List,
    /// The next list in the making. (It would be large for a stack.)
    fresh: List,
    /// Objects that were loaded but belong to another namespace, when the first list was made.
    elsewhere: Option<u64>,
}

#[derive(Debug)]
struct List {
    /// How many objects were loaded and unloaded when the list was made.
    stamp: (u64, u64),
    modules: [Module; MOST],
    len: usize,
    any_dynamic: bool,
}

/// The thread whose storage it is about.
#[derive(Clone, Copy, Debug)]
pub(in crate::threads) struct Owner<'k> {
    /// Where the slot's stack and thread block lie.
    pub(in crate::threads) range: (usize, usize),
    pub(in crate::threads) thread_pointer: usize,
    /// Addresses in the objects to be left out.
    pub(in crate::threads) kept: &'k [usize],
    /// Was the thread just made by the C library (M2)?
    pub(in crate::threads) is_new: bool,
}

impl Default for List {
    fn default() -> Self {
        const NONE: Module = Module { id: 0, image: 0, filled: 0, size: 0, place: Place::Dynamic };
        Self { stamp: (0, 0), modules: [NONE; MOST], len: 0, any_dynamic: false }
    }
}

impl List {
    fn all(&self) -> &[Module] {
        &self.modules[..self.len]
    }

    fn begin(&mut self, stamp: (u64, u64)) {
        (self.stamp, self.len, self.any_dynamic) = (stamp, 0, false);
    }

    fn add(&mut self, module: Module) -> bool {
        let Some(place) = self.modules.get_mut(self.len) else { return false };
        *place = module;
        self.len += 1;
        self.any_dynamic |= module.place == Place::Dynamic;
        true
    }
}

/// One walk through the objects.
struct Walk<'w> {
    modules: &'w mut Modules,
    owner: Owner<'w>,
    /// The list is not right any more.
    renews: bool,
    seen: u64,
    copies: bool,
    complete: bool,
}

impl Modules {
    /// Makes the calling thread's variables fresh. False: not possible; see [`Place`] and M3.
    ///
    /// # Safety
    /// Nobody uses the thread's variables any more, and none of them is a value that still owns something.
    pub(in crate::threads) unsafe fn reset(&mut self, owner: Owner<'_>) -> bool {
        self.walk(owner, true)
    }

    /// Learns, in a thread that the C library has just made, where everything is.
    pub(in crate::threads) fn learn(&mut self, owner: Owner<'_>) -> bool {
        self.walk(owner, false)
    }

    fn walk(&mut self, owner: Owner<'_>, copies: bool) -> bool {
        let mut walk = Walk { modules: self, owner, renews: false, seen: 0, copies, complete: true };
        // SAFETY: the function takes what is passed with it.
        unsafe { libc::dl_iterate_phdr(Some(visit), (&raw mut walk).cast()) };
        walk.end()
    }
}

unsafe extern "C" fn visit(info: *mut libc::dl_phdr_info, _: usize, walk: *mut c_void) -> c_int {
    // SAFETY: what `walk` passed, to nobody else.
    let walk = unsafe { &mut *walk.cast::<Walk<'_>>() };
    // SAFETY: the loader's description of an object, for the time of the call.
    let info = unsafe { &*info };
    c_int::from(walk.visit(info))
}

impl Walk<'_> {
    /// True: the walk is over.
    fn visit(&mut self, info: &libc::dl_phdr_info) -> bool {
        self.seen += 1;
        let stamp = (info.dlpi_adds, info.dlpi_subs);
        if self.seen == 1 {
            if self.modules.known.stamp == stamp {
                self.copy_known();
                return !self.copies || !self.modules.known.any_dynamic;
            }
            self.renews = true;
            self.modules.fresh.begin(stamp);
        }
        if info.dlpi_tls_modid != 0 {
            self.visit_module(info);
        }
        false
    }

    /// All static blocks of a list that is right.
    fn copy_known(&self) {
        if !self.copies {
            return;
        }
        for module in self.modules.known.all() {
            if let Place::Static(distance) = module.place {
                module.copy_to(self.owner.thread_pointer.wrapping_add_signed(distance));
            }
        }
    }

    fn visit_module(&mut self, info: &libc::dl_phdr_info) {
        let Some(mut module) = Module::of(info) else { return };
        let block = info.dlpi_tls_data.addr();
        if !self.renews {
            // The list is right: dynamic blocks are all that is left to do.
            let mut known = self.modules.known.all().iter();
            if block != 0 && known.any(|known| known.id == module.id && known.place == Place::Dynamic) {
                module.copy_to(block);
            }
            return;
        }
        if segments(info).any(|range| self.owner.kept.iter().any(|kept| range.contains(kept))) {
            return;
        }
        if block == 0 && !self.owner.is_new {
            self.complete = false; // M3; what the old list says of it may be wrong by now
            return;
        }
        module.place = if block == 0 { Place::Dynamic } else { self.owner.place_of(block) };
        if self.copies && block != 0 {
            module.copy_to(block);
        }
        self.complete &= self.modules.fresh.add(module);
    }

    fn end(self) -> bool {
        if !self.renews {
            return true;
        }
        let modules = self.modules;
        // Objects in another namespace are not shown here: should their number change, they may have variables too.
        let (adds, subs) = modules.fresh.stamp;
        let elsewhere = (adds - subs).abs_diff(self.seen);
        let complete = self.complete && modules.elsewhere.is_none_or(|known| known == elsewhere);
        if complete {
            modules.elsewhere = Some(elsewhere);
            core::mem::swap(&mut modules.known, &mut modules.fresh);
        }
        complete
    }
}

impl Owner<'_> {
    fn place_of(&self, block: usize) -> Place {
        let (low, high) = self.range;
        if (low..high).contains(&block) {
            Place::Static(block.wrapping_sub(self.thread_pointer).cast_signed())
        } else {
            Place::Dynamic
        }
    }
}

fn headers(info: &libc::dl_phdr_info) -> &[libc::Elf64_Phdr] {
    // SAFETY: the loader says where they are, and how many.
    unsafe { core::slice::from_raw_parts(info.dlpi_phdr, info.dlpi_phnum.into()) }
}

/// The addresses of an object.
fn segments(info: &libc::dl_phdr_info) -> impl Iterator<Item = Range<usize>> {
    headers(info).iter().filter(|header| header.p_type == libc::PT_LOAD).map(|header| {
        let start = (info.dlpi_addr + header.p_vaddr) as usize;
        start..start + header.p_memsz as usize
    })
}

impl Module {
    fn of(info: &libc::dl_phdr_info) -> Option<Self> {
        let header = headers(info).iter().find(|header| header.p_type == libc::PT_TLS)?;
        Some(Self {
            id: info.dlpi_tls_modid,
            image: (info.dlpi_addr + header.p_vaddr) as usize,
            filled: header.p_filesz as usize,
            size: header.p_memsz as usize,
            place: Place::Dynamic,
        })
    }

    /// The first values, over a block of the calling thread.
    fn copy_to(&self, block: usize) {
        let to: *mut u8 = ptr::with_exposed_provenance_mut(block);
        let image: *const u8 = ptr::with_exposed_provenance(self.image);
        // SAFETY: the object is loaded (M1), its image is that long, and so is the block, which the thread is done with.
        unsafe { ptr::copy_nonoverlapping(image, to, self.filled) };
        let rest = to.wrapping_add(self.filled);
        // SAFETY: as above: the rest of the block, which begins as zero.
        unsafe { ptr::write_bytes(rest, 0, self.size - self.filled) };
    }
}

/// The addresses by which the objects that are left out are recognised.
pub(super) fn kept(names: [&str; 3]) -> [usize; 3] {
    names.map(|name| super::symbols::find(name).unwrap_or(0))
}
