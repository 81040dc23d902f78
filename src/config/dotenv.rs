//! `.env`: lines of the form NAME=value, to the letter. Nothing is expanded: no variable, no command, no escape.
//!
//! Doesn't belong here: which names count (`key`).

/// A line is not of the form NAME=value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Broken;

/// The first value of this name that isn't blank. Other programs' lines don't matter, unless the name isn't found.
pub(super) fn value<'t>(text: &'t str, name: &str) -> Result<Option<&'t str>, Broken> {
    let mut rest = text.trim_start_matches('\u{feff}');
    let mut broken = Ok(None);
    while !rest.is_empty() {
        let (line, below) = rest.split_once('\n').unwrap_or((rest, ""));
        rest = below;
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let line = line.strip_prefix("export ").unwrap_or(line);
        let Some((key, value)) = line.split_once('=') else {
            broken = Err(Broken);
            continue;
        };
        let value = value.trim_start();
        let found = match value.chars().next().filter(|c| matches!(c, '"' | '\'')) {
            Some(quote) => {
                if let Some((inner, _)) = value.get(1..).and_then(|inner| inner.split_once(quote)) {
                    inner
                } else {
                    // A value of several lines, as other programs have them; no key is one.
                    let end = rest.split_once(quote).filter(|_| key.trim() != name);
                    let Some((_, below)) = end else {
                        broken = Err(Broken);
                        continue;
                    };
                    rest = below.split_once('\n').map_or("", |(_, below)| below);
                    continue;
                }
            }
            None => unquoted(value),
        };
        if key.trim() == name && !found.trim().is_empty() {
            return Ok(Some(found));
        }
    }
    broken
}

/// A value without quotes, up to a comment: a `#` behind white space.
fn unquoted(value: &str) -> &str {
    let comment = value.match_indices('#').map(|(at, _)| at).find(|at| {
        value
            .get(..*at)
            .is_some_and(|before| before.is_empty() || before.ends_with([' ', '\t']))
    });
    value.get(..comment.unwrap_or(value.len())).unwrap_or(value).trim_end()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(text: &str) -> Result<Option<&str>, Broken> {
        value(text, "KEY")
    }

    #[test]
    fn a_value_is_taken_to_the_letter() {
        for (text, expected) in [
            ("KEY=plain", "plain"),
            ("\u{feff}KEY=plain\r\n", "plain"),
            (
                "A=1\n\n# KEY=no\nexport KEY = \"in quotes\" # why\nKEY=second",
                "in quotes",
            ),
            ("KEY=a$HOME`id`\\n${X}", "a$HOME`id`\\n${X}"),
            ("KEY=\"a$HOME`id`\\n${X}\"", "a$HOME`id`\\n${X}"),
            ("KEY='a#b' # c", "a#b"),
            ("KEY=a#b # c", "a#b"),
            ("KEY=\nKEY=later", "later"),
            ("CERT=\"-----BEGIN\nMII=\nKEY=no\n-----END\"\nKEY=yes", "yes"),
            ("nonsense\nKEY=yes", "yes"),
        ] {
            assert_eq!(key(text), Ok(Some(expected)), "{text:?}");
        }
    }

    #[test]
    fn what_is_no_line_matters_only_where_the_name_is_not_found() {
        assert_eq!(key("A=1\n"), Ok(None));
        assert_eq!(key("KEY=\n"), Ok(None));
        assert_eq!(key("A=1\nnonsense\n"), Err(Broken));
        assert_eq!(key("KEY=\"open\n"), Err(Broken));
        assert_eq!(key("A=1\nKEY=\"two\nlines\"\n"), Err(Broken));
    }
}
