//! The report as one self-contained page: no scripts, no fonts, nothing from elsewhere.

mod parts;

use std::fmt::Write;

use super::svg::{Bar, Curve, Ridge, bars, curves, escape, ridges};
use super::{Report, Row};

/// The whole page.
pub(crate) fn page(report: &Report) -> String {
    let mut page = String::with_capacity(256 * 1024);
    let _ = write!(
        page,
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta name=\"color-scheme\" content=\"light dark\">\n<title>ntwait lab, {}</title>\n<style>\n{}</style>\n</head>\n<body>\n<main>\n",
        escape(&report.date),
        include_str!("html/style.css")
    );
    page.push_str(&parts::head(report));
    section(&mut page, "Targets", TARGETS, &parts::rows(report));
    section(&mut page, "How much of each target is used", USED, &figure(&target_bars(report)));
    for (id, title, about) in HISTOGRAMS {
        if let Some(drawing) = distribution(report, id) {
            section(&mut page, title, about, &figure(&drawing));
        }
    }
    for plot in &PLOTS {
        if let Some(drawing) = cost_over_size(report, plot) {
            section(&mut page, plot.title, plot.about, &figure(&drawing));
        }
    }
    section(&mut page, "Peer faults", FAULTS, &parts::faults(report));
    section(&mut page, "Checks", CHECKS, &parts::checks(report));
    section(&mut page, "Every contender", EVERYONE, &parts::everyone(report));
    page.push_str(&parts::method(report));
    page.push_str("</main>\n</body>\n</html>\n");
    page
}

const TARGETS: &str = "ntwait works through handles; the limit is the least that any implementation must do. Ratios are \
    taken in one interleaved run on the same pinned CPUs.";
const USED: &str = "Each bar is ntwait's figure against what its target allows. 100 % is just good enough; \
    the figures are what it takes of what it may take.";
const FAULTS: &str =
    "The promises of an NT event, tried on every contender. Most events are a flag, and a flag forgets.";
const CHECKS: &str = "ntwait driven through its NT face by real threads.";
const EVERYONE: &str = "All figures behind the table.";

const HISTOGRAMS: [(&str, &str, &str); 2] = [
    (
        "P4",
        "Hand-off on one CPU",
        "Two threads on one CPU wake each other in turn. Every hand-off is two system calls and a switch.",
    ),
    (
        "P5",
        "Hand-off on two CPUs",
        "The same on two CPUs. A waiter that looks for a moment before it sleeps saves the interrupt between CPUs.",
    ),
];

/// A cost that is measured for several sizes.
struct Plot {
    title: &'static str,
    about: &'static str,
    across: &'static str,
    up: &'static str,
    row: &'static str,
    sizes: &'static [u32],
}

const PLOTS: [Plot; 3] = [
    Plot {
        title: "Wait-any over the number of events",
        about: "The last of K auto-reset events is set, then any of the K is waited for; nobody sleeps.",
        across: "events waited for",
        up: "time for one set and one wait",
        row: "P8",
        sizes: &[2, 4, 8, 16, 32, 64],
    },
    Plot {
        title: "Broadcast over the number of sleepers",
        about: "One manual-reset event is set while all sleep on it, spread over both CPUs.",
        across: "sleepers",
        up: "time from the set until the last one has run",
        row: "P7",
        sizes: &[2, 8, 64, 512],
    },
    Plot {
        title: "What the setter pays for a broadcast",
        about: "The same broadcast, until set returns to its caller.",
        across: "sleepers",
        up: "time from the set until it returns",
        row: "P7.set",
        sizes: &[2, 8, 64, 512],
    },
];

fn section(page: &mut String, title: &str, about: &str, content: &str) {
    let _ = write!(
        page,
        "<section>\n<h2>{}</h2>\n<p class=\"about\">{}</p>\n{content}</section>\n",
        escape(title),
        escape(about)
    );
}

fn figure(drawing: &str) -> String {
    format!("<div class=\"figure\">\n{drawing}</div>\n")
}

fn target_bars(report: &Report) -> String {
    let bar = |row: &Row| {
        let goal = row.goal.as_ref()?;
        Some(Bar { id: row.id.clone(), what: row.what.clone(), used: goal.used?, note: goal.share.clone() })
    };
    bars(&report.rows.iter().filter_map(bar).collect::<Vec<_>>())
}

fn distribution(report: &Report, id: &str) -> Option<String> {
    let row = report.row(id)?;
    let of_row = report.histograms.iter().filter(|histogram| histogram.id == id);
    let strips: Vec<Ridge<'_>> = of_row
        .map(|histogram| {
            let figure = row.named(histogram.contender);
            Ridge {
                name: histogram.contender,
                buckets: &histogram.buckets,
                median: figure.and_then(|figure| figure.median),
                p99: figure.and_then(|figure| figure.p99),
            }
        })
        .collect();
    strips.iter().any(|strip| !strip.buckets.is_empty()).then(|| ridges(&strips, "time of one round trip"))
}

fn cost_over_size(report: &Report, plot: &Plot) -> Option<String> {
    let rows: Vec<(f64, &Row)> =
        plot.sizes.iter().filter_map(|size| Some((f64::from(*size), report.row(&id_of(plot.row, *size))?))).collect();
    let (_, first) = rows.first()?;
    let curve = |name: &'static str| Curve {
        name,
        points: rows.iter().filter_map(|(size, row)| Some((*size, row.named(name)?.median?))).collect(),
    };
    let all: Vec<Curve> = first.figures.iter().map(|figure| curve(figure.name)).collect();
    all.iter().any(|curve| !curve.points.is_empty()).then(|| curves(&all, plot.across, plot.up))
}

/// `P7` and 8 → `P7.8`; `P7.set` and 8 → `P7.8.set`.
fn id_of(row: &str, size: u32) -> String {
    match row.split_once('.') {
        Some((row, part)) => format!("{row}.{size}.{part}"),
        None => format!("{row}.{size}"),
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::sample;
    use super::*;

    #[test]
    fn the_page_needs_nothing_from_elsewhere() {
        let page = page(&sample());
        for foreign in ["http://", "https://", "<script", "@import", "url("] {
            assert!(!page.contains(foreign), "{foreign}");
        }
        assert!(page.contains("prefers-color-scheme: dark"));
    }

    #[test]
    fn text_is_escaped_and_tags_are_balanced() {
        let page = page(&sample());
        assert!(page.contains("a &lt;rule&gt;"));
        for tag in ["section", "table", "svg", "div", "details", "p", "tr", "text"] {
            let opened = page.matches(&format!("<{tag}>")).count() + page.matches(&format!("<{tag} ")).count();
            assert_eq!(opened, page.matches(&format!("</{tag}>")).count(), "{tag}");
        }
    }

    #[test]
    fn plots_are_left_out_where_nothing_was_measured() {
        let report = sample();
        assert!(distribution(&report, "P4").is_some());
        assert!(distribution(&report, "P5").is_none());
        assert!(cost_over_size(&report, &PLOTS[0]).is_some(), "P8.2 was measured");
        assert!(cost_over_size(&report, &PLOTS[1]).is_none());
        assert_eq!(id_of("P7.set", 8), "P7.8.set");
    }
}
