//! A handle that the work reports to: a bar on a terminal, a line every few seconds elsewhere, or nothing.
//!
//! Belongs here: how far the work is, shown while it goes on. Doesn't: results (`report`, `output`). The only room
//! that names indicatif.

mod ticker;
pub mod waiting;

use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use console::Term;
use indicatif::{HumanCount, HumanDuration, ProgressBar, ProgressDrawTarget, ProgressState, ProgressStyle};

use self::ticker::Ticker;
use crate::output::events::{self, Event};
use crate::output::{Board, Output, Show, counted, grouped, rounded, tame, wrapped};

/// How often a line is written where there is no terminal (cron, systemd, a pipe).
const LINE_EVERY: Duration = Duration::from_secs(5);

/// Terminals narrower than this have no room for a bar and its numbers in one line.
const NARROW: u16 = 72;

/// The progress of one piece of work.
pub struct Progress<'a> {
    title: String,
    output: &'a Output,
    show: Show,
    bar: ProgressBar,
    /// The bar stands on lines of its own, for want of room.
    narrow: bool,
    total: Option<u64>,
    done: AtomicU64,
    retries: AtomicU64,
    problems: AtomicU64,
    concurrency: AtomicUsize,
    began: Instant,
    next_line: Mutex<Instant>,
    ticker: Option<Ticker>,
}

impl<'a> Progress<'a> {
    /// Begins to show a piece of work; `total` is its number of items, where it is known.
    #[must_use]
    pub fn begin(output: &'a Output, title: &str, total: Option<u64>) -> Self {
        let show = output.progress();
        let bar = match show {
            Show::Bar => ProgressBar::with_draw_target(total, ProgressDrawTarget::stderr_with_hz(10)),
            Show::Lines | Show::Hidden => ProgressBar::hidden(),
        };
        let narrow = show == Show::Bar && Term::stderr().size().1 < NARROW;
        let board = output.board();
        bar.set_style(style(total.is_some(), narrow, output.is_ascii(), board));
        bar.set_prefix(tame(title).into_owned());
        let ticker = (show == Show::Bar).then(|| Ticker::start(&bar)).flatten();
        if show == Show::Bar {
            board.bar_begins();
        }
        let now = Instant::now();
        Self {
            title: title.to_owned(),
            output,
            show,
            bar,
            narrow,
            total,
            done: AtomicU64::new(0),
            retries: AtomicU64::new(0),
            problems: AtomicU64::new(0),
            concurrency: AtomicUsize::new(0),
            began: now,
            next_line: Mutex::new(now + LINE_EVERY),
            ticker,
        }
    }

    /// So many more items have ended, well or not.
    pub fn done(&self, items: u64) {
        self.done.fetch_add(items, Ordering::Relaxed);
        self.bar.inc(items);
        self.tell();
    }

    /// What was counted counts for nothing: the work begins anew.
    pub fn restart(&self) {
        self.done.store(0, Ordering::Relaxed);
        self.bar.set_position(0);
    }

    /// One more request is repeated.
    pub fn retried(&self) {
        self.retries.fetch_add(1, Ordering::Relaxed);
        self.tell();
    }

    /// So many more items have ended badly.
    pub fn problems(&self, items: u64) {
        self.problems.fetch_add(items, Ordering::Relaxed);
        self.tell();
    }

    /// How many requests may be under way now.
    pub fn concurrency(&self, requests: usize) {
        self.concurrency.store(requests, Ordering::Relaxed);
    }

    /// How many requests have been repeated.
    #[must_use]
    pub fn retries(&self) -> u64 {
        self.retries.load(Ordering::Relaxed)
    }

    /// Ends the showing: the bar stays on the screen as it is, also where the work stopped before its end.
    pub fn finish(mut self) {
        self.ticker = None;
        self.bar.set_message(self.message());
        self.bar.abandon();
    }

    /// Ends the showing without a trace.
    pub fn clear(mut self) {
        self.ticker = None;
        self.bar.finish_and_clear();
    }

    fn tell(&self) {
        match self.show {
            Show::Bar => self.bar.set_message(self.message()),
            Show::Lines => self.tell_line(),
            Show::Hidden => {}
        }
    }

    fn tell_line(&self) {
        let now = Instant::now();
        {
            let mut next = self.next_line.lock().unwrap_or_else(PoisonError::into_inner);
            if now < *next {
                return;
            }
            *next = now + LINE_EVERY;
        }
        let done = self.done.load(Ordering::Relaxed);
        let seconds = self.began.elapsed().as_secs_f64().max(0.001);
        let rate = done as f64 / seconds;
        let of = self
            .total
            .map(|total| format!(" of {}", counted(total, "item")))
            .unwrap_or_default();
        let left = match self.total {
            Some(total) if rate > 0.0 => {
                let left = Duration::try_from_secs_f64(total.saturating_sub(done) as f64 / rate).unwrap_or_default();
                format!(", about {} left", HumanDuration(left))
            }
            _ => String::new(),
        };
        let message = format!(
            "{}: {}{of}, {}/s{left}{}",
            self.title,
            if self.total.is_some() {
                grouped(done)
            } else {
                counted(done, "item")
            },
            rounded(rate),
            self.state()
        );
        self.output.tell(Event::Progress(events::Progress {
            work: self.title.clone(),
            done,
            total: self.total,
            per_second: rate.round(),
            problems: self.problems.load(Ordering::Relaxed),
            retries: self.retries(),
            concurrency: self.concurrency.load(Ordering::Relaxed),
            message,
        }));
    }

    fn state(&self) -> String {
        let mut state = String::new();
        let problems = self.problems.load(Ordering::Relaxed);
        if problems > 0 {
            let noun = if problems == 1 { "problem" } else { "problems" };
            state += &format!(", {} {noun}", HumanCount(problems));
        }
        let retries = self.retries();
        if retries > 0 {
            let noun = if retries == 1 { "retry" } else { "retries" };
            state += &format!(", {} {noun}", HumanCount(retries));
        }
        let concurrency = self.concurrency.load(Ordering::Relaxed);
        if concurrency > 0 {
            state += &format!(", {concurrency} at once");
        }
        state
    }

    /// The state as it stands behind the bar, or in a line below it.
    fn message(&self) -> String {
        let state = self.state();
        match state.strip_prefix(", ") {
            Some(state) if self.narrow => format!("\n{state}"),
            _ => state,
        }
    }
}

impl Drop for Progress<'_> {
    fn drop(&mut self) {
        if self.show == Show::Bar {
            self.output.board().bar_ends();
        }
    }
}

fn style(total_is_known: bool, narrow: bool, ascii: bool, board: &Arc<Board>) -> ProgressStyle {
    let template = match (total_is_known, narrow) {
        (true, false) => "{prefix} [{wide_bar}] {pos_grouped}/{len_grouped} items, {rate}, ETA {eta}{msg}\n{wait}",
        (true, true) => "{prefix} [{wide_bar}] {percent}%\n{pos_grouped}/{len_grouped}, {rate}, ETA {eta}{msg}\n{wait}",
        (false, _) => "{prefix} {spinner} {pos_grouped} items, {rate}{msg}\n{wait}",
    };
    let style = ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar());
    // The usual spinner is of Braille's dots.
    let style = if ascii { style.tick_chars("-\\|/ ") } else { style };
    let board = Arc::clone(board);
    style
        .progress_chars("=> ")
        .with_key("pos_grouped", |state: &ProgressState, w: &mut dyn std::fmt::Write| {
            let _ = write!(w, "{}", HumanCount(state.pos()));
        })
        .with_key("len_grouped", |state: &ProgressState, w: &mut dyn std::fmt::Write| {
            let _ = write!(w, "{}", HumanCount(state.len().unwrap_or_default()));
        })
        .with_key("rate", |state: &ProgressState, w: &mut dyn std::fmt::Write| {
            let _ = write!(w, "{}/s", rounded(state.per_sec()));
        })
        .with_key("wait", move |state: &ProgressState, w: &mut dyn std::fmt::Write| {
            // A finished bar stays on the screen, and waits for nothing.
            if let Some(text) = waiting::text(&board).filter(|_| !state.is_finished()) {
                // Broken between words, which the terminal would not do.
                let _ = w.write_str(&wrapped(&tame(&text), usize::from(Term::stderr().size().1)));
            }
        })
}
