//! Reports of every `Nt*` call: what was asked, and what came of it.
//!
//! ```text
//!   traced! ──is_on: one load──▶ no ─▶ the body, as without the feature     switch.rs: fast paths learn of it at no cost
//!              │ yes
//!              ▼ out of the way
//!   Call::enter ─▶ the body ─▶ Call::leave      calls.rs: the table of calls, one callsite for each and phase
//!       └──────────┬───────────────┘            report.rs: under a shield: is it wanted? format, hand over
//!                  ▼                            arguments.rs, outcome.rs: how values are written
//!       the subscriber of `tracing`             environment.rs: one that the environment asks for
//!                  │ its own, or
//!                  ▼
//!       layer ─▶ filter ─▶ line ─▶ sys::output: one write
//! ```
//!
//! TR1  Between its two reports a call is as without: no lock, no shield, nothing in the frame that has a destructor. So an APC
//!      may exit or terminate the thread, and then there is no second report.
//! TR2  A report is made under a shield: a thread that is stopped holds no lock of a subscriber's.
//! TR3  What a subscriber itself calls while it is told of a call is not reported.
//! TR4  Reports and lines take no memory: the one who could give it back may be the one that is suspended.
//!
//! This file alone is there without the feature too.

#[cfg(all(feature = "trace", not(ntwait_loom)))]
mod arguments;
#[cfg(all(feature = "trace", not(ntwait_loom)))]
pub(crate) mod calls;
#[cfg(all(feature = "trace", not(ntwait_loom)))]
mod config;
#[cfg(all(feature = "trace", not(ntwait_loom)))]
pub(crate) mod environment;
#[cfg(all(feature = "trace", not(ntwait_loom)))]
mod filter;
#[cfg(all(feature = "trace", not(ntwait_loom)))]
mod layer;
#[cfg(all(feature = "trace", not(ntwait_loom)))]
mod line;
#[cfg(all(feature = "trace", not(ntwait_loom)))]
mod moment;
#[cfg(all(feature = "trace", not(ntwait_loom)))]
mod outcome;
#[cfg(all(feature = "trace", not(ntwait_loom)))]
mod report;
#[cfg(all(feature = "trace", not(ntwait_loom)))]
pub(crate) mod switch;
#[cfg(all(feature = "trace", not(ntwait_loom)))]
mod text;
#[cfg(all(feature = "trace", not(ntwait_loom)))]
mod wrapper;

#[cfg(all(feature = "trace", not(ntwait_loom)))]
pub(crate) use {
    arguments::{Address, Argument, Milliseconds, Span},
    outcome::Outcome,
    report::out_of_the_way,
    switch::is_on,
};
#[cfg(all(feature = "trace", not(ntwait_loom)))]
pub use {
    calls::TraceCategory,
    config::{TraceConfig, TraceError},
    filter::TraceFilter,
    wrapper::Traced,
};

/// The body of a call, with a report before and after it where somebody listens:
/// `traced!(NtSetEvent(handle = event) -> previous_state, self.set_event(event))`.
///
/// The name stands in the table of `calls.rs`. Each argument has a name and a value that is an `Argument`; the result's name
/// is what a number or handle is called, or `wait` for how a wait ended. It is the whole body of its function: it returns
/// from it. The values are looked at only if somebody listens.
macro_rules! traced {
    ($call:ident($($name:ident = $value:expr),*) $(-> $result:ident)?, $body:expr) => {{
        #[cfg(all(feature = "trace", not(ntwait_loom)))]
        if $crate::trace::is_on() {
            #[allow(unused_imports, reason = "what arguments are made of")]
            use $crate::trace::{Address, Milliseconds, Span};
            return $crate::trace::out_of_the_way(move || {
                let call = &$crate::trace::calls::$call;
                call.enter(|_text| {
                    $($crate::trace::Argument::write(&$value, stringify!($name), _text);)*
                });
                let body = move || $body;
                let result = body();
                call.leave(|text| {
                    $crate::trace::Outcome::write(&result, concat!("" $(, stringify!($result))?), text);
                });
                result
            });
        }
        $body
    }};
}
pub(crate) use traced;
