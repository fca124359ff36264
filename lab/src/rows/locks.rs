//! P18: the locks that Windows programs have in their own memory, against those of Rust programs: alone, and contended.

use std::hint::black_box;
use std::sync::Arc;

use crate::measure::{Bench, Contender, Line, Role, Target, batches, together};
use crate::os::cpus::pin_to;
use crate::peers::{Lock, NtSection, NtSrw, PlMutex, PlReentrant, PlRwLock, StdMutex, StdRwLock};
use crate::plan::Plan;

/// Not slower than the better of the peers.
const OF_THE_BEST: Target = Target::TimesPeer(1.0);

pub(super) fn benches(plan: &Plan) -> Vec<Bench> {
    let cpus = (plan.cpus.home, plan.cpus.other());
    let locks: [Kind; 2] = [("srw", "SRW lock, exclusive", srw), ("cs", "critical section", section)];
    let each = |(id, what, contenders): Kind| {
        let alone = Line::new(format!("P18.{id}"), format!("{what}: lock + unlock, nobody else"), OF_THE_BEST);
        let contended =
            Line::new(format!("P18.{id}.two"), format!("{what}: two CPUs at once, lock + unlock"), OF_THE_BEST);
        [
            Bench::new("P18", alone, 0.5, contenders(Play::Alone(cpus.0))),
            Bench::new("P18", contended, 0.7, contenders(Play::Together(cpus))).on_two_cpus(),
        ]
    };
    locks.into_iter().flat_map(each).collect()
}

/// Name, description, contenders.
type Kind = (&'static str, &'static str, fn(Play) -> Vec<Contender>);

/// Who takes the lock.
#[derive(Clone, Copy)]
enum Play {
    Alone(usize),
    Together((usize, usize)),
}

fn srw(play: Play) -> Vec<Contender> {
    vec![
        body::<NtSrw>(Role::Ours, play),
        body::<StdMutex>(Role::Peer, play),
        body::<StdRwLock>(Role::Peer, play),
        body::<PlMutex>(Role::Peer, play),
        body::<PlRwLock>(Role::Peer, play),
    ]
}

fn section(play: Play) -> Vec<Contender> {
    vec![
        body::<NtSection>(Role::Ours, play),
        body::<StdMutex>(Role::Peer, play),
        body::<PlMutex>(Role::Peer, play),
        body::<PlReentrant>(Role::Peer, play),
    ]
}

fn body<L: Lock>(role: Role, play: Play) -> Contender {
    Contender::simple(L::NAME, role, move |slice| match play {
        Play::Alone(cpu) => {
            pin_to(cpu);
            let lock = L::new();
            batches(slice, |n| count(&lock, n))
        }
        Play::Together(cpus) => {
            let lock = Arc::new(L::new());
            together(cpus, slice, move || {
                let lock = Arc::clone(&lock);
                move |n| count(&*lock, n)
            })
        }
    })
}

/// Not inlined: one CPU and two run the same machine code.
#[inline(never)]
fn count<L: Lock>(lock: &L, n: u64) {
    for _ in 0..n {
        black_box(lock.count());
    }
}
