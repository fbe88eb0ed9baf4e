//! The fuzz targets: what is done with bytes of a stranger, and what must hold then. A panic is a finding.
//!
//! One file for both who run them: libFuzzer (`fuzz_targets/`) and `core/tests/survival/fuzz.rs`.

#![allow(dead_code, clippy::unwrap_used, unreachable_pub, reason = "a program of libFuzzer has one target of these")]

use futures_util::FutureExt;
use xkslink::probe::{Probe, read_answer};
use xkslink::spec::{Connectivity, SpecError};
use xkslink::{Diagnosis, Plan};

/// A spec document in any format is refused with reasons, or is the same spec when it is written and read again.
pub fn spec(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    round(Connectivity::from_json, Connectivity::to_json, &text);
    round(Connectivity::from_toml, Connectivity::to_toml, &text);
    round(Connectivity::from_yaml, Connectivity::to_yaml, &text);
}

fn round(
    read: fn(&str) -> Result<Connectivity, SpecError>,
    write: fn(&Connectivity) -> Result<String, SpecError>,
    text: &str,
) {
    match read(text) {
        Err(refused) => assert!(!refused.problems.is_empty() && !refused.to_string().is_empty()),
        Ok(spec) => {
            let written = write(&spec).unwrap();
            match read(&written) {
                Ok(again) => assert_eq!(again, spec),
                Err(refused) => assert!(written.contains("<withheld>"), "{refused}\n{written}"),
            }
        }
    }
}

/// A plan document is refused, or is the same plan when it is written and read again.
pub fn plan(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    match Plan::from_json(&text) {
        Err(refused) => assert!(!refused.to_string().is_empty() && !refused.help().is_empty()),
        Ok(plan) => {
            let again = Plan::from_json(&plan.to_json()).unwrap();
            assert_eq!((again.hash(), again.to_json()), (plan.hash(), plan.to_json()));
            assert!(!plan.to_string().is_empty() && !plan.to_mermaid().is_empty());
        }
    }
}

/// A pasted text gives a diagnosis that can be written and read, and that does not grow with the text.
pub fn diagnosis(data: &[u8]) {
    let diagnosis = Diagnosis::of_text(&String::from_utf8_lossy(data));
    let written = diagnosis.to_json();
    assert_eq!(serde_json::from_str::<Diagnosis>(&written).unwrap(), diagnosis);
    assert!(written.len() < 1 << 20 && diagnosis.to_string().len() < 1 << 20);
}

/// What a proxy answers gives facts or problems, in texts of a length that people read.
pub fn proxy_answer(data: &[u8]) {
    let read = format!("{:?}", read_answer(data));
    assert!(read.len() < 1 << 17, "{}", read.len());
}

/// A certificate file is judged without a connection, and the report can be written and read.
pub fn certificate(data: &[u8]) {
    let probe = Probe::of("xks.example.com", "eu-central-1").unwrap().certificate(data);
    let report = probe.into_future().now_or_never().expect("nothing to wait for");
    assert!(report.certificate.is_some() && !report.to_string().is_empty());
    let written = serde_json::to_string(&report).unwrap();
    assert_eq!(serde_json::from_str::<xkslink::probe::ProbeReport>(&written).unwrap(), report);
}
