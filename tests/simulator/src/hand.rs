//! Somebody else's hand in the world: calls, faults, policies, levers and time by name. Scenarios that are data use it,
//! from every language; `docs/simulator.md` lists the vocabulary.

use std::collections::BTreeMap;
use std::time::Duration;

use bytes::Bytes;
use serde_json::{Value, json};

use crate::call::Call;
use crate::ec2::EndpointConnection;
use crate::fault::RandomFaults;
use crate::respond::handle;
use crate::sts;
use crate::timings::Timings;
use crate::world::World;
use crate::{ACCOUNT, Fault, FaultKind, Service, Simulator};

impl Simulator {
    /// Does one deed at once, and answers what AWS answers to it:
    /// - `{"call": "ec2:CreateVpc", "input": {…}}`, an AWS call under its wire names, as `account` and in `region` if
    ///   given; it takes no time, no fault hits it, and the request log does not hold it;
    /// - `{"fault": "throttle", "on": "CreateVpc", "skip": 0, "times": 1}`, see [`FaultKind`]; `random` hits a `rate` of
    ///   all calls; `none` ends all;
    /// - `{"allow": "111122223333", "policy": {…}}`, see [`Simulator::allow`];
    /// - `{"set": "dead_targets", "to": ["10.0.8.10"]}`, a lever of the world or a timing in seconds;
    /// - `{"wait": 300}`, simulated time that passes at once;
    /// - `{"reset": true}`, see [`Simulator::reset`].
    ///
    /// # Errors
    /// What is not understood, or AWS's refusal of the call.
    pub fn meddle(&self, deed: &Value) -> Result<Value, String> {
        match verb(deed)? {
            "call" => return self.call_as_somebody(deed),
            "fault" => self.add_fault(deed)?,
            "allow" => self.allow(text(deed, "allow")?, &deed["policy"].to_string())?,
            "set" => self.world(|world| set(world, text(deed, "set")?, &deed["to"]))?,
            "wait" => self.clock().jump(seconds(&deed["wait"])?),
            _ => self.reset(),
        }
        Ok(Value::Null)
    }

    /// How many of each sort of object exist in all accounts and Regions: what AWS makes by itself is not counted, nor
    /// is what it still shows although it is deleted.
    pub fn census(&self) -> BTreeMap<&'static str, usize> {
        self.world(|world| census(world))
    }

    fn add_fault(&self, deed: &Value) -> Result<(), String> {
        match text(deed, "fault")? {
            "none" => self.lock().faults.forget(),
            "random" => {
                let rate = deed["rate"].as_f64().filter(|rate| (0.0..=1.0).contains(rate));
                let rate = rate.ok_or("the fault `random` needs a `rate` from 0 to 1")?;
                self.lock().faults.at_random(RandomFaults::new(deed["seed"].as_u64().unwrap_or(1), rate));
            }
            kind => self.fault(fault(kind, deed)?),
        }
        Ok(())
    }

    fn call_as_somebody(&self, deed: &Value) -> Result<Value, String> {
        let call = text(deed, "call")?;
        let (prefix, operation) = call.split_once(':').ok_or_else(|| format!("`{call}` is not service:Operation"))?;
        let service = match prefix {
            "ec2" => Service::Ec2,
            "elasticloadbalancing" => Service::Elb,
            "kms" => Service::Kms,
            "route53" => Service::Route53,
            "servicequotas" => Service::ServiceQuotas,
            other => return Err(format!("`{other}` is not a service that is simulated")),
        };
        let mut input = deed["input"].clone();
        if matches!(service, Service::Ec2 | Service::Elb) {
            leaves_to_text(&mut input);
        }
        let text = |name: &str, or: &str| deed[name].as_str().unwrap_or(or).to_owned();
        let call = Call {
            account: text("account", ACCOUNT),
            region: text("region", "eu-central-1"),
            operation: operation.to_owned(),
            input,
            now: self.clock().now(),
        };
        let answer = self.world(|world| {
            let access_key = format!("AKIA{}", call.account);
            let caller = sts::principal(world, &access_key, &call.account, &call.region);
            handle(service, &call, &caller, world)
        });
        answer.map_err(|fail| format!("{operation}: {}: {}", fail.code, fail.message))
    }
}

/// The words that a deed of each sort may have.
const WORDS: [(&str, &[&str]); 6] = [
    ("call", &["input", "account", "region"]),
    ("fault", &["on", "skip", "times", "code", "seconds", "member", "rate", "seed", "to"]),
    ("allow", &["policy"]),
    ("set", &["to"]),
    ("wait", &[]),
    ("reset", &[]),
];

/// Words of scenario files, for those who run them.
const FOR_RUNNERS: [&str; 2] = ["at", "save"];

/// What a deed does. A misspelt word must not change its meaning silently.
fn verb(deed: &Value) -> Result<&'static str, String> {
    let known = WORDS.iter().find(|(verb, _)| deed.get(verb).is_some());
    let (verb, words) = known.ok_or_else(|| {
        let verbs = WORDS.map(|(verb, _)| format!("`{verb}`")).join(", ");
        format!("a deed has one of {verbs}; there is none in {deed}")
    })?;
    let given = deed.as_object().into_iter().flat_map(|deed| deed.keys().map(String::as_str));
    match given.into_iter().find(|word| word != verb && !words.contains(word) && !FOR_RUNNERS.contains(word)) {
        Some(unknown) => Err(format!("a deed with `{verb}` has no `{unknown}`")),
        None => Ok(verb),
    }
}

fn text<'a>(deed: &'a Value, word: &str) -> Result<&'a str, String> {
    deed[word].as_str().ok_or_else(|| format!("`{word}` is a text, not {}", deed[word]))
}

fn seconds(value: &Value) -> Result<Duration, String> {
    let seconds = value.as_f64().and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
    seconds.ok_or_else(|| format!("`{value}` is no number of seconds"))
}

/// The query protocols know nothing but text.
fn leaves_to_text(value: &mut Value) {
    match value {
        Value::Object(map) => map.values_mut().for_each(leaves_to_text),
        Value::Array(items) => items.iter_mut().for_each(leaves_to_text),
        Value::Number(number) => *value = json!(number.to_string()),
        Value::Bool(flag) => *value = json!(flag.to_string()),
        Value::Null | Value::String(_) => {}
    }
}

fn fault(kind: &str, deed: &Value) -> Result<Fault, String> {
    let text = |name: &str| deed[name].as_str().map(str::to_owned);
    let need = |name: &str| text(name).ok_or_else(|| format!("the fault `{kind}` needs `{name}`"));
    let number = |name: &str, or: u64| deed[name].as_u64().unwrap_or(or) as usize;
    let need_seconds = || match &deed["seconds"] {
        Value::Null => Err(format!("the fault `{kind}` needs `seconds`")),
        given => seconds(given),
    };
    let kind = match kind {
        "throttle" => FaultKind::Throttle,
        "server_error" => FaultKind::ServerError,
        "deny" => FaultKind::Deny,
        "echo" => FaultKind::Echo,
        "refuse" => FaultKind::Refuse { code: need("code")? },
        "slow" => FaultKind::Slow(need_seconds()?),
        "drop_before" => FaultKind::DropBefore,
        "drop_after" => FaultKind::DropAfter,
        "hang_before" => FaultKind::HangBefore,
        "hang_after" => FaultKind::HangAfter,
        "stale" => FaultKind::Stale(need_seconds()?),
        "without" => FaultKind::Without { member: need("member")? },
        "instead" => FaultKind::Instead { member: need("member")?, value: deed["to"].clone() },
        "endless" => FaultKind::Endless { token: need("member")? },
        "circular" => FaultKind::Circular { token: need("member")? },
        "garbage" => FaultKind::Body(Bytes::from_static(b"\x1f\x8b <<<{ neither XML nor JSON")),
        other => return Err(format!("`{other}` is not a fault")),
    };
    Ok(Fault { operation: text("on"), skip: number("skip", 0), times: number("times", 1), kind })
}

fn set(world: &mut World, lever: &str, to: &Value) -> Result<(), String> {
    let wrong = || format!("`{to}` is no value for `{lever}`");
    let texts = || {
        let items = to.as_array().ok_or_else(wrong)?;
        items.iter().map(|item| item.as_str().map(str::to_owned).ok_or_else(wrong)).collect::<Result<Vec<_>, _>>()
    };
    let number = || to.as_u64().map(|number| number as usize).ok_or_else(wrong);
    if let Some(name) = lever.strip_prefix("timings.") {
        *timing(&mut world.timings, name)? = seconds(to)?;
        return Ok(());
    }
    match lever {
        "dead_targets" => world.elb.dead_targets = texts()?,
        "connection_error" => {
            let code = to.as_str().ok_or_else(wrong)?;
            world.kms.connection_error = Some(code.to_owned()).filter(|code| !code.is_empty());
        }
        "proxies" => {
            world.proxies = serde_json::from_value(to.clone()).map_err(|error| format!("`proxies`: {error}"))?;
        }
        "elsewhere" => {
            let records = to.as_array().ok_or_else(wrong)?;
            let pair = |record: &Value| {
                let text = |name: &str| record[name].as_str().map(str::to_owned);
                text("name").zip(text("value")).ok_or_else(wrong)
            };
            world.route53.elsewhere = records.iter().map(pair).collect::<Result<_, _>>()?;
        }
        // Endpoints of somebody else on these services; the simulator has no consumers' side to make them with.
        "foreign_endpoints" => {
            for service_id in texts()? {
                let endpoint_id = world.ids.resource("vpce");
                world.ec2.endpoint_connections.push(EndpointConnection {
                    service_id,
                    endpoint_id,
                    owner: "999988887777".to_owned(),
                    state: "available".to_owned(),
                    created: world.now,
                    key_store: None,
                });
            }
        }
        // What the data centre announces to virtual private gateways, by their ids.
        "announced" => {
            let announced: BTreeMap<String, Vec<ipnet::Ipv4Net>> =
                serde_json::from_value(to.clone()).map_err(|_| wrong())?;
            for gateway in &mut world.ec2.vpn_gateways {
                gateway.announced = announced.get(&gateway.id).cloned().unwrap_or_default();
            }
        }
        "failed_endpoint_services" => world.ec2.failed_endpoint_services = texts()?,
        "vpc_quota" => world.ec2.vpc_quota = number()?,
        "key_store_quota" => world.kms.key_store_quota = number()?,
        "load_balancer_quota" => world.elb.limits.load_balancers = number()?,
        "external_ids" => {
            world.sts.external_ids = serde_json::from_value(to.clone()).map_err(|_| wrong())?;
        }
        other => return Err(format!("`{other}` is not a lever of the world")),
    }
    Ok(())
}

fn timing<'a>(timings: &'a mut Timings, name: &str) -> Result<&'a mut Duration, String> {
    Ok(match name {
        "call" => &mut timings.call,
        "consistency" => &mut timings.consistency,
        "vpc" => &mut timings.vpc,
        "load_balancer" => &mut timings.load_balancer,
        "load_balancer_release" => &mut timings.load_balancer_release,
        "target_health" => &mut timings.target_health,
        "endpoint_service" => &mut timings.endpoint_service,
        "endpoint_service_release" => &mut timings.endpoint_service_release,
        "domain_challenge" => &mut timings.domain_challenge,
        "domain_verification" => &mut timings.domain_verification,
        "dns_change" => &mut timings.dns_change,
        "connect" => &mut timings.connect,
        "disconnect" => &mut timings.disconnect,
        "link" => &mut timings.link,
        "link_release" => &mut timings.link_release,
        "analysis" => &mut timings.analysis,
        other => return Err(format!("`{other}` is not a timing")),
    })
}

fn census(world: &World) -> BTreeMap<&'static str, usize> {
    let (ec2, elb, kms) = (&world.ec2, &world.elb, &world.kms);
    let txt = |zone: &crate::route53::HostedZone| {
        let sets = zone.records.iter().filter(|set| set.kind == "TXT");
        sets.map(|set| set.values.len()).sum::<usize>()
    };
    BTreeMap::from([
        ("vpcs", ec2.vpcs.len()),
        ("subnets", ec2.subnets.len()),
        ("route_tables", ec2.route_tables.iter().filter(|table| table.main_association.is_none()).count()),
        ("security_groups", ec2.security_groups.iter().filter(|group| group.name != "default").count()),
        ("network_interfaces", ec2.network_interfaces.len()),
        ("vpn_gateways", ec2.vpn_gateways.iter().filter(|gateway| gateway.deleted.is_none()).count()),
        ("transit_gateways", ec2.transit_gateways.iter().filter(|gateway| gateway.deleted.is_none()).count()),
        ("attachments", ec2.transit_gateway_attachments.iter().filter(|each| each.deleted.is_none()).count()),
        ("peerings", ec2.peerings.iter().filter(|peering| peering.deleted.is_none()).count()),
        ("endpoint_services", ec2.endpoint_services.iter().filter(|service| service.gone_at.is_none()).count()),
        ("endpoint_connections", ec2.endpoint_connections.len()),
        ("load_balancers", elb.load_balancers.len()),
        ("listeners", elb.listeners.len()),
        ("target_groups", elb.target_groups.len()),
        ("key_stores", kms.key_stores.len()),
        ("txt_values", world.route53.zones.iter().map(txt).sum()),
        ("txt_values_elsewhere", world.route53.elsewhere.len()),
    ])
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use crate::Simulator;

    #[tokio::test(start_paused = true)]
    async fn calls_faults_and_levers_have_names() {
        let simulator = Simulator::new();
        let made = simulator.meddle(&json!({"call": "ec2:CreateVpc", "input": {"CidrBlock": "10.1.0.0/24"}})).unwrap();
        assert!(made["vpc"]["vpcId"].as_str().is_some_and(|id| id.starts_with("vpc-")), "{made}");
        assert_eq!(simulator.census()["vpcs"], 1);
        assert_eq!(simulator.meddle(&json!({"fault": "throttle", "on": "CreateVpc"})), Ok(Value::Null));
        assert_eq!(simulator.meddle(&json!({"set": "timings.connect", "to": 5})), Ok(Value::Null));
        assert!(simulator.requests().is_empty());
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_not_understood_is_said() {
        let simulator = Simulator::new();
        for (deed, said) in [
            (json!({"call": "s3:GetObject"}), "`s3` is not a service that is simulated"),
            (json!({"call": "ec2:DeleteVpc", "input": {"VpcId": "vpc-1"}}), "DeleteVpc: InvalidVpcID.NotFound"),
            (json!({"fault": "flood"}), "`flood` is not a fault"),
            (json!({"fault": "slow"}), "the fault `slow` needs `seconds`"),
            (json!({"set": "weather", "to": 1}), "`weather` is not a lever of the world"),
            (json!({"set": "timings.lunch", "to": 1}), "`lunch` is not a timing"),
            (json!({"set": "vpc_quota", "to": "many"}), "`\"many\"` is no value for `vpc_quota`"),
            (json!({}), "a deed has one of `call`, `fault`, `allow`, `set`, `wait`, `reset`; there is none in {}"),
            (json!({"fault": "throttle", "operation": "CreateVpc"}), "a deed with `fault` has no `operation`"),
            (json!({"fault": "random"}), "the fault `random` needs a `rate` from 0 to 1"),
            (json!({"wait": -1}), "`-1` is no number of seconds"),
            (json!({"set": 5, "to": 1}), "`set` is a text, not 5"),
            (json!({"allow": "111122223333", "policy": {}}), "a policy with no statement"),
        ] {
            let error = simulator.meddle(&deed).unwrap_err();
            assert!(error.starts_with(said), "{error}");
        }
    }
}
