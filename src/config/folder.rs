//! The user's folders for settings, data and state: by the XDG Base Directory Specification on Unix, the system's own on Windows.
//!
//! Doesn't belong here: what is kept in them. The only file that names etcetera.

use std::ffi::OsString;
use std::path::PathBuf;

use etcetera::BaseStrategy as _;

use crate::environment;

/// A kind of folder that each user has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Base {
    /// For settings.
    Config,
    /// For data that a user would miss.
    Data,
    /// For what programs remember of their runs.
    State,
}

/// There is no such folder: its variable is not set to an absolute path, and no home folder is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no home folder is known")]
pub struct NoHome;

impl Base {
    /// The variable that names the folder on Unix.
    fn variable(self) -> &'static str {
        match self {
            Self::Config => "XDG_CONFIG_HOME",
            Self::Data => "XDG_DATA_HOME",
            Self::State => "XDG_STATE_HOME",
        }
    }

    /// The folder. On Unix its variable is enough, without a home folder.
    pub fn folder(self) -> Result<PathBuf, NoHome> {
        self.resolve(environment::value, || self.below_home()).ok_or(NoHome)
    }

    fn resolve(
        self,
        variable: impl FnOnce(&str) -> Option<OsString>,
        below_home: impl FnOnce() -> Option<PathBuf>,
    ) -> Option<PathBuf> {
        let named = if cfg!(unix) { variable(self.variable()) } else { None };
        // The specification has relative paths ignored.
        named
            .map(PathBuf::from)
            .filter(|path| path.is_absolute())
            .or_else(below_home)
    }

    /// Where it is in the user's home folder; none without one.
    fn below_home(self) -> Option<PathBuf> {
        home()?;
        let strategy = etcetera::choose_base_strategy().ok()?;
        Some(match self {
            Self::Config => strategy.config_dir(),
            Self::Data => strategy.data_dir(),
            // Only Unix knows a folder for state; elsewhere it lives with the data.
            Self::State => strategy.state_dir().unwrap_or_else(|| strategy.data_dir()),
        })
    }
}

/// The user's home folder. A relative path, or an empty one, is none: it would mean another folder in each working folder.
#[must_use]
pub fn home() -> Option<PathBuf> {
    etcetera::home_dir().ok().filter(|home| home.is_absolute())
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    const ALL: [Base; 3] = [Base::Config, Base::Data, Base::State];

    #[test]
    fn its_variable_alone_is_enough_and_a_relative_path_is_ignored() {
        for base in ALL {
            let set = |value: &'static str| move |name: &str| (name == base.variable()).then(|| value.into());
            let home = || Some(PathBuf::from("/home/ana/x"));
            assert_eq!(
                base.resolve(set("/srv/x"), || None),
                Some(PathBuf::from("/srv/x")),
                "{base:?}"
            );
            assert_eq!(
                base.resolve(set("/srv/x"), home),
                Some(PathBuf::from("/srv/x")),
                "{base:?}"
            );
            for ignored in ["", "srv/x", "./x"] {
                assert_eq!(base.resolve(set(ignored), || None), None, "{base:?} {ignored:?}");
                assert_eq!(base.resolve(set(ignored), home), home(), "{base:?} {ignored:?}");
            }
            assert_eq!(base.resolve(|_| None, home), home(), "{base:?}");
            assert_eq!(base.resolve(|_| None, || None), None, "{base:?}");
        }
    }

    #[test]
    fn each_folder_has_a_variable_of_its_own() {
        for base in ALL {
            let others = |name: &str| (name != base.variable()).then(|| "/srv/x".into());
            assert_eq!(base.resolve(others, || None), None, "{base:?}");
        }
    }
}
