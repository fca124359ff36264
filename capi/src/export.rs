//! The table of what code of the Windows x64 convention imports: by DLL and name.
//!
//! | DLL                                         | calls                                |
//! |---------------------------------------------|--------------------------------------|
//! | `ntdll`                                     | `Nt*`, the same as `Zw*`, `Rtl*`     |
//! | `kernel32`, `kernelbase`                    | Win32                                |
//! | `api-ms-win-core-…`                         | Win32, and `Rtl*`                    |

#![allow(unsafe_code, reason = "a symbol of its own name, and addresses that threads share")]

use crate::memory::In;
use core::ffi::c_void;

/// One call in the Windows x64 convention.
pub(crate) struct Export {
    name: &'static str,
    address: *const (),
}

// SAFETY: an address of code.
unsafe impl Sync for Export {}

impl Export {
    pub(crate) const fn new(name: &'static str, address: *const ()) -> Self {
        Self { name, address }
    }
}

/// Which calls a DLL has.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Dll {
    Native,
    Win32,
    ApiSet,
}

impl Dll {
    /// Without regard to case, with or without `.dll`.
    fn named(name: &[u8]) -> Option<Self> {
        const API_SET: &[u8] = b"api-ms-win-core-";
        let end = name.len().saturating_sub(4);
        let stem = if name[end..].eq_ignore_ascii_case(b".dll") { &name[..end] } else { name };
        let is = |dll: &str| stem.eq_ignore_ascii_case(dll.as_bytes());
        let is_api_set = stem.get(..API_SET.len()).is_some_and(|start| start.eq_ignore_ascii_case(API_SET));
        match () {
            () if is("ntdll") => Some(Self::Native),
            () if is("kernel32") || is("kernelbase") => Some(Self::Win32),
            () if is_api_set => Some(Self::ApiSet),
            () => None,
        }
    }

    fn calls(self) -> impl Iterator<Item = &'static Export> {
        let (first, second): (&[&[Export]], &[&[Export]]) = match self {
            Self::Native => (crate::nt::CALLS, crate::rtl::CALLS),
            Self::Win32 => (crate::win32::CALLS, &[]),
            Self::ApiSet => (crate::win32::CALLS, crate::rtl::CALLS),
        };
        first.iter().chain(second).copied().flatten()
    }
}

/// The address of a call, null if there is none of that name.
pub(crate) fn find(dll: &[u8], name: &[u8]) -> *const () {
    let Some(dll) = Dll::named(dll) else {
        return core::ptr::null();
    };
    // Zw and Nt are one and the same outside of the kernel.
    let is = |call: &Export| match name.strip_prefix(b"Zw") {
        Some(rest) => call.name.as_bytes().strip_prefix(b"Nt") == Some(rest),
        None => call.name.as_bytes() == name,
    };
    dll.calls().find(|call| is(call)).map_or(core::ptr::null(), |call| call.address)
}

/// The longest name of a DLL or a call.
const LONGEST: usize = 255;

/// `ntw_win64_export`: null for a name that is not there, or too long to be one.
#[unsafe(no_mangle)]
extern "C" fn ntw_win64_export(dll: In<u8>, name: In<u8>) -> *const c_void {
    let text = |text: In<u8>| text.until_zero(LONGEST).ok().flatten();
    match (text(dll), text(name)) {
        (Some(dll), Some(name)) => find(dll, name).cast(),
        _ => core::ptr::null(),
    }
}
