//! What is handed in for each letter of a row.
//!
//! | letter  | argument                                                                    |
//! |---------|-----------------------------------------------------------------------------|
//! | `h` `v` | a handle; one that does not mean the calling thread                          |
//! | `W`     | a registered wait, which nobody else knows                                  |
//! | `p` `q` | a handle of the process; the class of a query                               |
//! | `i` `m` | any number; milliseconds of a wait: few                                      |
//! | `t` `9` | a pointer to the time-out of a wait: short, or a bad pointer; `9` is never null |
//! | `T`     | a pointer to eight bytes                                                     |
//! | `1` `4` `8` | a place for so many bytes                                                |
//! | `o` `O` `r` `f` | a place for a handle, of a thread, of a registered wait, for a descriptor |
//! | `u`     | a place for a `UNICODE_STRING`                                               |
//! | `b` `j`, `n` | a buffer to fill, one to read; its length, which comes next             |
//! | `A` `S` `K` `L` `R` | `OBJECT_ATTRIBUTES`, `SECURITY_ATTRIBUTES`, `CLIENT_ID`, attributes of a thread, reasons |
//! | `a` `w` | text, UTF-16                                                                 |
//! | `c`, `H` | a number of handles; these                                                  |
//! | `C`     | null, or code that returns                                                   |
//! | `x` `y` `z` | a lock of 8, 40, 32 bytes, with anything in it                           |
//! | `l` `E` `s` `0` `B` | what a thread can wait for: an SRW lock, free or held, a critical section, a run-once block, a barrier |
//! | `M`     | null, or what `malloc` gave                                                  |

use crate::arena::{Arena, PAGE};
use crate::handles::Handles;
use crate::library::Library;
use crate::random::Random;

/// Programs have nothing from there on.
const TOP: u64 = if cfg!(target_arch = "x86_64") { (1 << 47) - PAGE as u64 } else { 1 << 52 };

/// Addresses that can be none.
const IMPOSSIBLE: &[u64] = &[
    1,
    3,
    5,
    8,
    64,
    0xFFF,
    0x1000,
    0xFFF8,
    TOP,
    TOP + PAGE as u64,
    TOP - 1,
    1 << 60,
    1 << 63,
    u64::MAX,
    u64::MAX - 7,
    0x4141_4141_4141_4141,
    0xDEAD_BEEF_0000_0001,
];

/// What arguments are made of.
pub(crate) struct Maker<'m> {
    pub(crate) arena: &'m mut Arena,
    pub(crate) handles: &'m Handles,
    pub(crate) library: &'m Library,
    /// The name of the call.
    pub(crate) call: &'m str,
    pub(crate) random: &'m mut Random,
    /// Code that returns: 0, and 1.
    pub(crate) code: [usize; 2],
    /// In such a round most arguments are good, so that a call gets far.
    pub(crate) is_kind: bool,
}

/// Objects of these names are there, of every type that has a Win32 name; and others that are not, or cannot be.
const NAMES: &[&str] = &[
    "e",
    "m",
    "s",
    "t",
    "\\BaseNamedObjects\\e",
    "\\BaseNamedObjects\\m",
    "\\BaseNamedObjects\\s",
    "\\BaseNamedObjects\\t",
    "Local\\x",
    "Global\\e",
    "",
    "x",
    "\\",
    "\\\\",
    "a\\b",
    "\\KernelObjects\\z",
];

impl Maker<'_> {
    /// The argument that this letter stands for, in a call whose argument before it was `before`.
    pub(crate) fn make(&mut self, letter: char, argument: usize, before: usize) -> usize {
        match letter {
            'h' => self.handle(),
            'p' if self.is_kind && !self.random.one_in(16) => usize::MAX,
            'p' => self.handles.any(self.random),
            'q' if self.is_kind => self.random.pick(&[0, 0, 0, 1, 2, 3, 4, 9, 10, 12, 14, 16, 17, 20, 35, 38]),
            'q' => self.integer(),
            'W' => self.handles.registered_wait(self.library, self.random, self.code[0]),
            'v' => self.handles.spares_walker(self.random),
            'i' => self.integer(),
            'm' => self.upper_half() | self.random.below(3),
            't' | '9' => self.time(argument),
            'T' => self.input(argument, 8),
            '1' => self.place(argument, 1),
            '4' | 'f' => self.place(argument, 4),
            '8' | 'o' | 'O' | 'r' => self.place(argument, 8),
            'u' => self.place(argument, 16),
            'b' | 'j' => self.pointer(argument, 8),
            'n' => self.length(before),
            'A' => self.object_attributes(argument),
            'S' => self.security_attributes(argument),
            'K' => self.client_id(argument),
            'L' => self.attribute_list(argument),
            'R' => self.input(argument, 32),
            'a' => self.text(argument, 1),
            'w' => self.text(argument, 2),
            'c' => self.count(),
            'H' => self.handle_array(argument),
            'C' => self.random.pick(&[0, self.code[0], self.code[0], self.code[1]]),
            'x' => self.lock(argument, 8, |random| random.integer().to_le_bytes()),
            'y' => self.lock(argument, 40, |_| [0; 0]),
            'z' => self.lock(argument, 32, |_| [0; 0]),
            'l' => self.lock(argument, 8, |_| [0; 8]),
            'E' => self.lock(argument, 8, |_| 1_u64.to_le_bytes()),
            's' => self.lock(argument, 40, |random| if random.one_in(2) { [0; 40] } else { fresh_section() }),
            '0' => self.lock(argument, 8, |random| random.pick(&[0_u64, 2, 3, 0x7FFF_FFF2]).to_le_bytes()),
            'B' => self.lock(argument, 32, |_| [0; 32]),
            'M' => self.allocated(),
            _ => panic!("no argument is {letter}"),
        }
    }

    fn handle(&mut self) -> usize {
        if self.is_kind { self.handles.fit(self.call, self.random) } else { self.handles.any(self.random) }
    }

    fn integer(&mut self) -> usize {
        match self.is_kind {
            true => self.random.pick(&[0, 0, 0, 1, 1, 2, 3, 4, 5, 8, 9, 10, 0x1F_FFFF, 0x1F_0003, 0x0200_0000]),
            false => self.random.integer() as usize,
        }
    }

    /// Where a call looks at 32 bits only, the rest is nobody's.
    fn upper_half(&mut self) -> usize {
        if self.random.one_in(2) { 0 } else { (self.random.next() as usize) << 32 }
    }

    /// A pointer that may lead anywhere: to memory that is good for so many bytes if the answer is true.
    fn wild(&mut self, argument: usize, length: usize) -> (usize, bool) {
        let cell = self.arena.cell(argument);
        if self.is_kind && !self.random.one_in(16) {
            return (cell + 8 * self.random.below(8), true);
        }
        match self.random.below(16) {
            0 => (0, false),
            1 => (self.random.pick(IMPOSSIBLE) as usize, false),
            2 => (self.arena.nothing() + self.random.below(PAGE), false),
            3 => (self.arena.read_only() + self.random.below(PAGE - length) / 8 * 8, false),
            4 => (self.arena.end() - self.random.below(length), false),
            5 => (self.arena.read_only() + PAGE - self.random.below(length), false),
            6 => (cell + 1 + self.random.below(7), true),
            7 => (self.arena.end() - length.next_multiple_of(8), true),
            _ => (cell + 8 * self.random.below(8), true),
        }
    }

    fn place(&mut self, argument: usize, length: usize) -> usize {
        let (address, _) = self.wild(argument, length);
        self.arena.give(address, length);
        address
    }

    fn pointer(&mut self, argument: usize, length: usize) -> usize {
        self.wild(argument, length).0
    }

    /// Memory that is read: random bytes, or what the call finds in it.
    fn input(&mut self, argument: usize, length: usize) -> usize {
        let (address, is_good) = self.wild(argument, length);
        if is_good && self.random.one_in(2) {
            let bytes: Vec<u8> = (0..length.div_ceil(8)).flat_map(|_| self.random.integer().to_le_bytes()).collect();
            self.arena.put(address, &bytes[..length]);
        }
        address
    }

    /// Nobody waits for long.
    fn time(&mut self, argument: usize) -> usize {
        let (address, is_good) = self.wild(argument, 8);
        if is_good {
            let time = self.random.pick(&[0_i64, -1, -10_000, -20_000, 1, 1 << 40]);
            self.arena.put(address, &time.to_le_bytes());
            return address;
        }
        // Elsewhere, what is read might be years.
        if address == 0 || address >= self.arena.read_only() { self.arena.nothing() } else { address }
    }

    fn length(&mut self, buffer: usize) -> usize {
        let length = match self.random.below(if self.is_kind { 32 } else { 4 }) {
            0 => self.random.integer() as usize,
            1 => self.random.below(300),
            _ => self.random.pick(&[0, 1, 2, 4, 8, 8, 8, 16, 16, 24, 32, 48, 56, 104, 128]),
        };
        self.arena.give(buffer, length & 0xFFFF_FFFF);
        length
    }

    fn write(&mut self, address: usize, words: &[u64]) {
        let bytes: Vec<u8> = words.iter().flat_map(|word| word.to_le_bytes()).collect();
        self.arena.put(address, &bytes);
    }

    /// A structure in the argument's cell, or a pointer that leads elsewhere.
    fn structure(&mut self, argument: usize, words: &[u64]) -> usize {
        let (address, is_good) = self.wild(argument, 8 * words.len());
        if is_good {
            self.write(address, words);
        }
        address
    }

    fn security_attributes(&mut self, argument: usize) -> usize {
        let words = [24, self.random.integer(), self.random.next()];
        self.structure(argument, &words)
    }

    fn client_id(&mut self, argument: usize) -> usize {
        let words = match self.is_kind {
            true => [0, self.library.call("GetCurrentThreadId", &[]) as u64],
            false => [self.random.integer(), self.random.integer()],
        };
        self.structure(argument, &words)
    }

    /// `PS_ATTRIBUTE_LIST`: a length, and attributes of four words.
    fn attribute_list(&mut self, argument: usize) -> usize {
        if self.is_kind && !self.random.one_in(4) {
            return 0;
        }
        let mut words = [0; 9];
        words.fill_with(|| self.random.integer());
        words[0] = self.random.pick(&[0, 8, 40, 72, 0xFFFF, u64::MAX]);
        self.structure(argument, &words)
    }

    /// `OBJECT_ATTRIBUTES`, its name and that name's text.
    fn object_attributes(&mut self, argument: usize) -> usize {
        if self.is_kind && self.random.one_in(3) {
            return 0;
        }
        let cell = self.arena.cell(argument);
        let (string, text) = (cell + 256, cell + 320);
        let units = self.text_units();
        let bytes: Vec<u8> = units.iter().flat_map(|unit| unit.to_le_bytes()).collect();
        self.arena.put(text, &bytes);
        let length = if self.is_odd() { self.random.next() & 0xFFFF } else { bytes.len() as u64 };
        let buffer = if self.is_odd() { self.wild(argument, 16).0 } else { text };
        self.write(string, &[length | length << 16, buffer as u64]);
        let name = match self.random.below(4) {
            0 if self.is_odd() => self.wild(argument, 16).0,
            1 => 0,
            _ => string,
        };
        let root = if self.is_odd() { self.handles.any(self.random) } else { 0 };
        let length = if self.is_odd() { self.random.integer() } else { 48 };
        let attributes = if self.is_odd() { self.random.next() } else { self.random.pick(&[0, 0x40, 0x80, 2]) };
        let words = [length, root as u64, name as u64, attributes, self.random.integer(), self.random.integer()];
        self.structure(argument, &words)
    }

    /// For what is one part of many: one that is wrong hides the others.
    fn is_odd(&mut self) -> bool {
        self.random.one_in(if self.is_kind { 32 } else { 4 })
    }

    fn text_units(&mut self) -> Vec<u16> {
        let mut units: Vec<u16> = self.random.pick(NAMES).encode_utf16().collect();
        if self.is_odd() {
            units.extend((0..self.random.below(40)).map(|_| self.random.next() as u16));
        }
        units
    }

    /// Text with a zero at its end, or none before the end of the memory.
    fn text(&mut self, argument: usize, unit: usize) -> usize {
        let mut bytes: Vec<u8> =
            self.text_units().iter().flat_map(|text| text.to_le_bytes().into_iter().take(unit)).collect();
        bytes.extend([0; 2]);
        let (address, is_good) = self.wild(argument, bytes.len());
        if is_good {
            self.arena.put(address, &bytes);
        }
        address
    }

    fn count(&mut self) -> usize {
        match self.random.below(4) {
            0 => self.random.integer() as usize,
            1 => self.random.below(67),
            _ => self.upper_half() | (1 + self.random.below(3)),
        }
    }

    fn handle_array(&mut self, argument: usize) -> usize {
        let mut words = [0; 66];
        words.fill_with(|| self.handle() as u64);
        self.structure(argument, &words)
    }

    /// A lock in the caller's memory, of which that it is there is the caller's word. What it holds is random where `holds`
    /// says nothing.
    fn lock<const N: usize>(
        &mut self,
        argument: usize,
        length: usize,
        holds: impl Fn(&mut Random) -> [u8; N],
    ) -> usize {
        let cell = self.arena.cell(argument);
        let address = match self.random.below(8) {
            0 => return 0,
            1 => return self.random.pick(IMPOSSIBLE) as usize,
            2 => return cell + 1 + self.random.below(7),
            3 => self.arena.end() - length,
            _ => cell + 8 * self.random.below(8),
        };
        let mut bytes = vec![0; length];
        self.random.fill(&mut bytes);
        bytes[..N].copy_from_slice(&holds(self.random));
        self.arena.put(address, &bytes);
        self.arena.give(address, length);
        address
    }

    fn allocated(&mut self) -> usize {
        if self.random.one_in(4) {
            return 0;
        }
        // SAFETY: plain.
        unsafe { libc::malloc(1 + self.random.below(200)) }.expose_provenance()
    }
}

/// A critical section that nobody owns.
fn fresh_section() -> [u8; 40] {
    let mut bytes = [0; 40];
    bytes[..12].fill(0xFF);
    bytes
}
