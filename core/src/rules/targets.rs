//! Target group and targets (TGT-01 … TGT-18).

use std::net::Ipv4Addr;

use ipnet::Ipv4Net;

use super::reading::no_probe;
use super::seen::{Open, Seen, each, saw};
use super::{Outcome, Owner, RULE, Rule, Severity, source};
use crate::facts::{Fact, Facts, Gap, Target, TargetGroup};
use crate::network::permit::admits;
use crate::probe::{Answer, Taken, TlsVersion};

/// The port that KMS connects to; behind the load balancer a spec may say another.
const PORT: u16 = 443;

pub(super) const RULES: &[Rule] = &[
    Rule {
        id: "TGT-01",
        text: "The target type should be `ip`",
        symptom: "Addresses outside of the VPC cannot be registered",
        remedy: "Make a new target group with the type `ip`, and let the listener forward to it; a type cannot be changed",
        check: Some(|facts| groups(facts, "target type", |group| &group.target_type, |sort| sort == "ip")),
        ..RULE
    },
    Rule {
        id: "TGT-02",
        severity: Severity::BlocksConnect,
        text: "The target group must have the protocol TCP and the port 443, or the port that the spec gives the proxy",
        outcomes: &[Outcome::UNREACHABLE, Outcome::RESPONSE],
        remedy: "Make a new target group with TCP 443, and let the listener forward to it; neither can be changed",
        check: Some(|facts| {
            Ok(each(facts.target_groups()?.iter().map(|group| {
                let fits = group.protocol == "TCP" && group.port == port(facts);
                (&group.name, format!("{} {}", group.protocol, group.port), fits)
            })))
        }),
        ..RULE
    },
    Rule {
        id: "TGT-03",
        severity: Severity::BlocksCreate,
        text: "The target group must be in the VPC of the load balancer",
        outcomes: &[Outcome::refused("InvalidConfigurationRequest")],
        remedy: "Make a new target group in the VPC of the load balancer",
        check: Some(|facts| {
            let vpcs: Vec<&str> = facts.load_balancers()?.iter().map(|balancer| balancer.vpc.as_str()).collect();
            let seen = groups(facts, "VPC", |group| &group.vpc, |vpc| vpcs.contains(&vpc))?;
            Ok(vpcs.iter().fold(seen, |seen, vpc| seen.note("VPC of the load balancer", vpc)))
        }),
        ..RULE
    },
    Rule {
        id: "TGT-04",
        severity: Severity::BlocksConnect,
        text: "The target group must be IPv4",
        outcomes: &[Outcome::refused("InvalidConfigurationRequest")],
        remedy: "Make a new target group with the address type `ipv4`",
        check: Some(|facts| groups(facts, "address type", |group| &group.ip_address_type, |sort| sort == "ipv4")),
        ..RULE
    },
    Rule {
        id: "TGT-05",
        owner: Owner::Proxy,
        text: "Two or more proxy addresses should be registered",
        symptom: "One broken proxy makes all keys of the store unusable",
        remedy: "Run a second proxy, and register its address",
        check: Some(|facts| {
            let targets = facts.targets()?;
            let seen = each(targets.iter().map(|(_, target)| ("target", place(target), true)));
            Ok(saw("registered targets", targets.len(), targets.len() >= 2).join(seen))
        }),
        ..RULE
    },
    Rule {
        id: "TGT-06",
        severity: Severity::BlocksCreate,
        owner: Owner::Network,
        text: "Target addresses must lie in the VPC, 10.0.0.0/8, 172.16.0.0/12, 192.168.0.0/16 or 100.64.0.0/10",
        outcomes: &[Outcome::refused("InvalidTarget")],
        remedy: "Register a private address of the proxy, or put a relay with a private address before it",
        source: source::NLB_TARGETS,
        check: Some(|facts| {
            let own = facts.vpc.known().map_or(&[][..], |vpc| &vpc.ranges[..]);
            let fits = |address: Ipv4Addr| own.iter().any(|range| range.contains(&address)) || is_private(address);
            Ok(each(facts.proxies()?.into_iter().map(|(address, _)| ("target", address, fits(address)))))
        }),
        ..RULE
    },
    Rule {
        id: "TGT-07",
        severity: Severity::BlocksCreate,
        text: "An address outside of the VPC must be registered with the Availability Zone `all`, one inside without",
        outcomes: &[Outcome::refused("ValidationError")],
        remedy: "Register the target again: with Availability Zone `all` if it is outside of the VPC",
        source: source::TARGET_API,
        check: Some(|facts| {
            let vpc = facts.vpc()?;
            Ok(each(facts.targets()?.into_iter().filter_map(|(_, target)| {
                let address: Ipv4Addr = target.id.parse().ok()?;
                let inside = vpc.ranges.iter().any(|range| range.contains(&address));
                let zone = target.zone.as_deref();
                Some((place(target), zone.unwrap_or("none given"), inside || zone == Some("all")))
            })))
        }),
        ..RULE
    },
    Rule {
        id: "TGT-08",
        severity: Severity::BlocksConnect,
        text: "Targets must be registered on port 443, or on the port that the spec gives the proxy",
        outcomes: &[Outcome::UNREACHABLE],
        remedy: "Register the targets on the port on which the proxy listens; KMS itself always goes to 443 of the load balancer",
        check: Some(|facts| {
            let port = port(facts);
            Ok(each(facts.targets()?.into_iter().map(|(_, target)| ("target", place(target), target.port == port))))
        }),
        ..RULE
    },
    Rule {
        id: "TGT-09",
        severity: Severity::BlocksConnect,
        owner: Owner::Network,
        text: "At least one target must be healthy",
        outcomes: &[Outcome::UNREACHABLE],
        symptom: "With no healthy target the load balancer tries all of them, so that KMS may time out instead",
        follows: &[
            "NET-04", "NET-10", "NET-11", "TGT-08", "TGT-12", "TGT-13", "TGT-14", "TGT-15", "TGT-16", "TGT-17",
            "TGT-18", "NLB-06", "NLB-07", "NLB-09", "TLS-10", "PXY-01", "PXY-02",
        ],
        remedy: "Follow the reason of each target: `Target.Timeout` is a route or a firewall that swallows packets; \
                 `Target.FailedHealthChecks` a refused connection, or HTTPS that fails; \
                 `Target.ResponseCodeMismatch` another path or code than the health check wants",
        source: source::NLB_HEALTH,
        check: Some(|facts| {
            let targets = facts.targets()?;
            let healthy = targets.iter().filter(|(_, target)| target.state == "healthy").count();
            let seen = each(targets.iter().map(|(_, target)| (place(target), health(target), true)));
            Ok(saw("healthy targets", healthy, healthy > 0).join(seen))
        }),
        ..RULE
    },
    Rule {
        id: "TGT-10",
        text: "Every zone of the load balancer should have a healthy target that it may use: one of its own zone, one in \
               `all`, or any with cross-zone load balancing",
        symptom: "The zone drops out of DNS; KMS goes through fewer zones",
        follows: &["TGT-09", "PXY-14"],
        remedy: "Register a target in the zone, or turn on `load_balancing.cross_zone.enabled`",
        source: source::NLB_TARGETS,
        check: Some(zones_are_served),
        ..RULE
    },
    Rule {
        id: "TGT-11",
        text: "Client IP preservation should be off for targets outside of the VPC",
        symptom: "Answers take another way back and get lost; a transit gateway does not support it",
        remedy: "Set the attribute `preserve_client_ip.enabled` of the target group to `false`",
        source: source::NLB_ATTRIBUTES,
        check: Some(|facts| {
            facts.proxies_outside()?;
            attribute(facts, "preserve_client_ip.enabled", "false")
        }),
        ..RULE
    },
    Rule {
        id: "TGT-12",
        severity: Severity::BlocksConnect,
        text: "Proxy protocol v2 must be off, unless the proxy reads it both on traffic and on health checks",
        outcomes: &[Outcome::TLS, Outcome::UNREACHABLE],
        symptom: "HTTP health checks answer 400",
        remedy: "Set the attribute `proxy_protocol_v2.enabled` of the target group to `false`",
        source: source::NLB_ATTRIBUTES,
        check: Some(|facts| attribute(facts, "proxy_protocol_v2.enabled", "false")),
        ..RULE
    },
    Rule {
        id: "TGT-13",
        owner: Owner::Proxy,
        text: "The health check should be TCP, or ask a path that needs no signature and is not one of the proxy API's",
        symptom: "Targets are `unhealthy` with `Target.ResponseCodeMismatch`: the proxy API answers an unsigned GET with 405",
        remedy: "Point the health check to the ping path of the proxy, or make it TCP",
        source: source::SPEC,
        check: Some(|facts| {
            let seen = each(facts.target_groups()?.iter().map(|group| {
                let path = group.health_path.as_deref().unwrap_or_default();
                let tcp = group.health_protocol == "TCP";
                let said = if tcp { "TCP".to_owned() } else { format!("{} {path}", group.health_protocol) };
                (&group.name, said, tcp || !path.contains("/kms/xks/v"))
            }));
            let asked = facts.probe.iter().flat_map(|probe| &probe.health_check);
            Ok(asked.fold(seen, |seen, outcome| match &outcome.answer {
                Answer::Status { status, .. } => {
                    // What answers well to the name is the right path (TGT-15).
                    let fits = outcome.answer.is_healthy() || outcome.by_name.as_ref().is_some_and(Answer::is_healthy);
                    seen.and(format!("probe of {} at {}", outcome.path, outcome.address), status, fits)
                }
                // No answer to anything is no fault of the path.
                Answer::None { reason, .. } => {
                    let what = format!("{} did not answer the probe of {}: {reason}", outcome.address, outcome.path);
                    seen.but(Gap::NotSeen { what })
                }
            }))
        }),
        ..RULE
    },
    Rule {
        id: "TGT-14",
        owner: Owner::Proxy,
        text: "Behind an HTTPS health check the proxy should speak TLS 1.2 as well: the load balancer's checks do not \
               speak TLS 1.3",
        symptom: "Targets are `unhealthy` with `Target.FailedHealthChecks` although KMS could talk to them",
        remedy: "Turn on TLS 1.2 on the proxy, or make the health check TCP or HTTP",
        source: source::NLB_HEALTH,
        check: Some(|facts| {
            if facts.target_groups()?.iter().all(|group| group.health_protocol != "HTTPS") {
                return Err(Open::NotApplicable("the health check is not HTTPS"));
            }
            let mut seen = Seen::default();
            for outcome in facts.tls()? {
                let taken = |version| {
                    let trial = outcome.versions.iter().find(|trial| trial.version == version);
                    trial.map(|trial| &trial.taken)
                };
                let what = format!("TLS 1.2 at {}", outcome.address);
                seen = match (taken(TlsVersion::Tls12), taken(TlsVersion::Tls13)) {
                    (Some(Taken::Yes), _) => seen.note(what, "taken"),
                    (Some(Taken::No), Some(Taken::Yes)) => seen.and(what, "refused", false),
                    // Neither, or nobody knows: what is taken then is another rule's matter (TLS-01).
                    _ => seen.but(Gap::NotSeen { what: format!("{} took no TLS of today", outcome.address) }),
                };
            }
            Ok(seen)
        }),
        ..RULE
    },
    Rule {
        id: "TGT-15",
        owner: Owner::Proxy,
        text: "The proxy should answer HTTP health checks whatever their `Host`: the load balancer sends its own address",
        symptom: "Targets are `unhealthy` with `Target.ResponseCodeMismatch` on a proxy that chooses sites by host name",
        remedy: "Give the proxy a default site for the health check, or make the check TCP",
        source: source::NLB_HEALTH,
        check: Some(|facts| {
            if facts.target_groups()?.iter().all(|group| group.health_protocol == "TCP") {
                return Err(Open::NotApplicable("the health check is TCP, which sends no `Host`"));
            }
            let asked = facts.probe.as_ref().map_or(&[][..], |probe| &probe.health_check[..]);
            if asked.is_empty() {
                return Err(no_probe("health_check"));
            }
            Ok(asked.iter().fold(Seen::default(), |seen, outcome| {
                let what = format!("{} as `Host` of {} at {}", outcome.address, outcome.path, outcome.address);
                match (outcome.answer.status(), outcome.by_name.as_ref().filter(|answer| answer.is_healthy())) {
                    (Some(status), _) if outcome.answer.is_healthy() => seen.note(what, status),
                    (Some(status), Some(_)) => {
                        seen.and(what, format!("{status}, though the private DNS name is answered well"), false)
                    }
                    _ => {
                        let what = format!("{} answers {} well to no `Host` (TGT-13)", outcome.address, outcome.path);
                        seen.but(Gap::NotSeen { what })
                    }
                }
            }))
        }),
        ..RULE
    },
    Rule {
        id: "TGT-16",
        owner: Owner::Network,
        text: "Security groups of targets in the VPC, and firewalls before others, should let the addresses of the load \
               balancer in, on the ports of traffic and health check",
        outcomes: &[Outcome::UNREACHABLE],
        symptom: "Targets are `unhealthy` with `Target.Timeout`",
        remedy: "Allow TCP from the subnets of the load balancer to the ports of the targets",
        source: source::NLB_REGISTER,
        check: Some(targets_are_open),
        ..RULE
    },
    Rule {
        id: "TGT-17",
        severity: Severity::BlocksCreate,
        text: "No target must have an address that a load balancer owns",
        symptom: "The target is `unused` with `Target.IpUnusable`",
        remedy: "Register the address of the proxy itself",
        source: source::HEALTH_API,
        check: Some(|facts| {
            Ok(each(facts.targets()?.into_iter().map(|(_, target)| {
                (place(target), health(target), target.reason.as_deref() != Some("Target.IpUnusable"))
            })))
        }),
        ..RULE
    },
    Rule {
        id: "TGT-18",
        text: "A listener of the load balancer should forward to the target group",
        symptom: "Targets are `unused` with `Target.NotInUse`",
        follows: &["NLB-06"],
        remedy: "Make a listener TCP 443 that forwards to the target group",
        check: Some(|facts| {
            let balancers = facts.load_balancers()?;
            Ok(each(facts.target_groups()?.iter().map(|group| {
                let used = balancers.iter().any(|balancer| group.load_balancers.contains(&balancer.arn));
                (&group.name, if used { "in use by the load balancer" } else { "not in use" }, used)
            })))
        }),
        ..RULE
    },
];

fn port(facts: &Facts) -> u16 {
    facts.wanted.as_ref().map_or(PORT, |wanted| wanted.port)
}

fn groups<'a>(
    facts: &'a Facts,
    what: &str,
    value: impl Fn(&'a TargetGroup) -> &'a String,
    fits: impl Fn(&str) -> bool,
) -> Result<Seen, Open> {
    let groups = facts.target_groups()?.iter();
    Ok(each(groups.map(|group| (format!("{what} of {}", group.name), value(group), fits(value(group))))))
}

fn attribute(facts: &Facts, key: &str, wanted: &str) -> Result<Seen, Open> {
    let mut seen = Seen::default();
    for group in facts.target_groups()? {
        let value = group.attributes.or("the target group is gone")?.get(key).map_or("not shown", String::as_str);
        seen = seen.and(format!("{key} of {}", group.name), value, value == wanted);
    }
    Ok(seen)
}

fn place(target: &Target) -> String {
    format!("{}:{}", target.id, target.port)
}

fn health(target: &Target) -> String {
    match &target.reason {
        Some(reason) => format!("{}, {reason}", target.state),
        None => target.state.clone(),
    }
}

fn is_private(address: Ipv4Addr) -> bool {
    let [a, b, ..] = address.octets();
    address.is_private() || (a == 100 && (64..128).contains(&b))
}

fn zones_are_served(facts: &Facts) -> Result<Seen, Open> {
    let targets = facts.targets()?;
    let mut seen = Seen::default();
    for balancer in facts.load_balancers()? {
        let whole = balancer.attributes.or("the load balancer is gone")?;
        let groups = facts.target_groups()?.iter().filter(|group| group.load_balancers.contains(&balancer.arn));
        let mut crosses = false;
        for group in groups {
            let own = group.attributes.or("the target group is gone")?.get(CROSS_ZONE).map(String::as_str);
            let own = own.filter(|own| *own != "use_load_balancer_configuration");
            crosses |= own.or(whole.get(CROSS_ZONE).map(String::as_str)) == Some("true");
        }
        for zone in balancer.zones.keys() {
            let usable = |target: &Target| {
                let own = target.zone.as_deref().is_some_and(|of| of == "all" || of == zone);
                target.state == "healthy" && (crosses || own)
            };
            let number = targets.iter().filter(|(_, target)| usable(target)).count();
            seen = seen.and(format!("healthy targets for {zone}"), number, number > 0);
        }
        seen = seen.note("cross-zone load balancing", if crosses { "on" } else { "off" });
    }
    Ok(seen)
}

const CROSS_ZONE: &str = "load_balancing.cross_zone.enabled";

/// Only targets in the VPC have security groups that AWS tells of. For others, their health is the proof.
fn targets_are_open(facts: &Facts) -> Result<Seen, Open> {
    let vpc = facts.vpc()?;
    let proxies = facts.proxies()?;
    let inside: Vec<_> =
        proxies.iter().filter(|(address, _)| vpc.ranges.iter().any(|range| range.contains(address))).collect();
    if inside.is_empty() {
        return Err(Open::NotApplicable(
            "every target is outside of the VPC; health checks show what firewalls let in",
        ));
    }
    let interfaces = facts.interfaces.or("there are no network interfaces")?;
    let groups = facts.security_groups.or("there are no security groups")?;
    let (nodes, others): (Vec<_>, Vec<_>) =
        interfaces.iter().partition(|interface| interface.sort == "network_load_balancer");
    let callers: Vec<(Ipv4Net, &[String])> = match facts.load_balancers {
        // Its nodes will be anywhere in its subnets.
        Fact::Absent => facts.used_subnets()?.iter().filter_map(|subnet| Some((subnet.range?, &[][..]))).collect(),
        _ => nodes
            .iter()
            .flat_map(|node| node.addresses.iter().map(|from| ((*from).into(), &node.security_groups[..])))
            .collect(),
    };
    let mut seen = Seen::default();
    for (address, ports) in inside {
        let Some(interface) = others.iter().find(|interface| interface.addresses.contains(address)) else {
            seen = seen.but(Gap::NotSaid { what: format!("no network interface is shown for {address}") });
            continue;
        };
        let own: Vec<_> = groups.iter().filter(|group| interface.security_groups.contains(&group.id)).collect();
        for (from, groups) in &callers {
            for port in ports {
                let rules = own.iter().flat_map(|group| &group.ingress);
                let side = if from.prefix_len() == 32 { from.addr().to_string() } else { from.to_string() };
                let what = format!("{side} to {address}:{port}");
                match admits(rules, *from, groups, *port) {
                    Some(fits) => seen = seen.and(what, if fits { "allowed" } else { "no rule allows it" }, fits),
                    None => {
                        seen = seen.but(Gap::NotSaid {
                            what: format!("{what}: only a part of the range is allowed, or a prefix list"),
                        })
                    }
                }
            }
        }
    }
    if nodes.is_empty() && matches!(facts.load_balancers, Fact::Known(_)) {
        seen = seen.but(Gap::NotSaid { what: "no network interface of the load balancer is shown".to_owned() });
    }
    Ok(seen)
}
