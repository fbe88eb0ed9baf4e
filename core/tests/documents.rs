//! Builder and documents make the same spec, in every format, and no output holds the secret.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use ipnet::Ipv4Net;
use proptest::prelude::*;
use xkslink::spec::*;

const ID: &str = "ABCDEFGHIJKLMNOPQRST";
const SECRET: &str = "c2VjcmV0/c2VjcmV0+c2VjcmV0c2VjcmV0c2VjcmV0c2U=";

fn builder() -> ConnectivityBuilder {
    Connectivity::builder("payments-hsm", "eu-central-1")
        .network(Network::create("10.60.0.0/24"))
        .data_center(["10.0.0.0/16"])
        .link(Link::transit_gateway("tgw-0123456789abcdef0"))
        .proxy(Proxy::at(["10.0.8.10", "10.0.8.11"]).health_check(HealthCheck::https("/ping")))
        .private_dns_name("xks.payments.example.com")
        .domain(Domain::route53())
        .key_store(KeyStore::path("/payments/kms/xks/v1").credential(Credential::from_env("XKS_KEY_ID", "XKS_SECRET")))
        .tag("team", "payments")
        .tag("cost-center", "4711")
}

fn temporary(name: &str, text: &str) -> PathBuf {
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    fs::write(&path, text).unwrap();
    path
}

#[test]
fn a_document_and_the_builder_make_the_same_spec() {
    let document = include_str!("../../examples/documents/created.json");
    assert_eq!(Connectivity::from_json(document).unwrap(), builder().build().unwrap());
}

#[test]
fn a_document_and_the_builder_have_the_same_problems() {
    let bad = builder().network(Network::create("10.0.0.0/8").zones(9)).private_dns_name("Example.com");
    let document = serde_json::to_value(&bad).unwrap();
    assert_eq!(Connectivity::from_value(document).unwrap_err(), bad.build().unwrap_err());
}

#[test]
fn defaults_are_written_out() {
    let spec = builder().proxy(Proxy::at(["10.0.8.10", "10.0.8.11"])).build().unwrap();
    insta::assert_snapshot!(spec.to_toml().unwrap(), @r#"
    version = 1
    name = "payments-hsm"
    region = "eu-central-1"
    data_center = ["10.0.0.0/16"]
    private_dns_name = "xks.payments.example.com"

    [network]
    type = "create"
    cidr = "10.60.0.0/24"

    [[network.subnets]]
    cidr = "10.60.0.0/26"

    [[network.subnets]]
    cidr = "10.60.0.64/26"

    [link]
    type = "transit_gateway"
    id = "tgw-0123456789abcdef0"

    [proxy]
    addresses = [
        "10.0.8.10",
        "10.0.8.11",
    ]
    port = 443

    [proxy.health_check]
    type = "tcp"
    interval_seconds = 10
    timeout_seconds = 10
    healthy_threshold = 3
    unhealthy_threshold = 2

    [load_balancer]
    security_group = "own"
    cross_zone = false

    [domain]
    type = "route53"

    [key_store]
    name = "payments-hsm"
    path = "/payments/kms/xks/v1"

    [key_store.credential]
    type = "environment"
    access_key_id = "XKS_KEY_ID"
    raw_secret_access_key = "XKS_SECRET"

    [tags]
    cost-center = "4711"
    team = "payments"
    "#);
}

#[test]
fn a_null_is_a_field_that_is_not_there() {
    let mut document = serde_json::to_value(builder().build().unwrap()).unwrap();
    document["load_balancer"] = serde_json::Value::Null;
    document["key_store"]["account"] = serde_json::Value::Null;
    assert_eq!(Connectivity::from_value(document).unwrap(), builder().build().unwrap());
}

#[test]
fn a_spec_without_a_key_store_has_no_name_for_one() {
    let spec = Connectivity::from_yaml(include_str!("../../examples/documents/network-only.yaml")).unwrap();
    assert_eq!((spec.key_store(), spec.key_store_name()), (None, None));
    assert_eq!(builder().build().unwrap().key_store_name(), Some("payments-hsm"));
}

#[test]
fn targets_inside_the_vpc_are_told_from_those_outside() {
    let spec = builder().proxy(Proxy::at(["10.60.0.10", "10.0.8.11"]).port(8443)).build().unwrap();
    let vpc: Vec<Ipv4Net> = spec.network().cidr().into_iter().collect();
    let targets: Vec<_> = spec.proxy().targets(&vpc).iter().map(|target| (target.port, target.outside_vpc)).collect();
    assert_eq!(targets, [(8443, false), (8443, true)]);
}

#[test]
fn broken_syntax_is_told_by_its_place_alone() {
    let place = |error: SpecError| error.to_string();
    let json = format!("{{\n  \"raw_secret_access_key\": \"{SECRET}\" oops\n}}");
    let toml = format!("version = 1\nraw_secret_access_key = {SECRET}\n");
    let yaml = format!("version: 1\nraw_secret_access_key: \"{SECRET}\n");
    let said = [
        place(Connectivity::from_json(&json).unwrap_err()),
        place(Connectivity::from_toml(&toml).unwrap_err()),
        place(Connectivity::from_yaml(&yaml).unwrap_err()),
    ];
    insta::assert_debug_snapshot!(said, @r#"
    [
        "the document is not JSON: line 2, column 77; correct the syntax",
        "the document is not TOML: line 2, column 70; correct the syntax",
        "the document is not YAML: line 2, column 24; correct the syntax",
    ]
    "#);
}

#[test]
fn no_output_holds_the_secret() {
    let builder =
        builder().key_store(KeyStore::path("/kms/xks/v1").credential(Credential::value(ID, SECRET.to_owned())));
    let spec = builder.clone().build().unwrap();
    let credential = spec.key_store().unwrap().read_credential().unwrap();
    assert_eq!(credential.raw_secret_access_key.expose(), SECRET);
    let mut outputs = vec![
        format!("{builder:?}"),
        format!("{spec:#?}"),
        format!("{credential:?}"),
        serde_json::to_string(&builder).unwrap(),
        spec.to_json().unwrap(),
        spec.to_toml().unwrap(),
        spec.to_yaml().unwrap(),
    ];
    assert!(outputs[4].contains("<withheld>"));
    // Whatever place the secret gets into by mistake, what is said about that does not show it.
    let key_store = |credential: serde_json::Value| {
        let mut document = serde_json::to_value(&spec).unwrap();
        document["key_store"]["credential"] = credential;
        let error = Connectivity::from_value(document).unwrap_err();
        format!("{error} {error:?} {}", serde_json::to_string(&error).unwrap())
    };
    let short = &SECRET[..42];
    outputs.extend([
        key_store(serde_json::json!({ "type": "value", "access_key_id": SECRET, "raw_secret_access_key": ID })),
        key_store(serde_json::json!({ "type": "value", "access_key_id": ID, "raw_secret_access_key": short })),
        key_store(serde_json::json!({ "type": "value", "access_key_id": ID, "raw_secret": SECRET })),
        key_store(serde_json::json!({ "type": "value", "access_key_id": ID, "raw_secret_access_key": [SECRET] })),
        key_store(serde_json::json!({ "type": "environment", "access_key_id": ID, "raw_secret_access_key": SECRET })),
        key_store(serde_json::json!([ID, SECRET])),
        key_store(serde_json::json!(SECRET)),
        ProxyCredential::new(SECRET, ID).unwrap_err().to_string(),
    ]);
    for output in outputs {
        assert!(!output.contains(short), "{output}");
    }
}

#[test]
fn a_proxy_configuration_file_is_read_whole_or_in_part() {
    let pair = format!(r#"{{ "AccessKeyId": "{ID}", "RawSecretAccessKey": "{SECRET}" }}"#);
    let whole = format!(r#"{{ "XksProxyUriPath": "/a/kms/xks/v1", "XksProxyAuthenticationCredential": {pair} }}"#);
    let expected = ProxyCredential::new(ID, SECRET).unwrap();
    let part = Credential::from_file(temporary("part.json", &pair));
    let whole = Credential::from_file(temporary("whole.json", &whole));
    assert_eq!((part.read().unwrap(), whole.read().unwrap()), (expected.clone(), expected));

    let store = |path: &str| {
        let spec = builder().key_store(KeyStore::path(path).credential(whole.clone())).build().unwrap();
        spec.key_store().unwrap().read_credential().map_err(|error| error.what)
    };
    assert!(store("/a/kms/xks/v1").is_ok());
    assert!(
        store("/b/kms/xks/v1").unwrap_err().ends_with("is for the path `/a/kms/xks/v1`, the spec says `/b/kms/xks/v1`")
    );
}

#[test]
fn a_file_that_is_no_credential_is_not_quoted() {
    let read = |name: &str, text: &str| Credential::from_file(temporary(name, text)).read().unwrap_err().to_string();
    for said in [
        read("broken.json", &format!(r#"{{ "RawSecretAccessKey": "{SECRET}" "#)),
        read("number.json", r#"{ "AccessKeyId": "A", "RawSecretAccessKey": 420042 }"#),
        read("half.json", &format!(r#"{{ "RawSecretAccessKey": "{SECRET}" }}"#)),
        read("short.json", &format!(r#"{{ "AccessKeyId": "{ID}", "RawSecretAccessKey": "420042" }}"#)),
        Credential::from_file("no-such-file.json").read().unwrap_err().to_string(),
    ] {
        assert!(!said.contains(SECRET) && !said.contains("420042") && said.contains(".json`"), "{said}");
    }
}

/// Runs itself again with the variables set: a test must not change the environment of its own process.
#[test]
fn the_environment_is_read() {
    let credential = Credential::from_env("XKSLINK_TEST_ID", "XKSLINK_TEST_SECRET");
    if std::env::var_os("XKSLINK_TEST_ID").is_some() {
        assert_eq!(credential.read().unwrap(), ProxyCredential::new(ID, SECRET).unwrap());
        return;
    }
    assert_eq!(credential.read().unwrap_err().what, "the environment variable `XKSLINK_TEST_ID` is not set");
    let again = std::process::Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "the_environment_is_read"])
        .envs([("XKSLINK_TEST_ID", ID), ("XKSLINK_TEST_SECRET", SECRET)])
        .status();
    assert!(again.unwrap().success());
}

#[test]
fn a_callback_is_not_read_here() {
    assert!(Credential::callback().read().is_err());
}

prop_compose! {
    fn health_check()(kind in 0..3, path in "/[a-z]{1,8}", interval in 5_u64..=300, timeout in 2_u64..=5,
        healthy in 2_u32..=10, unhealthy in 2_u32..=10, port in proptest::option::of(1_u16..)) -> HealthCheckDraft {
        let check = match kind {
            0 => HealthCheck::tcp(),
            1 => HealthCheck::http(path).matcher("200,204-299"),
            _ => HealthCheck::https(path),
        };
        let check = check.interval(Duration::from_secs(interval)).timeout(Duration::from_secs(timeout));
        let check = check.healthy_threshold(healthy).unhealthy_threshold(unhealthy);
        match port {
            Some(port) => check.port(port),
            None => check,
        }
    }
}

fn link() -> impl Strategy<Value = Link> {
    prop_oneof![
        "tgw-[0-9a-f]{17}".prop_map(Link::transit_gateway),
        "vgw-[0-9a-f]{8}".prop_map(Link::vpn_gateway),
        Just(Link::new_vpn_gateway()),
        "vpc-[0-9a-f]{17}".prop_map(|vpc| Link::peering(vpc).owner("012345678901").region("eu-west-3").into()),
        Just(Link::routed()),
    ]
}

fn network() -> impl Strategy<Value = NetworkDraft> {
    prop_oneof![
        (16_u8..=25, 2_u32..=6)
            .prop_map(|(size, zones)| Network::create(format!("172.20.0.0/{size}")).zones(zones).into()),
        Just(Network::create("10.60.0.0/24").subnet("10.60.0.0/28").subnet_in("euc1-az3", "10.60.0.128/25").into()),
        ("vpc-[0-9a-f]{17}", "subnet-[0-9a-f]{16}")
            .prop_map(|(vpc, subnet)| { Network::existing(vpc, [format!("{subnet}0"), format!("{subnet}1")]).into() }),
    ]
}

fn credential() -> impl Strategy<Value = Credential> {
    prop_oneof![
        Just(Credential::callback()),
        ".{1,20}".prop_map(Credential::from_file),
        ("[A-Z_][A-Z0-9_]{0,9}", "[a-z_][a-z0-9_]{0,9}").prop_map(|(id, secret)| Credential::from_env(id, secret)),
    ]
}

fn domain() -> impl Strategy<Value = Domain> {
    prop_oneof![
        Just(Domain::route53().into()),
        "Z[A-Z0-9]{1,31}".prop_map(|id| Domain::route53().hosted_zone(id).into()),
        Just(Domain::manual().into()),
        Just(Domain::manual().wait().into()),
        Just(Domain::callback()),
    ]
}

prop_compose! {
    fn spec()(name in "[a-h][a-z0-9]{0,20}", network in network(), link in link(), domain in domain(),
        check in health_check(), port in 1_u16.., credential in credential(), store_name in ".{1,64}",
        account in proptest::option::of("[0-9]{12}"), tags in proptest::collection::btree_map("[b-w][a-z0-9 _./=+@-]{0,20}", "[a-z0-9 :é]{0,20}", 0..5),
        cross_zone: bool) -> Connectivity {
        let mut key_store = KeyStore::path("/kms/xks/v1").credential(credential).name(store_name);
        if let Some(account) = account {
            key_store = key_store.account(account);
        }
        let balancer = LoadBalancer::default().security_group(SecurityGroup::None);
        let builder = Connectivity::builder(name, "us-gov-west-1")
            .network(network)
            .data_center(["10.0.0.0/16", "192.168.0.0/28"])
            .proxy(Proxy::at(["10.0.8.10", "192.168.0.1"]).port(port).health_check(check))
            .private_dns_name("xks.example.com")
            .domain(domain)
            .key_store(key_store)
            .load_balancer(if cross_zone { balancer.cross_zone() } else { balancer });
        // Peering crosses no border between partitions.
        let builder = match &link {
            Link::Peering(peering) => builder.link(peering.clone().region("us-gov-east-1")),
            _ => builder.link(link),
        };
        let builder = tags.into_iter().fold(builder, |builder, (key, value)| builder.tag(key, value));
        builder.build().unwrap()
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn every_spec_survives_every_format(spec in spec()) {
        prop_assert_eq!(&Connectivity::from_json(&spec.to_json().unwrap()).unwrap(), &spec);
        prop_assert_eq!(&Connectivity::from_toml(&spec.to_toml().unwrap()).unwrap(), &spec);
        prop_assert_eq!(&Connectivity::from_yaml(&spec.to_yaml().unwrap()).unwrap(), &spec);
        prop_assert_eq!(&spec.to_builder().build().unwrap(), &spec);
        prop_assert_eq!(&serde_json::from_str::<Connectivity>(&serde_json::to_string(&spec).unwrap()).unwrap(), &spec);
    }

    #[test]
    fn every_written_spec_fits_the_schema(spec in spec()) {
        let schema = jsonschema::validator_for(&Connectivity::schema()).unwrap();
        prop_assert!(schema.is_valid(&serde_json::to_value(&spec).unwrap()));
    }

    #[test]
    fn computed_subnets_are_sound(address: u32, size in 16_u8..=28, zones in 2_u32..=6) {
        let vpc = Ipv4Net::new(address.into(), size).unwrap().trunc();
        let make = || builder().network(Network::create(vpc).zones(zones)).link(Link::routed()).data_center([""; 0]).build();
        match make() {
            Ok(spec) => {
                let Network::Create { subnets, .. } = spec.network() else { panic!("an existing network") };
                prop_assert_eq!(subnets.len(), zones as usize);
                for (index, subnet) in subnets.iter().enumerate() {
                    prop_assert!(vpc.contains(&subnet.cidr) && (16..=28).contains(&subnet.cidr.prefix_len()));
                    prop_assert!(subnets[..index].iter().all(|other| !other.cidr.contains(&subnet.cidr)));
                    prop_assert_eq!(subnet.cidr.prefix_len(), subnets[0].cidr.prefix_len());
                }
                prop_assert_eq!(make().unwrap(), spec);
            }
            Err(error) => {
                for problem in error.problems {
                    prop_assert!(matches!(problem.rule, Some("NET-06" | "NET-08")), "{}", problem);
                }
            }
        }
    }

    #[test]
    fn nothing_that_is_read_can_panic(text in "\\PC{0,200}") {
        let _ = Connectivity::from_json(&text);
        let _ = Connectivity::from_toml(&text);
        let _ = Connectivity::from_yaml(&text);
        let _ = Connectivity::builder(text.clone(), text.clone())
            .network(Network::create(&text).subnet_in(text.clone(), &text))
            .data_center([&text])
            .link(Link::peering(text.clone()).owner(text.clone()).region(text.clone()))
            .proxy(Proxy::at([&text]).health_check(HealthCheck::http(text.clone()).matcher(text.clone())))
            .private_dns_name(text.clone())
            .domain(Domain::route53().hosted_zone(text.clone()))
            .key_store(KeyStore::path(text.clone()).credential(Credential::value(text.clone(), text.clone())))
            .tag(text.clone(), text)
            .build();
    }
}
