//! What this process holds: memory, mappings, descriptors, tasks.

use std::fs;

/// Bytes of this process that are in memory now (`/proc/self/statm`, second field, pages).
pub(crate) fn resident_bytes() -> u64 {
    let statm = fs::read_to_string("/proc/self/statm").unwrap_or_default();
    pages(&statm) * rustix::param::page_size() as u64
}

/// What a process can lose track of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Holdings {
    /// Bytes in memory.
    pub(crate) resident: u64,
    pub(crate) mappings: usize,
    pub(crate) descriptors: usize,
    pub(crate) tasks: usize,
}

/// Counts all of it now.
pub(crate) fn holdings() -> Holdings {
    let maps = fs::read_to_string("/proc/self/maps").unwrap_or_default();
    let entries = |folder| fs::read_dir(folder).map_or(0, Iterator::count);
    Holdings {
        resident: resident_bytes(),
        mappings: maps.lines().count(),
        descriptors: entries("/proc/self/fd"),
        tasks: entries("/proc/self/task"),
    }
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
    fn everything_is_counted() {
        let Holdings { resident, mappings, descriptors, tasks } = holdings();
        assert!(resident > 0 && mappings > 3 && descriptors > 0 && tasks > 0);
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
