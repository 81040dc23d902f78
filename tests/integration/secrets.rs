//! Whose key is used, which files are trusted with one, and that a key in the wrong place is neither shown nor kept.

use std::fs;

use crate::backup::{ORG, fill};
use crate::edges::assert_told;
use crate::support::{Stockport, TestSandbox};

const RANDOM: &str = "Zk3x_Qp9LrT2vY8mW1nB5cD7fG0hJ4sA6uE-iO3yRtXqPzKlMnVbCxDwFgHjS8d2";

/// Every file below a folder whose content or name holds this text.
fn holding(folder: &std::path::Path, text: &str) -> Vec<std::path::PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() {
            found.extend(holding(&path, text));
        }
        let content = fs::read(&path).unwrap_or_default();
        if path.to_string_lossy().contains(text) || String::from_utf8_lossy(&content).contains(text) {
            found.push(path);
        }
    }
    found
}

#[test]
fn a_key_in_the_wrong_place_is_not_shown_and_nothing_is_written() {
    let server = TestSandbox::new();
    let key = server.sandbox.key_for(ORG).unwrap().to_owned();
    let stockport = Stockport::new().at(&server, ORG);
    stockport.write("x.csv", "item_id,name\nA1,Kush\n");
    let api = format!("{}/{key}", server.sandbox.url());
    let user = server.sandbox.url().replace("http://", &format!("http://{key}@"));
    for line in [
        vec!["import", "x.csv", "--org", &key],
        vec!["import", "x.csv", "--org", &key, "--json"],
        vec!["import", "x.csv", "--org", &key, "--json-log"],
        vec!["import", "x.csv", "--org", RANDOM],
        vec!["import", "x.csv", "--api", &api],
        vec!["import", "x.csv", "--api", &user],
        vec!["delete", "--yes", "--ids", &format!("A1,{key}")],
        vec!["delete", "--yes", "--ids", RANDOM],
        vec!["export", "out.csv", "--profile", &key],
        vec!["export", &key],
        vec![&key],
        vec!["import", "x.csv", "--no-such-option", &key],
        vec!["import", "x.csv", "--sandbox", "--org", &key],
        vec!["schedule", "daily", "--", "backup", "create", "b", "--org", &key],
    ] {
        let run = stockport.run(&line);
        let shown = format!("{}{}", run.stdout, run.stderr);
        assert_eq!(run.code, 2, "{line:?}: {shown}");
        assert!(!shown.contains(&key) && !shown.contains(RANDOM), "{line:?}: {shown}");
        assert!(shown.contains("holds an API key"), "{line:?}: {shown}");
    }
    let stockport = stockport.env("STOCKPORT_ORG", &key);
    assert_told(
        &stockport.run(["import", "x.csv"]).exit(2),
        "STOCKPORT_ORG holds",
        "CANNLYTICS_API_KEY",
    );
    assert_eq!(holding(stockport.home(), &key), Vec::<std::path::PathBuf>::new());
    assert!(!stockport.home().join("state").exists());
}

#[test]
fn a_key_that_only_a_file_or_a_command_knows_is_found_before_anything_is_written() {
    let server = TestSandbox::new();
    let key = server.sandbox.key_for(ORG).unwrap().to_owned();
    let stockport = Stockport::new().env("STOCKPORT_CONFIG", "config.toml");
    stockport.write("x.csv", "item_id,name\nA1,Kush\n");
    crate::config::write_key(&stockport, "own.key", &key);
    let url = server.sandbox.url();
    let command = if cfg!(windows) { "type own.key" } else { "cat own.key" };
    stockport.write(
        "config.toml",
        format!("[profiles.a]\napi = \"{url}\"\nkey_command = \"{command}\"\n"),
    );
    for line in [
        vec!["import", "x.csv", "--api", url, "--key-file", "own.key", "--org", &key],
        vec!["import", "x.csv", "--profile", "a", "--org", &key, "--json-log"],
    ] {
        let run = stockport.run(&line).exit(2);
        assert!(!format!("{}{}", run.stdout, run.stderr).contains(&key), "{run:?}");
    }
    assert_eq!(holding(stockport.home(), &key), [stockport.path("own.key")]);
}

#[test]
fn ids_are_no_keys() {
    let server = TestSandbox::new();
    fill(&server, ORG, 2);
    let stockport = Stockport::new().at(&server, ORG);
    for ids in [
        "1A4060300000B43000000123",
        "9f86d081884c7d659a2feaa0c55ad0159f86d081884c7d659a2feaa0c55ad015",
        "6f2c1c1e-3d1f-4a3e-9f0b-5f3d2a1b0c9d",
        "BATCH-2024-BlueDream-Indoor-Flower-Package-001-Lot-12B",
    ] {
        let run = stockport.run(["delete", "--dry-run", "--ids", ids]);
        assert!(!run.stderr.contains("API key"), "{run:?}");
    }
}

#[test]
fn a_profile_that_is_named_uses_its_own_key_and_one_that_is_not_named_the_environments() {
    let server = TestSandbox::new();
    let key = server.sandbox.key_for(ORG).unwrap();
    let stockport = Stockport::new()
        .env("STOCKPORT_CONFIG", "config.toml")
        .env("CANNLYTICS_API_KEY", "somebody-elses");
    crate::config::write_key(&stockport, "own.key", key);
    crate::config::write_key(&stockport, "other.key", "somebody-elses");
    let url = server.sandbox.url();
    stockport.write(
        "config.toml",
        format!("[profiles.default]\napi = \"{url}\"\norg = \"{ORG}\"\nkey_file = \"own.key\"\n"),
    );
    stockport.run(["export", "-", "--retries", "0"]).exit(1);
    stockport.run(["export", "-", "--profile", "default"]).ok();
    let line = ["export", "-", "--profile", "default", "--key-file", "other.key"];
    stockport.run(line).exit(1);
    // A key file of the environment is the environment's key.
    let stockport = stockport.env("STOCKPORT_KEY_FILE", "other.key");
    stockport.run(["export", "-", "--retries", "0"]).exit(1);
    stockport.run(["export", "-", "--profile", "default"]).ok();
    let stockport = stockport.env("STOCKPORT_PROFILE", "default");
    stockport.run(["export", "-"]).ok();
    let away = ["export", "-", "--api", "https://inventory.example/api"];
    assert_told(&stockport.run(away).exit(1), "is not sent to", "--key-file");
}

#[test]
fn dot_env_gives_the_key_to_the_letter_and_no_host() {
    let server = TestSandbox::new();
    let key = server.sandbox.key_for(ORG).unwrap();
    let url = server.sandbox.url();
    let stockport = Stockport::new()
        .env("CANNLYTICS_API_URL", url)
        .env("STOCKPORT_ORG", ORG);
    stockport.write(
        ".env",
        format!("CANNLYTICS_API_URL=https://evil.example/api\nPART=x\nCANNLYTICS_API_KEY={key}\n"),
    );
    stockport.run(["export", "-"]).ok();
    for value in [
        format!("${{PART}}{key}"),
        format!("\"$PART{key}\""),
        format!("{key}`id`"),
    ] {
        stockport.write(".env", format!("PART=\nCANNLYTICS_API_KEY={value}\n"));
        let run = stockport.run(["export", "-"]).exit(1);
        assert!(run.stderr.contains("(401)"), "{value}: {run:?}");
    }
}

#[cfg(unix)]
mod trusted {
    use std::os::unix::fs::{PermissionsExt as _, chown, symlink};

    use super::*;

    fn configured(server: &TestSandbox) -> Stockport {
        let stockport = Stockport::new().env("STOCKPORT_CONFIG", "conf/config.toml");
        fs::create_dir(stockport.path("conf")).unwrap();
        let url = server.sandbox.url();
        let key = server.sandbox.key_for(ORG).unwrap();
        stockport.write(
            "conf/config.toml",
            format!(
                "profile = \"a\"\n[profiles.a]\napi = \"{url}\"\norg = \"{ORG}\"\nkey_command = \"touch ran; echo {key}\"\n"
            ),
        );
        stockport
    }

    fn set(stockport: &Stockport, name: &str, mode: u32) {
        fs::set_permissions(stockport.path(name), fs::Permissions::from_mode(mode)).unwrap();
    }

    #[test]
    fn a_config_that_others_can_write_or_replace_runs_no_command_and_sends_no_key() {
        let server = TestSandbox::new();
        let key = server.sandbox.key_for(ORG).unwrap().to_owned();
        let stockport = configured(&server);
        stockport.run(["export", "-"]).ok();
        fs::remove_file(stockport.path("ran")).unwrap();
        for (file, folder, message) in [
            (0o664, 0o755, "others can write it"),
            (0o646, 0o755, "others can write it"),
            (0o644, 0o777, "where others can replace it"),
        ] {
            set(&stockport, "conf/config.toml", file);
            set(&stockport, "conf", folder);
            assert_told(&stockport.run(["export", "-"]).exit(1), message, "chmod go-w");
            let check = stockport.run(["config", "check"]).exit(1);
            assert!(check.stdout.contains(message), "{check:?}");
        }
        // The environment's key would travel to the host that the file names.
        let stockport = stockport.env("CANNLYTICS_API_KEY", &key);
        assert_told(&stockport.run(["export", "-"]).exit(1), "not trusted with a key", "");
        assert!(!stockport.path("ran").exists(), "the command was run");
        stockport
            .run(["export", "-", "--api", server.sandbox.url(), "--org", ORG])
            .ok();
        set(&stockport, "conf", 0o1777);
        stockport.run(["export", "-"]).ok();
    }

    #[test]
    fn files_of_another_user_are_refused() {
        let server = TestSandbox::new();
        let stockport = configured(&server);
        crate::config::write_key(&stockport, "own.key", server.sandbox.key_for(ORG).unwrap());
        let key = fs::read_to_string(stockport.path("own.key")).unwrap();
        stockport.write(".env", format!("CANNLYTICS_API_KEY={key}"));
        for name in ["conf/config.toml", "own.key", ".env"] {
            // Only root gives files away.
            if chown(stockport.path(name), Some(12_345), None).is_err() {
                return;
            }
        }
        let at = ["export", "-", "--api", server.sandbox.url(), "--org", ORG];
        let with_file = at.iter().chain(&["--key-file", "own.key"]);
        let foreign = "it belongs to another user";
        assert_told(&stockport.run(with_file).exit(1), foreign, "");
        assert_told(&stockport.run(at).exit(1), foreign, "");
        fs::remove_file(stockport.path(".env")).unwrap();
        assert_told(&stockport.run(["export", "-"]).exit(1), foreign, "");
    }

    #[test]
    fn a_key_file_is_no_link_and_has_a_bound() {
        let server = TestSandbox::new();
        let stockport = Stockport::new()
            .env("CANNLYTICS_API_URL", server.sandbox.url())
            .env("STOCKPORT_ORG", ORG);
        crate::config::write_key(&stockport, "own.key", server.sandbox.key_for(ORG).unwrap());
        symlink("own.key", stockport.path("link.key")).unwrap();
        crate::config::write_key(&stockport, "long.key", &"x".repeat(70_000));
        for (file, message) in [
            ("link.key", "it is a symbolic link"),
            ("/dev/zero", "can't be read"),
            ("long.key", "more than 64 KiB"),
            (".", "it is a folder"),
        ] {
            assert_told(&stockport.run(["export", "-", "--key-file", file]).exit(1), message, "");
        }
        let run = stockport.run(["export", "-", "--key-file", "own.key"]);
        run.ok();
        let stockport = stockport.env("STOCKPORT_CONFIG", "config.toml");
        stockport.write("config.toml", "[profiles.a]\nkey_command = \"yes\"\n");
        let run = stockport.run([
            "export",
            "-",
            "--profile",
            "a",
            "--api",
            "https://console.cannlytics.com/api",
        ]);
        assert_told(&run.exit(1), "printed more than 64 KiB", "");
    }
}
