//! Strange names of files, and locales.

#![cfg(unix)]

use std::ffi::{OsStr, OsString};
use std::fs;
use std::os::unix::ffi::OsStrExt as _;

use super::{ORG, assert_tidy, assert_told, filled};
use crate::support::Stockport;
use crate::support::terminal::raw;

/// A line of arguments, in which `?` stands for a byte that is no UTF-8.
fn args(line: &str) -> Vec<OsString> {
    let words = line.split(' ').map(|word| {
        let bytes: Vec<u8> = word
            .bytes()
            .map(|byte| if byte == b'?' { 0xff } else { byte })
            .collect();
        OsStr::from_bytes(&bytes).to_owned()
    });
    words.collect()
}

#[test]
fn a_name_that_is_no_text_is_a_name_like_any_other() {
    let server = filled(3);
    let stockport = Stockport::new().at(&server, ORG);
    let at = |name: &str| stockport.path("").join(&args(name)[0]);
    fs::write(at("in?.csv"), "item_id,name\nA1,Kush\nA/2,Slash\n").unwrap();
    for (line, code) in [
        ("inspect in?.csv --save-map map?.toml", 0),
        ("inspect in?.csv --map map?.toml --json", 0),
        ("convert in?.csv out?.csv", 3),
        ("convert in?.csv out?.csv --force --map map?.toml", 3),
        ("diff in?.csv out?.csv --csv diff?.csv", 3),
        ("import in?.csv --plan-out plan?.json", 3),
        ("import in?.csv", 3),
        ("import in?.csv --rejects rejects?.csv --map map?.toml --json", 3),
        ("export all?.xlsx", 0),
        ("backup create bk?", 0),
        ("backup list bk?", 0),
        ("backup verify bk? --drill", 0),
        ("backup restore bk? --dry-run", 0),
        ("diff bk? org:sandbox-company", 0),
        ("delete --file gone?.csv --yes", 1),
    ] {
        let run = stockport.run(args(line)).exit(code);
        assert!(!run.stderr.contains("panicked"), "{line}: {}", run.stderr);
        if line.contains("--json") {
            run.json();
        }
    }
    for name in [
        "map?.toml",
        "out?.csv",
        "diff?.csv",
        "plan?.json",
        "in?.rejects.csv",
        "rejects?.csv",
        "all?.xlsx",
        "bk?",
    ] {
        assert!(at(name).exists(), "{name} is not there");
    }
    assert_tidy(&stockport, "a strange name");
    // An id or a condition must be text.
    for line in [
        "export - --where name=?",
        "import in?.csv --org ?",
        "delete --ids ? --yes",
    ] {
        let run = stockport.run(args(line)).exit(2);
        assert_told(&run, "isn't valid UTF-8", "names of files");
    }
}

#[test]
fn spaces_line_breaks_and_leading_dashes_in_names_do_no_harm() {
    let server = filled(3);
    let stockport = Stockport::new().at(&server, ORG);
    for name in [
        "my count.csv",
        "two\nlines.csv",
        "-dash.csv",
        " edge .csv",
        "--force",
        "it's \"quoted\" $HOME.csv",
        "äöü 麻.csv",
    ] {
        stockport.write(name, "item_id,name\nA1,Kush\n");
        let out = format!("{name}.jsonl");
        stockport.run(["convert", "--", name, &out]).ok();
        assert_eq!(stockport.read(&out), "{\"item_id\":\"A1\",\"name\":\"Kush\"}\n");
        stockport.run(["import", "--dry-run", "--", name]).ok();
    }
    let run = stockport.run(["inspect", "-dash.csv"]).exit(2);
    assert_told(&run, "has no option -d", "write ./-dash.csv");
    stockport.run(["inspect", "./-dash.csv"]).ok();
}

#[test]
fn a_name_cannot_steer_the_terminal() {
    let stockport = Stockport::new();
    let wild = "a\u{1b}]0;owned\u{7}\u{1b}[2J.csv";
    let run = stockport.run(["inspect", wild]).exit(1);
    assert_told(
        &run,
        "a\\u{1b}]0;owned\\u{7}\\u{1b}[2J.csv does not exist",
        "check the path",
    );
    stockport.write(wild, "item_id,name\nA1,Kush\n");
    for args in [vec!["inspect", wild], vec!["convert", wild, "out.csv"]] {
        let run = stockport.run(args).ok();
        assert!(
            !run.stdout.contains('\u{1b}') && !run.stderr.contains('\u{1b}'),
            "{}{}",
            run.stdout,
            run.stderr
        );
    }
}

#[test]
fn in_a_locale_without_utf_8_our_own_signs_are_ascii_and_data_stay_as_they_are() {
    let stored =
        "item_id,name,quantity\nA1,\"麻 → ü, a text that is cut as it is long enough for that to be done\",1\n";
    let counted = "item_id,name,quantity\nA1,\"麻 → ü, another text that is cut as it is long enough for that\",2\n";
    for (name, value, ascii) in [
        ("LC_ALL", "C", true),
        ("LC_ALL", "POSIX", true),
        ("LC_ALL", "de_DE.ISO-8859-1", true),
        ("LC_CTYPE", "en_US", true),
        ("LANG", "", true),
        ("LC_ALL", "C.UTF-8", false),
        ("LC_ALL", "de_DE.utf8", false),
        ("LANG", "ja_JP.UTF-8", false),
    ] {
        let server = filled(1);
        let stockport = Stockport::new().at(&server, ORG).env(name, value);
        stockport.write("stored.csv", stored);
        stockport.write("counted.csv", counted);
        stockport.run(["import", "stored.csv"]).ok();
        let what = format!("{name}={value}");
        let mut texts = vec![
            stockport.run(["import", "counted.csv"]).ok(),
            stockport.run(["diff", "stored.csv", "counted.csv"]).exit(4),
            stockport.run(["runs"]).ok(),
            stockport.run(["import", "--help"]).ok(),
            stockport
                .run(["export", "-", "--org", "a b ", "--key-file", "absent"])
                .exit(1),
        ];
        let shown: Vec<String> = texts.drain(..).map(|run| run.stdout + &run.stderr).collect();
        let all = shown.concat();
        let (arrow, dots) = if ascii { (" -> ", "...") } else { (" → ", "…") };
        assert!(
            shown[0].contains(arrow) && shown[1].contains(arrow) && shown[2].contains(arrow),
            "{what}: {all}"
        );
        assert!(shown[0].contains(dots) && shown[3].contains(dots), "{what}: {all}");
        // What stands in quotation marks was said by somebody else.
        assert!(shown[1].contains("\"麻 → ü, a text"), "{what}: {}", shown[1]);
        let ours: String = all.split('"').step_by(2).collect();
        assert_eq!(ours.contains(['→', '…']), !ascii, "{what}: {ours}");
        let export = stockport.run(["export", "-", "-q"]).ok().stdout;
        assert!(export.contains("麻 → ü, another"), "{what}: {export}");
        let document = stockport
            .run(["diff", "stored.csv", "counted.csv", "--json"])
            .exit(4)
            .stdout;
        assert!(document.contains("麻 → ü, another"), "{what}: {document}");
    }
}

#[test]
fn what_is_drawn_is_ascii_as_well_in_such_a_locale() {
    let server = filled(300);
    for (locale, ascii) in [("C", true), ("C.UTF-8", false)] {
        let stockport = Stockport::new().at(&server, ORG).env("LC_ALL", locale);
        let Some(bytes) = raw(&stockport, "xterm-256color", &["export", "out.csv"]) else {
            return;
        };
        assert!(bytes.contains("Reading sandbox-company"), "{bytes}");
        assert_eq!(bytes.is_ascii(), ascii, "{locale}: {bytes}");
    }
}
