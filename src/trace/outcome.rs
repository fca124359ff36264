//! How results are written: `Ok(handle=0x10)`, `Ok(STATUS_WAIT_0)`, `Err(STATUS_INVALID_HANDLE)`.

use super::report::Detail;
use crate::handle::entry::Handle;
use crate::nt::TimerSet;
use crate::status::NtStatus;
use crate::wait::Ended;
use core::fmt::{self, Write};

/// The result's name in calls that wait: 0 means the first object there, not just success.
const WAIT: &str = "wait";

/// What a call answers.
pub(crate) trait Outcome {
    /// Appends it; a number or handle in it has this name.
    fn write(&self, name: &str, text: &mut Detail);
}

/// What a call answers if it succeeds.
trait Value {
    fn write(&self, name: &str, text: &mut Detail);
}

impl<T: Value> Outcome for Result<T, NtStatus> {
    fn write(&self, name: &str, text: &mut Detail) {
        let (word, inside): (_, &dyn Fn(&mut Detail)) = match self {
            Ok(value) => ("Ok(", &|text| value.write(name, text)),
            Err(status) => ("Err(", &|text| put(text, format_args!("{}", Name(*status)))),
        };
        text.push(word);
        inside(text);
        text.push(")");
    }
}

impl Outcome for NtStatus {
    fn write(&self, name: &str, text: &mut Detail) {
        Outcome::write(&self.ok().map(|()| *self), name, text);
    }
}

fn put(text: &mut Detail, value: fmt::Arguments<'_>) {
    let _ = text.write_fmt(value); // it never fails
}

impl Value for NtStatus {
    fn write(&self, name: &str, text: &mut Detail) {
        match (name, *self) {
            (WAIT, Self::WAIT_0) => text.push("STATUS_WAIT_0"),
            (_, status) => put(text, format_args!("{}", Name(status))),
        }
    }
}

impl Value for () {
    fn write(&self, _name: &str, text: &mut Detail) {
        text.push("()");
    }
}

impl Value for Handle {
    fn write(&self, name: &str, text: &mut Detail) {
        put(text, format_args!("{name}={:#x}", self.0));
    }
}

impl Value for u32 {
    fn write(&self, name: &str, text: &mut Detail) {
        match name {
            WAIT => Value::write(&NtStatus(*self), name, text),
            _ => put(text, format_args!("{name}={self}")),
        }
    }
}

macro_rules! plain {
    ($($type:ty)*) => {
        $(impl Value for $type {
            fn write(&self, name: &str, text: &mut Detail) {
                put(text, format_args!("{name}={self}"));
            }
        })*
    };
}
plain!(i32 bool);

impl Value for TimerSet {
    fn write(&self, name: &str, text: &mut Detail) {
        if self.status != NtStatus::SUCCESS {
            put(text, format_args!("{}, ", Name(self.status)));
        }
        self.previous_state.write(name, text);
    }
}

impl Value for Ended {
    fn write(&self, _name: &str, text: &mut Detail) {
        match self {
            Self::Object(index) => put(text, format_args!("STATUS_WAIT_{index}")),
            Self::Abandoned(index) => put(text, format_args!("STATUS_ABANDONED_WAIT_{index}")),
            Self::Alerted => text.push("STATUS_ALERTED"),
            Self::Apc => text.push("STATUS_USER_APC"),
            Self::TimedOut => text.push("STATUS_TIMEOUT"),
        }
    }
}

/// A status by its name alone; by its number if it has none.
struct Name(NtStatus);

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(status) = *self;
        match (status.name(), status.wait_index(), status.abandoned_index()) {
            (Some(name), ..) => f.write_str(name),
            (_, Some(index), _) => write!(f, "STATUS_WAIT_{index}"),
            (_, _, Some(index)) => write!(f, "STATUS_ABANDONED_WAIT_{index}"),
            _ => write!(f, "{:#010X}", status.0),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn table_of_outcomes() {
        const BAD: NtStatus = NtStatus::INVALID_HANDLE;
        let late = TimerSet { status: NtStatus::TIMER_RESUME_IGNORED, previous_state: true };
        let rows: [(&dyn Outcome, &str, &str); 19] = [
            (&Ok::<_, NtStatus>(Handle(0x10)), "handle", "Ok(handle=0x10)"),
            (&Ok::<_, NtStatus>(()), "", "Ok(())"),
            (&Ok::<_, NtStatus>(-3), "previous_count", "Ok(previous_count=-3)"),
            (&Ok::<_, NtStatus>(true), "previous_state", "Ok(previous_state=true)"),
            (&Ok::<_, NtStatus>(259_u32), "exit_code", "Ok(exit_code=259)"),
            (&Ok::<_, NtStatus>(0_u32), "wait", "Ok(STATUS_WAIT_0)"),
            (&Ok::<_, NtStatus>(0x102_u32), "wait", "Ok(STATUS_TIMEOUT)"),
            (&Err::<(), _>(BAD), "", "Err(STATUS_INVALID_HANDLE)"),
            (&NtStatus::SUCCESS, "", "Ok(STATUS_SUCCESS)"),
            (&NtStatus::WAIT_0, "wait", "Ok(STATUS_WAIT_0)"),
            (&NtStatus(5), "wait", "Ok(STATUS_WAIT_5)"),
            (&NtStatus(0x85), "wait", "Ok(STATUS_ABANDONED_WAIT_5)"),
            (&NtStatus::TIMEOUT, "wait", "Ok(STATUS_TIMEOUT)"),
            (&NtStatus::ALERTED, "", "Ok(STATUS_ALERTED)"),
            (&BAD, "wait", "Err(STATUS_INVALID_HANDLE)"),
            (&NtStatus(0xC0DE_0000), "", "Err(0xC0DE0000)"),
            (&Ok::<_, NtStatus>(late), "previous_state", "Ok(STATUS_TIMER_RESUME_IGNORED, previous_state=true)"),
            (&Ok::<_, NtStatus>(Ended::Object(70)), "wait", "Ok(STATUS_WAIT_70)"),
            (&Ok::<_, NtStatus>(Ended::TimedOut), "wait", "Ok(STATUS_TIMEOUT)"),
        ];
        for (outcome, name, expected) in rows {
            let mut text = Detail::new();
            outcome.write(name, &mut text);
            assert_eq!(text.as_str(), expected);
        }
    }
}
