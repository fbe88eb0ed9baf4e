//! Many operations on many stores in one world: applied, changed, taken down, hit by faults and by strangers, at random.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::{Value, json};
use xkslink::spec::Connectivity;
use xkslink::{Client, Error};
use xkslink_simulator::{Simulator, World};

use super::Dice;
use super::matrix::HARMS;
use super::stage::{Goal, everything, left, run, timings};
use crate::scenario::client::client;
use crate::scenario::file::base;

const STORES: usize = 50;

/// Memory is measured each so many operations, and shown at once.
const MEASURED: usize = 1_000;

/// What happened.
#[derive(Debug, Default)]
pub struct Soaked {
    pub operations: BTreeMap<&'static str, usize>,
    pub calls: usize,
    pub memory: Vec<Memory>,
    pub wrong: Vec<String>,
}

/// Resident memory of the process after so many operations.
#[derive(Clone, Copy, Debug)]
pub struct Memory {
    pub operations: usize,
    pub megabytes: f64,
}

struct Soak {
    simulator: Simulator,
    dice: Dice,
    documents: Vec<Value>,
    others: Vec<String>,
    /// Stores whose last run was undisturbed and ended well, and what that run wanted.
    settled: BTreeMap<usize, Goal>,
    soaked: Soaked,
}

/// So many random operations, each checked.
pub async fn soak(operations: usize, seed: u64) -> Soaked {
    let mut soak = Soak::new(seed).await;
    println!("| operations | calls | resident memory, MB |\n| ---: | ---: | ---: |");
    for number in 1..=operations {
        soak.operation(number).await;
        soak.soaked.calls += soak.simulator.requests().len();
        soak.simulator.forget_requests();
        if number % MEASURED == 0
            && let Some(megabytes) = resident()
        {
            println!("| {number} | {} | {megabytes:.1} |", soak.soaked.calls);
            soak.soaked.memory.push(Memory { operations: number, megabytes });
        }
        if soak.soaked.wrong.len() > 20 {
            break;
        }
    }
    soak.soaked
}

/// Resident memory of this process in MB, where the system tells (Linux).
fn resident() -> Option<f64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let kilobytes = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?.trim().strip_suffix(" kB")?;
    Some(kilobytes.parse::<f64>().ok()? / 1024.0)
}

fn name(store: usize) -> String {
    format!("store-{store}")
}

impl Soak {
    async fn new(seed: u64) -> Self {
        let simulator = Simulator::builder().seed(seed).timings(timings()).build();
        simulator.host_zone("example.com");
        let set = |lever: &str, to: usize| drop(simulator.meddle(&json!({"set": lever, "to": to})).unwrap());
        set("vpc_quota", 10_000);
        set("key_store_quota", 10_000);
        let call = |call: &str, input: Value| simulator.meddle(&json!({"call": call, "input": input})).unwrap();
        let peer = call("ec2:CreateVpc", json!({"CidrBlock": "10.0.0.0/16"}))["vpc"]["vpcId"].clone();
        call("ec2:CreateVpnGateway", json!({"Type": "ipsec.1"}));
        let transit = call("ec2:CreateTransitGateway", json!({}))["transitGateway"]["transitGatewayId"].clone();
        simulator.clock().wait(Duration::from_secs(10)).await;
        let others = simulator.world(|world| everything(world));
        let document = |store: usize| {
            let mut document = base("minimal");
            document["name"] = name(store).into();
            document["private_dns_name"] = format!("xks-{store}.example.com").into();
            document["network"]["cidr"] = format!("10.{}.0.0/24", 100 + store).into();
            document["key_store"]["path"] = format!("/s{store}/kms/xks/v1").into();
            document["link"] = match store % 4 {
                0 => json!({"type": "transit_gateway", "id": transit}),
                1 => json!({"type": "peering", "vpc_id": peer}),
                2 => json!({"type": "routed"}),
                _ => json!({"type": "vpn_gateway"}),
            };
            document
        };
        let documents = (0..STORES).map(document).collect();
        Self { simulator, dice: Dice(seed), documents, others, settled: BTreeMap::new(), soaked: Soaked::default() }
    }

    /// One operation on one store, and what must hold then.
    async fn operation(&mut self, number: usize) {
        let store = self.dice.roll(STORES);
        match self.dice.roll(10) {
            0..=2 => self.undisturbed("apply", store, Goal::Created).await,
            3..=4 => {
                self.edit(store);
                self.undisturbed("edit and apply", store, Goal::Created).await;
            }
            5 => self.undisturbed("teardown", store, Goal::Gone).await,
            6..=8 => self.disturbed(store).await,
            _ => self.foreign_edit(store),
        }
        for wrong in self.check() {
            self.soaked.wrong.push(format!("operation {number}, on {}: {wrong}", name(store)));
        }
    }

    fn edit(&mut self, store: usize) {
        let health = *self.dice.pick(&["/ping", "/health"]);
        let port = *self.dice.pick(&[443, 8443]);
        let last = 12 + self.dice.roll(4);
        let team = *self.dice.pick(&["payments", "treasury"]);
        let document = &mut self.documents[store];
        match self.dice.roll(4) {
            0 => document["proxy"]["health_check"]["path"] = health.into(),
            1 => document["proxy"]["port"] = port.into(),
            2 => document["proxy"]["addresses"][0] = format!("10.0.8.{last}").into(),
            _ => document["tags"]["team"] = team.into(),
        }
    }

    fn client(&self) -> Client {
        client(&self.simulator, "eu-central-1", None)
    }

    fn spec(&self, store: usize) -> Connectivity {
        Connectivity::from_value(self.documents[store].clone()).unwrap()
    }

    async fn run(&self, store: usize, goal: Goal) -> Result<(), Error> {
        run(&self.client(), &self.spec(store), goal, |_| {}).await
    }

    /// A run by itself must end well and leave nothing to do.
    async fn undisturbed(&mut self, what: &'static str, store: usize, goal: Goal) {
        *self.soaked.operations.entry(what).or_default() += 1;
        if let Err(error) = self.run(store, goal).await {
            self.soaked.wrong.push(format!("{what} of {}: {error:?}", name(store)));
            return;
        }
        self.settled.insert(store, goal);
        self.settle().await;
        match left(&self.client(), &self.spec(store), goal).await {
            Ok(plan) if plan.is_empty() => {}
            Ok(plan) => self.soaked.wrong.push(format!("{what} of {} left this to do:\n{plan}", name(store))),
            Err(error) => self.soaked.wrong.push(format!("plan after {what} of {}: {error:?}", name(store))),
        }
    }

    /// A run that is hit somewhere, and what becomes of it is not known.
    async fn disturbed(&mut self, store: usize) {
        *self.soaked.operations.entry("hit by a fault").or_default() += 1;
        self.settled.remove(&store);
        let goal = if self.dice.roll(3) == 0 { Goal::Gone } else { Goal::Created };
        let harm = *self.dice.pick(&HARMS);
        let fault = xkslink_simulator::Fault { operation: None, skip: self.dice.roll(150), ..harm.fault("", 0) };
        self.simulator.fault(fault);
        tokio::select! {
            _ = self.run(store, goal) => {}
            () = self.simulator.hung() => {}
        }
        self.simulator.meddle(&json!({"fault": "none"})).unwrap();
        // The next run may be of the same store, and what this one wrote last may show a little later.
        self.settle().await;
    }

    async fn settle(&self) {
        self.simulator.clock().wait(Duration::from_secs(3)).await;
    }

    /// A stranger deletes something of ours, or makes something beside it.
    fn foreign_edit(&mut self, store: usize) {
        *self.soaked.operations.entry("edit of a stranger").or_default() += 1;
        self.settled.remove(&store);
        let turn = self.dice.roll(4);
        self.simulator.world(|world| match turn {
            0 => world
                .elb
                .listeners
                .retain(|listener| !listener.load_balancer_arn.contains(&format!("/{}/", name(store)))),
            1 => {
                let mine = world.ec2.route_tables.iter_mut().find(|table| is_of(&table.tags, store));
                if let Some(table) = mine {
                    table.routes.clear();
                }
            }
            2 => {
                if let Some(service) = world.ec2.endpoint_services.iter_mut().find(|each| is_of(&each.tags, store)) {
                    service.principals.clear();
                }
            }
            _ => {
                if let Some(vpc) = world.ec2.vpcs.iter_mut().find(|vpc| is_of(&vpc.tags, store)) {
                    vpc.tags.insert("stranger".to_owned(), "was here".to_owned());
                }
            }
        });
    }

    /// What is wrong in the whole world: two of what there must be one of, something left of what is gone, a settled store
    /// that another's operation has changed, something of others that is not as it was.
    fn check(&self) -> Vec<String> {
        self.simulator.world(|world| {
            let stores = self.settled.iter().filter_map(|(store, goal)| {
                let count = count(world, *store);
                let wanted = usize::from(*goal != Goal::Gone);
                let right = |(what, number): &(&str, usize)| {
                    // Only one sort of link has a gateway.
                    *number == if *what == "gateways" && store % 4 != 3 { 0 } else { wanted }
                };
                (!count.iter().all(right)).then(|| format!("{} after {goal:?}: {count:?}", name(*store)))
            });
            let now = everything(world);
            let others = self.others.iter().filter(|thing| !now.contains(thing));
            stores.chain(others.map(|thing| format!("of others, changed or gone: {thing}"))).collect()
        })
    }
}

fn is_of(tags: &BTreeMap<String, String>, store: usize) -> bool {
    tags.get("xkslink:store") == Some(&name(store))
}

/// What of a store exists.
fn count(world: &World, store: usize) -> [(&'static str, usize); 6] {
    let (ec2, elb) = (&world.ec2, &world.elb);
    let endpoint = format!("https://xks-{store}.example.com");
    [
        ("vpcs", ec2.vpcs.iter().filter(|each| is_of(&each.tags, store)).count()),
        ("gateways", ec2.vpn_gateways.iter().filter(|each| each.deleted.is_none() && is_of(&each.tags, store)).count()),
        (
            "services",
            ec2.endpoint_services.iter().filter(|each| each.gone_at.is_none() && is_of(&each.tags, store)).count(),
        ),
        ("load balancers", elb.load_balancers.iter().filter(|each| each.name == name(store)).count()),
        ("target groups", elb.target_groups.iter().filter(|each| each.name == name(store)).count()),
        ("key stores", world.kms.key_stores.iter().filter(|each| each.uri_endpoint == endpoint).count()),
    ]
}
