//! A profile written into the config file, with its key in a file of its own beside it. The file keeps its comments, its
//! other profiles and its order.
//!
//! Belongs here: where the key's file is, and that both files are replaced in one step each. Doesn't: asking for a profile's
//! values and trying them (`commands::login`), reading the file (`file`).

use std::fs;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

use toml_edit::{DocumentMut, Item, Table, TableLike, Value};

use super::ConfigError;
use super::file::{File, Profile};
use super::folder;
use crate::api::Key;
use crate::files::{self, bounds, trust};

/// What the name of a key's file ends in.
const ENDING: &str = ".key";

/// The config file as it is, ready to take a profile.
pub struct Target {
    /// Where it is, or would be.
    pub path: PathBuf,
    /// The user named the file; else its folder is the program's own.
    is_named: bool,
    text: String,
    file: File,
}

/// A profile to write.
#[derive(Debug)]
pub struct New<'a> {
    /// Its name.
    pub name: &'a str,
    /// The API's base.
    pub api: &'a str,
    /// The organization.
    pub org: &'a str,
    /// The key.
    pub key: &'a Key,
}

impl Target {
    /// Reads the config file; one that isn't there is empty. A place where others could change what is written is refused.
    pub fn open() -> Result<Self, ConfigError> {
        let (path, is_named) = super::config_path()?;
        let read = || {
            let file = files::open_named(&path)?;
            let found = file.metadata()?;
            Ok((files::text_of(file, bounds::SETTINGS)?, trust::distrust(&path, &found)))
        };
        let (text, distrust) = match read() {
            Ok(read) => read,
            // A link that leads nowhere is no place for a file.
            Err(cause) if io::Error::kind(&cause) == ErrorKind::NotFound && path.symlink_metadata().is_err() => {
                (String::new(), trust::distrust_folder(&path))
            }
            Err(cause) => return Err(ConfigError::Read { path, cause }),
        };
        if let Some(why) = distrust {
            return Err(ConfigError::Distrusted { path, why });
        }
        let file = parsed(&text, &path)?;
        Ok(Self {
            path,
            is_named,
            text,
            file,
        })
    }

    /// The profile of this name that there is already.
    #[must_use]
    pub fn profile(&self, name: &str) -> Option<&Profile> {
        self.file.named(name)
    }

    /// Whether commands use this profile where none is named.
    #[must_use]
    pub fn is_chosen(&self, name: &str) -> bool {
        self.file.profile.as_deref().unwrap_or("default") == name
    }

    /// Writes the profile and its key's file, and gives the path of that. What can't be written leaves both as they were.
    pub fn write(&self, new: &New<'_>) -> Result<PathBuf, ConfigError> {
        let folder = self.path.parent().unwrap_or(Path::new(""));
        let name = self.key_file(folder, new.name);
        let text = self.with(new, &name)?;
        let failed = |path: &Path, cause| ConfigError::Write {
            path: path.to_owned(),
            cause,
        };
        if self.is_named {
            files::create_folder(&beside(folder))
        } else {
            files::create_own_folder(folder)
        }
        .map_err(|cause| failed(folder, cause))?;
        let key_file = folder.join(name);
        let before = files::read(&key_file, bounds::KEY).ok();
        new.key.write(&key_file).map_err(|cause| failed(&key_file, cause))?;
        // A link is the user's own arrangement: the file that it leads to is written.
        let real = fs::canonicalize(&self.path).unwrap_or_else(|_| self.path.clone());
        files::write(&real, text.as_bytes()).map_err(|cause| {
            // The profile is as it was, and so is its key.
            let _ = match before {
                Some(before) => files::write(&key_file, &before),
                None => fs::remove_file(&key_file),
            };
            failed(&real, cause)
        })?;
        Ok(key_file)
    }

    /// The name of a file that no other profile's key is in, and that is no file of the user's.
    fn key_file(&self, folder: &Path, profile: &str) -> String {
        let stem = encoded(profile);
        let own = self.profile(profile).and_then(|profile| profile.key_file.as_deref());
        let is_of_another = |path: &Path| {
            let others = self.file.profiles.iter().filter(|other| other.name != profile);
            others
                .filter_map(|other| other.key_file.as_deref())
                .any(|key| key == path)
        };
        let mut name = format!("{stem}{ENDING}");
        let mut number = 1_u32;
        loop {
            let path = folder.join(&name);
            let is_free = own == Some(path.as_path()) || path.symlink_metadata().is_err();
            if is_free && !is_of_another(&path) {
                return name;
            }
            number += 1;
            name = format!("{stem}-{number}{ENDING}");
        }
    }

    /// The file's text with this profile in it.
    fn with(&self, new: &New<'_>, key_file: &str) -> Result<String, ConfigError> {
        let fault = || ConfigError::NotChanged {
            path: self.path.clone(),
            profile: new.name.to_owned(),
        };
        let mut document: DocumentMut = self.text.parse().map_err(|_| fault())?;
        let end = document.trailing().as_str().unwrap_or_default().to_owned();
        let implicit = || {
            let mut table = Table::new();
            table.set_implicit(true);
            Item::Table(table)
        };
        let profiles = document.entry("profiles").or_insert_with(implicit);
        let profiles = profiles.as_table_like_mut().ok_or_else(fault)?;
        let is_new = !profiles.contains_key(new.name);
        let section = profiles.entry(new.name).or_insert_with(|| Item::Table(Table::new()));
        let mut is_last = false;
        if let (true, Item::Table(table)) = (is_new, &mut *section) {
            // Comments at the end of the file stay before it.
            let gap = if self.text.trim().is_empty() { "" } else { "\n" };
            table.decor_mut().set_prefix(format!("{end}{gap}"));
            is_last = true;
        }
        let section = section.as_table_like_mut().ok_or_else(fault)?;
        section.remove("key_command");
        for (key, value) in [("api", new.api), ("org", new.org), ("key_file", key_file)] {
            set(section, key, value);
        }
        if is_last {
            document.set_trailing("");
        }
        let text = document.to_string();
        let written = parsed(&text, &self.path).map_err(|_| fault())?;
        if self.is_all_else_as_it_was(&written, new, key_file) {
            Ok(text)
        } else {
            Err(fault())
        }
    }

    /// Whether the changed file says what is wanted of this profile, and the same of all else.
    fn is_all_else_as_it_was(&self, written: &File, new: &New<'_>, key_file: &str) -> bool {
        let folder = self.path.parent().unwrap_or(Path::new(""));
        let others = |file: &File| -> Vec<Profile> {
            let others = file.profiles.iter().filter(|profile| profile.name != new.name);
            others.cloned().collect()
        };
        let wanted = Profile {
            name: new.name.to_owned(),
            api: Some(new.api.to_owned()),
            org: Some(new.org.to_owned()),
            key_file: Some(folder.join(key_file)),
            key_command: None,
            ..self.profile(new.name).cloned().unwrap_or_default()
        };
        written.profile == self.file.profile
            && others(written) == others(&self.file)
            && written.named(new.name) == Some(&wanted)
    }
}

fn parsed(text: &str, path: &Path) -> Result<File, ConfigError> {
    let folder = path.parent().unwrap_or(Path::new("."));
    File::parse(text, folder, folder::home().as_deref()).map_err(|(line, fault)| ConfigError::File {
        path: path.to_owned(),
        line,
        fault,
    })
}

/// A folder that a path without one is in.
fn beside(folder: &Path) -> PathBuf {
    if folder.as_os_str().is_empty() {
        PathBuf::from(".")
    } else {
        folder.to_owned()
    }
}

/// Sets a text. A comment at the end of its line stays.
fn set(section: &mut dyn TableLike, key: &str, text: &str) {
    let mut value = Value::from(text);
    if let Some(before) = section.get(key).and_then(Item::as_value) {
        *value.decor_mut() = before.decor().clone();
    }
    section.insert(key, Item::Value(value));
}

/// A profile's name as a file's: letters and digits of ASCII, `-` and `_` as they are, other bytes as `%XX`.
fn encoded(name: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_".contains(&byte);
    let spelt = |byte: u8| {
        if plain(byte) {
            char::from(byte).to_string()
        } else {
            format!("%{byte:02X}")
        }
    };
    name.bytes().map(spelt).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn target(folder: &Path, text: &str) -> Target {
        let path = folder.join("config.toml");
        Target {
            file: parsed(text, &path).unwrap(),
            is_named: true,
            text: text.to_owned(),
            path,
        }
    }

    fn new<'a>(name: &'a str, key: &'a Key) -> New<'a> {
        New {
            name,
            api: "https://example.com/api",
            org: "green \"valley\"",
            key,
        }
    }

    #[test]
    fn a_profile_is_added_or_replaced_and_comments_defaults_and_others_stay() {
        let folder = tempfile::tempdir().unwrap();
        let key = Key::new("s3cret").unwrap();
        let texts = [
            "",
            "# only a comment",
            "[profiles.y]\norg = \"a\"\n\n# [profiles.old]\n# org = \"b\"\n",
            "# mine\nprofile = \"main\" # the usual one\n\n[profiles.main]\norg = \"north\" # the shop\n# how fast\ndefaults = { jobs = 4 }\n",
            "[profiles.x]\nkey_command = \"pass show x\" # gone\norg = \"old\" # kept\n[profiles.x.defaults]\njobs = 2\n\n[profiles.y]\n",
            "profiles = { y = { org = \"a\" } }\n",
            "profiles.y.org = \"a\"\n",
            "[profiles]\ny = { org = \"a\" }\n",
            "[profiles.y]\r\norg = \"a\"\r\n",
        ];
        for text in texts {
            let target = target(folder.path(), text);
            let changed = target.with(&new("x", &key), "x.key").unwrap();
            let file = parsed(&changed, &target.path).unwrap();
            let profile = file.named("x").unwrap();
            assert_eq!(profile.org.as_deref(), Some("green \"valley\""), "{changed}");
            assert_eq!(profile.key_command, None);
            for comment in text.split('#').skip(1).filter(|comment| !comment.contains("gone")) {
                let comment = comment.lines().next().unwrap();
                assert!(changed.contains(comment), "{comment}: {changed}");
            }
            assert!(!changed.contains("s3cret"));
        }
    }

    #[test]
    fn a_key_file_is_never_another_profiles_or_the_users_own() {
        let folder = tempfile::tempdir().unwrap();
        let target = target(
            folder.path(),
            "[profiles.a]\nkey_file = \"b.key\"\n[profiles.c]\nkey_file = \"c.key\"\n",
        );
        assert_eq!(target.key_file(folder.path(), "a b/ü"), "a%20b%2F%C3%BC.key");
        assert_eq!(target.key_file(folder.path(), "b"), "b-2.key");
        fs::write(folder.path().join("c.key"), "").unwrap();
        assert_eq!(target.key_file(folder.path(), "c"), "c.key");
        fs::write(folder.path().join("d.key"), "").unwrap();
        assert_eq!(target.key_file(folder.path(), "d"), "d-2.key");
        assert_eq!(target.key_file(folder.path(), "a"), "a.key");
    }
}
