//! The service thread of a model, as far as it tells futures of threads that have ended.

/// Tells what there is to be told. Natively the service thread does that by itself: returns when this is so.
pub fn serve_until(is_told: impl Fn() -> bool) {
    #[cfg(ntwait_loom)]
    {
        let _ = is_told;
        serve();
    }
    #[cfg(not(ntwait_loom))]
    while !is_told() {
        crate::sys::cpu::nap();
    }
}

/// Tells what there is to be told at this moment. Natively the service thread does that by itself.
pub fn serve() {
    #[cfg(ntwait_loom)]
    crate::future::courier::serve();
}
