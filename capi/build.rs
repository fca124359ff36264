//! The library stays loaded: threads, exit hooks and a signal handler of the process lead into it.

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rustc-cdylib-link-arg=-Wl,-z,nodelete");
}
