//! `stockport runs RUN`: one run in full: its account, its changes field by field, its failures and its files.
//!
//! Doesn't belong here: the list of runs (`commands::runs`), what a journal holds (`journal`).

use serde_json::{Map, Value, json};

use super::super::{Context, runs_folder};
use super::{document, lines};
use crate::error::Error;
use crate::item::{ITEM_ID, Object};
use crate::journal::{Ended, Ending, Journal, Problem};
use crate::output::{Output, Tone, counted};
use crate::plan::{Action, shown};
use crate::runs::{Run, Runs};
use crate::transfer::{placed, stored_in_words};

/// How many entries of a list a terminal shows.
const SHOWN: usize = 20;

/// The facts that name a file which a run has written, with what it is.
const FACTS: [(&str, &str); 4] = [
    ("snapshot", "snapshot from before"),
    ("safety copy", "snapshot from before"),
    ("snapshot of the source", "snapshot of the source"),
    ("snapshot of the target", "snapshot of the target"),
];

/// The same of the summary.
const SUMMARY: [(&str, &str); 5] = [
    ("rejects_file", "reject file"),
    ("rejects_files", "reject file"),
    ("snapshot", "snapshot from before"),
    ("certificate", "certificate"),
    ("certificate_page", "certificate"),
];

/// Shows one run.
pub(super) fn show(context: &Context, name: &str) -> Result<(), Error> {
    let run = Runs::new(runs_folder(true)?).look_up(name)?.readable()?;
    let output = &context.output;
    let journal = (!run.is_record())
        .then(|| Journal::open_existing(&run.path))
        .transpose()?;
    let files = files(&run);
    let (warnings, codes) = warnings(&run);
    let mut rejected = Vec::new();
    if let Some(journal) = &journal {
        journal.each_reject(&mut |problem| rejected.push(problem))?;
    }
    let mut head = match document(&run) {
        Value::Object(head) => head,
        _ => Map::new(),
    };
    head.insert(
        "options".to_owned(),
        json!(run.fact("options").lines().collect::<Vec<_>>()),
    );
    head.insert("version".to_owned(), json!(run.fact("version")));
    let named = files.iter().map(|(what, path)| json!({"what": what, "path": path}));
    head.insert("files".to_owned(), named.collect());
    head.insert("rejected".to_owned(), rejected.iter().map(rejected_document).collect());
    head.insert("warnings".to_owned(), json!(warnings));
    head.insert("warning_codes".to_owned(), json!(codes));
    if output.is_json() {
        return output.long_document(&Value::Object(head), "changes", &mut |take| match &journal {
            Some(journal) => journal.each_ended::<Error>(&mut |ended| {
                take(&ended_document(&ended));
                Ok(true)
            }),
            None => Ok(()),
        });
    }
    output.document(&Value::Object(head));
    account(output, &run);
    if let Some(journal) = &journal {
        changes(output, journal)?;
    }
    list(output, "Rejected:", rejected.iter().map(rejected_line));
    list(output, "Warnings:", warnings.iter().cloned());
    output.result("Files:");
    for (what, path) in &files {
        let path = std::path::Path::new(path);
        output.result_naming(&format!("  {what}: {}", path.display()), &[path]);
    }
    Ok(())
}

/// What the list of runs shows, and when it was.
fn account(output: &Output, run: &Run) {
    for line in lines(output, run) {
        output.result(&line);
    }
    let ended = match run.fact("ended") {
        "" => String::new(),
        ended => format!(", ended {ended}"),
    };
    let exit = run.exit().map(|exit| format!(", exit {exit}")).unwrap_or_default();
    output.result(&format!("  started {}{ended}{exit}", run.fact("started")));
    output.result(&format!("  API {}", run.fact("api")));
    if let Ok(Some(tally)) = run.tally() {
        output.result(&format!("  {}", tally.equation()));
    }
}

/// The changes, what is stored differently, and the failures, each as a list of its own.
fn changes(output: &Output, journal: &Journal) -> Result<(), Error> {
    let most = if output.is_seen() { SHOWN } else { usize::MAX };
    let mut section = Section::new(output, "Changes:", most);
    journal.each_ended::<Error>(&mut |ended| {
        if ended.ending == Ending::Done {
            section.add(|| change_line(&ended));
        }
        Ok(true)
    })?;
    section.end();
    let (count, items) = journal.stored_differently(most)?;
    let mut section = Section::new(output, "Stored differently from what was sent:", most);
    for item in &items {
        section.add(|| stored_in_words(item));
    }
    section.more(count.saturating_sub(items.len() as u64));
    section.end();
    for (heading, endings) in [
        (
            "Unknown: sent, and no answer shows whether it was saved:",
            [Ending::Unknown, Ending::Unknown],
        ),
        ("Failed:", [Ending::Failed, Ending::Left]),
        ("Not attempted:", [Ending::NotAttempted, Ending::NotAttempted]),
    ] {
        let mut section = Section::new(output, heading, most);
        journal.each_ended::<Error>(&mut |ended| {
            if endings.contains(&ended.ending) {
                section.add(|| failure_line(&ended));
            }
            Ok(true)
        })?;
        section.end();
    }
    Ok(())
}

/// A list with a heading; on a terminal its first entries, and where the others stand.
struct Section<'a> {
    output: &'a Output,
    heading: &'a str,
    most: usize,
    count: u64,
}

impl<'a> Section<'a> {
    fn new(output: &'a Output, heading: &'a str, most: usize) -> Self {
        Self {
            output,
            heading,
            most,
            count: 0,
        }
    }

    fn add(&mut self, line: impl FnOnce() -> String) {
        if self.count == 0 {
            self.output.result(self.heading);
        }
        self.count += 1;
        if self.count <= self.most as u64 {
            self.output.result(&format!("  {}", line()));
        }
    }

    /// So many entries follow that are not given.
    fn more(&mut self, more: u64) {
        self.count += more;
    }

    fn end(self) {
        let more = self.count.saturating_sub(self.most as u64);
        if more > 0 {
            let line = format!(
                "  … and {} (a pipe gets all of them, and so does --json)",
                counted(more, "more item")
            );
            self.output.result(&self.output.paint(Tone::Dim, &line));
        }
    }
}

fn list(output: &Output, heading: &str, entries: impl Iterator<Item = String>) {
    let mut section = Section::new(output, heading, if output.is_seen() { SHOWN } else { usize::MAX });
    for entry in entries {
        section.add(|| entry);
    }
    section.end();
}

/// `A1: quantity 12 → 10.5, name "Kush" → "Kush 2"`, `+ A2 "Kush"` or `- A3 "Kush"`
fn change_line(ended: &Ended) -> String {
    let change = &ended.change;
    let name = |item: Option<&Object>| {
        let name = item.and_then(|item| item.get("name")).filter(|name| !name.is_null());
        name.map(|name| format!(" {}", shown(Some(name)))).unwrap_or_default()
    };
    match change.action {
        Action::Create => format!("+ {}{}", change.id, name(Some(&change.body))),
        Action::Delete => format!("- {}{}", change.id, name(change.before.as_ref())),
        Action::Update => {
            let fields = fields(ended)
                .map(|(field, before, after)| format!("{field} {} → {}", shown(before), shown(Some(after))));
            format!("{}: {}", change.id, fields.collect::<Vec<_>>().join(", "))
        }
    }
}

fn failure_line(ended: &Ended) -> String {
    match &ended.reason {
        Some(reason) => format!("{}: {reason}", ended.change.id),
        None => ended.change.id.clone(),
    }
}

/// The fields that were sent, with the values from before and those that were sent.
fn fields(ended: &Ended) -> impl Iterator<Item = (&str, Option<&Value>, &Value)> {
    let before = ended.change.before.as_ref();
    let sent = ended.change.body.iter().filter(|(field, _)| field.as_str() != ITEM_ID);
    sent.map(move |(field, after)| (field.as_str(), before.and_then(|before| before.get(field)), after))
}

fn ended_document(ended: &Ended) -> Value {
    let change = &ended.change;
    let fields = fields(ended).map(|(field, before, after)| {
        let mut document = json!({"field": field, "before": before, "after": after});
        if let Some(stored) = ended.stored.as_ref().and_then(|stored| stored.get(field)) {
            document["stored"] = stored.clone();
        }
        document
    });
    let mut document = json!({
        "item": change.id, "action": change.action.name(), "state": ended.ending.name(), "reason": ended.reason,
        "fields": fields.collect::<Vec<_>>(),
    });
    if change.action == Action::Delete {
        document["before"] = json!(change.before);
    }
    document
}

fn rejected_line(problem: &Problem) -> String {
    placed(&format!("line {}", problem.origin.line), &problem.rejection.reason)
}

fn rejected_document(problem: &Problem) -> Value {
    let rejection = &problem.rejection;
    json!({
        "line": problem.origin.line, "column": rejection.column, "value": rejection.value, "reason": rejection.reason,
    })
}

/// The warnings of a run, and the code of each; none where a run of stockport 0.2 or before has none.
fn warnings(run: &Run) -> (Vec<String>, Vec<Value>) {
    let ahead = run.warning().into_iter();
    let ahead = ahead.map(|warning| (warning.text, json!(warning.about.code())));
    let summary = run.summary();
    let noted = summary["warnings"].as_array().into_iter().flatten().filter_map(text_of);
    let noted = noted.enumerate();
    ahead
        .chain(noted.map(|(at, text)| (text, summary["warning_codes"][at].clone())))
        .unzip()
}

fn text_of(value: &Value) -> Option<String> {
    value.as_str().map(str::to_owned)
}

/// The files of a run: what they are, and where.
fn files(run: &Run) -> Vec<(&'static str, String)> {
    let journal = if run.is_record() { "record" } else { "journal" };
    let mut files = vec![(journal, run.path.to_string_lossy().into_owned())];
    let folder = std::path::Path::new(run.fact("folder"));
    let mut add = |what, path: &str| {
        if path.is_empty() {
            return;
        }
        let path = if path == "-" {
            path.to_owned()
        } else {
            folder.join(path).to_string_lossy().into_owned()
        };
        let path = path.as_str();
        if files.iter().all(|(_, known)| known != path) {
            files.push((what, path.to_owned()));
        }
    };
    for (fact, what) in FACTS {
        add(what, run.fact(fact));
    }
    let summary = run.summary();
    let keys: &[(&str, &'static str)] = if run.is_record() {
        &[("folder", "folder")]
    } else {
        &SUMMARY
    };
    for (key, what) in keys {
        match &summary[*key] {
            Value::Array(paths) => paths.iter().filter_map(Value::as_str).for_each(|path| add(what, path)),
            path => path.as_str().into_iter().for_each(|path| add(what, path)),
        }
    }
    if run.is_record() {
        add("written to", run.target());
    }
    for file in run.files() {
        if file.sha256.is_some() && !file.path.starts_with("org:") {
            add("read from", &file.path);
        }
    }
    files
}
