//! Random histories that a seed repeats.
//!
//! A step is chosen with an eye on the model, so that most of them do something: handles are mostly open and of the right kind, and not
//! everybody is blocked.

use super::model::Model;
use super::op::{Change, Due, Kind, Name, Names, Op, Rights, SLOTS, Step, Terms, Time, WaitFor};
use crate::common::Random;

/// What histories are made of.
#[derive(Clone, Copy)]
pub(crate) struct Profile {
    pub(crate) threads: usize,
    pub(crate) steps: usize,
    /// Threads may block and end; else there is one and it never does.
    pub(crate) blocks: bool,
}

/// What slots are filled with.
const KINDS: [Kind; 6] = [Kind::Event, Kind::Event, Kind::Mutant, Kind::Semaphore, Kind::Timer, Kind::Thread];

pub(crate) struct Generator {
    random: Random,
    profile: Profile,
}

impl Generator {
    pub(crate) fn new(seed: u64, profile: Profile) -> Generator {
        // Neighbouring seeds should not begin alike.
        let mut random = Random::new(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15));
        random.next();
        Generator { random, profile }
    }

    /// A history; the model that it is shown is wherever the history leads.
    pub(crate) fn history(&mut self) -> Vec<Step> {
        let mut model = Model::new(self.profile.threads);
        let mut steps = Vec::with_capacity(self.profile.steps);
        while steps.len() < self.profile.steps {
            let step = self.step(&model);
            if !model.admits(step) || !self.profile.blocks && model.would_block(step) {
                continue;
            }
            model.apply(step);
            model.take_released();
            steps.push(step);
        }
        steps
    }

    fn step(&mut self, model: &Model) -> Step {
        let can_run = |thread: &usize| model.can_run(*thread);
        let able = (0..self.profile.threads).filter(can_run).count();
        let thread = (0..self.profile.threads).filter(can_run).nth(self.random.index(able)).expect("one can run");
        let mut op = self.op(model, thread);
        // Whoever is the last that can run goes on.
        let step = Step { thread, op };
        if able == 1 && (op == Op::Exit || op.may_block() && model.would_block(step)) {
            op = Op::Wait(WaitFor::Any, self.names(model), self.terms(&[Time::Poll, Time::Past]));
        }
        Step { thread, op }
    }

    fn op(&mut self, model: &Model, thread: usize) -> Op {
        let empty = (0..SLOTS).filter(|slot| model.kind_in(*slot).is_none()).count();
        if empty > 0 && self.random.index(SLOTS * 3) < empty * 2 {
            let to = (0..SLOTS).find(|slot| model.kind_in(*slot).is_none()).expect("an empty slot");
            return self.creation(model, to);
        }
        match self.random.below(100) {
            0..30 => self.change(model),
            30..65 => self.wait(model),
            65..71 => self.signal_and_wait(model),
            71..80 => self.query(model),
            80..85 => Op::Close(self.name(model)),
            85..90 => Op::Alert(self.thread()),
            90..92 => Op::AlertResume(self.thread()),
            92..96 => Op::QueueApc(self.thread(), self.random.below(100) as u8),
            96 | 97 => Op::TestAlert,
            98 => Op::Delay(self.wait_terms()),
            _ if !self.profile.blocks => Op::TestAlert,
            _ if self.random.one_in(2) => Op::Exit,
            _ => Op::Terminate((thread + 1 + self.random.index(self.profile.threads - 1)) % self.profile.threads),
        }
    }

    fn creation(&mut self, model: &Model, to: usize) -> Op {
        if self.random.one_in(3) && (0..SLOTS).any(|slot| model.kind_in(slot).is_some()) {
            let [query, modify, wait] = [5, 5, 5].map(|n| !self.random.one_in(n));
            let close = self.random.one_in(6);
            return Op::Duplicate { from: self.name(model), to, rights: Rights { query, modify, wait }, close };
        }
        match self.random.pick(&KINDS) {
            Kind::Event => Op::CreateEvent { to, manual: self.random.one_in(3), set: self.random.one_in(3) },
            Kind::Mutant => Op::CreateMutant { to, owned: self.random.one_in(3) },
            Kind::Semaphore => {
                let maximum = self.random.pick(&[1, 2, 3, 4, i32::MAX, 0]);
                let initial = self.random.pick(&[0, 0, 1, 2, maximum, -1]);
                Op::CreateSemaphore { to, initial, maximum }
            }
            Kind::Timer => Op::CreateTimer { to, manual: self.random.one_in(2) },
            Kind::Thread => Op::OpenThread { to, thread: self.thread() },
        }
    }

    fn change(&mut self, model: &Model) -> Op {
        match self.random.pick(&KINDS) {
            Kind::Event | Kind::Thread => {
                let changes = [Change::Set, Change::Set, Change::Set, Change::Reset, Change::Pulse, Change::Pulse];
                let rare = [Change::Clear, Change::Boost];
                let change = if self.random.one_in(8) { self.random.pick(&rare) } else { self.random.pick(&changes) };
                Op::Event(change, self.name_of(model, Kind::Event))
            }
            Kind::Timer if self.random.one_in(4) => Op::CancelTimer(self.name_of(model, Kind::Timer)),
            Kind::Timer => {
                let due = self.random.pick(&[Due::Past, Due::Late]);
                Op::SetTimer(self.name_of(model, Kind::Timer), due)
            }
            Kind::Mutant => Op::ReleaseMutant(self.name_of(model, Kind::Mutant)),
            Kind::Semaphore => {
                let count = self.random.pick(&[1, 1, 1, 2, 3, i32::MAX, 0, -1]);
                Op::ReleaseSemaphore(self.name_of(model, Kind::Semaphore), count)
            }
        }
    }

    fn query(&mut self, model: &Model) -> Op {
        match self.random.pick(&KINDS) {
            Kind::Thread => Op::Count(self.name(model)),
            kind => Op::Query(kind, self.name_of(model, kind)),
        }
    }

    fn wait(&mut self, model: &Model) -> Op {
        let what = self.random.pick(&[WaitFor::Single, WaitFor::Single, WaitFor::Any, WaitFor::All]);
        let names = if what == WaitFor::Single { Names::of([self.name(model)]) } else { self.names(model) };
        Op::Wait(what, names, self.wait_terms())
    }

    fn signal_and_wait(&mut self, model: &Model) -> Op {
        let kind = self.random.pick(&KINDS);
        Op::SignalAndWait(self.name_of(model, kind), self.name(model), self.wait_terms())
    }

    fn wait_terms(&mut self) -> Terms {
        let blocks = self.profile.blocks;
        if self.random.one_in(if blocks { 16 } else { 4096 }) {
            return self.terms(&[Time::Brief]);
        }
        if blocks {
            return self.terms(&[Time::Poll, Time::Long, Time::Long, Time::Forever, Time::Forever]);
        }
        // Alone, nobody would end a wait without end that should not have blocked.
        self.terms(&[Time::Poll, Time::Poll, Time::Past, Time::Long])
    }

    fn terms(&mut self, times: &[Time]) -> Terms {
        Terms { alertable: self.random.one_in(3), time: self.random.pick(times) }
    }

    fn thread(&mut self) -> usize {
        self.random.index(self.profile.threads)
    }

    /// One to four objects, some of them twice.
    fn names(&mut self, model: &Model) -> Names {
        let count = 1 + self.random.index(4);
        let names: [Name; 4] = core::array::from_fn(|_| self.name(model));
        Names::of(names.into_iter().take(count))
    }

    /// An open handle, mostly.
    fn name(&mut self, model: &Model) -> Name {
        match self.random.below(60) {
            0 => return Name::Null,
            1 => return Name::Myself,
            2 => return Name::Slot(self.random.index(SLOTS)),
            _ => {}
        }
        self.slot(|slot| model.kind_in(slot).is_some())
    }

    /// A handle to such an object, mostly.
    fn name_of(&mut self, model: &Model, kind: Kind) -> Name {
        if self.random.one_in(20) { self.name(model) } else { self.slot(|slot| model.kind_in(slot) == Some(kind)) }
    }

    /// The first slot from a random one on for which this holds, or just any.
    fn slot(&mut self, suits: impl Fn(usize) -> bool) -> Name {
        let from = self.random.index(SLOTS);
        Name::Slot((from..from + SLOTS).map(|slot| slot % SLOTS).find(|slot| suits(*slot)).unwrap_or(from))
    }
}
