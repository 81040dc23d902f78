//! How an answer gets lost on its way.
//!
//! Doesn't belong here: what follows from it (`error`, `wait`).

/// How an answer got lost.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Loss {
    /// The deadline passed, or the stall timeout of a list.
    #[error("the answer timed out")]
    Timeout,
    /// The connection was closed before an answer.
    #[error("the connection was closed before the answer")]
    Reset,
    /// The answer began and didn't end.
    #[error("the answer was truncated")]
    Cut,
}
