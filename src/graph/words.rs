//! How what was read is called: labels, stages, sorts and states in words.

use super::collect::FoundObject;
use super::{GraphKind, GraphWait, ThreadLabel, ThreadStage, WaitSort};
use crate::objects::thread::Stage;
use crate::objects::word::Word;
use crate::objects::{Kind, Target, mutant, semaphore};
use crate::rtl::{self, Holder};
use crate::runtime::ResidentRef;
use crate::sys::clock::{Clock, now_ns, realtime_ns};
use crate::sys::tasks;
use crate::wait::lot::{Key, Space};
use crate::waiter::notice::{Sort, Told};
use core::time::Duration;

pub(super) fn label_of(id: Option<u32>, tid: u32, name: String) -> ThreadLabel {
    let name = if name.is_empty() { tasks::name_of(tid).unwrap_or_default() } else { name };
    ThreadLabel { id, tid, name }
}

pub(super) const fn stage_of(stage: Stage) -> ThreadStage {
    match stage {
        Stage::Waiting => ThreadStage::Born,
        Stage::Running => ThreadStage::Running,
        Stage::Ending => ThreadStage::Ending,
        Stage::Ended => ThreadStage::Ended,
    }
}

pub(super) const fn kind_of(kind: Kind) -> GraphKind {
    match kind {
        Kind::Event => GraphKind::Event,
        Kind::Process => GraphKind::Process,
        Kind::Thread => GraphKind::Thread,
        Kind::Mutant => GraphKind::Mutant,
        Kind::Semaphore => GraphKind::Semaphore,
        Kind::Timer => GraphKind::Timer,
        Kind::KeyedEvent => GraphKind::KeyedEvent,
        Kind::Directory => GraphKind::Directory,
        Kind::Descriptor => GraphKind::Descriptor,
    }
}

pub(super) const fn sort_of_key(key: Key, token: u32) -> WaitSort {
    match key.space {
        Space::Address => WaitSort::Address,
        Space::KeyedWait => WaitSort::KeyedWait,
        Space::KeyedRelease => WaitSort::KeyedRelease,
        Space::Lock if rtl::wants_exclusive(token) => WaitSort::Exclusive,
        Space::Lock => WaitSort::Shared,
        Space::OwnedLock => WaitSort::Exclusive,
        Space::Condition => WaitSort::Condition,
        Space::Once => WaitSort::RunOnce,
        Space::Barrier => WaitSort::Barrier,
    }
}

/// What a thread told of its wait; the objects are found in their queues.
pub(super) fn wait_of(told: &Told) -> GraphWait {
    let now = now_ns();
    let left = match told.deadline {
        (Clock::Never, _) => None,
        (Clock::Monotonic, at) => Some(at.saturating_sub(now)),
        (Clock::Realtime, at) => Some(at.saturating_sub(realtime_ns())),
    };
    let sort = match told.waiting.sort {
        Sort::Any if told.waiting.count == 0 => WaitSort::Delay,
        Sort::All => WaitSort::All,
        Sort::Alert => WaitSort::AlertById,
        Sort::Any | Sort::Epoch | Sort::Lot => WaitSort::Any,
    };
    GraphWait {
        sort,
        on: Vec::new(),
        elsewhere: told.waiting.count as usize,
        alertable: told.waiting.alertable,
        since: Duration::from_nanos(now.saturating_sub(told.since)),
        left: left.map(Duration::from_nanos),
    }
}

/// The path of an object's name, if it has one.
pub(super) fn path_of(resident: &ResidentRef, target: Target<'_>) -> Option<String> {
    let mut bytes = Vec::new();
    loop {
        let missing = resident.with_path(target, |path| {
            let (units, write) = path?;
            if bytes.len() == 2 * units {
                write(&mut bytes);
                return None;
            }
            Some(2 * units)
        });
        match missing {
            Err(_) => return None,
            Ok(Some(length)) => bytes.resize(length, 0),
            Ok(None) if bytes.is_empty() => return None,
            Ok(None) => break,
        }
    }
    let units: Vec<u16> = bytes.chunks_exact(2).map(|unit| u16::from_ne_bytes([unit[0], unit[1]])).collect();
    Some(String::from_utf16_lossy(&units))
}

/// The state of an object; its owner is the thread with this label.
pub(super) fn state_of(found: &FoundObject<'_>, owner: Option<&ThreadLabel>) -> String {
    let word = found.word;
    match found.target.kind {
        Kind::Mutant if mutant::is_abandoned(word) => "abandoned".to_owned(),
        Kind::Mutant if mutant::is_free(word) => "free".to_owned(),
        Kind::Mutant => owned_by(owner, u64::from(found.extra) + 1),
        Kind::Semaphore => format!("{} of {}", semaphore::count(word), found.extra),
        Kind::Thread | Kind::Process => if found.signaled { "ended" } else { "runs" }.to_owned(),
        kind => {
            let state = if found.signaled { "signalled" } else { "clear" };
            let reset = if word.has(Word::MANUAL) { "manual" } else { "auto" };
            match kind {
                Kind::Event | Kind::Timer => format!("{state}, {reset} reset"),
                _ => state.to_owned(),
            }
        }
    }
}

/// The state of a lock, as those who are queued for it saw its holder.
pub(super) fn state_of_holder(holder: Option<Holder>, owner: Option<&ThreadLabel>) -> String {
    match (holder, owner) {
        (None, _) => String::new(),
        (Some(Holder::Nobody), _) => "free".to_owned(),
        (Some(Holder::Readers(1)), _) => "held by 1 reader".to_owned(),
        (Some(Holder::Readers(count)), _) => format!("held by {count} readers"),
        (Some(Holder::Owner(_, levels)), _) => owned_by(owner, levels.unsigned_abs().into()),
        (Some(Holder::Pointer(_)), Some(owner)) => format!("held exclusively by {owner}"),
        (Some(Holder::Somebody | Holder::Pointer(_)), _) => "held exclusively".to_owned(),
    }
}

fn owned_by(owner: Option<&ThreadLabel>, levels: u64) -> String {
    let owner = owner.map_or_else(|| "an unknown thread".to_owned(), ThreadLabel::to_string);
    if levels > 1 { format!("owned by {owner}, {levels} levels") } else { format!("owned by {owner}") }
}
