//! How threads and objects are called in a graph, and their states in words.

use super::Builder;
use crate::graph::collect::FoundObject;
use crate::graph::{GraphKind, ObjectLabel, ThreadLabel, ThreadStage};
use crate::objects::thread::Stage;
use crate::objects::word::Word;
use crate::objects::{Kind, Target, mutant, semaphore};
use crate::runtime::ResidentRef;
use crate::sys::tasks;

impl Builder<'_, '_> {
    pub(super) fn label_of_object(&self, found: &FoundObject<'_>, owner: Option<usize>) -> ObjectLabel {
        let kind = kind_of(found.target.kind);
        let name = match (kind, owner) {
            (GraphKind::Thread, Some(thread)) => Some(self.graph.threads[thread].label.to_string()),
            _ => path_of(self.findings.residents[found.resident], found.target),
        };
        ObjectLabel { kind, name, handles: Vec::new(), address: None }
    }

    pub(super) fn state_of(&self, found: &FoundObject<'_>, owner: Option<usize>) -> String {
        let word = found.word;
        let owned_by = || self.who(owner);
        match found.target.kind {
            Kind::Mutant if mutant::is_abandoned(word) => "abandoned".to_owned(),
            Kind::Mutant if mutant::is_free(word) => "free".to_owned(),
            Kind::Mutant if found.extra > 0 => {
                format!("owned by {}, {} levels", owned_by(), u64::from(found.extra) + 1)
            }
            Kind::Mutant => format!("owned by {}", owned_by()),
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

    /// The owner of something that has one.
    pub(super) fn who(&self, owner: Option<usize>) -> String {
        owner.map_or_else(|| "an unknown thread".to_owned(), |owner| self.graph.threads[owner].label.to_string())
    }
}

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

const fn kind_of(kind: Kind) -> GraphKind {
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
