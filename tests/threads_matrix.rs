//! What programs do in threads, in threads of the library, made in both ways.
//!
//! Each case runs in a process of its own (this program again, with `NTWAIT_CASE`), as some of them change the process
//! for good or must be its first; a case that hangs is killed and has failed. A case that needs what the machine does not
//! have (root, a C compiler) says so and counts as skipped.
//!
//! `cargo test --test threads_matrix [PART OF A NAME]`

#![allow(unsafe_code, reason = "calls the C library, and has accidents on purpose")]
#![allow(clippy::disallowed_types, clippy::disallowed_methods, reason = "tests may use std")]

#[path = "matrix/accidents.rs"]
mod accidents;
#[path = "matrix/identity.rs"]
mod identity;
#[path = "matrix/libraries.rs"]
mod libraries;
#[path = "matrix/locals.rs"]
mod locals;
#[path = "matrix/many.rs"]
mod many;
#[path = "matrix/ordinary.rs"]
mod ordinary;
#[path = "matrix/refusals.rs"]
mod refusals;
#[path = "matrix/tools.rs"]
mod tools;

use std::fs::File;
use std::process::{Command, ExitCode, Stdio};
use std::time::{Duration, Instant};

/// On which backends a case runs.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum On {
    Both,
    /// It is about clones.
    Clone,
    /// It is about the choice.
    Auto,
}

/// Name, backends, body.
pub(crate) type Case = (&'static str, On, fn());

const CASE: &str = "NTWAIT_CASE";
const LIMIT: Duration = Duration::from_secs(60);

fn cases() -> Vec<Case> {
    let tables = [
        ordinary::CASES,
        locals::CASES,
        libraries::CASES,
        identity::CASES,
        many::CASES,
        accidents::CASES,
        refusals::CASES,
    ];
    tables.concat()
}

fn main() -> ExitCode {
    let cases = cases();
    if let Ok(name) = std::env::var(CASE) {
        let (_, _, body) = cases.iter().find(|case| case.0 == name).expect("a case of that name");
        body();
        return ExitCode::SUCCESS;
    }
    let mut words = std::env::args().skip(1).filter(|word| !word.starts_with('-'));
    let filter = words.next().unwrap_or_default();
    if std::env::args().any(|word| word == "--list") {
        cases.iter().for_each(|case| println!("{}: test", case.0));
        return ExitCode::SUCCESS;
    }
    let (mut passed, mut failed, mut skipped) = (0, 0, 0);
    for (name, on, _) in &cases {
        let backends: &[&str] = match on {
            On::Both => &["clone", "pthread"],
            On::Clone => &["clone"],
            On::Auto => &["auto"],
        };
        for backend in backends.iter().filter(|_| name.contains(&filter)) {
            match run(name, backend) {
                Ok(None) => passed += 1,
                Ok(Some(reason)) => {
                    skipped += 1;
                    println!("test {name} ({backend}) ... SKIPPED: {reason}");
                }
                Err(output) => {
                    failed += 1;
                    println!("test {name} ({backend}) ... FAILED\n---- {name} ({backend}) ----\n{output}");
                }
            }
        }
    }
    let word = if failed == 0 { "ok" } else { "FAILED" };
    println!("\ntest result: {word}. {passed} passed; {failed} failed; {skipped} ignored; 0 measured; 0 filtered out");
    ExitCode::from(u8::from(failed != 0))
}

/// Runs one case. `Some`: why it was skipped. An error: what it printed.
fn run(name: &str, backend: &str) -> Result<Option<String>, String> {
    let path = format!("{}/{name}-{backend}.log", env!("CARGO_TARGET_TMPDIR"));
    let log = File::create(&path).map_err(|error| error.to_string())?;
    let begin = Instant::now();
    let mut child = Command::new(std::env::current_exe().map_err(|error| error.to_string())?)
        .envs([(CASE, name), ("NTWAIT_THREADS", backend)])
        .stdin(Stdio::null())
        .stdout(log.try_clone().map_err(|error| error.to_string())?)
        .stderr(log)
        .spawn()
        .map_err(|error| error.to_string())?;
    let status = loop {
        if let Some(status) = child.try_wait().map_err(|error| error.to_string())? {
            break Some(status);
        }
        if begin.elapsed() > LIMIT {
            let threads = tools::states_of(child.id());
            let _ = child.kill();
            let _ = child.wait();
            return Err(format!("hangs: not done after {LIMIT:?}\n{threads}\n{}", read(&path)));
        }
        std::thread::sleep(Duration::from_millis(2));
    };
    let output = read(&path);
    match status {
        Some(status) if status.success() => {
            let skipped = output.lines().find_map(|line| line.strip_prefix(tools::SKIPPED)).map(str::to_owned);
            if skipped.is_none() {
                println!("test {name} ({backend}) ... ok ({} ms)", begin.elapsed().as_millis());
            }
            Ok(skipped)
        }
        status => Err(format!("{status:?}\n{output}")),
    }
}

fn read(path: &str) -> String {
    let bytes = std::fs::read(path).unwrap_or_default();
    String::from_utf8_lossy(&bytes[bytes.len().saturating_sub(8000)..]).into_owned()
}
