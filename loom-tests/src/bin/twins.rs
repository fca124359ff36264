//! Runs the broken twins: for each, one mistake is put into a copy of the sources, and the model that is named after the
//! invariant which it breaks must fail.
//!
//! ```text
//! cargo run --release -p ntwait-models --bin twins [NAME…]
//! ```
//!
//! A twin is a file in `loom-tests/twins/`:
//!
//! ```text
//! What the mistake is, in a sentence or two.
//! model: the test that must fail
//! file: src/…
//! --- old
//! the text as it stands, which must occur exactly once
//! --- new
//! the text with the mistake
//! ```
//!
//! A twin whose old text is not found, or that does not build, is an error and not a catch: the sources have moved on and
//! the twin must follow. The last line is in the form of the test harness, so that it can be counted.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::time::Instant;

/// What the copy of the workspace is made of.
const PARTS: &[&str] = &["Cargo.toml", "Cargo.lock", "clippy.toml", "src", "benches", "lab", "loom-tests"];
/// A model that was made to hang counts as failed after this many seconds.
const LIMIT_SECONDS: &str = "120";

/// One mistake and the model that must notice it.
struct Twin {
    name: String,
    model: String,
    file: String,
    old: String,
    new: String,
}

fn main() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the package lies in the workspace");
    let wanted: Vec<String> = std::env::args().skip(1).collect();
    let twins: Vec<Twin> =
        read_twins(&root.join("loom-tests/twins")).into_iter().filter(|twin| is_wanted(twin, &wanted)).collect();
    let tree = fresh_copy(root);
    let begun = Instant::now();
    println!("\nrunning {} broken twins", twins.len());
    let failed = twins.iter().filter(|twin| !is_caught(twin, &tree)).count();
    let verdict = if failed == 0 { "ok" } else { "FAILED" };
    println!(
        "\ntest result: {verdict}. {} passed; {failed} failed; 0 ignored; 0 measured; 0 filtered out; finished in {:.2}s\n",
        twins.len() - failed,
        begun.elapsed().as_secs_f64(),
    );
    std::process::exit(i32::from(failed > 0));
}

fn is_wanted(twin: &Twin, wanted: &[String]) -> bool {
    wanted.is_empty() || wanted.iter().any(|part| twin.name.contains(part.as_str()))
}

/// Puts the mistake in, runs the model, takes the mistake out. Prints how it went.
fn is_caught(twin: &Twin, tree: &Path) -> bool {
    let begun = Instant::now();
    let path = tree.join(&twin.file);
    let sound = fs::read_to_string(&path).unwrap_or_default();
    let verdict = match sound.matches(&twin.old).count() {
        1 => {
            fs::write(&path, sound.replacen(&twin.old, &twin.new, 1)).expect("the copy can be written");
            let verdict = run_model(twin, tree);
            fs::write(&path, &sound).expect("the copy can be written");
            verdict
        }
        count => Err(format!("its old text occurs {count} times in {}", twin.file)),
    };
    let seconds = begun.elapsed().as_secs_f64();
    match &verdict {
        Ok(how) => println!("twin {} ... caught by {}: {how} ({seconds:.1} s)", twin.name, twin.model),
        Err(why) => println!("twin {} ... NOT CAUGHT: {why} ({seconds:.1} s)", twin.name),
    }
    verdict.is_ok()
}

/// How the model noticed, or why that does not count.
fn run_model(twin: &Twin, tree: &Path) -> Result<String, String> {
    let built = cargo(tree, &["test", "--release", "-p", "ntwait-models", "--tests", "--no-run"]);
    if !built.status.success() {
        return Err(format!("it does not build\n{}", String::from_utf8_lossy(&built.stderr)));
    }
    let run = cargo(tree, &["test", "--release", "-p", "ntwait-models", "--tests", "--", "--exact", &twin.model]);
    let printed = format!("{}{}", String::from_utf8_lossy(&run.stdout), String::from_utf8_lossy(&run.stderr));
    if !printed.contains("running 1 test") {
        return Err(format!("there is no model {}", twin.model));
    }
    if run.status.success() {
        return Err(format!("{} passes", twin.model));
    }
    Ok(how_it_failed(&printed))
}

/// The first line of the panic, which says what was wrong.
fn how_it_failed(printed: &str) -> String {
    let mut lines = printed.lines().skip_while(|line| !line.contains("panicked at"));
    match lines.nth(1) {
        Some(line) => line.chars().take(90).collect(),
        None => "it hangs or aborts".to_owned(),
    }
}

fn cargo(tree: &Path, arguments: &[&str]) -> Output {
    Command::new("timeout")
        .args(["--kill-after=5", LIMIT_SECONDS, "cargo"])
        .args(arguments)
        .current_dir(tree)
        .env("CARGO_TARGET_DIR", tree.with_file_name("build"))
        .env("CARGO_PROFILE_RELEASE_DEBUG", "false")
        .env("CARGO_PROFILE_RELEASE_OPT_LEVEL", "1")
        .env("RUSTFLAGS", "--cfg ntwait_loom")
        .env("RUST_BACKTRACE", "0")
        .output()
        .expect("timeout and cargo are there")
}

fn read_twins(folder: &Path) -> Vec<Twin> {
    let mut paths: Vec<PathBuf> = fs::read_dir(folder)
        .expect("the twins lie in loom-tests/twins")
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| path.extension().is_some_and(|extension| extension == "twin"))
        .collect();
    paths.sort();
    paths.iter().map(|path| read_twin(path)).collect()
}

fn read_twin(path: &Path) -> Twin {
    let text = fs::read_to_string(path).expect("a readable twin");
    let field = |name: &str| {
        let line = text.lines().find_map(|line| line.strip_prefix(name));
        line.unwrap_or_else(|| panic!("{} has no line `{name}`", path.display())).trim().to_owned()
    };
    let (_, body) = text.split_once("--- old\n").expect("an old text");
    let (old, new) = body.split_once("--- new\n").expect("a new text");
    Twin {
        name: path.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default(),
        model: field("model:"),
        file: field("file:"),
        old: old.to_owned(),
        new: new.to_owned(),
    }
}

/// A copy of the workspace under the target folder. What it was built into stays, so that the next run is quick.
fn fresh_copy(root: &Path) -> PathBuf {
    let target = std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root.join("target"), PathBuf::from);
    let tree = target.join("twins").join("tree");
    let _ = fs::remove_dir_all(&tree);
    fs::create_dir_all(&tree).expect("the target folder can be written");
    for part in PARTS {
        let copied = Command::new("cp").arg("-rp").arg(root.join(part)).arg(&tree).status();
        assert!(copied.is_ok_and(|status| status.success()), "{part} cannot be copied");
    }
    tree
}
