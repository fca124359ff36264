//! Threads that are terminated at random moments while they take and release mutants and semaphores: afterwards every mutant is free, or
//! abandoned and told so once, nobody is queued, and no more of a count is missing than could have been on its way (facts M14, M18, W39).

#![allow(unsafe_code, reason = "a routine with a parameter")]
#![allow(clippy::disallowed_types, clippy::disallowed_methods, reason = "tests are not the product")]

mod common;

use core::ffi::c_void;
use core::sync::atomic::{AtomicI32, AtomicU32, AtomicUsize, Ordering};
use core::time::Duration;

use common::nt_threads::ALL_RIGHTS;
use common::storm::{KILLED, KILLS, MINUTES};
use common::threads::within_limit;
use common::{FOREVER, MutantLook, Nt, POLL, Random, Worker, abandoned, ms, object, spin_for};
use ntwait::{CreateThreadFlags, Handle, NtStatus, ObjectAttributes, StartRoutine, WaitPolicy};

const MUTANTS: usize = 4;
const MOST: i32 = 1_000_000;

/// What all victims share. They allocate nothing.
struct Stage {
    nt: Nt,
    mutants: [Handle; MUTANTS],
    semaphore: Handle,
    event: Handle,
    /// Who is between taking a mutant and giving it back: a thread's number, or 0.
    inside: [AtomicUsize; MUTANTS],
    /// Released, less taken.
    balance: AtomicI32,
    /// Calls that change the count and have not been booked: as many as threads that died in them.
    unbooked: AtomicI32,
    entered: AtomicU32,
    told: AtomicU32,
}

impl Stage {
    fn new(policy: WaitPolicy) -> &'static Stage {
        let nt = Nt::with(policy);
        Box::leak(Box::new(Stage {
            nt,
            mutants: [(); MUTANTS].map(|()| nt.mutant(false)),
            semaphore: nt.semaphore(10, MOST),
            event: nt.auto(true),
            inside: Default::default(),
            balance: AtomicI32::new(10),
            unbooked: AtomicI32::new(0),
            entered: AtomicU32::new(0),
            told: AtomicU32::new(0),
        }))
    }

    /// A mutant was taken, one level deep, by a thread that had none of it before.
    fn enter(&self, place: usize, me: usize, status: NtStatus) {
        let before = self.inside[place].swap(me, Ordering::SeqCst);
        let is_told = status.0 >= NtStatus::ABANDONED_WAIT_0.0;
        // Who died inside has left its number, and the next is told of its death.
        assert!(before == 0 || is_told, "{before:#x} and {me:#x} are both inside");
        self.entered.fetch_add(1, Ordering::Relaxed);
        self.told.fetch_add(u32::from(is_told), Ordering::Relaxed);
    }

    fn leave(&self, place: usize) {
        self.inside[place].store(0, Ordering::SeqCst);
        assert_eq!(self.nt.free(self.mutants[place]), 0);
    }

    fn step(&self, me: usize, random: &mut Random) {
        let Stage { nt, mutants, semaphore, event, .. } = *self;
        let (one, other) = (random.index(MUTANTS), random.index(MUTANTS));
        let timeout = random.pick(&[POLL, ms(1), Some(-100), FOREVER]);
        match random.below(8) {
            0..3 => self.ended(one, me, nt.one(mutants[one], timeout)),
            3 => match nt.any(&[mutants[one], mutants[other]], timeout) {
                NtStatus::TIMEOUT => {}
                status => self.ended([one, other][status.0 as usize & 0x7F], me, status),
            },
            4 if one != other => {
                let status = nt.all(&[mutants[one], event, mutants[other]], timeout.or(ms(1)));
                if status != NtStatus::TIMEOUT {
                    // Which of the two was abandoned it does not say: nobody looks.
                    self.inside[one].store(0, Ordering::SeqCst);
                    self.inside[other].store(0, Ordering::SeqCst);
                    nt.set(event);
                    nt.free(mutants[one]);
                    nt.free(mutants[other]);
                }
            }
            5 if one != other => {
                let status = nt.one(mutants[one], POLL);
                if status != NtStatus::TIMEOUT {
                    self.enter(one, me, status);
                    // One level more, which goes first.
                    assert_eq!((nt.one(mutants[one], POLL), nt.free(mutants[one])), (object(0), -1));
                    self.inside[one].store(0, Ordering::SeqCst);
                    self.ended(other, me, nt.signal_and_wait(mutants[one], mutants[other], timeout));
                }
            }
            6 => self.book(1, || nt.nt_release_semaphore(semaphore, 1).is_ok()),
            _ => self.book(-1, || nt.one(semaphore, timeout.or(ms(1))) == object(0)),
        }
    }

    fn ended(&self, place: usize, me: usize, status: NtStatus) {
        if status != NtStatus::TIMEOUT {
            self.enter(place, me, status);
            spin_for(Duration::from_nanos(me as u64 % 16_000)); // long enough to be hit
            self.leave(place);
        }
    }

    fn book(&self, change: i32, call: impl FnOnce() -> bool) {
        self.unbooked.fetch_add(1, Ordering::SeqCst);
        if call() {
            self.balance.fetch_add(change, Ordering::SeqCst);
        }
        self.unbooked.fetch_sub(1, Ordering::SeqCst);
    }

    fn create(&'static self) -> Handle {
        let parameter = core::ptr::from_ref(self).cast_mut().cast();
        let (here, none, flags) = (Handle::CURRENT_PROCESS, ObjectAttributes::NONE, CreateThreadFlags::empty());
        let routine = Some(StartRoutine::C(victim));
        self.nt.nt_create_thread_ex(ALL_RIGHTS, none, here, routine, parameter, flags, 0).expect("a thread")
    }

    fn bury(&self, thread: Handle) {
        assert_eq!(self.nt.one(thread, FOREVER), object(0));
        assert_eq!(self.nt.exit_code(thread), Ok(KILLED));
        self.nt.close(thread);
    }

    fn storm(&'static self, kills: u32) {
        let nt = self.nt;
        let mut random = Random::new(0x0BAD_5707);
        let mut victims: Vec<Handle> = (0..6).map(|_| self.create()).collect();
        for _ in 0..kills {
            spin_for(Duration::from_nanos(random.below(100_000)));
            let thread = victims.swap_remove(random.index(victims.len()));
            if random.one_in(3) {
                let _ = nt.nt_suspend_thread(thread);
            }
            assert_eq!(nt.kill(thread, KILLED), NtStatus::SUCCESS);
            self.bury(thread);
            victims.push(self.create());
        }
        victims.iter().for_each(|thread| assert_eq!(nt.kill(*thread, KILLED), NtStatus::SUCCESS));
        victims.into_iter().for_each(|thread| self.bury(thread));
    }

    fn audit(&self) {
        let nt = self.nt;
        for mutant in self.mutants {
            let look = nt.look_mutant(mutant);
            assert!(look == MutantLook::FREE || look == MutantLook::ABANDONED, "{look:?}");
            assert_eq!(nt.references(mutant), 1, "nobody is queued");
            let expected = if look.abandoned { abandoned(0) } else { object(0) };
            assert_eq!((nt.one(mutant, POLL), nt.one(mutant, POLL)), (expected, object(0)));
            assert_eq!((nt.free(mutant), nt.free(mutant)), (-1, 0));
            let waiter = {
                assert_eq!(nt.one(mutant, POLL), object(0));
                Worker::blocked(move || (nt.one(mutant, FOREVER), nt.free(mutant)))
            };
            assert_eq!((nt.free(mutant), waiter.join()), (0, (object(0), 0)));
        }
        let (count, _) = nt.look_semaphore(self.semaphore);
        let (balance, unbooked) = (self.balance.load(Ordering::SeqCst), self.unbooked.load(Ordering::SeqCst));
        // A thread that died in a call did it or not, and may have booked it already.
        assert!((count - balance).abs() <= unbooked, "count {count}, balance {balance}, {unbooked} not booked");
        assert_eq!(nt.references(self.semaphore), 1, "nobody is queued");
        let (entered, told) = (self.entered.load(Ordering::SeqCst), self.told.load(Ordering::SeqCst));
        assert!(entered > 1_000 && told > 10, "{entered} times inside, {told} times told of a death");
    }
}

/// Goes on until it is killed.
extern "C" fn victim(stage: *mut c_void) -> u32 {
    // SAFETY: stages live for ever.
    let stage = unsafe { &*stage.cast::<Stage>() };
    let here = 0_u8;
    let me = (&raw const here).addr();
    let mut random = Random::new(me as u64 ^ u64::from(std::process::id()));
    loop {
        stage.step(me, &mut random);
    }
}

#[test]
fn m14_w39_kills_among_mutants_and_semaphores() {
    within_limit(MINUTES, || {
        for policy in [WaitPolicy::NO_SPIN, WaitPolicy::ADAPTIVE] {
            let stage = Stage::new(policy);
            stage.storm(KILLS / 2);
            stage.audit();
        }
    });
}
