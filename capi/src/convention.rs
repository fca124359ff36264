//! The two calling conventions, and the functions that callers hand in.

#![allow(unsafe_code, reason = "addresses of the caller's become functions")]

use core::ffi::c_void;
use core::mem::transmute;
use nt::{ApcRoutine, FlsCallback, StartRoutine, TimerApcRoutine, WaitCallback};

/// The convention in which a call came in, and in which its callbacks are called.
pub(crate) trait Convention {
    const IS_WINDOWS: bool;
}

/// The platform's own: System V on x86-64.
pub(crate) struct Platform;

impl Convention for Platform {
    const IS_WINDOWS: bool = false;
}

/// Windows x64.
#[cfg(target_arch = "x86_64")]
pub(crate) struct Windows;

#[cfg(target_arch = "x86_64")]
impl Convention for Windows {
    const IS_WINDOWS: bool = true;
}

/// A function of the caller's, in the convention of the call; null for none.
#[repr(transparent)]
#[derive(Clone, Copy)]
pub(crate) struct Code(*const c_void);

/// Makes a function of an address: `$variant` of the convention, with this signature.
macro_rules! function {
    ($code:expr, $convention:ident, $routine:ident, ($($type:ty),*) $(-> $result:ty)?) => {{
        let address = $code.0;
        if address.is_null() {
            None
        } else if $convention::IS_WINDOWS {
            #[cfg(target_arch = "x86_64")]
            {
                // SAFETY: the caller says that a function of this signature and convention is there.
                Some($routine::Win64(unsafe {
                    transmute::<*const c_void, extern "win64" fn($($type),*) $(-> $result)?>(address)
                }))
            }
            #[cfg(not(target_arch = "x86_64"))]
            None
        } else {
            // SAFETY: as above.
            Some($routine::C(unsafe { transmute::<*const c_void, extern "C" fn($($type),*) $(-> $result)?>(address) }))
        }
    }};
}

impl Code {
    /// What a thread runs.
    pub(crate) fn start<C: Convention>(self) -> Option<StartRoutine> {
        function!(self, C, StartRoutine, (*mut c_void) -> u32)
    }

    /// An APC with three arguments.
    pub(crate) fn apc<C: Convention>(self) -> Option<ApcRoutine> {
        function!(self, C, ApcRoutine, (*mut c_void, *mut c_void, *mut c_void))
    }

    /// What a timer calls.
    pub(crate) fn timer_apc<C: Convention>(self) -> Option<TimerApcRoutine> {
        function!(self, C, TimerApcRoutine, (*mut c_void, u32, i32))
    }

    /// What is called with the value that a slot has.
    pub(crate) fn fls<C: Convention>(self) -> Option<FlsCallback> {
        function!(self, C, FlsCallback, (*mut c_void))
    }

    /// What a registered wait calls.
    pub(crate) fn wait_callback<C: Convention>(self) -> Option<WaitCallback> {
        function!(self, C, WaitCallback, (*mut c_void, u8))
    }

    /// What initialises a block once.
    pub(crate) fn initialiser<C: Convention>(self) -> Option<Initialiser> {
        function!(self, C, Initialiser, (*mut c_void, *mut c_void, *mut *mut c_void) -> u32)
    }

    /// What a Win32 APC calls: one argument.
    pub(crate) fn user_apc<C: Convention>(self) -> Option<UserApc> {
        function!(self, C, UserApc, (usize))
    }
}

/// What initialises a block: with the block, a parameter and a place for the context; 0 says that it failed.
#[derive(Clone, Copy)]
pub(crate) enum Initialiser {
    C(extern "C" fn(*mut c_void, *mut c_void, *mut *mut c_void) -> u32),
    #[cfg(target_arch = "x86_64")]
    Win64(extern "win64" fn(*mut c_void, *mut c_void, *mut *mut c_void) -> u32),
}

impl Initialiser {
    pub(crate) fn call(self, block: *mut c_void, parameter: *mut c_void, context: &mut usize) -> bool {
        let context = core::ptr::from_mut(context).cast();
        match self {
            Self::C(function) => function(block, parameter, context) != 0,
            #[cfg(target_arch = "x86_64")]
            Self::Win64(function) => function(block, parameter, context) != 0,
        }
    }
}

/// The function of `QueueUserAPC`.
#[derive(Clone, Copy)]
pub(crate) enum UserApc {
    C(extern "C" fn(usize)),
    #[cfg(target_arch = "x86_64")]
    Win64(extern "win64" fn(usize)),
}

impl UserApc {
    /// The routine that calls it, with the function and its argument as the routine's first two (A29).
    pub(crate) fn routine(self, data: usize) -> (ApcRoutine, [*mut c_void; 3]) {
        let (routine, function) = match self {
            Self::C(function) => (ApcRoutine::C(call_c), function as *mut c_void),
            #[cfg(target_arch = "x86_64")]
            Self::Win64(function) => (ApcRoutine::C(call_windows), function as *mut c_void),
        };
        (routine, [function, core::ptr::with_exposed_provenance_mut(data), core::ptr::null_mut()])
    }
}

extern "C" fn call_c(function: *mut c_void, data: *mut c_void, _: *mut c_void) {
    // SAFETY: `UserApc::routine` put a function of this type there.
    let function = unsafe { transmute::<*mut c_void, extern "C" fn(usize)>(function) };
    function(data.expose_provenance());
}

#[cfg(target_arch = "x86_64")]
extern "C" fn call_windows(function: *mut c_void, data: *mut c_void, _: *mut c_void) {
    // SAFETY: as above.
    let function = unsafe { transmute::<*mut c_void, extern "win64" fn(usize)>(function) };
    function(data.expose_provenance());
}
