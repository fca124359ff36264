//! Terminations that race: fact W39. More are in `kill_storm.rs`.

#![allow(clippy::disallowed_types, clippy::disallowed_methods, reason = "tests are not the product")]

mod common;

use core::time::Duration;

use common::nt_threads::until;
use common::wait_kinds::WAIT_KINDS;
use common::{FOREVER, Nt, Random, spin_for, trials, within};
use ntwait::NtStatus;

/// If a signal and a termination race, the signal is taken for the thread or is still there; nothing is queued any more, and nobody
/// else's signal is lost.
#[test]
fn w39_signal_against_termination() {
    within(|| {
        let nt = Nt::new();
        let mut random = Random::new(39);
        let (mut ended, mut killed) = (0, 0);
        for round in trials(2_000) {
            let kind = WAIT_KINDS[round as usize % WAIT_KINDS.len()];
            let scene = kind.scene(nt);
            let thread = nt.thread(move || scene.wait(FOREVER).0 + 500);
            until("it waits", || !scene.has_no_waiters());
            let [before_set, before_kill] = [(); 2].map(|()| Duration::from_nanos(random.below(40_000)));
            let killer = std::thread::spawn(move || {
                spin_for(before_kill);
                nt.kill(thread.handle, 1)
            });
            spin_for(before_set);
            scene.complete();
            assert_eq!(killer.join().expect("the killer"), NtStatus::SUCCESS);
            match thread.join() {
                1 => {
                    killed += 1;
                    let states = scene.states();
                    let possible = [scene.set_states(), scene.taken_states()];
                    assert!(possible.contains(&states), "{} {states:?} round {round}", kind.name);
                }
                code => {
                    ended += 1;
                    assert_eq!((code - 500, scene.states()), (kind.ended.0, scene.taken_states()), "round {round}");
                }
            }
            scene.clear();
            scene.assert_intact();
            scene.events.into_iter().for_each(|event| nt.close(event));
        }
        assert!(ended > 0 && killed > 0, "both endings must be seen: {ended}, {killed}");
    });
}
