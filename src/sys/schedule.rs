//! What the kernel is told of a thread: its nice value, its processors, its name; and what it says of one: its times.
//!
//! A Linux thread id names somebody else as soon as its owner is gone, so calls with one are made only where the owner
//! cannot go. An open file of a task names that one thread for ever: it is opened first, then the caller makes sure that
//! the thread still has the id, then the file is used, wherever.

#![allow(
    unsafe_code,
    reason = "sysconf, which rustix has behind a feature that nothing else needs; a name without memory for it"
)]

#[cfg(not(ntwait_loom))]
use super::clock::TICKS_PER_SECOND;
use super::usage::Usage;

/// A thread's name for the kernel: at most 15 bytes and a zero.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Comm([u8; 16]);

impl Comm {
    const MOST: usize = 15;

    /// As much of the name as fits, in UTF-8; a zero ends it, and what is no UTF-16 is replaced.
    pub(crate) fn of(name: &[u16]) -> Self {
        let mut bytes = [0; 16];
        let mut length = 0;
        for letter in char::decode_utf16(name.iter().copied()) {
            let letter = letter.unwrap_or(char::REPLACEMENT_CHARACTER);
            let end = length + letter.len_utf8();
            if letter == '\0' || end > Self::MOST {
                break;
            }
            letter.encode_utf8(&mut bytes[length..end]);
            length = end;
        }
        Self(bytes)
    }

    /// What is before the zero.
    #[cfg(all(feature = "trace", not(ntwait_loom)))]
    pub(crate) fn as_bytes(&self) -> &[u8] {
        self.0.split(|byte| *byte == 0).next().unwrap_or_default()
    }
}

#[cfg(not(ntwait_loom))]
mod real {
    use super::{Comm, Usage, usage_in};
    use crate::sys::atomic::{AtomicU64, Ordering};
    use core::ffi::CStr;
    use rustix::io::Errno;
    use rustix::process::{Pid, getpid, setpriority_process};
    use rustix::thread::{CpuSet, sched_getaffinity, sched_setaffinity, set_name};
    use std::fs::{File, OpenOptions};
    use std::io::{Read, Write};

    fn pid(tid: u32) -> Option<Pid> {
        Pid::from_raw(tid.cast_signed())
    }

    /// The processors of the process, one bit each, as far as 64 bits go. Asked of the kernel once: from then on threads
    /// may have others because the library gave them others.
    pub(crate) fn process_mask() -> u64 {
        static MASK: AtomicU64 = AtomicU64::new(0);
        let known = MASK.load(Ordering::Relaxed);
        if known != 0 {
            return known;
        }
        let mask = sched_getaffinity(Some(getpid())).map_or(0, |cpus| mask_of(&cpus));
        // None of the first 64, or more processors than the kernel tells us of: it will say itself which there are.
        let mask = if mask == 0 { u64::MAX } else { mask };
        MASK.compare_exchange(0, mask, Ordering::Relaxed, Ordering::Relaxed).map_or_else(|first| first, |_| mask)
    }

    fn mask_of(cpus: &CpuSet) -> u64 {
        (0..64).filter(|cpu| cpus.is_set(*cpu)).fold(0, |mask, cpu| mask | 1 << cpu)
    }

    /// Confines the thread to these processors. False: the kernel lets the process use none of them.
    pub(crate) fn set_affinity(tid: u32, mask: u64) -> bool {
        let mut cpus = CpuSet::new();
        (0..64).filter(|cpu| mask >> cpu & 1 != 0).for_each(|cpu| cpus.set(cpu));
        !pid(tid).is_some_and(|pid| sched_setaffinity(Some(pid), &cpus) == Err(Errno::INVAL))
    }

    /// Gives the thread this nice value, if the process may.
    pub(crate) fn set_nice(tid: u32, nice: i32) {
        if let Some(pid) = pid(tid) {
            let _ = setpriority_process(Some(pid), nice);
        }
    }

    /// Names the calling thread.
    pub(crate) fn name_this_thread(comm: &Comm) {
        if let Ok(name) = CStr::from_bytes_until_nul(&comm.0) {
            let _ = set_name(name);
        }
    }

    /// What the calling thread is called. Needs no memory.
    #[cfg(feature = "trace")]
    pub(crate) fn name_of_this_thread() -> Comm {
        let mut comm = Comm::default();
        // SAFETY: room for the 16 bytes that the kernel writes at most.
        unsafe { libc::prctl(libc::PR_GET_NAME, comm.0.as_mut_ptr()) };
        comm
    }

    /// What the thread is called that the process began with; nothing if the kernel does not say.
    #[cfg(feature = "trace")]
    pub(crate) fn name_of_first_thread() -> Comm {
        let mut comm = Comm::default();
        let name = std::fs::read("/proc/self/comm").unwrap_or_default();
        let name = name.strip_suffix(b"\n").unwrap_or(&name);
        comm.0.iter_mut().take(Comm::MOST).zip(name).for_each(|(place, byte)| *place = *byte);
        comm
    }

    /// An open file of one thread.
    #[derive(Debug)]
    pub(crate) struct TaskFile(File);

    impl TaskFile {
        /// The thread's name, to be written.
        pub(crate) fn comm(tid: u32) -> Option<Self> {
            OpenOptions::new().write(true).open(format!("/proc/self/task/{tid}/comm")).ok().map(Self)
        }

        /// The thread's figures, to be read.
        pub(crate) fn stat(tid: u32) -> Option<Self> {
            File::open(format!("/proc/self/task/{tid}/stat")).ok().map(Self)
        }

        pub(crate) fn write_comm(&mut self, comm: &Comm) {
            // In one piece; the zeros end it, and a name of zeros alone is the empty one.
            let _ = self.0.write(&comm.0);
        }

        /// `None`: the thread is gone.
        pub(crate) fn usage(&mut self) -> Option<Usage> {
            let mut line = [0; 1024];
            let length = self.0.read(&mut line).ok()?;
            usage_in(line.get(..length)?, ticks_per_second())
        }
    }

    fn ticks_per_second() -> u64 {
        // SAFETY: no memory is involved.
        let ticks = unsafe { libc::sysconf(libc::_SC_CLK_TCK) };
        u64::try_from(ticks).ok().filter(|ticks| *ticks > 0).unwrap_or(100)
    }
}

#[cfg(not(ntwait_loom))]
pub(crate) use real::{TaskFile, name_this_thread, process_mask, set_affinity, set_nice};
#[cfg(all(feature = "trace", not(ntwait_loom)))]
pub(crate) use real::{name_of_first_thread, name_of_this_thread};

/// The times in a line of `stat`: the fields 14 (user) and 15 (kernel), the name in field 2 being in parentheses and
/// free to contain any.
#[cfg(not(ntwait_loom))]
fn usage_in(line: &[u8], ticks_per_second: u64) -> Option<Usage> {
    let after_name = line.iter().rposition(|byte| *byte == b')')? + 1;
    let mut fields = core::str::from_utf8(line.get(after_name..)?).ok()?.split_ascii_whitespace().skip(11);
    let mut next = || Some(fields.next()?.parse::<u64>().ok()? * (TICKS_PER_SECOND / ticks_per_second));
    let user = next()?;
    Some(Usage { user, kernel: next()? })
}

/// A model's threads have one processor and nothing that the kernel could be told.
#[cfg(ntwait_loom)]
mod modelled {
    use super::{Comm, Usage};

    pub(crate) fn process_mask() -> u64 {
        1
    }

    pub(crate) fn set_affinity(_tid: u32, _mask: u64) -> bool {
        true
    }

    pub(crate) fn set_nice(_tid: u32, _nice: i32) {}

    pub(crate) fn name_this_thread(_comm: &Comm) {}

    #[derive(Debug)]
    pub(crate) struct TaskFile;

    impl TaskFile {
        pub(crate) fn comm(_tid: u32) -> Option<Self> {
            None
        }

        pub(crate) fn stat(_tid: u32) -> Option<Self> {
            None
        }

        pub(crate) fn write_comm(&mut self, _comm: &Comm) {}

        pub(crate) fn usage(&mut self) -> Option<Usage> {
            None
        }
    }
}

#[cfg(ntwait_loom)]
pub(crate) use modelled::{TaskFile, name_this_thread, process_mask, set_affinity, set_nice};

#[cfg(all(test, not(ntwait_loom)))]
mod tests {
    use super::*;

    #[test]
    fn table_of_names() {
        let rows = [
            ("", ""),
            ("worker", "worker"),
            ("fifteen letters", "fifteen letters"),
            ("sixteen letters!", "sixteen letters"),
            ("with\0a zero", "with"),
            ("äöüäöüäöü", "äöüäöüä"), // 14 bytes: the next letter does not fit
            ("ab\u{1F600}", "ab\u{1F600}"),
        ];
        for (name, comm) in rows {
            let utf16: Vec<u16> = name.encode_utf16().collect();
            let Comm(bytes) = Comm::of(&utf16);
            assert_eq!(bytes.split(|byte| *byte == 0).next(), Some(comm.as_bytes()), "{name:?}");
            assert_eq!(bytes[15], 0);
        }
        assert_eq!(&Comm::of(&[0xD800, 0x41]).0[..4], "\u{FFFD}A".as_bytes(), "half a pair");
    }

    #[test]
    fn table_of_stat_lines() {
        let line = b"12 (a) R 9 9) S 1 12 12 0 -1 4194304 93 0 0 0 7 3 0 0 20 0 1 0 100 0 0\n";
        let rows: [(&[u8], Option<Usage>); 4] = [
            (line, Some(Usage { user: 700_000, kernel: 300_000 })),
            (&line[..40], None),
            (b"", None),
            (b"12 (a) R x", None),
        ];
        for (line, usage) in rows {
            assert_eq!(usage_in(line, 100), usage, "{:?}", String::from_utf8_lossy(line));
        }
    }

    #[test]
    fn this_thread_has_times_and_a_processor() {
        let tid = crate::sys::cpu::thread_id();
        let mut file = TaskFile::stat(tid).expect("a living thread");
        assert!(file.usage().is_some());
        assert_ne!(process_mask(), 0);
        assert!(TaskFile::stat(u32::MAX).is_none());
    }
}
