//! What KMS demands of the endpoint service in front of a proxy, when a key store is created, updated and connected.

use std::time::Duration;

use super::KeyStore;
use crate::call::Fail;
use crate::ec2::EndpointService;
use crate::sts::partition;
use crate::world::World;

/// Why an endpoint service does not do.
#[derive(Debug)]
pub(super) enum Flaw {
    /// KMS cannot see it: it does not exist here, or KMS is not allowed.
    NotFound(String),
    /// KMS sees it and cannot use it.
    InvalidConfiguration(String),
}

impl Flaw {
    /// The exception of CreateCustomKeyStore and UpdateCustomKeyStore.
    pub(super) fn exception(self) -> Fail {
        match self {
            Self::NotFound(why) => Fail::new("XksProxyVpcEndpointServiceNotFoundException", why),
            Self::InvalidConfiguration(why) => {
                Fail::new("XksProxyVpcEndpointServiceInvalidConfigurationException", why)
            }
        }
    }

    /// The ConnectionErrorCode after ConnectCustomKeyStore.
    pub(super) fn connection_error_code(&self) -> &'static str {
        match self {
            Self::NotFound(_) => "XKS_VPC_ENDPOINT_SERVICE_NOT_FOUND",
            Self::InvalidConfiguration(_) => "XKS_VPC_ENDPOINT_SERVICE_INVALID_CONFIGURATION",
        }
    }
}

/// The endpoint service of a key store, if KMS can use it at this time; `None` for a public endpoint.
pub(super) fn check<'a>(world: &'a World, store: &KeyStore, at: Duration) -> Result<Option<&'a EndpointService>, Flaw> {
    let Some(name) = &store.service_name else { return Ok(None) };
    let service = find(world, store, name)?;
    check_configuration(world, store, service, at)?;
    Ok(Some(service))
}

/// The service under its name in the Region of the key store, with KMS and the store's account let in.
fn find<'a>(world: &'a World, store: &KeyStore, name: &str) -> Result<&'a EndpointService, Flaw> {
    let home = &store.home;
    let owner = store.service_owner.as_ref().unwrap_or(&home.account);
    let service = world
        .ec2
        .endpoint_services
        .iter()
        .find(|each| each.name == name && each.gone_at.is_none() && each.home.region == home.region)
        .filter(|each| each.home.account == *owner)
        .ok_or_else(|| Flaw::NotFound(format!("VPC endpoint service '{name}' of account '{owner}' not found")))?;
    let kms = format!("cks.kms.{}.amazonaws.com", home.region);
    if !allows(service, |principal| principal == kms) {
        return Err(Flaw::NotFound(format!("VPC endpoint service '{name}' does not allow the principal '{kms}'")));
    }
    // The account itself, or one of its roles that calls KMS.
    let account = format!("arn:{}:iam::{}:", partition(&home.region), home.account);
    if *owner != home.account && !allows(service, |principal| principal == "*" || principal.starts_with(&account)) {
        let message = format!("VPC endpoint service '{name}' does not allow the account '{}'", home.account);
        return Err(Flaw::NotFound(message));
    }
    Ok(service)
}

fn allows(service: &EndpointService, matches: impl Fn(&str) -> bool) -> bool {
    service.principals.iter().any(|(principal, _)| matches(principal))
}

fn check_configuration(world: &World, store: &KeyStore, service: &EndpointService, at: Duration) -> Result<(), Flaw> {
    let demands = [
        (at >= service.created + world.timings.endpoint_service, "it is not available"),
        (!service.acceptance_required, "it requires acceptance of connections"),
        (has_network_load_balancers(world, service), "it has no Network Load Balancer or another kind"),
        (service.zones.len() >= 2, "it is in fewer than two Availability Zones"),
        (service.ip_address_types.iter().any(|kind| kind == "ipv4"), "it does not support IPv4"),
        (is_verified(service), "its private DNS name is missing or not verified"),
        (is_named(service, &store.uri_endpoint), "its private DNS name is not the XksProxyUriEndpoint"),
    ];
    match demands.iter().find(|(met, _)| !met) {
        None => Ok(()),
        Some((_, why)) => {
            Err(Flaw::InvalidConfiguration(format!("VPC endpoint service '{}' cannot be used: {why}", service.name)))
        }
    }
}

fn has_network_load_balancers(world: &World, service: &EndpointService) -> bool {
    let is_network = |arn: &String| {
        let mut all = world.elb.load_balancers.iter();
        all.any(|balancer| balancer.arn == *arn && balancer.kind == "network")
    };
    !service.load_balancer_arns.is_empty() && service.load_balancer_arns.iter().all(is_network)
}

fn is_verified(service: &EndpointService) -> bool {
    service.private_dns_name.as_ref().is_some_and(|name| name.state == "verified")
}

fn is_named(service: &EndpointService, uri_endpoint: &str) -> bool {
    let host = uri_endpoint.trim_start_matches("https://");
    service.private_dns_name.as_ref().is_some_and(|name| name.name.eq_ignore_ascii_case(host))
}

#[cfg(test)]
mod tests {
    use crate::elb::fixture::code;
    use crate::kms::fixture::{connect, input, key_store, kms, service, state, world};
    use crate::world::World;

    const NOT_FOUND: &str = "XksProxyVpcEndpointServiceNotFoundException";
    const INVALID: &str = "XksProxyVpcEndpointServiceInvalidConfigurationException";

    /// What CreateCustomKeyStore says after a change of the world, and what connecting says when it changes later.
    fn verdicts(change: impl Fn(&mut World)) -> (String, Option<String>) {
        let mut before = world();
        change(&mut before);
        let created = code(kms(&mut before, "CreateCustomKeyStore", input("store", 0)));
        let mut after = world();
        let id = key_store(&mut after);
        change(&mut after);
        connect(&mut after, &id);
        (created, state(&mut after).1)
    }

    fn refused(exception: &str, code: &str) -> (String, Option<String>) {
        (exception.to_owned(), Some(code.to_owned()))
    }

    #[test]
    fn what_kms_cannot_see_is_not_found() {
        let refused = refused(NOT_FOUND, "XKS_VPC_ENDPOINT_SERVICE_NOT_FOUND");
        assert_eq!(verdicts(|world| service(world).principals.clear()), refused);
        assert_eq!(verdicts(|world| service(world).gone_at = Some(world.now)), refused);
        assert_eq!(verdicts(|world| service(world).home.account = "444455556666".to_owned()), refused);
        assert_eq!(verdicts(|world| service(world).home.region = "eu-west-1".to_owned()), refused);
    }

    #[test]
    fn what_does_not_meet_the_demands_is_an_invalid_configuration() {
        let refused = refused(INVALID, "XKS_VPC_ENDPOINT_SERVICE_INVALID_CONFIGURATION");
        assert_eq!(verdicts(|world| service(world).acceptance_required = true), refused);
        assert_eq!(verdicts(|world| service(world).zones.truncate(1)), refused);
        assert_eq!(verdicts(|world| service(world).ip_address_types = vec!["ipv6".to_owned()]), refused);
        assert_eq!(verdicts(|world| service(world).private_dns_name = None), refused);
        let name = |world: &mut World, change: &dyn Fn(&mut crate::ec2::PrivateDnsName)| {
            service(world).private_dns_name.iter_mut().for_each(change);
        };
        assert_eq!(verdicts(|world| name(world, &|name| name.state = "pendingVerification".to_owned())), refused);
        assert_eq!(verdicts(|world| name(world, &|name| name.name = "9.example.com".to_owned())), refused);
        assert_eq!(verdicts(|world| world.elb.load_balancers[0].kind = "gateway".to_owned()), refused);
    }

    #[test]
    fn a_service_that_is_still_pending_cannot_be_used() {
        let mut world = world();
        service(&mut world).created = world.now;
        assert_eq!(code(kms(&mut world, "CreateCustomKeyStore", input("store", 0))), INVALID);
    }

    #[test]
    fn a_service_of_another_account_lets_the_stores_account_in() {
        let mut world = world();
        service(&mut world).home.account = "444455556666".to_owned();
        let mut input = input("store", 0);
        input["XksProxyVpcEndpointServiceOwner"] = "444455556666".into();
        assert_eq!(code(kms(&mut world, "CreateCustomKeyStore", input.clone())), NOT_FOUND);
        let account = ("arn:aws:iam::111122223333:root".to_owned(), "vpce-svc-perm-2".to_owned());
        service(&mut world).principals.push(account);
        assert_eq!(code(kms(&mut world, "CreateCustomKeyStore", input)), "ok");
    }
}
