//! Resident memory of this process.

use std::fs;

/// Bytes of this process that are in memory now (`/proc/self/statm`, second field, pages).
pub(crate) fn resident_bytes() -> u64 {
    let statm = fs::read_to_string("/proc/self/statm").unwrap_or_default();
    pages(&statm) * rustix::param::page_size() as u64
}

fn pages(statm: &str) -> u64 {
    statm.split_whitespace().nth(1).and_then(|field| field.parse().ok()).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn second_field_is_resident() {
        assert_eq!(pages("900 321 200 1 0 77 0\n"), 321);
        assert_eq!(pages(""), 0);
    }

    #[test]
    fn touched_memory_shows() {
        let before = resident_bytes();
        let block = std::hint::black_box(vec![1u8; 32 << 20]);
        let after = resident_bytes();
        assert!(after - before > 16 << 20, "{before} → {after}");
        drop(block);
    }
}
