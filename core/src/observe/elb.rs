//! Elastic Load Balancing into observed: found by name, and ours only with our tag.

use std::collections::BTreeMap;

use aws_sdk_elasticloadbalancingv2::types as elb;
use futures_util::future::try_join;

use super::{Balancing, Found, Ours};
use crate::aws::answer::Answer;
use crate::aws::tags::{self, Tags};
use crate::error::Result;
use crate::observed::{Foreign, Observed};
use crate::resource::{listener, load_balancer, target_group, targets};

impl Ours<'_> {
    pub(super) async fn load_balancer(&self) -> Result<Option<elb::LoadBalancer>> {
        let sent = self.aws.elb.describe_load_balancers().names(self.store).send().await;
        match sent.or_fail("look for the load balancer", "elasticloadbalancing:DescribeLoadBalancers") {
            Ok(output) => Ok(output.load_balancers.unwrap_or_default().into_iter().next()),
            Err(error) if error.is_code(&["LoadBalancerNotFound"]) => Ok(None),
            Err(error) => Err(error),
        }
    }

    pub(super) async fn target_group(&self) -> Result<Option<elb::TargetGroup>> {
        let sent = self.aws.elb.describe_target_groups().names(self.store).send().await;
        match sent.or_fail("look for the target group", "elasticloadbalancing:DescribeTargetGroups") {
            Ok(output) => Ok(output.target_groups.unwrap_or_default().into_iter().next()),
            Err(error) if error.is_code(&["TargetGroupNotFound"]) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// The listener, and the tags of all in Elastic Load Balancing that can have some. The ARN of the listener is known
    /// only now, so that one call for all of them is a call deeper, and none for the listener alone.
    pub(super) async fn listener(
        &self,
        balancer: Option<&str>,
        arns: &[&str],
        teardown: bool,
    ) -> Result<(Option<listener::Seen>, BTreeMap<String, Tags>)> {
        let listener = async {
            let Some(arn) = balancer else { return Ok(None) };
            let sent = self.aws.elb.describe_listeners().load_balancer_arn(arn).send().await;
            let output = sent.or_fail("look at the listener", "elasticloadbalancing:DescribeListeners")?;
            Ok(listener::Seen::read(output.listeners()))
        };
        // It goes with its load balancer, whatever its tags: no need to know it before tags are looked at.
        if teardown {
            return try_join(listener, self.elb_tags(arns)).await;
        }
        let listener = listener.await?;
        let arns: Vec<&str> = arns.iter().copied().chain(listener.as_ref().map(|seen| seen.arn.as_str())).collect();
        let tags = self.elb_tags(&arns).await?;
        let of_listener = listener.as_ref().and_then(|seen| tags.get(&seen.arn)).cloned().unwrap_or_default();
        Ok((listener.map(|seen| listener::Seen { tags: of_listener, ..seen }), tags))
    }

    pub(super) async fn health(&self, group: Option<&str>) -> Result<Option<targets::Seen>> {
        let Some(arn) = group else { return Ok(None) };
        let sent = self.aws.elb.describe_target_health().target_group_arn(arn).send().await;
        let output = sent.or_fail("look at the targets", "elasticloadbalancing:DescribeTargetHealth")?;
        Ok(targets::Seen::read(output.target_health_descriptions()))
    }

    pub(super) async fn attributes(&self, group: Option<&str>) -> Result<BTreeMap<String, String>> {
        let Some(arn) = group else { return Ok(BTreeMap::new()) };
        let sent = self.aws.elb.describe_target_group_attributes().target_group_arn(arn).send().await;
        let output = sent.or_fail("look at the target group", "elasticloadbalancing:DescribeTargetGroupAttributes")?;
        let pair = |each: &elb::TargetGroupAttribute| Some((each.key()?.to_owned(), each.value()?.to_owned()));
        Ok(output.attributes().iter().filter_map(pair).collect())
    }

    async fn elb_tags(&self, arns: &[&str]) -> Result<BTreeMap<String, Tags>> {
        if arns.is_empty() {
            return Ok(BTreeMap::new());
        }
        let request =
            self.aws.elb.describe_tags().set_resource_arns(Some(arns.iter().map(|arn| (*arn).to_owned()).collect()));
        let output = request.send().await.or_fail("look at tags", "elasticloadbalancing:DescribeTags")?;
        let pair = |each: &elb::TagDescription| Some((each.resource_arn()?.to_owned(), tags::from_elb(each.tags())));
        Ok(output.tag_descriptions().iter().filter_map(pair).collect())
    }
}

impl Observed {
    /// Load balancer and target group with what is read of them, if they are ours.
    pub(super) fn take_balancing(&mut self, found: &Found, balancing: Balancing, store: &str) {
        let Balancing { listener, tags, health, attributes } = balancing;
        if let (Some(group), Some(tags)) =
            (&found.target_group, self.claim("target group", found.target_group_arn(), &tags, store))
        {
            self.target_group = target_group::Seen::read(group, attributes, tags);
            self.targets = health;
        }
        if let (Some(balancer), Some(tags)) =
            (&found.load_balancer, self.claim("load balancer", found.load_balancer_arn(), &tags, store))
        {
            self.load_balancer = load_balancer::Seen::read(balancer, tags);
            self.listener = listener;
        }
    }

    /// The tags of an object with our name, if it is ours; a stranger's is remembered.
    fn claim(
        &mut self,
        what: &'static str,
        arn: Option<&str>,
        tags: &BTreeMap<String, Tags>,
        store: &str,
    ) -> Option<Tags> {
        let arn = arn?;
        let own = tags.get(arn).filter(|tags| tags.get(tags::STORE).is_some_and(|owner| owner == store));
        if own.is_none() {
            self.foreign.push(Foreign { what, id: arn.to_owned(), why: format!("it lacks the tag {}", tags::STORE) });
        }
        own.cloned()
    }
}
