//! Measurements that need a process of their own: this program again, with a hidden command. Resident memory starts from
//! nothing there, no allocator keeps what another contender gave back, and what is used up is nobody else's trouble.

use std::io::Read;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

use super::{alive, living};
use crate::measure::{Sample, Turn};
use crate::os::cpus::pin_to;

/// What a child found, for one of many.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Prices {
    pub(super) create_ns: f64,
    pub(super) resident_bytes: f64,
    pub(super) close_ns: f64,
}

/// The child's life: makes `count` of `kind`, ends them, and prints what it cost.
pub(crate) fn one_child(kind: &str, home: usize, count: usize) -> Result<(), String> {
    let _second_thread = thread::spawn(|| {
        loop {
            thread::park();
        }
    });
    pin_to(home);
    let known = alive::prices_of(kind, count).or_else(|| living::prices_of(kind, count));
    let prices = known.unwrap_or_else(|| Err(format!("no such kind: {kind}")))?;
    println!("{}", serde_json::to_string(&prices).map_err(|error| error.to_string())?);
    Ok(())
}

/// One turn: creation, memory, end, of each.
pub(super) fn in_a_child(kind: &str, home: usize, count: usize) -> Turn {
    let program = std::env::current_exe().map_err(|error| error.to_string())?;
    let child = Command::new(program)
        .args(["alive", kind, &home.to_string(), &count.to_string()])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(|error| error.to_string())?;
    let prices = answer_of(child)?;
    Ok([prices.create_ns, prices.resident_bytes, prices.close_ns].map(Sample::lone).into())
}

/// Waits for the child, but not for ever.
fn answer_of(mut child: Child) -> Result<Prices, String> {
    const PATIENCE: Duration = Duration::from_secs(5);
    let start = Instant::now();
    let status = loop {
        match child.try_wait().map_err(|error| error.to_string())? {
            Some(status) => break status,
            None if start.elapsed() > PATIENCE => {
                let _ = child.kill();
                let _ = child.wait();
                return Err(format!("hung: not done after {PATIENCE:?}"));
            }
            None => thread::sleep(Duration::from_millis(2)),
        }
    };
    if status.success() {
        let said = text_of(child.stdout.take());
        serde_json::from_str(&said).map_err(|error| format!("unreadable answer {said:?}: {error}"))
    } else {
        Err(text_of(child.stderr.take()).trim().to_owned())
    }
}

fn text_of(pipe: Option<impl Read>) -> String {
    let mut text = String::new();
    if let Some(mut pipe) = pipe {
        let _ = pipe.read_to_string(&mut text);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_known_kinds_are_measured() {
        assert!(one_child("nothing", 0, 1).is_err_and(|why| why.contains("nothing")));
    }
}
