//! The world as a web page for people: what exists, in which state, and what was called last. No script; the browser
//! asks again every two seconds.

use std::collections::BTreeSet;
use std::fmt::Write;
use std::time::Duration;

use serde_json::Value;

use crate::date;
use crate::ec2::{self, EndpointService, RouteTable};
use crate::log::LoggedRequest;
use crate::world::{Home, World};

/// How many requests the page shows.
const REQUESTS: usize = 50;

const STYLE: &str = "
:root { color-scheme: light dark; --line: #d9dde3; --soft: #5b6470; --good: #15803d; --wait: #b45309; --bad: #b91c1c; }
@media (prefers-color-scheme: dark) {
  :root { --line: #343a44; --soft: #9aa4b2; --good: #4ade80; --wait: #fbbf24; --bad: #f87171; }
}
body { font: 15px/1.5 system-ui, sans-serif; max-width: 72rem; margin: 2rem auto; padding: 0 1rem; }
h1 { font-size: 1.5rem; margin: 0; } h2 { font-size: 1.15rem; margin: 2rem 0 .25rem; }
h3 { font-size: .95rem; margin: 1.1rem 0 .25rem; color: var(--soft); font-weight: 600; }
p { margin: .25rem 0; color: var(--soft); } .scroll { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; font-size: .87rem; }
th, td { text-align: left; vertical-align: top; padding: .3rem .9rem .3rem 0; border-bottom: 1px solid var(--line); }
th, td { white-space: nowrap; } td:last-child { white-space: normal; overflow-wrap: anywhere; } th { color: var(--soft); font-weight: 500; }
.foot { margin-top: 2rem; } .good { color: var(--good); } .wait { color: var(--wait); } .bad { color: var(--bad); }
";

/// Renders the page.
pub(crate) fn render(world: &World, log: &[LoggedRequest]) -> String {
    let mut body = header(world, log.len());
    let homes = homes(world);
    if homes.is_empty() && world.route53.zones.is_empty() {
        body += "<p>Nothing exists yet.</p>";
    }
    for home in &homes {
        body += &region(world, home);
    }
    body += &hosted_zones(world);
    body += &requests(world, log);
    body += "<p class=\"foot\">For programs: <a href=\"/_world\">/_world</a>, <a href=\"/_census\">/_census</a>, \
             <a href=\"/_requests\">/_requests</a>, and deeds by POST to /_deeds.</p>";
    format!(
        "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>Simulated AWS</title>\
         <meta name=\"viewport\" content=\"width=device-width\"><meta http-equiv=\"refresh\" content=\"2\">\
         <style>{STYLE}</style></head><body>{body}</body></html>"
    )
}

fn header(world: &World, requests: usize) -> String {
    format!(
        "<h1>Simulated AWS</h1><p>{} in the simulation, {} after it began, {requests} requests</p>",
        date::iso(Duration::from_secs(world.now.as_secs())).replace('T', " ").replace('Z', ""),
        span(world.now.saturating_sub(world.began)),
    )
}

/// Everywhere where something exists.
fn homes(world: &World) -> BTreeSet<&Home> {
    let vpcs = world.ec2.vpcs.iter().map(|each| &each.home);
    let services = world.ec2.endpoint_services.iter().map(|each| &each.home);
    let balancers = world.elb.load_balancers.iter().map(|each| &each.home);
    let groups = world.elb.target_groups.iter().map(|each| &each.home);
    let stores = world.kms.key_stores.iter().map(|each| &each.home);
    vpcs.chain(services).chain(balancers).chain(groups).chain(stores).collect()
}

fn region(world: &World, home: &Home) -> String {
    format!(
        "<h2>Account {}, {}</h2>{}{}{}{}{}{}",
        escape(&home.account),
        escape(&home.region),
        key_stores(world, home),
        endpoint_services(world, home),
        load_balancers(world, home),
        target_groups(world, home),
        vpcs(world, home),
        links(world, home)
    )
}

fn vpcs(world: &World, home: &Home) -> String {
    let mine = world.ec2.vpcs.iter().filter(|vpc| vpc.home == *home);
    let rows = mine.map(|vpc| {
        let subnets = world.ec2.subnets.iter().filter(|subnet| subnet.vpc_id == vpc.id);
        let subnets = subnets.map(|each| escape(&format!("{} {} {}", each.id, each.cidr, each.zone_name)));
        let tables = world.ec2.route_tables.iter().filter(|table| table.vpc_id == vpc.id);
        let routes = tables.flat_map(|table| routes(world, table));
        vec![escape(&vpc.id), escape(&vpc.cidr.to_string()), lines(subnets), lines(routes)]
    });
    table("VPCs", &["VPC", "Range", "Subnets", "Routes"], rows)
}

/// The routes that lead out of the VPC.
fn routes(world: &World, table: &RouteTable) -> Vec<String> {
    let text = |route: &Value, member: &str| route[member].as_str().unwrap_or_default().to_owned();
    let targets = ["gatewayId", "transitGatewayId", "vpcPeeringConnectionId", "networkInterfaceId"];
    let outward = ec2::routes(table, world).into_iter().filter(|route| route["gatewayId"] != "local");
    let line = |route: Value| {
        let target: String = targets.iter().map(|member| text(&route, member)).collect();
        let destination = text(&route, "destinationCidrBlock");
        format!("{} {}", escape(&format!("{destination} → {target}")), state(&text(&route, "state")))
    };
    outward.map(line).collect()
}

/// The ways to the data centre.
fn links(world: &World, home: &Home) -> String {
    let ec2 = &world.ec2;
    let row =
        |id: &str, kind: &str, vpcs: &str, name: &str| vec![escape(id), kind.to_owned(), escape(vpcs), state(name)];
    let gateways = ec2.vpn_gateways.iter().filter(|each| each.home == *home && each.deleted.is_none());
    let gateways = gateways.map(|each| match &each.attachment {
        Some(attachment) => row(&each.id, "virtual private gateway", &attachment.vpc_id, attachment.state(world)),
        None => row(&each.id, "virtual private gateway", "", "detached"),
    });
    let attachments = ec2.transit_gateway_attachments.iter().filter(|each| each.home == *home);
    let attachments =
        attachments.map(|each| row(&each.id, "transit gateway attachment", &each.vpc_id, each.state(world)));
    let peerings = ec2.peerings.iter().filter(|each| each.home == *home);
    let peerings = peerings.map(|each| row(&each.id, "peering", &each.vpc_id, each.status(world)));
    table("Links", &["Link", "Kind", "VPC", "State"], gateways.chain(attachments).chain(peerings))
}

fn load_balancers(world: &World, home: &Home) -> String {
    let mine = world.elb.load_balancers.iter().filter(|each| each.home == *home);
    let rows = mine.map(|each| {
        let listeners = world.elb.listeners.iter().filter(|listener| listener.load_balancer_arn == each.arn);
        let listeners = listeners.map(|listener| escape(&format!("{} {}", listener.protocol, listener.port)));
        let zones = each.subnets.iter().map(|subnet| escape(&subnet.zone_name));
        vec![escape(&each.name), state(each.state(world)), escape(&each.scheme), lines(zones), lines(listeners)]
    });
    table("Load balancers", &["Name", "State", "Scheme", "Zones", "Listeners"], rows)
}

fn target_groups(world: &World, home: &Home) -> String {
    let mine = world.elb.target_groups.iter().filter(|each| each.home == *home);
    let rows = mine.map(|group| {
        let setting = |name: &str| group.settings.get(name).map(String::as_str).unwrap_or_default();
        let targets = group.targets.iter().map(|target| {
            format!("{} {}", escape(&format!("{}:{}", target.id, target.port)), state(group.health(target, world)))
        });
        let check = format!("{} {}", setting("HealthCheckProtocol"), setting("HealthCheckPath"));
        let port = format!("{} {}", setting("Protocol"), setting("Port"));
        vec![escape(&group.name), escape(&port), escape(&check), lines(targets)]
    });
    table("Target groups", &["Name", "Port", "Health check", "Targets"], rows)
}

fn endpoint_services(world: &World, home: &Home) -> String {
    let mine = world.ec2.endpoint_services.iter().filter(|each| each.home == *home);
    let rows = mine.map(|service| {
        let (name, verification) = match &service.private_dns_name {
            Some(private) => (escape(&private.name), state(&private.state)),
            None => (String::new(), String::new()),
        };
        let principals = service.principals.iter().map(|(principal, _)| escape(principal));
        vec![
            escape(&service.id),
            state(service.state(world)),
            name,
            verification,
            lines(principals),
            lines(connections(world, service)),
        ]
    });
    let headings = ["Service", "State", "Private DNS name", "Domain", "Allowed principals", "Connections"];
    table("Endpoint services", &headings, rows)
}

fn connections<'a>(world: &'a World, service: &'a EndpointService) -> impl Iterator<Item = String> + 'a {
    let mine = world.ec2.endpoint_connections.iter().filter(|each| each.service_id == service.id);
    mine.map(|each| format!("{} {}", escape(&each.endpoint_id), state(&each.state)))
}

fn key_stores(world: &World, home: &Home) -> String {
    let mine = world.kms.key_stores.iter().filter(|each| each.home == *home);
    let rows = mine.map(|store| {
        let keys = world.kms.keys.iter().filter(|key| key.key_store.as_deref() == Some(&store.id)).count();
        vec![
            escape(&store.name),
            escape(&store.id),
            state(&store.connection_state),
            escape(store.connection_error_code.as_deref().unwrap_or_default()),
            escape(&format!("{}{}", store.uri_endpoint, store.uri_path)),
            keys.to_string(),
        ]
    });
    table("External key stores", &["Name", "Id", "State", "Error", "Proxy", "Keys"], rows)
}

fn hosted_zones(world: &World) -> String {
    let rows = world.route53.zones.iter().map(|zone| {
        let records = zone.records.iter().filter(|each| each.kind != "NS" && each.kind != "SOA");
        let records = records.map(|each| escape(&format!("{} {} {}", each.name, each.kind, each.values.join(" "))));
        let kind = if zone.private { "private" } else { "public" };
        vec![escape(&zone.name), escape(&zone.id), kind.to_owned(), escape(&zone.account), lines(records)]
    });
    let table = table("Hosted zones", &["Zone", "Id", "Seen", "Account", "Records"], rows);
    if table.is_empty() { table } else { format!("<h2>Route 53</h2>{table}") }
}

fn requests(world: &World, log: &[LoggedRequest]) -> String {
    let rows = log.iter().rev().take(REQUESTS).map(|each| {
        let outcome = match (&each.error, each.answered) {
            (Some(error), _) => format!("<span class=\"bad\">{}</span>", escape(error)),
            (None, Some(_)) => "<span class=\"good\">answered</span>".to_owned(),
            (None, None) => "<span class=\"wait\">under way</span>".to_owned(),
        };
        vec![
            each.number.to_string(),
            span(each.sent.saturating_sub(world.began)),
            each.service_name().to_owned(),
            escape(&each.operation),
            escape(&each.account),
            escape(&each.region),
            outcome,
        ]
    });
    let table = table("Newest first", &["No.", "After", "Service", "Operation", "Account", "Region", "Outcome"], rows);
    if table.is_empty() { table } else { format!("<h2>Requests</h2>{table}") }
}

/// A titled table of finished cells; nothing when it has no rows.
fn table(title: &str, headings: &[&str], rows: impl Iterator<Item = Vec<String>>) -> String {
    let mut body = String::new();
    for row in rows {
        let cells: String = row.iter().map(|cell| format!("<td>{cell}</td>")).collect();
        // Writing to a String cannot fail.
        let _ = write!(body, "<tr>{cells}</tr>");
    }
    if body.is_empty() {
        return body;
    }
    let headings: String = headings.iter().map(|heading| format!("<th>{heading}</th>")).collect();
    format!("<h3>{title}</h3><div class=\"scroll\"><table><tr>{headings}</tr>{body}</table></div>")
}

fn lines(items: impl Iterator<Item = String>) -> String {
    items.collect::<Vec<_>>().join("<br>")
}

/// A state in the colour of what it means.
fn state(name: &str) -> String {
    let class = match name.to_lowercase().as_str() {
        "active" | "attached" | "available" | "connected" | "healthy" | "verified" => "good",
        "blackhole" | "failed" | "unhealthy" | "rejected" => "bad",
        _ => "wait",
    };
    format!("<span class=\"{class}\">{}</span>", escape(name))
}

/// `4m 05s`.
fn span(time: Duration) -> String {
    let seconds = time.as_secs();
    match (seconds / 3600, seconds / 60 % 60, seconds % 60) {
        (0, 0, _) => format!("{:.2}s", time.as_secs_f64()),
        (0, minutes, seconds) => format!("{minutes}m {seconds:02}s"),
        (hours, minutes, seconds) => format!("{hours}h {minutes:02}m {seconds:02}s"),
    }
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;").replace('\'', "&#39;")
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{render, span};
    use crate::kms::{KeyStore, Secret};
    use crate::timings::Timings;
    use crate::world::{Home, World};

    #[test]
    fn names_are_escaped_and_secrets_absent() {
        let mut world = World::new(Timings::default(), 1);
        world.kms.key_stores.push(KeyStore {
            home: Home { account: "111122223333".into(), region: "eu-central-1".into() },
            id: "cks-1".into(),
            name: "<script>alert(1)</script>".into(),
            connectivity: "VPC_ENDPOINT_SERVICE".into(),
            uri_endpoint: "https://xks.example.com".into(),
            uri_path: "/kms/xks/v1".into(),
            service_name: None,
            service_owner: None,
            access_key_id: "BETWEEN2THREE4FIVE6".into(),
            secret: Secret("do-not-show".into()),
            connection_state: "FAILED".into(),
            connection_error_code: Some("XKS_PROXY_NOT_REACHABLE".into()),
            changes_at: None,
            created: Duration::ZERO,
        });
        let page = render(&world, &[]);
        assert!(page.contains("&lt;script&gt;alert(1)&lt;/script&gt;") && !page.contains("<script"));
        assert!(page.contains("<span class=\"bad\">FAILED</span>"));
        assert!(!page.contains("do-not-show"));
    }

    #[test]
    fn times_read_like_times() {
        let spans = [1.5, 65.0, 3_725.0].map(|seconds| span(Duration::from_secs_f64(seconds)));
        assert_eq!(spans, ["1.50s", "1m 05s", "1h 02m 05s"]);
    }
}
