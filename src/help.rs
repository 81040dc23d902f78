//! The help topics. Their Markdown lies in `src/help/`, and is read on GitHub as well.
//!
//! Doesn't belong here: how a topic is shown on a terminal (`output`), the help of commands and options (`cli`).

/// A page about something that concerns several commands.
#[derive(Clone, Copy, Debug)]
pub struct Topic {
    /// What `stockport help` calls it.
    pub name: &'static str,
    /// Its Markdown. The first line is its title.
    pub text: &'static str,
}

macro_rules! topics {
    ($($name:literal),* $(,)?) => {
        &[$(Topic { name: $name, text: include_str!(concat!("help/", $name, ".md")) }),*]
    };
}

/// All topics, in the order in which they are listed. No command has the name of a topic.
pub const TOPICS: &[Topic] = topics![
    "reading",
    "mapping",
    "values",
    "plans",
    "exports",
    "backups",
    "monitoring",
    "migration",
    "json",
    "exit-codes",
    "security",
    "network",
    "options",
    "errors",
    "codes",
];

impl Topic {
    /// The topic of this name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        TOPICS.iter().copied().find(|topic| topic.name == name)
    }

    /// What it is about.
    #[must_use]
    pub fn title(&self) -> &'static str {
        self.text
            .lines()
            .next()
            .unwrap_or_default()
            .trim_start_matches(['#', ' '])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_page_is_a_topic_and_begins_with_its_title() {
        let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("src/help");
        let files = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
        let mut names: Vec<String> = files
            .map(|file| file.file_stem().unwrap().to_string_lossy().into_owned())
            .collect();
        names.sort();
        let mut topics: Vec<&str> = TOPICS.iter().map(|topic| topic.name).collect();
        topics.sort_unstable();
        assert_eq!(names, topics);
        for topic in TOPICS {
            assert!(
                topic.text.starts_with("# ") && !topic.title().is_empty(),
                "{}",
                topic.name
            );
        }
    }
}
