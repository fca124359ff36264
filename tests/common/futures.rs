//! What tests of futures share: a waker that counts, one poll, what it comes to.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, Wake, Waker};

use ntwait::{Ended, NtStatus, WaitFuture};

/// Counts how often it was woken.
#[derive(Default)]
pub(crate) struct Count(AtomicUsize);

impl Count {
    pub(crate) fn new() -> (Arc<Self>, Waker) {
        let count = Arc::new(Self::default());
        (Arc::clone(&count), count.into())
    }

    pub(crate) fn get(&self) -> usize {
        self.0.load(Ordering::Acquire)
    }
}

impl Wake for Count {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::AcqRel);
    }
}

pub(crate) fn poll(future: &mut WaitFuture, waker: &Waker) -> Poll<Result<Ended, NtStatus>> {
    Pin::new(future).poll(&mut Context::from_waker(waker))
}

pub(crate) const TAKEN: Poll<Result<Ended, NtStatus>> = Poll::Ready(Ok(Ended::Object(0)));
