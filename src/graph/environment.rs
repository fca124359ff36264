//! The wait graph of programs as they are, asked for by the environment:
//!
//! | variable | value |
//! |---|---|
//! | `NTWAIT_DUMP_SIGNAL` | a signal, as `USR2`, `SIGUSR2`, `RTMIN+3` or a number: when it comes, the graph is written to the standard error |
//! | `NTWAIT_DEADLOCK` | `report` or `abort`, and after a comma how many seconds a wait lasts before it is looked into; 5 if nothing is said. A wait with a time-out, and an alertable one, is never part of a deadlock |
//!
//! A program that runs with more rights than who started it ignores them.

use super::watch::{self, Alarm, Orders};
use crate::sys::atomic::{AtomicU32, Ordering};
use crate::sys::environment;
use crate::sys::fork;
use crate::sys::output::complain;
use crate::sys::{bell, signal};
use core::ffi::c_int;
use core::time::Duration;

static HAS_BEGUN: AtomicU32 = AtomicU32::new(0);

const DEFAULT_LIMIT: Duration = Duration::from_secs(5);
/// The longest limit, in seconds: a year.
const MOST_SECONDS: f64 = 365.0 * 86_400.0;

/// Signals by their names. Those that a fault brings, and those that cannot be handled, are not among them.
const SIGNALS: [(&str, c_int); 18] = [
    ("HUP", libc::SIGHUP),
    ("INT", libc::SIGINT),
    ("QUIT", libc::SIGQUIT),
    ("USR1", libc::SIGUSR1),
    ("USR2", libc::SIGUSR2),
    ("PIPE", libc::SIGPIPE),
    ("ALRM", libc::SIGALRM),
    ("TERM", libc::SIGTERM),
    ("CHLD", libc::SIGCHLD),
    ("CONT", libc::SIGCONT),
    ("TSTP", libc::SIGTSTP),
    ("URG", libc::SIGURG),
    ("VTALRM", libc::SIGVTALRM),
    ("PROF", libc::SIGPROF),
    ("WINCH", libc::SIGWINCH),
    ("IO", libc::SIGIO),
    ("PWR", libc::SIGPWR),
    ("XCPU", libc::SIGXCPU),
];

/// Before the first runtime of a process: does what the environment asks for. What is wrong is told on the standard error.
#[inline]
pub(crate) fn begin() {
    // Relaxed: whoever comes second needs to know no more than that.
    if HAS_BEGUN.load(Ordering::Relaxed) == 0 && HAS_BEGUN.swap(1, Ordering::Relaxed) == 0 {
        begin_now();
    }
}

#[cold]
fn begin_now() {
    static MENDED: AtomicU32 = AtomicU32::new(0);
    fork::in_child(&MENDED, renew);
    let mut orders = Orders::default();
    if let Some(wish) = value_of("NTWAIT_DUMP_SIGNAL") {
        let hung = signal_of(&wish)
            .ok_or("no signal of that name")
            .and_then(|signal| bell::hang(signal).map_err(|bell::InUse| "the program uses that signal"));
        match hung {
            Ok(()) => orders.has_bell = true,
            Err(reason) => complain(&format!("NTWAIT_DUMP_SIGNAL={wish}: {reason}; nothing is dumped")),
        }
    }
    if let Some(wish) = value_of("NTWAIT_DEADLOCK") {
        match alarm_of(&wish) {
            Some(alarm) => orders.alarm = Some(alarm),
            None => {
                complain(&format!("NTWAIT_DEADLOCK={wish}: neither report nor abort; deadlocks are not looked for"))
            }
        }
    }
    if orders.are_some() && watch::start(orders).is_err() {
        complain("NTWAIT_DUMP_SIGNAL, NTWAIT_DEADLOCK: there is no thread to be had; nobody looks");
    }
}

/// In a child of `fork` there is no thread that looks: the child's first runtime makes another.
extern "C" fn renew() {
    HAS_BEGUN.store(0, Ordering::Relaxed);
}

fn value_of(variable: &str) -> Option<String> {
    let value = environment::value_of(variable)?.to_string_lossy().trim().to_owned();
    (!value.is_empty()).then_some(value)
}

fn signal_of(wish: &str) -> Option<c_int> {
    let name = wish.to_ascii_uppercase();
    let name = name.strip_prefix("SIG").unwrap_or(&name);
    let (first, last) = (libc::SIGRTMIN(), libc::SIGRTMAX());
    let is_known = |signal: &c_int| SIGNALS.iter().any(|(_, known)| known == signal) || (first..=last).contains(signal);
    let signal = match name
        .strip_prefix("RTMIN")
        .map(|more| (first, more))
        .or(name.strip_prefix("RTMAX").map(|less| (last, less)))
    {
        Some((bound, "")) => Some(bound),
        Some((bound, offset)) => offset.parse::<c_int>().ok().and_then(|offset| bound.checked_add(offset)),
        None => {
            SIGNALS.iter().find(|(known, _)| *known == name).map(|(_, signal)| *signal).or_else(|| name.parse().ok())
        }
    };
    signal.filter(is_known).filter(|chosen| signal::number() != Some(*chosen))
}

fn alarm_of(wish: &str) -> Option<Alarm> {
    let (what, limit) = match wish.split_once(',') {
        None => (wish, DEFAULT_LIMIT),
        Some((what, seconds)) => {
            let seconds: f64 = seconds.trim().parse().ok()?;
            if !(0.0..=MOST_SECONDS).contains(&seconds) {
                return None;
            }
            (what, Duration::from_secs_f64(seconds))
        }
    };
    match what.trim().to_ascii_lowercase().as_str() {
        "report" => Some(Alarm { aborts: false, limit }),
        "abort" => Some(Alarm { aborts: true, limit }),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn table_of_signals() {
        let (first, last) = (libc::SIGRTMIN(), libc::SIGRTMAX());
        let rows = [
            ("USR2", Some(libc::SIGUSR2)),
            ("SIGUSR2", Some(libc::SIGUSR2)),
            ("sigusr1", Some(libc::SIGUSR1)),
            ("12", Some(12)),
            ("RTMIN", Some(first)),
            ("RTMIN+3", Some(first + 3)),
            ("SIGRTMAX-2", Some(last - 2)),
            ("64", Some(64)),
            ("RTMIN-1", None),
            ("RTMAX+1", None),
            ("RTMIN+2147483647", None),
            ("KILL", None),
            ("9", None),
            ("STOP", None),
            ("SEGV", None),
            ("11", None),
            ("32", None),
            ("33", None),
            ("0", None),
            ("-1", None),
            ("65", None),
            ("USR3", None),
            ("SIG", None),
            ("\u{1F600}", None),
        ];
        for (wish, signal) in rows {
            assert_eq!(signal_of(wish), signal, "{wish}");
        }
    }

    #[test]
    fn table_of_alarms() {
        let alarm = |aborts, ms| Some(Alarm { aborts, limit: Duration::from_millis(ms) });
        let rows = [
            ("report", alarm(false, 5000)),
            ("abort", alarm(true, 5000)),
            ("Report,2", alarm(false, 2000)),
            ("abort, 0.25", alarm(true, 250)),
            ("abort,0", alarm(true, 0)),
            ("report,", None),
            ("report,-1", None),
            ("report,NaN", None),
            ("report,inf", None),
            ("report,1e300", None),
            ("report,2,3", None),
            ("yes", None),
            (",5", None),
        ];
        for (wish, expected) in rows {
            assert_eq!(alarm_of(wish), expected, "{wish}");
        }
    }
}
