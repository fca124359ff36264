//! The soak: very many threads, made in every way and ended in every way, after which nothing may have grown.
//!
//! Ways and patterns take turns in blocks: parked tasks, recycled slots, pthreads; in a row and a hundred at a time.
//! What the process holds is counted after the first threads, when everything that is kept for the next one is there, and
//! again at the end.

#![allow(unsafe_code, reason = "exits and ends threads")]

use std::ffi::c_void;
use std::fmt;
use std::thread::sleep;
use std::time::{Duration, Instant};

use ntwait::{
    AccessMask, CreateThreadFlags, EventType, Handle, NtStatus, Ntdll, NtdllApi, ObjectAttributes, Runtime,
    StartRoutine,
};

use crate::os::memory::{Holdings, holdings};
use crate::peers::{adaptive, pthread_backend, recycling};
use crate::report::grouped;

/// How many before the first count.
const FIRST: usize = 10_000;
/// Threads of one way and pattern before the next one's turn.
const BLOCK: usize = 500;
/// Threads that live at the same time, in every second block.
const BATCH: usize = 100;
/// What the allocator may keep more than it kept at first.
const MORE_MEMORY: u64 = 2 << 20;
/// Neighbouring mappings with equal rights count as one, and which are neighbours is a matter of luck.
const MORE_MAPPINGS: usize = 32;

/// Makes `total` threads and prints how it goes; the reason if it went wrong.
pub(crate) fn run(total: usize) -> Result<(), String> {
    let start = Instant::now();
    println!("Soak: {} threads, by default {}", grouped(total), adaptive().thread_backend());
    let ways = [adaptive(), recycling(), pthread_backend()];
    let mut soak = Soak { ways: ways.map(Way::new), made: 0 };
    soak.until(FIRST.min(total / 2))?;
    soak.ways.iter().try_for_each(Way::fill)?;
    let before = settled(None);
    println!("after {:>9}: {before}", grouped(soak.made));
    for part in 1..=10 {
        let goal = total * part / 10;
        if soak.made < goal {
            soak.until(goal)?;
            let seconds = start.elapsed().as_secs_f64();
            println!("{:>3} %, {:>9}: {}, {seconds:.1} s", part * 10, grouped(soak.made), holdings());
        }
    }
    let after = settled(Some(&before));
    println!("at the end     : {after}");
    judge(&before, &after)
}

/// Counts when the parked tasks have gone; that takes a second.
fn settled(least: Option<&Holdings>) -> Holdings {
    sleep(Duration::from_millis(1_500));
    let end = Instant::now() + Duration::from_secs(5);
    loop {
        let now = holdings();
        if least.is_none_or(|least| now.tasks <= least.tasks) || Instant::now() > end {
            return now;
        }
        sleep(Duration::from_millis(100));
    }
}

fn judge(before: &Holdings, after: &Holdings) -> Result<(), String> {
    let grown = [
        ("resident memory", after.resident > before.resident + MORE_MEMORY),
        ("mappings", after.mappings > before.mappings + MORE_MAPPINGS),
        ("descriptors", after.descriptors > before.descriptors),
        ("tasks", after.tasks > before.tasks),
    ];
    let grown: Vec<&str> = grown.into_iter().filter_map(|(what, grown)| grown.then_some(what)).collect();
    if grown.is_empty() { Ok(()) } else { Err(format!("grown: {}", grown.join(", "))) }
}

struct Soak {
    ways: [Way; 3],
    made: usize,
}

impl Soak {
    /// More threads, until there were so many.
    fn until(&mut self, total: usize) -> Result<(), String> {
        while self.made < total {
            let block = self.made / BLOCK;
            let way = &self.ways[block % self.ways.len()];
            let pattern = if (block / self.ways.len()).is_multiple_of(2) { 1 } else { BATCH };
            let count = pattern.min(total - self.made);
            way.batch(self.made, count).map_err(|why| format!("thread {}: {why}", grouped(self.made)))?;
            self.made += count;
        }
        Ok(())
    }
}

/// How one thread ends: every hundredth is terminated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    Return,
    Exit,
    TerminateAsleep,
    TerminateAtWork,
}

impl End {
    fn of(number: usize) -> Self {
        match number % 200 {
            99 => Self::TerminateAsleep,
            199 => Self::TerminateAtWork,
            other if other.is_multiple_of(2) => Self::Return,
            _ => Self::Exit,
        }
    }

    fn is_forced(self) -> bool {
        matches!(self, Self::TerminateAsleep | Self::TerminateAtWork)
    }

    fn routine(self) -> extern "C" fn(*mut c_void) -> u32 {
        match self {
            Self::Return => returns,
            Self::Exit => exits,
            Self::TerminateAsleep => sleeps,
            Self::TerminateAtWork => spins,
        }
    }

    fn code(self) -> u32 {
        match self {
            Self::Return => 7,
            Self::Exit => 8,
            Self::TerminateAsleep | Self::TerminateAtWork => 9,
        }
    }
}

/// A runtime, and an event at which those sleep who are to be terminated.
struct Way {
    runtime: &'static Runtime,
    gate: &'static (&'static Runtime, Handle),
}

impl Way {
    fn new(runtime: &'static Runtime) -> Self {
        let (access, kind) = (AccessMask::EVENT_ALL_ACCESS, EventType::NOTIFICATION);
        let event = runtime.nt_create_event(access, ObjectAttributes::NONE, kind, false);
        let event = event.expect("there is room for an event");
        Self { runtime, gate: Box::leak(Box::new((runtime, event))) }
    }

    /// Makes `count` threads, of which the first has this number, and waits for all to end.
    fn batch(&self, first: usize, count: usize) -> Result<(), String> {
        let threads: Vec<(Handle, End)> =
            (first..first + count).map(|number| self.start(End::of(number))).collect::<Result<_, _>>()?;
        for (thread, end) in &threads {
            if end.is_forced() {
                // SAFETY: nobody refers to the thread's stack, which has nothing on it.
                let status = unsafe { self.runtime.nt_terminate_thread(*thread, end.code()) };
                status.ok().map_err(|status| format!("terminate answered {status}"))?;
            }
        }
        threads.into_iter().try_for_each(|(thread, end)| self.join(thread, end.code()))
    }

    /// Has more threads alive at once than any batch, so that as many stacks are kept as will ever be needed: how many
    /// of a batch are alive at once is a matter of luck.
    fn fill(&self) -> Result<(), String> {
        let threads: Vec<Handle> =
            (0..2 * BATCH).map(|_| self.create(End::TerminateAsleep)).collect::<Result<_, _>>()?;
        let (runtime, gate) = *self.gate;
        runtime.nt_set_event(gate).map_err(|status| format!("set answered {status}"))?;
        threads.into_iter().try_for_each(|thread| self.join(thread, 0))?;
        runtime.nt_reset_event(gate).map(drop).map_err(|status| format!("reset answered {status}"))
    }

    fn start(&self, end: End) -> Result<(Handle, End), String> {
        self.create(end).map(|thread| (thread, end))
    }

    fn create(&self, end: End) -> Result<Handle, String> {
        let made = self.runtime.nt_create_thread_ex(
            AccessMask::THREAD_ALL_ACCESS,
            ObjectAttributes::NONE,
            Handle::CURRENT_PROCESS,
            Some(StartRoutine::C(end.routine())),
            std::ptr::from_ref(self.gate).cast_mut().cast(),
            CreateThreadFlags::empty(),
            0,
        );
        made.map_err(|status| format!("create answered {status}"))
    }

    fn join(&self, thread: Handle, expected: u32) -> Result<(), String> {
        const PATIENCE: i64 = -60 * 10_000_000;
        let ended = self.runtime.nt_wait_for_single_object(thread, false, Some(PATIENCE));
        if ended != NtStatus::WAIT_0 {
            return Err(format!("it was to end with {expected}; a wait of a minute answered {ended}"));
        }
        let code = Ntdll::on(self.runtime).nt_get_exit_code_thread(thread);
        if code != Ok(expected) {
            return Err(format!("it was to end with {expected}; its exit code is {code:?}"));
        }
        let closed = self.runtime.nt_close(thread);
        closed.ok().map_err(|status| format!("close answered {status}"))
    }
}

extern "C" fn returns(_: *mut c_void) -> u32 {
    End::Return.code()
}

extern "C" fn exits(gate: *mut c_void) -> u32 {
    // SAFETY: `Way::new` made it, for ever.
    let (runtime, _) = unsafe { &*gate.cast::<(&'static Runtime, Handle)>() };
    // SAFETY: nobody refers to this frame, and nothing in it needs its destructor.
    unsafe { runtime.rtl_exit_user_thread(End::Exit.code()) }.0
}

extern "C" fn sleeps(gate: *mut c_void) -> u32 {
    // SAFETY: `Way::new` made it, for ever.
    let (runtime, event) = unsafe { &*gate.cast::<(&'static Runtime, Handle)>() };
    runtime.nt_wait_for_single_object(*event, false, None).0
}

extern "C" fn spins(_: *mut c_void) -> u32 {
    loop {
        std::hint::spin_loop();
    }
}

impl fmt::Display for Holdings {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { resident, mappings, descriptors, tasks } = self;
        let megabytes = *resident as f64 / f64::from(1 << 20);
        write!(out, "{megabytes:.1} MiB, {mappings} mappings, {descriptors} descriptors, {tasks} tasks")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_way_and_every_end_comes() {
        let mut soak = Soak { ways: [adaptive(), recycling(), pthread_backend()].map(Way::new), made: 0 };
        assert_eq!(soak.until(2 * 3 * BLOCK), Ok(()));
        let ends: Vec<End> = (0..200).map(End::of).collect();
        let count = |wanted: End| ends.iter().filter(|end| **end == wanted).count();
        assert_eq!([End::Return, End::Exit, End::TerminateAsleep, End::TerminateAtWork].map(count), [100, 98, 1, 1]);
    }

    #[test]
    fn growth_is_told() {
        let before = Holdings { resident: 10 << 20, mappings: 100, descriptors: 5, tasks: 2 };
        assert_eq!(judge(&before, &before), Ok(()));
        let after = Holdings { resident: 20 << 20, descriptors: 6, ..before };
        assert_eq!(judge(&before, &after), Err("grown: resident memory, descriptors".to_owned()));
    }
}
