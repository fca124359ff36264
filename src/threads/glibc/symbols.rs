//! Names of the C library, looked up at run time: a library that lacks one, or has it otherwise, fails a probe and
//! nothing more.
//!
//! In builds with debug assertions the environment variable `NTWAIT_PROBE_FAIL` names a probe that shall fail, for tests.

#![allow(unsafe_code, reason = "dlsym, and reading where it points")]

use core::ffi::{CStr, c_void};
use core::mem::MaybeUninit;
use core::ptr;

/// Why the clone backend is not possible here: `probe failed: …`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::threads) struct Failed(pub(in crate::threads) &'static str);

/// `probe!("name", condition)`: fails with that name unless the condition holds.
macro_rules! probe {
    ($name:literal, $passes:expr) => {
        $crate::threads::glibc::symbols::check(concat!("probe failed: ", $name), $passes)
    };
}
pub(in crate::threads) use probe;

/// `symbol!("name")`: its address in the C library.
macro_rules! symbol {
    ($name:literal) => {
        $crate::threads::glibc::symbols::find_in_libc(concat!($name, "\0"), concat!("probe failed: ", $name))
    };
}
pub(super) use symbol;

/// `descriptor!("name", bits, count)`: the offset of a field from libc's description of it for debuggers, which must be
/// of that many elements of so many bits.
macro_rules! descriptor {
    ($name:literal, $bits:expr, $count:expr) => {
        $crate::threads::glibc::symbols::symbol!($name).and_then(|at| {
            let found = $crate::threads::glibc::symbols::description(at);
            $crate::threads::glibc::symbols::probe!($name, found[0] == $bits && found[1] == $count)?;
            Ok(found[2] as usize)
        })
    };
}
pub(super) use descriptor;

pub(in crate::threads) fn check(reason: &'static str, passes: bool) -> Result<(), Failed> {
    if passes && !is_to_fail(reason) { Ok(()) } else { Err(Failed(reason)) }
}

fn is_to_fail(reason: &str) -> bool {
    cfg!(any(test, debug_assertions))
        && crate::sys::environment::value_of("NTWAIT_PROBE_FAIL")
            .is_some_and(|name| name.to_str().is_some_and(|name| reason.strip_prefix("probe failed: ") == Some(name)))
}

/// The address of a name, wherever it is. The name ends with a zero.
pub(super) fn find(name: &str) -> Option<usize> {
    let name = CStr::from_bytes_with_nul(name.as_bytes()).ok()?;
    #[cfg(all(target_env = "gnu", not(target_feature = "crt-static")))]
    // SAFETY: a C string.
    let at = unsafe { libc::dlsym(libc::RTLD_DEFAULT, name.as_ptr()) };
    #[cfg(not(all(target_env = "gnu", not(target_feature = "crt-static"))))]
    let at = {
        let _ = name;
        ptr::null_mut::<c_void>()
    };
    (!at.is_null()).then(|| at.expose_provenance())
}

/// The address of a name that the C library itself, and no other object before it, must have.
pub(super) fn find_in_libc(name: &str, reason: &'static str) -> Result<usize, Failed> {
    let at = find(name).ok_or(Failed(reason))?;
    let home = find("gnu_get_libc_version\0").and_then(object_of);
    check(reason, home.is_some() && object_of(at) == home)?;
    Ok(at)
}

/// Where the object that an address lies in was loaded.
fn object_of(address: usize) -> Option<usize> {
    let mut found = MaybeUninit::<libc::Dl_info>::zeroed();
    let address: *const c_void = ptr::with_exposed_provenance(address);
    // SAFETY: any address will do, and a place for the answer.
    let answer = unsafe { libc::dladdr(address, found.as_mut_ptr()) };
    // SAFETY: plain data, zeroed and perhaps filled in.
    let found = unsafe { found.assume_init() };
    (answer != 0).then(|| found.dli_fbase.addr())
}

/// A description for debuggers: bits of an element, number of elements, offset.
pub(super) fn description(at: usize) -> [u32; 3] {
    let words: *const [u32; 3] = ptr::with_exposed_provenance(at);
    // SAFETY: libc's `_thread_db_…` fields are three words each.
    unsafe { words.read() }
}

/// A word of libc's, or of the calling thread's thread block.
///
/// # Safety
/// One of that type must be there.
pub(super) unsafe fn read<T: Copy>(at: usize) -> T {
    let place: *const T = ptr::with_exposed_provenance(at);
    // SAFETY: the caller's.
    unsafe { place.read_volatile() }
}

/// The string that an address points to.
///
/// # Safety
/// There must be one, for ever.
pub(super) unsafe fn string(at: usize) -> &'static CStr {
    // SAFETY: the caller's.
    unsafe { CStr::from_ptr(ptr::with_exposed_provenance(at)) }
}
