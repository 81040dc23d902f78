//! What runs unattended is watched: hooks, metrics, pings, and the age of the newest backup.

mod age;
#[cfg(unix)]
mod hooks;
mod metrics;
mod pings;
