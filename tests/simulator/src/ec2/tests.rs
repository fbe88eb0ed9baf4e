//! Whole flows through EC2 as a client walks them.

use std::time::Duration;

use serde_json::{Value, json};

use super::handle;
use crate::call::{Call, Fail};
use crate::elb::{LoadBalancer, LoadBalancerSubnet};
use crate::timings::Timings;
use crate::world::{Home, Tags, World};

const ACCOUNT: &str = "111122223333";
const REGION: &str = "eu-central-1";

/// A world and a caller in it.
struct Bench {
    world: World,
    now: Duration,
}

impl Bench {
    fn new() -> Self {
        Self { world: World::new(Timings::default(), 1), now: Duration::ZERO }
    }

    fn call(&mut self, operation: &str, input: Value) -> Result<Value, Fail> {
        self.call_as(ACCOUNT, operation, input)
    }

    fn call_as(&mut self, account: &str, operation: &str, input: Value) -> Result<Value, Fail> {
        self.world.advance(self.now);
        let call = Call {
            account: account.to_owned(),
            region: REGION.to_owned(),
            operation: operation.to_owned(),
            input,
            now: self.now,
        };
        handle(&call, &mut self.world)
    }

    /// A call that must succeed.
    fn ok(&mut self, operation: &str, input: Value) -> Value {
        self.call(operation, input.clone()).unwrap_or_else(|fail| panic!("{operation} {input}: {fail:?}"))
    }

    /// The error code of a call that must fail.
    fn code(&mut self, operation: &str, input: Value) -> String {
        match self.call(operation, input.clone()) {
            Ok(answer) => panic!("{operation} {input} succeeded: {answer}"),
            Err(fail) => fail.code,
        }
    }

    fn wait(&mut self, seconds: u64) {
        self.now += Duration::from_secs(seconds);
    }

    fn vpc(&mut self, range: &str) -> String {
        text(&self.ok("CreateVpc", json!({"CidrBlock": range}))["vpc"]["vpcId"])
    }

    fn subnet(&mut self, vpc: &str, range: &str, zone: &str) -> String {
        let input = json!({"VpcId": vpc, "CidrBlock": range, "AvailabilityZone": zone});
        text(&self.ok("CreateSubnet", input)["subnet"]["subnetId"])
    }

    /// A VPC with two subnets in two zones.
    fn network(&mut self) -> (String, String, String) {
        let vpc = self.vpc("10.60.0.0/24");
        let one = self.subnet(&vpc, "10.60.0.0/28", "eu-central-1a");
        let two = self.subnet(&vpc, "10.60.0.16/28", "eu-central-1b");
        (vpc, one, two)
    }

    /// A Network Load Balancer in two subnets; its ARN.
    fn balancer(&mut self, name: &str, subnets: &[&str]) -> String {
        let arn = format!("arn:aws:elasticloadbalancing:{REGION}:{ACCOUNT}:loadbalancer/net/{name}/0123");
        let home = Home { account: ACCOUNT.to_owned(), region: REGION.to_owned() };
        let place = |id: &&str| {
            let subnet = super::subnet(&self.world, &home, id).expect("a subnet");
            LoadBalancerSubnet {
                subnet_id: subnet.id.clone(),
                zone_name: subnet.zone_name.clone(),
                zone_id: subnet.zone_id.clone(),
                address: None,
            }
        };
        let subnets = subnets.iter().map(place).collect();
        self.world.elb.load_balancers.push(LoadBalancer {
            home: home.clone(),
            arn: arn.clone(),
            name: name.to_owned(),
            kind: "network".to_owned(),
            scheme: "internal".to_owned(),
            ip_address_type: "ipv4".to_owned(),
            vpc_id: String::new(),
            subnets,
            security_groups: Vec::new(),
            enforce_private_link_rules: "on".to_owned(),
            attributes: std::collections::BTreeMap::new(),
            created: self.now,
            failure: None,
            tags: Tags::new(),
        });
        arn
    }

    /// An endpoint service with a private DNS name, and its load balancer.
    fn service(&mut self) -> (String, String) {
        let (_, one, two) = self.network();
        let arn = self.balancer("payments", &[&one, &two]);
        self.wait(150);
        let answer = self.ok(
            "CreateVpcEndpointServiceConfiguration",
            json!({"NetworkLoadBalancerArn": [arn], "AcceptanceRequired": "false", "PrivateDnsName": "xks.example.com"}),
        );
        (text(&answer["serviceConfiguration"]["serviceId"]), arn)
    }

    fn seen(&mut self, service: &str) -> Value {
        let input = json!({"ServiceId": [service]});
        self.ok("DescribeVpcEndpointServiceConfigurations", input)["serviceConfigurationSet"][0].clone()
    }
}

fn text(value: &Value) -> String {
    value.as_str().expect("a text").to_owned()
}

fn filter(name: &str, value: &str) -> Value {
    json!([{"Name": name, "Value": [value]}])
}

#[test]
fn a_vpc_starts_pending_with_its_defaults() {
    let mut aws = Bench::new();
    let vpc = aws.ok("CreateVpc", json!({"CidrBlock": "10.60.0.9/24"}))["vpc"].clone();
    assert_eq!(vpc["state"], "pending");
    assert_eq!(vpc["cidrBlock"], "10.60.0.0/24");
    aws.wait(1);
    let id = text(&vpc["vpcId"]);
    assert_eq!(aws.ok("DescribeVpcs", json!({"VpcId": [id]}))["vpcSet"][0]["state"], "available");
    let of_vpc = json!({"Filter": filter("vpc-id", &id)});
    for (operation, set) in [
        ("DescribeRouteTables", "routeTableSet"),
        ("DescribeSecurityGroups", "securityGroupInfo"),
        ("DescribeNetworkAcls", "networkAclSet"),
    ] {
        assert_eq!(aws.ok(operation, of_vpc.clone())[set].as_array().map(Vec::len), Some(1), "{operation}");
    }
    for (attribute, value) in [("enableDnsSupport", true), ("enableDnsHostnames", false)] {
        let answer = aws.ok("DescribeVpcAttribute", json!({"VpcId": id, "Attribute": attribute}));
        assert_eq!(answer[attribute]["value"], value);
    }
    let both = json!({"VpcId": id, "EnableDnsSupport": {"Value": "true"}, "EnableDnsHostnames": {"Value": "true"}});
    assert_eq!(aws.code("ModifyVpcAttribute", both), "InvalidParameterCombination");
    aws.ok("ModifyVpcAttribute", json!({"VpcId": id, "EnableDnsHostnames": {"Value": "true"}}));
    aws.ok("DeleteVpc", json!({"VpcId": id}));
    assert_eq!(aws.code("DescribeVpcs", json!({"VpcId": [id]})), "InvalidVpcID.NotFound");
    assert!(aws.world.ec2.route_tables.is_empty());
}

#[test]
fn ranges_that_aws_refuses_are_refused() {
    let mut aws = Bench::new();
    for range in ["10.0.0.0/15", "10.0.0.0/29", "127.1.0.0/16"] {
        assert_eq!(aws.code("CreateVpc", json!({"CidrBlock": range})), "InvalidVpc.Range", "{range}");
    }
    assert_eq!(aws.code("CreateVpc", json!({"CidrBlock": "ten"})), "InvalidParameterValue");
    assert_eq!(aws.code("CreateVpc", json!({})), "MissingParameter");
    let (vpc, ..) = aws.network();
    for (range, code) in [
        ("10.61.0.0/28", "InvalidSubnet.Range"),
        ("10.60.0.64/29", "InvalidSubnet.Range"),
        ("10.60.0.0/27", "InvalidSubnet.Conflict"),
    ] {
        assert_eq!(aws.code("CreateSubnet", json!({"VpcId": vpc, "CidrBlock": range})), code, "{range}");
    }
    let elsewhere = json!({"VpcId": vpc, "CidrBlock": "10.60.0.32/28", "AvailabilityZone": "us-east-1a"});
    assert_eq!(aws.code("CreateSubnet", elsewhere), "InvalidParameterValue");
}

#[test]
fn the_quota_of_vpcs_counts_per_account_and_region() {
    let mut aws = Bench::new();
    aws.world.ec2.vpc_quota = 1;
    aws.vpc("10.0.0.0/24");
    assert_eq!(aws.code("CreateVpc", json!({"CidrBlock": "10.1.0.0/24"})), "VpcLimitExceeded");
    aws.call_as("444455556666", "CreateVpc", json!({"CidrBlock": "10.1.0.0/24"})).expect("another account has room");
}

#[test]
fn a_dry_run_finds_errors_and_changes_nothing() {
    let mut aws = Bench::new();
    let input = json!({"CidrBlock": "10.60.0.0/24", "DryRun": "true"});
    assert_eq!(
        aws.call("CreateVpc", input).map_err(|fail| (fail.status, fail.code)),
        Err((412, "DryRunOperation".to_owned()))
    );
    assert!(aws.world.ec2.vpcs.is_empty());
    assert_eq!(aws.code("DeleteVpc", json!({"VpcId": "vpc-1", "DryRun": "true"})), "InvalidVpcID.NotFound");
}

#[test]
fn filters_and_pages_narrow_a_list() {
    let mut aws = Bench::new();
    for index in 0..7 {
        let tag =
            json!([{"ResourceType": "vpc", "Tag": [{"Key": "xkslink:store", "Value": format!("store-{index}")}]}]);
        aws.ok("CreateVpc", json!({"CidrBlock": "10.0.0.0/24", "TagSpecification": tag}));
    }
    let one = aws.ok("DescribeVpcs", json!({"Filter": filter("tag:xkslink:store", "store-3")}));
    assert_eq!(one["vpcSet"].as_array().map(Vec::len), Some(1));
    let all = aws.ok("DescribeVpcs", json!({"Filter": filter("tag:xkslink:store", "store-*")}));
    assert_eq!(all["vpcSet"].as_array().map(Vec::len), Some(7));
    assert_eq!(aws.code("DescribeVpcs", json!({"Filter": filter("colour", "red")})), "InvalidParameterValue");
    let first = aws.ok("DescribeVpcs", json!({"MaxResults": "5"}));
    assert_eq!(first["vpcSet"].as_array().map(Vec::len), Some(5));
    let rest = aws.ok("DescribeVpcs", json!({"MaxResults": "5", "NextToken": first["nextToken"]}));
    assert_eq!(rest["vpcSet"].as_array().map(Vec::len), Some(2));
    assert_eq!(rest["nextToken"], Value::Null);
    assert_eq!(aws.code("DescribeVpcs", json!({"MaxResults": "4"})), "InvalidParameterValue");
}

#[test]
fn tags_come_and_go_on_every_kind_of_object() {
    let mut aws = Bench::new();
    let (service, _) = aws.service();
    let tag = json!([{"Key": "xkslink:store", "Value": "payments"}]);
    aws.ok("CreateTags", json!({"ResourceId": [service], "Tag": tag}));
    let found = aws.ok("DescribeTags", json!({"Filter": filter("key", "xkslink:store")}))["tagSet"].clone();
    assert_eq!(
        found,
        json!([{"resourceId": service, "resourceType": "vpc-endpoint-service", "key": "xkslink:store", "value": "payments"}])
    );
    let by_tag = json!({"Filter": filter("tag:xkslink:store", "payments")});
    assert_eq!(aws.ok("DescribeTags", by_tag)["tagSet"], found);
    aws.ok("DeleteTags", json!({"ResourceId": [service], "Tag": [{"Key": "xkslink:store", "Value": "other"}]}));
    assert_eq!(aws.seen(&service)["tagSet"].as_array().map(Vec::len), Some(1));
    aws.ok("DeleteTags", json!({"ResourceId": [service], "Tag": [{"Key": "xkslink:store"}]}));
    assert_eq!(aws.seen(&service)["tagSet"], json!([]));
    assert_eq!(aws.code("CreateTags", json!({"ResourceId": ["vpc-1"], "Tag": tag})), "InvalidID");
    let wrong = json!([{"ResourceType": "subnet", "Tag": [{"Key": "k", "Value": "v"}]}]);
    let input = json!({"CidrBlock": "10.0.0.0/24", "TagSpecification": wrong});
    assert_eq!(aws.code("CreateVpc", input), "InvalidParameterValue");
}

#[test]
fn a_subnet_is_public_through_an_internet_gateway_and_routes_turn_black() {
    let mut aws = Bench::new();
    let (vpc, one, _) = aws.network();
    let table = text(&aws.ok("CreateRouteTable", json!({"VpcId": vpc}))["routeTable"]["routeTableId"]);
    let associated = aws.ok("AssociateRouteTable", json!({"RouteTableId": table, "SubnetId": one}));
    let other = text(&aws.ok("CreateRouteTable", json!({"VpcId": vpc}))["routeTable"]["routeTableId"]);
    let again = json!({"RouteTableId": other, "SubnetId": one});
    assert_eq!(aws.code("AssociateRouteTable", again), "Resource.AlreadyAssociated");
    let igw = text(&aws.ok("CreateInternetGateway", json!({}))["internetGateway"]["internetGatewayId"]);
    let route = json!({"RouteTableId": table, "DestinationCidrBlock": "0.0.0.0/0", "GatewayId": igw});
    assert_eq!(aws.code("CreateRoute", route.clone()), "InvalidParameterValue");
    aws.ok("AttachInternetGateway", json!({"InternetGatewayId": igw, "VpcId": vpc}));
    aws.ok("CreateRoute", route.clone());
    assert_eq!(aws.code("CreateRoute", route), "RouteAlreadyExists");
    let of_subnet = json!({"Filter": filter("association.subnet-id", &one)});
    let routes =
        |aws: &mut Bench| aws.ok("DescribeRouteTables", of_subnet.clone())["routeTableSet"][0]["routeSet"].clone();
    let seen = routes(&mut aws);
    assert_eq!((&seen[0]["gatewayId"], &seen[0]["origin"]), (&json!("local"), &json!("CreateRouteTable")));
    assert_eq!((&seen[1]["gatewayId"], &seen[1]["state"]), (&json!(igw), &json!("active")));
    aws.ok("DetachInternetGateway", json!({"InternetGatewayId": igw, "VpcId": vpc}));
    assert_eq!(routes(&mut aws)[1]["state"], "blackhole");
    assert_eq!(aws.code("DeleteRouteTable", json!({"RouteTableId": table})), "DependencyViolation");
    aws.ok("DisassociateRouteTable", json!({"AssociationId": associated["associationId"]}));
    aws.ok("DeleteRouteTable", json!({"RouteTableId": table}));
}

#[test]
fn routes_keep_to_the_rules_of_the_local_one() {
    let mut aws = Bench::new();
    aws.vpc("10.60.0.0/24");
    let table = aws.world.ec2.route_tables[0].id.clone();
    let delete = |range: &str| json!({"RouteTableId": table, "DestinationCidrBlock": range});
    assert_eq!(aws.code("DeleteRoute", delete("10.60.0.0/24")), "InvalidParameterValue");
    assert_eq!(aws.code("DeleteRoute", delete("10.0.0.0/16")), "InvalidRoute.NotFound");
    let nowhere = json!({"RouteTableId": table, "DestinationCidrBlock": "10.0.0.0/16"});
    assert_eq!(aws.code("CreateRoute", nowhere), "MissingParameter");
    assert_eq!(aws.code("DeleteRouteTable", json!({"RouteTableId": table})), "DependencyViolation");
}

#[test]
fn zones_are_told_apart_by_type_and_state() {
    let mut aws = Bench::new();
    let real = aws.ok("DescribeAvailabilityZones", json!({"Filter": filter("zone-type", "availability-zone")}));
    assert_eq!(real["availabilityZoneInfo"].as_array().map(Vec::len), Some(3));
    let local = aws.ok("DescribeAvailabilityZones", json!({"Filter": filter("zone-type", "local-zone")}));
    assert_eq!(local["availabilityZoneInfo"][0]["parentZoneId"], "euc1-az2");
    let by_id = aws.ok("DescribeAvailabilityZones", json!({"ZoneId": ["euc1-az1"]}));
    assert_eq!(by_id["availabilityZoneInfo"][0]["zoneName"], "eu-central-1c");
    assert_eq!(aws.code("DescribeAvailabilityZones", json!({"ZoneName": ["x"]})), "InvalidParameterValue");
    let platforms = aws.ok("DescribeAccountAttributes", json!({"AttributeName": ["supported-platforms"]}));
    assert_eq!(platforms["accountAttributeSet"][0]["attributeValueSet"][0]["attributeValue"], "VPC");
}

#[test]
fn nobody_sees_what_is_not_theirs() {
    let mut aws = Bench::new();
    let vpc = aws.vpc("10.60.0.0/24");
    let other = aws.call_as("444455556666", "DeleteVpc", json!({"VpcId": vpc})).map_err(|fail| fail.code);
    assert_eq!(other, Err("InvalidVpcID.NotFound".to_owned()));
    let seen = aws.call_as("444455556666", "DescribeVpcs", json!({})).expect("an answer");
    assert_eq!(seen["vpcSet"], json!([]));
}

#[test]
fn a_client_token_makes_one_route_table() {
    let mut aws = Bench::new();
    let (one, two) = (aws.vpc("10.0.0.0/24"), aws.vpc("10.1.0.0/24"));
    let input = json!({"VpcId": one, "ClientToken": "t"});
    let first = aws.ok("CreateRouteTable", input.clone());
    assert_eq!(aws.ok("CreateRouteTable", input), first);
    let other = json!({"VpcId": two, "ClientToken": "t"});
    assert_eq!(aws.code("CreateRouteTable", other), "IdempotentParameterMismatch");
}

#[test]
fn rules_of_security_groups_are_canonical_and_unique() {
    let mut aws = Bench::new();
    let vpc = aws.vpc("10.60.0.0/24");
    let create = json!({"GroupName": "nlb", "GroupDescription": "d", "VpcId": vpc});
    let group = text(&aws.ok("CreateSecurityGroup", create.clone())["groupId"]);
    assert_eq!(aws.code("CreateSecurityGroup", create), "InvalidGroup.Duplicate");
    let rule = |range: &str| json!({"GroupId": group, "IpPermissions": [{"IpProtocol": "tcp", "FromPort": "443", "ToPort": "443", "IpRanges": [{"CidrIp": range}]}]});
    let added = aws.ok("AuthorizeSecurityGroupIngress", rule("10.0.0.9/8"));
    assert_eq!(added["securityGroupRuleSet"][0]["cidrIpv4"], "10.0.0.0/8");
    assert_eq!(aws.code("AuthorizeSecurityGroupIngress", rule("10.0.0.0/8")), "InvalidPermission.Duplicate");
    aws.ok("AuthorizeSecurityGroupIngress", rule("192.168.0.0/16"));
    let seen = aws.ok("DescribeSecurityGroups", json!({"GroupId": [group]}))["securityGroupInfo"][0].clone();
    assert_eq!(seen["ipPermissions"][0]["ipRanges"].as_array().map(Vec::len), Some(2));
    let id = added["securityGroupRuleSet"][0]["securityGroupRuleId"].clone();
    aws.ok("RevokeSecurityGroupIngress", json!({"GroupId": group, "SecurityGroupRuleId": [id]}));
    assert_eq!(aws.code("RevokeSecurityGroupIngress", rule("10.0.0.0/8")), "InvalidPermission.NotFound");
    let all = json!({"GroupId": group, "IpPermissions": [{"IpProtocol": "-1", "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}]});
    aws.ok("RevokeSecurityGroupEgress", all.clone());
    aws.ok("AuthorizeSecurityGroupEgress", all);
    assert_eq!(aws.code("DeleteVpc", json!({"VpcId": vpc})), "DependencyViolation");
    aws.ok("DeleteSecurityGroup", json!({"GroupId": group}));
    aws.ok("DeleteVpc", json!({"VpcId": vpc}));
}

#[test]
fn a_virtual_private_gateway_propagates_what_the_data_centre_announces() {
    let mut aws = Bench::new();
    let vpc = aws.vpc("10.60.0.0/24");
    let create = json!({"Type": "ipsec.1"});
    let id = text(&aws.ok("CreateVpnGateway", create.clone())["vpnGateway"]["vpnGatewayId"]);
    let both = json!({"VpnGatewayId": id, "VpcId": vpc});
    let table = aws.world.ec2.route_tables[0].id.clone();
    let propagate = json!({"GatewayId": id, "RouteTableId": table});
    assert_eq!(aws.code("DetachVpnGateway", both.clone()), "InvalidVpnGatewayAttachment.NotFound");
    assert_eq!(aws.ok("AttachVpnGateway", both.clone())["attachment"]["state"], "attaching");
    assert_eq!(aws.code("EnableVgwRoutePropagation", propagate.clone()), "Gateway.NotAttached");
    aws.wait(60);
    aws.ok("EnableVgwRoutePropagation", propagate);
    aws.world.ec2.vpn_gateways[0].announced = vec!["10.0.0.0/16".parse().expect("a range")];
    let routes = aws.ok("DescribeRouteTables", json!({}))["routeTableSet"][0]["routeSet"].clone();
    assert_eq!(routes[1]["origin"], "EnableVgwRoutePropagation");
    let second = text(&aws.ok("CreateVpnGateway", create)["vpnGateway"]["vpnGatewayId"]);
    assert_eq!(aws.code("AttachVpnGateway", json!({"VpnGatewayId": second, "VpcId": vpc})), "InvalidVpcState");
    assert_eq!(aws.code("DeleteVpnGateway", json!({"VpnGatewayId": id})), "IncorrectState");
    aws.ok("DetachVpnGateway", both);
    assert_eq!(aws.code("DeleteVpc", json!({"VpcId": vpc})), "DependencyViolation");
    aws.wait(60);
    aws.ok("DeleteVpnGateway", json!({"VpnGatewayId": id}));
    let seen = aws.ok("DescribeVpnGateways", json!({"VpnGatewayId": [id]}))["vpnGatewaySet"][0].clone();
    assert_eq!((&seen["state"], &seen["attachments"][0]["state"]), (&json!("deleted"), &json!("detached")));
    aws.ok("DeleteVpc", json!({"VpcId": vpc}));
}

#[test]
fn a_transit_gateway_attachment_holds_its_subnets_until_it_is_deleted() {
    let mut aws = Bench::new();
    let (vpc, one, two) = aws.network();
    let gateway = text(&aws.ok("CreateTransitGateway", json!({}))["transitGateway"]["transitGatewayId"]);
    let create = json!({"TransitGatewayId": gateway, "VpcId": vpc, "SubnetIds": [one]});
    assert_eq!(aws.code("CreateTransitGatewayVpcAttachment", create.clone()), "IncorrectState");
    aws.wait(60);
    let made = aws.ok("CreateTransitGatewayVpcAttachment", create.clone())["transitGatewayVpcAttachment"].clone();
    assert_eq!(made["state"], "pending");
    assert_eq!(aws.code("CreateTransitGatewayVpcAttachment", create), "DuplicateTransitGatewayAttachment");
    let table = aws.world.ec2.route_tables[0].id.clone();
    let route = json!({"RouteTableId": table, "DestinationCidrBlock": "10.0.0.0/16", "TransitGatewayId": gateway});
    assert_eq!(aws.code("CreateRoute", route.clone()), "InvalidTransitGatewayID.NotFound");
    aws.wait(60);
    aws.ok("CreateRoute", route);
    let id = made["transitGatewayAttachmentId"].clone();
    let free = |aws: &mut Bench, subnet: &str| {
        aws.ok("DescribeSubnets", json!({"SubnetId": [subnet]}))["subnetSet"][0]["availableIpAddressCount"].clone()
    };
    assert_eq!(free(&mut aws, &one), 10);
    let grown =
        aws.ok("ModifyTransitGatewayVpcAttachment", json!({"TransitGatewayAttachmentId": id, "AddSubnetIds": [two]}));
    assert_eq!(grown["transitGatewayVpcAttachment"]["state"], "modifying");
    assert_eq!(free(&mut aws, &two), 10);
    aws.wait(60);
    aws.ok("DeleteTransitGatewayVpcAttachment", json!({"TransitGatewayAttachmentId": id}));
    assert_eq!(aws.code("DeleteSubnet", json!({"SubnetId": one})), "DependencyViolation");
    assert_eq!(aws.code("DeleteTransitGateway", json!({"TransitGatewayId": gateway})), "IncorrectState");
    aws.wait(60);
    let seen = aws.ok("DescribeTransitGatewayVpcAttachments", json!({"TransitGatewayAttachmentIds": [id]}));
    assert_eq!(seen["transitGatewayVpcAttachments"][0]["state"], "deleted");
    aws.ok("DeleteSubnet", json!({"SubnetId": one}));
    aws.ok("DeleteTransitGateway", json!({"TransitGatewayId": gateway}));
}

#[test]
fn a_shared_transit_gateway_waits_for_its_owner() {
    let mut aws = Bench::new();
    let owner = "444455556666";
    let made = aws.call_as(owner, "CreateTransitGateway", json!({})).expect("a gateway");
    let gateway = text(&made["transitGateway"]["transitGatewayId"]);
    let (vpc, one, _) = aws.network();
    aws.wait(60);
    let create = json!({"TransitGatewayId": gateway, "VpcId": vpc, "SubnetIds": [one]});
    assert_eq!(aws.code("CreateTransitGatewayVpcAttachment", create.clone()), "InvalidTransitGatewayID.NotFound");
    aws.world.ec2.transit_gateways[0].shared_with = vec![ACCOUNT.to_owned()];
    let made = aws.ok("CreateTransitGatewayVpcAttachment", create)["transitGatewayVpcAttachment"].clone();
    assert_eq!(made["state"], "pendingAcceptance");
    let id = json!({"TransitGatewayAttachmentId": made["transitGatewayAttachmentId"]});
    let not_mine = aws.code("AcceptTransitGatewayVpcAttachment", id.clone());
    assert_eq!(not_mine, "InvalidTransitGatewayAttachmentID.NotFound");
    let accepted = aws.call_as(owner, "AcceptTransitGatewayVpcAttachment", id).expect("accepted");
    assert_eq!(accepted["transitGatewayVpcAttachment"]["state"], "pending");
}

#[test]
fn a_peering_is_active_after_its_peer_accepts_and_fails_on_overlap() {
    let mut aws = Bench::new();
    let vpc = aws.vpc("10.60.0.0/24");
    let owner = "444455556666";
    let made = aws.call_as(owner, "CreateVpc", json!({"CidrBlock": "10.0.0.0/16"})).expect("a VPC");
    let peer = text(&made["vpc"]["vpcId"]);
    let create = json!({"VpcId": vpc, "PeerVpcId": peer, "PeerOwnerId": owner});
    let made = aws.ok("CreateVpcPeeringConnection", create)["vpcPeeringConnection"].clone();
    assert_eq!(made["status"]["code"], "pending-acceptance");
    let id = json!({"VpcPeeringConnectionId": made["vpcPeeringConnectionId"]});
    assert_eq!(aws.code("AcceptVpcPeeringConnection", id.clone()), "OperationNotPermitted");
    let accepted = aws.call_as(owner, "AcceptVpcPeeringConnection", id.clone()).expect("accepted");
    assert_eq!(accepted["vpcPeeringConnection"]["status"]["code"], "provisioning");
    aws.wait(60);
    let status = |aws: &mut Bench| {
        aws.ok("DescribeVpcPeeringConnections", json!({}))["vpcPeeringConnectionSet"][0]["status"]["code"].clone()
    };
    assert_eq!(status(&mut aws), "active");
    aws.ok("DeleteVpcPeeringConnection", id);
    assert_eq!(status(&mut aws), "deleting");
    aws.wait(60);
    assert_eq!(status(&mut aws), "deleted");
    let near = aws.vpc("10.60.0.0/25");
    let made = aws.ok("CreateVpcPeeringConnection", json!({"VpcId": vpc, "PeerVpcId": near}));
    assert_eq!(made["vpcPeeringConnection"]["status"]["code"], "failed");
}

#[test]
fn an_endpoint_service_needs_an_active_free_load_balancer() {
    let mut aws = Bench::new();
    let (_, one, two) = aws.network();
    let unknown = json!({"NetworkLoadBalancerArn": ["arn:none"]});
    assert_eq!(aws.code("CreateVpcEndpointServiceConfiguration", unknown), "NetworkLoadBalancerNotFoundException");
    let arn = aws.balancer("payments", &[&one, &two]);
    let create = json!({"NetworkLoadBalancerArn": [arn], "ClientToken": "t"});
    assert_eq!(aws.code("CreateVpcEndpointServiceConfiguration", create.clone()), "InvalidParameter");
    aws.wait(150);
    let made = aws.ok("CreateVpcEndpointServiceConfiguration", create.clone())["serviceConfiguration"].clone();
    assert_eq!(made["serviceState"], "Pending");
    assert_eq!(made["acceptanceRequired"], true);
    assert_eq!(made["availabilityZoneIdSet"], json!(["euc1-az2", "euc1-az3"]));
    let again = aws.ok("CreateVpcEndpointServiceConfiguration", create);
    assert_eq!(again["serviceConfiguration"]["serviceId"], made["serviceId"]);
    let taken = json!({"NetworkLoadBalancerArn": [arn]});
    assert_eq!(aws.code("CreateVpcEndpointServiceConfiguration", taken), "InvalidParameter");
    aws.wait(2);
    assert_eq!(aws.seen(&text(&made["serviceId"]))["serviceState"], "Available");
}

#[test]
fn a_service_shows_new_zones_of_its_load_balancer_only_after_a_refresh() {
    let mut aws = Bench::new();
    let (service, _) = aws.service();
    aws.world.elb.load_balancers[0].subnets.pop();
    assert_eq!(aws.seen(&service)["availabilityZoneSet"].as_array().map(Vec::len), Some(2));
    aws.ok("ModifyVpcEndpointServiceConfiguration", json!({"ServiceId": service, "AcceptanceRequired": "true"}));
    assert_eq!(aws.seen(&service)["availabilityZoneSet"].as_array().map(Vec::len), Some(2));
    aws.ok("ModifyVpcEndpointServiceConfiguration", json!({"ServiceId": service}));
    assert_eq!(aws.seen(&service)["availabilityZoneSet"].as_array().map(Vec::len), Some(1));
}

#[test]
fn the_challenge_appears_late_and_verification_without_a_record_fails() {
    let mut aws = Bench::new();
    let (service, _) = aws.service();
    let hidden = aws.seen(&service)["privateDnsNameConfiguration"].clone();
    assert_eq!((&hidden["state"], &hidden["name"]), (&json!("pendingVerification"), &Value::Null));
    aws.wait(2);
    let shown = aws.seen(&service)["privateDnsNameConfiguration"].clone();
    assert!(text(&shown["name"]).starts_with('_') && text(&shown["value"]).starts_with("vpce:"));
    aws.ok("StartVpcEndpointServicePrivateDnsVerification", json!({"ServiceId": service}));
    aws.wait(229);
    assert_eq!(aws.seen(&service)["privateDnsNameConfiguration"]["state"], "pendingVerification");
    aws.wait(1);
    assert_eq!(aws.seen(&service)["privateDnsNameConfiguration"]["state"], "failed");
    let same = json!({"ServiceId": service, "PrivateDnsName": "xks.example.com"});
    aws.ok("ModifyVpcEndpointServiceConfiguration", same);
    assert_eq!(aws.seen(&service)["privateDnsNameConfiguration"]["name"], shown["name"]);
    let other = json!({"ServiceId": service, "PrivateDnsName": "other.example.com"});
    aws.ok("ModifyVpcEndpointServiceConfiguration", other);
    aws.wait(2);
    let anew = aws.seen(&service)["privateDnsNameConfiguration"].clone();
    assert_eq!(anew["state"], "pendingVerification");
    assert_ne!(anew["name"], shown["name"]);
}

#[test]
fn consumers_see_a_service_once_they_are_allowed() {
    let mut aws = Bench::new();
    let (service, _) = aws.service();
    aws.wait(2);
    let consumer = "444455556666";
    let name = aws.seen(&service)["serviceName"].clone();
    let look = json!({"ServiceName": [name]});
    let refused = aws.call_as(consumer, "DescribeVpcEndpointServices", look.clone()).map_err(|fail| fail.code);
    assert_eq!(refused, Err("InvalidServiceName".to_owned()));
    let principals = ["cks.kms.eu-central-1.amazonaws.com", "arn:aws:iam::444455556666:root"];
    let allow = json!({"ServiceId": service, "AddAllowedPrincipals": principals});
    let added = aws.ok("ModifyVpcEndpointServicePermissions", allow.clone())["addedPrincipalSet"].clone();
    assert_eq!((&added[0]["principalType"], &added[1]["principalType"]), (&json!("Service"), &json!("Account")));
    assert_eq!(aws.ok("ModifyVpcEndpointServicePermissions", allow)["addedPrincipalSet"], json!([]));
    let seen = aws.call_as(consumer, "DescribeVpcEndpointServices", look).expect("allowed");
    assert_eq!(seen["serviceDetailSet"][0]["owner"], ACCOUNT);
    let services = json!({"ServiceId": service, "Filter": filter("principal-type", "Service")});
    let listed = aws.ok("DescribeVpcEndpointServicePermissions", services);
    assert_eq!(listed["allowedPrincipals"].as_array().map(Vec::len), Some(1));
    let path = json!({"ServiceId": service, "AddAllowedPrincipals": ["arn:aws:iam::444455556666:role/team/x"]});
    assert_eq!(aws.code("ModifyVpcEndpointServicePermissions", path), "InvalidParameter");
}

#[test]
fn a_connected_service_is_not_deleted_and_a_deleted_one_frees_its_load_balancer_late() {
    let mut aws = Bench::new();
    let (service, arn) = aws.service();
    aws.world.ec2.endpoint_connections.push(super::EndpointConnection {
        service_id: service.clone(),
        endpoint_id: "vpce-1".to_owned(),
        owner: "999999999999".to_owned(),
        state: "available".to_owned(),
        created: aws.now,
        key_store: None,
    });
    let delete = json!({"ServiceId": [service, "vpce-svc-0"]});
    let answer = aws.ok("DeleteVpcEndpointServiceConfigurations", delete.clone());
    assert_eq!(answer["unsuccessful"][0]["error"]["code"], "ExistingVpcEndpointConnections");
    assert_eq!(answer["unsuccessful"][1]["error"]["code"], "InvalidVpcEndpointService.NotFound");
    let reject = json!({"ServiceId": service, "VpcEndpointId": ["vpce-1", "vpce-2"]});
    let answer = aws.ok("RejectVpcEndpointConnections", reject);
    assert_eq!(answer["unsuccessful"][0]["resourceId"], "vpce-2");
    let rejected = json!({"Filter": filter("vpc-endpoint-state", "rejected")});
    let listed = aws.ok("DescribeVpcEndpointConnections", rejected);
    assert_eq!(listed["vpcEndpointConnectionSet"][0]["vpcEndpointId"], "vpce-1");
    aws.ok("DeleteVpcEndpointServiceConfigurations", delete);
    assert_eq!(aws.seen(&service)["serviceState"], "Deleting");
    assert!(super::service_holding(&aws.world, &arn).is_some());
    aws.wait(20);
    assert_eq!(aws.seen(&service)["serviceState"], "Deleted");
    assert!(super::service_holding(&aws.world, &arn).is_none());
    aws.wait(60);
    let gone = json!({"ServiceId": [service]});
    assert_eq!(aws.code("DescribeVpcEndpointServiceConfigurations", gone), "InvalidVpcEndpointServiceId.NotFound");
}

#[test]
fn interfaces_take_addresses_until_they_are_released() {
    let mut aws = Bench::new();
    let (_, one, _) = aws.network();
    let home = Home { account: ACCOUNT.to_owned(), region: REGION.to_owned() };
    let made: Vec<bool> = (0..12)
        .map(|_| {
            super::add_interface(&mut aws.world, &home, &one, "network_load_balancer", "ELB net/a/1", &[]).is_some()
        })
        .collect();
    assert_eq!(made.iter().filter(|made| **made).count(), 11);
    assert_eq!(aws.world.ec2.network_interfaces[0].address.to_string(), "10.60.0.4");
    let of_balancer = json!({"Filter": filter("interface-type", "network_load_balancer")});
    assert_eq!(aws.code("DeleteSubnet", json!({"SubnetId": one})), "DependencyViolation");
    super::release_interfaces(&mut aws.world, "ELB net/a/1", aws.now + Duration::from_secs(60));
    aws.wait(60);
    assert_eq!(aws.ok("DescribeNetworkInterfaces", of_balancer)["networkInterfaceSet"], json!([]));
    aws.ok("DeleteSubnet", json!({"SubnetId": one}));
}
