//! A page of HTML to read, print, sign and keep: its head, its style, and the parts that it is made of.
//!
//! A page stands alone: no script, nothing from the network. Everything that is put into it is escaped here.
//!
//! Doesn't belong here: what a page says (`migrate` and `report` make pages).

use std::fmt::Write as _;

/// Whether what a page says is good.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// All is well.
    Good,
    /// Something should be looked at.
    Part,
    /// Something is wrong.
    Bad,
}

impl Verdict {
    fn class(self) -> &'static str {
        match self {
            Self::Good => "good",
            Self::Part => "part",
            Self::Bad => "bad",
        }
    }
}

/// A page under construction.
pub struct Page(String);

impl Page {
    /// Begins a page.
    #[must_use]
    pub fn new(title: &str) -> Self {
        let title = escaped(title);
        Self(format!(
            "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
             <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">\n\
             <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
             <title>{title}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n<h1>{title}</h1>\n"
        ))
    }

    /// Adds a heading.
    pub fn heading(&mut self, text: &str) {
        let _ = writeln!(self.0, "<h2>{}</h2>", escaped(text));
    }

    /// Adds a paragraph.
    pub fn text(&mut self, text: &str) {
        let _ = writeln!(self.0, "<p>{}</p>", escaped(text));
    }

    /// Adds a paragraph that begins in words and ends in signs: a hash, a command.
    pub fn code(&mut self, words: &str, signs: &str) {
        let _ = writeln!(self.0, "<p>{} <code>{}</code></p>", escaped(words), escaped(signs));
    }

    /// Adds a sentence that says whether all is well.
    pub fn verdict(&mut self, verdict: Verdict, sentence: &str) {
        let _ = writeln!(self.0, "<p class=\"{}\">{}</p>", verdict.class(), escaped(sentence));
    }

    /// Adds a table of names and values.
    pub fn facts<N: AsRef<str>>(&mut self, rows: &[(N, String)]) {
        self.0.push_str("<table class=\"facts\">\n");
        for (name, value) in rows {
            let (name, value) = (escaped(name.as_ref()), escaped(value));
            let _ = writeln!(self.0, "<tr><th scope=\"row\">{name}</th><td>{value}</td></tr>");
        }
        self.0.push_str("</table>\n");
    }

    /// Adds a table with a header. The first cell of each row names it.
    pub fn table<R: AsRef<[String]>>(&mut self, header: &[&str], rows: impl IntoIterator<Item = R>) {
        self.0.push_str("<table>\n<thead><tr>");
        for name in header {
            let _ = write!(self.0, "<th scope=\"col\">{}</th>", escaped(name));
        }
        self.0.push_str("</tr></thead>\n<tbody>\n");
        for row in rows {
            self.0.push_str("<tr>");
            for (at, cell) in row.as_ref().iter().enumerate() {
                let cell = escaped(cell);
                let _ = match at {
                    0 => write!(self.0, "<th scope=\"row\">{cell}</th>"),
                    _ => write!(self.0, "<td>{cell}</td>"),
                };
            }
            self.0.push_str("</tr>\n");
        }
        self.0.push_str("</tbody>\n</table>\n");
    }

    /// Adds a bar whose parts are as long as their counts, and below it the counts. Parts of zero have no room.
    pub fn bar(&mut self, parts: &[(&str, u64)]) {
        let filled = || parts.iter().enumerate().filter(|(_, (_, count))| *count > 0);
        if filled().next().is_none() {
            return;
        }
        let told: Vec<String> = filled()
            .map(|(_, (name, count))| format!("{} {name}", super::grouped(*count)))
            .collect();
        let label = escaped(&told.join(", "));
        let _ = write!(self.0, "<div class=\"bar\" role=\"img\" aria-label=\"{label}\">");
        for (place, (_, count)) in filled() {
            let _ = write!(self.0, "<span class=\"c{place}\" style=\"flex-grow:{count}\"></span>");
        }
        self.0.push_str("</div>\n<ul class=\"key\">");
        for ((place, _), told) in filled().zip(&told) {
            let _ = write!(self.0, "<li><span class=\"c{place}\"></span>{}</li>", escaped(told));
        }
        self.0.push_str("</ul>\n");
    }

    /// Adds lines for a name, a date and a signature.
    pub fn signature(&mut self) {
        self.heading("Signed");
        self.0.push_str("<table class=\"facts sign\">\n");
        for name in ["Name", "Date", "Signature"] {
            let _ = writeln!(self.0, "<tr><th scope=\"row\">{name}</th><td></td></tr>");
        }
        self.0.push_str("</table>\n");
    }

    /// Ends the page, and gives its text.
    #[must_use]
    pub fn finish(mut self) -> String {
        self.0.push_str("</body>\n</html>\n");
        self.0
    }
}

/// Dark where the reader's system is, but never on paper.
const STYLE: &str = "\
:root{color-scheme:light dark;--ink:#111;--paper:#fff;--dim:#555;--line:#ccc}\
@media screen and (prefers-color-scheme:dark){:root{--ink:#eee;--paper:#161616;--dim:#aaa;--line:#444}}\
body{font:11pt/1.4 sans-serif;max-width:48em;margin:2em auto;padding:0 1em;color:var(--ink);background:var(--paper)}\
table{border-collapse:collapse;width:100%}\
th,td{text-align:left;vertical-align:top;padding:.2em .8em .2em 0;border-bottom:1px solid var(--line);overflow-wrap:anywhere}\
th{font-weight:normal;color:var(--dim)}table.facts th{width:40%}thead{display:table-header-group}tr{break-inside:avoid}\
p.good,p.bad,p.part{font-weight:bold;border-left:.4em solid #2a7;padding-left:.8em}p.bad{border-color:#c22}p.part{border-color:#c80}\
table.sign td{height:2.5em;border-color:var(--ink)}table.facts.sign th{width:8em}code{overflow-wrap:anywhere}\
.bar{display:flex;height:1.6em;gap:1px}.bar span{min-width:3px}\
.key{list-style:none;display:flex;flex-wrap:wrap;gap:.2em 1.5em;padding:0}.key span{display:inline-block;width:.8em;height:.8em;margin-right:.4em}\
.bar span,.key span{print-color-adjust:exact;-webkit-print-color-adjust:exact}\
.c0{background:#2a7}.c1{background:#27c}.c2{background:#999}.c3{background:#85a}.c4{background:#bb8}.c5{background:#c80}.c6{background:#c22}.c7{background:#666}";

fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            // No page can hold these: a control character is shown by its picture.
            '\u{0}'..='\u{8}' | '\u{b}' | '\u{c}' | '\u{e}'..='\u{1f}' => {
                escaped.push(char::from_u32(0x2400 + u32::from(c)).unwrap_or('\u{fffd}'));
            }
            '\u{7f}'..='\u{9f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => escaped.push('\u{fffd}'),
            c => escaped.push(c),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whatever_is_put_into_a_page_is_escaped() {
        let evil = "<script>alert('1')</script>&\"\u{1b}[31m\u{202e}";
        let mut page = Page::new(evil);
        page.heading(evil);
        page.text(evil);
        page.code(evil, evil);
        page.verdict(Verdict::Bad, evil);
        page.facts(&[(evil, evil.to_owned())]);
        page.table(&[evil, evil], [[evil.to_owned(), evil.to_owned()]]);
        page.bar(&[(evil, 1)]);
        let page = page.finish();
        assert!(!page.contains("<script") && !page.contains('\u{1b}') && !page.contains('\u{202e}'));
        assert_eq!(
            page.matches("&lt;script&gt;alert(&#39;1&#39;)&lt;/script&gt;&amp;&quot;␛[31m")
                .count(),
            15
        );
    }

    #[test]
    fn a_page_stands_alone_and_is_complete() {
        let mut page = Page::new("A");
        page.bar(&[("created", 1_000), ("updated", 0), ("failed", 2)]);
        page.bar(&[("created", 0)]);
        page.signature();
        let page = page.finish();
        for absent in ["http:", "https:", "//", "src=", "<link", "url("] {
            assert!(!page.contains(absent), "{absent}");
        }
        assert_eq!(page.matches("class=\"bar\"").count(), 1);
        assert!(page.contains("aria-label=\"1,000 created, 2 failed\""));
        assert!(
            page.contains(
                "<span class=\"c0\" style=\"flex-grow:1000\"></span><span class=\"c2\" style=\"flex-grow:2\">"
            )
        );
        assert!(page.starts_with("<!DOCTYPE html>\n") && page.ends_with("</body>\n</html>\n"));
    }
}
