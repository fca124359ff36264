//! Runs the broken twins: for each, one mistake is put into a copy of the sources, and the model that is named after the
//! invariant which it breaks must fail.
//!
//! ```text
//! cargo run --release -p ntwait-models --bin twins [NAME…]
//! ```
//!
//! Without a name, one twin of each file of the library that has any; with NTWAIT_DEEP=1, all of them; with names, those whose
//! names contain one.
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
//! The part from `file:` on may come several times. A twin whose old text is not found, or that does not build, is an
//! error and not a catch: the sources have moved on and the twin must follow. Nor is a model that just runs on. The last
//! line is in the form of the test harness, so that it can be counted.

use std::collections::HashSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus};
use std::time::{Duration, Instant};

/// What the copy of the workspace is made of.
const PARTS: &[&str] =
    &["Cargo.toml", "Cargo.lock", "clippy.toml", "src", "benches", "tests", "lab", "loom-tests", "capi"];
/// How long a model may take to notice.
const LIMIT: Duration = Duration::from_secs(60);

/// A mistake and the model that must notice it.
struct Twin {
    name: String,
    model: String,
    edits: Vec<Edit>,
}

/// One place of the mistake.
struct Edit {
    file: String,
    old: String,
    new: String,
}

fn main() {
    let root = root();
    let wanted: Vec<String> = std::env::args().skip(1).collect();
    let is_wanted = |twin: &Twin| wanted.is_empty() || wanted.iter().any(|part| twin.name.contains(part.as_str()));
    let mut twins: Vec<Twin> = read_twins(root).into_iter().filter(is_wanted).collect();
    if wanted.is_empty() && std::env::var_os("NTWAIT_DEEP").is_none_or(|deep| deep == "0") {
        one_of_each_file(&mut twins);
    }
    let workshop = Workshop::new(root);
    let begun = Instant::now();
    println!("\nrunning {} broken twins", twins.len());
    let failed = twins.iter().filter(|twin| !is_caught(twin, &workshop)).count();
    let verdict = if failed == 0 { "ok" } else { "FAILED" };
    println!(
        "\ntest result: {verdict}. {} passed; {failed} failed; 0 ignored; 0 measured; 0 filtered out; finished in {:.2}s\n",
        twins.len() - failed,
        begun.elapsed().as_secs_f64(),
    );
    std::process::exit(i32::from(failed > 0));
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the package lies in the workspace")
}

/// Keeps the first twin that changes each file: all of them take longer than a change should wait.
fn one_of_each_file(twins: &mut Vec<Twin>) {
    let mut files = HashSet::new();
    twins.retain(|twin| twin.edits.first().is_some_and(|edit| files.insert(edit.file.clone())));
}

/// Puts the mistake in, runs the model, takes the mistake out. Prints how it went.
fn is_caught(twin: &Twin, workshop: &Workshop) -> bool {
    let begun = Instant::now();
    let verdict = workshop.put_in(twin).and_then(|()| workshop.run_model(&twin.model));
    workshop.take_out(twin);
    let seconds = begun.elapsed().as_secs_f64();
    match &verdict {
        Ok(how) => println!("twin {} ... caught by {}: {how} ({seconds:.1} s)", twin.name, twin.model),
        Err(why) => println!("twin {} ... NOT CAUGHT: {why} ({seconds:.1} s)", twin.name),
    }
    verdict.is_ok()
}

/// A copy of the workspace under the target folder. What it was built into stays, so that the next run is quick.
struct Workshop {
    root: PathBuf,
    tree: PathBuf,
}

impl Workshop {
    fn new(root: &Path) -> Self {
        let target = std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root.join("target"), PathBuf::from);
        let tree = target.join("twins").join("tree");
        let _ = fs::remove_dir_all(&tree);
        fs::create_dir_all(&tree).expect("the target folder can be written");
        for part in PARTS {
            let copied = Command::new("cp").arg("-r").arg(root.join(part)).arg(&tree).status();
            assert!(copied.is_ok_and(|status| status.success()), "{part} cannot be copied");
        }
        Self { root: root.to_owned(), tree }
    }

    fn put_in(&self, twin: &Twin) -> Result<(), String> {
        for edit in &twin.edits {
            let path = self.tree.join(&edit.file);
            let text = fs::read_to_string(&path).map_err(|error| format!("{}: {error}", edit.file))?;
            fs::write(&path, edit.apply(&text)?).expect("the copy can be written");
        }
        Ok(())
    }

    fn take_out(&self, twin: &Twin) {
        for Edit { file, .. } in &twin.edits {
            if let Ok(sound) = fs::read(self.root.join(file)) {
                fs::write(self.tree.join(file), sound).expect("the copy can be written");
            }
        }
    }

    /// How the model noticed, or why that does not count.
    fn run_model(&self, model: &str) -> Result<String, String> {
        let area = area_of(&self.tree, model).ok_or_else(|| format!("there is no model {model}"))?;
        let build = ["test", "--release", "-p", "ntwait-models", "--test", &area];
        let built = self.cargo(&build).arg("--no-run").output().expect("cargo is there");
        if !built.status.success() {
            return Err(format!("it does not build\n{}", String::from_utf8_lossy(&built.stderr)));
        }
        let log = self.tree.with_file_name("log");
        let file = fs::File::create(&log).expect("the target folder can be written");
        let mut run = self.cargo(&build);
        run.args(["--quiet", "--", "--exact", model]).stdout(file.try_clone().expect("a log")).stderr(file);
        let status = within_limit(run);
        let printed = fs::read_to_string(&log).unwrap_or_default();
        match status {
            None => Err(format!("{model} still runs after {} s", LIMIT.as_secs())),
            Some(status) if status.success() => Err(format!("{model} passes")),
            Some(_) => how_it_failed(&printed).ok_or_else(|| format!("{model} did not run\n{printed}")),
        }
    }

    /// Lightly optimised and incremental: building a twin takes longer than its failure.
    fn cargo(&self, arguments: &[&str]) -> Command {
        let mut cargo = Command::new("cargo");
        cargo
            .args(arguments)
            .current_dir(&self.tree)
            .env("CARGO_TARGET_DIR", self.tree.with_file_name("build"))
            .env("CARGO_PROFILE_RELEASE_DEBUG", "false")
            .env("CARGO_PROFILE_RELEASE_OPT_LEVEL", "1")
            .env("CARGO_PROFILE_RELEASE_INCREMENTAL", "true")
            .env("RUSTFLAGS", "--cfg ntwait_loom")
            .env("RUST_BACKTRACE", "0")
            // What is freed is overwritten, so that its use does not go unnoticed.
            .env("GLIBC_TUNABLES", "glibc.malloc.tcache_count=0:glibc.malloc.perturb=165");
        if std::env::var_os("LOOM_MAX_PREEMPTIONS").is_none() {
            cargo.env("LOOM_MAX_PREEMPTIONS", "3");
        }
        cargo
    }
}

impl Edit {
    fn apply(&self, text: &str) -> Result<String, String> {
        match text.matches(&self.old).count() {
            1 => Ok(text.replacen(&self.old, &self.new, 1)),
            count => Err(format!("its old text occurs {count} times in {}", self.file)),
        }
    }
}

/// `None`: it had to be stopped.
fn within_limit(mut command: Command) -> Option<ExitStatus> {
    use std::os::unix::process::CommandExt;
    let begun = Instant::now();
    let mut child = command.process_group(0).spawn().expect("cargo is there");
    while begun.elapsed() < LIMIT {
        if let Some(status) = child.try_wait().expect("our own child") {
            return Some(status);
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    // The group: cargo and the model.
    let _ = Command::new("kill").arg("--").arg(format!("-{}", child.id())).status();
    let _ = child.wait();
    None
}

/// What the model said when it failed: the first line of the first panic's message.
fn how_it_failed(printed: &str) -> Option<String> {
    let mut lines = printed.lines().skip_while(|line| !line.contains("panicked at"));
    let message = lines.nth(1)?;
    let values: Vec<&str> = lines.map_while(|line| line.strip_prefix("  ")).map(str::trim).take(2).collect();
    Some([message].into_iter().chain(values).collect::<Vec<_>>().join(", ").chars().take(110).collect())
}

/// The test file with this model.
fn area_of(tree: &Path, model: &str) -> Option<String> {
    let head = format!("fn {model}()");
    let files = fs::read_dir(tree.join("loom-tests/tests")).ok()?;
    let path = files.filter_map(|file| Some(file.ok()?.path())).find(|path| {
        let text = fs::read_to_string(path).unwrap_or_default();
        text.contains(&head)
    })?;
    Some(path.file_stem()?.to_str()?.to_owned())
}

fn read_twins(root: &Path) -> Vec<Twin> {
    let mut paths: Vec<PathBuf> = fs::read_dir(root.join("loom-tests/twins"))
        .expect("the twins lie in loom-tests/twins")
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| path.extension().is_some_and(|extension| extension == "twin"))
        .collect();
    paths.sort();
    paths.iter().map(|path| read_twin(path)).collect()
}

fn read_twin(path: &Path) -> Twin {
    let text = fs::read_to_string(path).expect("a readable twin");
    let mut twin = Twin { name: String::new(), model: String::new(), edits: Vec::new() };
    twin.name = path.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default();
    let mut in_new = false;
    for line in text.lines() {
        if let Some(model) = line.strip_prefix("model: ") {
            twin.model = model.to_owned();
        } else if let Some(file) = line.strip_prefix("file: ") {
            twin.edits.push(Edit { file: file.to_owned(), old: String::new(), new: String::new() });
        } else if line == "--- old" || line == "--- new" {
            in_new = line == "--- new";
        } else if let Some(edit) = twin.edits.last_mut() {
            let part = if in_new { &mut edit.new } else { &mut edit.old };
            part.push_str(line);
            part.push('\n');
        }
    }
    twin
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The quick part of the proof: the twins fit the sources as they are, and name models that there are.
    #[test]
    fn twins_fit_the_sources() {
        let mut misfits = Vec::new();
        for twin in read_twins(root()) {
            if area_of(root(), &twin.model).is_none() {
                misfits.push(format!("{}: there is no model {}", twin.name, twin.model));
            }
            for edit in &twin.edits {
                let text = fs::read_to_string(root().join(&edit.file)).expect("a file of the library");
                misfits.extend(edit.apply(&text).err().map(|why| format!("{}: {why}", twin.name)));
            }
        }
        assert!(misfits.is_empty(), "{misfits:#?}");
    }

    /// The page names every model and every twin.
    #[test]
    fn readme_names_all() {
        let page = fs::read_to_string(root().join("loom-tests/README.md")).expect("the page");
        let mut names: Vec<String> = read_twins(root()).into_iter().map(|twin| twin.name).collect();
        for file in fs::read_dir(root().join("loom-tests/tests")).expect("the models") {
            let text = fs::read_to_string(file.expect("a file").path()).expect("a readable file");
            let tests = text.split("#[test]\nfn ").skip(1);
            names.extend(tests.filter_map(|test| Some(test.split_once('(')?.0.to_owned())));
        }
        let missing: Vec<_> = names.iter().filter(|name| !page.contains(&format!("`{name}`"))).collect();
        assert!(missing.is_empty(), "{missing:?}");
    }
}
