//! A key that was pasted where a name belongs: into `--org`, `--api`, `--ids` or another argument. It is refused before
//! anything is written or shown.
//!
//! Doesn't belong here: where keys are kept (`key`).

use std::path::Path;

use super::ConfigError;
use crate::api::Key;
use crate::environment;

/// The options, and the variables behind them, that take a short name.
const NAMES: [&str; 12] = [
    "--org",
    "--api",
    "--profile",
    "--from",
    "--to",
    "--from-profile",
    "--to-profile",
    "--a-profile",
    "--b-profile",
    "STOCKPORT_ORG",
    "STOCKPORT_PROFILE",
    "CANNLYTICS_API_URL",
];

/// The options that take ids: a hash in hexadecimal is one.
const IDS: [&str; 3] = ["--ids", "--only", "--id-prefix"];

/// No word of a language is as long; a METRC tag has 24 characters, Firestore's own ids have 20, a user's 28.
const SHORTEST: usize = 32;

/// A value of the command line or the environment, with where it stands.
struct Given {
    place: String,
    value: String,
}

/// Refuses a command line, or an environment, that holds one of these keys, or what looks like one, where none belongs.
pub fn refuse(keys: &[&Key]) -> Result<(), ConfigError> {
    let arguments = std::env::args_os()
        .skip(1)
        .map(|arg| arg.to_string_lossy().into_owned());
    let mut given = placed(arguments);
    for variable in NAMES.iter().filter(|name| !name.starts_with('-')) {
        let value = environment::value(variable).and_then(|value| value.into_string().ok());
        let value = value.unwrap_or_default();
        given.push(Given {
            place: (*variable).to_owned(),
            value,
        });
    }
    if given.iter().any(is_login) {
        return Err(ConfigError::PastedLogin);
    }
    match given.into_iter().find(|given| is_key(given, keys)) {
        Some(given) => Err(ConfigError::PastedKey(given.place)),
        None => Ok(()),
    }
}

/// Refuses answers to questions that hold this key, or what looks like one; each with the option that it stands for.
pub fn refuse_answers(answers: &[(&str, &str)], key: &Key) -> Result<(), ConfigError> {
    let given = answers.iter().map(|(place, value)| Given {
        place: (*place).to_owned(),
        value: (*value).to_owned(),
    });
    match given.into_iter().find(|given| is_key(given, &[key])) {
        Some(given) => Err(ConfigError::PastedKey(format!("the answer for {}", given.place))),
        None => Ok(()),
    }
}

/// The arguments, each with the option that it belongs to.
fn placed(arguments: impl Iterator<Item = String>) -> Vec<Given> {
    let mut given = Vec::new();
    let mut option = None;
    for argument in arguments {
        let parts = argument.split_once('=').filter(|_| argument.starts_with("--"));
        let (place, value) = match parts {
            Some((name, value)) => (Some(name.to_owned()), value.to_owned()),
            None => (option.take(), argument.clone()),
        };
        let is_option = parts.is_none() && argument.starts_with("--");
        option = is_option.then_some(argument);
        // An option's own name is as long as a word.
        let place = place.filter(|name| name.len() < SHORTEST);
        given.push(Given {
            place: place.unwrap_or_else(|| "an argument".to_owned()),
            value,
        });
    }
    given
}

fn is_key(given: &Given, keys: &[&Key]) -> bool {
    let Given { place, value } = given;
    if keys.iter().any(|key| key.is_in(value)) || is_token(value) {
        return true;
    }
    let (is_name, is_ids) = (NAMES.contains(&place.as_str()), IDS.contains(&place.as_str()));
    if is_name || is_ids {
        let mut words = value.split(|c: char| !is_key_character(c));
        return words.any(|word| is_random(word) || (is_name && is_hexadecimal(word)));
    }
    // A path may hold anything, if it is one.
    value.chars().all(is_key_character) && is_random(value) && !Path::new(value).exists()
}

/// A proxy's user or password, on the command line.
fn is_login(given: &Given) -> bool {
    given.place == "--proxy" && given.value.contains('@')
}

fn is_key_character(c: char) -> bool {
    c.is_ascii_alphanumeric() || "-_+".contains(c)
}

/// What is a credential by its form: the value of an Authorization header, or a JSON Web Token.
fn is_token(value: &str) -> bool {
    let value = value.trim();
    let is_header = value
        .get(..7)
        .is_some_and(|scheme| scheme.eq_ignore_ascii_case("bearer "));
    let is_web_token = value
        .split([',', '=', '/', '?', '&', '@', ':'])
        .any(|part| part.len() > SHORTEST && part.starts_with("eyJ") && part.matches('.').count() >= 2);
    is_header || is_web_token
}

/// Whether upper case, lower case and digits follow each other as by chance: in a random text six pairs of ten are of two
/// kinds, in words and numbers one of ten.
fn is_random(word: &str) -> bool {
    let kind = |c: char| match c {
        'a'..='z' => 1,
        'A'..='Z' => 2,
        '0'..='9' => 3,
        _ => 0,
    };
    let kinds: Vec<u8> = word.chars().map(kind).collect();
    let changes = kinds
        .iter()
        .zip(kinds.iter().skip(1))
        .filter(|(a, b)| a != b && **a > 0 && **b > 0);
    word.len() >= SHORTEST && [1, 2, 3].iter().all(|kind| kinds.contains(kind)) && changes.count() * 3 > word.len()
}

fn is_hexadecimal(word: &str) -> bool {
    let has = |is: fn(&u8) -> bool| word.as_bytes().iter().any(is);
    word.len() >= SHORTEST
        && word.bytes().all(|byte| byte.is_ascii_hexdigit())
        && has(u8::is_ascii_digit)
        && has(u8::is_ascii_alphabetic)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(line: &[&str], keys: &[&Key]) -> Option<String> {
        let given = placed(line.iter().map(|arg| (*arg).to_owned()));
        given
            .into_iter()
            .find(|given| is_key(given, keys))
            .map(|given| given.place)
    }

    #[test]
    fn the_key_that_is_configured_is_found_wherever_it_stands() {
        let key = Key::new("s3cret-k3y-of-an-account").unwrap();
        for (line, place) in [
            (vec!["export", "x.csv", "--org", "s3cret-k3y-of-an-account"], "--org"),
            (vec!["delete", "--ids=A1,s3cret-k3y-of-an-account,A2"], "--ids"),
            (
                vec!["export", "--api", "https://s3cret-k3y-of-an-account@host/api"],
                "--api",
            ),
            (
                vec!["export", "--api", "https://host/api?key=s3cret-k3y-of-an-account"],
                "--api",
            ),
            (vec!["s3cret-k3y-of-an-account"], "an argument"),
            (vec!["import", "x-s3cret-k3y-of-an-account.csv"], "an argument"),
        ] {
            assert_eq!(found(&line, &[&key]).as_deref(), Some(place), "{line:?}");
        }
        let short = Key::new("key").unwrap();
        assert_eq!(found(&["import", "keys.csv", "--org", "keyhole"], &[&short]), None);
        assert_eq!(found(&["import", "--org", "key"], &[&short]).as_deref(), Some("--org"));
    }

    #[test]
    fn what_looks_like_a_key_is_found_where_a_name_belongs() {
        let random = "Zk3x_Qp9LrT2vY8mW1nB5cD7fG0hJ4sA6uE-iO3yRtXqPzKlMnVbCxDwFgHjS8d2";
        let web_token = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jVmNHl0w5N_XgL0n3I9";
        let hexadecimal = "9f86d081884c7d659a2feaa0c55ad015";
        for line in [
            vec!["export", "--org", random],
            vec!["export", "--org", web_token],
            vec!["export", "--org", "Bearer abc"],
            vec!["export", "--org", hexadecimal],
            vec!["export", "--profile", random],
            vec!["export", "--key-file", random],
            vec!["migrate", "--from", random],
            vec!["delete", "--ids", random],
            vec!["export", "--api", &format!("https://host/api/{random}")],
            vec!["export", random],
        ] {
            assert!(found(&line, &[]).is_some(), "{line:?}");
        }
    }

    #[test]
    fn ids_names_and_paths_are_no_keys() {
        for line in [
            vec!["delete", "--ids", "1A4060300000B43000000123,1A4FF0100000022000000124"],
            vec![
                "delete",
                "--ids",
                "9f86d081884c7d659a2feaa0c55ad0159f86d081884c7d659a2feaa0c55ad015",
            ],
            vec![
                "delete",
                "--ids",
                "BATCH-2024-BlueDream-Indoor-Flower-Package-001-Lot-12B",
            ],
            vec!["delete", "--ids", "6f2c1c1e-3d1f-4a3e-9f0b-5f3d2a1b0c9d"],
            vec!["delete", "--only", "vGZ2bJ3k0aPq9LrT2vY8"],
            vec!["export", "--org", "6f2c1c1e-3d1f-4a3e-9f0b-5f3d2a1b0c9d"],
            vec![
                "export",
                "--org",
                "the-green-valley-dispensary-of-northern-california-2024",
            ],
            vec![
                "export",
                "--api",
                "https://europe-west1.cannlytics-staging-environment.example.com/api/v1",
            ],
            vec!["import", "/tmp/Zk3xQp9LrT2vY8mW1nB5cD7fG0hJ4sA6uE/count.csv"],
            vec!["import", "x.csv", "--column", "Beschreibung=description"],
        ] {
            assert_eq!(found(&line, &[]), None, "{line:?}");
        }
    }
}
