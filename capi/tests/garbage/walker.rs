//! One call, walked in a process of its own.

use crate::arena::Arena;
use crate::arguments::Maker;
use crate::handles::{Handles, close};
use crate::library::{Arguments, Call, Convention, Library, MOST};
use crate::notes::Notes;
use crate::random::Random;
use crate::rows::Row;

/// As many rounds have the same handles.
const ROUNDS_OF_HANDLES: u64 = 64;

/// What is walked.
#[derive(Clone, Copy)]
pub(crate) struct Walk {
    pub(crate) row: Row,
    pub(crate) convention: Convention,
    pub(crate) seed: u64,
    pub(crate) rounds: u64,
}

extern "C" fn code_0() -> usize {
    0
}

extern "C" fn code_1() -> usize {
    1
}

/// Walks the call; what is wrong comes back as text.
pub(crate) fn walk(library: &Library, walk: Walk, notes: &Notes) -> Result<(), String> {
    let name = walk.row.name;
    let call = match walk.convention {
        Convention::Platform => library.platform(name),
        Convention::Windows => library.windows(name),
    };
    let call = call.ok_or_else(|| format!("there is no {name}"))?;
    let mut random = Random::new(walk.seed);
    let mut arena = Arena::new(&mut random);
    let mut handles = None;
    // Neither touches a register that one of the conventions preserves, and both leave the arguments alone.
    let code = [code_0 as *const () as usize, code_1 as *const () as usize];
    let spares_walker = walk.row.arguments().contains('v');
    for round in 0..walk.rounds {
        if round % ROUNDS_OF_HANDLES == 0 {
            let fresh = Handles::new(library, spares_walker, code[0]);
            if let Some(stale) = handles.replace(fresh) {
                stale.close(library);
            }
        }
        let Some(handles) = &handles else { continue };
        arena.begin();
        let is_kind = random.one_in(2);
        let mut maker = Maker { arena: &mut arena, handles, library, call: name, random: &mut random, code, is_kind };
        let arguments = arguments(walk.row, round, &mut maker);
        arena.remember();
        notes.write(round, &arguments);
        let result = match walk.row.result() {
            Some('x') => end_a_thread(library, walk.convention, call, arguments[0])?,
            _ => call.make(&arguments),
        };
        if let Some(address) = arena.first_change() {
            return Err(format!("changed {address:#x}, which it was not given"));
        }
        give_back(library, walk.row, &arena, &arguments, result);
    }
    notes.write(walk.rounds, &[0; MOST]);
    still_works(library)
}

/// All null at first, then anything; where a row ends, the registers hold anything, too.
fn arguments(row: Row, round: u64, maker: &mut Maker<'_>) -> Arguments {
    let mut arguments = [0; MOST];
    for (argument, letter) in row.arguments().chars().enumerate() {
        let is_null = round == 0 && !"v9C".contains(letter);
        let before = if argument == 0 { 0 } else { arguments[argument - 1] };
        arguments[argument] = if is_null { 0 } else { maker.make(letter, argument, before) };
    }
    for argument in &mut arguments[row.arguments().len()..] {
        *argument = maker.random.next() as usize;
    }
    arguments
}

/// Closes and frees what the call has made, so that many rounds are possible.
fn give_back(library: &Library, row: Row, arena: &Arena, arguments: &Arguments, result: usize) {
    match row.result() {
        Some('h') => close(library, result),
        Some('t') => end_thread(library, result),
        Some('j') => drop(library.try_call("ntw_free", &[result])),
        _ => {}
    }
    for (letter, &argument) in row.arguments().chars().zip(arguments) {
        let Some(word) = arena.word(argument) else { continue };
        let word = word as usize;
        let has_succeeded = match letter {
            'r' => result as u32 != 0,
            'f' | 'o' | 'O' => (result as u32).cast_signed() >= 0 && row.name.starts_with("Nt") || result as u32 == 1,
            _ => false,
        };
        match letter {
            'f' if result as u32 == 0 => close_descriptor(word as u32),
            'r' if has_succeeded => drop(library.try_call("UnregisterWait", &[word])),
            'O' if has_succeeded => end_thread(library, word),
            'o' if has_succeeded || row.name.starts_with("ntw_") && result as u32 == 0 => close(library, word),
            _ => {}
        }
    }
}

fn close_descriptor(descriptor: u32) {
    // SAFETY: the call has just made it for us.
    unsafe { libc::close(descriptor.cast_signed()) };
}

/// A thread of the call's: it may be suspended, and is not needed.
fn end_thread(library: &Library, thread: usize) {
    library.try_call("NtTerminateThread", &[thread, 0]);
    close(library, thread);
}

/// A call that never returns is what a thread starts with.
fn end_a_thread(library: &Library, convention: Convention, call: Call, argument: usize) -> Result<usize, String> {
    let create = match convention {
        Convention::Platform => library.platform("CreateThread"),
        Convention::Windows => library.windows("CreateThread"),
    };
    let mut arguments = [0; MOST];
    arguments[2..4].copy_from_slice(&[call.address(), argument]);
    let thread = create.map_or(0, |create| create.make(&arguments));
    if thread == 0 {
        return Err("no thread was made".to_owned());
    }
    if library.call("WaitForSingleObject", &[thread, 10_000]) as u32 != 0 {
        return Err("the thread has not ended".to_owned());
    }
    close(library, thread);
    Ok(0)
}

/// An event is made, set, waited for and closed.
fn still_works(library: &Library) -> Result<(), String> {
    const EVENT_ALL_ACCESS: usize = 0x1F_0003;
    let (mut event, mut zero) = (0_usize, 0_i64);
    let (place, poll) = ((&raw mut event).expose_provenance(), (&raw mut zero).expose_provenance());
    let steps = [
        library.call("NtCreateEvent", &[place, EVENT_ALL_ACCESS, 0, 1, 0]),
        library.call("NtSetEvent", &[event, 0]),
        library.try_call("NtWaitForSingleObject", &[event, 0, poll]).unwrap_or(0),
        library.try_call("NtClose", &[event]).unwrap_or(0),
    ];
    let statuses = steps.map(|step| step as u32);
    if statuses == [0; 4] { Ok(()) } else { Err(format!("afterwards the library does not work: {statuses:x?}")) }
}
