//! AWS STS: who the caller is, and roles in other accounts.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::Serialize;
use serde_json::json;

use crate::call::{Answer, Call, Fail};
use crate::date;
use crate::world::World;

/// What STS keeps.
#[derive(Clone, Debug, Default, Serialize)]
pub struct State {
    /// Whose the temporary access keys are: access key id → principal.
    pub principals: BTreeMap<String, Principal>,
    /// Roles that want an external id: role ARN → external id. Every other role may be assumed by anybody.
    pub external_ids: BTreeMap<String, String>,
}

/// Who calls.
#[derive(Clone, Debug, Serialize)]
pub struct Principal {
    /// ARN of a user or of a role session.
    pub arn: String,
    /// `AIDA…` of a user, `AROA…:<session>` of a role session.
    pub user_id: String,
}

/// The principal behind an access key. Keys that STS did not give out belong to the account's user `simulated`.
pub(crate) fn principal(world: &World, access_key: &str, account: &str, region: &str) -> Principal {
    world.sts.principals.get(access_key).cloned().unwrap_or_else(|| Principal {
        arn: format!("arn:{}:iam::{account}:user/simulated", partition(region)),
        user_id: format!("AIDA{account}SIMU"),
    })
}

/// The partition of a Region, as ARNs name it.
pub(crate) fn partition(region: &str) -> &'static str {
    match region.split('-').next() {
        Some("cn") => "aws-cn",
        Some("eusc") => "aws-eusc",
        Some("us") if region.starts_with("us-gov-") => "aws-us-gov",
        _ => "aws",
    }
}

/// Handles one STS call of a principal.
pub(crate) fn handle(call: &Call, caller: &Principal, world: &mut World) -> Answer {
    match call.operation.as_str() {
        "GetCallerIdentity" => Ok(json!({"Arn": caller.arn, "UserId": caller.user_id, "Account": call.account})),
        "AssumeRole" => assume_role(call, caller, world),
        other => Err(Fail::new("InvalidAction", format!("Could not find operation {other} for version 2011-06-15"))),
    }
}

fn assume_role(call: &Call, caller: &Principal, world: &mut World) -> Answer {
    let role_arn = call.need("RoleArn")?;
    let session = session_name(call)?;
    let role = Role::parse(&role_arn).ok_or_else(|| Fail::new("ValidationError", format!("{role_arn} is invalid")))?;
    let wanted = world.sts.external_ids.get(&role_arn);
    if wanted.is_some() && wanted != call.text("ExternalId").as_ref() {
        let message =
            format!("User: {} is not authorized to perform: sts:AssumeRole on resource: {role_arn}", caller.arn);
        return Err(Fail::with_status(403, "AccessDenied", message));
    }
    let lifetime = lifetime(call)?;
    // The account in the key is how later calls find it; four letters more make it unique.
    let access_key = format!("ASIA{}{}", role.account, world.ids.token(4).to_uppercase());
    let principal = Principal {
        arn: format!("arn:{}:sts::{}:assumed-role/{}/{session}", role.partition, role.account, role.name),
        user_id: format!("AROA{}SIMU:{session}", role.account),
    };
    world.sts.principals.insert(access_key.clone(), principal.clone());
    Ok(json!({
        "Credentials": {
            "AccessKeyId": access_key,
            "SecretAccessKey": "simulated",
            "SessionToken": world.ids.token(32),
            "Expiration": date::iso(call.now + lifetime),
        },
        "AssumedRoleUser": {"AssumedRoleId": principal.user_id, "Arn": principal.arn},
    }))
}

fn session_name(call: &Call) -> Result<String, Fail> {
    let name = call.need("RoleSessionName")?;
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"_+=,.@-".contains(&byte);
    if (2..=64).contains(&name.len()) && name.bytes().all(allowed) {
        return Ok(name);
    }
    let message = format!(
        "1 validation error detected: Value '{name}' at 'roleSessionName' failed to satisfy constraint: Member must \
         satisfy regular expression pattern: [\\w+=,.@-]* and have length between 2 and 64"
    );
    Err(Fail::new("ValidationError", message))
}

fn lifetime(call: &Call) -> Result<Duration, Fail> {
    match call.text("DurationSeconds").map(|text| text.parse::<u64>()) {
        None => Ok(Duration::from_secs(3600)),
        Some(Ok(seconds)) if (900..=43_200).contains(&seconds) => Ok(Duration::from_secs(seconds)),
        Some(_) => Err(Fail::new("ValidationError", "DurationSeconds must be between 900 and 43200")),
    }
}

/// The parts of `arn:<partition>:iam::<account>:role/<path/><name>`.
struct Role<'a> {
    partition: &'a str,
    account: &'a str,
    name: &'a str,
}

impl<'a> Role<'a> {
    fn parse(arn: &'a str) -> Option<Self> {
        let parts: Vec<&str> = arn.splitn(6, ':').collect();
        let ["arn", partition, "iam", "", account, resource] = parts[..] else { return None };
        let name = resource.strip_prefix("role/")?.rsplit('/').next()?;
        let digits = account.len() == 12 && account.bytes().all(|byte| byte.is_ascii_digit());
        (digits && !name.is_empty()).then_some(Self { partition, account, name })
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use serde_json::{Value, json};

    use super::{handle, partition, principal};
    use crate::account_of;
    use crate::call::{Answer, Call};
    use crate::timings::Timings;
    use crate::world::World;

    fn ask(world: &mut World, access_key: &str, operation: &str, input: Value) -> Answer {
        let account = account_of(access_key);
        let caller = principal(world, access_key, &account, "eu-central-1");
        let call =
            Call { account, region: "eu-central-1".into(), operation: operation.into(), input, now: Duration::ZERO };
        handle(&call, &caller, world)
    }

    #[test]
    fn keys_of_an_assumed_role_act_in_the_account_of_the_role() {
        let mut world = World::new(Timings::default(), 1);
        let input = json!({"RoleArn": "arn:aws:iam::444455556666:role/admin/link", "RoleSessionName": "run"});
        let answer = ask(&mut world, "AKIA111122223333", "AssumeRole", input).unwrap();
        assert_eq!(answer["Credentials"]["Expiration"], "2026-01-01T01:00:00Z");
        let key = answer["Credentials"]["AccessKeyId"].as_str().unwrap().to_owned();
        let identity = ask(&mut world, &key, "GetCallerIdentity", json!({})).unwrap();
        assert_eq!(identity["Account"], "444455556666");
        assert_eq!(identity["Arn"], "arn:aws:sts::444455556666:assumed-role/link/run");
    }

    #[test]
    fn a_role_with_an_external_id_refuses_callers_without_it() {
        let mut world = World::new(Timings::default(), 1);
        let role = "arn:aws:iam::444455556666:role/link";
        world.sts.external_ids.insert(role.to_owned(), "secret-handshake".to_owned());
        let mut input = json!({"RoleArn": role, "RoleSessionName": "run", "ExternalId": "other"});
        let refused = ask(&mut world, "AKIA111122223333", "AssumeRole", input.clone()).unwrap_err();
        assert_eq!((refused.status, refused.code.as_str()), (403, "AccessDenied"));
        input["ExternalId"] = "secret-handshake".into();
        ask(&mut world, "AKIA111122223333", "AssumeRole", input).unwrap();
    }

    #[test]
    fn arns_carry_the_partition_of_the_region() {
        let partitions = ["eu-central-1", "us-east-1", "us-gov-west-1", "cn-north-1"].map(partition);
        assert_eq!(partitions, ["aws", "aws", "aws-us-gov", "aws-cn"]);
    }
}
