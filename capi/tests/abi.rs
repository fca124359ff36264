//! The shared library as programs load it: early, late, from a thread that was there before, and for good.

#![allow(clippy::disallowed_types, clippy::disallowed_methods, reason = "tests are not the product")]

mod common;
#[path = "common/loaded.rs"]
mod loaded;

use core::ffi::{CStr, c_char, c_void};
use loaded::{Loaded, declared, function};
use std::sync::mpsc;
use std::thread;

/// Everything that happens to the library in this process, in one test: a load happens once.
#[test]
fn a_program_that_loads_the_library() {
    // A thread that is older than the library in this process.
    let (give, take) = mpsc::channel::<Event>();
    let early = thread::spawn(move || {
        let event = take.recv().expect("an event");
        assert_eq!(event.wait(), 0);
    });
    let _ = &*common::LIBRARY;
    assert!(!Loaded::is_there(), "the test has it from the start");

    let library = Loaded::open();
    every_declared_name_is_there(&library);
    let version: extern "C" fn() -> *const c_char = function(library.symbol("ntw_version"));
    assert_eq!(text(version()), env!("CARGO_PKG_VERSION"));

    // Set in one thread, waited for in another.
    let event = Event::create(&library);
    give.send(event).expect("the early thread");
    assert_eq!(event.set(), 0);
    early.join().expect("the early thread");

    // Threads, exit hooks and a signal handler lead into the library: it stays.
    library.close();
    assert!(Loaded::is_there());
    assert_eq!(event.set(), 0);
    thread::spawn(move || assert_eq!(event.wait(), 0)).join().expect("a late thread");
}

fn every_declared_name_is_there(library: &Loaded) {
    let calls = ["nt.h", "win32.h"].into_iter().flat_map(declared).map(|name| format!("ntw_{name}"));
    let others = [
        "ntw_wait_for_objects",
        "ntw_export_fd",
        "ntw_import_fd",
        "ntw_open_process",
        "ntw_wait_graph",
        "ntw_deadlocks",
        "ntw_free",
        "ntw_win64_export",
        "ntw_version",
    ]
    .map(str::to_owned);
    let missing: Vec<_> = calls.chain(others).filter(|name| library.symbol(name).is_null()).collect();
    assert!(missing.is_empty(), "declared and not there: {missing:?}");
}

/// Text that the library keeps.
#[allow(unsafe_code, reason = "text of the library's")]
fn text(start: *const c_char) -> &'static str {
    // SAFETY: it ends with a zero and is never freed.
    unsafe { CStr::from_ptr(start) }.to_str().expect("text")
}

/// An auto-reset event, and the calls for it.
#[derive(Clone, Copy)]
struct Event {
    handle: usize,
    set: extern "C" fn(usize, *mut i32) -> u32,
    wait: extern "C" fn(usize, u8, *const i64) -> u32,
}

impl Event {
    fn create(library: &Loaded) -> Self {
        type Create = extern "C" fn(*mut usize, u32, *const c_void, u32, u8) -> u32;
        let create: Create = function(library.symbol("ntw_NtCreateEvent"));
        let mut handle = 0;
        assert_eq!(create(&mut handle, 0x1F_0003, core::ptr::null(), 1, 0), 0);
        Self {
            handle,
            set: function(library.symbol("ntw_NtSetEvent")),
            wait: function(library.symbol("ntw_NtWaitForSingleObject")),
        }
    }

    fn set(self) -> u32 {
        (self.set)(self.handle, core::ptr::null_mut())
    }

    /// At most ten seconds.
    fn wait(self) -> u32 {
        (self.wait)(self.handle, 0, &-100_000_000)
    }
}

/// How a program gets the library: shared, or as a part of itself.
fn links() -> [(&'static str, Vec<String>); 2] {
    let directory = common::LIBRARY.parent().expect("the library's directory").display().to_string();
    let shared = vec![format!("-L{directory}"), "-lntwait".into(), format!("-Wl,-rpath,{directory}")];
    let archive = vec![format!("{directory}/libntwait.a"), "-ldl".into(), "-lm".into()];
    [("shared", shared), ("static", archive)]
}

/// Calls from constructors that run before `main`, and from destructors that run after it.
fn constructors(file: &str, compilers: &[&str]) {
    for compiler in compilers {
        for (how, link) in links() {
            let program = format!("{}-{compiler}-{how}", file.replace(['/', '.'], "-"));
            common::run(&common::compile_with(compiler, file, &program, &link));
        }
    }
}

#[test]
fn constructors_of_c() {
    constructors("abi/constructor.c", &common::compilers().collect::<Vec<_>>());
}

#[test]
fn constructors_of_cxx() {
    constructors("abi/constructor.cc", &["c++"]);
}

/// A plugin that is linked against the library is loaded, used and unloaded, over and over, by a program that knows nothing of
/// it.
#[test]
fn a_plugin_comes_and_goes() {
    let (_, mut link) = links().into_iter().next().expect("the shared library");
    link.extend(["-shared".into(), "-fPIC".into()]);
    let plugin = common::compile_with("cc", "abi/plugin.c", "plugin.so", &link);
    let host = common::compile_with("cc", "abi/host.c", "host", &["-ldl".into()]);
    common::run_with(&host, &[&plugin]);
}
