//! Short programs for threads that run at the same time on a few objects.

use super::model::{Model, Reply};
use super::op::{Change, Due, Kind, Name, Names, Op, Step, Terms, Time, WaitFor};
use crate::common::Random;

/// Objects of a program.
const OBJECTS: usize = 3;

/// Objects to make first, one after the other, and what each thread does with them.
#[derive(Debug)]
pub(crate) struct Programs {
    pub(crate) setup: Vec<Step>,
    pub(crate) threads: Vec<Vec<Op>>,
}

impl Programs {
    /// For two to four threads.
    pub(crate) fn random(random: &mut Random) -> Programs {
        let kinds: [Kind; OBJECTS] = core::array::from_fn(|_| {
            random.pick(&[Kind::Event, Kind::Event, Kind::Mutant, Kind::Semaphore, Kind::Timer])
        });
        let setup = kinds.iter().enumerate().map(|(to, kind)| Step { thread: 0, op: creation(random, *kind, to) });
        let setup = setup.collect();
        let threads = 2 + random.index(3);
        let lasts = random.one_in(3);
        let program = |random: &mut Random| (0..3 + random.index(4)).map(|_| op(random, &kinds, lasts)).collect();
        Programs { setup, threads: (0..threads).map(|_| program(random)).collect() }
    }

    /// The model when the objects have been made.
    pub(crate) fn model(&self, mut model: Model) -> Model {
        for step in &self.setup {
            assert_eq!(model.apply(*step), Reply::Given(ntwait::NtStatus::SUCCESS.into()));
        }
        model
    }

    pub(crate) fn steps(&self) -> u64 {
        self.threads.iter().map(|program| program.len() as u64).sum()
    }
}

fn creation(random: &mut Random, kind: Kind, to: usize) -> Op {
    match kind {
        Kind::Event => Op::CreateEvent { to, manual: random.one_in(3), set: random.one_in(3) },
        Kind::Mutant => Op::CreateMutant { to, owned: false },
        Kind::Timer => Op::CreateTimer { to, manual: random.one_in(2) },
        _ => {
            let maximum = random.pick(&[1, 2, 3]);
            Op::CreateSemaphore { to, initial: random.pick(&[0, 0, 1]), maximum }
        }
    }
}

/// With `lasts` there may be waits without end, which are alertable.
fn op(random: &mut Random, kinds: &[Kind; OBJECTS], lasts: bool) -> Op {
    let object = random.index(OBJECTS);
    let name = Name::Slot(object);
    let time = random.pick(&[Time::Poll, Time::Brief, if lasts { Time::Forever } else { Time::Brief }]);
    let terms = Terms { alertable: time == Time::Forever || random.one_in(4), time };
    match random.below(20) {
        0..9 => change(random, kinds[object], name),
        // The depth of a mutant is its owner's alone to know (see linear.rs).
        9 if kinds[object] != Kind::Mutant => Op::Query(kinds[object], name),
        9..11 => Op::SignalAndWait(name, Name::Slot(random.index(OBJECTS)), terms),
        11..14 => Op::Wait(WaitFor::Single, Names::of([name]), terms),
        14..18 => Op::Wait(WaitFor::Any, some(random), terms),
        _ => Op::Wait(WaitFor::All, some(random), terms),
    }
}

fn change(random: &mut Random, kind: Kind, name: Name) -> Op {
    match kind {
        Kind::Event => Op::Event(random.pick(&[Change::Set, Change::Set, Change::Reset, Change::Pulse]), name),
        Kind::Mutant => Op::ReleaseMutant(name),
        Kind::Timer => Op::SetTimer(name, random.pick(&[Due::Past, Due::Past, Due::Late])),
        _ => Op::ReleaseSemaphore(name, random.pick(&[1, 1, 2])),
    }
}

/// Two or three objects in any order, now and then one of them twice.
fn some(random: &mut Random) -> Names {
    let from = random.index(OBJECTS);
    let by = random.pick(&[1, 1, 2, 2, 0]);
    Names::of((0..2 + random.index(2)).map(|place| Name::Slot((from + place * by) % OBJECTS)))
}
