//! The threads and synchronization objects of Windows NT for any Linux process, in user space.
//!
//! Threads, events, mutants, semaphores, timers and keyed events behind integer handles, one wait over any mix of objects,
//! suspension, termination and APCs, NT's status codes and its semantics to the letter: direct hand-off in first-in first-out
//! order, atomic wait-all, pulses, time-outs on both clocks. No driver, no server, no file descriptor per object, no lock that
//! is shared by all. An operation that finds nobody waiting is one load of the handle's entry and one compare-exchange on the
//! object.
//!
//! # Three faces
//!
//! * [`Runtime`] has the `nt_*` calls, with NT's arguments and [`NtStatus`] answers.
//! * [`Event`], [`Mutant`], [`Semaphore`], [`Timer`] and [`Thread`] are the same for Rust programs: they own their handles, and
//!   [`wait_any`], [`wait_all`] and [`signal_and_wait`] take references to them.
//! * [`NtdllApi`] is the small trait that a Windows-on-Linux shim programs against, implemented by [`Ntdll`].
//!
//! ```
//! use ntwait::{Ended, Event, wait_any};
//! use std::time::Duration;
//!
//! let (data, stop) = (Event::auto_reset(false)?, Event::manual_reset(false)?);
//! std::thread::scope(|scope| {
//!     scope.spawn(|| data.set());
//!     assert_eq!(wait_any(&[&stop, &data], Duration::from_secs(5)), Ok(Ended::Object(1)));
//! });
//! assert!(!data.is_set(), "an auto-reset event is taken by the wait");
//! # Ok::<(), ntwait::NtStatus>(())
//! ```
//!
//! # What it promises
//!
//! 1. The documented and tested behaviour of NT, status code by status code. Source comments and tests cite the
//!    facts by number (`W8`, `E7`), with the fact in words beside it.
//! 2. Wait-any takes exactly one object; wait-all takes all in one indivisible step, or nothing. A wait that times
//!    out or is alerted has taken nothing, and one that loses that race reports success.
//! 3. The signaller decides which waiter is satisfied and takes the object on its behalf, in the order in which they
//!    came. No release is lost: two sets with two waiters release two.
//! 4. A closed handle is `STATUS_INVALID_HANDLE`, its value does not come back within 65,536 creations, and no
//!    operation that began on one object ever lands on another.
//! 5. A dead thread holds nothing: however it ends, its object is signalled, its waits are gone, its APCs dropped, its
//!    mutants free and marked as abandoned.
//! 6. Bad input is an answer, not a crash.
//!
//! It does not share objects between processes: names ([`ObjectName`]) are those of one runtime. Application signal handlers
//! must not call it: they may interrupt a thread that holds an object's lock. In a child of `fork` every handle of the
//! parent's is stale and its runtimes can make nothing new; [`Runtime::global`] and [`Runtime::new`] start fresh there.
//!
//! # Timers
//!
//! All timers of a process are served by one thread, `ntwait-service`, which sleeps on two timers of the kernel, one for each
//! clock; it and three file descriptors come with the first timer. Setting and cancelling one touches neither, unless it is
//! the next to expire. A timer never expires early, and not at all once a cancel has returned.
//!
//! # Descriptors and processes
//!
//! [`Runtime::import_fd`] makes an object of whatever can be polled, and [`Runtime::nt_open_process`] of another process: they are
//! waited for together with all others, in wait-anys and wait-alls. Their state is asked of the kernel at the moment when it is needed;
//! `ntwait-service` is told of those that somebody waits for, and of no others. [`Descriptor`] and [`Process`] are the same for Rust
//! programs. The other way round, [`Runtime::export_fd`] makes a descriptor that event loops can watch of any object.
//!
//! # Threads
//!
//! [`Runtime::nt_create_thread_ex`] and [`Thread::spawn`] make Linux threads that the C library knows: by a raw `clone3`
//! into a thread descriptor that it made, where every look into it finds what is expected, else by `pthread_create`.
//! [`Runtime::thread_backend`] says which and why; [`RuntimeBuilder::thread_backend`] and the environment variable
//! `NTWAIT_THREADS` (`clone`, `pthread`, `auto`) choose.
//!
//! A running thread is suspended and terminated by a real-time signal, the highest that nobody uses when the first
//! thread is made; `NTWAIT_SIGNAL` names another. It arrives with `SA_RESTART`; a thread that blocks it stops late. What
//! a suspended thread holds it keeps, and what a terminated one held outside of this library stays held: the allocator's
//! lock above all, for which there is [`KillSafeAlloc`].
//!
//! # Slots
//!
//! [`tls_alloc`] and [`rtl_fls_alloc`] and what belongs to them are NT's thread-local and fiber-local slots, for all threads
//! of the process, whoever made them; [`TlsSlot`] and [`FlsSlot`] own one. FLS callbacks are called when a thread ends, but
//! not when it is terminated, and when a slot is freed. There are no fibers.
//!
//! # Registered waits
//!
//! [`Runtime::register_wait_for_single_object`], and [`Runtime::register_wait`] for closures, have something called when an
//! object is signalled or a time is up. A registered wait stands in the object's queue itself, so any number of them needs
//! one thread of the library's, and a few more where callbacks run.
//!
//! # Descriptors
//!
//! [`Runtime::export_fd`] gives any object as a descriptor that is readable exactly while the object is signalled, for event
//! loops. [`Runtime::import_fd`] and [`Descriptor`] make an object of any descriptor that can be polled, and
//! [`Runtime::nt_open_process`] and [`Process`] of another process, to be waited for together with all others. The kernel is asked
//! when a wait is decided; one service thread, that of the timers, is told by the kernel what becomes ready while somebody waits.
//!
//! # Futures
//!
//! [`Runtime::wait_async`], [`Runtime::wait_any_async`], [`Runtime::wait_all_async`] and `.await` on the types for Rust are waits for
//! any executor, without a thread: see [`WaitFuture`] for what they take, and for what is given on when they are dropped.
//!
//! # Tracing
//!
//! With the feature `trace`, every `nt_*` call of [`Runtime`] and every call of [`NtdllApi`] is told to the subscriber of the
//! crate `tracing`: one event when it begins and one when it is over, of level `TRACE`, whose name is the call's and whose
//! target is a category, `ntwait::threading`, `synchronization`, `handle`, `timer` or `apc`. The types for Rust are told by the
//! calls that they stand for. What the library does by itself is not told.
//!
//! `TraceConfig` makes a subscriber that writes lines, of text or JSON, and `TraceFilter` says of which calls. `Traced` does the
//! same for an `NtdllApi` that you have made. No code is needed where the environment says so before the first runtime:
//! `NTWAIT_TRACE=synchronization,NtWait*` (or `all`; `-NtYield*` leaves out), `NTWAIT_TRACE_FILE` (the standard error unless
//! said otherwise), `NTWAIT_TRACE_FORMAT` (`text` or `json`).
//!
//! ```
//! # #[cfg(feature = "trace")] {
//! use ntwait::{Ntdll, NtdllApi, TraceCategory, TraceConfig, TraceFilter};
//!
//! TraceConfig::new().filter(TraceFilter::category(TraceCategory::Synchronization)).install()?;
//! let event = Ntdll::new()?.nt_create_event(true, false)?;
//! Ntdll::new()?.nt_wait_for_event(event, 5)?;
//! # }
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! ```text
//! [2026-11-22T21:52:11.123456Z] [TID:main] CALL   NtCreateEvent(manual_reset=true, initial_state=false)
//! [2026-11-22T21:52:11.123471Z] [TID:main] RETURN NtCreateEvent() -> Ok(handle=0x4)
//! [2026-11-22T21:52:11.123476Z] [TID:main] CALL   NtWaitForEvent(handle=0x4, timeout_ms=5)
//! [2026-11-22T21:52:11.128622Z] [TID:main] RETURN NtWaitForEvent() -> Ok(STATUS_TIMEOUT)
//! ```
//!
//! Arguments that are as usual (all rights, no attributes) are left out. A call that does not return, because its thread ends, has
//! no second event. A subscriber is told while its thread cannot be suspended or terminated, so it must not wait for objects of
//! this library. One that takes locks when other threads report things of their own may find them held by a thread that is
//! suspended: leave out the calls of the thread that suspends (`-NtSuspendThread,-NtResumeThread`), or use `TraceConfig` alone. Not
//! told are registered waits, futures, descriptors, slots and clocks, and what the C face refuses by the arguments alone. While nobody listens, the fast paths cost what they cost without the feature.
//!
//! # Who waits for whom
//!
//! [`Runtime::wait_graph`] says what each thread waits for, since when and for how long, who has it, and who else stands in the
//! queue: objects, SRW locks and critical sections, condition variables, addresses. It is text for people, a picture
//! ([`WaitGraph::to_dot`]) and, with the feature `json`, JSON for programs. [`Runtime::deadlocks`] finds threads that can never go
//! on; what it reports is so. Cycles with a wait that has a time-out or is alertable are not among them. Neither disturbs anybody, and nothing is kept that a wait does not need, but a note of some words
//! before a thread sleeps.
//!
//! No code is needed where the environment says so before the first runtime. `NTWAIT_DUMP_SIGNAL=USR2` (a name or number; one that
//! the program does not use) has the graph of all runtimes written to the standard error whenever that signal comes.
//! `NTWAIT_DEADLOCK=report` or `abort`, with a number of seconds if need be (`report,0.5`; 5 unless said otherwise), has a thread
//! look for deadlocks when a wait without a time-out has lasted for so long, and report each once when all threads of its cycle have
//! waited so long; `abort` then aborts the process. What counts as a deadlock is what [`Runtime::deadlocks`] says. Programs that run
//! with more rights than who started them ignore both.
//!
//! # How it is made
//!
//! ```text
//!                                  ┌─▶ handle ─┐
//!  api, event, thread ─▶ nt ─▶ runtime         ├─▶ objects, waiter ─▶ sys
//!                                  ├─▶ wait ───┘                       ▲
//!                                  ├─▶ threads ────────────────────────┤
//!                                  └─▶ rtl ────────────────────────────┘       graph looks at all of them
//! ```
//!
//! `objects::word` has the 64 bits on which everything turns; `wait` describes the engine, and `waiter::park` the
//! one word that decides how a wait ends. Each file's head has its states, its invariants with their numbers, and
//! its memory orderings. The models in `loom-tests/` are named after the invariants.

#[cfg(not(ntwait_loom))]
mod alloc;
mod api;
#[cfg(not(ntwait_loom))]
mod descriptor;
mod event;
mod future;
mod graph;
mod handle;
#[cfg(any(feature = "internals", ntwait_loom))]
#[doc(hidden)]
pub mod internals;
mod mutant;
mod nt;
mod objects;
#[cfg(not(ntwait_loom))]
mod process;
mod rtl;
mod runtime;
mod semaphore;
mod status;
mod sys;
mod thread;
mod threads;
mod timer;
#[cfg(all(feature = "trace", not(ntwait_loom)))]
mod trace;
mod traced;
mod wait;
mod waitable;
mod waiter;

/// The README's example runs with the documentation tests.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;

#[cfg(not(ntwait_loom))]
pub use alloc::KillSafeAlloc;
pub use api::{EventHandle, INFINITE, Ntdll, NtdllApi, ThreadHandle, WAIT_OBJECT_0, WAIT_TIMEOUT};
#[cfg(not(ntwait_loom))]
pub use descriptor::Descriptor;
pub use event::Event;
pub use future::{Joined, Locked, Signaled, WaitFuture, wait_all_async, wait_any_async};
pub use graph::{
    Deadlock, DeadlockStep, GraphKind, GraphObject, GraphThread, GraphWait, GraphWaiter, ObjectLabel, ThreadLabel,
    ThreadStage, WaitGraph, WaitSort,
};
pub use handle::entry::Handle;
pub use mutant::{Mutant, MutantGuard};
pub use nt::access::{AccessMask, DuplicateOptions, HandleAttributes};
pub use nt::{
    ClientId, CreateThreadFlags, EventType, ObjectAttributes, ObjectName, TimerSet, TimerType, WaitType,
    current_process_id,
};
#[cfg(not(ntwait_loom))]
pub use nt::{
    Fired, Interest, ProcessBasicInformation, RegisteredWait, WaitCallback, WaitFlags, WaitHandle, nt_get_tick_count,
    nt_query_performance_counter, nt_query_system_time,
};
pub use objects::thread::StartRoutine;
#[cfg(not(ntwait_loom))]
pub use process::Process;
pub use rtl::{
    Barrier, BarrierFlags, Condition, ConditionFlags, CriticalSection, CriticalSectionFlags, CriticalSectionGuard,
    FLS_MAXIMUM_AVAILABLE, FlsCallback, FlsSlot, RtlBarrier, RtlConditionVariable, RtlCriticalSection, RtlRunOnce,
    RtlSrwLock, RunOnce, RunOnceFlags, Sleepable, SrwLock, SrwReadGuard, SrwWriteGuard, TLS_SLOTS, TlsSlot,
    WaitAddress, rtl_fls_alloc, rtl_fls_free, rtl_fls_get_value, rtl_fls_set_value, rtl_process_fls_data,
    rtl_wait_on_address, rtl_wake_address_all, rtl_wake_address_single, tls_alloc, tls_free, tls_get, tls_set,
    wait_on_address, wake_address_all, wake_address_single,
};
pub use runtime::timers::TimerApc;
pub use runtime::{CurrentThread, Runtime, RuntimeBuilder, ThreadHook};
pub use semaphore::Semaphore;
pub use status::NtStatus;
pub use sys::clock::Timeout;
#[cfg(not(ntwait_loom))]
#[doc(hidden)]
pub use thread::current_stack;
pub use thread::{JoinError, Thread, ThreadBuilder};
pub use threads::{BackendInUse, ThreadBackend};
pub use timer::Timer;
#[cfg(all(feature = "trace", not(ntwait_loom)))]
pub use trace::{TraceCategory, TraceConfig, TraceError, TraceFilter, Traced};
pub use wait::{Ended, WaitPolicy};
pub use waitable::{Waitable, signal_and_wait, wait_all, wait_any};
pub use waiter::apc::{ApcRoutine, TimerApcRoutine};
