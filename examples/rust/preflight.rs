//! Before AWS is asked for anything: does this certificate, and the proxy that shows it, please AWS KMS? The verdict is that
//! of the rules.
//!
//! Give a certificate, addresses, a credential, or all of them; nothing here needs AWS. What is seen is seen from this host.
//! A proxy configuration file holds the credential; without one, `XKS_KEY_ID` and `XKS_SECRET` of the environment do.
//!
//! ```text
//! cargo run -p xkslink-examples --bin preflight -- xks.payments.example.com eu-central-1 --certificate chain.pem
//! cargo run -p xkslink-examples --bin preflight -- xks.payments.example.com eu-central-1 \
//!     --address 10.0.8.10:443 --path /payments/kms/xks/v1 --credential proxy-configuration.json
//! ```

use std::error::Error;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{ArgGroup, Parser};
use xkslink::facts::{Facts, Gap};
use xkslink::probe::{Probe, ProbeReport, TrustedRoots};
use xkslink::rules::{Verdict, rule};
use xkslink::spec::Credential;
use xkslink::{Check, Verification};

/// Looks at certificate, TLS and proxy as AWS KMS will.
#[derive(Parser)]
#[command(group(ArgGroup::new("what").args(["certificate", "address", "dns"]).required(true).multiple(true)))]
struct Arguments {
    /// The private DNS name of the endpoint service.
    name: String,
    /// The Region of the key store.
    region: String,
    /// A file with the proxy's certificate and its chain, in PEM.
    #[arg(long)]
    certificate: Option<PathBuf>,
    /// An address of the proxy or the load balancer, such as `10.0.8.10:443`. May be given more than once.
    #[arg(long)]
    address: Vec<SocketAddr>,
    /// The path of the proxy API, such as `/kms/xks/v1`: calls it at each address.
    #[arg(long, requires = "address")]
    path: Option<String>,
    /// The configuration file that the proxy exported.
    #[arg(long, requires = "path")]
    credential: Option<PathBuf>,
    /// The external key that a KMS key is to use.
    #[arg(long, requires = "path")]
    key: Option<String>,
    /// Asks public DNS about the name.
    #[arg(long)]
    dns: bool,
    /// Certificates in PEM that count as roots, besides those on the list of AWS KMS.
    #[arg(long)]
    root: Option<PathBuf>,
    /// Prints the report as JSON.
    #[arg(long)]
    json: bool,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    match run(Arguments::parse()).await {
        Ok(code) => code,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn run(arguments: Arguments) -> Result<ExitCode, Box<dyn Error>> {
    let mut probe = Probe::of(&arguments.name, &arguments.region)?.addresses(arguments.address);
    if let Some(file) = &arguments.certificate {
        probe = probe.certificate(&read(file)?);
    }
    if let Some(path) = arguments.path {
        let source = match arguments.credential {
            Some(file) => Credential::from_file(file),
            None => Credential::from_env("XKS_KEY_ID", "XKS_SECRET"),
        };
        probe = probe.proxy(&path, source.read()?)?;
    }
    if let Some(key) = arguments.key {
        probe = probe.external_key(&key)?;
    }
    if arguments.dns {
        probe = probe.dns();
    }
    if let Some(file) = arguments.root {
        probe = probe.trusted_roots(TrustedRoots::aws_kms().with_certificates(&read(&file)?));
    }
    let report = probe.await;
    if let (Some(file), Some(nothing)) = (&arguments.certificate, unreadable(&report)) {
        return Err(format!("{}: {nothing}", file.display()).into());
    }
    println!("{}", if arguments.json { report.to_json() } else { report.to_string() });
    let facts = Facts { subject: arguments.name, region: arguments.region, probe: Some(report), ..Facts::default() };
    Ok(verdict(&Verification::of(&facts)))
}

/// Says which rules do not hold, by what was seen. Exit code 3: AWS KMS would refuse; 4: it would not for anything that was
/// seen, but not all was seen that was looked for.
fn verdict(verification: &Verification) -> ExitCode {
    let refuses = |check: &Check| rule(&check.rule).is_some_and(|rule| rule.refuses());
    for check in verification.failures() {
        eprintln!("{}: {}: {}", if refuses(check) { "KMS would refuse" } else { "risk" }, check.rule, check.text);
        for seen in check.evidence.iter().filter(|seen| !seen.fits) {
            eprintln!("  seen  {}: {}", seen.what, seen.value);
        }
        eprintln!("  fix   {}", check.remedy);
    }
    let refused = verification.failures().filter(|check| refuses(check)).count();
    let mut unseen = 0;
    for check in verification.checks.iter().filter(|check| refuses(check)) {
        if let Verdict::Unknown { missing: missing @ Gap::NotSeen { .. } } = &check.verdict {
            unseen += 1;
            // What is refused mostly hides what comes after it.
            if refused == 0 {
                eprintln!("unknown: {}: {}\n  why   {missing}", check.rule, check.text);
            }
        }
    }
    let held = verification.checks.iter().filter(|check| check.verdict == Verdict::Pass).count();
    let counts = format!("rules broken: {refused}, unknown: {unseen}, that hold: {held}");
    match (refused, unseen) {
        (0, 0) => {
            eprintln!("nothing was seen that AWS KMS would refuse; {counts}");
            ExitCode::SUCCESS
        }
        (0, _) => {
            eprintln!("nothing was seen that AWS KMS would refuse, but not all could be seen; {counts}");
            ExitCode::from(4)
        }
        _ => {
            eprintln!("AWS KMS would refuse; {counts}");
            ExitCode::from(3)
        }
    }
}

/// Why the certificate file says nothing.
fn unreadable(report: &ProbeReport) -> Option<&str> {
    report.certificate.as_ref().filter(|certificate| certificate.chain.is_empty())?.trouble.as_deref()
}

fn read(file: &Path) -> Result<Vec<u8>, String> {
    std::fs::read(file).map_err(|error| format!("could not read {}: {error}", file.display()))
}
