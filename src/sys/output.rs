//! Where lines go: a file, a terminal, a pipe. Each line is written as a whole.
//!
//! ```text
//!   lock ─▶ write ──all──▶ unlock
//!             │ a part, or interrupted: the rest
//!             │ full and not to be waited for by the kernel (EAGAIN): wait until there is room, the rest
//!             └ an error: the line is lost; what came of it is ended by the next line
//! ```
//!
//! OU1  One lock for all outputs of the process, taken for one line: lines never mix, not even where the kernel takes them in
//!      parts. A child of `fork` finds it free.
//! OU2  An error loses lines and nothing else. The signal that comes with a pipe that nobody reads, or with a file that is as
//!      long as it may be, is taken back, unless it was there before, so that a program which does not ignore it lives on.
//! OU3  No memory is needed.

#![allow(unsafe_code, reason = "signal masks; a lock that is renewed in children of fork")]

use super::atomic::{AtomicU32, Ordering};
use super::fork;
use super::lock::FutexLock;
use core::ffi::c_int;
use core::mem::MaybeUninit;
use core::ptr;
use rustix::event::{PollFd, PollFlags, poll};
use rustix::io::Errno;
use std::fs::File;
use std::io;
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::fs::FileTypeExt;

/// A number that only who has many descriptors comes to by himself.
const HIGH: i32 = 512;

static LINES: FutexLock<()> = FutexLock::new(());

/// A descriptor of our own.
#[derive(Debug)]
pub(crate) struct Output {
    file: File,
    /// What writing may bring: the signal of a broken pipe, or of a file that has become too long.
    signal: Option<c_int>,
    /// The last line is not complete. Changed under the lock, so relaxed.
    is_torn: AtomicU32,
}

impl Output {
    /// A file, made if it is not there; lines are appended to what is in it.
    #[cfg(any(feature = "trace", test))]
    pub(crate) fn append_to(path: &std::path::Path) -> io::Result<Self> {
        let file = File::options().append(true).create(true).open(path)?;
        Self::duplicate(file.as_fd())
    }

    /// What this descriptor leads to at this moment.
    pub(crate) fn duplicate(descriptor: BorrowedFd<'_>) -> io::Result<Self> {
        static MENDED: AtomicU32 = AtomicU32::new(0);
        fork::in_child(&MENDED, renew);
        // Far from the numbers that a daemon closes blindly, and that its own files get afterwards.
        let far = rustix::io::fcntl_dupfd_cloexec(descriptor, HIGH);
        let file = File::from(far.or_else(|_| descriptor.try_clone_to_owned())?);
        let kind = file.metadata()?.file_type();
        let signal = match () {
            () if kind.is_fifo() || kind.is_socket() => Some(libc::SIGPIPE),
            () if kind.is_file() => Some(libc::SIGXFSZ),
            () => None,
        };
        Ok(Self { file, signal, is_torn: AtomicU32::new(0) })
    }

    /// Writes a line, which ends with a line feed. The depth is raised.
    pub(crate) fn write(&self, line: &[u8]) {
        let _quiet = self.signal.map(Quiet::begin);
        let _lines = LINES.lock();
        if self.is_torn.load(Ordering::Relaxed) != 0 && self.write_all(b"\n").is_err() {
            return;
        }
        self.is_torn.store(0, Ordering::Relaxed);
        if let Err(written) = self.write_all(line) {
            self.is_torn.store(u32::from(written > 0), Ordering::Relaxed);
        }
    }

    /// How many bytes were written, as an error if not all were.
    fn write_all(&self, line: &[u8]) -> Result<(), usize> {
        let mut written = 0;
        while let Some(rest) = line.get(written..).filter(|rest| !rest.is_empty()) {
            match rustix::io::write(&self.file, rest) {
                Ok(0) => return Err(written),
                Ok(count) => written += count,
                Err(Errno::INTR) => {}
                Err(Errno::AGAIN) => {
                    let _ = poll(&mut [PollFd::new(&self.file.as_fd(), PollFlags::OUT)], None); // or try again at once
                }
                Err(_) => return Err(written),
            }
        }
        Ok(())
    }
}

/// Tells on the standard error that something is wrong. The depth is raised.
pub(crate) fn complain(text: &str) {
    if let Ok(output) = Output::duplicate(io::stderr().as_fd()) {
        output.write(format!("ntwait: {text}\n").as_bytes());
    }
}

/// In a child of `fork`, whose only thread calls it: who had the lock is not there.
unsafe extern "C" fn renew() {
    // SAFETY: there is no other thread.
    unsafe { LINES.renew(()) };
}

/// A signal that writing brings, kept away from the calling thread until this is dropped.
struct Quiet {
    signal: c_int,
    /// It was there before.
    is_pending: bool,
    old: libc::sigset_t,
}

impl Quiet {
    fn begin(signal: c_int) -> Self {
        let is_pending = is_pending(signal);
        let mut old = MaybeUninit::uninit();
        // SAFETY: a set, and a place for one. With these arguments it cannot fail.
        unsafe { libc::pthread_sigmask(libc::SIG_BLOCK, &only(signal), old.as_mut_ptr()) };
        // SAFETY: filled in above.
        Self { signal, is_pending, old: unsafe { old.assume_init() } }
    }
}

impl Drop for Quiet {
    fn drop(&mut self) {
        if !self.is_pending && is_pending(self.signal) {
            let at_once = libc::timespec { tv_sec: 0, tv_nsec: 0 };
            // SAFETY: a set, no place for the signal's information, a time.
            unsafe { libc::sigtimedwait(&only(self.signal), ptr::null_mut(), &raw const at_once) };
        }
        // SAFETY: the set that was there before; no place for the one that is left.
        unsafe { libc::pthread_sigmask(libc::SIG_SETMASK, &raw const self.old, ptr::null_mut()) };
    }
}

fn only(signal: c_int) -> libc::sigset_t {
    let mut set = MaybeUninit::uninit();
    // SAFETY: a place for the set.
    unsafe { libc::sigemptyset(set.as_mut_ptr()) };
    // SAFETY: the set of above, and a signal's number.
    unsafe { libc::sigaddset(set.as_mut_ptr(), signal) };
    // SAFETY: filled in above.
    unsafe { set.assume_init() }
}

fn is_pending(signal: c_int) -> bool {
    let mut pending = MaybeUninit::uninit();
    // SAFETY: a place for the set.
    unsafe { libc::sigpending(pending.as_mut_ptr()) };
    // SAFETY: filled in above.
    let pending = unsafe { pending.assume_init() };
    // SAFETY: a set, and a signal's number.
    unsafe { libc::sigismember(&raw const pending, signal) == 1 }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::waiter::shield::Shield;
    use std::io::Read;
    use std::os::fd::AsRawFd;
    use std::os::unix::net::UnixStream;

    fn write(output: &Output, line: &[u8]) {
        let _shield = Shield::raise();
        output.write(line);
    }

    #[test]
    fn ou2_a_broken_pipe_brings_neither_an_error_nor_a_signal() {
        let (ours, theirs) = UnixStream::pair().expect("a pair");
        let output = Output::duplicate(ours.as_fd()).expect("a descriptor");
        drop(theirs);
        // SAFETY: the ordinary disposition, under which the signal ends the process. The test runner ignores it.
        let before = unsafe { libc::signal(libc::SIGPIPE, libc::SIG_DFL) };
        (0..3).for_each(|_| write(&output, b"nobody reads this\n"));
        assert!(!is_pending(libc::SIGPIPE));
        // SAFETY: what was there before.
        unsafe { libc::signal(libc::SIGPIPE, before) };
    }

    #[test]
    fn a_line_is_completed_where_the_kernel_takes_it_in_parts() {
        let (ours, mut theirs) = UnixStream::pair().expect("a pair");
        ours.set_nonblocking(true).expect("a socket");
        let size: libc::c_int = 4096;
        // SAFETY: an option that is a number.
        let set = unsafe {
            libc::setsockopt(ours.as_raw_fd(), libc::SOL_SOCKET, libc::SO_SNDBUF, (&raw const size).cast(), 4)
        };
        assert_eq!(set, 0);
        let output = Output::duplicate(ours.as_fd()).expect("a descriptor");
        let line = [b'x'; 1 << 20];
        let reader = std::thread::spawn(move || {
            let mut all = Vec::new();
            theirs.read_to_end(&mut all).map(|_| all)
        });
        write(&output, &line);
        drop((output, ours));
        assert!(reader.join().expect("it reads").expect("bytes") == line);
    }

    #[test]
    fn ou2_a_full_disk_loses_lines_only() {
        let output = Output::append_to(std::path::Path::new("/dev/full")).expect("a device");
        (0..3).for_each(|_| write(&output, b"no room\n"));
        assert_eq!(output.is_torn.load(Ordering::Relaxed), 0, "nothing was written");
    }

    #[test]
    fn a_torn_line_is_ended_by_the_next() {
        let (ours, mut theirs) = UnixStream::pair().expect("a pair");
        let output = Output::duplicate(ours.as_fd()).expect("a descriptor");
        output.is_torn.store(1, Ordering::Relaxed);
        (0..2).for_each(|_| write(&output, b"line\n"));
        drop((output, ours));
        let mut all = String::new();
        theirs.read_to_string(&mut all).expect("text");
        assert_eq!(all, "\nline\nline\n");
    }
}
