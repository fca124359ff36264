//! NT objects in a loop over `epoll`, written by hand: a semaphore, an event and the end of a thread.
//!
//! `cargo run --example epoll`

#![allow(clippy::disallowed_types, clippy::disallowed_methods, reason = "examples are not the product")]

#[path = "common/mod.rs"]
mod common;

use std::error::Error;

use common::Work;
use ntwait::Waitable;
use rustix::buffer::spare_capacity;
use rustix::event::epoll::{self, CreateFlags, EventData, EventFlags};
use rustix::io::Errno;

const JOBS: u64 = 0;
const ATTENTION: u64 = 1;
const END: u64 = 2;

fn main() -> Result<(), Box<dyn Error>> {
    let mut work = Work::begin()?;
    let sources: [(u64, &dyn Waitable); 3] = [(JOBS, &*work.jobs), (ATTENTION, &*work.attention), (END, &work.worker)];
    let watch = epoll::create(CreateFlags::CLOEXEC)?;
    let mut descriptors = Vec::new();
    for (name, object) in sources {
        let descriptor = object.export_fd()?;
        epoll::add(&watch, &descriptor, EventData::new_u64(name), EventFlags::IN)?;
        descriptors.push(descriptor); // who closes it watches it no more
    }
    let mut ready = Vec::with_capacity(descriptors.len());
    loop {
        ready.clear();
        match epoll::wait(&watch, spare_capacity(&mut ready), None) {
            Err(Errno::INTR) => continue, // a signal's handler has run
            waited => waited?,
        };
        for event in &ready {
            match event.data.u64() {
                JOBS => work.on_jobs(),
                ATTENTION => work.on_attention(),
                _ => {
                    work.on_end("epoll");
                    return Ok(());
                }
            }
        }
    }
}
