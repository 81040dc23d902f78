//! What stays in the folder, and what holds when several use it at once.

use std::net::TcpListener;
use std::thread;

use serde_json::{Value, json};
use stockport::error::UserError as _;
use stockport::sandbox::{Flavour, Options, Sandbox, SandboxError};

use super::{BRANCH, COMPANY};
use crate::support::TestSandbox;
use crate::support::http::Http;

fn options(dir: &std::path::Path) -> Options {
    Options {
        dir: dir.to_owned(),
        port: 0,
        orgs: Vec::new(),
        traits: Flavour::default(),
    }
}

#[test]
fn keys_and_items_stay_from_start_to_start() {
    let dir = tempfile::tempdir().unwrap();
    let first = Sandbox::start(options(dir.path())).unwrap();
    let organizations = first.organizations().to_vec();
    let names: Vec<&str> = organizations.iter().map(|org| org.name.as_str()).collect();
    assert_eq!(names, [COMPANY, BRANCH]);
    assert_ne!(organizations[0].key, organizations[1].key);
    let http = Http::new(first.url(), COMPANY, &organizations[0].key);
    http.post_json(&json!({ "item_id": "a" }));
    drop(first);

    let second = Sandbox::start(options(dir.path())).unwrap();
    assert_eq!(second.organizations(), organizations);
    assert_eq!(Http::new(second.url(), COMPANY, &organizations[0].key).ids(""), ["a"]);
}

#[test]
fn named_organizations_are_added_once_with_keys_of_their_own() {
    let dir = tempfile::tempdir().unwrap();
    let named = Options {
        orgs: vec!["greenhouse".to_owned(), COMPANY.to_owned()],
        ..options(dir.path())
    };
    let first = Sandbox::start(named).unwrap();
    let key = first.key_for("greenhouse").unwrap().to_owned();
    assert_eq!(first.organizations().len(), 3);
    drop(first);

    let second = Sandbox::start(options(dir.path())).unwrap();
    assert_eq!(
        second.key_for("greenhouse"),
        Some(key.as_str()),
        "it stays though it isn't named again"
    );
    assert_eq!(second.key_for("nobody"), None);
    let own = Http::new(second.url(), "greenhouse", &key);
    assert_eq!(own.post_json(&json!({ "item_id": "a" })).status, 200);
    assert_eq!(own.with_org(COMPANY).get("/inventory").status, 403);
    let first_account = own.with_key(second.key_for(COMPANY).unwrap());
    assert_eq!(
        first_account.ids(""),
        ["a"],
        "the first account owns every organization"
    );
}

#[test]
fn names_that_could_never_be_asked_for_are_refused() {
    let dir = tempfile::tempdir().unwrap();
    for name in ["", " ", "a/b"] {
        let named = Options {
            orgs: vec![name.to_owned()],
            ..options(dir.path())
        };
        let error = Sandbox::start(named).unwrap_err();
        assert!(matches!(error, SandboxError::OrganizationName { .. }), "{error}");
    }
}

#[test]
fn a_key_is_never_printed() {
    let sandbox = TestSandbox::new();
    let printed = format!("{:?} {:?}", sandbox.sandbox, sandbox.sandbox.organizations());
    for organization in sandbox.sandbox.organizations() {
        assert!(
            organization.key.len() >= 32 && !printed.contains(&organization.key),
            "{printed}"
        );
    }
}

#[test]
fn a_taken_port_and_an_unusable_folder_are_plain_errors() {
    let dir = tempfile::tempdir().unwrap();
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port();
    let error = Sandbox::start(Options {
        port,
        ..options(dir.path())
    })
    .unwrap_err();
    assert!(
        error.to_string().contains(&format!("127.0.0.1:{port}")) && error.hint().contains("--port"),
        "{error}"
    );

    let file = dir.path().join("file");
    std::fs::write(&file, "no folder").unwrap();
    let error = Sandbox::start(options(&file)).unwrap_err();
    assert!(
        matches!(error, SandboxError::Folder { .. }) && error.hint().contains("--sandbox-dir"),
        "{error}"
    );

    std::fs::write(
        dir.path().join("sandbox.sqlite"),
        "this is no database, whatever it is called ".repeat(50),
    )
    .unwrap();
    let error = Sandbox::start(options(dir.path())).unwrap_err();
    assert!(matches!(error, SandboxError::File { .. }), "{error}");
}

#[test]
fn the_port_is_free_again_once_the_sandbox_is_gone() {
    let dir = tempfile::tempdir().unwrap();
    let sandbox = Sandbox::start(options(dir.path())).unwrap();
    let http = Http::new(sandbox.url(), COMPANY, sandbox.key_for(COMPANY).unwrap());
    assert_eq!(
        http.get("/inventory").status,
        200,
        "a connection is kept alive beyond the end"
    );
    let port = sandbox
        .url()
        .rsplit(':')
        .next()
        .unwrap()
        .trim_end_matches("/api")
        .parse()
        .unwrap();
    drop(sandbox);
    let again = Sandbox::start(Options {
        port,
        ..options(dir.path())
    })
    .unwrap();
    assert_eq!(again.url(), format!("http://127.0.0.1:{port}/api"));
}

/// Each of several writers posts arrays of its own, and every one a change to a field of one shared item.
fn write_at_once(clients: Vec<Http>, arrays: usize) {
    let writers: Vec<_> = clients
        .into_iter()
        .enumerate()
        .map(|(writer, http)| {
            thread::spawn(move || {
                for array in 0..arrays {
                    let mut items: Vec<Value> = (0..50)
                        .map(|n| json!({ "item_id": format!("{writer}-{array}-{n}") }))
                        .collect();
                    items.push(json!({ "item_id": "shared", "map": { format!("{writer}-{array}"): true } }));
                    let answer = http.post_json(&Value::from(items));
                    assert_eq!(answer.status, 200, "{answer:?}");
                }
            })
        })
        .collect();
    for writer in writers {
        writer.join().unwrap();
    }
}

#[test]
fn connections_and_servers_on_one_folder_write_at_once_and_lose_nothing() {
    let dir = tempfile::tempdir().unwrap();
    // Started at the same moment, so that both find the folder empty.
    let starts: Vec<_> = (0..4)
        .map(|_| {
            let options = options(dir.path());
            thread::spawn(move || Sandbox::start(options).unwrap())
        })
        .collect();
    let servers: Vec<Sandbox> = starts.into_iter().map(|start| start.join().unwrap()).collect();
    assert!(
        servers
            .windows(2)
            .all(|pair| pair[0].organizations() == pair[1].organizations()),
        "one set of keys"
    );
    let clients: Vec<Http> = (0..8)
        .map(|n| {
            let server = &servers[n % servers.len()];
            Http::new(server.url(), COMPANY, server.key_for(COMPANY).unwrap())
        })
        .collect();
    write_at_once(clients, 10);
    let items = servers[0].store().items(COMPANY).unwrap();
    assert_eq!(items.len(), 8 * 10 * 50 + 1);
    assert_eq!(
        items["shared"]["map"].as_object().unwrap().len(),
        80,
        "no merge undid another"
    );
}

#[test]
fn a_hundred_thousand_items_come_in_one_answer_while_others_write() {
    let sandbox = TestSandbox::new();
    let http = sandbox.http(COMPANY);
    for block in 0..20 {
        let items: Vec<Value> = (0..5000)
            .map(|n| json!({ "item_id": format!("{block:02}-{n:04}"), "name": "Blue Dream" }))
            .collect();
        let answer = http.post_json(&Value::from(items));
        assert_eq!(answer.status, 200, "{}", answer.text);
    }
    let other = http.clone();
    let writer = thread::spawn(move || {
        for n in 0..20 {
            assert_eq!(other.post_json(&json!({ "item_id": format!("later-{n}") })).status, 200);
        }
    });
    let answer = http.get("/inventory?limit=");
    writer.join().unwrap();
    let ids = answer.json()["data"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|item| item["name"] == json!("Blue Dream"))
        .count();
    assert_eq!((answer.status, ids), (200, 100_000));
}
