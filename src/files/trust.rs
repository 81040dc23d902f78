//! Whether others could have written a file that decides where a key goes, or which command is run.
//!
//! Doesn't belong here: what such a file says (`config`).

use std::fs::Metadata;
#[cfg(unix)]
use std::path::Path;

/// Why a file is not trusted.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Distrust {
    /// Others may write it.
    #[error("others can write it")]
    Writable,
    /// It belongs to another user.
    #[error("it belongs to another user")]
    Foreign,
    /// Others may put another file in its place.
    #[error("it is in the folder {0}, where others can replace it")]
    Folder(String),
}

impl Distrust {
    /// What to do about it.
    #[must_use]
    pub fn hint(&self) -> &'static str {
        match self {
            Self::Writable => "check its content, then make it writable by you only: chmod go-w FILE",
            Self::Foreign => "use your own copy of the file, and check its content",
            Self::Folder(_) => "make the folder writable by you only (chmod go-w FOLDER), or move the file",
        }
    }
}

/// Whether the file is this user's.
#[cfg(unix)]
pub(crate) fn is_mine(found: &Metadata) -> bool {
    use std::os::unix::fs::MetadataExt as _;
    found.uid() == rustix::process::geteuid().as_raw()
}

/// Whether the file is this user's, or the system's.
#[cfg(unix)]
pub(crate) fn is_foreign(found: &Metadata) -> bool {
    use std::os::unix::fs::MetadataExt as _;
    found.uid() != 0 && !is_mine(found)
}

/// Elsewhere the folder's rights decide, which a file in the user's own folder inherits.
#[cfg(not(unix))]
pub(crate) fn is_foreign(_found: &Metadata) -> bool {
    false
}

/// Why a file is not trusted: by its owner and mode, and by the folder of its path and of the file that a link leads to.
#[cfg(unix)]
pub(crate) fn distrust(path: &Path, found: &Metadata) -> Option<Distrust> {
    use std::os::unix::fs::PermissionsExt as _;
    if is_foreign(found) {
        return Some(Distrust::Foreign);
    }
    if found.permissions().mode() & 0o022 != 0 {
        return Some(Distrust::Writable);
    }
    let real = path.canonicalize().ok();
    [Some(path), real.as_deref()]
        .into_iter()
        .flatten()
        .find_map(distrust_folder)
}

/// Why a file would not be trusted in the folder of its path, whatever it is itself.
#[cfg(unix)]
pub(crate) fn distrust_folder(path: &Path) -> Option<Distrust> {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    let mode = folder.metadata().ok()?.permissions().mode();
    // In a folder with the sticky bit only its owner replaces a file.
    (mode & 0o1002 == 0o002).then(|| Distrust::Folder(folder.display().to_string()))
}

/// Elsewhere the folder's rights decide, which a file in the user's own folder inherits.
#[cfg(not(unix))]
pub(crate) fn distrust_folder(_path: &std::path::Path) -> Option<Distrust> {
    None
}

/// The same.
#[cfg(not(unix))]
pub(crate) fn distrust(_path: &std::path::Path, _found: &Metadata) -> Option<Distrust> {
    None
}

#[cfg(test)]
#[cfg(unix)]
mod tests {
    use std::fs::{self, Permissions};
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    #[test]
    fn a_file_that_others_can_write_or_replace_is_not_trusted() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("config.toml");
        fs::write(&path, "").unwrap();
        let seen = |file: u32, dir: u32| {
            fs::set_permissions(&path, Permissions::from_mode(file)).unwrap();
            fs::set_permissions(folder.path(), Permissions::from_mode(dir)).unwrap();
            distrust(&path, &path.metadata().unwrap())
        };
        assert_eq!(seen(0o644, 0o755), None);
        assert_eq!(seen(0o600, 0o1777), None);
        assert_eq!(seen(0o664, 0o755), Some(Distrust::Writable));
        assert_eq!(seen(0o602, 0o755), Some(Distrust::Writable));
        assert!(matches!(seen(0o600, 0o777), Some(Distrust::Folder(_))));
    }
}
