//! `.await` on the objects for Rust programs.

use super::WaitFuture;
#[cfg(not(ntwait_loom))]
use crate::descriptor::Descriptor;
use crate::event::Event;
use crate::handle::entry::Handle;
use crate::mutant::{Mutant, MutantGuard};
#[cfg(not(ntwait_loom))]
use crate::process::Process;
use crate::runtime::Runtime;
use crate::semaphore::Semaphore;
use crate::status::NtStatus;
use crate::thread::{JoinError, Thread};
use crate::timer::Timer;
use crate::wait::Ended;
use crate::waitable::{Waitable, with_handles};
use core::future::{Future, IntoFuture};
use core::pin::Pin;
use core::task::{Context, Poll, ready};

/// A wait for an [`Event`], a [`Semaphore`], a [`Timer`], the end of a [`Thread`], a [`Descriptor`](crate::Descriptor) or a [`Process`](crate::Process): see
/// [`WaitFuture`].
///
/// It panics if the object was dropped before it was first polled, if somebody closed the object's handle behind its owner's back,
/// or if there is no memory.
#[derive(Debug)]
#[must_use = "a future waits when it is polled"]
pub struct Signaled(WaitFuture);

impl Signaled {
    fn new(object: &dyn Waitable) -> Self {
        Self(object.runtime().wait_async(object.handle()))
    }
}

impl Future for Signaled {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        match ready!(Pin::new(&mut self.0).poll(context)) {
            Ok(_) => Poll::Ready(()),
            Err(status) => panic!("an object cannot be waited for: {status}"),
        }
    }
}

macro_rules! awaited {
    ($($object:ident)*) => {$(
        /// Waits for it, and takes what a wait takes: see [`WaitFuture`].
        impl IntoFuture for &$object {
            type Output = ();
            type IntoFuture = Signaled;

            fn into_future(self) -> Signaled {
                Signaled::new(self)
            }
        }
    )*};
}

awaited!(Event Semaphore Timer);
#[cfg(not(ntwait_loom))]
awaited!(Descriptor Process);

/// Waits until the thread has ended: see [`WaitFuture`]. What its closure returned stays there for who joins it.
impl<T> IntoFuture for &Thread<T> {
    type Output = ();
    type IntoFuture = Signaled;

    fn into_future(self) -> Signaled {
        Signaled::new(self)
    }
}

/// [`Thread::join`] as a future.
///
/// ```
/// let thread = ntwait::Thread::spawn(|| 6 * 7)?;
/// let answer = futures_lite::future::block_on(async { thread.await });
/// assert_eq!(answer.unwrap(), 42);
/// # Ok::<(), ntwait::NtStatus>(())
/// ```
impl<T> IntoFuture for Thread<T> {
    type Output = Result<T, JoinError>;
    type IntoFuture = Joined<T>;

    fn into_future(self) -> Joined<T> {
        let end = (&self).into_future();
        Joined { end, thread: Some(self) }
    }
}

/// A [`Thread`] that is being joined. Dropped, it leaves the thread alone, as a dropped [`Thread`] does.
#[derive(Debug)]
#[must_use = "a future waits when it is polled"]
pub struct Joined<T> {
    end: Signaled,
    thread: Option<Thread<T>>,
}

impl<T> Unpin for Joined<T> {}

impl<T> Future for Joined<T> {
    type Output = Result<T, JoinError>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        ready!(Pin::new(&mut self.end).poll(context));
        match self.thread.take() {
            Some(thread) => Poll::Ready(thread.join()),
            None => panic!("a thread was joined twice"),
        }
    }
}

/// [`Mutant::lock`] as a future: see [`Mutant::lock_async`].
#[derive(Debug)]
#[must_use = "a future waits when it is polled"]
pub struct Locked<'m> {
    mutant: &'m Mutant,
    wait: WaitFuture,
}

impl<'m> Future for Locked<'m> {
    type Output = Result<MutantGuard<'m>, NtStatus>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let ended = ready!(Pin::new(&mut self.wait).poll(context))?;
        Poll::Ready(Ok(self.mutant.guard(matches!(ended, Ended::Abandoned(_)))))
    }
}

impl Mutant {
    /// Waits for the mutant as a future. The thread that polls it at the right moment owns the mutant then, and the guard
    /// stays on that thread: the executor must not move the task to another while it is there, which the compiler sees to.
    ///
    /// ```
    /// let mutant = ntwait::Mutant::new()?;
    /// futures_lite::future::block_on(async {
    ///     let guard = mutant.lock_async().await?;
    ///     assert!(!guard.was_abandoned());
    ///     Ok::<(), ntwait::NtStatus>(())
    /// })?;
    /// # Ok::<(), ntwait::NtStatus>(())
    /// ```
    ///
    /// A task that holds the guard must not give way to another:
    ///
    /// ```compile_fail
    /// fn spawn(task: impl Future<Output = ()> + Send) {}
    /// let mutant = ntwait::Mutant::new().unwrap();
    /// let event = ntwait::Event::auto_reset(true).unwrap();
    /// spawn(async move {
    ///     let _guard = mutant.lock_async().await;
    ///     (&event).await;
    /// });
    /// ```
    ///
    /// Its errors are those of [`lock`](Self::lock).
    pub fn lock_async(&self) -> Locked<'_> {
        Locked { mutant: self, wait: self.runtime().wait_async(Waitable::handle(self)) }
    }
}

/// [`wait_any`](crate::wait_any) as a future: see [`WaitFuture`].
///
/// ```
/// use ntwait::{Ended, Event, Timer, wait_any_async};
/// use std::time::Duration;
///
/// let (event, timer) = (Event::auto_reset(false)?, Timer::one_shot()?);
/// timer.set_after(Duration::from_millis(5));
/// let ended = futures_lite::future::block_on(wait_any_async(&[&event, &timer]));
/// assert_eq!(ended, Ok(Ended::Object(1)), "a time-out that needs no executor's timer");
/// # Ok::<(), ntwait::NtStatus>(())
/// ```
pub fn wait_any_async(objects: &[&dyn Waitable]) -> WaitFuture {
    begin(objects, Runtime::wait_any_async)
}

/// [`wait_all`](crate::wait_all) as a future: see [`WaitFuture`].
pub fn wait_all_async(objects: &[&dyn Waitable]) -> WaitFuture {
    begin(objects, Runtime::wait_all_async)
}

fn begin(objects: &[&dyn Waitable], wait: fn(&Runtime, &[Handle]) -> WaitFuture) -> WaitFuture {
    with_handles(objects, |runtime, handles| Ok(wait(runtime, handles))).unwrap_or_else(WaitFuture::refused)
}
