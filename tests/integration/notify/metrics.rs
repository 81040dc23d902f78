//! `--metrics`: a Prometheus text file that is there whatever stops the command.

use std::collections::BTreeMap;
use std::fs;

use jiff::Timestamp;

use crate::backup::{ORG, fill};
use crate::support::faulty::{Fault, Faulty, Rule};
use crate::support::{Stockport, TestSandbox};

const BRANCH: &str = "sandbox-branch";
const SUCCESS: &str = "stockport_last_success_timestamp_seconds";
const NEWEST: &str = "stockport_backup_newest_snapshot_timestamp_seconds";
const EXIT: &str = "stockport_last_run_exit_code";

/// The series of a file, each with its value in whole numbers. Each metric has its help and its type before it.
fn series(text: &str) -> BTreeMap<String, i64> {
    let mut found = BTreeMap::new();
    let mut metric = String::new();
    for line in text.lines() {
        if let Some(rest) = line.strip_prefix("# HELP ") {
            metric.clear();
            metric += rest.split_once(' ').unwrap().0;
            assert_eq!(text.matches(&format!("# HELP {metric} ")).count(), 1, "{text}");
        } else if let Some(rest) = line.strip_prefix("# TYPE ") {
            assert_eq!(rest, format!("{metric} gauge"), "{text}");
        } else {
            let (name, value) = line.rsplit_once(' ').unwrap();
            assert!(name.starts_with(&format!("{metric}{{")), "{line}");
            assert!(value.parse::<f64>().is_ok(), "{line}");
            let whole = value.split_once('.').map_or(value, |(whole, _)| whole);
            let value = whole.parse().unwrap_or_else(|_| panic!("{line}"));
            assert_eq!(found.insert(name.to_owned(), value), None, "{line}");
        }
    }
    assert!(text.ends_with('\n'), "{text}");
    found
}

fn of(name: &str, command: &str, org: &str) -> String {
    format!("{name}{{command=\"{command}\",organization=\"{org}\"}}")
}

fn seconds() -> i64 {
    Timestamp::now().as_second()
}

#[test]
fn a_backup_of_several_organizations_has_a_series_for_each() {
    let server = TestSandbox::new();
    fill(&server, ORG, 3);
    fill(&server, BRANCH, 4);
    let stockport = Stockport::new().at(&server, ORG);
    let began = seconds();
    let both = [
        "backup",
        "create",
        "bk",
        "--org",
        ORG,
        "--org",
        BRANCH,
        "--metrics",
        "m.prom",
    ];
    stockport.run(both).ok();
    let found = series(&stockport.read("m.prom"));
    assert_eq!(found.len(), 18, "{found:?}");
    for (org, items) in [(ORG, 3), (BRANCH, 4)] {
        let value = |name: &str| found[&of(name, "backup create", org)];
        assert_eq!(value(EXIT), 0);
        assert_eq!(value("stockport_last_run_items_read"), items);
        assert_eq!(value("stockport_last_run_items_written"), items);
        assert_eq!(value("stockport_last_run_retries"), 0);
        assert!(value("stockport_last_run_requests") >= 1);
        for name in [SUCCESS, NEWEST, "stockport_last_run_end_timestamp_seconds"] {
            assert!(
                (began - 1..=seconds()).contains(&value(name)),
                "{name}: {}",
                value(name)
            );
        }
        assert!((0..60).contains(&value("stockport_last_run_duration_seconds")));
    }
    let names = fs::read_dir(stockport.path("")).unwrap();
    assert_eq!(names.count(), 2, "a temporary file stays");
    // One that fails is a series of its own kind, and the other one's stays.
    let half = [
        "backup",
        "create",
        "bk",
        "--org",
        ORG,
        "--org",
        "unknown-company",
        "--metrics",
        "m.prom",
    ];
    stockport.run(half).exit(1);
    let found = series(&stockport.read("m.prom"));
    let value = |name: &str, org: &str| found[&of(name, "backup create", org)];
    assert_eq!((value(EXIT, ORG), value(EXIT, "unknown-company")), (0, 1));
    assert_eq!(
        (value(SUCCESS, "unknown-company"), value(NEWEST, "unknown-company")),
        (0, 0)
    );
}

#[test]
fn a_failed_run_keeps_the_last_success_and_names_the_organizations_that_it_never_came_to() {
    let server = TestSandbox::new();
    fill(&server, ORG, 3);
    let stockport = Stockport::new().at(&server, ORG);
    let create = ["backup", "create", "bk", "--metrics", "m.prom"];
    stockport.run(create).ok();
    let text = stockport.read("m.prom");
    let good = series(&text);
    // An hour ago.
    let key = of(SUCCESS, "backup create", ORG);
    let earlier = good[&key] - 3600;
    let line = format!("{key} {earlier}\n");
    stockport.write("m.prom", text.replace(&format!("{key} {}\n", good[&key]), &line));
    fs::create_dir_all(stockport.home().join("config/stockport")).unwrap();
    fs::write(
        stockport.home().join("config/stockport/config.toml"),
        "[profiles.main\n",
    )
    .unwrap();
    for named in [true, false] {
        let mut command = stockport.command(create);
        if !named {
            command.env_remove("STOCKPORT_ORG");
        }
        assert_eq!(command.output().unwrap().status.code(), Some(1));
        let found = series(&stockport.read("m.prom"));
        assert_eq!(found.len(), 9, "{found:?}");
        let value = |name: &str| found[&of(name, "backup create", ORG)];
        assert_eq!((value(EXIT), value(SUCCESS)), (1, earlier));
        assert_eq!(value(NEWEST), good[&of(NEWEST, "backup create", ORG)]);
        assert_eq!(value("stockport_last_run_items_written"), 0);
    }
    // Nothing is known at all.
    fs::remove_file(stockport.path("m.prom")).unwrap();
    let mut command = stockport.command(create);
    command.env_remove("STOCKPORT_ORG").output().unwrap();
    let found = series(&stockport.read("m.prom"));
    assert_eq!(found[&of(EXIT, "backup create", "")], 1);
    assert_eq!(found[&of(SUCCESS, "backup create", "")], 0);
}

#[test]
fn imports_exports_and_migrations_count_what_they_read_write_and_repeat() {
    let server = Faulty::new().rule(Rule::first(2, Fault::TooManySeconds(0)).on("POST"));
    let stockport = Stockport::new().at_faulty(&server, ORG);
    stockport.write("in.csv", "item_id,name,quantity\nB1,One,1\nB2,Two,2\nB3,Three,many\n");
    for (line, command, org, expected) in [
        ("import in.csv", "import", ORG, [3, 3, 2, 2]),
        ("import absent.csv", "import", ORG, [1, 0, 0, 0]),
        ("export out.csv", "export", ORG, [0, 2, 2, 0]),
        ("export --where name=Two", "export", ORG, [0, 2, 1, 0]),
        (
            "migrate --from sandbox-company --to sandbox-branch",
            "migrate",
            BRANCH,
            [0, 2, 2, 0],
        ),
    ] {
        let code = i32::try_from(expected[0]).unwrap();
        stockport.run(line.split(' ').chain(["--metrics", "m.prom"])).exit(code);
        let found = series(&stockport.read("m.prom"));
        let value = |name: &str| found[&of(name, command, org)];
        let names = [
            EXIT,
            "stockport_last_run_items_read",
            "stockport_last_run_items_written",
            "stockport_last_run_retries",
        ];
        assert_eq!(names.map(value), expected, "{line}");
        assert!(!found.keys().any(|key| key.starts_with(NEWEST)), "{line}");
    }
    let before = stockport.read("m.prom");
    let args = ["import", "in.csv", "--dry-run", "--metrics", "m.prom"];
    let run = stockport.run(args).exit(3);
    assert!(run.stderr.contains("--metrics ignored"), "{run:?}");
    assert_eq!(stockport.read("m.prom"), before);
}

#[test]
fn what_stands_in_a_name_is_escaped_and_stays_so() {
    let stockport = Stockport::new().env("CANNLYTICS_API_KEY", "k");
    let create = [
        "backup",
        "create",
        "bk",
        "--metrics",
        "m.prom",
        "--api",
        "http://127.0.0.1:9/api",
    ];
    let odd = "a\"b\\n{c}=\"} 1";
    stockport
        .run(create.iter().chain(&["--retries=0", "--org", odd]))
        .exit(1);
    let key = of(EXIT, "backup create", "a\\\"b\\\\n{c}=\\\"} 1");
    assert_eq!(series(&stockport.read("m.prom"))[&key], 1);
    // Taken from the earlier file.
    stockport.run(create.iter().chain(&["--retries=0"])).exit(2);
    let found = series(&stockport.read("m.prom"));
    assert_eq!((found.len(), found[&key]), (9, 2), "{found:?}");
}

#[test]
fn a_file_that_cannot_be_written_is_a_warning_and_the_earlier_one_stays() {
    let server = TestSandbox::new();
    fill(&server, ORG, 3);
    let stockport = Stockport::new().at(&server, ORG);
    fs::create_dir(stockport.path("folder")).unwrap();
    #[cfg_attr(not(target_os = "linux"), allow(unused_mut))]
    let mut places = vec!["folder".to_owned(), "absent/m.prom".to_owned()];
    #[cfg(target_os = "linux")]
    let disk = crate::support::disk::SmallDisk::new(256);
    #[cfg(target_os = "linux")]
    {
        places.push("/dev/full".to_owned());
        if let Some(disk) = &disk {
            let path = disk.folder().join("m.prom");
            fs::write(&path, "# earlier\n").unwrap();
            disk.fill(0);
            places.push(path.to_string_lossy().into_owned());
        }
    }
    for place in &places {
        let run = stockport
            .run(["backup", "create", "bk", "--metrics", place, "--json"])
            .ok();
        assert!(
            run.stderr.contains("warning: no metrics were written"),
            "{place}: {run:?}"
        );
        assert_eq!(run.json()["error"], serde_json::Value::Null, "{place}");
    }
    #[cfg(target_os = "linux")]
    if let Some(disk) = &disk {
        assert_eq!(fs::read_to_string(disk.folder().join("m.prom")).unwrap(), "# earlier\n");
        // Files whose names begin with a dot aren't listed.
        assert_eq!(fs::read_dir(disk.folder()).unwrap().count(), 2);
    }
    // What is no text of metrics is replaced.
    for nonsense in [
        &b"\xff\xfe{{{"[..],
        b"stockport_last_run_exit_code{command=\"backup create\",organization=\"\\",
    ] {
        stockport.write("m.prom", nonsense);
        stockport.run(["backup", "create", "bk", "--metrics", "m.prom"]).ok();
        assert_eq!(series(&stockport.read("m.prom")).len(), 9);
    }
}
