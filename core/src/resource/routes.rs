//! Routes to the data centre over the link, in our own route table (NET-10). A virtual private gateway propagates its
//! own routes; the other links get one route for each range.

use std::collections::BTreeMap;

use aws_sdk_ec2::types::{self, RouteState};
use ipnet::Ipv4Net;
use serde::Serialize;

use super::link::{Link, Sort};
use super::route_table::RouteTable;
use super::{Change, Kind, Resource};
use crate::apply::Context;
use crate::aws::answer::Answer;
use crate::aws::fresh::known;
use crate::desired::Desired;
use crate::error::{Error, Result};
use crate::observed::Observed;

/// The routes.
pub(crate) struct Routes;

#[derive(Clone, Debug)]
pub(crate) struct Want {
    pub(crate) destinations: Vec<Ipv4Net>,
    /// Whether a virtual private gateway propagates them.
    pub(crate) propagated: bool,
}

#[derive(Clone, Debug, Default, Serialize)]
pub(crate) struct Seen {
    /// Static routes that leave the VPC, by destination: target and whether it is alive.
    pub(crate) routes: BTreeMap<Ipv4Net, (String, bool)>,
    /// Gateways that propagate their routes into the table.
    pub(crate) propagating: Vec<String>,
}

impl Seen {
    /// The routes of a table; `None` when it has but the local one.
    pub(crate) fn read(table: &types::RouteTable) -> Option<Self> {
        let created = |route: &&types::Route| route.origin() == Some(&types::RouteOrigin::CreateRoute);
        let routes: BTreeMap<_, _> = table.routes().iter().filter(created).filter_map(read_route).collect();
        let propagating: Vec<String> =
            table.propagating_vgws().iter().filter_map(|each| each.gateway_id()).map(str::to_owned).collect();
        (!routes.is_empty() || !propagating.is_empty()).then_some(Self { routes, propagating })
    }

    /// The routes over our link; any other in the table somebody else has made.
    pub(crate) fn over(mut self, target: &str) -> Option<Self> {
        self.routes.retain(|_, (to, _)| to == target);
        self.propagating.retain(|gateway| gateway == target);
        (!self.routes.is_empty() || !self.propagating.is_empty()).then_some(self)
    }
}

fn read_route(route: &types::Route) -> Option<(Ipv4Net, (String, bool))> {
    let destination = route.destination_cidr_block()?.parse().ok()?;
    let target = route.transit_gateway_id().or(route.vpc_peering_connection_id()).or(route.gateway_id())?;
    Some((destination, (target.to_owned(), route.state() == Some(&RouteState::Active))))
}

impl Resource for Routes {
    const KIND: Kind = Kind::Routes;
    type Want = Want;
    type Seen = Seen;

    fn want<'a>(desired: &'a Desired, _: &str) -> Option<&'a Want> {
        desired.routes.as_ref()
    }

    fn seen<'a>(observed: &'a Observed, _: &str) -> Option<&'a Seen> {
        observed.routes.as_ref()
    }

    fn fold(observed: &mut Observed, _: &str, seen: Option<Seen>) {
        observed.routes = seen;
    }

    fn describe(want: &Want) -> String {
        if want.propagated {
            return "propagated by the virtual private gateway".to_owned();
        }
        let list: Vec<String> = want.destinations.iter().map(Ipv4Net::to_string).collect();
        format!("to {}", list.join(", "))
    }

    fn id(_: &Seen) -> String {
        String::new()
    }

    fn differences(want: &Want, seen: &Seen, observed: &Observed) -> Vec<Change> {
        let Some(target) = observed.link.as_ref().map(|link| link.route_target.as_str()) else { return Vec::new() };
        if want.propagated {
            let on = seen.propagating.iter().any(|gateway| gateway == target);
            return if on { Vec::new() } else { vec![Change::new("propagation", "", target)] };
        }
        let wrong = want.destinations.iter().filter_map(|destination| match seen.routes.get(destination) {
            Some((to, true)) if to == target => None,
            Some((to, true)) => Some(Change::new(destination.to_string(), to, target)),
            Some((to, false)) => Some(Change::new(destination.to_string(), format!("{to} (blackhole)"), target)),
            None => Some(Change::new(destination.to_string(), "", target)),
        });
        let extra = seen
            .routes
            .iter()
            .filter(|(destination, (to, _))| to == target && !want.destinations.contains(destination));
        wrong.chain(extra.map(|(destination, (to, _))| Change::new(destination.to_string(), to, ""))).collect()
    }

    async fn create(cx: &Context, _: &str, want: &Want) -> Result<Seen> {
        Self::update(cx, want, &Seen::default()).await
    }

    async fn update(cx: &Context, want: &Want, seen: &Seen) -> Result<Seen> {
        let table = &cx.parent::<RouteTable>()?.id;
        let link = cx.parent::<Link>()?;
        let mut now = seen.clone();
        if want.propagated {
            let request =
                cx.aws.ec2.enable_vgw_route_propagation().gateway_id(&link.route_target).route_table_id(table);
            known(cx, &[Kind::RouteTable, Kind::Link], || async {
                request.clone().send().await.or_fail("turn on route propagation", "ec2:EnableVgwRoutePropagation")
            })
            .await?;
            now.propagating.push(link.route_target.clone());
            return Ok(now);
        }
        for (destination, (to, _)) in &seen.routes {
            let right = *to == link.route_target && want.destinations.contains(destination);
            // Routes of somebody else to other places stay.
            if !right && (*to == link.route_target || want.destinations.contains(destination)) {
                delete_route(cx, table, destination).await?;
                now.routes.remove(destination);
            }
        }
        for destination in &want.destinations {
            if !now.routes.get(destination).is_some_and(|(_, alive)| *alive) {
                create_route(cx, table, destination, link.sort, &link.route_target).await?;
                now.routes.insert(*destination, (link.route_target.clone(), true));
            }
        }
        Ok(now)
    }

    async fn delete(cx: &Context, seen: &Seen) -> Result<()> {
        let table = &cx.parent::<RouteTable>()?.id;
        for destination in seen.routes.keys() {
            delete_route(cx, table, destination).await?;
        }
        for gateway in &seen.propagating {
            let request = cx.aws.ec2.disable_vgw_route_propagation().gateway_id(gateway).route_table_id(table);
            request.send().await.or_fail("turn off route propagation", "ec2:DisableVgwRoutePropagation")?;
        }
        Ok(())
    }
}

type CreateRoute = aws_sdk_ec2::operation::create_route::builders::CreateRouteFluentBuilder;

async fn create_route(cx: &Context, table: &str, destination: &Ipv4Net, sort: Sort, target: &str) -> Result<()> {
    let request = cx.aws.ec2.create_route().route_table_id(table).destination_cidr_block(destination.to_string());
    let request = match sort {
        Sort::VpnGateway => request.gateway_id(target),
        Sort::TransitGateway => request.transit_gateway_id(target),
        Sort::Peering => request.vpc_peering_connection_id(target),
    };
    let create = || async { request.clone().send().await.or_fail("create the route", "ec2:CreateRoute") };
    match known(cx, &[Kind::RouteTable, Kind::Link], create).await {
        // The SDK tried again after a lost answer.
        Err(error) if error.is_code(&["RouteAlreadyExists"]) => {
            confirm(cx, table, destination, target, request, error).await
        }
        other => other.map(drop),
    }
}

async fn confirm(
    cx: &Context,
    table: &str,
    destination: &Ipv4Net,
    target: &str,
    request: CreateRoute,
    error: Error,
) -> Result<()> {
    let sent = cx.aws.ec2.describe_route_tables().route_table_ids(table).send().await;
    let output = sent.or_fail("look at the routes", "ec2:DescribeRouteTables")?;
    let seen = output.route_tables().first().and_then(Seen::read).unwrap_or_default();
    match seen.routes.get(destination) {
        Some((to, _)) if to == target => Ok(()),
        // Left behind by a link that is gone: it leads nowhere.
        Some((_, false)) => {
            delete_route(cx, table, destination).await?;
            request.send().await.or_fail("create the route", "ec2:CreateRoute").map(drop)
        }
        _ => Err(error),
    }
}

async fn delete_route(cx: &Context, table: &str, destination: &Ipv4Net) -> Result<()> {
    let request = cx.aws.ec2.delete_route().route_table_id(table).destination_cidr_block(destination.to_string());
    match request.send().await.or_fail("delete the route", "ec2:DeleteRoute") {
        Err(error) if error.is_code(&["InvalidRoute.NotFound", "InvalidRouteTableID.NotFound"]) => Ok(()),
        other => other.map(drop),
    }
}
