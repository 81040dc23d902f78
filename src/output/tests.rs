//! What an output keeps of a command, and when it tells the start.

use super::*;

/// Keeps the kinds of what it is told, with the run's name.
#[derive(Clone, Default)]
struct Recorder(Arc<Mutex<Vec<String>>>);

impl Watch for Recorder {
    fn tell(&self, told: &Told) {
        let line = serde_json::to_value(told).unwrap();
        let line = format!("{} {} {}", line["event"], line["run"], line["organization"]);
        self.0.lock().unwrap().push(line.replace('"', ""));
    }
}

fn told(awaits: Awaits, act: impl FnOnce(&Output)) -> Vec<String> {
    let recorder = Recorder::default();
    let copy = recorder.clone();
    let output = Output::new(Style::default()).watched_by(|_| Box::new(copy));
    output.begin(Start::default(), awaits);
    act(&output);
    output.finish(0);
    recorder.0.lock().unwrap().clone()
}

#[test]
fn the_start_waits_for_the_organization_and_for_the_run() {
    let act = |output: &Output| {
        output.connected("acme");
        output.run_begins("r1", "acme");
    };
    let all = ["start null acme", "finish r1 null"];
    assert_eq!(told(Awaits::Organization, act), all);
    assert_eq!(told(Awaits::Run, act), ["start r1 acme", all[1]]);
    assert_eq!(told(Awaits::Nothing, act), ["start null null", all[1]]);
    assert_eq!(told(Awaits::Run, |_| {}), ["start null null", "finish null null"]);
}

#[test]
fn what_cannot_wait_comes_after_the_start_from_any_thread() {
    let act = |output: &Output| {
        output.warn(&About::Check.warning("held back by the log, not here"));
        std::thread::scope(|scope| scope.spawn(|| output.error("no_code".into(), "no", None, None)).join()).unwrap();
        output.run_begins("r1", "acme");
        output.warn(&About::Check.warning("known"));
    };
    let expected = [
        "warning null null",
        "start null null",
        "error null null",
        "warning r1 null",
        "finish r1 null",
    ];
    assert_eq!(told(Awaits::Run, act), expected);
}

#[test]
fn the_document_and_the_first_error_are_the_finish() {
    let output = Output::new(Style::default());
    output.document(&serde_json::json!({"first": 1}));
    output.document(&serde_json::json!({"second": 2}));
    output.error("a_code".into(), "a", Some("do b"), None);
    output.error("c_code".into(), "c", None, None);
    let State { document, error, .. } = &*output.state();
    assert_eq!(document, &Some(signed(&serde_json::json!({"first": 1}))));
    assert_eq!(error, &Some(("a; do b".to_owned(), "a_code".into())));
}
