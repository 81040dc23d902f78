//! `stockport diff`: two places side by side.
//!
//! Doesn't belong here: comparing (`diff`).

use std::fs::File;
use std::io::{BufRead as _, BufReader, BufWriter, Seek as _, Write as _};
use std::path::{Path, PathBuf};
use std::slice;

use super::{CommandError, Context, convert, reading, runs_folder, writing};
use crate::cli::{self, UsageError};
use crate::columns::ColumnError;
use crate::diff::load::{self, Rename, Side, Stored};
use crate::diff::tell::{self, Summary, Told};
use crate::diff::{Counts, Entry, Mark, Rules, compare};
use crate::error::{Category, Error, Exit};
use crate::inventory::{self, Completeness, Incomplete};
use crate::migrate::Ids;
use crate::output::events::{COMPLETE, PROBABLY_COMPLETE};
use crate::output::{About, Warning, counted};
use crate::place::{Place, PlaceError};
use crate::progress::Progress;
use crate::runs::{Known, Runs};
use crate::sheet::write::{Destination, Style, Target, writer};
use crate::snapshot::{Chosen, Grade, find};

/// One side, read.
struct Read {
    side: Side,
    told: Told,
    /// Of a file.
    unknown: Option<Unknown>,
}

/// The headers of `--column` that a file lacks.
type Unknown = Vec<(String, ColumnError)>;

/// The items that are to be told of, in a temporary file: the summary comes first.
struct Entries(BufWriter<File>);

/// Runs the command.
pub(super) fn run(context: &Context, options: &cli::Diff) -> Exit {
    match diff(context, options) {
        Ok(exit) => exit,
        Err(error) => context.fail(error),
    }
}

fn diff(context: &Context, options: &cli::Diff) -> Result<Exit, Error> {
    let places = (Place::parse(&options.a)?, Place::parse(&options.b)?);
    if places.0.is_stdin() && places.1.is_stdin() {
        return Err(PlaceError::TwiceStdin.into());
    }
    check_profiles(context, options, &places)?;
    let to_stdout = options.csv.as_deref().is_some_and(writing::is_stdout);
    if to_stdout && context.output.is_json() {
        return Err(CommandError::TwoResults("--csv").into());
    }
    // What can't be written is refused before anything is read.
    let table = options
        .csv
        .as_ref()
        .map(|file| Ok::<_, Error>((writing::table(file)?, writing::open(file, options.force)?)))
        .transpose()?;
    let ids = Ids::given(options.id_prefix.as_deref(), options.id_map.as_deref())?;
    let new_ids = |id: &str| ids.target(id);
    let renamed: Option<&Rename<'_>> = if ids == Ids::Same { None } else { Some(&new_ids) };
    let a_profile = ("a-profile", options.a_profile.as_deref());
    let mut a = read(context, options, (&places.0, a_profile), renamed)?;
    if ids != Ids::Same {
        a.told.holds += &format!(", ids {}", ids.name());
    }
    let b_profile = ("b-profile", options.b_profile.as_deref());
    let mut b = read(context, options, (&places.1, b_profile), None)?;
    refuse_unknown(a.unknown.take(), b.unknown.take())?;
    let rules = Rules::new(
        a.side.coverage.clone(),
        b.side.coverage.clone(),
        options.ignore.iter().map(|field| field.trim().to_owned()),
    );
    (a.told.not_compared, b.told.not_compared) = rules.not_compared(&a.side.fields, &b.side.fields);
    let (counts, mut entries) = compared(context, &a.side, &b.side, &rules)?;
    let rejected = a.told.rejected + b.told.rejected;
    let summary = Summary {
        warnings: warnings(options, &a, &b),
        a: a.told,
        b: b.told,
        counts,
    };
    drop((a.side, b.side));
    show(context, &summary, &mut entries, to_stdout)?;
    if let Some((target, place)) = table {
        match write(&target, &place, &mut entries) {
            // Whoever read the table has had enough (`diff … --csv - | head -1`): nothing to complain about, and what was
            // found stays found.
            Err(error) if error.category() == Category::ClosedPipe => {}
            written => {
                written?;
                place.commit()?;
            }
        }
    }
    Ok(if counts.differ() {
        Exit::Different
    } else if rejected > 0 {
        Exit::Partial
    } else {
        Exit::Done
    })
}

fn write(target: &Target, place: &Destination, entries: &mut Entries) -> Result<(), Error> {
    let mut out = writer(target, &tell::columns(), &Style::default(), place.bytes()?)?;
    entries.each(&mut |entry| Ok(tell::rows(&entry, out.as_mut())?))?;
    Ok(out.finish()?)
}

/// Refuses a header of `--column` that none of the files has.
fn refuse_unknown(a: Option<Unknown>, b: Option<Unknown>) -> Result<(), ColumnError> {
    let mut files = [a, b].into_iter().flatten();
    let (first, second) = (files.next().unwrap_or_default(), files.next());
    let is_elsewhere = |header: &str| {
        let lacks = |unknown: &Unknown| unknown.iter().any(|(lacking, _)| lacking == header);
        second.as_ref().is_some_and(|second| !lacks(second))
    };
    let refused = first.into_iter().find(|(header, _)| !is_elsewhere(header));
    refused.map_or(Ok(()), |(_, error)| Err(error))
}

/// Refuses a profile of a side that is no organization, and what can't be meant beside a profile for each organization.
fn check_profiles(context: &Context, options: &cli::Diff, places: &(Place, Place)) -> Result<(), UsageError> {
    let sides = [
        ("a-profile", &options.a_profile, &places.0),
        ("b-profile", &options.b_profile, &places.1),
    ];
    let is_org = |place: &Place| matches!(place, Place::Org(_));
    for (name, profile, place) in sides {
        if profile.is_some() && !is_org(place) {
            return Err(UsageError::Conflict(format!("--{name}"), place.to_string()));
        }
    }
    let own = sides.iter().filter(|(_, _, place)| is_org(place));
    context.check_profiles(&own.map(|(name, profile, _)| (*name, *profile)).collect::<Vec<_>>())
}

/// Reads a side; an organization with a profile of its own where there is one, its items under new ids where there are such.
fn read(
    context: &Context,
    options: &cli::Diff,
    (place, profile): (&Place, (&'static str, Option<&str>)),
    new_ids: Option<&Rename<'_>>,
) -> Result<Read, Error> {
    let mut unknown = None;
    let (side, evidence) = match place {
        Place::Org(org) => organization(context, (org, profile.1), new_ids)
            .map_err(|error| context.of_end(format!("org:{org}"), profile, error))?,
        Place::Snapshot(path) => snapshot(context, path, new_ids)?,
        Place::File(path) => {
            let (side, lacking) = file(context, options, path, new_ids)?;
            unknown = Some(lacking);
            (side, String::new())
        }
    };
    let output = &context.output;
    for reason in &side.left_out.reasons {
        output.rejected(&format!("{place}, {reason}"), "");
    }
    let items = side.records.count();
    let mut holds = format!("{}{evidence}", counted(items, "item"));
    for (count, what) in [(side.left_out.rejected, "rejected"), (side.left_out.skipped, "skipped")] {
        if count > 0 {
            holds += &format!(", {} {what}", counted(count, "row"));
        }
    }
    let told = Told {
        name: place.to_string(),
        holds,
        items,
        rejected: side.left_out.rejected,
        skipped: side.left_out.skipped,
        not_compared: Vec::new(),
    };
    Ok(Read { side, told, unknown })
}

fn organization(
    context: &Context,
    (org, profile): (&str, Option<&str>),
    new_ids: Option<&Rename<'_>>,
) -> Result<(Side, String), Error> {
    let connected = match profile {
        Some(_) => context.connect_with(&context.end(profile)?, Some(org))?,
        None => context.connect_to(Some(org))?,
    };
    let known = Known {
        at_least: Runs::new(runs_folder(false)?).known(&connected.place, org).at_least,
        ..Known::default()
    };
    let progress = Progress::begin(&context.output, &format!("Reading {org}"), None);
    let mut stored = Stored::shown(&progress, new_ids);
    let listing = inventory::read(&connected.client, known.at_least, &mut stored);
    let side = stored.finish();
    progress.clear();
    let listing = listing?;
    if matches!(listing.completeness, Completeness::Cut | Completeness::Unlisted) {
        return Err(Incomplete::of(org, &listing).into());
    }
    // Nothing is written, so that a surprise is told and stops nothing.
    if let Err(surprise) = known.check(org, &listing) {
        context.output.warn(&About::ListShrunken.warning(surprise.to_string()));
    }
    let grade = match listing.completeness {
        Completeness::Proved => COMPLETE,
        _ => PROBABLY_COMPLETE,
    };
    Ok((side?, format!(" ({grade}: {})", listing.evidence)))
}

/// A snapshot's items, as they were stored, once it is proved that they are as they were written.
fn snapshot(context: &Context, path: &Path, new_ids: Option<&Rename<'_>>) -> Result<(Side, String), Error> {
    let Chosen {
        shelf,
        snapshot,
        warnings,
    } = find(path)?.one(path)?;
    for warning in &warnings {
        context.output.warn(warning);
    }
    snapshot.check()?;
    let manifest = snapshot.manifest()?;
    let progress = Progress::begin(
        &context.output,
        &format!("Reading {}", path.display()),
        Some(manifest.items),
    );
    let mut stored = Stored::shown(&progress, new_ids);
    let read = snapshot.each::<Error>(|item| Ok(stored.push(item)?));
    let side = stored.finish();
    progress.clear();
    read?;
    let part = if manifest.completeness == Grade::Part {
        ", a part of the organization"
    } else {
        ""
    };
    Ok((side?, format!(" (snapshot {} of {}{part})", snapshot.name, shelf.org())))
}

fn file(
    context: &Context,
    options: &cli::Diff,
    path: &PathBuf,
    new_ids: Option<&Rename<'_>>,
) -> Result<(Side, Unknown), Error> {
    let file = slice::from_ref(path);
    let opening = reading::prepare(context, file, &options.reading)?;
    let opened = opening.open(file)?;
    let unknown = opened.unknown_headers();
    let mut source = opened.matched(reading::column_options(&opening.reading))?;
    let survey = source.survey()?;
    convert::tell(context, &source, &survey);
    let progress = Progress::begin(&context.output, "Reading", Some(survey.rows));
    let side = load::file(&source, &progress, new_ids);
    progress.clear();
    Ok((side?, unknown))
}

fn compared(context: &Context, a: &Side, b: &Side, rules: &Rules) -> Result<(Counts, Entries), Error> {
    let progress = Progress::begin(&context.output, "Comparing", Some(a.records.count()));
    let mut entries = Entries(BufWriter::new(tempfile::tempfile()?));
    let counts = compare(a.records(), b.records(), rules, &mut |entry| {
        context.go_on()?;
        progress.done(u64::from(entry.change != Mark::Added));
        if entry.change != Mark::Equal || context.output.is_verbose() {
            entries.push(&entry)?;
        }
        Ok::<(), Error>(())
    });
    progress.clear();
    Ok((counts?, entries))
}

fn warnings(options: &cli::Diff, a: &Read, b: &Read) -> Vec<Warning> {
    let mut warnings = Vec::new();
    for (letter, read) in [("A", a), ("B", b)] {
        if read.told.rejected > 0 {
            warnings.push(About::NotCompared.warning(format!(
                "{} of {letter} can't be read: not compared, and may show as missing",
                counted(read.told.rejected, "row")
            )));
        }
    }
    for field in &options.ignore {
        let outer = field.split('.').next().unwrap_or_default().trim();
        if !a.side.fields.contains(outer) && !b.side.fields.contains(outer) {
            warnings.push(About::IgnoredUnknown.warning(format!("neither side has the field {field:?} of --ignore")));
        }
    }
    warnings
}

/// The summary first, then each item; where standard output belongs to the table, the summary alone, on standard error.
fn show(context: &Context, summary: &Summary, entries: &mut Entries, to_stdout: bool) -> Result<(), Error> {
    let output = &context.output;
    for warning in &summary.warnings {
        output.warn(warning);
    }
    for (tone, line) in summary.lines() {
        if to_stdout {
            output.say(&line);
        } else {
            output.result(&output.paint(tone, &line));
        }
    }
    if output.is_json() {
        return output.long_document(&summary.document(), "items", &mut |take| {
            entries.each(&mut |entry| {
                take(&serde_json::to_value(&entry).map_err(std::io::Error::from)?);
                Ok(())
            })
        });
    }
    if to_stdout {
        return Ok(());
    }
    entries.each(&mut |entry| {
        if !output.is_closed() {
            output.result(&tell::line(output, &entry));
        }
        Ok(())
    })
}

impl Entries {
    fn push(&mut self, entry: &Entry) -> Result<(), Error> {
        serde_json::to_writer(&mut self.0, entry).map_err(std::io::Error::from)?;
        Ok(self.0.write_all(b"\n")?)
    }

    fn each(&mut self, take: &mut dyn FnMut(Entry) -> Result<(), Error>) -> Result<(), Error> {
        self.0.flush()?;
        let mut file = self.0.get_ref();
        file.rewind()?;
        let mut lines = BufReader::new(file);
        let mut line = String::new();
        while lines.read_line(&mut line)? > 0 {
            take(serde_json::from_str(&line).map_err(std::io::Error::from)?)?;
            line.clear();
        }
        Ok(())
    }
}
