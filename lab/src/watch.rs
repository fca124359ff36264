//! Runs work that may hang or panic, and comes back in any case.
//!
//! Work runs on a thread of its own. If it does not end in time the thread is given up, with whatever it holds: the
//! lab then counts that contender as broken and goes on. The threads end with the process.

use std::any::Any;
use std::panic;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::Duration;

/// Why there is no result.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Broken {
    /// Not done after this time; `panics` is what other threads said when they died meanwhile.
    Hung { after: Duration, panics: Vec<String> },
    /// It panicked with this message.
    Panicked(String),
}

impl std::fmt::Display for Broken {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Hung { after, panics } if panics.is_empty() => write!(out, "hung: not done after {after:?}"),
            Self::Hung { after, panics } => {
                write!(out, "hung: not done after {after:?}, because a thread panicked: {}", panics.join("; "))
            }
            Self::Panicked(message) => write!(out, "panicked: {message}"),
        }
    }
}

/// What panicking threads said, instead of printing it into the progress bar.
static PANICS: Mutex<Vec<String>> = Mutex::new(Vec::new());

/// Collects the messages of panics instead of printing them, except the main thread's. Call before any [`run`].
pub(crate) fn collect_panics() {
    let print = panic::take_hook();
    panic::set_hook(Box::new(move |info| {
        if thread::current().name() == Some("main") {
            return print(info);
        }
        let message = info.payload_as_str().unwrap_or("no message");
        let place = info.location().map(|at| format!(" ({}:{})", at.file(), at.line())).unwrap_or_default();
        panics().push(format!("{message}{place}"));
    }));
}

/// Runs `work` on its own thread for at most `limit`.
pub(crate) fn run<R: Send + 'static>(limit: Duration, work: impl FnOnce() -> R + Send + 'static) -> Result<R, Broken> {
    panics().clear();
    let (send, receive) = mpsc::channel();
    let thread = thread::spawn(move || {
        let _ = send.send(work());
    });
    match receive.recv_timeout(limit) {
        Ok(result) => {
            let _ = thread.join();
            Ok(result)
        }
        Err(RecvTimeoutError::Timeout) => Err(Broken::Hung { after: limit, panics: panics().clone() }),
        Err(RecvTimeoutError::Disconnected) => {
            let said = thread.join().err().and_then(|payload| message_of(&*payload));
            Err(Broken::Panicked(panics().pop().or(said).unwrap_or_else(|| "no message".to_owned())))
        }
    }
}

fn message_of(payload: &(dyn Any + Send)) -> Option<String> {
    let literal = || payload.downcast_ref::<&str>().map(|said| (*said).to_owned());
    payload.downcast_ref::<String>().cloned().or_else(literal)
}

fn panics() -> std::sync::MutexGuard<'static, Vec<String>> {
    PANICS.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_panics_and_hangs_are_told_apart() {
        let long = Duration::from_secs(20);
        assert_eq!(run(long, || 7), Ok(7));
        assert!(matches!(run(long, || panic!("ouch")), Err(Broken::Panicked(said)) if said.starts_with("ouch")));
        let short = Duration::from_millis(20);
        let hung = run(short, || {
            loop {
                thread::park();
            }
        });
        assert!(matches!(hung, Err::<(), _>(Broken::Hung { after, .. }) if after == short));
    }
}
