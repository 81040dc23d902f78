//! The codes of [`ApiError`], which programs know its errors by.
//!
//! Doesn't belong here: their texts, which may change.

use super::super::loss::Loss;
use super::{ApiError, Oddity};

/// An error's code.
pub(super) fn of(error: &ApiError) -> &'static str {
    match error {
        ApiError::Base(_) => "api_bad_address",
        ApiError::Key(_) => "api_bad_key",
        ApiError::Org(_) => "api_bad_organization",
        ApiError::Id(_) => "api_bad_id",
        ApiError::Body => "api_bad_body",
        ApiError::NoNewKey(_) => "api_no_new_key",
        ApiError::Proxy { .. } => "api_proxy",
        ApiError::Setup(_) => "api_no_certificates",
        ApiError::Resources(_) => "api_no_resources",
        ApiError::Unauthorized { .. } => "api_unauthorized",
        ApiError::Forbidden { .. } => "api_forbidden",
        ApiError::NoOrganization { .. } => "api_no_organization",
        ApiError::WrongUrl { .. } => "api_not_found",
        ApiError::Blocked { .. } => "api_blocked",
        ApiError::MethodNotAllowed { .. } => "api_method_not_allowed",
        ApiError::Redirected { .. } => "api_redirected",
        ApiError::Refused { .. } => "api_refused",
        ApiError::NoArrays { .. } => "api_no_arrays",
        ApiError::TooMany { .. } => "api_too_many_requests",
        ApiError::TooLong { .. } => "api_wait_too_long",
        ApiError::ServerError { .. } => "api_server_error",
        ApiError::Lost { how: Loss::Timeout, .. } => "api_timeout",
        ApiError::Lost { .. } => "api_connection_lost",
        ApiError::Unreachable { .. } => "api_unreachable",
        ApiError::Foreign(Oddity::Page(_)) => "api_web_page",
        ApiError::Foreign(_) => "api_foreign_answer",
        ApiError::WrongEcho(_) => "api_wrong_echo",
        ApiError::Interrupted => "api_interrupted",
        ApiError::Receiver(_) => "api_list_not_kept",
    }
}
