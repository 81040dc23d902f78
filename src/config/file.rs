//! The config file: profiles, each an organization behind an API with where its key is kept. TOML, unknown keys refused.
//!
//! Belongs here: the file's form and its faults, with their lines. Doesn't: what overrules it (`config`), keys (`key`).

use std::num::NonZeroU32;
use std::path::{Path, PathBuf};
use std::time::Duration;

use toml_edit::{Document, Item, TableLike};

use crate::api::Proxy;
use crate::columns::nearest;
use crate::files::trust::Distrust;

/// The keys of the file, of a profile, and of its defaults.
const TOP: [&str; 2] = ["profile", "profiles"];
const PROFILE: [&str; 8] = [
    "api",
    "org",
    "key_file",
    "key_command",
    "proxy",
    "proxy_auth_file",
    "ca_file",
    "defaults",
];
const DEFAULTS: [&str; 5] = ["retries", "timeout", "jobs", "batch", "rate"];

/// The config file's content.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct File {
    /// The profile that is used where none is named.
    pub profile: Option<String>,
    /// The profiles, in the file's order.
    pub profiles: Vec<Profile>,
}

/// An organization behind an API.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Profile {
    /// Its name.
    pub name: String,
    /// The API's base; the vendor's where it isn't given.
    pub api: Option<String>,
    /// The organization.
    pub org: Option<String>,
    /// The file that holds the key, and nothing else.
    pub key_file: Option<PathBuf>,
    /// A shell command that prints the key (a password manager).
    pub key_command: Option<String>,
    /// The proxy: its address, `env` or `none`.
    pub proxy: Option<String>,
    /// The file that holds the proxy's user and password.
    pub proxy_auth_file: Option<PathBuf>,
    /// The file of further certificate authorities.
    pub ca_file: Option<PathBuf>,
    /// What options are where they aren't given.
    pub defaults: Defaults,
    /// The config file, and why it is not trusted with a key.
    pub distrusted: Option<(PathBuf, Distrust)>,
}

/// What options are where they aren't given.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Defaults {
    /// `--retries`
    pub retries: Option<u32>,
    /// `--timeout`
    pub timeout: Option<Duration>,
    /// `--jobs`
    pub jobs: Option<u16>,
    /// `--batch`
    pub batch: Option<u16>,
    /// `--rate`
    pub rate: Option<NonZeroU32>,
}

/// What is wrong with the file.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// It is no TOML.
    #[error("it is not well-formed: {0}")]
    Syntax(String),
    /// A key that is not known.
    #[error("{key:?} is not a key {place}{}", nearest.as_ref().map_or_else(String::new, |name| format!("; the nearest is {name:?}")))]
    UnknownKey {
        /// The key.
        key: String,
        /// Where it stands.
        place: &'static str,
        /// The known key that is most like it.
        nearest: Option<&'static str>,
    },
    /// The key itself stands in the file.
    #[error(
        "an API key doesn't belong here: key_file names a file that holds it, key_command a command that prints it"
    )]
    Key,
    /// A value of another form.
    #[error("{key} must be {expected}")]
    Value {
        /// The key.
        key: String,
        /// What it has to be.
        expected: &'static str,
    },
    /// A proxy's user or password stands in the file.
    #[error("a user or a password doesn't belong here: proxy_auth_file names a file that holds USER:PASSWORD")]
    Login,
    /// Two places for one key.
    #[error("the profile {0:?} has both key_file and key_command")]
    TwoKeys(String),
    /// A path below the home folder, where none is known.
    #[error("{key} begins with ~, and no home folder is known")]
    NoHome {
        /// The key.
        key: String,
    },
    /// The profile that is used where none is named doesn't exist.
    #[error("there is no profile {0:?}")]
    NoProfile(String),
}

struct Reader<'a> {
    text: &'a str,
    /// The file's folder, which relative paths begin from, and the user's home.
    folder: &'a Path,
    home: Option<&'a Path>,
}

type Read<T> = Result<T, (usize, Fault)>;

impl File {
    /// Reads the file's text; the line (from 1) of what is wrong with it. Paths in it begin from `folder`, or with `~` from
    /// `home`.
    pub fn parse(text: &str, folder: &Path, home: Option<&Path>) -> Result<Self, (usize, Fault)> {
        let document = Document::parse(text).map_err(|error| {
            let line = error.span().map_or(1, |span| line_of(text, span.start));
            (line, Fault::Syntax(error.message().to_owned()))
        })?;
        Reader { text, folder, home }.file(document.as_table())
    }

    /// The profile of this name.
    #[must_use]
    pub fn named(&self, name: &str) -> Option<&Profile> {
        self.profiles.iter().find(|profile| profile.name == name)
    }
}

fn line_of(text: &str, at: usize) -> usize {
    1 + text.bytes().take(at).filter(|byte| *byte == b'\n').count()
}

impl Reader<'_> {
    fn line(&self, table: &dyn TableLike, key: &str, item: &Item) -> usize {
        let span = table.key(key).and_then(toml_edit::Key::span).or_else(|| item.span());
        span.map_or(1, |span| line_of(self.text, span.start))
    }

    fn file(&self, table: &dyn TableLike) -> Read<File> {
        let mut file = File::default();
        let mut profile_line = 1;
        for (key, item) in table.iter() {
            let line = self.line(table, key, item);
            match key {
                "profile" => {
                    profile_line = line;
                    file.profile = Some(text(key, item).map_err(|fault| (line, fault))?);
                }
                "profiles" => {
                    let profiles = section(key, item).map_err(|fault| (line, fault))?;
                    for (name, item) in profiles.iter() {
                        let line = self.line(profiles, name, item);
                        let keys = section(name, item).map_err(|fault| (line, fault))?;
                        file.profiles.push(self.profile(name, keys, line)?);
                    }
                }
                _ => return Err((line, unknown(key, "of the config file", &TOP))),
            }
        }
        match &file.profile {
            Some(name) if file.named(name).is_none() => Err((profile_line, Fault::NoProfile(name.clone()))),
            _ => Ok(file),
        }
    }

    fn profile(&self, name: &str, table: &dyn TableLike, line: usize) -> Read<Profile> {
        let mut profile = Profile {
            name: name.to_owned(),
            ..Profile::default()
        };
        for (key, item) in table.iter() {
            let line = self.line(table, key, item);
            let placed = |fault| (line, fault);
            match key {
                "api" => profile.api = Some(text(key, item).map_err(placed)?),
                "org" => profile.org = Some(text(key, item).map_err(placed)?),
                "key_file" => profile.key_file = Some(self.path(key, item).map_err(placed)?),
                "key_command" => profile.key_command = Some(text(key, item).map_err(placed)?),
                "proxy" => profile.proxy = Some(proxy(key, item).map_err(placed)?),
                "proxy_auth_file" => profile.proxy_auth_file = Some(self.path(key, item).map_err(placed)?),
                "ca_file" => profile.ca_file = Some(self.path(key, item).map_err(placed)?),
                "defaults" => profile.defaults = self.defaults(section(key, item).map_err(placed)?)?,
                "key" | "api_key" => return Err((line, Fault::Key)),
                _ => return Err((line, unknown(key, "of a profile", &PROFILE))),
            }
        }
        if profile.key_file.is_some() && profile.key_command.is_some() {
            return Err((line, Fault::TwoKeys(profile.name)));
        }
        Ok(profile)
    }

    fn defaults(&self, table: &dyn TableLike) -> Read<Defaults> {
        let mut defaults = Defaults::default();
        for (key, item) in table.iter() {
            let line = self.line(table, key, item);
            let number = |least: i64, most: i64, expected| {
                let number = item.as_integer().filter(|number| (least..=most).contains(number));
                let key = key.to_owned();
                number.ok_or((line, Fault::Value { key, expected }))
            };
            // The bounds are those of the options.
            match key {
                "retries" => defaults.retries = u32::try_from(number(0, u32::MAX.into(), "a number from 0")?).ok(),
                "timeout" => {
                    let seconds = number(1, 86_400, "a number of seconds from 1 to 86400")?;
                    defaults.timeout = u64::try_from(seconds).ok().map(Duration::from_secs);
                }
                "jobs" => defaults.jobs = u16::try_from(number(1, 512, "a number from 1 to 512")?).ok(),
                "batch" => defaults.batch = u16::try_from(number(1, 5000, "a number from 1 to 5000")?).ok(),
                "rate" => {
                    let rate = number(1, u32::MAX.into(), "a number of items a second, from 1")?;
                    defaults.rate = u32::try_from(rate).ok().and_then(NonZeroU32::new);
                }
                _ => return Err((line, unknown(key, "of a profile's defaults", &DEFAULTS))),
            }
        }
        Ok(defaults)
    }

    fn path(&self, key: &str, item: &Item) -> Result<PathBuf, Fault> {
        let text = text(key, item)?;
        match (text.strip_prefix("~/"), self.home) {
            (Some(rest), Some(home)) => Ok(home.join(rest)),
            (Some(_), None) => Err(Fault::NoHome { key: key.to_owned() }),
            (None, _) => Ok(self.folder.join(text)),
        }
    }
}

fn section<'i>(key: &str, item: &'i Item) -> Result<&'i dyn TableLike, Fault> {
    item.as_table_like().ok_or_else(|| Fault::Value {
        key: key.to_owned(),
        expected: "a section of keys and values",
    })
}

fn text(key: &str, item: &Item) -> Result<String, Fault> {
    let text = item.as_str().filter(|text| !text.trim().is_empty());
    text.map(str::to_owned).ok_or_else(|| Fault::Value {
        key: key.to_owned(),
        expected: "text that isn't empty",
    })
}

/// A proxy's address without a user, or one of the words for none and the environment's.
fn proxy(key: &str, item: &Item) -> Result<String, Fault> {
    let text = text(key, item)?;
    match Proxy::parse(&text) {
        Some(proxy) if proxy.has_login() => Err(Fault::Login),
        Some(_) => Ok(text),
        None => Err(Fault::Value {
            key: key.to_owned(),
            expected: "http://HOST:PORT, or the same with https, socks5 or socks5h",
        }),
    }
}

fn unknown(key: &str, place: &'static str, known: &[&'static str]) -> Fault {
    let nearest = nearest(key, known.iter().copied());
    Fault::UnknownKey {
        key: key.to_owned(),
        place,
        nearest: known.iter().copied().find(|name| Some(*name) == nearest),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<File, (usize, Fault)> {
        File::parse(text, Path::new("/conf"), Some(Path::new("/home/me")))
    }

    #[test]
    fn profiles_are_read_with_their_paths_from_the_files_folder_or_home() {
        let file = parse(
            r#"
            profile = "main"
            [profiles.main]
            api = "https://example.com/api"
            org = "test-company"
            key_file = "~/.keys/main"
            defaults = { retries = 9, timeout = 30, jobs = 4, batch = 50, rate = 100 }
            [profiles."the branch"]
            key_command = "pass show cannlytics"
            "#,
        )
        .unwrap();
        let main = file.named("main").unwrap();
        assert_eq!(main.key_file.as_deref(), Some(Path::new("/home/me/.keys/main")));
        assert_eq!((main.defaults.retries, main.defaults.jobs), (Some(9), Some(4)));
        assert_eq!(file.profiles[1].key_command.as_deref(), Some("pass show cannlytics"));
        let relative = parse("[profiles.x]\nkey_file = \"x.key\"").unwrap();
        assert_eq!(relative.profiles[0].key_file.as_deref(), Some(Path::new("/conf/x.key")));
        assert_eq!(parse("").unwrap(), File::default());
    }

    #[test]
    fn an_unknown_key_is_refused_with_its_line_and_the_nearest() {
        for (text, line, nearest) in [
            ("\n[profile_s.x]", 2, "profiles"),
            ("[profiles.x]\nogr = \"a\"", 2, "org"),
            ("[profiles.x]\n\nkeyfile = \"a\"", 3, "key_file"),
            ("[profiles.x.defaults]\nretry = 5", 2, "retries"),
        ] {
            let (at, fault) = parse(text).unwrap_err();
            assert_eq!(at, line, "{text}");
            assert!(
                fault.to_string().ends_with(&format!("the nearest is {nearest:?}")),
                "{fault}"
            );
        }
    }

    #[test]
    fn what_is_of_another_form_is_refused_with_its_line() {
        for (text, line) in [
            ("profile = ", 1),
            ("[profiles.x]\norg = 5", 2),
            ("[profiles.x]\norg = \"\"", 2),
            ("[profiles.x.defaults]\njobs = 0", 2),
            ("[profiles.x.defaults]\ntimeout = \"5\"", 2),
            ("profiles = 5", 1),
            ("\nprofile = \"y\"\n[profiles.x]", 2),
            ("[profiles.x]\nkey_file = \"a\"\nkey_command = \"b\"", 1),
        ] {
            assert_eq!(parse(text).unwrap_err().0, line, "{text}");
        }
    }

    #[test]
    fn a_path_below_home_is_refused_where_there_is_none() {
        let text = "[profiles.x]\nkey_file = \"~/x.key\"";
        let (line, fault) = File::parse(text, Path::new("/conf"), None).unwrap_err();
        assert_eq!(line, 2);
        assert!(fault.to_string().contains("key_file begins with ~"), "{fault}");
        let text = "[profiles.x]\nkey_file = \"x.key\"";
        assert!(File::parse(text, Path::new("/conf"), None).is_ok());
    }

    #[test]
    fn a_key_in_the_file_is_refused_and_not_shown() {
        let (line, fault) = parse("[profiles.x]\nkey = \"s3cret\"").unwrap_err();
        assert_eq!((line, &fault), (2, &Fault::Key));
        assert!(!format!("{fault} {fault:?}").contains("s3cret"));
    }
}
