//! Schedules in place: the last result, the next time, and machines that have no scheduler.

#[cfg(unix)]
use std::fs;

use super::schedule;
#[cfg(unix)]
use crate::backup::ORG;
use crate::support::Stockport;

#[cfg(unix)]
use super::with_programs;

/// Without any program of a scheduler.
fn without_any() -> Stockport {
    let stockport = super::with_key();
    let empty = stockport.home().join("empty").display().to_string();
    stockport.env("PATH", &empty)
}

fn has_its_own() -> bool {
    cfg!(windows) || cfg!(target_os = "macos") || std::path::Path::new("/run/systemd/system").is_dir()
}

#[test]
fn a_machine_without_a_scheduler_says_so_and_what_to_do() {
    if has_its_own() {
        println!("skipped: this machine has a scheduler, so its absence can't be seen");
        return;
    }
    let stockport = without_any();
    let run = stockport.run(schedule("daily 02:00", &[])).ok();
    assert!(
        run.stderr.contains("neither systemd nor cron") && run.stderr.contains("samples/kubernetes"),
        "{}",
        run.stderr
    );
    let run = stockport.run(["schedule", "list"]).ok();
    assert!(
        run.stdout.contains("Nothing is scheduled") && run.stderr.contains("neither systemd nor cron"),
        "{run:?}"
    );
    let run = stockport.run(schedule("daily 02:00", &["--install"])).exit(1);
    assert!(
        run.stderr.contains("no program `crontab`") && run.stderr.contains("samples/kubernetes"),
        "{}",
        run.stderr
    );
    for system in ["systemd", "launchd", "windows"] {
        let run = stockport
            .run(schedule("daily 02:00", &["--install", "--system", system]))
            .exit(1);
        assert!(run.stderr.contains("is not available here"), "{}", run.stderr);
        // Nothing is left that looks like a schedule.
        let list = stockport.run(["schedule", "list", "--json"]).ok().json();
        assert_eq!(list["schedules"].as_array().unwrap().len(), 0, "{list}");
    }
}

#[cfg(unix)]
#[test]
fn each_schedule_is_listed_with_its_last_result_and_its_next_time() {
    let stockport = with_programs();
    for (name, system, when) in [
        ("a", "systemd", "daily 02:00"),
        ("b", "cron", "*/5 * * * *"),
        ("c", "launchd", "weekly Sun 02:00"),
        ("d", "windows", "monthly last 02:00"),
    ] {
        stockport
            .run(schedule(when, &["--install", "--system", system, "--name", name]))
            .ok();
    }
    let list = stockport.run(["schedule", "list", "--json"]).ok().json();
    let schedules = list["schedules"].as_array().unwrap();
    assert_eq!(schedules.len(), 4, "{list}");
    let command = format!("backup create 'my backups' --org {ORG} --key-file my.key");
    for (one, (system, when)) in schedules.iter().zip([
        ("systemd", "*-*-* 02:00:00"),
        ("cron", "*/5 * * * *"),
        ("launchd", "weekly Sun 02:00"),
        ("windows", "monthly last 02:00"),
    ]) {
        assert_eq!(
            (one["system"].as_str(), one["when"].as_str()),
            (Some(system), Some(when)),
            "{one}"
        );
        assert_eq!(one["command"], command, "{one}");
        assert!(
            one["next"].as_str().is_some_and(|next| next.len() == 25) && one["last"].is_null(),
            "{one}"
        );
    }
    // Runs leave their end: a failed one, one that never ended.
    let run = |name: &str, args: &[&str]| stockport.run([&["schedule", "run", name, "--"], args].concat());
    run("a", &["config", "check"]).ok();
    let failed = run("b", &["backup", "verify", "absent"]).exit(1);
    assert!(failed.stderr.contains("absent"), "{}", failed.stderr);
    let state = stockport.home().join("state/stockport/schedules");
    fs::write(
        state.join("c.json"),
        r#"{"started":"2026-01-01T02:00:00Z","ended":null,"exit":null}"#,
    )
    .unwrap();
    fs::write(state.join("d.json"), "no record").unwrap();
    let list = stockport.run(["schedule", "list", "--json"]).ok().json();
    let last = |at: usize| list["schedules"][at]["last"].clone();
    assert_eq!((&last(0)["exit"], &last(1)["exit"]), (&0.into(), &1.into()), "{list}");
    assert!(
        last(0)["ended"].is_string() && last(2)["ended"].is_null() && last(3).is_null(),
        "{list}"
    );
    let text = stockport.run(["schedule", "list"]).ok().stdout;
    for part in [
        "exit code 0",
        "exit code 1",
        "no end recorded",
        "no run recorded",
        "next: ",
    ] {
        assert!(text.contains(part), "{part}: {text}");
    }
    let doctor = stockport.run(["doctor", "--offline", "--json"]).json();
    let check = doctor["checks"]
        .as_array()
        .unwrap()
        .iter()
        .find(|check| check["name"] == "schedule")
        .unwrap();
    assert_eq!(check["state"], "warning", "{check}");
    assert!(
        check["detail"].as_str().unwrap().contains("the last run of b"),
        "{check}"
    );
    for name in ["a", "b", "c", "d"] {
        stockport.run(["schedule", "remove", name]).ok();
    }
    let log = fs::read_to_string(stockport.home().join("systemctl.log")).unwrap();
    for part in [
        "load -w ",
        "unload -w ",
        "/Create /TN stockport\\d /XML ",
        "/Delete /F /TN stockport\\d",
    ] {
        assert!(log.contains(part), "{part}: {log}");
    }
    let list = stockport.run(["schedule", "list", "--json"]).ok().json();
    assert_eq!(list["schedules"].as_array().unwrap().len(), 0, "{list}");
}

#[cfg(unix)]
#[test]
fn a_timer_that_is_not_started_has_no_next_time() {
    let stockport = with_programs();
    stockport
        .run(schedule("daily 02:00", &["--install", "--system", "systemd"]))
        .ok();
    let program = stockport.home().join("bin/systemctl");
    fs::write(&program, "#!/bin/sh\n[ \"$2\" != is-active ] || exit 3\n").unwrap();
    let list = stockport.run(["schedule", "list", "--json"]).ok().json();
    let one = &list["schedules"][0];
    assert!(one["active"] == false && one["next"].is_null(), "{one}");
    let text = stockport.run(["schedule", "list"]).ok().stdout;
    assert!(text.contains("has not started its timer"), "{text}");
}

#[cfg(unix)]
#[test]
fn a_link_in_the_place_of_a_unit_is_replaced_and_not_followed() {
    use std::os::unix::fs::{PermissionsExt as _, symlink};
    let stockport = with_programs();
    let units = stockport.home().join("config/systemd/user");
    fs::create_dir_all(&units).unwrap();
    let precious = stockport.write("precious", "kept");
    symlink(&precious, units.join("stockport-x.service")).unwrap();
    stockport
        .run(schedule(
            "daily 02:00",
            &["--install", "--system", "systemd", "--name", "x"],
        ))
        .ok();
    assert_eq!(stockport.read("precious"), "kept");
    let service = units.join("stockport-x.service").symlink_metadata().unwrap();
    assert!(service.is_file() && service.permissions().mode().trailing_zeros() >= 6);
}

#[cfg(unix)]
#[test]
fn a_run_is_stopped_at_its_time_limit_and_passes_signals_on() {
    let stockport = Stockport::new();
    // A server never ends by itself.
    let run = stockport
        .run([
            "schedule",
            "run",
            "x",
            "--time-limit",
            "1s",
            "--",
            "sandbox",
            "--sandbox-dir",
            "data",
        ])
        .exit(1);
    assert!(
        run.stderr.contains("stopped after its time limit of 1 s"),
        "{}",
        run.stderr
    );
    let record = stockport.home().join("state/stockport/schedules/x.json");
    assert!(fs::read_to_string(&record).unwrap().contains("\"timed_out\":true"));
    let mut child = stockport
        .command(["schedule", "run", "x", "--", "sandbox", "--sandbox-dir", "data"])
        .stdout(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    let mut line = String::new();
    std::io::BufRead::read_line(&mut std::io::BufReader::new(child.stdout.take().unwrap()), &mut line).unwrap();
    assert!(line.contains("http://127.0.0.1:"), "{line}");
    assert!(
        fs::read_to_string(&record).unwrap().contains("\"ended\":null"),
        "it is going"
    );
    let id = child.id().to_string();
    assert!(std::process::Command::new("kill").arg(id).status().unwrap().success());
    child.wait().unwrap();
    let record = fs::read_to_string(&record).unwrap();
    assert!(
        !record.contains("\"ended\":null") && record.contains("\"timed_out\":false"),
        "{record}"
    );
}
