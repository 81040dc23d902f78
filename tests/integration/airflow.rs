//! The DAG under `samples/airflow`: it is loaded with a stand-in for Airflow, and its tasks run the real binary.

use std::fs;
use std::process::Command;

use clap::CommandFactory as _;
use serde_json::json;
use stockport::cli::Cli;

use crate::readme::root;
use crate::support::Stockport;
use crate::support::faulty::Faulty;

const ORG: &str = "sandbox-company";

/// What the DAG uses of Airflow: a task runs where it stands in the DAG, and `>>` puts one after the other.
const DECORATORS: &str = "
class Task:
    def __init__(self, name):
        self.name = name
    def __rshift__(self, other):
        print('order', self.name, other.name)
        return other

def task(function):
    def call():
        import airflow.exceptions
        try:
            print('task', function.__name__, 'done', function() != {})
        except airflow.exceptions.AirflowException as error:
            print('task', function.__name__, type(error).__name__, error)
        return Task(function.__name__)
    return call

def dag(**settings):
    assert settings['max_active_runs'] == 1 and settings['catchup'] is False
    return lambda function: function
";

const EXCEPTIONS: &str = "
class AirflowException(Exception): pass
class AirflowFailException(AirflowException): pass
";

/// Runs the DAG, and gives what its stand-in for Airflow says.
fn dag(stockport: &Stockport) -> String {
    let package = stockport.path("airflow");
    fs::create_dir_all(&package).unwrap();
    for (name, content) in [
        ("__init__.py", ""),
        ("decorators.py", DECORATORS),
        ("exceptions.py", EXCEPTIONS),
    ] {
        fs::write(package.join(name), content).unwrap();
    }
    let sample = fs::read_to_string(root().join("samples/airflow/stockport_backup.py")).unwrap();
    let binary = serde_json::to_string(env!("CARGO_BIN_EXE_stockport")).unwrap();
    let sample = sample.replace("COMMAND = [\"stockport\"]", &format!("COMMAND = [{binary}]"));
    let sample = sample.replace("BACKUPS = \"/backups\"", "BACKUPS = \"backups\"");
    stockport.write("stockport_backup.py", sample);
    let as_usual = stockport.command([] as [&str; 0]);
    let run = Command::new("python3")
        .arg("stockport_backup.py")
        .current_dir(as_usual.get_current_dir().unwrap())
        .envs(as_usual.get_envs().filter_map(|(name, value)| Some((name, value?))))
        .output()
        .unwrap();
    assert!(run.status.success(), "{}", String::from_utf8_lossy(&run.stderr));
    String::from_utf8(run.stdout).unwrap()
}

#[test]
fn the_dag_backs_up_then_verifies_and_only_tries_again_what_another_attempt_can_change() {
    if Command::new("python3").arg("--version").output().is_err() {
        println!("skipped: there is no python3 to load the DAG of samples/airflow");
        return;
    }
    let server = Faulty::new();
    server.put(ORG, &json!({"item_id": "A1", "name": "Kush"}));
    let stockport = Stockport::new().at_faulty(&server, ORG);
    let said = dag(&stockport);
    assert_eq!(
        said,
        "task create done True\ntask verify done True\norder create verify\n"
    );
    // Damage is for people.
    let folder = stockport.path("backups").join(ORG);
    for entry in fs::read_dir(&folder).unwrap() {
        let path = entry.unwrap().path();
        if path.to_string_lossy().ends_with(".zst") {
            fs::write(path, "damage").unwrap();
        }
    }
    let said = dag(&stockport);
    assert!(said.contains("task create done True\n"), "{said}");
    assert!(
        said.contains("task verify AirflowFailException stockport ended with exit code 4: "),
        "{said}"
    );
    // A key may be right again at the next attempt.
    let stockport = stockport.env("CANNLYTICS_API_KEY", "wrong");
    let said = dag(&stockport);
    assert!(
        said.contains("task create AirflowException stockport ended with exit code 1: "),
        "{said}"
    );
}

#[test]
fn its_command_lines_are_ones() {
    let sample = fs::read_to_string(root().join("samples/airflow/stockport_backup.py")).unwrap();
    let mut count = 0;
    for line in sample
        .lines()
        .filter_map(|line| line.trim().strip_prefix("return stockport("))
    {
        let args = line.trim_end_matches(')').replace("BACKUPS", "\"/backups\"");
        let args: Vec<String> = serde_json::from_str(&format!("[{args}]")).unwrap();
        let line = ["stockport".to_owned()].into_iter().chain(args);
        Cli::command().try_get_matches_from(line).unwrap();
        count += 1;
    }
    assert_eq!(count, 2);
}
