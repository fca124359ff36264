//! Tracing for programs as they are, switched on by the environment:
//!
//! | variable | value |
//! |---|---|
//! | `NTWAIT_TRACE` | which calls: a [`TraceFilter`](super::TraceFilter), like `all` or `synchronization,NtWait*`; not there or empty: none |
//! | `NTWAIT_TRACE_FILE` | the file to append to; not there or empty: the standard error |
//! | `NTWAIT_TRACE_FORMAT` | `text` (or nothing) or `json` |
//!
//! A program that runs with more rights than who started it ignores them.

use super::calls;
use super::config::{TraceConfig, TraceError};
use super::report::Reporting;
use crate::sys::atomic::{AtomicU32, Ordering};
use crate::sys::clock::Deadline;
use crate::sys::environment;
use crate::sys::fork;
use crate::sys::futex::{self, FutexAddr};
use crate::sys::output::complain;
use crate::waiter::shield::Shield;
use tracing::dispatcher;

const NOT_YET: u32 = 0;
const BEGINNING: u32 = 1;
const BEGUN: u32 = 2;

static STATE: AtomicU32 = AtomicU32::new(NOT_YET);

/// Before the first call of the process: makes the calls known to `tracing`, and traces them if the environment says so and
/// the program has no subscriber. What is wrong is told on the standard error. Who comes meanwhile waits, so that no call is
/// left out.
#[inline]
pub(crate) fn begin() {
    // Acquire: what was begun is seen.
    if STATE.load(Ordering::Acquire) != BEGUN {
        begin_now();
    }
}

#[cold]
fn begin_now() {
    let _shield = Shield::raise(); // locks of `tracing` are taken
    let Some(_reporting) = Reporting::begin() else {
        return; // a subscriber calls us while it is made known to it what there is
    };
    static MENDED: AtomicU32 = AtomicU32::new(0);
    fork::in_child(&MENDED, renew); // before there is something to mend
    if STATE.compare_exchange(NOT_YET, BEGINNING, Ordering::Acquire, Ordering::Acquire).is_ok() {
        let _end = End;
        calls::register_all();
        install();
    }
    while STATE.load(Ordering::Acquire) == BEGINNING {
        futex::wait(FutexAddr::whole(&STATE), BEGINNING, &Deadline::Never);
    }
}

/// Lets those go on who wait; also when a subscriber panics.
struct End;

impl Drop for End {
    fn drop(&mut self) {
        STATE.store(BEGUN, Ordering::Release);
        futex::wake(FutexAddr::whole(&STATE), u32::MAX);
    }
}

/// In a child of `fork`, whose only thread calls it: nobody is there to end what another thread has begun.
extern "C" fn renew() {
    if STATE.load(Ordering::Relaxed) == BEGINNING {
        STATE.store(BEGUN, Ordering::Relaxed);
    }
}

fn install() {
    let installed = configuration().and_then(|config| match config {
        Some(config) if !dispatcher::has_been_set() => config.install(),
        _ => Ok(()),
    });
    if let Err(error) = installed {
        complain(&format!("NTWAIT_TRACE: {error}; calls are not traced"));
    }
}

/// What the environment asks for, if anything.
fn configuration() -> Result<Option<TraceConfig>, TraceError> {
    let Some(filter) = value_of("NTWAIT_TRACE") else {
        return Ok(None);
    };
    let config = TraceConfig::new().filter(filter.to_string_lossy().parse()?);
    let config = match value_of("NTWAIT_TRACE_FILE") {
        Some(path) => config.file(path),
        None => config,
    };
    match value_of("NTWAIT_TRACE_FORMAT") {
        Some(format) if format.eq_ignore_ascii_case("json") => Ok(Some(config.json())),
        Some(format) if !format.eq_ignore_ascii_case("text") => {
            Err(TraceError::UnknownFormat(format.to_string_lossy().into_owned()))
        }
        _ => Ok(Some(config)),
    }
}

fn value_of(variable: &str) -> Option<std::ffi::OsString> {
    environment::value_of(variable).filter(|value| !value.is_empty())
}
