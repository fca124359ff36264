//! The shared library, loaded into the test's own process, and its calls by name.

#![allow(dead_code, reason = "no test uses all of it")]
#![allow(unsafe_code, reason = "addresses of the library become functions")]

use crate::common::{LIBRARY, source};
use std::ffi::{CStr, CString, c_char, c_void};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

/// A loaded library.
pub(crate) struct Loaded(*mut c_void);

// SAFETY: a handle that every thread may use.
unsafe impl Send for Loaded {}
// SAFETY: as above.
unsafe impl Sync for Loaded {}

fn path(path: &Path) -> CString {
    CString::new(path.as_os_str().as_bytes()).expect("a path")
}

impl Loaded {
    pub(crate) fn open() -> Self {
        let path = path(&LIBRARY);
        // SAFETY: the library may be loaded anywhere, any time.
        let handle = unsafe { libc::dlopen(path.as_ptr(), libc::RTLD_NOW | libc::RTLD_LOCAL) };
        assert!(!handle.is_null(), "{} cannot be loaded", LIBRARY.display());
        Self(handle)
    }

    /// Is the library in the process?
    pub(crate) fn is_there() -> bool {
        let path = path(&LIBRARY);
        // SAFETY: only asks.
        !unsafe { libc::dlopen(path.as_ptr(), libc::RTLD_NOW | libc::RTLD_NOLOAD) }.is_null()
    }

    pub(crate) fn close(self) {
        // SAFETY: opened once; whether the addresses stay good is what the test is about.
        assert_eq!(unsafe { libc::dlclose(self.0) }, 0);
    }

    /// The address of a symbol, null if there is none.
    pub(crate) fn symbol(&self, name: &str) -> *mut c_void {
        let name = CString::new(name).expect("a symbol");
        // SAFETY: only looks.
        unsafe { libc::dlsym(self.0, name.as_ptr()) }
    }

    /// `ntw_win64_export`.
    pub(crate) fn export(&self, dll: Option<&CStr>, name: Option<&CStr>) -> *const c_void {
        type Find = extern "C" fn(*const c_char, *const c_char) -> *const c_void;
        let find: Find = function(self.symbol("ntw_win64_export"));
        let pointer = |text: Option<&CStr>| text.map_or(core::ptr::null(), CStr::as_ptr);
        find(pointer(dll), pointer(name))
    }
}

/// An address as a function of this type.
pub(crate) fn function<F: Copy>(address: *const c_void) -> F {
    assert!(!address.is_null() && size_of::<F>() == size_of::<usize>());
    // SAFETY: the test says of which type the function is.
    unsafe { core::mem::transmute_copy(&address) }
}

/// The names that a header declares, without the prefix of their symbols.
pub(crate) fn declared(header: &str) -> Vec<String> {
    let path = source("../include/ntwait").join(header);
    let text = std::fs::read_to_string(path).expect("the header");
    let lines = text.lines().filter(|line| !line.trim_start().starts_with("#define"));
    let names = lines.filter_map(|line| Some(line.split_once("NTWAIT_SYM(")?.1.split_once(')')?.0.to_owned()));
    let names: Vec<_> = names.collect();
    assert!(names.len() > 50, "{header}: {} names", names.len());
    names
}
