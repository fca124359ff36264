//! The Rtl face: what NT programs synchronize by without handles, on words of their own memory.
//!
//! Nothing here belongs to a runtime. A thread that must wait parks in `wait::lot`, so it is suspended and terminated like
//! in any other wait.

mod address;

pub use address::{
    WaitAddress, rtl_wait_on_address, rtl_wake_address_all, rtl_wake_address_single, wait_on_address, wake_address_all,
    wake_address_single,
};
