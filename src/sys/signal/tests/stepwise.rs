//! A kick at every single instruction of the nap, sent by a handler that the processor calls between instructions.

use super::*;

const TRAP_FLAG: i64 = 0x100;

/// How many instructions of the nap are left until the kick.
static COUNTDOWN: AtomicU32 = AtomicU32::new(0);
static KICKED_AT: AtomicU64 = AtomicU64::new(0);

unsafe extern "C" fn step(_signal: c_int, _info: *mut libc::siginfo_t, context: *mut c_void) {
    let place = Interrupted(context.cast());
    let pc = place.pc();
    if !nap::whole().contains(&pc) {
        return;
    }
    if COUNTDOWN.fetch_sub(1, Ordering::Relaxed) == 1 {
        send(tid(), &COOKIE_OF_TEST).unwrap();
        KICKED_AT.store(pc as u64, Ordering::Relaxed);
    }
    if KICKED_AT.load(Ordering::Relaxed) != 0 {
        // SAFETY: the kernel made it for this handler.
        let flags = unsafe { &mut (*place.0).uc_mcontext.gregs[libc::REG_EFL as usize] };
        *flags &= !TRAP_FLAG;
    }
}

/// Where the kick hit, and how the nap ended.
fn nap_kicked_at(count: u32) -> (usize, Slept) {
    COUNTDOWN.store(count, Ordering::Relaxed);
    KICKED_AT.store(0, Ordering::Relaxed);
    depth::raise();
    // SAFETY: sets the trap flag; the traps have a handler.
    unsafe { core::arch::asm!("pushfq", "or qword ptr [rsp], 0x100", "popfq") };
    // Without the kick it would time out at once.
    let slept = wait_unless_noted(FutexAddr::whole(&WORD), 0, &Deadline::Monotonic(Default::default()));
    assert!(depth::lower(), "the note of kick {count} was lost");
    (KICKED_AT.load(Ordering::Relaxed) as usize, slept)
}

/// `beneath`: the kick arrives in the trap's handler (N3) instead of at the instruction itself (N2).
fn kick_everywhere(beneath: bool) {
    let mut action = blank();
    action.sa_sigaction = step as *const () as usize;
    action.sa_flags = libc::SA_SIGINFO;
    if !beneath {
        // SAFETY: our own mask.
        unsafe { libc::sigaddset(&raw mut action.sa_mask, number().unwrap()) };
    }
    exchange(libc::SIGTRAP, Some(&action)).unwrap();
    let mut hits = 0;
    for count in 1.. {
        let (place, slept) = nap_kicked_at(count);
        if place >= nap::window().end {
            assert_eq!(slept, Slept::TimedOut, "past the system call its result counts");
            break;
        }
        assert_eq!(slept, Slept::Woken, "kicked at byte {} of the stub", place - nap::whole().start);
        hits += u32::from(nap::window().contains(&place));
    }
    assert_eq!(hits, 7, "instructions in the window");
}

#[test]
fn n2_n3_a_kick_at_any_instruction_ends_the_nap() {
    if alone("stepwise::n2_n3_a_kick_at_any_instruction_ends_the_nap", &[]) {
        install(acknowledge).unwrap();
        set_cookie(Some(&COOKIE_OF_TEST));
        kick_everywhere(false);
        kick_everywhere(true);
    }
}
