//! The bodies of the proxy API, field by field. Pure, for any bytes.

use serde_json::Value;

use super::outcome::{BodyProblem, Fleet, KeyManager, KeyManagerHealth, KeyMetadata};
use super::shown;

/// An error body names itself and may say more.
pub(super) fn error(bytes: &[u8]) -> (Option<String>, Option<String>) {
    let body: Value = serde_json::from_slice(bytes).unwrap_or_default();
    let text = |field: &str| body.get(field).and_then(Value::as_str).map(shown);
    (text("errorName"), text("errorMessage"))
}

/// The body of a good GetHealthStatus (PXY-08).
pub(super) fn health(bytes: &[u8]) -> (Option<Fleet>, Vec<BodyProblem>) {
    let mut reader = Reader::default();
    let Some(body) = reader.object(bytes) else { return (None, reader.problems) };
    let size = reader.number(&body, "xksProxyFleetSize");
    let vendor = reader.text(&body, "", "xksProxyVendor");
    let model = reader.text(&body, "", "xksProxyModel");
    let key_manager_vendor = reader.text(&body, "", "ekmVendor");
    let key_managers = reader.key_managers(&body);
    let fleet = (|| {
        Some(Fleet {
            size: size?,
            vendor: vendor?,
            model: model?,
            key_manager_vendor: key_manager_vendor?,
            key_managers: key_managers?,
        })
    })();
    (fleet, reader.problems)
}

/// The body of a good GetKeyMetadata (KS-10).
pub(super) fn key_metadata(bytes: &[u8]) -> (Option<KeyMetadata>, Vec<BodyProblem>) {
    let mut reader = Reader::default();
    let Some(body) = reader.object(bytes) else { return (None, reader.problems) };
    let spec = reader.text(&body, "", "keySpec");
    let status = reader.text(&body, "", "keyStatus");
    if status.as_deref().is_some_and(|status| status != "ENABLED" && status != "DISABLED") {
        reader.add("keyStatus", "is neither `ENABLED` nor `DISABLED`");
    }
    let usage = reader.list(&body, "keyUsage").map(|list| {
        let texts = list.iter().map(|value| value.as_str().map(shown)).collect::<Option<Vec<_>>>();
        texts.unwrap_or_else(|| {
            reader.add("keyUsage", "holds something else than texts");
            Vec::new()
        })
    });
    let metadata = (|| Some(KeyMetadata { spec: spec?, usage: usage?, status: status? }))();
    (metadata, reader.problems)
}

/// KMS takes this many instances of a key manager, and this many usages of a key.
const MOST_ENTRIES: usize = 10;

#[derive(Default)]
struct Reader {
    problems: Vec<BodyProblem>,
}

impl Reader {
    fn add(&mut self, field: &str, what: impl Into<String>) {
        self.problems.push(BodyProblem { field: field.to_owned(), what: what.into() });
    }

    fn object(&mut self, bytes: &[u8]) -> Option<Value> {
        match serde_json::from_slice(bytes) {
            Ok(body @ Value::Object(_)) => Some(body),
            Ok(other) => {
                self.add("", format!("is {} instead of a JSON object", kind(&other)));
                None
            }
            // The reader's own message may quote the body.
            Err(error) => {
                self.add("", format!("is not JSON: line {}, column {}", error.line(), error.column()));
                None
            }
        }
    }

    fn field<'a>(&mut self, body: &'a Value, at: &str, name: &str) -> Option<&'a Value> {
        let value = body.get(name).filter(|value| !value.is_null());
        if value.is_none() {
            self.add(&format!("{at}{name}"), "is missing");
        }
        value
    }

    fn text(&mut self, body: &Value, at: &str, name: &str) -> Option<String> {
        let value = self.field(body, at, name)?;
        if value.as_str().is_none_or(str::is_empty) {
            let what =
                if value.is_string() { "is empty".to_owned() } else { format!("is {} instead of a text", kind(value)) };
            self.add(&format!("{at}{name}"), what);
        }
        value.as_str().filter(|text| !text.is_empty()).map(shown)
    }

    fn number(&mut self, body: &Value, name: &str) -> Option<u64> {
        let value = self.field(body, "", name)?;
        let number = value.as_u64().filter(|number| *number > 0);
        if number.is_none() {
            let shown = if value.is_number() { format!("`{value}`") } else { kind(value).to_owned() };
            self.add(name, format!("is {shown} instead of a whole number above 0"));
        }
        number
    }

    fn list<'a>(&mut self, body: &'a Value, name: &str) -> Option<&'a [Value]> {
        let value = self.field(body, "", name)?;
        let Some(list) = value.as_array() else {
            self.add(name, format!("is {} instead of a list", kind(value)));
            return None;
        };
        if list.is_empty() || list.len() > MOST_ENTRIES {
            self.add(name, format!("has {} entries; 1 to {MOST_ENTRIES} are allowed", list.len()));
        }
        Some(list.get(..MOST_ENTRIES).unwrap_or(list))
    }

    fn key_managers(&mut self, body: &Value) -> Option<Vec<KeyManager>> {
        let list = self.list(body, "ekmFleetDetails")?;
        let mut all = Vec::new();
        for (index, entry) in list.iter().enumerate() {
            let at = format!("ekmFleetDetails[{index}].");
            let (id, model) = (self.text(entry, &at, "id"), self.text(entry, &at, "model"));
            let status = self.text(entry, &at, "healthStatus");
            let health = status.as_deref().and_then(|status| match status {
                "ACTIVE" => Some(KeyManagerHealth::Active),
                "DEGRADED" => Some(KeyManagerHealth::Degraded),
                "UNAVAILABLE" => Some(KeyManagerHealth::Unavailable),
                other => {
                    self.add(&format!("{at}healthStatus"), format!("is `{other}`, which KMS does not know"));
                    None
                }
            });
            if let (Some(id), Some(model), Some(health)) = (id, model, health) {
                all.push(KeyManager { id, model, health });
            }
        }
        (!all.is_empty()).then_some(all)
    }
}

fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "true or false",
        Value::Number(_) => "a number",
        Value::String(_) => "a text",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn good() -> Value {
        json!({
            "xksProxyFleetSize": 2,
            "xksProxyVendor": "Acme",
            "xksProxyModel": "Proxy 1",
            "ekmVendor": "Acme HSM",
            "ekmFleetDetails": [
                { "id": "hsm-1", "model": "H1", "healthStatus": "ACTIVE" },
                { "id": "hsm-2", "model": "H1", "healthStatus": "DEGRADED" },
            ],
        })
    }

    #[test]
    fn a_good_health_status_is_read_without_a_problem() {
        let (fleet, problems) = health(good().to_string().as_bytes());
        assert_eq!(problems, []);
        let fleet = fleet.map(|fleet| (fleet.size, fleet.key_managers.len(), fleet.key_managers[1].health));
        assert_eq!(fleet, Some((2, 2, KeyManagerHealth::Degraded)));
    }

    #[test]
    fn each_field_that_is_missing_is_named() {
        for field in ["xksProxyFleetSize", "xksProxyVendor", "xksProxyModel", "ekmVendor", "ekmFleetDetails"] {
            let mut body = good();
            body.as_object_mut().map(|body| body.remove(field));
            let (fleet, problems) = health(body.to_string().as_bytes());
            assert_eq!(fleet, None);
            assert_eq!(problems, [BodyProblem { field: field.to_owned(), what: "is missing".to_owned() }]);
        }
        let mut body = good();
        body["ekmFleetDetails"][1].as_object_mut().map(|entry| entry.remove("model"));
        let (_, problems) = health(body.to_string().as_bytes());
        assert_eq!(
            problems.iter().map(|problem| problem.field.as_str()).collect::<Vec<_>>(),
            ["ekmFleetDetails[1].model"]
        );
    }

    #[test]
    fn what_is_wrong_with_a_value_is_said_in_words() {
        for (pointer, value, what) in [
            ("/xksProxyFleetSize", json!(0), "is `0` instead of a whole number above 0"),
            ("/xksProxyFleetSize", json!("2"), "is a text instead of a whole number above 0"),
            ("/xksProxyFleetSize", json!(1.5), "is `1.5` instead of a whole number above 0"),
            ("/ekmVendor", json!(7), "is a number instead of a text"),
            ("/ekmVendor", json!(""), "is empty"),
            ("/ekmFleetDetails", json!([]), "has 0 entries; 1 to 10 are allowed"),
            ("/ekmFleetDetails", json!({}), "is an object instead of a list"),
            ("/ekmFleetDetails/0/healthStatus", json!("OK"), "is `OK`, which KMS does not know"),
        ] {
            let mut body = good();
            if let Some(place) = body.pointer_mut(pointer) {
                *place = value;
            }
            let (_, problems) = health(body.to_string().as_bytes());
            assert_eq!(problems.first().map(|problem| problem.what.as_str()), Some(what), "{pointer}");
        }
    }

    #[test]
    fn a_body_that_is_no_json_is_not_quoted() {
        let (_, problems) = health(b"<html>the secret</html>");
        assert_eq!(problems.first().map(|problem| problem.what.as_str()), Some("is not JSON: line 1, column 1"));
    }

    #[test]
    fn key_metadata_needs_its_three_fields() {
        let body = json!({ "keySpec": "AES_256", "keyUsage": ["ENCRYPT", "DECRYPT"], "keyStatus": "ENABLED" });
        let (metadata, problems) = key_metadata(body.to_string().as_bytes());
        assert_eq!((metadata.map(|metadata| metadata.usage.len()), problems.len()), (Some(2), 0));
        let (metadata, problems) = key_metadata(b"{}");
        assert_eq!((metadata, problems.len()), (None, 3));
    }

    proptest! {
        #[test]
        fn no_bytes_make_a_reader_panic(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
            health(&bytes);
            key_metadata(&bytes);
            error(&bytes);
        }
    }
}
