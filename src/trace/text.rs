//! A text of limited length that needs no memory (TR4).

use core::fmt;
use std::io;

/// What stands in for the rest of a text that does not fit.
const CUT: &str = "…";

/// Up to `N` bytes of UTF-8. What does not fit is cut off, once, with a mark.
pub(crate) struct Text<const N: usize> {
    bytes: [u8; N],
    length: usize,
    is_cut: bool,
}

impl<const N: usize> Text<N> {
    pub(crate) const fn new() -> Self {
        Self { bytes: [0; N], length: 0, is_cut: false }
    }

    pub(crate) fn as_bytes(&self) -> &[u8] {
        &self.bytes[..self.length]
    }

    pub(crate) fn as_str(&self) -> &str {
        // Only whole characters are ever put in.
        core::str::from_utf8(self.as_bytes()).unwrap_or_default()
    }

    pub(crate) const fn is_empty(&self) -> bool {
        self.length == 0
    }

    /// Appends as much of it as there is room for, with room for the mark left.
    pub(crate) fn push(&mut self, text: &str) {
        if self.is_cut {
            return;
        }
        let room = N - CUT.len() - self.length;
        if text.len() <= room {
            return self.put(text);
        }
        self.is_cut = true;
        self.put(&text[..text.floor_char_boundary(room)]);
        self.put(CUT);
    }

    fn put(&mut self, text: &str) {
        let end = self.length + text.len();
        self.bytes[self.length..end].copy_from_slice(text.as_bytes());
        self.length = end;
    }
}

impl<const N: usize> fmt::Write for Text<N> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.push(text);
        Ok(())
    }
}

/// For what writes bytes, but in whole characters, as `serde_json` does.
impl<const N: usize> io::Write for Text<N> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let text = core::str::from_utf8(bytes).map_err(|_| io::ErrorKind::InvalidData)?;
        self.push(text);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_does_not_fit_is_cut_at_a_character() {
        let rows = [
            (&["", ""][..], ""),
            (&["12345"], "12345"),
            (&["123456"], "12345…"),
            (&["1234", "56"], "12345…"),
            (&["12345", "6", "7"], "12345…"),
            (&["1234ä", "5"], "1234…"),
            (&["äöü"], "äö…"),
        ];
        for (pieces, expected) in rows {
            let mut text = Text::<8>::new();
            pieces.iter().for_each(|piece| text.push(piece));
            assert_eq!((text.as_str(), text.is_empty()), (expected, expected.is_empty()), "{pieces:?}");
        }
    }
}
