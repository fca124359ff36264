//! `lab graph`: the demonstration in its deadlock, as text and as a picture.

mod picture;

use std::fs;
use std::path::Path;

use crate::demonstration::Demonstration;
use crate::session::default_folder;
use crate::snapshot::Snapshot;

/// Runs into the deadlock, prints who waits for whom, and draws it into `out`.
pub(crate) fn run(out: Option<&Path>) -> Result<(), String> {
    let file = out.map_or_else(|| default_folder().join("graph.svg"), Path::to_path_buf);
    let server = Demonstration::start().map_err(|status| format!("the demonstration does not start: {status}"))?;
    server.quarrel();
    let stuck = server.wait_until_stuck();
    let snapshot = server.snapshot();
    let ended = server.end();
    stuck?;
    print!("{}", snapshot.source.text);
    for deadlock in &snapshot.deadlocks {
        print!("\n{deadlock}");
    }
    write(&snapshot, &file).map_err(|error| format!("{} cannot be written: {error}", file.display()))?;
    println!("\nPicture: {} (and .dot, .json)", file.display());
    ended
}

fn write(snapshot: &Snapshot, file: &Path) -> std::io::Result<()> {
    if let Some(folder) = file.parent() {
        fs::create_dir_all(folder)?;
    }
    fs::write(file.with_extension("dot"), &snapshot.source.dot)?;
    fs::write(file.with_extension("json"), &snapshot.source.json)?;
    fs::write(file, picture::draw(snapshot))
}
