//! Tracing for programs as they are, switched on by the environment:
//!
//! | variable | value |
//! |---|---|
//! | `NTWAIT_TRACE` | which calls: a [`TraceFilter`](super::TraceFilter), like `all` or `synchronization,NtWait*`; not there or empty: none |
//! | `NTWAIT_TRACE_FILE` | the file to append to; not there or empty: the standard error |
//! | `NTWAIT_TRACE_FORMAT` | `text` (or nothing) or `json` |

use super::calls;
use super::config::{TraceConfig, TraceError};
use crate::sys::atomic::{AtomicU32, Ordering};
use crate::sys::output::Output;
use crate::waiter::shield::Shield;
use std::env;
use std::io;
use std::os::fd::AsFd;
use tracing::dispatcher;

/// Before the first call of the process: makes the calls known to `tracing`, and traces them if the environment says so and
/// the program has no subscriber. What is wrong is told on the standard error.
pub(crate) fn begin() {
    static BEGUN: AtomicU32 = AtomicU32::new(0);
    // Relaxed: whoever comes second needs to know no more than that.
    if BEGUN.load(Ordering::Relaxed) != 0 || BEGUN.swap(1, Ordering::Relaxed) != 0 {
        return;
    }
    let _shield = Shield::raise(); // locks of `tracing` are taken
    calls::register_all();
    let installed = configuration().and_then(|config| match config {
        Some(config) if !dispatcher::has_been_set() => config.install(),
        _ => Ok(()),
    });
    if let Err(error) = installed
        && let Ok(output) = Output::duplicate(io::stderr().as_fd())
    {
        output.write(format!("ntwait: NTWAIT_TRACE: {error}; calls are not traced\n").as_bytes());
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
    env::var_os(variable).filter(|value| !value.is_empty())
}
