//! Account, Region and quota (ACC-01 … ACC-09).

use super::seen::{Open, Seen, saw};
use super::{Outcome, Owner, RULE, Rule, Severity, source};
use crate::facts::{Fact, Gap};
use crate::probe::Connect;
use crate::spec::Region;

const SAME_ACCOUNT: Open = Open::NotApplicable("endpoint service and key store are in the same account");

/// Custom key stores that an account may have in a Region, unless the quota was raised.
const USUAL_QUOTA: u32 = 10;

/// What a round trip between Region and key manager may take.
const ROUND_TRIP_MS: f64 = 35.0;

pub(super) const RULES: &[Rule] = &[
    Rule {
        id: "ACC-01",
        severity: Severity::BlocksCreate,
        text: "The Region must support external key stores: not China, not an isolated partition",
        symptom: "KMS does not know the operation",
        remedy: "Choose a Region of another partition; a key store cannot be moved",
        needs_disconnect: true,
        source: source::XKS,
        check: Some(|facts| match facts.region.as_str() {
            "" => Err(Open::Unknown(Gap::NotRead)),
            region => Ok(saw("Region", region, Region::parse(region).is_ok())),
        }),
        ..RULE
    },
    Rule {
        id: "ACC-02",
        severity: Severity::BlocksCreate,
        text: "The endpoint service must be in the Region of the key store",
        outcomes: &[Outcome::SERVICE_NOT_FOUND],
        follows: &["ACC-01"],
        remedy: "Make the endpoint service anew in the Region of the key store; neither can be moved",
        needs_disconnect: true,
        source: source::CREATE,
        check: Some(|facts| {
            let name = facts.service_name()?;
            let region = name.split('.').nth(3).unwrap_or_default();
            Ok(saw("endpoint service", name, region == facts.region).note("key store's Region", &facts.region))
        }),
        ..RULE
    },
    Rule {
        id: "ACC-03",
        severity: Severity::BlocksCreate,
        text: "The caller must be in the account that is to have the key store: KMS makes it in the caller's own",
        symptom: "The key store appears in another account than intended",
        remedy: "Use credentials of the account that is to have the key store",
        source: source::KMS_API,
        check: Some(|facts| {
            let account = facts.store_account.or("there is no account")?;
            let wanted = facts.wanted.as_ref().and_then(|wanted| wanted.key_store_account.as_ref());
            let seen = saw("caller's account", account, wanted.is_none_or(|wanted| wanted == account));
            Ok(wanted.into_iter().fold(seen, |seen, wanted| seen.note("account in the spec", wanted)))
        }),
        ..RULE
    },
    Rule {
        id: "ACC-04",
        severity: Severity::BlocksCreate,
        text: "When another account owns the endpoint service, KMS must be told its 12 digits",
        outcomes: &[Outcome::SERVICE_NOT_FOUND],
        remedy: "Set `XksProxyVpcEndpointServiceOwner` of the key store to the owner of the endpoint service",
        needs_disconnect: true,
        source: source::CREATE,
        check: Some(|facts| {
            let (owner, own) = facts.owners()?;
            let told = facts.key_store()?.service_owner.as_deref();
            let seen = saw("owner that KMS was told", told.unwrap_or("none"), told.unwrap_or(own) == owner);
            Ok(seen.note("owner of the endpoint service", owner).note("account of the key store", own))
        }),
        ..RULE
    },
    Rule {
        id: "ACC-05",
        severity: Severity::BlocksCreate,
        text: "Who creates, updates or connects a key store over another account's endpoint service must be allowed \
               `ec2:DescribeVpcEndpointServices`",
        outcomes: &[Outcome::SERVICE_NOT_FOUND],
        remedy: "Allow `ec2:DescribeVpcEndpointServices` for the role that manages the key store",
        source: source::AUTHORIZE,
        check: Some(|facts| {
            if facts.owners().is_ok_and(|(owner, store)| owner == store) {
                return Err(SAME_ACCOUNT);
            }
            match (&facts.offer, &facts.service) {
                (Fact::Known(_) | Fact::Absent, _) => Ok(saw("`ec2:DescribeVpcEndpointServices`", "allowed", true)),
                // It may be the caller's own.
                (Fact::Unknown(_), Fact::Unknown(gap)) => Err(Open::Unknown(gap.clone())),
                (Fact::Unknown(Gap::Denied { action }), _) => Ok(saw(format!("`{action}`"), "denied", false)),
                (Fact::Unknown(gap), _) => facts.service().and(Err(Open::Unknown(gap.clone()))),
            }
        }),
        ..RULE
    },
    Rule {
        id: "ACC-06",
        severity: Severity::BlocksCreate,
        text: "When another account owns the endpoint service, it must allow the account of the key store besides KMS",
        outcomes: &[Outcome::SERVICE_NOT_FOUND],
        follows: &["ACC-05"],
        remedy: "Add `arn:aws:iam::<account of the key store>:root` to the allowed principals of the endpoint service",
        source: source::AUTHORIZE,
        check: Some(|facts| {
            let (owner, store) = facts.owners()?;
            if owner == store {
                return Err(SAME_ACCOUNT);
            }
            match (&facts.offer, &facts.principals) {
                (Fact::Known(service), _) => Ok(saw(format!("offered to account {store}"), &service.name, true)),
                (Fact::Absent, _) => Ok(saw(format!("offered to account {store}"), "no", false)),
                (Fact::Unknown(_), Fact::Known(principals)) => {
                    let of_store = |name: &str| name.split(':').nth(4) == Some(store);
                    let found = principals.iter().find(|principal| of_store(&principal.name));
                    let name = found.map_or("none", |principal| principal.name.as_str());
                    Ok(saw(format!("allowed principal of account {store}"), name, found.is_some()))
                }
                (Fact::Unknown(gap), _) => Err(Open::Unknown(gap.clone())),
            }
        }),
        ..RULE
    },
    Rule {
        id: "ACC-07",
        severity: Severity::BlocksCreate,
        text: "The account must have room for the key store in its quota of custom key stores in the Region, which is 10 \
               unless it was raised; those of AWS CloudHSM count, too",
        outcomes: &[Outcome::refused("LimitExceededException")],
        remedy: "Raise the quota of custom key stores in Service Quotas, or delete a key store that nobody uses",
        source: source::KMS_QUOTAS,
        check: Some(|facts| {
            if facts.key_store.known().is_some() {
                return Err(Open::NotApplicable("the key store has its place already"));
            }
            let others = facts.others()?.len();
            let seen = |quota: u32| saw("custom key stores", others, others < quota as usize);
            match &facts.key_store_quota {
                Fact::Known(quota) => Ok(seen(*quota).note("quota", quota)),
                Fact::Absent if others < USUAL_QUOTA as usize => {
                    Ok(seen(USUAL_QUOTA).note("quota unless raised", USUAL_QUOTA))
                }
                Fact::Absent => {
                    let what = format!(
                        "there are {others} custom key stores, the quota is {USUAL_QUOTA} unless it was raised, and \
                         Service Quotas does not list it"
                    );
                    Err(Open::Unknown(Gap::NotSaid { what }))
                }
                Fact::Unknown(gap) => Err(Open::Unknown(gap.clone())),
            }
        }),
        ..RULE
    },
    Rule {
        id: "ACC-08",
        owner: Owner::Network,
        text: "A round trip between the Region and the key manager should take at most 35 ms",
        outcomes: &[Outcome::TIMED_OUT, Outcome::UNREACHABLE],
        symptom: "Requests miss the 250 ms that KMS waits, most of all under load",
        remedy: "Choose a Region nearer to the key manager, or bring the key manager nearer",
        source: source::XKS,
        check: Some(|facts| {
            let mut seen = Seen::default();
            for outcome in facts.tls()? {
                seen = match outcome.connect {
                    Connect::Connected { took_ms } => {
                        let what = format!("TCP connect to {}", outcome.address);
                        seen.and(what, format!("{took_ms:.1} ms"), took_ms <= ROUND_TRIP_MS)
                    }
                    _ => seen.but(Gap::NotSeen { what: format!("the probe could not connect to {}", outcome.address) }),
                };
            }
            Ok(seen)
        }),
        ..RULE
    },
    Rule {
        id: "ACC-09",
        text: "Proxy and key manager should not depend on a KMS key of this very key store, such as for their disks, \
               backups or secrets",
        symptom: "After an outage neither side can start without the other",
        remedy: "Encrypt what proxy and key manager need with KMS keys of the standard key store",
        source: source::CREATE,
        guidance: "What proxy and key manager depend on, their own configuration tells, and no AWS API",
        ..RULE
    },
];
