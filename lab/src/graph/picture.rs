//! The wait graph as a picture: threads on the left, the deadlocked ones first; what they wait for on the right.
//!
//! One row for each thread and each object; a line goes from a thread to what it waits for, a dashed one from an object to
//! its owner. What is in the cycle is red.

use std::fmt::Write as _;

use crate::report::escape;
use crate::snapshot::{ObjectRow, Snapshot, Stuck, ThreadRow, span};

const WIDTH: f64 = 980.0;
const BOX: (f64, f64) = (300.0, 46.0);
const ROW: f64 = 66.0;
const TOP: f64 = 76.0;
const LEFT: f64 = 30.0;
const RIGHT: f64 = WIDTH - LEFT - BOX.0;

const STYLE: &str = "\
svg { background: #fbfbf9; font: 14px system-ui, 'DejaVu Sans', sans-serif; }
text { fill: #1d2329; } .quiet { fill: #5d6873; font-size: 12px; } .head { font-size: 17px; font-weight: 600; }
rect { fill: #ffffff; stroke: #aab2b8; } rect.red { fill: #fdeeea; stroke: #c4321a; stroke-width: 2; }
rect.behind { fill: #fff6e2; stroke: #c98a1a; }
path { fill: none; stroke: #8a949c; stroke-width: 1.5; } path.red { stroke: #c4321a; stroke-width: 2.5; }
.owner { stroke-dasharray: 6 4; } .tip { fill: #8a949c; } .tip.red { fill: #c4321a; }";

/// An SVG of its own.
pub(super) fn draw(snapshot: &Snapshot) -> String {
    let mut threads: Vec<usize> = (0..snapshot.threads.len()).filter(|place| concerns(snapshot, *place)).collect();
    threads.sort_by_key(|place| (snapshot.threads[*place].stuck, *place));
    let mut objects: Vec<usize> =
        (0..snapshot.objects.len()).filter(|place| snapshot.objects[*place].queue > 0).collect();
    let row_of = |object: usize| threads.iter().position(|thread| snapshot.threads[*thread].on.contains(&object));
    objects.sort_by_key(|place| (!snapshot.objects[*place].red, row_of(*place), *place));
    let at = |rows: &[usize], wanted: usize| {
        rows.iter().position(|place| *place == wanted).map(|row| TOP + row as f64 * ROW)
    };
    let height = TOP + threads.len().max(objects.len()) as f64 * ROW + 20.0;
    let mut out = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {height}\" width=\"{WIDTH}\" height=\"{height}\">\n\
         <style>{STYLE}</style>\n<text class=\"head\" x=\"{LEFT}\" y=\"34\">Who waits for whom</text>\n\
         <text class=\"quiet\" x=\"{LEFT}\" y=\"56\">process {}; red: a deadlock, yellow: stuck behind it; \
         a line: waits for, dashed: owned by</text>\n",
        snapshot.process
    );
    let mut edges = Vec::new();
    for (object, place) in objects.iter().filter_map(|object| Some((*object, at(&objects, *object)?))) {
        let row = &snapshot.objects[object];
        for (thread, y) in threads.iter().filter_map(|thread| Some((*thread, at(&threads, *thread)?))) {
            let thread_row = &snapshot.threads[thread];
            let red = row.red && thread_row.stuck == Stuck::Cycle;
            if thread_row.on.contains(&object) {
                edges.push((red, (LEFT + BOX.0, y + 16.0), (RIGHT, place + 16.0), "waits"));
            }
            if row.owner == Some(thread) {
                edges.push((red, (RIGHT, place + 34.0), (LEFT + BOX.0, y + 34.0), "owner"));
            }
        }
    }
    edges.sort_by_key(|(red, ..)| *red); // red ones lie above the others
    for (red, from, to, kind) in edges {
        edge(&mut out, from, to, red, kind);
    }
    for thread in &threads {
        let (row, y) = (&snapshot.threads[*thread], at(&threads, *thread).unwrap_or(TOP));
        card(&mut out, (LEFT, y), class(row), 8.0, &row.name, &about(row));
    }
    for object in &objects {
        let (row, y) = (&snapshot.objects[*object], at(&objects, *object).unwrap_or(TOP));
        let class = if row.red { "red" } else { "" };
        card(&mut out, (RIGHT, y), class, 23.0, &format!("{} {}", row.kind, row.name), &state(row));
    }
    out.push_str("</svg>\n");
    out
}

fn concerns(snapshot: &Snapshot, place: usize) -> bool {
    !snapshot.threads[place].on.is_empty()
        || snapshot.objects.iter().any(|row| row.owner == Some(place) && row.queue > 0)
}

fn class(row: &ThreadRow) -> &'static str {
    match row.stuck {
        Stuck::Cycle => "red",
        Stuck::Behind => "behind",
        Stuck::No => "",
    }
}

fn about(row: &ThreadRow) -> String {
    let since = row.since.map(|since| format!(", for {}", span(since))).unwrap_or_default();
    format!("thread {}, tid {}, {}{since}", row.id.unwrap_or_default(), row.tid, row.state)
}

fn state(row: &ObjectRow) -> String {
    let waiting = format!("{} waiting", row.queue);
    if row.state.is_empty() { waiting } else { format!("{}; {waiting}", row.state) }
}

fn card(out: &mut String, (x, y): (f64, f64), class: &str, round: f64, name: &str, about: &str) {
    let ((width, height), name, about) = (BOX, escape(name), escape(about));
    let (x_text, y_name, y_about) = (x + 16.0, y + 20.0, y + 37.0);
    let _ = writeln!(
        out,
        "<rect class=\"{class}\" x=\"{x}\" y=\"{y}\" width=\"{width}\" height=\"{height}\" rx=\"{round}\"/>\
         <text x=\"{x_text}\" y=\"{y_name}\">{name}</text><text class=\"quiet\" x=\"{x_text}\" y=\"{y_about}\">{about}</text>"
    );
}

/// A curve with an arrow head.
fn edge(out: &mut String, from: (f64, f64), to: (f64, f64), red: bool, kind: &str) {
    let class = if red { "red" } else { "" };
    let ((x1, y1), (x2, y2)) = (from, to);
    let bend = (x2 - x1) / 2.0;
    let back = if x2 > x1 { -9.0 } else { 9.0 };
    let (end, base, above, below) = (x2 + back, x2 + back, y2 - 5.0, y2 + 5.0);
    let (c1, c2) = (x1 + bend, x2 - bend);
    let _ = writeln!(
        out,
        "<path class=\"{kind} {class}\" d=\"M{x1} {y1} C{c1} {y1} {c2} {y2} {end} {y2}\"/>\
         <polygon class=\"tip {class}\" points=\"{x2},{y2} {base},{above} {base},{below}\"/>"
    );
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cycle_is_red_and_names_are_harmless() {
        let thread = |name: &str, on| ThreadRow {
            name: name.to_owned(),
            on: vec![on],
            stuck: Stuck::Cycle,
            ..ThreadRow::default()
        };
        let object =
            |owner| ObjectRow { kind: "mutant", owner: Some(owner), queue: 1, red: true, ..ObjectRow::default() };
        let snapshot = Snapshot {
            threads: vec![thread("<one>", 1), thread("two", 0)],
            objects: vec![object(0), object(1)],
            ..Snapshot::default()
        };
        let picture = draw(&snapshot);
        assert_eq!(picture.matches("<path class=\"waits red\"").count(), 2, "{picture}");
        assert_eq!(picture.matches("<path class=\"owner red\"").count(), 2, "{picture}");
        assert!(picture.contains("&lt;one&gt;") && !picture.contains("<one>"), "{picture}");
    }
}
