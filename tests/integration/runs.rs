//! The runs of a machine: their order, journals that can't be read, and what that means for `undo` and `--resume`.

use std::fs;
use std::path::{Path, PathBuf};

use rusqlite::Connection;
use serde_json::{Value, json};

use crate::support::Stockport;
use crate::support::faulty::{Fault, Faulty, Rule};
use crate::support::load::contents;
use crate::support::terminal::Terminal;

const ORG: &str = "sandbox-company";

fn folder(stockport: &Stockport) -> PathBuf {
    stockport.home().join("state").join("stockport").join("runs")
}

/// Imports so many new items whose ids begin so; gives the run's name.
fn import(stockport: &Stockport, prefix: &str, count: u64, status: &str) -> String {
    let mut csv = "item_id,name,status\n".to_owned();
    for number in 0..count {
        csv += &format!("{prefix}{number},Item {prefix}{number},{status}\n");
    }
    stockport.write(&format!("{prefix}.csv"), csv);
    let run = stockport
        .run(["import", &format!("{prefix}.csv"), "--json"])
        .ok()
        .json();
    run["run"].as_str().unwrap().to_owned()
}

fn journal(stockport: &Stockport, run: &str) -> PathBuf {
    folder(stockport).join(format!("{run}.sqlite"))
}

/// Does this to a run's journal, as damage would.
fn damage(path: &Path, statements: &str) {
    let journal = Connection::open(path).unwrap();
    journal.execute_batch(statements).unwrap();
}

fn held(server: &Faulty, prefix: &str) -> usize {
    let items = contents(server, ORG);
    items.keys().filter(|id| id.starts_with(prefix)).count()
}

fn listed(stockport: &Stockport) -> Vec<Value> {
    let runs = stockport.run(["runs", "--json"]).ok().json();
    runs["runs"].as_array().unwrap().clone()
}

/// Moves a run to a moment of the clock's, as if the clock had been wrong when it began.
fn redate(stockport: &Stockport, run: &str, moment: &str) -> String {
    let number = run.rsplit_once('-').unwrap().1;
    let name = format!("{moment}-{number}");
    fs::rename(journal(stockport, run), journal(stockport, &name)).unwrap();
    name
}

#[test]
fn the_last_run_is_the_one_that_was_made_last_whatever_the_clock_said() {
    let server = Faulty::new();
    let stockport = Stockport::new().at_faulty(&server, ORG);
    let ahead = import(&stockport, "A", 3, "x");
    let ahead = redate(&stockport, &ahead, "2999-01-01T00-00-00.000Z");
    let behind = import(&stockport, "B", 3, "x");
    let behind = redate(&stockport, &behind, "1970-01-01T00-00-00.000Z");
    let runs = listed(&stockport);
    assert_eq!([&runs[0]["run"], &runs[1]["run"]], [&json!(behind), &json!(ahead)]);
    let shown = stockport.run(["runs"]).ok();
    assert!(
        shown.stderr.contains(&format!("run {ahead} is dated in the future")),
        "{}",
        shown.stderr
    );
    assert!(
        !shown.stderr.contains(&format!("run {behind} is dated")),
        "{}",
        shown.stderr
    );
    stockport.run(["undo", "--yes"]).ok();
    assert_eq!((held(&server, "A"), held(&server, "B")), (3, 0));
}

#[test]
fn a_resumed_import_keeps_the_warning_of_a_run_that_is_dated_in_the_future() {
    let server = Faulty::new();
    let stockport = Stockport::new().at_faulty(&server, ORG);
    let run = import(&stockport, "A", 3, "x");
    let ahead = redate(&stockport, &run, "2999-01-01T00-00-00.000Z");
    let resume = format!("--resume={ahead}");
    let summary = stockport.run(["import", "A.csv", &resume, "--json"]).ok().json();
    let warnings = summary["warnings"].to_string();
    assert!(
        warnings.contains(&format!("run {ahead} is dated in the future")),
        "{summary}"
    );
}

#[test]
fn runs_of_version_0_1_0_have_no_number_and_come_before_all_others() {
    let server = Faulty::new();
    let stockport = Stockport::new().at_faulty(&server, ORG);
    let old = import(&stockport, "A", 3, "x");
    let name = "2999-01-01T00-00-00-000Z-ffff";
    fs::rename(journal(&stockport, &old), journal(&stockport, name)).unwrap();
    import(&stockport, "B", 3, "x");
    stockport.run(["undo", "--yes"]).ok();
    assert_eq!((held(&server, "A"), held(&server, "B")), (3, 0));
    stockport.run(["undo", name, "--yes"]).ok();
    assert_eq!(held(&server, "A"), 0);
}

#[test]
fn a_number_is_never_given_twice_even_where_the_journals_are_gone() {
    let server = Faulty::new();
    let stockport = Stockport::new().at_faulty(&server, ORG);
    let number = |run: &str| run.rsplit_once('-').unwrap().1.parse::<u64>().unwrap();
    let first = import(&stockport, "A", 1, "x");
    fs::remove_file(journal(&stockport, &first)).unwrap();
    assert!(number(&import(&stockport, "B", 1, "x")) > number(&first));
    // Nor where the counter's own file is gone.
    for entry in fs::read_dir(folder(&stockport)).unwrap().flatten() {
        if entry.file_name().to_string_lossy().starts_with(".number-") {
            fs::remove_file(entry.path()).unwrap();
        }
    }
    assert!(number(&import(&stockport, "C", 1, "x")) > number(&first) + 1);
}

#[test]
fn a_journal_that_cannot_be_read_is_listed_with_the_reason_and_stops_an_undo_without_a_name() {
    type Harm = fn(&Path);
    let harms: [(&str, &str, Harm); 6] = [
        ("cut short", "is damaged", |path| {
            let bytes = fs::read(path).unwrap();
            fs::write(path, &bytes[..60_000]).unwrap();
        }),
        ("empty", "the file is empty", |path| fs::write(path, "").unwrap()),
        ("random", "is damaged", |path| fs::write(path, vec![7; 70_000]).unwrap()),
        ("foreign", "is not a stockport journal", |path| {
            fs::remove_file(path).unwrap();
            damage(path, "CREATE TABLE notes (x)");
        }),
        ("newer", "newer version", |path| {
            damage(path, "PRAGMA user_version = 99");
        }),
        ("a folder", "it is a folder", |path| {
            fs::remove_file(path).unwrap();
            fs::create_dir(path).unwrap();
        }),
    ];
    for (what, reason, harm) in harms {
        let server = Faulty::new();
        let stockport = Stockport::new().at_faulty(&server, ORG);
        let first = import(&stockport, "A", 30, "x");
        let second = import(&stockport, "B", 30, "x");
        harm(&journal(&stockport, &second));
        let runs = listed(&stockport);
        assert_eq!(runs[0]["run"], json!(second), "{what}");
        assert!(runs[0]["fault"].as_str().unwrap().contains(reason), "{what}: {runs:?}");
        let shown = stockport.run(["runs"]).ok().stdout;
        assert!(
            shown.contains("can't be read") && shown.contains(reason),
            "{what}: {shown}"
        );
        let refused = stockport.run(["undo", "--yes"]).exit(1).stderr;
        assert!(
            refused.contains(&second) && refused.contains(reason),
            "{what}: {refused}"
        );
        stockport.run(["undo", &second, "--yes"]).exit(1);
        assert_eq!((held(&server, "A"), held(&server, "B")), (30, 30), "{what}");
        // What can't be read stops nobody who says which run is meant, nor a new run.
        import(&stockport, "C", 1, "x");
        stockport.run(["undo", &first, "--yes"]).ok();
        assert_eq!((held(&server, "A"), held(&server, "B")), (0, 30), "{what}");
    }
}

#[test]
fn nothing_is_sent_on_the_word_of_a_journal_with_missing_or_changed_values() {
    for harm in [
        "DELETE FROM bodies WHERE seq > 20",
        "UPDATE bodies SET before = NULL",
        "UPDATE bodies SET before = 'oops' WHERE seq = 7",
        "UPDATE bodies SET before = replace(before, 'Kush', 'Bush') WHERE seq = 7",
        "UPDATE bodies SET body = '' WHERE seq = 1",
        "DELETE FROM changes WHERE seq = 3",
        "DELETE FROM ranges",
        "DELETE FROM batches; DELETE FROM ranges WHERE rowid > 0; DELETE FROM outcomes",
    ] {
        let server = Faulty::new();
        for number in 0..50 {
            let item = json!({"item_id": format!("A{number}"), "name": "Kush", "status": "old"});
            server.put(ORG, &item);
        }
        let stockport = Stockport::new().at_faulty(&server, ORG);
        let run = import(&stockport, "A", 50, "new");
        let before = contents(&server, ORG);
        damage(&journal(&stockport, &run), harm);
        for undo in [&["undo", "--yes"][..], &["undo", &run, "--yes"]] {
            let ended = stockport.run(undo).exit(1).stderr;
            assert!(ended.contains("is damaged"), "{harm}: {ended}");
        }
        assert_eq!(contents(&server, ORG), before, "{harm}");
    }
}

#[test]
fn an_interrupted_run_whose_journal_is_damaged_is_not_resumed() {
    let server = Faulty::new();
    let stockport = Stockport::new().at_faulty(&server, ORG);
    server.add_rule(Rule::from(2, Fault::Redirect).on("POST"));
    let rows: Vec<String> = (0..100).map(|n| format!("A{n},Kush")).collect();
    stockport.write("in.csv", format!("item_id,name\n{}\n", rows.join("\n")));
    let run = stockport.run(["import", "in.csv", "--json", "--batch", "20", "--jobs", "1"]);
    let name = run.exit(1).json()["run"].as_str().unwrap().to_owned();
    server.behave();
    damage(
        &journal(&stockport, &name),
        "UPDATE bodies SET body = replace(body, 'Kush', 'Bush') WHERE seq = 1",
    );
    let refused = stockport.run(["import", "in.csv", "--resume"]).exit(1).stderr;
    assert!(refused.contains("is damaged"), "{refused}");
    fs::write(journal(&stockport, &name), "").unwrap();
    let refused = stockport.run(["import", "in.csv", "--resume"]).exit(1).stderr;
    assert!(
        refused.contains(&name) && refused.contains("the file is empty"),
        "{refused}"
    );
    stockport.run(["import", "in.csv"]).ok();
    assert_eq!(held(&server, "A"), 100);
}

#[test]
fn an_undo_that_was_cut_short_is_continued_by_the_same_command() {
    for named in [false, true] {
        let server = Faulty::new();
        for number in 0..60 {
            server.put(
                ORG,
                &json!({"item_id": format!("A{number}"), "name": "Kush", "status": "old"}),
            );
        }
        let before = contents(&server, ORG);
        let stockport = Stockport::new().at_faulty(&server, ORG);
        // It updates sixty and creates forty.
        let run = import(&stockport, "A", 100, "new");
        server.add_rule(Rule::from(2, Fault::Redirect).on("POST"));
        let mut undo = vec!["undo", "--yes", "--json", "--batch", "10", "--jobs", "1"];
        if named {
            undo.push(&run);
        }
        let first = stockport.run(&undo).exit(1).json();
        assert!(first["not_attempted"].as_u64().unwrap() > 0, "{first}");
        let half = contents(&server, ORG);
        assert!(half != before, "something is still to be undone");
        server.behave();
        let second = stockport.run(&undo).ok().json();
        assert_eq!(contents(&server, ORG), before);
        assert_eq!(second["run"], first["run"], "it is one run");
        assert_eq!(
            [&second["read"], &second["updated"], &second["deleted"]],
            [&json!(100), &json!(60), &json!(40)],
            "{second}"
        );
        // And the whole of it can be taken back by its name.
        stockport.run(["undo", second["run"].as_str().unwrap()]).ok();
        assert_eq!(held(&server, "A"), 100);
        assert_eq!(contents(&server, ORG)["A1"]["status"], "new");
    }
}

#[test]
fn what_somebody_changed_while_an_undo_was_cut_short_stays_and_is_named_and_the_account_holds() {
    let server = Faulty::new();
    for number in 0..60 {
        server.put(
            ORG,
            &json!({"item_id": format!("A{number}"), "name": "Kush", "status": "old"}),
        );
    }
    let stockport = Stockport::new().at_faulty(&server, ORG);
    import(&stockport, "A", 60, "new");
    server.add_rule(Rule::from(2, Fault::Redirect).on("POST"));
    let undo = ["undo", "--yes", "--json", "--batch", "10", "--jobs", "1"];
    stockport.run(undo).exit(1);
    server.behave();
    // One that was restored already, and one that was not.
    for number in [0, 59] {
        server.put(
            ORG,
            &json!({"item_id": format!("A{number}"), "name": "Kush", "status": "theirs"}),
        );
    }
    let again = stockport.run(undo).exit(3);
    let summary = again.json();
    crate::support::load::assert_adds_up(&summary, "continued");
    assert_eq!(
        [&summary["updated"], &summary["rejected"]],
        [&json!(59), &json!(1)],
        "{summary}"
    );
    assert!(again.stderr.contains("A59 is not changed"), "{}", again.stderr);
    let items = contents(&server, ORG);
    assert_eq!([&items["A0"]["status"], &items["A59"]["status"]], ["theirs", "theirs"]);
    assert_eq!(items["A30"]["status"], "old");
}

#[test]
fn an_undo_is_not_undone_unless_it_is_named_and_either_wish_is_told() {
    let server = Faulty::new();
    let stockport = Stockport::new().at_faulty(&server, ORG);
    let first = import(&stockport, "A", 3, "x");
    let second = import(&stockport, "B", 3, "x");
    let undo = stockport.run(["undo", "--yes", "--json"]).ok().json();
    let undo = undo["run"].as_str().unwrap();
    let refused = stockport.run(["undo", "--yes"]).exit(1).stderr;
    for told in [
        format!("the last run, {second}, was undone already by run {undo}"),
        format!("`stockport undo {undo}`"),
        format!("`stockport undo {first}`"),
    ] {
        assert!(refused.contains(&told), "{told}: {refused}");
    }
    assert_eq!((held(&server, "A"), held(&server, "B")), (3, 0));
    stockport.run(["undo", undo, "--yes"]).ok();
    assert_eq!((held(&server, "A"), held(&server, "B")), (3, 3));
    // Now the second run is in effect again, and the one to name.
    let refused = stockport.run(["undo", "--yes"]).exit(1).stderr;
    assert!(refused.contains(&format!("`stockport undo {second}`")), "{refused}");
    stockport.run(["undo", &second, "--yes"]).ok();
    assert_eq!((held(&server, "A"), held(&server, "B")), (3, 0));
    stockport.run(["undo", &first, "--yes"]).ok();
    let refused = stockport.run(["undo", "--yes"]).exit(1).stderr;
    assert!(
        refused.contains("was undone already") && !refused.contains("before it"),
        "{refused}"
    );
}

#[test]
fn several_runs_are_undone_in_one_go_the_newest_first() {
    let server = Faulty::new();
    server.put(ORG, &json!({"item_id": "A0", "name": "Kush", "status": "old"}));
    let before = contents(&server, ORG);
    let stockport = Stockport::new().at_faulty(&server, ORG);
    let first = import(&stockport, "A", 20, "one");
    let second = import(&stockport, "A", 30, "two");
    let shown = stockport.run(["undo", &first, &second, "--dry-run"]).ok().stdout;
    assert!(shown.contains("29 delete") && shown.contains("1 update"), "{shown}");
    let order = (shown.find(&second).unwrap(), shown.find(&first).unwrap());
    assert!(order.0 < order.1, "{shown}");
    assert_eq!(held(&server, "A"), 30);
    let undone = stockport
        .run(["undo", &first, &second, &first, "--yes", "--json"])
        .ok()
        .json();
    assert_eq!(undone["undoes"], json!([second, first]));
    assert_eq!(
        [&undone["read"], &undone["deleted"], &undone["updated"]],
        [&json!(30), &json!(29), &json!(1)]
    );
    assert_eq!(contents(&server, ORG), before);
    stockport.run(["undo", undone["run"].as_str().unwrap()]).ok();
    assert_eq!(contents(&server, ORG)["A19"]["status"], "two");
}

#[test]
fn an_undo_that_deletes_says_what_and_needs_somebody_to_agree() {
    let server = Faulty::new();
    let stockport = Stockport::new().at_faulty(&server, ORG);
    let run = import(&stockport, "A", 12, "x");
    let refused = stockport.run(["undo"]).exit(2);
    assert!(refused.stderr.contains("--yes"), "{}", refused.stderr);
    for told in [
        &run,
        "import of A.csv",
        ORG,
        "12 created",
        "12 delete",
        "- A0 \"Item A0\"",
        "2 more items",
    ] {
        assert!(refused.stdout.contains(told), "{told}: {}", refused.stdout);
    }
    assert_eq!(held(&server, "A"), 12);
    assert!(server.requests().iter().all(|request| request.method != "DELETE"));
    let Some(terminal) = Terminal::open(&stockport, 100) else {
        return;
    };
    terminal.begin(&["undo"]);
    let screen = terminal.wait_for("[y/N]", false);
    assert!(screen.contains("delete 12 items"), "{screen}");
    terminal.key("n");
    terminal.key("Enter");
    assert_eq!(terminal.code(), "1");
    assert_eq!(held(&server, "A"), 12);
    // Nothing was done, so that there is nothing to continue.
    stockport.run(["undo", "--yes"]).ok();
    assert_eq!(held(&server, "A"), 0);
}

#[test]
fn what_a_resumed_run_created_is_known_once() {
    let server = Faulty::new();
    let stockport = Stockport::new().at_faulty(&server, ORG);
    server.add_rule(Rule::from(3, Fault::Redirect).on("POST"));
    let rows: Vec<String> = (0..100).map(|n| format!("A{n},Kush")).collect();
    stockport.write("in.csv", format!("item_id,name\n{}\n", rows.join("\n")));
    let pace = ["--batch", "20", "--jobs", "1"];
    stockport.run(["import", "in.csv"].iter().chain(&pace)).exit(1);
    server.behave();
    stockport.run(["import", "in.csv", "--resume"].iter().chain(&pace)).ok();
    // A list of the hundred items is neither shrunken nor cut, and one of forty is.
    stockport.run(["export", "all.csv"]).ok();
    for number in 40..100 {
        server.remove(ORG, &format!("A{number}"));
    }
    let refused = stockport.run(["import", "in.csv"]).exit(1).stderr;
    assert!(refused.contains("lists 40 items, where 100 were known"), "{refused}");
}

/// Changes some bytes of a file, as a failing disk would; the same ones for the same seed.
fn spoil(bytes: &mut Vec<u8>, seed: u64) {
    let mut random = fastrand::Rng::with_seed(seed);
    let at = random.usize(..bytes.len());
    match seed % 4 {
        0 => bytes.truncate(at),
        1 => bytes.iter_mut().skip(at).take(2_000).for_each(|byte| *byte = 0),
        _ => {
            for _ in 0..random.usize(1..20) {
                let at = random.usize(..bytes.len());
                bytes[at] ^= 1 << random.u8(..8);
            }
        }
    }
}

#[test]
fn whatever_is_damaged_in_the_last_journal_its_run_is_undone_whole_or_nothing_is_sent() {
    let server = Faulty::new();
    for number in 0..20 {
        server.put(
            ORG,
            &json!({"item_id": format!("B{number}"), "name": "Kush", "status": "old"}),
        );
    }
    let stockport = Stockport::new().at_faulty(&server, ORG);
    import(&stockport, "A", 20, "x");
    let before = contents(&server, ORG);
    let last = import(&stockport, "B", 30, "new");
    let after = contents(&server, ORG);
    let path = journal(&stockport, &last);
    let whole = fs::read(&path).unwrap();
    let (mut undone, mut refused) = (0, 0);
    for seed in 0..40 {
        let mut bytes = whole.clone();
        spoil(&mut bytes, seed);
        fs::write(&path, bytes).unwrap();
        let run = stockport.run(["undo", "--yes", "--json"]);
        let now = contents(&server, ORG);
        match run.code {
            0 => {
                assert_eq!(now, before, "seed {seed}");
                undone += 1;
                // The next seed begins where this one did.
                let name = run.json()["run"].as_str().unwrap().to_owned();
                fs::remove_file(journal(&stockport, &name)).unwrap();
                server.fill(ORG, &after);
            }
            1 => {
                assert_eq!(now, after, "seed {seed}: {}", run.stderr);
                refused += 1;
            }
            code => panic!("seed {seed}: exit code {code}: {}", run.stderr),
        }
    }
    assert!(undone > 0 && refused > 10, "{undone} undone, {refused} refused");
}
