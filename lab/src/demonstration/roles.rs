//! What each thread of the server does.

use std::sync::atomic::{AtomicU64, Ordering};

use ntwait::{Handle, Thread};

use super::Shop;

/// 100 ns, as NT counts time from here on.
const MILLISECOND: i64 = -10_000;
/// Between two customers, in milliseconds.
const BETWEEN: i32 = 5;
/// Customers at one time, at most.
const CROWD: u64 = 3;

pub(super) fn acceptor(shop: &Shop) {
    let _ = shop.runtime.nt_set_timer(shop.tick, MILLISECOND, None, false, BETWEEN);
    while shop.is_open() {
        shop.wait(shop.tick);
        let customers = 1 + shop.accepted.load(Ordering::Relaxed) % CROWD;
        let _ = shop.runtime.nt_release_semaphore(shop.requests, customers as i32);
        add(&shop.signals, customers);
        add(&shop.accepted, customers);
    }
    let _ = shop.runtime.nt_cancel_timer(shop.tick);
}

pub(super) fn worker(shop: &Shop, number: usize) {
    while shop.is_open() {
        shop.wait(shop.requests);
        match (shop.quarrels(), number) {
            (true, 1) => shop.cross([shop.accounts, shop.journal], 0),
            (true, 2) => shop.cross([shop.journal, shop.accounts], 1),
            (true, 3) => shop.count_in_between(),
            _ => shop.serve(number),
        }
        add(&shop.served, 1);
    }
}

pub(super) fn logger(shop: &Shop) {
    while shop.is_open() {
        shop.pause(40);
        shop.settings.rtl_acquire_srw_lock_exclusive();
        shop.pause(1);
        let _ = shop.settings.rtl_release_srw_lock_exclusive();
        shop.count();
    }
}

pub(super) fn reaper(shop: &'static Shop) {
    let mut number = 0_u64;
    while shop.is_open() {
        number += 1;
        let name = format!("session {number}");
        let session = Thread::builder().runtime(shop.runtime).name(&name).spawn(move || shop.pause(25));
        if let Ok(session) = session {
            shop.wait(session.handle());
        }
        if let (true, Some(worker)) = (shop.quarrels(), shop.first_worker.get()) {
            shop.wait(*worker);
        }
    }
}

impl Shop {
    fn is_open(&self) -> bool {
        !self.stop.load(Ordering::Acquire)
    }

    /// Whether locks are taken crosswise; not any more when the shop closes.
    fn quarrels(&self) -> bool {
        self.quarrel.load(Ordering::Acquire) && self.is_open()
    }

    fn wait(&self, object: Handle) {
        add(&self.waits, 1);
        let _ = self.runtime.nt_wait_for_single_object(object, false, None);
    }

    fn free(&self, mutant: Handle) {
        add(&self.signals, 1);
        let _ = self.runtime.nt_release_mutant(mutant);
    }

    fn pause(&self, milliseconds: i64) {
        let _ = self.runtime.nt_delay_execution(false, milliseconds * MILLISECOND);
    }

    /// One request, with all locks in the usual order.
    fn serve(&self, number: usize) {
        self.settings.rtl_acquire_srw_lock_shared();
        self.pause(number as i64);
        let _ = self.settings.rtl_release_srw_lock_shared();
        self.wait(self.accounts);
        self.wait(self.journal);
        self.pause(1);
        self.free(self.journal);
        self.free(self.accounts);
        self.count();
    }

    fn count(&self) {
        self.statistics.rtl_enter_critical_section();
        self.pause(1);
        self.statistics.rtl_leave_critical_section();
    }

    /// Takes the first, and the second when another worker has that. Worker 1 begins when neither of the others it needs can
    /// wait for the accounts in the usual order any more, worker 2 when worker 1 has the accounts, for then nobody else can be
    /// between the two.
    fn cross(&self, [first, second]: [Handle; 2], turn: usize) {
        if turn == 0 {
            self.ready.into_iter().for_each(|ready| self.wait(ready));
        } else {
            let _ = self.runtime.nt_set_event(self.ready[0]);
            self.wait(self.crossed[0]);
        }
        self.wait(first);
        let _ = self.runtime.nt_set_event(self.crossed[turn]);
        self.wait(self.crossed[1]);
        self.wait(second);
        self.free(second);
        self.free(first);
    }

    /// Waits for the accounts in the middle of the statistics.
    fn count_in_between(&self) {
        let _ = self.runtime.nt_set_event(self.ready[1]);
        self.wait(self.crossed[1]);
        self.statistics.rtl_enter_critical_section();
        self.wait(self.accounts);
        self.free(self.accounts);
        self.statistics.rtl_leave_critical_section();
    }
}

fn add(counter: &AtomicU64, more: u64) {
    counter.fetch_add(more, Ordering::Relaxed);
}
