//! A subscriber that keeps what it is told, for the tests of tracing.

#![allow(dead_code, reason = "each test binary uses its own part of this module")]
#![allow(clippy::disallowed_types, clippy::disallowed_methods, reason = "tests are not the product")]

use core::fmt;
use std::sync::{Arc, Mutex};
use tracing::field::{Field, Visit};
use tracing::{Event, Subscriber};
use tracing_subscriber::layer::{Context, Layer, SubscriberExt};

/// What an event said.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Told {
    pub(crate) target: String,
    pub(crate) name: String,
    pub(crate) message: String,
    pub(crate) call: Option<String>,
    pub(crate) arguments: Option<String>,
    pub(crate) result: Option<String>,
}

impl Visit for Told {
    fn record_str(&mut self, field: &Field, value: &str) {
        match field.name() {
            "call" => self.call = Some(value.into()),
            "arguments" => self.arguments = Some(value.into()),
            "result" => self.result = Some(value.into()),
            other => panic!("a text in the field {other}"),
        }
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        assert_eq!(field.name(), "message");
        self.message = format!("{value:?}");
    }
}

/// Keeps the events of the library's targets.
#[derive(Clone, Debug, Default)]
pub(crate) struct Recorder(Arc<Mutex<Vec<Told>>>);

impl<S: Subscriber> Layer<S> for Recorder {
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        let metadata = event.metadata();
        if metadata.target().starts_with("ntwait") {
            let mut told = Told { target: metadata.target().into(), name: metadata.name().into(), ..Told::default() };
            event.record(&mut told);
            self.0.lock().expect("no panic").push(told);
        }
    }
}

impl Recorder {
    pub(crate) fn take(&self) -> Vec<Told> {
        std::mem::take(&mut *self.0.lock().expect("no panic"))
    }
}

/// What the calling thread's calls in there tell.
pub(crate) fn told_in(calls: impl FnOnce()) -> Vec<Told> {
    let recorder = Recorder::default();
    let subscriber = tracing_subscriber::registry().with(recorder.clone());
    tracing::subscriber::with_default(subscriber, calls);
    recorder.take()
}

/// The texts alone.
pub(crate) fn texts_in(calls: impl FnOnce()) -> Vec<String> {
    told_in(calls).into_iter().map(|told| told.message).collect()
}
