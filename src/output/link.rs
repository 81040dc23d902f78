//! Paths that open at a click: OSC 8 hyperlinks, as terminals know them.
//!
//! Belongs here: the address of a file, and where in a text it is put. Doesn't: whether a stream takes links (`output`).

use std::fmt::Write as _;
use std::path::{Path, absolute};

use crate::environment;

/// What opens a hyperlink and what closes it (OSC 8, ended by ST: <https://gist.github.com/egmontkob/eb114294efbcd5adb1944c9f3cb5feda>).
const OPEN: &str = "\u{1b}]8;;";
const END: &str = "\u{1b}\\";

/// The text with these paths made into links, as far as they are there and stand whole in one line. A terminal counts no
/// column for a link, `console` would: links go in last, once lines are broken.
#[must_use]
pub(super) fn linked(text: String, paths: &[&Path]) -> String {
    let mut out = text;
    for path in paths {
        let shown = path.display().to_string();
        let Some(url) = url(path, &host()).filter(|_| !shown.is_empty() && path.exists()) else {
            continue;
        };
        if let Some(at) = standing_alone(&out, &shown) {
            out.replace_range(at..at + shown.len(), &format!("{OPEN}{url}{END}{shown}{OPEN}{END}"));
        }
    }
    out
}

/// Where a name stands as a word of its own: `r` is a file, but not in `error`.
fn standing_alone(text: &str, name: &str) -> Option<usize> {
    let ends = |c: char| !c.is_alphanumeric();
    text.match_indices(name).map(|(at, _)| at).find(|at| {
        let before = text.get(..*at).and_then(|before| before.chars().next_back());
        let after = text.get(at + name.len()..).and_then(|after| after.chars().next());
        before.is_none_or(char::is_whitespace) && after.is_none_or(ends)
    })
}

/// A file's address, with the machine's name as the specification asks for (over ssh it isn't the terminal's own).
fn url(path: &Path, host: &str) -> Option<String> {
    let whole = absolute(path).ok()?;
    let mut url = format!("file://{host}");
    #[cfg(unix)]
    let bytes = {
        use std::os::unix::ffi::OsStrExt as _;
        whole.as_os_str().as_bytes().to_vec()
    };
    #[cfg(not(unix))]
    let bytes = format!("/{}", whole.to_str()?.replace('\\', "/")).into_bytes();
    for byte in bytes {
        if byte.is_ascii_alphanumeric() || b"/-._~:".contains(&byte) {
            url.push(char::from(byte));
        } else {
            // Writing to a text can't fail.
            let _ = write!(url, "%{byte:02X}");
        }
    }
    Some(url)
}

/// This machine's name; nothing where it can't be told, which stands for this machine as well.
fn host() -> String {
    let name = environment::host().unwrap_or_default();
    // A Windows host would make a network share of the address.
    let plain = !cfg!(windows)
        && name
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"-._".contains(&byte));
    if plain { name } else { String::new() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg(unix)]
    #[test]
    fn an_address_is_absolute_and_percent_encoded() {
        assert_eq!(
            url(Path::new("/tmp/my count;1 麻.csv"), "box").unwrap(),
            "file://box/tmp/my%20count%3B1%20%E9%BA%BB.csv"
        );
        let here = url(Path::new("count.csv"), "").unwrap();
        assert!(here.starts_with("file:///") && here.ends_with("/count.csv"), "{here}");
    }

    #[test]
    fn only_what_is_there_is_linked_and_the_text_stays() {
        let folder = tempfile::tempdir().unwrap();
        let there = folder.path().join("a b.csv");
        std::fs::write(&there, "").unwrap();
        let text = format!("Rows: {}", there.display());
        let told = linked(text, &[&there]);
        assert!(
            told.starts_with("Rows: \u{1b}]8;;file://") && told.ends_with("a b.csv\u{1b}]8;;\u{1b}\\"),
            "{told:?}"
        );
        assert_eq!(standing_alone("error: r is damaged", "r"), Some(7));
        let absent = folder.path().join("absent.csv");
        let text = format!("Rows: {}", absent.display());
        assert_eq!(linked(text.clone(), &[&absent]), text);
    }
}
