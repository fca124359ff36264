//! What names a thread, and what its handles may do: facts TH24 to TH26, TH30, TH35, W28, W29, N23, N25.

#![allow(clippy::disallowed_types, clippy::disallowed_methods, reason = "tests are not the product")]

mod common;

use core::ffi::c_void;
use core::ptr::null_mut;
use std::collections::HashSet;

use common::nt_threads::{ALL_RIGHTS, ME, NtThread, STILL_ACTIVE, until};
use common::{FOREVER, Nt, POLL, ms, object, u32_at, within};
use ntwait::{
    AccessMask, ClientId, CreateThreadFlags, Handle, HandleAttributes, NtStatus, ObjectAttributes, StartRoutine,
    WaitType,
};

const NONE: ObjectAttributes = ObjectAttributes::NONE;

extern "C" fn nothing(_: *mut c_void) -> u32 {
    0
}

fn open(nt: Nt, access: AccessMask, process: u32, thread: u32) -> Result<Handle, NtStatus> {
    nt.nt_open_thread(access, NONE, ClientId { process, thread })
}

/// A thread that says its id, and waits for the event.
fn with_id(nt: Nt, go: Handle) -> (NtThread, u32) {
    let (say, hear) = std::sync::mpsc::channel();
    let thread = nt.thread(move || {
        say.send(nt.current_thread_id().expect("an id")).expect("the test listens");
        nt.one(go, FOREVER).0
    });
    (thread, hear.recv().expect("an id"))
}

/// The thread lets go of itself a moment after it was signalled.
#[track_caller]
fn assert_forgotten(nt: Nt, id: u32) {
    until("nobody has this id", || match open(nt, ALL_RIGHTS, 0, id) {
        Ok(found) => nt.nt_close(found) != NtStatus::SUCCESS,
        Err(status) => status == NtStatus::INVALID_CID,
    });
}

/// Ids are multiples of 4 and belong to one thread as long as it lives or has handles.
#[test]
fn th24_ids() {
    within(|| {
        let nt = Nt::new();
        let go = nt.manual(false);
        let threads: Vec<(NtThread, u32)> = (0..200).map(|_| with_id(nt, go)).collect();
        let ids: HashSet<u32> = threads.iter().map(|(_, id)| *id).collect();
        assert_eq!(ids.len(), threads.len());
        assert!(ids.iter().all(|id| id % 4 == 0 && *id != 0));
        let own = nt.current_thread_id().expect("an id");
        assert!(own.is_multiple_of(4) && !ids.contains(&own) && nt.current_thread_id() == Ok(own));
        assert_eq!(nt.process_id() % 4, 0);
        nt.set(go);
        threads.iter().for_each(|(thread, _)| assert_eq!(thread.end(), 0));
        // They are dead and have handles: nobody gets their ids.
        for _ in 0..3_000 {
            let (thread, id) = with_id(nt, go);
            assert!(!ids.contains(&id));
            thread.join();
        }
    });
}

/// By its id a thread can be opened as long as it lives or has a handle, with the rights that are asked for.
#[test]
fn th25_th26_open_by_id() {
    within(|| {
        let nt = Nt::new();
        let go = nt.auto(false);
        let (thread, id) = with_id(nt, go);
        for process in [0, nt.process_id()] {
            let found = open(nt, ALL_RIGHTS, process, id).expect("a live thread");
            assert_eq!(nt.nt_compare_objects(found, thread.handle), NtStatus::SUCCESS);
            assert_eq!(nt.basic(found).access, ALL_RIGHTS.bits());
            nt.close(found);
        }
        let weak = open(nt, AccessMask::SYNCHRONIZE, 0, id).expect("a live thread");
        assert_eq!((nt.one(weak, POLL), nt.exit_code(weak)), (NtStatus::TIMEOUT, Err(NtStatus::ACCESS_DENIED)));
        assert_eq!(nt.nt_suspend_thread(weak), Err(NtStatus::ACCESS_DENIED));
        assert_eq!(open(nt, AccessMask::empty(), 0, id), Err(NtStatus::ACCESS_DENIED));
        assert_eq!(open(nt, ALL_RIGHTS, nt.process_id() + 4, id), Err(NtStatus::INVALID_CID));
        for unknown in [0, 0x00FF_FFFC, u32::MAX, u32::MAX - 3, 1 << 31] {
            for access in [ALL_RIGHTS, AccessMask::empty()] {
                assert_eq!(open(nt, access, 0, unknown), Err(NtStatus::INVALID_CID), "{unknown:#x}");
            }
        }
        nt.set(go);
        assert_eq!(thread.end(), 0);
        nt.close(weak);
        let dead = open(nt, ALL_RIGHTS, 0, id).expect("a dead thread with a handle");
        assert_eq!((nt.one(dead, POLL), nt.exit_code(dead)), (object(0), Ok(0)));
        nt.close(thread.handle);
        assert_eq!(nt.exit_code(dead), Ok(0));
        nt.close(dead);
        assert_forgotten(nt, id);
        // The calling thread, which is std's.
        let own = nt.current_thread_id().expect("an id");
        let found = open(nt, ALL_RIGHTS, 0, own).expect("the calling thread");
        assert_eq!(nt.nt_compare_objects(found, ME), NtStatus::SUCCESS);
        assert_eq!(nt.exit_code(found), Ok(STILL_ACTIVE));
    });
}

/// The exit code needs one of the two query rights.
#[test]
fn th30_rights() {
    within(|| {
        let nt = Nt::new();
        let (full, limited) = (AccessMask::THREAD_QUERY_INFORMATION, AccessMask::THREAD_QUERY_LIMITED_INFORMATION);
        for thread in [nt.dead(30), nt.suspended(|| 0)] {
            let code = thread.code();
            for right in [full, limited, AccessMask::GENERIC_READ, AccessMask::GENERIC_EXECUTE] {
                assert_eq!(nt.exit_code(nt.with_rights(thread.handle, right)), Ok(code), "{right:?}");
            }
            let weak = nt.without(thread.handle, full | limited);
            assert_eq!(nt.exit_code(weak), Err(NtStatus::ACCESS_DENIED));
        }
        assert_eq!(nt.exit_code(Handle::NULL), Err(NtStatus::INVALID_HANDLE));
        assert_eq!(nt.exit_code(nt.auto(true)), Err(NtStatus::OBJECT_TYPE_MISMATCH));
    });
}

/// The pseudo handle means whoever uses it, in waits for one object; waits for several do not take it.
#[test]
fn th35_w28_w29_the_pseudo_handle() {
    within(|| {
        let nt = Nt::new();
        let go = nt.auto(false);
        let thread = nt.blocked(move || {
            assert_eq!(nt.one(go, FOREVER), object(0));
            u32::from(nt.nt_compare_objects(ME, nt.myself()) == NtStatus::SUCCESS)
        });
        assert_eq!(nt.nt_compare_objects(ME, thread.handle), NtStatus::NOT_SAME_OBJECT);
        assert_eq!(nt.nt_compare_objects(ME, nt.myself()), NtStatus::SUCCESS);
        for pseudo in [ME, Handle::CURRENT_PROCESS] {
            assert_eq!((nt.one(pseudo, POLL), nt.one(pseudo, ms(1))), (NtStatus::TIMEOUT, NtStatus::TIMEOUT));
            assert_eq!(nt.alertable(pseudo, POLL), NtStatus::TIMEOUT);
            for wait_type in [WaitType::ANY, WaitType::ALL] {
                let waited = nt.nt_wait_for_multiple_objects(&[thread.handle, pseudo], wait_type, false, POLL);
                assert_eq!(waited, NtStatus::INVALID_HANDLE);
            }
        }
        nt.set(go);
        assert_eq!(thread.join(), 1);
    });
}

/// The type's name, and the rights that the handle was made with: generic ones are mapped, unknown ones dropped.
#[test]
fn n23_n25_object_queries() {
    within(|| {
        let nt = Nt::new();
        let thread = nt.suspended(|| 0);
        let mut bytes = [0; 256];
        assert_eq!(nt.nt_query_object(thread.handle, 2, &mut bytes, None), NtStatus::SUCCESS);
        assert_eq!(u32_at(&bytes, 0) & 0xFFFF, 12, "bytes in the name");
        let name: Vec<u8> = "Thread".encode_utf16().flat_map(u16::to_ne_bytes).collect();
        assert!(bytes.windows(name.len()).any(|window| window == name));
        let generic = [
            (AccessMask::GENERIC_READ, 0x0002_0048),
            (AccessMask::GENERIC_WRITE, 0x0002_0437),
            (AccessMask::GENERIC_EXECUTE, 0x0012_1800),
            (AccessMask::GENERIC_ALL, 0x001F_FFFF),
            (AccessMask::MAXIMUM_ALLOWED, 0x001F_FFFF),
            (AccessMask::THREAD_TERMINATE, 1),
        ];
        let create = |access, attributes| {
            let (me, routine) = (Handle::CURRENT_PROCESS, Some(StartRoutine::C(nothing)));
            let flags = CreateThreadFlags::empty();
            nt.nt_create_thread_ex(access, ObjectAttributes::new(attributes), me, routine, null_mut(), flags, 0)
        };
        for (asked, granted) in generic {
            assert_eq!(nt.basic(nt.with_rights(thread.handle, asked)).access, granted, "{asked:?}");
            let made = create(asked, HandleAttributes::empty()).expect("a thread");
            assert_eq!(nt.basic(made).access, granted, "{asked:?}");
        }
        let heir = create(ALL_RIGHTS, HandleAttributes::INHERIT).expect("a thread");
        assert_eq!(nt.flags(heir), (1, 0));
        thread.resume();
        thread.join();
    });
}
