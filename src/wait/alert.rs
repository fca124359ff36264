//! Waiting for nothing but an alert by thread id (WA13).
//!
//! ```text
//!   begin: alerted already? ─▶ sleep on the parking word ─▶ alerted, or the time is up; stopped: obey, begin again (TH19)
//! ```
//!
//! There is no queue: who alerts finds the thread by its id.

use super::{Until, sleep};
use crate::sys::clock::Timeout;
use crate::waiter::notice::{Sort, Waiting};
use crate::waiter::park::{Heed, Why};
use crate::waiter::record::{NoMemory, ThreadRecord, with_current};
use crate::waiter::shield::Shield;

/// Sleeps until the calling thread is alerted by its id. False: the time was up before.
pub(crate) fn wait_by_id(timeout: Timeout) -> Result<bool, NoMemory> {
    let mut until = Until::new(timeout);
    let mut shield = Shield::raise();
    with_current(|me| {
        loop {
            match attempt(me, &mut until) {
                Why::Alerted => return Ok(true),
                Why::Stopped => shield.obey(),
                _ => return Ok(false),
            }
        }
    })
}

fn attempt(me: &ThreadRecord, until: &mut Until) -> Why {
    let too_late = until.has_passed();
    if me.park.begin_heeding(Heed::ById) {
        if too_late {
            let _ = me.park.decide(Why::TimedOut, 0);
        } else {
            sleep::until_done(me, Waiting::for_nothing(Sort::Alert), &until.deadline());
        }
    }
    me.park.finish().0
}
