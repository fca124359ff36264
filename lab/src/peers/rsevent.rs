//! The crate `rsevents` as it is: events over `parking_lot_core`, one byte each, without handles.

use std::time::Duration;

use rsevents::{AutoResetEvent, Awaitable, EventState, ManualResetEvent};

use super::{AUTO, Event, MANUAL};

/// Holds both of the crate's types, one byte each, and uses the one that its kind names.
pub(crate) struct RsEvent<const MANUAL: bool> {
    auto: AutoResetEvent,
    manual: ManualResetEvent,
}

/// Both kinds differ only in the field they use.
macro_rules! rsevent {
    ($kind:ident, $field:ident) => {
        impl Event for RsEvent<$kind> {
            const NAME: &'static str = "rsevents";

            fn new() -> Self {
                Self { auto: AutoResetEvent::new(EventState::Unset), manual: ManualResetEvent::new(EventState::Unset) }
            }

            #[inline]
            fn set(&self) {
                self.$field.set();
            }

            #[inline]
            fn reset(&self) {
                self.$field.reset();
            }

            #[inline]
            fn wait(&self) {
                self.$field.wait();
            }

            fn wait_timeout(&self, limit: Duration) -> bool {
                self.$field.wait_for(limit)
            }

            #[inline]
            fn try_wait(&self) -> bool {
                self.$field.wait0()
            }
        }
    };
}

rsevent!(AUTO, auto);
rsevent!(MANUAL, manual);
