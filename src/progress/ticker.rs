//! Redraws a bar while nothing is reported, so that its spinner, its rate and a pause's countdown go on.
//!
//! indicatif's own steady tick panics where the system gives no thread; without this one, the bar is drawn on reports only.
//! Doesn't belong here: what a bar shows (`progress`).

use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::thread::{Builder, JoinHandle};
use std::time::Duration;

use indicatif::ProgressBar;

/// The time between two redraws.
const EVERY: Duration = Duration::from_millis(200);

/// Redraws a bar until it is dropped.
pub(super) struct Ticker {
    /// Dropped first: the thread ends then.
    end: Option<Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Ticker {
    /// Starts to redraw; `None` if no thread can be started.
    pub(super) fn start(bar: &ProgressBar) -> Option<Self> {
        let bar = bar.clone();
        let (end, ended) = channel();
        let redraw = move || {
            while ended.recv_timeout(EVERY) == Err(RecvTimeoutError::Timeout) {
                bar.tick();
            }
        };
        let thread = Builder::new().name("ticker".to_owned()).spawn(redraw).ok()?;
        Some(Self {
            end: Some(end),
            thread: Some(thread),
        })
    }
}

impl Drop for Ticker {
    fn drop(&mut self) {
        self.end = None;
        if let Some(thread) = self.thread.take() {
            // A thread that panicked has ended too.
            let _ = thread.join();
        }
    }
}
