//! Decisions on items one after the other, for supplies that have each of their items as a tree.
//!
//! Doesn't belong here: what is decided (each supply), plans that are made on all processors (`plan`).

use super::{Pass, TakePart};
use crate::columns::{Origin, Rejection};
use crate::error::Error;
use crate::inventory::{Lookup, Window};
use crate::item::Object;
use crate::item::text::Item;
use crate::plan::{Decision, PlanPart};

/// Collects decisions and hands them on in parts.
pub struct Each<'t, 's> {
    stored: &'t Lookup<'s>,
    window: Window,
    part: PlanPart,
    take: &'t mut TakePart<'t>,
}

impl<'t, 's> Each<'t, 's> {
    /// Begins with no decision.
    pub fn new(stored: &'t Lookup<'s>, take: &'t mut TakePart<'t>) -> Self {
        Self {
            stored,
            window: Window::default(),
            part: PlanPart::default(),
            take,
        }
    }

    /// What the organization holds under an id.
    pub fn stored(&mut self, id: &str) -> Result<Option<Object>, Error> {
        let found = self.stored.with(id, &mut self.window, |item| item.map(Item::to_object));
        Ok(found?)
    }

    /// Why it is not known what the organization holds under an id, where that is so.
    #[must_use]
    pub fn unreadable(&self, id: &str) -> Option<&str> {
        self.stored.unreadable(id)
    }

    /// Adds what was decided on an item; `id` is empty where it has none that can be used.
    pub fn put(&mut self, origin: Origin, id: &str, decision: Result<Decision, Vec<Rejection>>) -> Result<(), Error> {
        self.part.put(origin, id, decision);
        if self.part.is_full() {
            (self.take)(std::mem::take(&mut self.part))?;
        }
        Ok(())
    }

    /// Hands on the rest.
    pub fn end(self) -> Result<Pass, Error> {
        (self.take)(self.part)?;
        Ok(Pass::Stands)
    }
}
