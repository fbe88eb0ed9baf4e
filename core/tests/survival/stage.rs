//! One world: AWS with things of others, a spec, and an edited spec to change to.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use xkslink::spec::Connectivity;
use xkslink::{Client, Consent, Error, Event, EventKind, Plan};
use xkslink_simulator::{Simulator, Timings, World};

use crate::scenario::client::client;
use crate::scenario::file::base;

/// Which link and which domain mode a store has.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Sort {
    pub link: &'static str,
    pub domain: &'static str,
}

const LINKS: [&str; 6] = ["new gateway", "given gateway", "transit gateway", "peering", "routed", "none"];
const DOMAINS: [&str; 3] = ["Route 53", "by hand", "callback"];

/// Every link with every domain mode, the usual one first.
pub fn sorts() -> Vec<Sort> {
    DOMAINS.iter().flat_map(|domain| LINKS.iter().map(|link| Sort { link, domain })).collect()
}

impl Sort {
    /// The sort for what does not differ between them.
    pub const USUAL: Self = Self { link: "new gateway", domain: "Route 53" };
}

/// What a client is asked to make true.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub enum Goal {
    Created,
    Updated,
    Gone,
}

pub const GOALS: [Goal; 3] = [Goal::Created, Goal::Updated, Goal::Gone];

/// A world and the store in it.
pub struct Stage {
    pub simulator: Simulator,
    created: Value,
    updated: Value,
    /// What others have, in words.
    others: Vec<String>,
}

/// Every wait takes some seconds, so that each is seen and none is long.
pub fn timings() -> Timings {
    let s = Duration::from_secs;
    Timings {
        call: Duration::from_millis(50),
        consistency: s(1),
        vpc: s(1),
        load_balancer: s(3),
        load_balancer_release: s(2),
        target_health: s(2),
        endpoint_service: s(1),
        endpoint_service_release: s(2),
        domain_challenge: s(1),
        domain_verification: s(4),
        dns_change: s(2),
        connect: s(4),
        disconnect: s(3),
        link: s(3),
        link_release: s(2),
        ..Timings::default()
    }
}

impl Stage {
    /// A world without the store.
    pub async fn new(sort: Sort, simulator: Simulator) -> Self {
        simulator.host_zone("example.com");
        let call = |call: &str, input: Value| simulator.meddle(&json!({"call": call, "input": input})).unwrap();
        let peer = call("ec2:CreateVpc", json!({"CidrBlock": "10.0.0.0/16"}))["vpc"]["vpcId"].clone();
        call("ec2:CreateSubnet", json!({"VpcId": peer, "CidrBlock": "10.0.8.0/24"}));
        call("ec2:CreateVpnGateway", json!({"Type": "ipsec.1"}));
        call(
            "elasticloadbalancing:CreateTargetGroup",
            json!({"Name": "theirs", "Protocol": "TCP", "Port": 443, "VpcId": peer, "TargetType": "ip"}),
        );
        let transit = call("ec2:CreateTransitGateway", json!({}))["transitGateway"]["transitGatewayId"].clone();
        simulator.clock().wait(Duration::from_secs(10)).await;
        let others = simulator.world(|world| everything(world));
        let mut document = base("minimal");
        document["link"] = match sort.link {
            "given gateway" => {
                let gateway = call("ec2:CreateVpnGateway", json!({"Type": "ipsec.1"}));
                json!({"type": "vpn_gateway", "id": gateway["vpnGateway"]["vpnGatewayId"]})
            }
            "transit gateway" => json!({"type": "transit_gateway", "id": transit}),
            "peering" => json!({"type": "peering", "vpc_id": peer}),
            "routed" => json!({"type": "routed"}),
            "none" => json!({"type": "none"}),
            _ => json!({"type": "vpn_gateway"}),
        };
        if sort.link == "none" {
            document["proxy"]["addresses"] = json!(["10.60.0.10", "10.60.0.70"]);
            document.as_object_mut().unwrap().remove("data_center");
        }
        document["domain"] = match sort.domain {
            "by hand" => json!({"type": "manual", "wait": true}),
            "callback" => json!({"type": "callback"}),
            _ => json!({"type": "route53"}),
        };
        let created = document.clone();
        // Something in place, something that is replaced, something that KMS is told.
        document["proxy"]["port"] = 8443.into();
        document["proxy"]["addresses"][0] = if sort.link == "none" { "10.60.0.11" } else { "10.0.8.12" }.into();
        document["proxy"]["health_check"]["path"] = "/health".into();
        document["key_store"]["path"] = "/other/kms/xks/v1".into();
        document["tags"] = json!({"team": "payments"});
        if sort.link != "none" {
            document["data_center"] = json!(["10.0.0.0/17"]);
        }
        Self { simulator, created, updated: document, others }
    }

    /// The same world once more.
    pub fn fork(&self) -> Self {
        let simulator = self.simulator.fork();
        let (created, updated, others) = (self.created.clone(), self.updated.clone(), self.others.clone());
        Self { simulator, created, updated, others }
    }

    pub fn document(&self, goal: Goal) -> &Value {
        if goal == Goal::Updated { &self.updated } else { &self.created }
    }

    pub fn spec(&self, goal: Goal) -> Connectivity {
        Connectivity::from_value(self.document(goal).clone()).unwrap()
    }

    /// A client that knows nothing yet.
    pub fn client(&self) -> Client {
        client(&self.simulator, "eu-central-1", None)
    }

    /// One run of a fresh client, with every consent. A person publishes what is handed out.
    pub async fn run(&self, goal: Goal) -> Result<(), Error> {
        let person = self.simulator.clone();
        let publish = move |event: &Event| {
            if let EventKind::PublishRecord { record } = &event.what {
                let served = (record.name.clone(), record.value.clone());
                person.world(|world| {
                    // Two runs may hand out the same record; a person publishes it once.
                    if !world.route53.elsewhere.contains(&served) {
                        world.route53.elsewhere.push(served);
                    }
                });
            }
        };
        run(&self.client(), &self.spec(goal), goal, publish).await
    }

    /// What is not as it should be; nothing when all is well.
    pub async fn wrong(&self, goal: Goal, wanted: &Census) -> Option<String> {
        // What was written last may show a little later.
        self.simulator.clock().wait(Duration::from_secs(3)).await;
        let plan = match left(&self.client(), &self.spec(goal), goal).await {
            Ok(plan) => plan,
            Err(error) => return Some(format!("plan: {error}")),
        };
        if !plan.is_empty() {
            return Some(format!("left to do:\n{plan}"));
        }
        let now = self.census();
        if now != *wanted {
            let differs = now.iter().filter(|(what, number)| wanted[*what] != **number);
            return Some(format!("wrong number of {:?}", differs.collect::<Vec<_>>()));
        }
        let world = self.simulator.world(|world| everything(world));
        let missing = self.others.iter().find(|thing| !world.contains(thing));
        missing.map(|thing| format!("changed or deleted, though of others: {thing}"))
    }

    /// How many of each sort exist. Records outside Route 53 that nobody withdraws by hand are not counted.
    pub fn census(&self) -> Census {
        self.simulator.census()
    }
}

/// One run, with every consent.
pub async fn run(
    client: &Client,
    spec: &Connectivity,
    goal: Goal,
    listener: impl Fn(&Event) + Send + Sync + 'static,
) -> Result<(), Error> {
    let plan;
    let mut apply = if goal == Goal::Gone {
        client.teardown(spec)
    } else {
        plan = client.plan(spec).await?;
        client.apply(&plan)
    };
    for consent in [Consent::Disconnect, Consent::Replace, Consent::Delete] {
        apply = apply.consent(consent);
    }
    apply.on_event(listener).await.map(drop)
}

/// The plan of what is left to do.
pub async fn left(client: &Client, spec: &Connectivity, goal: Goal) -> Result<Plan, Error> {
    match goal {
        Goal::Gone => client.plan_teardown(spec).await,
        Goal::Created | Goal::Updated => client.plan(spec).await,
    }
}

pub type Census = BTreeMap<&'static str, usize>;

/// What stays as it is while nobody touches it, one text for each thing.
pub fn everything(world: &World) -> Vec<String> {
    fn each<T: std::fmt::Debug>(things: &[T]) -> impl Iterator<Item = String> + '_ {
        things.iter().map(|thing| format!("{thing:?}"))
    }
    let (ec2, elb) = (&world.ec2, &world.elb);
    each(&ec2.vpcs)
        .chain(each(&ec2.subnets))
        .chain(each(&ec2.vpn_gateways))
        .chain(each(&ec2.transit_gateways))
        .chain(each(&ec2.route_tables))
        .chain(each(&ec2.security_groups))
        .chain(each(&elb.target_groups))
        .collect()
}
