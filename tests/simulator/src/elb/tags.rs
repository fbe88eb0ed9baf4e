//! Tags of load balancers, listeners and target groups, named by ARN.

use serde_json::{Value, json};

use super::input::{self, home, invalid, texts};
use super::{listener, load_balancer, target_group};
use crate::call::{Answer, Call, Fail};
use crate::world::{Tags, World};

pub(super) fn add(call: &Call, world: &mut World) -> Answer {
    let added = input::tags(call)?;
    change(call, world, |tags| tags.extend(added.clone()))
}

pub(super) fn remove(call: &Call, world: &mut World) -> Answer {
    let keys = texts(call, "TagKeys");
    change(call, world, |tags| tags.retain(|key, _| !keys.contains(key)))
}

pub(super) fn describe(call: &Call, world: &World) -> Answer {
    let arns = arns(call)?;
    if arns.len() > 20 {
        return Err(invalid("You can describe the tags of up to 20 resources in one call"));
    }
    let shown: Result<Vec<Value>, Fail> = arns
        .iter()
        .map(|arn| {
            let tags: Vec<Value> =
                find(call, world, arn)?.iter().map(|(key, value)| json!({"Key": key, "Value": value})).collect();
            Ok(json!({"ResourceArn": arn, "Tags": tags}))
        })
        .collect();
    Ok(json!({"TagDescriptions": shown?}))
}

/// Changes the tags of all named objects, or of none.
fn change(call: &Call, world: &mut World, change: impl Fn(&mut Tags)) -> Answer {
    let mut changed = Vec::new();
    for arn in arns(call)? {
        let mut tags = find(call, world, &arn)?.clone();
        change(&mut tags);
        input::enough_tags(&tags)?;
        changed.push((arn, tags));
    }
    for (arn, tags) in changed {
        put(world, &arn, &tags);
    }
    Ok(json!({}))
}

fn arns(call: &Call) -> Result<Vec<String>, Fail> {
    let arns = texts(call, "ResourceArns");
    if arns.is_empty() { Err(invalid("A resource ARN must be specified")) } else { Ok(arns) }
}

/// The tags of the caller's object with an ARN; the code of the refusal follows the kind in the ARN.
fn find<'a>(call: &Call, world: &'a World, arn: &str) -> Result<&'a Tags, Fail> {
    let home = home(call);
    if arn.contains(":loadbalancer/") {
        let found = load_balancer::mine(world, &home).find(|each| each.arn == arn);
        found.map(|each| &each.tags).ok_or_else(|| load_balancer::not_found(arn))
    } else if arn.contains(":listener/") {
        let mut all = world.elb.listeners.iter();
        let found = all.find(|each| each.arn == arn && listener::is_mine(call, world, each));
        found.map(|each| &each.tags).ok_or_else(listener::not_found)
    } else if arn.contains(":targetgroup/") {
        target_group::find(world, &home, arn).map(|each| &each.tags)
    } else {
        Err(invalid(format!("'{arn}' is not a valid ARN of a load balancer, listener or target group")))
    }
}

/// ARNs are unique, whatever they name.
fn put(world: &mut World, arn: &str, tags: &Tags) {
    let elb = &mut world.elb;
    let balancers = elb.load_balancers.iter_mut().map(|each| (&each.arn, &mut each.tags));
    let listeners = elb.listeners.iter_mut().map(|each| (&each.arn, &mut each.tags));
    let groups = elb.target_groups.iter_mut().map(|each| (&each.arn, &mut each.tags));
    if let Some((_, there)) = balancers.chain(listeners).chain(groups).find(|(each, _)| *each == arn) {
        *there = tags.clone();
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::elb::fixture::{code, elb, listener, load_balancer, target_group, world};

    #[test]
    fn every_kind_of_object_carries_tags() {
        let mut world = world();
        let (balancer, group) = (load_balancer(&mut world, "nlb"), target_group(&mut world, "tg"));
        let arns = json!([balancer, group, listener(&mut world, &balancer, &group)]);
        let tags = json!([{"Key": "a", "Value": "1"}, {"Key": "b", "Value": "2"}]);
        elb(&mut world, "AddTags", json!({"ResourceArns": arns, "Tags": tags})).unwrap();
        elb(&mut world, "RemoveTags", json!({"ResourceArns": arns, "TagKeys": ["a"]})).unwrap();
        let answer = elb(&mut world, "DescribeTags", json!({"ResourceArns": arns})).unwrap();
        for index in 0..3 {
            assert_eq!(answer["TagDescriptions"][index]["Tags"], json!([{"Key": "b", "Value": "2"}]));
        }
    }

    #[test]
    fn more_than_twenty_objects_are_too_many() {
        let arns = vec!["arn:aws:elasticloadbalancing:eu-central-1:111122223333:targetgroup/tg/1"; 21];
        assert_eq!(code(elb(&mut world(), "DescribeTags", json!({"ResourceArns": arns}))), "ValidationError");
    }

    #[test]
    fn the_refusal_names_the_kind_that_is_missing() {
        let mut world = world();
        for (kind, expected) in [
            ("loadbalancer/net", "LoadBalancerNotFound"),
            ("listener/net", "ListenerNotFound"),
            ("targetgroup", "TargetGroupNotFound"),
        ] {
            let arn = format!("arn:aws:elasticloadbalancing:eu-central-1:111122223333:{kind}/x/1");
            assert_eq!(code(elb(&mut world, "DescribeTags", json!({"ResourceArns": [arn]}))), expected);
        }
    }
}
