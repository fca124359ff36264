//! Bad input to the calls on mutants and semaphores and to signal-and-wait is an answer, and changes nothing.

#![allow(clippy::disallowed_types, clippy::disallowed_methods, reason = "tests are not the product")]

mod common;

use common::{FOREVER, MutantLook, Nt, POLL, Random, Worker, object, within};
use ntwait::{AccessMask, Handle, HandleAttributes, NtStatus, ObjectAttributes, WaitPolicy};

type EntryPoint = (&'static str, fn(Nt, Handle) -> Result<(), NtStatus>);

const OF_MUTANTS: [EntryPoint; 3] = [
    ("nt_release_mutant", |nt, handle| nt.nt_release_mutant(handle).map(drop)),
    ("nt_query_mutant basic", |nt, handle| nt.nt_query_mutant(handle, 0, &mut [0; 8], None).ok()),
    ("nt_query_mutant owner", |nt, handle| nt.nt_query_mutant(handle, 1, &mut [0; 16], None).ok()),
];

const OF_SEMAPHORES: [EntryPoint; 2] = [
    ("nt_release_semaphore", |nt, handle| nt.nt_release_semaphore(handle, 1).map(drop)),
    ("nt_query_semaphore", |nt, handle| nt.nt_query_semaphore(handle, 0, &mut [0; 8], None).ok()),
];

const OF_BOTH: [EntryPoint; 4] = [
    ("signal and wait, first", |nt, handle| nt.signal_and_wait(handle, Handle::CURRENT_PROCESS, POLL).ok()),
    ("signal and wait, first, for ever", |nt, handle| nt.signal_and_wait(handle, nt.manual(true), FOREVER).ok()),
    ("signal and wait, second", |nt, handle| nt.signal_and_wait(nt.auto(false), handle, POLL).ok()),
    ("signal and wait, second, for ever", |nt, handle| nt.signal_and_wait(nt.auto(false), handle, FOREVER).ok()),
];

/// Objects that nothing of this may change.
struct Bystanders(Nt, Handle, Handle);

impl Bystanders {
    fn new(nt: Nt) -> Bystanders {
        Bystanders(nt, nt.mutant(true), nt.semaphore(3, 7))
    }

    #[track_caller]
    fn check(&self) {
        let Bystanders(nt, mutant, semaphore) = *self;
        assert_eq!((nt.look_mutant(mutant), nt.look_semaphore(semaphore)), (nt.mine(1), (3, 7)));
    }
}

#[test]
fn handles_that_are_none() {
    within(|| {
        let nt = Nt(ntwait::Runtime::builder().max_handles(65_536).build().expect("a runtime").leak());
        let bystanders = Bystanders::new(nt);
        let closed = [nt.mutant(true), nt.mutant(false), nt.semaphore(1, 1), nt.auto(true)];
        closed.iter().for_each(|handle| nt.close(*handle));
        let mut garbage = vec![Handle::NULL, Handle(1), Handle(2), Handle(3), Handle(u64::MAX - 2), Handle(1 << 63)];
        let mut random = Random::new(0xBAD);
        garbage.extend((0..2_000).map(|_| Handle(1 << 52 | random.next() << random.below(11))));
        for handle in closed.into_iter().chain(garbage) {
            for (name, call) in OF_MUTANTS.iter().chain(&OF_SEMAPHORES).chain(&OF_BOTH) {
                assert_eq!(call(nt, handle), Err(NtStatus::INVALID_HANDLE), "{name}({:#x})", handle.0);
            }
        }
        bystanders.check();
    });
}

#[test]
fn handles_of_other_types() {
    within(|| {
        let nt = Nt::new();
        let (mutant, semaphore) = (nt.mutant(true), nt.semaphore(0, 2));
        let others =
            [nt.auto(true), nt.manual(true), nt.dead(1).handle, Handle::CURRENT_THREAD, Handle::CURRENT_PROCESS];
        for other in others.into_iter().chain([semaphore]) {
            for (name, call) in OF_MUTANTS {
                assert_eq!(call(nt, other), Err(NtStatus::OBJECT_TYPE_MISMATCH), "{name}({:#x})", other.0);
            }
        }
        for other in others.into_iter().chain([mutant]) {
            for (name, call) in OF_SEMAPHORES {
                assert_eq!(call(nt, other), Err(NtStatus::OBJECT_TYPE_MISMATCH), "{name}({:#x})", other.0);
            }
        }
        assert_eq!((nt.look_mutant(mutant), nt.look_semaphore(semaphore)), (nt.mine(1), (0, 2)));
    });
}

/// Any numbers at all: counts, maxima, classes, lengths, rights, attributes, time-outs.
#[test]
fn arguments_out_of_range() {
    within(|| {
        let nt = Nt::new();
        let bystanders = Bystanders::new(nt);
        let semaphore = nt.semaphore(1, 1_000);
        let mut random = Random::new(0xC0FFEE);
        let mut made = 0;
        for _ in 0..20_000 {
            let numbers = [(); 4].map(|()| (random.next() << random.below(11)) as u32 >> random.below(32));
            let [a, b, c, d] = numbers;
            let (before, _) = nt.look_semaphore(semaphore);
            match nt.nt_release_semaphore(semaphore, a.cast_signed()) {
                Ok(found) => assert_eq!(nt.look_semaphore(semaphore).0, found + a.cast_signed(), "{a:#x}"),
                Err(status) => {
                    let bad = a == 0 || a.cast_signed() < 0;
                    let expected = if bad { NtStatus::INVALID_PARAMETER } else { NtStatus::SEMAPHORE_LIMIT_EXCEEDED };
                    assert_eq!((status, nt.look_semaphore(semaphore).0), (expected, before), "{a:#x}");
                }
            }
            while nt.look_semaphore(semaphore).0 > 500 {
                assert_eq!(nt.one(semaphore, POLL), object(0));
            }
            let attributes = ObjectAttributes::new(HandleAttributes::from_bits_retain(c));
            let access = AccessMask::from_bits_retain(d);
            let results = [
                nt.nt_create_semaphore(access, attributes, a.cast_signed(), b.cast_signed()),
                nt.nt_create_semaphore(
                    AccessMask::SEMAPHORE_ALL_ACCESS,
                    ObjectAttributes::NONE,
                    a.cast_signed(),
                    b.cast_signed(),
                ),
                nt.nt_create_mutant(access, attributes, a % 2 == 0),
            ];
            for handle in results.into_iter().flatten() {
                made += 1;
                // It may be protected from being closed by nothing: that flag is not for creations.
                nt.close(handle);
            }
            let mut buffer = vec![0xAA; (c % 32) as usize];
            for status in [
                nt.nt_query_mutant(bystanders.1, a % 4, &mut buffer, None),
                nt.nt_query_semaphore(semaphore, b % 3, &mut buffer, None),
            ] {
                assert!(
                    [NtStatus::SUCCESS, NtStatus::INVALID_INFO_CLASS, NtStatus::INFO_LENGTH_MISMATCH].contains(&status)
                );
            }
        }
        assert!(made > 1_000, "some are good: {made}");
        bystanders.check();
    });
}

/// Handles that others close at any moment: each call does all or nothing, and no mutant is lost.
#[test]
fn handles_closed_under_the_calls() {
    within(|| {
        for policy in [WaitPolicy::NO_SPIN, WaitPolicy::ADAPTIVE] {
            let nt = Nt::with(policy);
            for _ in common::trials(3_000) {
                let (mutant, semaphore, event) = (nt.mutant(true), nt.semaphore(0, 1), nt.auto(false));
                let kept = nt.duplicate(mutant, AccessMask::MUTANT_ALL_ACCESS).expect("a duplicate");
                let closer = Worker::start(move || [mutant, semaphore, event].map(|handle| nt.nt_close(handle)));
                let status = nt.signal_and_wait(mutant, semaphore, POLL);
                assert!(matches!(status, NtStatus::TIMEOUT | NtStatus::INVALID_HANDLE), "{status}");
                let look = nt.look_mutant(kept);
                let expected = if status == NtStatus::TIMEOUT { MutantLook::FREE } else { nt.mine(1) };
                assert_eq!(look, expected, "{status}");
                let status = nt.any(&[event, semaphore, kept], POLL);
                assert!([object(2), NtStatus::INVALID_HANDLE].contains(&status), "{status}");
                assert_eq!(closer.join(), [NtStatus::SUCCESS; 3]);
                while nt.look_mutant(kept).mine {
                    assert!(nt.free(kept) <= 0);
                }
                assert_eq!(nt.look_mutant(kept), MutantLook::FREE);
                nt.close(kept);
            }
        }
    });
}
