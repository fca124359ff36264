//! The C face of ntwait: `libntwait.so` and `libntwait.a`, declared in `include/ntwait/`.
//!
//! Each call is thin over the Rust faces: check the arguments, convert them, call, encode what came of it.
//!
//! ```text
//!   C, C++ ──System V──▶ ntw_X ──┐
//!                                ├─▶ X (nt/, rtl/, win32/) ─▶ ntwait
//!   PE code ──Windows x64──▶ X ──┘
//! ```
//!
//! * `call` makes every call in both conventions from one text; `convention` the callbacks that came in through either.
//! * `memory` looks at what pointers lead to before they are used; beside it, nothing here follows a pointer.
//! * `nt`, `rtl` and `win32` have the calls, `export` finds them for the Windows convention.
//!
//! What does not need a handle, a lock or memory of the caller's cannot fail and says so in the header.

#[macro_use]
mod call;
mod convention;
mod descriptor;
mod ending;
mod export;
mod ext;
mod heap;
mod last_error;
mod memory;
mod nt;
mod rtl;
mod thread_id;
mod win32;
