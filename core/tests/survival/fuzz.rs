//! The fuzz targets of `fuzz/`, run by the stable compiler: the kept corpus, and inputs made of it by seeded mutation.

use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::time::{Duration, Instant};

use super::Dice;

#[path = "../../../fuzz/targets.rs"]
mod targets;

type Target = fn(&[u8]);

const TARGETS: [(&str, Target); 5] = [
    ("spec", targets::spec),
    ("plan", targets::plan),
    ("diagnosis", targets::diagnosis),
    ("proxy_answer", targets::proxy_answer),
    ("certificate", targets::certificate),
];

/// What came of a target.
#[derive(Debug)]
pub struct Fuzzed {
    pub target: &'static str,
    pub inputs: usize,
    pub slowest: Duration,
    /// The input that took longest, as a Rust literal.
    pub slow: String,
    /// Inputs that made it panic, as Rust literals.
    pub panics: Vec<String>,
}

/// Every target with its corpus and as many mutations.
pub fn fuzz(mutations: usize, seed: u64) -> Vec<Fuzzed> {
    TARGETS.map(|(name, target)| one(name, target, mutations, seed)).into()
}

fn one(name: &'static str, target: Target, mutations: usize, seed: u64) -> Fuzzed {
    let corpus = corpus(name);
    let mut dice = Dice(seed);
    let mut fuzzed =
        Fuzzed { target: name, inputs: 0, slowest: Duration::ZERO, slow: String::new(), panics: Vec::new() };
    let mutated = (0..mutations).map(|_| mutated(&corpus, &mut dice));
    for input in corpus.iter().cloned().chain(mutated) {
        let began = Instant::now();
        let ended = catch_unwind(AssertUnwindSafe(|| target(&input)));
        if began.elapsed() > fuzzed.slowest {
            fuzzed.slowest = began.elapsed();
            fuzzed.slow = literal(&input);
        }
        fuzzed.inputs += 1;
        if ended.is_err() {
            fuzzed.panics.push(literal(&input));
        }
    }
    fuzzed
}

fn literal(input: &[u8]) -> String {
    format!("b\"{}\"", input.escape_ascii())
}

fn corpus(name: &str) -> Vec<Vec<u8>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fuzz/corpus").join(name);
    let mut files: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files.iter().map(|file| fs::read(file).unwrap()).collect()
}

/// Words that parsers stumble over.
const WORDS: [&[u8]; 16] = [
    b"null",
    b"-0",
    b"1e999",
    b"99999999999999999999",
    b"\"\"",
    b"[]",
    b"{}",
    b"[[[[",
    b"\\ud800",
    b"\xff\xfe",
    b"\0",
    b"\xe2\x80\xae",
    b"&a *a",
    b"!!binary",
    b"'''",
    b"\x30\x84\xff\xff\xff\xff",
];

/// One to four changes to a file of the corpus.
fn mutated(corpus: &[Vec<u8>], dice: &mut Dice) -> Vec<u8> {
    let mut input = dice.pick(corpus).clone();
    for _ in 0..=dice.roll(4) {
        let at = dice.roll(input.len() + 1);
        let end = at + dice.roll(input.len() - at + 1).min(64);
        match dice.roll(6) {
            0 if at < input.len() => input[at] ^= 1 << dice.roll(8),
            1 if at < input.len() => input[at] = dice.roll(256) as u8,
            2 => drop(input.drain(at..end)),
            3 => drop(input.splice(at..at, dice.pick(&WORDS).iter().copied())),
            4 => {
                let again: Vec<u8> = input[at..end].repeat(1 + dice.roll(8));
                drop(input.splice(at..at, again));
            }
            _ => {
                let other = dice.pick(corpus);
                let from = dice.roll(other.len() + 1);
                input.truncate(at);
                input.extend_from_slice(&other[from..]);
            }
        }
    }
    input
}
