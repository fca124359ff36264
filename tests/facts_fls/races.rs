//! Frees against sets and ends of threads.

use super::*;
use std::sync::Barrier;

use crate::common::trials;

/// Whatever comes first, the end of a thread or the free of the index, each value is called back once.
#[test]
fn f17_free_against_ends_of_threads() {
    alone(|| {
        let nt = Nt::new();
        let mut by_free = 0;
        for trial in trials(2_000) {
            let index = alloc(Some(COUNT));
            let start: &Barrier = Box::leak(Box::new(Barrier::new(3)));
            let values: [&Value; 2] = core::array::from_fn(|_| Value::new());
            let body = move |value: &'static Value| {
                set(index, value.pointer());
                start.wait();
            };
            let foreign = std::thread::spawn(move || body(values[0]));
            let ours = nt.thread(move || {
                body(values[1]);
                0
            });
            start.wait();
            common::spin_for(core::time::Duration::from_micros(u64::from(trial % 50)));
            free(index);
            let done = values.map(Value::calls);
            foreign.join().expect("a thread");
            ours.join();
            by_free += values.iter().filter(|value| value.was_called_once_by(me())).count();
            assert_eq!(values.map(Value::calls), [1, 1], "trial {trial}, after the free {done:?}");
        }
        println!("{by_free} values were called back by the free");
    });
}

/// Threads that allocate, set and free at the same time get no index twice, see no value of another's, and each value is
/// called back once.
#[test]
fn f17_f18_many_at_once() {
    static OWNERS: [Mutex<()>; 4080] = [const { Mutex::new(()) }; 4080];
    alone(|| {
        let threads: Vec<_> = (0..4)
            .map(|_| {
                std::thread::spawn(|| {
                    for _ in 0..1_000 {
                        let index = alloc(Some(COUNT));
                        let owner = OWNERS[index as usize].try_lock().expect("nobody else has it");
                        assert_eq!(rtl_fls_get_value(index).unwrap_or(null_mut()), null_mut());
                        let value = Value::new();
                        set(index, value.pointer());
                        assert_eq!(get(index), value.pointer());
                        drop(owner);
                        free(index);
                        assert!(value.was_called_once_by(me()));
                    }
                })
            })
            .collect();
        threads.into_iter().for_each(|thread| thread.join().expect("no thread panics"));
    });
}
