//! Our own route table, without internet route, associated with every subnet (NET-02).

use std::time::Duration;

use aws_sdk_ec2::types::{self, Filter, ResourceType};
use futures_util::future::try_join_all;
use serde::Serialize;

use super::vpc::Vpc;
use super::{Change, Kind, Resource, compare_tags};
use crate::apply::Context;
use crate::aws::answer::Answer;
use crate::aws::create::by_token;
use crate::aws::delete::{Delete, delete};
use crate::aws::fresh::known;
use crate::aws::tags::{self, Tags};
use crate::desired::Desired;
use crate::error::{Error, Result};
use crate::observed::Observed;

/// The route table.
pub(crate) struct RouteTable;

#[derive(Clone, Debug)]
pub(crate) struct Want {
    /// Zones whose subnets use it.
    pub(crate) zones: Vec<String>,
    pub(crate) tags: Tags,
}

#[derive(Clone, Debug, Serialize)]
pub(crate) struct Seen {
    pub(crate) id: String,
    /// Subnet id and association id, sorted.
    pub(crate) associations: Vec<(String, String)>,
    #[serde(skip)]
    pub(crate) tags: Tags,
}

impl Want {
    /// Ids of the subnets that use it.
    fn subnets<'a>(&'a self, observed: &'a Observed) -> impl Iterator<Item = &'a String> {
        self.zones.iter().filter_map(|zone| observed.subnets.get(zone)).map(|subnet| &subnet.id)
    }
}

impl Seen {
    pub(crate) fn read(table: &types::RouteTable) -> Option<Self> {
        let mut associations: Vec<(String, String)> = table
            .associations()
            .iter()
            .filter_map(|each| Some((each.subnet_id()?.to_owned(), each.route_table_association_id()?.to_owned())))
            .collect();
        associations.sort();
        Some(Self { id: table.route_table_id()?.to_owned(), associations, tags: tags::from_ec2(table.tags()) })
    }

    fn association(&self, subnet: &str) -> Option<String> {
        self.associations.iter().find(|(id, _)| id == subnet).map(|(_, association)| association.clone())
    }

    fn serves(&self, zone: &str, observed: &Observed) -> bool {
        let subnet = observed.subnets.get(zone);
        subnet.is_some_and(|subnet| self.association(&subnet.id).is_some())
    }
}

impl Resource for RouteTable {
    const KIND: Kind = Kind::RouteTable;
    type Want = Want;
    type Seen = Seen;

    fn want<'a>(desired: &'a Desired, duplicate: &str) -> Option<&'a Want> {
        desired.route_table.as_ref().filter(|_| duplicate.is_empty())
    }

    fn seen<'a>(observed: &'a Observed, duplicate: &str) -> Option<&'a Seen> {
        if duplicate.is_empty() {
            observed.route_table.as_ref()
        } else {
            observed.duplicate_route_tables.get(duplicate)
        }
    }

    fn fold(observed: &mut Observed, duplicate: &str, seen: Option<Seen>) {
        if !duplicate.is_empty() {
            observed.duplicate_route_tables.remove(duplicate);
            return;
        }
        if seen.is_none() {
            observed.routes = None;
        }
        observed.route_table = seen;
    }

    fn describe(_: &Want) -> String {
        "for all subnets, no route to the internet".to_owned()
    }

    fn id(seen: &Seen) -> String {
        seen.id.clone()
    }

    fn differences(want: &Want, seen: &Seen, observed: &Observed) -> Vec<Change> {
        let missing = want.zones.iter().filter(|zone| !seen.serves(zone, observed));
        let missing = missing.map(|zone| Change::new("zone", "", zone));
        missing.chain(compare_tags(&seen.tags, &want.tags)).collect()
    }

    async fn create(cx: &Context, _: &str, want: &Want) -> Result<Seen> {
        // A replaced table serves other subnets: so their ids are part of the token, and the new table gets a new one.
        let mut parents = vec![cx.parent::<Vpc>()?.id.clone()];
        parents.extend(want.subnets(&cx.observed).cloned());
        by_token(cx, "route-table", &parents.join("\n"), |token| create(cx, want, token)).await
    }

    async fn update(cx: &Context, want: &Want, seen: &Seen) -> Result<Seen> {
        cx.tag_ec2(&seen.id, &seen.tags, &want.tags).await?;
        associate(cx, want, Seen { tags: want.tags.clone(), ..seen.clone() }).await
    }

    async fn delete(cx: &Context, seen: &Seen) -> Result<()> {
        let disassociating = seen.associations.iter().map(|(_, association)| async move {
            let sent = cx.aws.ec2.disassociate_route_table().association_id(association).send().await;
            match sent.or_fail("disassociate the route table", "ec2:DisassociateRouteTable") {
                Err(error) if error.is_code(&["InvalidAssociationID.NotFound"]) => Ok(()),
                other => other.map(drop),
            }
        });
        try_join_all(disassociating).await?;
        let request = || async {
            let sent = cx.aws.ec2.delete_route_table().route_table_id(&seen.id).send().await;
            sent.or_fail("delete the route table", "ec2:DeleteRouteTable").map(drop)
        };
        delete(cx, DELETE, request, || async { Ok(look(cx, &seen.id).await?.map(|_| "still there".to_owned())) }).await
    }
}

const DELETE: Delete = Delete {
    until: "the route table is gone",
    busy: &["DependencyViolation"],
    gone: &["InvalidRouteTableID.NotFound"],
    usual: Duration::from_secs(2),
};

/// The table with its subnets; `None` when the token leads to one that is gone.
async fn create(cx: &Context, want: &Want, token: String) -> Result<Option<Seen>> {
    let request = cx
        .aws
        .ec2
        .create_route_table()
        .vpc_id(&cx.parent::<Vpc>()?.id)
        .client_token(token)
        .tag_specifications(tags::specification(ResourceType::RouteTable, &want.tags));
    let output = known(cx, &[Kind::Vpc], || async {
        request.clone().send().await.or_fail("create the route table", "ec2:CreateRouteTable")
    })
    .await?;
    let table = output.route_table().and_then(Seen::read);
    let table = table.ok_or_else(|| Error::incomplete("CreateRouteTable", "RouteTableId"))?;
    match associate(cx, want, table).await {
        Err(error) if error.is_code(DELETE.gone) => Ok(None),
        other => other.map(Some),
    }
}

async fn associate(cx: &Context, want: &Want, mut seen: Seen) -> Result<Seen> {
    let missing = want.subnets(&cx.observed).filter(|subnet| seen.association(subnet).is_none());
    let associating = missing.cloned().map(|subnet| {
        let table = seen.id.clone();
        let request = cx.aws.ec2.associate_route_table().route_table_id(&table).subnet_id(&subnet);
        async move {
            let associate = || async {
                request.clone().send().await.or_fail("associate the route table", "ec2:AssociateRouteTable")
            };
            let id = match known(cx, &[Kind::RouteTable, Kind::Subnet], associate).await {
                Ok(output) => {
                    output.association_id.ok_or_else(|| Error::incomplete("AssociateRouteTable", "AssociationId"))?
                }
                // The SDK tried again after a lost answer; or the subnet hangs on somebody else's table.
                Err(error) if error.is_code(&["Resource.AlreadyAssociated"]) => {
                    let now = look(cx, &table).await?.as_ref().and_then(Seen::read);
                    now.and_then(|now| now.association(&subnet)).ok_or(error)?
                }
                Err(error) => return Err(error),
            };
            Ok((subnet, id))
        }
    });
    let made = try_join_all(associating).await?;
    seen.associations.extend(made);
    seen.associations.sort();
    Ok(seen)
}

async fn look(cx: &Context, id: &str) -> Result<Option<types::RouteTable>> {
    let filter = Filter::builder().name("route-table-id").values(id).build();
    let sent = cx.aws.ec2.describe_route_tables().filters(filter).send().await;
    let output = sent.or_fail("look for the route table", "ec2:DescribeRouteTables")?;
    Ok(output.route_tables.unwrap_or_default().into_iter().next())
}
