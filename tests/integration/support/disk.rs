//! A small disk that fills up.

use std::fs;
use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};

/// A small disk of its own, where the system lets us have one; gone after the test.
pub(crate) struct SmallDisk(tempfile::TempDir);

impl SmallDisk {
    /// A disk of this size; none where none can be mounted, which is said aloud.
    #[expect(clippy::print_stdout, reason = "what is not tried is said aloud")]
    pub(crate) fn new(kilobytes: usize) -> Option<Self> {
        let place = tempfile::tempdir().unwrap();
        let mounted = Command::new("mount")
            .args(["-t", "tmpfs", "-o", &format!("size={kilobytes}k"), "tmpfs"])
            .arg(place.path())
            .stderr(Stdio::null())
            .status();
        let disk = mounted.is_ok_and(|status| status.success()).then_some(Self(place));
        if disk.is_none() {
            println!("skipped: no small disk can be mounted here, so a full one is not tried");
        }
        disk
    }

    pub(crate) fn folder(&self) -> &Path {
        self.0.path()
    }

    pub(crate) fn path(&self) -> String {
        self.0.path().to_string_lossy().into_owned()
    }

    /// Leaves so many bytes free, at most a page more.
    pub(crate) fn fill(&self, free: usize) {
        let blob = self.0.path().join("blob");
        let mut file = fs::File::create(&blob).unwrap();
        // Page by page, until nothing more is taken.
        while file.write_all(&[0; 4096]).is_ok() {}
        let full = file.metadata().unwrap().len();
        file.set_len(full.saturating_sub(free as u64)).unwrap();
    }

    /// Frees what was filled.
    pub(crate) fn free(&self) {
        fs::remove_file(self.0.path().join("blob")).unwrap();
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg(self.0.path()).status();
    }
}
