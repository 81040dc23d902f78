//! The text for each system: quotation, escapes, well-formed documents.

use std::path::Path;

use quick_xml::events::Event;
use stockport::schedule::{Job, ScheduleError, System};

use super::times::{job, text};

/// Words that each system has a sign of its own for.
const HARD: [&str; 12] = [
    "my dir",
    "50% of $X ${Y} %h %n",
    "it's",
    "say \"hi\"",
    "a\\",
    "a b\\",
    "\\\"x\\\\\"",
    "",
    "<a&b>",
    "Grün 麻 …",
    "a;b|c>d`e`(f)!^",
    "-- # x",
];

fn hard(system: System) -> Job {
    let args = ["backup", "create"]
        .into_iter()
        .chain(HARD)
        .map(str::to_owned)
        .collect();
    Job {
        args,
        env: vec![("STOCKPORT_ORG".to_owned(), "a \"b\" 'c' 5% $D <&> \\".to_owned())],
        ..job("daily 02:00", system)
    }
}

/// The texts of the elements with this name.
fn elements(document: &str, name: &str) -> Vec<String> {
    let mut reader = quick_xml::Reader::from_str(document);
    reader.config_mut().check_end_names = true;
    let (mut found, mut inside) = (Vec::new(), false);
    loop {
        match reader.read_event().unwrap() {
            Event::Start(start) if start.name().as_ref() == name => {
                inside = true;
                found.push(String::new());
            }
            Event::End(_) => inside = false,
            Event::Text(part) if inside => *found.last_mut().unwrap() += &part,
            Event::GeneralRef(part) if inside => {
                let escaped = format!("&{};", &*part);
                *found.last_mut().unwrap() += &quick_xml::escape::unescape(&escaped).unwrap();
            }
            Event::Eof => return found,
            _ => {}
        }
    }
}

/// The words of a command line, as `CommandLineToArgvW` splits one after the program's name.
fn windows_words(line: &str) -> Vec<String> {
    let (mut words, mut word, mut quoted, mut backslashes) = (Vec::new(), None::<String>, false, 0);
    for c in line.chars().chain([' ']) {
        if c == '\\' {
            backslashes += 1;
            continue;
        }
        let kept = if c == '"' { backslashes / 2 } else { backslashes };
        if backslashes > 0 {
            word.get_or_insert_default().push_str(&"\\".repeat(kept));
        }
        let is_literal = std::mem::take(&mut backslashes) % 2 == 1;
        match c {
            '"' if is_literal => word.get_or_insert_default().push('"'),
            '"' => {
                quoted = !quoted;
                word.get_or_insert_default();
            }
            ' ' | '\t' if !quoted => words.extend(word.take()),
            c => word.get_or_insert_default().push(c),
        }
    }
    assert!(!quoted, "{line}");
    words
}

#[test]
fn a_task_of_windows_is_xml_in_ascii_whose_words_are_the_commands() {
    let job = hard(System::Windows);
    // Windows would replace what stands between two percent signs.
    let refused = job.texts().unwrap_err();
    assert!(refused.to_string().contains("percent"), "{refused}");
    let mut job = job;
    job.args[3] = "50% of $X".to_owned();
    let task = text(&job);
    assert!(
        task.is_ascii() && !task.lines().next().unwrap().contains("encoding"),
        "{task}"
    );
    assert_eq!(elements(&task, "Command"), ["/opt/my tools/stockport"]);
    assert_eq!(elements(&task, "WorkingDirectory"), ["/home/me"]);
    assert_eq!(windows_words(&elements(&task, "Arguments")[0]), job.words());
    for (name, value) in [
        ("StartWhenAvailable", "true"),
        ("MultipleInstancesPolicy", "IgnoreNew"),
        ("ExecutionTimeLimit", "PT43200S"),
        ("LogonType", "InteractiveToken"),
    ] {
        assert_eq!(elements(&task, name), [value]);
    }
    let long = "x".repeat(5_000);
    job.args.push(long.clone());
    assert!(text(&job).contains(&long));
}

#[test]
fn an_agent_of_launchd_is_a_list_whose_words_are_the_commands() {
    let job = hard(System::Launchd);
    let list = text(&job);
    let strings = elements(&list, "string");
    let words: Vec<String> = std::iter::once(job.program.clone()).chain(job.words()).collect();
    assert!(strings.windows(words.len()).any(|part| part == words), "{list}");
    assert!(strings.contains(&job.env[0].1) && strings.contains(&"/home/me".to_owned()));
    assert!(words.contains(&"--time-limit".to_owned()));
    let keys = elements(&list, "key");
    for key in ["Label", "WorkingDirectory", "StartCalendarInterval", "STOCKPORT_ORG"] {
        assert!(keys.iter().any(|known| known == key), "{key}");
    }
}

#[test]
fn words_reach_systemd_as_they_are() {
    let mut job = job("daily 02:00", System::Systemd);
    job.program = "/opt/$my 5% \"tools\"/stockport".into();
    job.args = ["backup", "create", "my dir", "mail -s \"50% of $X\" me", "a\\"]
        .map(str::to_owned)
        .to_vec();
    job.env = vec![("A".to_owned(), "\"$5%\\".to_owned())];
    let service = text(&job);
    for line in [
        r#"ExecStart="/opt/$my 5%% \"tools\"/stockport" "schedule" "run" "nightly" "--" "backup" "create" "my dir" "mail -s \"50%% of $$X\" me" "a\\""#,
        r#"Environment="A=\"$5%%\\""#,
        "TimeoutStartSec=43200",
        "Persistent=true",
    ] {
        assert!(service.lines().any(|known| known == line), "{line}\n{service}");
    }
    for folder in ["/home/me\\", "/home/me "] {
        job.folder = folder.to_owned();
        assert!(matches!(job.texts(), Err(ScheduleError::Cannot { .. })), "{folder:?}");
    }
}

#[cfg(unix)]
#[test]
fn words_reach_the_shell_of_cron_as_they_are() {
    let folder = tempfile::tempdir().unwrap();
    let program = folder.path().join("it's a 'program'");
    std::fs::write(
        &program,
        "#!/bin/sh\nprintf '%s\\n' \"$STOCKPORT_ORG\" \"$PWD\" \"$@\"\n",
    )
    .unwrap();
    let executable = std::os::unix::fs::PermissionsExt::from_mode(0o755);
    std::fs::set_permissions(&program, executable).unwrap();
    let here = folder.path().join("100% of $HOME");
    std::fs::create_dir(&here).unwrap();
    let job = Job {
        program: program.to_str().unwrap().to_owned(),
        folder: here.to_str().unwrap().to_owned(),
        ..hard(System::Cron)
    };
    let line = job.texts().unwrap().remove(0).1;
    let command = line.splitn(6, ' ').nth(5).unwrap();
    assert!(
        command.replace("\\%", "").find('%').is_none(),
        "cron ends the command at a percent sign: {line}"
    );
    let ran = std::process::Command::new("sh")
        .arg("-c")
        .arg(command.replace("\\%", "%"))
        .output()
        .unwrap();
    let printed = String::from_utf8(ran.stdout).unwrap();
    let wanted: Vec<String> = [job.env[0].1.clone(), job.folder.clone()]
        .into_iter()
        .chain(job.words())
        .collect();
    assert_eq!(
        printed.trim_end_matches('\n').split('\n').collect::<Vec<_>>(),
        wanted,
        "{line}"
    );
    let long = Job {
        args: vec!["x".repeat(1_000)],
        ..job
    };
    let refused = long.texts().unwrap_err();
    assert!(refused.to_string().contains("bytes"), "{refused}");
}

#[test]
fn what_no_system_takes_is_refused_by_name() {
    let good = job("daily 02:00", System::Systemd);
    assert!(good.check().is_ok());
    for text in ["a\nb", "a\rb", "a\u{1}b", "a\u{7f}", "\u{85}", "\u{FFFE}"] {
        let mut bad = good.clone();
        bad.args.push(text.to_owned());
        assert!(matches!(bad.check(), Err(ScheduleError::Control(_))), "{text:?}");
        let mut bad = good.clone();
        bad.env.push(("SSL_CERT_DIR".to_owned(), text.to_owned()));
        let refused = bad.check().unwrap_err().to_string();
        assert!(refused.starts_with("SSL_CERT_DIR "), "{refused}");
        let mut bad = good.clone();
        bad.folder = text.to_owned();
        assert!(bad.check().is_err(), "{text:?}");
    }
    for name in ["", "a b", "../x", "a.b", "ü", &"a".repeat(101)] {
        let bad = Job {
            name: name.to_owned(),
            ..good.clone()
        };
        assert!(matches!(bad.check(), Err(ScheduleError::NoName(_))), "{name}");
    }
    assert!(!Path::new(&good.program).exists(), "nothing was run");
}
