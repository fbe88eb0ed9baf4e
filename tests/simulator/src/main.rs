//! The simulated AWS as a program: one HTTP endpoint for clients in any language.

use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::{Duration, SystemTime};

use clap::Parser;
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use xkslink_simulator::proxy::Setup;
use xkslink_simulator::{ACCOUNT, Dns, Proxy, Simulator, Timings};

/// A simulated AWS (EC2, ELBv2, KMS, Route 53, STS, Service Quotas) for external key store connectivity.
///
/// GET / is a page that shows the world. Programs look at it with GET /_world, /_census and /_requests, and change it,
/// make calls fail, let time pass or reset it with POST /_deeds: see docs/simulator.md.
#[derive(Parser)]
#[command(version)]
struct Options {
    /// Address to listen on; port 0 picks a free one.
    #[arg(long, default_value = "127.0.0.1:4600")]
    listen: SocketAddr,
    /// Simulated seconds per second.
    #[arg(long, default_value_t = 60.0, value_parser = positive)]
    speed: f64,
    /// Round trip of one call, in simulated milliseconds.
    #[arg(long, default_value_t = 50)]
    latency_ms: u64,
    /// Let everything happen at once, except for the round trips.
    #[arg(long)]
    instant: bool,
    /// Show every write at once, instead of about a second later.
    #[arg(long)]
    strict: bool,
    /// Seed of invented ids.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Also run a simulated XKS proxy for `xks.example.com` at this address, over TLS.
    #[arg(long, value_name = "ADDRESS")]
    proxy: Option<SocketAddr>,
    /// What the proxy is like: a JSON file with the fields of `proxy::Setup`.
    #[arg(long, value_name = "FILE", requires = "proxy")]
    proxy_setup: Option<PathBuf>,
    /// Write the root certificate of the proxy to this file.
    #[arg(long, value_name = "FILE", requires = "proxy")]
    proxy_root: Option<PathBuf>,
    /// Also run a name server at this address, for the public zones of the simulated Route 53.
    #[arg(long, value_name = "ADDRESS")]
    dns: Option<SocketAddr>,
    /// Stop when standard input closes, so that the server does not outlive the program that started it.
    #[arg(long)]
    stop_with_stdin: bool,
}

fn positive(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(number) if number.is_finite() && number > 0.0 => Ok(number),
        _ => Err("must be a number above 0".to_owned()),
    }
}

#[tokio::main]
async fn main() -> io::Result<()> {
    let options = Options::parse();
    let listener = TcpListener::bind(options.listen).await?;
    announce(listener.local_addr()?);
    let simulator = simulator(&options);
    let _proxy = proxy(&options, &simulator).await?;
    let _dns = dns(&options, &simulator).await?;
    tokio::select! {
        ended = simulator.serve(listener) => ended,
        stopped = stop_signal() => stopped,
        () = end_of_stdin(), if options.stop_with_stdin => Ok(()),
    }
}

fn simulator(options: &Options) -> Simulator {
    let call = Duration::from_millis(options.latency_ms);
    let timings = if options.instant { Timings::instant(call) } else { Timings { call, ..Timings::default() } };
    let timings = if options.strict { Timings { consistency: Duration::ZERO, ..timings } } else { timings };
    let builder = Simulator::builder().timings(timings).speed(options.speed).seed(options.seed);
    builder.begins(SystemTime::now()).build()
}

/// The proxy that is asked for, also part of the world. It runs while the handle lives.
async fn proxy(options: &Options, simulator: &Simulator) -> io::Result<Option<Proxy>> {
    let Some(address) = options.proxy else { return Ok(None) };
    let setup = match &options.proxy_setup {
        Some(file) => serde_json::from_slice(&std::fs::read(file)?)?,
        None => Setup::default(),
    };
    simulator.world(|world| world.proxies.push(setup.clone()));
    let proxy = Proxy::start_at(setup, address).await?;
    if let Some(file) = &options.proxy_root {
        std::fs::write(file, proxy.root_pem())?;
    }
    println!("simulated XKS proxy on https://{}", proxy.address());
    Ok(Some(proxy))
}

/// The name server that is asked for. It runs while the handle lives.
async fn dns(options: &Options, simulator: &Simulator) -> io::Result<Option<Dns>> {
    let Some(address) = options.dns else { return Ok(None) };
    let dns = Dns::of(simulator, address).await?;
    println!("simulated DNS on {}", dns.address());
    Ok(Some(dns))
}

/// One line, which harnesses read to learn the port.
fn announce(address: SocketAddr) {
    println!(
        "simulated AWS on http://{address}: export AWS_ENDPOINT_URL=http://{address} \
         AWS_ACCESS_KEY_ID=AKIA{ACCOUNT} AWS_SECRET_ACCESS_KEY=simulated"
    );
}

/// Ctrl-C, and SIGTERM where there is one.
async fn stop_signal() -> io::Result<()> {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        let mut terminate = signal(SignalKind::terminate())?;
        tokio::select! {
            pressed = tokio::signal::ctrl_c() => pressed,
            _ = terminate.recv() => Ok(()),
        }
    }
    #[cfg(not(unix))]
    tokio::signal::ctrl_c().await
}

/// A thread of its own reads standard input, because a read from a terminal cannot be cancelled.
async fn end_of_stdin() {
    let (closed, ended) = oneshot::channel::<()>();
    std::thread::spawn(move || {
        let _ = io::copy(&mut io::stdin(), &mut io::sink());
        drop(closed);
    });
    let _ = ended.await;
}
