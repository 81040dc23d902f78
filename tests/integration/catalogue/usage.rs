//! Command lines that can't be understood, or mean what can't be: the whole of what the binary says to each, beside this file
//! in `usage.txt`.

use std::ffi::OsString;
use std::fs;
use std::path::Path;

use stockport::cli::{self, UsageError};
use stockport::error::Error;

use super::{Catalogue, is_short, variants};
use crate::readme::words;
use crate::support::Stockport;

variants!(usage of UsageError as "UsageError":
    UnknownCommand, UnknownTopic, NoCommand, UnknownOption, Surplus, Missing, UnknownValue, Value, NoValue, NeedlessValue, Conflict, SameFile, Twice,
    NotText, Malformed,
);

/// Command lines that the parser refuses.
const REFUSED: &[&str] = &[
    // A command.
    "imprt count.csv",
    "backup creat backups",
    "config chek",
    "frobnicate",
    "backup",
    "--json",
    // An option.
    "import count.csv --dryrun",
    "import count.csv --sandbx",
    "import count.csv --jbos 4",
    "export --on-conflict skip",
    "import count.csv --where status=Active",
    "import count.csv --frobnicate",
    "import count.csv -j 4",
    // Arguments too many or too few.
    "export out.csv more.csv",
    "inspect",
    "import",
    "convert count.csv",
    "diff old.csv",
    "delete",
    "migrate",
    "migrate --from north",
    "backup create",
    "backup restore",
    "schedule",
    "schedule remove",
    "completions",
    "diff old.csv new.csv --force",
    // Values of a few words.
    "import count.csv --mode updat",
    "import count.csv --blanks delete",
    "import count.csv --duplicates frist",
    "import count.csv --dates dym",
    "import count.csv --numbers de",
    "import count.csv --color yes",
    "export --format xls",
    "export --headers titles",
    "migrate --from a --to b --on-conflict overwite",
    "schedule \"daily 02:00\" --system crn -- backup create backups",
    "completions bsh",
    // Numbers, shares, sizes, characters.
    "import count.csv --jobs many",
    "import count.csv --jobs -1",
    "import count.csv --jobs 0",
    "import count.csv --batch 9999",
    "import count.csv --rate 0",
    "import count.csv --retries some",
    "import count.csv --timeout 0",
    "import count.csv --timeout 99999",
    "import count.csv --header-row 0",
    "import count.csv --max-failures half",
    "import count.csv --max-failures 101%",
    "import count.csv --max-failures -1",
    "import count.csv --max-unpacked big",
    "import count.csv --max-cells 0",
    "import count.csv --max-columns 0",
    "import count.csv --max-row 0",
    "import count.csv --delimiter ab",
    "import count.csv --shard 5",
    "import count.csv --shard 3/2",
    "delete --ids A1 --max-delete some",
    "backup prune backups --keep-last few",
    "backup create backups --wait long",
    "runs --last all",
    "sandbox --port 99999",
    "sandbox --hard-cut some",
    // Values that are missing, or needless.
    "import count.csv --map",
    "import count.csv --mode",
    "export --fields",
    "import count.csv --org",
    "import count.csv --dry-run=yes",
    // Options that exclude each other, or come twice.
    "import count.csv --quiet --verbose",
    "import count.csv --dry-run --resume",
    "import count.csv --plan plan.json --resume",
    "import count.csv --plan plan.json --plan-out plan.json",
    "delete --ids A1 --file gone.csv",
    "delete --ids A1 --where status=Gone",
    "delete --ids A1 --sheet Inventory",
    "migrate --from a --to b --id-prefix N- --id-map ids.csv",
    "migrate --from a --to b --dry-run --resume",
    "migrate --from a --to b --mirror --only A1",
    "migrate --from a --to b --max-delete 5%",
    "migrate --check moved.json --where quantity>1",
    "migrate --check moved.json --dry-run",
    "migrate --from a --to b --dry-run --certificate moved",
    "man --dir man1 import",
    "import count.csv --mode update --mode create",
];

/// Command lines whose parts are well-formed and don't go together, or name what isn't there.
const MEANINGLESS: &[&str] = &[
    "import count.csv --sandbox --profile main",
    "import count.csv --org north --org south",
    "import count.csv --rejects out.csv --report ./out.csv",
    "import count.csv --results out.csv --missing out.csv",
    "migrate --from a --to b --certificate moved --report moved.html",
    "import count.csv --profile mian",
    "help imprt",
    "help raeding",
    "help exitcodes",
    "help backup creat",
    "help import reading",
    "import count.csv",
    "import - - --org north",
    "backup create backups --all-profiles --org north",
    "backup create backups --all-profiles --sandbox",
    "diff - -",
    "diff org: count.csv",
    "diff count.csv count.csv --csv - --json",
    "export out.xls",
    "convert count.csv out",
    "export --where status --sandbox",
    "export --where nmae=Kush --sandbox",
    "export --where quantity>many --sandbox",
    "export --fields item_id,quantiy --sandbox",
    "export --fields name,name --sandbox",
    "delete --ids A1 --sandbox",
    "delete --ids , --sandbox --yes",
    "import count.csv --shard auto/4 --sandbox",
    "migrate --from sandbox-company --to sandbox-company --sandbox",
    "migrate --from a --to b --org c",
    "backup prune backups",
    "backup restore backups@yesterday --sandbox",
    "schedule \"dayly 02:00\" -- backup create backups",
    "schedule \"daily 02:00\" -- bakcup create backups",
    "schedule \"daily 02:00\" -- backup create backups --kep-daily 7",
    "schedule \"daily 02:00\" -- backup create backups --org north",
    "man imprt",
    "man backup creat",
];

fn parsed(line: &str) -> UsageError {
    let words = ["stockport"].into_iter().chain(words(line));
    let args: Vec<OsString> = words.map(OsString::from).collect();
    let Err(error) = cli::command().try_get_matches_from(&args) else {
        panic!("{line}: the parser takes it");
    };
    UsageError::of(&error, &args)
}

pub(super) fn add(all: &mut Catalogue) {
    let mut errors: Vec<UsageError> = REFUSED.iter().map(|line| parsed(line)).collect();
    errors.push(UsageError::NotText {
        within: "stockport export".to_owned(),
    });
    errors.push(UsageError::Malformed {
        within: "stockport import".to_owned(),
        what: "an equal sign is needed when assigning values to '--resume=<RUN>'".to_owned(),
    });
    errors.push(UsageError::UnknownTopic {
        given: "raeding".to_owned(),
        nearest: Some("reading".to_owned()),
    });
    errors.push(UsageError::same_file("rejects", "report"));
    // One of each kind stands for the others there; `usage.txt` has them all.
    let mut seen = std::collections::BTreeSet::new();
    errors.retain(|error| seen.insert(usage(error)));
    all.nested(errors, Error::from);
}

#[test]
fn every_command_line_that_is_refused_says_what_the_catalogue_shows() {
    let stockport = Stockport::new();
    stockport.write("count.csv", "item_id,name,quantity\nA1,Kush,2\n");
    fs::create_dir_all(stockport.home().join("config/stockport")).unwrap();
    let config = "[profiles.main]\norg = \"north\"\n";
    fs::write(stockport.home().join("config/stockport/config.toml"), config).unwrap();
    stockport.run(["import", "count.csv", "--sandbox"]).ok();
    stockport.run(["backup", "create", "backups", "--sandbox"]).ok();
    let before = stockport.run(["runs", "--json"]).ok().stdout;
    let (mut actual, mut faults) = (String::new(), String::new());
    let home = stockport.home().to_string_lossy().into_owned();
    for line in REFUSED.iter().chain(MEANINGLESS) {
        let args = words(line);
        let run = stockport.run(&args);
        let told = run.stderr.replace(&home, "HOME");
        actual += &format!("$ stockport {line}\n{told}\n");
        let mut fault = |what: &str| faults += &format!("$ stockport {line}: {what}\n{told}\n");
        if run.code != 2 {
            fault(&format!("exit code {}", run.code));
        }
        is_short(&told, &mut fault);
        // In JSON the same, message and hint in one, and nothing else on standard output.
        let wants_json = args.contains(&"--json");
        if !wants_json && !run.stdout.is_empty() {
            fault("it writes to standard output");
        }
        let end = args.iter().position(|arg| *arg == "--").unwrap_or(args.len());
        let mut with_json = args.clone();
        if !wants_json {
            with_json.insert(end, "--json");
        }
        let mut lines = told.lines();
        let mut part = |name: &str| {
            lines
                .next()
                .and_then(|line| line.strip_prefix(name))
                .unwrap_or_default()
        };
        let wanted = format!("{}; {}", part("error: "), part("hint: "));
        let mut run = stockport.run(&with_json);
        run.stdout = run.stdout.replace(&home, "HOME");
        // An option that lacks its value takes the next word for it.
        let swallows = told.contains("needs a value");
        if !swallows && run.json()["error"] != wanted {
            fault(&format!("in JSON it is {}", run.stdout));
        }
    }
    assert_eq!(stockport.run(["runs", "--json"]).ok().stdout, before, "a run was begun");
    assert!(faults.is_empty(), "{faults}");
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/integration/catalogue/usage.txt");
    let wanted = fs::read_to_string(path).unwrap_or_default().replace("\r\n", "\n");
    if actual != wanted {
        let left = Path::new(env!("CARGO_TARGET_TMPDIR")).join("usage.txt");
        fs::write(&left, &actual).unwrap();
        let differs = actual
            .split("\n\n")
            .zip(wanted.split("\n\n").chain(std::iter::repeat("")));
        let (now, then) = differs.into_iter().find(|(a, b)| a != b).unwrap_or(("", "more"));
        panic!(
            "it differs; as it would be: {}\nnow:\n{now}\nthere:\n{then}",
            left.display()
        );
    }
}

#[test]
fn what_is_mistyped_is_told_with_what_comes_nearest() {
    let stockport = Stockport::new();
    for (line, nearest) in [
        ("imprt count.csv", "\"import\""),
        ("backup creat backups", "\"backup create\""),
        ("help imprt", "\"import\""),
        ("import count.csv --dryrun", "--dry-run"),
        ("import count.csv --mode updat", "\"update\""),
        ("export --on-conflict skip", "`stockport migrate` has it"),
    ] {
        let run = stockport.run(words(line)).exit(2);
        assert!(run.stderr.contains(nearest), "{line}: {}", run.stderr);
    }
}
