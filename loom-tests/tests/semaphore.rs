//! Models of the semaphore: its count against its limit, releases against those who wait, and looks at what does not count its
//! changes. SM1 and SM2 stand at the head of `src/objects/semaphore.rs`.

use ntwait::NtStatus;
use ntwait::internals::pass_time;
use ntwait_models::nt::{NEVER, Nt, POLL, SOON};
use ntwait_models::{JoinHandle, model, model_reaching};

/// How many of these waits were satisfied.
fn satisfied(waits: impl IntoIterator<Item = JoinHandle<NtStatus>>) -> i32 {
    waits.into_iter().map(|wait| i32::from(wait.join().unwrap() == NtStatus::WAIT_0)).sum()
}

/// SM1: of two releases for which there is room once, one is refused, and the count is never above the limit.
///
/// A: release 1          B: release 1; look
#[test]
fn sm1_two_releases_with_room_for_one() {
    model_reaching(&["first", "second"], || {
        let nt = Nt::new();
        let semaphore = nt.semaphore(1, 2);
        let other = nt.spawn(move |nt| nt.post(semaphore, 1));
        let mine = nt.post(semaphore, 1);
        assert!(nt.count(semaphore) <= 2);
        let other = other.join().unwrap();
        assert_eq!(nt.count(semaphore), 2);
        match (mine, other) {
            (Ok(1), Err(NtStatus::SEMAPHORE_LIMIT_EXCEEDED)) => "first",
            (Err(NtStatus::SEMAPHORE_LIMIT_EXCEEDED), Ok(1)) => "second",
            answers => panic!("{answers:?}"),
        }
    });
}

/// SM1, SE8: nothing is taken twice and nothing below zero.
///
/// A: poll          B: poll          C: release 1
#[test]
fn sm1_polls_against_a_release() {
    model(|| {
        let nt = Nt::new();
        let semaphore = nt.semaphore(1, 5);
        let polls = [(); 2].map(|()| nt.spawn(move |nt| nt.wait(semaphore, POLL)));
        assert!(nt.post(semaphore, 1).is_ok());
        let taken = satisfied(polls);
        assert!((1..=2).contains(&taken), "{taken}");
        assert_eq!(nt.count(semaphore), 2 - taken);
    });
}

/// SM2, SE9, SE10: a release of two serves two, whether they sleep already or not.
///
/// A: release 2          B: wait, for ever          C: wait for it or E, for ever
#[test]
fn sm2_release_of_two_serves_two() {
    model(|| {
        let nt = Nt::new();
        let (semaphore, clear) = (nt.semaphore(0, 2), nt.auto(false));
        let one = nt.spawn(move |nt| nt.wait(semaphore, NEVER));
        let any = nt.spawn(move |nt| nt.any(&[semaphore, clear], NEVER));
        assert_eq!(nt.post(semaphore, 2), Ok(0));
        assert_eq!(satisfied([one, any]), 2);
        assert_eq!((nt.count(semaphore), nt.waiters(semaphore)), (0, 0));
    });
}

/// SM2: what those leave whose time is up is the count.
///
/// A: release 2          B: wait, may time out          C: wait, may time out
#[test]
fn sm2_release_against_timeouts() {
    model(|| {
        let nt = Nt::new();
        let semaphore = nt.semaphore(0, 2);
        pass_time();
        let waits = [(); 2].map(|()| nt.spawn(move |nt| nt.wait(semaphore, SOON)));
        let before = nt.post(semaphore, 2);
        assert_eq!(before, Ok(0));
        assert_eq!(satisfied(waits) + nt.count(semaphore), 2);
        assert_eq!(nt.waiters(semaphore), 0);
    });
}

/// SM2: a release of one against a time-out: given, or kept.
///
/// A: release 1          B: wait, may time out
#[test]
fn sm2_release_of_one_against_timeout() {
    model_reaching(&["given", "kept"], || {
        let nt = Nt::new();
        let semaphore = nt.semaphore(0, 1);
        pass_time();
        let waiter = nt.spawn(move |nt| nt.wait(semaphore, SOON));
        assert_eq!(nt.post(semaphore, 1), Ok(0));
        match (satisfied([waiter]), nt.count(semaphore), nt.waiters(semaphore)) {
            (1, 0, 0) => "given",
            (0, 1, 0) => "kept",
            other => panic!("satisfied, count, waiters: {other:?}"),
        }
    });
}

/// SM2, U4: a release of two serves a wait-all and who stands behind it.
///
/// A: release 2          B: wait for S and E, for ever          C: wait, for ever
#[test]
fn sm2_release_completes_a_wait_all() {
    model(|| {
        let nt = Nt::new();
        let (semaphore, set) = (nt.semaphore(0, 2), nt.auto(true));
        let all = nt.spawn(move |nt| nt.all(&[semaphore, set], NEVER));
        let one = nt.spawn(move |nt| nt.wait(semaphore, NEVER));
        assert_eq!(nt.post(semaphore, 2), Ok(0));
        assert_eq!(satisfied([all, one]), 2);
        assert_eq!((nt.count(semaphore), nt.state(set), nt.waiters(semaphore)), (0, 0, 0));
    });
}

/// K2, W9: what does not count its changes is not taken from under a lower object that came before it.
///
/// A: release S, release T          B: wait for S or T
#[test]
fn k2_second_semaphore_is_not_found_before_the_first() {
    model(|| {
        let nt = Nt::new();
        let semaphores = [nt.semaphore(0, 1), nt.semaphore(0, 1)];
        let waiter = nt.spawn(move |nt| nt.any(&semaphores, NEVER));
        semaphores.iter().for_each(|semaphore| assert_eq!(nt.post(*semaphore, 1), Ok(0)));
        assert_eq!(waiter.join().unwrap(), NtStatus::WAIT_0);
        assert_eq!(semaphores.map(|semaphore| nt.count(semaphore)), [0, 1]);
    });
}

/// K2: that the first is taken by another meanwhile says nothing of the second, which is there all the time.
///
/// A: poll S and E, which is set          B: poll S
#[test]
fn k2_look_goes_on_after_what_others_took() {
    model_reaching(&["first", "second"], || {
        let nt = Nt::new();
        let (semaphore, set) = (nt.semaphore(1, 1), nt.manual(true));
        let thief = nt.spawn(move |nt| nt.wait(semaphore, POLL));
        let status = nt.any(&[semaphore, set], POLL);
        assert_eq!(satisfied([thief]), i32::from(status != NtStatus::WAIT_0));
        match status {
            NtStatus::WAIT_0 => "first",
            NtStatus(1) => "second",
            status => panic!("{status}"),
        }
    });
}
