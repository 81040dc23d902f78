//! The manifests under `samples/kubernetes`: what they say is known to the API, fits together, and runs.
//!
//! The shapes below are those parts of Kubernetes' `OpenAPI` description of batch/v1 and core/v1 (release 1.33) that the
//! manifests use: names, kinds, what is required. A field that is added to a manifest is looked up there first.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;

use clap::CommandFactory as _;
use serde_json::{Value, json};
use stockport::cli::Cli;

use crate::support::Stockport;
use crate::support::faulty::Faulty;

pub(crate) const JOB: &str = "import-job.yaml";
pub(crate) const CRON: &str = "backup-cronjob.yaml";

pub(crate) fn manifest(name: &str) -> Value {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("samples/kubernetes")
        .join(name);
    yaml_serde::from_str(&fs::read_to_string(path).unwrap()).unwrap()
}

/// What a place of a manifest may hold.
enum Shape {
    Text,
    /// One of these.
    Word(&'static [&'static str]),
    Whole,
    Flag,
    List(&'static Shape),
    /// Any names, with text.
    Labels,
    /// The fields that have to be there, and those that may be.
    Fields(
        &'static [(&'static str, &'static Shape)],
        &'static [(&'static str, &'static Shape)],
    ),
}

use Shape::{Fields, Flag, Labels, List, Text, Whole, Word};

static METADATA: Shape = Fields(&[("name", &Text)], &[("labels", &Labels)]);
static TEMPLATE_METADATA: Shape = Fields(&[], &[("labels", &Labels)]);
static RESOURCES: Shape = Fields(&[], &[("requests", &Labels), ("limits", &Labels)]);
static ENV: Shape = Fields(&[("name", &Text), ("value", &Text)], &[]);
static MOUNT: Shape = Fields(
    &[("name", &Text), ("mountPath", &Text)],
    &[("readOnly", &Flag), ("subPath", &Text)],
);
static CAPABILITIES: Shape = Fields(&[], &[("drop", &List(&Text))]);
static SECURITY: Shape = Fields(
    &[],
    &[
        ("allowPrivilegeEscalation", &Flag),
        ("readOnlyRootFilesystem", &Flag),
        ("capabilities", &CAPABILITIES),
    ],
);
static CONTAINER: Shape = Fields(
    &[("name", &Text), ("image", &Text)],
    &[
        ("args", &List(&Text)),
        ("env", &List(&ENV)),
        ("resources", &RESOURCES),
        ("securityContext", &SECURITY),
        ("volumeMounts", &List(&MOUNT)),
    ],
);
static CLAIM: Shape = Fields(&[("claimName", &Text)], &[]);
static SECRET: Shape = Fields(&[("secretName", &Text)], &[("defaultMode", &Whole)]);
static VOLUME: Shape = Fields(
    &[("name", &Text)],
    &[
        ("persistentVolumeClaim", &CLAIM),
        ("emptyDir", &Fields(&[], &[])),
        ("secret", &SECRET),
    ],
);
static SECCOMP: Shape = Fields(&[("type", &Word(&["RuntimeDefault", "Unconfined", "Localhost"]))], &[]);
static POD_SECURITY: Shape = Fields(
    &[],
    &[
        ("runAsNonRoot", &Flag),
        ("runAsUser", &Whole),
        ("runAsGroup", &Whole),
        ("fsGroup", &Whole),
        ("seccompProfile", &SECCOMP),
    ],
);
static POD: Shape = Fields(
    &[
        ("containers", &List(&CONTAINER)),
        ("restartPolicy", &Word(&["Never", "OnFailure"])),
    ],
    &[
        ("automountServiceAccountToken", &Flag),
        ("terminationGracePeriodSeconds", &Whole),
        ("securityContext", &POD_SECURITY),
        ("volumes", &List(&VOLUME)),
    ],
);
static TEMPLATE: Shape = Fields(&[("spec", &POD)], &[("metadata", &TEMPLATE_METADATA)]);
static EXIT_CODES: Shape = Fields(
    &[("operator", &Word(&["In", "NotIn"])), ("values", &List(&Whole))],
    &[("containerName", &Text)],
);
static RULE: Shape = Fields(
    &[("action", &Word(&["FailJob", "FailIndex", "Ignore", "Count"]))],
    &[("onExitCodes", &EXIT_CODES)],
);
static POLICY: Shape = Fields(&[("rules", &List(&RULE))], &[]);
static JOB_SPEC: Shape = Fields(
    &[("template", &TEMPLATE)],
    &[
        ("completionMode", &Word(&["Indexed", "NonIndexed"])),
        ("completions", &Whole),
        ("parallelism", &Whole),
        ("backoffLimit", &Whole),
        ("backoffLimitPerIndex", &Whole),
        ("maxFailedIndexes", &Whole),
        ("activeDeadlineSeconds", &Whole),
        ("podFailurePolicy", &POLICY),
    ],
);
static A_JOB: Shape = Fields(
    &[
        ("apiVersion", &Word(&["batch/v1"])),
        ("kind", &Word(&["Job"])),
        ("metadata", &METADATA),
        ("spec", &JOB_SPEC),
    ],
    &[],
);
static JOB_TEMPLATE: Shape = Fields(&[("spec", &JOB_SPEC)], &[]);
static CRON_SPEC: Shape = Fields(
    &[("schedule", &Text), ("jobTemplate", &JOB_TEMPLATE)],
    &[
        ("timeZone", &Text),
        ("startingDeadlineSeconds", &Whole),
        ("concurrencyPolicy", &Word(&["Allow", "Forbid", "Replace"])),
        ("successfulJobsHistoryLimit", &Whole),
        ("failedJobsHistoryLimit", &Whole),
    ],
);
static A_CRON_JOB: Shape = Fields(
    &[
        ("apiVersion", &Word(&["batch/v1"])),
        ("kind", &Word(&["CronJob"])),
        ("metadata", &METADATA),
        ("spec", &CRON_SPEC),
    ],
    &[],
);

fn check(value: &Value, shape: &Shape, place: &str) -> Result<(), String> {
    let wrong = |what: &str| Err(format!("{place}: {what}: {value}"));
    match shape {
        Text if value.as_str().is_none_or(str::is_empty) => wrong("no text"),
        Word(known) if value.as_str().is_none_or(|word| !known.contains(&word)) => wrong("not known"),
        Whole if value.as_u64().is_none() => wrong("no number"),
        Flag if !value.is_boolean() => wrong("neither true nor false"),
        List(shape) => match value.as_array() {
            Some(list) if !list.is_empty() => {
                let mut places = (0..).map(|n| format!("{place}[{n}]"));
                list.iter()
                    .try_for_each(|value| check(value, shape, &places.next().unwrap()))
            }
            _ => wrong("no list"),
        },
        Labels => match value.as_object() {
            Some(labels) => labels
                .iter()
                .try_for_each(|(name, value)| check(value, &Text, &format!("{place}.{name}"))),
            None => wrong("no names and values"),
        },
        Fields(needed, possible) => {
            let Some(fields) = value.as_object() else {
                return wrong("no fields");
            };
            if let Some((name, _)) = needed.iter().find(|(name, _)| !fields.contains_key(*name)) {
                return wrong(&format!("{name} is missing"));
            }
            fields.iter().try_for_each(|(name, value)| {
                match needed.iter().chain(*possible).find(|(known, _)| known == name) {
                    Some((_, shape)) => check(value, shape, &format!("{place}.{name}")),
                    None => Err(format!("{place}: there is no field {name}")),
                }
            })
        }
        Text | Word(_) | Whole | Flag => Ok(()),
    }
}

/// What the shapes can't say: names that have to fit each other, and the ways of the API that go together.
fn check_pod(job: &Value) {
    let pod = &job["template"]["spec"];
    for container in pod["containers"].as_array().unwrap() {
        for mount in container["volumeMounts"].as_array().unwrap() {
            let volumes = pod["volumes"].as_array().unwrap();
            assert!(volumes.iter().any(|volume| volume["name"] == mount["name"]), "{mount}");
        }
        let env = env_of(container);
        assert!(!env.contains_key("CANNLYTICS_API_KEY"), "a key in the open");
        let (_, key) = mounts(pod)
            .into_iter()
            .find(|(mount, _)| mount["mountPath"] == env["STOCKPORT_KEY_FILE"].as_str())
            .unwrap();
        assert_eq!(key["secret"]["defaultMode"], 0o440, "others can read the key");
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

/// The environment of a container.
pub(crate) fn env_of(container: &Value) -> BTreeMap<String, String> {
    let env = container["env"].as_array().unwrap().iter();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    env.map(|one| (text(&one["name"]), text(&one["value"]))).collect()
}

/// The mounts of a pod's container, each with its volume.
pub(crate) fn mounts(pod: &Value) -> Vec<(Value, Value)> {
    let volumes = pod["volumes"].as_array().unwrap();
    let of = |mount: &Value| {
        volumes
            .iter()
            .find(|volume| volume["name"] == mount["name"])
            .unwrap()
            .clone()
    };
    let mounts = pod["containers"][0]["volumeMounts"].as_array().unwrap();
    mounts.iter().map(|mount| (mount.clone(), of(mount))).collect()
}

pub(crate) fn arguments(job: &Value) -> Vec<String> {
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
    check(&job, &A_JOB, "job").unwrap();
    check(&cron, &A_CRON_JOB, "cronjob").unwrap();
    check_pod(&job["spec"]);
    check_pod(&cron["spec"]["jobTemplate"]["spec"]);
    let fields = cron["spec"]["schedule"].as_str().unwrap().split(' ').count();
    assert_eq!(fields, 5);
    // The check itself finds what is wrong.
    for (place, value) in [
        ("/spec/completions", json!("4")),
        ("/kind", json!("job")),
        ("/spec/template", json!({})),
    ] {
        let mut broken = job.clone();
        *broken.pointer_mut(place).unwrap() = value;
        assert!(check(&broken, &A_JOB, "job").is_err(), "{place}");
    }
    let mut misspelt = job.clone();
    misspelt["spec"]["completionmode"] = json!("Indexed");
    assert!(check(&misspelt, &A_JOB, "job").is_err());
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
