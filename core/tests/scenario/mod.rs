//! Scenarios as data: what a file says, how it is run, what is compared. `tests/scenarios/README.md` is the manual.
//!
//! One scenario has one simulated world, one spec that its runs may edit, and values saved along the way that deeds and
//! edits refer to.

#![allow(clippy::unwrap_used, unreachable_pub, missing_docs, dead_code, reason = "a test may panic; files share this")]

pub mod check;
pub mod client;
pub mod file;
pub mod record;
pub mod run;
pub mod values;

use std::path::{Path, PathBuf};

/// `tests/scenarios` of the repository.
pub fn home() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/scenarios")
}

/// The scenario files of a folder, in the order of their names.
pub fn files(folder: &str) -> Vec<PathBuf> {
    let mut files: Vec<PathBuf> = std::fs::read_dir(home().join(folder))
        .unwrap_or_else(|error| panic!("{folder}: {error}"))
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|ending| ending == "toml"))
        .collect();
    files.sort();
    files
}

/// Folders that hold scenarios.
pub fn folders() -> Vec<String> {
    let mut folders: Vec<String> = std::fs::read_dir(home())
        .unwrap()
        .map(|entry| entry.unwrap().path())
        // Beside `specs`, what Python keeps of its modules is no folder of scenarios either.
        .filter(|path| path.is_dir() && !path.ends_with("specs") && !path.ends_with("__pycache__"))
        .map(|path| path.file_name().unwrap().to_string_lossy().into_owned())
        .collect();
    folders.sort();
    folders
}
