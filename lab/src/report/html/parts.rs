//! The tables and texts of the page.

use std::fmt::Write;

use super::super::svg::escape;
use super::super::{Figure, Report, Row, Verdict, format};
use crate::measure::Role;

/// Title, summary, machine.
pub(super) fn head(report: &Report) -> String {
    let (met, judged) = report.score();
    let failed = report.checks.iter().filter(|check| !check.passed).count();
    let mut head = String::from("<header>\n<h1>ntwait lab</h1>\n<p class=\"summary\">");
    if judged > 0 {
        let _ = write!(head, "<span class=\"{}\">{met} of {judged} targets met</span>", good(met == judged));
    }
    if !report.checks.is_empty() {
        let _ = write!(
            head,
            "<span class=\"{}\">{} checks, {failed} failed</span>",
            good(failed == 0),
            report.checks.len()
        );
    }
    let _ = writeln!(
        head,
        "</p>\n<p class=\"about\">{}<br>{}<br>Threads: {}</p>",
        escape(&report.date),
        escape(&report.machine.describe()),
        escape(&report.threads.to_string())
    );
    for caution in report.cautions() {
        let _ = writeln!(head, "<p class=\"caution\">{}</p>", escape(&caution));
    }
    head.push_str("</header>\n");
    head
}

fn good(good: bool) -> &'static str {
    if good { "met" } else { "missed" }
}

/// The one table.
pub(super) fn rows(report: &Report) -> String {
    let mut html = open(&["", "what", "ntwait", "p99", "limit", "ratio", "best peer", "target", ""]);
    for row in report.rows.iter().filter(|row| row.has_target()) {
        let ours = row.ours();
        let best = row.best_peer.as_ref().and_then(|name| row.named(name));
        let (class, word) = verdict(row);
        let _ = writeln!(
            html,
            "<tr><th>{}</th><td>{}</td><td class=\"num strong\">{}</td><td class=\"num\">{}</td>{}<td class=\"num\">{}</td>{}<td>{}</td><td class=\"{class}\">{}</td></tr>",
            escape(&row.id),
            escape(&row.what),
            format::maybe(row.unit, ours.and_then(|figure| figure.median)),
            format::maybe(row.unit, ours.and_then(|figure| figure.p99)),
            named(row, row.limit()),
            row.ratio.map_or_else(|| "–".to_owned(), format::ratio),
            named(row, best),
            escape(row.goal.as_ref().map_or("–", |goal| &goal.text)),
            escape(&word),
        );
    }
    close(html)
}

fn named(row: &Row, figure: Option<&Figure>) -> String {
    match figure {
        Some(figure) => format!(
            "<td>{} <span class=\"quiet\">{}</span></td>",
            format::maybe(row.unit, figure.median),
            escape(figure.name)
        ),
        None => "<td>–</td>".to_owned(),
    }
}

fn verdict(row: &Row) -> (&'static str, String) {
    match row.verdict {
        Verdict::Met => ("met", "✓ met".to_owned()),
        Verdict::Missed => ("missed", "✗ not met".to_owned()),
        Verdict::Broken => ("missed", "✗ broken".to_owned()),
        Verdict::NoTarget => ("quiet", "–".to_owned()),
        Verdict::Skipped => ("quiet", format!("skipped: {}", row.skipped.as_deref().unwrap_or(""))),
    }
}

/// What the peers get wrong.
pub(super) fn faults(report: &Report) -> String {
    if report.peer_faults.is_empty() {
        return NOT_IN_THIS_RUN.to_owned();
    }
    let header: Vec<&str> = [""].into_iter().chain(report.promises).collect();
    let mut html = open(&header);
    for peer in &report.peer_faults {
        let _ = write!(html, "<tr><th>{}</th>", escape(peer.peer));
        for tried in &peer.tried {
            let kept = tried.is_clean();
            let sign = if kept { "✓" } else { "✗" };
            let _ = write!(html, "<td class=\"{}\">{sign} {}</td>", good(kept), escape(&format::tried(tried)));
        }
        html.push_str("</tr>\n");
    }
    close(html)
}

const NOT_IN_THIS_RUN: &str = "<p class=\"quiet\">Not part of this run.</p>\n";

/// All checks, folded away if every one passed.
pub(super) fn checks(report: &Report) -> String {
    if report.checks.is_empty() {
        return NOT_IN_THIS_RUN.to_owned();
    }
    let failed = report.checks.iter().filter(|check| !check.passed).count();
    let mut html = open(&["", "check", "policy", "rule", "seen", "time"]);
    for check in &report.checks {
        let sign = if check.passed { "✓" } else { "✗" };
        let _ = writeln!(
            html,
            "<tr><td class=\"{}\">{sign}</td><th>{}</th><td class=\"keep\">{}</td><td>{}</td><td>{}</td><td class=\"num\">{:.0} ms</td></tr>",
            good(check.passed),
            escape(check.name),
            escape(check.policy),
            escape(check.rule),
            escape(&check.detail),
            check.milliseconds
        );
    }
    fold(&format!("{} checks, {failed} failed", report.checks.len()), failed > 0, &close(html))
}

/// Every figure of every contender, folded away.
pub(super) fn everyone(report: &Report) -> String {
    let mut html = open(&["", "what", "contender", "median", "p99", "against ntwait", ""]);
    for row in &report.rows {
        let ours = row.ours().and_then(|figure| figure.median);
        for (at, figure) in row.figures.iter().enumerate() {
            let (id, what) = if at == 0 { (row.id.as_str(), row.what.as_str()) } else { ("", "") };
            let role = if figure.role == Role::Ours { "keep strong" } else { "keep" };
            let against = figure.median.zip(ours).map_or_else(|| "–".to_owned(), |(a, b)| format::ratio(a / b));
            let _ = writeln!(
                html,
                "<tr><th>{}</th><td>{}</td><td class=\"{role}\">{}</td><td class=\"num\">{}</td><td class=\"num\">{}</td><td class=\"num\">{against}</td><td>{}</td></tr>",
                escape(id),
                escape(what),
                escape(figure.name),
                format::maybe(row.unit, figure.median),
                format::maybe(row.unit, figure.p99),
                escape(figure.fault.as_deref().unwrap_or("")),
            );
        }
    }
    fold(&format!("{} lines", report.rows.len()), false, &close(html))
}

/// How to read the figures.
pub(super) fn method(report: &Report) -> String {
    let mut html = String::from("<section class=\"method\">\n<h2>How to read this</h2>\n<ul>\n");
    for line in report.method() {
        let _ = writeln!(html, "<li>{}</li>", escape(&line));
    }
    html.push_str("</ul>\n</section>\n");
    html
}

fn fold(summary: &str, open: bool, content: &str) -> String {
    let open = if open { " open" } else { "" };
    format!("<details{open}>\n<summary>{}</summary>\n{content}</details>\n", escape(summary))
}

fn open(header: &[&str]) -> String {
    let mut html = String::from("<div class=\"table\">\n<table>\n<thead><tr>");
    for title in header {
        let _ = write!(html, "<th>{}</th>", escape(title));
    }
    html.push_str("</tr></thead>\n<tbody>\n");
    html
}

fn close(mut html: String) -> String {
    html.push_str("</tbody>\n</table>\n</div>\n");
    html
}
