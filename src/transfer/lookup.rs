//! Asking for items one by one, where the list can't be relied on.
//!
//! Doesn't belong here: a list that can (`inventory`).

use rayon::prelude::*;

use super::Supply;
use crate::api::{ApiError, Client};
use crate::error::Error;
use crate::inventory::{ItemStore, Receiver as _};
use crate::item::Object;
use crate::output::Output;
use crate::progress::Progress;

/// How many ids are gathered before they are asked for together.
const TOGETHER: usize = 1_024;

/// What asking for an item has shown.
enum Found {
    Item(Object),
    Nothing,
    /// Others can be read; why this one can't.
    Unreadable(String),
}

fn find(client: &Client, id: &str) -> Result<Found, ApiError> {
    match client.get(id) {
        Ok(Some(item)) => Ok(Found::Item(item)),
        Ok(None) => Ok(Found::Nothing),
        Err(failure) if client.block_on(client.is_about_one_item(&failure)) => {
            Ok(Found::Unreadable(failure.to_string()))
        }
        Err(failure) => Err(failure),
    }
}

/// Asks for every item of the supply that the store doesn't hold yet, `jobs` at a time.
pub(super) fn fetch(
    output: &Output,
    client: &Client,
    supply: &dyn Supply,
    store: &mut ItemStore,
    jobs: usize,
) -> Result<(), Error> {
    let pool = rayon::ThreadPoolBuilder::new().num_threads(jobs).build().ok();
    let progress = Progress::begin(output, "Requesting items", supply.describe().count);
    let mut waiting = Vec::with_capacity(TOGETHER);
    let ask = |ids: &mut Vec<String>, store: &mut ItemStore| -> Result<(), Error> {
        let one = |id: &String| find(client, id);
        let found: Result<Vec<Found>, ApiError> = match &pool {
            Some(pool) => pool.install(|| ids.par_iter().map(one).collect()),
            None => ids.iter().map(one).collect(),
        };
        progress.done(ids.len() as u64);
        for (id, found) in ids.drain(..).zip(found?) {
            match found {
                Found::Item(item) => store.item(item)?,
                Found::Nothing => {}
                Found::Unreadable(reason) => {
                    progress.problems(1);
                    store.unreadable().insert(id, reason);
                }
            }
        }
        Ok(())
    };
    supply.items(&mut |id| {
        if store.get(id)?.is_none() {
            waiting.push(id.to_owned());
        }
        if waiting.len() == TOGETHER {
            ask(&mut waiting, store)?;
        }
        Ok(())
    })?;
    ask(&mut waiting, store)?;
    progress.clear();
    Ok(())
}
