//! The table of landing pads (LSDA), as the personality routines of C, C++ and Rust read it.
//!
//! ```text
//!  u8 encoding of the landing pads' base, omitted: the function's start
//!  u8 encoding of the types │ uleb128 offset of the types, unless omitted
//!  u8 encoding of the call sites │ uleb128 size of the call sites
//!  call sites, ascending:  start │ length │ landing pad, 0 = none │ uleb128 1 + offset of the action, 0 = cleanup
//!  actions:                sleb128 filter, 0 = cleanup │ sleb128 distance to the next from here, 0 = last
//! ```
//!
//! T1  Nothing is read past what the header states: the end of the call sites, and for actions the end of the types.
//! T2  Sizes and chains beyond what a compiler produces end the reading with "unknown" (`None`), and so does everything
//!     that does not fit together.

#![allow(unsafe_code, reason = "tables of unknown size")]

/// `DW_EH_PE_*`.
const OMIT: u8 = 0xff;
const ULEB128: u8 = 0x01;
const UDATA2: u8 = 0x02;
const UDATA4: u8 = 0x03;

/// Three encodings and two sizes.
const MOST_HEADER: usize = 3 + 2 * 9;
/// Larger tables are not believed.
const MOST_BYTES: usize = 1 << 24;
/// Nor are longer chains.
const MOST_ACTIONS: u32 = 1 << 10;

/// What happens to a frame that is unwound.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Answer {
    /// It has nothing to do.
    Nothing,
    /// It cleans up and goes on.
    Cleanup,
    /// It may catch, or it has a filter that may terminate.
    Stops,
    /// Its call is one that must not unwind.
    Terminates,
}

/// What the frame does at this offset from its function's start; `None`: the table is not understood.
///
/// # Safety
/// `lsda` must point to such a table.
pub(super) unsafe fn look_up(lsda: *const u8, offset: usize) -> Option<Answer> {
    let mut header = Reader { at: lsda, end: lsda.wrapping_add(MOST_HEADER) };
    if header.byte()? != OMIT {
        return None;
    }
    let types = match header.byte()? {
        OMIT => None,
        _ => Some(header.range()?.end),
    };
    let encoding = header.byte()?;
    let mut sites = header.range()?;
    let actions = Reader { at: sites.end, end: types.unwrap_or(sites.end) };
    if actions.end < actions.at {
        return None;
    }
    while sites.at < sites.end {
        let (start, length) = (sites.encoded(encoding)?, sites.encoded(encoding)?);
        let (pad, action) = (sites.encoded(encoding)?, sites.unsigned()?);
        if offset < start {
            break;
        }
        if offset - start < length {
            return match (pad, action) {
                (0, _) => Some(Answer::Nothing),
                (_, 0) => Some(Answer::Cleanup),
                _ => actions.chain(action - 1),
            };
        }
    }
    Some(Answer::Terminates)
}

/// A part of the table, read from its start.
#[derive(Debug)]
struct Reader {
    at: *const u8,
    end: *const u8,
}

impl Reader {
    fn byte(&mut self) -> Option<u8> {
        if self.at >= self.end {
            return None;
        }
        // SAFETY: inside the table (T1), as far as it is one, which the caller of `look_up` promises.
        let byte = unsafe { self.at.read() };
        self.at = self.at.wrapping_add(1);
        Some(byte)
    }

    /// A size, and the part that follows it and is as large.
    fn range(&mut self) -> Option<Self> {
        let size = self.unsigned()?;
        (size <= MOST_BYTES).then(|| Self { at: self.at, end: self.at.wrapping_add(size) })
    }

    fn fixed(&mut self, bytes: u32) -> Option<usize> {
        let mut value = [0; size_of::<usize>()];
        for place in value.iter_mut().take(bytes as usize) {
            *place = self.byte()?;
        }
        Some(if cfg!(target_endian = "big") {
            usize::from_be_bytes(value) >> (usize::BITS - 8 * bytes)
        } else {
            usize::from_le_bytes(value)
        })
    }

    fn encoded(&mut self, encoding: u8) -> Option<usize> {
        match encoding {
            ULEB128 => self.unsigned(),
            UDATA2 => self.fixed(2),
            UDATA4 => self.fixed(4),
            _ => None,
        }
    }

    fn unsigned(&mut self) -> Option<usize> {
        let (value, _) = self.leb128()?;
        usize::try_from(value).ok()
    }

    fn signed(&mut self) -> Option<i64> {
        let (value, bits) = self.leb128()?;
        // The highest of the bits is the sign.
        let shift = 64_u32.saturating_sub(bits);
        Some((value << shift).cast_signed() >> shift)
    }

    /// The value and how many bits of it were given.
    fn leb128(&mut self) -> Option<(u64, u32)> {
        let mut value = 0;
        for bits in (0..63).step_by(7) {
            let byte = self.byte()?;
            value |= u64::from(byte & 0x7f) << bits;
            if byte & 0x80 == 0 {
                return Some((value, bits + 7));
            }
        }
        None
    }

    /// Is there anything but cleanups in the chain of actions that begins at this offset?
    fn chain(mut self, first: usize) -> Option<Answer> {
        let size = self.end.addr() - self.at.addr();
        let (start, mut offset) = (self.at, first);
        for _ in 0..MOST_ACTIONS {
            if offset >= size {
                return None;
            }
            self.at = start.wrapping_add(offset);
            if self.signed()? != 0 {
                return Some(Answer::Stops);
            }
            let here = self.at.addr() - start.addr();
            match self.signed()? {
                0 => return Some(Answer::Cleanup),
                next => offset = here.checked_add_signed(isize::try_from(next).ok()?)?,
            }
        }
        None
    }
}
