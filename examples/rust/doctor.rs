//! Why does this key store not connect, or fail? Any key store or endpoint service in, ranked causes out. Reads only.
//!
//! ```text
//! cargo run -p xkslink-examples --bin doctor -- eu-central-1 cks-1234567890abcdef0
//! cargo run -p xkslink-examples --bin doctor -- eu-central-1 payments-hsm --told "$(cat error.txt)"
//! cargo run -p xkslink-examples --bin doctor -- eu-central-1 --told XksProxyUriUnreachableException
//! ```
//!
//! The credentials, settings and `AWS_ENDPOINT_URL` of the environment are used as every AWS tool uses them.

use std::error::Error;
use std::process::ExitCode;

use clap::Parser;
use xkslink::{Client, Diagnosis, Target};

/// Diagnose a key store of any origin.
#[derive(Parser)]
struct Arguments {
    /// The Region.
    region: String,
    /// Name or `cks-` id of a key store, or the name of an endpoint service; without one, the text alone is read.
    #[arg(required_unless_present = "told")]
    store: Option<String>,
    /// What was seen: an exception, a ConnectionErrorCode, an error message.
    #[arg(long)]
    told: Option<String>,
    /// Print the diagnosis as JSON.
    #[arg(long)]
    json: bool,
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

/// Exit code 3: a cause was found.
async fn run(arguments: Arguments) -> Result<ExitCode, Box<dyn Error>> {
    let told = arguments.told.unwrap_or_default();
    let diagnosis = match &arguments.store {
        Some(store) => {
            let client = Client::new(&aws_config::load_defaults(aws_config::BehaviorVersion::latest()).await);
            client.diagnose(Target::named(store, &arguments.region)).told(&told).await?
        }
        None => Diagnosis::of_text(&told),
    };
    if !told.is_empty() && Diagnosis::of_text(&told).symptoms.is_empty() {
        eprintln!("nothing is known of what was told; it counts for nothing");
    }
    println!("{}", if arguments.json { diagnosis.to_json() } else { diagnosis.to_string() });
    Ok(if diagnosis.found().is_some() { ExitCode::from(3) } else { ExitCode::SUCCESS })
}
