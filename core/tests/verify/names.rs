//! Names and ids that nobody has.

use xkslink::{ErrorKind, Target};

use crate::stage::Stage;

#[tokio::test(start_paused = true)]
async fn what_nobody_has_is_not_found_and_is_said_in_one_line() {
    let stage = Stage::good().await;
    let long = "a".repeat(1_000_000);
    for name in
        ["nobody", "cks-0123456789abcdef0", "vpce-svc-0123456789abcdef0", "", "a\u{1b}[2J\nb", "\u{202e}", &long]
    {
        let target = || Target::named(name, "eu-central-1");
        let verified = stage.client.verify(target()).await.unwrap_err();
        let diagnosed = stage.client.diagnose(target()).await.unwrap_err();
        for error in [verified, diagnosed] {
            assert_eq!(error.kind(), ErrorKind::NotFound, "{error}");
            let said = error.to_string();
            assert!(said.len() < 2_000 && !said.contains(char::is_control), "{said}");
            assert!(error.help().contains("account and Region"), "{}", error.help());
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_service_that_nobody_has_fails_by_its_name() {
    let stage = Stage::good().await;
    let gone = "com.amazonaws.vpce.eu-central-1.vpce-svc-0123456789abcdef0";
    let verification = stage.client.verify(Target::named(gone, "eu-central-1")).await.unwrap();
    let check = verification.check("EPS-01").unwrap();
    assert_eq!((check.evidence[0].value.as_str(), check.evidence[0].fits), (gone, false), "{verification}");
    let diagnosis = stage.client.diagnose(Target::named(gone, "eu-central-1")).await.unwrap();
    assert_eq!(diagnosis.found().unwrap().rule, "EPS-01", "{diagnosis}");
    for odd in [".vpce-svc-", "https://vpce.vpce-svc-1\n", &"x.vpce-svc-".repeat(10_000)] {
        let verification = stage.client.verify(Target::named(odd, "eu-central-1")).await.unwrap();
        assert!(verification.failures().any(|check| check.rule == "EPS-01"), "{odd:.40}");
    }
}
