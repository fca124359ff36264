//! What does a wait cost as a future, ready at once and handed over between two tasks of one thread?

#![allow(clippy::disallowed_types, clippy::disallowed_methods, reason = "benches are not the product")]

mod common;

use std::rc::Rc;

use async_executor::LocalExecutor;
use criterion::{Bencher, BenchmarkId, Criterion, criterion_group, criterion_main};
use futures_lite::future::block_on;

/// Something that is given and awaited.
trait Token: 'static {
    fn new() -> Self;
    fn give(&self);
    fn taken(&self) -> impl Future<Output = ()>;
}

impl Token for ntwait::Event {
    fn new() -> Self {
        Self::auto_reset(false).expect("a handle")
    }

    fn give(&self) {
        self.set();
    }

    async fn taken(&self) {
        self.await;
    }
}

impl Token for tokio::sync::Notify {
    fn new() -> Self {
        Self::new()
    }

    fn give(&self) {
        self.notify_one();
    }

    async fn taken(&self) {
        self.notified().await;
    }
}

/// A flag, and a list of those who wait for it.
struct Listened {
    flag: std::sync::atomic::AtomicBool,
    event: event_listener::Event,
}

impl Token for Listened {
    fn new() -> Self {
        Self { flag: false.into(), event: event_listener::Event::new() }
    }

    fn give(&self) {
        self.flag.store(true, std::sync::atomic::Ordering::Release);
        self.event.notify(1);
    }

    async fn taken(&self) {
        loop {
            if self.flag.swap(false, std::sync::atomic::Ordering::AcqRel) {
                return;
            }
            let listener = self.event.listen();
            if self.flag.swap(false, std::sync::atomic::Ordering::AcqRel) {
                return;
            }
            listener.await;
        }
    }
}

fn ready<T: Token>(bencher: &mut Bencher<'_>) {
    let token = T::new();
    bencher.iter(|| {
        token.give();
        block_on(token.taken());
    });
}

/// Two tasks of one executor hand two tokens to and fro: each wait is queued, and woken by a hand-over.
fn to_and_fro<T: Token>(bencher: &mut Bencher<'_>) {
    let executor = LocalExecutor::new();
    let (there, back) = (Rc::new(T::new()), Rc::new(T::new()));
    let (hears, answers) = (Rc::clone(&there), Rc::clone(&back));
    let echo = executor.spawn(async move {
        loop {
            hears.taken().await;
            answers.give();
        }
    });
    bencher.iter_custom(|rounds| {
        block_on(executor.run(async {
            let start = std::time::Instant::now();
            for _ in 0..rounds {
                there.give();
                back.taken().await;
            }
            start.elapsed()
        }))
    });
    drop(echo);
}

/// A body for each scenario.
type Bodies = [fn(&mut Bencher<'_>); 2];

fn futures(c: &mut Criterion) {
    let rivals: [(&str, Bodies); 3] = [
        ("ntwait Event", [ready::<ntwait::Event>, to_and_fro::<ntwait::Event>]),
        ("tokio Notify", [ready::<tokio::sync::Notify>, to_and_fro::<tokio::sync::Notify>]),
        ("event-listener", [ready::<Listened>, to_and_fro::<Listened>]),
    ];
    for (at, scenario) in ["set_await", "tasks_to_and_fro"].into_iter().enumerate() {
        let mut group = c.benchmark_group(scenario);
        for (name, bodies) in rivals {
            group.bench_function(BenchmarkId::from_parameter(name), bodies[at]);
        }
        group.finish();
    }
}

criterion_group! { name = benches; config = common::criterion(); targets = futures }
criterion_main!(benches);
