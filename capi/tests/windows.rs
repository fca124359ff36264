//! What code of the Windows x64 convention finds and calls: every name under its DLLs, calls that leave the registers as that
//! convention wants them, callbacks that come in it.

#![cfg(target_arch = "x86_64")]
#![allow(clippy::disallowed_types, clippy::disallowed_methods, reason = "tests are not the product")]

mod common;
#[path = "common/loaded.rs"]
mod loaded;
#[path = "common/win64.rs"]
mod win64;

use core::ffi::{CStr, c_void};
use loaded::{Loaded, declared};
use std::ffi::CString;
use std::sync::LazyLock;
use win64::{Callback, call};

static LIBRARY: LazyLock<Loaded> = LazyLock::new(Loaded::open);

const SUCCESS: u64 = 0;
const USER_APC: u64 = 0xC0;
const TIMEOUT: u64 = 0x102;
const INVALID_HANDLE: u64 = 0xC000_0008;
const ALL_ACCESS: u64 = 0x1F_FFFF;
const CURRENT_PROCESS: u64 = u64::MAX;
const CURRENT_THREAD: u64 = u64::MAX - 1;
const INFINITE: u64 = 0xFFFF_FFFF;
/// Units of 100 ns: ten seconds from now.
const LONG: i64 = -100_000_000;

fn find(dll: &str, name: &str) -> *const c_void {
    let text = |text| CString::new(text).expect("a name");
    LIBRARY.export(Some(&text(dll)), Some(&text(name)))
}

/// Calls `ntdll`'s or `kernel32`'s function of this name. The lower 32 bits of what it returns.
macro_rules! nt {
    ($name:literal $(, $argument:expr)* $(,)?) => { invoke("ntdll.dll", $name, &[$($argument as u64),*]) & 0xFFFF_FFFF };
}
macro_rules! win32 {
    ($name:literal $(, $argument:expr)* $(,)?) => { invoke("KERNEL32.dll", $name, &[$($argument as u64),*]) };
}

fn invoke(dll: &str, name: &str, arguments: &[u64]) -> u64 {
    let address = find(dll, name);
    assert!(!address.is_null(), "{dll} has no {name}");
    call(name, address, arguments)
}

/// The address of what a call writes to or reads.
fn at<T>(place: &mut T) -> u64 {
    core::ptr::from_mut(place).expose_provenance() as u64
}

fn event(manual_reset: bool, set: bool) -> u64 {
    let mut event = 0_u64;
    let event_type = u64::from(!manual_reset);
    assert_eq!(nt!("NtCreateEvent", at(&mut event), 0x1F_0003, 0, event_type, set), SUCCESS);
    event
}

#[test]
fn every_name_is_found_under_its_dlls() {
    let native = ["ntdll", "ntdll.dll", "NTDLL", "NtDll.DLL"];
    let win32 = [
        "kernel32",
        "kernel32.dll",
        "KERNEL32.DLL",
        "kernelbase",
        "KernelBase.dll",
        "api-ms-win-core-synch-l1-2-0",
        "api-ms-win-core-synch-l1-2-0.dll",
        "API-MS-Win-Core-Synch-L1-2-1.DLL",
    ];
    for (header, dlls) in [("nt.h", &native[..]), ("win32.h", &win32[..])] {
        for name in declared(header) {
            let address = find(dlls[0], &name);
            assert!(!address.is_null(), "{} has no {name}", dlls[0]);
            for dll in dlls {
                assert_eq!(find(dll, &name), address, "{dll} {name}");
            }
            assert_ne!(
                address,
                LIBRARY.symbol(&format!("ntw_{name}")).cast_const(),
                "{name} is of the other convention"
            );
            if let Some(rest) = name.strip_prefix("Nt") {
                assert_eq!(find("ntdll", &format!("Zw{rest}")), address, "Zw{rest}");
            }
        }
    }
}

#[test]
fn what_is_not_there_is_null() {
    let table = [
        ("kernel32", "NtCreateEvent"),
        ("kernel32", "ZwCreateEvent"),
        ("ntdll", "CreateEventW"),
        ("ntdll", "ZwCreateEventX"),
        ("ntdll", "Zw"),
        ("ntdll", "ZwRtlInitUnicodeString"),
        ("ntdll", "ntcreateevent"),
        ("ntdll", "NtCreateEvent "),
        ("ntdll", "ntw_NtCreateEvent"),
        ("ntdll", ""),
        ("ntdl", "NtCreateEvent"),
        ("ntdlll", "NtCreateEvent"),
        ("ntdll.dl", "NtCreateEvent"),
        ("ntdll.dll.dll", "NtCreateEvent"),
        (".dll", "NtCreateEvent"),
        ("dll", "NtCreateEvent"),
        ("", "NtCreateEvent"),
        ("user32", "CreateEventW"),
        ("api-ms-win-shcore-thread-l1-1-0", "CreateEventW"),
        ("kernel32", "CreateEvent"),
        ("kernel32", "createeventw"),
    ];
    for (dll, name) in table {
        assert!(find(dll, name).is_null(), "{dll} {name}");
    }
    let (dll, name): (&CStr, &CStr) = (c"ntdll", c"NtCreateEvent");
    assert!(LIBRARY.export(None, Some(name)).is_null());
    assert!(LIBRARY.export(Some(dll), None).is_null());
    assert!(LIBRARY.export(None, None).is_null());
}

/// Each of these is checked by `call` to leave what the convention says it must.
#[test]
fn calls_that_end_at_once_sleep_and_fail() {
    let (set, clear) = (event(true, true), event(true, false));
    let mut previous = 77_i32;
    assert_eq!(nt!("NtSetEvent", set, at(&mut previous)), SUCCESS);
    assert_eq!(previous, 1);
    assert_eq!(nt!("NtWaitForSingleObject", set, 0, 0), SUCCESS);
    assert_eq!(nt!("NtWaitForSingleObject", clear, 0, at(&mut -1000_i64)), TIMEOUT);
    assert_eq!(nt!("NtClose", 0), INVALID_HANDLE);
    // Five arguments and more: the fifth on lies on the stack.
    assert_eq!(nt!("NtWaitForMultipleObjects", 2, at(&mut [clear, set]), 1, 0, at(&mut LONG.clone())), 1);
    let mut same = 0_u64;
    let copy = nt!("NtDuplicateObject", CURRENT_PROCESS, set, CURRENT_PROCESS, at(&mut same), 0, 0, 2);
    assert_eq!(copy, SUCCESS);
    assert_eq!(nt!("ZwCompareObjects", set, same), SUCCESS);
    assert_eq!(win32!("SetEvent", 0), 0);
    assert_eq!(win32!("GetLastError"), 6);
    assert_eq!(win32!("WaitForSingleObject", clear, 1), TIMEOUT);
}

#[test]
fn threads() {
    let start = Callback::returning(0x1234_5678);
    let mut thread = 0_u64;
    let created = nt!(
        "NtCreateThreadEx",
        at(&mut thread),
        ALL_ACCESS,
        0,
        CURRENT_PROCESS,
        start.address(),
        0xABCD_EF01_2345_6789_u64,
        0,
        0,
        0,
        0,
        0,
    );
    assert_eq!(created, SUCCESS);
    assert_eq!(nt!("NtWaitForSingleObject", thread, 0, at(&mut LONG.clone())), SUCCESS);
    start.expect(1, &[0xABCD_EF01_2345_6789]);
    let mut code = 0_u32;
    assert_eq!(win32!("GetExitCodeThread", thread, at(&mut code)), 1);
    assert_eq!(code, 0x1234_5678);

    let start = Callback::returning(7);
    let mut id = 0_u32;
    let thread = win32!("CreateThread", 0, 0, start.address(), 42, 0, at(&mut id));
    assert_eq!(win32!("WaitForSingleObject", thread, 10_000), 0);
    start.expect(1, &[42]);
    assert_eq!(win32!("GetThreadId", thread), u64::from(id));
}

/// A thread whose code is of the convention, and whose calls are, too: what the library keeps in registers, and what it
/// saves around a sleep, an APC and a suspension, stays apart from what the thread keeps there.
#[test]
fn calls_from_threads() {
    extern "win64" fn run(ready: *mut c_void) -> u32 {
        let never = event(true, false);
        assert_eq!(win32!("SetEvent", ready.expose_provenance()), 1);
        let status = nt!("NtWaitForSingleObject", never, 1, at(&mut LONG.clone()));
        assert_eq!(nt!("NtClose", never), SUCCESS);
        status as u32
    }
    let (ready, apc) = (event(true, false), Callback::returning(0));
    let run: extern "win64" fn(*mut c_void) -> u32 = run;
    let thread = win32!("CreateThread", 0, 0, run as *const (), ready, 0, 0);
    assert_eq!(win32!("WaitForSingleObject", ready, 10_000), 0);
    for count in 0..10 {
        assert_eq!(win32!("SuspendThread", thread), count);
    }
    for count in (1..=10).rev() {
        assert_eq!(win32!("ResumeThread", thread), count);
    }
    assert_eq!(nt!("NtQueueApcThread", thread, apc.address(), 1, 2, 3), SUCCESS);
    assert_eq!(win32!("WaitForSingleObject", thread, 10_000), 0);
    apc.expect(1, &[1, 2, 3]);
    let mut code = 0_u32;
    assert_eq!(win32!("GetExitCodeThread", thread, at(&mut code)), 1);
    assert_eq!(u64::from(code), USER_APC);
}

#[test]
fn apcs() {
    let (native, win32) = (Callback::returning(0), Callback::returning(0));
    let arguments = [0x1111_2222_3333_4444, 0x5555_6666_7777_8888, 0x9999_AAAA_BBBB_CCCC];
    let [first, second, third] = arguments;
    for _ in 0..3 {
        assert_eq!(nt!("NtQueueApcThread", CURRENT_THREAD, native.address(), first, second, third), SUCCESS);
        assert_ne!(win32!("QueueUserAPC", win32.address(), CURRENT_THREAD, third), 0);
    }
    assert_eq!(nt!("NtDelayExecution", 1, at(&mut LONG.clone())), USER_APC);
    native.expect(3, &arguments);
    win32.expect(3, &[third]);
    assert_ne!(win32!("QueueUserAPC", win32.address(), CURRENT_THREAD, first), 0);
    assert_eq!(win32!("SleepEx", INFINITE, 1), USER_APC);
    win32.expect(4, &[first]);
}

#[test]
fn timers_with_apcs() {
    let expired = Callback::returning(0);
    let (mut timer, mut due) = (0_u64, -1_i64);
    assert_eq!(nt!("NtCreateTimer", at(&mut timer), 0x1F_0003, 0, 0), SUCCESS);
    let set = nt!("NtSetTimer", timer, at(&mut due), expired.address(), 0x1234_0000_5678_u64, 0, 0, 0);
    assert_eq!(set, SUCCESS);
    assert_eq!(nt!("NtDelayExecution", 1, at(&mut LONG.clone())), USER_APC);
    expired.expect(1, &[0x1234_0000_5678]);

    let timer = win32!("CreateWaitableTimerW", 0, 1, 0);
    assert_eq!(win32!("SetWaitableTimer", timer, at(&mut due), 0, expired.address(), 99, 0), 1);
    assert_eq!(win32!("SleepEx", 10_000, 1), USER_APC);
    expired.expect(2, &[99]);
}

#[test]
fn callbacks_of_slots() {
    let dropped = Callback::returning(0);
    let slot = win32!("FlsAlloc", dropped.address()) & 0xFFFF_FFFF;
    assert_ne!(slot, 0xFFFF_FFFF);
    assert_eq!(win32!("FlsSetValue", slot, 0xFEDC_BA98_7654_3210_u64), 1);
    assert_eq!(win32!("FlsGetValue", slot), 0xFEDC_BA98_7654_3210);
    assert_eq!(win32!("FlsFree", slot), 1);
    dropped.expect(1, &[0xFEDC_BA98_7654_3210]);
}

#[test]
fn initialisation_once() {
    let initialise = Callback::returning(1);
    let (mut once, mut context) = (0_usize, 77_u64);
    for _ in 0..2 {
        let once = at(&mut once);
        assert_eq!(win32!("InitOnceExecuteOnce", once, initialise.address(), 123, at(&mut context)), 1);
        initialise.expect(1, &[once, 123]);
    }
    let mut once = 0_usize;
    let once = at(&mut once);
    assert_eq!(nt!("RtlRunOnceExecuteOnce", once, initialise.address(), 124, 0), SUCCESS);
    initialise.expect(2, &[once, 124]);
}

#[test]
fn registered_waits() {
    let called = Callback::returning(0);
    let (set, mut wait) = (event(false, false), 0_u64);
    let registered = |wait: &mut u64, object, milliseconds: u64| {
        win32!("RegisterWaitForSingleObject", at(wait), object, called.address(), 0x77_0000_0001_u64, milliseconds, 8)
    };
    assert_eq!(registered(&mut wait, set, INFINITE), 1);
    assert_eq!(win32!("SetEvent", set), 1);
    called.wait_for(1);
    // The second argument is a BOOLEAN: the lowest byte.
    called.expect_bytes(1, 0x77_0000_0001, 0);
    assert_eq!(win32!("UnregisterWaitEx", wait, u64::MAX), 1);
    assert_eq!(registered(&mut wait, set, 1), 1);
    called.wait_for(2);
    called.expect_bytes(2, 0x77_0000_0001, 1);
    assert_eq!(win32!("UnregisterWaitEx", wait, u64::MAX), 1);
}

/// What the checks of every call are worth.
#[test]
#[should_panic(expected = "xmm6-xmm15")]
#[allow(unsafe_code, reason = "a function that does what it must not")]
fn a_call_that_leaves_a_register_changed_is_seen() {
    extern "sysv64" fn other() {
        // SAFETY: the register is the function's own in its convention, but not in the one in which it is called.
        unsafe { core::arch::asm!("pcmpeqd xmm6, xmm6", out("xmm6") _) };
    }
    let other: extern "sysv64" fn() = other;
    call("other", other as *const c_void, &[]);
}
