//! Wrong variants of the model. Each breaks one fact; whoever compares must find it.

#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(crate) enum Flaw {
    /// E6.
    PulseStays,
    /// W9.
    AnyTakesTheLast,
    /// W23.
    LastInFirstOut,
    /// W12.
    AllIsContentWithOneLess,
    /// W8.
    DuplicatesAreTakenTwice,
    /// W22.
    AlertBeatsObject,
    /// A11, A26.
    EveryWaitIsAlertable,
    /// A2.
    ApcsAreLastInFirstOut,
    /// W35.
    LastCloseEndsWaits,
    /// H21, H23.
    DuplicateKeepsRights,
    /// M8.
    MutantIsNotRecursive,
    /// M10.
    MutantIsNotHandedOver,
    /// M14.
    AbandonmentIsLost,
    /// SE5.
    LimitOffByOne,
}
