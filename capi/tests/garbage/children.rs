//! The processes in which calls are walked, and who watches them.

use crate::common;
use crate::library::{Convention, Library};
use crate::notes::Notes;
use crate::rows::{ROWS, Row};
use crate::walker::{self, Walk};
use std::env;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

/// What a child is to walk: `call convention seed rounds`.
const WALK: &str = "NTW_GARBAGE";
const LIBRARY: &str = "NTW_GARBAGE_LIBRARY";
const NOTES: &str = "NTW_GARBAGE_NOTES";

/// How long one call may take for all of its rounds.
const LIMIT: Duration = Duration::from_secs(120);

/// The seed of every run, unless this variable has another.
const SEED: &str = "NTW_GARBAGE_SEED";

fn rounds(row: Row) -> u64 {
    let many = if env::var_os("NTWAIT_DEEP").is_some() { 20 } else { 1 };
    // Who waits, or makes a thread, takes its time.
    let is_slow = row.arguments().contains(['t', '9', 'm', 'O', 'L']) || matches!(row.result(), Some('t' | 'x' | 'j'));
    many * if is_slow { 400 } else { 3000 }
}

/// Walks calls in both conventions, each in a process of its own.
pub(crate) fn walk_all(calls: &[&str]) {
    let seed = env::var(SEED).map_or(20_250_701, |seed| seed.parse().expect("a number"));
    let mut failures = Vec::new();
    for row in ROWS.iter().filter(|row| calls.contains(&row.name)) {
        for convention in conventions(*row) {
            let walk = Walk { row: *row, convention, seed, rounds: rounds(*row) };
            failures.extend(walk_in_child(walk).err());
        }
    }
    assert!(failures.is_empty(), "\n{}", failures.join("\n"));
}

/// What is not Windows's has the platform's convention only.
fn conventions(row: Row) -> Vec<Convention> {
    match () {
        () if row.name.starts_with("ntw_") || !cfg!(target_arch = "x86_64") => vec![Convention::Platform],
        () => vec![Convention::Platform, Convention::Windows],
    }
}

fn walk_in_child(walk: Walk) -> Result<(), String> {
    let Walk { row, convention, seed, rounds } = walk;
    let order = format!("{} {convention:?} {seed} {rounds}", row.name);
    let path = notes_file(&format!("{}-{convention:?}-{}", row.name, std::process::id()));
    let notes = Notes::open(&path);
    let mut child = Command::new(env::current_exe().expect("the test's own path"))
        .args(["walker", "--exact", "--nocapture", "--test-threads=1"])
        .env(WALK, &order)
        .env(LIBRARY, &*common::LIBRARY)
        .env(NOTES, &path)
        .stdout(Stdio::null())
        .spawn()
        .expect("a child");
    let status = end_of(&mut child);
    let _ = std::fs::remove_file(&path);
    match status {
        Some(status) if status.success() => Ok(()),
        status => {
            let status = status.map_or_else(|| "hangs".to_owned(), |status| status.to_string());
            let place = notes.read(row.arguments().len());
            Err(format!(
                "{status}: {}({}) {place}\n  again: {WALK}='{order}' cargo test -p ntwait-capi --test garbage walker -- --nocapture",
                row.name,
                row.arguments()
            ))
        }
    }
}

fn notes_file(name: &str) -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).join(name)
}

/// None: it did not end, and was killed.
fn end_of(child: &mut Child) -> Option<ExitStatus> {
    let end = Instant::now() + LIMIT;
    let mut pause = Duration::from_millis(1);
    loop {
        if let Some(status) = child.try_wait().expect("the child's status") {
            return Some(status);
        }
        if Instant::now() > end {
            child.kill().expect("an end of the child");
            let _ = child.wait();
            return None;
        }
        std::thread::sleep(pause);
        pause = (pause * 2).min(Duration::from_millis(20));
    }
}

/// The child's part; otherwise nothing. It ends without a word to the library: threads of the calls may be in any state.
pub(crate) fn be_walker() {
    let Ok(order) = env::var(WALK) else { return };
    let words: Vec<&str> = order.split(' ').collect();
    let [name, convention, seed, rounds] = words[..] else { panic!("{WALK} is not 'call convention seed rounds'") };
    let row = *ROWS.iter().find(|row| row.name == name).expect("a call");
    let convention = if convention == "Windows" { Convention::Windows } else { Convention::Platform };
    let walk = Walk { row, convention, seed: seed.parse().expect("a seed"), rounds: rounds.parse().expect("a number") };
    let library = env::var_os(LIBRARY).map_or_else(|| common::LIBRARY.clone(), PathBuf::from);
    let notes_path = env::var_os(NOTES).map_or_else(|| notes_file("walker"), PathBuf::from);
    let notes = Notes::open(&notes_path);
    let outcome = walker::walk(&Library::open(&library), walk, &notes);
    let status = match outcome {
        Ok(()) => 0,
        Err(failure) => {
            eprintln!("{name}: {failure}; {}", notes.read(row.arguments().len()));
            1
        }
    };
    // SAFETY: plain.
    unsafe { libc::_exit(status) };
}
