//! The library, by the names of its symbols: as a program has it that was not compiled against it.

use core::ffi::{CStr, c_char, c_void};
use core::mem::transmute;
use std::ffi::CString;
use std::path::Path;

/// No call has more arguments.
pub(crate) const MOST: usize = 12;

pub(crate) type Arguments = [usize; MOST];

type PlatformCall =
    extern "C" fn(usize, usize, usize, usize, usize, usize, usize, usize, usize, usize, usize, usize) -> usize;

#[cfg(target_arch = "x86_64")]
type WindowsCall =
    extern "win64" fn(usize, usize, usize, usize, usize, usize, usize, usize, usize, usize, usize, usize) -> usize;

/// One entry point.
#[derive(Clone, Copy)]
pub(crate) enum Call {
    Platform(PlatformCall),
    #[cfg(target_arch = "x86_64")]
    Windows(WindowsCall),
}

impl Call {
    /// With all arguments that there can be: a call does not look at more than it has.
    pub(crate) fn make(self, a: &Arguments) -> usize {
        match self {
            Self::Platform(call) => call(a[0], a[1], a[2], a[3], a[4], a[5], a[6], a[7], a[8], a[9], a[10], a[11]),
            #[cfg(target_arch = "x86_64")]
            Self::Windows(call) => call(a[0], a[1], a[2], a[3], a[4], a[5], a[6], a[7], a[8], a[9], a[10], a[11]),
        }
    }

    pub(crate) fn address(self) -> usize {
        match self {
            Self::Platform(call) => call as usize,
            #[cfg(target_arch = "x86_64")]
            Self::Windows(call) => call as usize,
        }
    }
}

/// In which convention an entry point is called.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Convention {
    Platform,
    Windows,
}

pub(crate) struct Library(*mut c_void);

impl Library {
    pub(crate) fn open(path: &Path) -> Self {
        let name = CString::new(path.as_os_str().as_encoded_bytes()).expect("a path");
        // SAFETY: text that ends with a zero; the library's initialisation is its own.
        let library = unsafe { libc::dlopen(name.as_ptr(), libc::RTLD_NOW) };
        assert!(!library.is_null(), "{} cannot be loaded", path.display());
        Self(library)
    }

    fn symbol(&self, name: &CStr) -> *mut c_void {
        // SAFETY: an open library and text that ends with a zero.
        unsafe { libc::dlsym(self.0, name.as_ptr()) }
    }

    /// A call in the platform's convention.
    pub(crate) fn platform(&self, name: &str) -> Option<Call> {
        let prefixed = if name.starts_with("ntw_") { name.to_owned() } else { format!("ntw_{name}") };
        let address = self.symbol(&CString::new(prefixed).expect("a name"));
        // SAFETY: a function of integers and pointers. It ignores arguments that it does not have, as the caller removes them.
        (!address.is_null()).then(|| Call::Platform(unsafe { transmute::<*mut c_void, PlatformCall>(address) }))
    }

    /// A call in the convention of Windows, from whichever DLL has it.
    #[cfg(target_arch = "x86_64")]
    pub(crate) fn windows(&self, name: &str) -> Option<Call> {
        let export = self.symbol(c"ntw_win64_export");
        assert!(!export.is_null());
        // SAFETY: the function's type in the header.
        let export =
            unsafe { transmute::<*mut c_void, extern "C" fn(*const c_char, *const c_char) -> *mut c_void>(export) };
        let name = CString::new(name).expect("a name");
        let address = [c"ntdll.dll", c"kernel32.dll"]
            .map(|dll| export(dll.as_ptr(), name.as_ptr()))
            .into_iter()
            .find(|call| !call.is_null())?;
        // SAFETY: as above, in the other convention.
        Some(Call::Windows(unsafe { transmute::<*mut c_void, WindowsCall>(address) }))
    }

    #[cfg(not(target_arch = "x86_64"))]
    pub(crate) fn windows(&self, _: &str) -> Option<Call> {
        None
    }

    /// A call that the walk itself needs; it must be there.
    pub(crate) fn call(&self, name: &str, arguments: &[usize]) -> usize {
        let mut all = [0; MOST];
        all[..arguments.len()].copy_from_slice(arguments);
        self.platform(name).unwrap_or_else(|| panic!("there is no {name}")).make(&all)
    }

    /// As [`call`](Self::call), of something that the library may not have.
    pub(crate) fn try_call(&self, name: &str, arguments: &[usize]) -> Option<usize> {
        self.platform(name).map(|_| self.call(name, arguments))
    }
}
