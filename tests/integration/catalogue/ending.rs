//! Errors of the journey itself: lists that are cut, limits that are reached, runs that are stopped.

use stockport::api::ApiError;
use stockport::cli::UsageError;
use stockport::commands::CommandError;
use stockport::error::Interrupted;
use stockport::inventory::Incomplete;
use stockport::report::{Imbalance, RejectError, ReportError};
use stockport::sheet::write::WriteError;
use stockport::transfer::TransferError;

use super::{Catalogue, variants};

variants!(command of CommandError as "CommandError":
    TwoResults, NoFormat, Scheduled, NoTerminal, NoLogin, ProfileExists, Declined, NoConsent, StoppedAtOnce,
);
variants!(reject of RejectError as "RejectError": NoFile, NoFormat);
variants!(report of ReportError as "ReportError": NoFormat);
variants!(transfer of TransferError as "TransferError": TooManyFailures, TooManyRejects, NothingSaved);

pub(super) fn add(all: &mut Catalogue) {
    all.take(vec![
        RejectError::NoFile(WriteError::NoFolder("done".into())),
        RejectError::NoFormat("bad.xls".to_owned()),
    ]);
    all.take(vec![ReportError::NoFormat("report.pdf".to_owned())]);
    all.also("Imbalance", Imbalance("200 read = 198 created".to_owned()));
    all.take(vec![
        CommandError::TwoResults("--csv"),
        CommandError::NoFormat("inventory".to_owned()),
        CommandError::Scheduled(UsageError::UnknownOption {
            given: "--kep-daily".to_owned(),
            nearest: Some("--keep-daily".to_owned()),
            elsewhere: Vec::new(),
            file: None,
            within: "stockport backup create".to_owned(),
        }),
        CommandError::NoTerminal,
        CommandError::NoLogin,
        CommandError::ProfileExists("main".to_owned()),
        CommandError::Declined("Create 8 and update 2 items in green-valley".to_owned()),
        CommandError::NoConsent("Delete 120 items of green-valley".to_owned()),
        CommandError::StoppedAtOnce,
    ]);
    all.also("Interrupted", Interrupted);
    all.also("Temporary", std::io::Error::from(std::io::ErrorKind::StorageFull));
    let incomplete = Incomplete {
        org: "green-valley".to_owned(),
        evidence: "it stops at 1,000 items, whatever is asked; missing: A1, A2, A3, A4, A5, …".to_owned(),
    };
    all.also("Incomplete", incomplete);
    all.take(vec![
        TransferError::TooManyFailures { failed: 51, ended: 400 },
        TransferError::TooManyRejects {
            rejected: 40,
            read: 400,
        },
        TransferError::NothingSaved {
            items: 1_000,
            cause: ApiError::ServerError {
                status: 500,
                retry_after: None,
                html: false,
                message: "An unknown error occurred.".to_owned(),
            },
        },
    ]);
}
