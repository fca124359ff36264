//! The wait graph as JSON: names of all sorts, and the shape that the documentation promises.

#![allow(clippy::disallowed_types, clippy::disallowed_methods, reason = "tests are not the product")]

mod common;

use common::{FOREVER, Nt, names};
use ntwait::{AccessMask, ObjectAttributes};
use serde_json::Value;

const NAME: &str = "a \"quoted\" name \u{1F600} \t with\nlines and \u{7}";

#[test]
fn names_survive() {
    common::within(|| {
        let nt = Nt::new();
        let path = names::base(NAME);
        let attributes = ObjectAttributes::named(&path);
        let mutant = nt.nt_create_mutant(AccessMask::MUTANT_ALL_ACCESS, attributes, false).expect("a mutant");
        let owner = nt.blocked_owner(mutant);
        let text: Vec<u16> = NAME.encode_utf16().collect();
        assert!(nt.set_thread_description(owner.handle, &text).is_success());
        let waiter = nt.blocked(move || nt.one(mutant, FOREVER).0);

        let graph = nt.wait_graph();
        let value: Value = serde_json::from_str(&graph.to_json()).expect("JSON");
        let objects = value["objects"].as_array().expect("a list");
        let found = objects.iter().find(|object| object["kind"] == "mutant").expect("the mutant");
        assert_eq!(found["name"], format!("\\BaseNamedObjects\\{NAME}"));
        assert_eq!(found["handles"], serde_json::json!([mutant.0]));
        assert_eq!((&found["signalled"], &found["address"]), (&Value::Bool(false), &Value::Null));
        let threads = value["threads"].as_array().expect("a list");
        let thread_at = |place: &Value| &threads[usize::try_from(place.as_u64().expect("a place")).expect("small")];
        assert_eq!(thread_at(&found["owner"])["name"], NAME);
        let first = thread_at(&found["queue"][0]["thread"]);
        assert_eq!(first["tid"], waiter.kernel_id());
        assert_eq!((&first["wait"]["sort"], &first["wait"]["left_ms"]), (&Value::from("any"), &Value::Null));
        let on = usize::try_from(first["wait"]["on"][0].as_u64().expect("a place")).expect("small");
        assert_eq!(objects[on], *found);
        assert_eq!(value["process"], std::process::id());

        for thread in [owner, waiter] {
            thread.kill(1);
            thread.end();
        }
    });
}

#[test]
fn a_deadlock() {
    common::within(|| {
        let nt = Nt::new();
        let thread = nt.blocked(move || nt.one(nt.myself(), FOREVER).0);
        let found = nt.deadlocks();
        let value: Value = serde_json::from_str(&found[0].to_json()).expect("JSON");
        assert_eq!(value["cycle"][0]["thread"]["tid"], thread.kernel_id());
        assert_eq!(value["cycle"][0]["object"]["kind"], "thread");
        assert!(value["cycle"][0]["since_ms"].is_u64());
        assert_eq!(value["behind"], serde_json::json!([]));
        thread.kill(1);
        thread.end();
    });
}
