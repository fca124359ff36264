//! Registered waits (T32, T33).

use super::{Bool, succeeded};
use crate::convention::Code;
use crate::memory::Out;
use crate::nt::runtime;
use core::ffi::c_void;
use nt::{Handle, NtStatus, WaitFlags, WaitHandle};

/// `UnregisterWait`'s `FALSE` for a callback that runs: nothing is wrong, but it is not over (T32).
fn over(status: NtStatus) -> Result<(), NtStatus> {
    if status == NtStatus::PENDING { Err(status) } else { status.ok() }
}

calls! {
    /// The first callback finds the handle in its place already.
    fn RegisterWaitForSingleObject(
        place: Out<Handle>,
        object: Handle,
        callback: Code,
        context: *mut c_void,
        milliseconds: u32,
        flags: u32,
    ) -> Bool {
        let register = || {
            let place = place.require()?;
            place.set(Handle::NULL);
            let (callback, flags) = (callback.wait_callback::<C>(), WaitFlags::from_bits_retain(flags));
            let tell = |wait: WaitHandle| place.set(Handle(wait.0));
            runtime()?.register_wait_for_single_object_telling(object, callback, context, milliseconds, flags, &tell)
        };
        succeeded(register())
    }

    fn UnregisterWait(wait: Handle) -> Bool {
        succeeded(runtime().and_then(|nt| over(nt.unregister_wait(WaitHandle(wait.0)))))
    }

    fn UnregisterWaitEx(wait: Handle, completion: Handle) -> Bool {
        succeeded(runtime().and_then(|nt| over(nt.unregister_wait_ex(WaitHandle(wait.0), completion))))
    }
}
