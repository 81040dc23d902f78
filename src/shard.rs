//! A share of a job that several processes do together, on one machine or on many: which items are its own.
//!
//! Belongs here: the rule by which every process comes to the same shares without talking to the others. Doesn't: what
//! is done with them.

use std::fmt;

use crate::environment;
use crate::error::{Code, Exit, UserError, code};
use crate::hash::Sha256;

/// The variable by which Kubernetes tells a pod of an Indexed Job its number, from 0
/// (<https://kubernetes.io/docs/concepts/workloads/controllers/job/#completion-mode>).
pub const INDEX_VARIABLE: &str = "JOB_COMPLETION_INDEX";

/// Share number `number` of `of`.
///
/// An item belongs to the share `1 + h mod of`, where `h` are the first 8 bytes of the SHA-256 of its id (UTF-8), most
/// significant first. A row without an id that can be used belongs to the share of its place: `h` of `row TABLE:LINE`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shard {
    number: u64,
    of: u64,
}

/// Which share is meant: one by its number, or the one that the environment names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Choice {
    /// This one.
    Fixed(Shard),
    /// The one of [`INDEX_VARIABLE`], of so many.
    Auto(u64),
}

/// Why a share can't be told.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ShardError {
    /// The variable isn't set, or is not a number.
    #[error("--shard auto/{of} takes the shard's number from {INDEX_VARIABLE}, which {state}")]
    NoIndex {
        /// How many shards there are.
        of: u64,
        /// What is wrong with the variable.
        state: String,
    },
    /// There is no such share.
    #[error("{INDEX_VARIABLE} is {index}, and --shard auto/{of} has the numbers 0 to {}", .of.saturating_sub(1))]
    Beyond {
        /// The variable's number.
        index: u64,
        /// How many shards there are.
        of: u64,
    },
}

impl UserError for ShardError {
    fn code(&self) -> Code {
        code("shard", self)
    }

    fn hint(&self) -> String {
        match self {
            Self::NoIndex { .. } => "run it as an Indexed Job, or name the shard: --shard 1/4",
            Self::Beyond { .. } => "give --shard auto/N the same N as the job's completions",
        }
        .to_owned()
    }

    fn exit(&self) -> Exit {
        Exit::Usage
    }
}

impl Choice {
    /// Reads `2/4` or `auto/4`.
    pub fn parse(text: &str) -> Result<Self, String> {
        let wrong = || "give the shard's number and how many there are, such as 1/4, or auto/4".to_owned();
        let (number, of) = text.split_once('/').ok_or_else(wrong)?;
        let of: u64 = of.trim().parse().map_err(|_| wrong())?;
        if of == 0 {
            return Err(wrong());
        }
        if number.trim() == "auto" {
            return Ok(Self::Auto(of));
        }
        let number: u64 = number.trim().parse().map_err(|_| wrong())?;
        if number == 0 || number > of {
            return Err(format!("shards are numbered from 1/{of} to {of}/{of}"));
        }
        Ok(Self::Fixed(Shard { number, of }))
    }

    /// The share itself; `index` is what [`INDEX_VARIABLE`] holds.
    pub fn resolve(self, index: Option<&str>) -> Result<Shard, ShardError> {
        let of = match self {
            Self::Fixed(shard) => return Ok(shard),
            Self::Auto(of) => of,
        };
        let no_index = |state: &str| ShardError::NoIndex {
            of,
            state: state.to_owned(),
        };
        let text = index.ok_or_else(|| no_index("is not set"))?;
        let index: u64 = text.trim().parse().map_err(|_| no_index("is not a number"))?;
        if index >= of {
            return Err(ShardError::Beyond { index, of });
        }
        let number = index.saturating_add(1);
        Ok(Shard { number, of })
    }

    /// The share itself, by the environment.
    pub fn from_environment(self) -> Result<Shard, ShardError> {
        let index = environment::value(INDEX_VARIABLE).and_then(|index| index.into_string().ok());
        self.resolve(index.as_deref())
    }
}

impl Shard {
    /// Whether the item of this id is its own.
    #[must_use]
    pub fn has_id(&self, id: &str) -> bool {
        self.has(id.as_bytes())
    }

    /// Whether a row without an id that can be used is its own, by its place: the table's number and the line.
    #[must_use]
    pub fn has_place(&self, table: usize, line: u64) -> bool {
        self.has(format!("row {table}:{line}").as_bytes())
    }

    /// How many shares there are.
    #[must_use]
    pub fn of(&self) -> u64 {
        self.of
    }

    /// The share as a part of a file's name: `1-of-4`.
    #[must_use]
    pub fn file_part(&self) -> String {
        format!("{}-of-{}", self.number, self.of)
    }

    fn has(&self, bytes: &[u8]) -> bool {
        let hash = Sha256::digest(bytes);
        let first = hash.iter().take(8).fold(0_u64, |sum, byte| sum << 8 | u64::from(*byte));
        first % self.of == self.number.saturating_sub(1)
    }
}

impl fmt::Display for Shard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.number, self.of)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shard(text: &str) -> Shard {
        Choice::parse(text).unwrap().resolve(None).unwrap()
    }

    #[test]
    fn each_id_and_each_place_belongs_to_just_one_share() {
        let all: Vec<Shard> = (1..=4).map(|number| shard(&format!("{number}/4"))).collect();
        let mut sizes = [0_u32; 4];
        for n in 0..4_000_u64 {
            let id = format!("item-{n}");
            let owners: Vec<usize> = (0..4).filter(|i| all[*i].has_id(&id)).collect();
            assert_eq!(owners.len(), 1, "{id}");
            sizes[owners[0]] += 1;
            assert_eq!(all.iter().filter(|shard| shard.has_place(1, n)).count(), 1);
        }
        assert!(sizes.iter().all(|size| (900..1_100).contains(size)), "{sizes:?}");
    }

    #[test]
    fn the_rule_is_the_documented_one_and_stays_so() {
        // SHA-256 of "abc" begins with ba7816bf8f01cfea, which is 2 modulo 4 and 0 modulo 3.
        assert!(shard("3/4").has_id("abc"));
        assert!(shard("1/3").has_id("abc"));
    }

    #[test]
    fn a_share_is_counted_from_1_and_a_pod_from_0() {
        assert_eq!(shard("1/1").to_string(), "1/1");
        for wrong in ["", "1", "0/4", "5/4", "1/0", "a/4", "1/", "/4", "-1/4", "auto/0"] {
            assert!(Choice::parse(wrong).is_err(), "{wrong}");
        }
        let auto = Choice::parse("auto/4").unwrap();
        assert_eq!(auto.resolve(Some("0")), Ok(shard("1/4")));
        assert_eq!(auto.resolve(Some("3")), Ok(shard("4/4")));
        assert_eq!(auto.resolve(Some("4")), Err(ShardError::Beyond { index: 4, of: 4 }));
        assert!(auto.resolve(None).is_err() && auto.resolve(Some("x")).is_err());
    }
}
