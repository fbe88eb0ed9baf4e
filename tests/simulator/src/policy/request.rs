//! What a call wants, in the terms of policies: actions, ARNs of targets, condition keys. After the tables of the
//! service authorization reference, as far as the operations here need them.

use std::collections::BTreeMap;

use serde_json::Value;

use super::evaluate::Request;
use super::prefix;
use crate::Service;
use crate::call::{Call, list_of, text_of};
use crate::sts::partition;
use crate::world::{Tags, World};

type Context = BTreeMap<String, Vec<String>>;

/// Everything that must be allowed for a call: its action on each target, then tagging if it creates with tags.
pub(super) fn needed(service: Service, call: &Call, world: &World) -> Vec<Request> {
    let action = format!("{}:{}", prefix(service), call.operation);
    let mut requests: Vec<Request> = targets(service, call, world)
        .into_iter()
        .map(|target| Request {
            action: action.clone(),
            context: context(service, call, &target, world),
            resource: target.arn,
        })
        .collect();
    requests.extend(tag_on_create(service, call));
    requests.extend(service_of_another_account(service, call, world));
    requests
}

/// What a call acts on.
struct Target {
    arn: String,
    /// Whether the tags in the request are meant for it.
    tagged: bool,
}

fn targets(service: Service, call: &Call, world: &World) -> Vec<Target> {
    let created = created(service, call).map(|arn| Target { arn, tagged: true });
    let tags = matches!(call.operation.as_str(), "CreateTags" | "AddTags" | "TagResource" | "CreateListener");
    let existing = existing(service, call, world).into_iter().map(|arn| Target { arn, tagged: tags });
    let targets: Vec<Target> = created.into_iter().chain(existing).collect();
    if targets.is_empty() { vec![Target { arn: "*".to_owned(), tagged: true }] } else { targets }
}

/// The ARN pattern of what a call creates.
fn created(service: Service, call: &Call) -> Option<String> {
    let name = call.text("Name").unwrap_or_default();
    let kind = match (service, call.operation.as_str()) {
        (Service::Ec2, "CreateVpc") => "vpc".to_owned(),
        (Service::Ec2, "CreateSubnet") => "subnet".to_owned(),
        (Service::Ec2, "CreateRouteTable") => "route-table".to_owned(),
        (Service::Ec2, "CreateSecurityGroup") => "security-group".to_owned(),
        (Service::Ec2, "CreateVpcEndpointServiceConfiguration") => "vpc-endpoint-service".to_owned(),
        (Service::Ec2, "CreateVpnGateway") => "vpn-gateway".to_owned(),
        (Service::Ec2, "CreateCustomerGateway") => "customer-gateway".to_owned(),
        (Service::Ec2, "CreateVpnConnection") => "vpn-connection".to_owned(),
        (Service::Ec2, "CreateNetworkInsightsPath") => "network-insights-path".to_owned(),
        (Service::Ec2, "StartNetworkInsightsAnalysis") => "network-insights-analysis".to_owned(),
        (Service::Ec2, "CreateTransitGatewayVpcAttachment") => "transit-gateway-attachment".to_owned(),
        (Service::Ec2, "CreateVpcPeeringConnection") => "vpc-peering-connection".to_owned(),
        (Service::Elb, "CreateLoadBalancer") => format!("loadbalancer/net/{name}"),
        (Service::Elb, "CreateTargetGroup") => format!("targetgroup/{name}"),
        _ => return None,
    };
    Some(arn(service, call, &format!("{kind}/*")))
}

/// The ARNs of what a call names. Reads of many objects know no resources, with the exceptions below.
fn existing(service: Service, call: &Call, world: &World) -> Vec<String> {
    const READS_OF_ONE: [&str; 2] = ["DescribeVpcAttribute", "DescribeVpcEndpointServicePermissions"];
    let operation = call.operation.as_str();
    let id = || call.text("Id").unwrap_or_default().rsplit('/').next().unwrap_or_default().to_owned();
    match service {
        Service::Ec2 | Service::Elb if operation.starts_with("Describe") && !READS_OF_ONE.contains(&operation) => {
            Vec::new()
        }
        Service::Ec2 => {
            let named = match operation {
                // The targets of a route are no resources of these.
                "CreateRoute" | "DeleteRoute" => parameters(call, &["RouteTableId"]),
                "DisassociateRouteTable" => associated(call, world),
                "AcceptVpcPeeringConnection" => peered(call, world),
                _ => parameters(call, &["Id", "Ids"]),
            };
            named.iter().filter_map(|id| ec2_arn(call, id)).collect()
        }
        Service::Elb => parameters(call, &["Arn", "Arns"]),
        Service::Kms => call.text("KeyId").into_iter().map(|id| key_arn(call, &id)).collect(),
        Service::Route53 if operation == "GetChange" => {
            vec![format!("arn:{}:route53:::change/{}", partition(&call.region), id())]
        }
        Service::Route53 if call.text("Id").is_some() => {
            vec![format!("arn:{}:route53:::hostedzone/{}", partition(&call.region), id())]
        }
        Service::Route53 | Service::ServiceQuotas => Vec::new(),
        Service::Sts => call.text("RoleArn").into_iter().collect(),
    }
}

/// Route table and subnet of the association that a call names.
fn associated(call: &Call, world: &World) -> Vec<String> {
    let id = call.text("AssociationId").unwrap_or_default();
    let tables = world.ec2.route_tables.iter();
    let mut pairs = tables.flat_map(|table| table.associations.iter().map(move |each| (table, each)));
    let found = pairs.find(|(_, association)| association.id == id);
    found.into_iter().flat_map(|(table, association)| [table.id.clone(), association.subnet_id.clone()]).collect()
}

/// The peering that a call names, and the VPC that is asked.
fn peered(call: &Call, world: &World) -> Vec<String> {
    let id = call.text("VpcPeeringConnectionId").unwrap_or_default();
    let peer = world.ec2.peerings.iter().find(|peering| peering.id == id).map(|peering| peering.peer_vpc_id.clone());
    peer.into_iter().chain([id]).collect()
}

/// The values of all parameters whose names end in one of these.
fn parameters(call: &Call, endings: &[&str]) -> Vec<String> {
    let members = call.input.as_object().into_iter().flatten();
    let named = members.filter(|(name, _)| endings.iter().any(|ending| name.ends_with(ending)));
    named.flat_map(|(_, value)| list_of(value)).filter_map(|value| text_of(&value)).collect()
}

fn ec2_arn(call: &Call, id: &str) -> Option<String> {
    const KINDS: [(&str, &str); 14] = [
        ("vpce-svc-", "vpc-endpoint-service"),
        ("vpc-", "vpc"),
        ("subnet-", "subnet"),
        ("rtb-", "route-table"),
        ("sg-", "security-group"),
        ("acl-", "network-acl"),
        ("vgw-", "vpn-gateway"),
        ("tgw-attach-", "transit-gateway-attachment"),
        ("tgw-", "transit-gateway"),
        ("pcx-", "vpc-peering-connection"),
        ("cgw-", "customer-gateway"),
        ("vpn-", "vpn-connection"),
        ("nip-", "network-insights-path"),
        ("nia-", "network-insights-analysis"),
    ];
    let (_, kind) = KINDS.iter().find(|(start, _)| id.starts_with(start))?;
    Some(arn(Service::Ec2, call, &format!("{kind}/{id}")))
}

fn key_arn(call: &Call, id: &str) -> String {
    if id.starts_with("arn:") { id.to_owned() } else { arn(Service::Kms, call, &format!("key/{id}")) }
}

fn arn(service: Service, call: &Call, resource: &str) -> String {
    format!("arn:{}:{}:{}:{}:{resource}", partition(&call.region), prefix(service), call.region, call.account)
}

/// The second permission that a call needs when it creates something with tags.
fn tag_on_create(service: Service, call: &Call) -> Option<Request> {
    let tags = request_tags(call);
    if tags.is_empty() || !call.operation.starts_with("Create") || call.operation == "CreateTags" {
        return None;
    }
    let (action, resource) = match (service, call.operation.as_str()) {
        (Service::Ec2, _) => ("ec2:CreateTags", created(service, call)?),
        (Service::Elb, "CreateListener") => ("elasticloadbalancing:AddTags", listeners_of(call)),
        (Service::Elb, _) => ("elasticloadbalancing:AddTags", created(service, call)?),
        (Service::Kms, _) => ("kms:TagResource", "*".to_owned()),
        _ => return None,
    };
    let mut context = common(service, call);
    add_request_tags(&mut context, &tags);
    context.insert(format!("{}:createaction", prefix(service)), vec![call.operation.clone()]);
    Some(Request { action: action.to_owned(), resource, context })
}

/// What KMS looks for in the caller's name: an endpoint service of another account.
/// <https://docs.aws.amazon.com/kms/latest/developerguide/authorize-xks-key-store.html>
fn service_of_another_account(service: Service, call: &Call, world: &World) -> Option<Request> {
    const LOOKS: [&str; 3] = ["CreateCustomKeyStore", "UpdateCustomKeyStore", "ConnectCustomKeyStore"];
    if service != Service::Kms || !LOOKS.contains(&call.operation.as_str()) {
        return None;
    }
    let of_store = || {
        let id = call.text("CustomKeyStoreId")?;
        world.kms.key_stores.iter().find(|store| store.id == id)?.service_owner.clone()
    };
    let owner = call.text("XksProxyVpcEndpointServiceOwner").or_else(of_store)?;
    (owner != call.account).then(|| Request {
        action: "ec2:DescribeVpcEndpointServices".to_owned(),
        resource: "*".to_owned(),
        context: common(Service::Ec2, call),
    })
}

/// `…:loadbalancer/net/<name>/<id>` → the listeners of that load balancer.
fn listeners_of(call: &Call) -> String {
    let load_balancer = call.text("LoadBalancerArn").unwrap_or_default();
    load_balancer.replacen(":loadbalancer/", ":listener/", 1) + "/*"
}

fn context(service: Service, call: &Call, target: &Target, world: &World) -> Context {
    let mut context = common(service, call);
    if target.tagged {
        add_request_tags(&mut context, &request_tags(call));
    }
    for (key, value) in tags_of(world, &target.arn).into_iter().flatten() {
        let value = vec![value.clone()];
        context.insert(format!("aws:resourcetag/{key}").to_lowercase(), value.clone());
        context.insert(format!("{}:resourcetag/{key}", prefix(service)).to_lowercase(), value);
    }
    context
}

/// Condition keys that do not depend on the target.
fn common(service: Service, call: &Call) -> Context {
    let mut context = Context::from([("aws:requestedregion".to_owned(), vec![call.region.clone()])]);
    match service {
        Service::Ec2 => {
            context.insert("ec2:region".to_owned(), vec![call.region.clone()]);
            if let Some(name) = call.text("PrivateDnsName") {
                context.insert("ec2:vpceserviceprivatednsname".to_owned(), vec![name]);
            }
        }
        Service::Kms => {
            context.insert("kms:calleraccount".to_owned(), vec![call.account.clone()]);
        }
        Service::Elb => {
            let mut add = |key: &str, values: Vec<String>| {
                if !values.is_empty() {
                    context.insert(format!("elasticloadbalancing:{key}"), values);
                }
            };
            add("scheme", call.text("Scheme").into_iter().collect());
            add("subnet", parameters(call, &["Subnets"]));
            if call.operation.ends_with("Listener") {
                add("listenerprotocol", call.text("Protocol").into_iter().collect());
            }
        }
        Service::Route53 => add_changes(&mut context, call),
        Service::Sts | Service::ServiceQuotas => {}
    }
    context
}

/// What ChangeResourceRecordSets changes: names in lower case without trailing dot, types, actions.
fn add_changes(context: &mut Context, call: &Call) {
    let changes = list_of(&call.input["ChangeBatch"]["Changes"]);
    let mut add = |key: &str, texts: Vec<String>| {
        if !texts.is_empty() {
            context.insert(format!("route53:changeresourcerecordsets{key}"), texts);
        }
    };
    let of_set = |member: &str| {
        let texts = changes.iter().filter_map(|change| text_of(&change["ResourceRecordSet"][member]));
        texts.collect::<Vec<String>>()
    };
    let names = of_set("Name").iter().map(|name| name.trim_end_matches('.').to_lowercase()).collect();
    add("normalizedrecordnames", names);
    add("recordtypes", of_set("Type"));
    add("actions", changes.iter().filter_map(|change| text_of(&change["Action"])).collect());
}

fn add_request_tags(context: &mut Context, tags: &Tags) {
    context.insert("aws:tagkeys".to_owned(), tags.keys().cloned().collect());
    for (key, value) in tags {
        context.insert(format!("aws:requesttag/{key}").to_lowercase(), vec![value.clone()]);
    }
}

/// The tags in a request, whichever way the service spells them.
fn request_tags(call: &Call) -> Tags {
    // Transit gateways spell it in the plural.
    let specifications = ["TagSpecification", "TagSpecifications"].into_iter().flat_map(|name| call.list(name));
    let specified = specifications.flat_map(|each| list_of(&each["Tag"]));
    let direct = ["Tag", "Tags"].into_iter().flat_map(|name| call.list(name));
    specified.chain(direct).filter_map(|tag| tag_of(&tag)).collect()
}

fn tag_of(tag: &Value) -> Option<(String, String)> {
    let either = |a: &str, b: &str| text_of(&tag[a]).or_else(|| text_of(&tag[b]));
    Some((either("Key", "TagKey")?, either("Value", "TagValue").unwrap_or_default()))
}

/// The tags of an existing object.
fn tags_of<'a>(world: &'a World, arn: &str) -> Option<&'a Tags> {
    let id = arn.rsplit('/').next().unwrap_or_default();
    let (ec2, elb) = (&world.ec2, &world.elb);
    let vpcs = ec2.vpcs.iter().map(|each| (&each.id, &each.tags));
    let subnets = ec2.subnets.iter().map(|each| (&each.id, &each.tags));
    let tables = ec2.route_tables.iter().map(|each| (&each.id, &each.tags));
    let groups = ec2.security_groups.iter().map(|each| (&each.id, &each.tags));
    let services = ec2.endpoint_services.iter().map(|each| (&each.id, &each.tags));
    let gateways = ec2.vpn_gateways.iter().map(|each| (&each.id, &each.tags));
    let attachments = ec2.transit_gateway_attachments.iter().map(|each| (&each.id, &each.tags));
    let peerings = ec2.peerings.iter().map(|each| (&each.id, &each.tags));
    let mut in_ec2 = vpcs.chain(subnets).chain(tables).chain(groups).chain(services);
    let mut links = gateways.chain(attachments).chain(peerings);
    let load_balancers = elb.load_balancers.iter().map(|each| (&each.arn, &each.tags));
    let listeners = elb.listeners.iter().map(|each| (&each.arn, &each.tags));
    let target_groups = elb.target_groups.iter().map(|each| (&each.arn, &each.tags));
    let mut balancing = load_balancers.chain(listeners).chain(target_groups);
    let by_id = in_ec2.find(|(mine, _)| *mine == id).or_else(|| links.find(|(mine, _)| *mine == id));
    by_id.or_else(|| balancing.find(|(mine, _)| *mine == arn)).map(|(_, tags)| tags)
}
