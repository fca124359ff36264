//! `lab top` on a terminal of the test's own: whatever ends it leaves the terminal as it was.

use std::fs::File;
use std::io::{Read, Write};
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::{Child, Command};

use rustix::process::{Pid, Signal, kill_process};
use rustix::pty::{OpenptFlags, openpt, ptsname, unlockpt};
use rustix::termios::{LocalModes, Termios, Winsize, tcgetattr, tcsetwinsize};

/// What a terminal is sent when a program takes all of it, and when it gives it back.
const TAKEN: &str = "\x1b[?1049h";
const GIVEN_BACK: &str = "\x1b[?1049l";

struct Terminal {
    master: File,
    /// Kept open, so that the terminal's modes outlive the program.
    slave: File,
    seen: String,
}

impl Terminal {
    fn new() -> Terminal {
        let master = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).expect("a terminal");
        unlockpt(&master).expect("its other end");
        let name = ptsname(&master, Vec::new()).expect("its name");
        let path = Path::new(name.to_str().expect("a path"));
        let slave = File::options().read(true).write(true).open(path).expect("its other end");
        tcsetwinsize(&slave, Winsize { ws_row: 24, ws_col: 80, ws_xpixel: 0, ws_ypixel: 0 }).expect("a size");
        Terminal { master: File::from(master), slave, seen: String::new() }
    }

    fn start(&self) -> Child {
        let end = || self.slave.try_clone().expect("a descriptor");
        let mut command = Command::new(env!("CARGO_BIN_EXE_ntwait-lab"));
        command.args(["top", "--seconds", "60"]).stdin(end()).stdout(end()).stderr(end());
        command.spawn().expect("the lab starts")
    }

    fn until(&mut self, text: &str) {
        let mut bytes = [0; 4096];
        while !self.seen.contains(text) {
            let count = self.master.read(&mut bytes).expect("output");
            self.seen.push_str(&String::from_utf8_lossy(&bytes[..count]));
        }
    }

    fn modes(&self) -> Termios {
        tcgetattr(&self.slave).expect("a terminal")
    }
}

#[test]
fn table_of_ends() {
    // what ends it: a signal, or a key
    let rows = [
        ("SIGTERM", Some(Signal::TERM)),
        ("SIGINT", Some(Signal::INT)),
        ("SIGHUP", Some(Signal::HUP)),
        ("SIGQUIT", Some(Signal::QUIT)),
        ("q", None),
    ];
    for (name, signal) in rows {
        let mut terminal = Terminal::new();
        let before = terminal.modes();
        let mut child = terminal.start();
        terminal.until(TAKEN);
        terminal.until("requests/s");
        assert!(!terminal.modes().local_modes.contains(LocalModes::ICANON), "{name}: it is not ours yet");
        match signal {
            Some(signal) => kill_process(Pid::from_child(&child), signal).expect("a child"),
            None => terminal.master.write_all(b"q").expect("a key"),
        }
        let status = child.wait().expect("its end");
        assert_eq!(status.signal(), signal.map(Signal::as_raw), "{name}: {status}");
        terminal.slave.write_all(b"the end").expect("the test's own line");
        terminal.until("the end");
        assert!(terminal.seen.contains(GIVEN_BACK), "{name}");
        assert_eq!(terminal.modes().local_modes, before.local_modes, "{name}");
    }
}
