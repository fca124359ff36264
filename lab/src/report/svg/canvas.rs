//! Writing SVG elements.

use std::fmt::Write;

/// An SVG drawing that grows.
pub(super) struct Canvas {
    width: f64,
    height: f64,
    body: String,
}

/// Where a text is fixed.
#[derive(Clone, Copy)]
pub(super) enum Anchor {
    Start,
    Middle,
    End,
}

impl Anchor {
    fn name(self) -> &'static str {
        match self {
            Self::Start => "start",
            Self::Middle => "middle",
            Self::End => "end",
        }
    }
}

impl Canvas {
    pub(super) fn new(width: f64, height: f64) -> Self {
        Self { width, height, body: String::new() }
    }

    pub(super) fn line(&mut self, from: (f64, f64), to: (f64, f64), class: &str) {
        let ((x1, y1), (x2, y2)) = (from, to);
        self.add(format_args!(r#"<line class="{class}" x1="{x1:.1}" y1="{y1:.1}" x2="{x2:.1}" y2="{y2:.1}"/>"#));
    }

    /// A rectangle with a tooltip.
    pub(super) fn rect(&mut self, at: (f64, f64), size: (f64, f64), class: &str, tip: &str) {
        let ((x, y), (width, height), tip) = (at, size, escape(tip));
        self.add(format_args!(
            r#"<rect class="{class}" x="{x:.1}" y="{y:.1}" width="{width:.1}" height="{height:.1}"><title>{tip}</title></rect>"#
        ));
    }

    /// A dot with a tooltip.
    pub(super) fn dot(&mut self, at: (f64, f64), class: &str, tip: &str) {
        let ((x, y), tip) = (at, escape(tip));
        self.add(format_args!(
            r#"<circle class="{class}" cx="{x:.1}" cy="{y:.1}" r="4"><title>{tip}</title></circle>"#
        ));
    }

    /// A polyline through `points`, closed and filled if the class says so.
    pub(super) fn path(&mut self, points: &[(f64, f64)], class: &str) {
        let mut path = String::new();
        for (index, (x, y)) in points.iter().enumerate() {
            let _ = write!(path, "{}{x:.1} {y:.1}", if index == 0 { 'M' } else { 'L' });
        }
        self.add(format_args!(r#"<path class="{class}" d="{path}"/>"#));
    }

    pub(super) fn text(&mut self, at: (f64, f64), anchor: Anchor, class: &str, text: &str) {
        let ((x, y), anchor, text) = (at, anchor.name(), escape(text));
        self.add(format_args!(r#"<text class="{class}" x="{x:.1}" y="{y:.1}" text-anchor="{anchor}">{text}</text>"#));
    }

    /// A text that is cut to `most` characters, whole in its tooltip.
    pub(super) fn text_cut(&mut self, at: (f64, f64), class: &str, text: &str, most: usize) {
        let ((x, y), tip) = (at, escape(text));
        let shown = escape(&cut(text, most));
        self.add(format_args!(r#"<text class="{class}" x="{x:.1}" y="{y:.1}">{shown}<title>{tip}</title></text>"#));
    }

    /// The whole drawing; `label` is read to those who cannot see it.
    pub(super) fn finish(self, label: &str) -> String {
        let Self { width, height, body } = self;
        let label = escape(label);
        format!(
            "<svg viewBox=\"0 0 {width:.0} {height:.0}\" role=\"img\" aria-label=\"{label}\" \
             style=\"max-width:{width:.0}px\">\n{body}</svg>\n"
        )
    }

    fn add(&mut self, element: std::fmt::Arguments<'_>) {
        let _ = writeln!(self.body, "{element}");
    }
}

/// Text for the inside of an element or an attribute.
pub(crate) fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

fn cut(text: &str, most: usize) -> String {
    if text.chars().count() <= most {
        return text.to_owned();
    }
    let kept: String = text.chars().take(most.saturating_sub(1)).collect();
    format!("{}…", kept.trim_end())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn markup_in_text_is_harmless() {
        assert_eq!(escape(r#"a<b> & "c""#), "a&lt;b&gt; &amp; &quot;c&quot;");
        let mut canvas = Canvas::new(10.0, 10.0);
        canvas.text((0.0, 0.0), Anchor::Start, "x", "<script>");
        assert!(!canvas.finish("\"<").contains("<script>"));
    }

    #[test]
    fn long_text_is_cut_by_characters() {
        assert_eq!(cut("µµµµµ", 3), "µµ…");
        assert_eq!(cut("abc", 3), "abc");
    }
}
