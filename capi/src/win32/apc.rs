//! APCs (A1–A29).

use super::done;
use crate::convention::Code;
use nt::Handle;

calls! {
    /// Without a function nothing is queued (A18).
    fn QueueUserAPC(function: Code, thread: Handle, data: usize) -> u32 {
        let queued = done(|nt| match function.user_apc::<C>() {
            Some(function) => {
                let (routine, arguments) = function.routine(data);
                nt.nt_queue_apc_thread(thread, Some(routine), arguments)
            }
            None => nt.nt_queue_apc_thread(thread, None, [core::ptr::null_mut(); 3]),
        });
        queued.cast_unsigned()
    }
}
