//! Amazon Route 53: hosted zones, record sets, changes. Public zones are what domain verification sees.

mod changes;
mod names;
mod records;
mod resolver;
mod txt;
mod zones;

use std::time::Duration;

use serde::Serialize;
use serde_json::{Map, Value, json};

use crate::call::{Answer, Call, Fail};
use crate::date;
use crate::world::World;

pub(crate) use self::resolver::{public_records, public_txt, text_of_txt};

/// What Route 53 keeps.
#[derive(Clone, Debug, Default, Serialize)]
pub struct State {
    /// Hosted zones of all accounts, oldest first.
    pub zones: Vec<HostedZone>,
    /// Changes of all accounts.
    pub changes: Vec<Change>,
    /// TXT records served elsewhere (not in Route 53): owner name without trailing dot, value without quotes.
    pub elsewhere: Vec<(String, String)>,
}

/// A hosted zone.
#[derive(Clone, Debug, Serialize)]
pub struct HostedZone {
    /// Owning account.
    pub account: String,
    /// `Z…`, without `/hostedzone/`.
    pub id: String,
    /// Name with trailing dot.
    pub name: String,
    /// The client's token of its creation.
    pub caller_reference: String,
    /// Comment, if any.
    pub comment: Option<String>,
    /// The VPCs of a private zone as (Region, VPC id).
    pub vpcs: Vec<(String, String)>,
    /// Whether it is private to VPCs.
    pub private: bool,
    /// Record sets as the API shows them, in Route 53's order.
    pub records: Vec<RecordSet>,
    /// What name servers answer and from when on, oldest first. It trails `records` while a change is `PENDING`.
    pub publications: Vec<Publication>,
}

/// A record set.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct RecordSet {
    /// Owner name with trailing dot.
    pub name: String,
    /// `TXT` …
    pub kind: String,
    /// Seconds; none for an alias.
    pub ttl: Option<i64>,
    /// Values as Route 53 keeps them: TXT values quoted.
    pub values: Vec<String>,
    /// Every other member as given: `SetIdentifier`, `Weight`, `AliasTarget` …
    pub routing: Map<String, Value>,
}

/// The values that name servers give for a name and type from an instant on.
#[derive(Clone, Debug, Serialize)]
pub struct Publication {
    /// Owner name with trailing dot.
    pub name: String,
    /// `TXT` …
    pub kind: String,
    /// Values as kept in the record sets; none once all of them are deleted.
    pub values: Vec<String>,
    /// When resolvers begin to see them.
    pub visible_at: Duration,
}

/// A change on its way to the name servers.
#[derive(Clone, Debug, Serialize)]
pub struct Change {
    /// Account that asked for it.
    pub account: String,
    /// `C…`, without `/change/`.
    pub id: String,
    /// When it was asked for.
    pub submitted: Duration,
    /// When it is `INSYNC`.
    pub in_sync_at: Duration,
    /// Comment of the batch, if any.
    pub comment: Option<String>,
}

/// Handles one Route 53 call.
pub(crate) fn handle(call: &Call, world: &mut World) -> Answer {
    match call.operation.as_str() {
        "CreateHostedZone" => zones::create(call, world),
        "GetHostedZone" => zones::get(call, world),
        "ListHostedZones" => zones::list(call, world),
        "ListHostedZonesByName" => zones::list_by_name(call, world),
        "DeleteHostedZone" => zones::delete(call, world),
        "ListResourceRecordSets" => records::list(call, world),
        "ChangeResourceRecordSets" => records::change(call, world),
        "GetChange" => changes::get(call, world),
        other => Err(Fail::new("InvalidAction", format!("the simulated Route 53 has no operation {other}"))),
    }
}

/// `/hostedzone/Z1`, `%2Fhostedzone%2FZ1` and `Z1` are the same id.
fn bare_id(call: &Call) -> String {
    let given = call.text("Id").unwrap_or_default();
    let decoded = percent_encoding::percent_decode_str(&given).decode_utf8_lossy();
    decoded.rsplit('/').next().unwrap_or_default().to_owned()
}

/// The zone that a call names, if it is the caller's.
fn zone_of<'a>(call: &Call, zones: &'a mut [HostedZone]) -> Result<&'a mut HostedZone, Fail> {
    let id = bare_id(call);
    let zone = zones
        .iter_mut()
        .find(|zone| zone.id == id)
        .ok_or_else(|| Fail::with_status(404, "NoSuchHostedZone", format!("No hosted zone found with ID: {id}")))?;
    if zone.account == call.account {
        Ok(zone)
    } else {
        Err(Fail::with_status(403, "AccessDenied", "The caller is not authorized to access this resource"))
    }
}

/// How many items a page holds: what the call asks for, up to Route 53's own limit.
fn page_size(call: &Call, limit: usize) -> Result<usize, Fail> {
    match call.text("maxitems") {
        None => Ok(limit),
        Some(text) => match text.parse::<usize>() {
            Ok(items) if items > 0 => Ok(items.min(limit)),
            _ => Err(Fail::new("InvalidInput", format!("Invalid maxitems: '{text}'"))),
        },
    }
}

/// `ChangeInfo` of a change at the instant of the call.
fn change_info(change: &Change, now: Duration) -> Value {
    json!({
        "Id": format!("/change/{}", change.id),
        "Status": if now < change.in_sync_at { "PENDING" } else { "INSYNC" },
        "SubmittedAt": date::iso(change.submitted),
        "Comment": change.comment,
    })
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use serde_json::{Value, json};

    use super::{handle, public_txt};
    use crate::call::{Answer, Call};
    use crate::timings::Timings;
    use crate::world::World;

    /// One account in front of Route 53.
    struct Desk {
        world: World,
    }

    impl Desk {
        fn new() -> Self {
            Self { world: World::new(Timings::default(), 1) }
        }

        fn ask(&mut self, operation: &str, input: Value) -> Answer {
            let call = Call {
                account: "111122223333".to_owned(),
                region: "us-east-1".to_owned(),
                operation: operation.to_owned(),
                input,
                now: self.world.now,
            };
            handle(&call, &mut self.world)
        }

        fn zone(&mut self, name: &str) -> String {
            let answer = self.ask("CreateHostedZone", json!({"Name": name, "CallerReference": name}));
            answer.unwrap()["HostedZone"]["Id"].as_str().unwrap().to_owned()
        }

        fn change(&mut self, zone: &str, changes: &[Value]) -> Answer {
            self.ask("ChangeResourceRecordSets", json!({"Id": zone, "ChangeBatch": {"Changes": changes}}))
        }

        fn names(&mut self, zone: &str) -> Vec<String> {
            let answer = self.ask("ListResourceRecordSets", json!({"Id": zone})).unwrap();
            let sets = answer["ResourceRecordSets"].as_array().unwrap().clone();
            sets.iter()
                .map(|set| format!("{} {}", set["Type"].as_str().unwrap(), set["Name"].as_str().unwrap()))
                .collect()
        }

        fn pass(&mut self, seconds: u64) {
            self.world.advance(self.world.now + Duration::from_secs(seconds));
        }
    }

    fn txt(action: &str, name: &str, values: &[&str]) -> Value {
        let records: Vec<Value> = values.iter().map(|value| json!({"Value": value})).collect();
        json!({"Action": action, "ResourceRecordSet": {"Name": name, "Type": "TXT", "TTL": "60", "ResourceRecords": records}})
    }

    fn refusal(answer: Answer) -> String {
        let fail = answer.unwrap_err();
        format!("{} {}", fail.code, fail.message)
    }

    #[test]
    fn a_new_zone_has_ns_and_soa_and_nothing_else() {
        let mut desk = Desk::new();
        let zone = desk.zone("example.com");
        assert!(zone.starts_with("/hostedzone/Z"), "{zone}");
        assert_eq!(desk.names(&zone), ["NS example.com.", "SOA example.com."]);
    }

    #[test]
    fn a_record_is_public_when_its_change_is_in_sync_and_not_before() {
        let mut desk = Desk::new();
        let zone = desk.zone("example.com");
        let answer = desk.change(&zone, &[txt("CREATE", "_a.example.com", &["\"vpce:Old\""])]).unwrap();
        let id = answer["ChangeInfo"]["Id"].as_str().unwrap().to_owned();
        assert_eq!(answer["ChangeInfo"]["Status"], "PENDING");
        assert!(public_txt(&desk.world, "_a.example.com").is_empty());

        desk.pass(30);
        assert_eq!(desk.ask("GetChange", json!({"Id": id})).unwrap()["ChangeInfo"]["Status"], "INSYNC");
        assert_eq!(public_txt(&desk.world, "_A.Example.COM"), ["vpce:Old"]);

        desk.change(&zone, &[txt("UPSERT", "_a.example.com", &["\"vpce:New\"", "\"x\" \"y\""])]).unwrap();
        assert_eq!(public_txt(&desk.world, "_a.example.com"), ["vpce:Old"], "old values until the change is out");
        desk.pass(30);
        assert_eq!(public_txt(&desk.world, "_a.example.com"), ["vpce:New", "xy"]);
    }

    #[test]
    fn a_deleted_record_stays_public_until_its_change_is_out() {
        let mut desk = Desk::new();
        let zone = desk.zone("example.com");
        desk.change(&zone, &[txt("CREATE", "a.example.com", &["\"v\""])]).unwrap();
        desk.pass(30);
        desk.change(&zone, &[txt("DELETE", "a.example.com", &["\"v\""])]).unwrap();
        assert_eq!(public_txt(&desk.world, "a.example.com"), ["v"]);
        desk.pass(30);
        assert!(public_txt(&desk.world, "a.example.com").is_empty());
    }

    #[test]
    fn what_nobody_can_see_any_more_is_forgotten() {
        let mut desk = Desk::new();
        let zone = desk.zone("example.com");
        desk.pass(30);
        let before = desk.world.route53.zones[0].publications.len();
        let mut ids = Vec::new();
        for number in 0..100 {
            let name = format!("_{number}.example.com");
            for action in ["CREATE", "DELETE"] {
                let answer = desk.change(&zone, &[txt(action, &name, &["\"v\""])]).unwrap();
                ids.push(answer["ChangeInfo"]["Id"].clone());
                desk.pass(60);
            }
        }
        // That the last of them is gone is seen when the next one comes.
        assert_eq!(desk.world.route53.zones[0].publications.len(), before + 2);
        let mut known = |id: &Value| desk.ask("GetChange", json!({"Id": id})).is_ok();
        assert!(known(&ids[199]) && known(&ids[150]) && !known(&ids[0]));
        assert!(desk.world.route53.changes.len() < 65, "{}", desk.world.route53.changes.len());
    }

    #[test]
    fn the_most_specific_public_zone_answers() {
        let mut desk = Desk::new();
        let (parent, child) = (desk.zone("example.com"), desk.zone("xks.example.com"));
        desk.change(&parent, &[txt("CREATE", "a.xks.example.com", &["\"hidden\""])]).unwrap();
        desk.change(&child, &[txt("CREATE", "a.xks.example.com", &["\"seen\""])]).unwrap();
        desk.world.route53.elsewhere.push(("a.xks.example.com".to_owned(), "elsewhere".to_owned()));
        desk.pass(30);
        assert_eq!(public_txt(&desk.world, "a.xks.example.com"), ["elsewhere", "seen"]);
    }

    #[test]
    fn a_private_zone_is_not_public() {
        let mut desk = Desk::new();
        let vpc = json!({"VPCRegion": "eu-central-1", "VPCId": "vpc-1"});
        let input = json!({"Name": "example.com", "CallerReference": "1", "VPC": vpc});
        let zone = desk.ask("CreateHostedZone", input).unwrap()["HostedZone"]["Id"].as_str().unwrap().to_owned();
        desk.change(&zone, &[txt("CREATE", "a.example.com", &["\"v\""])]).unwrap();
        desk.pass(30);
        assert!(public_txt(&desk.world, "a.example.com").is_empty());
    }

    #[test]
    fn a_batch_takes_effect_as_a_whole_or_not_at_all() {
        let mut desk = Desk::new();
        let zone = desk.zone("example.com");
        let batch = [txt("CREATE", "a.example.com", &["\"v\""]), txt("DELETE", "b.example.com", &["\"v\""])];
        assert_eq!(
            refusal(desk.change(&zone, &batch)),
            "InvalidChangeBatch [Tried to delete resource record set [name='b.example.com.', type='TXT'] but it was not found]"
        );
        assert_eq!(desk.names(&zone).len(), 2);
        let replace = [txt("CREATE", "a.example.com", &["\"v\""])];
        desk.change(&zone, &replace).unwrap();
        assert!(refusal(desk.change(&zone, &replace)).contains("but it already exists"));
        let swap = [txt("DELETE", "a.example.com", &["\"v\""]), txt("CREATE", "a.example.com", &["\"w\""])];
        desk.change(&zone, &swap).unwrap();
    }

    #[test]
    fn delete_needs_the_exact_values_and_ttl() {
        let mut desk = Desk::new();
        let zone = desk.zone("example.com");
        desk.change(&zone, &[txt("CREATE", "a.example.com", &["\"v\"", "\"w\""])]).unwrap();
        let mut other_ttl = txt("DELETE", "a.example.com", &["\"v\"", "\"w\""]);
        other_ttl["ResourceRecordSet"]["TTL"] = "61".into();
        for wrong in [txt("DELETE", "a.example.com", &["\"v\""]), other_ttl] {
            assert!(refusal(desk.change(&zone, &[wrong])).contains("do not match the current values"));
        }
        desk.change(&zone, &[txt("DELETE", "A.example.com.", &["\"w\"", "\"v\""])]).unwrap();
    }

    #[test]
    fn refusals_speak_like_route_53() {
        let mut desk = Desk::new();
        let zone = desk.zone("example.com");
        let cases = [
            (txt("CREATE", "a.example.com", &["v"]), "InvalidChangeBatch [Invalid Resource Record: FATAL problem"),
            (
                txt("CREATE", "a.example.org", &["\"v\""]),
                "InvalidChangeBatch [RRSet with DNS name a.example.org. is not",
            ),
            (txt("CREATE", "a.example.com", &["\"v\"", "\"v\""]), "InvalidChangeBatch [Duplicate Resource Record"),
            (txt("CREATE", "a.example.com", &[]), "InvalidInput "),
            (txt("REPLACE", "a.example.com", &["\"v\""]), "InvalidInput "),
        ];
        for (change, expected) in cases {
            let told = refusal(desk.change(&zone, &[change]));
            assert!(told.starts_with(expected), "{told}");
        }
        assert_eq!(
            refusal(desk.change("Z0", &[txt("CREATE", "a.example.com", &["\"v\""])])),
            "NoSuchHostedZone No hosted zone found with ID: Z0"
        );
    }

    #[test]
    fn a_zone_with_records_is_not_deleted() {
        let mut desk = Desk::new();
        let zone = desk.zone("example.com");
        desk.change(&zone, &[txt("CREATE", "a.example.com", &["\"v\""])]).unwrap();
        assert!(refusal(desk.ask("DeleteHostedZone", json!({"Id": zone}))).starts_with("HostedZoneNotEmpty"));
        desk.change(&zone, &[txt("DELETE", "a.example.com", &["\"v\""])]).unwrap();
        desk.ask("DeleteHostedZone", json!({"Id": zone})).unwrap();
        assert!(refusal(desk.ask("GetHostedZone", json!({"Id": zone}))).starts_with("NoSuchHostedZone"));
    }

    #[test]
    fn zones_are_listed_by_name_from_the_right_in_pages() {
        let mut desk = Desk::new();
        for name in ["b.org", "a.example.com", "example.com"] {
            desk.zone(name);
        }
        let page = desk.ask("ListHostedZonesByName", json!({"dnsname": "example.com", "maxitems": "2"})).unwrap();
        assert_eq!(page["HostedZones"][0]["Name"], "example.com.");
        assert_eq!(page["HostedZones"][1]["Name"], "a.example.com.");
        assert_eq!((&page["IsTruncated"], &page["NextDNSName"]), (&json!(true), &json!("b.org.")));
        let rest = json!({"dnsname": page["NextDNSName"], "hostedzoneid": page["NextHostedZoneId"]});
        let rest = desk.ask("ListHostedZonesByName", rest).unwrap();
        assert_eq!((&rest["HostedZones"][0]["Name"], &rest["IsTruncated"]), (&json!("b.org."), &json!(false)));
    }

    #[test]
    fn record_sets_are_listed_from_a_start_in_pages() {
        let mut desk = Desk::new();
        let zone = desk.zone("example.com");
        desk.change(&zone, &[txt("CREATE", "b.example.com", &["\"v\""]), txt("CREATE", "a.example.com", &["\"v\""])])
            .unwrap();
        let page =
            desk.ask("ListResourceRecordSets", json!({"Id": zone, "name": "a.example.com", "maxitems": "1"})).unwrap();
        assert_eq!(page["ResourceRecordSets"][0]["Name"], "a.example.com.");
        assert_eq!((&page["NextRecordName"], &page["NextRecordType"]), (&json!("b.example.com."), &json!("TXT")));
    }
}
