//! Locks around a number, as Windows programs have them in their own memory, and as Rust programs do.

use std::cell::Cell;

use super::Padded;

/// A lock, as every contender offers it.
pub(crate) trait Lock: Send + Sync + 'static {
    /// How the tables call it.
    const NAME: &'static str;

    /// A free lock around 0.
    fn new() -> Self;
    /// Takes it, counts, and gives it back; what the number was.
    fn count(&self) -> u64;
}

macro_rules! locks {
    ($($(#[$meta:meta])* $lock:ident, $name:literal, $type:ty, $new:expr, |$held:ident| $count:expr;)*) => {$(
        $(#[$meta])*
        pub(crate) struct $lock(Padded<$type>);

        impl Lock for $lock {
            const NAME: &'static str = $name;

            fn new() -> Self {
                Self(Padded($new))
            }

            #[inline]
            fn count(&self) -> u64 {
                let $held = &*self.0;
                $count
            }
        }
    )*};
}

locks! {
    /// ntwait's SRW lock, exclusive.
    NtSrw, "ntwait", ntwait::SrwLock<u64>, ntwait::SrwLock::new(0), |lock| post_increment(&mut lock.write());
    /// ntwait's critical section.
    NtSection, "ntwait", ntwait::CriticalSection<Cell<u64>>, ntwait::CriticalSection::new(Cell::new(0)), |lock| {
        replace(&lock.enter())
    };
    StdMutex, "std Mutex", std::sync::Mutex<u64>, std::sync::Mutex::new(0), |lock| {
        post_increment(&mut lock.lock().expect("nobody panics with it"))
    };
    StdRwLock, "std RwLock", std::sync::RwLock<u64>, std::sync::RwLock::new(0), |lock| {
        post_increment(&mut lock.write().expect("nobody panics with it"))
    };
    PlMutex, "parking_lot Mutex", parking_lot::Mutex<u64>, parking_lot::Mutex::new(0), |lock| {
        post_increment(&mut lock.lock())
    };
    PlRwLock, "parking_lot RwLock", parking_lot::RwLock<u64>, parking_lot::RwLock::new(0), |lock| {
        post_increment(&mut lock.write())
    };
    /// The one among them that its owner may take again, as a critical section.
    PlReentrant, "parking_lot ReentrantMutex", parking_lot::ReentrantMutex<Cell<u64>>,
        parking_lot::ReentrantMutex::new(Cell::new(0)), |lock| replace(&lock.lock());
}

#[inline]
fn post_increment(number: &mut u64) -> u64 {
    let before = *number;
    *number = before + 1;
    before
}

#[inline]
fn replace(number: &Cell<u64>) -> u64 {
    number.replace(number.get() + 1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;

    fn excludes<L: Lock>() {
        const EACH: u64 = 10_000;
        let lock = Arc::new(L::new());
        let threads: Vec<_> = (0..3)
            .map(|_| {
                let lock = Arc::clone(&lock);
                std::thread::spawn(move || {
                    (0..EACH).for_each(|_| {
                        lock.count();
                    })
                })
            })
            .collect();
        threads.into_iter().for_each(|thread| thread.join().expect("it counts"));
        assert_eq!(lock.count(), 3 * EACH, "{}", L::NAME);
    }

    #[test]
    fn every_lock_excludes() {
        excludes::<NtSrw>();
        excludes::<NtSection>();
        excludes::<StdMutex>();
        excludes::<StdRwLock>();
        excludes::<PlMutex>();
        excludes::<PlRwLock>();
        excludes::<PlReentrant>();
    }
}
