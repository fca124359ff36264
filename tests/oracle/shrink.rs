//! The shortest history that can be found that still does what a long one does.

use super::op::{Names, Op, Step, Terms};

/// Fewer and plainer steps that still do it.
pub(crate) fn shrink(history: &[Step], mut still: impl FnMut(&[Step]) -> bool) -> Vec<Step> {
    let mut shortest = fewer(history, &mut still);
    let mut place = 0;
    while place < shortest.len() {
        let plainer = simpler(shortest[place].op).into_iter().find_map(|op| {
            let mut plainer = shortest.clone();
            plainer[place].op = op;
            still(&plainer).then_some(plainer)
        });
        match plainer {
            Some(plainer) => shortest = plainer,
            None => place += 1,
        }
    }
    fewer(&shortest, &mut still)
}

/// Takes steps out for as long as `still` holds: first in large pieces, in the end one by one (delta debugging). Removing a step never
/// makes the rest meaningless: what cannot be done is passed over.
fn fewer(history: &[Step], still: &mut impl FnMut(&[Step]) -> bool) -> Vec<Step> {
    let mut shortest = history.to_vec();
    let mut piece = shortest.len().div_ceil(2);
    while piece > 0 {
        let before = shortest.len();
        let mut from = 0;
        while from < shortest.len() {
            let mut shorter = shortest.clone();
            shorter.drain(from..(from + piece).min(shortest.len()));
            if still(&shorter) {
                shortest = shorter;
            } else {
                from += piece;
            }
        }
        // At single steps: again until none can be spared.
        if piece > 1 || shortest.len() == before {
            piece /= 2;
        }
    }
    shortest
}

/// The same with an object less, or not alertable.
fn simpler(op: Op) -> Vec<Op> {
    let mut variants = Vec::new();
    let Some(terms) = op.terms() else {
        return variants;
    };
    if let Op::Wait(what, names, _) = op
        && names.len() > 1
    {
        for left_out in 0..names.len() {
            let rest = names.iter().enumerate().filter(|(place, _)| *place != left_out).map(|(_, name)| *name);
            variants.push(Op::Wait(what, Names::of(rest), terms));
        }
    }
    if terms.alertable {
        variants.push(op.with_terms(Terms { alertable: false, ..terms }));
    }
    variants
}
