//! The layer that writes lines.

use super::calls::{ARGUMENTS, RESULT, TraceCategory};
use super::line::{Caller, Phase, Report, Style};
use super::moment::Moment;
use crate::sys::output::Output;
use crate::sys::schedule::{self, Comm};
use crate::waiter::shield::Shield;
use core::fmt;
use tracing::field::{Field, Visit};
use tracing::{Event, Subscriber};
use tracing_subscriber::layer::{Context, Layer};

/// Writes a line for each event of ours.
#[derive(Debug)]
pub(super) struct Lines {
    style: Style,
    output: Output,
    /// What threads are called that were not given a name.
    inherited: Comm,
}

impl Lines {
    pub(super) fn new(style: Style, output: Output) -> Self {
        Self { style, output, inherited: schedule::name_of_first_thread() }
    }

    fn write(&self, report: Report<'_>) {
        let _shield = Shield::raise(); // there is one already, unless the event is somebody else's work
        let line = self.style.line(report, Moment::now(), Caller::current(&self.inherited));
        self.output.write(line.as_bytes());
    }
}

impl<S: Subscriber> Layer<S> for Lines {
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        let metadata = event.metadata();
        if let Some(category) = TraceCategory::of(metadata) {
            event.record(&mut Teller { lines: self, category, call: metadata.name() });
        }
    }
}

/// Picks the field that tells most, and writes the line.
struct Teller<'l> {
    lines: &'l Lines,
    category: TraceCategory,
    call: &'l str,
}

impl Visit for Teller<'_> {
    fn record_str(&mut self, field: &Field, value: &str) {
        let phase = match field.name() {
            ARGUMENTS => Phase::Call { arguments: value },
            RESULT => Phase::Return { result: value },
            _ => return,
        };
        self.lines.write(Report { category: self.category, call: self.call, phase });
    }

    fn record_debug(&mut self, _: &Field, _: &dyn fmt::Debug) {}
}
