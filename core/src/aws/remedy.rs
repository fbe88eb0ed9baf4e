//! What a person can do about an error code of AWS: the exceptions of KMS's key store operations, and the codes of EC2
//! and Elastic Load Balancing that this job is known to meet.
//!
//! Codes that a caller in `resource/` turns into an error of its own, or into patience, stand here too: whoever meets
//! them elsewhere gets an answer.

/// The remedy for a code, if it is known.
pub(crate) fn remedy(code: &str) -> Option<&'static str> {
    key_store(code).or_else(|| network(code)).or_else(|| balancing(code)).or_else(|| service(code))
}

/// CreateCustomKeyStore, UpdateCustomKeyStore, ConnectCustomKeyStore, DisconnectCustomKeyStore, DeleteCustomKeyStore.
fn key_store(code: &str) -> Option<&'static str> {
    Some(match code {
        "CustomKeyStoreNameInUseException" => {
            "another key store of the account has the name: choose another `key_store.name` in the spec"
        }
        "CustomKeyStoreNotFoundException" => {
            "somebody deleted the key store: plan again, look at the plan, and apply that"
        }
        "CustomKeyStoreInvalidStateException" => {
            "the key store is in a state that does not allow this: wait until KMS has connected or disconnected it, then \
             apply again"
        }
        "CustomKeyStoreHasCMKsException" => {
            "schedule the deletion of the key store's keys, which takes 7 to 30 days and loses what they encrypt, then try \
             again"
        }
        "KMSInternalException" => "a fault inside KMS: apply again",
        "LimitExceededException" => {
            "ten key stores are allowed in an account and Region: raise that quota, or delete a key store that nobody needs"
        }
        "XksProxyUriInUseException" => {
            "another key store has the same endpoint and path: choose another `key_store.path` or `private_dns_name`"
        }
        "XksProxyUriEndpointInUseException" => {
            "another key store of the Region, perhaps of another account, has the endpoint: choose another \
             `private_dns_name`"
        }
        "XksProxyUriUnreachableException" => {
            "check that targets are healthy, TCP 443 is open both ways, the proxy speaks TLS with a certificate of a public \
             authority and answers in time, and a key manager is available, then apply again"
        }
        "XksProxyIncorrectAuthenticationCredentialException" => {
            "check access key id and secret on the proxy, its clock, and that nothing rewrites requests, then apply again"
        }
        "XksProxyInvalidConfigurationException" => {
            "check `key_store.path`, the proxy's TLS and that the endpoint service accepts without asking, then apply again"
        }
        "XksProxyInvalidResponseException" => {
            "check that the proxy speaks TLS on 443 and implements the XKS proxy API, then apply again"
        }
        "XksProxyVpcEndpointServiceInUseException" => {
            "another key store uses the endpoint service: each needs its own, so delete that store or rename this one"
        }
        "XksProxyVpcEndpointServiceNotFoundException" => {
            "KMS may not see the endpoint service: plan again, so that name, owner, acceptance and the principal of KMS are \
             checked; across accounts the caller also needs `ec2:DescribeVpcEndpointServices`"
        }
        "XksProxyVpcEndpointServiceInvalidConfigurationException" => {
            "plan again, so that zones, acceptance, private DNS name and its verification are checked, then apply"
        }
        "CloudHsmClusterInUseException"
        | "CloudHsmClusterInvalidConfigurationException"
        | "CloudHsmClusterNotActiveException"
        | "CloudHsmClusterNotFoundException"
        | "CloudHsmClusterNotRelatedException"
        | "IncorrectTrustAnchorException" => {
            "KMS takes this for a CloudHSM key store, which this library neither makes nor changes: plan again"
        }
        _ => return None,
    })
}

/// VPC, subnets, route table, security group, link and routes.
fn network(code: &str) -> Option<&'static str> {
    Some(match code {
        "InvalidVpcRange" | "InvalidVpc.Range" => "choose another `network.cidr`: a private range from /16 to /28",
        "InvalidSubnet.Range" => "choose ranges of subnets inside `network.cidr`, /28 or larger",
        "InvalidSubnet.Conflict" => {
            "another subnet of the VPC has the range: choose another, or delete that subnet if nobody needs it"
        }
        "InvalidVpcState" | "VpnGatewayAttachmentLimitExceeded" => {
            "a VPC takes one virtual private gateway: detach the other one, or name it in `link.id`"
        }
        "InvalidTransitGatewayID.NotFound" => {
            "correct `link.id`, or have its owner share the transit gateway with this account"
        }
        "DuplicateTransitGatewayAttachment" => {
            "somebody attached the VPC to this transit gateway: delete that attachment, or use the VPC with link `routed`"
        }
        "InvalidGroup.Duplicate" => "rename the store, or delete the security group of that name if nobody needs it",
        "RouteAlreadyExists" => "somebody else routes this range elsewhere: delete that route or correct `data_center`",
        "DependencyViolation" => "something that this library did not make still uses it: delete that, then try again",
        "IncorrectState" | "IncorrectInstanceState" => {
            "wait until AWS has finished what it is doing there, then apply again"
        }
        "Resource.AlreadyAssociated" => {
            "somebody gave the subnet another route table: disassociate it, then apply again"
        }
        "InvalidVpcID.NotFound"
        | "InvalidSubnetID.NotFound"
        | "InvalidRouteTableID.NotFound"
        | "InvalidGroup.NotFound"
        | "InvalidVpnGatewayID.NotFound"
        | "InvalidGatewayID.NotFound"
        | "InvalidTransitGatewayAttachmentID.NotFound"
        | "InvalidVpcPeeringConnectionID.NotFound"
        | "SubnetNotFound"
        | "InvalidSecurityGroup"
        | "TargetGroupNotFound"
        | "LoadBalancerNotFound"
        | "ListenerNotFound"
        | "NetworkLoadBalancerNotFoundException"
        | "InvalidVpcEndpointServiceId.NotFound"
        | "InvalidVpcEndpointServiceID.NotFound"
        | "InvalidVpcEndpointService.NotFound" => {
            "what the call names is gone: plan again, look at the plan, and apply that"
        }
        _ => return None,
    })
}

/// Target group, targets, load balancer and listener.
fn balancing(code: &str) -> Option<&'static str> {
    Some(match code {
        "InvalidSubnet" => "give the load balancer subnets with eight free addresses each, one to a zone",
        "AvailabilityZoneNotSupported" => "put the subnets into other zones: not every zone takes load balancers",
        "InvalidScheme" => "internal load balancers need private subnets of one VPC: check `network`",
        "InvalidTarget" => {
            "give the proxy private addresses: of the VPC, 10.0.0.0/8, 172.16.0.0/12, 192.168.0.0/16 or 100.64.0.0/10"
        }
        "DuplicateLoadBalancerName" | "DuplicateTargetGroupName" => {
            "rename the store, or delete the object of that name if nobody needs it"
        }
        "DuplicateListener" => "somebody made another listener on port 443: delete it, then apply again",
        "InvalidConfigurationRequest" => "plan again: AWS does not take this together with how the object is now",
        "OperationNotPermitted" => "turn off deletion protection of the load balancer, then try again",
        "ResourceInUse" => "something still uses it: wait a little, then apply again",
        _ => return None,
    })
}

/// Endpoint service, domain record and verification.
fn service(code: &str) -> Option<&'static str> {
    Some(match code {
        "ExistingVpcEndpointConnections" => {
            "endpoints still use the endpoint service: have the key store that uses it disconnected, then try again"
        }
        "IdempotentParameterMismatch" => "plan again: an earlier run made it with other settings",
        "UnknownPrincipalType.Unsupported" => {
            "correct `region` or `key_store.account`: AWS does not know the principal"
        }
        "NoSuchHostedZone" => "somebody deleted the hosted zone, or it is of another account: plan again",
        "InvalidChangeBatch" => "somebody changed the TXT record meanwhile: apply again",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::process::Command;

    use super::{key_store, remedy};

    /// The codes that the SDK's own reader of an operation's errors tells apart.
    fn modelled(operation: &str) -> BTreeSet<String> {
        // Not offline: the metadata of a workspace takes the crates of every platform, and a build fetches its own only.
        let metadata = Command::new(env!("CARGO"))
            .args(["metadata", "--locked", "--format-version", "1"])
            .output()
            .expect("cargo runs");
        assert!(metadata.status.success(), "{}", String::from_utf8_lossy(&metadata.stderr));
        let metadata: serde_json::Value = serde_json::from_slice(&metadata.stdout).expect("JSON");
        let packages = metadata["packages"].as_array().expect("packages");
        let sdk = packages.iter().find(|each| each["name"] == "aws-sdk-kms").expect("aws-sdk-kms");
        let manifest = std::path::Path::new(sdk["manifest_path"].as_str().expect("a path"));
        let reader = manifest.with_file_name(format!("src/protocol_serde/shape_{operation}.rs"));
        let source = std::fs::read_to_string(&reader).expect("the SDK's source");
        // Arms of the match over codes stand eight spaces deep.
        let arm = |line: &str| line.strip_prefix("        \"")?.split_once("\" => ").map(|(code, _)| code.to_owned());
        source.lines().filter_map(arm).collect()
    }

    #[test]
    fn every_exception_of_kms_has_a_remedy_of_its_own() {
        for operation in ["create", "update", "connect", "disconnect", "delete"] {
            let codes = modelled(&format!("{operation}_custom_key_store"));
            assert!(codes.contains("KMSInternalException"), "{operation}: {codes:?}");
            let without: Vec<&String> = codes.iter().filter(|code| key_store(code).is_none()).collect();
            assert!(without.is_empty(), "no remedy for {without:?} of {operation}_custom_key_store");
        }
    }

    #[test]
    fn unknown_codes_have_none() {
        assert_eq!(remedy("NeverHeardOfException"), None);
    }
}
