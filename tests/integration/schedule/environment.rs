//! The environment of a scheduled run: what is written down, and that the command is checked in just that environment.

use super::{KEY, schedule, with_key};
use crate::backup::ORG;
use crate::support::Stockport;

#[cfg(unix)]
use std::{fs, os::unix::fs::PermissionsExt as _, process::Command};

#[cfg(unix)]
use crate::{backup::fill, support::TestSandbox};

const BACKUP: [&str; 6] = ["--system", "cron", "--", "backup", "create", "bk"];

fn cron(stockport: &Stockport, more: &[&str]) -> crate::support::Run {
    let args = ["schedule", "daily 02:00"].iter().chain(&BACKUP).chain(more);
    stockport.run(args)
}

#[test]
fn what_the_environment_says_now_is_written_down() {
    let stockport = with_key().env("STOCKPORT_ORG", ORG).env("STOCKPORT_KEY_FILE", "my.key");
    let line = cron(&stockport, &[]).ok().stdout;
    let key_file = stockport.path("my.key").canonicalize().unwrap();
    for part in [
        format!(" STOCKPORT_ORG={ORG} "),
        format!(" STOCKPORT_KEY_FILE={} ", key_file.display()),
    ] {
        assert!(line.contains(&part), "{part}: {line}");
    }
    for folder in ["HOME=", "XDG_CONFIG_HOME=", "XDG_DATA_HOME=", "XDG_STATE_HOME="] {
        assert!(!cfg!(unix) || line.contains(&format!(" {folder}/")), "{folder}: {line}");
    }
    for other in ["PATH=", "TMPDIR=", "CANNLYTICS_API_KEY", KEY] {
        assert!(!line.contains(&format!(" {other}")), "{other}: {line}");
    }
    let hook = cron(&stockport, &["--on-failure", "true"]).ok().stdout;
    assert!(hook.contains(" PATH="), "{hook}");
}

#[cfg(unix)]
#[test]
fn a_key_of_the_environment_alone_is_refused_and_never_written() {
    let stockport = with_key().env("CANNLYTICS_API_KEY", KEY).env("STOCKPORT_ORG", ORG);
    let run = cron(&stockport, &[]).exit(2);
    assert!(run.stderr.contains("no API key is configured"), "{}", run.stderr);
    let named = [
        "schedule",
        "daily 02:00",
        "--env",
        "CANNLYTICS_API_KEY",
        "--",
        "config",
        "check",
    ];
    let run = stockport.run(named).exit(2);
    assert!(
        run.stderr.contains("CANNLYTICS_API_KEY holds the API key"),
        "{}",
        run.stderr
    );
    let run = stockport
        .run([
            "schedule",
            "daily 02:00",
            "--env",
            "NOT_SET_ANYWHERE",
            "--",
            "config",
            "check",
        ])
        .exit(2);
    assert!(run.stderr.contains("NOT_SET_ANYWHERE is not set"), "{}", run.stderr);
}

/// A home whose profile `main` reaches a server by a key that `command` prints.
#[cfg(unix)]
fn with_command(server: &TestSandbox, command: &str) -> Stockport {
    let stockport = Stockport::new();
    let bin = stockport.home().join("bin");
    fs::create_dir(&bin).unwrap();
    let key = server.sandbox.key_for(ORG).unwrap();
    let text = format!("#!/bin/sh\n[ \"$STORE\" != wrong ] && echo {key}\n");
    fs::write(bin.join("mypass"), text).unwrap();
    fs::set_permissions(bin.join("mypass"), fs::Permissions::from_mode(0o755)).unwrap();
    let config = stockport.home().join("config/stockport");
    fs::create_dir_all(&config).unwrap();
    let url = server.sandbox.url();
    fs::write(
        config.join("config.toml"),
        format!("[profiles.main]\napi = \"{url}\"\norg = \"{ORG}\"\nkey_command = \"{command}\"\n"),
    )
    .unwrap();
    let path = format!("{}:{}", bin.display(), std::env::var("PATH").unwrap());
    stockport.env("PATH", &path)
}

/// Runs a printed cron line in the environment of cron.
#[cfg(unix)]
fn run_by_cron(line: &str) -> std::process::Output {
    let line = line.lines().find(|line| !line.starts_with('#')).unwrap();
    let command = line.splitn(6, ' ').nth(5).unwrap().replace("\\%", "%");
    Command::new("/bin/sh")
        .args(["-c", &command])
        .env_clear()
        .env("HOME", "/nowhere")
        .env("PATH", "/usr/bin:/bin")
        .current_dir("/")
        .output()
        .unwrap()
}

#[cfg(unix)]
#[test]
fn the_line_runs_at_night_as_it_was_checked() {
    let server = TestSandbox::new();
    fill(&server, ORG, 3);
    let stockport = with_command(&server, "mypass").env("STORE", "right");
    let line = cron(&stockport, &["--profile", "main"]).ok().stdout;
    let ran = run_by_cron(&line);
    assert!(ran.status.success(), "{line}\n{ran:?}");
    assert_eq!(crate::backup::files(&stockport.path("bk").join(ORG)).len(), 2);
    // A run leaves its end in the state folder that was written down.
    let record = fs::read_to_string(stockport.home().join("state/stockport/schedules/backup-create.json")).unwrap();
    assert!(record.contains("\"exit\":0"), "{record}");
    // The profile may be named by the environment, and the config file, too.
    let config = stockport.home().join("other.toml");
    fs::rename(stockport.home().join("config/stockport/config.toml"), &config).unwrap();
    let stockport = stockport
        .env("STOCKPORT_CONFIG", "../other.toml")
        .env("STOCKPORT_PROFILE", "main");
    let line = cron(&stockport, &[]).ok().stdout;
    let ran = run_by_cron(&line);
    assert!(ran.status.success(), "{line}\n{ran:?}");
}

#[cfg(unix)]
#[test]
fn what_a_variable_that_is_not_kept_decides_is_refused_until_it_is_named() {
    let server = TestSandbox::new();
    fill(&server, ORG, 3);
    // Without the variable the command prints nothing.
    let stockport = with_command(&server, "[ -n \\\"$STORE\\\" ] && mypass").env("STORE", "right");
    let run = cron(&stockport, &["--profile", "main"]).exit(1);
    assert!(
        run.stderr.contains("run by cron, the command would fail"),
        "{}",
        run.stderr
    );
    let args = ["schedule", "daily 02:00", "--env", "STORE"]
        .iter()
        .chain(&BACKUP)
        .chain(&["--profile", "main"]);
    let line = stockport.run(args).ok().stdout;
    assert!(line.contains(" STORE=right "), "{line}");
    assert!(run_by_cron(&line).status.success());
    // The same of a config file that is gone, a profile that is not there, and certificates that can't be read.
    for (name, value, says) in [
        ("STOCKPORT_CONFIG", "absent.toml", "absent.toml"),
        ("STOCKPORT_PROFILE", "absent", "absent"),
    ] {
        let stockport = with_command(&server, "mypass").env(name, value);
        let run = cron(&stockport, &[]);
        assert!(run.code != 0 && run.stderr.contains(says), "{name}: {run:?}");
    }
}

#[test]
fn a_file_that_the_command_names_and_is_not_there_is_refused() {
    let stockport = with_key();
    stockport.write("empty.pem", "");
    for more in [
        &["--ca-file", "absent.pem"][..],
        &["--ca-file", "empty.pem"],
        &["--proxy-auth-file", "absent.login"],
        &["--proxy", "http://127.0.0.1:3128", "--proxy-auth-file", "absent.login"],
        &["--metrics", "absent/backup.prom"],
        &["--sandbox", "--ca-file", "absent.pem"],
    ] {
        let named = [&["--org", ORG, "--key-file", "my.key"], more].concat();
        let run = cron(&stockport, &named);
        let file = more.last().unwrap().split('/').next().unwrap();
        assert!(run.code != 0 && run.stderr.contains(file), "{more:?}: {run:?}");
        assert_eq!(run.stdout, "", "{more:?}");
    }
    let metrics = ["--org", ORG, "--key-file", "my.key", "--metrics", "backup.prom"];
    cron(&stockport, &metrics).ok();
    assert!(!stockport.path("backup.prom").exists());
}

#[cfg(unix)]
#[test]
fn a_value_that_no_file_can_hold_is_refused_by_its_name() {
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt as _;

    let stockport = with_key();
    for (value, says) in [(&b"a\nb"[..], "control character"), (b"\xff", "is not UTF-8 text")] {
        for name in ["STOCKPORT_PROFILE", "STOCKPORT_CONFIG", "SSL_CERT_DIR", "SSL_CERT_FILE"] {
            if name == "STOCKPORT_PROFILE" && value == b"\xff" {
                // The parser refuses it by itself.
                continue;
            }
            let args = schedule("daily 02:00", &["--system", "cron"]);
            let output = stockport
                .command(args)
                .env(name, OsStr::from_bytes(value))
                .output()
                .unwrap();
            let stderr = String::from_utf8_lossy(&output.stderr);
            assert_eq!(output.status.code(), Some(2), "{name} {value:?}: {stderr}");
            assert!(
                stderr.contains(name) && stderr.contains(says),
                "{name} {value:?}: {stderr}"
            );
        }
    }
    let strange = stockport.path("a\nb");
    fs::create_dir(&strange).unwrap();
    let output = stockport
        .command(["schedule", "daily 02:00", "--", "config", "check"])
        .current_dir(strange)
        .output()
        .unwrap();
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(stderr.contains("this folder contains a line break"), "{stderr}");
}

#[test]
fn paths_of_variables_are_written_as_absolute_ones() {
    let stockport = with_key().env("SSL_CERT_FILE", "ca.pem").env("SSL_CERT_DIR", "certs");
    let args = ["schedule", "daily 02:00", "--system", "cron", "--", "config", "check"];
    let line = stockport.run(args).ok().stdout;
    let here = stockport.path("").canonicalize().unwrap();
    for (name, value) in [("SSL_CERT_FILE", "ca.pem"), ("SSL_CERT_DIR", "certs")] {
        let setting = format!(" {name}={} ", here.join(value).display());
        assert!(line.contains(&setting), "{setting}: {line}");
    }
    if cfg!(target_os = "linux") {
        // Without any certificate no API can be reached.
        let run = stockport.run(schedule("daily 02:00", &["--system", "cron"])).exit(1);
        assert!(run.stderr.contains("would fail: secure connections"), "{}", run.stderr);
    }
}

#[test]
fn an_option_of_the_command_has_no_effect_before_it_and_is_refused() {
    let stockport = with_key();
    for (option, value) in [
        ("--profile", "main"),
        ("--org", ORG),
        ("--key-file", "my.key"),
        ("--retries", "2"),
    ] {
        let args = ["schedule", "daily 02:00", option, value, "--", "config", "check"];
        let run = stockport.run(args).exit(2);
        assert!(
            run.stderr
                .contains(&format!("{option} is an option of the scheduled command")),
            "{}",
            run.stderr
        );
    }
    // The environment's own are the command's.
    let stockport = stockport.env("STOCKPORT_ORG", ORG).env("STOCKPORT_KEY_FILE", "my.key");
    cron(&stockport, &[]).ok();
}

#[test]
fn a_variable_that_holds_the_key_is_refused() {
    let stockport = with_key()
        .env("CANNLYTICS_API_KEY", KEY)
        .env("OTHER", &format!("x-{KEY}"));
    let args = ["schedule", "daily 02:00", "--env", "OTHER", "--", "config", "check"];
    let run = stockport.run(args).exit(2);
    assert!(run.stderr.contains("OTHER holds the API key"), "{}", run.stderr);
    assert!(!run.stderr.contains(KEY) && !run.stdout.contains(KEY));
}

#[test]
fn a_proxy_is_kept_and_its_password_is_not() {
    let args = ["schedule", "daily 02:00", "--system", "cron", "--", "config", "check"];
    let line = |settings: &[(&str, &str)]| {
        let set = |stockport: Stockport, (name, value): &(&str, &str)| stockport.env(name, value);
        settings.iter().fold(with_key(), set).run(args)
    };
    let (proxy, login) = ("http://proxy:3128", "http://me:s3cret@proxy:3128");
    let kept = line(&[
        ("STOCKPORT_PROXY", "env"),
        ("HTTPS_PROXY", proxy),
        ("NO_PROXY", ".example.com"),
    ])
    .ok();
    for part in [
        " STOCKPORT_PROXY=env ",
        " HTTPS_PROXY=http://proxy:3128 ",
        " NO_PROXY=.example.com ",
    ] {
        assert!(kept.stdout.contains(part), "{part}: {}", kept.stdout);
    }
    // Without the wish, other programs' proxies are not used.
    let unused = line(&[("HTTPS_PROXY", login)]).ok();
    assert!(!unused.stdout.contains("PROXY"), "{}", unused.stdout);
    for settings in [
        &[("STOCKPORT_PROXY", login)][..],
        &[("STOCKPORT_PROXY", "env"), ("https_proxy", login)],
        &[("STOCKPORT_PROXY", proxy), ("STOCKPORT_PROXY_PASSWORD", "s3cret")],
    ] {
        let refused = line(settings).exit(2);
        assert!(
            refused.stderr.contains("holds a user or a password"),
            "{}",
            refused.stderr
        );
        assert!(!refused.stderr.contains("s3cret"), "{}", refused.stderr);
    }
}

#[cfg(unix)]
#[test]
fn a_profile_that_uses_the_proxies_of_other_programs_keeps_them() {
    let stockport = with_key().env("HTTPS_PROXY", "http://proxy:3128");
    let folder = stockport.home().join("config/stockport");
    fs::create_dir_all(&folder).unwrap();
    let config = "[profiles.main]\norg = \"north\"\nproxy = \"env\"\n";
    fs::write(folder.join("config.toml"), config).unwrap();
    let args = ["schedule", "daily 02:00", "--system", "cron", "--", "config", "check"];
    let kept = stockport.run(args).ok();
    assert!(
        kept.stdout.contains(" HTTPS_PROXY=http://proxy:3128 "),
        "{}",
        kept.stdout
    );
}
