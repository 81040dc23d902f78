//! Why a transfer gives up.
//!
//! Doesn't belong here: how failures are counted (`upload`).

use crate::api::ApiError;
use crate::error::{Code, UserError, code};
use crate::output::{are, counted, grouped};

/// Why a transfer gives up.
#[derive(Debug, thiserror::Error)]
pub enum TransferError {
    /// Too many items failed.
    #[error("{} of {} failed, which is more than --max-failures allows", grouped(*.failed), counted(*.ended, "item"))]
    TooManyFailures {
        /// How many had failed.
        failed: u64,
        /// How many had ended.
        ended: u64,
    },
    /// Too many rows are rejected. Nothing was sent.
    #[error("{} of {} {} rejected, which is more than --max-rejects allows", grouped(*.rejected), counted(*.read, "row"), are(*.rejected))]
    TooManyRejects {
        /// How many are rejected.
        rejected: u64,
        /// How many were read.
        read: u64,
    },
    /// Item after item failed, and nothing was saved meanwhile.
    #[error("the last {} all failed, and nothing was saved meanwhile; the last one: {cause}", counted(*.items, "item"))]
    NothingSaved {
        /// How many.
        items: u64,
        /// How the last one failed.
        cause: ApiError,
    },
}

impl UserError for TransferError {
    fn code(&self) -> Code {
        code("transfer", self)
    }

    fn hint(&self) -> String {
        match self {
            Self::TooManyFailures { .. } => "correct the rows in the reject file (it has the reasons), then import it",
            Self::TooManyRejects { .. } => {
                "nothing was sent; check the mapping of the columns, correct the rows of the reject file, or allow more"
            }
            Self::NothingSaved { .. } => {
                "if the API fails, run the same command with --resume later; if the rows are wrong, correct them in \
                 the reject file"
            }
        }
        .to_owned()
    }
}
