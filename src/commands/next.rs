//! The commands to go on with, which a person can paste: with the organization and with what that is reached by.
//!
//! Doesn't belong here: how a shell takes words (`shell`), when which of them is told (each command).

use super::run::Terms;
use super::{Context, shell};
use crate::report::{Summary, Tally};

impl Context {
    /// Says with which command something comes back, with the organization and with what that is reached by, ready to be
    /// copied. `profile` is the one that was named for this organization alone.
    pub(super) fn tell_way_back(&self, what: &str, command: &[&str], org: &str, profile: Option<&str>) {
        let line = self.command(command, org, profile);
        self.output.result(&format!("{what}: {line}"));
    }

    /// Ends a summary with the commands to go on with, ready for a shell: the import of its reject files, and the run's undo
    /// where it has changed anything.
    pub(super) fn tell_next(&self, summary: &mut Summary, terms: &Terms<'_>) {
        if summary.dry_run {
            return;
        }
        let profile = terms.profile;
        let files = summary.rejects.iter().filter(|_| terms.rejects_items);
        let files: Vec<String> = files.map(|file| shell::argument(file)).collect();
        let import = ["import"].into_iter().chain(files.iter().map(String::as_str));
        let import = self.command(&import.collect::<Vec<_>>(), &summary.target, profile);
        let has_changed = |tally: Tally| tally.created + tally.updated + tally.deleted > 0;
        let undo = self.command(&["undo", &summary.run], &summary.target, profile);
        (summary.next_for, summary.next) = match (files.is_empty(), summary.tally.is_some_and(has_changed)) {
            (true, false) => return,
            (true, true) => ("To take it back:", vec![undo]),
            (false, false) => ("To import the corrected rows:", vec![import]),
            (false, true) => ("To import the corrected rows, or to take it back:", vec![import, undo]),
        };
    }

    /// A command for an organization, with what that is reached by, ready for a shell.
    fn command(&self, command: &[&str], org: &str, profile: Option<&str>) -> String {
        let mut words = vec!["stockport"];
        words.extend(command);
        words.extend(["--org", org]);
        let dir = self.wishes.sandbox_dir.as_ref().map(|dir| dir.display().to_string());
        let own = self.wishes.profile.as_ref().map(|profile| profile.name.as_str());
        if self.wishes.sandbox {
            words.push("--sandbox");
            words.extend(dir.iter().flat_map(|dir| ["--sandbox-dir", dir]));
        } else if let Some(profile) = profile.or_else(|| own.filter(|_| self.given.contains("profile"))) {
            words.extend(["--profile", profile]);
        }
        // What only this command line said would be missing from the next one.
        let key_file = self.wishes.key_file.as_ref().map(|file| file.display().to_string());
        let said = [
            ("api", "--api", self.wishes.api.as_deref()),
            ("key_file", "--key-file", key_file.as_deref()),
        ];
        for (id, flag, value) in said {
            if let Some(value) = value.filter(|_| self.given.contains(id)) {
                words.extend([flag, value]);
            }
        }
        shell::line(&words)
    }
}
