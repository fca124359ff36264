//! One after the other: whom a thread is to tell while it tells another.
//!
//! A waker may drop futures, its own above all. What such a one had been given is given on, which wakes the next, whose waker may do
//! the same: one within the other, that would be as deep as the queue is long.
//!
//! ```text
//!   tell ── nobody is being told ──▶ told ─▶ the first that was put off: told ─▶ … ─▶ none is left
//!     └──── within that ───────────▶ put off: the last
//! ```

#![allow(unsafe_code, reason = "a list through nodes, which are never freed")]

use super::node::Node;
use crate::sys::atomic::Ordering;
use crate::sys::tls::thread_local;
use core::cell::Cell;
use core::ptr;

/// What the calling thread has to tell. Its own alone, and the depth is raised: orderings are of no concern.
#[derive(Clone, Copy)]
struct Queue {
    /// It tells one.
    is_telling: bool,
    /// The first and the last that were put off.
    ends: Option<(&'static Node, &'static Node)>,
}

thread_local! {
    static QUEUE: Cell<Queue> = const { Cell::new(Queue { is_telling: false, ends: None }) };
}

/// Tells this node, and those that are put off meanwhile; or puts it off, if the thread tells another. The depth is raised.
pub(super) fn tell(node: &'static Node) {
    if is_put_off(node) {
        return;
    }
    let mut next = Some(node);
    while let Some(node) = next {
        node.tell();
        next = first();
    }
}

/// If nobody is being told, the caller is to tell the node itself.
fn is_put_off(node: &'static Node) -> bool {
    QUEUE.with(|queue| {
        let Queue { is_telling, ends } = queue.get();
        let ends = is_telling.then(|| {
            node.next.store(ptr::null_mut(), Ordering::Relaxed);
            if let Some((_, last)) = ends {
                last.next.store(ptr::from_ref(node).cast_mut(), Ordering::Relaxed);
            }
            (ends.map_or(node, |(first, _)| first), node)
        });
        queue.set(Queue { is_telling: true, ends });
        is_telling
    })
}

/// The next that is to be told; if there is none, nobody is being told.
fn first() -> Option<&'static Node> {
    QUEUE.with(|queue| {
        let ends = queue.get().ends;
        let rest = ends.and_then(|(first, last)| {
            // SAFETY: null, or a node, which is never freed.
            let next = unsafe { first.next.load(Ordering::Relaxed).as_ref() };
            next.map(|next| (next, last))
        });
        queue.set(Queue { is_telling: ends.is_some(), ends: rest });
        ends.map(|(first, _)| first)
    })
}
