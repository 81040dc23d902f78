//! Names that would steer a terminal: files, sheets, columns, ids, values, organizations, profiles, the server's words. None
//! reaches standard output or standard error as it is.

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::TcpListener;

use serde_json::{Value, json};

use super::{ORG, filled};
use crate::support::{Run, Stockport};

/// A colour that the program doesn't use, a window's title, a C1 control, marks that turn and hide text.
const HOSTILE: &str = "\u{1b}[35;7mX\u{1b}]0;t\u{7}\u{9b}2J\u{202e}\u{2066}\u{200f}\u{61c}\u{200b}\u{7f}\r";

/// The same without control characters, which an id can't hold.
const TURNED: &str = "A\u{202e}1\u{2066}2\u{200b}3";

/// Characters that steer a terminal, turn text or hide in it.
fn steers(c: char) -> bool {
    (c.is_control() && c != '\n')
        || matches!(c, '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}')
}

/// Fails where the output holds such a character, other than in the program's own colours.
fn assert_tame(run: &Run, what: &str) {
    for (stream, text) in [("stdout", &run.stdout), ("stderr", &run.stderr)] {
        let mut plain = text.clone();
        for code in ["32", "33", "31;1", "2", "0"] {
            plain = plain.replace(&format!("\u{1b}[{code}m"), "");
        }
        let found: Vec<char> = plain.chars().filter(|c| steers(*c)).collect();
        assert!(found.is_empty(), "{what}: {stream} holds {found:?}\n{text}");
    }
}

fn hostile(stockport: &Stockport, line: &[&str]) -> Run {
    let run = stockport.run(line);
    assert_tame(&run, &format!("{line:?}"));
    for option in ["--json", "--json-log"] {
        let run = stockport.run(line.iter().chain(&[option]));
        assert_tame(&run, &format!("{line:?} {option}"));
        if option == "--json" && !run.stdout.is_empty() {
            serde_json::from_str::<Value>(&run.stdout).unwrap();
        }
    }
    let coloured = stockport.run(line.iter().chain(&["--color", "always", "--verbose"]));
    assert_tame(&coloured, &format!("{line:?} in colour"));
    run
}

#[test]
fn no_name_and_no_value_steers_the_terminal() {
    let server = filled(2);
    let item = json!({"item_id": TURNED, "name": HOSTILE, "strain": {HOSTILE: HOSTILE}});
    let item = item.as_object().unwrap().clone();
    server.sandbox.store().put(ORG, TURNED, item).unwrap();
    let stockport = Stockport::new().at(&server, ORG);
    let file = &*format!("in{}.csv", HOSTILE.replace('\r', ""));
    let content =
        format!("item_id,name,\"{HOSTILE}\",quantity\n{TURNED},\"{HOSTILE}\",1,2\nB{HOSTILE},x,2,\"{HOSTILE}\"\n");
    stockport.write(file, content);
    stockport.write(
        "map.toml",
        format!("[columns.\"x{TURNED}\"]\nfield = \"nam{TURNED}\"\n"),
    );
    stockport.write("fine.csv", format!("item_id,name\n{TURNED},another\nC1,new\n"));
    for line in [
        vec!["inspect", file],
        vec!["inspect", "absent\u{1b}[35;7m.csv"],
        vec!["inspect", file, "--map", "map.toml"],
        vec!["inspect", "fine.csv", "--sheet", HOSTILE],
        vec!["inspect", "fine.csv", "--encoding", HOSTILE],
        vec!["convert", file, "out.xlsx", "--force"],
        vec!["import", file, "--dry-run"],
        vec!["import", "fine.csv", "--org", TURNED],
        vec!["import", "fine.csv", "--profile", HOSTILE],
        vec!["import", file],
        vec!["import", "fine.csv"],
        vec!["import", "fine.csv", "--column", HOSTILE],
        vec!["export", "out.csv", "--force", "--where", TURNED],
        vec!["export", "out.csv", "--force", "--fields", TURNED],
        vec!["diff", file, &format!("org:{ORG}")],
        vec!["diff", "fine.csv", &format!("org:{ORG}")],
        vec!["runs"],
        vec!["undo", HOSTILE],
        vec!["undo", "--dry-run"],
        vec!["delete", "--dry-run", "--ids", TURNED],
        vec!["delete", "--dry-run", "--ids", HOSTILE],
        vec!["backup", "create", TURNED],
        vec!["backup", "list", TURNED],
        vec!["backup", "verify", TURNED, "--against-org"],
        vec!["backup", "restore", TURNED, "--dry-run"],
        vec!["backup", "restore", "no\u{1b}[35;7m"],
        vec!["migrate", "--from", ORG, "--to", "sandbox-branch", "--dry-run"],
        vec!["migrate", "--from", TURNED, "--to", HOSTILE],
        vec!["config", "check"],
        vec![HOSTILE],
        vec!["import", &format!("--{HOSTILE}")],
        vec!["import", "fine.csv", "--jobs", HOSTILE],
    ] {
        hostile(&stockport, &line);
    }
    let shown = stockport.run(["inspect", file]);
    assert!(
        shown.stdout.contains("\\u{1b}[35;7mX") && shown.stdout.contains("\\u{202e}"),
        "{shown:?}"
    );
}

/// A server that answers each request with this, whatever it is.
fn answering(status: &'static str, body: String) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/api", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let mut lines = BufReader::new(&stream).lines();
            while lines.next().is_some_and(|line| line.is_ok_and(|line| !line.is_empty())) {}
            let head = format!(
                "HTTP/1.1 {status}\r\nContent-Type: application/json\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
                body.len()
            );
            let _ = (&stream).write_all(format!("{head}{body}").as_bytes());
        }
    });
    url
}

#[test]
fn no_profile_and_no_word_of_the_server_steers_the_terminal() {
    let words = json!({"success": false, "message": HOSTILE, "error": TURNED}).to_string();
    let url = answering("403 Forbidden", words);
    let stockport = Stockport::new()
        .env("STOCKPORT_CONFIG", "config.toml")
        .env("CANNLYTICS_API_URL", &url)
        .env("CANNLYTICS_API_KEY", "s3cret")
        .env("STOCKPORT_ORG", ORG);
    stockport.write("fine.csv", "item_id,name\nC1,new\n");
    let escaped = "\\u001b[35;7m\\u202e\\u200b";
    let profile = format!("api = \"https://host/{escaped}\"\norg = \"{escaped}\"\nkey_file = \"{escaped}\"\n");
    stockport.write("config.toml", format!("[profiles.\"{escaped}\"]\n{profile}"));
    for line in [
        vec!["config", "check"],
        vec!["import", "fine.csv"],
        vec!["export", "out.csv"],
        vec!["import", "fine.csv", "--profile", "x"],
    ] {
        let run = hostile(&stockport, &line);
        assert_ne!(run.code, 0, "{run:?}");
    }
}
