//! Finds out how a file's fields are quoted.
//!
//! Doesn't belong here: what a dialect is (`dialect`), the delimiter (`delimiter`).

use super::delimited::DelimitedReader;
use super::delimiter::Sample;
use super::dialect::{Dialect, Rewriter, is_blank};
use super::{Row, RowReader};

/// Finds out how a sample is quoted: the usual way, unless another one makes more of its rows equally long, or gives
/// the same rows without marks around their fields.
pub(super) fn dialect_of(sample: Sample<'_>, delimiter: u8) -> Dialect {
    let usual = Dialect::default();
    let signs = signs_in(sample.text, delimiter);
    if signs.is_usual() {
        return usual;
    }
    let rate = |dialect: Dialect| Rating::of(dialect, sample, delimiter);
    let (mut found, mut best) = (usual, rate(usual));
    for which in 1..8_u8 {
        let dialect = Dialect {
            single: which & 1 > 0,
            backslash: which & 2 > 0,
            spaced: which & 4 > 0,
        };
        let has_sign = (signs.single || !dialect.single)
            && (signs.backslash || !dialect.backslash)
            && (signs.spaced || !dialect.spaced);
        if !has_sign {
            continue;
        }
        let rating = rate(dialect);
        if rating.is_better(&best) {
            (found, best) = (dialect, rating);
        }
    }
    found
}

/// The ways of quoting of which a sample shows any sign at all.
fn signs_in(sample: &str, delimiter: u8) -> Dialect {
    let text = sample.as_bytes();
    let begins = |at: usize| match at.checked_sub(1).and_then(|before| text.get(before)) {
        None => true,
        Some(byte) => *byte == delimiter || matches!(byte, b'\n' | b'\r'),
    };
    let blanks = |at: usize| {
        let before = text.get(..at).unwrap_or_default();
        let blanks = before.iter().rev().take_while(|byte| is_blank(**byte, delimiter));
        blanks.count()
    };
    let mut signs = Dialect::default();
    for at in memchr::memchr2_iter(b'\'', b'"', text) {
        let before = at.checked_sub(1).and_then(|before| text.get(before));
        let gap = blanks(at);
        signs.backslash |= before == Some(&b'\\');
        signs.spaced |= gap > 0 && begins(at - gap);
        signs.single |= text.get(at) == Some(&b'\'') && delimiter != b'\'' && begins(at - gap);
    }
    signs
}

/// How well a dialect suits a sample.
struct Rating {
    rows: usize,
    /// Rows of the commonest length, less all others and those that are quoted by mistake.
    even: i64,
    faults: usize,
    /// Fields in single quotes, and quoted fields behind blanks.
    special: usize,
}

impl Rating {
    fn of(dialect: Dialect, sample: Sample<'_>, delimiter: u8) -> Self {
        let mut rewriter = Rewriter::new(dialect, delimiter, sample.text.as_bytes());
        let mut widths = Vec::new();
        let mut faults = 0;
        {
            let mut reader = DelimitedReader::new("", "", delimiter, sample.limits, &mut rewriter);
            let mut row = Row::new();
            // What the sample cuts off shows as a mark that nothing closes.
            let complete = loop {
                match reader.next(&mut row) {
                    Ok(true) if row.is_misquoted() => faults += 1,
                    Ok(true) => widths.push(row.len()),
                    Ok(false) => break true,
                    Err(_) => break false,
                }
            };
            if !sample.is_whole && complete {
                widths.pop();
            }
            faults += usize::from(sample.is_whole && !complete);
        }
        widths.sort_unstable();
        let alike = widths.chunk_by(PartialEq::eq).map(<[usize]>::len).max().unwrap_or(0);
        let signed = |count: usize| i64::try_from(count).unwrap_or(i64::MAX);
        Self {
            rows: widths.len(),
            even: signed(alike) - signed(widths.len() - alike + faults),
            faults,
            special: rewriter.special,
        }
    }

    fn is_better(&self, best: &Self) -> bool {
        let is_clear = self.faults == 0 && self.special > best.special;
        // Rows may be equally long either way: then the marks have to be a habit of the file.
        self.even > best.even || (self.even == best.even && is_clear && self.special + 1 >= self.rows.max(2))
    }
}

#[cfg(test)]
mod tests {
    use std::io::{self, Read};

    use super::*;
    use crate::sheet::Limits;

    fn found(text: &str) -> Dialect {
        let sample = Sample {
            text,
            is_whole: true,
            limits: &Limits::default(),
        };
        dialect_of(sample, b',')
    }

    fn rewritten(dialect: Dialect, text: &str) -> String {
        // A few bytes at a time, so that every state meets the end of a block.
        struct Dripping<'a>(&'a [u8]);
        impl Read for Dripping<'_> {
            fn read(&mut self, to: &mut [u8]) -> io::Result<usize> {
                let count = self.0.len().min(to.len()).min(1);
                to[..count].copy_from_slice(&self.0[..count]);
                self.0 = &self.0[count..];
                Ok(count)
            }
        }
        let (mut slow, mut quick) = (String::new(), String::new());
        Rewriter::new(dialect, b',', Dripping(text.as_bytes()))
            .read_to_string(&mut slow)
            .unwrap();
        Rewriter::new(dialect, b',', text.as_bytes())
            .read_to_string(&mut quick)
            .unwrap();
        assert_eq!(slow, quick);
        quick
    }

    const SINGLE: Dialect = Dialect {
        single: true,
        backslash: false,
        spaced: false,
    };
    const BACKSLASH: Dialect = Dialect {
        single: false,
        backslash: true,
        spaced: false,
    };
    const SPACED: Dialect = Dialect {
        single: false,
        backslash: false,
        spaced: true,
    };

    #[test]
    fn each_dialect_is_rewritten_as_the_usual_one() {
        assert_eq!(
            rewritten(SINGLE, "'a, b','it''s','6\" x',\"d'\"\n'', e '"),
            "\"a, b\",\"it's\",\"6\"\" x\",\"d'\"\n\"\", e '"
        );
        assert_eq!(
            rewritten(BACKSLASH, "\"6\\\" x\",a\\,b,\"c\\\\\",\"C:\\x\"\n,y"),
            "\"6\"\" x\",\"a,b\",\"c\\\",\"C:\\x\"\n,\"y\""
        );
        assert_eq!(
            rewritten(SPACED, "1, \"x, y\" , z \n  \"a\",  "),
            "1,\"x, y\", z \n\"a\",  "
        );
    }

    #[test]
    fn a_dialect_is_found_where_it_makes_rows_even() {
        assert_eq!(
            found("a,b,c\n1,\"6\\\" bong\",1\n2,\"12\\\" pipe, red\",2\n3,\"b\",3\n"),
            BACKSLASH
        );
        assert_eq!(found("a,b,c\n1,'x, y',1\n2,'z',2\n"), SINGLE);
        assert_eq!(found("'a','b'\n'1','x'\n'2','y'\n"), SINGLE);
        assert_eq!(found("a,b,c\n1, \"x, y\", 1\n2, \"z\", 2\n"), SPACED);
        assert_eq!(found("a, b\n1, \"x\"\n2, \"y\"\n"), SPACED);
    }

    #[test]
    fn the_usual_dialect_stays_where_marks_are_text() {
        for text in [
            "a,b\n1,'til dawn\n2,rock 'n' roll\n3,x\n",
            "a,b\n'00187,x\n'00188,y\n",
            "a,b\n1,'Blue'\n2,x\n3,y\n4,z\n",
            "a,b\n1,\"C:\\dir\\\"\n2,\"D:\\\"\n",
            "a,b\n1,\"{\"\"k\"\": \"\"v\\\"\"w\"\"}\"\n2,x\n",
            "a,b\n1,say \"hi\"\n2, 5\" pipe\n",
            "a,b\n1,\"two\n'lines'\"\n2,x\n",
        ] {
            assert_eq!(found(text), Dialect::default(), "{text}");
        }
    }
}
