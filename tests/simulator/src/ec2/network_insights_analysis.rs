//! Reachability Analyzer: analyses of paths. Here a path is there when the subnet that it begins in has an active route
//! to the address, by longest prefix; AWS also looks at security groups and network ACLs.

use std::net::Ipv4Addr;
use std::time::Duration;

use ipnet::Ipv4Net;
use serde::Serialize;
use serde_json::{Value, json};

use super::listing::{Ids, Listing};
use super::object::{Object, find, mine, object};
use super::tags::{at_creation, tag_set};
use super::{NetworkInsightsPath, RouteTable, arn, home_of, route, token};
use crate::call::{Answer, Call};
use crate::date;
use crate::world::{Home, Tags, World};

/// One analysis of a path. What it finds is decided when it starts.
#[derive(Clone, Debug, Serialize)]
pub struct NetworkInsightsAnalysis {
    /// Owner and Region.
    pub home: Home,
    /// `nia-…`.
    pub id: String,
    /// Its path.
    pub path_id: String,
    /// Where the path begins.
    pub source: String,
    /// Whether there is a way.
    pub found: bool,
    /// When it was started.
    pub started: Duration,
    /// Tags.
    pub tags: Tags,
}

object!(
    NetworkInsightsAnalysis,
    "network-insights-analysis",
    "InvalidNetworkInsightsAnalysisId.NotFound",
    "network insights analysis ID"
);

const LISTING: Listing = Listing {
    set: "networkInsightsAnalysisSet",
    ids: Some(Ids {
        parameter: "NetworkInsightsAnalysisId",
        member: "networkInsightsAnalysisId",
        missing: NetworkInsightsAnalysis::missing,
    }),
    filters: &[("path-found", "networkPathFound"), ("status", "status")],
};

pub(super) fn start(call: &Call, world: &mut World) -> Answer {
    let home = home_of(call);
    call.need("ClientToken")?;
    let path = find(&world.ec2.network_insights_paths, &home, &call.need("NetworkInsightsPathId")?)?.clone();
    let tags = at_creation::<NetworkInsightsAnalysis>(call)?;
    let id = match token::earlier(call, world)? {
        Some(id) => id,
        None => {
            let analysis = NetworkInsightsAnalysis {
                home: home.clone(),
                id: world.ids.resource("nia"),
                found: leads_somewhere(&path, world),
                path_id: path.id,
                source: path.source,
                started: world.now,
                tags,
            };
            let id = analysis.id.clone();
            world.ec2.network_insights_analyses.push(analysis);
            token::remember(call, world, &id);
            id
        }
    };
    let analysis = find(&world.ec2.network_insights_analyses, &home, &id)?;
    Ok(json!({"networkInsightsAnalysis": item(analysis, world)}))
}

pub(super) fn describe(call: &Call, world: &World) -> Answer {
    let (home, path) = (home_of(call), call.text("NetworkInsightsPathId"));
    let of_path = |each: &&NetworkInsightsAnalysis| path.as_ref().is_none_or(|path| each.path_id == *path);
    let analyses = mine(&world.ec2.network_insights_analyses, &home).filter(of_path);
    LISTING.answer(call, analyses.map(|analysis| item(analysis, world)).collect())
}

pub(super) fn delete(call: &Call, world: &mut World) -> Answer {
    let wanted = call.need("NetworkInsightsAnalysisId")?;
    let id = find(&world.ec2.network_insights_analyses, &home_of(call), &wanted)?.id.clone();
    world.ec2.network_insights_analyses.retain(|analysis| analysis.id != id);
    token::forget(world, &id);
    Ok(json!({"networkInsightsAnalysisId": id}))
}

fn leads_somewhere(path: &NetworkInsightsPath, world: &World) -> bool {
    let interface = world.ec2.network_interfaces.iter().find(|each| each.id == path.source && each.home == path.home);
    let table = interface.and_then(|interface| table_of(world, &interface.vpc_id, &interface.subnet_id));
    match (table, path.address) {
        (Some(table), Some(address)) => has_active_route(table, address, world),
        _ => false,
    }
}

/// The route table that a subnet uses: its own, or the main one of the VPC.
fn table_of<'a>(world: &'a World, vpc: &str, subnet: &str) -> Option<&'a RouteTable> {
    let tables = || world.ec2.route_tables.iter().filter(|table| table.vpc_id == vpc);
    let own = tables().find(|table| table.associations.iter().any(|each| each.subnet_id == subnet));
    own.or_else(|| tables().find(|table| table.is_main()))
}

fn has_active_route(table: &RouteTable, address: Ipv4Addr, world: &World) -> bool {
    let range = |route: &Value| route["destinationCidrBlock"].as_str().and_then(|text| text.parse::<Ipv4Net>().ok());
    let routes = route::items(table, world);
    let leading = routes.iter().filter_map(|route| Some((range(route)?, route)));
    let best = leading.filter(|(range, _)| range.contains(&address)).max_by_key(|(range, _)| range.prefix_len());
    best.is_some_and(|(_, route)| route["state"] == "active")
}

fn item(analysis: &NetworkInsightsAnalysis, world: &World) -> Value {
    let running = world.now < analysis.started + world.timings.analysis;
    let mut item = json!({
        "networkInsightsAnalysisId": analysis.id,
        "networkInsightsAnalysisArn": arn(&analysis.home, &format!("network-insights-analysis/{}", analysis.id)),
        "networkInsightsPathId": analysis.path_id,
        "startDate": date::iso(analysis.started),
        "status": if running { "running" } else { "succeeded" },
        "tagSet": tag_set(&analysis.tags),
    });
    if !running {
        item["networkPathFound"] = json!(analysis.found);
        let component = json!({"id": analysis.source});
        if analysis.found {
            item["forwardPathComponentSet"] = json!([{"sequenceNumber": 1, "component": component}]);
        } else {
            item["explanationSet"] = json!([{"explanationCode": "NO_ROUTE_TO_DESTINATION", "component": component}]);
        }
    }
    item
}
