//! Before AWS is asked for anything: does this certificate, and the proxy that shows it, please AWS KMS?
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
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;
use xkslink::probe::{Probe, ProbeReport, Trust, TrustedRoots, Validity};
use xkslink::spec::Credential;

/// Looks at certificate, TLS and proxy as AWS KMS will.
#[derive(Parser)]
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
    #[arg(long)]
    path: Option<String>,
    /// The configuration file that the proxy exported.
    #[arg(long)]
    credential: Option<PathBuf>,
    /// The external key that a KMS key is to use.
    #[arg(long)]
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
    if let Some(file) = arguments.certificate {
        probe = probe.certificate(&std::fs::read(file)?);
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
        probe = probe.trusted_roots(TrustedRoots::aws_kms().with_certificates(&std::fs::read(file)?));
    }
    let report = probe.await;
    println!("{}", if arguments.json { report.to_json() } else { report.to_string() });
    let problems = problems(&report);
    for problem in &problems {
        eprintln!("problem: {problem}");
    }
    if problems.is_empty() {
        eprintln!("nothing was seen that AWS KMS would refuse");
    }
    Ok(if problems.is_empty() { ExitCode::SUCCESS } else { ExitCode::from(2) })
}

/// What AWS KMS would refuse for sure.
fn problems(report: &ProbeReport) -> Vec<String> {
    let mut problems = Vec::new();
    for certificate in report.certificates() {
        if !certificate.common_name.fits() {
            problems.push("the certificate has no Common Name for the private DNS name [TLS-03]".to_owned());
        }
        if certificate.chain.iter().any(|each| each.validity != Validity::Valid) {
            problems.push("a certificate of the chain is expired or not yet valid [TLS-08]".to_owned());
        }
        if !matches!(certificate.trust, Trust::Listed { .. } | Trust::ListedByName { .. }) {
            problems.push(format!("the chain {} [TLS-06]", certificate.trust));
        }
    }
    for proxy in &report.proxy {
        if proxy.health.status() != Some(200) {
            problems.push(format!("the proxy at {} is not healthy: {} [PXY-03]", proxy.address, proxy.health));
        }
        if !proxy.problems.is_empty() {
            problems.push(format!("the proxy at {} answers what AWS KMS does not understand [PXY-08]", proxy.address));
        }
    }
    problems
}
