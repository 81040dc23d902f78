//! Paths that open at a click, as the bytes that reach the terminal show.

use crate::support::terminal::raw;
use crate::support::{Stockport, TestSandbox};

const ORG: &str = "sandbox-company";
const OPEN: &str = "\u{1b}]8;;file://";
const BAD_ROW: &str = "item_id,name\nA1,Kush\nA/2,Slash\n";

/// The links among these bytes: where each leads to, and what it shows.
fn links(bytes: &str) -> Vec<(String, String)> {
    let links = bytes.split(OPEN).skip(1).map(|part| {
        let (url, rest) = part.split_once("\u{1b}\\").unwrap();
        let (shown, _) = rest.split_once("\u{1b}]8;;\u{1b}\\").unwrap();
        let (_, path) = url.split_once('/').unwrap();
        (format!("/{path}"), shown.to_owned())
    });
    links.collect()
}

#[test]
fn files_that_were_written_or_are_at_fault_are_links() {
    let server = TestSandbox::new();
    let stockport = Stockport::new().at(&server, ORG).env("FORCE_HYPERLINK", "1");
    stockport.write("my count.csv", BAD_ROW);
    stockport.write("orders.csv", "name,price\nKush,2\n");
    for (args, place, shown) in [
        (
            vec!["import", "my count.csv", "--yes"],
            "my%20count.rejects.csv",
            "my count.rejects.csv",
        ),
        (vec!["export", "out.csv"], "out.csv", "out.csv"),
        (vec!["export", "out.csv"], "out.csv", "out.csv"),
        (vec!["convert", "my count.csv", "done.csv"], "done.csv", "done.csv"),
        (
            vec!["backup", "create", "bk"],
            "bk/sandbox-company",
            "bk/sandbox-company",
        ),
        (vec!["import", "orders.csv"], "orders.csv", "orders.csv"),
        (
            vec!["inspect", "orders.csv", "--save-map", "map.toml"],
            "map.toml",
            "map.toml",
        ),
        (
            vec!["import", "my count.csv", "--plan-out", "plan.json"],
            "plan.json",
            "plan.json",
        ),
    ] {
        let Some(bytes) = raw(&stockport, "xterm-256color", &args) else {
            return;
        };
        let place = stockport.path("").canonicalize().unwrap().join(place);
        let wanted = (place.to_string_lossy().into_owned(), shown.to_owned());
        let found = links(&bytes);
        // The name of a temporary folder needs no encoding.
        assert!(
            found.contains(&wanted),
            "{args:?}: {wanted:?} is not in {found:?}\n{bytes}"
        );
    }
    let args = [
        "migrate",
        "--from",
        ORG,
        "--to",
        "sandbox-branch",
        "--certificate",
        "moved",
    ];
    let bytes = raw(&stockport, "xterm-256color", &args).unwrap();
    let shown: Vec<String> = links(&bytes).into_iter().map(|(_, shown)| shown).collect();
    assert_eq!(shown[shown.len() - 2..], ["moved.html", "moved.json"], "{bytes}");
}

#[test]
fn nothing_is_a_link_where_it_is_not_wanted_or_not_known() {
    let server = TestSandbox::new();
    let stockport = Stockport::new().at(&server, ORG);
    stockport.write("count.csv", BAD_ROW);
    stockport.run(["import", "count.csv"]).exit(3);
    let asks = |stockport: &Stockport, term: &str, more: &[&str]| {
        let args = [&["export", "out.csv", "--force"], more].concat();
        raw(stockport, term, &args).map(|bytes| bytes.contains(OPEN))
    };
    let Some(unknown) = asks(&stockport, "xterm-256color", &[]) else {
        return;
    };
    assert!(!unknown, "a terminal that says nothing of itself");
    let known = stockport.env("TERM_PROGRAM", "WezTerm").env("COLORTERM", "truecolor");
    assert_eq!(asks(&known, "xterm-256color", &[]), Some(true));
    assert_eq!(asks(&known, "dumb", &[]), Some(false), "a dumb one");
    assert_eq!(asks(&known, "xterm-256color", &["--color", "never"]), Some(false));
    assert_eq!(asks(&known, "xterm-256color", &["--json"]), Some(false));
    let forced = known.env("FORCE_HYPERLINK", "1");
    // In a pipe never, whatever is asked for.
    for args in [
        vec!["export", "out.csv", "--force", "--color", "always"],
        vec!["import", "count.csv", "--color", "always"],
        vec!["export", "out.csv", "--color", "always"],
    ] {
        let run = forced.run(&args);
        assert!(
            !run.stdout.contains("\u{1b}]8") && !run.stderr.contains("\u{1b}]8"),
            "{args:?}"
        );
    }
    let refused = forced.env("NO_COLOR", "1");
    assert_eq!(asks(&refused, "xterm-256color", &[]), Some(false), "NO_COLOR");
    let off = Stockport::new()
        .at(&server, ORG)
        .env("TERM_PROGRAM", "WezTerm")
        .env("FORCE_HYPERLINK", "0");
    assert_eq!(asks(&off, "xterm-256color", &[]), Some(false), "FORCE_HYPERLINK=0");
}
