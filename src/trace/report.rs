//! The two reports of a call (TR1–TR4).

use super::calls::{Call, Point};
use super::text::Text;
use crate::sys::tls::thread_local;
use crate::waiter::shield::Shield;
use core::cell::Cell;
use core::fmt;
use tracing::field::Value;
use tracing::level_filters::LevelFilter;
use tracing::{Event, dispatcher};

/// The arguments or the result of a call. Room for 64 handles; a long name is cut.
pub(crate) type Detail = Text<1024>;

thread_local! {
    static REPORTING: Cell<bool> = const { Cell::new(false) };
}

/// A call with its reports, away from the code of the call without.
#[cold]
#[inline(never)]
pub(crate) fn out_of_the_way<T>(call: impl FnOnce() -> T) -> T {
    call()
}

#[derive(Clone, Copy)]
enum Phase {
    Enter,
    Leave,
}

impl Call {
    /// Reports that it begins; `write` writes the arguments.
    pub(crate) fn enter(&'static self, write: impl Fn(&mut Detail)) {
        report(&self.enter, Phase::Enter, &write);
    }

    /// Reports that it is over; `write` writes what came of it.
    pub(crate) fn leave(&'static self, write: impl Fn(&mut Detail)) {
        report(&self.leave, Phase::Leave, &write);
    }
}

fn report(point: &'static Point, phase: Phase, write: &dyn Fn(&mut Detail)) {
    if point.interest().is_never() {
        return; // somebody wants others
    }
    let _shield = Shield::raise(); // TR2
    let Some(_reporting) = Reporting::begin() else {
        return;
    };
    if !is_wanted(point) {
        return;
    }
    let mut detail = Detail::new();
    write(&mut detail);
    let (name, detail) = (point.metadata.name(), detail.as_str());
    match phase {
        Phase::Enter => send(point, format_args!("CALL   {name}({detail})"), detail),
        Phase::Leave => send(point, format_args!("RETURN {name}() -> {detail}"), detail),
    }
}

fn is_wanted(point: &'static Point) -> bool {
    let interest = point.interest();
    LevelFilter::current() == LevelFilter::TRACE
        && (interest.is_always() || dispatcher::get_default(|subscriber| subscriber.enabled(&point.metadata)))
}

fn send(point: &'static Point, message: fmt::Arguments<'_>, detail: &str) {
    let fields = point.metadata.fields();
    let mut keys = fields.iter();
    let (Some(first), Some(second), Some(third)) = (keys.next(), keys.next(), keys.next()) else {
        return;
    };
    let name = point.metadata.name();
    let values: [_; 3] =
        [(&first, Some(&message as &dyn Value)), (&second, Some(&name as &dyn Value)), (&third, Some(&detail as _))];
    Event::dispatch(&point.metadata, &fields.value_set(&values));
}

/// The calling thread is inside a report (TR3). Dropped also when a subscriber panics.
pub(super) struct Reporting(());

impl Reporting {
    pub(super) fn begin() -> Option<Self> {
        let is_first = !REPORTING.with(|reporting| reporting.replace(true));
        is_first.then(|| Self(())) // not made to be dropped
    }
}

impl Drop for Reporting {
    fn drop(&mut self) {
        REPORTING.with(|reporting| reporting.set(false));
    }
}
