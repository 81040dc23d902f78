//! `--metrics`: how the command ended, in Prometheus' text format, for the textfile collector of `node_exporter`.
//!
//! The file is replaced in one step and holds the last run of one command, with a series for each organization. What a
//! failed run doesn't know comes from the earlier file: when the last success was, and which organizations there are.
//!
//! Doesn't belong here: when it is written (`notify`), which snapshot can be relied on (`snapshot`).

use std::io::{ErrorKind, Write as _};
use std::path::Path;

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::cause;
use crate::files;
use crate::output::{About, Output};
use crate::sheet::write::{AtomicFile, WriteError};
use crate::snapshot::Shelf;

/// The longest earlier file that is read, in bytes.
const MOST: u64 = 4 << 20;
const EXIT: &str = "stockport_last_run_exit_code";
const SUCCESS: &str = "stockport_last_success_timestamp_seconds";
const NEWEST: &str = "stockport_backup_newest_snapshot_timestamp_seconds";

/// The metrics with their help, in the order of [`Run::values`]; the last one is for backups alone.
const METRICS: [(&str, &str); 9] = [
    (EXIT, "Exit code of the last run; 0 is success."),
    (
        "stockport_last_run_end_timestamp_seconds",
        "Time when the last run ended.",
    ),
    ("stockport_last_run_duration_seconds", "Duration of the last run."),
    ("stockport_last_run_items_read", "Items or rows read by the last run."),
    ("stockport_last_run_items_written", "Items written by the last run."),
    (
        "stockport_last_run_requests",
        "Requests of the last run, with repeated ones.",
    ),
    ("stockport_last_run_retries", "Requests that the last run repeated."),
    (SUCCESS, "Time of the last success; 0 is never."),
    (
        NEWEST,
        "Time of the newest complete snapshot; 0 is none. Age: time() minus this.",
    ),
];

/// What is known of a run at its end.
pub(super) struct Run<'r> {
    pub(super) command: &'r str,
    pub(super) exit: u8,
    pub(super) seconds: f64,
    /// The document of `--json`.
    pub(super) document: &'r Value,
    /// The organizations that the command line names.
    pub(super) orgs: &'r [String],
    /// The backup's folder, of a command that makes one.
    pub(super) dir: Option<&'r Path>,
}

impl Run<'_> {
    /// Writes the file. What can't be read on the way is a warning.
    pub(super) fn write(&self, path: &Path, output: &Output) -> Result<(), WriteError> {
        let earlier = files::read_named_text(path, MOST).unwrap_or_else(|cause| {
            if cause.kind() != ErrorKind::NotFound {
                let cause = cause::io(&cause);
                output.warn(&About::MetricsFailed.warning(format!(
                    "the earlier metrics in {} can't be read: {cause}",
                    path.display()
                )));
            }
            String::new()
        });
        let mut file = AtomicFile::create(path, true)?;
        let written = file.write_all(self.text(&earlier, output).as_bytes());
        written.map_err(|cause| WriteError::File {
            path: path.to_owned(),
            doing: "written",
            cause,
        })?;
        file.commit()
    }

    fn text(&self, earlier: &str, output: &Output) -> String {
        let now = Timestamp::now();
        let rows: Vec<(String, Vec<Value>)> = self
            .parts(earlier)
            .iter()
            .map(|(org, part)| {
                let labels = format!("{}{}\"}}", self.prefix(), escaped(org));
                let mut values = self.values(part, &labels, earlier, now);
                values.extend(self.dir.map(|dir| newest(dir, org, now, output)));
                (labels, values)
            })
            .collect();
        let mut text = String::new();
        let shown = METRICS.iter().take(rows.first().map_or(0, |(_, values)| values.len()));
        for (place, (name, help)) in shown.enumerate() {
            text += &format!("# HELP {name} {help}\n# TYPE {name} gauge\n");
            for (labels, values) in &rows {
                let value = values.get(place).unwrap_or(&Value::Null);
                text += &format!("{name}{labels} {value}\n");
            }
        }
        text
    }

    /// How the labels of this command begin.
    fn prefix(&self) -> String {
        format!("{{command=\"{}\",organization=\"", escaped(self.command))
    }

    /// The organizations, each with its part of the document. A run that fails before it knows one has failed for those that
    /// the command line names, or else for those of the earlier file.
    fn parts(&self, earlier: &str) -> Vec<(String, &Value)> {
        let backups = self.document.get("backups").and_then(Value::as_array);
        let parts = backups.map_or(std::slice::from_ref(self.document), Vec::as_slice);
        let key = match self.command {
            "export" => "source",
            _ if backups.is_some() => "organization",
            _ => "target",
        };
        let own = |part: &Value| part.get(key)?.as_str().filter(|org| !org.is_empty()).map(str::to_owned);
        let mut rows: Vec<(String, &Value)> = parts.iter().filter_map(|part| Some((own(part)?, part))).collect();
        if self.exit != 0 {
            let prefix = format!("{EXIT}{}", self.prefix());
            let before = earlier
                .lines()
                .filter_map(|line| line.strip_prefix(&prefix)?.rsplit_once("\"} "));
            let named = match self.orgs {
                [] => before.map(|(org, _)| unescaped(org)).collect(),
                orgs => orgs.to_vec(),
            };
            for org in named {
                if !rows.iter().any(|(known, _)| *known == org) {
                    rows.push((org, &Value::Null));
                }
            }
        }
        if rows.is_empty() {
            rows.push((String::new(), self.document));
        }
        rows
    }

    fn values(&self, part: &Value, labels: &str, earlier: &str, now: Timestamp) -> Vec<Value> {
        let given = |keys: &[&str]| {
            keys.iter()
                .find_map(|key| part.get(key).filter(|value| value.is_number()))
        };
        let number = |keys: &[&str]| given(keys).cloned().unwrap_or(json!(0));
        let sum = ["created", "updated", "deleted"]
            .iter()
            .filter_map(|key| part.get(key)?.as_u64())
            .sum::<u64>();
        let exit = given(&["exit"]).cloned().unwrap_or(json!(self.exit));
        let success = if exit == json!(0) {
            json!(now.as_second())
        } else {
            let before = format!("{SUCCESS}{labels} ");
            let before = earlier
                .lines()
                .find_map(|line| line.strip_prefix(&before)?.trim().parse::<i64>().ok());
            json!(before.unwrap_or_default())
        };
        vec![
            exit,
            json!(now.as_second()),
            given(&["seconds"]).cloned().unwrap_or(json!(self.seconds)),
            number(&["held", "read", "items"]),
            given(&["items"]).cloned().unwrap_or(json!(sum)),
            number(&["requests"]),
            number(&["retries"]),
            success,
        ]
    }
}

/// The time of the newest complete snapshot of an organization.
fn newest(dir: &Path, org: &str, now: Timestamp, output: &Output) -> Value {
    let newest = Shelf::of(dir, org).and_then(|shelf| shelf.newest_whole(now));
    let newest = newest.map_err(|error| {
        output.warn(&About::MetricsFailed.warning(format!("--metrics knows no newest snapshot: {error}")));
    });
    let whole = newest.ok().and_then(|newest| newest.whole);
    json!(whole.map_or(0, |(_, moment)| moment.as_second()))
}

/// The value of a label as the format escapes it.
fn escaped(text: &str) -> String {
    text.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
}

fn unescaped(text: &str) -> String {
    let mut plain = String::new();
    let mut characters = text.chars();
    while let Some(c) = characters.next() {
        match (c, if c == '\\' { characters.next() } else { None }) {
            (_, Some('n')) => plain.push('\n'),
            (_, Some(escaped)) => plain.push(escaped),
            (c, None) => plain.push(c),
        }
    }
    plain
}
