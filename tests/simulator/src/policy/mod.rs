//! Access: identity-based policies. Whoever has none may do everything; whoever has one may do what it allows.

mod document;
mod evaluate;
mod refusal;
mod request;

use crate::Service;
use crate::call::{Call, Fail};
use crate::world::World;

use self::document::Policy;
pub(crate) use self::evaluate::Decision;
use self::evaluate::evaluate;
pub(crate) use self::refusal::refusal;

/// The policies in force.
#[derive(Clone, Debug, Default)]
pub(crate) struct Policies {
    attached: Vec<(String, Policy)>,
}

impl Policies {
    /// Attaches a policy to an account, a user or a role; several add up.
    pub(crate) fn attach(&mut self, to: &str, document: &str) -> Result<(), String> {
        self.attached.push((to.to_owned(), Policy::parse(document)?));
        Ok(())
    }

    /// Detaches every policy.
    pub(crate) fn detach_all(&mut self) {
        self.attached.clear();
    }

    /// Refuses a call that the caller's policies do not allow in every part.
    pub(crate) fn check(&self, service: Service, call: &Call, principal: &str, world: &World) -> Result<(), Fail> {
        // https://docs.aws.amazon.com/STS/latest/APIReference/API_GetCallerIdentity.html: needs no permission.
        if call.operation == "GetCallerIdentity" {
            return Ok(());
        }
        let policies = self.of(principal, &call.account);
        if policies.is_empty() {
            return Ok(());
        }
        for request in request::needed(service, call, world) {
            let decision = evaluate(&policies, &request);
            if decision != Decision::Allowed {
                return Err(refusal(service, principal, &request.action, &request.resource, decision));
            }
        }
        Ok(())
    }

    fn of(&self, principal: &str, account: &str) -> Vec<&Policy> {
        let mine = self.attached.iter().filter(|(to, _)| to == account || to == principal || is_session(principal, to));
        mine.map(|(_, policy)| policy).collect()
    }
}

/// Whether a principal is a session of a role: `…:assumed-role/<name>/<session>` of `…:role/<path/><name>`.
fn is_session(principal: &str, role: &str) -> bool {
    let session = principal.split_once(":assumed-role/").map(|(head, tail)| (head.replace(":sts:", ":iam:"), tail));
    let role = role.split_once(":role/").map(|(head, tail)| (head, tail.rsplit('/').next()));
    match (session, role) {
        (Some((head, tail)), Some((role_head, role_name))) => head == role_head && tail.split('/').next() == role_name,
        _ => false,
    }
}

/// What stands before the colon in the actions of a service.
pub(crate) fn prefix(service: Service) -> &'static str {
    match service {
        Service::Ec2 => "ec2",
        Service::Elb => "elasticloadbalancing",
        Service::Kms => "kms",
        Service::Route53 => "route53",
        Service::Sts => "sts",
        Service::ServiceQuotas => "servicequotas",
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use serde_json::{Value, json};

    use super::Policies;
    use crate::Service;
    use crate::call::Call;
    use crate::timings::Timings;
    use crate::world::World;

    const USER: &str = "arn:aws:iam::111122223333:user/simulated";

    fn outcome(policies: &Policies, principal: &str, service: Service, operation: &str, input: Value) -> String {
        let call = Call {
            account: "111122223333".into(),
            region: "eu-central-1".into(),
            operation: operation.into(),
            input,
            now: Duration::ZERO,
        };
        match policies.check(service, &call, principal, &World::new(Timings::default(), 1)) {
            Ok(()) => "allowed".to_owned(),
            Err(fail) => fail.message,
        }
    }

    fn attached(to: &str, statements: Value) -> Policies {
        let mut policies = Policies::default();
        policies.attach(to, &json!({"Version": "2012-10-17", "Statement": statements}).to_string()).unwrap();
        policies
    }

    #[test]
    fn whoever_has_no_policy_may_do_everything() {
        let policies = attached("444455556666", json!({"Effect": "Deny", "Action": "*", "Resource": "*"}));
        assert_eq!(outcome(&policies, USER, Service::Ec2, "CreateVpc", json!({})), "allowed");
    }

    #[test]
    fn whoever_has_one_may_do_only_what_it_allows() {
        let policies = attached(USER, json!({"Effect": "Allow", "Action": "ec2:Describe*", "Resource": "*"}));
        assert_eq!(outcome(&policies, USER, Service::Ec2, "DescribeVpcs", json!({})), "allowed");
        assert_eq!(
            outcome(&policies, USER, Service::Ec2, "CreateVpc", json!({})),
            "You are not authorized to perform this operation. User: arn:aws:iam::111122223333:user/simulated is not \
             authorized to perform: ec2:CreateVpc on resource: arn:aws:ec2:eu-central-1:111122223333:vpc/* because \
             no identity-based policy allows the ec2:CreateVpc action"
        );
        assert_eq!(outcome(&policies, USER, Service::Sts, "GetCallerIdentity", json!({})), "allowed");
    }

    #[test]
    fn a_policy_of_a_role_binds_its_sessions() {
        let policies = attached(
            "arn:aws:iam::111122223333:role/path/link",
            json!([{"Effect": "Allow", "Action": ["kms:*"], "Resource": "*"}]),
        );
        let session = "arn:aws:sts::111122223333:assumed-role/link/run";
        assert_eq!(outcome(&policies, session, Service::Kms, "CreateCustomKeyStore", json!({})), "allowed");
        assert_ne!(outcome(&policies, session, Service::Ec2, "DescribeVpcs", json!({})), "allowed");
        let other = "arn:aws:sts::111122223333:assumed-role/other/run";
        assert_eq!(outcome(&policies, other, Service::Ec2, "DescribeVpcs", json!({})), "allowed");
    }

    #[test]
    fn a_deny_wins_over_an_allow() {
        let policies = attached(
            "111122223333",
            json!([
                {"Effect": "Allow", "Action": "*", "Resource": "*"},
                {"Effect": "Deny", "Action": "route53:Change*", "Resource": "arn:aws:route53:::hostedzone/Z1"},
            ]),
        );
        let change =
            |zone: &str| outcome(&policies, USER, Service::Route53, "ChangeResourceRecordSets", json!({"Id": zone}));
        assert!(change("Z1").ends_with("with an explicit deny in an identity-based policy"), "{}", change("Z1"));
        assert_eq!(change("Z2"), "allowed");
    }

    #[test]
    fn creating_with_tags_needs_the_tagging_action_too() {
        let input =
            json!({"TagSpecification": [{"ResourceType": "vpc", "Tag": [{"Key": "xkslink:store", "Value": "a"}]}]});
        let create = json!({"Effect": "Allow", "Action": "ec2:CreateVpc", "Resource": "*"});
        let only = attached(USER, json!([create]));
        let told = outcome(&only, USER, Service::Ec2, "CreateVpc", input.clone());
        assert!(told.contains("is not authorized to perform: ec2:CreateTags on resource: arn:aws:ec2:"), "{told}");
        assert_eq!(outcome(&only, USER, Service::Ec2, "CreateVpc", json!({})), "allowed");

        let tag = json!({
            "Effect": "Allow", "Action": "ec2:CreateTags", "Resource": "arn:aws:ec2:*:*:vpc/*",
            "Condition": {
                "StringEquals": {"ec2:CreateAction": ["CreateVpc", "CreateSubnet"]},
                "ForAllValues:StringEquals": {"aws:TagKeys": "xkslink:store"},
            },
        });
        let both = attached(USER, json!([create, tag]));
        assert_eq!(outcome(&both, USER, Service::Ec2, "CreateVpc", input), "allowed");
        let other = json!({"TagSpecification": [{"ResourceType": "vpc", "Tag": [{"Key": "cost", "Value": "a"}]}]});
        assert_ne!(outcome(&both, USER, Service::Ec2, "CreateVpc", other), "allowed");
    }

    #[test]
    fn tags_of_the_request_decide_where_a_condition_asks_for_them() {
        let policies = attached(
            USER,
            json!({
                "Effect": "Allow", "Action": "elasticloadbalancing:*", "Resource": "*",
                "Condition": {"StringLike": {"aws:RequestTag/xkslink:store": "payments-*"}},
            }),
        );
        let create = |value: &str| {
            let input = json!({"Name": "nlb", "Tags": [{"Key": "xkslink:store", "Value": value}]});
            outcome(&policies, USER, Service::Elb, "CreateLoadBalancer", input)
        };
        assert_eq!(create("payments-hsm"), "allowed");
        assert_ne!(create("billing-hsm"), "allowed");
    }

    #[test]
    fn a_document_that_is_not_understood_is_refused_instead_of_ignored() {
        for (document, expected) in [
            ("{", "no JSON"),
            (r#"{"Statement": []}"#, "no statement"),
            (r#"{"Statement": {"Effect": "Allow", "Action": "ec2:*"}}"#, "Resource"),
            (r#"{"Statement": {"Effect": "Maybe", "Action": "*", "Resource": "*"}}"#, "Effect"),
            (r#"{"Statement": {"Effect": "Allow", "NotAction": "*", "Resource": "*"}}"#, "NotAction"),
            (
                r#"{"Statement": {"Effect": "Allow", "Action": "*", "Resource": "*",
                    "Condition": {"DateLessThan": {"aws:CurrentTime": "2026-01-01T00:00:00Z"}}}}"#,
                "DateLessThan",
            ),
        ] {
            let told = Policies::default().attach(USER, document).unwrap_err();
            assert!(told.contains(expected), "{told}");
        }
    }
}
