//! Which requests meet which fault.

use std::time::Duration;

use serde_json::Value;

/// One way to misbehave.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// 429, nothing done, without `Retry-After`.
    TooMany,
    /// 429, nothing done, `Retry-After` in seconds.
    TooManySeconds(u64),
    /// 429, nothing done, `Retry-After` as a date so many seconds from now.
    TooManyDate(u64),
    /// The same by a clock that is an hour slow, as its `Date` says.
    TooManyBySlowClock(u64),
    /// 500 with a JSON message, nothing done.
    ErrorBefore,
    /// 500 as a page, nothing done.
    HtmlErrorBefore,
    /// 500 as a page, everything done.
    ErrorAfter,
    /// 503 from the host in front, nothing done.
    Unavailable,
    /// 503, everything done, `Retry-After` in seconds.
    UnavailableAfter(u64),
    /// Everything done, and the connection ended without an answer.
    DroppedAfter,
    /// The connection reset, nothing done.
    Reset,
    /// Everything done, and the answer broken off before the length that its head promised.
    CutBody,
    /// Everything done, and the answer's JSON broken off, with a head that fits the rest.
    CutJson,
    /// Everything done, and the answer held back for so long.
    Slow(Duration),
    /// Nothing done for so long, then everything.
    SlowBefore(Duration),
    /// Everything done, and half of the answer given; the rest never comes.
    Stalled,
    /// The same as `Slow`, for requests of more than so many items. Others are served.
    SlowAbove(usize, Duration),
    /// A posted array refused (400), as by an endpoint that takes only single objects. Other requests are served.
    NoArrays,
    /// A post done, and answered with an echo of other items. Other requests are served.
    WrongItems,
    /// A post whose values are stored trimmed, in capitals and rounded to one decimal, and come back so. Other requests are
    /// served.
    Respells,
    /// The same, and the echo is what was posted.
    RespellsSilently,
    /// The same, and the answer is a 503.
    RespellsUnanswered,
    /// Only the echo is so: nothing is stored.
    EchoesRespelled,
    /// A deletion that names the item in its body answered with this status and not done (with 200: only pretended).
    /// Other requests are served.
    NoBodyDelete(u16),
    /// The same for a deletion that names the item in its path.
    NoPathDelete(u16),
    /// A deletion of either form pretended.
    NoDelete,
    /// This status, and this body with `DATA` replaced by the data of the usual answer; everything done, or nothing.
    Answered(u16, &'static str, Done),
    /// Lists without these items. Other requests are served.
    Hides(Vec<String>),
    /// Lists in an order that this seed decides, unless one is asked for; the keys of each item are in another order, too.
    /// Other requests are served.
    Reordered(u64),
    /// 302 to another path of this server, nothing done.
    Redirect,
    /// Everything done, and this text of the answer replaced by that.
    Swapped(&'static str, &'static str),
    /// A firewall's page with this status, nothing done.
    Blocked(u16),
    /// The same as JSON.
    BlockedJson(u16),
    /// 200 with a page of some proxy, nothing done.
    ProxyPage,
    /// Everything done, by a clock that is so many seconds ahead, as its `Date` says.
    Clock(i64),
    /// Somebody else stores these items, past HTTP, before the request is served as usual.
    Stores(Vec<Value>),
    /// Somebody else deletes these items before the request is served as usual.
    Removes(Vec<String>),
}

impl Fault {
    /// Every fault after which a client can still reach its end by trying again.
    pub(crate) fn passing() -> Vec<Self> {
        vec![
            Self::TooMany,
            Self::TooManySeconds(0),
            Self::TooManyDate(0),
            Self::ErrorBefore,
            Self::HtmlErrorBefore,
            Self::ErrorAfter,
            Self::Unavailable,
            Self::DroppedAfter,
            Self::Reset,
            Self::CutBody,
            Self::CutJson,
            Self::Slow(Duration::from_millis(20)),
            Self::WrongItems,
            Self::ProxyPage,
        ]
    }
}

/// Whether a request is carried out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Done {
    All,
    Nothing,
}

/// When which faults come. Requests are counted from 1, for each rule by itself.
#[derive(Clone, Debug)]
pub(crate) struct Rule {
    when: When,
    faults: Vec<Fault>,
    method: Option<&'static str>,
    id: Option<String>,
    items_only: bool,
    lists_only: bool,
    counted: u64,
}

#[derive(Clone, Debug)]
enum When {
    Every(u64),
    First(u64),
    From(u64),
    Only(u64),
    Chance { percent: u64, seed: u64 },
}

impl Rule {
    fn new(when: When, faults: Vec<Fault>) -> Self {
        Self {
            when,
            faults,
            method: None,
            id: None,
            items_only: false,
            lists_only: false,
            counted: 0,
        }
    }

    /// Each request whose number is a multiple of `n`.
    pub(crate) fn every(n: u64, fault: Fault) -> Self {
        Self::new(When::Every(n), vec![fault])
    }

    /// The first `n` requests.
    pub(crate) fn first(n: u64, fault: Fault) -> Self {
        Self::new(When::First(n), vec![fault])
    }

    /// The request of number `n` and all after it.
    pub(crate) fn from(n: u64, fault: Fault) -> Self {
        Self::new(When::From(n), vec![fault])
    }

    /// The request of number `n` alone.
    pub(crate) fn only(n: u64, fault: Fault) -> Self {
        Self::new(When::Only(n), vec![fault])
    }

    /// So many requests in a hundred, each with one of the faults; which ones depends on the seed and their numbers alone.
    pub(crate) fn mixed(percent: u64, seed: u64, faults: Vec<Fault>) -> Self {
        Self::new(When::Chance { percent, seed }, faults)
    }

    /// Only for requests of this method; others aren't counted.
    pub(crate) fn on(mut self, method: &'static str) -> Self {
        self.method = Some(method);
        self
    }

    /// Only for requests about this item, named in the path or in the body; others aren't counted.
    pub(crate) fn about(mut self, id: &str) -> Self {
        self.id = Some(id.to_owned());
        self
    }

    /// Only for requests that name an item; lists aren't counted.
    pub(crate) fn about_items(mut self) -> Self {
        self.items_only = true;
        self
    }

    /// Only for lists; other requests aren't counted.
    pub(crate) fn on_lists(mut self) -> Self {
        self.lists_only = true;
        self.on("GET")
    }

    /// Counts a request about these items, and says what it meets.
    pub(super) fn fault(&mut self, method: &str, ids: &[String]) -> Option<Fault> {
        if self.method.is_some_and(|only| only != method) || (self.items_only && ids.is_empty()) {
            return None;
        }
        if self.lists_only && !ids.is_empty() {
            return None;
        }
        if self.id.as_ref().is_some_and(|id| !ids.contains(id)) {
            return None;
        }
        self.counted += 1;
        let mut rng = fastrand::Rng::with_seed(self.counted);
        let hit = match self.when {
            When::Every(n) => self.counted.is_multiple_of(n),
            When::First(n) => self.counted <= n,
            When::From(n) => self.counted >= n,
            When::Only(n) => self.counted == n,
            When::Chance { percent, seed } => {
                rng = fastrand::Rng::with_seed(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) ^ self.counted);
                rng.u64(0..100) < percent
            }
        };
        if hit { rng.choice(&self.faults).cloned() } else { None }
    }
}
