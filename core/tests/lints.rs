//! Every member of the workspace keeps its lints, and only what crosses a language boundary may hold `unsafe`.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::path::Path;

use toml::Table;

/// Their macros write `unsafe` code for Python, Node.js and UniFFI.
const AT_A_BOUNDARY: [&str; 3] = ["python", "node", "bindings"];

fn manifest(folder: &str) -> Table {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(folder).join("Cargo.toml");
    std::fs::read_to_string(path).unwrap().parse().unwrap()
}

#[test]
fn every_member_keeps_the_lints_of_the_workspace_and_all_but_the_boundaries_forbid_unsafe() {
    let workspace = manifest(".")["workspace"].clone();
    let lints = workspace["lints"].as_table().unwrap();
    assert_eq!(lints["rust"]["unsafe_code"].as_str(), Some("forbid"));
    let mut at_a_boundary = lints.clone();
    at_a_boundary["rust"].as_table_mut().unwrap().remove("unsafe_code");
    let inherited = "workspace = true".parse::<Table>().unwrap();
    for member in workspace["members"].as_array().unwrap() {
        let member = member.as_str().unwrap();
        let expected = if AT_A_BOUNDARY.contains(&member) { &at_a_boundary } else { &inherited };
        assert_eq!(manifest(member).get("lints").and_then(|lints| lints.as_table()), Some(expected), "{member}");
    }
}
