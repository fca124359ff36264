//! Frames of all kinds, and tables of all kinds.

use super::table::{Answer, look_up};
use super::{can_unwind_to, within};
use core::cell::Cell;
use core::hint::black_box;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

/// A destructor that the compiler cannot leave out.
struct Cleans<'a>(&'a Cell<u32>);

impl Drop for Cleans<'_> {
    fn drop(&mut self) {
        self.0.set(self.0.get() + 1);
    }
}

#[inline(never)]
fn with_destructor(cleaned: &Cell<u32>, inner: &mut dyn FnMut()) {
    let _cleans = Cleans(cleaned);
    inner();
    black_box(cleaned);
}

#[inline(never)]
fn plain(inner: &mut dyn FnMut()) {
    inner();
    black_box(());
}

#[inline(never)]
fn catches(inner: &mut dyn FnMut()) {
    let _ = black_box(catch_unwind(AssertUnwindSafe(inner)));
}

#[inline(never)]
#[allow(improper_ctypes_definitions, reason = "called from Rust")]
extern "C" fn must_not_unwind(inner: &mut dyn FnMut()) {
    inner();
    black_box(());
}

#[inline(never)]
#[allow(improper_ctypes_definitions, reason = "called from Rust")]
extern "C-unwind" fn may_unwind(inner: &mut dyn FnMut()) {
    inner();
    black_box(());
}

#[inline(never)]
#[allow(improper_ctypes_definitions, reason = "called from Rust")]
extern "C-unwind" fn may_unwind_with_destructor(cleaned: &Cell<u32>, inner: &mut dyn FnMut()) {
    let _cleans = Cleans(cleaned);
    inner();
    black_box(cleaned);
}

/// The answer where `frames` calls what it is given; with "yes" the stack is unwound indeed.
fn ask(frames: impl FnOnce(&mut dyn FnMut())) -> bool {
    struct Out;
    let mut answer = None;
    let ended = catch_unwind(AssertUnwindSafe(|| {
        within(|limit| {
            frames(&mut || {
                answer = Some(can_unwind_to(limit));
                if answer == Some(true) {
                    resume_unwind(Box::new(Out));
                }
            });
        });
    }));
    assert_eq!(ended.is_err_and(|out| out.is::<Out>()), answer == Some(true), "what was promised came true");
    answer.expect("called")
}

#[test]
fn b1_destructors_permit_and_run() {
    let cleaned = Cell::new(0);
    assert!(ask(|ask| ask()));
    assert!(ask(|ask| plain(ask)));
    assert!(ask(|ask| plain(&mut || with_destructor(&cleaned, &mut || with_destructor(&cleaned, ask)))));
    assert_eq!(cleaned.get(), 2);
    assert!(ask(|ask| may_unwind(&mut || plain(ask))));
    assert!(ask(|ask| may_unwind_with_destructor(&cleaned, ask)));
    assert_eq!(cleaned.get(), 3);
}

#[test]
fn b2_a_catch_forbids() {
    assert!(!ask(|ask| catches(ask)));
    assert!(!ask(|ask| plain(&mut || catches(&mut || may_unwind(ask)))));
}

#[test]
fn b2_what_must_not_unwind_forbids() {
    assert!(!ask(|ask| must_not_unwind(ask)));
    assert!(!ask(|ask| may_unwind(&mut || plain(&mut || must_not_unwind(&mut || plain(ask))))));
}

#[test]
fn b2_a_destructor_that_runs_in_a_panic_forbids() {
    struct Asks(usize);
    thread_local! { static ANSWER: Cell<Option<bool>> = const { Cell::new(None) } }
    impl Drop for Asks {
        fn drop(&mut self) {
            ANSWER.set(Some(can_unwind_to(self.0)));
        }
    }
    let ended = catch_unwind(|| {
        within(|limit| {
            let _asks = black_box(Asks(limit));
            resume_unwind(Box::new(()));
        })
    });
    assert!(ended.is_err());
    assert_eq!(ANSWER.get(), Some(false));
}

#[test]
fn b2_a_goal_on_another_stack_forbids() {
    assert!(!can_unwind_to(usize::MAX));
    assert!(!can_unwind_to(0));
    let local = 0_u8;
    std::thread::scope(|scope| {
        // One of the two stacks lies above the other.
        let other = (&raw const local).addr();
        let answers = scope.spawn(move || (can_unwind_to(other), (&raw const other).addr())).join().unwrap();
        assert!(!answers.0);
        assert!(!can_unwind_to(answers.1));
    });
}

#[test]
fn b2_a_frame_that_a_signal_interrupted_forbids() {
    thread_local! {
        static LIMIT: Cell<usize> = const { Cell::new(0) };
        static ANSWER: Cell<Option<bool>> = const { Cell::new(None) };
    }
    extern "C" fn ask_in_handler(_signal: i32) {
        ANSWER.set(Some(can_unwind_to(LIMIT.get())));
    }
    // SAFETY: the handler touches thread-local cells and walks the stack; nobody else uses the signal.
    unsafe { libc::signal(libc::SIGWINCH, ask_in_handler as *const () as usize) };
    within(|limit| {
        LIMIT.set(limit);
        // SAFETY: a signal with a handler.
        unsafe { libc::raise(libc::SIGWINCH) };
    });
    assert_eq!(ANSWER.get(), Some(false));
}

/// A table with these call sites, encoded as uleb128, and these actions.
fn encode(sites: &[[u8; 4]], actions: &[u8]) -> Vec<u8> {
    let bytes: Vec<u8> = sites.concat();
    // The types end where the actions end here.
    let (bytes_len, types) = (bytes.len() as u8, (2 + bytes.len() + actions.len()) as u8);
    let mut table = vec![0xff, 0x9b, types, 0x01, bytes_len];
    table.extend(bytes);
    table.extend(actions);
    table
}

fn answer(table: &[u8], offset: usize) -> Option<Answer> {
    let mut padded = table.to_vec();
    padded.resize(table.len() + 64, 0xff);
    // SAFETY: a table; should it be misread, it is followed by bytes that end every reading.
    unsafe { look_up(padded.as_ptr(), offset) }
}

#[test]
fn b1_b2_tables_are_read_as_personality_routines_do() {
    let sites = [[10, 5, 0, 0], [20, 5, 90, 0], [30, 5, 90, 1], [40, 5, 90, 3], [50, 5, 90, 5], [60, 5, 90, 7]];
    // cleanup; catch of type 1; cleanup, then the catch before it (−3); a filter.
    let table = encode(&sites, &[0, 0, 1, 0, 0, 0x7d, 0x7f, 0]);
    let rows = [
        (0, Answer::Terminates),
        (10, Answer::Nothing),
        (14, Answer::Nothing),
        (15, Answer::Terminates),
        (22, Answer::Cleanup),
        (30, Answer::Cleanup),
        (40, Answer::Stops),
        (50, Answer::Stops),
        (60, Answer::Stops),
        (65, Answer::Terminates),
        (usize::MAX, Answer::Terminates),
    ];
    for (offset, expected) in rows {
        assert_eq!(answer(&table, offset), Some(expected), "offset {offset}");
    }
    let fixed = [0xff, 0xff, 0x03, 13, 8, 0, 0, 0, 4, 0, 0, 0, 0x80, 0, 0, 0, 0];
    assert_eq!(answer(&fixed, 9), Some(Answer::Cleanup));
    assert_eq!(answer(&fixed, 12), Some(Answer::Terminates));
}

#[test]
fn b2_what_is_not_understood_forbids() {
    let good = encode(&[[10, 5, 90, 1]], &[0, 0]);
    assert_eq!(answer(&good, 10), Some(Answer::Cleanup));
    let spoilt = |place: usize, value: u8| {
        let mut table = good.clone();
        table[place] = value;
        answer(&table, 10)
    };
    assert_eq!(spoilt(0, 0x00), None, "a base for the landing pads");
    assert_eq!(spoilt(3, 0x1b), None, "an encoding of call sites");
    assert_eq!(spoilt(4, 3), None, "a call site that does not fit");
    assert_eq!(spoilt(2, 6), None, "an action behind the types");
    assert_eq!(spoilt(2, 5), None, "types inside the call sites");
    assert_eq!(spoilt(8, 3), None, "an action that is not there");
    let endless = encode(&[[10, 5, 90, 1]], &[0, 0x7f]);
    assert_eq!(answer(&endless, 10), None, "a chain without an end");
    assert_eq!(answer(&[0xff; 16], 0), None, "numbers without an end");
}

/// Any bytes at all are answered, one way or the other, and nothing is read that the header does not cover.
#[test]
fn t1_t2_garbage_is_answered() {
    let mut seed = 1_u64;
    for _ in 0..100_000 {
        let mut table = vec![0_u8; 48];
        for byte in &mut table {
            seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            *byte = (seed >> 33) as u8 & if seed & 0x1000 == 0 { 0x07 } else { 0xff };
        }
        (table[0], table[1], table[2], table[3], table[4]) = (0xff, 0x9b, 45, 1 + table[3] % 3, table[4] % 44);
        // SAFETY: the header covers the bytes that are there, and no more.
        let _ = unsafe { look_up(table.as_ptr(), 3) };
    }
}
