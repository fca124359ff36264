//! The report as text, for the terminal.

use std::fmt::Write;

use comfy_table::presets::UTF8_HORIZONTAL_ONLY;
use comfy_table::{
    Attribute, Cell, CellAlignment, Color, ColumnConstraint, ContentArrangement, Row as Line, Table, TableComponent,
};

use super::{Figure, Report, Row, Verdict, format};
use crate::checks::Outcome;
use crate::faults::{PeerFaults, Tried};

/// How text may look.
#[derive(Clone, Copy)]
pub(crate) struct Looks {
    /// Colours and bold type are understood.
    pub(crate) styled: bool,
    /// Columns to use; `None` asks the terminal.
    pub(crate) width: Option<u16>,
}

/// The one table: a line for each figure that has a target.
pub(crate) fn rows_text(report: &Report, looks: Looks) -> String {
    let mut table = empty(looks, &["", "what", "ntwait", "p99", "limit", "ratio", "best peer", "target", ""]);
    for row in report.rows.iter().filter(|row| row.has_target()) {
        table.add_row(line(row, looks));
    }
    for column in [2, 3, 5] {
        align_right(&mut table, column);
    }
    let width = table.width().unwrap_or(u16::MAX);
    for (column, needed) in [(BEST_PEER, 140), (P99, 110)] {
        if let Some(column) = table.column_mut(column).filter(|_| width < needed) {
            column.set_constraint(ColumnConstraint::Hidden);
        }
    }
    table.to_string()
}

/// Columns that a narrow terminal does without.
const P99: usize = 3;
const BEST_PEER: usize = 6;

fn line(row: &Row, looks: Looks) -> Line {
    let named = |figure: Option<&Figure>| {
        figure.map_or_else(
            || "–".to_owned(),
            |figure| format!("{} {}", figure.name, tight(&format::maybe(row.unit, figure.median))),
        )
    };
    let ours = row.ours();
    let best = row.best_peer.as_ref().and_then(|name| row.named(name));
    Line::from(vec![
        strong(&row.id, looks),
        Cell::new(&row.what),
        strong(&format::maybe(row.unit, ours.and_then(|figure| figure.median)), looks),
        Cell::new(format::maybe(row.unit, ours.and_then(|figure| figure.p99))),
        Cell::new(named(row.limit())),
        Cell::new(row.ratio.map_or_else(|| "–".to_owned(), format::ratio)),
        Cell::new(named(best)),
        Cell::new(row.goal.as_ref().map_or("–", |goal| goal.text.as_str())),
        verdict(row, looks),
    ])
}

/// A number stays with its unit.
fn tight(text: &str) -> String {
    text.replace(' ', "\u{a0}")
}

fn verdict(row: &Row, looks: Looks) -> Cell {
    let (text, color) = match row.verdict {
        Verdict::Met => ("met", Color::Green),
        Verdict::Missed => ("NOT met", Color::Red),
        Verdict::Broken => ("BROKEN", Color::Red),
        Verdict::NoTarget => ("–", Color::Reset),
        Verdict::Skipped => ("skipped", Color::Yellow),
    };
    let cell = Cell::new(text);
    if looks.styled { cell.fg(color) } else { cell }
}

/// Every contender of every line.
pub(crate) fn peers_text(report: &Report, looks: Looks) -> String {
    let mut table = empty(looks, &["", "contender", "median", "p99", "against ntwait", ""]);
    for row in &report.rows {
        let ours = row.ours().and_then(|figure| figure.median);
        for (at, figure) in row.figures.iter().enumerate() {
            let against = figure.median.zip(ours).map(|(median, ours)| format::ratio(median / ours));
            table.add_row(vec![
                strong(if at == 0 { &row.id } else { "" }, looks),
                Cell::new(figure.name),
                Cell::new(format::maybe(row.unit, figure.median)),
                Cell::new(format::maybe(row.unit, figure.p99)),
                Cell::new(against.unwrap_or_else(|| "–".to_owned())),
                Cell::new(figure.fault.as_deref().unwrap_or("")),
            ]);
        }
    }
    for column in [2, 3, 4] {
        align_right(&mut table, column);
    }
    table.to_string()
}

/// The checks: one line in all if every one passed, else the failures in full. With `verbose` all of them.
pub(crate) fn checks_text(checks: &[Outcome], looks: Looks, verbose: bool) -> String {
    let failed: Vec<&Outcome> = checks.iter().filter(|check| !check.passed).collect();
    let mut text = format!("{} checks, {} failed\n", checks.len(), failed.len());
    let shown: Vec<&Outcome> = if verbose { checks.iter().collect() } else { failed };
    if shown.is_empty() {
        return text;
    }
    let mut table = empty(looks, &["", "check", "policy", "rule", "seen"]);
    for check in shown {
        let (word, color) = if check.passed { ("ok", Color::Green) } else { ("FAILED", Color::Red) };
        let word = if looks.styled { Cell::new(word).fg(color) } else { Cell::new(word) };
        let text = [check.name, check.policy, check.rule, &check.detail].map(Cell::new);
        table.add_row([word].into_iter().chain(text));
    }
    let _ = writeln!(text, "{table}");
    text
}

/// What the peers get wrong.
pub(crate) fn faults_text(faults: &[PeerFaults], promises: &[&str], looks: Looks) -> String {
    let header: Vec<&str> = [""].into_iter().chain(promises.iter().copied()).collect();
    let mut table = empty(looks, &header);
    for peer in faults {
        let tried = peer.tried.iter().map(|tried| tried_cell(tried, looks));
        table.add_row([strong(peer.peer, looks)].into_iter().chain(tried));
    }
    table.to_string()
}

fn tried_cell(tried: &Tried, looks: Looks) -> Cell {
    let text = super::format::tried(tried);
    let cell = Cell::new(text);
    match (looks.styled, tried.is_clean()) {
        (true, false) => cell.fg(Color::Red),
        _ => cell,
    }
}

fn empty(looks: Looks, header: &[&str]) -> Table {
    let mut table = Table::new();
    table
        .load_preset(UTF8_HORIZONTAL_ONLY)
        .remove_style(TableComponent::HorizontalLines)
        .remove_style(TableComponent::MiddleIntersections);
    table.set_content_arrangement(ContentArrangement::Dynamic);
    if !looks.styled {
        table.force_no_tty();
    }
    if let Some(width) = looks.width {
        table.set_width(width);
    }
    table.set_header(header.iter().map(|title| strong(title, looks)));
    table
}

fn strong(text: &str, looks: Looks) -> Cell {
    let cell = Cell::new(text);
    if looks.styled { cell.add_attribute(Attribute::Bold) } else { cell }
}

fn align_right(table: &mut Table, column: usize) {
    if let Some(column) = table.column_mut(column) {
        column.set_cell_alignment(CellAlignment::Right);
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::sample;
    use super::*;

    const PLAIN: Looks = Looks { styled: false, width: Some(160) };

    #[test]
    fn the_table_says_what_counts() {
        let text = rows_text(&sample(), PLAIN);
        for expected in
            ["P4", "12.0 ns", "bare 10.0\u{a0}ns", "1.200 ×", "std 30.0\u{a0}ns", "≤ 1.03 × limit", "NOT met", "met"]
        {
            assert!(text.contains(expected), "{expected} is missing in\n{text}");
        }
        assert!(!text.contains('\u{1b}'), "no escapes without a terminal");
    }

    #[test]
    fn a_narrow_terminal_gets_fewer_columns() {
        let narrow = rows_text(&sample(), Looks { width: Some(100), ..PLAIN });
        assert!(narrow.contains("NOT met") && !narrow.contains("best peer") && !narrow.contains("p99"), "{narrow}");
        assert!(narrow.lines().all(|line| line.chars().count() <= 100), "{narrow}");
    }

    #[test]
    fn passed_checks_are_one_line_and_failures_are_told() {
        let report = sample();
        let text = checks_text(&report.checks, PLAIN, false);
        assert!(text.starts_with("2 checks, 1 failed"));
        assert!(text.contains("FAILED") && !text.contains("holds"));
        assert!(checks_text(&report.checks, PLAIN, true).contains("holds"));
    }
}
