//! What is wrong with an answer that is no failure by its status.
//!
//! Doesn't belong here: how an answer is judged (`answer`).

use crate::files::bounds;

/// What is wrong with an answer that is no failure by its status.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Oddity {
    /// A web page: a proxy's, a login's, another site's.
    #[error("a web page came back instead of data{}", quoted(.0))]
    Page(String),
    /// Neither a page nor JSON.
    #[error("the answer isn't JSON{}", quoted(.0))]
    NotJson(String),
    /// `success` is false, though the status says otherwise.
    #[error("the server reports a failure{}", quoted(.0))]
    NotSuccess(String),
    /// A list's `data` is no array.
    #[error("the answer holds no list of items{}", quoted(.0))]
    NotAList(String),
    /// JSON of another shape.
    #[error("the answer has an unknown shape: {0}")]
    Shape(String),
    /// More bytes after the JSON's end.
    #[error("there is more data after the end of the answer")]
    Trailing,
    /// A single item was asked for, another one came.
    #[error("the answer has another item than the requested one")]
    OtherItem,
    /// An answer that is longer than any such answer can be.
    #[error("the answer holds more than {}, the most that is read of such an answer", bounds::size(*.0))]
    TooLong(u64),
    /// A status such as 202, 204 or 206.
    #[error("the status {0} doesn't show that the request was carried out")]
    Status(u16),
}

pub(super) fn quoted(message: &str) -> String {
    if message.is_empty() {
        String::new()
    } else {
        format!(": \"{message}\"")
    }
}
