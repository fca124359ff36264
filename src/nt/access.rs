//! Access masks, handle attributes and duplicate options: the bits of the NT face.

use crate::handle::Grant;
use crate::handle::entry::Entry;
use crate::objects::Kind;
use crate::status::NtStatus;
use bitflags::bitflags;

bitflags! {
    /// What a handle may do. Any bit pattern may be passed in; those that a type does not have are dropped (H22).
    #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
    pub struct AccessMask: u32 {
        /// Ask for an event's state.
        const EVENT_QUERY_STATE = 0x0001;
        /// Set, reset, clear, pulse an event.
        const EVENT_MODIFY_STATE = 0x0002;
        /// Ask for a mutant's state.
        const MUTANT_QUERY_STATE = 0x0001;
        /// Ask for a semaphore's count.
        const SEMAPHORE_QUERY_STATE = 0x0001;
        /// Release a semaphore.
        const SEMAPHORE_MODIFY_STATE = 0x0002;
        /// Ask for a timer's state.
        const TIMER_QUERY_STATE = 0x0001;
        /// Set and cancel a timer.
        const TIMER_MODIFY_STATE = 0x0002;
        /// Wait for a key of a keyed event.
        const KEYEDEVENT_WAIT = 0x0001;
        /// Release a key of a keyed event.
        const KEYEDEVENT_WAKE = 0x0002;
        /// Ask what is in a directory.
        const DIRECTORY_QUERY = 0x0001;
        /// Look up names in a directory.
        const DIRECTORY_TRAVERSE = 0x0002;
        /// Put objects into a directory.
        const DIRECTORY_CREATE_OBJECT = 0x0004;
        /// Put directories into a directory.
        const DIRECTORY_CREATE_SUBDIRECTORY = 0x0008;
        /// Terminate a thread.
        const THREAD_TERMINATE = 0x0001;
        /// Suspend, resume and alert a thread.
        const THREAD_SUSPEND_RESUME = 0x0002;
        /// Alert a thread.
        const THREAD_ALERT = 0x0004;
        /// Queue APCs to a thread (A17).
        const THREAD_SET_CONTEXT = 0x0010;
        /// Change a thread's priority, affinity and so on.
        const THREAD_SET_INFORMATION = 0x0020;
        /// Ask for all that can be known of a thread.
        const THREAD_QUERY_INFORMATION = 0x0040;
        /// Change a thread's name.
        const THREAD_SET_LIMITED_INFORMATION = 0x0400;
        /// Ask for some of what can be known of a thread (TI1).
        const THREAD_QUERY_LIMITED_INFORMATION = 0x0800;
        /// Resume a thread.
        const THREAD_RESUME = 0x1000;
        /// Make threads in a process.
        const PROCESS_CREATE_THREAD = 0x0002;
        /// Duplicate handles from or into a process.
        const PROCESS_DUP_HANDLE = 0x0040;
        /// Ask for all that can be known of a process.
        const PROCESS_QUERY_INFORMATION = 0x0400;
        /// Ask for some of what can be known of a process.
        const PROCESS_QUERY_LIMITED_INFORMATION = 0x1000;
        /// A standard right, kept and not used.
        const DELETE = 0x0001_0000;
        /// A standard right, kept and not used.
        const READ_CONTROL = 0x0002_0000;
        /// A standard right, kept and not used.
        const WRITE_DAC = 0x0004_0000;
        /// A standard right, kept and not used.
        const WRITE_OWNER = 0x0008_0000;
        /// Wait for the object.
        const SYNCHRONIZE = 0x0010_0000;
        /// Needs a privilege that nobody has here.
        const ACCESS_SYSTEM_SECURITY = 0x0100_0000;
        /// Everything that the caller could have (H31).
        const MAXIMUM_ALLOWED = 0x0200_0000;
        /// All rights of the type.
        const GENERIC_ALL = 0x1000_0000;
        /// What the type maps execution to; synchronize, for events (E23).
        const GENERIC_EXECUTE = 0x2000_0000;
        /// What the type maps writing to; modify, for events (E23).
        const GENERIC_WRITE = 0x4000_0000;
        /// What the type maps reading to; query, for events (E23).
        const GENERIC_READ = 0x8000_0000;
        /// All rights of an event.
        const EVENT_ALL_ACCESS = 0x001F_0003;
        /// All rights of a mutant.
        const MUTANT_ALL_ACCESS = 0x001F_0001;
        /// All rights of a semaphore.
        const SEMAPHORE_ALL_ACCESS = 0x001F_0003;
        /// All rights of a timer.
        const TIMER_ALL_ACCESS = 0x001F_0003;
        /// All rights of a keyed event that are granted for the asking; `SYNCHRONIZE` is another (K10).
        const KEYEDEVENT_ALL_ACCESS = 0x000F_0003;
        /// All rights of a directory.
        const DIRECTORY_ALL_ACCESS = 0x000F_000F;
        /// All rights of an imported descriptor.
        const FILE_ALL_ACCESS = 0x001F_01FF;
        /// All rights of a process.
        const PROCESS_ALL_ACCESS = 0x001F_FFFF;
        /// All rights of a thread.
        const THREAD_ALL_ACCESS = 0x001F_FFFF;
    }
}

bitflags! {
    /// Attributes of a handle or of a creation (`OBJ_*`).
    #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
    pub struct HandleAttributes: u32 {
        /// The handle cannot be closed (H6). For duplication only.
        const PROTECT_CLOSE = 0x001;
        /// A child process would inherit the handle; kept as a flag.
        const INHERIT = 0x002;
        /// The object outlives its handles: needs a privilege that nobody has here.
        const PERMANENT = 0x010;
        /// No other process may open the object. Not together with `INHERIT` (H32).
        const EXCLUSIVE = 0x020;
        /// Names are compared without case.
        const CASE_INSENSITIVE = 0x040;
        /// An object of this name may exist already.
        const OPENIF = 0x080;
        /// Open a symbolic link, not what it points to.
        const OPENLINK = 0x100;
        /// A handle that only the kernel may use; here like any other.
        const KERNEL_HANDLE = 0x200;
        /// Check access even for the kernel; here always so.
        const FORCE_ACCESS_CHECK = 0x400;
        /// Ignore an impersonated user's devices; here always so.
        const IGNORE_IMPERSONATED_DEVICEMAP = 0x800;
        /// Do not follow reparse points; here always so.
        const DONT_REPARSE = 0x1000;
    }
}

bitflags! {
    /// How [`nt_duplicate_object`](crate::Runtime::nt_duplicate_object) duplicates (H14).
    #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
    pub struct DuplicateOptions: u32 {
        /// Close the source handle, even if the duplication fails later (H18).
        const CLOSE_SOURCE = 1;
        /// The new handle has the source's access; the access argument is ignored.
        const SAME_ACCESS = 2;
        /// The new handle has the source's inherit and protect flags; the attributes argument is ignored.
        const SAME_ATTRIBUTES = 4;
    }
}

impl HandleAttributes {
    /// What of this is kept in a handle entry.
    pub(super) fn entry_bits(self) -> u64 {
        let bit = |flag, bit| if self.contains(flag) { bit } else { 0 };
        bit(Self::INHERIT, Entry::INHERIT) | bit(Self::PROTECT_CLOSE, Entry::PROTECT)
    }

    pub(super) fn from_entry_bits(bits: u64) -> Self {
        let flag = |bit, flag| if bits & bit != 0 { flag } else { Self::empty() };
        flag(Entry::INHERIT, Self::INHERIT) | flag(Entry::PROTECT, Self::PROTECT_CLOSE)
    }
}

/// What the generic rights of a type mean.
pub(super) struct Rights {
    read: AccessMask,
    write: AccessMask,
    execute: AccessMask,
    pub(super) all: AccessMask,
    /// Rights that are granted if they are named, beyond `all`.
    more: AccessMask,
    /// The rights that an entry keeps hot, as modify and query.
    modify: AccessMask,
    query: AccessMask,
}

const PROCESS_READ: u32 = 0x0002_0410;
const PROCESS_WRITE: u32 = 0x0002_0BEA;
const PROCESS_EXECUTE: u32 = 0x0012_1001;
const THREAD_READ: u32 = 0x0002_0048;
const THREAD_WRITE: u32 = 0x0002_0437;
const THREAD_EXECUTE: u32 = 0x0012_1800;

impl Rights {
    pub(super) const fn of(kind: Kind) -> Self {
        match kind {
            // M26: whoever owns a mutant may release it, so there is nothing to be modified.
            Kind::Mutant => Self { write: AccessMask::READ_CONTROL, ..Self::dispatcher(AccessMask::MUTANT_ALL_ACCESS) },
            Kind::Event | Kind::Semaphore | Kind::Timer => Self::dispatcher(AccessMask::EVENT_ALL_ACCESS),
            Kind::KeyedEvent => Self {
                execute: AccessMask::READ_CONTROL,
                more: AccessMask::SYNCHRONIZE,
                ..Self::dispatcher(AccessMask::KEYEDEVENT_ALL_ACCESS)
            },
            Kind::Directory => Self::unasked(0x0002_0003, 0x0002_000C, 0x0002_0003, AccessMask::DIRECTORY_ALL_ACCESS),
            Kind::Descriptor => Self::unasked(0x0012_0089, 0x0012_0116, 0x0012_00A0, AccessMask::FILE_ALL_ACCESS),
            Kind::Process => {
                Self::unasked(PROCESS_READ, PROCESS_WRITE, PROCESS_EXECUTE, AccessMask::PROCESS_ALL_ACCESS)
            }
            Kind::Thread => Self::unasked(THREAD_READ, THREAD_WRITE, THREAD_EXECUTE, AccessMask::THREAD_ALL_ACCESS),
        }
    }

    /// What most types have: bit 0 lets a handle ask, bit 1 change.
    const fn dispatcher(all: AccessMask) -> Self {
        Self {
            read: AccessMask::READ_CONTROL.union(AccessMask::EVENT_QUERY_STATE),
            write: AccessMask::READ_CONTROL.union(AccessMask::EVENT_MODIFY_STATE),
            execute: AccessMask::READ_CONTROL.union(AccessMask::SYNCHRONIZE),
            all,
            more: AccessMask::empty(),
            modify: AccessMask::EVENT_MODIFY_STATE,
            query: AccessMask::EVENT_QUERY_STATE,
        }
    }

    /// A type whose own rights no fast path asks for.
    const fn unasked(read: u32, write: u32, execute: u32, all: AccessMask) -> Self {
        Self {
            read: AccessMask::from_bits_retain(read),
            write: AccessMask::from_bits_retain(write),
            execute: AccessMask::from_bits_retain(execute),
            all,
            more: AccessMask::empty(),
            modify: AccessMask::empty(),
            query: AccessMask::empty(),
        }
    }

    /// The access that is granted for what was asked: generic rights mapped, unknown bits dropped (H22, E23).
    /// `None`: a right was asked for that needs a privilege.
    #[inline]
    pub(super) fn grant(&self, asked: AccessMask) -> Option<AccessMask> {
        if asked.contains(AccessMask::ACCESS_SYSTEM_SECURITY) {
            return None;
        }
        let generic = [
            (AccessMask::GENERIC_READ, self.read),
            (AccessMask::GENERIC_WRITE, self.write),
            (AccessMask::GENERIC_EXECUTE, self.execute),
            (AccessMask::GENERIC_ALL | AccessMask::MAXIMUM_ALLOWED, self.all),
        ];
        let mapped = generic
            .into_iter()
            .filter(|(flag, _)| asked.intersects(*flag))
            .fold(asked, |mask, (_, rights)| mask | rights);
        Some(mapped & (self.all | self.more))
    }

    /// Can an object that exists be opened with this access? Nobody has bits that the type does not have (M29), and no access
    /// at all is none (H30).
    pub(super) fn admit(&self, asked: AccessMask) -> Result<(), NtStatus> {
        let generic = AccessMask::GENERIC_READ | AccessMask::GENERIC_WRITE | AccessMask::GENERIC_EXECUTE;
        let known = self.all | self.more | generic | AccessMask::GENERIC_ALL | AccessMask::MAXIMUM_ALLOWED;
        if asked.contains(AccessMask::ACCESS_SYSTEM_SECURITY) {
            Err(NtStatus::PRIVILEGE_NOT_HELD)
        } else if asked.is_empty() || !known.contains(asked) {
            Err(NtStatus::ACCESS_DENIED)
        } else {
            Ok(())
        }
    }

    /// The entry's form of a granted mask.
    #[inline]
    pub(super) fn handle_grant(&self, mask: AccessMask, attribute_bits: u64) -> Grant {
        let hot = |right: AccessMask, bit| if mask.intersects(right) { bit } else { 0 };
        Grant {
            mask: mask.bits(),
            bits: attribute_bits
                | hot(AccessMask::SYNCHRONIZE, Entry::SYNCHRONIZE)
                | hot(self.modify, Entry::MODIFY)
                | hot(self.query, Entry::QUERY),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// M26, SE14, T22, K10.
    #[test]
    fn table_of_generic_rights_of_other_types() {
        let asked = [
            AccessMask::GENERIC_READ,
            AccessMask::GENERIC_WRITE,
            AccessMask::GENERIC_EXECUTE,
            AccessMask::GENERIC_ALL,
            AccessMask::SYNCHRONIZE,
        ];
        let rows = [
            (Kind::Mutant, [0x2_0001, 0x2_0000, 0x12_0000, 0x1F_0001, 0x10_0000]),
            (Kind::Semaphore, [0x2_0001, 0x2_0002, 0x12_0000, 0x1F_0003, 0x10_0000]),
            (Kind::Timer, [0x2_0001, 0x2_0002, 0x12_0000, 0x1F_0003, 0x10_0000]),
            (Kind::KeyedEvent, [0x2_0001, 0x2_0002, 0x2_0000, 0xF_0003, 0x10_0000]),
            (Kind::Directory, [0x2_0003, 0x2_000C, 0x2_0003, 0xF_000F, 0]),
        ];
        for (kind, granted) in rows {
            for (asked, granted) in asked.iter().zip(granted) {
                assert_eq!(Rights::of(kind).grant(*asked).map(|m| m.bits()), Some(granted), "{kind:?} {asked:?}");
            }
        }
    }

    #[test]
    fn e23_table_of_generic_rights() {
        let rows = [
            (AccessMask::GENERIC_READ, 0x2_0001),
            (AccessMask::GENERIC_WRITE, 0x2_0002),
            (AccessMask::GENERIC_EXECUTE, 0x12_0000),
            (AccessMask::GENERIC_ALL, 0x1F_0003),
            (AccessMask::MAXIMUM_ALLOWED, 0x1F_0003),
            (AccessMask::GENERIC_READ | AccessMask::GENERIC_WRITE, 0x2_0003), // E24: no SYNCHRONIZE
            (AccessMask::from_bits_retain(0x00E0_FFFE), 0x0002),              // H22
            (AccessMask::empty(), 0),                                         // H30
        ];
        for (asked, granted) in rows {
            let mask = Rights::of(Kind::Event).grant(asked);
            assert_eq!(mask.map(|m| m.bits()), Some(granted), "{asked:?}");
        }
        assert_eq!(Rights::of(Kind::Event).grant(AccessMask::from_bits_retain(!0)), None);
    }
}
