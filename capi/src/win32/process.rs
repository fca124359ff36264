//! Processes: opened, who they are, how they ended.

use super::{Bool, FALSE, inherited, or_else, telling};
use crate::memory::Out;
use crate::nt::runtime;
use nt::{AccessMask, ClientId, Handle, ObjectAttributes};

calls! {
    fn OpenProcess(access: u32, inherit: Bool, id: u32) -> Handle {
        let attributes = ObjectAttributes::new(inherited(inherit != FALSE));
        let client = ClientId { process: id, thread: 0 };
        let access = AccessMask::from_bits_retain(access);
        or_else(runtime().and_then(|nt| nt.nt_open_process(access, attributes, client)), Handle::NULL)
    }

    fn GetExitCodeProcess(process: Handle, exit_code: Out<u32>) -> Bool {
        telling(exit_code, |nt| nt.get_exit_code_process(process))
    }

    fn GetProcessId(process: Handle) -> u32 {
        let basic = runtime().and_then(|nt| nt.process_basic_information(process));
        or_else(basic.map(|basic| basic.unique_process_id), 0)
    }
}
