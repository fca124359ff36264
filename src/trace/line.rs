//! A report as a line.
//!
//! ```text
//!   [2026-11-22T21:52:11.123456Z] [TID:main] CALL   NtCreateEvent(event_type=Notification, initial_state=false)
//!   [2026-11-22T21:52:11.123471Z] [TID:main] RETURN NtCreateEvent() -> Ok(handle=0x4)
//! ```
//!
//! or as an object of JSON with the same, in which a call has `arguments` and a return has `result`.
//!
//! The thread is `main` if the process began with it, else its Linux number, and its name if it has one of its own: one that
//! is not the first thread's, which threads inherit.

use super::calls::{ARGUMENTS, RESULT, TraceCategory};
use super::moment::Moment;
use super::text::Text;
use crate::sys::cpu;
use crate::sys::schedule::{self, Comm};
use core::fmt::{self, Write};
use serde::Serializer;
use serde::ser::SerializeMap;

/// A line. A detail of which every letter must be escaped fits in with all else.
pub(super) type Line = Text<2560>;

/// How lines look.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Format {
    Text,
    Json,
}

/// What is in a line beside the call.
#[derive(Clone, Copy, Debug)]
pub(super) struct Style {
    pub(super) format: Format,
    pub(super) timestamps: bool,
    pub(super) thread_ids: bool,
}

/// What a line tells.
#[derive(Clone, Copy, Debug)]
pub(super) struct Report<'r> {
    pub(super) category: TraceCategory,
    pub(super) call: &'r str,
    pub(super) phase: Phase<'r>,
}

#[derive(Clone, Copy, Debug)]
pub(super) enum Phase<'r> {
    Call { arguments: &'r str },
    Return { result: &'r str },
}

/// Who calls.
#[derive(Clone, Copy, Debug)]
pub(super) struct Caller {
    pub(super) tid: u32,
    pub(super) is_first: bool,
    /// Its own name.
    pub(super) name: Option<Comm>,
}

impl Caller {
    /// The calling thread. `inherited` is the first thread's name.
    pub(super) fn current(inherited: &Comm) -> Self {
        let is_first = cpu::is_first_thread();
        let name = (!is_first).then(schedule::name_of_this_thread).filter(|name| name != inherited);
        Self { tid: cpu::thread_id(), is_first, name: name.filter(|name| !name.as_bytes().is_empty()) }
    }
}

/// `main`, `12345`, `12345 worker`.
impl fmt::Display for Caller {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_first {
            return f.write_str("main");
        }
        write!(f, "{}", self.tid)?;
        if let Some(name) = &self.name {
            f.write_char(' ')?;
            write!(f, "{}", Plain(name))?;
        }
        Ok(())
    }
}

/// A thread's name without what could end the line.
struct Plain<'n>(&'n Comm);

impl fmt::Display for Plain<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for chunk in self.0.as_bytes().utf8_chunks() {
            for letter in chunk.valid().chars() {
                f.write_char(if letter.is_control() { char::REPLACEMENT_CHARACTER } else { letter })?;
            }
            if !chunk.invalid().is_empty() {
                f.write_char(char::REPLACEMENT_CHARACTER)?;
            }
        }
        Ok(())
    }
}

impl Style {
    /// The line, with its end.
    pub(super) fn line(self, report: Report<'_>, moment: Moment, caller: Caller) -> Line {
        let mut line = Line::new();
        let written = match self.format {
            Format::Text => self.text(report, moment, caller, &mut line).is_ok(),
            Format::Json => self.json(report, moment, caller, &mut line).is_ok(),
        };
        debug_assert!(written);
        line.push("\n");
        line
    }

    fn text(self, report: Report<'_>, moment: Moment, caller: Caller, line: &mut Line) -> fmt::Result {
        if self.timestamps {
            write!(line, "[{moment}] ")?;
        }
        if self.thread_ids {
            write!(line, "[TID:{caller}] ")?;
        }
        match report.phase {
            Phase::Call { arguments } => write!(line, "CALL   {}({arguments})", report.call),
            Phase::Return { result } => write!(line, "RETURN {}() -> {result}", report.call),
        }
    }

    fn json(
        self,
        report: Report<'_>,
        moment: Moment,
        caller: Caller,
        line: &mut Line,
    ) -> Result<(), serde_json::Error> {
        let mut serializer = serde_json::Serializer::new(line);
        let mut map = serializer.serialize_map(None)?;
        if self.timestamps {
            map.serialize_entry("timestamp", &format_args!("{moment}"))?;
        }
        if self.thread_ids {
            map.serialize_entry("thread", &format_args!("{caller}"))?;
            map.serialize_entry("tid", &caller.tid)?;
        }
        map.serialize_entry("category", report.category.name())?;
        let (phase, key, detail) = match report.phase {
            Phase::Call { arguments } => ("call", ARGUMENTS, arguments),
            Phase::Return { result } => ("return", RESULT, result),
        };
        map.serialize_entry("phase", phase)?;
        map.serialize_entry("call", report.call)?;
        map.serialize_entry(key, detail)?;
        map.end()
    }
}
