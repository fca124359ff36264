//! The graph for Graphviz.

use super::text::{Span, upsets_a_line};
use super::{GraphKind, GraphObject, GraphWaiter, WaitGraph, deadlock};
use core::fmt::{self, Write as _};

impl WaitGraph {
    /// The graph in Graphviz's language: threads that wait or own something as boxes, objects as ellipses, an edge from each
    /// thread to what it waits for and from each object to its owner; cycles that never end are red.
    ///
    /// `dot -Tsvg` makes a picture of it.
    #[must_use]
    pub fn to_dot(&self) -> String {
        let mut text = String::new();
        let _ = self.write_dot(&mut text); // a string takes everything
        text
    }

    fn write_dot(&self, out: &mut String) -> fmt::Result {
        let red: Vec<(usize, usize)> = deadlock::knots(self).into_iter().flat_map(|knot| knot.cycle).collect();
        writeln!(
            out,
            "digraph waits {{\n  rankdir=LR;\n  node [fontname=\"sans-serif\"];\n  edge [fontname=\"sans-serif\"];"
        )?;
        for (place, thread) in self.threads.iter().enumerate() {
            let owns = self.objects.iter().any(|object| object.owner == Some(place));
            if thread.wait.is_none() && !owns {
                continue;
            }
            let colour = colour(red.iter().any(|(stuck, _)| *stuck == place));
            let label = format!("{}\n{}", thread.label, thread.word());
            writeln!(out, "  t{place} [shape=box, style=rounded, label={}{colour}];", Text(&label))?;
        }
        for (place, object) in self.objects.iter().enumerate() {
            let colour = colour(red.iter().any(|(_, awaited)| *awaited == place));
            writeln!(out, "  o{place} [shape=ellipse, label={}{colour}];", Text(&label_of(object)))?;
            self.write_edges(out, place, object, &red)?;
        }
        out.push_str("}\n");
        Ok(())
    }

    fn write_edges(&self, out: &mut String, place: usize, object: &GraphObject, red: &[(usize, usize)]) -> fmt::Result {
        if let Some(owner) = object.owner {
            let colour = colour(red.iter().any(|(_, awaited)| *awaited == place));
            let word = if object.label.kind == GraphKind::Thread { "is" } else { "owned by" };
            writeln!(out, "  o{place} -> t{owner} [label=\"{word}\"{colour}];")?;
        }
        for (number, waiter) in object.queue.iter().enumerate() {
            match waiter {
                GraphWaiter::Thread(thread) => {
                    let since = self.threads[*thread].wait.as_ref().map(|wait| Span(wait.since).to_string());
                    let colour = colour(red.contains(&(*thread, place)));
                    let since = format!("waits {}", since.unwrap_or_default());
                    writeln!(out, "  t{thread} -> o{place} [label={}{colour}];", Text(&since))?;
                }
                GraphWaiter::Task => {
                    writeln!(out, "  w{place}_{number} [shape=note, label=\"a task\"];")?;
                    writeln!(out, "  w{place}_{number} -> o{place};")?;
                }
            }
        }
        Ok(())
    }
}

fn label_of(object: &GraphObject) -> String {
    let label = &object.label;
    match (label.kind, object.state.as_str()) {
        (GraphKind::Mutant | GraphKind::CriticalSection, _) if object.owner.is_some() => label.to_string(), // an edge says it
        (_, "") => label.to_string(),
        (_, state) => format!("{label}\n{state}"),
    }
}

const fn colour(is_red: bool) -> &'static str {
    if is_red { ", color=red, fontcolor=red, penwidth=2" } else { "" }
}

/// A text in Graphviz's quotation marks.
struct Text<'t>(&'t str);

impl fmt::Display for Text<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_char('"')?;
        for letter in self.0.chars() {
            match letter {
                '"' => f.write_str("\\\"")?,
                '\\' => f.write_str("\\\\")?,
                '\n' => f.write_str("\\n")?,
                '&' => f.write_str("&amp;")?, // Graphviz knows HTML's entities
                letter if upsets_a_line(letter) => f.write_char(' ')?,
                letter => f.write_char(letter)?,
            }
        }
        f.write_char('"')
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn table_of_texts() {
        let rows = [
            ("two\nlines", "\"two\\nlines\""),
            ("say \"x\"", "\"say \\\"x\\\"\""),
            ("\\N \\l", "\"\\\\N \\\\l\""),
            ("a &lt; b", "\"a &amp;lt; b\""),
            ("\t\u{7}\0\u{2028}\u{202E}", "\"     \""),
        ];
        for (text, expected) in rows {
            assert_eq!(Text(text).to_string(), expected);
        }
    }
}
