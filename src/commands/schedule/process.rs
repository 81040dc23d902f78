//! Waiting for a process: until it ends, is stopped, or takes too long.
//!
//! Doesn't belong here: which process it is.

use std::io;
use std::process::{Child, ExitStatus};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

/// How long a command may take to stop in order, once it is asked to.
const GRACE: Duration = Duration::from_secs(60);

/// How often is looked whether it has ended.
const LOOK: Duration = Duration::from_millis(50);

/// How a process ended.
pub(super) struct Ended {
    pub(super) status: ExitStatus,
    pub(super) timed_out: bool,
}

/// Waits for the end of a process. It is asked to stop where the user wishes it or at its limit, and killed where it doesn't.
pub(super) fn ended(child: &mut Child, limit: Option<Duration>, stop: &AtomicBool) -> io::Result<Ended> {
    let begun = Instant::now();
    let mut asked: Option<Instant> = None;
    let mut timed_out = false;
    loop {
        if let Some(status) = child.try_wait()? {
            return Ok(Ended { status, timed_out });
        }
        match asked {
            Some(asked) if asked.elapsed() > GRACE => child.kill()?,
            Some(_) => {}
            None => {
                timed_out = limit.is_some_and(|limit| begun.elapsed() >= limit);
                if timed_out || stop.load(Ordering::Relaxed) {
                    ask(child)?;
                    asked = Some(Instant::now());
                }
            }
        }
        thread::sleep(LOOK);
    }
}

/// Asks a process to stop.
#[cfg(unix)]
fn ask(child: &mut Child) -> io::Result<()> {
    let id = i32::try_from(child.id()).ok().and_then(rustix::process::Pid::from_raw);
    match id {
        Some(id) => Ok(rustix::process::kill_process(id, rustix::process::Signal::TERM)?),
        None => child.kill(),
    }
}

#[cfg(not(unix))]
fn ask(child: &mut Child) -> io::Result<()> {
    child.kill()
}
