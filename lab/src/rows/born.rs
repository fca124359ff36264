//! P15: one thread made and joined, on one CPU. The limit is a bare `clone3` onto a stack that is kept.

use std::time::Duration;

use ntwait::Runtime;

use crate::measure::{Bench, Contender, Line, Role, Target, Turn, batches};
use crate::os::cpus::pin_to;
use crate::peers::{BareThreads, NtThreads, Pthreads, StdThreads, Threads, adaptive, pthread_backend, recycling};
use crate::plan::Plan;

pub(super) fn benches(plan: &Plan) -> Vec<Bench> {
    let home = plan.cpus.home;
    let bare = || contender("bare clone3", Role::Limit, home, || Ok(BareThreads::new(true)));
    let pthread = || contender("pthread", Role::Peer, home, || Ok(Pthreads::new(true)));
    let std = || contender("std", Role::Peer, home, || Ok(StdThreads::new(true)));
    // A new task in a used thread block, each time.
    let recycled = Bench::new(
        "P15",
        Line::new("P15.recycled", "create + join one thread, a new task each", Target::TimesLimit(1.25)),
        0.8,
        vec![
            bare(),
            ours("ntwait", Role::Ours, home, recycling),
            pthread(),
            std(),
            ours("ntwait, pthread backend", Role::Variant, home, pthread_backend),
        ],
    );
    // The last thread's task, which has stayed for the next one.
    let parked = Bench::new(
        "P15",
        Line::new("P15.parked", "create + join one thread, in a parked task", Target::TimesLimit(0.5)),
        0.7,
        vec![bare(), ours("ntwait", Role::Ours, home, adaptive), pthread(), std()],
    );
    vec![recycled, parked]
}

fn ours(name: &'static str, role: Role, home: usize, runtime: fn() -> &'static Runtime) -> Contender {
    contender(name, role, home, move || NtThreads::new(runtime(), true))
}

fn contender<T: Threads>(
    name: &'static str,
    role: Role,
    home: usize,
    make: impl Fn() -> Result<T, String> + Send + Sync + 'static,
) -> Contender {
    Contender::new(name, role, move |slice| create_and_join(&make()?, home, slice))
}

fn create_and_join(threads: &impl Threads, home: usize, slice: Duration) -> Turn {
    pin_to(home);
    // Where it cannot be done this is an answer; later it would be a panic.
    threads.join(threads.start()?);
    let one = || threads.join(threads.start().expect("one thread at a time"));
    Ok(vec![batches(slice, |n| (0..n).for_each(|_| one()))])
}
