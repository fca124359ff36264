//! `UNICODE_STRING` of text that ends with a zero.

use crate::memory::{In, Out};
use crate::nt::UnicodeString;
use nt::NtStatus;

/// As many units as a string has at most, with room for the zero.
const LONGEST: usize = 32_766;

/// The string of this text: null has none, and what does not fit is cut off.
fn string(source: In<u16>) -> Result<UnicodeString, NtStatus> {
    if source.address() == 0 {
        return Ok(UnicodeString { length: 0, maximum: 0, buffer: source });
    }
    let units = source.until_zero(LONGEST)?.map_or(LONGEST, <[u16]>::len) as u16;
    Ok(UnicodeString { length: 2 * units, maximum: 2 * units + 2, buffer: source })
}

calls! {
    fn RtlInitUnicodeString(destination: Out<UnicodeString>, source: In<u16>) {
        if let (Ok(place), Ok(string)) = (destination.require(), string(source)) {
            place.set(string);
        }
    }
}
