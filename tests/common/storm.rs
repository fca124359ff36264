//! Threads that are terminated at random moments, and what must be as good as ever afterwards.

#![allow(unsafe_code, reason = "a routine with a parameter")]

use core::ffi::c_void;
use core::time::Duration;

use ntwait::{CreateThreadFlags, Handle, NtStatus, ObjectAttributes, StartRoutine, WaitPolicy, WaitType};

use super::nt_threads::{ALL_RIGHTS, ME};
use super::{FOREVER, FULL, Nt, POLL, Random, Worker, ms, object, spin_for};

pub(crate) const KILLS: u32 = 2_000;
pub(crate) const KILLED: u32 = 0xDEAD;
pub(crate) const MINUTES: Duration = Duration::from_secs(150);

/// What all victims share, and what they do.
pub(crate) struct Stage {
    pub(crate) nt: Nt,
    pub(crate) events: [Handle; 4],
    at_rest: [u32; 4],
    step: fn(&'static Stage, &mut Random),
}

/// A victim, which goes on until it is killed; some end by themselves, now and then. It allocates nothing itself.
extern "C" fn victim(stage: *mut c_void) -> u32 {
    // SAFETY: stages live for ever.
    let stage = unsafe { &*stage.cast::<Stage>() };
    let here = 0_u8;
    let mut random = Random::new((&raw const here).addr() as u64 ^ u64::from(std::process::id()));
    for _ in 0..if random.one_in(20) { random.below(30) } else { u64::MAX } {
        (stage.step)(stage, &mut random);
    }
    KILLED
}

impl Stage {
    pub(crate) fn new(policy: WaitPolicy, step: fn(&'static Stage, &mut Random)) -> &'static Stage {
        let nt = Nt::with(policy);
        let events = [nt.auto(false), nt.auto(true), nt.manual(false), nt.manual(true)];
        Box::leak(Box::new(Stage { nt, events, at_rest: events.map(|event| nt.references(event)), step }))
    }

    /// One call of the library, chosen at random.
    pub(crate) fn call(&self, random: &mut Random) {
        let Stage { nt, events, .. } = *self;
        let (one, other) = (random.pick(&events), random.pick(&events));
        let timeout = random.pick(&[POLL, ms(1), Some(-100), Some(-2_000)]);
        let alertable = random.one_in(2);
        match random.below(12) {
            0 => drop(nt.nt_set_event(one)),
            1 => drop(nt.nt_reset_event(one)),
            2 => drop(nt.nt_pulse_event(one)),
            3 | 4 => drop(nt.nt_wait_for_single_object(one, alertable, timeout)),
            5 => drop(nt.nt_wait_for_multiple_objects(&[one, other], WaitType::ANY, alertable, timeout)),
            6 => drop(nt.nt_wait_for_multiple_objects(&[events[0], events[2]], WaitType::ALL, alertable, timeout)),
            7 => {
                let event = nt.auto(true);
                let _ = nt.one(event, POLL);
                let _ = nt.nt_close(event);
            }
            8 => {
                if let Ok(duplicate) = nt.duplicate(one, FULL) {
                    let _ = nt.nt_close(duplicate);
                }
            }
            9 => {
                let _ = nt.nt_queue_apc_thread(ME, None, [core::ptr::null_mut(); 3]);
                let _ = nt.nt_alert_thread(ME);
                let _ = nt.nt_test_alert();
            }
            10 => {
                let _ = nt.nt_delay_execution(alertable, -100);
            }
            _ => {
                let _ = nt.basic(one);
            }
        }
    }

    pub(crate) fn create(&'static self, flags: CreateThreadFlags) -> Handle {
        let parameter = core::ptr::from_ref(self).cast_mut().cast();
        let routine = Some(StartRoutine::C(victim));
        let (here, none) = (Handle::CURRENT_PROCESS, ObjectAttributes::NONE);
        self.nt.nt_create_thread_ex(ALL_RIGHTS, none, here, routine, parameter, flags, 0).expect("a thread")
    }

    #[track_caller]
    pub(crate) fn bury(&self, thread: Handle) {
        assert_eq!(self.nt.one(thread, FOREVER), object(0));
        assert_eq!(self.nt.exit_code(thread), Ok(KILLED));
        self.nt.close(thread);
    }

    /// Kills that many, at random moments of their lives, some while they are suspended.
    pub(crate) fn storm(&'static self, kills: u32) {
        let mut random = Random::new(0x5707_A1BE);
        let running = CreateThreadFlags::empty();
        let mut victims: Vec<Handle> = (0..6).map(|_| self.create(running)).collect();
        let mut dying = Vec::new();
        for _ in 0..kills {
            spin_for(Duration::from_nanos(random.below(100_000)));
            let thread = victims.swap_remove(random.index(victims.len()));
            if random.one_in(3) {
                let _ = self.nt.nt_suspend_thread(thread);
            }
            assert_eq!(self.nt.kill(thread, KILLED), NtStatus::SUCCESS);
            dying.push(thread);
            if dying.len() > random.index(8) {
                dying.drain(..).for_each(|thread| self.bury(thread));
            }
            victims.push(self.create(running));
        }
        dying.extend(victims.drain(..).inspect(|thread| assert_eq!(self.nt.kill(*thread, KILLED), NtStatus::SUCCESS)));
        dying.drain(..).for_each(|thread| self.bury(thread));
    }

    /// Everything is as it was: nobody is queued, every kind of wait and signal works, so do new objects and threads.
    #[track_caller]
    pub(crate) fn assert_intact(&self) {
        let Stage { nt, events, at_rest, .. } = *self;
        assert_eq!(events.map(|event| nt.basic(event).handles >= 1), [true; 4]);
        // Victims that died between two calls have left handles, but nobody waits.
        let queued = events.map(|event| nt.references(event) - nt.basic(event).handles);
        assert_eq!(queued, at_rest.map(|references| references - 1), "nobody is queued");
        for event in events {
            nt.reset(event);
            for wait in [
                |nt: Nt, event| nt.one(event, FOREVER),
                |nt: Nt, event| nt.alertable(event, FOREVER),
                |nt: Nt, event| nt.all(&[event], FOREVER),
            ] {
                let waiter = Worker::blocked(move || wait(nt, event));
                assert_eq!(nt.set(event), 0);
                assert_eq!(waiter.join(), object(0));
                nt.reset(event);
            }
        }
        let fresh: Vec<Handle> = (0..5_000).map(|_| nt.auto(true)).collect();
        fresh.iter().for_each(|event| assert_eq!(nt.one(*event, POLL), object(0)));
        fresh.into_iter().for_each(|event| nt.close(event));
        for code in 0..200 {
            assert_eq!(nt.thread(move || code).join(), code);
        }
        let threads: Vec<_> = (0..50).map(|i| nt.suspended(move || vec![i; 10_000][77])).collect();
        threads.iter().for_each(|thread| assert_eq!(thread.resume(), 1));
        threads.into_iter().zip(0..).for_each(|(thread, i)| assert_eq!(thread.join(), i));
        assert_eq!(std::thread::spawn(|| String::from("alive")).join().expect("a thread"), "alive");
    }
}
