//! Each face reports its calls once: the trait, wrapped or not, an implementation of somebody else's, the types for Rust.

#![allow(unsafe_code, reason = "the trait ends threads by force")]

mod recorder;

use core::cell::Cell;
use core::ffi::c_void;
use core::ptr::null_mut;
use core::time::Duration;
use ntwait::{
    Ended, Event, Handle, INFINITE, Mutant, NtStatus, Ntdll, NtdllApi, Runtime, Semaphore, Thread, Timer, Traced,
    signal_and_wait, wait_all, wait_any,
};
use recorder::texts_in;

extern "C" fn start(_: *mut c_void) -> u32 {
    42
}

/// Every call of the trait.
fn use_all(api: &impl NtdllApi) {
    let thread = api.nt_create_thread(start, null_mut(), 1 << 20).expect("a thread");
    assert_eq!(api.nt_wait_for_single_object(thread, INFINITE), Ok(0));
    assert_eq!(api.nt_get_exit_code_thread(thread), Ok(42));
    // SAFETY: it has ended.
    assert_eq!(unsafe { api.nt_terminate_thread(thread, 5) }, Ok(()));
    let event = api.nt_create_event(true, false).expect("an event");
    assert_eq!(api.nt_wait_for_event(event, 1), Ok(0x102));
    assert_eq!(api.nt_set_event(event), Ok(()));
    assert_eq!(api.nt_wait_for_single_object(event, 0), Ok(0));
    assert_eq!(api.nt_reset_event(event), Ok(()));
    assert_eq!(api.nt_close_handle(event.0), Ok(()));
    assert_eq!(api.nt_set_event(Handle(0x7000)), Err(NtStatus::INVALID_HANDLE));
}

/// What is told of them.
fn expected() -> Vec<String> {
    let start = start as *const () as usize;
    [
        &format!("CALL   NtCreateThread(entry_point={start:#x}, parameter=0x0, stack_size=1048576)"),
        "RETURN NtCreateThread() -> Ok(handle=0x4)",
        "CALL   NtWaitForSingleObject(handle=0x4, timeout_ms=INFINITE)",
        "RETURN NtWaitForSingleObject() -> Ok(STATUS_WAIT_0)",
        "CALL   NtGetExitCodeThread(handle=0x4)",
        "RETURN NtGetExitCodeThread() -> Ok(exit_code=42)",
        "CALL   NtTerminateThread(handle=0x4, exit_code=5)",
        "RETURN NtTerminateThread() -> Ok(())",
        "CALL   NtCreateEvent(manual_reset=true, initial_state=false)",
        "RETURN NtCreateEvent() -> Ok(handle=0x8)",
        "CALL   NtWaitForEvent(handle=0x8, timeout_ms=1)",
        "RETURN NtWaitForEvent() -> Ok(STATUS_TIMEOUT)",
        "CALL   NtSetEvent(handle=0x8)",
        "RETURN NtSetEvent() -> Ok(())",
        "CALL   NtWaitForSingleObject(handle=0x8, timeout_ms=0)",
        "RETURN NtWaitForSingleObject() -> Ok(STATUS_WAIT_0)",
        "CALL   NtResetEvent(handle=0x8)",
        "RETURN NtResetEvent() -> Ok(())",
        "CALL   NtCloseHandle(handle=0x8)",
        "RETURN NtCloseHandle() -> Ok(())",
        "CALL   NtSetEvent(handle=0x7000)",
        "RETURN NtSetEvent() -> Err(STATUS_INVALID_HANDLE)",
    ]
    .map(String::from)
    .to_vec()
}

/// An implementation that has one thread and one event.
#[derive(Clone, Copy, Debug, Default)]
struct Toy;

impl Toy {
    const THREAD: Handle = Handle(4);
    const EVENT: Handle = Handle(8);

    fn known(handle: Handle) -> Result<(), NtStatus> {
        if [Self::THREAD, Self::EVENT].contains(&handle) { Ok(()) } else { Err(NtStatus::INVALID_HANDLE) }
    }
}

impl NtdllApi for Toy {
    fn nt_create_thread(
        &self,
        _: extern "C" fn(*mut c_void) -> u32,
        _: *mut c_void,
        _: usize,
    ) -> Result<Handle, NtStatus> {
        Ok(Self::THREAD)
    }

    unsafe fn nt_terminate_thread(&self, thread: Handle, _: u32) -> Result<(), NtStatus> {
        Self::known(thread)
    }

    fn nt_get_exit_code_thread(&self, thread: Handle) -> Result<u32, NtStatus> {
        Self::known(thread).map(|()| 42)
    }

    fn nt_create_event(&self, _: bool, _: bool) -> Result<Handle, NtStatus> {
        Ok(Self::EVENT)
    }

    fn nt_set_event(&self, event: Handle) -> Result<(), NtStatus> {
        Self::known(event)
    }

    fn nt_reset_event(&self, event: Handle) -> Result<(), NtStatus> {
        Self::known(event)
    }

    fn nt_wait_for_event(&self, event: Handle, _: u32) -> Result<u32, NtStatus> {
        Self::known(event).map(|()| 0x102)
    }

    fn nt_wait_for_single_object(&self, object: Handle, _: u32) -> Result<u32, NtStatus> {
        Self::known(object).map(|()| 0)
    }

    fn nt_close_handle(&self, handle: u64) -> Result<(), NtStatus> {
        Self::known(Handle(handle))
    }
}

fn fresh() -> Ntdll {
    Ntdll::on(Runtime::new().expect("a runtime").leak())
}

#[test]
fn calls_of_the_trait_are_told_once() {
    let api = fresh();
    assert_eq!(texts_in(|| use_all(&api)), expected());
}

#[test]
fn a_wrapper_around_what_traces_itself_adds_nothing() {
    let api = Traced::new(fresh());
    assert!(api.inner().traces_itself() && api.traces_itself());
    assert_eq!(texts_in(|| use_all(&api)), expected());
    let twice = Traced::new(Traced::new(fresh()));
    assert_eq!(texts_in(|| use_all(&twice)), expected());
    assert_eq!(texts_in(|| use_all(&twice.into_inner().into_inner())).len(), expected().len());
}

#[test]
fn calls_of_somebody_elses_implementation_are_told_once() {
    assert_eq!(texts_in(|| use_all(&Toy)), [""; 0], "not wrapped, not told");
    let api = Traced::new(Toy);
    let _copy = api;
    assert_eq!(texts_in(|| use_all(&api)), expected());
    assert_eq!(texts_in(|| use_all(&Traced::new(api))), expected(), "wrapped twice, told once");
}

/// In the process-wide runtime handles differ, so names are compared.
fn names_in(calls: impl FnOnce()) -> Vec<String> {
    let texts = texts_in(calls);
    let calls = texts.iter().filter_map(|text| text.strip_prefix("CALL   "));
    calls.map(|call| call.split('(').next().expect("a name").to_owned()).collect()
}

#[test]
fn calls_of_the_types_are_told_under_their_nt_names() {
    let names = names_in(|| {
        let (first, second) =
            (Event::auto_reset(true).expect("an event"), Event::manual_reset(true).expect("an event"));
        first.wait();
        assert_eq!(wait_any(&[&first, &second], Duration::ZERO), Ok(Ended::Object(1)));
        assert_eq!(wait_all(&[&first, &second], Duration::ZERO), Ok(Ended::TimedOut));
        assert_eq!(signal_and_wait(&first, &second, Duration::ZERO), Ok(Ended::Object(0)));
        drop(Mutant::new().expect("a mutant").lock());
        Semaphore::new(1, 1).expect("a semaphore").acquire();
    });
    assert_eq!(
        names,
        [
            "NtCreateEvent",
            "NtCreateEvent",
            "NtWaitForSingleObject",
            "NtWaitForMultipleObjects",
            "NtWaitForMultipleObjects",
            "NtSignalAndWaitForSingleObject",
            "NtCreateMutant",
            "NtWaitForSingleObject",
            "NtReleaseMutant",
            "NtClose",
            "NtCreateSemaphore",
            "NtWaitForSingleObject",
            "NtClose",
            "NtClose",
            "NtClose",
        ]
    );
}

#[test]
fn timers_and_threads_of_the_types_are_told_and_service_threads_are_not() {
    let ran = Cell::new(false);
    let names = names_in(|| {
        let timer = Timer::one_shot().expect("a timer");
        timer.set_after(Duration::from_millis(1));
        timer.wait(); // served by a thread of the library's own
        let thread = Thread::spawn(|| 7).expect("a thread");
        assert_eq!(thread.join().expect("it returns"), 7);
        ran.set(true);
    });
    assert!(ran.get());
    let [timer_calls @ .., _] = &names[..] else { panic!("{names:?}") };
    assert_eq!(timer_calls[..3], ["NtCreateTimer", "NtSetTimer", "NtWaitForSingleObject"]);
    assert!(timer_calls.contains(&"NtCreateThreadEx".into()), "{names:?}");
}
