//! NT objects in a task of `tokio`, by `AsyncFd`: a semaphore, an event and the end of a thread.
//!
//! `AsyncFd` remembers that a descriptor was readable until it is told otherwise: so tell it first, then take all that is
//! there. A signal that comes meanwhile makes it readable anew.
//!
//! `cargo run --example tokio`

#![allow(clippy::disallowed_types, clippy::disallowed_methods, reason = "examples are not the product")]

#[path = "common/mod.rs"]
mod common;

use std::error::Error;
use std::io;
use std::os::fd::OwnedFd;

use common::Work;
use ntwait::Waitable;
use tokio::io::Interest;
use tokio::io::unix::AsyncFd;

/// To be made within the runtime that is to watch it.
#[allow(unsafe_code, reason = "tokio is handed a descriptor")]
fn watch(object: &dyn Waitable) -> Result<AsyncFd<OwnedFd>, Box<dyn Error>> {
    // SAFETY: an `OwnedFd` is one descriptor all its life, and open until it is dropped.
    Ok(unsafe { AsyncFd::register_with_interest(object.export_fd()?, Interest::READABLE) }?)
}

/// Is over when the object's descriptor has become readable since the last time.
async fn signalled(descriptor: &AsyncFd<OwnedFd>) -> io::Result<()> {
    descriptor.readable().await?.clear_ready();
    Ok(())
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut work = Work::begin()?;
    let (jobs, attention, end) = (watch(&*work.jobs)?, watch(&*work.attention)?, watch(&work.worker)?);
    loop {
        tokio::select! {
            ready = signalled(&jobs) => {
                ready?;
                work.on_jobs();
            }
            ready = signalled(&attention) => {
                ready?;
                work.on_attention();
            }
            ready = signalled(&end) => {
                ready?;
                work.on_end("tokio");
                return Ok(());
            }
        }
    }
}
