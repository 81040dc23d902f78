//! `stockport doctor` and `config check --online`: what is found, and what is said to be done.

use std::fs;

use serde_json::{Value, json};
use stockport::sandbox::Flavour;

use crate::config::write_key;
use crate::support::faulty::{Fault, Faulty, Rule};
use crate::support::{Run, Stockport};

const ORG: &str = "sandbox-company";
const BRANCH: &str = "sandbox-branch";

/// All checks, in their order.
const CHECKS: [&str; 14] = [
    "versions",
    "config",
    "config folder",
    "data folder",
    "state folder",
    "temporary folder",
    "journals",
    "safety copies",
    "key",
    "organization",
    "clock",
    "list",
    "proxy",
    "schedule",
];

/// The check of this name.
fn check<'a>(document: &'a Value, name: &str) -> &'a Value {
    let mut checks = document["checks"].as_array().unwrap().iter();
    checks.find(|check| check["name"] == name).unwrap_or(&Value::Null)
}

/// What is found: the states of these checks.
fn states<'a>(document: &'a Value, names: &[&str]) -> Vec<&'a str> {
    let state = |name: &&str| check(document, name)["state"].as_str().unwrap_or("none");
    names.iter().map(state).collect()
}

fn doctor(stockport: &Stockport, exit: i32) -> Value {
    stockport.run(["doctor", "--json"]).exit(exit).json()
}

fn filled(server: Faulty) -> Faulty {
    server.put(ORG, &json!({"item_id": "A1", "name": "Kush"}));
    server
}

#[test]
fn where_all_is_well_every_check_says_so_and_nothing_shows_the_key() {
    let server = filled(Faulty::new());
    let stockport = Stockport::new().at_faulty(&server, ORG);
    let document = doctor(&stockport, 0);
    let names: Vec<&str> = document["checks"]
        .as_array()
        .unwrap()
        .iter()
        .map(|check| check["name"].as_str().unwrap())
        .collect();
    assert_eq!(names, CHECKS);
    assert_eq!(states(&document, &CHECKS), ["ok"; 14], "{document}");
    assert_eq!(
        (&document["ok"], &document["errors"], &document["error"]),
        (&json!(14), &json!(0), &Value::Null)
    );
    assert_eq!(
        check(&document, "list")["detail"],
        "1 item, complete, both ends checked"
    );
    assert!(
        check(&document, "key")["detail"]
            .as_str()
            .unwrap()
            .contains("CANNLYTICS_API_KEY")
    );
    let text = stockport.run(["doctor"]).ok();
    assert!(text.stdout.ends_with("14 checks: all ok\n"), "{}", text.stdout);
    assert!(!format!("{document}{text:?}").contains(server.key(ORG)));
    let quiet = stockport.run(["doctor", "--quiet"]).ok();
    assert_eq!((quiet.stdout.as_str(), quiet.stderr.as_str()), ("", ""));
    // It looks, and writes nothing.
    assert!(server.posts().is_empty());
    assert!(!stockport.home().join("state").exists() && !stockport.home().join("data").exists());
}

#[test]
fn a_key_that_is_wrong_or_missing_and_a_host_that_is_silent_are_errors_with_what_to_do() {
    let server = filled(Faulty::new());
    let network = ["organization", "clock", "list"];
    let wrong = Stockport::new()
        .at_faulty(&server, ORG)
        .env("CANNLYTICS_API_KEY", "wrong");
    let document = doctor(&wrong, 1);
    assert_eq!(
        states(&document, &["key", "organization", "list"]),
        ["ok", "error", "warning"]
    );
    assert!(
        check(&document, "organization")["detail"].to_string().contains("401"),
        "{document}"
    );
    assert_eq!(document["error"], "1 check failed");
    let text = wrong.run(["doctor"]).exit(1);
    assert!(text.stdout.contains("error   organization "), "{}", text.stdout);
    let quiet = wrong.run(["doctor", "-q"]).exit(1);
    assert_eq!(quiet.stdout, "");
    assert!(
        quiet.stderr.contains("organization") && quiet.stderr.contains("hint:"),
        "{}",
        quiet.stderr
    );

    let before = server.seen();
    let nothing = Stockport::new()
        .env("CANNLYTICS_API_URL", server.url())
        .env("STOCKPORT_ORG", ORG);
    let document = doctor(&nothing, 1);
    assert_eq!(states(&document, &["key"]), ["error"]);
    assert_eq!(states(&document, &network), ["warning"; 3]);
    assert!(
        check(&document, "key")["hint"].to_string().contains("stockport login"),
        "{document}"
    );
    assert_eq!(server.seen(), before);

    let dead = Stockport::new()
        .at_faulty(&server, ORG)
        .env("CANNLYTICS_API_URL", "http://127.0.0.1:9/api");
    assert_eq!(states(&doctor(&dead, 1), &network), ["error", "warning", "warning"]);
    let nameless = Stockport::new().at_faulty(&server, ORG).env("STOCKPORT_ORG", "");
    assert_eq!(states(&doctor(&nameless, 1), &network), ["error", "warning", "warning"]);
    let truncated = Stockport::new()
        .at_faulty(&server, "sandbox-company")
        .env("STOCKPORT_ORG", "sandbox-compan");
    assert_eq!(states(&doctor(&truncated, 1), &["organization"]), ["error"]);
}

#[test]
fn a_clock_that_is_minutes_off_is_a_warning() {
    for (seconds, state, how) in [
        (0, "ok", "agree"),
        (290, "ok", "agree"),
        (-290, "ok", "agree"),
        (-3600, "warning", "ahead of"),
        (3600, "warning", "behind"),
        (-400, "warning", "ahead of"),
    ] {
        let server = filled(Faulty::new().rule(Rule::every(1, Fault::Clock(seconds))));
        let stockport = Stockport::new().at_faulty(&server, ORG);
        let document = doctor(&stockport, 0);
        let clock = check(&document, "clock");
        assert_eq!(clock["state"], state, "{seconds}: {clock}");
        assert!(clock["detail"].as_str().unwrap().contains(how), "{seconds}: {clock}");
        assert_eq!(clock["hint"].is_string(), state == "warning");
    }
}

#[test]
fn a_list_that_is_cut_or_fails_is_an_error_and_one_that_is_probably_complete_is_none() {
    let traits = |change: fn(&mut Flavour)| {
        let mut flavour = Flavour::default();
        change(&mut flavour);
        flavour
    };
    for (flavour, state) in [
        (traits(|flavour| flavour.hard_cut = Some(2)), "error"),
        (traits(|flavour| flavour.lists_fail = true), "error"),
        (traits(|flavour| flavour.unordered = true), "ok"),
    ] {
        let server = Faulty::with(flavour.clone());
        for n in 0..5 {
            server.put(ORG, &json!({"item_id": format!("A{n}"), "name": "Kush"}));
        }
        let stockport = Stockport::new().at_faulty(&server, ORG);
        let document = doctor(&stockport, i32::from(state == "error"));
        assert_eq!(
            states(&document, &["organization", "list"]),
            ["ok", state],
            "{flavour:?}: {document}"
        );
    }
}

#[test]
fn offline_asks_nobody_and_a_proxy_of_the_environment_is_named_without_its_address() {
    let server = Faulty::new().expects_silence();
    let stockport = Stockport::new()
        .at_faulty(&server, ORG)
        .env("HTTPS_PROXY", "http://ana:s3cret@proxy.example:3128")
        .env("all_proxy", "socks5://proxy.example");
    let run = stockport.run(["doctor", "--offline", "--json"]).ok();
    let document = run.json();
    assert_eq!(states(&document, &["organization", "clock", "list"]), ["none"; 3]);
    let proxy = check(&document, "proxy");
    assert_eq!(proxy["state"], "warning");
    assert!(
        proxy["detail"].as_str().unwrap().starts_with("HTTPS_PROXY is set"),
        "{proxy}"
    );
    assert!(!format!("{run:?}").contains("proxy.example"));
    let text = stockport.run(["doctor", "--offline"]).ok().stdout;
    assert!(text.ends_with("11 checks: 1 warning\n"), "{text}");
}

#[test]
fn a_config_file_or_a_profile_that_cannot_be_used_is_an_error_and_the_rest_is_checked() {
    let stockport = Stockport::new().env("STOCKPORT_CONFIG", "config.toml");
    let offline = |args: &[&str]| -> Run { stockport.run([&["doctor", "--offline", "--json"], args].concat()) };
    stockport.write("config.toml", "[profiles.main]\norgg = \"x\"\n");
    let document = offline(&[]).exit(1).json();
    assert_eq!(states(&document, &["config", "versions"]), ["error", "ok"]);
    assert!(
        check(&document, "config")["detail"].to_string().contains("line 2"),
        "{document}"
    );
    write_key(&stockport, "main.key", "a-key");
    stockport.write("config.toml", "[profiles.main]\norg = \"x\"\nkey_file = \"main.key\"\n");
    let document = offline(&["--profile", "mian"]).exit(1).json();
    assert!(
        check(&document, "config")["detail"].to_string().contains("nearest"),
        "{document}"
    );
    let document = offline(&["--profile", "main"]).ok().json();
    assert!(
        check(&document, "config")["detail"]
            .to_string()
            .contains("profile main"),
        "{document}"
    );
    assert!(
        check(&document, "key")["detail"].to_string().contains("main.key"),
        "{document}"
    );
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        assert!(
            check(&document, "key")["detail"].to_string().contains("mode 600"),
            "{document}"
        );
        fs::set_permissions(stockport.path("main.key"), fs::Permissions::from_mode(0o644)).unwrap();
        let document = offline(&["--profile", "main"]).exit(1).json();
        assert!(
            check(&document, "key")["hint"].to_string().contains("chmod 600"),
            "{document}"
        );
    }
}

#[cfg(unix)]
#[test]
fn folders_that_are_open_to_others_or_no_folders_are_told() {
    use std::os::unix::fs::PermissionsExt as _;
    let stockport = Stockport::new().env("CANNLYTICS_API_KEY", "a-key");
    let offline = |exit: i32| stockport.run(["doctor", "--offline", "--json"]).exit(exit).json();
    let data = stockport.home().join("data/stockport");
    let state = stockport.home().join("state/stockport");
    fs::create_dir_all(&data).unwrap();
    fs::create_dir_all(&state).unwrap();
    fs::set_permissions(&data, fs::Permissions::from_mode(0o755)).unwrap();
    fs::set_permissions(&state, fs::Permissions::from_mode(0o700)).unwrap();
    let document = offline(0);
    assert_eq!(states(&document, &["data folder", "state folder"]), ["warning", "ok"]);
    assert!(
        check(&document, "data folder")["hint"]
            .to_string()
            .contains("chmod 700"),
        "{document}"
    );
    fs::set_permissions(&state, fs::Permissions::from_mode(0o777)).unwrap();
    assert_eq!(states(&offline(1), &["state folder"]), ["error"]);
    let config = stockport.home().join("config/stockport");
    fs::create_dir_all(&config).unwrap();
    for (mode, state) in [(0o755, "ok"), (0o775, "error")] {
        fs::set_permissions(&config, fs::Permissions::from_mode(mode)).unwrap();
        assert_eq!(states(&offline(1), &["config folder"]), [state], "{mode:o}");
    }
    fs::remove_dir(&state).unwrap();
    fs::write(&state, "").unwrap();
    let document = offline(1);
    assert!(
        check(&document, "state folder")["detail"]
            .to_string()
            .contains("is not a folder"),
        "{document}"
    );
}

#[test]
fn journals_that_cannot_be_read_and_schedules_whose_program_is_gone_are_warnings() {
    let server = filled(Faulty::new());
    let stockport = Stockport::new().at_faulty(&server, ORG);
    stockport.write("in.csv", "item_id,name\nA2,Haze\n");
    stockport.run(["import", "in.csv"]).ok();
    let document = doctor(&stockport, 0);
    assert_eq!(
        states(&document, &["versions", "data folder", "state folder"]),
        ["ok"; 3]
    );
    let runs = stockport.home().join("state/stockport/runs");
    fs::write(runs.join("2026-01-01T00-00-00.000Z-9.sqlite"), "no journal").unwrap();
    let document = doctor(&stockport, 0);
    assert_eq!(states(&document, &["versions"]), ["warning"], "{document}");
    if cfg!(unix) {
        let units = stockport.home().join("config/systemd/user");
        fs::create_dir_all(&units).unwrap();
        fs::write(
            units.join("stockport-nightly.timer"),
            "[Timer]\nOnCalendar=*-*-* 02:00:00\n",
        )
        .unwrap();
        let service = units.join("stockport-nightly.service");
        fs::write(&service, "[Service]\nExecStart=\"/bin/sh\" \"backup\"\n").unwrap();
        // This machine's own systemd knows nothing of the unit.
        let stockport = stockport.env("PATH", "/nowhere");
        let document = doctor(&stockport, 0);
        assert_eq!(check(&document, "schedule")["detail"], "nightly (*-*-* 02:00:00)");
        fs::write(&service, "[Service]\nExecStart=\"/nowhere/stockport\" \"backup\"\n").unwrap();
        let document = doctor(&stockport, 0);
        assert_eq!(check(&document, "schedule")["state"], "warning");
    }
}

#[test]
fn what_is_kept_of_earlier_commands_is_told_with_its_place_size_age_and_retention() {
    let server = filled(Faulty::new());
    let stockport = Stockport::new().at_faulty(&server, ORG);
    let details = |exit: i32| {
        let document = doctor(&stockport, exit);
        let detail = |name| check(&document, name)["detail"].as_str().unwrap().to_owned();
        (detail("journals"), detail("safety copies"))
    };
    let (journals, copies) = details(0);
    assert!(
        journals.starts_with("none in ") && journals.ends_with("kept for 90 days, the newest 50 whatever their age"),
        "{journals}"
    );
    assert!(
        copies.starts_with("none in ") && copies.contains("kept for 30 days, the newest 20"),
        "{copies}"
    );
    stockport.run(["delete", "--ids", "A1", "--yes"]).ok();
    stockport.run(["undo", "--yes"]).ok();
    stockport.run(["export", "a.csv"]).ok();
    let today = jiff::Timestamp::now().strftime("%Y-%m-%d").to_string();
    let (journals, copies) = details(0);
    assert!(journals.starts_with("3 runs, 1 MiB, the oldest of 2"), "{journals}");
    let folder = stockport.home().join("data/stockport/snapshots");
    let wanted = format!(
        "1 snapshot of 1 organization, 1 MiB, the oldest of {today}, in {}; ",
        folder.display()
    );
    assert!(copies.starts_with(&wanted), "{copies}\n{wanted}");
    // One that can't be read is named, and counts.
    let safety = folder.join(ORG).join("safety");
    fs::write(safety.join("2026-01-01T02-00-00Z.manifest.json"), "{}").unwrap();
    let document = doctor(&stockport, 0);
    let check = check(&document, "safety copies");
    assert_eq!(check["state"], "warning");
    let detail = check["detail"].as_str().unwrap();
    assert!(
        detail.starts_with("2 snapshots of 1 organization, 1 MiB, the oldest of 2026-01-01")
            && detail.contains("2026-01-01T02-00-00Z is damaged"),
        "{detail}"
    );
}

#[test]
fn the_sandbox_is_checked_without_a_key() {
    let stockport = Stockport::new();
    let document = stockport.run(["doctor", "--sandbox", "--json"]).ok().json();
    assert_eq!(
        states(&document, &["key", "organization", "list"]),
        ["ok"; 3],
        "{document}"
    );
}

/// A config file with these profiles, each with its API, organization and key.
fn profiles(stockport: &Stockport, all: &[(&str, &str, &str, &str)]) {
    let mut config = String::new();
    for (name, api, org, key) in all {
        config += &format!("[profiles.{name}]\napi = \"{api}\"\n");
        if !org.is_empty() {
            config += &format!("org = \"{org}\"\n");
        }
        if !key.is_empty() {
            write_key(stockport, &format!("{name}.key"), key);
            config += &format!("key_file = \"{name}.key\"\n");
        }
    }
    stockport.write("config.toml", config);
}

#[test]
fn config_check_online_asks_each_api_with_its_profiles_own_key_alone() {
    let (main, other) = (Faulty::new(), Faulty::new());
    let elsewhere = Faulty::new().expects_silence();
    // What the environment says is meant for none of them.
    let stockport = Stockport::new()
        .at_faulty(&elsewhere, ORG)
        .env("STOCKPORT_CONFIG", "config.toml");
    profiles(
        &stockport,
        &[
            ("main", main.url(), ORG, main.key(ORG)),
            ("branch", other.url(), BRANCH, other.key(BRANCH)),
            ("keyless", elsewhere.url(), ORG, ""),
        ],
    );
    let run = stockport.run(["config", "check", "--online", "--json"]).ok();
    let document = run.json();
    let states: Vec<&Value> = document["profiles"]
        .as_array()
        .unwrap()
        .iter()
        .map(|profile| &profile["online"]["state"])
        .collect();
    assert_eq!(states, ["ok", "ok", "warning"], "{document}");
    let text = stockport.run(["config", "check", "--online"]).ok();
    assert!(
        text.stdout.contains(&format!("{BRANCH} answers at {}", other.url())),
        "{}",
        text.stdout
    );
    assert!(!format!("{run:?}{text:?}").contains(main.key(ORG)));
    // Without --online nobody is asked.
    let before = (main.seen(), other.seen());
    let document = stockport.run(["config", "check", "--json"]).ok().json();
    assert_eq!(document["profiles"][0]["online"], Value::Null);
    assert_eq!((main.seen(), other.seen()), before);
}

#[test]
fn config_check_online_fails_where_one_profile_does_and_asks_the_others() {
    let server = Faulty::new();
    let stockport = Stockport::new().env("STOCKPORT_CONFIG", "config.toml");
    profiles(
        &stockport,
        &[
            ("wrong", server.url(), ORG, "wrong-key"),
            ("dead", "http://127.0.0.1:9/api", ORG, "a-key"),
            ("nameless", server.url(), "", server.key(ORG)),
            ("main", server.url(), ORG, server.key(ORG)),
        ],
    );
    let document = stockport.run(["config", "check", "--online", "--json"]).exit(1).json();
    let online: Vec<&Value> = document["profiles"]
        .as_array()
        .unwrap()
        .iter()
        .map(|profile| &profile["online"])
        .collect();
    let states: Vec<&Value> = online.iter().map(|check| &check["state"]).collect();
    assert_eq!(states, ["error", "error", "error", "ok"], "{document}");
    assert!(online[0]["detail"].to_string().contains("401") && online[0]["hint"].is_string());
    assert_eq!(document["error"], "3 profiles can't be used");
    // Of a profile that is named nothing else is asked.
    let document = stockport.run(["config", "check", "--online", "--profile", "main", "--json"]);
    let document = document.ok().json();
    assert_eq!(document["profiles"][0]["online"], Value::Null);
    assert_eq!(document["profiles"][3]["online"]["state"], "ok");
    stockport.run(["config", "check"]).ok();
}
