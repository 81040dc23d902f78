//! The commands to go on with, which a person can paste: with the organization and with what that is reached by.
//!
//! Doesn't belong here: how a shell takes words (`shell`), how they are shown (`report`).

use std::ffi::{OsStr, OsString};
use std::path::Path;

use super::run::Terms;
use super::{Context, shell};
use crate::error::Exit;
use crate::report::{Next, Summary, Tally};

/// The option that a stopped run is resumed with.
pub(super) const RESUME: &str = "--resume";

impl Context {
    /// Says with which command something comes back, with the organization and with what that is reached by, ready to be
    /// copied. `profile` is the one that was named for this organization alone.
    pub(super) fn tell_way_back(&self, what: &str, command: &[&str], org: &str, profile: Option<&str>) {
        let line = self.command(command, Some(org), profile);
        self.output.result(&format!("{what}: {line}"));
    }

    /// Ends a summary with the commands to go on with, ready for a shell: the rest of a stopped run, the import of its reject
    /// files, the check of its certificate, and the run's undo where it has changed anything.
    pub(super) fn tell_next(&self, summary: &mut Summary, terms: &Terms<'_>) {
        if summary.dry_run {
            return;
        }
        let mut next = Vec::new();
        let rest = self.rest(summary, terms);
        let is_resumed = rest.is_some();
        next.extend(rest.map(|command| Next::new("To resume it:", command)));
        let is_at_fault = |tally: Tally| tally.rejected + tally.failed > 0;
        if !is_resumed || summary.tally.is_some_and(is_at_fault) {
            next.extend(self.correction(summary, terms));
        }
        if let Some(certificate) = summary.extra.get("certificate").and_then(|path| path.as_str()) {
            let ends = [
                ("--from-profile", terms.source_profile),
                ("--to-profile", terms.profile),
            ];
            let certificate = shell::argument(Path::new(certificate));
            let mut words = vec!["migrate".as_ref(), "--check".as_ref(), certificate.as_os_str()];
            for (option, profile) in ends {
                words.extend(
                    profile
                        .into_iter()
                        .flat_map(|profile| [option, profile])
                        .map(OsStr::new),
                );
            }
            let check = self.command(&words, None, None);
            next.push(Next::new(
                "To compare both organizations with the certificate later:",
                check,
            ));
        }
        let has_changed = |tally: Tally| tally.created + tally.updated + tally.deleted > 0;
        if summary.tally.is_some_and(has_changed) {
            let undo = self.command(&["undo", &summary.run], Some(&summary.target), terms.profile);
            next.push(Next::new("To undo it:", undo));
        }
        summary.next = next;
    }

    /// The command that sends the rows of the reject files again.
    fn correction(&self, summary: &Summary, terms: &Terms<'_>) -> Option<Next> {
        if summary.rejects.is_empty() {
            return None;
        }
        let (what, command): (_, &[&str]) = if terms.rejects_items {
            ("To import the corrected rows:", &["import"])
        } else {
            ("To delete the others:", &["delete", "--file"])
        };
        let files = summary.rejects.iter().map(|file| shell::argument(file));
        // Of several files each is deleted by a command of its own, and the first is named.
        let most = if terms.rejects_items { usize::MAX } else { 1 };
        let words = command.iter().map(OsString::from).chain(files.take(most));
        let command = self.command(&words.collect::<Vec<_>>(), Some(&summary.target), terms.profile);
        Some(Next::new(what, command))
    }

    /// The command that does the rest of a run that was stopped on its way; none where its input can't be read again. A run
    /// that a safety limit or the user stopped before it sent anything would be stopped again.
    fn rest(&self, summary: &Summary, terms: &Terms<'_>) -> Option<String> {
        let tally = summary.tally.unwrap_or_default();
        let has_begun = summary.exit() == Exit::Interrupted || tally.has_written() || tally.failed > 0;
        if summary.run.is_empty() || !summary.is_stopped() || !has_begun {
            return None;
        }
        // A migration names its organizations itself.
        let org = (terms.command != "migrate").then_some(summary.target.as_str());
        self.again(terms.resume, org)
    }

    /// The command line of this process, with one more option, and with the organization where only the environment, a profile
    /// or the sandbox named it. None where it reads standard input, which another process can't read again.
    pub(super) fn again(&self, option: Option<&str>, org: Option<&str>) -> Option<String> {
        let begins = |word: &OsString, with: &str| word.as_encoded_bytes().starts_with(with.as_bytes());
        let mut is_secret = false;
        // A monitor's address is a secret.
        let is_kept = |word: &OsString| {
            let is_value = std::mem::replace(&mut is_secret, word == "--ping");
            !is_value && !is_secret && !begins(word, "--ping=") && !begins(word, RESUME)
        };
        let words: Vec<OsString> = std::env::args_os().skip(1).filter(is_kept).collect();
        if words.iter().any(|word| word == "-") {
            return None;
        }
        let mut added: Vec<OsString> = option.into_iter().map(OsString::from).collect();
        if let Some(org) = org.filter(|org| !org.is_empty() && !self.given.contains("org")) {
            added.extend(["--org".into(), org.into()]);
        }
        // Behind `--` they would be files.
        let end = words.iter().position(|word| word == "--").unwrap_or(words.len());
        let (before, after) = words.split_at(end);
        let program = OsString::from("stockport");
        let line: Vec<&OsString> = std::iter::once(&program)
            .chain(before)
            .chain(&added)
            .chain(after)
            .collect();
        Some(shell::line(&line))
    }

    /// A command, with its organization and with what that is reached by, ready for a shell.
    pub(super) fn command<W: AsRef<OsStr>>(&self, command: &[W], org: Option<&str>, profile: Option<&str>) -> String {
        let mut words = vec![OsStr::new("stockport")];
        words.extend(command.iter().map(AsRef::as_ref));
        words.extend(org.into_iter().flat_map(|org| ["--org", org]).map(OsStr::new));
        let dir = self.wishes.sandbox_dir.as_deref().map(Path::as_os_str);
        let own = self.wishes.profile.as_ref().map(|profile| profile.name.as_str());
        if self.wishes.sandbox {
            words.push("--sandbox".as_ref());
            words.extend(dir.into_iter().flat_map(|dir| ["--sandbox-dir".as_ref(), dir]));
        } else if let Some(profile) = profile.or_else(|| own.filter(|_| self.given.contains("profile"))) {
            words.extend(["--profile", profile].map(OsStr::new));
        }
        // What only this command line said would be missing from the next one.
        let key_file = self.wishes.key_file.as_deref().map(Path::as_os_str);
        let said = [
            ("api", "--api", self.wishes.api.as_deref().map(OsStr::new)),
            ("key_file", "--key-file", key_file),
        ];
        for (id, flag, value) in said {
            if let Some(value) = value.filter(|_| self.given.contains(id) && !self.wishes.sandbox) {
                words.extend([flag.as_ref(), value]);
            }
        }
        shell::line(&words)
    }
}
