//! The edge to AWS: SDK clients, error mapping, tags, waiting. Everything else speaks of resources, not of calls.

pub(crate) mod answer;
pub(crate) mod create;
pub(crate) mod delete;
pub(crate) mod fresh;
pub(crate) mod pages;
mod remedy;
pub(crate) mod tags;
pub(crate) mod wait;

use std::time::{Duration, SystemTime};

use aws_smithy_async::rt::sleep::{AsyncSleep, SharedAsyncSleep, TokioSleep};
use aws_smithy_async::time::{SharedTimeSource, SystemTimeSource};
use aws_smithy_types::retry::RetryConfig;
use aws_smithy_types::timeout::TimeoutConfig;
use aws_types::SdkConfig;

/// SDK clients for one store: the network account, the DNS account and the account of the key store.
#[derive(Clone, Debug)]
pub(crate) struct Aws {
    pub(crate) ec2: aws_sdk_ec2::Client,
    pub(crate) elb: aws_sdk_elasticloadbalancingv2::Client,
    pub(crate) route53: aws_sdk_route53::Client,
    pub(crate) kms: aws_sdk_kms::Client,
    pub(crate) sts: aws_sdk_sts::Client,
    /// STS as the key store's account sees it; `None` when that is the network account.
    pub(crate) kms_sts: Option<aws_sdk_sts::Client>,
    /// EC2 as the key store's account sees it, a consumer of the endpoint service; `None` as above.
    pub(crate) kms_ec2: Option<aws_sdk_ec2::Client>,
    /// Service Quotas of the key store's account. It gives up soon: networks without internet seldom have a way to it.
    pub(crate) quotas: aws_sdk_servicequotas::Client,
    sleep: SharedAsyncSleep,
    time: SharedTimeSource,
}

/// Attempts of the SDK for calls that are safe to repeat. EC2 and KMS throttle single actions hard while a fleet
/// is being built, so this is more than the SDK's usual three.
const ATTEMPTS: u32 = 8;

impl Aws {
    pub(crate) fn new(network: &SdkConfig, dns: Option<&SdkConfig>, kms: Option<&SdkConfig>, region: &str) -> Self {
        let in_region = |config: &SdkConfig| patient(config, region);
        let network_config = in_region(network);
        let dns_config = dns.map_or_else(|| network_config.clone(), in_region);
        let kms_config = kms.map_or_else(|| network_config.clone(), in_region);
        Self {
            ec2: aws_sdk_ec2::Client::new(&network_config),
            elb: aws_sdk_elasticloadbalancingv2::Client::new(&network_config),
            route53: aws_sdk_route53::Client::new(&dns_config),
            kms: aws_sdk_kms::Client::new(&kms_config),
            sts: aws_sdk_sts::Client::new(&network_config),
            kms_sts: kms.map(|_| aws_sdk_sts::Client::new(&kms_config)),
            kms_ec2: kms.map(|_| aws_sdk_ec2::Client::new(&kms_config)),
            quotas: aws_sdk_servicequotas::Client::new(&hasty(&kms_config)),
            sleep: network.sleep_impl().unwrap_or_else(|| SharedAsyncSleep::new(TokioSleep::new())),
            time: network.time_source().unwrap_or_else(|| SharedTimeSource::new(SystemTimeSource::new())),
        }
    }

    pub(crate) fn now(&self) -> SystemTime {
        self.time.now()
    }

    /// Time since `then`; zero should the clock have been set back.
    pub(crate) fn since(&self, then: SystemTime) -> Duration {
        self.now().duration_since(then).unwrap_or_default()
    }

    /// Clock and sleep, for what does not go through the SDK.
    pub(crate) fn time(&self) -> (SharedTimeSource, SharedAsyncSleep) {
        (self.time.clone(), self.sleep.clone())
    }

    pub(crate) async fn sleep(&self, duration: Duration) {
        self.sleep.sleep(duration).await;
    }
}

/// One attempt of a call may take this long. The SDK itself would wait for ever.
const ATTEMPT_TIMEOUT: Duration = Duration::from_secs(30);

/// What a call that nobody should wait for may take, with its attempts.
const HASTE: Duration = Duration::from_secs(5);

/// The caller's configuration in the spec's Region, with our number of attempts and timeout unless the caller chose some.
fn patient(config: &SdkConfig, region: &str) -> SdkConfig {
    let retry = match config.retry_config() {
        Some(chosen) if chosen.max_attempts() != RetryConfig::standard().max_attempts() => chosen.clone(),
        _ => RetryConfig::standard().with_max_attempts(ATTEMPTS),
    };
    let timeout = config.timeout_config().cloned().unwrap_or_else(TimeoutConfig::disabled);
    let attempt = timeout.operation_attempt_timeout().unwrap_or(ATTEMPT_TIMEOUT);
    config
        .to_builder()
        .timeout_config(timeout.to_builder().operation_attempt_timeout(attempt).build())
        .region(aws_types::region::Region::new(region.to_owned()))
        .retry_config(retry)
        .build()
}

/// The same configuration for what nobody should wait for: two attempts, and five seconds for both.
fn hasty(config: &SdkConfig) -> SdkConfig {
    let timeout = config.timeout_config().cloned().unwrap_or_else(TimeoutConfig::disabled);
    config
        .to_builder()
        .timeout_config(timeout.to_builder().operation_timeout(HASTE).build())
        .retry_config(RetryConfig::standard().with_max_attempts(2))
        .build()
}

/// For create calls that have neither client token nor natural key: one attempt, then we look (see [`create`]).
pub(crate) fn one_attempt() -> RetryConfig {
    RetryConfig::disabled()
}
