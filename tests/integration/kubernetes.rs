//! The manifests under `samples/kubernetes`: what they say is known to the API (by the types that k8s-openapi makes of
//! Kubernetes' published `OpenAPI` description, of the oldest release that it still has), fits together, and runs.

use std::fs;
use std::path::PathBuf;

use clap::CommandFactory as _;
use k8s_openapi::api::batch::v1::{CronJob, Job};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use stockport::cli::Cli;

use crate::support::Stockport;
use crate::support::faulty::Faulty;

const JOB: &str = "import-job.yaml";
const CRON: &str = "backup-cronjob.yaml";

fn manifest(name: &str) -> Value {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("samples/kubernetes")
        .join(name);
    yaml_serde::from_str(&fs::read_to_string(path).unwrap()).unwrap()
}

/// Reads a manifest into the type that Kubernetes' own API description makes of its kind, and writes that again: what is
/// misspelt, is in the wrong place or of the wrong kind, or is missing though it has to be there, doesn't come out as it
/// went in.
fn known_to_the_api<T: DeserializeOwned + Serialize>(manifest: &Value) -> Result<(), String> {
    let read: T = serde_json::from_value(manifest.clone()).map_err(|cause| cause.to_string())?;
    let written = serde_json::to_value(read).unwrap();
    if written == *manifest {
        Ok(())
    } else {
        Err(format!("{manifest}\nis understood as\n{written}"))
    }
}

/// What the types can't say: names that have to fit each other, and the ways of the API that go together.
fn check_pod(job: &Value) {
    let pod = &job["template"]["spec"];
    for container in pod["containers"].as_array().unwrap() {
        for mount in container["volumeMounts"].as_array().unwrap() {
            let volumes = pod["volumes"].as_array().unwrap();
            assert!(volumes.iter().any(|volume| volume["name"] == mount["name"]), "{mount}");
        }
        let env = container["env"].as_array().unwrap();
        let key = env.iter().find(|env| env["name"] == "CANNLYTICS_API_KEY").unwrap();
        assert!(
            key.get("value").is_none() && key["valueFrom"]["secretKeyRef"].is_object(),
            "a key in the open"
        );
        for env in env {
            assert!(env.get("value").is_some() != env.get("valueFrom").is_some(), "{env}");
        }
        let image = container["image"].as_str().unwrap();
        assert!(!image.ends_with(":latest") && image.contains(':'), "{image}");
    }
    // A name is a DNS label (RFC 1123).
    let names = pod["containers"]
        .as_array()
        .unwrap()
        .iter()
        .chain(pod["volumes"].as_array().unwrap());
    for name in names.map(|named| named["name"].as_str().unwrap()) {
        assert!(
            name.bytes()
                .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-'),
            "{name}"
        );
    }
}

fn arguments(job: &Value) -> Vec<String> {
    let args = job["template"]["spec"]["containers"][0]["args"].as_array().unwrap();
    args.iter().map(|arg| arg.as_str().unwrap().to_owned()).collect()
}

fn parses(args: &[String]) {
    let line = ["stockport".to_owned()].into_iter().chain(args.iter().cloned());
    Cli::command().try_get_matches_from(line).unwrap();
}

#[test]
fn the_manifests_hold_what_the_api_knows_and_nothing_else() {
    let (job, cron) = (manifest(JOB), manifest(CRON));
    known_to_the_api::<Job>(&job).unwrap();
    known_to_the_api::<CronJob>(&cron).unwrap();
    check_pod(&job["spec"]);
    check_pod(&cron["spec"]["jobTemplate"]["spec"]);
    let fields = cron["spec"]["schedule"].as_str().unwrap().split(' ').count();
    assert_eq!(fields, 5);
    // The check itself finds what is wrong.
    for (place, value) in [
        ("/spec/completions", json!("4")),
        ("/kind", json!("job")),
        ("/spec/template/spec/containers/0/name", Value::Null),
        ("/spec/template/spec/volumes", json!({})),
    ] {
        let mut broken = job.clone();
        *broken.pointer_mut(place).unwrap() = value;
        assert!(known_to_the_api::<Job>(&broken).is_err(), "{place}");
    }
    let mut misspelt = job.clone();
    misspelt["spec"]["completionmode"] = json!("Indexed");
    assert!(known_to_the_api::<Job>(&misspelt).is_err());
}

#[test]
fn the_jobs_pods_share_the_file_between_them() {
    let job = &manifest(JOB)["spec"];
    let count = job["completions"].as_u64().unwrap();
    let args = arguments(job);
    parses(&args);
    assert!(args.contains(&format!("auto/{count}")), "{args:?}");
    assert_eq!(job["completionMode"], "Indexed");
    // Both are only taken together with pods that are not started again (the API's validation).
    assert!(job["backoffLimitPerIndex"].is_u64() && job["podFailurePolicy"].is_object());
    assert_eq!(job["template"]["spec"]["restartPolicy"], "Never");
    let codes = &job["podFailurePolicy"]["rules"][0]["onExitCodes"];
    assert_eq!(codes["containerName"], job["template"]["spec"]["containers"][0]["name"]);

    let server = Faulty::new();
    let mut read = 0;
    for index in 0..count {
        let pod = Stockport::new()
            .at_faulty(&server, "sandbox-company")
            .env("JOB_COMPLETION_INDEX", &index.to_string());
        let sample = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("samples/inventory.csv");
        fs::copy(sample, pod.path("inventory.csv")).unwrap();
        let args = args
            .iter()
            .map(|arg| arg.replace("/data/", ""))
            .chain(["--json".to_owned()]);
        let summary = pod.run(args).ok().json();
        assert_eq!(summary["verified"], true);
        read += summary["read"].as_u64().unwrap();
    }
    assert_eq!((read, server.count("sandbox-company")), (60, 60));
}

#[test]
fn the_cron_jobs_command_is_one() {
    let args = arguments(&manifest(CRON)["spec"]["jobTemplate"]["spec"]);
    parses(&args);
}
