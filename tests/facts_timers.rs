//! smoke
mod common;
use common::*;
use ntwait::*;
use std::time::{Duration, Instant};
#[test]
fn smoke() {
    let nt = Nt::new();
    for ty in [TimerType::NOTIFICATION, TimerType::SYNCHRONIZATION] {
        let t = nt.nt_create_timer(AccessMask::TIMER_ALL_ACCESS, ObjectAttributes::NONE, ty).unwrap();
        let start = Instant::now();
        assert_eq!(nt.nt_set_timer(t, -50_000, false, 0), Ok((NtStatus::SUCCESS, false)));
        assert_eq!(nt.one(t, ms(10_000)), NtStatus::WAIT_0);
        println!("{:?}", start.elapsed());
        assert_eq!(nt.nt_set_timer(t, now_1601() + 50_000, false, 10).map(|x| x.0), Ok(NtStatus::SUCCESS));
        let start = Instant::now();
        for _ in 0..5 {
            assert_eq!(nt.one(t, ms(10_000)), NtStatus::WAIT_0);
            println!("{:?}", start.elapsed());
        }
        nt.nt_cancel_timer(t).unwrap();
    }
    let t =
        nt.nt_create_timer(AccessMask::TIMER_ALL_ACCESS, ObjectAttributes::NONE, TimerType::SYNCHRONIZATION).unwrap();
    nt.nt_set_timer(t, -10_000_000, false, 0).unwrap();
    nt.nt_cancel_timer(t).unwrap();
    for due in [-20_000_000i64, i64::MAX] {
        let start = Instant::now();
        for _ in 0..100_000 {
            nt.nt_set_timer(t, due, false, 0).unwrap();
            nt.nt_cancel_timer(t).unwrap();
        }
        println!("{:?}", start.elapsed() / 100_000);
    }
    std::thread::sleep(Duration::from_millis(5));
}
