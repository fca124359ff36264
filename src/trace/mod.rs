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

mod arguments;
pub(crate) mod calls;
mod config;
pub(crate) mod environment;
mod filter;
mod layer;
mod line;
mod moment;
mod outcome;
mod report;
pub(crate) mod switch;
mod text;
mod wrapper;

pub(crate) use {
    arguments::{Address, Argument, Milliseconds, Span},
    outcome::Outcome,
    report::out_of_the_way,
    switch::is_on,
};
pub use {
    calls::TraceCategory,
    config::{TraceConfig, TraceError},
    filter::TraceFilter,
    wrapper::Traced,
};
