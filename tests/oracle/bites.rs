//! The comparison finds what it should: a model that is wrong in one point differs from the right one soon, and in few steps.

use super::generate::{Generator, Profile};
use super::model::{Flaw, Model, Reply};
use super::op::{Op, SLOTS, Step, THREADS};
use super::shrink::shrink;

const PROFILE: Profile = Profile { threads: THREADS, steps: 60, blocks: true };

pub(super) const FLAWS: [Flaw; 14] = [
    Flaw::PulseStays,
    Flaw::AnyTakesTheLast,
    Flaw::LastInFirstOut,
    Flaw::AllIsContentWithOneLess,
    Flaw::DuplicatesAreTakenTwice,
    Flaw::AlertBeatsObject,
    Flaw::EveryWaitIsAlertable,
    Flaw::ApcsAreLastInFirstOut,
    Flaw::LastCloseEndsWaits,
    Flaw::DuplicateKeepsRights,
    Flaw::MutantIsNotRecursive,
    Flaw::MutantIsNotHandedOver,
    Flaw::AbandonmentIsLost,
    Flaw::LimitOffByOne,
];

/// In so many steps each can be shown.
const FEW: usize = 6;

/// Steps after which a flaw must have shown.
const SOON: usize = 20_000;

/// At which step the wrong model differs from the right one, if it does.
fn differs_at(history: &[Step], flaw: Flaw) -> Option<usize> {
    let (mut right, mut wrong) = (Model::new(THREADS), Model::with_flaw(THREADS, flaw));
    for (number, step) in history.iter().enumerate() {
        if !right.admits(*step) {
            continue;
        }
        let replies: [Reply; 2] = [right.apply(*step), wrong.apply(*step)];
        let looks = |model: &Model| core::array::from_fn::<_, SLOTS, _>(|slot| model.look(slot, None));
        if replies[0] != replies[1]
            || right.take_released() != wrong.take_released()
            || looks(&right) != looks(&wrong)
            || (0..THREADS).any(|thread| right.is_blocked(thread) != wrong.is_blocked(thread))
        {
            return Some(number);
        }
    }
    None
}

pub(crate) fn every_flaw_is_found() {
    for flaw in FLAWS {
        let mut generator = Generator::new(1, PROFILE);
        let mut tried = 0;
        let (history, at) = loop {
            assert!(tried < SOON, "{flaw:?} is not found in {tried} steps");
            let history = generator.history();
            tried += history.len();
            if let Some(at) = differs_at(&history, flaw) {
                break (history, at);
            }
        };
        let shortest = shrink(&history[..=at], |history| differs_at(history, flaw).is_some());
        println!("{flaw:?}: within {tried} steps, {shortest:?}");
        assert!(shortest.len() <= FEW, "{flaw:?} can be seen in fewer steps than {shortest:#?}");
    }
}

/// The same twice differs nowhere, and every operation is made.
pub(crate) fn the_right_model_agrees_with_itself() {
    let mut generator = Generator::new(2, PROFILE);
    let mut seen = std::collections::HashSet::new();
    for _ in 0..500 {
        let history = generator.history();
        seen.extend(history.iter().map(|step| core::mem::discriminant(&step.op)));
        let (mut one, mut other) = (Model::new(THREADS), Model::new(THREADS));
        for step in history {
            assert!(one.admits(step));
            assert_eq!(one.apply(step), other.apply(step), "{step:?}");
        }
    }
    let probe = [Op::Exit, Op::TestAlert, Op::Terminate(0), Op::AlertResume(0)];
    assert!(probe.iter().all(|op| seen.contains(&core::mem::discriminant(op))));
}
