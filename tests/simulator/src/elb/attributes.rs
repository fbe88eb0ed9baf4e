//! Attributes of load balancers, listeners and target groups: defaults, and the rules of their values.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::input::invalid;
use crate::call::{Answer, Call, Fail, text_of};

/// Attributes under their keys.
pub(super) type Attributes = BTreeMap<String, String>;

pub(super) fn of_a_load_balancer(kind: &str) -> Attributes {
    let mut attributes =
        from(&[("deletion_protection.enabled", "false"), ("load_balancing.cross_zone.enabled", "false")]);
    if kind == "network" {
        attributes.extend(from(&[
            ("access_logs.s3.bucket", ""),
            ("access_logs.s3.enabled", "false"),
            ("access_logs.s3.prefix", ""),
            ("dns_record.client_routing_policy", "any_availability_zone"),
            ("secondary_ips.auto_assigned.per_subnet", "0"),
            ("zonal_shift.config.enabled", "false"),
        ]));
    }
    attributes
}

pub(super) fn of_a_listener(protocol: &str) -> Attributes {
    if protocol == "TCP" { from(&[("tcp.idle_timeout.seconds", "350")]) } else { Attributes::new() }
}

pub(super) fn of_a_target_group(protocol: &str, target_type: &str) -> Attributes {
    let mut attributes = from(&[
        ("deregistration_delay.connection_termination.enabled", "false"),
        ("deregistration_delay.timeout_seconds", "300"),
        ("load_balancing.cross_zone.enabled", "use_load_balancer_configuration"),
        ("proxy_protocol_v2.enabled", "false"),
        ("stickiness.enabled", "false"),
        ("stickiness.type", "source_ip"),
        ("target_group_health.dns_failover.minimum_healthy_targets.count", "1"),
        ("target_group_health.dns_failover.minimum_healthy_targets.percentage", "off"),
        ("target_group_health.unhealthy_state_routing.minimum_healthy_targets.count", "1"),
        ("target_group_health.unhealthy_state_routing.minimum_healthy_targets.percentage", "off"),
        ("target_health_state.unhealthy.connection_termination.enabled", "true"),
        ("target_health_state.unhealthy.draining_interval_seconds", "0"),
    ]);
    // Only TCP and TLS to addresses hide the client by default; elsewhere it is preserved.
    let preserve = !(target_type == "ip" && matches!(protocol, "TCP" | "TLS"));
    attributes.insert("preserve_client_ip.enabled".to_owned(), preserve.to_string());
    attributes
}

pub(super) fn show(attributes: &Attributes) -> Value {
    let list: Vec<Value> = attributes.iter().map(|(key, value)| json!({"Key": key, "Value": value})).collect();
    json!({"Attributes": list})
}

/// Takes over the attributes in the call, all or none; `noun` is what messages call the object.
pub(super) fn modify(call: &Call, attributes: &mut Attributes, noun: &str) -> Answer {
    let mut changed = attributes.clone();
    for item in call.list("Attributes") {
        let Some(key) = text_of(&item["Key"]) else { continue };
        let value = text_of(&item["Value"]).unwrap_or_default();
        if !attributes.contains_key(&key) {
            return Err(invalid(format!("{noun} attribute key '{key}' is not recognized")));
        }
        check(&key, &value, noun)?;
        changed.insert(key, value);
    }
    *attributes = changed;
    Ok(show(attributes))
}

fn check(key: &str, value: &str, noun: &str) -> Result<(), Fail> {
    let within = |low: u32, high: u32| value.parse().is_ok_and(|number: u32| (low..=high).contains(&number));
    let valid = match key {
        "load_balancing.cross_zone.enabled" if noun == "Target group" => {
            ["true", "false", "use_load_balancer_configuration"].contains(&value)
        }
        "deregistration_delay.timeout_seconds" => within(0, 3600),
        "tcp.idle_timeout.seconds" => within(60, 6000),
        "secondary_ips.auto_assigned.per_subnet" => within(0, 7),
        _ if key.ends_with(".enabled") => ["true", "false"].contains(&value),
        _ => true,
    };
    if valid {
        return Ok(());
    }
    Err(invalid(format!("{noun} attribute key '{key}' has an invalid value '{value}'")))
}

fn from(defaults: &[(&str, &str)]) -> Attributes {
    defaults.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
}
