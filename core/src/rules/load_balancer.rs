//! The Network Load Balancer (NLB-01 … NLB-14).

use ipnet::Ipv4Net;

use super::seen::{Open, Seen, each, saw};
use super::{Outcome, Owner, RULE, Rule, Severity, source};
use crate::facts::{Facts, Gap, LoadBalancer, Permission};
use crate::network::permit::admits;
use crate::probe::{Handshake, TlsFailure};

/// The idle timeout of a TCP listener unless it was changed.
const IDLE_SECONDS: u32 = 350;

pub(super) const RULES: &[Rule] = &[
    Rule {
        id: "NLB-01",
        severity: Severity::BlocksCreate,
        text: "The load balancer must be a Network Load Balancer",
        outcomes: &[Outcome::SERVICE_INVALID],
        remedy: "Make a Network Load Balancer and an endpoint service over it; KMS refuses Gateway Load Balancers",
        needs_disconnect: true,
        source: source::TROUBLE,
        check: Some(|facts| balancers(facts, "type", |balancer| &balancer.sort, |sort| sort == "network")),
        ..RULE
    },
    Rule {
        id: "NLB-02",
        text: "The load balancer should be internal; the API's own default is internet-facing",
        symptom: "The proxy can be reached from the internet; KMS does not look at this",
        remedy: "Make a new load balancer with the scheme `internal`; a scheme cannot be changed",
        needs_disconnect: true,
        check: Some(|facts| balancers(facts, "scheme", |balancer| &balancer.scheme, |scheme| scheme == "internal")),
        ..RULE
    },
    Rule {
        id: "NLB-03",
        severity: Severity::BlocksCreate,
        text: "The load balancer must be IPv4; `dualstack` carries IPv4 too, but AWS's guide asks for `ipv4`",
        symptom: "None that is documented: KMS may take a `dualstack` one",
        remedy: "Set the address type of the load balancer to `ipv4` with SetIpAddressType",
        check: Some(|facts| {
            balancers(facts, "address type", |balancer| &balancer.ip_address_type, |sort| sort == "ipv4")
        }),
        ..RULE
    },
    Rule {
        id: "NLB-04",
        severity: Severity::BlocksCreate,
        text: "The load balancer must be enabled in two or more Availability Zones",
        outcomes: &[Outcome::SERVICE_INVALID],
        remedy: "Add a subnet of another zone with SetSubnets, then refresh the endpoint service (EPS-07)",
        source: source::CREATE,
        check: Some(|facts| {
            Ok(each(facts.load_balancers()?.iter().map(|balancer| {
                let zones: Vec<&str> = balancer.zones.keys().map(String::as_str).collect();
                (&balancer.name, zones.join(", "), zones.len() >= 2)
            })))
        }),
        ..RULE
    },
    Rule {
        id: "NLB-05",
        severity: Severity::BlocksCreate,
        text: "The load balancer must be active before the endpoint service is created",
        symptom: "CreateVpcEndpointServiceConfiguration refuses it",
        remedy: "Wait until the load balancer is `active`, some three minutes; replace one that has `failed`",
        check: Some(|facts| {
            let active = |state: &str| matches!(state, "active" | "active_impaired");
            balancers(facts, "state", |balancer| &balancer.state, active)
        }),
        ..RULE
    },
    Rule {
        id: "NLB-06",
        severity: Severity::BlocksConnect,
        text: "The load balancer must have a listener on port 443 that forwards TCP to the target group",
        outcomes: &[Outcome::UNREACHABLE],
        remedy: "Make a listener TCP 443 with one default action that forwards to the target group",
        check: Some(|facts| {
            let mut seen = Seen::default();
            for balancer in facts.load_balancers()? {
                let listeners = balancer.listeners.or("the load balancer is gone")?;
                let on_443 = listeners.iter().find(|listener| listener.port == 443);
                let fits = on_443.is_some_and(|listener| {
                    matches!(listener.protocol.as_str(), "TCP" | "TLS") && listener.target_groups.len() == 1
                });
                let said = on_443.map_or_else(
                    || "none on 443".to_owned(),
                    |listener| {
                        format!(
                            "{} {} to {} target groups",
                            listener.protocol,
                            listener.port,
                            listener.target_groups.len()
                        )
                    },
                );
                seen = seen.and(format!("listener of {}", balancer.name), said, fits);
            }
            Ok(seen)
        }),
        ..RULE
    },
    Rule {
        id: "NLB-07",
        severity: Severity::BlocksConnect,
        owner: Owner::Proxy,
        text: "TLS must end where the certificate with the private DNS name is: a TCP listener passes TLS through, and \
               the proxy must speak it; a TLS listener needs the certificate itself",
        outcomes: &[Outcome::TLS, Outcome::RESPONSE],
        remedy: "Turn on TLS on the proxy, or make the listener TLS with a certificate for the private DNS name",
        source: source::TROUBLE,
        check: Some(tls_ends_at_the_certificate),
        ..RULE
    },
    Rule {
        id: "NLB-08",
        owner: Owner::Network,
        text: "A load balancer with security groups should not hold inbound rules against PrivateLink traffic, or let \
               443 in from everywhere: the source would be an address of KMS that nobody can know",
        outcomes: &[Outcome::UNREACHABLE],
        symptom: "The metric `SecurityGroupBlockedFlowCount_Inbound` counts",
        remedy: "Call SetSecurityGroups with the same groups and \
                 `EnforceSecurityGroupInboundRulesOnPrivateLinkTraffic=off`",
        source: source::NLB_GROUPS,
        check: Some(|facts| {
            let mut seen = Seen::default();
            for balancer in guarded(facts)? {
                let what = format!("inbound rules on PrivateLink traffic of {}", balancer.name);
                if !balancer.enforces_private_link_rules {
                    seen = seen.note(what, "off");
                    continue;
                }
                let inbound = permissions(facts, balancer, |group| &group.ingress)?;
                let lists = inbound.iter().any(|permission| permission.prefix_lists);
                let everywhere = Ipv4Net::default();
                seen = match admits(inbound, everywhere, &[], 443) {
                    Some(true) => seen.note(what, "on, and the groups allow TCP 443 from everywhere"),
                    None if lists => seen.but(Gap::NotSaid { what: format!("{what}: on, and a prefix list decides") }),
                    _ => seen.and(what, "on, and the groups do not allow TCP 443 from everywhere", false),
                };
            }
            Ok(seen)
        }),
        ..RULE
    },
    Rule {
        id: "NLB-09",
        owner: Owner::Network,
        text: "The security groups of the load balancer should let it out to the targets, on the ports of traffic and \
               health check",
        outcomes: &[Outcome::UNREACHABLE],
        symptom: "Targets are `unhealthy` with `Target.Timeout`",
        remedy: "Allow TCP egress to the targets' ports in the security group of the load balancer",
        source: source::NLB_GROUPS,
        check: Some(|facts| {
            let (mut seen, proxies) = (Seen::default(), facts.proxies()?);
            for balancer in guarded(facts)? {
                let out = permissions(facts, balancer, |group| &group.egress)?;
                for (address, port) in
                    proxies.iter().flat_map(|(address, ports)| ports.iter().map(move |port| (*address, *port)))
                {
                    let what = format!("{} to {address}:{port}", balancer.security_groups.join(", "));
                    match admits(out.iter().copied(), address.into(), &[], port) {
                        Some(fits) => seen = seen.and(what, if fits { "allowed" } else { "no rule allows it" }, fits),
                        None => seen = seen.but(Gap::NotSaid { what: format!("{what}: a prefix list decides") }),
                    }
                }
            }
            Ok(seen)
        }),
        ..RULE
    },
    Rule {
        id: "NLB-10",
        text: "A load balancer that is to have security groups should get them when it is created: it can get none later",
        symptom: "SetSecurityGroups answers `InvalidConfigurationRequest`",
        remedy: "Make a new load balancer with a security group, or describe it without one",
        needs_disconnect: true,
        source: source::NLB_GROUPS,
        check: Some(|facts| {
            let wanted = facts.wanted()?.security_group;
            Ok(each(facts.load_balancers()?.iter().map(|balancer| {
                let groups = balancer.security_groups.join(", ");
                let said = if groups.is_empty() { "none".to_owned() } else { groups };
                (format!("security groups of {}", balancer.name), said, !wanted || !balancer.security_groups.is_empty())
            }))
            .note("security group in the spec", if wanted { "one of its own" } else { "none" }))
        }),
        ..RULE
    },
    Rule {
        id: "NLB-11",
        severity: Severity::BlocksCreate,
        text: "The load balancer must belong to one endpoint service at most",
        outcomes: &[Outcome::refused("InvalidParameter")],
        remedy: "Make a load balancer for each endpoint service",
        needs_disconnect: true,
        source: source::SERVICE,
        check: Some(|facts| {
            let services = facts.services.or("the account has no endpoint services")?;
            Ok(each(facts.load_balancers()?.iter().map(|balancer| {
                let holders = services.iter().filter(|(_, arns)| arns.contains(&balancer.arn));
                let holders: Vec<&str> = holders.map(|(id, _)| id.as_str()).collect();
                (&balancer.name, holders.join(", "), holders.len() <= 1)
            })))
        }),
        ..RULE
    },
    Rule {
        id: "NLB-12",
        severity: Severity::BlocksCreate,
        text: "The name of the load balancer must have 1 to 32 letters, digits and hyphens, no hyphen at either end, and \
               not begin with `internal-`",
        outcomes: &[Outcome::refused("ValidationError"), Outcome::refused("DuplicateLoadBalancerName")],
        remedy: "Choose another name",
        source: source::NLB_API,
        check: Some(|facts| {
            let fits = |name: &str| {
                let letters = name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
                let edges = name.starts_with('-') || name.ends_with('-') || name.starts_with("internal-");
                (1..=32).contains(&name.len()) && letters && !edges
            };
            match (&facts.wanted, facts.load_balancers()) {
                (_, Ok(balancers)) => {
                    Ok(each(balancers.iter().map(|balancer| ("name", &balancer.name, fits(&balancer.name)))))
                }
                (Some(wanted), Err(_)) => Ok(saw("name in the spec", &wanted.store, fits(&wanted.store))),
                (None, Err(open)) => Err(open),
            }
        }),
        ..RULE
    },
    Rule {
        id: "NLB-13",
        text: "A target should get fewer than some 55000 connections at a time, or in a minute, through PrivateLink",
        outcomes: &[Outcome::UNREACHABLE, Outcome::TIMED_OUT],
        symptom: "The metric `PortAllocationErrorCount` counts, and requests fail now and then",
        remedy: "Register more targets, or give the load balancer secondary addresses",
        source: source::NLB_TROUBLE,
        guidance: "Connections are a matter of load over time, and a verification looks at one moment; watch the metric",
        ..RULE
    },
    Rule {
        id: "NLB-14",
        text: "The TCP idle timeout of the listener should not be shorter than the proxy keeps connections open; unless \
               it was changed, it is 350 seconds",
        symptom: "Requests on connections that were used before end in a reset",
        remedy: "Raise `tcp.idle_timeout.seconds` of the listener, or let the proxy close idle connections sooner",
        source: source::NLB_LISTENERS,
        check: Some(|facts| {
            let mut seen = Seen::default();
            for (balancer, listener) in facts.listeners()? {
                let attributes = listener.attributes.or("the listener is gone")?;
                let Some(value) = attributes.get("tcp.idle_timeout.seconds") else { continue };
                let fits = value.parse::<u32>().is_ok_and(|seconds| seconds >= IDLE_SECONDS);
                seen = seen.and(
                    format!("idle timeout of {}:{}", balancer.name, listener.port),
                    format!("{value} s"),
                    fits,
                );
            }
            Ok(seen)
        }),
        ..RULE
    },
];

fn balancers<'a>(
    facts: &'a Facts,
    what: &str,
    value: impl Fn(&'a LoadBalancer) -> &'a String,
    fits: impl Fn(&str) -> bool,
) -> Result<Seen, Open> {
    let balancers = facts.load_balancers()?.iter();
    Ok(each(balancers.map(|each| (format!("{what} of {}", each.name), value(each), fits(value(each))))))
}

/// Load balancers that have security groups.
fn guarded(facts: &Facts) -> Result<Vec<&LoadBalancer>, Open> {
    let guarded: Vec<_> =
        facts.load_balancers()?.iter().filter(|balancer| !balancer.security_groups.is_empty()).collect();
    if guarded.is_empty() { Err(Open::NotApplicable("the load balancer has no security groups")) } else { Ok(guarded) }
}

fn permissions<'a>(
    facts: &'a Facts,
    balancer: &LoadBalancer,
    way: impl Fn(&'a crate::facts::SecurityGroup) -> &'a Vec<Permission>,
) -> Result<Vec<&'a Permission>, Open> {
    let groups = facts.security_groups.or("there are no security groups")?;
    let own = groups.iter().filter(|group| balancer.security_groups.contains(&group.id));
    Ok(own.flat_map(way).collect())
}

fn tls_ends_at_the_certificate(facts: &Facts) -> Result<Seen, Open> {
    let listeners = match facts.listeners() {
        // Whatever the listener is: what speaks no TLS is seen.
        Err(Open::Unknown(gap)) => return Ok(speaks_tls(facts).unwrap_or_default().but(gap)),
        listeners => listeners?,
    };
    let mut seen = Seen::default();
    let mut passes = false;
    for (balancer, listener) in listeners.into_iter().filter(|(_, listener)| listener.port == 443) {
        let what = format!("listener {}:443", balancer.name);
        if listener.protocol == "TLS" {
            let number = listener.certificates.len();
            seen = seen.and(what, format!("TLS with {number} certificates"), number > 0);
        } else {
            passes = true;
            seen = seen.note(what, "TCP: the proxy must speak TLS");
        }
    }
    if !passes {
        return Ok(seen);
    }
    Ok(match speaks_tls(facts) {
        Ok(proxy) => seen.join(proxy),
        Err(Open::Unknown(gap)) => seen.but(gap),
        Err(Open::NotApplicable(_)) => seen,
    })
}

/// Whether what the probe met speaks TLS at all.
fn speaks_tls(facts: &Facts) -> Result<Seen, Open> {
    Ok(facts.tls()?.iter().fold(Seen::default(), |seen, outcome| match &outcome.handshake {
        Some(Handshake::Complete { .. }) => seen.note(outcome.address, "speaks TLS"),
        Some(Handshake::Failed { failure: TlsFailure::NotTls, reason, .. }) => seen.and(outcome.address, reason, false),
        Some(Handshake::Failed { .. }) => seen.note(outcome.address, "speaks TLS, but the handshake fails"),
        None => seen.but(Gap::NotSeen { what: format!("the probe could not connect to {}", outcome.address) }),
    }))
}
