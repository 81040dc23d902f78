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

/// Options that a further command doesn't repeat.
const USED_UP: [&str; 2] = ["--dry-run", RESUME];

/// Options whose file this process has written, which a further command would refuse to replace; and a monitor's address,
/// which is a secret.
const USED_UP_FILES: [&str; 5] = ["--plan-out", "--report", "--results", "--missing", "--ping"];

impl Context {
    /// Ends a summary with the commands to go on with, ready for a shell: a dry run's plan carried out; the rest of a stopped run, the import of its reject
    /// files, the check of its certificate, and the run's undo where it has changed anything.
    pub(super) fn tell_next(&self, summary: &mut Summary, terms: &Terms<'_>) {
        if summary.dry_run {
            summary.next = self.carrying_out(summary, terms).into_iter().collect();
            return;
        }
        let mut next = Vec::new();
        let rest = self.rest(summary, terms);
        let is_resumed = rest.is_some();
        next.extend(rest.map(|command| Next::new(Next::RESUME, command)));
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
        self.again(terms.resume.as_slice(), org)
    }

    /// The command that carries out the plan of a dry run, or the plan file that was written; none where there is nothing to
    /// do, or where the command reads standard input.
    fn carrying_out(&self, summary: &Summary, terms: &Terms<'_>) -> Option<Next> {
        let (create, update, delete) = summary.planned?;
        if summary.error.is_some() || create + update + delete == 0 {
            return None;
        }
        let options: Vec<&OsStr> = terms
            .plan
            .into_iter()
            .flat_map(|plan| ["--plan".as_ref(), plan.as_os_str()])
            .collect();
        // A migration names its organizations itself.
        let org = (terms.command != "migrate").then_some(summary.target.as_str());
        let command = self.again(&options, org)?;
        Some(Next::new("To apply this plan:", command))
    }

    /// The command line of this process, with more options, and with the organization where only the environment, a profile
    /// or the sandbox named it. None where it reads standard input, which another process can't read again. Without the
    /// options that this process has used up: [`USED_UP`] and [`USED_UP_FILES`].
    pub(super) fn again<W: AsRef<OsStr>>(&self, options: &[W], org: Option<&str>) -> Option<String> {
        let words = left_over(std::env::args_os().skip(1));
        if words.iter().any(|word| word == "-") {
            return None;
        }
        let mut added: Vec<OsString> = options.iter().map(|option| option.as_ref().to_owned()).collect();
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

/// The words of a command line without the options that are used up.
fn left_over(words: impl IntoIterator<Item = OsString>) -> Vec<OsString> {
    let mut left = Vec::new();
    let mut words = words.into_iter();
    while let Some(word) = words.next() {
        if word == "--" {
            left.push(word);
            left.extend(words);
            break;
        }
        let option = word.to_string_lossy();
        let name = option.split('=').next().unwrap_or_default();
        if USED_UP_FILES.contains(&name) {
            if name == option {
                words.next();
            }
        } else if !USED_UP.contains(&name) {
            left.push(word);
        }
    }
    left
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_further_command_repeats_no_option_that_is_used_up() {
        for (given, left) in [
            ("import a.csv --dry-run --lenient", "import a.csv --lenient"),
            ("import a.csv --plan-out p.json --yes", "import a.csv --yes"),
            ("import a.csv --report=r.html --resume=7", "import a.csv"),
            ("import --results r.csv -- --dry-run", "import -- --dry-run"),
            ("import a.csv --ping https://x/1 --ping=https://x/1", "import a.csv"),
        ] {
            let words = given.split(' ').map(OsString::from);
            let expected: Vec<OsString> = left.split(' ').map(OsString::from).collect();
            assert_eq!(left_over(words), expected, "{given}");
        }
    }
}
