//! Threads that the library needs for itself: made by std, all signals blocked, not counted as the program's.

use super::StartError;
use super::masked::Masked;
use super::world::World;
use crate::sys::atomic::Ordering;

/// Starts one. It is nobody's to join.
pub(crate) fn start_service(name: &str, body: impl FnOnce() + Send + 'static) -> Result<(), StartError> {
    let _masked = Masked::begin(); // what it starts inherits the mask
    let world = World::of_this_process()?;
    world.services.fetch_add(1, Ordering::AcqRel);
    let run = move || {
        body();
        world.services.fetch_sub(1, Ordering::AcqRel);
    };
    match std::thread::Builder::new().name(name.into()).spawn(run) {
        Ok(_detached) => Ok(()),
        Err(_) => {
            world.services.fetch_sub(1, Ordering::AcqRel);
            Err(StartError::NoThread)
        }
    }
}
