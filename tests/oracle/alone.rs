//! Histories of one thread, which never blocks: no thread is switched, so millions of steps are run in a second.

use std::time::Duration;

use ntwait::WaitPolicy;

use super::generate::Profile;
use super::model::{Model, Reply};
use super::op::{Op, SLOTS, Step, Terms, Time};
use super::real::{Real, Times};
use super::report::{Answered, Divergence, Lines, Subject};

/// Nothing should ever wait long here: a wait that can only end by itself is not begun.
const TIMES: Times = Times { brief: Duration::from_micros(30), long: Duration::from_millis(100) };

/// Between two looks at everything.
const LOOK_EVERY: usize = 32;

/// The calling thread, its model, and a runtime.
pub(crate) struct Alone {
    real: &'static Real,
}

impl Alone {
    pub(crate) fn new() -> Alone {
        let real = Real::new(WaitPolicy::ADAPTIVE, TIMES);
        real.introduce(0, real.nt.myself());
        Alone { real }
    }

    pub(crate) const PROFILE: Profile = Profile { threads: 1, steps: 200, blocks: false };

    fn step(&self, model: &mut Model, step: Step, lines: &mut Lines<'_>) -> Result<(), String> {
        let Reply::Given(expected) = model.apply(step) else { unreachable!("a step that blocks is passed over") };
        let found = self.real.run(0, step.op);
        lines(&step);
        lines(&Answered(0, &found));
        if found == expected { Ok(()) } else { Err(format!("{expected:?} expected, {found:?} found")) }
    }

    fn look(&self, model: &Model) -> Result<(), String> {
        (0..SLOTS).try_for_each(|slot| match model.look(slot, Some(0)) {
            Some(look) => self.real.check(slot, look),
            None => Ok(()),
        })
    }

    /// Leaves the thread as it was: no alert, no APC, no handle.
    fn clean(&self, model: &Model) -> Result<(), String> {
        let poll = Op::Delay(Terms { alertable: true, time: Time::Poll });
        // An alert, the APCs, the alert of a resume.
        for _ in 0..3 {
            self.real.run(0, poll);
        }
        self.real.clear(|slot| model.kind_in(slot).is_some())
    }
}

impl Subject for Alone {
    fn run(&mut self, history: &[Step], lines: &mut Lines<'_>) -> Result<(), Divergence> {
        let mut model = Model::new(1);
        let mut result = Ok(());
        for (at, step) in history.iter().enumerate() {
            if !model.admits(*step) || model.would_block(*step) {
                continue;
            }
            let done = self.step(&mut model, *step, lines);
            let looks = at % LOOK_EVERY == 0 || at + 1 == history.len();
            if let Err(what) = done.and_then(|()| if looks { self.look(&model) } else { Ok(()) }) {
                result = Err(Divergence { at, what });
                break;
            }
        }
        result.and(self.clean(&model).map_err(|what| Divergence { at: history.len().saturating_sub(1), what }))
    }
}
