//! The steps as tables.

use super::*;

const FREE: u64 = State::FREE;
const EXCLUSIVE: u64 = State::EXCLUSIVE;
const QUEUED: u64 = State::QUEUED;
const BARRED: u64 = State::BARRED;
const READER: u64 = State::READER;
const READERS: u64 = 2 * READER;

#[test]
fn table_of_acquisitions() {
    // word, exclusive as a newcomer, exclusive on its way, shared as a newcomer, shared on its way; 0 is no
    let rows = [
        (FREE, EXCLUSIVE, EXCLUSIVE, READER, READER),
        (QUEUED, EXCLUSIVE | QUEUED, EXCLUSIVE | QUEUED, READER | QUEUED, READER | QUEUED),
        (BARRED, EXCLUSIVE | BARRED, EXCLUSIVE, 0, READER | BARRED),
        (QUEUED | BARRED, EXCLUSIVE | QUEUED | BARRED, EXCLUSIVE | QUEUED | BARRED, 0, READER | QUEUED | BARRED),
        (EXCLUSIVE, 0, 0, 0, 0),
        (EXCLUSIVE | QUEUED | BARRED, 0, 0, 0, 0),
        (READER, 0, 0, READERS, READERS),
        (READER | QUEUED | BARRED, 0, 0, 0, READERS | QUEUED | BARRED),
    ];
    for (word, exclusive, exclusive_passes, shared, shared_passes) in rows {
        let taken = |mode, passes| State(word).taken(mode, passes, 0).map_or(0, |taken| taken.0);
        assert_eq!(taken(Mode::Exclusive, false), exclusive, "{word:#x}");
        assert_eq!(taken(Mode::Exclusive, true), exclusive_passes, "{word:#x}");
        assert_eq!(taken(Mode::Shared, false), shared, "{word:#x}");
        assert_eq!(taken(Mode::Shared, true), shared_passes, "{word:#x}");
    }
}

#[test]
fn an_owner_comes_and_goes_with_exclusive_access() {
    const OWNER: u64 = 0x7FFF_1234_5670;
    for marks in [FREE, QUEUED, BARRED, QUEUED | BARRED] {
        for passes in [false, true] {
            let without = State(marks).taken(Mode::Exclusive, passes, 0).expect("free");
            let owned = State(marks).taken(Mode::Exclusive, passes, OWNER).expect("free");
            assert_eq!((owned.0, owned.owner(), without.owner()), (without.0 | OWNER, OWNER, 0), "{marks:#x}");
            assert_eq!((owned.readers(), owned.is_free(), owned.is_held(Mode::Shared)), (0, false, false));
            for mode in [Mode::Exclusive, Mode::Shared] {
                assert_eq!(owned.taken(mode, passes, OWNER), None);
                assert_eq!(owned.marked(mode).owner(), OWNER);
            }
            assert_eq!(owned.released(Mode::Exclusive), without.released(Mode::Exclusive));
            let shared = State(FREE).taken(Mode::Shared, passes, OWNER).expect("free");
            assert_eq!((shared.0, shared.owner()), (READER, 0), "readers are counted, not told");
        }
    }
}

#[test]
fn q1_only_what_is_held_and_marked_holds_up() {
    for word in [EXCLUSIVE, READER, BARRED, QUEUED, FREE, QUEUED | BARRED, EXCLUSIVE | BARRED, EXCLUSIVE | QUEUED] {
        for (mode, passes) in
            [(Mode::Exclusive, false), (Mode::Exclusive, true), (Mode::Shared, false), (Mode::Shared, true)]
        {
            let state = State(word);
            if state.holds_up(mode, passes) {
                assert!(state.has(QUEUED) && state.taken(mode, passes, 0).is_none(), "{word:#x}");
                assert!(!state.is_free() || state.has(BARRED) && !passes, "{word:#x}");
            }
            let marked = state.marked(mode);
            assert_eq!(marked.holds_up(mode, passes), marked.taken(mode, passes, 0).is_none(), "{word:#x}");
        }
    }
}

#[test]
fn table_of_releases() {
    let writer = |is_urgent| Crowd { ticket: Ticket::new(Mode::Exclusive, is_urgent), count: 1 };
    let readers = |is_urgent| Crowd { ticket: Ticket::new(Mode::Shared, is_urgent), count: 2 };
    let nobody = Crowd { ticket: Ticket::new(Mode::Exclusive, true), count: 0 };
    // crowd, what is still held, others are queued: what is left, what the crowd is told
    let rows = [
        (nobody, FREE, false, FREE, ON_ITS_WAY),
        (nobody, FREE, true, QUEUED, ON_ITS_WAY),
        (writer(false), FREE, false, BARRED, ON_ITS_WAY),
        (writer(false), FREE, true, QUEUED | BARRED, ON_ITS_WAY),
        (writer(true), FREE, false, EXCLUSIVE, HANDED),
        (writer(true), FREE, true, EXCLUSIVE | QUEUED | BARRED, HANDED),
        (writer(true), READER, false, READER | BARRED, ON_ITS_WAY),
        (readers(false), FREE, false, FREE, ON_ITS_WAY),
        (readers(false), FREE, true, QUEUED | BARRED, ON_ITS_WAY),
        (readers(true), FREE, false, READERS, HANDED),
        (readers(true), FREE, true, READERS | QUEUED | BARRED, HANDED),
    ];
    for (crowd, rest, more, left, told) in rows {
        let marked = State(rest | QUEUED | BARRED);
        assert_eq!(crowd.settle(marked, more), (State(left), told), "{crowd:?} {rest:#x} {more}");
    }
}

#[test]
fn table_of_who_goes_together() {
    use Choice::{Stop, Take};
    let (reader, writer) = (Ticket::new(Mode::Shared, false), Ticket::new(Mode::Exclusive, true));
    // so many are chosen, the last of them, the next
    let rows = [
        (0, reader, reader, Take),
        (0, reader, writer, Take),
        (1, reader, reader, Take),
        (2, reader, writer, Stop),
        (1, writer, reader, Stop),
        (1, writer, writer, Stop),
    ];
    for (count, last, next, choice) in rows {
        assert_eq!(admit(Chosen { count, last: last.bits() }, next), choice, "{count} {last:?} {next:?}");
        assert_eq!(Ticket::from_bits(next.bits()), next);
    }
}
