//! How many descriptors the process may have.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// What everything else in the process needs.
const OTHERS: u64 = 200;

/// Sees to it that so many descriptors can be opened, or as many as may be; says how many stations that is room for, at four each.
pub(crate) fn raise_for(count: usize) -> usize {
    let limit = getrlimit(Resource::Nofile);
    let most = limit.maximum.unwrap_or(u64::MAX);
    let wanted = (count as u64 + OTHERS).min(most);
    if limit.current.is_some_and(|current| current < wanted) {
        setrlimit(Resource::Nofile, Rlimit { current: Some(wanted), maximum: limit.maximum })
            .expect("up to the maximum");
    }
    let room = usize::try_from(wanted - OTHERS).expect("small") / 4;
    if room < count / 4 {
        println!("no more than {most} descriptors are allowed: room for {room} stations of each sort");
    }
    room
}
