#![no_main]

use std::time::{Duration, SystemTime};

use stockport::api::retry::{Backoff, LONGEST_OBEYED, retry_after};

// The two headers, each on a line of its own.
libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let mut lines = text.splitn(2, '\n');
    let value = lines.next().unwrap_or_default();
    let after = retry_after(value, lines.next(), SystemTime::UNIX_EPOCH);
    let backoff = Backoff::new(5);
    let mut random = fastrand::Rng::with_seed(7);
    for attempt in [0, 4, u32::MAX] {
        let pause = backoff.pause(attempt, after, &mut random);
        assert!(pause.is_none_or(|pause| pause <= LONGEST_OBEYED + Duration::from_secs(1)));
    }
});
