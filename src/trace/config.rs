//! How reports become lines, and where the lines go.

use super::filter::TraceFilter;
use super::layer::Lines;
use super::line::{Format, Style};
use crate::sys::output::Output;
use crate::waiter::shield::Shield;
use core::fmt;
use std::io;
use std::os::fd::AsFd;
use std::path::PathBuf;
use tracing::{Subscriber, subscriber};
use tracing_subscriber::layer::{Layer, SubscriberExt};
use tracing_subscriber::registry::{LookupSpan, Registry};

/// A subscriber for the calls of this library: lines of text or JSON, into a file or a standard stream.
///
/// A new one writes text with time and thread to the standard error, for all calls.
///
/// ```
/// use ntwait::{Ntdll, NtdllApi, TraceConfig, TraceFilter};
///
/// TraceConfig::new().filter(TraceFilter::pattern("Nt*Event")).install()?;
/// let event = Ntdll::new()?.nt_create_event(true, false)?;
/// // [2026-11-22T21:52:11.123456Z] [TID:main] CALL   NtCreateEvent(manual_reset=true, initial_state=false)
/// // [2026-11-22T21:52:11.123471Z] [TID:main] RETURN NtCreateEvent() -> Ok(handle=0x4)
/// # let _ = event;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// In a program that has a subscriber of its own, [`layer`](Self::layer) is a part of it.
///
/// Each line is written at once, whole, and lines of different threads never mix. A line that cannot be written, on a full disk
/// or into a pipe that nobody reads, is lost, and nothing else happens; if a pipe is full, the calling thread waits for its
/// reader. What is longer than 1,024 bytes in a call's arguments is cut off.
#[derive(Clone, Debug)]
#[must_use]
pub struct TraceConfig {
    style: Style,
    destination: Destination,
    filter: TraceFilter,
}

#[derive(Clone, Debug)]
enum Destination {
    Stdout,
    Stderr,
    File(PathBuf),
}

impl Default for TraceConfig {
    fn default() -> Self {
        Self::new()
    }
}

impl TraceConfig {
    /// Text with time and thread, to the standard error, for all calls.
    pub fn new() -> Self {
        Self {
            style: Style { format: Format::Text, timestamps: true, thread_ids: true },
            destination: Destination::Stderr,
            filter: TraceFilter::all(),
        }
    }

    /// One line of text for each report: `[timestamp] [TID:main] CALL   NtSetEvent(handle=0x4)`. The thread is `main` if the
    /// process began with it, else its Linux number, with its name if it has one of its own: `[TID:12345 worker]`.
    pub fn text(mut self) -> Self {
        self.style.format = Format::Text;
        self
    }

    /// One object of JSON in a line for each report, with `timestamp`, `thread` (as in the text), `tid` (a number), `category`,
    /// `phase` (`call` or `return`), `call` (the name), and `arguments` or `result`.
    pub fn json(mut self) -> Self {
        self.style.format = Format::Json;
        self
    }

    /// Appends to this file, which is made if it is not there.
    pub fn file(mut self, path: impl Into<PathBuf>) -> Self {
        self.destination = Destination::File(path.into());
        self
    }

    /// Writes to the standard output, as it is when the layer is made.
    pub fn stdout(mut self) -> Self {
        self.destination = Destination::Stdout;
        self
    }

    /// Writes to the standard error, as it is when the layer is made.
    pub fn stderr(mut self) -> Self {
        self.destination = Destination::Stderr;
        self
    }

    /// With or without the time, in UTC to the microsecond.
    pub fn timestamps(mut self, with: bool) -> Self {
        self.style.timestamps = with;
        self
    }

    /// With or without the thread.
    pub fn thread_ids(mut self, with: bool) -> Self {
        self.style.thread_ids = with;
        self
    }

    /// Only calls that it takes.
    pub fn filter(mut self, filter: TraceFilter) -> Self {
        self.filter = filter;
        self
    }

    /// The layer, for a subscriber of the program's own. It sees the events of this library that the filter takes, and leaves all
    /// others to other layers.
    ///
    /// ```
    /// use ntwait::TraceConfig;
    /// use tracing_subscriber::layer::SubscriberExt;
    ///
    /// let subscriber = tracing_subscriber::registry().with(TraceConfig::new().layer()?);
    /// # let _ = subscriber;
    /// # Ok::<(), ntwait::TraceError>(())
    /// ```
    ///
    /// # Errors
    /// [`TraceError::Output`].
    pub fn layer<S>(self) -> Result<impl Layer<S> + Send + Sync + use<S>, TraceError>
    where
        S: Subscriber + for<'span> LookupSpan<'span>,
    {
        let output = match &self.destination {
            Destination::Stdout => Output::duplicate(io::stdout().as_fd()),
            Destination::Stderr => Output::duplicate(io::stderr().as_fd()),
            Destination::File(path) => Output::append_to(path),
        };
        let output = output.map_err(|error| TraceError::Output(self.destination.to_string(), error))?;
        Ok(Lines::new(self.style, output).with_filter(self.filter))
    }

    /// Makes it the process's subscriber, for all threads and for good.
    ///
    /// # Errors
    /// [`TraceError::Output`]; [`TraceError::AlreadyInstalled`]: the process has a subscriber.
    pub fn install(self) -> Result<(), TraceError> {
        let _shield = Shield::raise(); // locks of `tracing` are taken
        let subscriber = Registry::default().with(self.layer()?);
        subscriber::set_global_default(subscriber).map_err(|_| TraceError::AlreadyInstalled)
    }
}

impl fmt::Display for Destination {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Stdout => f.write_str("the standard output"),
            Self::Stderr => f.write_str("the standard error"),
            Self::File(path) => path.display().fmt(f),
        }
    }
}

/// Why calls cannot be traced as it was asked for.
#[derive(Debug)]
#[non_exhaustive]
pub enum TraceError {
    /// The file, of this name, or standard stream cannot be opened.
    Output(String, io::Error),
    /// The process has a subscriber already: [`TraceConfig::layer`] can be a part of it.
    AlreadyInstalled,
    /// A word in a filter names neither a category nor any call.
    UnknownWord(String),
    /// The value of `NTWAIT_TRACE_FORMAT` is neither `text` nor `json`.
    UnknownFormat(String),
}

impl fmt::Display for TraceError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Output(name, error) => write!(f, "cannot open {name}: {error}"),
            Self::AlreadyInstalled => f.write_str("the process has a subscriber already"),
            Self::UnknownWord(word) => {
                write!(f, "{word:?} in the filter names no call and is none of all, ")?;
                f.write_str("threading, synchronization, handle, timer, apc")
            }
            Self::UnknownFormat(format) => write!(f, "the format {format:?} is neither text nor json"),
        }
    }
}

impl core::error::Error for TraceError {
    fn source(&self) -> Option<&(dyn core::error::Error + 'static)> {
        match self {
            Self::Output(_, error) => Some(error),
            _ => None,
        }
    }
}
