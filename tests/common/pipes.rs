//! Descriptors as objects: a pipe whose reading end is imported, and who has descriptors of it.

use std::io::{PipeReader, PipeWriter, Read, Write, pipe};
use std::os::fd::AsRawFd;

use ntwait::{Handle, Interest};

use super::{Nt, POLL, object};

/// A pipe whose reading end is imported.
pub(crate) struct Pipe {
    pub(crate) nt: Nt,
    pub(crate) reader: PipeReader,
    pub(crate) writer: PipeWriter,
    pub(crate) handle: Handle,
}

impl Pipe {
    pub(crate) fn new(nt: Nt) -> Pipe {
        let (reader, writer) = pipe().expect("a pipe");
        let handle = nt.import_fd(&reader, Interest::READABLE).expect("an object");
        Pipe { nt, reader, writer, handle }
    }

    pub(crate) fn fill(&self) {
        (&self.writer).write_all(b"!").expect("room");
    }

    pub(crate) fn drain(&self) {
        (&self.reader).read_exact(&mut [0]).expect("a byte");
    }

    pub(crate) fn is_ready(&self) -> bool {
        self.nt.one(self.handle, POLL) == object(0)
    }

    /// Nobody waits, and the object has one handle.
    #[track_caller]
    pub(crate) fn has_no_waiters(&self) {
        assert_eq!(self.nt.references(self.handle), 1);
    }
}

/// How many descriptors of the process lead to this pipe: two are the test's.
pub(crate) fn descriptors_of(reader: &PipeReader) -> usize {
    let path = |number: &dyn std::fmt::Display| std::fs::read_link(format!("/proc/self/fd/{number}"));
    let pipe = path(&reader.as_raw_fd()).expect("an open pipe");
    let all = std::fs::read_dir("/proc/self/fd").expect("the descriptors").flatten();
    // Others may be closed meanwhile.
    all.filter(|entry| std::fs::read_link(entry.path()).is_ok_and(|leads_to| leads_to == pipe)).count()
}
