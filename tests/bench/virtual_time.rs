//! Calls, depth and makespan in simulated time, from the simulator's request log and clock.
//!
//! Depth is the length of the longest chain of calls in which each began after the one before was answered. The bound
//! is the longest chain of AWS's own waits and of the calls that it takes at 50 ms each; nobody can be faster.

use std::time::{Duration, Instant};

use xkslink::facts::{Fact, Facts};
use xkslink::probe::{Probe, TrustedRoots};
use xkslink::rules::{Verdict, catalogue};
use xkslink::spec::{
    Connectivity, ConnectivityBuilder, Credential, Domain, HealthCheck, KeyStore, Link, Network, Proxy, ProxyCredential,
};
use xkslink::{Client, Consent};
use xkslink_simulator::dns::{self, Dns, Zone};
use xkslink_simulator::proxy::{ACCESS_KEY_ID, SECRET_ACCESS_KEY, Setup};
use xkslink_simulator::{LoggedRequest, Simulator, Timings};

type Failure = Box<dyn std::error::Error>;

/// What one verb took.
struct Row {
    what: &'static str,
    calls: usize,
    depth: usize,
    took: Duration,
    bound: Option<Duration>,
    reach: &'static str,
}

#[tokio::main(flavor = "current_thread", start_paused = true)]
async fn main() -> Result<(), Failure> {
    println!("| verb | calls | depth | took | bound | ratio | reach |");
    println!("| --- | ---: | ---: | ---: | ---: | ---: | --- |");
    for row in usual().await? {
        print(&row);
    }
    for row in quick().await? {
        print(&row);
    }
    for row in at_once().await? {
        print(&row);
    }
    println!("\n{}", rules().await?);
    println!("{}", probe().await?);
    Ok(())
}

/// The life of a store with AWS's usual timings.
async fn usual() -> Result<Vec<Row>, Failure> {
    let timings = Timings::default();
    let world = World::new(timings.clone())?;
    let (client, spec) = (&world.client, &world.spec);
    let plan = client.plan(spec).await?;
    let create = world
        .measure("create", create_bound(&timings), "ratio ≤ 1.05", async { client.apply(&plan).await.map(drop) });
    let create = create.await?;
    let no_op =
        world.measure("no-op plan", None, "≤ 20 calls, ≤ 3 deep", async { client.plan(spec).await.map(drop) });
    let no_op = no_op.await?;
    let verify = world.measure("verify", None, "≤ 4 deep", async { client.verify(spec).await.map(drop) }).await?;
    let empty = client.plan(spec).await?;
    let apply = world.measure("no-op apply", None, "", async { client.apply(&empty).await.map(drop) }).await?;
    let teardown = world.measure("teardown", teardown_bound(&timings), "ratio ≤ 1.10", async {
        client.teardown(spec).consent(Consent::Disconnect).await.map(drop)
    });
    Ok(vec![create, no_op, verify, apply, teardown.await?])
}

/// A create where AWS is much quicker than usual: do the looks notice? Once as everywhere, and once where reads do not lag
/// behind writes: the bound does not count the lag, and the second row is about the looks alone.
async fn quick() -> Result<[Row; 2], Failure> {
    let seconds = Duration::from_secs;
    let lagging = Timings { load_balancer: seconds(90), domain_verification: seconds(45), ..Timings::default() };
    let current = Timings { consistency: Duration::ZERO, ..lagging.clone() };
    let create = async |what, timings: Timings, reach| {
        let world = World::new(timings.clone())?;
        let plan = world.client.plan(&world.spec).await?;
        let applied = async { world.client.apply(&plan).await.map(drop) };
        world.measure(what, create_bound(&timings), reach, applied).await
    };
    Ok([
        create("create, NLB 90 s, verification 45 s", lagging, "").await?,
        create("the same, reads do not lag", current, "≤ 3 s above").await?,
    ])
}

/// How long a probe takes over loopback, in real time and this build: the median of each phase.
async fn probe() -> Result<String, Failure> {
    const ROUNDS: usize = 21;
    const NAME: &str = "xks.payments.example.com";
    // Sockets live in real time.
    tokio::time::resume();
    let server = xkslink_simulator::Proxy::start(Setup::named(NAME)).await?;
    let zones = vec![Zone::named("example.com").txt("_label.payments.example.com", &["vpce:value"])];
    let dns = Dns::start(dns::Setup { zones, ..dns::Setup::default() }).await?;
    let mut took: [Vec<f64>; 4] = Default::default();
    for _ in 0..ROUNDS {
        let report = Probe::of(NAME, "eu-central-1")?
            .txt_record("_label", "vpce:value")
            .resolvers([dns.address()])
            .name_servers([dns.address()])
            .addresses([server.address()])
            .trusted_roots(TrustedRoots::aws_kms().with_certificates(server.root_pem().as_bytes()))
            .proxy("/kms/xks/v1", ProxyCredential::new(ACCESS_KEY_ID, SECRET_ACCESS_KEY)?)?
            .await;
        took[0].extend(report.dns.iter().map(|outcome| outcome.took_ms));
        took[1].extend(report.tls.iter().map(|outcome| outcome.took_ms));
        took[2].extend(report.proxy.iter().map(|outcome| outcome.took_ms));
        took[3].extend(report.proxy.iter().flat_map(|outcome| outcome.samples_ms.iter().copied()));
    }
    tokio::time::pause();
    let [dns, tls, proxy, health] = took.map(|mut times| {
        times.sort_by(f64::total_cmp);
        times[times.len() / 2]
    });
    Ok(format!(
        "a probe over loopback, median of {ROUNDS}: DNS {dns:.1} ms, TLS {tls:.1} ms, proxy API {proxy:.1} ms; \
         one GetHealthStatus {health:.2} ms"
    ))
}

/// How fast rules are judged, in real time and this build: every rule over worlds that differ in what is wrong with them.
async fn rules() -> Result<String, Failure> {
    const WORLDS: usize = 10_000;
    let world = World::new(Timings::default())?;
    world.client.apply(&world.client.plan(&world.spec).await?).await?;
    let facts = world.client.facts(&world.spec).await?;
    let worlds: Vec<Facts> = (0..WORLDS).map(|number| variant(&facts, number)).collect();
    let (began, mut failures) = (Instant::now(), 0);
    for facts in &worlds {
        failures += catalogue().filter(|rule| rule.judge(facts).0 == Verdict::Fail).count();
    }
    let (judged, took) = (WORLDS * catalogue().count(), began.elapsed());
    let rate = judged as f64 / took.as_secs_f64();
    Ok(format!(
        "{judged} rules over {WORLDS} worlds in {:.2} s: {rate:.0} rules per second; {failures} fail",
        took.as_secs_f64()
    ))
}

/// A world with up to seven things wrong, by the bits of a number.
fn variant(good: &Facts, number: usize) -> Facts {
    let mut facts = good.clone();
    let wrong = |bit: usize| number >> bit & 1 == 1;
    if let (Fact::Known(service), true) = (&mut facts.service, wrong(0)) {
        service.acceptance_required = true;
    }
    if let (Fact::Known(principals), true) = (&mut facts.principals, wrong(1)) {
        principals.clear();
    }
    if let (Fact::Known(balancers), true) = (&mut facts.load_balancers, wrong(2)) {
        balancers.iter_mut().for_each(|balancer| balancer.scheme = "internet-facing".to_owned());
    }
    if let (Fact::Known(groups), true) = (&mut facts.target_groups, wrong(3)) {
        groups.iter_mut().for_each(|group| group.targets = Fact::Known(Vec::new()));
    }
    if let (Fact::Known(tables), true) = (&mut facts.route_tables, wrong(4)) {
        tables.iter_mut().for_each(|table| table.routes.clear());
    }
    if let (Fact::Known(acls), true) = (&mut facts.network_acls, wrong(5)) {
        acls.iter_mut().for_each(|acl| acl.entries.clear());
    }
    if wrong(6) {
        facts.key_store = Fact::Absent;
    }
    facts
}

/// From the network to the permission where nothing takes time but the calls: what `run.py` measures in real time.
async fn at_once() -> Result<[Row; 3], Failure> {
    let world = World::new(Timings::instant(Duration::from_millis(50)))?;
    let (client, spec) = (&world.client, network().link(Link::routed()).build()?);
    let create = async { client.apply(&client.plan(&spec).await?).await.map(drop) };
    let create = world.measure("plan and create, at once", None, "≤ 26 calls", create).await?;
    let check = async { client.plan(&spec).await.map(drop) };
    let check = world.measure("no-op plan, at once", None, "≤ 16 calls", check).await?;
    let teardown = async { client.teardown(&spec).await.map(drop) };
    Ok([create, check, world.measure("teardown, at once", None, "", teardown).await?])
}

struct World {
    simulator: Simulator,
    client: Client,
    spec: Connectivity,
}

impl World {
    fn new(timings: Timings) -> Result<Self, Failure> {
        let simulator = Simulator::builder().timings(timings).build();
        simulator.host_zone("example.com");
        let client = Client::new(&simulator.sdk_config("eu-central-1"));
        Ok(Self { simulator, client, spec: spec()? })
    }

    async fn measure(
        &self,
        what: &'static str,
        bound: Option<Duration>,
        reach: &'static str,
        verb: impl Future<Output = xkslink::Result<()>>,
    ) -> Result<Row, Failure> {
        let (before, began) = (self.simulator.requests().len(), self.simulator.clock().now());
        verb.await?;
        let took = self.simulator.clock().now() - began;
        let requests = self.simulator.requests().split_off(before);
        Ok(Row { what, calls: requests.len(), depth: depth(&requests), took, bound, reach })
    }
}

fn network() -> ConnectivityBuilder {
    Connectivity::builder("bench", "eu-central-1")
        .network(Network::create("10.60.0.0/24"))
        .data_center(["10.0.0.0/16"])
        .proxy(Proxy::at(["10.0.8.10", "10.0.8.11"]).health_check(HealthCheck::https("/ping")))
        .private_dns_name("xks.payments.example.com")
        .domain(Domain::route53())
}

fn spec() -> Result<Connectivity, Failure> {
    let credential = Credential::value("EXAMPLEACCESSKEYID234", "ZXhhbXBsZSBzZWNyZXQgb2YgYSBzaW11bGF0ZWQgcHJveHk=");
    let key_store = KeyStore::path("/kms/xks/v1").credential(credential);
    Ok(network().link(Link::new_vpn_gateway()).key_store(key_store).build()?)
}

/// The waits on the longest chain: VPC, subnet, load balancer, service, DNS, verification, connection; and its calls:
/// look, create VPC, see it, set DNS, create subnet, see it, create load balancer, see it, create service, see it, write
/// record, see change, start verification, see it, create store, see target, connect, see it.
fn create_bound(timings: &Timings) -> Option<Duration> {
    let waits = timings.vpc * 2
        + timings.load_balancer
        + timings.endpoint_service
        + timings.dns_change
        + timings.domain_verification
        + timings.connect;
    Some(waits + timings.call * 18)
}

/// Disconnect, then service, load balancer; and the calls: look at two levels, list keys, disconnect, see it, delete store,
/// see it, write record, delete service, see it, delete load balancer, see it and its interfaces gone, delete subnet,
/// delete VPC, see it.
fn teardown_bound(timings: &Timings) -> Option<Duration> {
    let waits = timings.disconnect + timings.endpoint_service_release + timings.load_balancer_release;
    Some(waits + timings.call * 15)
}

fn depth(requests: &[LoggedRequest]) -> usize {
    let mut depths: Vec<(Duration, usize)> = Vec::new();
    for request in requests {
        let before = depths.iter().filter(|(answered, _)| *answered <= request.sent).map(|(_, depth)| *depth).max();
        if let Some(answered) = request.answered {
            depths.push((answered, before.unwrap_or(0) + 1));
        }
    }
    depths.into_iter().map(|(_, depth)| depth).max().unwrap_or(0)
}

fn print(row: &Row) {
    let seconds = |duration: Duration| format!("{:.2} s", duration.as_secs_f64());
    let bound = row.bound.map(seconds).unwrap_or_default();
    let ratio = row.bound.map(|bound| format!("{:.3}", row.took.as_secs_f64() / bound.as_secs_f64()));
    println!(
        "| {} | {} | {} | {} | {bound} | {} | {} |",
        row.what,
        row.calls,
        row.depth,
        seconds(row.took),
        ratio.unwrap_or_default(),
        row.reach
    );
}
