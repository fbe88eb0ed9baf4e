//! The core for languages that UniFFI writes bindings for.
