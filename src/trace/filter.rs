//! Which calls are reported: `synchronization,NtWait*,-NtYieldExecution`.

use super::TraceError;
use super::calls::{CALLS, TraceCategory};
use core::str::FromStr;
use tracing::level_filters::LevelFilter;
use tracing::subscriber::Interest;
use tracing::{Metadata, Subscriber};
use tracing_subscriber::layer::{Context, Filter};

/// Which calls are reported: those that one of its rules takes and none excludes.
///
/// As a text, as `NTWAIT_TRACE` has it, it is a list of words with commas between them. Each is the name of a
/// [category](TraceCategory), `all`, or the name of a call, in which `*` stands for any letters and `?` for one. A word with
/// `-` or `!` before it excludes what it names; if there are only such words, all else is taken. Upper and lower case do not
/// matter.
///
/// ```
/// use ntwait::{TraceCategory, TraceFilter};
///
/// let written: TraceFilter = "synchronization, Nt*Thread, -NtYieldExecution".parse()?;
/// let built = TraceFilter::category(TraceCategory::Synchronization)
///     .or(TraceFilter::pattern("Nt*Thread"))
///     .except(TraceFilter::functions(["NtYieldExecution"]));
/// for (call, category, taken) in [
///     ("NtSetEvent", TraceCategory::Synchronization, true),
///     ("NtYieldExecution", TraceCategory::Synchronization, false),
///     ("NtSuspendThread", TraceCategory::Threading, true),
///     ("NtClose", TraceCategory::Handle, false),
/// ] {
///     assert_eq!(written.takes(call, category), taken);
///     assert_eq!(built.takes(call, category), taken);
/// }
/// # Ok::<(), ntwait::TraceError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TraceFilter {
    takes: Vec<Rule>,
    excludes: Vec<Rule>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Rule {
    Category(TraceCategory),
    /// The name of a call, or several at once.
    Pattern(String),
}

impl Rule {
    /// What a word means, if it names anything that there is.
    fn parse(word: &str) -> Option<Self> {
        if word.eq_ignore_ascii_case("all") {
            return Some(Self::Pattern("*".into()));
        }
        let named = TraceCategory::ALL.into_iter().find(|category| word.eq_ignore_ascii_case(category.name()));
        named.map(Self::Category).or_else(|| {
            let is_known = CALLS.iter().any(|call| matches(word.as_bytes(), call.name.as_bytes()));
            is_known.then(|| Self::Pattern(word.into()))
        })
    }

    fn fits(&self, call: &str, category: TraceCategory) -> bool {
        match self {
            Self::Category(wanted) => *wanted == category,
            Self::Pattern(pattern) => matches(pattern.as_bytes(), call.as_bytes()),
        }
    }
}

/// Does the name fit the pattern? Goes back to the last `*` only: what an earlier one takes never matters.
fn matches(pattern: &[u8], name: &[u8]) -> bool {
    let (mut p, mut n) = (0, 0);
    let mut last_star = None;
    while n < name.len() {
        match pattern.get(p) {
            Some(b'*') => {
                last_star = Some((p, n));
                p += 1;
            }
            Some(letter) if *letter == b'?' || letter.eq_ignore_ascii_case(&name[n]) => (p, n) = (p + 1, n + 1),
            _ => match &mut last_star {
                None => return false,
                Some((star, taken)) => {
                    *taken += 1;
                    (p, n) = (*star + 1, *taken);
                }
            },
        }
    }
    pattern[p..].iter().all(|letter| *letter == b'*')
}

impl TraceFilter {
    fn taking(rules: Vec<Rule>) -> Self {
        Self { takes: rules, excludes: Vec::new() }
    }

    /// Every call.
    #[must_use]
    pub fn all() -> Self {
        Self::pattern("*")
    }

    /// The calls of a category.
    #[must_use]
    pub fn category(category: TraceCategory) -> Self {
        Self::taking(vec![Rule::Category(category)])
    }

    /// The calls of these names.
    #[must_use]
    pub fn functions<T: Into<String>>(names: impl IntoIterator<Item = T>) -> Self {
        Self::taking(names.into_iter().map(|name| Rule::Pattern(name.into())).collect())
    }

    /// The calls whose names fit: `*` stands for any letters, `?` for one.
    #[must_use]
    pub fn pattern(pattern: impl Into<String>) -> Self {
        Self::taking(vec![Rule::Pattern(pattern.into())])
    }

    /// What this filter takes or the other; excluded is what either excludes.
    #[must_use]
    pub fn or(mut self, other: Self) -> Self {
        self.takes.extend(other.takes);
        self.excludes.extend(other.excludes);
        self
    }

    /// What this filter takes and no rule of the other does.
    #[must_use]
    pub fn except(mut self, other: Self) -> Self {
        self.excludes.extend(other.takes);
        self
    }

    /// Is a call of this name and category reported?
    #[must_use]
    pub fn takes(&self, call: &str, category: TraceCategory) -> bool {
        let any = |rules: &[Rule]| rules.iter().any(|rule| rule.fits(call, category));
        any(&self.takes) && !any(&self.excludes)
    }

    fn wants(&self, metadata: &Metadata<'_>) -> bool {
        TraceCategory::of(metadata).is_some_and(|category| self.takes(metadata.name(), category))
    }
}

impl Default for TraceFilter {
    fn default() -> Self {
        Self::all()
    }
}

impl FromStr for TraceFilter {
    type Err = TraceError;

    fn from_str(text: &str) -> Result<Self, TraceError> {
        let mut filter = Self::taking(Vec::new());
        for word in text.split(',').map(str::trim).filter(|word| !word.is_empty()) {
            let excluded = word.strip_prefix(['-', '!']).map(str::trim_start);
            let rule = Rule::parse(excluded.unwrap_or(word)).ok_or_else(|| TraceError::UnknownWord(word.into()))?;
            if excluded.is_some() { &mut filter.excludes } else { &mut filter.takes }.push(rule);
        }
        match (filter.takes.is_empty(), filter.excludes.is_empty()) {
            (false, _) => Ok(filter),
            (true, false) => Ok(Self { excludes: filter.excludes, ..Self::all() }),
            (true, true) => Err(TraceError::UnknownWord(text.into())),
        }
    }
}

/// Of one layer: it sees the calls that are wanted, and nothing of others.
impl<S: Subscriber> Filter<S> for TraceFilter {
    fn enabled(&self, metadata: &Metadata<'_>, _: &Context<'_, S>) -> bool {
        self.wants(metadata)
    }

    fn callsite_enabled(&self, metadata: &'static Metadata<'static>) -> Interest {
        if self.wants(metadata) { Interest::always() } else { Interest::never() }
    }

    fn max_level_hint(&self) -> Option<LevelFilter> {
        Some(LevelFilter::TRACE)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn table_of_patterns() {
        let rows = [
            ("NtSetEvent", "NtSetEvent", true),
            ("ntsetevent", "NtSetEvent", true),
            ("NtSetEvent", "NtSetEventBoostPriority", false),
            ("NtSetEventBoostPriority", "NtSetEvent", false),
            ("Nt*Event", "NtSetEvent", true),
            ("Nt*Event", "NtWaitForKeyedEvent", true),
            ("Nt*Event", "NtSetEventBoostPriority", false),
            ("Nt*Event*", "NtSetEventBoostPriority", true),
            ("*Event*Event", "NtOpenEvent", false),
            ("*e*e*e*", "NtReleaseKeyedEvent", true),
            ("Nt???Event", "NtSetEvent", true),
            ("Nt??Event", "NtSetEvent", false),
            ("*", "NtSetEvent", true),
            ("**", "", true),
            ("?", "", false),
            ("", "", true),
            ("", "NtSetEvent", false),
        ];
        for (pattern, name, expected) in rows {
            assert_eq!(matches(pattern.as_bytes(), name.as_bytes()), expected, "{pattern} {name}");
        }
    }
}
