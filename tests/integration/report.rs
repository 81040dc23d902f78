//! `--report`: a run as a page and as a workbook.
//!
//! Doesn't belong here: a page's parts (`output::page`), how reasons are put together (`report::details`).

use calamine::{Data, Reader as _, Xlsx, open_workbook};
use serde_json::{Value, json};

use crate::support::Stockport;
use crate::support::faulty::{Fault, Faulty, Rule};

const ORG: &str = "sandbox-company";
const OUTCOMES: [&str; 8] = [
    "created",
    "updated",
    "unchanged",
    "deleted",
    "skipped",
    "rejected",
    "failed",
    "not attempted",
];

/// Two stored items: one that the file changes, one that it does not.
fn server() -> Faulty {
    let server = Faulty::new();
    server.put(
        ORG,
        &json!({"item_id": "U1", "name": "Old", "quantity": 1, "status": "Active"}),
    );
    server.put(ORG, &json!({"item_id": "S1", "name": "Same", "quantity": 2}));
    server
}

/// A row of each kind, and values that a page must not take for its own.
const FILE: &str = "Item ID,Name,Quantity,Status\n\
    U1,New <b>,5,\n\
    S1,Same,2,\n\
    C1,One,1,Active\n\
    C2,Two,,Active\n\
    a/b,\"<script>alert(1)</script>\",1,\n\
    D1,Twice,1,\n\
    D1,Twice,1,\n";

fn at(server: &Faulty) -> Stockport {
    let stockport = Stockport::new().at_faulty(server, ORG);
    stockport.write("count.csv", FILE);
    stockport
}

/// The cells of a sheet as texts, row by row.
fn sheet(stockport: &Stockport, file: &str, name: &str) -> Vec<Vec<String>> {
    let mut book: Xlsx<_> = open_workbook(stockport.path(file)).unwrap();
    let range = book.worksheet_range(name).unwrap();
    let text = |cell: &Data| match cell {
        Data::Empty => String::new(),
        cell => cell.to_string(),
    };
    range.rows().map(|row| row.iter().map(text).collect()).collect()
}

fn stands_alone(page: &str) {
    for absent in ["http:", "https:", "<script", "<b>", "src=", "<link", "@import", "url("] {
        assert!(!page.contains(absent), "{absent}: {page}");
    }
    for there in [
        "<!DOCTYPE html>",
        "prefers-color-scheme:dark",
        "charset=\"utf-8\"",
        "</html>\n",
    ] {
        assert!(page.contains(there), "{there}: {page}");
    }
}

#[test]
fn the_page_and_the_workbook_say_what_the_summary_says() {
    let server = server();
    let stockport = at(&server);
    let args = [
        "import",
        "count.csv",
        "--blanks",
        "clear",
        "--json",
        "--report",
        "run.html",
    ];
    let summary = stockport.run(args).exit(3).json();
    assert_eq!(summary["report_file"], "run.html");
    let page = stockport.read("run.html");
    stands_alone(&page);
    assert!(
        page.contains("7 read = 2 created + 1 updated + 1 unchanged + 3 rejected"),
        "{page}"
    );
    assert!(
        page.contains("aria-label=\"2 created, 1 updated, 1 unchanged, 3 rejected\""),
        "{page}"
    );
    let row = |cells: [&str; 4]| {
        let [field, created, updated, cleared] = cells;
        format!("<tr><th scope=\"row\">{field}</th><td>{created}</td><td>{updated}</td><td>{cleared}</td></tr>")
    };
    for cells in [
        ["name", "2", "1", "0"],
        ["quantity", "1", "1", "0"],
        ["status", "2", "1", "1"],
    ] {
        assert!(page.contains(&row(cells)), "{cells:?}: {page}");
    }
    let reasons = page.split_once("Rejects by reason").unwrap().1;
    assert!(
        reasons.contains("<th scope=\"row\">the id &quot;…&quot; is also in line …</th>"),
        "{page}"
    );
    assert!(reasons.contains("<td>rejected</td><td>2</td>"), "{page}");
    assert!(reasons.contains("count.csv, line 6"), "{page}");

    // The same run again changes nothing.
    let args = [
        "import",
        "count.csv",
        "--blanks",
        "clear",
        "--json",
        "--report",
        "run.xlsx",
    ];
    let summary = stockport.run(args).exit(3).json();
    let totals = sheet(&stockport, "run.xlsx", "Summary");
    let value = |name: &str| &totals.iter().find(|row| row[0] == name).unwrap()[1];
    for name in ["read"].into_iter().chain(OUTCOMES) {
        assert_eq!(*value(name), summary[name.replace(' ', "_")].to_string(), "{name}");
    }
    assert_eq!(sheet(&stockport, "run.xlsx", "Changes by field").len(), 1);
    let rejects = sheet(&stockport, "run.xlsx", "Rejects");
    assert_eq!(rejects[0], ["Reason", "Column", "Outcome", "Rows", "First rows"]);
    let rows: Vec<&str> = rejects[1..].iter().map(|row| row[3].as_str()).collect();
    assert_eq!(rows, ["2", "1"]);
}

#[test]
fn the_report_of_a_dry_run_says_what_would_change() {
    let server = server();
    let stockport = at(&server);
    let args = ["import", "count.csv", "--dry-run", "--report", "plan.html"];
    let told = stockport.run(args).exit(3).stdout;
    assert!(told.contains("Report: plan.html"), "{told}");
    let page = stockport.read("plan.html");
    stands_alone(&page);
    for there in [
        "Import (dry run): count.csv → sandbox-company",
        "nothing sent",
        "Planned changes by field",
        "2 to create, 1 to update",
    ] {
        assert!(page.contains(there), "{there}: {page}");
    }
    assert!(
        page.contains("<th scope=\"row\">name</th><td>2</td><td>1</td>"),
        "{page}"
    );
    assert_eq!(server.posts().len(), 0);
}

#[test]
fn a_run_that_stops_has_its_report_all_the_same() {
    // While it sends.
    let server = server().rule(Rule::every(1, Fault::Blocked(403)).on("POST").about("C1"));
    let stockport = at(&server);
    let args = [
        "import",
        "count.csv",
        "--max-failures",
        "0",
        "--batch",
        "1",
        "--jobs",
        "1",
        "--report",
        "a.html",
    ];
    stockport.run(args).exit(1);
    let page = stockport.read("a.html");
    assert!(
        page.contains("<p class=\"bad\">Stopped: ") && page.contains("<td>failed</td><td>1</td>"),
        "{page}"
    );
    // Before anything is read.
    let nobody = Stockport::new()
        .env("STOCKPORT_ORG", "nobody")
        .env("CANNLYTICS_API_KEY", "k");
    let nobody = nobody.env("CANNLYTICS_API_URL", "http://127.0.0.1:9");
    nobody.write("count.csv", FILE);
    let args = ["import", "count.csv", "--retries", "0", "--report", "b.html"];
    nobody.run(args).exit(1);
    assert!(nobody.read("b.html").contains("<p class=\"bad\">Stopped: "));
    // Where not even the file is there.
    stockport.run(["import", "no.csv", "--report", "c.xlsx"]).exit(1);
    let totals = sheet(&stockport, "c.xlsx", "Summary");
    assert!(
        totals
            .iter()
            .any(|row| row[0] == "Result" && row[1].starts_with("Stopped: ")),
        "{totals:?}"
    );
}

#[test]
fn a_report_that_can_not_be_written_is_refused_before_anything_is_sent() {
    let server = Faulty::new().expects_silence();
    let stockport = at(&server);
    stockport.write("there.html", "mine");
    for (file, code) in [
        ("there.html", 1),
        ("no/run.html", 1),
        (".", 2),
        ("run.pdf", 2),
        ("-", 2),
        ("run", 2),
    ] {
        let summary = stockport
            .run(["import", "count.csv", "--json", "--report", file])
            .exit(code)
            .json();
        assert_ne!(summary["error"], Value::Null, "{file}");
        assert_eq!(summary["report_file"], Value::Null, "{file}");
    }
    assert_eq!(stockport.read("there.html"), "mine");
}

#[test]
fn every_command_that_writes_makes_a_report() {
    let server = server();
    let stockport = at(&server);
    stockport.run(["import", "count.csv", "--report", "1.html"]).exit(3);
    stockport.run(["backup", "create", "kept"]).ok();
    stockport.run(["undo", "--yes", "--report", "2.html"]).ok();
    stockport.run(["backup", "restore", "kept", "--report", "3.html"]).ok();
    stockport
        .run(["delete", "--ids", "C1,C2", "--yes", "--report", "4.html"])
        .ok();
    for (file, title, equation) in [
        ("1.html", "Import: ", "7 read = 2 created"),
        ("2.html", "Undo: ", "3 read = 1 updated + 2 deleted"),
        ("3.html", "Restore: ", "4 read = 2 created + 1 updated + 1 unchanged"),
        ("4.html", "Delete: ", "2 read = 2 deleted"),
    ] {
        let page = stockport.read(file);
        stands_alone(&page);
        assert!(page.contains(&format!("<h1>{title}")), "{file}: {page}");
        assert!(page.contains(equation), "{file}: {page}");
    }
    let from = stockport.env("STOCKPORT_ORG", ORG);
    let args = ["migrate", "--from", ORG, "--to", "sandbox-branch", "--report", "5.html"];
    let run = from.run(args);
    assert!(run.code == 0 || run.code == 1, "{run:?}");
    assert!(from.read("5.html").contains("<h1>Migrate: "));
}

#[test]
fn a_file_that_exists_is_replaced_by_force_only_where_the_command_has_that_option() {
    let server = server();
    let stockport = at(&server);
    stockport.run(["backup", "create", "bk"]).ok();
    for name in ["a.html", "a.xlsx", "a.csv", "a.json", "in.csv"] {
        stockport.write(name, "item_id,name\nA1,kept\n");
    }
    let migrate = "migrate --from sandbox-company --to sandbox-branch";
    for (line, has_force) in [
        ("import count.csv --report a.html", false),
        ("import count.csv --results a.csv", false),
        ("import count.csv --plan-out a.json", false),
        ("import count.csv --plan-out a.xlsx", false),
        ("import count.csv --missing a.csv", false),
        ("delete --ids U1 --yes --report a.xlsx", false),
        ("undo --yes --report a.html", false),
        ("backup restore bk --report a.html", false),
        (&format!("{migrate} --report a.html"), false),
        (&format!("{migrate} --certificate a"), false),
        ("export a.csv", true),
        ("convert in.csv a.csv", true),
        ("template a.xlsx", true),
        ("diff in.csv in.csv --csv a.csv", true),
    ] {
        let run = stockport.run(line.split(' ')).exit(1);
        let (own, other) = (
            "choose another name, or remove the file",
            "replace the file with --force",
        );
        let (said, unsaid) = if has_force { (other, own) } else { (own, other) };
        assert!(
            run.stderr.contains(" exists already") && run.stderr.contains(said) && !run.stderr.contains(unsaid),
            "{line}: {}",
            run.stderr
        );
    }
    assert!(stockport.read("a.html").contains("kept") && server.posts().is_empty());
}
