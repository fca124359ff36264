//! Which backend is in use, and why.
//!
//! ```text
//!   asked for Pthread, or the environment says so ─────────────────▶ Pthread
//!   else: probes not made yet ─▶ look up, make a slot, try it twice ─┬─ all passed ─▶ Clone
//!                                                                   └─ one failed ─▶ Pthread (or Unsupported, if
//!   later: the kernel refuses clones for good ─▶ Pthread                                Clone was asked for)
//! ```

use super::donor::Unable;
use super::glibc::{Failed, Glibc};
use super::world::{Clones, World};
use super::{BackendInUse, StartError, ThreadBackend, ours, self_test};

const ASKED: &str = "asked for";

/// What makes the next thread: clones, by way of what is known of the C library, or (`None`) the C library.
pub(super) fn choose(world: &'static World, wanted: ThreadBackend) -> Result<Option<&'static Glibc>, StartError> {
    let wanted = if wanted == ThreadBackend::Auto { world.wish() } else { wanted };
    if wanted == ThreadBackend::Pthread {
        return Ok(None);
    }
    match clones(world) {
        Ok(glibc) => Ok(Some(glibc)),
        Err(_) if wanted == ThreadBackend::Clone => Err(StartError::Unsupported),
        Err(_) => Ok(None),
    }
}

/// The same, in words.
pub(super) fn describe(world: &'static World, wanted: ThreadBackend) -> BackendInUse {
    let (wanted, reason) = match wanted {
        ThreadBackend::Auto if world.wish() == ThreadBackend::Pthread => {
            (ThreadBackend::Pthread, "NTWAIT_THREADS=pthread")
        }
        wanted => (wanted, ASKED),
    };
    if wanted == ThreadBackend::Pthread {
        return BackendInUse::new(ThreadBackend::Pthread, reason);
    }
    match clones(world) {
        Ok(_) => BackendInUse::new(ThreadBackend::Clone, "all probes passed"),
        Err(reason) => BackendInUse::new(ThreadBackend::Pthread, reason),
    }
}

/// What the probes say; made now if they were not yet.
fn clones(world: &'static World) -> &'static Clones {
    static NO_ROOM: Clones = Err("no memory for the probes");
    if let Some(known) = world.clones() {
        return known;
    }
    let probing = world.probing.lock();
    if world.clones().is_none() {
        make(world);
    }
    drop(probing);
    world.clones().unwrap_or(&NO_ROOM)
}

fn make(world: &'static World) {
    let Some(key) = ours::key() else { return world.set_clones(Err("probe failed: pthread_key_create")) };
    let found = Glibc::find(key, ours::destructor()).map_err(|Failed(reason)| reason);
    let Ok(glibc) = found else { return world.set_clones(found) };
    // The test needs it at its final place, and nobody else sees it there before it has passed.
    let candidate: &'static Clones = Box::leak(Box::new(Ok(glibc)));
    let Ok(glibc) = candidate else { return };
    match self_test::run(world, glibc) {
        Ok(()) => world.publish_clones(candidate),
        Err(Unable::Ever(reason)) => world.set_clones(Err(reason)),
        // No memory, or no room for one more thread: this says nothing of the next time.
        Err(Unable::Now(_)) => {}
    }
}
