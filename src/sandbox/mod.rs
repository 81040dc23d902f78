//! The embedded inventory server: the API's contract, traps included, on loopback.
//!
//! Belongs here: what the vendor's server does. Doesn't: anything of the client. The only room that names axum.
