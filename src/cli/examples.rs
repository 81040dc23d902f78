//! What each command's help shows first: the uses that people come for. A test runs every one of them.
//!
//! Doesn't belong here: sentences about options, which are their doc comments.

/// What for, and the command.
type Example = (&'static str, &'static str);

/// A command's words, and its examples.
pub(super) const EXAMPLES: &[(&[&str], &[Example])] = &[
    (
        &[],
        &[
            ("Try it in a sandbox", "stockport import inventory.xlsx --sandbox"),
            (
                "See what an import would change",
                "stockport import inventory.xlsx --dry-run",
            ),
            ("Export everything to a workbook", "stockport export all.xlsx"),
        ],
    ),
    (
        &["import"],
        &[
            (
                "See what would change; nothing is sent",
                "stockport import inventory.xlsx --dry-run",
            ),
            (
                "Import, read everything back, and compare",
                "stockport import inventory.xlsx --verify",
            ),
            (
                "Resume an interrupted import",
                "stockport import inventory.xlsx --resume",
            ),
        ],
    ),
    (
        &["export"],
        &[
            (
                "Everything; the file's extension decides the format",
                "stockport export inventory.csv",
            ),
            (
                "Some items, some fields",
                "stockport export active.xlsx --where status=Active --fields item_id,quantity",
            ),
            ("To another program", "stockport export - --format jsonl"),
        ],
    ),
    (
        &["inspect"],
        &[
            (
                "See how each column is read, and every problem",
                "stockport inspect inventory.xlsx",
            ),
            (
                "Write a mapping file, to edit and to give to --map",
                "stockport inspect count.csv --save-map map.toml",
            ),
        ],
    ),
    (
        &["template"],
        &[
            ("A workbook to fill in", "stockport template fill-in.xlsx"),
            (
                "The same with what is stored",
                "stockport template filled.xlsx --with-data",
            ),
        ],
    ),
    (
        &["fields"],
        &[
            ("The fields that a column can be mapped to", "stockport fields"),
            ("The same for a program", "stockport fields --json"),
        ],
    ),
    (
        &["convert"],
        &[
            ("A workbook to CSV", "stockport convert inventory.xlsx converted.csv"),
            (
                "To another program",
                "stockport convert inventory.xlsx - --format jsonl",
            ),
        ],
    ),
    (
        &["diff"],
        &[
            ("Two files", "stockport diff inventory.xlsx inventory.csv"),
            (
                "A file and what is stored",
                "stockport diff inventory.xlsx org:sandbox-company",
            ),
        ],
    ),
    (
        &["delete"],
        &[
            (
                "See what would be deleted",
                "stockport delete --where status=OnHold --max-delete 25% --dry-run",
            ),
            ("By id", "stockport delete --ids 1A4FF0100000022000000001 --yes"),
        ],
    ),
    (
        &["login"],
        &[
            (
                "Write the default profile; it asks for what is missing",
                "stockport login --org sandbox-company",
            ),
            (
                "Another one, without a prompt",
                "stockport login --profile main --org sandbox-company --key-file main.key",
            ),
        ],
    ),
    (
        &["doctor"],
        &[
            ("Check everything", "stockport doctor"),
            ("This machine only, without the API", "stockport doctor --offline"),
        ],
    ),
    (
        &["undo"],
        &[
            ("See what undoing the last run would change", "stockport undo --dry-run"),
            ("Undo the last run without a prompt", "stockport undo --yes"),
        ],
    ),
    (
        &["runs"],
        &[
            ("The last runs", "stockport runs"),
            ("Everything that the last one changed", "stockport runs last"),
            ("More of them, for a program", "stockport runs --last 100 --json"),
        ],
    ),
    (
        &["migrate"],
        &[
            (
                "See what would move",
                "stockport migrate --from sandbox-company --to sandbox-branch --dry-run",
            ),
            (
                "Move it",
                "stockport migrate --from sandbox-company --to sandbox-branch",
            ),
            (
                "Compare both again with the certificate",
                "stockport migrate --check moved.json",
            ),
        ],
    ),
    (
        &["backup"],
        &[
            ("Write a snapshot", "stockport backup create backups"),
            ("List the snapshots", "stockport backup list backups"),
            (
                "See what a restore would change",
                "stockport backup restore backups --dry-run",
            ),
        ],
    ),
    (
        &["backup", "create"],
        &[
            ("Write a snapshot", "stockport backup create backups"),
            (
                "The same, and prune old ones",
                "stockport backup create backups --keep-daily 7 --keep-monthly 12",
            ),
        ],
    ),
    (
        &["backup", "list"],
        &[
            ("All snapshots", "stockport backup list backups"),
            ("For a program", "stockport backup list backups --json"),
        ],
    ),
    (
        &["backup", "verify"],
        &[
            ("Compute every hash again", "stockport backup verify backups"),
            (
                "Restore into a temporary sandbox",
                "stockport backup verify backups --drill",
            ),
        ],
    ),
    (
        &["backup", "check"],
        &[(
            "Exit with 4 if last night's backup is missing",
            "stockport backup check backups --max-age 26h",
        )],
    ),
    (
        &["backup", "restore"],
        &[
            ("See what would change", "stockport backup restore backups --dry-run"),
            (
                "Restore, read everything back, and compare",
                "stockport backup restore backups@latest --verify",
            ),
            (
                "One item",
                "stockport backup restore backups --only 1A4FF0100000022000000002",
            ),
        ],
    ),
    (
        &["backup", "prune"],
        &[
            (
                "See what would be removed, and why",
                "stockport backup prune backups --keep-daily 7 --dry-run",
            ),
            (
                "Prune",
                "stockport backup prune backups --keep-daily 7 --keep-monthly 12",
            ),
        ],
    ),
    (
        &["schedule"],
        &[
            (
                "See what would be installed",
                "stockport schedule \"daily 02:00\" -- backup create backups --key-file my.key",
            ),
            (
                "As a cron line",
                "stockport schedule hourly --system cron -- backup verify backups",
            ),
            (
                "On weekdays, as a systemd timer",
                "stockport schedule \"0 2 * * 1-5\" --system systemd -- backup verify backups",
            ),
        ],
    ),
    (
        &["schedule", "list"],
        &[("Everything that is scheduled", "stockport schedule list")],
    ),
    (
        &["config"],
        &[("See what it sets and what is wrong", "stockport config check")],
    ),
    (
        &["config", "check"],
        &[
            ("See what it sets and what is wrong", "stockport config check"),
            ("Ask each profile's API as well", "stockport config check --online"),
            ("For a program", "stockport config check --json"),
        ],
    ),
    (
        &["sandbox"],
        &[
            ("Serve until Ctrl-C; any program may use it", "stockport sandbox"),
            (
                "With an organization of your own",
                "stockport sandbox --org green-valley",
            ),
        ],
    ),
    (
        &["completions"],
        &[
            (
                "For bash; zsh, fish and powershell likewise",
                "stockport completions bash",
            ),
            ("For zsh", "stockport completions zsh"),
        ],
    ),
    (
        &["man"],
        &[
            ("A command's page", "stockport man import"),
            ("All pages, into a folder", "stockport man --dir man1"),
        ],
    ),
    (
        &["help"],
        &[
            ("The options of a command", "stockport help import"),
            ("A topic", "stockport help mapping"),
        ],
    ),
];
