//! A page of Markdown as it stands on a terminal: headings, paragraphs, lists, code, tables.
//!
//! Doesn't belong here: what a page says, asking how wide the terminal is (`terminal`).

use super::layout::{padded, width};

/// How far in code stands.
const CODE: &str = "    ";
/// What stands between two columns of a table.
const GAP: usize = 2;
/// No column of a table becomes narrower than this.
const NARROWEST: usize = 8;

/// The page in lines of at most so many columns. Code is never broken, nor a word; a picture has no lines. `strong` makes
/// headings stand out.
pub(super) fn laid_out(markdown: &str, columns: usize, strong: &dyn Fn(&str) -> String) -> String {
    let mut page = Page {
        columns,
        strong,
        blocks: Vec::new(),
    };
    let mut lines = markdown.lines().peekable();
    while let Some(line) = lines.next() {
        if line.starts_with("```") {
            let code = lines.by_ref().take_while(|line| !line.starts_with("```"));
            let code: Vec<String> = code.map(|line| format!("{CODE}{line}").trim_end().to_owned()).collect();
            page.blocks.push(code.join("\n"));
        } else if line.starts_with(CODE) {
            page.blocks.push(line.trim_end().to_owned());
        } else if let Some(heading) = line.strip_prefix('#') {
            page.blocks
                .push(strong(&inline(heading.trim_start_matches(['#', ' ']))));
        } else if line.starts_with('|') {
            let mut rows = vec![cells(line)];
            while let Some(row) = lines.next_if(|line| line.starts_with('|')) {
                rows.push(cells(row));
            }
            page.table(&rows);
        } else if !line.trim().is_empty() && !line.starts_with("![") {
            let mut text = line.trim().to_owned();
            let goes_on = |line: &&str| !line.trim().is_empty() && !line.starts_with(['#', '|', '-']);
            while let Some(more) = lines.next_if(|line| goes_on(line) && !line.starts_with("```")) {
                text += " ";
                text += more.trim();
            }
            page.paragraph(&text);
        }
    }
    page.blocks.join("\n\n")
}

struct Page<'p> {
    columns: usize,
    strong: &'p dyn Fn(&str) -> String,
    blocks: Vec<String>,
}

impl Page<'_> {
    /// A paragraph from the margin on; an item of a list, whose next lines stand further in.
    fn paragraph(&mut self, text: &str) {
        let text = inline(text);
        let lines = lines(&text, self.columns);
        let hang = if text.starts_with("- ") { "  " } else { "" };
        self.blocks.push(lines.join(&format!("\n{hang}")));
    }

    /// A table whose columns line up. Where it is too wide, cells are broken into lines.
    fn table(&mut self, rows: &[Vec<String>]) {
        let is_rule = |row: &&Vec<String>| row.iter().all(|cell| cell.starts_with("--"));
        let rows: Vec<&Vec<String>> = rows.iter().filter(|row| !is_rule(row)).collect();
        let count = rows.iter().map(|row| row.len()).max().unwrap_or_default();
        let widest = |at: usize| rows.iter().filter_map(|row| row.get(at)).map(|cell| width(cell)).max();
        let natural: Vec<usize> = (0..count).map(|at| widest(at).unwrap_or_default()).collect();
        let widths = fitted(&natural, self.columns.saturating_sub(GAP * count.saturating_sub(1)));
        let rows = rows.into_iter();
        let rows: Vec<Vec<Vec<String>>> = rows
            .map(|row| {
                row.iter()
                    .zip(&widths)
                    .map(|(cell, width)| lines(cell, *width))
                    .collect()
            })
            .collect();
        let height = |row: &Vec<Vec<String>>| row.iter().map(Vec::len).max().unwrap_or_default();
        // Rows of many lines would run together.
        let is_apart = rows.iter().any(|row| height(row) > 2);
        let mut out = Vec::new();
        for (place, row) in rows.iter().enumerate() {
            for at in 0..height(row) {
                let text = |cell: &Vec<String>| cell.get(at).cloned().unwrap_or_default();
                let line = row.iter().zip(&widths).map(|(cell, width)| padded(&text(cell), *width));
                let line = line.collect::<Vec<_>>().join(&" ".repeat(GAP)).trim_end().to_owned();
                out.push(if place == 0 { (self.strong)(&line) } else { line });
            }
            if is_apart {
                out.push(String::new());
            }
        }
        self.blocks.push(out.join("\n").trim_end().to_owned());
    }
}

/// The widths of columns that share so much room: one that needs less than its share keeps what it needs.
fn fitted(natural: &[usize], room: usize) -> Vec<usize> {
    let mut widths: Vec<Option<usize>> = vec![None; natural.len()];
    loop {
        let taken: usize = widths.iter().flatten().sum();
        let open = widths.iter().filter(|width| width.is_none()).count();
        let share = room.saturating_sub(taken) / open.max(1);
        let small = (0..natural.len()).find(|at| widths[*at].is_none() && natural[*at] <= share);
        let Some(at) = small else {
            let share = share.max(NARROWEST);
            return widths.into_iter().map(|width| width.unwrap_or(share)).collect();
        };
        widths[at] = Some(natural[at]);
    }
}

/// The text in lines of so many columns, broken between words; none hangs, however narrow a table's column is.
fn lines(text: &str, columns: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split_whitespace() {
        match lines.last_mut() {
            Some(line) if width(line) + 1 + width(word) <= columns => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    lines
}

/// The cells of a table's row, as text.
fn cells(row: &str) -> Vec<String> {
    let row = row.trim().trim_start_matches('|');
    let row = row.strip_suffix('|').unwrap_or(row);
    // A bar behind a backslash is part of its cell.
    let row = row.replace("\\|", "\u{1}");
    let cells = row.split('|').map(|cell| inline(cell.trim()).replace('\u{1}', "|"));
    cells.collect()
}

/// Text without the marks of links and of bold type. A link to another topic names the command that shows it.
fn inline(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, link, after)) = next_link(rest) {
        out += before;
        let (label, target) = link;
        match target.strip_suffix(".md") {
            Some(topic) if !topic.contains('/') => out += &format!("{label} (`stockport help {topic}`)"),
            _ if target.starts_with("https://") => out += &format!("{label} ({target})"),
            _ => out += label,
        }
        rest = after;
    }
    out += rest;
    out.replace("**", "")
}

/// What stands before a link, its label and target, and what follows.
fn next_link(text: &str) -> Option<(&str, (&str, &str), &str)> {
    let middle = text.find("](")?;
    let begin = text[..middle].rfind('[')?;
    let end = middle + text[middle..].find(')')?;
    let link = (&text[begin + 1..middle], &text[middle + 2..end]);
    Some((&text[..begin], link, &text[end + 1..]))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(markdown: &str, columns: usize) -> String {
        laid_out(markdown, columns, &|text| format!("*{text}*"))
    }

    #[test]
    fn headings_stand_out_and_paragraphs_fill_their_lines() {
        let markdown =
            "# A title\r\n\r\nOne two\r\nthree four five six seven.\r\n\r\n![a picture](x.svg)\r\n\r\n## Next\r\n";
        assert_eq!(
            shown(markdown, 24),
            "*A title*\n\nOne two three four five\nsix seven.\n\n*Next*"
        );
    }

    #[test]
    fn code_is_never_broken() {
        let markdown = "```sh\nstockport import a.csv --map map.toml --dry-run\n\nnext\n```\n\n    read = created\n";
        assert_eq!(
            shown(markdown, 20),
            "    stockport import a.csv --map map.toml --dry-run\n\n    next\n\n    read = created"
        );
    }

    #[test]
    fn links_are_text_and_a_topic_is_a_command() {
        assert_eq!(
            shown(
                "See [values](values.md), [the API](https://a.example/b) and **[it](../x.md)**.",
                200
            ),
            "See values (`stockport help values`), the API (https://a.example/b) and it."
        );
    }

    #[test]
    fn the_columns_of_a_table_line_up_and_break_where_they_are_too_wide() {
        let table =
            "| code | meaning |\n|---|---|\n| 0 | done |\n| 130 | `a\\|b` interrupted by a signal, run it again |\n";
        assert_eq!(
            shown(table, 80),
            "*code  meaning*\n0     done\n130   `a|b` interrupted by a signal, run it again"
        );
        assert_eq!(
            shown(table, 30),
            "*code  meaning*\n0     done\n130   `a|b` interrupted by a\n      signal, run it again"
        );
        assert_eq!(
            shown(table, 22),
            "*code  meaning*\n\n0     done\n\n130   `a|b`\n      interrupted by a\n      signal, run it\n      again"
        );
    }

    #[test]
    fn no_markdown_at_all_ends_badly() {
        for text in ["", "|", "||", "```", "[](", "](", "#", "- ", "| a\n|--|\n| b | c | d |"] {
            let _ = shown(text, 1);
        }
    }
}
