//! Attributes of the account: as few as clients ask for.

use serde_json::json;

use crate::call::{Answer, Call, Fail};

const ATTRIBUTES: [(&str, &str); 3] =
    [("supported-platforms", "VPC"), ("default-vpc", "none"), ("max-instances", "20")];

pub(super) fn describe(call: &Call) -> Answer {
    let wanted = call.texts("AttributeName");
    if let Some(unknown) = wanted.iter().find(|name| !ATTRIBUTES.iter().any(|(known, _)| known == name)) {
        return Err(Fail::new("InvalidParameterValue", format!("Invalid attribute name: {unknown}")));
    }
    let shown = ATTRIBUTES.iter().filter(|(name, _)| wanted.is_empty() || wanted.iter().any(|each| each == name));
    let items: Vec<_> = shown
        .map(|(name, value)| json!({"attributeName": name, "attributeValueSet": [{"attributeValue": value}]}))
        .collect();
    Ok(json!({"accountAttributeSet": items}))
}
