//! What is shipped besides the source: the packages' metadata, the samples of a container and of systemd units, the workflows.
//!
//! Doesn't belong here: building and installing a package (`.ci/run`), manifests of Kubernetes (`kubernetes`).

use std::collections::BTreeSet;
use std::fs;
use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Output};

use clap::CommandFactory as _;
use serde_json::Value;
use stockport::cli::Cli;

use crate::house::sources;
use crate::readme::{files_below, root, text, words};

const VERSION: &str = env!("CARGO_PKG_VERSION");

fn manifest() -> Value {
    toml_edit::de::from_str(&text("Cargo.toml")).unwrap()
}

fn yaml(name: &str) -> Value {
    yaml_serde::from_str(&text(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
}

fn below(folder: &str) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    files_below(&root().join(folder), &root(), &mut found);
    found
}

fn strings(value: &Value) -> Vec<&str> {
    value
        .as_array()
        .unwrap()
        .iter()
        .map(|text| text.as_str().unwrap())
        .collect()
}

/// Says that a part of a test can't be made here, past the test runner, which keeps what a test prints.
fn skipped(what: &str) {
    let mut told = std::io::stderr();
    writeln!(told, "SKIPPED: {what}").unwrap();
}

/// Runs a program, if it is installed.
fn run(program: &str, args: &[&str]) -> Option<Output> {
    Command::new(program).args(args).current_dir(root()).output().ok()
}

#[test]
fn the_version_is_the_same_wherever_it_stands() {
    let changelog = text("CHANGELOG.md");
    let newest = changelog.lines().find_map(|line| line.strip_prefix("## ")).unwrap();
    let (version, date) = newest.split_once(" - ").unwrap_or((newest, "none"));
    assert_eq!(version, VERSION, "the changelog's newest heading is {newest:?}");
    assert!(date.parse::<jiff::civil::Date>().is_ok(), "{date:?} is not a date");
    for name in below("samples").into_iter().chain(below(".github")) {
        let Ok(text) = fs::read_to_string(root().join(&name)) else {
            continue;
        };
        for (at, _) in text.match_indices("stockport:0.") {
            let tag = &text[at..]
                .split(|c: char| c.is_whitespace() || c == '`')
                .next()
                .unwrap();
            assert_eq!(
                tag.trim_end_matches([',', '.']),
                format!("stockport:{VERSION}"),
                "{name}"
            );
        }
    }
    let form = text(".github/ISSUE_TEMPLATE/bug.yml");
    assert!(form.contains(&format!("placeholder: stockport {VERSION}\n")));
}

#[test]
fn everything_that_the_debian_package_holds_is_there_or_made_before() {
    let package = text(".ci/package");
    let deb = &manifest()["package"]["metadata"]["deb"];
    let mut targets = BTreeSet::new();
    for asset in deb["assets"].as_array().unwrap() {
        let [from, to, mode] = strings(asset)[..] else {
            panic!("{asset}");
        };
        assert_eq!(mode, if to == "usr/bin/" { "755" } else { "644" }, "{asset}");
        assert!(targets.insert((from, to)), "{asset} stands twice");
        if let Some(made) = from.strip_prefix("target/package/") {
            let (folder, file) = made.split_once('/').unwrap();
            let line = if file == "*.1" {
                format!("$out/{folder}")
            } else {
                format!("$out/{folder}/{file}")
            };
            assert!(package.contains(&line), ".ci/package makes no {made}");
        } else if let Some(folder) = from.strip_suffix("/*") {
            assert!(!below(folder).is_empty(), "{from}");
        } else if from != "target/release/stockport" {
            assert!(root().join(from).is_file(), "there is no {from}");
        }
    }
    for wanted in [
        "usr/bin/",
        "usr/share/man/man1/",
        "usr/share/doc/stockport/examples/systemd/",
    ] {
        assert!(targets.iter().any(|(_, to)| *to == wanted), "{wanted}");
    }
    let license = strings(&deb["license-file"])[0];
    assert!(root().join(license).is_file());
    for file in ["package", "run"].map(|name| text(&format!(".ci/{name}"))) {
        assert!(file.starts_with("#!/usr/bin/env bash\n") && file.contains("set -euo pipefail"));
    }
}

#[test]
fn the_archive_has_the_name_that_cargo_binstall_looks_for() {
    let metadata = &manifest()["package"]["metadata"]["binstall"];
    let spelt = |name: &str| {
        let template = metadata[name].as_str().unwrap();
        let spelt = template
            .replace("{ name }", "stockport")
            .replace("{ version }", "$version");
        spelt.replace("{ target }", "$target")
    };
    let package = text(".ci/package").replace("$(rustc -vV | sed -n 's/^host: //p')", "$target");
    let name = package.lines().find_map(|line| line.strip_prefix("name=")).unwrap();
    assert_eq!(
        spelt("pkg-url"),
        format!("{{ repo }}/releases/download/v$version/{name}.tgz")
    );
    assert_eq!(spelt("bin-dir"), format!("{name}/{{ bin }}{{ binary-ext }}"));
    assert_eq!(metadata["pkg-fmt"], "tgz");
}

/// The instructions of a Dockerfile, without comments: name and rest.
fn instructions(dockerfile: &str) -> Vec<(String, String)> {
    let text = dockerfile.replace("\\\n", " ");
    let lines = text
        .lines()
        .filter(|line| !line.trim().is_empty() && !line.starts_with('#'));
    lines
        .map(|line| {
            line.split_once(' ')
                .map(|(name, rest)| (name.to_owned(), rest.trim().to_owned()))
                .unwrap()
        })
        .collect()
}

#[test]
fn the_container_is_small_runs_as_nobody_and_keeps_its_state() {
    let all = instructions(&text("samples/container/Dockerfile"));
    let stage = all.iter().rposition(|(name, _)| name == "FROM").unwrap();
    let (build, image) = all.split_at(stage);
    let of = |part: &[(String, String)], wanted: &str| -> Vec<String> {
        let found = part.iter().filter(|(name, _)| name == wanted);
        found.map(|(_, rest)| rest.clone()).collect()
    };
    let rust = manifest()["package"]["rust-version"].as_str().unwrap().to_owned();
    assert_eq!(of(build, "FROM"), [format!("rust:{rust}-bookworm AS build")]);
    assert!(
        of(image, "FROM")[0].starts_with("gcr.io/distroless/cc-debian12"),
        "the glibc of bookworm is Debian 12's"
    );

    // What is copied in exists, and is enough: cargo can read the package.
    let copy = tempfile::tempdir().unwrap();
    for line in of(build, "COPY") {
        let words = words(&line);
        for from in words.split_last().unwrap().1 {
            let files = if root().join(from).is_file() {
                BTreeSet::from([(*from).to_owned()])
            } else {
                below(from)
            };
            assert!(!files.is_empty(), "there is no {from}");
            for file in files {
                let at = copy.path().join(&file);
                fs::create_dir_all(at.parent().unwrap()).unwrap();
                fs::copy(root().join(&file), at).unwrap();
            }
        }
    }
    let run = &of(build, "RUN")[0];
    let cargo = run.split(" && ").next().unwrap();
    assert!(cargo.starts_with("cargo build --locked --profile dist"), "{cargo}");
    assert!(manifest()["profile"]["dist"].is_object());
    let metadata = Command::new(env!("CARGO"))
        .args([
            "metadata",
            "--no-deps",
            "--offline",
            "--locked",
            "--format-version",
            "1",
        ])
        .current_dir(copy.path())
        .output()
        .unwrap();
    assert!(
        metadata.status.success(),
        "{}",
        String::from_utf8_lossy(&metadata.stderr)
    );
    // No source includes a file that isn't copied.
    for source in &sources("src") {
        for (at, _) in text(source).match_indices("include_str!(\"") {
            let path = text(source)[at..].split('"').nth(1).unwrap().to_owned();
            let folder = Path::new(source).parent().unwrap();
            assert!(
                copy.path().join(folder).join(&path).exists(),
                "{source} includes {path}"
            );
        }
    }

    let user = of(image, "USER").concat();
    let number = user.split(':').next().unwrap().parse::<u32>().unwrap();
    assert_ne!(number, 0, "root");
    let volume = of(image, "VOLUME").concat();
    assert!(
        of(image, "ENV")[0].contains(&format!("HOME={volume}")),
        "journals stand below HOME"
    );
    let owned = format!("--chown={user} --chmod=700 {volume} {volume}");
    assert!(
        of(image, "COPY").iter().any(|copy| copy.ends_with(&owned)),
        "the volume is root's"
    );
    assert_eq!(of(image, "ENTRYPOINT"), ["[\"/usr/bin/stockport\"]"]);
    let binary = of(image, "COPY")
        .iter()
        .any(|copy| copy.ends_with("target/dist/stockport /usr/bin/stockport"));
    assert!(binary && of(image, "RUN").is_empty(), "distroless has no shell");

    if !["docker", "podman"].into_iter().any(run_container_check) {
        skipped("checking the Dockerfile with docker or podman, neither of which runs here");
    }
}

/// Whether a container program runs here; its own check of the Dockerfile has to pass then.
fn run_container_check(program: &str) -> bool {
    if !run(program, &["info"]).is_some_and(|info| info.status.success()) {
        return false;
    }
    let checked = run(
        program,
        &["build", "--check", "-f", "samples/container/Dockerfile", "."],
    )
    .unwrap();
    let said = String::from_utf8_lossy(&checked.stderr).into_owned();
    // Older ones have no check; the registry may be out of reach.
    assert!(checked.status.success() || !said.contains("Dockerfile:"), "{said}");
    checked.status.success()
}

/// The settings of a unit: section, name, value.
fn settings(unit: &str) -> Vec<(String, String, String)> {
    let mut section = String::new();
    let mut settings = Vec::new();
    for line in unit.lines().filter(|line| !line.is_empty() && !line.starts_with('#')) {
        if let Some(name) = line.strip_prefix('[').and_then(|line| line.strip_suffix(']')) {
            name.clone_into(&mut section);
        } else {
            let (name, value) = line.split_once('=').unwrap_or_else(|| panic!("{line:?}"));
            settings.push((section.clone(), name.to_owned(), value.to_owned()));
        }
    }
    settings
}

#[test]
fn the_units_are_ones_and_their_command_is_one() {
    let names = ["stockport-backup.service", "stockport-backup.timer"];
    let units = names.map(|name| settings(&text(&format!("samples/systemd/{name}"))));
    let of = |unit: usize, section: &str, name: &str| {
        let mut found = units[unit]
            .iter()
            .filter(|(within, named, _)| within == section && named == name);
        found.next().map(|(_, _, value)| value.clone()).unwrap_or_default()
    };
    let command = of(0, "Service", "ExecStart");
    let line = command.strip_prefix("/usr/bin/").unwrap();
    Cli::command().try_get_matches_from(words(line)).unwrap();
    assert_eq!(of(0, "Service", "Type"), "oneshot");
    assert!(!of(0, "Service", "User").is_empty() && of(0, "Service", "User") != "root");
    let keys = |(_, _, value): &&(String, String, String)| value.contains("CANNLYTICS_API_KEY");
    assert_eq!(units[0].iter().filter(keys).count(), 0, "a key that everybody can read");
    assert!(of(0, "Service", "EnvironmentFile").starts_with("/etc/"));
    assert_eq!(of(1, "Timer", "Persistent"), "true");
    assert_eq!(of(1, "Install", "WantedBy"), "timers.target");

    // systemd names what it doesn't know. The command must be there for that.
    let folder = tempfile::tempdir().unwrap();
    let mut args = vec!["verify".to_owned(), "--man=no".to_owned()];
    for name in names {
        let unit = text(&format!("samples/systemd/{name}"));
        let unit = unit.replace("/usr/bin/stockport", env!("CARGO_BIN_EXE_stockport"));
        fs::write(folder.path().join(name), unit).unwrap();
        args.push(folder.path().join(name).display().to_string());
    }
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    match run("systemd-analyze", &args) {
        Some(verified) => {
            let said = String::from_utf8_lossy(&verified.stderr).into_owned();
            let of_ours = said.lines().filter(|line| line.contains("stockport-backup")).count();
            assert!(verified.status.success() && of_ours == 0, "{said}");
        }
        None => skipped("systemd-analyze verify, which is not installed"),
    }
}

/// Every step of a workflow.
fn steps(workflow: &Value) -> Vec<Value> {
    let jobs = workflow["jobs"].as_object().unwrap().values();
    jobs.flat_map(|job| job["steps"].as_array().unwrap().clone()).collect()
}

#[test]
fn the_workflows_test_each_system_with_the_oldest_rust_and_release_with_proof() {
    let rust = manifest()["package"]["rust-version"].as_str().unwrap().to_owned();
    let matrix = yaml(".github/workflows/test.yml")["jobs"]["test"]["strategy"]["matrix"].clone();
    let systems: Vec<&str> = strings(&matrix["os"])
        .iter()
        .map(|os| os.split('-').next().unwrap())
        .collect();
    assert_eq!(systems, ["ubuntu", "macos", "windows"]);
    assert_eq!(strings(&matrix["rust"]), [rust.as_str(), "stable"]);
    for name in below(".github/workflows") {
        let workflow = yaml(&name);
        assert_eq!(workflow["permissions"]["contents"], "read", "{name}");
        for step in steps(&workflow) {
            let Some(uses) = step["uses"].as_str() else {
                assert!(step["run"].is_string(), "{name}: {step}");
                continue;
            };
            let (action, commit) = uses.split_once('@').unwrap();
            assert!(
                commit.len() == 40 && commit.bytes().all(|b| b.is_ascii_hexdigit()),
                "{name}: {uses}"
            );
            assert!(action.starts_with("actions/"), "{name}: {uses} is not GitHub's own");
            if action == "actions/checkout" {
                assert_eq!(step["with"]["persist-credentials"], false, "{name}: {step}");
            }
        }
    }
    let release = yaml(".github/workflows/release.yml");
    let publish = &release["jobs"]["publish"];
    assert_eq!(publish["needs"], "build");
    let said = serde_json::to_string(&steps(&release)).unwrap();
    for part in [
        "sha256sum",
        "actions/attest-build-provenance@",
        "gh release create",
        ".ci/package dist",
    ] {
        assert!(said.contains(part), "{part}");
    }
    for (name, right) in publish["permissions"].as_object().unwrap() {
        assert!(["contents", "id-token", "attestations"].contains(&name.as_str()) && right == "write");
    }
}

#[test]
fn the_issue_forms_are_forms() {
    let forms = below(".github/ISSUE_TEMPLATE");
    assert!(forms.len() > 2, "{forms:?}");
    for name in forms.iter().filter(|name| !name.ends_with("config.yml")) {
        let form = yaml(name);
        assert!(form["name"].is_string() && form["description"].is_string(), "{name}");
        let mut ids = BTreeSet::new();
        for part in form["body"].as_array().unwrap() {
            let kind = part["type"].as_str().unwrap();
            assert!(
                ["markdown", "textarea", "input", "dropdown", "checkboxes"].contains(&kind),
                "{name}: {part}"
            );
            let needed = if kind == "markdown" { "value" } else { "label" };
            assert!(part["attributes"][needed].is_string(), "{name}: {part}");
            if kind != "markdown" {
                assert!(ids.insert(part["id"].as_str().unwrap().to_owned()), "{name}: {part}");
            }
        }
    }
    assert!(text(".github/SECURITY.md").contains("Report it privately"));
}
