//! How the arguments of calls are written: `handle=0x10, alertable=false, timeout=5ms`.
//!
//! What is as usual is left out: all rights of the kind, no attributes, no name.

use super::moment::Moment;
use super::report::Detail;
use crate::handle::entry::Handle;
use crate::nt::access::{AccessMask, DuplicateOptions, HandleAttributes};
use crate::nt::{ClientId, CreateThreadFlags, EventType, ObjectAttributes, TimerType, WaitType};
use crate::objects::thread::StartRoutine;
use crate::runtime::timers::{Due, TimerApc};
use crate::sys::clock::{TICKS_PER_SECOND, Timeout};
use crate::waiter::apc::{ApcRoutine, TimerApcRoutine};
use core::ffi::c_void;
use core::fmt::{self, Write};
use core::time::Duration;

/// A value that a call is given.
pub(crate) trait Argument {
    /// Appends it, with a name.
    fn write(&self, name: &str, text: &mut Detail);
}

/// Appends `name=value`.
fn put(text: &mut Detail, name: &str, value: fmt::Arguments<'_>) {
    let comma = if text.is_empty() { "" } else { ", " };
    let _ = write!(text, "{comma}{name}={value}"); // it never fails
}

/// Something that is written in hexadecimal: an address, a key.
pub(crate) struct Address(pub(crate) usize);

/// A time in units of 100 ns.
pub(crate) struct Span(pub(crate) u64);

/// Win32's time-out (W44).
pub(crate) struct Milliseconds(pub(crate) u32);

macro_rules! plain {
    ($($type:ty)*) => {
        $(impl Argument for $type {
            fn write(&self, name: &str, text: &mut Detail) {
                put(text, name, format_args!("{self}"));
            }
        })*
    };
}
plain!(bool i32 u32 usize);

macro_rules! written_as {
    ($($type:ty: |$value:ident| $format:literal, $shown:expr;)*) => {
        $(impl Argument for $type {
            fn write(&self, name: &str, text: &mut Detail) {
                let $value = self;
                put(text, name, format_args!($format, $shown));
            }
        })*
    };
}
written_as! {
    Address: |address| "{:#x}", address.0;
    Handle: |handle| "{:#x}", handle.0;
    *mut c_void: |pointer| "{:#x}", pointer.addr();
    Option<StartRoutine>: |routine| "{:#x}", routine.map_or(0, StartRoutine::address);
    Option<ApcRoutine>: |routine| "{:#x}", routine.map_or(0, address_of_apc);
    CreateThreadFlags: |flags| "{:#x}", flags.bits();
    HandleAttributes: |attributes| "{:#x}", attributes.bits();
    DuplicateOptions: |options| "{:#x}", options.bits();
    AccessMask: |access| "{:#x}", access.bits();
}

fn address_of_apc(routine: ApcRoutine) -> usize {
    match routine {
        ApcRoutine::C(routine) => routine as usize,
        #[cfg(target_arch = "x86_64")]
        ApcRoutine::Win64(routine) => routine as usize,
    }
}

/// What is asked for, and all rights, which need no mention.
impl Argument for (AccessMask, AccessMask) {
    fn write(&self, name: &str, text: &mut Detail) {
        if self.0 != self.1 {
            self.0.write(name, text);
        }
    }
}

macro_rules! named {
    ($($type:ty { $($value:literal => $called:literal)* })*) => {
        $(impl Argument for $type {
            fn write(&self, name: &str, text: &mut Detail) {
                match self.0 {
                    $($value => put(text, name, format_args!($called)),)*
                    other => put(text, name, format_args!("{other}")),
                }
            }
        })*
    };
}
named! {
    EventType { 0 => "Notification" 1 => "Synchronization" }
    TimerType { 0 => "Notification" 1 => "Synchronization" }
    WaitType { 0 => "All" 1 => "Any" }
    Milliseconds { 0xFFFF_FFFF => "INFINITE" }
}

impl Argument for ObjectAttributes<'_> {
    fn write(&self, name: &str, text: &mut Detail) {
        if !self.attributes.is_empty() {
            self.attributes.write(name, text);
        }
        if self.root != Handle::NULL {
            self.root.write("root", text);
        }
        if let Some(units) = self.name {
            put(text, "name", format_args!("{}", Quoted(units)));
        }
    }
}

/// A name between quotes. Backslashes stay as they are; what would end the quotation or the line does not.
struct Quoted<'n>(&'n [u16]);

impl fmt::Display for Quoted<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_char('"')?;
        for letter in char::decode_utf16(self.0.iter().copied()) {
            match letter.unwrap_or(char::REPLACEMENT_CHARACTER) {
                letter @ ('\\' | '\'') => f.write_char(letter)?,
                letter => write!(f, "{}", letter.escape_debug())?,
            }
        }
        f.write_char('"')
    }
}

impl Argument for ClientId {
    fn write(&self, _name: &str, text: &mut Detail) {
        self.process.write("process_id", text);
        self.thread.write("thread_id", text);
    }
}

impl Argument for &[Handle] {
    fn write(&self, name: &str, text: &mut Detail) {
        list(text, name, self.iter().map(|handle| handle.0 as usize));
    }
}

impl Argument for [*mut c_void; 3] {
    fn write(&self, name: &str, text: &mut Detail) {
        list(text, name, self.iter().map(|pointer| pointer.addr()));
    }
}

fn list(text: &mut Detail, name: &str, numbers: impl Iterator<Item = usize>) {
    put(text, name, format_args!("["));
    for (index, number) in numbers.enumerate() {
        let comma = if index == 0 { "" } else { ", " };
        let _ = write!(text, "{comma}{number:#x}");
    }
    text.push("]");
}

impl Argument for Option<TimerApc> {
    fn write(&self, name: &str, text: &mut Detail) {
        let Some(apc) = self else {
            return Address(0).write(name, text);
        };
        let routine = match apc.routine {
            TimerApcRoutine::C(routine) => routine as usize,
            #[cfg(target_arch = "x86_64")]
            TimerApcRoutine::Win64(routine) => routine as usize,
        };
        Address(routine).write(name, text);
        Argument::write(&apc.context, "context", text);
    }
}

impl Argument for Timeout {
    fn write(&self, name: &str, text: &mut Detail) {
        match self {
            Self::Never => put(text, name, format_args!("NULL")),
            Self::Poll => put(text, name, format_args!("0")),
            Self::After(span) => put(text, name, format_args!("{span:?}")),
            Self::At(time) => put(text, name, format_args!("{}", Moment::from(*time))),
        }
    }
}

impl Argument for Span {
    fn write(&self, name: &str, text: &mut Detail) {
        let nanos = self.0 % TICKS_PER_SECOND * 100;
        put(text, name, format_args!("{:?}", Duration::new(self.0 / TICKS_PER_SECOND, nanos as u32)));
    }
}

impl Argument for Due {
    fn write(&self, name: &str, text: &mut Detail) {
        match *self {
            Self::After(ticks) => Span(ticks).write(name, text),
            Self::At(ticks) => i64::try_from(ticks).unwrap_or(i64::MAX).write(name, text),
        }
    }
}

/// NT's time-out (D1).
impl Argument for Option<i64> {
    fn write(&self, name: &str, text: &mut Detail) {
        Timeout::from_nt(*self).write(name, text);
    }
}

/// NT's interval (D1).
impl Argument for i64 {
    fn write(&self, name: &str, text: &mut Detail) {
        Some(*self).write(name, text);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn table_of_arguments() {
        let name: Vec<u16> = "\\a \"b\"\n'ä".encode_utf16().chain([0xD800]).collect();
        let named = ObjectAttributes::named(&name).with(HandleAttributes::OPENIF).within(Handle(8));
        let all = AccessMask::EVENT_ALL_ACCESS;
        let rows: &[(&[&dyn Argument], &str)] = &[
            (&[], ""),
            (&[&true, &-1, &7_u32], "x=true, x=-1, x=7"),
            (&[&Handle(4), &Handle::CURRENT_PROCESS], "x=0x4, x=0xffffffffffffffff"),
            (&[&(all, all), &(AccessMask::SYNCHRONIZE, all)], "x=0x100000"),
            (&[&ObjectAttributes::NONE], ""),
            (&[&named], "x=0x80, root=0x8, name=\"\\a \\\"b\\\"\\n'ä\u{FFFD}\""),
            (&[&EventType(0), &EventType(1), &EventType(2)], "x=Notification, x=Synchronization, x=2"),
            (&[&WaitType::ALL, &WaitType::ANY, &WaitType(2)], "x=All, x=Any, x=2"),
            (&[&None::<i64>, &Some(0), &Some(-50_000), &Some(-1)], "x=NULL, x=0, x=5ms, x=100ns"),
            (&[&116_444_736_000_000_010_i64], "x=1970-01-01T00:00:00.000001Z"),
            (&[&Timeout::After(Duration::from_millis(1500)), &Timeout::Never], "x=1.5s, x=NULL"),
            (&[&Milliseconds(5000), &Milliseconds(u32::MAX)], "x=5000, x=INFINITE"),
            (&[&&[Handle(4), Handle(8)][..], &&[][..] as &&[Handle]], "x=[0x4, 0x8], x=[]"),
            (&[&ClientId { process: 4, thread: 8 }], "process_id=4, thread_id=8"),
            (&[&None::<ApcRoutine>, &None::<TimerApc>, &None::<StartRoutine>], "x=0x0, x=0x0, x=0x0"),
        ];
        for (arguments, expected) in rows {
            let mut text = Detail::new();
            arguments.iter().for_each(|argument| argument.write("x", &mut text));
            assert_eq!(text.as_str(), *expected);
        }
    }
}
