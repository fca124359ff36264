//! The limit of a thread: one `clone3` onto a stack that is kept, with a thread block of its own, and an exit.
//!
//! The child is the instructions below and nothing else: it says that it is there, waits for its gate and leaves. No C
//! library knows of it, nothing is set up and nothing cleaned up; it is not a product.

#![allow(unsafe_code, reason = "clones a task")]

use std::ptr::NonNull;
use std::sync::Arc;
use std::sync::atomic::AtomicU32;
use std::sync::atomic::Ordering::Acquire;

use rustix::mm::{MapFlags, MprotectFlags, ProtFlags};
use rustix::thread::futex;

use super::threads::Gate;

/// A stack with a thread block at its top, and at most one task on it at a time.
pub(crate) struct BareThread {
    stack: Stack,
    /// The task's id while it runs; the kernel clears it and wakes who sleeps on it.
    alive: Box<AtomicU32>,
    gate: Arc<Gate>,
}

impl BareThread {
    /// Nobody runs on it yet.
    pub(crate) fn new(gate: Arc<Gate>) -> Result<Self, String> {
        Ok(Self { stack: Stack::new()?, alive: Box::new(AtomicU32::new(0)), gate })
    }

    /// Starts a task that passes the gate and ends.
    pub(crate) fn start(&mut self) -> Result<(), String> {
        assert!(self.alive.load(Acquire) == 0, "one task at a time");
        let block = self.stack.thread_block();
        let alive = self.alive.as_ptr().expose_provenance() as u64;
        let args = libc::clone_args {
            flags: FLAGS,
            pidfd: 0,
            child_tid: alive,
            parent_tid: alive,
            exit_signal: 0,
            stack: self.stack.bottom() as u64,
            stack_size: (block - self.stack.bottom()) as u64,
            tls: block as u64,
            set_tid: 0,
            set_tid_size: 0,
            cgroup: 0,
        };
        // SAFETY: the stack is nobody's, and it, the word and the gate stay until the task has gone: see `drop`.
        let task = unsafe { clone_to_gate(&raw const args, size_of_val(&args), Arc::as_ptr(&self.gate)) };
        if task > 0 { Ok(()) } else { Err(format!("clone3 answered {task}")) }
    }

    /// Waits until the task has gone.
    pub(crate) fn join(&self) {
        loop {
            let task = self.alive.load(Acquire);
            if task == 0 {
                return;
            }
            // Not private: the kernel wakes the word as if other processes might sleep on it.
            let _ = futex::wait(&self.alive, futex::Flags::empty(), task, None);
        }
    }
}

impl Drop for BareThread {
    fn drop(&mut self) {
        self.join();
    }
}

/// What threads of one process share; who their block is; and the word that says whether they live.
const FLAGS: u64 = (libc::CLONE_VM
    | libc::CLONE_FS
    | libc::CLONE_FILES
    | libc::CLONE_SYSVSEM
    | libc::CLONE_SIGHAND
    | libc::CLONE_THREAD
    | libc::CLONE_SETTLS
    | libc::CLONE_PARENT_SETTID
    | libc::CLONE_CHILD_CLEARTID) as u64;

/// `clone3`. The parent gets the task's id or a negative error; the child counts itself in at the gate, sleeps until it
/// is open, and exits.
///
/// # Safety
/// `args` describes a thread on a stack of its own; that and the gate outlive it.
#[cfg(target_arch = "x86_64")]
#[unsafe(naked)]
unsafe extern "C" fn clone_to_gate(args: *const libc::clone_args, size: usize, gate: *const Gate) -> isize {
    core::arch::naked_asm!(
        ".cfi_startproc",
        "mov r8, rdx",
        "mov eax, {clone3}",
        "syscall",
        "test rax, rax",
        "jz 2f",
        "ret",
        "2:",
        ".cfi_undefined rip",
        "xor ebp, ebp",
        "push rbp", // so that its stack counts
        "lock inc dword ptr [r8 + {arrived}]",
        "3:",
        "cmp dword ptr [r8 + {open}], 0",
        "jne 4f",
        "lea rdi, [r8 + {open}]",
        "mov esi, {wait_private}",
        "xor edx, edx",
        "xor r10d, r10d",
        "mov eax, {futex}",
        "syscall",
        "jmp 3b",
        "4:",
        "xor edi, edi",
        "mov eax, {exit}",
        "syscall",
        "ud2",
        ".cfi_endproc",
        clone3 = const libc::SYS_clone3,
        futex = const libc::SYS_futex,
        exit = const libc::SYS_exit,
        wait_private = const libc::FUTEX_WAIT | libc::FUTEX_PRIVATE_FLAG,
        open = const Gate::OPEN,
        arrived = const Gate::ARRIVED,
    )
}

/// # Safety
/// None needed: it refuses.
#[cfg(not(target_arch = "x86_64"))]
unsafe fn clone_to_gate(_args: *const libc::clone_args, _size: usize, _gate: *const Gate) -> isize {
    -(libc::ENOSYS as isize)
}

/// Memory for a task, with a guard page below.
struct Stack(NonNull<u8>);

const PAGE: usize = 4096;
const WHOLE: usize = 16 * PAGE + PAGE;
/// What a thread block takes at most; the C library's has more in it.
const BLOCK: usize = 1024;

impl Stack {
    fn new() -> Result<Self, String> {
        let flags = MapFlags::PRIVATE | MapFlags::STACK | MapFlags::NORESERVE;
        // SAFETY: maps new memory, wherever there is room.
        let mapped = unsafe { rustix::mm::mmap_anonymous(std::ptr::null_mut(), WHOLE, ProtFlags::empty(), flags) };
        let base = mapped.map_err(|errno| format!("no memory for a stack: {errno}"))?;
        let stack = Self(NonNull::new(base.cast()).ok_or("a stack at address 0")?);
        let usable = base.wrapping_byte_add(PAGE);
        let allowed = MprotectFlags::READ | MprotectFlags::WRITE;
        // SAFETY: within what was just mapped, and nobody uses it.
        let changed = unsafe { rustix::mm::mprotect(usable, WHOLE - PAGE, allowed) };
        changed.map_err(|errno| format!("no memory for a stack: {errno}"))?;
        Ok(stack)
    }

    fn bottom(&self) -> usize {
        self.0.as_ptr().expose_provenance() + PAGE
    }

    /// Writes a fresh thread block; its address, which is the top of the stack.
    fn thread_block(&mut self) -> usize {
        let block = self.0.as_ptr().wrapping_add(WHOLE - BLOCK).cast::<usize>();
        let address = block.expose_provenance();
        // By the ABI its first word is its own address; the C library has that in the third word as well.
        for word in [0, 2] {
            // SAFETY: inside our memory, on which no task runs, and aligned.
            unsafe { block.wrapping_add(word).write(address) };
        }
        address
    }
}

// SAFETY: it is memory, and no thread's in particular.
unsafe impl Send for Stack {}

impl Drop for Stack {
    fn drop(&mut self) {
        // SAFETY: mapped by `new`; the task that ran here has gone.
        let _ = unsafe { rustix::mm::munmap(self.0.as_ptr().cast(), WHOLE) };
    }
}

#[cfg(all(test, target_arch = "x86_64"))]
mod tests {
    use super::*;

    #[test]
    fn tasks_come_and_go() {
        let gate = Arc::new(Gate::new(true));
        let mut thread = BareThread::new(Arc::clone(&gate)).expect("memory for a stack");
        for arrived in 1..=100 {
            thread.start().expect("one more task");
            thread.join();
            assert_eq!(gate.arrived(), arrived);
        }
    }

    #[test]
    fn tasks_wait_for_the_gate() {
        let gate = Arc::new(Gate::new(false));
        let mut thread = BareThread::new(Arc::clone(&gate)).expect("memory for a stack");
        thread.start().expect("a task");
        while gate.arrived() == 0 {
            std::thread::yield_now();
        }
        assert_ne!(thread.alive.load(Acquire), 0);
        gate.open();
        thread.join();
    }
}
