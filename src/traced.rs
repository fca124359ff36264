//! Where the calls of the NT face say what is to be reported of them (`trace`), with the feature and without.

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
