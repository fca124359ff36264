//! Names without regard to case: a letter's upper case, unit by unit (N14).
//!
//! As in NT each UTF-16 unit is mapped for itself, to one unit. So what Unicode maps to two letters stays as it is, and
//! so does what lies outside of the first 65,536 characters. Nothing else than ASCII is mapped to ASCII, and the micro sign
//! is no Greek letter.

const MICRO_SIGN: u16 = 0xB5;

/// The unit in upper case.
pub(super) fn upper(unit: u16) -> u16 {
    match u8::try_from(unit) {
        Ok(byte) if byte.is_ascii() => u16::from(byte.to_ascii_uppercase()),
        _ if unit == MICRO_SIGN => unit,
        _ => upper_beyond_ascii(unit),
    }
}

fn upper_beyond_ascii(unit: u16) -> u16 {
    let Some(letter) = char::from_u32(u32::from(unit)) else {
        return unit; // half of a pair
    };
    let mut mapped = letter.to_uppercase();
    match (mapped.next().and_then(|first| u16::try_from(first).ok()), mapped.next()) {
        (Some(single), None) if single >= 0x80 => single,
        _ => unit,
    }
}

/// Are these the same but for case?
pub(super) fn equal(a: &[u16], b: &[u16]) -> bool {
    a.len() == b.len() && a.iter().zip(b).all(|(a, b)| a == b || upper(*a) == upper(*b))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn n14_table_of_upper_case() {
        let rows = [
            ('a', 'A'),
            ('z', 'Z'),
            ('A', 'A'),
            ('0', '0'),
            ('\\', '\\'),
            ('[', '['),
            ('ä', 'Ä'),
            ('þ', 'Þ'),
            ('÷', '÷'),
            ('ÿ', 'Ÿ'),
            ('é', 'É'),
            ('ß', 'ß'), // two letters in Unicode
            ('µ', 'µ'),
            ('ı', 'ı'), // would be ASCII
            ('ſ', 'ſ'),
            ('ω', 'Ω'),
            ('я', 'Я'),
            ('中', '中'),
        ];
        for (letter, expected) in rows {
            let [letter, expected] = [letter, expected].map(|c| u16::try_from(c).expect("one unit"));
            assert_eq!(upper(letter), expected, "{letter:#x}");
        }
        for half in [0xD800, 0xDBFF, 0xDC00, 0xDFFF] {
            assert_eq!(upper(half), half);
        }
    }

    #[test]
    fn n14_upper_case_is_its_own() {
        for unit in 0..=u16::MAX {
            assert_eq!(upper(upper(unit)), upper(unit), "{unit:#x}");
            assert_eq!(upper(unit) < 0x80, unit < 0x80, "{unit:#x}");
        }
    }

    #[test]
    fn table_of_equal_names() {
        let rows =
            [("", "", true), ("a", "A", true), ("Straße", "sTRAßE", true), ("a", "b", false), ("a", "aa", false)];
        for (a, b, expected) in rows {
            let [a, b] = [a, b].map(|name| name.encode_utf16().collect::<Vec<_>>());
            assert_eq!(equal(&a, &b), expected);
        }
    }
}
