//! Threads as objects: they are waited for, stand still, run calls that others queue, and are ended.

#![allow(unsafe_code, reason = "ends threads by force")]

use std::ffi::c_void;
use std::ptr;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, mpsc};
use std::time::Duration;

use ntwait::{Ended, JoinError, NtStatus, Ntdll, NtdllApi, Runtime, Thread, ThreadBackend, WAIT_OBJECT_0};

use super::face::{Event, TICKS_PER_MS};
use super::{Check, Lab, Verdict, ensure};
use crate::os::task::{self, Pid, TaskState};
use crate::peers::{adaptive, pthread_backend, recycling};

pub(super) const CHECKS: [Check; 6] = [
    Check {
        name: "thread-backends",
        rule: "a thread of each backend returns 42, and its handle then answers that code",
        run: backends,
    },
    Check {
        name: "thread-among-events",
        rule: "a thread that ends satisfies a wait-any, stays signalled, and is joined for what it returned",
        run: among_events,
    },
    Check {
        name: "thread-suspended-at-birth",
        rule: "a thread that was made suspended runs when it was resumed as often, and not before",
        run: suspended_at_birth,
    },
    Check {
        name: "thread-stands-still",
        rule: "a suspended thread does nothing until it is resumed",
        run: stands_still,
    },
    Check {
        name: "thread-apc",
        rule: "queued calls run in order, on their thread, before its routine or in an alertable wait",
        run: runs_queued_calls,
    },
    Check {
        name: "thread-terminated",
        rule: "a terminated thread is signalled with that code, and its wait takes nothing any more",
        run: terminated,
    },
];

/// How long a thread that must not run is watched.
const WATCH: Duration = Duration::from_millis(5);

fn spawn<T: Send + 'static>(lab: Lab, work: impl FnOnce() -> T + Send + 'static) -> Result<Thread<T>, String> {
    Thread::builder().runtime(lab.runtime).spawn(work).map_err(|status| format!("spawn answered {status}"))
}

extern "C" fn the_answer(_: *mut c_void) -> u32 {
    42
}

fn backends(lab: Lab) -> Verdict {
    let ways = [("parked", adaptive()), ("recycled", recycling()), ("pthread", pthread_backend()), ("", lab.runtime)];
    for (way, runtime) in ways {
        let nt = Ntdll::on(runtime);
        let run = || {
            let thread = nt.nt_create_thread(the_answer, ptr::null_mut(), 64 * 1024)?;
            let ended = nt.nt_wait_for_single_object(thread, 10_000)?;
            let code = nt.nt_get_exit_code_thread(thread)?;
            nt.nt_close_handle(thread.0).map(|()| (ended, code))
        };
        for turn in 1..=lab.repeats {
            let answer: Result<_, NtStatus> = run();
            ensure!(answer == Ok((WAIT_OBJECT_0, 42)), "{way}, thread {turn}: wait and exit code were {answer:?}");
        }
    }
    let in_use = pthread_backend().thread_backend().backend();
    ensure!(in_use == ThreadBackend::Pthread, "pthreads were asked for and {in_use:?} is in use");
    Ok(format!("by default {}", lab.runtime.thread_backend()))
}

fn among_events(lab: Lab) -> Verdict {
    for trial in 1..=lab.repeats {
        let (gate, never) = (Event::auto(lab.runtime)?, Event::auto(lab.runtime)?);
        let (runtime, handle) = (lab.runtime, gate.handle);
        let thread = spawn(lab, move || {
            let _ = runtime.nt_wait_for_single_object(handle, false, None);
            42
        })?;
        let listed = [never.handle, thread.handle()];
        let any = |limit: Duration| runtime.wait_any(&listed, limit.into());
        let early = any(Duration::ZERO);
        ensure!(early == Ok(Ended::TimedOut), "trial {trial}: while it runs the wait answered {early:?}");
        gate.set()?;
        for look in ["first", "second"] {
            let answer = any(Duration::from_secs(10));
            ensure!(answer == Ok(Ended::Object(1)), "trial {trial}: the {look} wait answered {answer:?}");
        }
        let value = thread.join();
        ensure!(matches!(value, Ok(42)), "trial {trial}: 42 came back as {value:?}");
    }
    Ok(format!("{0} of {0} threads returned 42", lab.repeats))
}

fn suspended_at_birth(lab: Lab) -> Verdict {
    let ran = Arc::new(AtomicBool::new(false));
    let runs = Arc::clone(&ran);
    let made = Thread::builder().runtime(lab.runtime).suspended().spawn(move || runs.store(true, Ordering::Release));
    let thread = made.map_err(|status| format!("spawn answered {status}"))?;
    let twice = thread.suspend();
    ensure!(twice == Ok(1), "the second suspension answered {twice:?}");
    for before in [2, 1] {
        let ended = lab.runtime.wait_any(&[thread.handle()], WATCH.into());
        ensure!(ended == Ok(Ended::TimedOut), "suspended {before} times, a wait for it answered {ended:?}");
        ensure!(!ran.load(Ordering::Acquire), "it ran, suspended {before} times");
        let count = thread.resume();
        ensure!(count == Ok(before), "suspended {before} times, resume answered {count:?}");
    }
    thread.join().map_err(|error| error.to_string())?;
    ensure!(ran.load(Ordering::Acquire), "it ended and did not run");
    Ok("suspended twice, resumed twice, then it ran".to_owned())
}

/// A thread that counts as fast as it can, until told otherwise.
struct Counter {
    thread: Thread<u64>,
    task: Pid,
    count: Arc<AtomicU64>,
    over: Arc<AtomicBool>,
}

impl Counter {
    fn start(lab: Lab) -> Result<Self, String> {
        let (count, over) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicBool::new(false)));
        let (tell, told) = mpsc::channel();
        let (counts, ends) = (Arc::clone(&count), Arc::clone(&over));
        let thread = spawn(lab, move || {
            let _ = tell.send(task::current());
            while !ends.load(Ordering::Relaxed) {
                counts.fetch_add(1, Ordering::Relaxed);
            }
            counts.load(Ordering::Relaxed)
        })?;
        let task = told.recv().map_err(|_| "it ended before it said its id")?;
        Ok(Self { thread, task, count, over })
    }

    /// How far it comes in a short time.
    fn advances(&self) -> u64 {
        let from = self.count.load(Ordering::Relaxed);
        std::thread::sleep(WATCH);
        self.count.load(Ordering::Relaxed) - from
    }
}

fn stands_still(lab: Lab) -> Verdict {
    let counter = Counter::start(lab)?;
    for trial in 1..=lab.repeats {
        let answers = [counter.thread.suspend(), counter.thread.suspend()];
        ensure!(answers == [Ok(0), Ok(1)], "trial {trial}: two suspensions answered {answers:?}");
        wait_until_asleep(counter.task);
        let done = counter.advances();
        ensure!(done == 0, "trial {trial}: suspended, it counted {done} times");
        let inner = counter.thread.resume();
        ensure!(inner == Ok(2) && counter.advances() == 0, "trial {trial}: one of two resumes let it go ({inner:?})");
        let outer = counter.thread.resume();
        ensure!(outer == Ok(1), "trial {trial}: the second resume answered {outer:?}");
        while counter.advances() == 0 {}
    }
    counter.over.store(true, Ordering::Relaxed);
    let counted = counter.thread.join().map_err(|error| error.to_string())?;
    Ok(format!("{0} of {0} times; {counted} counted in between", lab.repeats))
}

fn wait_until_asleep(task: Pid) {
    while task::state(task) != TaskState::Sleeping {
        std::thread::yield_now();
    }
}

/// Numbers, in the order in which they were said, and by whom.
#[derive(Clone, Default)]
struct Said(Arc<Mutex<Vec<(usize, u32)>>>);

impl Said {
    fn say(&self, number: usize, runtime: &Runtime) {
        let by = runtime.current_thread_id().unwrap_or(0);
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push((number, by));
    }

    fn all(&self) -> Vec<(usize, u32)> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

fn runs_queued_calls(lab: Lab) -> Verdict {
    const EACH: usize = 2;
    let said = Said::default();
    let runtime = lab.runtime;
    let never = Event::auto(runtime)?;
    let (handle, seen) = (never.handle, said.clone());
    let (tell, told) = mpsc::channel();
    let made = Thread::builder().runtime(runtime).suspended().spawn(move || {
        let _ = tell.send(seen.all().len());
        let mut statuses = Vec::new();
        while seen.all().len() < 2 * EACH {
            statuses.push(runtime.nt_wait_for_single_object(handle, true, Some(-5_000 * TICKS_PER_MS)));
        }
        statuses
    });
    let thread = made.map_err(|status| format!("spawn answered {status}"))?;
    let id = thread.id();
    let queue = |number: usize| {
        let says = said.clone();
        let queued = thread.queue_apc(move || says.say(number, runtime));
        queued.map_err(|status| format!("queueing answered {status}"))
    };
    (0..EACH).try_for_each(queue)?;
    thread.resume().map_err(|status| format!("resume answered {status}"))?;
    let before_routine = told.recv().map_err(|_| "its routine did not run")?;
    ensure!(before_routine == EACH, "{before_routine} of {EACH} calls ran before the routine");
    (EACH..2 * EACH).try_for_each(queue)?;
    let statuses = thread.join().map_err(|error| error.to_string())?;
    let expected: Vec<_> = (0..2 * EACH).map(|number| (number, id)).collect();
    ensure!(said.all() == expected, "numbers and threads should be {expected:?}, and are {:?}", said.all());
    ensure!(statuses.iter().all(|status| *status == NtStatus::USER_APC), "the waits answered {statuses:?}");
    Ok(format!("{EACH} before the routine, {EACH} in {} waits", statuses.len()))
}

fn terminated(lab: Lab) -> Verdict {
    const CODE: u32 = 77;
    let end = |thread: &Thread<_>| {
        // SAFETY: nobody refers to the stack of the thread, and nothing on it needs its destructor.
        unsafe { thread.terminate(CODE) }.map_err(|status| format!("terminate answered {status}"))
    };
    for trial in 1..=lab.repeats {
        let event = Event::auto(lab.runtime)?;
        let (runtime, handle) = (lab.runtime, event.handle);
        let (tell, told) = mpsc::channel();
        let sleeper = spawn(lab, move || {
            let _ = tell.send(task::current());
            u64::from(runtime.nt_wait_for_single_object(handle, false, None).0)
        })?;
        wait_until_asleep(told.recv().map_err(|_| "it ended before it said its id")?);
        let counter = Counter::start(lab)?;
        for (thread, what) in [(sleeper, "asleep"), (counter.thread, "at work")] {
            end(&thread)?;
            let ended = runtime.wait_any(&[thread.handle()], Duration::from_secs(10).into());
            ensure!(ended == Ok(Ended::Object(0)), "trial {trial}: terminated {what}, a wait answered {ended:?}");
            let joined = thread.join();
            ensure!(matches!(joined, Err(JoinError::Ended(CODE))), "trial {trial}: terminated {what}: {joined:?}");
        }
        event.set()?;
        ensure!(event.state()? == 1, "trial {trial}: the dead thread's wait has taken the event");
    }
    Ok(format!("{0} of {0} asleep, {0} of {0} at work", lab.repeats))
}
