//! Deliberate bugs, so that the simulation can show that it finds them. They are compiled in by the feature `mutants` alone,
//! which no shipped program has, and at most one of them is alive in a process.

/// A deliberate bug.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mutant {
    /// A command that is there already is stored once more.
    NoIdempotency = 1,
    /// A hole in the numbers of a desk is not noticed.
    NoOrder = 2,
    /// What was sent is no longer kept at the desk.
    DroppedWhenSent = 3,
    /// What was answered is no longer kept at the desk.
    DroppedOnAnswer = 4,
    /// A receipt number is used up before the rule book was asked.
    NumberBeforeDecision = 6,
    /// The centre refuses a fact that collides.
    RefusesFacts = 7,
    /// A refused claim is sent for ever.
    RetriesRefused = 9,
    /// A row gets its number without the head row.
    WithoutHeadRow = 11,
    /// An old epoch is taken for the new one.
    IgnoresEpoch = 12,
    /// A call that was replaced is not voided.
    NotVoided = 14,
    /// A machine that is there twice is not noticed.
    NoCloneDetection = 16,
}

impl Mutant {
    /// All of them.
    pub const ALL: [Mutant; 11] = [
        Mutant::NoIdempotency,
        Mutant::NoOrder,
        Mutant::DroppedWhenSent,
        Mutant::DroppedOnAnswer,
        Mutant::NumberBeforeDecision,
        Mutant::RefusesFacts,
        Mutant::RetriesRefused,
        Mutant::WithoutHeadRow,
        Mutant::IgnoresEpoch,
        Mutant::NotVoided,
        Mutant::NoCloneDetection,
    ];
}

#[cfg(feature = "mutants")]
static ALIVE: std::sync::atomic::AtomicU8 = std::sync::atomic::AtomicU8::new(0);

/// Brings a bug to life in this process, or none.
#[cfg(feature = "mutants")]
pub fn bring_to_life(mutant: Option<Mutant>) {
    ALIVE.store(mutant.map_or(0, |m| m as u8), std::sync::atomic::Ordering::Relaxed);
}

/// Is this bug alive? Never, in a program without the feature.
#[cfg(feature = "mutants")]
pub fn on(mutant: Mutant) -> bool {
    ALIVE.load(std::sync::atomic::Ordering::Relaxed) == mutant as u8
}

/// Is this bug alive? Never, in a program without the feature.
#[cfg(not(feature = "mutants"))]
pub const fn on(_: Mutant) -> bool {
    false
}
