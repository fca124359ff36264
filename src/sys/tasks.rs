//! What the kernel calls the threads of this process.

/// The name of a thread; `None`: there is none of this number.
pub(crate) fn name_of(tid: u32) -> Option<String> {
    if tid == 0 || cfg!(ntwait_loom) {
        return None;
    }
    let mut name = std::fs::read(format!("/proc/self/task/{tid}/comm")).ok()?;
    name.pop_if(|last| *last == b'\n');
    Some(String::from_utf8_lossy(&name).into_owned())
}
