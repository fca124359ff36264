//! Who waits for what: a row for each sort of wait, queues and their order, names, what is gone.

#![allow(clippy::disallowed_types, clippy::disallowed_methods, reason = "tests are not the product")]

mod common;

use common::memory::leak;
use common::nt_threads::{NtThread, until};
use common::{FOREVER, Nt, ms, names};
use core::sync::atomic::AtomicU32;
use core::time::Duration;
use ntwait::{
    AccessMask, BarrierFlags, ConditionFlags, CreateThreadFlags, GraphKind, GraphObject, GraphThread, GraphWaiter,
    Handle, NtStatus, ObjectAttributes, RtlBarrier, RtlConditionVariable, RtlCriticalSection, RtlRunOnce, RtlSrwLock,
    RunOnceFlags, ThreadStage, Timeout, WaitFlags, WaitGraph, WaitSort, wait_on_address, wake_address_all,
};

fn thread_of<'g>(graph: &'g WaitGraph, thread: &NtThread) -> &'g GraphThread {
    let tid = thread.kernel_id().cast_unsigned();
    let found = graph.threads().iter().find(|known| known.label.tid == tid);
    found.unwrap_or_else(|| panic!("no thread {tid}:\n{graph}"))
}

/// The threads of the runtime itself: other tests have theirs meanwhile.
fn own(graph: &WaitGraph) -> impl Iterator<Item = &GraphThread> {
    graph.threads().iter().filter(|thread| thread.label.id.is_some())
}

/// Without the locks and addresses of the whole process.
fn own_objects(graph: &WaitGraph) -> impl Iterator<Item = &GraphObject> {
    graph.objects().iter().filter(|object| object.label.address.is_none())
}

fn place_of(graph: &WaitGraph, thread: &NtThread) -> usize {
    let tid = thread.kernel_id().cast_unsigned();
    graph.threads().iter().position(|known| known.label.tid == tid).expect("the thread")
}

fn object_of(graph: &WaitGraph, handle: Handle) -> &GraphObject {
    let found = graph.objects().iter().find(|object| object.label.handles.contains(&handle));
    found.unwrap_or_else(|| panic!("no object {handle:?}:\n{graph}"))
}

/// The sort of wait, what the first object of it is, and how many objects there are.
struct Row {
    name: &'static str,
    sort: WaitSort,
    kind: Option<GraphKind>,
    count: usize,
    wait: fn(Nt) -> u32,
}

static SRW_HELD: RtlSrwLock = RtlSrwLock::new();
static SRW_READ: RtlSrwLock = RtlSrwLock::new();
static CONDITION: RtlConditionVariable = RtlConditionVariable::new();
static CONDITION_LOCK: RtlSrwLock = RtlSrwLock::new();
static ONCE: RtlRunOnce = RtlRunOnce::new();
static WORD: AtomicU32 = AtomicU32::new(0);

const ROWS: &[Row] = &[
    Row {
        name: "event",
        sort: WaitSort::Any,
        kind: Some(GraphKind::Event),
        count: 1,
        wait: |nt| nt.one(nt.auto(false), FOREVER).0,
    },
    Row {
        name: "notification event",
        sort: WaitSort::Any,
        kind: Some(GraphKind::Event),
        count: 1,
        wait: |nt| nt.one(nt.manual(false), FOREVER).0,
    },
    Row {
        name: "any of three",
        sort: WaitSort::Any,
        kind: Some(GraphKind::Semaphore),
        count: 3,
        wait: |nt| nt.any(&[nt.semaphore(0, 1), nt.auto(false), nt.manual(false)], FOREVER).0,
    },
    Row {
        name: "any of forty",
        sort: WaitSort::Any,
        kind: Some(GraphKind::Event),
        count: 40,
        wait: |nt| nt.any(&nt.autos::<40>(), FOREVER).0,
    },
    Row {
        name: "all of two",
        sort: WaitSort::All,
        kind: Some(GraphKind::Event),
        count: 2,
        wait: |nt| nt.all(&[nt.manual(true), nt.auto(false)], FOREVER).0,
    },
    Row {
        name: "signal and wait",
        sort: WaitSort::Any,
        kind: Some(GraphKind::Semaphore),
        count: 1,
        wait: |nt| nt.signal_and_wait(nt.auto(false), nt.semaphore(0, 5), FOREVER).0,
    },
    Row {
        name: "exclusive",
        sort: WaitSort::Exclusive,
        kind: Some(GraphKind::SrwLock),
        count: 1,
        wait: |_| {
            SRW_HELD.rtl_acquire_srw_lock_exclusive();
            SRW_HELD.rtl_release_srw_lock_exclusive().0
        },
    },
    Row {
        name: "shared",
        sort: WaitSort::Shared,
        kind: Some(GraphKind::SrwLock),
        count: 1,
        wait: |_| {
            SRW_HELD.rtl_acquire_srw_lock_shared();
            SRW_HELD.rtl_release_srw_lock_shared().0
        },
    },
    Row {
        name: "exclusive after readers",
        sort: WaitSort::Exclusive,
        kind: Some(GraphKind::SrwLock),
        count: 1,
        wait: |_| {
            SRW_READ.rtl_acquire_srw_lock_exclusive();
            SRW_READ.rtl_release_srw_lock_exclusive().0
        },
    },
    Row {
        name: "condition variable",
        sort: WaitSort::Condition,
        kind: Some(GraphKind::ConditionVariable),
        count: 1,
        wait: |_| {
            CONDITION_LOCK.rtl_acquire_srw_lock_exclusive();
            let flags = ConditionFlags::empty();
            let status = CONDITION.rtl_sleep_condition_variable_srw(&CONDITION_LOCK, FOREVER, flags);
            assert!(CONDITION_LOCK.rtl_release_srw_lock_exclusive().is_success());
            status.0
        },
    },
    Row {
        name: "run once",
        sort: WaitSort::RunOnce,
        kind: Some(GraphKind::RunOnce),
        count: 1,
        wait: |_| ONCE.rtl_run_once_begin_initialize(RunOnceFlags::empty(), None).0,
    },
    Row {
        name: "address",
        sort: WaitSort::Address,
        kind: Some(GraphKind::Address),
        count: 1,
        wait: |_| u32::from(wait_on_address(&WORD, 0, Timeout::Never).expect("memory")),
    },
    Row {
        name: "alert by id",
        sort: WaitSort::AlertById,
        kind: None,
        count: 0,
        wait: |nt| nt.nt_wait_for_alert_by_thread_id(0, FOREVER).0,
    },
    Row {
        name: "delay",
        sort: WaitSort::Delay,
        kind: None,
        count: 0,
        wait: |nt| nt.nt_delay_execution(false, ms(3_600_000).expect("a time")).0,
    },
    Row {
        name: "keyed wait",
        sort: WaitSort::KeyedWait,
        kind: Some(GraphKind::KeyedEvent),
        count: 1,
        wait: |nt| nt.nt_wait_for_keyed_event(keyed(nt), 0x40, false, FOREVER).0,
    },
    Row {
        name: "keyed release",
        sort: WaitSort::KeyedRelease,
        kind: Some(GraphKind::KeyedEvent),
        count: 1,
        wait: |nt| nt.nt_release_keyed_event(keyed(nt), 0x80, false, FOREVER).0,
    },
];

fn keyed(nt: Nt) -> Handle {
    nt.nt_create_keyed_event(AccessMask::KEYEDEVENT_ALL_ACCESS, ObjectAttributes::NONE, 0).expect("a keyed event")
}

#[test]
fn table_of_waits() {
    common::within(|| {
        SRW_HELD.rtl_acquire_srw_lock_exclusive();
        SRW_READ.rtl_acquire_srw_lock_shared();
        assert_eq!(ONCE.rtl_run_once_begin_initialize(RunOnceFlags::empty(), None), NtStatus::PENDING);
        for row in ROWS {
            let nt = Nt::new();
            let wait = row.wait;
            let thread = nt.blocked(move || wait(nt));
            let graph = nt.wait_graph();
            let known = thread_of(&graph, &thread);
            let wait = known.wait.as_ref().unwrap_or_else(|| panic!("{} does not wait:\n{graph}", row.name));
            assert_eq!((wait.sort, wait.on.len(), wait.elsewhere), (row.sort, row.count, 0), "{}:\n{graph}", row.name);
            let first = wait.on.first().map(|place| &graph.objects()[*place]);
            assert_eq!(first.map(|object| object.label.kind), row.kind, "{}", row.name);
            assert_eq!(wait.left.is_some(), row.sort == WaitSort::Delay, "{}", row.name);
            assert!(wait.left.is_none_or(|left| left <= Duration::from_secs(3600)) && !wait.alertable);
            assert!(wait.since < Duration::from_secs(30), "{}", row.name);
            let waiter = GraphWaiter::Thread(place_of(&graph, &thread));
            assert!(
                wait.on.iter().all(|place| graph.objects()[*place].queue.contains(&waiter)),
                "{}:\n{graph}",
                row.name
            );
            assert!(graph.to_string().contains(&known.label.to_string()));
            thread.kill(1);
            thread.end();
            let graph = nt.wait_graph();
            assert!(own(&graph).all(|thread| thread.wait.is_none()), "{}:\n{graph}", row.name);
        }
        assert_eq!(SRW_READ.rtl_release_srw_lock_shared(), NtStatus::SUCCESS);
        assert_eq!(SRW_HELD.rtl_release_srw_lock_exclusive(), NtStatus::SUCCESS);
    });
}

#[test]
fn a_barrier() {
    common::within(|| {
        let nt = Nt::new();
        let barrier: &RtlBarrier = leak(RtlBarrier::new(2, -1));
        let thread = nt.blocked(move || u32::from(barrier.rtl_barrier(BarrierFlags::BLOCK_ONLY) == Ok(true)));
        let graph = nt.wait_graph();
        let wait = thread_of(&graph, &thread).wait.as_ref().expect("a wait");
        assert_eq!((wait.sort, graph.objects()[wait.on[0]].label.kind), (WaitSort::Barrier, GraphKind::Barrier));
        barrier.rtl_barrier(BarrierFlags::BLOCK_ONLY).expect("the second");
        thread.end();
    });
}

#[test]
fn owners_names_and_the_queue() {
    common::within(|| {
        let nt = Nt::new();
        let path = names::base("the one");
        let access = AccessMask::MUTANT_ALL_ACCESS;
        let mutant = nt.nt_create_mutant(access, ObjectAttributes::named(&path), false).expect("a mutant");
        let owner = nt.blocked_owner(mutant);
        let named: Vec<u16> = "the owner".encode_utf16().collect();
        assert!(nt.set_thread_description(owner.handle, &named).is_success());
        let waiters: Vec<NtThread> = (0..3).map(|_| nt.blocked(move || nt.one(mutant, FOREVER).0)).collect();
        let graph = nt.wait_graph();
        let object = object_of(&graph, mutant);
        assert_eq!(object.label.name.as_deref(), Some("\\BaseNamedObjects\\the one"));
        assert_eq!((object.signaled, object.owner), (Some(false), Some(place_of(&graph, &owner))));
        let expected: Vec<GraphWaiter> =
            waiters.iter().map(|waiter| GraphWaiter::Thread(place_of(&graph, waiter))).collect();
        assert_eq!(object.queue, expected, "in the order in which they came");
        let label = &thread_of(&graph, &owner).label;
        assert_eq!(label.name, "the owner");
        assert!(object.state.contains(&label.to_string()), "{}", object.state);
        for text in [graph.to_string(), graph.to_dot()] {
            assert!(text.contains("the owner") && text.contains("the one"), "{text}");
        }
        owner.kill(1);
        assert_eq!(NtStatus(waiters[0].end()), NtStatus::ABANDONED_WAIT_0);
        waiters[1..].iter().for_each(|waiter| assert_eq!(NtStatus(waiter.end()), NtStatus::ABANDONED_WAIT_0));
    });
}

#[test]
fn a_critical_section_has_an_owner() {
    common::within(|| {
        let nt = Nt::new();
        let section: &RtlCriticalSection = leak(RtlCriticalSection::new(0));
        let clear = nt.auto(false);
        let owner = nt.blocked(move || {
            section.rtl_enter_critical_section();
            section.rtl_enter_critical_section();
            let status = nt.one(clear, FOREVER);
            section.rtl_leave_critical_section();
            section.rtl_leave_critical_section();
            status.0
        });
        let waiter = nt.blocked(move || {
            section.rtl_enter_critical_section();
            section.rtl_leave_critical_section();
            0
        });
        let graph = nt.wait_graph();
        let wait = thread_of(&graph, &waiter).wait.as_ref().expect("a wait");
        let object = &graph.objects()[wait.on[0]];
        assert_eq!(
            (object.label.kind, object.owner),
            (GraphKind::CriticalSection, Some(place_of(&graph, &owner))),
            "{graph}"
        );
        assert_eq!(object.label.address, Some(core::ptr::from_ref(section).addr()));
        assert!(object.state.contains("2 levels"), "{}", object.state);
        nt.set(clear);
        assert_eq!((owner.end(), waiter.end()), (0, 0));
    });
}

#[test]
fn states_in_words() {
    common::within(|| {
        let nt = Nt::new();
        let (manual, auto, semaphore) = (nt.manual(false), nt.auto(false), nt.semaphore(0, 7));
        let thread = nt.blocked(move || nt.any(&[manual, auto, semaphore], FOREVER).0);
        let joiner = nt.blocked(move || nt.one(thread.handle, FOREVER).0);
        let graph = nt.wait_graph();
        let rows = [
            (manual, "clear, manual reset"),
            (auto, "clear, auto reset"),
            (semaphore, "0 of 7"),
            (thread.handle, "runs"),
        ];
        for (handle, state) in rows {
            assert_eq!(object_of(&graph, handle).state, state);
        }
        assert_eq!(object_of(&graph, thread.handle).owner, Some(place_of(&graph, &thread)));
        nt.set(auto);
        assert_eq!((thread.end(), joiner.end()), (1, 0));
    });
}

#[test]
fn a_time_out_and_alerts() {
    common::within(|| {
        let nt = Nt::new();
        let event = nt.auto(false);
        let thread = nt.blocked(move || nt.nt_wait_for_single_object(event, true, ms(3_600_000)).0);
        let graph = nt.wait_graph();
        let wait = thread_of(&graph, &thread).wait.as_ref().expect("a wait");
        let left = wait.left.expect("an end");
        assert!(wait.alertable && left > Duration::from_secs(3000) && left <= Duration::from_secs(3600), "{wait:?}");
        nt.set(event);
        thread.end();
        let keyed = keyed(nt);
        let thread = nt.blocked(move || nt.nt_wait_for_keyed_event(keyed, 0x40, true, FOREVER).0);
        let graph = nt.wait_graph();
        assert!(thread_of(&graph, &thread).wait.as_ref().is_some_and(|wait| wait.alertable), "{graph}");
        assert_eq!(nt.nt_release_keyed_event(keyed, 0x40, false, FOREVER), NtStatus::SUCCESS);
        thread.end();
    });
}

/// A thread whose object is set waits no longer, though it may not have risen yet; least of all for something of another runtime.
#[test]
fn who_is_let_go_waits_for_nothing() {
    common::within(|| {
        let nt = Nt::new();
        for _ in 0..200 {
            let event = nt.manual(false);
            let threads: Vec<NtThread> = (0..2).map(|_| nt.blocked(move || nt.one(event, FOREVER).0)).collect();
            nt.set(event);
            let graph = nt.wait_graph();
            assert!(own(&graph).all(|thread| thread.wait.is_none()), "{graph}");
            threads.iter().for_each(|thread| assert_eq!(thread.end(), 0));
        }
    });
}

#[test]
fn stages_and_suspension() {
    common::within(|| {
        let nt = Nt::new();
        let event = nt.auto(false);
        let dead = nt.dead(7);
        let born = nt.create(CreateThreadFlags::CREATE_SUSPENDED, || 0);
        let waits = nt.blocked(move || nt.one(event, FOREVER).0);
        waits.suspend_in_wait();
        let graph = nt.wait_graph();
        let by_handle = |handle: Handle| {
            let mut bytes = [0; 48];
            assert!(nt.nt_query_information_thread(handle, 0, &mut bytes, None).is_success());
            let id = common::u32_at(&bytes, 24); // TI4: after the process id
            graph.threads().iter().find(|thread| thread.label.id == Some(id)).expect("the thread")
        };
        assert_eq!(by_handle(dead.handle).stage, ThreadStage::Ended);
        assert_eq!((by_handle(born.handle).suspend_count, by_handle(waits.handle).suspend_count), (1, 1));
        assert!(by_handle(waits.handle).wait.is_none(), "who is suspended is in no queue (W38)");
        assert!(graph.to_string().contains("suspended"), "{graph}");
        waits.resume_into_wait();
        until("it waits again", || thread_of(&nt.wait_graph(), &waits).wait.is_some());
        nt.set(event);
        assert_eq!((waits.end(), born.resume(), born.end()), (0, 1, 0));
    });
}

#[test]
fn a_registered_wait_is_a_task_in_the_queue() {
    common::within(|| {
        let nt = Nt::new();
        let event = nt.auto(false);
        let first = nt.blocked(move || nt.one(event, FOREVER).0);
        let wait = nt.0.register_wait(event, None, WaitFlags::empty(), |_| {}).expect("a registered wait");
        let graph = nt.wait_graph();
        let expected = [GraphWaiter::Thread(place_of(&graph, &first)), GraphWaiter::Task];
        assert_eq!(object_of(&graph, event).queue, expected, "{graph}");
        assert!(graph.to_dot().contains("a task") && graph.to_string().contains("a task"));
        drop(wait);
        nt.set(event);
        first.end();
    });
}

#[test]
fn objects_of_another_runtime_are_counted() {
    common::within(|| {
        let (nt, other) = (Nt::new(), Nt::new());
        let event = other.manual(false);
        let thread = nt.blocked(move || other.one(event, FOREVER).0);
        let graph = nt.wait_graph();
        let wait = thread_of(&graph, &thread).wait.as_ref().expect("a wait");
        assert_eq!((wait.on.len(), wait.elsewhere), (0, 1));
        let graph = other.wait_graph();
        let wait = thread_of(&graph, &thread).wait.as_ref().expect("a wait");
        assert_eq!((wait.on.len(), wait.elsewhere), (1, 0));
        other.set(event);
        thread.end();
    });
}

#[test]
fn lists_are_the_same_each_time() {
    common::within(|| {
        let nt = Nt::new();
        let events = nt.autos::<5>();
        let threads: Vec<NtThread> = (0..5).map(|_| nt.blocked(move || nt.any(&events, FOREVER).0)).collect();
        let tids = |graph: &WaitGraph| own(graph).map(|thread| thread.label.tid).collect::<Vec<_>>();
        let labels = |graph: &WaitGraph| own_objects(graph).map(|object| object.label.clone()).collect::<Vec<_>>();
        let first = nt.wait_graph();
        for _ in 0..10 {
            let next = nt.wait_graph();
            assert_eq!((tids(&next), labels(&next)), (tids(&first), labels(&first)));
        }
        assert!(labels(&first).is_sorted());
        events.iter().for_each(|event| assert_eq!(nt.set(*event), 0));
        threads.iter().for_each(|thread| assert!(thread.end() < 5));
    });
}

/// Quotation marks, line feeds and whatever else a name may have: `dot` reads it, where it is installed.
#[test]
fn dot_reads_it() {
    common::within(|| {
        let nt = Nt::new();
        let name: Vec<u16> = "\"a\\\" \n <b> {c|d} \u{1F600}".encode_utf16().collect();
        let mutant = nt.mutant(false);
        let owner = nt.blocked_owner(mutant);
        assert!(nt.set_thread_description(owner.handle, &name).is_success());
        let waiter = nt.blocked(move || nt.one(mutant, FOREVER).0);
        let text = nt.wait_graph().to_dot();
        let quotes = text.replace("\\\\", "").replace("\\\"", "").matches('"').count();
        assert!(quotes.is_multiple_of(2) && text.starts_with("digraph"), "{text}");
        let dot = std::process::Command::new("dot")
            .arg("-Tsvg")
            .stdin(std::process::Stdio::piped())
            .stdout(std::process::Stdio::piped())
            .spawn();
        if let Ok(mut dot) = dot {
            let mut input = dot.stdin.take().expect("a pipe");
            std::io::Write::write_all(&mut input, text.as_bytes()).expect("it reads");
            drop(input);
            let output = dot.wait_with_output().expect("it ends");
            assert!(output.status.success() && output.stdout.starts_with(b"<?xml"), "{text}");
        }
        owner.kill(1);
        waiter.end();
    });
}

/// Threads that come and go, are suspended and terminated, while others look: nobody hangs, and what waits is told of.
#[test]
fn looks_in_a_storm() {
    static DOOR: AtomicU32 = AtomicU32::new(0);
    common::within(|| {
        let nt = Nt::new();
        let events = nt.autos::<3>();
        let stop = std::time::Instant::now() + Duration::from_secs(2);
        let mut random = common::Random::new(7);
        while std::time::Instant::now() < stop {
            let threads: Vec<NtThread> = (0..4)
                .map(|at| {
                    nt.thread(move || {
                        for _ in 0..50 {
                            let _ = if at % 2 == 0 { nt.any(&events, ms(1)) } else { nt.all(&events[..2], ms(1)) };
                            wake_address_all(&DOOR);
                            let _ = wait_on_address(&DOOR, 0, Duration::from_micros(50));
                        }
                        0
                    })
                })
                .collect();
            for _ in 0..20 {
                nt.set(random.pick(&events));
                let thread = random.pick(&threads);
                if let Ok(0) = nt.nt_suspend_thread(thread.handle) {
                    drop(nt.wait_graph().to_dot());
                    let _ = nt.nt_resume_thread(thread.handle);
                }
                if random.one_in(10) {
                    let _ = nt.kill(thread.handle, 1);
                }
                let graph = nt.wait_graph();
                for (place, thread) in graph.threads().iter().enumerate() {
                    let on = thread.wait.iter().flat_map(|wait| &wait.on);
                    on.for_each(|object| assert!(graph.objects()[*object].queue.contains(&GraphWaiter::Thread(place))));
                }
                let is_free_of_tasks = |object: &GraphObject| !object.queue.contains(&GraphWaiter::Task);
                assert!(own_objects(&graph).all(is_free_of_tasks), "a thread that has just come is no task:\n{graph}");
            }
            threads.iter().for_each(|thread| assert!(thread.end() < 2));
        }
    });
}
