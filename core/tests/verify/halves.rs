//! Worlds of which a part is gone, as a teardown leaves them that was cut off, or a person in the console.

use xkslink::rules::Verdict;
use xkslink::{ErrorKind, Target};
use xkslink_simulator::World;

use crate::stage::Stage;

type Loss = fn(&mut World);

/// What is gone, and a rule that cannot pass any more.
const LOSSES: [(&str, &str, Loss); 13] = [
    ("VPC", "NET-05", |world| world.ec2.vpcs.clear()),
    ("subnets", "NET-01", |world| world.ec2.subnets.clear()),
    ("one subnet of two", "NET-01", |world| world.ec2.subnets.truncate(1)),
    ("route tables", "NET-10", |world| world.ec2.route_tables.clear()),
    ("network ACLs", "NET-11", |world| world.ec2.network_acls.clear()),
    ("security groups", "NLB-09", |world| world.ec2.security_groups.clear()),
    ("load balancer", "NLB-06", |world| world.elb.load_balancers.clear()),
    ("listener", "NLB-06", |world| world.elb.listeners.clear()),
    ("target group", "TGT-09", |world| world.elb.target_groups.clear()),
    ("targets", "TGT-09", |world| world.elb.target_groups.iter_mut().for_each(|group| group.targets.clear())),
    ("endpoint service", "EPS-01", |world| world.ec2.endpoint_services.clear()),
    ("endpoint of KMS", "EPS-11", |world| world.ec2.endpoint_connections.clear()),
    ("key store", "KS-05", |world| world.kms.key_stores.clear()),
];

#[tokio::test(start_paused = true)]
async fn what_is_gone_passes_no_rule_by_whatever_name_the_store_is_looked_for() {
    let stage = Stage::good().await;
    let whole = stage.client.verify(&stage.spec).await.unwrap();
    let (id, service) = (&stage.ids["key_store"], &stage.ids["endpoint_service_name"]);
    for (what, rule, lose) in LOSSES {
        assert_eq!(whole.check(rule).unwrap().verdict, Verdict::Pass, "{rule}");
        let world = stage.simulator.fork();
        world.world(lose);
        let client = xkslink::Client::new(&world.sdk_config("eu-central-1"));
        let by_name = ["payments-hsm", id.as_str().unwrap(), service.as_str().unwrap()];
        let mut targets: Vec<Target<'_>> = by_name.iter().map(|name| Target::named(name, "eu-central-1")).collect();
        targets.push(Target::from(&stage.spec));
        for target in targets {
            let told = format!("{what}, {target:?}");
            match client.verify(target.clone()).await {
                Ok(verification) => {
                    let verdict = &verification.check(rule).unwrap().verdict;
                    assert_ne!(*verdict, Verdict::Pass, "{told}: {rule}");
                }
                // The name or the id was that of what is gone.
                Err(error) => assert_eq!(error.kind(), ErrorKind::NotFound, "{told}: {error}"),
            }
            match client.diagnose(target).told("XKS_PROXY_NOT_REACHABLE").await {
                Ok(diagnosis) => assert!(!diagnosis.causes.is_empty(), "{told}"),
                Err(error) => assert_eq!(error.kind(), ErrorKind::NotFound, "{told}: {error}"),
            }
        }
    }
}
