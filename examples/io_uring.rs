//! NT objects in a loop over `io_uring`: a semaphore, an event and the end of a thread, each watched by a `PollAdd`.
//!
//! A poll of this kind is over when it has told once; so it is asked for again after the object was served. It looks at the
//! state and not for an edge, so nothing that comes in between is missed.
//!
//! `cargo run --example io_uring`

#![allow(clippy::disallowed_types, clippy::disallowed_methods, reason = "examples are not the product")]

#[path = "common/mod.rs"]
mod common;

use std::error::Error;
use std::io::ErrorKind;
use std::os::fd::{AsRawFd, OwnedFd};

use common::Work;
use io_uring::{IoUring, opcode, types};
use ntwait::Waitable;

const JOBS: usize = 0;
const ATTENTION: usize = 1;

fn main() -> Result<(), Box<dyn Error>> {
    let mut ring = match IoUring::new(4) {
        Ok(ring) => ring,
        Err(error) => {
            println!("io_uring: not on this system: {error}");
            return Ok(());
        }
    };
    let mut work = Work::begin()?;
    let descriptors = [work.jobs.export_fd()?, work.attention.export_fd()?, work.worker.export_fd()?];
    for (index, descriptor) in descriptors.iter().enumerate() {
        watch(&mut ring, index, descriptor)?;
    }
    loop {
        match ring.submit_and_wait(1) {
            Err(error) if error.kind() == ErrorKind::Interrupted => continue, // a signal's handler has run
            submitted => submitted?,
        };
        let ready: Vec<_> = ring.completion().collect();
        for event in ready {
            let index = event.user_data() as usize;
            match (event.result(), index) {
                (..0, _) => return Err(std::io::Error::from_raw_os_error(-event.result()).into()),
                (_, JOBS) => work.on_jobs(),
                (_, ATTENTION) => work.on_attention(),
                _ => {
                    work.on_end("io_uring");
                    return Ok(());
                }
            }
            watch(&mut ring, index, &descriptors[index])?;
        }
    }
}

/// Asks to be told once, when the descriptor is readable.
#[allow(unsafe_code, reason = "the kernel is handed a descriptor")]
fn watch(ring: &mut IoUring, index: usize, descriptor: &OwnedFd) -> Result<(), Box<dyn Error>> {
    let entry = opcode::PollAdd::new(types::Fd(descriptor.as_raw_fd()), libc::POLLIN as u32).build();
    // SAFETY: a poll reads and writes no memory of ours.
    unsafe { ring.submission().push(&entry.user_data(index as u64)) }?;
    Ok(())
}
