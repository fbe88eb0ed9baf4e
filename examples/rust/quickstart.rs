//! The main job on a simulated AWS: plan, apply to CONNECTED, verify the result, plan nothing, tear down.
//!
//! Twenty simulated minutes pass in about a second: tokio's paused clock jumps over every wait.

mod progress;

use std::error::Error;

use progress::Progress;
use xkslink::spec::{Connectivity, Credential, Domain, HealthCheck, KeyStore, Link, Network, Proxy};
use xkslink::{Client, Consent};
use xkslink_simulator::Simulator;

#[tokio::main(flavor = "current_thread", start_paused = true)]
async fn main() -> Result<(), Box<dyn Error>> {
    let simulator = Simulator::new();
    // The domain is in Route 53, as it would be before anybody thinks of key stores.
    simulator.host_zone("example.com");

    let spec =
        Connectivity::builder("payments-hsm", "eu-central-1")
            .network(Network::create("10.60.0.0/24"))
            .data_center(["10.0.0.0/16"])
            .link(Link::new_vpn_gateway())
            .proxy(Proxy::at(["10.0.8.10", "10.0.8.11"]).health_check(HealthCheck::https("/ping")))
            .private_dns_name("xks.payments.example.com")
            .domain(Domain::route53())
            .key_store(KeyStore::path("/payments/kms/xks/v1").credential(Credential::value(
                "EXAMPLEACCESSKEYID234",
                "ZXhhbXBsZSBzZWNyZXQgb2YgYSBzaW11bGF0ZWQgcHJveHk=",
            )))
            .build()?;
    let xks = Client::new(&simulator.sdk_config("eu-central-1"));

    heading("Plan");
    let plan = xks.plan(&spec).await?;
    print!("{plan}");

    heading("Apply");
    let progress = Progress::new();
    let report = xks.apply(&plan).on_event(move |event| progress.show(event)).await?;
    println!("\nconnected: {}", report.connected());

    // The VPN is up, and the data centre announces its range.
    simulator.world(|world| -> Result<(), Box<dyn Error>> {
        for gateway in &mut world.ec2.vpn_gateways {
            gateway.announced = vec!["10.0.0.0/16".parse()?];
        }
        Ok(())
    })?;

    heading("Verification of the result");
    let verification = xks.verify(&spec).await?;
    print!("{verification}");
    println!("\nblocks connecting: {}", verification.blocks_connect().count());

    heading("Plan again");
    print!("{}", xks.plan(&spec).await?);

    heading("Teardown");
    print!("{}", xks.plan_teardown(&spec).await?);
    println!();
    let progress = Progress::new();
    let teardown = xks.teardown(&spec).consent(Consent::Disconnect);
    teardown.on_event(move |event| progress.show(event)).await?;
    println!("\nleft over: {}", xks.plan_teardown(&spec).await?.steps().len());
    Ok(())
}

fn heading(text: &str) {
    println!("\n=== {text}\n");
}
