//! The signals that ask the program to stop: Ctrl-C everywhere, and on Unix SIGTERM and SIGHUP.
//!
//! A signal that was ignored when the program began stays ignored: `nohup` and `trap '' INT` are the user's wish that it has no
//! effect. Doesn't belong here: what happens on a signal (`ending`).

use std::io;

/// Calls `act` on a thread of its own, once for each signal that asks the program to stop.
#[cfg(unix)]
pub(super) fn on_each(mut act: impl FnMut() + Send + 'static) -> io::Result<()> {
    use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};

    let ignored = unix::ignored();
    let heeded = [SIGINT, SIGTERM, SIGHUP]
        .into_iter()
        .filter(|signal| !unix::holds(ignored, *signal));
    let mut signals = signal_hook::iterator::Signals::new(heeded)?;
    let wait = move || {
        for _ in signals.forever() {
            act();
        }
    };
    std::thread::Builder::new().name("signals".to_owned()).spawn(wait)?;
    Ok(())
}

/// Calls `act` on a thread of its own, once for each signal that asks the program to stop.
#[cfg(not(unix))]
pub(super) fn on_each(act: impl FnMut() + Send + 'static) -> io::Result<()> {
    ctrlc::set_handler(act).map_err(io::Error::other)
}

#[cfg(unix)]
mod unix {
    /// The signals that this process ignores: signal N is bit N - 1, as Linux gives it. None on systems that don't say so in a
    /// file: the standard library and the crates in use can't ask for a signal's disposition without unsafe code.
    pub(super) fn ignored() -> u128 {
        let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
        mask(&status)
    }

    /// The mask of ignored signals in the text of `/proc/PID/status`.
    fn mask(status: &str) -> u128 {
        let field = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
        field
            .and_then(|mask| u128::from_str_radix(mask.trim(), 16).ok())
            .unwrap_or_default()
    }

    /// Whether a mask holds a signal.
    pub(super) fn holds(mask: u128, signal: i32) -> bool {
        let bit = u32::try_from(signal).ok().and_then(|signal| signal.checked_sub(1));
        bit.and_then(|bit| mask.checked_shr(bit))
            .is_some_and(|mask| mask & 1 == 1)
    }

    #[cfg(test)]
    mod tests {
        use super::*;

        #[test]
        fn the_mask_of_ignored_signals_is_read_bit_by_bit() {
            let status = "Name:\tx\nSigBlk:\t0000000000004000\nSigIgn:\t0000000000001003\nSigCgt:\t0000000000000000\n";
            let ignored = mask(status);
            for (signal, expected) in [
                (1, true),
                (2, true),
                (13, true),
                (3, false),
                (15, false),
                (0, false),
                (-1, false),
            ] {
                assert_eq!(holds(ignored, signal), expected, "signal {signal}");
            }
            assert!(!holds(ignored, 129));
            // Without a readable mask, no signal counts as ignored.
            for odd in ["", "SigIgn:\tnone\n", "SigCgt:\t0000000000000003\n"] {
                assert_eq!(mask(odd), 0, "{odd:?}");
            }
        }
    }
}
