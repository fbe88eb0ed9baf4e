//! How rules read facts: each reading gives the value, or ends the check with what is missing.

use std::net::Ipv4Addr;

use super::seen::Open;
use crate::facts::{
    EndpointService, Fact, Facts, Gap, KeyStore, Listener, LoadBalancer, Subnet, Target, TargetGroup, Vpc, Wanted,
};
use crate::probe::{CertificateOutcome, DnsOutcome, ProxyOutcome, TlsOutcome};

impl<T> Fact<T> {
    /// The value; `none` is why a rule has no meaning without it.
    pub(super) fn or(&self, none: &'static str) -> Result<&T, Open> {
        match self {
            Self::Known(value) => Ok(value),
            Self::Absent => Err(Open::NotApplicable(none)),
            Self::Unknown(gap) => Err(Open::Unknown(gap.clone())),
        }
    }
}

impl Facts {
    pub(super) fn wanted(&self) -> Result<&Wanted, Open> {
        self.wanted.as_ref().ok_or(Open::NotApplicable("there is no spec to compare with"))
    }

    pub(super) fn key_store(&self) -> Result<&KeyStore, Open> {
        self.key_store.or("there is no key store yet")
    }

    pub(super) fn others(&self) -> Result<&Vec<KeyStore>, Open> {
        self.other_key_stores.or("there are no other key stores")
    }

    pub(super) fn service(&self) -> Result<&EndpointService, Open> {
        self.service.or("there is no endpoint service")
    }

    pub(super) fn vpc(&self) -> Result<&Vpc, Open> {
        self.vpc.or("there is no VPC yet")
    }

    /// The name that KMS was given or will be given.
    pub(super) fn service_name(&self) -> Result<&str, Open> {
        let given = self.key_store.known().and_then(|store| store.service_name.as_deref());
        match given.or(self.service_name.as_deref()) {
            Some(name) => Ok(name),
            None => Ok(&self.service()?.name),
        }
    }

    /// The private DNS name of service, key store, spec or probe: the first that has one.
    pub(super) fn private_dns_name(&self) -> Result<&str, Open> {
        let service = self.service.known().and_then(|service| service.private_dns_name.as_deref());
        let store = self.key_store.known().and_then(|store| store.uri_endpoint.strip_prefix("https://"));
        let wanted = self.wanted.as_ref().map(|wanted| wanted.private_dns_name.as_str());
        let probed = self.probe.as_ref().map(|probe| probe.private_dns_name.as_str());
        match service.or(store).or(wanted).or(probed) {
            Some(name) => Ok(name),
            None => self.service().and(Err(Open::NotApplicable("there is no private DNS name"))),
        }
    }

    /// The endpoint of the key store, or the one that the spec will give it.
    pub(super) fn uri_endpoint(&self) -> Result<String, Open> {
        match (self.key_store(), &self.wanted) {
            (Ok(store), _) => Ok(store.uri_endpoint.clone()),
            (Err(_), Some(wanted)) => Ok(format!("https://{}", wanted.private_dns_name)),
            (Err(open), None) => Err(open),
        }
    }

    /// The path of the key store, or the one that the spec will give it.
    pub(super) fn uri_path(&self) -> Result<&str, Open> {
        let wanted = self.wanted.as_ref().and_then(|wanted| wanted.uri_path.as_deref());
        match (self.key_store(), wanted) {
            (Ok(store), _) => Ok(&store.uri_path),
            (Err(_), Some(path)) => Ok(path),
            (Err(open), None) => Err(open),
        }
    }

    /// Whether service and key store are in different accounts, and which own them: service, store.
    pub(super) fn owners(&self) -> Result<(&str, &str), Open> {
        let store = self.store_account.or("there is no account")?;
        let owner = self.service()?.owner.as_str();
        if owner.is_empty() { Err(Open::Unknown(Gap::NotRead)) } else { Ok((owner, store)) }
    }

    pub(super) fn load_balancers(&self) -> Result<&Vec<LoadBalancer>, Open> {
        self.load_balancers.or("there is no load balancer")
    }

    pub(super) fn listeners(&self) -> Result<Vec<(&LoadBalancer, &Listener)>, Open> {
        let mut all = Vec::new();
        for balancer in self.load_balancers()? {
            let listeners = balancer.listeners.or("the load balancer has no listener")?;
            all.extend(listeners.iter().map(|listener| (balancer, listener)));
        }
        if all.is_empty() { Err(Open::NotApplicable("the load balancer has no listener")) } else { Ok(all) }
    }

    pub(super) fn target_groups(&self) -> Result<&Vec<TargetGroup>, Open> {
        self.target_groups.or("there is no target group")
    }

    /// Every target that is not on its way out.
    pub(super) fn targets(&self) -> Result<Vec<(&TargetGroup, &Target)>, Open> {
        let mut all = Vec::new();
        for group in self.target_groups()? {
            let targets = group.targets.or("the target group is gone")?;
            all.extend(targets.iter().filter(|target| target.state != "draining").map(|target| (group, target)));
        }
        Ok(all)
    }

    /// The addresses behind the load balancer: targets, or the proxies of a spec that has none yet.
    pub(super) fn proxies(&self) -> Result<Vec<(Ipv4Addr, Vec<u16>)>, Open> {
        match (self.targets(), &self.wanted) {
            (Ok(targets), _) => Ok(targets.into_iter().filter_map(|(group, target)| address(group, target)).collect()),
            (Err(_), Some(wanted)) => {
                let ports: Vec<u16> = [wanted.port].into_iter().chain(wanted.health_port).collect();
                Ok(wanted.proxies.iter().map(|address| (*address, ports.clone())).collect())
            }
            (Err(open), None) => Err(open),
        }
    }

    /// The addresses behind the load balancer that are not in its VPC.
    pub(super) fn proxies_outside(&self) -> Result<Vec<Ipv4Addr>, Open> {
        let (vpc, proxies) = (self.vpc()?, self.proxies()?);
        let addresses = proxies.into_iter().map(|(address, _)| address);
        let outside: Vec<_> =
            addresses.filter(|address| !vpc.ranges.iter().any(|range| range.contains(address))).collect();
        if outside.is_empty() { Err(Open::NotApplicable("every proxy address lies in the VPC")) } else { Ok(outside) }
    }

    /// The subnets that load balancers are in, or that a spec names.
    pub(super) fn used_subnets(&self) -> Result<Vec<&Subnet>, Open> {
        let subnets = self.subnets.or("there are no subnets yet")?;
        let used: Vec<&String> = match (&self.load_balancers, &self.wanted) {
            (Fact::Known(balancers), _) => balancers.iter().flat_map(|balancer| balancer.zones.values()).collect(),
            (Fact::Absent, Some(wanted)) => wanted.subnets.iter().collect(),
            (Fact::Absent, None) => return Err(Open::NotApplicable("there is no load balancer")),
            (Fact::Unknown(gap), _) => return Err(Open::Unknown(gap.clone())),
        };
        let found: Vec<&Subnet> = subnets.iter().filter(|subnet| used.contains(&&subnet.id)).collect();
        match found.len() {
            0 => Err(Open::NotApplicable("there are no subnets yet")),
            some if some < used.len() => Err(Open::Unknown(Gap::Failed {
                action: "ec2:DescribeSubnets".to_owned(),
                what: "not every subnet of the load balancer is shown".to_owned(),
            })),
            _ => Ok(found),
        }
    }

    pub(super) fn dns(&self) -> Result<&DnsOutcome, Open> {
        self.probe.as_ref().and_then(|probe| probe.dns.as_ref()).ok_or_else(|| no_probe("dns"))
    }

    pub(super) fn tls(&self) -> Result<&[TlsOutcome], Open> {
        let outcomes = self.probe.as_ref().map_or(&[][..], |probe| &probe.tls[..]);
        if outcomes.is_empty() { Err(no_probe("tls")) } else { Ok(outcomes) }
    }

    pub(super) fn certificates(&self) -> Result<Vec<&CertificateOutcome>, Open> {
        let certificates: Vec<_> = self.probe.iter().flat_map(|probe| probe.certificates()).collect();
        if certificates.is_empty() { Err(no_probe("tls")) } else { Ok(certificates) }
    }

    pub(super) fn proxy(&self) -> Result<&[ProxyOutcome], Open> {
        let outcomes = self.probe.as_ref().map_or(&[][..], |probe| &probe.proxy[..]);
        if outcomes.is_empty() { Err(no_probe("proxy")) } else { Ok(outcomes) }
    }
}

pub(super) fn no_probe(phase: &str) -> Open {
    Open::Unknown(Gap::NoProbe { phase: phase.to_owned() })
}

/// Address of an IP target, and the ports that the load balancer goes to: of the traffic, and of the health check.
fn address(group: &TargetGroup, target: &Target) -> Option<(Ipv4Addr, Vec<u16>)> {
    let mut ports = vec![target.port];
    ports.extend(group.health_port.parse::<u16>().ok().filter(|port| *port != target.port));
    Some((target.id.parse().ok()?, ports))
}
