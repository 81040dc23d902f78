//! `--on-success` and `--on-failure`: a shell command with the summary on its standard input.
//!
//! What it prints goes to standard error, because standard output is the result's. At its time limit it is ended with all
//! that it started: its process group and, on Linux, each process whose environment bears its mark. The API key is removed
//! from its environment.
//!
//! Doesn't belong here: which command is run, and when (`notify`).

use std::io::{self, PipeReader, Read as _, Write as _};
use std::process::{Child, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use crate::cause;
use crate::config::{KEY_VARIABLE, shell};
use crate::output::{About, Output, counted};

/// The variable by which what a hook starts is known.
const MARK: &str = "STOCKPORT_HOOK";
/// How often is asked whether it has ended.
const GLANCE: Duration = Duration::from_millis(20);
/// How long its last output is waited for, which a process in the background may hold open.
const LAST: Duration = Duration::from_millis(200);
/// How much of its output goes to a log, in bytes.
const MOST: usize = 16 << 10;

/// A hook to run.
pub(super) struct Hook<'a> {
    /// The option that names it.
    pub(super) option: &'static str,
    pub(super) text: &'a str,
    pub(super) limit: Duration,
    /// What its environment has beside ours.
    pub(super) variables: [(&'static str, String); 2],
    pub(super) input: String,
}

/// What was printed so far; another reference than this one means that more may come.
type Printed = Arc<Mutex<Vec<u8>>>;

impl Hook<'_> {
    /// Runs it to its end, to its time limit, or until it is interrupted. What goes wrong is a warning.
    pub(super) fn run(self, output: &Output, is_interrupted: &AtomicBool) {
        let option = self.option;
        let fault = match self.start(output.is_json_log()) {
            Err(cause) => Some(format!("can't be run: {}", cause::io(&cause))),
            Ok((mut child, mark, printed)) => {
                let fault = self.wait(&mut child, &mark, is_interrupted);
                if let Some(printed) = printed {
                    log(output, option, &printed);
                }
                fault
            }
        };
        if let Some(fault) = fault {
            output.warn(&About::HookFailed.warning(format!("the command of {option} {fault}")));
        }
    }

    /// Starts it. In a log of JSON lines its output would be none: it is kept for events of that log.
    fn start(&self, is_log: bool) -> io::Result<(Child, String, Option<Printed>)> {
        let mut shell = shell::command(self.text);
        let now = jiff::Timestamp::now().as_nanosecond();
        let mark = format!("{}-{now}", std::process::id());
        shell
            .env_remove(KEY_VARIABLE)
            .envs(self.variables.iter().map(|(name, value)| (name, value)))
            .env(MARK, &mark)
            .stdin(Stdio::piped());
        #[cfg(unix)]
        std::os::unix::process::CommandExt::process_group(&mut shell, 0);
        let mut reader = None;
        if is_log {
            let (from, to) = io::pipe()?;
            shell.stdout(to.try_clone()?).stderr(to);
            reader = Some(from);
        } else {
            shell.stdout(io::stderr());
        }
        let mut child = shell.spawn()?;
        // Our ends of the pipe: the reader would wait for them.
        drop(shell);
        if let Some(mut to) = child.stdin.take() {
            let input = self.input.clone();
            // On a thread: a hook that reads nothing is no failure, and doesn't have to be waited for. Where there is no
            // thread, it goes without.
            let _ = thread::Builder::new().spawn(move || to.write_all(input.as_bytes()));
        }
        Ok((child, mark, reader.map(keep)))
    }

    /// Waits for its end; gives what went wrong.
    fn wait(&self, child: &mut Child, mark: &str, is_interrupted: &AtomicBool) -> Option<String> {
        let begun = Instant::now();
        loop {
            match child.try_wait() {
                Ok(Some(status)) if status.success() => return None,
                Ok(Some(status)) => return Some(format!("ended with {status}")),
                Ok(None) => {}
                Err(cause) => return Some(format!("can't be waited for: {}", cause::io(&cause))),
            }
            let why = if is_interrupted.load(Ordering::Relaxed) {
                "at a signal".to_owned()
            } else if begun.elapsed() >= self.limit {
                let seconds = counted(self.limit.as_secs(), "second");
                format!("after {seconds} (--hook-timeout)")
            } else {
                thread::sleep(GLANCE);
                continue;
            };
            end(child, mark);
            return Some(format!("was ended {why}, with everything that it had started"));
        }
    }
}

/// Keeps what is printed, up to a bound; the rest is read too, so that nobody waits.
fn keep(mut from: PipeReader) -> Printed {
    let printed = Printed::default();
    let kept = Arc::clone(&printed);
    let _ = thread::Builder::new().spawn(move || {
        let mut buffer = [0; 4096];
        while let Ok(read @ 1..) = from.read(&mut buffer) {
            let mut kept = kept.lock().unwrap_or_else(PoisonError::into_inner);
            let room = MOST.saturating_sub(kept.len()).min(read);
            kept.extend(buffer.iter().take(room));
        }
    });
    printed
}

/// Puts what was printed into the log, a line an event.
fn log(output: &Output, option: &str, printed: &Printed) {
    let begun = Instant::now();
    while Arc::strong_count(printed) > 1 && begun.elapsed() < LAST {
        thread::sleep(GLANCE);
    }
    let printed = printed.lock().unwrap_or_else(PoisonError::into_inner);
    let text = String::from_utf8_lossy(&printed);
    for line in text.lines().filter(|line| !line.trim().is_empty()) {
        output.say(&format!("{option}: {line}"));
    }
    if printed.len() >= MOST {
        output.say(&format!("{option}: …"));
    }
}

/// Ends a hook, and what it started.
#[cfg(unix)]
fn end(child: &mut Child, mark: &str) {
    use rustix::process::{Pid, Signal, kill_process, kill_process_group};

    let pid = |id: u32| i32::try_from(id).ok().and_then(Pid::from_raw);
    let group = pid(child.id());
    // What has left its group since (`setsid`, `timeout`) still bears its mark; a process may start another one meanwhile.
    for _ in 0..3 {
        let _ = group.map(|group| kill_process_group(group, Signal::KILL));
        let marked = marked(mark);
        let pids = marked.iter().filter_map(|id| pid(*id));
        pids.for_each(|pid| {
            let _ = kill_process(pid, Signal::KILL);
        });
        if marked.is_empty() {
            break;
        }
        thread::sleep(GLANCE);
    }
    let _ = child.try_wait();
}

/// Ends a hook, and what it started.
#[cfg(not(unix))]
fn end(child: &mut Child, _mark: &str) {
    let id = child.id().to_string();
    let taskkill = std::process::Command::new("taskkill")
        .args(["/F", "/T", "/PID", &id])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status();
    if !taskkill.is_ok_and(|status| status.success()) {
        let _ = child.kill();
    }
}

/// The processes whose environment bears this mark, as Linux lists them.
#[cfg(unix)]
fn marked(mark: &str) -> Vec<u32> {
    let wanted = format!("{MARK}={mark}");
    let entries = std::fs::read_dir("/proc").into_iter().flatten().flatten();
    let ids = entries.filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok());
    let bears = |id: &u32| {
        let environment = std::fs::read(format!("/proc/{id}/environ")).unwrap_or_default();
        environment
            .split(|byte| *byte == 0)
            .any(|variable| variable == wanted.as_bytes())
    };
    ids.filter(bears).collect()
}
