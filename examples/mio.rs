//! NT objects in a loop over `mio`: a semaphore, an event and the end of a thread.
//!
//! `mio` watches for edges. That is well: every signal is one. As with any source of its, all that is there is to be taken
//! each time.
//!
//! `cargo run --example mio`

#![allow(clippy::disallowed_types, clippy::disallowed_methods, reason = "examples are not the product")]

#[path = "common/mod.rs"]
mod common;

use std::error::Error;
use std::io::ErrorKind;
use std::os::fd::AsRawFd;

use common::Work;
use mio::unix::SourceFd;
use mio::{Events, Interest, Poll, Token};
use ntwait::Waitable;

const JOBS: Token = Token(0);
const ATTENTION: Token = Token(1);
const END: Token = Token(2);

fn main() -> Result<(), Box<dyn Error>> {
    let mut work = Work::begin()?;
    let sources: [(Token, &dyn Waitable); 3] =
        [(JOBS, &*work.jobs), (ATTENTION, &*work.attention), (END, &work.worker)];
    let mut poll = Poll::new()?;
    let mut descriptors = Vec::new();
    for (token, object) in sources {
        let descriptor = object.export_fd()?;
        poll.registry().register(&mut SourceFd(&descriptor.as_raw_fd()), token, Interest::READABLE)?;
        descriptors.push(descriptor); // who closes it watches it no more
    }
    let mut events = Events::with_capacity(descriptors.len());
    loop {
        match poll.poll(&mut events, None) {
            Err(error) if error.kind() == ErrorKind::Interrupted => continue, // a signal's handler has run
            polled => polled?,
        }
        for event in &events {
            match event.token() {
                JOBS => work.on_jobs(),
                ATTENTION => work.on_attention(),
                _ => {
                    work.on_end("mio");
                    return Ok(());
                }
            }
        }
    }
}
