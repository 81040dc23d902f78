//! What people look at, as it looks: transcripts of a real terminal at three widths, beside this file.
//!
//! After a change of what is shown, the file that the failing test leaves is the transcript as it would be.

mod links;

use std::fs;
use std::path::Path;
use std::time::Duration;

use console::measure_text_width;

use crate::support::faulty::{Fault, Faulty, Rule};
use crate::support::terminal::Terminal;
use crate::support::{Stockport, TestSandbox};

const ORG: &str = "sandbox-company";

/// What is stored, and what a file makes of it: wide characters, long texts, a row that is refused.
const STORED: &str = "item_id,name,quantity,area_name\n\
    A-001,Blue Dream,12,Vault\n\
    A-002,麻の花 東京,3,Vault\n\
    A-003,Party 🎉🌿 mix,7,Room 4\n\
    A-004,Gone,1,Room 4\n";
const COUNTED: &str = "item_id,name,quantity,area_name,作業者\n\
    A-001,Blue Dream,10.5,Vault in the second basement of the old building,Ana\n\
    A-002,麻の花 大阪,3,Vault,陳\n\
    A-003,Party 🎉🌿🌿 mix,7,Room 4,Ana\n\
    A/005,Slash,1,Room 4,Ana\n\
    A-006,New,1204,Room 4,Ana\n";

/// What differs from run to run is left out: how long it took.
fn steady(screen: &str) -> String {
    steady_lines(screen).join("\n") + "\n"
}

fn steady_lines(screen: &str) -> Vec<String> {
    // The last line bears the run's name, and goes on in others where the terminal breaks it.
    let undo = "\nstockport undo ";
    let screen = match screen.split_once(undo) {
        Some((before, _)) => format!("{before}{undo}…"),
        None => screen.to_owned(),
    };
    // A narrow terminal breaks a long rate into two lines.
    let lines = screen
        .trim_end()
        .lines()
        .filter(|line| line.trim() != "items/s")
        .map(
            |line| match line.find(" requests in ").or_else(|| line.find(" request in ")) {
                Some(at) => format!("{}…", &line[..at + line[at..].find(" in ").unwrap() + 4]),
                None => line.trim_end().to_owned(),
            },
        );
    lines.collect()
}

/// The same of a screen with a bar: how long and how fast it was, how many requests were under way. The bar itself has the
/// room that these leave.
fn steady_bar(screen: &str) -> String {
    let mut steady = String::new();
    for mut line in steady_lines(screen) {
        for mark in ["/s, ETA ", " at once", " requests ("] {
            if let Some(at) = line.find(mark) {
                let number = line[..at].trim_end_matches(|c: char| c.is_ascii_digit() || ",.".contains(c));
                line = format!("{number}…{}", &line[at..]);
            }
        }
        if let (Some(from), Some(to)) = (line.find("[="), line.find("=]")) {
            line = format!("{}=…{}", &line[..=from], &line[to..]);
        }
        // The last line may go on in another one.
        let last = line.find(" repeated) in ").map(|at| at + " repeated) in ".len());
        steady += &last.map_or(line.clone(), |end| format!("{}…", &line[..end]));
        steady.push('\n');
        if last.is_some() {
            break;
        }
    }
    steady
}

/// A screen whose escape sequences are replaced by the names of the colours, wherever one begins; how tmux spells them is its
/// own affair.
fn named(screen: &str) -> String {
    let mut out = String::new();
    let mut parts = screen.split('\u{1b}');
    out += parts.next().unwrap();
    let mut style = (String::new(), "", "");
    let mut shown = style.clone();
    for part in parts {
        let (codes, text) = part.strip_prefix('[').unwrap().split_once('m').unwrap();
        for code in codes.split(';') {
            match code {
                "0" | "" => style = (String::new(), "", ""),
                "1" => style.1 = " bold",
                "2" => style.2 = " dim",
                "22" => (style.1, style.2) = ("", ""),
                "31" => style.0 = String::from("red"),
                "32" => style.0 = String::from("green"),
                "33" => style.0 = String::from("yellow"),
                "39" => style.0.clear(),
                "49" => {}
                other => panic!("a colour of no meaning: {other}"),
            }
        }
        if style != shown && !text.is_empty() {
            let name = format!("{}{}{}", style.0, style.1, style.2);
            out += &format!("<{}>", if name.is_empty() { "plain" } else { name.trim() });
            shown = style.clone();
        }
        out += text;
    }
    out
}

/// Compares with the transcript of this name; gives what is to be said where they differ.
fn differs(name: &str, actual: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/integration/terminal")
        .join(name);
    let wanted = fs::read_to_string(path).unwrap_or_default().replace("\r\n", "\n");
    if actual != wanted {
        let left = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
        fs::write(&left, actual).unwrap();
        return format!("{name} differs; as it would be: {}\n{actual}\n", left.display());
    }
    String::new()
}

/// Runs a command at these widths, each time in the same state, and compares what is seen.
fn looks(name: &str, args: &[&str], columns: &[u16], colours: bool) {
    let mut faults = String::new();
    for columns in columns {
        let server = TestSandbox::new();
        let stockport = Stockport::new().at(&server, ORG);
        stockport.write("stored.csv", STORED);
        stockport.write("count.csv", COUNTED);
        stockport.write("orders.csv", "name,quantity,price,paid\nKush,2,12.50,yes\n");
        stockport.run(["import", "stored.csv"]).ok();
        let Some(terminal) = Terminal::open(&stockport, *columns) else {
            return;
        };
        let color = if colours { "always" } else { "never" };
        terminal.begin(&[args, &["--color", color, "--no-progress"]].concat());
        let screen = steady(&named(&terminal.end(colours)));
        let wide = screen.lines().map(measure_text_width).max().unwrap_or(0);
        assert!(
            colours || wide <= usize::from(*columns),
            "{wide} columns of {columns}:\n{screen}"
        );
        let suffix = if colours { "-colour" } else { "" };
        faults += &differs(&format!("{name}-{columns}{suffix}.txt"), &screen);
    }
    assert!(faults.is_empty(), "{faults}");
}

const WIDTHS: [u16; 3] = [40, 80, 200];

/// The same with and without colour.
fn looks_in_both(name: &str, args: &[&str]) {
    looks(name, args, &WIDTHS, false);
    looks(name, args, &WIDTHS, true);
}

#[test]
fn the_plan_the_summary_and_the_problems_of_an_import() {
    looks_in_both("import", &["import", "count.csv", "--yes"]);
}

#[test]
fn the_differences_of_two_files() {
    looks_in_both("diff", &["diff", "stored.csv", "count.csv"]);
}

#[test]
fn the_columns_that_inspect_shows_line_up() {
    looks_in_both("inspect", &["inspect", "count.csv"]);
}

#[test]
fn an_error_and_its_hint() {
    looks_in_both("error", &["import", "orders.csv"]);
}

/// Items for an upload of many requests.
fn items(count: usize) -> String {
    let rows = (0..count).map(|n| format!("B-{n:05},Kush,{n}\n"));
    std::iter::once("item_id,name,quantity\n".to_owned())
        .chain(rows)
        .collect()
}

#[test]
fn the_bar_shows_rate_eta_retries_and_concurrency_on_a_terminal() {
    let mut faults = String::new();
    for (columns, colours) in WIDTHS
        .into_iter()
        .flat_map(|columns| [(columns, false), (columns, true)])
    {
        let server = Faulty::new().rule(Rule::first(1, Fault::TooMany).on("POST"));
        let stockport = Stockport::new().at_faulty(&server, ORG);
        stockport.write("load.csv", items(1_200));
        let Some(terminal) = Terminal::open(&stockport, columns) else {
            return;
        };
        let color = if colours { "always" } else { "never" };
        let args = [
            "import", "load.csv", "--yes", "--batch", "100", "--jobs", "4", "--color", color,
        ];
        terminal.begin(&args);
        let screen = named(&terminal.end(colours));
        // The finished bar stays on the screen, as wide as the terminal is.
        let bar = screen.lines().find_map(|line| {
            line.strip_prefix("<plain>")
                .or(Some(line))
                .filter(|line| line.starts_with("Uploading ["))
        });
        let bar = bar.unwrap_or_else(|| panic!("no bar:\n{screen}"));
        assert_eq!(measure_text_width(bar), usize::from(columns), "{screen}");
        let suffix = if colours { "-colour" } else { "" };
        faults += &differs(&format!("bar-{columns}{suffix}.txt"), &steady_bar(&screen));
    }
    assert!(faults.is_empty(), "{faults}");
}

#[test]
fn without_a_terminal_a_line_comes_every_few_seconds_and_standard_output_is_for_results() {
    // Eight requests, one after the other, of a second each: longer than the pause between two lines.
    let server = Faulty::new().rule(Rule::every(1, Fault::Slow(Duration::from_secs(1))).on("POST"));
    let stockport = Stockport::new().at_faulty(&server, ORG);
    stockport.write("load.csv", items(8));
    let args = ["import", "load.csv", "--batch", "1", "--jobs", "1"];
    let run = stockport.run(args).ok();
    let line = run.stderr.lines().find(|line| line.starts_with("Uploading: "));
    let line = line.unwrap_or_else(|| panic!("no line of progress:\n{}", run.stderr));
    assert!(line.contains(" of 8 items, "), "{line}");
    assert!(
        line.contains("/s, about ") && line.contains(" left") && line.ends_with(", 1 at once"),
        "{line}"
    );
    assert!(
        !run.stdout.contains("Uploading") && !run.stdout.contains('\u{1b}'),
        "{}",
        run.stdout
    );
    assert!(
        !run.stderr.contains('\u{1b}') && !run.stderr.contains('\r'),
        "{}",
        run.stderr
    );
}
