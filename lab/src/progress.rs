//! One progress bar for the whole run; silent where stderr is no terminal.

use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// Counts expected milliseconds.
pub(crate) struct Progress {
    bar: ProgressBar,
}

impl Progress {
    /// A bar for work that is expected to take `total`.
    pub(crate) fn new(total: Duration) -> Self {
        // Five times a second, and only when a turn ends: a measurement is never disturbed by its own display.
        let bar = ProgressBar::with_draw_target(Some(milliseconds(total)), ProgressDrawTarget::stderr_with_hz(5));
        let style = ProgressStyle::with_template("{bar:32} {percent:>3} %  {msg}")
            .unwrap_or_else(|_| ProgressStyle::default_bar());
        bar.set_style(style.progress_chars("━╸─"));
        Self { bar }
    }

    /// What is being done now.
    pub(crate) fn says(&self, what: &str) {
        self.bar.set_message(what.to_owned());
    }

    /// Work that was expected to take `time` is done.
    pub(crate) fn did(&self, time: Duration) {
        self.bar.inc(milliseconds(time));
    }

    /// Prints to stdout above the bar.
    pub(crate) fn print(&self, text: &str) {
        self.bar.suspend(|| println!("{text}"));
    }

    /// Takes the bar away.
    pub(crate) fn finish(self) {
        self.bar.finish_and_clear();
    }
}

fn milliseconds(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}
