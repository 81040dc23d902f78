//! Addresses of other places, where a file or a folder of this machine belongs: refused before anything is made.

use std::ffi::OsStr;

use stockport::place::on_this_machine;

use crate::edges::assert_told;
use crate::support::Stockport;

const ADDRESSES: [&str; 18] = [
    "s3://bucket",
    "s3:/bucket",
    "S3://Bucket",
    "s3:bucket",
    "gs://bucket/x.csv",
    "az://container",
    "https://host/x.xlsx",
    "HTTP:/host",
    "sftp:user@host:/x",
    "sftp://host/x",
    "rclone:remote:x",
    "file:///x.xlsx",
    "nas:/backups",
    "user@nas:/backups",
    "s3:",
    "s3:\\bucket",
    "x-y+z.1://h",
    "b2:bucket:x",
];

#[test]
fn an_address_is_told_from_a_file_by_its_scheme() {
    for name in ADDRESSES {
        assert!(on_this_machine(OsStr::new(name)).is_err(), "{name}");
    }
    for name in [
        "",
        "-",
        ":",
        "x.csv",
        "C:\\x.csv",
        "c:/x",
        "C:x",
        "./s3://x",
        "/srv/s3://x",
        "..\\s3://x",
        "12:30.csv",
        "Count: May.csv",
        "acme@2026-11-22T10:30",
        "\\\\?\\C:\\x",
        "s3",
        "s3x.csv",
    ] {
        assert!(on_this_machine(OsStr::new(name)).is_ok(), "{name}");
    }
}

#[test]
fn every_command_refuses_an_address_and_makes_nothing() {
    let stockport = Stockport::new();
    stockport.write("x.csv", "item_id,name\nA1,Kush\n");
    for address in ADDRESSES {
        for line in [
            vec!["backup", "create", address],
            vec!["backup", "list", address],
            vec!["backup", "verify", address],
            vec!["backup", "restore", address],
            vec!["backup", "prune", address, "--keep-last", "1"],
            vec!["export", address],
            vec!["import", address],
            vec!["import", "x.csv", address],
            vec!["import", "x.csv", "--rejects", address],
            vec!["import", "x.csv", "--report", address],
            vec!["import", "x.csv", "--results", address],
            vec!["import", "x.csv", "--plan-out", address],
            vec!["import", "x.csv", "--map", address],
            vec!["convert", address, "y.csv"],
            vec!["convert", "x.csv", address],
            vec!["inspect", address],
            vec!["inspect", "x.csv", "--save-map", address],
            vec!["diff", address, "x.csv"],
            vec!["diff", "x.csv", address],
            vec!["diff", "x.csv", "x.csv", "--csv", address],
            vec!["template", address],
            vec!["migrate", "--check", address],
            vec!["migrate", "--from", "a", "--to", "b", "--certificate", address],
            vec!["delete", "--file", address],
            vec!["man", "--dir", address],
            vec!["export", "y.csv", "--key-file", address],
            vec!["sandbox", "--sandbox-dir", address],
            vec!["schedule", "daily 02:00", "--", "backup", "create", address],
        ] {
            // One process each would take minutes: every command for one address, every address for one command.
            if address != ADDRESSES[0] && line[..2] != ["backup", "create"] && line[0] != "diff" {
                continue;
            }
            let run = stockport.run(&line).exit(2);
            assert_told(
                &run,
                address.trim_end_matches(['\\', 'b', 'u', 'c', 'k', 'e', 't']),
                "this machine",
            );
        }
    }
    let names: Vec<_> = std::fs::read_dir(stockport.path(".")).unwrap().flatten().collect();
    assert_eq!(names.len(), 1, "{names:?}");
    let report = stockport
        .run(["export", "s3://bucket/x.csv", "--sandbox", "--json"])
        .exit(2)
        .json();
    assert!(
        report["error"].as_str().unwrap().contains("./s3://bucket/x.csv"),
        "{report}"
    );
}

#[cfg(unix)]
#[test]
fn a_file_of_such_a_name_is_named_by_its_folder() {
    let stockport = Stockport::new();
    std::fs::create_dir(stockport.path("s3:")).unwrap();
    stockport.write("s3:/x.csv", "item_id,name\nA1,Kush\n");
    stockport.run(["convert", "./s3://x.csv", "./s3:/y.csv"]).ok();
    assert!(stockport.read("s3:/y.csv").contains("A1"));
    // An organization keeps its own form.
    let run = stockport
        .run(["diff", "org:sandbox-company", "org:sandbox-company", "--sandbox"])
        .ok();
    assert!(run.stderr.is_empty(), "{run:?}");
}
