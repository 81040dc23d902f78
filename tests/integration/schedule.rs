//! `stockport schedule`: what each system is told, and that nothing of a key is.

mod environment;
mod listed;
mod texts;
mod times;

use std::process::Command;

use crate::backup::ORG;
#[cfg(unix)]
use crate::backup::fill;
use crate::support::Stockport;
#[cfg(unix)]
use crate::support::TestSandbox;

const KEY: &str = "a-key-that-nobody-may-see";

/// A home with a key file of the user's own.
fn with_key() -> Stockport {
    let stockport = Stockport::new();
    let path = stockport.write("my.key", KEY);
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600)).unwrap();
    }
    #[cfg(not(unix))]
    drop(path);
    stockport
}

fn schedule<'a>(when: &'a str, options: &[&'a str]) -> Vec<&'a str> {
    let mut args = vec!["schedule", when];
    args.extend(options);
    args.extend([
        "--",
        "backup",
        "create",
        "my backups",
        "--org",
        ORG,
        "--key-file",
        "my.key",
    ]);
    args
}

#[test]
fn each_system_is_told_in_its_own_words_and_never_the_key() {
    let stockport = with_key();
    let systemd = stockport
        .run(schedule("daily 02:00", &["--system", "systemd"]))
        .ok()
        .stdout;
    for part in [
        "OnCalendar=*-*-* 02:00:00",
        "Persistent=true",
        "Type=oneshot",
        "\"my backups\"",
        "\"my.key\"",
        "WorkingDirectory=",
    ] {
        assert!(systemd.contains(part), "{part}: {systemd}");
    }
    let cron = stockport
        .run(schedule("weekly Sun 02:00", &["--system", "cron", "--name", "nightly"]))
        .ok()
        .stdout;
    assert!(
        cron.starts_with("0 2 * * 0 cd ") && cron.trim_end().ends_with("# stockport: nightly"),
        "{cron}"
    );
    let windows = stockport
        .run(schedule("daily 02:00", &["--system", "windows"]))
        .ok()
        .stdout;
    assert!(windows.starts_with("<?xml version=\"1.0\"?>\n<Task "), "{windows}");
    for text in [systemd, cron, windows] {
        assert!(!text.contains(KEY));
    }
}

#[test]
fn what_would_fail_at_night_is_refused_now() {
    let stockport = with_key();
    let at_fault = |args: &[&str], says: &str| {
        let run = stockport.run(args).exit(2);
        assert!(run.stderr.contains(says), "{}", run.stderr);
    };
    at_fault(
        &[
            "schedule",
            "nightly",
            "--",
            "backup",
            "create",
            "bk",
            "--org",
            ORG,
            "--key-file",
            "my.key",
        ],
        "is not a time to run at",
    );
    at_fault(
        &["schedule", "daily 02:00", "--", "backup", "crate", "bk"],
        "command to schedule",
    );
    at_fault(
        &["schedule", "daily 02:00", "--", "backup", "create", "bk", "--org", ORG],
        "--key-file",
    );
    at_fault(
        &[
            "schedule",
            "daily 02:00",
            "--",
            "backup",
            "create",
            "bk",
            "--key-file",
            "my.key",
        ],
        "--org",
    );
    stockport
        .run([
            "schedule",
            "daily 02:00",
            "--",
            "backup",
            "create",
            "bk",
            "--org",
            ORG,
            "--key-file",
            "none",
        ])
        .exit(1);
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        std::fs::set_permissions(stockport.path("my.key"), std::fs::Permissions::from_mode(0o644)).unwrap();
        let run = stockport.run(schedule("daily 02:00", &[])).exit(1);
        assert!(run.stderr.contains("can be read by others"), "{}", run.stderr);
    }
}

/// Programs of the system's names that keep their crontab, or write down how they were called.
#[cfg(unix)]
fn with_programs() -> Stockport {
    use std::os::unix::fs::PermissionsExt as _;
    let stockport = with_key();
    let bin = stockport.home().join("bin");
    std::fs::create_dir(&bin).unwrap();
    let home = stockport.home().display().to_string();
    let programs = [
        ("systemctl", format!("#!/bin/sh\necho \"$@\" >> {home}/systemctl.log\n")),
        ("launchctl", format!("#!/bin/sh\necho \"$@\" >> {home}/systemctl.log\n")),
        (
            "schtasks",
            format!("#!/bin/sh\nprintf '%s\\n' \"$*\" >> {home}/systemctl.log\n"),
        ),
        (
            "crontab",
            format!(
                "#!/bin/sh\nif [ \"$1\" = -l ]; then\n  [ -f {home}/tab ] || {{ echo 'no crontab for me' >&2; exit 1; }}\n  cat {home}/tab\nelse\n  cat > {home}/tab\nfi\n"
            ),
        ),
    ];
    for (name, text) in programs {
        let path = bin.join(name);
        std::fs::write(&path, text).unwrap();
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o755)).unwrap();
    }
    let path = format!("{}:{}", bin.display(), std::env::var("PATH").unwrap());
    stockport.env("PATH", &path)
}

#[cfg(unix)]
#[test]
fn a_timer_is_installed_listed_and_removed() {
    let stockport = with_programs();
    stockport
        .run(schedule("daily 02:00", &["--install", "--system", "systemd"]))
        .ok();
    let units = stockport.home().join("config/systemd/user");
    assert!(
        units.join("stockport-backup-create.timer").exists() && units.join("stockport-backup-create.service").exists()
    );
    let log = std::fs::read_to_string(stockport.home().join("systemctl.log")).unwrap();
    assert_eq!(
        log,
        "--user daemon-reload\n--user enable --now stockport-backup-create.timer\n"
    );
    let again = stockport
        .run(schedule("daily 03:00", &["--install", "--system", "systemd"]))
        .exit(1);
    assert!(again.stderr.contains("--name"), "{}", again.stderr);
    let list = stockport.run(["schedule", "list", "--json"]).ok().json();
    assert_eq!(list["schedules"][0]["when"], "*-*-* 02:00:00");
    stockport.run(["schedule", "remove", "backup-create"]).ok();
    assert_eq!(std::fs::read_dir(&units).unwrap().count(), 0);
    stockport.run(["schedule", "remove", "backup-create"]).exit(1);
}

#[cfg(unix)]
#[test]
fn a_cron_line_is_installed_beside_others_and_removed_alone() {
    let stockport = with_programs();
    let tab = stockport.home().join("tab");
    stockport
        .run(schedule(
            "daily 02:00",
            &["--install", "--system", "cron", "--name", "one"],
        ))
        .ok();
    std::fs::write(
        &tab,
        format!("5 4 * * * mine\n{}", std::fs::read_to_string(&tab).unwrap()),
    )
    .unwrap();
    stockport
        .run(schedule(
            "monthly 1 03:00",
            &["--install", "--system", "cron", "--name", "two"],
        ))
        .ok();
    let list = stockport.run(["schedule", "list"]).ok().stdout;
    assert!(
        list.contains("one (0 2 * * *)") && list.contains("two (0 3 1 * *)") && !list.contains("mine"),
        "{list}"
    );
    stockport.run(["schedule", "remove", "one"]).ok();
    let left = std::fs::read_to_string(&tab).unwrap();
    assert!(
        left.starts_with("5 4 * * * mine\n") && left.contains("# stockport: two") && !left.contains("# stockport: one"),
        "{left}"
    );
}

#[cfg(unix)]
#[test]
fn the_line_that_is_printed_does_what_it_says() {
    let server = TestSandbox::new();
    fill(&server, ORG, 5);
    let stockport = with_key();
    stockport.write("my.key", server.sandbox.key_for(ORG).unwrap());
    let mut args = schedule("daily 02:00", &["--system", "cron"]);
    let url = server.sandbox.url().to_owned();
    args.extend(["--api", &url]);
    let cron = stockport.run(args).ok().stdout;
    let command = cron.trim_end().splitn(6, ' ').nth(5).unwrap().replace("\\%", "%");
    let ran = Command::new("sh")
        .arg("-c")
        .arg(&command)
        .env("HOME", stockport.home())
        .status()
        .unwrap();
    assert!(ran.success(), "{command}");
    assert_eq!(crate::backup::files(&stockport.path("my backups").join(ORG)).len(), 2);
}

#[test]
fn systemd_takes_the_units_as_they_are() {
    if Command::new("systemd-analyze").arg("--version").output().is_err() {
        println!("skipped: systemd-analyze is not installed, so the units are not checked by it");
        return;
    }
    let stockport = with_key();
    let args = schedule("weekly Sun 02:00", &["--system", "systemd", "--json"]);
    let units = stockport.run(args).ok().json();
    let mut paths = Vec::new();
    for (name, text) in units.as_object().unwrap() {
        if name.starts_with("stockport-") {
            paths.push(stockport.write(name, text.as_str().unwrap()));
        }
    }
    assert_eq!(paths.len(), 2);
    let verified = Command::new("systemd-analyze")
        .args(["--user", "verify"])
        .args(&paths)
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&verified.stderr).into_owned();
    let ours: Vec<&str> = said.lines().filter(|line| line.contains("stockport-")).collect();
    assert!(ours.is_empty(), "{said}");
}
