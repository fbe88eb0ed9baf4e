//! The VPC endpoint service (EPS-01 … EPS-12).

use super::seen::{Open, each, saw};
use super::{Outcome, RULE, Rule, Severity, source};
use crate::facts::{EndpointService, Fact, Gap};
use crate::spec::Region;

pub(super) const RULES: &[Rule] = &[
    Rule {
        id: "EPS-01",
        severity: Severity::BlocksCreate,
        text: "The endpoint service must exist, and KMS must be given its exact name, such as \
               `com.amazonaws.vpce.eu-central-1.vpce-svc-0123456789abcdef0`",
        outcomes: &[Outcome::SERVICE_NOT_FOUND, Outcome::refused("ValidationException")],
        follows: &["ACC-02"],
        remedy: "Give KMS the name of an endpoint service that exists; make one if there is none. One of another account \
                 shows only when it allows this one (ACC-06)",
        needs_disconnect: true,
        source: source::KMS_API,
        check: Some(|facts| {
            let name = facts.service_name().unwrap_or("none");
            match (&facts.service, &facts.offer) {
                (Fact::Known(_), _) | (_, Fact::Known(_)) => {
                    Ok(saw("endpoint service", name, is_service_name(name)).note("found", "yes"))
                }
                (Fact::Unknown(gap), _) => Err(Open::Unknown(gap.clone())),
                // Another account's service shows only to those who may look for it.
                (Fact::Absent, Fact::Unknown(gap)) if *gap != Gap::NotRead => Err(Open::Unknown(gap.clone())),
                _ => Ok(saw("endpoint service", name, false).note("found", "no")),
            }
        }),
        ..RULE
    },
    Rule {
        id: "EPS-02",
        severity: Severity::BlocksCreate,
        text: "The endpoint service must be of the type `Interface`, over a Network Load Balancer",
        outcomes: &[Outcome::SERVICE_INVALID],
        remedy: "Make an endpoint service over a Network Load Balancer",
        needs_disconnect: true,
        source: source::TROUBLE,
        check: Some(|facts| {
            let service = facts.service()?;
            let seen = saw("type", service.types.join(", "), service.types.iter().any(|sort| sort == "Interface"));
            // Only the owner sees them, and only one who may.
            if service.load_balancers.is_empty() && matches!(facts.load_balancers, Fact::Unknown(_)) {
                return Ok(seen);
            }
            let network = |arn: &&String| arn.contains(":loadbalancer/net/");
            let number = service.load_balancers.iter().filter(network).count();
            let fits = number > 0 && number == service.load_balancers.len();
            Ok(seen.and("Network Load Balancers", format!("{number} of {}", service.load_balancers.len()), fits))
        }),
        ..RULE
    },
    Rule {
        id: "EPS-03",
        severity: Severity::BlocksCreate,
        text: "The endpoint service must be `Available`",
        outcomes: &[Outcome::SERVICE_NOT_FOUND, Outcome::SERVICE_INVALID],
        remedy: "Wait while it is `Pending`; make it anew when it is `Failed` or `Deleted`",
        source: source::SERVICE,
        check: Some(|facts| {
            let service = facts.service()?;
            Ok(saw("state", &service.state, service.state == "Available"))
        }),
        ..RULE
    },
    Rule {
        id: "EPS-04",
        severity: Severity::BlocksCreate,
        text: "The endpoint service must not require acceptance: KMS waits for nobody",
        outcomes: &[
            Outcome::SERVICE_INVALID,
            Outcome::refused("XksProxyInvalidConfigurationException"),
            Outcome::SERVICE_NOT_FOUND,
        ],
        remedy: "Turn acceptance off: ModifyVpcEndpointServiceConfiguration with `AcceptanceRequired=false`",
        source: source::TROUBLE,
        check: Some(|facts| {
            let required = facts.service()?.acceptance_required;
            Ok(saw("acceptance required", required, !required))
        }),
        ..RULE
    },
    Rule {
        id: "EPS-05",
        severity: Severity::BlocksCreate,
        text: "The endpoint service must offer IPv4",
        outcomes: &[Outcome::SERVICE_INVALID],
        remedy: "Add `ipv4` to the supported address types of the endpoint service",
        check: Some(|facts| {
            let types = &facts.service()?.ip_address_types;
            Ok(saw("address types", types.join(", "), types.iter().any(|sort| sort == "ipv4")))
        }),
        ..RULE
    },
    Rule {
        id: "EPS-06",
        severity: Severity::BlocksCreate,
        text: "The endpoint service must serve two or more Availability Zones",
        outcomes: &[Outcome::SERVICE_INVALID],
        follows: &["NLB-04", "NET-01"],
        remedy: "Add a zone to the load balancer, wait some minutes, then refresh the endpoint service (EPS-07)",
        source: source::CREATE,
        check: Some(|facts| {
            let zones = &facts.service()?.zones;
            Ok(saw("zones", zones.join(", "), zones.len() >= 2))
        }),
        ..RULE
    },
    Rule {
        id: "EPS-07",
        text: "The endpoint service should serve every zone of its load balancer, those added later too",
        symptom: "KMS makes no endpoint in the zone that is missing",
        follows: &["EPS-06", "NET-09"],
        remedy: "Call ModifyVpcEndpointServiceConfiguration with nothing but `ServiceId`, some minutes after the zone \
                 was added",
        source: source::SERVICE_CONFIGURE,
        check: Some(|facts| {
            let (service, subnets) = (facts.service()?, facts.used_subnets()?);
            // AWS tells zone names or zone ids.
            Ok(each(subnets.into_iter().map(|subnet| {
                let serves = service.zones.iter().any(|zone| *zone == subnet.zone_id || *zone == subnet.zone);
                (&subnet.zone_id, if serves { "served" } else { "not served" }, serves)
            })))
        }),
        ..RULE
    },
    Rule {
        id: "EPS-08",
        text: "The endpoint service should have the private DNS name",
        outcomes: &[Outcome::SERVICE_INVALID],
        remedy: "Set the private DNS name: ModifyVpcEndpointServiceConfiguration with `PrivateDnsName`; then verify the \
                 domain",
        check: Some(|facts| {
            let name = facts.service()?.private_dns_name.as_deref();
            Ok(saw("private DNS name", name.unwrap_or("none"), name.is_some()))
        }),
        ..RULE
    },
    Rule {
        id: "EPS-09",
        text: "The allowed principals should not contain `*`: without acceptance, that opens the service to every account",
        symptom: "Any AWS account can reach the proxy; KMS does not look at this",
        remedy: "Remove `*` from the allowed principals",
        source: source::SERVICE_CONFIGURE,
        check: Some(|facts| {
            let principals = facts.principals.or("there is no endpoint service")?;
            let all = |name: &str, sort: &str| name == "*" || sort == "All";
            Ok(each(principals.iter().map(|each| ("allowed principal", &each.name, !all(&each.name, &each.sort)))))
        }),
        ..RULE
    },
    Rule {
        id: "EPS-10",
        severity: Severity::BlocksCreate,
        text: "No other key store in the Region must use the endpoint service",
        outcomes: &[Outcome::refused("XksProxyVpcEndpointServiceInUseException")],
        remedy: "Make an endpoint service for this key store alone",
        needs_disconnect: true,
        source: source::CREATE,
        check: Some(|facts| {
            let name = facts.service_name()?;
            let users = facts.others()?.iter().filter(|other| other.service_name.as_deref() == Some(name));
            let users: Vec<&str> = users.map(|other| other.name.as_str()).collect();
            Ok(saw(
                "other key stores that use it",
                if users.is_empty() { "none".to_owned() } else { users.join(", ") },
                users.is_empty(),
            ))
        }),
        ..RULE
    },
    Rule {
        id: "EPS-11",
        text: "While the key store is connected, the endpoint of KMS should be `available`",
        outcomes: &[Outcome::UNREACHABLE],
        remedy: "Accept the endpoint, turn acceptance off (EPS-04), and check the allowed principals (PRM-01)",
        source: source::CONNECT,
        check: Some(|facts| {
            let store = facts.key_store()?;
            if !matches!(store.connection_state.as_str(), "CONNECTED" | "FAILED") {
                return Err(Open::NotApplicable("the key store is not connected, so KMS has no endpoint"));
            }
            let endpoints = facts.endpoints.or("there is no endpoint service")?;
            let seen = each(endpoints.iter().map(|each| (&each.id, &each.state, is_available(&each.state))));
            let connected = store.connection_state == "CONNECTED";
            Ok(seen.and("endpoints", endpoints.len(), !connected || !endpoints.is_empty()))
        }),
        ..RULE
    },
    Rule {
        id: "EPS-12",
        text: "The endpoint service should not be offered in other Regions: KMS connects within its own",
        symptom: "Offering it wants `vpce:AllowMultiRegion`, and is of no use here",
        remedy: "Leave `SupportedRegions` out, or remove the other Regions",
        source: source::SERVICE_SHARE,
        check: Some(|facts| {
            let others = &facts.service()?.other_regions;
            Ok(saw(
                "other Regions",
                if others.is_empty() { "none".to_owned() } else { others.join(", ") },
                others.is_empty(),
            ))
        }),
        ..RULE
    },
];

fn is_available(state: &str) -> bool {
    state.eq_ignore_ascii_case("available")
}

/// `(com|eu).amazonaws.vpce.<region>.vpce-svc-<id>`, 20 to 64 characters.
fn is_service_name(name: &str) -> bool {
    let mut parts = name.split('.');
    let prefix =
        matches!((parts.next(), parts.next(), parts.next()), (Some("com" | "eu"), Some("amazonaws"), Some("vpce")));
    let region = parts.next().is_some_and(|region| Region::parse(region).is_ok());
    let id = parts.next().and_then(|id| id.strip_prefix("vpce-svc-"));
    let id = id.is_some_and(|id| !id.is_empty() && id.bytes().all(|b| b.is_ascii_digit() || b.is_ascii_lowercase()));
    prefix && region && id && parts.next().is_none() && (20..=64).contains(&name.len())
}

impl EndpointService {
    /// Whether the domain is proven.
    pub(super) fn is_verified(&self) -> bool {
        self.verification.as_deref() == Some("verified")
    }
}
