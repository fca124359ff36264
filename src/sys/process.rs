//! How another process has ended, and whose child it is.
//!
//! Who asks may not be its parent, so there are three ways, and none of them takes anything from the parent:
//!
//! | who tells                     | of whom                                                       | since        |
//! |-------------------------------|---------------------------------------------------------------|--------------|
//! | waitid, which leaves it there | a child that the program has not waited for yet               | Linux 5.4    |
//! | PIDFD_GET_INFO                | any process that was waited for                               | Linux 6.15   |
//! | /proc, field 52 of its state  | one that was not waited for and that we might trace           | Linux 3.5    |
//!
//! Of a process that we must not trace, another user's above all, that field says 0, which is no answer.

#![allow(unsafe_code, reason = "system calls that rustix does not have")]

use super::source::Source;
use rustix::fd::{AsRawFd, BorrowedFd};
use rustix::process::{WaitId, WaitIdOptions, waitid};
use std::fs;

/// How a process has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum End {
    /// It has not.
    Running,
    /// It has, with this code: its own, or for one that a signal has ended 128 and the signal's number.
    Code(u32),
    /// It has, and nobody tells how.
    Unknown,
}

/// How the process of this source and number has ended, if it has.
pub(crate) fn end_of(source: Source, id: u32) -> End {
    if !source.is_ready() {
        return End::Running;
    }
    let told = source.borrow().and_then(|process| {
        let not_waited_for = || stat_of(process, id).and_then(|stat| stat.exit_code());
        told_to_parent(process).or_else(|| info_of(process)).or_else(not_waited_for)
    });
    told.map_or(End::Unknown, |status| End::Code(code_of(status)))
}

/// The number of the parent; 0 if nobody tells.
pub(crate) fn parent_of(source: Source, id: u32) -> u32 {
    let told = source.borrow().and_then(|process| stat_of(process, id)).and_then(|stat| stat.field(PARENT));
    told.unwrap_or(0)
}

/// The calling process's parent.
pub(crate) fn own_parent() -> u32 {
    std::os::unix::process::parent_id()
}

/// The code of a status in the form of wait(2).
const fn code_of(status: u32) -> u32 {
    match status & 0x7F {
        0 => status >> 8 & 0xFF,
        signal => 128 + signal,
    }
}

/// What the parent is told, if that is us; it can be told again.
fn told_to_parent(process: BorrowedFd<'_>) -> Option<u32> {
    let options = WaitIdOptions::EXITED | WaitIdOptions::NOHANG | WaitIdOptions::NOWAIT;
    let told = waitid(WaitId::PidFd(process), options).ok()??;
    let exited = told.exit_status().map(|code| (code as u32 & 0xFF) << 8);
    exited.or_else(|| told.terminating_signal().map(|signal| signal as u32))
}

/// `struct pidfd_info` of the kernel, in its first form.
#[derive(Default)]
#[repr(C)]
struct PidfdInfo {
    mask: u64,
    cgroup: u64,
    /// Who it is and for whom.
    ids: [u32; 11],
    exit_code: u32,
}

const _: () = assert!(size_of::<PidfdInfo>() == 64);

/// `PIDFD_GET_INFO` where requests are made as on most machines; elsewhere it is no request.
const PIDFD_GET_INFO: u32 = 0xC040_FF0B;
const PIDFD_INFO_EXIT: u64 = 1 << 3;

/// What the kernel remembers for who has its descriptor.
fn info_of(process: BorrowedFd<'_>) -> Option<u32> {
    let mut info = PidfdInfo { mask: PIDFD_INFO_EXIT, ..PidfdInfo::default() };
    // SAFETY: a structure of the size that the request names.
    let answer = unsafe { libc::ioctl(process.as_raw_fd(), PIDFD_GET_INFO as libc::Ioctl, &raw mut info) };
    (answer == 0 && info.mask & PIDFD_INFO_EXIT != 0).then_some(info.exit_code)
}

/// Fields of `/proc/…/stat`, counted from the one behind the name.
const PARENT: usize = 1;
const EXIT_CODE: usize = 49;

/// What `/proc` says of a process.
struct Stat {
    text: String,
    /// The fields that are not for everybody are true, too.
    is_whole: bool,
}

impl Stat {
    fn field(&self, number: usize) -> Option<u32> {
        // The name may contain anything, but nothing behind it contains a parenthesis.
        self.text.rsplit(')').next()?.split_ascii_whitespace().nth(number)?.parse().ok()
    }

    fn exit_code(&self) -> Option<u32> {
        self.field(EXIT_CODE).filter(|_| self.is_whole)
    }
}

/// `None`: it was waited for, so its number may be another's; or the kernel does not tell us.
fn stat_of(process: BorrowedFd<'_>, id: u32) -> Option<Stat> {
    let text = fs::read_to_string(format!("/proc/{id}/stat")).ok()?;
    let is_whole = might_be_traced(id);
    // After the reading: what is still there now was there then.
    let nothing = core::ptr::null::<libc::siginfo_t>();
    // SAFETY: signal 0 and no information: a question.
    let answer = unsafe { libc::syscall(libc::SYS_pidfd_send_signal, process.as_raw_fd(), 0, nothing, 0) };
    let is_there = answer == 0 || std::io::Error::last_os_error().raw_os_error() == Some(libc::EPERM);
    is_there.then_some(Stat { text, is_whole })
}

/// Would the kernel let us look into the process of this number? The list of a thread's robust futexes is shown under the same
/// condition as its exit code, also when it has ended.
fn might_be_traced(id: u32) -> bool {
    let (mut head, mut length) = (core::ptr::null::<libc::c_void>(), 0_usize);
    // SAFETY: places for an address, which nobody follows, and a length.
    let answer = unsafe { libc::syscall(libc::SYS_get_robust_list, id, &raw mut head, &raw mut length) };
    answer == 0
}

#[cfg(test)]
mod tests {
    use super::*;
    use rustix::event::{PollFd, PollFlags, poll};
    use std::process::Command;

    fn child(script: &str) -> (std::process::Child, Source) {
        let child = Command::new("sh").args(["-c", script]).spawn().unwrap();
        let source = Source::process(child.id()).unwrap();
        (child, source)
    }

    fn until_ended(source: Source) {
        let mut asked = [PollFd::from_borrowed_fd(source.borrow().unwrap(), PollFlags::IN)];
        assert_eq!(poll(&mut asked, None), Ok(1));
    }

    #[test]
    fn table_every_way_tells_the_same() {
        for (script, code) in
            [("exit 0", 0), ("exit 7", 7), ("exit 255", 255), ("kill -9 $$", 137), ("kill -15 $$", 143)]
        {
            let (mut child, source) = child(script);
            until_ended(source);
            let id = child.id();
            let process = source.borrow().unwrap();
            assert_eq!(told_to_parent(process).map(code_of), Some(code), "{script}");
            assert_eq!(stat_of(process, id).and_then(|stat| stat.exit_code()).map(code_of), Some(code), "{script}");
            assert_eq!(parent_of(source, id), std::process::id());
            assert_eq!(end_of(source, id), End::Code(code));
            assert!(child.wait().is_ok(), "it can still be waited for");
            assert_eq!(told_to_parent(process), None);
            assert!(stat_of(process, id).is_none(), "the number may be another's");
            // A kernel before 6.15 forgets.
            let remembered = info_of(process).map(code_of);
            assert!(remembered.is_none_or(|remembered| remembered == code), "{script}: {remembered:?}");
            assert_eq!(end_of(source, id), remembered.map_or(End::Unknown, End::Code));
            // SAFETY: the last use.
            unsafe { source.close() };
        }
    }

    #[test]
    fn one_that_runs() {
        let (mut child, source) = child("exec sleep 1000");
        assert_eq!(end_of(source, child.id()), End::Running);
        child.kill().unwrap();
        until_ended(source);
        assert_eq!(end_of(source, child.id()), End::Code(137));
        child.wait().unwrap();
        // SAFETY: the last use.
        unsafe { source.close() };
    }

    /// What the kernel hides looks like the exit code 0.
    #[test]
    fn what_another_user_is_not_told() {
        // SAFETY: no arguments.
        if unsafe { libc::geteuid() } != 0 {
            return; // who is not the superuser cannot be two users
        }
        let (mut child, source) = child("exit 7");
        until_ended(source);
        let (process, id) = (source.borrow().unwrap(), child.id());
        let seen_by_nobody = std::thread::scope(|scope| {
            let seen = scope.spawn(|| {
                // SAFETY: this thread, and no other, is another user until it ends.
                assert_eq!(unsafe { libc::syscall(libc::SYS_setresuid, 65_534, 65_534, 65_534) }, 0);
                stat_of(process, id).map(|stat| (stat.field(PARENT), stat.field(EXIT_CODE), stat.exit_code()))
            });
            seen.join().unwrap()
        });
        assert_eq!(seen_by_nobody, Some((Some(std::process::id()), Some(0), None)));
        assert_eq!(stat_of(process, id).and_then(|stat| stat.exit_code()), Some(7 << 8));
        child.wait().unwrap();
        // SAFETY: the last use.
        unsafe { source.close() };
    }
}
