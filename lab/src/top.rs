//! `lab top`: what the threads of the demonstration do: a picture on a terminal, a page a second elsewhere.

mod live;

use std::fmt::Write as _;
use std::io::IsTerminal as _;
use std::thread::sleep;
use std::time::Duration;

use crate::demonstration::Demonstration;
use crate::snapshot::{Counts, Snapshot, Stuck, span};

/// Seconds for which pages are printed, unless said otherwise.
const PLAIN_SECONDS: u32 = 10;

/// Shows the server, for so many seconds; on a terminal until a key ends it, if not said.
pub(crate) fn run(seconds: Option<u32>, deadlock: bool, plain: bool) -> Result<(), String> {
    let server = Demonstration::start().map_err(|status| format!("the demonstration does not start: {status}"))?;
    let shown = match plain || !std::io::stdout().is_terminal() || !std::io::stdin().is_terminal() {
        true => print(&server, seconds.unwrap_or(PLAIN_SECONDS), deadlock),
        false => live::run(&server, seconds, deadlock),
    };
    shown.and(server.end())
}

/// A page a second; with `deadlock` the server is in its deadlock from the second one on.
fn print(server: &Demonstration, seconds: u32, deadlock: bool) -> Result<(), String> {
    let mut before = Counts::default();
    for second in 0..seconds {
        sleep(Duration::from_secs(1));
        let snapshot = server.snapshot();
        println!("{}", page(&snapshot, &before));
        before = snapshot.counts;
        if deadlock && second == 0 {
            server.quarrel();
            server.wait_until_stuck()?;
        }
    }
    Ok(())
}

fn page(snapshot: &Snapshot, before: &Counts) -> String {
    let [accepted, served, waits, signals] = snapshot.rates(before);
    let mut text = format!(
        "process {}: {accepted:.0} requests/s, {served:.0} served/s, {waits:.0} waits/s, {signals:.0} signals/s\n\n",
        snapshot.process
    );
    let _ = writeln!(text, "    {:>5} {:>8}  {:<14} {:<9} {:>9}  WAITS FOR", "ID", "TID", "NAME", "STATE", "SINCE");
    for thread in &snapshot.threads {
        let mark = if thread.stuck == Stuck::No { ' ' } else { '!' };
        let id = thread.id.map(|id| id.to_string()).unwrap_or_default();
        let since = thread.since.map(span).unwrap_or_default();
        let (tid, name, state, reason) = (thread.tid, &thread.name, thread.state, &thread.reason);
        let line = format!("  {mark} {id:>5} {tid:>8}  {name:<14} {state:<9} {since:>9}  {reason}");
        let _ = writeln!(text, "{}", line.trim_end());
    }
    let _ = writeln!(text, "\n    {:<32} {:<14} {:>5}  STATE", "OBJECT", "OWNER", "QUEUE");
    for object in &snapshot.objects {
        let mark = if object.red { '!' } else { ' ' };
        let owner = object.owner.map(|place| snapshot.threads[place].name.clone()).unwrap_or_default();
        let name = format!("{} {}", object.kind, object.name);
        let line = format!("  {mark} {name:<32} {owner:<14} {:>5}  {}", object.queue, object.state);
        let _ = writeln!(text, "{}", line.trim_end());
    }
    for deadlock in &snapshot.deadlocks {
        let _ = write!(text, "\n{deadlock}");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::snapshot::{ObjectRow, ThreadRow};

    #[test]
    fn a_page_names_threads_objects_and_deadlocks() {
        let thread = ThreadRow {
            id: Some(4),
            tid: 77,
            name: "worker 1".to_owned(),
            state: "waits",
            on: vec![0],
            reason: "mutant journal".to_owned(),
            since: Some(Duration::from_millis(1_500)),
            stuck: Stuck::Cycle,
        };
        let object = ObjectRow {
            kind: "mutant",
            name: "journal".to_owned(),
            owner: Some(0),
            queue: 1,
            red: true,
            ..ObjectRow::default()
        };
        let snapshot = Snapshot {
            process: 9,
            threads: vec![thread],
            objects: vec![object],
            deadlocks: vec!["deadlock of 2 threads:\n".to_owned()],
            counts: Counts { at: Duration::from_secs(2), accepted: 30, served: 20, waits: 10, signals: 40 },
            ..Snapshot::default()
        };
        let before = Counts { at: Duration::from_secs(1), accepted: 10, ..Counts::default() };
        assert_eq!(
            page(&snapshot, &before),
            "process 9: 20 requests/s, 20 served/s, 10 waits/s, 40 signals/s\n\n\
             \x20      ID      TID  NAME           STATE         SINCE  WAITS FOR\n\
             \x20 !     4       77  worker 1       waits         1.5 s  mutant journal\n\n\
             \x20   OBJECT                           OWNER          QUEUE  STATE\n\
             \x20 ! mutant journal                   worker 1           1\n\n\
             deadlock of 2 threads:\n"
        );
    }
}
