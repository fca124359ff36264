//! The examples of event loops come to their end and say what they should. `cargo test` builds them together with this test.

use std::path::PathBuf;
use std::process::Command;

/// What each says, after its name; or that it cannot run here.
const SAID: &str = ": 10 jobs, sum 55, 1 call for attention, and the worker has ended";

fn said_by(example: &str) -> String {
    // target/debug/deps/examples-… → target/debug/examples/…
    let me = std::env::current_exe().expect("the path of this binary");
    let profile = me.ancestors().nth(2).expect("two directories above it");
    let path = PathBuf::from(profile).join("examples").join(example);
    assert!(
        path.exists(),
        "{} is not built: run `cargo test` without names, or `cargo build --examples` before",
        path.display()
    );
    // A loop that hangs is ended by the shell's clock, not by ours.
    let output = Command::new("timeout").arg("60").arg(&path).output().expect("a process");
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{}: {}\n{error}", path.display(), output.status);
    String::from_utf8(output.stdout).expect("text").trim_end().to_owned()
}

#[test]
fn loops_of_events() {
    for _ in 0..20 {
        for example in ["epoll", "mio", "tokio"] {
            assert_eq!(said_by(example), format!("{example}{SAID}"));
        }
    }
}

#[test]
fn io_uring_or_why_not() {
    for _ in 0..20 {
        let said = said_by("io_uring");
        let refused = said.starts_with("io_uring: not on this system: ");
        assert!(refused || said == format!("io_uring{SAID}"), "{said}");
    }
}
