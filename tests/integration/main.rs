//! Everything that is tested from outside, in one binary: a file a command or server, `support` for what they share.

mod sandbox;
mod support;
