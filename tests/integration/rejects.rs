//! Reject files: every rejected row comes back as it was meant, and what was settled for the source holds for it.

use std::collections::BTreeMap;
use std::fs;
use std::io::{Cursor, Read as _, Write as _};

use serde_json::{Map, Value, json};

use crate::support::Stockport;
use crate::support::faulty::Faulty;

const ORG: &str = "sandbox-company";
const MARK: &str = "\u{feff}";

/// Everything that decides how the sources below are read, and that their rejected rows alone would not decide.
const MAP: &str = r#"
extra = "keep"
[columns]
Lot = "item_id"
Bezeichnung = { field = "name", blanks = ["?"] }
Preis = { field = "volume", currency = true }
Freigabe = { split = ["approved_at", "approved_at_time"] }
Intern = false
[constants]
units = "Grams"
status = "active"
[join]
moved_at = ["Tag", "Stunde"]
"#;

const HEADERS: [&str; 10] = [
    "Lot",
    "Bezeichnung",
    "Menge",
    "Preis",
    "Freigabe",
    "Tag",
    "Stunde",
    "Geprüft",
    "Notiz",
    "Intern",
];

/// Two rows that settle the orders, and two of which each has an id that no item can have.
fn rows(wrong: bool) -> [[&'static str; 10]; 4] {
    let (first, second) = if wrong { ("L/3", "L/4") } else { ("L3", "L4") };
    [
        [
            "L1",
            "Crème",
            "1.234,5",
            "$5,25",
            "22.07.2019 15:52",
            "13.04.2021",
            "9:05",
            "25/12/2020",
            "x",
            "i",
        ],
        [
            "L2",
            "None",
            "7",
            "$6,5",
            "21.07.2019 15:52",
            "14.04.2021",
            "",
            "26/12/2020",
            "",
            "i",
        ],
        [
            first,
            "?",
            "2.500",
            "$7",
            "03.04.2019 07:30",
            "05.06.2021",
            "23:10",
            "01/02/2020",
            "ü",
            "i",
        ],
        [second, "None", "", "", "", "05.06.2021", "", "", "None", "i"],
    ]
}

/// A source of one kind; workbooks and JSON hold the same texts.
fn source(stockport: &Stockport, kind: &str, wrong: bool) -> String {
    let name = format!("in.{kind}");
    let rows = rows(wrong);
    let delimited = |delimiter: &str| {
        let mut text = HEADERS.join(delimiter) + "\r\n";
        for row in &rows {
            text += &(row.join(delimiter) + "\r\n");
        }
        text
    };
    match kind {
        "csv" => stockport.write(&name, encoding_rs::WINDOWS_1252.encode(&delimited(";")).0),
        "tsv" => stockport.write(&name, delimited("\t")),
        "jsonl" => {
            let object = |row: &[&str; 10]| {
                let cells = HEADERS
                    .iter()
                    .zip(row)
                    .map(|(name, text)| ((*name).to_owned(), json!(text)));
                Value::Object(cells.collect()).to_string() + "\n"
            };
            stockport.write(&name, rows.iter().map(object).collect::<String>())
        }
        _ => {
            let mut workbook = rust_xlsxwriter::Workbook::new();
            let sheet = workbook.add_worksheet();
            for (line, row) in (0..).zip(std::iter::once(&HEADERS).chain(&rows)) {
                for (column, text) in (0..).zip(row) {
                    sheet.write_string(line, column, *text).unwrap();
                }
            }
            workbook.save(stockport.path(&name)).unwrap();
            stockport.path(&name)
        }
    };
    name
}

/// Replaces a text wherever it stands in a file; in a workbook, in each of its parts.
fn replace(stockport: &Stockport, file: &str, replacements: &[(&str, &str)]) {
    let replaced = |bytes: Vec<u8>| {
        let text = String::from_utf8(bytes).unwrap();
        replacements
            .iter()
            .fold(text, |text, (from, to)| text.replace(from, to))
            .into_bytes()
    };
    let bytes = fs::read(stockport.path(file)).unwrap();
    if !bytes.starts_with(b"PK") {
        stockport.write(file, replaced(bytes));
        return;
    }
    let mut zip = zip::ZipArchive::new(Cursor::new(bytes)).unwrap();
    let mut out = zip::ZipWriter::new(Cursor::new(Vec::new()));
    for at in 0..zip.len() {
        let mut part = zip.by_index(at).unwrap();
        let mut bytes = Vec::new();
        part.read_to_end(&mut bytes).unwrap();
        out.start_file(
            part.name().unwrap().into_owned(),
            zip::write::SimpleFileOptions::default(),
        )
        .unwrap();
        out.write_all(&replaced(bytes)).unwrap();
    }
    stockport.write(file, out.finish().unwrap().into_inner());
}

/// What is stored, less what the server adds.
fn stored(server: &Faulty) -> BTreeMap<String, Map<String, Value>> {
    let mut items = server.items(ORG);
    for item in items.values_mut() {
        for field in ["updated_at", "updated_by"] {
            item.remove(field);
        }
    }
    items
}

/// The commands that a summary ends with.
fn next(summary: &Value) -> Vec<&str> {
    let next = summary["next"].as_array().unwrap();
    next.iter().map(|command| command.as_str().unwrap()).collect()
}

#[test]
fn corrected_rows_are_stored_as_if_the_source_had_been_right_whatever_decided_its_reading() {
    for (kind, rejects) in [
        ("csv", "in.rejects.csv"),
        ("tsv", "in.rejects.tsv"),
        ("xlsx", "in.rejects.xlsx"),
        ("jsonl", "in.rejects.jsonl"),
        // And from each kind of file into another.
        ("csv", "out.xlsx"),
        ("csv", "out.jsonl"),
        ("csv", "out.tsv.gz"),
        ("xlsx", "out.csv"),
        ("jsonl", "out.csv"),
        ("jsonl", "out.xlsx"),
    ] {
        let options = ["--map", "map.toml", "--blanks", "clear", "--dates", "dmy", "--json"];
        let right = Faulty::new();
        let stockport = Stockport::new().at_faulty(&right, ORG);
        stockport.write("map.toml", MAP);
        let file = source(&stockport, kind, false);
        stockport
            .run([&["import", file.as_str()], options.as_slice()].concat())
            .ok();
        assert_eq!(right.count(ORG), 4);

        let server = Faulty::new();
        let stockport = Stockport::new().at_faulty(&server, ORG);
        stockport.write("map.toml", MAP);
        let file = source(&stockport, kind, true);
        let mut args = [&["import", file.as_str()], options.as_slice()].concat();
        if rejects.starts_with("out") {
            args.extend(["--rejects", rejects]);
        }
        let run = stockport.run(args).exit(3).json();
        assert_eq!((&run["created"], &run["rejected"]), (&json!(2), &json!(2)), "{kind}");
        assert_eq!(run["rejects_file"], rejects);
        // Nothing of the first command line is needed again.
        fs::remove_file(stockport.path("map.toml")).unwrap();
        fs::remove_file(stockport.path(&file)).unwrap();
        if rejects == "out.tsv.gz" {
            let inspect = ["inspect", rejects, "--json"];
            assert_eq!(stockport.run(inspect).ok().json()["rows"], 2);
            continue;
        }
        let corrections = [("L/3", "L3"), ("L/4", "L4")];
        replace(&stockport, rejects, &corrections);
        let import = ["import", rejects, "--json"];
        let run = stockport.run(import).ok();
        assert!(run.stderr.contains("the mapping file"), "{}", run.stderr);
        assert_eq!(run.json()["created"], 2, "{kind} {rejects}");
        assert_eq!(stored(&server), stored(&right), "{kind} {rejects}");
    }
}

#[test]
fn the_options_that_decide_on_rows_hold_for_their_reject_file_and_the_command_line_wins() {
    let server = Faulty::new();
    let stockport = Stockport::new().at_faulty(&server, ORG);
    stockport.write("in.csv", "item_id,name,quantity\nA1,Kush,1\nA/2,Haze,2\n");
    let run = [
        "import",
        "in.csv",
        "--mode",
        "create",
        "--lenient",
        "--complete",
        "--duplicates",
        "last",
    ];
    stockport.run(run).exit(3);
    let map = stockport.read("in.rejects.toml");
    for line in [
        "mode = \"create\"",
        "lenient = true",
        "complete = true",
        "duplicates = \"last\"",
    ] {
        assert!(map.contains(line), "{line}: {map}");
    }
    // An item that is stored is skipped, for --mode create; text in a number field is posted, for --lenient.
    replace(
        &stockport,
        "in.rejects.csv",
        &[("A/2,Haze,2", "A1,Haze,2\nA3,Dream,three\nA/3,Gelato,3")],
    );
    let run = stockport.run(["import", "in.rejects.csv", "--json"]).exit(3).json();
    assert_eq!((&run["skipped"], &run["rejected"]), (&json!(1), &json!(1)));
    let run = ["import", "in.rejects.csv", "--mode", "upsert", "--json"];
    assert_eq!(stockport.run(run).exit(3).json()["updated"], 1);
    // The second generation keeps them too.
    assert!(stockport.read("in.rejects-2.toml").contains("mode = \"create\""));
    assert!(!stockport.read("in.rejects-3.toml").contains("mode"));
}

#[test]
fn the_command_lines_orders_win_over_the_settled_ones() {
    let server = Faulty::new();
    let stockport = Stockport::new().at_faulty(&server, ORG);
    let text = "item_id;quantity;approved_at\nA1;1,5;13/04/2021\nA/2;2.500;03/04/2021\n";
    stockport.write("in.csv", text);
    stockport.run(["import", "in.csv"]).exit(3);
    replace(&stockport, "in.rejects.csv", &[("A/2", "A2")]);
    stockport.run(["import", "in.rejects.csv"]).ok();
    let item = |server: &Faulty| server.items(ORG)["A2"].clone();
    assert_eq!(
        (&item(&server)["quantity"], &item(&server)["approved_at"]),
        (&json!(2500), &json!("2021-04-03"))
    );
    stockport
        .run(["import", "in.rejects.csv", "--dates", "mdy", "--numbers", "us"])
        .ok();
    assert_eq!(item(&server)["quantity"].as_f64(), Some(2.5));
    assert_eq!(item(&server)["approved_at"], "2021-03-04");
}

#[test]
fn a_column_of_several_date_orders_keeps_them_all_and_what_is_still_ambiguous_is_rejected_again() {
    let server = Faulty::new();
    let stockport = Stockport::new().at_faulty(&server, ORG);
    stockport.write(
        "in.csv",
        "item_id,moved_at\nA1,31/12/2025\nA2,12/31/2025\nA3,05/06/2025\nA4,07/08/2025\nA/5,13/01/2026\nA/6,01/14/2026\n",
    );
    stockport.run(["import", "in.csv"]).exit(3);
    let map = stockport.read("in.rejects.toml");
    assert!(map.contains("dates = [\"mdy\", \"dmy\"]"), "{map}");
    // One date is written plainly, the ids are mended, one date stays as it was.
    replace(
        &stockport,
        "in.rejects.csv",
        &[("05/06/2025,4", "2025-06-05,4"), ("A/5", "A5"), ("A/6", "A6")],
    );
    let run = stockport.run(["import", "in.rejects.csv", "--json"]).exit(3).json();
    assert_eq!((&run["created"], &run["rejected"]), (&json!(3), &json!(1)));
    let stored = server.items(ORG);
    let moved = |id: &str| stored[id]["moved_at"].clone();
    assert_eq!(
        [moved("A3"), moved("A5"), moved("A6")],
        ["2025-06-05", "2026-01-13", "2026-01-14"]
    );
    // The next reject file has them too, until the command line decides.
    assert!(
        stockport
            .read("in.rejects-2.toml")
            .contains("dates = [\"mdy\", \"dmy\"]")
    );
    let rejects = stockport.read("in.rejects-2.csv");
    assert!(rejects.contains("is ambiguous: "), "{rejects}");
    stockport.run(["import", "in.rejects-2.csv", "--dates", "dmy"]).ok();
    assert_eq!(server.items(ORG)["A4"]["moved_at"], "2025-08-07");
}

#[test]
fn another_mapping_file_that_is_named_replaces_the_one_beside_a_reject_file() {
    let server = Faulty::new();
    let stockport = Stockport::new().at_faulty(&server, ORG);
    stockport.write("map.toml", "[columns]\nLot = \"item_id\"\nText = \"name\"\n");
    stockport.write("other.toml", "[columns]\nLot = \"item_id\"\nText = \"status\"\n");
    stockport.write("in.csv", "Lot,Text\nA/1,Kush\n");
    stockport.run(["import", "in.csv", "--map", "map.toml"]).exit(3);
    replace(&stockport, "in.rejects.csv", &[("A/1", "A1")]);
    let named = |map: &str| stockport.run(["convert", "in.rejects.csv", "-", "--map", map]).ok();
    let run = named("other.toml");
    assert!(run.stdout.contains("\"status\":\"Kush\""), "{}", run.stdout);
    assert!(run.stderr.contains("in.rejects.toml is ignored"), "{}", run.stderr);
    let run = named("in.rejects.toml");
    assert!(run.stdout.contains("\"name\":\"Kush\""), "{}", run.stdout);
    assert!(!run.stderr.contains("ignored"), "{}", run.stderr);
    // inspect and diff read it in the same way.
    let seen = stockport.run(["inspect", "in.rejects.csv", "--json"]).ok().json();
    assert_eq!(seen["columns"][1]["field"], "name");
    let diff = stockport.run(["diff", "in.rejects.csv", "in.rejects.csv"]).ok();
    assert!(diff.stderr.contains("in.rejects.toml"), "{}", diff.stderr);
}

#[test]
fn a_mapping_file_that_is_damaged_or_does_not_fit_is_refused_by_its_name() {
    let server = Faulty::new();
    let stockport = Stockport::new().at_faulty(&server, ORG);
    stockport.write("in.csv", "item_id,name,quantity\nA/1,Kush,1\n");
    stockport.run(["import", "in.csv"]).exit(3);
    let (map, rejects) = (stockport.read("in.rejects.toml"), stockport.read("in.rejects.csv"));
    stockport.write("in.rejects.csv", rejects.replace("name", "title"));
    let run = stockport.run(["import", "in.rejects.csv"]).exit(1);
    let unfit = "in.rejects.toml does not fit in.rejects.csv: there is no column \"name\"";
    assert!(run.stderr.contains(unfit), "{}", run.stderr);
    stockport.write("in.rejects.csv", &rejects);
    for damaged in [
        map.replace("[columns]", "[columns"),
        map.replace("item_id =", "item_id"),
        map + "[more]\n",
    ] {
        stockport.write("in.rejects.toml", damaged);
        let run = stockport.run(["import", "in.rejects.csv"]).exit(1);
        assert!(run.stderr.contains("in.rejects.toml, line"), "{}", run.stderr);
    }
    // One that is somebody's own is not used by itself; nor is any beside a file that is no reject file.
    stockport.write("in.rejects.toml", "[tool]\nname = \"description\"\n");
    let run = stockport.run(["convert", "in.rejects.csv", "-"]).exit(3);
    assert!(run.stderr.contains("in.rejects.toml is ignored"), "{}", run.stderr);
    stockport.write("plain.csv", "item_id,name\nA1,Kush\n");
    stockport.write(
        "plain.toml",
        "# The mapping of a stockport reject file\n[columns]\nname = \"description\"\n",
    );
    let run = stockport.run(["convert", "plain.csv", "-"]).ok();
    assert!(
        run.stdout.contains("\"name\":\"Kush\"") && !run.stderr.contains("plain.toml"),
        "{run:?}"
    );
}

#[test]
fn files_that_were_read_with_other_options_are_not_imported_together() {
    let server = Faulty::new();
    let stockport = Stockport::new().at_faulty(&server, ORG);
    stockport.write("a.csv", "item_id,name\nA/1,Kush\n");
    stockport.write("b.csv", "item_id,name\nA2,\n");
    stockport.run(["import", "a.csv", "--blanks", "clear"]).exit(3);
    for files in [["a.rejects.csv", "b.csv"], ["b.csv", "a.rejects.csv"]] {
        let run = stockport.run(["import", files[0], files[1]]).exit(1);
        assert!(run.stderr.contains("blanks = \"clear\""), "{}", run.stderr);
    }
    stockport
        .run(["import", "a.rejects.csv", "b.csv", "--blanks", "keep"])
        .exit(3);
    assert_eq!(server.count(ORG), 1);
}

#[test]
fn a_reject_file_of_text_is_marked_utf_8_with_its_sources_delimiter_and_line_ends() {
    let server = Faulty::new();
    let stockport = Stockport::new().at_faulty(&server, ORG);
    let latin = |text: &str| encoding_rs::WINDOWS_1252.encode(text).0.into_owned();
    let utf16 = |text: &str| {
        [
            vec![0xff, 0xfe],
            text.encode_utf16().flat_map(u16::to_le_bytes).collect(),
        ]
        .concat()
    };
    let sources = [
        ("latin.csv", latin("item_id|name\n|Crème brûlée\nA1|Kush\n"), "|", "\n"),
        (
            "plain.csv",
            b"item_id,name\n,Cr\xc3\xa8me br\xc3\xbbl\xc3\xa9e\nA1,Kush\n".to_vec(),
            ",",
            "\n",
        ),
        (
            "wide.txt",
            utf16("item_id\tname\r\n\tCrème brûlée\r\nA1\tKush\r\n"),
            "\t",
            "\r\n",
        ),
        (
            "semi.csv",
            latin("item_id;name\r\n;Crème brûlée\r\nA1;Kush\r\n"),
            ";",
            "\r\n",
        ),
    ];
    for (name, bytes, delimiter, end) in sources {
        stockport.write(name, bytes);
        let run = stockport.run(["import", name, "--json"]).exit(3).json();
        let file = run["rejects_file"].as_str().unwrap();
        let header = ["item_id", "name", "_row", "_column", "_value", "_reason"].join(delimiter);
        let row = ["", "Crème brûlée", "2", "item_id", ""].join(delimiter);
        let text = stockport.read(file);
        assert!(
            text.starts_with(&format!("{MARK}{header}{end}{row}{delimiter}")),
            "{name}: {text:?}"
        );
        assert!(
            text.ends_with(end) && text.matches(end).count() == 2,
            "{name}: {text:?}"
        );
        let again = stockport.run(["import", file, "--json"]).exit(3).json();
        assert_eq!((&again["read"], &again["rejected"]), (&json!(1), &json!(1)), "{name}");
    }
    // A delimiter that is not found by itself is not kept.
    stockport.write("odd.csv", "item_id:name\nA/1:Kush\n");
    stockport.run(["import", "odd.csv", "--delimiter", ":"]).exit(3);
    assert!(
        stockport
            .read("odd.rejects.csv")
            .starts_with(&format!("{MARK}item_id,name,_row,"))
    );
    // JSON has no mark.
    stockport.write("in.jsonl", "{\"item_id\":\"A/1\",\"name\":\"Crème\"}\n");
    stockport.run(["import", "in.jsonl"]).exit(3);
    assert!(
        stockport
            .read("in.rejects.jsonl")
            .starts_with("{\"item_id\":\"A/1\",\"name\":\"Crème\"")
    );
}

#[test]
fn cells_under_no_header_and_beyond_it_come_back_and_only_those_beyond_reject_the_row_again() {
    for rejects in ["in.rejects.csv", "out.xlsx", "out.jsonl"] {
        let server = Faulty::new();
        let stockport = Stockport::new().at_faulty(&server, ORG);
        let text = "item_id,,name\nA1,aside,Kush,,over,far\nA2,,Haze\nA/3,under,Dream\nA4,,Long,,,end\n";
        stockport.write("in.csv", text);
        let args = ["import", "in.csv", "--rejects", rejects, "--json"];
        let args = if rejects.starts_with("in") {
            &[args[0], args[1], args[4]][..]
        } else {
            &args[..]
        };
        let run = stockport.run(args).exit(3).json();
        assert_eq!((&run["rejected"], &run["created"]), (&json!(3), &json!(1)));
        let seen = stockport.run(["inspect", rejects, "--json"]).ok().json();
        let samples = |name: &str| -> Vec<String> {
            let columns = seen["columns"].as_array().unwrap();
            let column = columns.iter().find(|column| column["header"] == name).unwrap();
            let samples = column["samples"].as_array().unwrap().iter();
            samples
                .map(|sample| sample["before"].as_str().unwrap().to_owned())
                .collect()
        };
        assert_eq!(samples("_unnamed_2"), ["aside", "under", ""], "{rejects}");
        assert_eq!(samples("_beyond_5"), ["over", "", ""], "{rejects}");
        assert_eq!(samples("_beyond_6"), ["far", "", "end"], "{rejects}");
        let reason = samples("_reason");
        assert!(
            reason[0].contains("the row is longer than its header: 6 cells, 3 columns"),
            "{reason:?}"
        );
        // As it is, for the same reasons.
        let run = stockport.run(["import", rejects, "--json"]).exit(3).json();
        assert_eq!((&run["read"], &run["rejected"]), (&json!(3), &json!(3)), "{rejects}");
        let again = stockport.run(["convert", rejects, "-"]).exit(3);
        assert_eq!(
            again.stderr.matches("6 cells, 3 columns").count(),
            2,
            "{}",
            again.stderr
        );
        // Once what is beyond is gone, what is under no header is no reason.
        replace(&stockport, rejects, &[("over", ""), ("far", ""), ("A/3", "A3")]);
        let run = stockport.run(["import", rejects, "--json"]).exit(3).json();
        assert_eq!((&run["created"], &run["rejected"]), (&json!(2), &json!(1)), "{rejects}");
        assert_eq!(server.items(ORG)["A1"]["name"], "Kush");
        assert!(!server.items(ORG)["A1"].contains_key("unnamed_2"));
    }
}

#[test]
fn every_row_of_a_reject_file_is_read_again_whatever_it_looks_like() {
    let server = Faulty::new();
    let stockport = Stockport::new().at_faulty(&server, ORG);
    // Rows that look like anything are rejected: a header, a title, a row of zeros.
    let text = "Item ID,Name,Quantity\nA/1,,\nA2,Two,2\nName,Status,Quantity\n0,0,0\n0,0,0\nA1 Total,,12\nA1 Total,,12\nName,Item ID,\n";
    stockport.write("in.csv", text);
    let run = stockport.run(["import", "in.csv", "--json"]).exit(3).json();
    assert_eq!((&run["read"], &run["rejected"]), (&json!(8), &json!(7)));
    for form in ["in.rejects.csv", "book.xlsx", "lines.jsonl"] {
        if form != "in.rejects.csv" {
            stockport.run(["import", "in.rejects.csv", "--rejects", form]).exit(3);
        }
        let run = stockport.run(["import", form, "--json", "--dry-run"]).exit(3).json();
        assert_eq!((&run["read"], &run["rejected"]), (&json!(7), &json!(7)), "{form}");
    }
    // Even where a person has emptied the columns that the reject file added.
    let rejects = stockport.read("in.rejects.csv");
    let emptied: Vec<String> = (rejects.lines().enumerate())
        .map(|(at, line)| match at {
            0 => line.to_owned(),
            _ => line.split(',').take(3).collect::<Vec<_>>().join(",") + ",,,,",
        })
        .collect();
    stockport.write("in.rejects.csv", emptied.join("\n"));
    let run = stockport
        .run(["import", "in.rejects.csv", "--json", "--dry-run"])
        .exit(3)
        .json();
    assert_eq!(run["read"], 7);
}

#[test]
fn the_ending_of_a_reject_file_decides_its_format_and_one_that_is_unknown_is_refused_first() {
    let server = Faulty::new();
    let stockport = Stockport::new().at_faulty(&server, ORG);
    stockport.write("in.csv", "item_id;name\nA/1;Kush\nA2;Haze\n");
    for name in ["x.foo", "x.xls", "x.csv.bz2", "x.gz"] {
        let run = stockport.run(["import", "in.csv", "--rejects", name]).exit(2);
        assert!(run.stderr.contains(name), "{}", run.stderr);
    }
    assert_eq!(server.posts().len(), 0);
    for (name, begins) in [
        ("x.xlsx", b"PK".as_slice()),
        ("y.jsonl", b"{\"item_id\":\"A/1\""),
        ("y.json", b"["),
        ("z.tsv", b"\xef\xbb\xbfitem_id\tname\t"),
        ("z.csv.gz", b"\x1f\x8b"),
        ("z.csv.zst", b"\x28\xb5\x2f\xfd"),
        ("bad", b"\xef\xbb\xbfitem_id;name;"),
    ] {
        let run = stockport
            .run(["import", "in.csv", "--rejects", name, "--json"])
            .exit(3)
            .json();
        let file = run["rejects_file"].as_str().unwrap();
        let bytes = fs::read(stockport.path(file)).unwrap();
        assert!(bytes.starts_with(begins), "{file}");
        let read = stockport.run(["import", file, "--dry-run", "--json"]).exit(3).json();
        assert_eq!((&read["read"], &read["rejected"]), (&json!(1), &json!(1)), "{file}");
    }
    // Two of them would share one mapping file: the later one is numbered.
    assert!(stockport.path("y-2.json").exists() && stockport.path("y-2.toml").exists());
    assert!(stockport.path("z-2.csv.gz").exists() && stockport.path("z-3.csv.zst").exists());
}

#[test]
fn a_mapping_file_that_is_there_is_never_overwritten() {
    let server = Faulty::new();
    let stockport = Stockport::new().at_faulty(&server, ORG);
    stockport.write("in.csv", "item_id,name\nA/1,Kush\n");
    stockport.write("bad.toml", "[columns]\nname = \"name\"\n");
    let run = stockport
        .run(["import", "in.csv", "--rejects", "bad.csv", "--json"])
        .exit(3)
        .json();
    assert_eq!(run["rejects_file"], "bad-2.csv");
    assert_eq!(stockport.read("bad.toml"), "[columns]\nname = \"name\"\n");
    assert!(
        stockport
            .read("bad-2.toml")
            .starts_with("# The mapping of a stockport reject file")
    );
}

#[test]
fn each_table_has_a_reject_file_and_a_mapping_file_of_its_own() {
    let server = Faulty::new();
    let stockport = Stockport::new().at_faulty(&server, ORG);
    let mut workbook = rust_xlsxwriter::Workbook::new();
    for (sheet, headers, row) in [
        ("One", ["Item ID", "Name", "Approved At"], ["A/1", "Kush", "13/04/2021"]),
        (
            "Two",
            ["Tag", "Product Name", "Approved At"],
            ["A/2", "Haze", "04/13/2021"],
        ),
    ] {
        let sheet = workbook.add_worksheet().set_name(sheet).unwrap();
        for (column, (header, text)) in (0..).zip(headers.iter().zip(row)) {
            sheet.write_string(0, column, *header).unwrap();
            sheet.write_string(1, column, text).unwrap();
        }
    }
    workbook.save(stockport.path("in.xlsx")).unwrap();
    let run = stockport
        .run(["import", "in.xlsx", "--sheet", "*", "--json"])
        .exit(3)
        .json();
    assert_eq!(run["rejects_files"], json!(["in.rejects.xlsx", "in.rejects-2.xlsx"]));
    assert!(
        stockport
            .read("in.rejects.toml")
            .contains("\"Approved At\" = { field = \"approved_at\", dates = \"dmy\" }")
    );
    assert!(
        stockport
            .read("in.rejects-2.toml")
            .contains("\"Approved At\" = { field = \"approved_at\", dates = \"mdy\" }")
    );
    for (file, from, to) in [("in.rejects.xlsx", "A/1", "A1"), ("in.rejects-2.xlsx", "A/2", "A2")] {
        replace(
            &stockport,
            file,
            &[(from, to), ("13/04/2021", "03/04/2021"), ("04/13/2021", "03/04/2021")],
        );
    }
    // Both at once, each with its own mapping, as the summary says.
    let command = next(&run)[0];
    assert!(
        command.starts_with("stockport import in.rejects.xlsx in.rejects-2.xlsx --org "),
        "{command}"
    );
    stockport.run(command.split(' ').skip(1)).ok();
    let items = server.items(ORG);
    assert_eq!(
        (&items["A1"]["approved_at"], &items["A2"]["approved_at"]),
        (&json!("2021-04-03"), &json!("2021-03-04"))
    );
}

#[test]
fn the_rows_of_standard_input_are_kept_in_the_working_folder_with_their_mapping() {
    let server = Faulty::new();
    let stockport = Stockport::new().at_faulty(&server, ORG);
    let input = b"item_id;quantity\nA1;1,5\nA/2;2.500\n";
    stockport.run_with_input(["import", "-"], input).exit(3);
    assert!(stockport.read("stdin.rejects.toml").contains("numbers = \"eu\""));
    replace(&stockport, "stdin.rejects.csv", &[("A/2", "A2")]);
    stockport.run(["import", "stdin.rejects.csv"]).ok();
    assert_eq!(server.items(ORG)["A2"]["quantity"], 2500);
}

#[test]
fn the_summary_ends_with_the_commands_to_go_on_with() {
    let server = Faulty::new();
    let stockport = Stockport::new().at_faulty(&server, ORG);
    stockport.write("it's in.csv", "item_id,name\nA1,Kush\nA/2,Haze\n");
    let run = stockport.run(["import", "it's in.csv", "--api", server.url()]).exit(3);
    let mut last = run.stdout.trim_end().lines().rev();
    let undo = last.next().unwrap();
    assert_eq!(last.next().unwrap(), "To undo it:");
    let import = last.next().unwrap();
    let reached = format!("--org {ORG} --api {}", server.url());
    assert_eq!(import, format!("stockport import 'it'\\''s in.rejects.csv' {reached}"));
    assert!(
        undo.starts_with("stockport undo 20") && undo.ends_with(&reached),
        "{undo}"
    );
    stockport.run(undo.split(' ').skip(1).chain(["--yes"])).ok();
    assert_eq!(server.count(ORG), 0);

    // Nothing rejected, nothing to correct; nothing changed, nothing to undo; nothing sent, nothing but the plan to apply.
    stockport.write("good.csv", "item_id,name\nA1,Kush\n");
    let dry = stockport
        .run(["import", "it's in.csv", "--dry-run", "--rejects", "r.csv", "--json"])
        .exit(3)
        .json();
    let apply = format!("stockport import 'it'\\''s in.csv' --rejects r.csv --json --org {ORG}");
    assert_eq!(next(&dry), [apply.as_str()]);
    let run = stockport.run(["import", "good.csv", "--json"]).ok().json();
    let undo = format!("stockport undo {} --org {ORG}", run["run"].as_str().unwrap());
    assert_eq!(next(&run), [undo.as_str()]);
    let run = stockport.run(["import", "good.csv", "--json"]).ok().json();
    assert_eq!(next(&run), [""; 0]);
    let run = stockport.run(["import", "it's in.csv", "--json"]).exit(3).json();
    assert_eq!(next(&run).len(), 1, "{run}");
}

#[test]
fn a_key_that_no_rejected_object_has_does_not_keep_a_reject_file_of_json_from_being_read() {
    let server = Faulty::new();
    let stockport = Stockport::new().at_faulty(&server, ORG);
    stockport.write(
        "map.toml",
        "[columns]\nlot = \"item_id\"\n[join]\nmoved_at = [\"day\", \"hour\"]\n",
    );
    stockport.write(
        "in.jsonl",
        "{\"lot\":\"A1\",\"day\":\"2021-02-03\",\"hour\":\"9:05\"}\n{\"lot\":\"A/2\",\"name\":\"Haze\"}\n",
    );
    stockport.run(["import", "in.jsonl", "--map", "map.toml"]).exit(3);
    replace(&stockport, "in.rejects.jsonl", &[("A/2", "A2")]);
    stockport.run(["import", "in.rejects.jsonl"]).ok();
    assert_eq!(server.items(ORG)["A1"]["moved_at"], "2021-02-03T09:05:00");
    assert!(!server.items(ORG)["A2"].contains_key("moved_at"));
}
