//! P12: a million events alive at once: the price of each in time and memory.
//!
//! Each turn is a child process (this program again, with a hidden command), so that resident memory starts from
//! nothing, no allocator keeps what another contender gave back, and descriptors used up are nobody else's trouble.

use std::io::Read;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

use crate::measure::{Bench, Contender, Line, Role, Sample, Target, Turn, Unit};
use crate::os::cpus::pin_to;
use crate::os::memory::resident_bytes;
use crate::peers::{AUTO, BareFutex, Event, EventFd, NtEvent, StdMap};
use crate::plan::Plan;

pub(super) fn benches(plan: &Plan) -> Vec<Bench> {
    let (home, count) = (plan.cpus.home, plan.pick(1_000_000, 100_000));
    let with = |what: &str| format!("{} events alive: {what}", grouped(count));
    let create = Line::new("P12.create", with("create each"), Target::Scaled(60.0));
    let memory = Line::new("P12.memory", with("resident memory each"), Target::AtMost(96.0)).in_unit(Unit::Bytes);
    let close = Line::new("P12.close", with("close each"), Target::Scaled(50.0));
    let body = |kind: &'static str, name, role| Contender::new(name, role, move |_| in_a_child(kind, home, count));
    let contenders = vec![
        body("arc", "an Arc, no handle", Role::Limit),
        body("ntwait", NtEvent::<AUTO>::NAME, Role::Ours),
        body("map", StdMap::<AUTO>::NAME, Role::Peer),
        body("eventfd", EventFd::<AUTO>::NAME, Role::Peer),
    ];
    vec![Bench::new("P12", create, 2.2, contenders).and([memory, close]).in_rounds(plan.pick(3, 1))]
}

/// What a child found, for one event.
#[derive(Debug, Serialize, Deserialize)]
struct Prices {
    create_ns: f64,
    resident_bytes: f64,
    close_ns: f64,
}

/// The child's life: makes `count` events of `kind`, closes them, and prints what it cost.
pub(crate) fn one_child(kind: &str, home: usize, count: usize) -> Result<(), String> {
    let _second_thread = thread::spawn(|| {
        loop {
            thread::park();
        }
    });
    pin_to(home);
    let prices = match kind {
        "arc" => prices(count, || Ok(Arc::new(BareFutex::<AUTO>::new()))),
        "ntwait" => prices(count, || Ok(NtEvent::<AUTO>::new())),
        "map" => prices(count, || Ok(StdMap::<AUTO>::new())),
        "eventfd" => prices(count, || EventFd::<AUTO>::try_new().map_err(|errno| errno.to_string())),
        _ => Err(format!("no such kind: {kind}")),
    }?;
    println!("{}", serde_json::to_string(&prices).map_err(|error| error.to_string())?);
    Ok(())
}

fn prices<T>(count: usize, make: impl Fn() -> Result<T, String>) -> Result<Prices, String> {
    drop(make());
    let mut events: Vec<Option<T>> = (0..count).map(|_| None).collect();
    let before = resident_bytes();
    let start = Instant::now();
    for (made, place) in events.iter_mut().enumerate() {
        *place = Some(make().map_err(|error| format!("stopped at {}: {error}", grouped(made)))?);
    }
    let created = start.elapsed();
    let resident = resident_bytes().saturating_sub(before);
    let start = Instant::now();
    events.iter_mut().for_each(|place| *place = None);
    let closed = start.elapsed();
    let each = |total: f64| total / count as f64;
    Ok(Prices {
        create_ns: each(created.as_nanos() as f64),
        resident_bytes: each(resident as f64),
        close_ns: each(closed.as_nanos() as f64),
    })
}

fn in_a_child(kind: &str, home: usize, count: usize) -> Turn {
    let program = std::env::current_exe().map_err(|error| error.to_string())?;
    let child = Command::new(program)
        .args(["alive", kind, &home.to_string(), &count.to_string()])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(|error| error.to_string())?;
    let prices = answer_of(child)?;
    Ok([prices.create_ns, prices.resident_bytes, prices.close_ns].map(Sample::lone).into())
}

/// Waits for the child, but not for ever.
fn answer_of(mut child: Child) -> Result<Prices, String> {
    const PATIENCE: Duration = Duration::from_secs(5);
    let start = Instant::now();
    let status = loop {
        match child.try_wait().map_err(|error| error.to_string())? {
            Some(status) => break status,
            None if start.elapsed() > PATIENCE => {
                let _ = child.kill();
                let _ = child.wait();
                return Err(format!("hung: not done after {PATIENCE:?}"));
            }
            None => thread::sleep(Duration::from_millis(2)),
        }
    };
    if status.success() {
        let said = text_of(child.stdout.take());
        serde_json::from_str(&said).map_err(|error| format!("unreadable answer {said:?}: {error}"))
    } else {
        Err(text_of(child.stderr.take()).trim().to_owned())
    }
}

fn text_of(pipe: Option<impl Read>) -> String {
    let mut text = String::new();
    if let Some(mut pipe) = pipe {
        let _ = pipe.read_to_string(&mut text);
    }
    text
}

/// `1000000` → `1,000,000`.
fn grouped(number: usize) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_are_grouped() {
        assert_eq!(grouped(7), "7");
        assert_eq!(grouped(1_000), "1,000");
        assert_eq!(grouped(1_000_000), "1,000,000");
    }

    #[test]
    fn prices_are_for_one_event() {
        let prices = prices(1_000, || Ok(Arc::new(BareFutex::<AUTO>::new()))).expect("Arcs can be made");
        assert!(prices.create_ns > 0.0 && prices.close_ns > 0.0);
        let refused: Result<Prices, String> = super::prices(10, || Err::<u8, _>("full".to_owned()));
        assert_eq!(refused.map(|_| ()), Err("stopped at 0: full".to_owned()));
    }
}
