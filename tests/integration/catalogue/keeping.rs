//! What is kept on this machine: journals, locks, plans, snapshots, schedules.

use std::io;
use std::time::Duration;

use stockport::config::folder::NoHome;
use stockport::delete::DeleteError;
use stockport::journal::JournalError;
use stockport::migrate::MigrateError;
use stockport::review::ReviewError;
use stockport::runs::{LockError, Maybe, RunError};
use stockport::schedule::{ScheduleError, System};
use stockport::shard::ShardError;
use stockport::sheet::write::WriteError;
use stockport::snapshot::{Fault, SnapshotError};

use super::{Catalogue, variants};

variants!(journal of JournalError as "JournalError": Create, Thread, Read, Damaged, Newer, Foreign, Store, Stopped);
variants!(migrate of MigrateError as "MigrateError": Same, Empty, Absent, Collision, IdMap, Conflicts, Certificate, OtherApi, OtherIds);
variants!(shard of ShardError as "ShardError": NoIndex, Beyond);
variants!(run of RunError as "RunError":
    NoSuch, Ambiguous, NothingToUndo, Busy, Unreadable, Hidden, Folder, NoRun, Undone, Mismatch, Elsewhere, OrganizationCutShort, OrganizationShrunken,
);
variants!(lock of LockError as "LockError": Held, Io);
variants!(review of ReviewError as "ReviewError": Io, Sheet, NoPlan, Mismatch, Changed);
variants!(delete of DeleteError as "DeleteError": NobodyToAsk, NoIds, TooMany);
variants!(schedule of ScheduleError as "ScheduleError":
    NoTime, Cannot, NoName, NoKey, NoOrganization, Misplaced, Unwritable, Fails, Exists, NoSuch, NoHome, File, Absent, Program, TimeLimit,
);
variants!(snapshot of SnapshotError as "SnapshotError":
    Write, File, Temporary, Damaged, NoSnapshot, NoSuch, NoneBefore, NoDate, Several, OtherOrganization, LongName, Locked,
    Interrupted, Empty, Shrunken, NotAFolder, NoItem, NoHistory, NoPolicy,
    Part, Newer, Unreadable, NewestUnknown, BegunWith, OnlySafety,
);

fn denied() -> io::Error {
    io::Error::from(io::ErrorKind::PermissionDenied)
}

#[expect(clippy::too_many_lines, reason = "a table, an entry an error")]
pub(super) fn add(all: &mut Catalogue) {
    let path = || "/home/ana/.local/state/stockport/runs/2026-11-23T02-00-00.123Z-42.sqlite".into();
    let run = || "2026-11-23T02-00-00.123Z-42".to_owned();
    let org = || "green-valley".to_owned();
    all.take(vec![
        JournalError::Create {
            path: path(),
            cause: denied(),
        },
        JournalError::Thread(std::io::Error::from(std::io::ErrorKind::WouldBlock)),
        JournalError::Read {
            path: path(),
            cause: denied(),
        },
        JournalError::Damaged {
            path: path(),
            what: "it was truncated or overwritten".to_owned(),
        },
        JournalError::Newer(path()),
        JournalError::Foreign(path()),
        JournalError::Store {
            path: path(),
            cause: rusqlite::Error::SqliteFailure(rusqlite::ffi::Error::new(13), None),
        },
        JournalError::Stopped {
            path: path(),
            cause: "database or disk is full".to_owned(),
        },
    ]);
    all.take(vec![
        RunError::NoSuch(run()),
        RunError::Ambiguous {
            name: "2026-11-23".to_owned(),
            runs: vec![run(), "2026-11-23T01-00-00.123Z-41".to_owned()],
        },
        RunError::NothingToUndo {
            run: run(),
            command: "export".to_owned(),
        },
        RunError::Busy(run()),
        RunError::Unreadable {
            run: run(),
            why: "it is damaged: the file is empty".to_owned(),
            hint: "check the file and its permissions".to_owned(),
        },
        RunError::Hidden {
            run: run(),
            maybe: Maybe::LAST,
            why: "it is damaged: the file is empty".to_owned(),
        },
        RunError::Hidden {
            run: run(),
            maybe: Maybe::RESTORE,
            why: "it is damaged: the file is empty".to_owned(),
        },
        RunError::Folder {
            folder: "/home/ana/.local/state/stockport/runs".into(),
            cause: denied(),
        },
        RunError::NoRun("undo"),
        RunError::Undone {
            run: run(),
            undo: run(),
            redo: format!("stockport undo {} --org green-valley", run()),
            next: Some(format!("stockport undo {} --org green-valley", run())),
        },
        RunError::Undone {
            run: run(),
            undo: run(),
            redo: format!("stockport undo {} --org green-valley", run()),
            next: None,
        },
        RunError::Mismatch {
            run: run(),
            why: "count.xlsx has changed since".to_owned(),
        },
        RunError::Elsewhere {
            run: run(),
            why: "it wrote to the organization green-valley".to_owned(),
        },
        RunError::OrganizationCutShort {
            org: "green-val".to_owned(),
            known: org(),
        },
        RunError::OrganizationShrunken {
            org: org(),
            now: 0,
            before: 12_000,
        },
        RunError::OrganizationShrunken {
            org: org(),
            now: 400,
            before: 12_000,
        },
    ]);
    all.take(vec![
        LockError::Held {
            org: org(),
            holder: "an import, process 4711, since 2026-11-23 02:00:00".to_owned(),
        },
        LockError::Io {
            path: "/home/ana/.local/state/stockport/runs/green-valley.lock".into(),
            cause: denied(),
        },
    ]);
    all.take(vec![
        ReviewError::Io {
            path: "plan.json".into(),
            cause: io::Error::from(io::ErrorKind::NotFound),
        },
        ReviewError::Sheet("plan.xlsx".into()),
        ReviewError::NoPlan {
            path: "plan.json".into(),
            what: "it ends too early".to_owned(),
        },
        ReviewError::Mismatch {
            path: "plan.json".into(),
            why: "it is for the organization green-valley".to_owned(),
        },
        ReviewError::Changed {
            ids: ["A1", "A2", "A3"].map(str::to_owned).to_vec(),
            count: 3,
        },
    ]);
    all.take(vec![
        MigrateError::Same {
            org: org(),
            place: "https://console.cannlytics.com/api".to_owned(),
        },
        MigrateError::Empty(org()),
        MigrateError::Absent {
            org: org(),
            ids: (1..=14).map(|n| format!("1A4FF01000000220000000{n:02}")).collect(),
        },
        MigrateError::Collision {
            ids: ["A1", "B1"].map(str::to_owned),
        },
        MigrateError::IdMap {
            path: "ids.csv".into(),
            why: "line 3 has no second id".to_owned(),
        },
        MigrateError::Conflicts {
            org: org(),
            count: 120,
            named: (1..=10)
                .map(|n| format!("1A4FF01000000220000000{n:02}: quantity 12 → 10.5, name \"Kush\" → \"Kush 2\""))
                .collect(),
        },
        MigrateError::Certificate {
            path: "moved.json".into(),
            why: "its items don't match its hash: the file was changed or truncated".to_owned(),
        },
        MigrateError::OtherApi {
            org: org(),
            api: "https://inventory.example.com/api".to_owned(),
            given: "https://console.cannlytics.com/api".to_owned(),
        },
        MigrateError::OtherIds {
            org: org(),
            count: 110,
            run: "2026-11-28T11-15-52.123Z-42".to_owned(),
            id: "N-1A4FF0100000022000000001".to_owned(),
            option: "--id-prefix N-".to_owned(),
        },
    ]);
    all.take(vec![
        ShardError::NoIndex {
            of: 4,
            state: "isn't set".to_owned(),
        },
        ShardError::Beyond { index: 7, of: 4 },
    ]);
    all.take(vec![
        DeleteError::NobodyToAsk,
        DeleteError::NoIds,
        DeleteError::TooMany {
            count: 120,
            held: 1_000,
        },
    ]);
    all.take(vec![
        ScheduleError::NoTime("dayly 02:00".to_owned(), String::new()),
        ScheduleError::Cannot {
            system: System::Cron,
            what: "the last day of a month".to_owned(),
        },
        ScheduleError::NoName("a/b".to_owned()),
        ScheduleError::NoKey,
        ScheduleError::NoOrganization,
        ScheduleError::Misplaced("profile".to_owned()),
        ScheduleError::Unwritable("SSL_CERT_DIR".to_owned(), "is not UTF-8 text"),
        ScheduleError::Fails {
            system: System::Cron,
            why: "the command `mypass` that prints the key ended with exit status: 127".to_owned(),
            hint: "run it by itself to see why".to_owned(),
        },
        ScheduleError::Exists("backup-create".to_owned()),
        ScheduleError::NoSuch("bakcup".to_owned()),
        ScheduleError::NoHome(NoHome),
        ScheduleError::File {
            path: "/home/ana/.config/systemd/user/stockport-backup-create.timer".into(),
            doing: "written",
            cause: denied(),
        },
        ScheduleError::Absent {
            system: System::Cron,
            program: "crontab",
        },
        ScheduleError::Program {
            program: "systemctl --user daemon-reload".to_owned(),
            why: "no bus was found".to_owned(),
        },
        ScheduleError::TimeLimit(Duration::from_secs(43_200)),
    ]);
    let folder = || "backups/green-valley".into();
    let name = || "2026-11-23T02-00-00Z".to_owned();
    all.take(vec![
        SnapshotError::Write(WriteError::NoFolder("backups".into())),
        SnapshotError::File {
            path: folder(),
            doing: "read",
            cause: denied(),
        },
        SnapshotError::Temporary(io::Error::from(io::ErrorKind::StorageFull)),
        SnapshotError::Damaged {
            snapshot: "backups/green-valley/2026-11-23T02-00-00Z.jsonl.zst".to_owned(),
            what: "its SHA-256 is not the manifest's".to_owned(),
        },
        SnapshotError::NoSnapshot("backups".into()),
        SnapshotError::NoSuch {
            name: name(),
            folder: folder(),
        },
        SnapshotError::NoneBefore {
            when: "2026-11-01".to_owned(),
            folder: folder(),
            oldest: name(),
        },
        SnapshotError::NoDate("yesterday".to_owned()),
        SnapshotError::Several {
            dir: "backups".into(),
            orgs: vec!["north".to_owned(), "south".to_owned()],
        },
        SnapshotError::OtherOrganization {
            folder: "backups/GREEN-VALLEY".into(),
            other: org(),
        },
        SnapshotError::LongName,
        SnapshotError::Locked {
            folder: folder(),
            holder: " (process 4711, since 2026-11-23T02:00:00Z)".to_owned(),
        },
        SnapshotError::Interrupted,
        SnapshotError::Empty {
            org: org(),
            name: name(),
            known: Some(12_000),
        },
        SnapshotError::Empty {
            org: org(),
            name: name(),
            known: None,
        },
        SnapshotError::Shrunken {
            org: org(),
            count: 400,
            name: name(),
            known: 12_000,
        },
        SnapshotError::NotAFolder("backups/green-valley/2026-11-23T02-00-00Z.jsonl.zst".into()),
        SnapshotError::NoItem {
            id: "A1".to_owned(),
            name: name(),
        },
        SnapshotError::NoHistory {
            org: org(),
            id: "a1".to_owned(),
            read: 12,
            near: Vec::new(),
        },
        SnapshotError::NoHistory {
            org: org(),
            id: "a1".to_owned(),
            read: 1,
            near: vec!["A1".to_owned(), "0A1".to_owned()],
        },
        SnapshotError::Part(name(), "the items that meet status=Active".to_owned()),
        SnapshotError::NoPolicy,
        SnapshotError::Newer {
            snapshot: "backups/green-valley/2026-11-23T02-00-00Z".to_owned(),
            format: 2,
        },
        SnapshotError::Unreadable {
            snapshot: "backups/green-valley/2026-11-23T02-00-00Z".to_owned(),
            why: "permission denied".to_owned(),
        },
        SnapshotError::NewestUnknown {
            hidden: "backups/green-valley/2026-11-23T02-00-00Z".to_owned(),
            fault: Fault::Damaged("its manifest has changed since it was written".to_owned()),
            choice: "backups/green-valley/2026-11-22T02-00-00Z".into(),
        },
        SnapshotError::NewestUnknown {
            hidden: "backups/green-valley/2026-11-23T02-00-00Z".to_owned(),
            fault: Fault::Newer(2),
            choice: "backups/green-valley/2026-11-22T02-00-00Z".into(),
        },
        SnapshotError::BegunWith {
            run: run(),
            snapshot: "/srv/backups/green-valley/2026-11-23T02-00-00Z".to_owned(),
            why: "is gone",
        },
        SnapshotError::OnlySafety("backups/green-valley".into()),
    ]);
    let full = SnapshotError::File {
        path: folder(),
        doing: "written",
        cause: io::Error::from(io::ErrorKind::StorageFull),
    };
    all.also("SnapshotError::File, a full disk", full);
}
