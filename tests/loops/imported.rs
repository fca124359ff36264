//! Takers of descriptors that objects were made of: four threads, each in one wait for a quarter of them.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;

use ntwait::{Ended, Handle, Interest, Runtime, Timeout};

use super::station::Station;

const THREADS: usize = 4;

pub(crate) fn start(nt: &'static Runtime, stations: &[Arc<Station>], stop: &Arc<AtomicBool>) -> Vec<JoinHandle<()>> {
    stations
        .chunks(stations.len().div_ceil(THREADS).max(1))
        .map(|part| {
            let (part, stop) = (part.to_vec(), Arc::clone(stop));
            let make =
                |station: &Arc<Station>| nt.import_fd(station.descriptor(), Interest::READABLE).expect("a handle");
            let objects: Vec<Handle> = part.iter().map(make).collect();
            std::thread::spawn(move || serve(nt, &part, objects, &stop))
        })
        .collect()
}

fn serve(nt: &Runtime, stations: &[Arc<Station>], mut objects: Vec<Handle>, stop: &AtomicBool) {
    let mut order: Vec<usize> = (0..stations.len()).collect();
    while !stop.load(Ordering::Acquire) {
        match nt.wait_any(&objects, Timeout::Never) {
            Ok(Ended::Object(first)) => {
                let station = &stations[order[first]];
                if station.take() {
                    station.count();
                }
                // Those before it had nothing. So that none is always before the others:
                objects.rotate_left(first + 1);
                order.rotate_left(first + 1);
            }
            other => panic!("{other:?}"),
        }
    }
}
