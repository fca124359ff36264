//! The encoding at the head of the file.

use super::*;

#[test]
fn cs2_table_of_counts() {
    // count, waiters, unlocked, nobody woken
    let rows =
        [(-1, 0, true, true), (-2, 0, false, true), (-6, 1, false, true), (-10, 2, false, true), (-3, 0, true, false)];
    for (count, waiting, is_unlocked, is_none_woken) in rows {
        let bits = i32::cast_unsigned(count);
        assert_eq!(waiters(bits), waiting, "{count}");
        assert_eq!((bits & UNLOCKED != 0, bits & NONE_WOKEN != 0), (is_unlocked, is_none_woken), "{count}");
    }
    assert_eq!((FREE.cast_signed(), OWNED.cast_signed()), (-1, -2));
}
