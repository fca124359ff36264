//! Handles of any type (H1–H29).

use super::{Bool, FALSE, done, inherited, succeeded, telling};
use crate::memory::Out;
use crate::nt::class::object as class;
use crate::nt::runtime;
use nt::{AccessMask, DuplicateOptions, Handle, HandleAttributes, NtStatus, Runtime};

/// `HANDLE_FLAG_INHERIT`.
const INHERIT: u32 = 1;
/// `HANDLE_FLAG_PROTECT_FROM_CLOSE`.
const PROTECT_FROM_CLOSE: u32 = 2;

/// Which flags a handle has (H13).
fn flags(nt: &Runtime, handle: Handle) -> Result<u32, NtStatus> {
    let mut flags = [0; 2];
    nt.nt_query_object(handle, class::HANDLE_FLAGS, &mut flags, None).ok()?;
    let [inherit, protect] = flags;
    let flag = |is_set, flag| if is_set != 0 { flag } else { 0 };
    Ok(flag(inherit, INHERIT) | flag(protect, PROTECT_FROM_CLOSE))
}

/// The attributes of NT that these flags stand for; other bits stand for none.
fn attributes(flags: u32) -> HandleAttributes {
    let mut attributes = HandleAttributes::empty();
    attributes.set(HandleAttributes::INHERIT, flags & INHERIT != 0);
    attributes.set(HandleAttributes::PROTECT_CLOSE, flags & PROTECT_FROM_CLOSE != 0);
    attributes
}

calls! {
    fn CloseHandle(object: Handle) -> Bool {
        done(|nt| nt.nt_close(object))
    }

    /// A place for the new handle is not required (H16).
    fn DuplicateHandle(
        source_process: Handle,
        source: Handle,
        target_process: Handle,
        target: Out<Handle>,
        access: u32,
        inherit: Bool,
        options: u32,
    ) -> Bool {
        let duplicate = || {
            let place = target.get()?;
            let tell = |handle| {
                if let Some(place) = &place {
                    place.set(handle);
                }
            };
            tell(Handle::NULL); // H15
            let (access, attributes) = (AccessMask::from_bits_retain(access), inherited(inherit != FALSE));
            let options = DuplicateOptions::from_bits_retain(options);
            let nt = runtime()?;
            tell(nt.nt_duplicate_object(source_process, source, target_process, access, attributes, options)?);
            Ok(())
        };
        succeeded(duplicate())
    }

    fn GetHandleInformation(object: Handle, information: Out<u32>) -> Bool {
        telling(information, |nt| flags(nt, object))
    }

    fn SetHandleInformation(object: Handle, mask: u32, wanted: u32) -> Bool {
        done(|nt| nt.set_handle_flags(object, attributes(mask), attributes(wanted)))
    }

    /// The last error for two objects is `ERROR_NOT_SAME_OBJECT` (H29).
    fn CompareObjectHandles(first: Handle, second: Handle) -> Bool {
        done(|nt| nt.nt_compare_objects(first, second))
    }
}
