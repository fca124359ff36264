//! Handles to hand in: of every type, with all rights and with few, closed ones, and what was never one.

use crate::library::Library;
use crate::random::Random;

/// Of the calling thread and process, and what else is small and negative, so not to be used where the walker itself must
/// not be meant.
const PSEUDO: &[u64] = &[
    u64::MAX,
    u64::MAX - 1,
    u64::MAX - 2,
    u64::MAX - 3,
    u64::MAX - 4,
    u64::MAX - 5,
    0xFFFF_FFFF,
    0xFFFF_FFFE,
    0xFFFF_FFFC,
];

const NEVER: &[u64] = &[1, 2, 3, 0x4000, 0xFFFC, 0x7FFF_FFFC, 1 << 40, 1 << 47, 1 << 63, 0xDEAD_BEEF_DEAD_BEE8];

pub(crate) struct Handles {
    open: Vec<usize>,
    closed: Vec<usize>,
    /// Those with all rights, by the word that calls for them have in their names.
    typed: Vec<(&'static str, usize)>,
    /// A thread that does nothing, for what threads suffer.
    victim: usize,
}

/// All rights.
const ALL: usize = 0x1F_FFFF;

impl Handles {
    /// Objects of every type that the library has, and a handle of the calling thread unless it must not be meant.
    pub(crate) fn new(library: &Library, spares_walker: bool, idle: usize) -> Self {
        let mut handles = Self { open: Vec::new(), closed: Vec::new(), typed: Vec::new(), victim: 0 };
        for access in [0, ALL, 0x10_0000, ALL] {
            handles.add(library, "NtCreateEvent", &[access, 0, 1, 1]);
            handles.add(library, "NtCreateEvent", &[access, 0, 0, 0]);
            handles.add(library, "NtCreateMutant", &[access, 0, 0]);
            handles.add(library, "NtCreateSemaphore", &[access, 0, 1, 1000]);
            handles.add(library, "NtCreateTimer", &[access, 0, 1]);
            handles.add(library, "NtCreateKeyedEvent", &[access, 0, 0]);
        }
        handles.add_named(library);
        let suspended = 1;
        let process = usize::MAX;
        handles.add(library, "NtCreateThreadEx", &[ALL, 0, process, idle, 0, suspended, 0, 0, 0, 0]);
        handles.victim = handles.open.last().copied().unwrap_or(0);
        if !spares_walker {
            let own = usize::MAX - 1;
            let mut copy = 0_usize;
            let place = (&raw mut copy).expose_provenance();
            library.try_call("NtDuplicateObject", &[process, own, process, place, 0, 0, 2]);
            handles.open.push(copy);
        }
        if let Some(closed) = handles.open.first().copied() {
            library.try_call("NtClose", &[closed]);
            handles.closed.push(closed);
        }
        handles
    }

    fn add_named(&mut self, library: &Library) {
        let name = |text: &'static core::ffi::CStr| text.as_ptr().expose_provenance();
        let made = [
            library.try_call("CreateEventA", &[0, 1, 0, name(c"e")]),
            library.try_call("CreateMutexA", &[0, 0, name(c"m")]),
            library.try_call("CreateSemaphoreA", &[0, 1, 1000, name(c"s")]),
            library.try_call("CreateWaitableTimerA", &[0, 1, name(c"t")]),
        ];
        self.open.extend(made.into_iter().flatten());
    }

    fn add(&mut self, library: &Library, name: &'static str, rest: &[usize]) {
        let mut handle = 0_usize;
        let place = [(&raw mut handle).expose_provenance()];
        let arguments: Vec<usize> = place.iter().chain(rest).copied().collect();
        if library.try_call(name, &arguments) == Some(0) {
            self.open.push(handle);
            if rest[0] == ALL {
                self.typed.push((name.trim_start_matches("NtCreate").trim_end_matches("Ex"), handle));
            }
        }
    }

    /// A good one for this call, if it is for a type, else any good one.
    pub(crate) fn fit(&self, call: &str, random: &mut Random) -> usize {
        let of_call =
            |kind: &str| call.replace("Mutex", "Mutant").contains(kind) && (kind != "Event" || !call.contains("Keyed"));
        let fitting: Vec<usize> =
            self.typed.iter().filter(|(kind, _)| of_call(kind)).map(|(_, handle)| *handle).collect();
        if fitting.is_empty() || random.one_in(8) { self.open(random) } else { random.pick(&fitting) }
    }

    /// All of them are closed, those that are protected from it too, and the victim ends.
    pub(crate) fn close(&self, library: &Library) {
        if self.victim != 0 {
            library.try_call("NtTerminateThread", &[self.victim, 0]);
        }
        for &handle in self.open.iter().skip(1) {
            close(library, handle);
        }
    }

    /// A good one.
    pub(crate) fn open(&self, random: &mut Random) -> usize {
        if random.one_in(16) { self.any(random) } else { random.pick(&self.open[1..]) }
    }

    pub(crate) fn any(&self, random: &mut Random) -> usize {
        let value = match random.below(8) {
            0..=3 => random.pick(&self.open),
            4 => random.pick(&self.open) | random.below(4),
            5 => random.pick(&self.closed),
            6 => random.pick(PSEUDO) as usize,
            _ => return Self::rubbish(random),
        };
        if random.one_in(16) { value | 0x5A5A << 48 } else { value }
    }

    /// One that does not mean the calling thread.
    pub(crate) fn spares_walker(&self, random: &mut Random) -> usize {
        match random.below(4) {
            0 | 1 => self.victim,
            2 => random.pick(&self.open),
            _ => random.pick(NEVER) as usize,
        }
    }

    /// A fresh registered wait, or something else.
    pub(crate) fn registered_wait(&self, library: &Library, random: &mut Random, callback: usize) -> usize {
        let mut wait = 0_usize;
        let place = (&raw mut wait).expose_provenance();
        let milliseconds = random.pick(&[0, 1, 1000, 0xFFFF_FFFF]);
        library.try_call("RegisterWaitForSingleObject", &[place, self.open(random), callback, 0, milliseconds, 0]);
        if wait == 0 || random.one_in(4) { self.any(random) } else { wait }
    }

    fn rubbish(random: &mut Random) -> usize {
        match random.below(3) {
            0 => 0,
            1 => random.pick(NEVER) as usize,
            _ => random.next() as usize,
        }
    }
}

pub(crate) fn close(library: &Library, handle: usize) {
    library.try_call("SetHandleInformation", &[handle, 2, 0]);
    library.try_call("NtClose", &[handle]);
}
