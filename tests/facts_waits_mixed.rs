//! Waits for mixtures of events, semaphores and mutants: facts W9, W12, W15, W16, M35, and that the order of a wait-all's list does not
//! matter.

#![allow(clippy::disallowed_types, clippy::disallowed_methods, reason = "tests are not the product")]

mod common;

use core::sync::atomic::{AtomicU32, Ordering};

use common::gifts::Gift;
use common::nt_threads::NtThread;
use common::{FOREVER, Nt, POLL, Random, Worker, abandoned, ms, object, within};
use ntwait::{Handle, NtStatus, WaitPolicy};

const GIFTS: [Gift; 3] = [Gift::Event, Gift::Count, Gift::Mutant];

/// A counter that two threads raise in turn.
struct Turn(AtomicU32);

impl Turn {
    fn await_turn(&self, turn: u32) {
        while self.0.load(Ordering::Acquire) != turn {
            std::thread::yield_now();
        }
    }

    fn pass(&self) {
        self.0.fetch_add(1, Ordering::Release);
    }
}

/// One gives the first and then the second, over and over. Who waits for one of them gets the first: there is no moment when the second is
/// there and the first is not.
#[test]
fn w9_the_lowest_of_a_mixture() {
    const ROUNDS: u32 = 500;
    within(|| {
        for policy in [WaitPolicy::NO_SPIN, WaitPolicy::ADAPTIVE] {
            let nt = Nt::with(policy);
            for kinds in GIFTS.into_iter().flat_map(|first| GIFTS.map(|second| [first, second])) {
                let turn: &'static Turn = Box::leak(Box::new(Turn(AtomicU32::new(0))));
                let (say, hear) = std::sync::mpsc::channel();
                let giver = Worker::start(move || {
                    let gifts = kinds.map(|kind| kind.make(nt));
                    say.send(gifts).expect("the test listens");
                    for round in 0..ROUNDS {
                        for (kind, gift) in kinds.into_iter().zip(gifts) {
                            kind.give(nt, gift);
                        }
                        turn.await_turn(2 * round + 1);
                        for (kind, gift) in kinds.into_iter().zip(gifts) {
                            if kind == Gift::Mutant {
                                assert_eq!(nt.one(gift, POLL), object(0));
                            }
                        }
                        turn.pass();
                    }
                });
                let gifts = hear.recv().expect("the gifts");
                for round in 0..ROUNDS {
                    let timeout = [POLL, FOREVER, Some(-100)][(round % 3) as usize];
                    let status = loop {
                        match nt.any(&gifts, timeout) {
                            NtStatus::TIMEOUT => {}
                            status => break status,
                        }
                    };
                    assert_eq!(status, object(0), "{kinds:?}, round {round}");
                    assert_eq!(nt.one(gifts[1], FOREVER), object(0));
                    for (kind, gift) in kinds.into_iter().zip(gifts) {
                        if kind == Gift::Mutant {
                            assert_eq!(nt.free(gift), 0);
                        }
                    }
                    turn.pass();
                    turn.await_turn(2 * round + 2);
                }
                giver.join();
            }
        }
    });
}

/// A poll of several objects answers for all of them: that the first is taken by another at this moment does not hide the second.
#[test]
fn w9_a_poll_does_not_stop_at_what_others_take() {
    within(|| {
        let nt = Nt::new();
        let gives: [fn(Nt, Handle); 2] =
            [|nt, mutant| assert_eq!(nt.free(mutant), 0), |nt, count| assert_eq!(nt.post(count, 1), 0)];
        for (first, give) in [nt.mutant(false), nt.semaphore(1, 1)].into_iter().zip(gives) {
            let (set, stop) = (nt.manual(true), nt.manual(false));
            let taker = Worker::start(move || {
                while nt.one(stop, POLL) == NtStatus::TIMEOUT {
                    assert_eq!(nt.one(first, FOREVER), object(0));
                    give(nt, first);
                }
            });
            let mut counts = [0; 2];
            for _ in common::trials(300_000) {
                let status = nt.any(&[first, set], POLL);
                let index = usize::from(status != object(0));
                assert_eq!(status, object(index), "the second is there all the time");
                counts[index] += 1;
                if index == 0 {
                    give(nt, first);
                }
            }
            nt.set(stop);
            taker.join();
            assert!(counts.iter().all(|count| *count > 0), "both endings must be seen: {counts:?}");
        }
    });
}

/// Three threads take all of four objects of three kinds, each in an order of its own, and give them back: nobody waits for ever, nobody has
/// what another has.
#[test]
fn w12_wait_alls_in_opposite_orders() {
    within(|| {
        for policy in [WaitPolicy::NO_SPIN, WaitPolicy::ADAPTIVE] {
            let nt = Nt::with(policy);
            let objects = [nt.auto(true), nt.semaphore(1, 1), nt.mutant(false), nt.mutant(false)];
            let inside: &'static AtomicU32 = Box::leak(Box::new(AtomicU32::new(0)));
            let orders = [[0, 1, 2, 3], [3, 2, 1, 0], [2, 0, 3, 1]];
            let workers = orders.map(|order| {
                Worker::start(move || {
                    let mut counts = [0_u32; 2];
                    let mut random = Random::new(order[0] as u64 + 12);
                    while counts[0] < 3_000 {
                        let timeout = random.pick(&[FOREVER, POLL, Some(-50), ms(1_000)]);
                        match nt.all(&order.map(|place| objects[place]), timeout) {
                            NtStatus::TIMEOUT => counts[1] += 1,
                            status => {
                                assert_eq!(status, object(0));
                                assert_eq!(inside.fetch_add(1, Ordering::SeqCst), 0, "two have them all");
                                assert_eq!(objects[2..].iter().map(|m| nt.look_mutant(*m).count).sum::<i32>(), 0);
                                inside.fetch_sub(1, Ordering::SeqCst);
                                // In yet another order.
                                for place in [order[2], order[0], order[3], order[1]] {
                                    let gift = [Gift::Event, Gift::Count, Gift::Mutant, Gift::Mutant][place];
                                    gift.give(nt, objects[place]);
                                }
                                counts[0] += 1;
                            }
                        }
                    }
                })
            });
            workers.into_iter().for_each(Worker::join);
            let kinds = [Gift::Event, Gift::Count, Gift::Mutant, Gift::Mutant];
            assert!(kinds.into_iter().zip(objects).all(|(kind, handle)| kind.is_there(nt, handle)));
            assert_eq!(objects.map(|handle| nt.references(handle)), [1; 4], "nobody is queued");
        }
    });
}

/// A wait-all that lacks one object takes nothing and keeps nothing from others, whichever it lacks, and whichever comes last completes it.
#[test]
fn w15_w16_every_last_object() {
    within(|| {
        let nt = Nt::new();
        for last in 0..3 {
            let gifts = GIFTS.map(|kind| (kind, kind.make(nt)));
            let waiter = Worker::blocked(move || {
                let status = nt.all(&gifts.map(|(_, handle)| handle), FOREVER);
                (status, nt.look_mutant(gifts[2].1) == nt.mine(1), nt.free(gifts[2].1))
            });
            for (place, (kind, handle)) in gifts.into_iter().enumerate() {
                if place != last {
                    kind.give(nt, handle);
                    assert!(kind.is_there(nt, handle), "W15: {kind:?}");
                    // Others may have it meanwhile.
                    assert_eq!(nt.one(handle, POLL), object(0));
                    waiter.assert_blocked();
                    kind.give(nt, handle);
                }
            }
            waiter.assert_blocked();
            let (kind, handle) = gifts[last];
            kind.give(nt, handle);
            assert_eq!(waiter.join(), (object(0), true, 0), "last: {kind:?}");
            assert_eq!(gifts.map(|(kind, handle)| kind.is_there(nt, handle)), [false, false, true]);
        }
    });
}

/// An owner's end is the last thing that a wait-all of many kinds, its own mutant among them, has waited for.
#[test]
fn m14_m35_an_end_completes_a_wait_all() {
    within(|| {
        let nt = Nt::new();
        for (own_depth, is_any) in [(1, false), (3, false), (1, true)] {
            let (left, event, count) = (nt.mutant(false), nt.auto(true), nt.semaphore(2, 5));
            let owner: NtThread = nt.blocked(move || (nt.one(left, POLL), nt.one(nt.auto(false), FOREVER)).1.0);
            let dead = nt.thread(|| 0);
            let waiter = Worker::blocked(move || {
                let own = nt.mutant(true);
                (1..own_depth).for_each(|_| assert_eq!(nt.one(own, POLL), object(0)));
                if is_any {
                    let clear = nt.auto(false);
                    return (nt.any(&[clear, left], FOREVER), own_depth + 1);
                }
                let status = nt.all(&[count, own, dead.handle, left, event], FOREVER);
                (status, 1 - nt.look_mutant(own).count)
            });
            assert_eq!((nt.look(event).state, nt.look_semaphore(count)), (1, (2, 5)));
            owner.kill(1);
            let index = usize::from(is_any);
            assert_eq!(waiter.join(), (abandoned(index), own_depth + 1));
            let taken = if is_any { (1, (2, 5)) } else { (0, (1, 5)) };
            assert_eq!((nt.look(event).state, nt.look_semaphore(count)), taken);
        }
    });
}
