//! The tree as data, and that nothing is left in it.

use super::tree::{Directory, Meaning, Node, Path, Tree};
use super::{DIRECTORIES, LINKS};
use crate::handle::Place;
use crate::handle::entry::Handle;
use crate::nt::access::{AccessMask, HandleAttributes};
use crate::nt::{EventType, ObjectAttributes, ObjectName};
use crate::objects::Kind;
use crate::runtime::Runtime;
use crate::status::NtStatus;
use std::collections::BTreeMap;

const ALWAYS_THERE: usize = DIRECTORIES.len() + LINKS.len();

/// A directory that lies nowhere.
const HERE: Directory = Directory { place: Place { slot: 1, generation: 1 }, number: 0 };

fn node(directory: Directory, text: &str, slot: u32) -> Node {
    let meaning = Meaning::Object { place: Place { slot, generation: 7 }, kind: Kind::Event, stands: false };
    Node { directory, text: text.encode_utf16().collect(), meaning }
}

fn find(tree: &Tree, text: &str, ignore_case: bool) -> Option<u32> {
    let rest: Vec<u16> = text.encode_utf16().collect();
    tree.walk(&Path { from: Some(HERE), rest: &rest, ignore_case }).ok().and_then(|spot| tree.find(&spot))
}

/// N5: as long as a tree says that it has room, an insertion allocates nothing, through any number of insertions, removals
/// and moves; and every name is found, and no other.
#[test]
fn n5_insertions_allocate_nothing() {
    let mut tree = Tree::with_room(4, 4).expect("memory");
    let mut known = BTreeMap::new();
    let (mut state, mut moves) = (1_u64, 0);
    for step in 0..60_000_u32 {
        state = state.wrapping_mul(0x5851_F42D_4C95_7F2D).wrapping_add(1);
        let text = format!("name {}", state >> 33 & 0x3FF);
        if let Some(number) = known.remove(&text) {
            assert_eq!(find(&tree, &text, false), Some(number));
            assert_eq!(tree.remove(number).map(|node| node.text.len()), Some(text.len()));
            assert!(tree.remove(number).is_none(), "once");
            assert_eq!(find(&tree, &text, true), None);
            continue;
        }
        let number = loop {
            match tree.next_number().expect("few names") {
                Some(number) => break number,
                None => {
                    let (names, places) = tree.size();
                    let mut roomier = Tree::with_room(names * 2, places + 1).expect("memory");
                    tree.move_to(&mut roomier);
                    moves += 1;
                }
            }
        };
        let before = tree.memory();
        assert_eq!(tree.insert(node(HERE, &text, step)), number);
        assert_eq!(tree.memory(), before, "an insertion has allocated");
        assert!(tree.names(number, Place { slot: step, generation: 7 }));
        assert!(!tree.names(number, Place { slot: step, generation: 8 }));
        known.insert(text, number);
        assert_eq!(tree.size().0, known.len());
    }
    assert!((5..1_000).contains(&moves), "{moves} moves");
    known.iter().for_each(|(text, number)| assert_eq!(find(&tree, text, false), Some(*number)));
}

/// A tree that has become too small on the way is not moved into.
#[test]
fn n5_too_small_a_tree_is_left_alone() {
    let mut tree = Tree::with_room(64, 64).expect("memory");
    for slot in 0..64 {
        assert_eq!(tree.insert(node(HERE, &format!("{slot}"), slot)), slot + 1);
    }
    let mut small = Tree::with_room(8, 8).expect("memory");
    tree.move_to(&mut small);
    assert_eq!((tree.size(), small.size()), ((64, 64), (0, 0)));
}

/// N14: the same spelling first, then any; and each directory for itself.
#[test]
fn n14_find_with_and_without_case() {
    let mut tree = Tree::with_room(8, 8).expect("memory");
    let there = Directory { place: Place { slot: 1, generation: 2 }, number: 0 };
    let [upper, lower] = ["NAME", "name"].map(|text| tree.insert(node(HERE, text, 1)));
    tree.insert(node(there, "other", 2));
    let rows = [
        ("NAME", false, Some(upper)),
        ("name", false, Some(lower)),
        ("Name", false, None),
        ("NAME", true, Some(upper)),
        ("name", true, Some(lower)),
        ("other", true, None),
    ];
    for (text, ignore_case, expected) in rows {
        assert_eq!(find(&tree, text, ignore_case), expected, "{text} {ignore_case}");
    }
    assert!([Some(upper), Some(lower)].contains(&find(&tree, "nAmE", true)));
}

fn size(nt: &Runtime) -> usize {
    nt.resident().names.0.lock().size().0
}

fn name(path: &str) -> ObjectName {
    ObjectName::new(path).expect("memory")
}

fn create(nt: &Runtime, name: &[u16]) -> Result<Handle, NtStatus> {
    let attributes = ObjectAttributes::named(name).with(HandleAttributes::OPENIF);
    nt.nt_create_event(AccessMask::MAXIMUM_ALLOWED, attributes, EventType::NOTIFICATION, false)
}

/// N3: what is closed leaves no name, however its object ends, and unnamed objects never had one.
#[test]
fn n3_closed_objects_leave_no_name() {
    let nt = Runtime::new().expect("a runtime");
    let _shield = crate::waiter::shield::Shield::raise();
    assert_eq!(size(&nt), 0, "nothing before the first name");
    let all = AccessMask::MAXIMUM_ALLOWED;
    let (plain, mutant) = (name(r"\x"), name(r"\m"));
    for round in 0..3 {
        let handles = [
            create(&nt, &plain),
            create(&nt, &plain),
            create(&nt, &name(r"\y")),
            nt.nt_create_mutant(all, ObjectAttributes::named(&mutant), true),
            nt.nt_create_directory_object(all, ObjectAttributes::named(&name(r"\d"))),
            create(&nt, &name(r"\d\x")),
            create(&nt, &name(r"\d\y")),
            nt.nt_create_event(all, ObjectAttributes::NONE, EventType::NOTIFICATION, false),
        ];
        assert_eq!(size(&nt), ALWAYS_THERE + 6, "round {round}");
        assert!(create(&nt, &name(r"\missing\x")).is_err() && create(&nt, &name(r"\x\x")).is_err());
        assert_eq!(size(&nt), ALWAYS_THERE + 6, "refusals leave nothing");
        handles.into_iter().for_each(|handle| assert_eq!(nt.nt_close(handle.expect("new")), NtStatus::SUCCESS));
        assert_eq!(size(&nt), ALWAYS_THERE, "round {round}");
    }
}
