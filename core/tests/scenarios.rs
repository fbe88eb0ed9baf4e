//! Every scenario of `tests/scenarios` against the simulated AWS: one test for each folder, which names every file that
//! is not as it says.

mod scenario;

use scenario::run::run_file;
use scenario::{files, folders};

/// Only files whose path holds this text are run, to look at one of them: `SCENARIO=lost_answer cargo test …`.
const ONLY: &str = "SCENARIO";

fn all_hold(folder: &str) {
    let only = std::env::var(ONLY).unwrap_or_default();
    let files = files(folder);
    assert!(!files.is_empty(), "no scenarios in {folder}");
    let mut wrong = String::new();
    for path in files.iter().filter(|path| path.to_string_lossy().contains(&only)) {
        let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        let found = std::panic::catch_unwind(|| run_file(path)).unwrap_or_else(|_| vec!["panicked".to_owned()]);
        for line in found {
            wrong.push_str(&format!("\n{folder}/{name}: {line}"));
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}

#[test]
fn creation() {
    all_hold("create");
}

#[test]
fn drift() {
    all_hold("drift");
}

#[test]
fn existing_networks() {
    all_hold("existing");
}

#[test]
fn failures() {
    all_hold("failure");
}

#[test]
fn replacement() {
    all_hold("replace");
}

#[test]
fn teardown() {
    all_hold("teardown");
}

#[test]
fn updates() {
    all_hold("update");
}

#[test]
fn verification() {
    all_hold("verify");
}

#[test]
fn every_folder_has_a_test() {
    assert_eq!(folders(), ["create", "drift", "existing", "failure", "replace", "teardown", "update", "verify"]);
}
