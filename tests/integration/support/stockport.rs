//! The binary, run as a user would, in a home that nobody else has.

use std::ffi::OsStr;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::{env, fs};

use serde_json::Value;
use tempfile::TempDir;

use super::TestSandbox;
use super::faulty::Faulty;

/// A home and a working folder for the binary; nothing of the machine's own settings reaches it.
pub(crate) struct Stockport {
    home: TempDir,
    env: Vec<(String, String)>,
}

/// How a run ended.
#[derive(Debug)]
pub(crate) struct Run {
    pub(crate) code: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Stockport {
    pub(crate) fn new() -> Self {
        let home = tempfile::tempdir().unwrap();
        for folder in ["work", "tmp"] {
            fs::create_dir(home.path().join(folder)).unwrap();
        }
        Self { home, env: Vec::new() }
    }

    /// Sets a variable for all runs from here on.
    pub(crate) fn env(mut self, name: &str, value: &str) -> Self {
        self.env.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Points all runs at a sandbox's organization, key included.
    pub(crate) fn at(self, server: &TestSandbox, org: &str) -> Self {
        self.pointed(server.sandbox.url(), org, server.sandbox.key_for(org).unwrap())
    }

    /// Points all runs at an organization behind a server that misbehaves, key included.
    pub(crate) fn at_faulty(self, server: &Faulty, org: &str) -> Self {
        self.pointed(server.url(), org, server.key(org))
    }

    fn pointed(self, url: &str, org: &str, key: &str) -> Self {
        self.env("CANNLYTICS_API_URL", url)
            .env("CANNLYTICS_API_KEY", key)
            .env("STOCKPORT_ORG", org)
    }

    /// The home folder, which holds what the binary keeps for its user.
    pub(crate) fn home(&self) -> &Path {
        self.home.path()
    }

    /// A path in the folder that the binary runs in.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.home.path().join("work").join(name)
    }

    /// Writes a file into the folder that the binary runs in.
    pub(crate) fn write(&self, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path(name);
        fs::write(&path, content).unwrap();
        path
    }

    /// Reads a text file of the folder that the binary runs in.
    pub(crate) fn read(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
    }

    /// The command as it would be run, for tests that need the process itself.
    pub(crate) fn command<A: AsRef<OsStr>>(&self, args: impl IntoIterator<Item = A>) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_stockport"));
        command
            .args(args)
            .current_dir(self.home.path().join("work"))
            .env_clear();
        // Without these, programs can't run at all on one system or another.
        for name in ["PATH", "SystemRoot", "LD_LIBRARY_PATH"] {
            command.envs(env::var_os(name).map(|value| (name, value)));
        }
        for (name, below) in [
            ("HOME", ""),
            ("USERPROFILE", ""),
            ("XDG_CONFIG_HOME", "config"),
            ("XDG_DATA_HOME", "data"),
            ("XDG_STATE_HOME", "state"),
            ("XDG_CACHE_HOME", "cache"),
            ("APPDATA", "data"),
            ("LOCALAPPDATA", "data"),
            ("TMPDIR", "tmp"),
            ("TMP", "tmp"),
            ("TEMP", "tmp"),
        ] {
            command.env(name, self.home.path().join(below));
        }
        command
            .env("LANG", "C.UTF-8")
            .envs(self.env.iter().map(|(name, value)| (name, value)));
        command
    }

    /// Runs to the end with nothing on standard input.
    pub(crate) fn run<A: AsRef<OsStr>>(&self, args: impl IntoIterator<Item = A>) -> Run {
        self.run_with_input(args, b"")
    }

    /// Runs to the end with this on standard input.
    pub(crate) fn run_with_input<A: AsRef<OsStr>>(&self, args: impl IntoIterator<Item = A>, input: &[u8]) -> Run {
        let mut command = self.command(args);
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut stdin = child.stdin.take().unwrap();
        let input = input.to_vec();
        // From another thread, as a program may fill its output before it reads; one that ends unread is no failure.
        let writer = std::thread::spawn(move || stdin.write_all(&input).is_ok());
        let output = child.wait_with_output().unwrap();
        writer.join().unwrap();
        Run {
            code: output.status.code().unwrap_or(-1),
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }
}

impl Run {
    /// Demands exit code 0.
    pub(crate) fn ok(self) -> Self {
        self.exit(0)
    }

    /// Demands an exit code.
    pub(crate) fn exit(self, code: i32) -> Self {
        assert_eq!(
            self.code, code,
            "exit code\n--- stdout\n{}\n--- stderr\n{}",
            self.stdout, self.stderr
        );
        self
    }

    /// Standard output, which must be one JSON document.
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.stdout)
            .unwrap_or_else(|error| panic!("{error}\n--- stdout\n{}\n--- stderr\n{}", self.stdout, self.stderr))
    }
}
