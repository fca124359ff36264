//! The built library, and C programs against it.
//!
//! Cargo makes no shared library for the tests of a package, so the tests ask it for one: of the profile they have, in the
//! target directory they lie in. If nothing has changed that takes no time.

#![allow(dead_code, reason = "no test uses all of it")]
#![allow(clippy::disallowed_types, clippy::disallowed_methods, reason = "tests are not the product")]

use std::env;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::LazyLock;
use std::thread::sleep;
use std::time::{Duration, Instant};

/// How long a program may take: more than any needs, so that a hang fails.
const LIMIT: Duration = Duration::from_secs(120);

/// Where cargo puts what it has built: `<target>/<profile>`.
fn build_directory() -> PathBuf {
    let test = env::current_exe().expect("the test's own path");
    let deps = test.parent().expect("the tests' directory");
    deps.parent().expect("the directory of the profile").to_path_buf()
}

/// The shared library, built.
pub(crate) static LIBRARY: LazyLock<PathBuf> = LazyLock::new(|| {
    let directory = build_directory();
    let mut cargo = Command::new(env!("CARGO"));
    cargo.args(["build", "--quiet", "--frozen", "--package", "ntwait-capi", "--manifest-path"]);
    cargo.arg(source("Cargo.toml")).arg("--target-dir").arg(directory.parent().expect("the target directory"));
    if directory.ends_with("release") {
        cargo.arg("--release");
    }
    check("cargo build", &cargo.output().expect("cargo"));
    let library = directory.join("libntwait.so");
    assert!(library.is_file(), "{} is not there", library.display());
    library
});

/// A file of this package.
pub(crate) fn source(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

fn check(what: &str, output: &Output) {
    assert!(
        output.status.success(),
        "{what}: {}\n{}{}",
        output.status,
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr),
    );
}

/// The compilers that are there: `cc`, and the other one of GCC and Clang if there are two.
pub(crate) fn compilers() -> impl Iterator<Item = &'static str> {
    ["cc", "clang"].into_iter().filter(|name| {
        let is_there = Command::new(name).arg("--version").output().is_ok();
        assert!(is_there || *name != "cc", "there is no C compiler");
        is_there
    })
}

/// Compiles a program of `tests/c` against the headers and the shared library, with no warning permitted.
pub(crate) fn compile(compiler: &str, name: &str) -> PathBuf {
    let library = LIBRARY.parent().expect("the library's directory");
    let link = [format!("-L{}", library.display()), "-lntwait".into(), format!("-Wl,-rpath,{}", library.display())];
    compile_with(compiler, &format!("{name}.c"), &format!("{name}-{compiler}"), &link)
}

/// Compiles `tests/c/FILE` and links it as it is said.
pub(crate) fn compile_with(compiler: &str, file: &str, program: &str, link: &[String]) -> PathBuf {
    let directory = build_directory().join("c-programs");
    std::fs::create_dir_all(&directory).expect("a directory for the programs");
    let program = directory.join(program);
    let standard = if file.ends_with(".cc") { "-std=c++17" } else { "-std=c11" };
    let mut command = Command::new(compiler);
    command.args([standard, "-g", "-O1", "-Wall", "-Wextra", "-Werror", "-D_GNU_SOURCE", "-pthread", "-I"]);
    command.arg(source("../include")).arg("-I").arg(source("tests/c")).arg(source("tests/c").join(file));
    command.arg("-o").arg(&program).args(link);
    check(&format!("{compiler} {file}"), &command.output().expect("the compiler"));
    program
}

/// Runs a program to its end, which must be a success.
pub(crate) fn run(program: &Path) {
    run_with(program, &[]);
}

/// The same, with arguments.
pub(crate) fn run_with(program: &Path, arguments: &[&Path]) {
    let mut child = Command::new(program).args(arguments).spawn().expect("the program");
    let end = Instant::now() + LIMIT;
    let status = loop {
        if let Some(status) = child.try_wait().expect("the program's status") {
            break status;
        }
        if Instant::now() > end {
            child.kill().expect("an end of the program");
            panic!("{} has not ended within {LIMIT:?}", program.display());
        }
        sleep(Duration::from_millis(5));
    };
    assert!(status.success(), "{}: {status}", program.display());
}
