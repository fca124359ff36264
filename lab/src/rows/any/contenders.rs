//! Who can wait for any of K events: ntwait, `poll`, and the bare words that are the limit.

use std::hint::black_box;
use std::sync::atomic::{AtomicU32, AtomicUsize, Ordering, Ordering::SeqCst};

use ntwait::{Handle, Runtime, WaitType};
use rustix::event::{PollFd, PollFlags, poll};
use rustix::thread::futex::{self, Flags};

use crate::peers::{AUTO, BareFutex, Event, EventFd, NtEvent, Padded, adaptive};

/// K auto-reset events, a wait for any of them, and one more event for replies.
pub(super) trait WaitAny: Send + Sync + 'static {
    /// How the tables call it.
    const NAME: &'static str;

    /// `events` events, all clear.
    fn new(events: usize) -> Self;
    /// Sets one of them.
    fn set(&self, index: usize);
    /// Prepares what can be prepared; each call then waits until one is set, takes it and returns its index.
    fn waiter(&self) -> impl FnMut() -> usize;
    /// Sets them in turn.
    fn set_next(&self);
    /// Sets the reply event.
    fn reply(&self);
    /// Waits for the reply event.
    fn await_reply(&self);
}

/// Which event comes next; only the setting thread uses it.
struct Turns {
    next: AtomicUsize,
    events: usize,
}

impl Turns {
    fn of(events: usize) -> Padded<Self> {
        Padded(Self { next: AtomicUsize::new(0), events })
    }

    #[inline]
    fn take(&self) -> usize {
        let now = self.next.load(Ordering::Relaxed);
        let next = now + 1;
        self.next.store(if next == self.events { 0 } else { next }, Ordering::Relaxed);
        now
    }
}

/// ntwait: `NtWaitForMultipleObjects` over K handles.
pub(super) struct AnyHandles {
    runtime: &'static Runtime,
    events: Vec<NtEvent<AUTO>>,
    handles: Vec<Handle>,
    reply: NtEvent<AUTO>,
    turns: Padded<Turns>,
}

impl WaitAny for AnyHandles {
    const NAME: &'static str = "ntwait";

    fn new(events: usize) -> Self {
        let turns = Turns::of(events);
        let events: Vec<_> = (0..events).map(|_| NtEvent::new()).collect();
        let handles = events.iter().map(NtEvent::handle).collect();
        Self { runtime: adaptive(), events, handles, reply: NtEvent::new(), turns }
    }

    #[inline]
    fn set(&self, index: usize) {
        self.events[index].set();
    }

    #[inline]
    fn waiter(&self) -> impl FnMut() -> usize {
        || {
            let ended = self.runtime.nt_wait_for_multiple_objects(&self.handles, WaitType::ANY, false, None);
            let index = ended.0 as usize;
            assert!(index < self.handles.len(), "wait-any answered {ended}");
            index
        }
    }

    #[inline]
    fn set_next(&self) {
        self.set(self.turns.take());
    }

    #[inline]
    fn reply(&self) {
        self.reply.set();
    }

    #[inline]
    fn await_reply(&self) {
        self.reply.wait();
    }
}

/// K eventfds and `poll`.
pub(super) struct AnyFds {
    events: Vec<EventFd<AUTO>>,
    reply: EventFd<AUTO>,
    turns: Padded<Turns>,
}

impl WaitAny for AnyFds {
    const NAME: &'static str = "poll on eventfds";

    fn new(events: usize) -> Self {
        let turns = Turns::of(events);
        Self { events: (0..events).map(|_| EventFd::new()).collect(), reply: EventFd::new(), turns }
    }

    #[inline]
    fn set(&self, index: usize) {
        self.events[index].set();
    }

    fn waiter(&self) -> impl FnMut() -> usize {
        let mut fds: Vec<PollFd<'_>> =
            self.events.iter().map(|event| PollFd::from_borrowed_fd(event.fd(), PollFlags::IN)).collect();
        move || loop {
            let _ = poll(&mut fds, None);
            let ready = fds.iter().position(|fd| fd.revents().contains(PollFlags::IN));
            if let Some(index) = ready.filter(|index| self.events[*index].try_wait()) {
                return index;
            }
        }
    }

    #[inline]
    fn set_next(&self) {
        self.set(self.turns.take());
    }

    #[inline]
    fn reply(&self) {
        self.reply.set();
    }

    #[inline]
    fn await_reply(&self) {
        self.reply.wait();
    }
}

/// The limit: K bare words that are scanned, and one parking word for the one thread that may wait.
pub(super) struct AnyWords {
    words: Vec<Padded<AtomicU32>>,
    parked: Padded<AtomicU32>,
    reply: Padded<BareFutex<AUTO>>,
    turns: Padded<Turns>,
}

impl AnyWords {
    #[inline]
    fn scan(&self) -> Option<usize> {
        let set = |word: &Padded<AtomicU32>| word.load(Ordering::Acquire) != 0 && word.swap(0, SeqCst) != 0;
        black_box(&self.words).iter().position(set)
    }

    #[cold]
    fn sleep(&self) -> Option<usize> {
        // SeqCst: announced before the second scan; pairs with the swap and the load in `set`.
        self.parked.swap(1, SeqCst);
        let found = self.scan();
        if found.is_some() {
            self.parked.store(0, Ordering::Relaxed);
        } else {
            let _ = futex::wait(&self.parked, Flags::PRIVATE, 1, None);
        }
        found
    }

    #[cold]
    fn wake(&self) {
        if self.parked.swap(0, SeqCst) != 0 {
            let _ = futex::wake(&self.parked, Flags::PRIVATE, 1);
        }
    }
}

impl WaitAny for AnyWords {
    const NAME: &'static str = "bare words";

    fn new(events: usize) -> Self {
        Self {
            words: (0..events).map(|_| Padded(AtomicU32::new(0))).collect(),
            parked: Padded(AtomicU32::new(0)),
            reply: Padded(BareFutex::new()),
            turns: Turns::of(events),
        }
    }

    #[inline]
    fn set(&self, index: usize) {
        self.words[index].swap(1, SeqCst);
        if self.parked.load(SeqCst) != 0 {
            self.wake();
        }
    }

    #[inline]
    fn waiter(&self) -> impl FnMut() -> usize {
        || loop {
            if let Some(index) = self.scan().or_else(|| self.sleep()) {
                return index;
            }
        }
    }

    #[inline]
    fn set_next(&self) {
        self.set(self.turns.take());
    }

    #[inline]
    fn reply(&self) {
        self.reply.set();
    }

    #[inline]
    fn await_reply(&self) {
        self.reply.wait();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn takes_one<W: WaitAny>() {
        let set = W::new(4);
        set.set(3);
        set.set(1);
        let mut wait_any = set.waiter();
        assert_eq!(wait_any(), 1, "{}: the lowest index first", W::NAME);
        assert_eq!(wait_any(), 3, "{}: the other one stayed set", W::NAME);
        set.set_next();
        set.set_next();
        assert_eq!((wait_any(), wait_any()), (0, 1), "{}: in turn", W::NAME);
    }

    #[test]
    fn every_contender_takes_one_at_a_time() {
        takes_one::<AnyHandles>();
        takes_one::<AnyFds>();
        takes_one::<AnyWords>();
    }

    #[test]
    fn turns_go_round() {
        let turns = Turns::of(3);
        assert_eq!([turns.take(), turns.take(), turns.take(), turns.take()], [0, 1, 2, 0]);
    }
}
