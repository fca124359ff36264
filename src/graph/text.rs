//! The graph for people, and how threads and objects are called in it.

use super::{
    Deadlock, GraphKind, GraphThread, GraphWait, GraphWaiter, ObjectLabel, ThreadLabel, ThreadStage, WaitGraph,
    WaitSort,
};
use core::fmt::{self, Write as _};
use core::time::Duration;

/// The first column's entries.
const THREADS: &str = "THREAD";

impl fmt::Display for ThreadLabel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.id, self.tid) {
            (Some(id), _) => write!(f, "{id}")?,
            (None, tid) => write!(f, "tid {tid}")?,
        }
        if self.name.is_empty() { Ok(()) } else { write!(f, " {}", Quoted(&self.name)) }
    }
}

impl fmt::Display for ObjectLabel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.kind.word())?;
        match (self.kind, &self.name) {
            (GraphKind::Thread, Some(name)) => write!(f, " {name}")?, // a label, quoted already
            (_, Some(name)) => write!(f, " {}", Quoted(name))?,
            (_, None) => {}
        }
        if let Some(address) = self.address {
            let preposition = if self.kind == GraphKind::KeyedEvent { "key" } else { "at" };
            write!(f, " {preposition} {address:#x}")?;
        }
        match self.handles.as_slice() {
            [] => Ok(()),
            [handle] => write!(f, " (handle {:#x})", handle.0),
            [handle, more @ ..] => write!(f, " (handle {:#x} and {} more)", handle.0, more.len()),
        }
    }
}

/// A name in quotation marks, on one line whatever is in it.
struct Quoted<'n>(&'n str);

impl fmt::Display for Quoted<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_char('"')?;
        for letter in self.0.chars() {
            match letter {
                '"' => f.write_str("\\\"")?,
                letter if upsets_a_line(letter) => write!(f, "{}", letter.escape_default())?,
                letter => f.write_char(letter)?,
            }
        }
        f.write_char('"')
    }
}

/// Does it end the line, or change how the rest of it is shown? Control characters, separators of lines and paragraphs, marks of
/// direction.
pub(super) fn upsets_a_line(letter: char) -> bool {
    letter.is_control() || matches!(letter, '\u{2028}'..='\u{202E}' | '\u{2066}'..='\u{2069}')
}

impl GraphKind {
    /// What people call it.
    pub(super) const fn word(self) -> &'static str {
        match self {
            Self::Event => "event",
            Self::Mutant => "mutant",
            Self::Semaphore => "semaphore",
            Self::Timer => "timer",
            Self::Thread => "thread",
            Self::Process => "process",
            Self::KeyedEvent => "keyed event",
            Self::Directory => "directory",
            Self::Descriptor => "descriptor",
            Self::SrwLock => "SRW lock",
            Self::CriticalSection => "critical section",
            Self::ConditionVariable => "condition variable",
            Self::RunOnce => "run-once block",
            Self::Barrier => "barrier",
            Self::Address => "address",
        }
    }
}

impl GraphThread {
    /// What it does, in a word.
    pub(super) const fn word(&self) -> &'static str {
        match (self.stage, &self.wait) {
            (ThreadStage::Born, _) => "not begun",
            (ThreadStage::Ending, _) => "ending",
            (ThreadStage::Ended, _) => "ended",
            (ThreadStage::Running, Some(_)) => "waits",
            (ThreadStage::Running, None) if self.suspend_count > 0 => "suspended",
            (ThreadStage::Running, None) => "runs",
        }
    }
}

/// A span as people say it.
pub(super) struct Span(pub(super) Duration);

impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let seconds = self.0.as_secs();
        match seconds {
            0 => write!(f, "{} ms", self.0.as_millis()),
            1..60 => write!(f, "{:.1} s", self.0.as_secs_f64()),
            60..3600 => write!(f, "{} min {} s", seconds / 60, seconds % 60),
            _ => write!(f, "{} h {} min", seconds / 3600, seconds / 60 % 60),
        }
    }
}

impl WaitGraph {
    /// What a thread waits for, with who has it.
    pub(super) fn reason(&self, wait: &GraphWait) -> String {
        let mut text = match wait.sort {
            WaitSort::Delay => "the time to pass".to_owned(),
            WaitSort::AlertById => "an alert by thread id".to_owned(),
            WaitSort::Any if wait.on.len() + wait.elsewhere > 1 => "any of: ".to_owned(),
            WaitSort::All if wait.on.len() + wait.elsewhere > 1 => "all of: ".to_owned(),
            WaitSort::Shared => "shared ".to_owned(),
            WaitSort::KeyedWait => "a release at ".to_owned(),
            WaitSort::KeyedRelease => "a wait at ".to_owned(),
            _ => String::new(),
        };
        for (at, object) in wait.on.iter().map(|object| &self.objects[*object]).enumerate() {
            let separator = if at == 0 { "" } else { "; " };
            let _ = write!(text, "{separator}{}", object.label);
            if !object.state.is_empty() && object.label.kind != GraphKind::Thread {
                let _ = write!(text, " [{}]", object.state);
            }
        }
        if wait.elsewhere > 0 {
            let separator = if wait.on.is_empty() { "" } else { "; " };
            let _ = write!(text, "{separator}{} of another runtime", wait.elsewhere);
        }
        if wait.alertable {
            text.push_str(", alertable");
        }
        if let Some(left) = wait.left {
            let _ = write!(text, ", {} left", Span(left));
        }
        text
    }

    fn who(&self, waiter: GraphWaiter) -> String {
        match waiter {
            GraphWaiter::Thread(thread) => self.threads[thread].label.to_string(),
            GraphWaiter::Task => "a task".to_owned(),
        }
    }
}

/// A table: the threads, and what each waits for; the objects, and who has them and who waits.
impl fmt::Display for WaitGraph {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let waiting = self.threads.iter().filter(|thread| thread.wait.is_some()).count();
        writeln!(f, "process {}: {} threads, {waiting} of them wait\n", self.process_id, self.threads.len())?;
        let labels: Vec<String> = self.threads.iter().map(|thread| thread.label.to_string()).collect();
        let width = labels.iter().map(|label| label.chars().count()).chain([THREADS.len()]).max().unwrap_or_default();
        writeln!(f, "  {THREADS:width$}  {:>7}  {:9}  {:>11}  FOR", "TID", "STATE", "SINCE")?;
        for (thread, label) in self.threads.iter().zip(&labels) {
            write!(f, "  {label:width$}  {:>7}  ", thread.label.tid)?;
            match &thread.wait {
                None => writeln!(f, "{}", thread.word())?,
                Some(wait) => {
                    writeln!(f, "{:9}  {:>11}  {}", thread.word(), Span(wait.since).to_string(), self.reason(wait))?;
                }
            }
        }
        if !self.objects.is_empty() {
            writeln!(f, "\n  OBJECTS")?;
        }
        for object in &self.objects {
            write!(f, "  {}", object.label)?;
            if !object.state.is_empty() {
                write!(f, ": {}", object.state)?;
            }
            let queue: Vec<String> = object.queue.iter().map(|waiter| self.who(*waiter)).collect();
            if queue.is_empty() { writeln!(f)? } else { writeln!(f, "; waited for by {}", queue.join(", "))? }
        }
        Ok(())
    }
}

/// A line for each thread.
impl fmt::Display for Deadlock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "deadlock of {} threads:", self.cycle.len() + self.behind.len())?;
        for (at, step) in self.cycle.iter().enumerate() {
            let next = &self.cycle[(at + 1) % self.cycle.len()].thread;
            writeln!(f, "  {} has waited {} for {}, which {next} has", step.thread, Span(step.since), step.object)?;
        }
        for thread in &self.behind {
            writeln!(f, "  {thread} is stuck behind them")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn table_of_names() {
        let rows = [
            ("plain", "\"plain\""),
            ("\\BaseNamedObjects\\x", "\"\\BaseNamedObjects\\x\""),
            ("say \"x\"", "\"say \\\"x\\\"\""),
            ("two\nlines", "\"two\\nlines\""),
            ("\u{1B}[31m", "\"\\u{1b}[31m\""),
            ("a\u{2028}b", "\"a\\u{2028}b\""),
            ("\u{202E}txt", "\"\\u{202e}txt\""),
            ("e\u{301} \u{1F600}", "\"e\u{301} \u{1F600}\""),
        ];
        for (name, expected) in rows {
            assert_eq!(Quoted(name).to_string(), expected);
        }
    }
}
