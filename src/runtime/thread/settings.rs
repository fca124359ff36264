//! Priority, processors and name of a thread: what is kept of them, and what the kernel is told. Its times.
//!
//! The body keeps what was asked for, and queries return that. The kernel is told as far as it permits.
//!
//! ```text
//!   no Linux id yet ──▶ kept; the thread tells the kernel itself when it arrives (catch_up)
//!   running         ──▶ kept and told, in one step under the object's lock (M2)
//!   ending, ended   ──▶ kept
//! ```
//!
//! A name is told through a file, which is no business for an object's lock. The file names the thread and not its
//! number; so it is opened, then the thread is seen under the lock to have that number still, then it is written.

use super::super::residents::Resident;
use super::Place;
use crate::objects::Target;
use crate::objects::thread::{Life, Name, Times, changed};
use crate::status::NtStatus;
use crate::sys::cpu;
use crate::sys::schedule::{self, Comm, TaskFile};
use crate::sys::usage::{self, Usage};
use crate::waiter::shield::Shield;

/// What the priority class "normal" of a process gives its threads (TI9).
const NORMAL: i32 = 8;
/// The most that is not real time (TI9).
const HIGHEST: i32 = 15;

/// Nice values of the priorities from 1 on: what the increments −15, −2 to 2 and 15 lead to is 19, 10, 5, 0, −5, −10 and
/// −15.
const NICE: [i8; HIGHEST as usize] = [19, 18, 16, 14, 12, 10, 5, 0, -5, -10, -11, -12, -13, -14, -15];

/// A thread as it was at one moment.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Seen {
    pub(crate) life: Life,
    /// The number of its body.
    pub(crate) number: u32,
    pub(crate) is_signaled: bool,
}

/// What priority a thread is to have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Priority {
    /// 1 to 15, whatever its process's class.
    Absolute(u8),
    /// Relative to its process's class.
    Increment(i32),
}

/// The priority: 1 to 15 (TI9).
pub(crate) fn priority_of(life: &Life) -> i32 {
    match life.priority {
        0 => NORMAL.saturating_add(life.base_increment).clamp(1, HIGHEST),
        priority => i32::from(priority),
    }
}

fn nice_of(life: &Life) -> i32 {
    let place = usize::try_from(priority_of(life) - 1).unwrap_or(0);
    NICE.get(place).copied().map_or(0, i32::from)
}

/// The processors: the thread's own, or those of the process.
pub(crate) fn affinity_of(life: &Life) -> u64 {
    if life.affinity == 0 { schedule::process_mask() } else { life.affinity }
}

impl Resident {
    pub(crate) fn look_at(&self, target: Target<'_>) -> Result<Seen, NtStatus> {
        self.on_held(target, |held, number, body| Seen {
            life: body.life(held),
            number,
            is_signaled: held.is_signaled(),
        })
    }

    pub(crate) fn set_priority(&self, target: Target<'_>, wish: Priority) -> Result<(), NtStatus> {
        self.on_thread(target, |_, life| {
            match wish {
                Priority::Absolute(priority) => life.priority = priority,
                // Computed anew: an absolute priority has no effect any more.
                Priority::Increment(increment) => (life.base_increment, life.priority) = (increment, 0),
            }
            life.changed |= changed::SCHEDULING;
            tell_nice(life);
        })
    }

    /// The processors are some of the process's.
    pub(crate) fn set_affinity(&self, target: Target<'_>, mask: u64) -> Result<(), NtStatus> {
        self.on_thread(target, |_, life| {
            if life.is_over() {
                return Err(NtStatus::THREAD_IS_TERMINATING); // TI13
            }
            // The kernel may have taken them from the process since we asked.
            if life.tid != 0 && !schedule::set_affinity(life.tid, mask) {
                return Err(NtStatus::INVALID_PARAMETER);
            }
            life.affinity = mask;
            life.changed |= changed::AFFINITY;
            Ok(())
        })?
    }

    /// Gives the thread a name; `None` takes it away.
    pub(crate) fn rename(&self, target: Target<'_>, mut name: Name) -> Result<(), NtStatus> {
        let _shield = Shield::raise();
        let mut tid = self.on_thread(target, |body, life| {
            core::mem::swap(&mut *body.name.lock(), &mut name);
            life.changed |= changed::NAME;
            life.tid
        })?;
        drop(name); // the old one, freed under no lock
        while tid != 0 {
            let is_self = tid == cpu::thread_id();
            let mut file = if is_self { None } else { TaskFile::comm(tid) };
            // Somebody else may have named it meanwhile: the last name is the one to tell.
            let (now, comm) = self.on_thread(target, |body, life| (life.tid, comm_of(&body.name.lock())))?;
            if now != tid {
                tid = now;
                continue;
            }
            match &mut file {
                Some(file) => file.write_comm(&comm),
                None if is_self => schedule::name_this_thread(&comm),
                None => {} // no /proc
            }
            break;
        }
        Ok(())
    }

    /// Does something with the name, empty if there is none, while the object is locked: nothing that takes long.
    pub(crate) fn with_name<T>(&self, target: Target<'_>, work: impl FnOnce(&[u16]) -> T) -> Result<T, NtStatus> {
        self.on_thread(target, |body, _| work(body.name.lock().as_deref().unwrap_or_default()))
    }

    /// The thread's times; of a living one what it has used until now (TI5).
    pub(crate) fn times(&self, target: Target<'_>) -> Result<Times, NtStatus> {
        let _shield = Shield::raise();
        let life = self.look_at(target)?.life;
        let used = match life.tid {
            0 => None,
            tid if tid == cpu::thread_id() => Some(usage::of_this_thread()),
            tid => self.used_by(target, tid)?,
        };
        let mut times = life.times;
        if let Some(used) = used {
            times.used(used);
            return Ok(times);
        }
        // It has not begun, or it has ended, perhaps this moment.
        let life = self.look_at(target)?.life;
        Ok(if life.is_over() { life.times } else { Times { kernel: 0, user: 0, ..times } })
    }

    /// What another thread has used. `None`: it is gone, or the kernel does not say.
    fn used_by(&self, target: Target<'_>, tid: u32) -> Result<Option<Usage>, NtStatus> {
        let Some(mut file) = TaskFile::stat(tid) else {
            return Ok(None);
        };
        // If the thread has that number still, it had it when the file was opened: so it is the thread's.
        Ok(if self.look_at(target)?.life.tid == tid { file.usage() } else { None })
    }

    /// Has the kernel told what was set before the calling thread, whose object this is, had its Linux id in the body.
    pub(super) fn catch_up(&self, place: Place) {
        let _shield = Shield::raise();
        let name = self.at_place(place, |body, life| {
            if life.changed & changed::SCHEDULING != 0 {
                tell_nice(life);
            }
            if life.changed & changed::AFFINITY != 0 && life.tid != 0 {
                let _ = schedule::set_affinity(life.tid, affinity_of(life));
            }
            (life.changed & changed::NAME != 0).then(|| comm_of(&body.name.lock()))
        });
        if let Ok(Some(comm)) = name {
            schedule::name_this_thread(&comm);
        }
    }
}

fn tell_nice(life: &Life) {
    if life.tid != 0 {
        schedule::set_nice(life.tid, nice_of(life));
    }
}

fn comm_of(name: &Name) -> Comm {
    Comm::of(name.as_deref().unwrap_or_default())
}

#[cfg(all(test, not(ntwait_loom)))]
mod tests {
    use super::*;

    #[test]
    fn ti9_table_of_priorities() {
        // increment, absolute priority, what comes of it, nice value
        let rows = [
            (0, 0, 8, 0),
            (-1, 0, 7, 5),
            (-2, 0, 6, 10),
            (1, 0, 9, -5),
            (2, 0, 10, -10),
            (-15, 0, 1, 19),
            (15, 0, 15, -15),
            (-16, 0, 1, 19),
            (16, 0, 15, -15),
            (2, 1, 1, 19),
            (-15, 15, 15, -15),
            (0, 11, 11, -11),
        ];
        for (base_increment, absolute, priority, nice) in rows {
            let life = Life { base_increment, priority: absolute, ..Life::default() };
            assert_eq!((priority_of(&life), nice_of(&life)), (priority, nice), "{base_increment} {absolute}");
        }
        assert!(NICE.is_sorted_by(|higher, lower| higher > lower), "more priority, less nice");
    }

    /// What was asked for before the thread had its Linux id reaches the kernel when it has.
    #[test]
    fn a_thread_catches_up() {
        // On a thread of its own, which is to keep its nice value.
        std::thread::spawn(catch_up_once).join().expect("it catches up");
    }

    fn catch_up_once() {
        let nt = crate::Runtime::new().expect("a runtime");
        let me = crate::Handle::CURRENT_THREAD;
        let target = nt.resolve_pseudo(me).expect("the thread");
        let place = super::super::current::find(nt.resident()).expect("its object");
        let comm = || std::fs::read_to_string("/proc/thread-self/comm").expect("a name");
        let give_tid = |tid| nt.resident().on_thread(target, |_, life| life.tid = tid).expect("the thread");
        give_tid(0);
        let before = comm();
        let late: Vec<u16> = "late".encode_utf16().collect();
        assert_eq!(nt.set_thread_description(me, &late), NtStatus::SUCCESS);
        assert_eq!(nt.nt_set_information_thread(me, 3, &(-15_i32).to_ne_bytes()), NtStatus::SUCCESS);
        assert_eq!(nt.nt_set_information_thread(me, 4, &u64::MAX.to_ne_bytes()), NtStatus::SUCCESS);
        assert_eq!(comm(), before);
        give_tid(cpu::thread_id());
        nt.resident().catch_up(place);
        assert_eq!(comm(), "late\n");
        assert_eq!(rustix::process::getpriority_process(Some(rustix::thread::gettid())), Ok(19));
    }
}
