//! `--json-log`: every event as one JSON object a line.
//!
//! `start` is the first line and `finish` the last. What happens before the start is known is held back until then.
//!
//! Doesn't belong here: which events there are (`events`), when the start is known (`output`).

use std::io::Write;
use std::sync::{Mutex, PoisonError};

use super::events::{Event, Told, Watch};
use super::tame::tame_json;

/// Writes the log.
pub(super) struct JsonLog<W> {
    quiet: bool,
    state: Mutex<State<W>>,
}

struct State<W> {
    out: W,
    /// What came before the start; none once that is written.
    held: Option<Vec<Told>>,
    is_finished: bool,
}

impl<W: Write> JsonLog<W> {
    /// A log into `out`; with `quiet`, of the essential events only.
    pub(super) fn new(out: W, quiet: bool) -> Self {
        let state = State {
            out,
            held: Some(Vec::new()),
            is_finished: false,
        };
        Self {
            quiet,
            state: Mutex::new(state),
        }
    }
}

impl<W: Write + Send> Watch for JsonLog<W> {
    fn tell(&self, told: &Told) {
        if self.quiet && !told.event.is_essential() {
            return;
        }
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if state.is_finished {
            return;
        }
        let is_start = matches!(told.event, Event::Start(_));
        if let Some(held) = state.held.as_mut().filter(|_| !is_start) {
            held.push(told.clone());
            return;
        }
        state.write(told);
        for mut earlier in state.held.take().into_iter().flatten() {
            earlier.run.clone_from(&told.run);
            state.write(&earlier);
        }
    }
}

impl<W: Write> State<W> {
    fn write(&mut self, told: &Told) {
        self.is_finished |= matches!(told.event, Event::Finish { .. });
        let Ok(line) = serde_json::to_string(told) else {
            return;
        };
        let line = format!("{}\n", tame_json(&line));
        // One write for a line, so that other writers don't break it. Where even standard error is closed there is nowhere
        // left to report that.
        let _ = self.out.write_all(line.as_bytes()).and_then(|()| self.out.flush());
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::super::events::{Progress, Start};
    use super::*;

    fn told(run: Option<&str>, event: Event) -> Told {
        Told {
            time: "2026-11-28T02:00:00Z".to_owned(),
            run: run.map(str::to_owned),
            event,
        }
    }

    fn warning(message: &str) -> Event {
        Event::Warning {
            code: "check",
            message: message.to_owned(),
        }
    }

    fn start() -> Event {
        Event::Start(Start {
            command: Some("import".to_owned()),
            organization: Some("acme".to_owned()),
            file: None,
            version: "1",
            contract: 1,
        })
    }

    fn finish() -> Event {
        Event::Finish {
            exit: 3,
            error: None,
            error_code: None,
            summary: Some(json!({"read": 2, "seconds": 0.25})),
        }
    }

    fn lines(quiet: bool, events: &[(Option<&str>, Event)]) -> Vec<Value> {
        let log = JsonLog::new(Vec::new(), quiet);
        for (run, event) in events {
            log.tell(&told(*run, event.clone()));
        }
        let state = log.state.into_inner().unwrap();
        let text = String::from_utf8(state.out).unwrap();
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    #[test]
    fn start_is_first_and_gives_what_came_before_it_the_runs_name() {
        let lines = lines(
            false,
            &[
                (None, warning("before")),
                (Some("r1"), start()),
                (Some("r1"), warning("after")),
            ],
        );
        assert_eq!(
            lines,
            [
                json!({"time": "2026-11-28T02:00:00Z", "run": "r1", "event": "start", "command": "import",
                    "organization": "acme", "file": null, "version": "1", "contract": 1}),
                json!({"time": "2026-11-28T02:00:00Z", "run": "r1", "event": "warning", "code": "check",
                    "message": "before"}),
                json!({"time": "2026-11-28T02:00:00Z", "run": "r1", "event": "warning", "code": "check",
                    "message": "after"}),
            ]
        );
    }

    #[test]
    fn nothing_follows_finish() {
        let lines = lines(
            false,
            &[
                (None, start()),
                (None, finish()),
                (None, warning("late")),
                (None, finish()),
            ],
        );
        let kinds: Vec<&str> = lines.iter().filter_map(|line| line["event"].as_str()).collect();
        assert_eq!(kinds, ["start", "finish"]);
        assert_eq!(
            lines[1],
            json!({"time": "2026-11-28T02:00:00Z", "run": null, "event": "finish", "exit": 3, "error": null,
                "error_code": null,
                "summary": {"read": 2, "seconds": 0.25}})
        );
    }

    #[test]
    fn a_quiet_log_keeps_start_warnings_errors_rejected_rows_and_finish() {
        let progress = Progress {
            work: "Uploading".to_owned(),
            done: 1,
            total: Some(2),
            per_second: 1.0,
            problems: 0,
            retries: 0,
            concurrency: 1,
            message: String::new(),
        };
        let rejected = Event::Rejected {
            message: "no id".to_owned(),
            value: String::new(),
        };
        let error = Event::Error {
            code: "config_no_key".into(),
            message: "no key".to_owned(),
            hint: None,
            place: Some("/tmp/x".into()),
        };
        let events = [
            (None, start()),
            (None, warning("w")),
            (None, Event::Progress(progress)),
            (None, rejected),
            (None, error),
            (None, finish()),
        ];
        let kinds = |quiet| -> Vec<String> {
            let lines = lines(quiet, &events);
            lines
                .iter()
                .map(|line| line["event"].as_str().unwrap().to_owned())
                .collect()
        };
        assert_eq!(kinds(true), ["start", "warning", "rejected", "error", "finish"]);
        assert_eq!(
            kinds(false),
            ["start", "warning", "progress", "rejected", "error", "finish"]
        );
    }
}
