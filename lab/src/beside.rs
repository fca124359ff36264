//! Two builds of the lab side by side: what the cheapest rows cost in each, measured in turns.
//!
//! Both are child processes, so that neither profits from what the other has warmed up; the first is this program itself.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::{Command, Stdio};
use std::{env, fs, process};

use serde_json::Value;

use crate::stats::median;

/// How often each is run.
const ROUNDS: usize = 9;
/// The rows of which a single instruction more would be seen.
const ROWS: &str = "P1,P2,P3";
/// Seconds for one run's measurements.
const SECONDS: &str = "2";

/// Nanoseconds by row, one for each run.
type Costs = BTreeMap<String, Vec<f64>>;

/// Runs both in turns and prints how the other one differs; the reason if that is impossible.
pub(crate) fn run(other: &Path) -> Result<(), String> {
    let own = env::current_exe().map_err(|error| format!("where is this program? {error}"))?;
    let (mut ours, mut theirs) = (Costs::new(), Costs::new());
    for round in 1..=ROUNDS {
        measure(&own, &mut ours)?;
        measure(other, &mut theirs)?;
        println!("round {round} of {ROUNDS}");
    }
    println!("{:10} {:>10} {:>10} {:>10}", "", "this", "the other", "change");
    for (row, here) in &ours {
        let there = theirs.get(row).and_then(|costs| median(costs));
        let (Some(here), Some(there)) = (median(here), there) else {
            return Err(format!("the other program does not measure {row}"));
        };
        println!("{row:10} {here:>7.3} ns {there:>7.3} ns {:>+8.1} %", (there / here - 1.0) * 100.0);
    }
    Ok(())
}

/// One run of one of them.
fn measure(program: &Path, costs: &mut Costs) -> Result<(), String> {
    let folder = env::temp_dir().join(format!("ntwait-beside-{}", process::id()));
    let said = Command::new(program)
        .args(["--only", ROWS, "--seconds", SECONDS, "--out"])
        .arg(&folder)
        .stdout(Stdio::null())
        .status();
    let report = fs::read_to_string(folder.join("report.json"));
    // What was measured is read; a folder that stays behind does no harm.
    let _ = fs::remove_dir_all(&folder);
    let name = program.display();
    match said {
        Ok(status) if status.success() => {}
        Ok(status) => return Err(format!("{name}: {status}")),
        Err(error) => return Err(format!("{name}: {error}")),
    }
    let report = report.map_err(|error| format!("{name} left no report: {error}"))?;
    let report: Value = serde_json::from_str(&report).map_err(|error| format!("{name}: {error}"))?;
    for (row, cost) in own_figures(&report) {
        costs.entry(row).or_default().push(cost);
    }
    Ok(())
}

/// What ntwait itself took in each row that is measured in nanoseconds.
fn own_figures(report: &Value) -> Vec<(String, f64)> {
    let rows = report["rows"].as_array().map_or(&[][..], Vec::as_slice);
    let in_time = rows.iter().filter(|row| row["unit"] == "ns");
    let own = in_time.filter_map(|row| {
        let figures = row["figures"].as_array()?;
        let ours = figures.iter().find(|figure| figure["role"] == "ours")?;
        Some((row["id"].as_str()?.to_owned(), ours["median"].as_f64()?))
    });
    own.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_of_ntwait_alone_are_compared() {
        let report = serde_json::json!({ "rows": [
            { "id": "P1", "unit": "ns", "figures": [
                { "role": "limit", "median": 1.0 }, { "role": "ours", "median": 2.5 }, { "role": "peer", "median": 3.0 },
            ] },
            { "id": "P3.two", "unit": "times", "figures": [{ "role": "ours", "median": 1.0 }] },
            { "id": "P4", "unit": "ns", "figures": [{ "role": "peer", "median": 1.0 }] },
        ] });
        assert_eq!(own_figures(&report), [("P1".to_owned(), 2.5)]);
        assert!(own_figures(&serde_json::json!({})).is_empty());
    }
}
