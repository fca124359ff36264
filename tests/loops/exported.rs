//! Takers of objects that are watched through their descriptors: one thread in `epoll_wait`, level-triggered.

use std::os::fd::OwnedFd;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;

use ntwait::Runtime;
use rustix::buffer::spare_capacity;
use rustix::event::epoll::{self, CreateFlags, EventData, EventFlags};

use super::station::Station;

pub(crate) fn start(nt: &'static Runtime, stations: &[Arc<Station>], stop: &Arc<AtomicBool>) -> JoinHandle<()> {
    let (stations, stop) = (stations.to_vec(), Arc::clone(stop));
    let poll = epoll::create(CreateFlags::CLOEXEC).expect("a descriptor");
    let descriptors: Vec<OwnedFd> =
        stations.iter().map(|station| nt.export_fd(station.handle()).expect("a descriptor")).collect();
    for (number, descriptor) in descriptors.iter().enumerate() {
        epoll::add(&poll, descriptor, EventData::new_u64(number as u64), EventFlags::IN).expect("watched");
    }
    std::thread::spawn(move || {
        let _descriptors = descriptors;
        serve(&poll, &stations, &stop);
    })
}

/// One gift at a time, so that a descriptor has to stay readable as long as there is another.
fn serve(poll: &OwnedFd, stations: &[Arc<Station>], stop: &AtomicBool) {
    let mut events = Vec::with_capacity(64);
    while !stop.load(Ordering::Acquire) {
        epoll::wait(poll, spare_capacity(&mut events), None).expect("events");
        for event in events.drain(..) {
            let station = &stations[event.data.u64() as usize];
            if station.take() {
                station.count();
            }
        }
    }
}
