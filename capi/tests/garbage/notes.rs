//! What a walk does, in memory that outlives its process: who finds it dead reads there what it was about to do.

use crate::library::{Arguments, MOST};
use core::fmt::Write as _;
use core::sync::atomic::{AtomicU64, Ordering};
use std::fs::File;
use std::os::fd::AsRawFd;
use std::path::Path;

/// The round and its arguments.
const WORDS: usize = 1 + MOST;

pub(crate) struct Notes(&'static [AtomicU64; WORDS]);

impl Notes {
    /// In a file, which is made as long as it has to be.
    pub(crate) fn open(path: &Path) -> Self {
        let file =
            File::options().read(true).write(true).create(true).truncate(false).open(path).expect("a file for notes");
        file.set_len((WORDS * 8) as u64).expect("a file for notes");
        let protection = libc::PROT_READ | libc::PROT_WRITE;
        // SAFETY: fresh memory, which shows the file.
        let memory =
            unsafe { libc::mmap(core::ptr::null_mut(), WORDS * 8, protection, libc::MAP_SHARED, file.as_raw_fd(), 0) };
        assert_ne!(memory, libc::MAP_FAILED);
        // SAFETY: as many words are there, never unmapped, and all that know them change them in one step.
        Self(unsafe { &*memory.cast::<[AtomicU64; WORDS]>() })
    }

    pub(crate) fn write(&self, round: u64, arguments: &Arguments) {
        let words = core::iter::once(round).chain(arguments.iter().map(|argument| *argument as u64));
        for (note, word) in self.0.iter().zip(words) {
            note.store(word, Ordering::Relaxed);
        }
    }

    /// The round, and its arguments, of which there are so many.
    pub(crate) fn read(&self, count: usize) -> String {
        let mut words = self.0.iter().map(|note| note.load(Ordering::Relaxed));
        let mut text = format!("round {}:", words.next().unwrap_or_default());
        for word in words.take(count) {
            let _ = write!(text, " {word:#x}");
        }
        text
    }
}
