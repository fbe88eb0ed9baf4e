//! Who may connect to an endpoint service.

use serde_json::{Value, json};

use super::endpoint_service::{own, own_mut};
use super::listing::Listing;
use crate::call::{Answer, Call, Fail};
use crate::world::World;

const LISTING: Listing = Listing {
    set: "allowedPrincipals",
    ids: None,
    filters: &[("principal", "principal"), ("principal-type", "principalType")],
};

pub(super) fn describe(call: &Call, world: &World) -> Answer {
    let service = own(call, world)?;
    LISTING.answer(call, service.principals.iter().map(|permission| item(permission, &service.id)).collect())
}

/// ModifyVpcEndpointServicePermissions. Adding what is there and removing what is not changes nothing.
pub(super) fn modify(call: &Call, world: &mut World) -> Answer {
    let known = own(call, world)?.principals.clone();
    let (asked, removed) = (call.texts("AddAllowedPrincipals"), call.texts("RemoveAllowedPrincipals"));
    let mut added: Vec<(String, String)> = Vec::new();
    for principal in asked {
        kind(&principal)?;
        if !known.iter().chain(&added).any(|(present, _)| *present == principal) {
            added.push((principal, world.ids.resource("vpce-svc-perm")));
        }
    }
    let service = own_mut(call, world)?;
    service.principals.extend(added.iter().cloned());
    service.principals.retain(|(principal, _)| !removed.contains(principal));
    let items: Vec<Value> = added.iter().map(|permission| item(permission, &service.id)).collect();
    Ok(json!({"addedPrincipalSet": items, "return": true}))
}

/// Whether a list of principals lets an account in.
pub(super) fn admits(principals: &[(String, String)], account: &str) -> bool {
    let of_account = format!("::{account}:");
    principals.iter().any(|(principal, _)| principal == "*" || principal.contains(&of_account))
}

/// What a principal is, as EC2 classifies it.
fn kind(principal: &str) -> Result<&'static str, Fail> {
    let resource = principal.splitn(6, ':').nth(5).unwrap_or_default();
    let iam = principal.starts_with("arn:") && principal.contains(":iam::");
    // IAM paths (`role/team/name`) are not supported here.
    let path_less = |prefix: &str| resource.strip_prefix(prefix).is_some_and(|name| !name.contains('/'));
    match principal {
        "*" => Ok("All"),
        service if service.ends_with(".amazonaws.com") => Ok("Service"),
        unit if unit.starts_with("arn:") && unit.contains(":organizations::") => Ok("OrganizationUnit"),
        _ if iam && resource == "root" => Ok("Account"),
        _ if iam && path_less("user/") => Ok("User"),
        _ if iam && path_less("role/") => Ok("Role"),
        _ if iam => Err(Fail::new("InvalidParameter", format!("The principal '{principal}' is not supported."))),
        _ => Err(Fail::new("InvalidPrincipal", format!("Invalid principal: '{principal}'"))),
    }
}

fn item((principal, id): &(String, String), service_id: &str) -> Value {
    json!({
        "principalType": kind(principal).ok(),
        "principal": principal,
        "servicePermissionId": id,
        "serviceId": service_id,
    })
}
