//! A spec document in, real AWS out: the credentials, Region-independent settings and `AWS_ENDPOINT_URL` of the
//! environment are used as every AWS tool uses them.
//!
//! ```text
//! cargo run -p xkslink-examples --bin from_document -- plan spec.toml
//! AWS_ENDPOINT_URL=http://127.0.0.1:4600 cargo run -p xkslink-examples --bin from_document -- apply spec.toml
//! ```

use std::error::Error;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Parser, ValueEnum};
use xkslink::spec::Connectivity;
use xkslink::{Client, Consent, Report};

/// Plan, apply or tear down the spec of a document, or print the IAM policies that it takes.
#[derive(Parser)]
struct Arguments {
    /// What to do.
    verb: Verb,
    /// The spec: a .json, .toml, .yaml or .yml file.
    spec: PathBuf,
    /// Agree to something the plan asks for. May be given more than once.
    #[arg(long)]
    consent: Vec<Yes>,
    /// Print the plan, status or report as JSON.
    #[arg(long)]
    json: bool,
}

#[derive(Clone, Copy, ValueEnum)]
enum Verb {
    Plan,
    /// Print the IAM policies that the plan needs.
    Policy,
    Apply,
    Status,
    Teardown,
}

#[derive(Clone, Copy, ValueEnum)]
enum Yes {
    Replace,
    Delete,
    Disconnect,
    DespiteRules,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    match run(Arguments::parse()).await {
        Ok(code) => code,
        Err(error) => {
            eprintln!("error: {error}");
            if let Some(error) = error.downcast_ref::<xkslink::Error>() {
                eprintln!("what to do: {}", error.help());
            }
            ExitCode::FAILURE
        }
    }
}

async fn run(arguments: Arguments) -> Result<ExitCode, Box<dyn Error>> {
    let spec = read(&arguments.spec)?;
    let config = aws_config::load_defaults(aws_config::BehaviorVersion::latest()).await;
    let client = Client::new(&config);
    let agreed = arguments.consent.iter().map(|yes| match yes {
        Yes::Replace => Consent::Replace,
        Yes::Delete => Consent::Delete,
        Yes::Disconnect => Consent::Disconnect,
        Yes::DespiteRules => Consent::DespiteRules,
    });
    match arguments.verb {
        Verb::Plan => {
            let plan = client.plan(&spec).await?;
            println!("{}", if arguments.json { plan.to_json() } else { plan.to_string() });
        }
        Verb::Policy => {
            for policy in client.plan(&spec).await?.policies() {
                eprintln!("the policy of the {} role:", policy.role);
                println!("{}", policy.to_json());
            }
        }
        Verb::Status => {
            let status = client.status(&spec).await?;
            println!("{}", if arguments.json { status.to_json() } else { status.to_string() });
        }
        Verb::Apply => {
            let plan = client.plan(&spec).await?;
            let apply = agreed.fold(client.apply(&plan), |apply, consent| apply.consent(consent));
            return show(&apply.on_event(|event| eprintln!("{event}")).await?, arguments.json);
        }
        Verb::Teardown => {
            let teardown = agreed.fold(client.teardown(&spec), |teardown, consent| teardown.consent(consent));
            return show(&teardown.on_event(|event| eprintln!("{event}")).await?, arguments.json);
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// A run that waits for a DNS record is no failure, but not complete either: exit code 2.
fn show(report: &Report, json: bool) -> Result<ExitCode, Box<dyn Error>> {
    if json {
        println!("{}", report.to_json());
    }
    if let Some(record) = report.waiting_for_dns() {
        eprintln!("publish this record, then apply again: {record}");
        return Ok(ExitCode::from(2));
    }
    Ok(ExitCode::SUCCESS)
}

fn read(path: &Path) -> Result<Connectivity, Box<dyn Error>> {
    let text = std::fs::read_to_string(path).map_err(|error| format!("could not read {}: {error}", path.display()))?;
    Ok(match path.extension().and_then(|extension| extension.to_str()) {
        Some("toml") => Connectivity::from_toml(&text)?,
        Some("yaml" | "yml") => Connectivity::from_yaml(&text)?,
        _ => Connectivity::from_json(&text)?,
    })
}
