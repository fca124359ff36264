//! The built program, as people and CI call it.

use std::fs;
use std::path::PathBuf;
use std::process::{Command, Output};

fn lab(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_ntwait-lab")).args(arguments).output().expect("the lab starts")
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// A folder of this test's own, empty.
fn folder(name: &str) -> PathBuf {
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name);
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder).expect("a folder for the test");
    folder
}

#[test]
fn help_names_every_option_and_row() {
    let output = lab(&["--help"]);
    assert!(output.status.success());
    let help = text(&output.stdout);
    for expected in
        ["--only", "--quick", "--seconds", "--json", "--out", "--verbose", "P1 ", "P16 ", "--soak", "Exit status"]
    {
        assert!(help.contains(expected), "{expected} is missing in\n{help}");
    }
    assert!(!help.contains("alive "), "the command for child processes is hidden");
}

#[test]
fn wrong_usage_is_refused() {
    for arguments in [&["--only", "P99"][..], &["--seconds", "0"], &["--nonsense"], &["alive", "nothing", "0", "1"]] {
        let output = lab(arguments);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        assert!(!output.stderr.is_empty(), "{arguments:?} says why");
    }
}

#[test]
fn one_row_alone_is_measured_and_nothing_else() {
    let folder = folder("one-row");
    let output = lab(&["--quick", "--seconds", "1", "--only", "p10", "--out", &folder.display().to_string()]);
    assert!(output.status.success(), "{}", text(&output.stderr));
    let stdout = text(&output.stdout);
    assert!(stdout.contains("P10") && !stdout.contains("P11") && !stdout.contains("checks"), "{stdout}");
}

#[test]
fn a_soak_counts_what_is_left_and_says_so() {
    let output = lab(&["--soak", "6000"]);
    let stdout = text(&output.stdout);
    assert!(output.status.success(), "{stdout}");
    assert!(stdout.contains("100 %") && stdout.contains("mappings"), "{stdout}");
}

#[test]
fn a_quick_run_checks_measures_and_reports() {
    let folder = folder("quick");
    let json = folder.join("copy.json");
    let output = lab(&[
        "--quick",
        "--seconds",
        "2",
        "--out",
        &folder.display().to_string(),
        "--json",
        &json.display().to_string(),
    ]);
    let stdout = text(&output.stdout);
    assert!(output.stderr.is_empty(), "no progress bar without a terminal: {}", text(&output.stderr));
    assert!(!stdout.contains('\u{1b}'), "no colours without a terminal");

    let report: serde_json::Value =
        serde_json::from_str(&fs::read_to_string(&json).expect("the JSON is written")).expect("and is JSON");
    let checks = report["checks"].as_array().expect("checks");
    let failed: Vec<_> = checks.iter().filter(|check| check["passed"] != true).collect();
    assert_eq!(output.status.code(), Some(i32::from(!failed.is_empty())), "exit status against {failed:#?}\n{stdout}");
    assert!(checks.len() >= 56 && failed.is_empty(), "{failed:#?}");

    let rows = report["rows"].as_array().expect("rows");
    for number in 1..=16 {
        let name = format!("P{number}");
        let row = rows.iter().find(|row| row["row"] == name.as_str()).unwrap_or_else(|| panic!("{name} is missing"));
        let figures = row["figures"].as_array().expect("figures");
        assert!(row["verdict"] == "skipped" || figures.iter().any(|figure| figure["role"] == "ours"), "{name}");
        assert!(stdout.contains(&name), "{name} is missing in\n{stdout}");
    }
    assert!(report["threads"]["backend"].is_string() && stdout.contains("Threads: "));
    assert_eq!(report["peer_faults"].as_array().map(Vec::len), Some(7));
    assert!(report["machine"]["kernel"].is_string() && report["quick"] == true);

    let page = fs::read_to_string(folder.join("report.html")).expect("the page is written");
    assert!(page.contains("<svg") && page.contains("prefers-color-scheme: dark"));
    assert!(folder.join("report.json").is_file());
}

#[test]
fn a_deadlock_is_told_and_drawn() {
    let picture = folder("graph").join("waits.svg");
    let output = lab(&["graph", "--out", &picture.display().to_string()]);
    let stdout = text(&output.stdout);
    assert!(output.status.success(), "{stdout}{}", text(&output.stderr));
    assert!(stdout.contains("deadlock of") && stdout.contains("worker 1"), "{stdout}");
    let drawn = fs::read_to_string(&picture).expect("the picture is written");
    assert!(drawn.contains("path class=\"waits red\"") && drawn.contains("critical section statistics"), "{drawn}");
    assert!(picture.with_extension("dot").is_file());
    let json = fs::read_to_string(picture.with_extension("json")).expect("the JSON is written");
    assert!(serde_json::from_str::<serde_json::Value>(&json).is_ok_and(|graph| graph["threads"].is_array()));
}

#[test]
fn top_shows_a_server_and_then_its_deadlock() {
    let output = lab(&["top", "--seconds", "2", "--deadlock"]);
    let stdout = text(&output.stdout);
    assert!(output.status.success(), "{stdout}{}", text(&output.stderr));
    assert_eq!(stdout.matches("WAITS FOR").count(), 2, "one page a second\n{stdout}");
    assert_eq!(stdout.matches("deadlock of").count(), 1, "{stdout}");
}
