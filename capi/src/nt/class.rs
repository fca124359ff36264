//! Classes of what is asked and told about objects, by their numbers.

/// `THREADINFOCLASS`.
pub(crate) mod thread {
    pub(crate) const BASIC: u32 = 0;
    pub(crate) const TIMES: u32 = 1;
    pub(crate) const BASE_PRIORITY: u32 = 3;
    pub(crate) const AFFINITY_MASK: u32 = 4;
    pub(crate) const START_ADDRESS: u32 = 9;
    pub(crate) const PRIORITY_BOOST: u32 = 14;
    pub(crate) const HIDE_FROM_DEBUGGER: u32 = 17;
    pub(crate) const GROUP: u32 = 30;
    pub(crate) const NAME: u32 = 38;
}

/// `OBJECT_INFORMATION_CLASS`.
pub(crate) mod object {
    /// Two bytes: inherit, protect from close.
    pub(crate) const HANDLE_FLAGS: u32 = 4;
}

/// `MUTANT_INFORMATION_CLASS`.
pub(crate) mod mutant {
    pub(crate) const OWNER: u32 = 1;
}
