//! Reachability Analyzer: the paths to analyze.

use std::net::Ipv4Addr;
use std::time::Duration;

use serde::Serialize;
use serde_json::{Value, json};

use super::listing::{Ids, Listing};
use super::object::{Object, find, mine, object};
use super::tags::{at_creation, tag_set};
use super::{arn, home_of, token};
use crate::call::{Answer, Call, Fail, text_of};
use crate::date;
use crate::world::{Home, Tags, World};

/// A path from something of the account to an address.
#[derive(Clone, Debug, Serialize)]
pub struct NetworkInsightsPath {
    /// Owner and Region.
    pub home: Home,
    /// `nip-…`.
    pub id: String,
    /// Where it begins: an id, of a network interface here.
    pub source: String,
    /// Where it ends, if an id was given.
    pub destination: Option<String>,
    /// The address that packets are sent to.
    pub address: Option<Ipv4Addr>,
    /// `tcp` or `udp`.
    pub protocol: String,
    /// Destination port.
    pub port: Option<i64>,
    /// When it was made.
    pub created: Duration,
    /// Tags.
    pub tags: Tags,
}

object!(
    NetworkInsightsPath,
    "network-insights-path",
    "InvalidNetworkInsightsPathId.NotFound",
    "network insights path ID"
);

const LISTING: Listing = Listing {
    set: "networkInsightsPathSet",
    ids: Some(Ids {
        parameter: "NetworkInsightsPathId",
        member: "networkInsightsPathId",
        missing: NetworkInsightsPath::missing,
    }),
    filters: &[("destination", "destination"), ("protocol", "protocol"), ("source", "source")],
};

pub(super) fn create(call: &Call, world: &mut World) -> Answer {
    let home = home_of(call);
    call.need("ClientToken")?;
    let tags = at_creation::<NetworkInsightsPath>(call)?;
    let address = call.text("DestinationIp").or_else(|| text_of(&call.input["FilterAtSource"]["DestinationAddress"]));
    let address = address.map(|text| text.parse().map_err(|_| no_address(&text))).transpose()?;
    if address.is_none() && call.text("Destination").is_none() {
        return Err(Fail::new("MissingParameter", "The request must contain a destination"));
    }
    let id = match token::earlier(call, world)? {
        Some(id) => id,
        None => {
            let path = NetworkInsightsPath {
                home: home.clone(),
                id: world.ids.resource("nip"),
                source: call.need("Source")?,
                destination: call.text("Destination"),
                address,
                protocol: call.need("Protocol")?,
                port: call.number("DestinationPort"),
                created: world.now,
                tags,
            };
            let id = path.id.clone();
            world.ec2.network_insights_paths.push(path);
            token::remember(call, world, &id);
            id
        }
    };
    Ok(json!({"networkInsightsPath": item(find(&world.ec2.network_insights_paths, &home, &id)?)}))
}

pub(super) fn describe(call: &Call, world: &World) -> Answer {
    let home = home_of(call);
    LISTING.answer(call, mine(&world.ec2.network_insights_paths, &home).map(item).collect())
}

pub(super) fn delete(call: &Call, world: &mut World) -> Answer {
    let id = find(&world.ec2.network_insights_paths, &home_of(call), &call.need("NetworkInsightsPathId")?)?.id.clone();
    if world.ec2.network_insights_analyses.iter().any(|analysis| analysis.path_id == id) {
        let message = format!("The network insights path '{id}' has analyses and cannot be deleted.");
        return Err(Fail::new("AnalysisExistsForNetworkInsightsPath", message));
    }
    world.ec2.network_insights_paths.retain(|path| path.id != id);
    token::forget(world, &id);
    Ok(json!({"networkInsightsPathId": id}))
}

fn no_address(text: &str) -> Fail {
    Fail::new("InvalidParameterValue", format!("Value ({text}) for parameter destinationIp is invalid."))
}

fn item(path: &NetworkInsightsPath) -> Value {
    json!({
        "networkInsightsPathId": path.id,
        "networkInsightsPathArn": arn(&path.home, &format!("network-insights-path/{}", path.id)),
        "createdDate": date::iso(path.created),
        "source": path.source,
        "destination": path.destination,
        "destinationIp": path.address.map(|address| address.to_string()),
        "protocol": path.protocol,
        "destinationPort": path.port,
        "tagSet": tag_set(&path.tags),
    })
}
