//! stockport where a system offers next to nothing: an empty root, another user, no HOME, no /tmp, 16 processes. So it runs in
//! the container and in the pods of `samples`, whose commands are run here as they stand there.

#![cfg(target_os = "linux")]

use std::collections::BTreeMap;
use std::fs::{self, Permissions};
use std::os::unix::fs::{PermissionsExt as _, chown, symlink};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};

use serde_json::{Value, json};

use crate::kubernetes::{CRON, JOB, arguments, env_of, manifest, mounts};
use crate::packages::instructions;
use crate::readme::{text, words};
use crate::support::Run;
use crate::support::faulty::Faulty;

const ORG: &str = "sandbox-company";

/// The user of the container.
const USER: u32 = 65_532;

/// A limit of processes counts all of a user's on the machine, so that each root in which it counts has a user of its own.
static USERS: AtomicU32 = AtomicU32::new(0);

/// A root that holds the binary, the libraries that it is linked with, and nothing else.
struct Bare {
    root: tempfile::TempDir,
    env: BTreeMap<String, String>,
    folder: String,
    user: u32,
    processes: &'static str,
}

impl Bare {
    /// `None` where no such root can be entered.
    #[expect(clippy::print_stdout, reason = "what is not tried is said aloud")]
    fn new() -> Option<Self> {
        let binary = Path::new(env!("CARGO_BIN_EXE_stockport"));
        let root = tempfile::tempdir().unwrap();
        fs::set_permissions(root.path(), Permissions::from_mode(0o755)).unwrap();
        let bare = Self {
            root,
            env: BTreeMap::new(),
            folder: "/".to_owned(),
            user: 100_000 + std::process::id() % 100_000 * 8 + USERS.fetch_add(1, Ordering::Relaxed) % 8,
            processes: "--nproc=16",
        };
        let place = |from: &Path, to: &str| {
            let to = bare.at(to);
            fs::create_dir_all(to.parent().unwrap()).unwrap();
            fs::copy(from, to).unwrap();
        };
        place(binary, "/usr/bin/stockport");
        let listed = Command::new("ldd").arg(binary).output();
        let listed = listed.map(|listed| String::from_utf8_lossy(&listed.stdout).into_owned());
        for library in listed.unwrap_or_default().split_whitespace() {
            if library.starts_with('/') {
                place(Path::new(library), library);
            }
        }
        let entered = bare.command(&["--version"]).output();
        if entered.is_ok_and(|entered| entered.status.success()) {
            return Some(bare);
        }
        println!("skipped: only root, with unshare, prlimit and ldd, can enter an empty root as another user");
        None
    }

    /// The path outside of what is `path` inside.
    fn at(&self, path: &str) -> PathBuf {
        self.root.path().join(path.trim_start_matches('/'))
    }

    /// Makes a folder of this owner and group.
    fn folder(&self, path: &str, (user, group): (u32, u32), mode: u32) {
        fs::create_dir_all(self.at(path)).unwrap();
        self.give(path, (user, group), mode);
    }

    /// Puts a file there.
    fn file(&self, path: &str, content: impl AsRef<[u8]>, (user, group): (u32, u32), mode: u32) {
        fs::create_dir_all(self.at(path).parent().unwrap()).unwrap();
        fs::write(self.at(path), content).unwrap();
        self.give(path, (user, group), mode);
    }

    fn give(&self, path: &str, (user, group): (u32, u32), mode: u32) {
        chown(self.at(path), Some(user), Some(group)).unwrap();
        fs::set_permissions(self.at(path), Permissions::from_mode(mode)).unwrap();
    }

    fn env(&mut self, name: &str, value: &str) {
        self.env.insert(name.to_owned(), value.to_owned());
    }

    fn command(&self, args: &[&str]) -> Command {
        let user = self.user.to_string();
        let mut command = Command::new("prlimit");
        command
            .args([self.processes, "unshare", "--root"])
            .arg(self.root.path())
            .args(["--wd", &self.folder, "--setgid", &user, "--setuid", &user])
            .arg("/usr/bin/stockport")
            .args(args)
            .env_clear()
            .envs(&self.env)
            .stdin(Stdio::null());
        // The programs outside are found by their names.
        let path = std::env::var_os("PATH").unwrap_or_default();
        command.env("PATH", path);
        command
    }

    fn run(&self, args: &[&str]) -> Run {
        let output = self.command(args).output().unwrap();
        let run = Run {
            code: output.status.code().unwrap_or(-1),
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        };
        assert!(!run.stderr.contains("panicked"), "{args:?}: {run:?}");
        run
    }
}

fn sample(name: &str) -> Vec<u8> {
    fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join("samples").join(name)).unwrap()
}

/// With a folder `/files` that holds files, and one, `/state`, that can be written.
fn prepared() -> Option<Bare> {
    let bare = Bare::new()?;
    bare.folder("/state", (bare.user, bare.user), 0o700);
    bare.folder("/files", (bare.user, bare.user), 0o755);
    for name in ["inventory.xlsx", "inventory.csv"] {
        bare.file(&format!("/files/{name}"), sample(name), (0, 0), 0o644);
    }
    Some(bare)
}

const SANDBOX: [&str; 3] = ["--sandbox", "--sandbox-dir", "/state/sandbox"];

#[test]
fn an_empty_root_without_a_home_and_with_few_processes_is_enough() {
    let Some(mut bare) = prepared() else { return };
    for name in ["XDG_STATE_HOME", "XDG_DATA_HOME", "TMPDIR"] {
        bare.env(name, "/state");
    }
    for (args, says) in [
        (&["import", "/files/inventory.xlsx"][..], "200 read = 200 created"),
        (
            &["import", "/files/inventory.csv", "--verify"],
            "Verified by reading back",
        ),
        (
            &["backup", "create", "/state/backups", "--keep-daily", "7"],
            "Backed up 200 items",
        ),
        (&["backup", "verify", "/state/backups", "--drill"], "no difference"),
        (
            &["backup", "history", "/state/backups", "1A4FF0100000022000000001"],
            "first seen",
        ),
        (&["backup", "restore", "/state/backups"], "200 unchanged"),
        (&["export", "/state/all.xlsx"], "Exported 200 items"),
        (&["export", "/state/all.csv"], "Exported 200 items"),
        (&["convert", "/files/inventory.xlsx", "/state/items.jsonl"], "200 read"),
        (&["inspect", "/files/inventory.xlsx"], "200 data rows"),
        (&["diff", "/files/inventory.xlsx", "/state/all.csv"], "No differences"),
        (
            &["delete", "--ids", "1A4FF0100000022000000001", "--yes"],
            "1 read = 1 deleted",
        ),
        (&["undo", "--yes"], "1 read = 1 created"),
        (&["runs"], "delete"),
    ] {
        let run = bare.run(&[args, &SANDBOX].concat()).ok();
        assert!(run.stdout.contains(says), "{args:?}: {run:?}");
    }
}

#[test]
fn what_is_missing_is_named_with_the_variable_that_gives_it() {
    let Some(mut bare) = prepared() else { return };
    let told = |bare: &Bare, args: &[&str], variable: &str| {
        let run = bare.run(&[args, &SANDBOX[..]].concat()).exit(1);
        let hint = run
            .stderr
            .split_once("hint: ")
            .unwrap_or_else(|| panic!("{args:?}: {run:?}"))
            .1;
        assert!(hint.contains(variable), "{args:?}: {run:?}");
    };
    let import = ["import", "/files/inventory.csv"];
    told(&bare, &import, "XDG_STATE_HOME");
    told(&bare, &["undo", "--yes"], "XDG_STATE_HOME");
    let run = bare.run(&["export", "/state/out.csv", "--sandbox"]).exit(1);
    assert!(run.stderr.contains("--sandbox-dir"), "{run:?}");
    // There is a home folder, and no folder for temporary files.
    bare.env("HOME", "/state");
    for args in [
        &import[..],
        &["export", "/state/out.csv"],
        &["backup", "create", "/state/backups"],
    ] {
        told(&bare, args, "TMPDIR");
    }
    let run = bare.run(&["doctor", "--offline", "--sandbox"]).exit(1);
    let lines: Vec<&str> = run
        .stdout
        .lines()
        .skip_while(|line| !line.contains("temporary folder"))
        .collect();
    assert!(
        lines[0].starts_with("error") && lines[0].ends_with("/tmp is not there") && lines[1].contains("TMPDIR"),
        "{run:?}"
    );
    bare.env("TMPDIR", "/files/none");
    told(&bare, &["export", "/state/out.csv"], "TMPDIR");
    // A folder that can only be read.
    bare.folder("/sealed", (0, 0), 0o555);
    bare.env("TMPDIR", "/sealed");
    told(&bare, &["export", "/state/out.csv"], "TMPDIR");
    bare.env("TMPDIR", "/state");
    bare.run(&[&import[..], &SANDBOX].concat()).ok();
    // Where the rows' folder can only be read, rejects need another one.
    bare.file("/sealed/inventory.csv", sample("inventory.csv"), (0, 0), 0o444);
    told(&bare, &["import", "/sealed/inventory.csv"], "--rejects FILE");
}

#[test]
fn a_key_file_that_a_system_hands_to_a_service_is_read_and_others_are_not() {
    let Some(mut bare) = prepared() else { return };
    let server = Faulty::new();
    server.put(ORG, &json!({"item_id": "A1", "name": "Kush"}));
    for (name, value) in [
        ("CANNLYTICS_API_URL", server.url()),
        ("STOCKPORT_ORG", ORG),
        ("TMPDIR", "/state"),
    ] {
        bare.env(name, value);
    }
    let user = bare.user;
    let key = server.key(ORG).to_owned();
    let export = |path: &str| bare.run(&["export", "-", "--key-file", path]);
    for (owner, mode, says) in [
        // As Kubernetes and systemd leave it: root's, for one group.
        ((0, user), 0o440, ""),
        ((user, user), 0o400, ""),
        ((user, user), 0o440, "can be read by others"),
        ((0, user), 0o444, "can be read by others"),
        ((0, user), 0o644, "defaultMode"),
        ((0, user), 0o460, "others can write it"),
        ((0, 0), 0o400, "permission denied"),
        ((1234, user), 0o440, "it belongs to another user"),
    ] {
        bare.file("/run/secrets/key", &key, owner, mode);
        let run = export("/run/secrets/key");
        let is_refused = !says.is_empty();
        assert!(
            run.code == i32::from(is_refused) && run.stderr.contains(says),
            "{owner:?} {mode:o}: {run:?}"
        );
        assert!(!run.stderr.contains(&key), "{run:?}");
    }
    symlink("key", bare.at("/run/secrets/link")).unwrap();
    let run = export("/run/secrets/link").exit(1);
    assert!(run.stderr.contains("symbolic link"), "{run:?}");
}

/// The image's instructions of this name, after the last stage begins.
fn image(name: &str) -> Vec<String> {
    let all = instructions(&text("samples/container/Dockerfile"));
    let stage = all.iter().rposition(|(name, _)| name == "FROM").unwrap();
    let of = all[stage..].iter().filter(|(named, _)| named == name);
    of.map(|(_, rest)| rest.clone()).collect()
}

/// A container of the image: its user, folders and environment.
fn container(bare: &mut Bare) {
    assert_eq!(image("USER"), [format!("{USER}:{USER}")]);
    (bare.user, bare.processes) = (USER, "--nproc=1024");
    let volume = image("VOLUME").concat();
    bare.folder(&volume, (USER, USER), 0o700);
    for pair in image("ENV").concat().split(' ') {
        let (name, value) = pair.split_once('=').unwrap();
        bare.env(name, value);
    }
    bare.folder = image("WORKDIR").concat();
}

#[test]
fn the_command_of_the_dockerfile_runs_in_such_a_container() {
    let Some(mut bare) = Bare::new() else { return };
    let server = Faulty::new();
    container(&mut bare);
    let dockerfile = text("samples/container/Dockerfile");
    let line = dockerfile.lines().find(|line| line.contains("docker run")).unwrap();
    let (docker, command) = line.split_once(" stockport:0.2.0 ").unwrap();
    for given in [
        "-v stockport:/state",
        "/data:ro",
        "-e STOCKPORT_ORG",
        "-e CANNLYTICS_API_KEY",
    ] {
        assert!(docker.contains(given), "{docker}");
    }
    bare.file("/data/count.xlsx", sample("inventory.xlsx"), (0, 0), 0o644);
    bare.give("/data", (0, 0), 0o555);
    for (name, value) in [
        ("STOCKPORT_ORG", ORG),
        ("CANNLYTICS_API_KEY", server.key(ORG)),
        ("CANNLYTICS_API_URL", server.url()),
    ] {
        bare.env(name, value);
    }
    let run = bare.run(&words(command)).ok();
    assert!(run.stdout.contains("200 read = 200 created"), "{run:?}");
    bare.run(&["undo", "--yes"]).ok();
    assert_eq!(server.count(ORG), 0);
}

/// A pod of a manifest's job, its volumes as a node mounts them.
fn pod(bare: &mut Bare, job: &Value, server: &Faulty) -> Vec<String> {
    let pod = &job["template"]["spec"];
    container(bare);
    let security = &pod["securityContext"];
    for name in ["runAsUser", "runAsGroup", "fsGroup"] {
        assert_eq!(security[name], USER, "{name}");
    }
    for (name, value) in env_of(&pod["containers"][0]) {
        bare.env(&name, &value);
    }
    for (mount, volume) in mounts(pod) {
        let path = mount["mountPath"].as_str().unwrap();
        if let Some(secret) = volume.get("secret") {
            let mode = u32::try_from(secret["defaultMode"].as_u64().unwrap()).unwrap();
            bare.file(path, format!("{}\n", server.key(ORG)), (0, USER), mode);
        } else {
            // Anybody's, with the group of `fsGroup`.
            bare.folder(path, (0, USER), 0o2777);
        }
    }
    bare.env("STOCKPORT_ORG", ORG);
    bare.env("CANNLYTICS_API_URL", server.url());
    arguments(job)
}

#[test]
fn the_cron_job_backs_up_in_its_pod_and_again_in_the_next_one() {
    let Some(mut bare) = Bare::new() else { return };
    let server = Faulty::new();
    server.put(ORG, &json!({"item_id": "A1", "name": "Kush"}));
    let job = &manifest(CRON)["spec"]["jobTemplate"]["spec"];
    let args = pod(&mut bare, job, &server);
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    for night in 1..=2 {
        let run = bare.run(&args).ok();
        let last: Value = serde_json::from_str(run.stderr.lines().last().unwrap()).unwrap();
        assert_eq!(last["exit"], 0, "{run:?}");
        let list = bare.run(&["backup", "list", "/backups", "--json"]).ok().json();
        assert_eq!(list["snapshots"].as_array().unwrap().len(), night, "{list}");
    }
    bare.run(&["backup", "verify", "/backups"]).ok();
}

#[test]
fn the_indexed_jobs_pods_import_the_file_between_them() {
    if Bare::new().is_none() {
        return;
    }
    let server = Faulty::new();
    let job = &manifest(JOB)["spec"];
    for index in 0..job["completions"].as_u64().unwrap() {
        let mut bare = Bare::new().unwrap();
        let args = pod(&mut bare, job, &server);
        bare.file("/data/inventory.csv", sample("inventory.csv"), (0, USER), 0o664);
        bare.env("JOB_COMPLETION_INDEX", &index.to_string());
        let args: Vec<&str> = args.iter().map(String::as_str).collect();
        bare.run(&args).ok();
    }
    assert_eq!(server.count(ORG), 60);
}
