//! A probe over real sockets: a described proxy and the public DNS of a simulated world, on loopback while the probe lasts.

use std::net::{Ipv4Addr, SocketAddr};
use std::time::{Duration, SystemTime};

use aws_smithy_async::rt::sleep::{SharedAsyncSleep, TokioSleep};
use aws_smithy_async::time::{SharedTimeSource, StaticTimeSource};
use serde_json::Value;
use xkslink::probe::{ProbeReport, TrustedRoots};
use xkslink_simulator::dns::Dns;
use xkslink_simulator::{Proxy, proxy};

use crate::stage::Stage;

/// The key that the described proxy has.
const EXTERNAL_KEY: &str = "key-1";

/// What `Client::probe` finds when this proxy answers. The clock of the probe stands still: how busy this machine is must
/// not decide whether a proxy is fast enough.
pub(crate) async fn probe(stage: &Stage, met: &Value, patience: Duration) -> ProbeReport {
    let probe = stage.client.probe(&stage.spec).await.unwrap();
    let setup: proxy::Setup = serde_json::from_value(met.clone()).unwrap();
    // Sockets live in real time, the simulated world does not.
    tokio::time::resume();
    let proxy = Proxy::start(setup).await.unwrap();
    let dns = Dns::of(&stage.simulator, SocketAddr::from((Ipv4Addr::LOCALHOST, 0))).await.unwrap();
    let report = probe
        .addresses([proxy.address()])
        .trusted_roots(TrustedRoots::aws_kms().with_certificates(proxy.root_pem().as_bytes()))
        .resolvers([dns.address()])
        .name_servers([dns.address()])
        .external_key(EXTERNAL_KEY)
        .unwrap()
        .time(SharedTimeSource::new(StaticTimeSource::new(SystemTime::now())), SharedAsyncSleep::new(TokioSleep::new()))
        .timeout(patience)
        .await;
    tokio::time::pause();
    report
}
