//! `stockport login`: what is asked, tried and written, on a terminal and without one.

use std::fs;

use serde_json::{Value, json};

use crate::config::write_key;
use crate::support::faulty::{Fault, Faulty, Rule};
use crate::support::terminal::Terminal;
use crate::support::{Run, Stockport};

const ORG: &str = "sandbox-company";

/// The config file that belongs to a user, and the folder that it is in.
fn config(stockport: &Stockport) -> (String, std::path::PathBuf) {
    let folder = stockport.home().join("config/stockport");
    (
        fs::read_to_string(folder.join("config.toml")).unwrap_or_default(),
        folder,
    )
}

#[cfg(unix)]
fn mode(path: &std::path::Path) -> u32 {
    use std::os::unix::fs::PermissionsExt as _;
    fs::metadata(path).unwrap().permissions().mode() & 0o777
}

/// Logs in without a terminal: everything is named.
fn login(stockport: &Stockport, server: &Faulty, more: &[&str]) -> Run {
    write_key(stockport, "given.key", server.key(ORG));
    let args = [
        "login",
        "--api",
        server.url(),
        "--org",
        ORG,
        "--key-file",
        "given.key",
        "--json",
    ];
    stockport.run([args.as_slice(), more].concat())
}

/// Whether a profile reaches its organization with nothing else.
fn reaches(stockport: &Stockport, more: &[&str]) {
    let args = ["export", "-", "--format", "jsonl"];
    stockport.run([args.as_slice(), more].concat()).ok();
}

#[test]
fn what_is_named_is_not_asked_for_and_the_profile_works_by_itself() {
    let server = Faulty::new();
    server.put(ORG, &json!({"item_id": "A1", "name": "Kush"}));
    let stockport = Stockport::new();
    let run = login(&stockport, &server, &[]).ok();
    let document = run.json();
    let (text, folder) = config(&stockport);
    assert_eq!(
        (
            &document["profile"],
            &document["org"],
            &document["replaced"],
            &document["chosen"]
        ),
        (&json!("default"), &json!(ORG), &json!(false), &json!(true))
    );
    assert_eq!(document["next"], json!(["stockport doctor"]));
    assert!(!format!("{run:?}{text}").contains(server.key(ORG)), "{run:?}");
    let key = folder.join("default.key");
    assert_eq!(fs::read_to_string(&key).unwrap().trim(), server.key(ORG));
    #[cfg(unix)]
    assert_eq!(
        (mode(&key), mode(&folder.join("config.toml")), mode(&folder)),
        (0o600, 0o600, 0o700)
    );
    // The file that was named is not needed again.
    fs::remove_file(stockport.path("given.key")).unwrap();
    reaches(&stockport, &[]);
    stockport.run(["config", "check"]).ok();
}

#[test]
fn a_second_profile_leaves_the_first_and_every_comment_as_they_are() {
    let server = Faulty::new();
    let stockport = Stockport::new();
    let (_, folder) = config(&stockport);
    fs::create_dir_all(&folder).unwrap();
    let before = "# my own\n[profiles.north] # the shop\norg = \"north\"\ndefaults = { jobs = 2 }\n";
    fs::write(folder.join("config.toml"), before).unwrap();
    let name = "the \"south\" / 2";
    let document = login(&stockport, &server, &["--profile", name]).ok().json();
    let (text, _) = config(&stockport);
    assert!(text.starts_with(before), "{text}");
    assert_eq!(
        document["next"],
        json!(["stockport doctor --profile 'the \"south\" / 2'"])
    );
    reaches(&stockport, &["--profile", name]);
    let check = stockport.run(["config", "check", "--json"]).ok().json();
    let names: Vec<&Value> = check["profiles"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| &one["name"])
        .collect();
    assert_eq!(names, [&json!("north"), &json!(name)]);
    // No file of another name is made of a name that holds a path.
    assert_eq!(fs::read_dir(&folder).unwrap().count(), 2);
}

#[test]
fn a_profile_is_replaced_only_where_that_is_agreed_to() {
    let server = Faulty::new();
    let stockport = Stockport::new();
    let (_, folder) = config(&stockport);
    fs::create_dir_all(&folder).unwrap();
    let before = "[profiles.default]\norg = \"old\" # mine\nkey_command = \"false\"\ndefaults = { jobs = 2 }\n";
    fs::write(folder.join("config.toml"), before).unwrap();
    let run = login(&stockport, &server, &[]).exit(1);
    assert!(
        run.stderr.contains("exists already") && run.stderr.contains("--force"),
        "{}",
        run.stderr
    );
    assert_eq!(config(&stockport).0, before);
    assert_eq!(server.seen(), 0);
    let document = login(&stockport, &server, &["--force"]).ok().json();
    assert_eq!(document["replaced"], json!(true));
    let (text, _) = config(&stockport);
    assert!(
        text.contains("# mine") && text.contains("jobs = 2") && !text.contains("key_command"),
        "{text}"
    );
    reaches(&stockport, &[]);
    // A new key takes the place of the old one.
    login(&stockport, &server, &["--force"]).ok();
    assert_eq!(fs::read_dir(&folder).unwrap().count(), 2);
}

#[test]
fn what_the_api_refuses_or_cannot_be_asked_is_told_and_nothing_is_written() {
    let server = Faulty::new();
    let stockport = Stockport::new();
    write_key(&stockport, "right.key", server.key(ORG));
    write_key(&stockport, "branch.key", server.key("sandbox-branch"));
    write_key(&stockport, "wrong.key", "no-such-key");
    let url = server.url();
    for (args, says) in [
        (["--api", url, "--org", ORG, "--key-file", "wrong.key"], "(401)"),
        (["--api", url, "--org", ORG, "--key-file", "branch.key"], "403"),
        (
            ["--api", url, "--org", "sandbox-compan", "--key-file", "right.key"],
            "sandbox-compan",
        ),
        (["--api", url, "--org", ORG, "--key-file", "absent.key"], "absent.key"),
        (
            [
                "--api",
                "http://example.com/api",
                "--org",
                ORG,
                "--key-file",
                "right.key",
            ],
            "plain http",
        ),
        (
            [
                "--api",
                "http://127.0.0.1:9/api",
                "--org",
                ORG,
                "--key-file",
                "right.key",
            ],
            "127.0.0.1:9",
        ),
    ] {
        let run = stockport.run([&["login"], args.as_slice()].concat()).exit(1);
        assert!(
            run.stderr.contains(says) && run.stderr.contains("hint:"),
            "{says}: {}",
            run.stderr
        );
        assert!(!config(&stockport).1.exists(), "{says}");
    }
    server.add_rule(Rule::from(1, Fault::ProxyPage));
    let args = ["login", "--api", url, "--org", ORG, "--key-file", "right.key"];
    stockport.run(args).exit(1);
    assert!(!config(&stockport).1.exists());
}

#[test]
fn without_a_terminal_it_says_what_to_name() {
    let server = Faulty::new();
    let stockport = Stockport::new();
    for args in [
        vec!["login"],
        vec!["login", "--org", ORG],
        vec!["login", "--api", server.url(), "--key-file", "x.key"],
    ] {
        let run = stockport.run(&args).exit(2);
        assert!(
            run.stderr.contains("no terminal") && run.stderr.contains("--key-file"),
            "{args:?}: {}",
            run.stderr
        );
    }
    let run = stockport.run(["login", "--sandbox"]).exit(2);
    assert!(run.stderr.contains("sandbox needs no key"), "{}", run.stderr);
    assert!(!config(&stockport).1.exists());
    // The environment's key is one that is there, and a warning says that it goes first.
    let stockport = Stockport::new().at_faulty(&server, ORG);
    let run = stockport.run(["login", "--json"]).ok().json();
    assert!(
        run["warnings"][0].as_str().unwrap().contains("CANNLYTICS_API_KEY"),
        "{run}"
    );
}

#[cfg(unix)]
#[test]
fn a_folder_that_others_can_write_takes_no_key_and_a_link_to_the_config_file_stays_one() {
    use std::os::unix::fs::PermissionsExt as _;
    let server = Faulty::new();
    let stockport = Stockport::new();
    let (_, folder) = config(&stockport);
    fs::create_dir_all(&folder).unwrap();
    fs::set_permissions(&folder, fs::Permissions::from_mode(0o777)).unwrap();
    let run = login(&stockport, &server, &[]).exit(1);
    assert!(run.stderr.contains("others can replace it"), "{}", run.stderr);
    assert_eq!(fs::read_dir(&folder).unwrap().count(), 0);
    fs::set_permissions(&folder, fs::Permissions::from_mode(0o755)).unwrap();
    let real = stockport.write("dotfiles.toml", "# kept\n");
    std::os::unix::fs::symlink(&real, folder.join("config.toml")).unwrap();
    login(&stockport, &server, &[]).ok();
    assert!(folder.join("config.toml").is_symlink());
    assert!(fs::read_to_string(&real).unwrap().starts_with("# kept"));
    assert_eq!(mode(&folder), 0o700);
    reaches(&stockport, &[]);
}

#[test]
fn a_named_config_file_is_made_and_its_folder_keeps_its_mode() {
    let server = Faulty::new();
    let stockport = Stockport::new().env("STOCKPORT_CONFIG", "own.toml");
    login(&stockport, &server, &[]).ok();
    assert!(stockport.path("own.toml").exists() && stockport.path("default.key").exists());
    #[cfg(unix)]
    assert_ne!(mode(&stockport.path("")), 0o700);
    reaches(&stockport, &[]);
    // A file of the user's own that has the key's name is not replaced.
    stockport.write("other.key", "mine");
    login(&stockport, &server, &["--profile", "other"]).ok();
    assert_eq!(stockport.read("other.key"), "mine");
    reaches(&stockport, &["--profile", "other"]);
}

#[test]
fn on_a_terminal_it_asks_and_the_key_is_not_shown() {
    let server = Faulty::new();
    server.put(ORG, &json!({"item_id": "A1", "name": "Kush"}));
    let stockport = Stockport::new();
    let Some(terminal) = Terminal::open(&stockport, 120) else {
        // Somebody has to call the server.
        login(&stockport, &server, &[]).ok();
        return;
    };
    terminal.begin(&["login"]);
    terminal.wait_for("API [https://console.cannlytics.com/api]:", false);
    terminal.key(server.url());
    terminal.key("Enter");
    terminal.wait_for("Organization:", false);
    // A blank answer is asked for again.
    terminal.key("Enter");
    terminal.key(ORG);
    terminal.key("Enter");
    terminal.wait_for("API key (not shown):", false);
    // As it is pasted from a file of settings.
    terminal.key("Enter");
    terminal.key(&format!("\"{}\"", server.key(ORG)));
    terminal.key("Enter");
    assert_eq!(terminal.code(), "0", "{}", terminal.screen(false));
    let screen = terminal.end(false);
    assert!(!screen.contains(server.key(ORG)), "{screen}");
    assert!(screen.contains(&format!("{ORG} answers at ")), "{screen}");
    let (_, folder) = config(&stockport);
    assert_eq!(
        fs::read_to_string(folder.join("default.key")).unwrap().trim(),
        server.key(ORG)
    );
    reaches(&stockport, &[]);
}

#[test]
fn a_key_that_is_wrong_and_ctrl_c_write_nothing_and_the_terminal_shows_again_what_is_typed() {
    let server = Faulty::new();
    let stockport = Stockport::new();
    let args = ["login", "--api", server.url(), "--org", ORG];
    let Some(terminal) = Terminal::open(&stockport, 100) else {
        login(&stockport, &server, &[]).ok();
        return;
    };
    terminal.begin(&args);
    terminal.wait_for("API key (not shown):", false);
    terminal.key("wrong-key");
    terminal.key("Enter");
    assert_eq!(terminal.code(), "1");
    let screen = terminal.end(false);
    assert!(screen.contains("401") && !screen.contains("wrong-key"), "{screen}");
    assert!(!config(&stockport).1.exists());
    let terminal = Terminal::open(&stockport, 101).unwrap();
    terminal.begin(&args);
    terminal.wait_for("API key (not shown):", false);
    terminal.key("C-c");
    assert_eq!(terminal.code(), "130");
    terminal.key("typed afterwards");
    terminal.wait_for("typed afterwards", false);
    assert!(!config(&stockport).1.exists());
}

#[test]
fn on_a_terminal_a_profile_is_replaced_after_a_yes_and_its_values_are_offered() {
    let server = Faulty::new();
    let stockport = Stockport::new();
    login(&stockport, &server, &[]).ok();
    let (before, folder) = config(&stockport);
    let Some(terminal) = Terminal::open(&stockport, 150) else {
        return;
    };
    terminal.begin(&["login"]);
    terminal.wait_for("will be replaced. Continue? [y/N]", false);
    terminal.key("Enter");
    assert_eq!(terminal.code(), "1");
    assert_eq!(config(&stockport).0, before);
    let terminal = Terminal::open(&stockport, 151).unwrap();
    terminal.begin(&["login"]);
    terminal.wait_for("Continue? [y/N]", false);
    terminal.key("y");
    terminal.key("Enter");
    terminal.wait_for(&format!("API [{}]:", server.url()), false);
    terminal.key("Enter");
    terminal.wait_for(&format!("Organization [{ORG}]:"), false);
    terminal.key("Enter");
    terminal.wait_for("API key (not shown):", false);
    terminal.key(server.key(ORG));
    terminal.key("Enter");
    assert_eq!(terminal.code(), "0", "{}", terminal.screen(false));
    assert_eq!(fs::read_dir(folder).unwrap().count(), 2);
}

#[test]
fn a_key_that_is_pasted_as_the_organization_is_not_written() {
    let server = Faulty::new();
    let stockport = Stockport::new();
    let key = server.key(ORG);
    let Some(terminal) = Terminal::open(&stockport, 100) else {
        login(&stockport, &server, &[]).ok();
        return;
    };
    terminal.begin(&["login", "--api", server.url()]);
    terminal.wait_for("Organization:", false);
    terminal.key(key);
    terminal.key("Enter");
    terminal.wait_for("API key (not shown):", false);
    terminal.key(key);
    terminal.key("Enter");
    assert_eq!(terminal.code(), "2", "{}", terminal.screen(false));
    assert!(!config(&stockport).1.exists());
    drop(terminal);
    login(&stockport, &server, &[]).ok();
}
