//! The service thread of the process: it sleeps on one [`Lookout`] for all that the library must be told of by the kernel, and
//! hands what comes to whom it concerns.
//!
//! ```text
//!   ┌─▶ sleep ─▶ each number that is said, by its kind:   call, descriptor: at once
//!   │                                                     clock: noted
//!   └──────────── the timers, if a clock was noted ◀──────────┘
//! ```
//!
//! Thread and lookout are made when something is first to be watched, and stay. A child of `fork` makes its own.
//!
//! V1  The thread's depth is raised for good, and it holds no lock while it calls.
//! V2  What is said may be late: whoever it concerns may have gone. So the one who is told looks at the truth.

use crate::status::NtStatus;
use crate::sys::alarm::Clock;
use crate::sys::atomic::process_static;
#[cfg(not(ntwait_loom))]
use crate::sys::depth;
use crate::sys::lock::FutexLock;
use crate::sys::lookout::{Lookout, Unavailable};
use crate::sys::per_process::PerProcess;
use crate::threads;

/// Routines that can be called, at most.
#[cfg(not(ntwait_loom))]
const MOST_CALLS: usize = 8;

/// What a number at the lookout stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Key {
    /// A moment has come on this clock.
    Clock(Clock),
    /// The routine of this place is to be called.
    #[cfg(not(ntwait_loom))]
    Call(u8),
    /// The source of the object with the body at this address was ready.
    Descriptor(u64),
}

/// The lowest bits of a number are its kind, so that the others can be an address.
const KIND_BITS: u32 = 3;

impl Key {
    pub(super) const fn number(self) -> u64 {
        let (rest, kind) = match self {
            Self::Clock(clock) => (clock as u64, 0),
            #[cfg(not(ntwait_loom))]
            Self::Call(place) => (place as u64, 1),
            Self::Descriptor(body) => (body, 2),
        };
        rest << KIND_BITS | kind
    }

    /// `None`: it is no key's number.
    pub(super) const fn of(number: u64) -> Option<Self> {
        match (number & ((1 << KIND_BITS) - 1), number >> KIND_BITS) {
            (0, 0) => Some(Self::Clock(Clock::Monotonic)),
            (0, 1) => Some(Self::Clock(Clock::Wall)),
            #[cfg(not(ntwait_loom))]
            (1, place) if place < MOST_CALLS as u64 => Some(Self::Call(place as u8)),
            (2, body) => Some(Self::Descriptor(body)),
            _ => None,
        }
    }
}

/// The service.
#[derive(Debug)]
pub(crate) struct Service {
    lookout: Lookout,
    has_thread: FutexLock<bool>,
    #[cfg(not(ntwait_loom))]
    calls: FutexLock<Calls>,
}

#[derive(Debug, Default)]
#[cfg(not(ntwait_loom))]
struct Calls {
    routines: [Option<fn()>; MOST_CALLS],
    count: usize,
}

process_static! {
    fn services() -> PerProcess<Service> = PerProcess::new()
}

impl From<Unavailable> for NtStatus {
    fn from(Unavailable: Unavailable) -> Self {
        Self::INSUFFICIENT_RESOURCES
    }
}

/// Has something been watched already?
pub(super) fn is_known() -> bool {
    services().known().is_some()
}

/// The service of this process, with its thread. The depth is raised.
pub(crate) fn get() -> Result<&'static Service, NtStatus> {
    let service = services().get_or_try_make(Service::new)?;
    let mut has_thread = service.has_thread.lock();
    if !*has_thread {
        threads::start_service(c"ntwait-service", serve)?;
        *has_thread = true;
    }
    drop(has_thread);
    Ok(service)
}

impl Service {
    fn new() -> Result<Self, NtStatus> {
        Ok(Self {
            lookout: Lookout::new()?,
            has_thread: FutexLock::new(false),
            #[cfg(not(ntwait_loom))]
            calls: FutexLock::new(Calls::default()),
        })
    }

    pub(super) fn lookout(&self) -> &Lookout {
        &self.lookout
    }
}

#[cfg(not(ntwait_loom))]
impl Service {
    /// Has this called by the service thread, again and again for as long as the descriptor is readable: it reads it empty.
    /// It is short, and there is no way back. The depth is raised.
    pub(crate) fn call_when_readable(&self, descriptor: impl rustix::fd::AsFd, routine: fn()) -> Result<(), NtStatus> {
        let mut calls = self.calls.lock();
        let place = calls.count;
        *calls.routines.get_mut(place).ok_or(NtStatus::INSUFFICIENT_RESOURCES)? = Some(routine);
        self.lookout.watch(descriptor, Key::Call(place as u8).number())?;
        calls.count += 1;
        Ok(())
    }

    fn call(&self, place: u8) {
        let routine = self.calls.lock().routines[usize::from(place)];
        routine.into_iter().for_each(|routine| routine());
    }

    fn serve_once(&self) {
        let mut come = [false; 2];
        self.lookout.sleep(|number| match Key::of(number) {
            Some(Key::Clock(clock)) => come[clock as usize] = true,
            Some(Key::Call(place)) => self.call(place),
            Some(Key::Descriptor(body)) => super::descriptors::was_ready(body),
            None => {}
        });
        if come.contains(&true) {
            super::timers::serve(come);
        }
    }
}

/// What the thread does all its life.
#[cfg(not(ntwait_loom))]
fn serve() {
    let Some(service) = services().known() else { return };
    depth::raise(); // for good: it has no other state
    loop {
        service.serve_once();
    }
}

/// A model's threads do it.
#[cfg(ntwait_loom)]
fn serve() {}

#[cfg(all(test, not(ntwait_loom)))]
mod tests {
    use super::*;
    use crate::sys::atomic::{AtomicU32, Ordering};
    use crate::waiter::shield::Shield;
    use rustix::event::{EventfdFlags, eventfd};
    use rustix::io;

    #[test]
    fn table_numbers() {
        let keys = Clock::ALL.map(Key::Clock).into_iter().chain((0..MOST_CALLS as u8).map(Key::Call));
        let keys = keys.chain([Key::Descriptor(0x7FFF_FFFF_FF80)]);
        for key in keys {
            assert_eq!(Key::of(key.number()), Some(key));
        }
        for number in [2 << KIND_BITS, (MOST_CALLS as u64) << KIND_BITS | 1, 7, u64::MAX] {
            assert_eq!(Key::of(number), None, "{number}");
        }
    }

    #[test]
    fn a_routine_is_called_when_its_descriptor_is_readable() {
        static CALLED: AtomicU32 = AtomicU32::new(0);
        let service = {
            let _shield = Shield::raise();
            Service::new().unwrap()
        };
        let descriptors = core::array::from_fn::<_, MOST_CALLS, _>(|_| eventfd(0, EventfdFlags::CLOEXEC).unwrap());
        for descriptor in &descriptors {
            let _shield = Shield::raise();
            let registered = service.call_when_readable(descriptor, || {
                CALLED.fetch_add(1, Ordering::Relaxed);
            });
            assert_eq!(registered, Ok(()));
        }
        let _shield = Shield::raise();
        assert_eq!(
            service.call_when_readable(&descriptors[0], || {}),
            Err(NtStatus::INSUFFICIENT_RESOURCES),
            "there is no place left"
        );
        io::write(&descriptors[3], &1_u64.to_ne_bytes()).unwrap();
        for calls in 1..=3 {
            service.serve_once();
            assert_eq!(CALLED.load(Ordering::Relaxed), calls);
        }
    }
}
