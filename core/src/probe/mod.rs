//! What no AWS API tells: public DNS, the certificate and TLS of the proxy, and what its API answers.

mod outcome;

pub use outcome::*;
