//! What only the API can tell: whether the organization answers, its clock, and whether its list is complete.
//!
//! Doesn't belong here: requests (`api`), the proof of completeness (`inventory`).

use std::time::Duration;

use super::super::{Connected, Context};
use super::Check;
use crate::api::{ApiError, Skew};
use crate::config::{ConfigError, Wishes};
use crate::error::Error;
use crate::inventory::{Completeness, Incomplete, Lines, Listing, Receiver, read_into};
use crate::item::Object;
use crate::output::events::{COMPLETE, PROBABLY_COMPLETE};
use crate::output::{counted, human};

/// Clocks that are further apart than this lead to wrong dates, and to waits that are too long.
const APART: Duration = Duration::from_secs(5 * 60);

/// What is asked by somebody who waits for it ends sooner, unless the command line says otherwise: one repetition, and this
/// for each request.
const SOON: Duration = Duration::from_secs(20);

/// The names of the checks.
pub(in super::super) const ORGANIZATION: &str = "organization";
const CLOCK: &str = "clock";
const LIST: &str = "list";

/// The same wishes for requests that a person waits for.
pub(in super::super) fn quick(context: &Context, mut wishes: Wishes) -> Wishes {
    if !context.given.contains("retries") {
        wishes.retries = wishes.retries.min(1);
    }
    if !context.given.contains("timeout") {
        wishes.timeout = wishes.timeout.min(SOON);
    }
    wishes
}

/// A check of the organization, the clock and the list; without a key nothing is asked.
pub(super) fn all(context: &Context, has_key: bool) -> Vec<Check> {
    let lacking = if has_key { ORGANIZATION } else { "key" };
    let skipped = |name| {
        let detail = format!("not checked, because the check of the {lacking} failed");
        Check::warning(name, detail, format!("fix the {lacking} first"))
    };
    if !has_key {
        return [ORGANIZATION, CLOCK, LIST].map(skipped).to_vec();
    }
    let connected = match context.connect() {
        Ok(connected) => connected,
        Err(error) => return vec![Check::failed(ORGANIZATION, &error), skipped(CLOCK), skipped(LIST)],
    };
    let organization = organization(&connected);
    let is_reached = organization.state == super::State::Ok;
    let clock = match connected.client.clock_skew() {
        Ok(skew) => clock(skew),
        Err(_) => skipped(CLOCK),
    };
    let list = if is_reached {
        list(context, &connected)
    } else {
        skipped(LIST)
    };
    vec![organization, clock, list]
}

/// Whether the organization answers to its key.
pub(in super::super) fn organization(connected: &Connected) -> Check {
    match connected.client.check_access() {
        Ok(()) => Check::ok(
            ORGANIZATION,
            format!("{} answers at {}", connected.org, connected.place),
        ),
        Err(error) => Check::failed(ORGANIZATION, &error.into()),
    }
}

/// The same of what these wishes say; none of it is known where a key or an organization is missing.
pub(in super::super) fn organization_of(context: &Context, wishes: &Wishes) -> Check {
    let Some(org) = wishes.org.as_deref() else {
        return Check::failed(ORGANIZATION, &Error::from(ConfigError::NoOrganization));
    };
    match context.connect_with(&quick(context, wishes.clone()), Some(org)) {
        Ok(connected) => organization(&connected),
        Err(error) => Check::failed(ORGANIZATION, &error),
    }
}

/// How far this machine's clock is from the API's.
fn clock(skew: Option<Skew>) -> Check {
    let Some(skew) = skew else {
        return Check::ok(CLOCK, "not compared: the API's answers have no date");
    };
    let how = match skew {
        Skew::Ahead(_) => "ahead of",
        Skew::Behind(_) => "behind",
    };
    if skew.span() > APART {
        Check::warning(
            CLOCK,
            format!("this machine's clock is {} {how} the API's", human(skew.span())),
            "set the clock, or have it set by a time server (NTP)",
        )
    } else {
        Check::ok(CLOCK, "this machine's clock and the API's agree")
    }
}

/// Counts what is listed.
#[derive(Default)]
struct Count;

impl Receiver for Count {
    type Made = ();

    fn restart(&mut self) {}

    fn item(&mut self, _item: Object) -> Result<(), ApiError> {
        Ok(())
    }

    fn lines(&mut self, _lines: Lines, _made: Option<()>) -> Result<(), ApiError> {
        Ok(())
    }
}

/// Whether all items are listed.
fn list(context: &Context, connected: &Connected) -> Check {
    match read_into(&context.output, &connected.client, None, &mut Count) {
        Ok(listing) => graded(&connected.org, &listing),
        Err(error) => Check::failed(LIST, &error.into()),
    }
}

fn graded(org: &str, listing: &Listing) -> Check {
    let items = counted(listing.count, "item");
    match listing.completeness {
        Completeness::Proved => Check::ok(LIST, format!("{items}, {COMPLETE}")),
        Completeness::Plausible => Check::ok(LIST, format!("{items}, {PROBABLY_COMPLETE}: {}", listing.evidence)),
        Completeness::Cut | Completeness::Unlisted => Check::failed(LIST, &Error::from(Incomplete::of(org, listing))),
    }
}

#[cfg(test)]
mod tests {
    use super::super::State;
    use super::*;

    #[test]
    fn clocks_that_are_minutes_apart_are_a_warning_either_way() {
        let seconds = Duration::from_secs;
        for (skew, state) in [
            (None, State::Ok),
            (Some(Skew::Ahead(seconds(300))), State::Ok),
            (Some(Skew::Behind(seconds(2))), State::Ok),
            (Some(Skew::Ahead(seconds(301))), State::Warning),
            (Some(Skew::Behind(seconds(86_400))), State::Warning),
        ] {
            assert_eq!(clock(skew).state, state, "{skew:?}");
        }
    }
}
