//! Who may do what: accounts, their keys, and the server's own way of checking an organization's name.
//!
//! Doesn't belong here: what is answered to whom may not (`handler`).

use std::collections::HashMap;
use std::sync::Arc;

use rusqlite::{Connection, params};

use super::{DEFAULT_ORG, SECOND_ORG};

/// The account that owns every organization, so that one key can migrate between them.
const FIRST_ACCOUNT: &str = "sandbox-account-1";
/// The account that owns only the second organization.
const SECOND_ACCOUNT: &str = "sandbox-account-2";
/// The account that is a team member everywhere and owner nowhere: it may read and write, not delete.
const MEMBER_ACCOUNT: &str = "sandbox-member";

pub(super) const SCHEMA: &str = "
    CREATE TABLE IF NOT EXISTS organizations (position INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE);
    CREATE TABLE IF NOT EXISTS accounts (uid TEXT PRIMARY KEY, key TEXT NOT NULL UNIQUE);
    CREATE TABLE IF NOT EXISTS roles (uid TEXT NOT NULL, org TEXT NOT NULL, owner INTEGER NOT NULL, PRIMARY KEY (uid, org));
";

/// One account, as a request's key shows it.
#[derive(Debug, Default)]
pub(super) struct Account {
    /// What `updated_by` says.
    pub(super) uid: String,
    owner: Vec<String>,
    team: Vec<String>,
}

impl Account {
    /// Whether the account may read and write there, as the server sees it: the organization's name is looked for
    /// *inside* the names of the account's own ones. So a cut-off name passes, and leads to an organization of its own.
    pub(super) fn may_use(&self, org: &str) -> bool {
        self.may_delete(org) || self.team.iter().any(|name| name.contains(org))
    }

    /// Whether the account counts as an owner there, by the same look.
    pub(super) fn may_delete(&self, org: &str) -> bool {
        self.owner.iter().any(|name| name.contains(org))
    }

    /// The organization whose inventory is listed where a request names the empty one: the first that the account owns.
    pub(super) fn own(&self) -> Option<&str> {
        self.owner.first().map(String::as_str)
    }

    /// Whether the account belongs to just this organization.
    pub(super) fn belongs_to(&self, org: &str) -> bool {
        self.owner.iter().chain(&self.team).any(|name| name == org)
    }
}

/// All accounts by their keys.
#[derive(Default)]
pub(super) struct Accounts {
    by_key: HashMap<String, Arc<Account>>,
}

impl Accounts {
    /// The account of a request's `Authorization` header, if there is one. The key is the last word; whatever stands
    /// before it, such as `Bearer`, isn't looked at.
    pub(super) fn of(&self, authorization: Option<&str>) -> Option<Arc<Account>> {
        let key = authorization?.trim().rsplit(' ').next()?;
        self.by_key.get(key).cloned()
    }
}

/// Who may use a sandbox, and with which keys.
pub(super) struct Register {
    /// The organizations in the order in which they were added, each with an owner's key.
    pub(super) organizations: Vec<super::Organization>,
    /// The key of the account that may not delete.
    pub(super) member_key: String,
}

/// Adds what is absent of the two organizations that are always there and the named ones, and their accounts.
/// An organization beyond the two gets an account of its own, and belongs to the first account too.
pub(super) fn prepare(db: &mut Connection, named: &[String]) -> rusqlite::Result<()> {
    let tx = db.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)?;
    let add_account = |uid: &str| {
        tx.execute(
            "INSERT OR IGNORE INTO accounts (uid, key) VALUES (?1, ?2)",
            params![uid, new_key()],
        )
    };
    let add_role = |uid: &str, org: &str, owner: bool| {
        tx.execute(
            "INSERT OR IGNORE INTO roles (uid, org, owner) VALUES (?1, ?2, ?3)",
            params![uid, org, owner],
        )
    };
    for uid in [FIRST_ACCOUNT, SECOND_ACCOUNT, MEMBER_ACCOUNT] {
        add_account(uid)?;
    }
    for org in [DEFAULT_ORG, SECOND_ORG]
        .into_iter()
        .chain(named.iter().map(String::as_str))
    {
        tx.execute("INSERT OR IGNORE INTO organizations (name) VALUES (?1)", [org])?;
        add_role(FIRST_ACCOUNT, org, true)?;
        add_role(MEMBER_ACCOUNT, org, false)?;
        let own = own_account(org);
        add_account(&own)?;
        add_role(&own, org, true)?;
    }
    tx.commit()
}

/// The account whose key is shown for an organization.
fn own_account(org: &str) -> String {
    match org {
        DEFAULT_ORG => FIRST_ACCOUNT.to_owned(),
        SECOND_ORG => SECOND_ACCOUNT.to_owned(),
        _ => format!("sandbox-account-of-{org}"),
    }
}

/// Reads who may do what.
pub(super) fn load(db: &Connection) -> rusqlite::Result<(Accounts, Register)> {
    let mut accounts = HashMap::new();
    let mut uid_keys = HashMap::new();
    let mut statement = db.prepare("SELECT uid, key FROM accounts")?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let (uid, key): (String, String) = (row.get(0)?, row.get(1)?);
        uid_keys.insert(uid.clone(), key);
        accounts.insert(
            uid.clone(),
            Account {
                uid,
                ..Account::default()
            },
        );
    }
    let mut statement = db.prepare("SELECT uid, org, owner FROM roles ORDER BY rowid")?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let uid: String = row.get(0)?;
        if let Some(account) = accounts.get_mut(&uid) {
            let role = if row.get(2)? {
                &mut account.owner
            } else {
                &mut account.team
            };
            role.push(row.get(1)?);
        }
    }
    let key_of = |uid: &str| uid_keys.get(uid).cloned().unwrap_or_default();
    let mut statement = db.prepare("SELECT name FROM organizations ORDER BY position")?;
    let organizations = statement
        .query_map([], |row| row.get::<_, String>(0))?
        .map(|name| {
            name.map(|name| super::Organization {
                key: key_of(&own_account(&name)),
                name,
            })
        })
        .collect::<Result<_, _>>()?;
    let member_key = key_of(MEMBER_ACCOUNT);
    let by_key = accounts
        .into_iter()
        .map(|(uid, account)| (key_of(&uid), Arc::new(account)))
        .collect();
    Ok((
        Accounts { by_key },
        Register {
            organizations,
            member_key,
        },
    ))
}

/// A key for a server that only this machine can reach; random enough to tell accounts apart, no secret of worth.
fn new_key() -> String {
    std::iter::repeat_with(fastrand::alphanumeric).take(40).collect()
}
