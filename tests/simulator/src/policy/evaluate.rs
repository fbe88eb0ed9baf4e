//! The decision: policies and one request in, allowed or not out.

use std::collections::BTreeMap;

use super::document::{Condition, Effect, Policy, SetRule, Statement, Test};

/// One thing that a call wants to do, as policies see it.
#[derive(Clone, Debug)]
pub(super) struct Request {
    /// `ec2:CreateVpc`.
    pub(super) action: String,
    /// ARN of the target, or `*` where the action knows no resources.
    pub(super) resource: String,
    /// Condition keys in lower case, such as `aws:requesttag/team`, and their values.
    pub(super) context: BTreeMap<String, Vec<String>>,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Decision {
    Allowed,
    /// Nothing allows it.
    NotAllowed,
    /// A statement denies it.
    Denied,
}

/// A deny wins, then an allow; what nothing mentions is not allowed.
pub(super) fn evaluate(policies: &[&Policy], request: &Request) -> Decision {
    let statements = policies.iter().flat_map(|policy| &policy.statements);
    let effects: Vec<Effect> = statements.filter(|each| applies(each, request)).map(|each| each.effect).collect();
    if effects.contains(&Effect::Deny) {
        Decision::Denied
    } else if effects.contains(&Effect::Allow) {
        Decision::Allowed
    } else {
        Decision::NotAllowed
    }
}

fn applies(statement: &Statement, request: &Request) -> bool {
    let action = request.action.to_lowercase();
    statement.actions.iter().any(|pattern| matches(&pattern.to_lowercase(), &action))
        && statement.resources.iter().any(|pattern| matches(pattern, &request.resource))
        && statement.conditions.iter().all(|condition| holds(condition, request))
}

fn holds(condition: &Condition, request: &Request) -> bool {
    let operator = condition.operator;
    let given = request.context.get(&condition.key).filter(|values| !values.is_empty());
    if operator.test == Test::Null {
        return condition.values.iter().any(|value| value.eq_ignore_ascii_case("true") == given.is_none());
    }
    let Some(given) = given else {
        return operator.if_exists || operator.negated || operator.set == SetRule::ForAll;
    };
    let passes =
        |value: &String| condition.values.iter().any(|wanted| fits(operator.test, wanted, value)) != operator.negated;
    match operator.set {
        SetRule::Single | SetRule::ForAny => given.iter().any(passes),
        SetRule::ForAll => given.iter().all(passes),
    }
}

fn fits(test: Test, wanted: &str, value: &str) -> bool {
    match test {
        Test::Equals => wanted == value,
        Test::EqualsIgnoreCase => wanted.eq_ignore_ascii_case(value),
        Test::Like => matches(wanted, value),
        Test::Null => false,
    }
}

/// `*` stands for any text, `?` for any one character.
fn matches(pattern: &str, text: &str) -> bool {
    let (pattern, text): (Vec<char>, Vec<char>) = (pattern.chars().collect(), text.chars().collect());
    let (mut p, mut t) = (0, 0);
    // Where to go back to: behind the last star, and the first character that it has not swallowed yet.
    let mut star: Option<(usize, usize)> = None;
    while t < text.len() {
        if pattern.get(p) == Some(&'*') {
            p += 1;
            star = Some((p, t));
        } else if pattern.get(p).is_some_and(|one| *one == '?' || *one == text[t]) {
            p += 1;
            t += 1;
        } else if let Some((behind, swallowed)) = star {
            p = behind;
            t = swallowed + 1;
            star = Some((behind, t));
        } else {
            return false;
        }
    }
    pattern[p..].iter().all(|rest| *rest == '*')
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use serde_json::json;

    use super::{Decision, Request, evaluate, matches};
    use crate::policy::document::Policy;

    #[test]
    fn wildcards_match_as_in_iam() {
        for (pattern, text) in
            [("*", ""), ("ec2:*Vpc*", "ec2:CreateVpcEndpoint"), ("a?c", "abc"), ("a*b*c", "axxbyybc")]
        {
            assert!(matches(pattern, text), "{pattern} {text}");
        }
        for (pattern, text) in [("", "a"), ("a?c", "ac"), ("ec2:Create*", "ec2:DeleteVpc"), ("a*b", "abc")] {
            assert!(!matches(pattern, text), "{pattern} {text}");
        }
    }

    /// Whether one condition lets a request with these tag keys pass.
    fn passes(operator: &str, key: &str, wanted: &str, tag_keys: &[&str]) -> bool {
        let statement =
            json!({"Effect": "Allow", "Action": "*", "Resource": "*", "Condition": {operator: {key: wanted}}});
        let policy = Policy::parse(&json!({"Statement": statement}).to_string()).unwrap();
        let keys = tag_keys.iter().map(|key| (*key).to_owned()).collect();
        let context = BTreeMap::from([("aws:tagkeys".to_owned(), keys)]);
        let request = Request { action: "ec2:CreateVpc".into(), resource: "*".into(), context };
        evaluate(&[&policy], &request) == Decision::Allowed
    }

    #[test]
    fn set_operators_look_at_all_values_or_any() {
        assert!(passes("ForAllValues:StringEquals", "aws:TagKeys", "a", &["a"]));
        assert!(!passes("ForAllValues:StringEquals", "aws:TagKeys", "a", &["a", "b"]));
        assert!(passes("ForAllValues:StringEquals", "aws:TagKeys", "a", &[]));
        assert!(passes("ForAnyValue:StringEquals", "aws:TagKeys", "a", &["a", "b"]));
        assert!(!passes("ForAnyValue:StringEquals", "aws:TagKeys", "a", &[]));
    }

    #[test]
    fn a_missing_key_fails_a_positive_test_and_passes_a_negated_one() {
        assert!(!passes("StringEquals", "aws:RequestTag/team", "a", &[]));
        assert!(passes("StringNotEquals", "aws:RequestTag/team", "a", &[]));
        assert!(passes("StringEqualsIfExists", "aws:RequestTag/team", "a", &[]));
        assert!(passes("Null", "aws:RequestTag/team", "true", &[]));
        assert!(!passes("Null", "aws:RequestTag/team", "false", &[]));
    }
}
