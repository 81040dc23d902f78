//! How the progress of work is shown, and the pause that its bars show.
//!
//! Doesn't belong here: the bars and their words (`progress`).

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// How progress is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Show {
    /// A bar that is drawn again and again, on a terminal.
    Bar,
    /// A line every few seconds.
    Lines,
    /// Nothing.
    Hidden,
}

/// The pause that bars show.
#[derive(Debug, Default)]
pub struct Board {
    /// When it ends, and why there is one.
    pause: Mutex<Option<(Instant, String)>>,
    /// How many bars are shown.
    bars: AtomicUsize,
}

impl Board {
    pub(crate) fn bar_begins(&self) {
        self.bars.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn bar_ends(&self) {
        self.bars.fetch_sub(1, Ordering::Relaxed);
    }

    pub(crate) fn has_bars(&self) -> bool {
        self.bars.load(Ordering::Relaxed) > 0
    }

    pub(crate) fn set_pause(&self, until: Instant, reason: String) {
        *self.pause.lock().unwrap_or_else(PoisonError::into_inner) = Some((until, reason));
    }

    /// How long the pause still lasts, and its reason; none once it is over.
    pub(crate) fn pause(&self) -> Option<(Duration, String)> {
        let pause = self.pause.lock().unwrap_or_else(PoisonError::into_inner);
        let (until, reason) = pause.as_ref()?;
        let left = until.checked_duration_since(Instant::now())?;
        (!left.is_zero()).then(|| (left, reason.clone()))
    }
}
