//! Four threads, twelve events, random operations: no signal is lost, none is doubled.
//!
//! A set that finds an auto-reset event clear gives one token; a successful wait or a reset that finds it set takes
//! one. Whatever the threads did, tokens given = tokens taken + events that are set at the end, for each event.

use std::sync::Arc;
use std::time::Instant;

use ntwait::{Handle, NtStatus, Runtime};

use super::face::{Event, autos, handles, wait_all, wait_any};
use super::{Check, Lab, Verdict, ensure};
use crate::crowd::Crowd;

pub(super) const CHECKS: [Check; 1] = [Check {
    name: "every-token-accounted",
    rule: "under random operations of four threads on twelve events every signal is taken once or still there",
    run: every_token_accounted,
}];

const THREADS: usize = 4;
const EVENTS: usize = 12;

fn every_token_accounted(lab: Lab) -> Verdict {
    let events: [Event; EVENTS] = autos(lab.runtime)?;
    let listed = Arc::new(handles(&events));
    let end = Instant::now() + lab.time;
    let runtime = lab.runtime;
    let books = Crowd::of(THREADS, move |index| work(runtime, &listed, index as u64 + 1, end)).join();
    let mut total = Book::default();
    for book in books {
        total.add(&book?);
    }
    for (index, event) in events.iter().enumerate() {
        let (given, taken, left) = (total.given[index], total.taken[index], event.state()?);
        ensure!(given == taken + i64::from(left), "event {index}: {given} given, {taken} taken, {left} left");
    }
    let tokens: i64 = total.given.iter().sum();
    Ok(format!("{} operations, {tokens} tokens, none lost or doubled", total.operations))
}

/// What one thread did.
#[derive(Default)]
struct Book {
    given: [i64; EVENTS],
    taken: [i64; EVENTS],
    operations: u64,
}

impl Book {
    fn add(&mut self, other: &Self) {
        for index in 0..EVENTS {
            self.given[index] += other.given[index];
            self.taken[index] += other.taken[index];
        }
        self.operations += other.operations;
    }
}

fn work(runtime: &Runtime, events: &[Handle; EVENTS], seed: u64, end: Instant) -> Result<Book, String> {
    let mut book = Book::default();
    let mut dice = Dice(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15));
    while Instant::now() < end {
        book.operations += 1;
        match dice.below(20) {
            0..=8 => {
                let index = dice.below(EVENTS);
                let before = runtime.nt_set_event(events[index]).map_err(|status| format!("set: {status}"))?;
                book.given[index] += i64::from(before == 0);
            }
            9 => {
                let index = dice.below(EVENTS);
                let before = runtime.nt_reset_event(events[index]).map_err(|status| format!("reset: {status}"))?;
                book.taken[index] += i64::from(before == 1);
            }
            10..=12 => {
                let index = dice.below(EVENTS);
                let status = runtime.nt_wait_for_single_object(events[index], false, dice.timeout());
                took(&mut book, &[index], false, status)?;
            }
            13..=16 => any_of_some(runtime, events, &mut dice, &mut book)?,
            _ => all_of_some(runtime, events, &mut dice, &mut book)?,
        }
    }
    Ok(book)
}

fn any_of_some(runtime: &Runtime, events: &[Handle; EVENTS], dice: &mut Dice, book: &mut Book) -> Result<(), String> {
    let picked: Vec<usize> = (0..=dice.below(6)).map(|_| dice.below(EVENTS)).collect();
    let listed: Vec<Handle> = picked.iter().map(|index| events[*index]).collect();
    took(book, &picked, false, wait_any(runtime, &listed, dice.timeout()))
}

fn all_of_some(runtime: &Runtime, events: &[Handle; EVENTS], dice: &mut Dice, book: &mut Book) -> Result<(), String> {
    // A stride of five visits all twelve before it repeats, so these are different, in no order.
    let first = dice.below(EVENTS);
    let picked: Vec<usize> = (0..2 + dice.below(3)).map(|step| (first + 5 * step) % EVENTS).collect();
    let listed: Vec<Handle> = picked.iter().map(|index| events[*index]).collect();
    took(book, &picked, true, wait_all(runtime, &listed, dice.timeout()))
}

/// Books what a wait on `picked` took, by its answer.
fn took(book: &mut Book, picked: &[usize], all: bool, status: NtStatus) -> Result<(), String> {
    match status {
        NtStatus::TIMEOUT => {}
        NtStatus::WAIT_0 if all => picked.iter().for_each(|index| book.taken[*index] += 1),
        NtStatus(place) if !all && (place as usize) < picked.len() => book.taken[picked[place as usize]] += 1,
        status => return Err(format!("a wait on {} objects answered {status}", picked.len())),
    }
    Ok(())
}

/// Random numbers that are the same in every run (xorshift).
struct Dice(u64);

impl Dice {
    fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 33) as usize % bound
    }

    /// A poll, or up to 300 µs.
    fn timeout(&mut self) -> Option<i64> {
        Some(-(self.below(4) as i64 * 1_000))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_are_booked_by_their_answer() {
        let mut book = Book::default();
        assert_eq!(took(&mut book, &[3, 5], false, NtStatus(1)), Ok(()));
        assert_eq!(took(&mut book, &[3, 5], true, NtStatus::WAIT_0), Ok(()));
        assert_eq!(took(&mut book, &[3, 5], false, NtStatus::TIMEOUT), Ok(()));
        assert_eq!((book.taken[3], book.taken[5]), (1, 2));
        assert!(took(&mut book, &[3, 5], false, NtStatus(2)).is_err());
        assert!(took(&mut book, &[3, 5], true, NtStatus(1)).is_err());
    }

    #[test]
    fn dice_stay_in_bounds() {
        let mut dice = Dice(1);
        assert!((0..1_000).all(|_| dice.below(12) < 12));
        assert!((0..100).all(|_| dice.timeout().is_some_and(|ticks| (-3_000..=0).contains(&ticks))));
    }
}
