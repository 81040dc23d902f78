//! The config file: profiles, what overrules them, and where a key may travel.

use std::fs;

use serde_json::{Value, json};

use crate::backup::{ORG, fill};
use crate::support::{Stockport, TestSandbox};

const BRANCH: &str = "sandbox-branch";

pub(crate) fn write_key(stockport: &Stockport, name: &str, key: &str) {
    let path = stockport.write(name, format!("{key}\n"));
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        fs::set_permissions(path, fs::Permissions::from_mode(0o600)).unwrap();
    }
    #[cfg(not(unix))]
    drop(path);
}

/// A config with a profile for each of a sandbox's organizations.
fn configured(server: &TestSandbox) -> Stockport {
    let stockport = Stockport::new();
    for org in [ORG, BRANCH] {
        write_key(&stockport, &format!("{org}.key"), server.sandbox.key_for(org).unwrap());
    }
    let url = server.sandbox.url();
    let config = format!(
        "profile = \"main\"\n\n[profiles.main]\napi = \"{url}\"\norg = \"{ORG}\"\nkey_file = \"{ORG}.key\"\n\n\
         [profiles.branch]\napi = \"{url}/\"\norg = \"{BRANCH}\"\nkey_file = \"{BRANCH}.key\"\n"
    );
    stockport.write("config.toml", config);
    stockport.env("STOCKPORT_CONFIG", "config.toml")
}

fn source(stockport: &Stockport, args: &[&str]) -> Value {
    let args = ["export", "out.jsonl", "--force", "--json"].iter().chain(args);
    stockport.run(args).ok().json()["source"].clone()
}

#[test]
fn a_profile_gives_api_organization_and_key() {
    let server = TestSandbox::new();
    let stockport = configured(&server);
    assert_eq!(source(&stockport, &[]), ORG);
    assert_eq!(source(&stockport, &["--profile", "branch"]), BRANCH);
    let run = stockport.run(["export", "-", "--profile", "brnch"]).exit(2);
    assert!(run.stderr.contains("the nearest is \"branch\""), "{}", run.stderr);
}

#[test]
fn flags_go_before_the_environment_the_environment_before_dot_env_and_all_before_the_profile() {
    let server = TestSandbox::new();
    let (main, branch) = (
        server.sandbox.key_for(ORG).unwrap(),
        server.sandbox.key_for(BRANCH).unwrap(),
    );
    let stockport = configured(&server);
    // The branch's key is good for the branch alone, so that who wins shows in the answer.
    stockport.write(".env", format!("CANNLYTICS_API_KEY={branch}\n"));
    stockport.run(["export", "-"]).exit(1);
    assert_eq!(source(&stockport, &["--org", BRANCH]), BRANCH);
    let stockport = stockport.env("CANNLYTICS_API_KEY", main);
    assert_eq!(source(&stockport, &[]), ORG);
    stockport
        .run(["export", "-", "--key-file", "sandbox-branch.key"])
        .exit(1);
    let stockport = stockport.env("STOCKPORT_ORG", BRANCH);
    assert_eq!(source(&stockport, &[]), BRANCH);
    assert_eq!(source(&stockport, &["--org", ORG]), ORG);
    let stockport = stockport.env("CANNLYTICS_API_URL", "http://127.0.0.1:9/api");
    stockport.run(["export", "-", "--retries", "0"]).exit(1);
    assert_eq!(source(&stockport, &["--api", server.sandbox.url()]), BRANCH);
}

#[test]
fn a_profiles_key_travels_to_its_own_host_alone() {
    let server = TestSandbox::new();
    let other = TestSandbox::new();
    let stockport = configured(&server);
    let run = stockport.run(["export", "-", "--api", other.sandbox.url()]).exit(1);
    assert!(run.stderr.contains("belongs to http://127.0.0.1"), "{}", run.stderr);
    let key = other.sandbox.key_for(ORG).unwrap();
    let stockport = stockport.env("CANNLYTICS_API_KEY", key);
    assert_eq!(source(&stockport, &["--api", other.sandbox.url()]), ORG);
}

#[cfg(unix)]
#[test]
fn a_key_file_that_others_can_read_is_refused() {
    use std::os::unix::fs::PermissionsExt as _;
    let server = TestSandbox::new();
    let stockport = configured(&server);
    for mode in [0o640, 0o604] {
        fs::set_permissions(stockport.path("sandbox-company.key"), fs::Permissions::from_mode(mode)).unwrap();
        let run = stockport.run(["export", "-"]).exit(1);
        assert!(
            run.stderr.contains("can be read by others") && run.stderr.contains("chmod 600"),
            "{}",
            run.stderr
        );
        let check = stockport.run(["config", "check", "--json"]).exit(1).json();
        assert!(
            check["profiles"][0]["problem"].as_str().unwrap().contains("by others"),
            "{check}"
        );
        assert!(check["profiles"][1]["problem"].is_null());
    }
}

#[test]
fn a_command_may_print_the_key() {
    let server = TestSandbox::new();
    let stockport = configured(&server);
    let url = server.sandbox.url();
    let key = server.sandbox.key_for(ORG).unwrap();
    let config = format!("[profiles.default]\napi = \"{url}\"\norg = \"{ORG}\"\nkey_command = \"echo {key}\"\n");
    stockport.write("config.toml", config);
    assert_eq!(source(&stockport, &[]), ORG);
    stockport.write(
        "config.toml",
        format!("[profiles.default]\napi = \"{url}\"\norg = \"{ORG}\"\nkey_command = \"exit 7\"\n"),
    );
    let run = stockport.run(["export", "-"]).exit(1);
    assert!(run.stderr.contains("key_command"), "{}", run.stderr);
}

#[test]
fn the_file_is_checked_and_its_faults_have_a_line() {
    let server = TestSandbox::new();
    let stockport = configured(&server);
    let run = stockport.run(["config", "check"]).ok();
    assert!(
        run.stdout.contains("profile main (the default)") && run.stdout.contains(BRANCH),
        "{}",
        run.stdout
    );
    assert!(!run.stdout.contains(server.sandbox.key_for(ORG).unwrap()));
    stockport.write("config.toml", "[profiles.main]\norgg = \"x\"\n");
    for args in [["config", "check"], ["export", "-"]] {
        let run = stockport.run(args).exit(1);
        assert!(
            run.stderr.contains("line 2") && run.stderr.contains("the nearest is \"org\""),
            "{}",
            run.stderr
        );
    }
    stockport.write("config.toml", "[profiles.main]\nkey = \"s3cret\"\n");
    let run = stockport.run(["config", "check"]).exit(1);
    assert!(
        !run.stderr.contains("s3cret") && run.stderr.contains("key_file"),
        "{}",
        run.stderr
    );
    fs::remove_file(stockport.path("config.toml")).unwrap();
    stockport.run(["config", "check"]).exit(1);
    let nobody = Stockport::new();
    let check = nobody.run(["config", "check", "--json"]).ok().json();
    assert_eq!((&check["exists"], &check["profiles"]), (&json!(false), &json!([])));
    nobody.run(["export", "-", "--profile", "x"]).exit(2);
}

#[test]
fn every_profile_is_backed_up_with_its_own_key() {
    let server = TestSandbox::new();
    fill(&server, ORG, 3);
    fill(&server, BRANCH, 4);
    let main = server.sandbox.key_for(ORG).unwrap();
    // What the environment says is meant for one organization, not for each.
    let stockport = configured(&server)
        .env("STOCKPORT_ORG", ORG)
        .env("CANNLYTICS_API_KEY", "wrong");
    let document = stockport
        .run(["backup", "create", "bk", "--all-profiles", "--json"])
        .ok()
        .json();
    let items: Vec<&Value> = document["backups"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| &one["items"])
        .collect();
    assert_eq!(items, [&json!(3), &json!(4)]);
    fs::remove_file(stockport.path("sandbox-company.key")).unwrap();
    let document = stockport
        .run(["backup", "create", "bk", "--all-profiles", "--json"])
        .exit(1)
        .json();
    assert!(
        document["backups"][0]["error"].is_string() && document["backups"][1]["error"].is_null(),
        "{document}"
    );
    stockport
        .run(["backup", "create", "bk", "--all-profiles", "--org", ORG])
        .exit(2);
    assert!(!document.to_string().contains(main));
}
