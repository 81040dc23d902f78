//! A real terminal: tmux, in a size of one's own, whose screen can be read as a person sees it.

use std::path::PathBuf;
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use super::Stockport;

/// What the screen shows once the command has ended.
const ENDED: &str = "[ended]";
/// How long a command may take: only a hang comes near it.
const PATIENCE: Duration = Duration::from_secs(120);

/// A terminal that goes away with its test.
pub(crate) struct Terminal<'a> {
    stockport: &'a Stockport,
    socket: PathBuf,
    columns: u16,
}

impl<'a> Terminal<'a> {
    /// A terminal so many columns wide; none where tmux is not installed, which is said aloud.
    #[expect(clippy::print_stderr, reason = "what is not tried is said aloud")]
    pub(crate) fn open(stockport: &'a Stockport, columns: u16) -> Option<Self> {
        if Command::new("tmux").arg("-V").output().is_err() {
            eprintln!("skipped: tmux is not installed");
            return None;
        }
        let socket = stockport.home().join(format!("tmux-{columns}"));
        Some(Self {
            stockport,
            socket,
            columns,
        })
    }

    fn tmux(&self, args: &[&str]) -> String {
        let mut command = Command::new("tmux");
        command
            .args(["-u", "-f", "/dev/null", "-S"])
            .arg(&self.socket)
            .args(args);
        command
            .env_remove("TMUX")
            .env("TERM", "xterm-256color")
            .env("LANG", "C.UTF-8");
        let output = command.output().unwrap();
        assert!(
            output.status.success(),
            "{args:?}: {}",
            String::from_utf8_lossy(&output.stderr)
        );
        String::from_utf8_lossy(&output.stdout).into_owned()
    }

    /// Begins a command, which is a word that a shell would take as it is.
    pub(crate) fn begin(&self, args: &[&str]) {
        // A signal from the keyboard is meant for the command, not for the shell that waits for it.
        let mut script = format!("trap : INT\n{}", script(self.stockport, "tmux-256color", args));
        script += &format!("printf '{ENDED}%s' $?\nsleep 600\n");
        let file = self.stockport.home().join(format!("run-{}.sh", self.columns));
        std::fs::write(&file, script).unwrap();
        let columns = self.columns.to_string();
        let command = format!("sh '{}'", file.display());
        self.tmux(&["new-session", "-d", "-x", &columns, "-y", "120", &command]);
    }

    /// What the screen shows, with colours as escape sequences or without; lines that the terminal broke stay broken.
    pub(crate) fn screen(&self, colours: bool) -> String {
        let mut args = vec!["capture-pane", "-p"];
        if colours {
            args.push("-e");
        }
        self.tmux(&args)
    }

    /// What the screen shows once the command has ended.
    pub(crate) fn end(&self, colours: bool) -> String {
        let screen = self.wait_for(ENDED, colours);
        screen.split_once(ENDED).unwrap().0.to_owned()
    }

    /// The exit code of the command, once it has ended.
    pub(crate) fn code(&self) -> String {
        let screen = self.wait_for(ENDED, false);
        screen.split_once(ENDED).unwrap().1.trim().to_owned()
    }

    /// What the screen shows once it shows this.
    pub(crate) fn wait_for(&self, text: &str, colours: bool) -> String {
        let began = Instant::now();
        loop {
            let screen = self.screen(colours);
            if screen.contains(text) {
                return screen;
            }
            assert!(began.elapsed() < PATIENCE, "no {text}:\n{screen}");
            thread::sleep(Duration::from_millis(50));
        }
    }

    /// Types a key, by tmux's name for it.
    pub(crate) fn key(&self, key: &str) {
        self.tmux(&["send-keys", key]);
    }
}

/// A shell's script that runs a command with its environment, in its folder, on a terminal of this name.
fn script(stockport: &Stockport, term: &str, args: &[&str]) -> String {
    let command = stockport.command(args);
    let mut script = format!("cd \"$(dirname \"$0\")/work\"\nexport TERM={term}\n");
    for (name, value) in command.get_envs() {
        if let Some(value) = value {
            script += &format!("export {}='{}'\n", name.to_string_lossy(), value.to_string_lossy());
        }
    }
    script += &format!("'{}'", command.get_program().to_string_lossy());
    for arg in args {
        script += &format!(" '{arg}'");
    }
    script.push('\n');
    script
}

/// What a command sends to a terminal, byte by byte, what it says of itself and its results in one; none where the program
/// that lends a terminal is not installed, which is said aloud.
#[expect(clippy::print_stderr, reason = "what is not tried is said aloud")]
pub(crate) fn raw(stockport: &Stockport, term: &str, args: &[&str]) -> Option<String> {
    let file = stockport.home().join("raw.sh");
    std::fs::write(&file, script(stockport, term, args)).unwrap();
    let mut command = Command::new("script");
    // util-linux: -q says nothing of itself, -e gives the command's exit code, -c names it.
    command.args(["-q", "-e", "-c", &format!("sh '{}'", file.display()), "/dev/null"]);
    let output = command
        .env_clear()
        .env("PATH", std::env::var_os("PATH").unwrap_or_default());
    match output.stdin(std::process::Stdio::null()).output() {
        Ok(output) if !String::from_utf8_lossy(&output.stderr).contains("script: ") => {
            Some(String::from_utf8_lossy(&output.stdout).into_owned())
        }
        _ => {
            eprintln!("skipped: no script of util-linux is installed");
            None
        }
    }
}

impl Drop for Terminal<'_> {
    fn drop(&mut self) {
        let mut command = Command::new("tmux");
        drop(command.arg("-S").arg(&self.socket).arg("kill-server").output());
    }
}
