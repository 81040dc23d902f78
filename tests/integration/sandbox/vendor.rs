//! The vendor's documentation itself, where a copy of it stands beside this crate: its Python is run as it is printed,
//! but for the base and the organization, and its answers are compared with what the page says.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::{Value, json};

use super::COMPANY;
use crate::support::TestSandbox;

/// The page's Python: the part before each block of JavaScript, as one program.
fn program(page: &str) -> String {
    let mut program = String::new();
    let mut inside = false;
    for line in page.lines() {
        if line.starts_with("import os") || line.starts_with("# ") {
            inside = true;
        } else if line.starts_with("const axios") || line.starts_with("//") {
            inside = false;
        }
        if inside {
            program.push_str(line);
            program.push('\n');
        }
    }
    program
}

/// The answers that the page expects, as it prints them for Python: the first of each two.
fn expected(page: &str) -> Vec<String> {
    let mut answers: Vec<String> = Vec::new();
    let mut open = false;
    for line in page.lines() {
        if line.starts_with('{') {
            answers.push(String::new());
            open = true;
        }
        if open && let Some(answer) = answers.last_mut() {
            answer.push_str(line);
            answer.push('\n');
        }
        open &= !(line.starts_with('}') || line.starts_with('{') && line.ends_with('}'));
    }
    answers.into_iter().step_by(2).collect()
}

fn python(dir: &Path, args: &[&str], key: &str, input: &str) -> Option<String> {
    use std::io::Write as _;
    let mut child = Command::new("python3")
        .args(args)
        .current_dir(dir)
        .env("CANNLYTICS_API_KEY", key)
        .env("NO_PROXY", "*")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .ok()?;
    child.stdin.take()?.write_all(input.as_bytes()).ok()?;
    let output = child.wait_with_output().ok()?;
    output
        .status
        .success()
        .then(|| String::from_utf8_lossy(&output.stdout).into_owned())
}

/// Python's literals as JSON.
fn as_json(dir: &Path, literals: &[String]) -> Vec<Value> {
    let script = "import ast, json, sys\n\
                  print(json.dumps([ast.literal_eval(text) for text in sys.stdin.read().split(chr(0))]))";
    let text = python(dir, &["-c", script], "", &literals.join("\0")).expect("the answers are Python's literals");
    serde_json::from_str(&text).unwrap()
}

/// Without what the server adds, which the page doesn't show.
fn without_additions(mut answer: Value) -> Value {
    let strip = |item: &mut Value| {
        if let Some(item) = item.as_object_mut() {
            for added in ["id", "updated_at", "updated_by"] {
                item.remove(added);
            }
        }
    };
    match &mut answer["data"] {
        Value::Array(items) => items.iter_mut().for_each(strip),
        item => strip(item),
    }
    answer
}

#[test]
fn the_vendors_python_runs_against_the_sandbox_and_gets_the_documented_answers() {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/seeds/inventory-endpoint.txt");
    let Ok(page) = fs::read_to_string(page) else {
        println!("skipped: the vendor's page isn't there");
        return;
    };
    let dir = tempfile::tempdir().unwrap();
    if python(dir.path(), &["-c", "import requests"], "", "").is_none() {
        println!("skipped: python3 with requests isn't installed");
        return;
    }
    if python(dir.path(), &["-c", "import dotenv"], "", "").is_none() {
        // The page reads its key from the environment that this fills, which is filled already.
        fs::write(dir.path().join("dotenv.py"), "def load_dotenv(path): pass\n").unwrap();
    }
    let sandbox = TestSandbox::new();
    let (base, org) = ("'https://console.cannlytics.com/api'", "'test-company'");
    let program = program(&page);
    assert!(program.contains(base) && program.contains(org));
    let program = program
        .replace(base, &format!("'{}'", sandbox.sandbox.url()))
        .replace(org, &format!("'{COMPANY}'"));
    fs::write(dir.path().join("page.py"), program).unwrap();
    let key = sandbox.sandbox.key_for(COMPANY).unwrap();
    let printed = python(dir.path(), &["page.py"], key, "").expect("the page's program runs");
    let answers: Vec<String> = printed
        .lines()
        .map(|line| line.strip_prefix("Response: ").expect(line).to_owned())
        .collect();
    let expected = as_json(dir.path(), &expected(&page));
    assert_eq!(expected.len(), 4, "create, get, update, delete");
    assert_eq!(expected[3], json!({"success": true, "data": []}));
    let answers: Vec<Value> = as_json(dir.path(), &answers)
        .into_iter()
        .map(without_additions)
        .collect();
    assert_eq!(answers, expected);
    assert_eq!(sandbox.sandbox.store().count(COMPANY).unwrap(), 0);
}
