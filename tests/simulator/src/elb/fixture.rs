//! World for tests.
