//! How long things take in the simulated AWS. The defaults are what is documented or commonly seen.

use std::time::Duration;

use serde::Serialize;

/// Durations of everything that takes time in AWS, in simulated time.
#[derive(Clone, Debug, Serialize)]
pub struct Timings {
    /// Round trip of one API call.
    pub call: Duration,
    /// How late EC2 and KMS show a write, give or take a half: until then reads do not see it, and calls that name a new
    /// object refuse its id as unknown.
    pub consistency: Duration,
    /// A VPC or subnet from `pending` to `available`.
    pub vpc: Duration,
    /// A Network Load Balancer from `provisioning` to `active`.
    pub load_balancer: Duration,
    /// From DeleteLoadBalancer until its network interfaces are gone.
    pub load_balancer_release: Duration,
    /// A registered target from `initial` to `healthy` (or `unhealthy`).
    pub target_health: Duration,
    /// An endpoint service from `Pending` to `Available`.
    pub endpoint_service: Duration,
    /// From DeleteVpcEndpointServiceConfigurations until the service is gone and its load balancer is free.
    pub endpoint_service_release: Duration,
    /// From CreateVpcEndpointServiceConfiguration until the TXT name and value appear in answers.
    pub domain_challenge: Duration,
    /// From StartVpcEndpointServicePrivateDnsVerification to `verified` (or `failed`).
    pub domain_verification: Duration,
    /// A Route 53 change from `PENDING` to `INSYNC`.
    pub dns_change: Duration,
    /// ConnectCustomKeyStore from `CONNECTING` to `CONNECTED` or `FAILED`.
    pub connect: Duration,
    /// DisconnectCustomKeyStore from `DISCONNECTING` to `DISCONNECTED`.
    pub disconnect: Duration,
    /// A gateway attachment, transit gateway attachment or peering until it is `available`, `attached` or `active`.
    pub link: Duration,
    /// The same until it is detached or deleted.
    pub link_release: Duration,
    /// An analysis of Reachability Analyzer from `running` to `succeeded`.
    pub analysis: Duration,
}

impl Default for Timings {
    fn default() -> Self {
        let s = Duration::from_secs;
        Self {
            call: Duration::from_millis(50),
            consistency: s(1),
            vpc: s(1),
            load_balancer: s(150),
            load_balancer_release: s(60),
            target_health: s(30),
            endpoint_service: s(2),
            endpoint_service_release: s(20),
            domain_challenge: s(2),
            domain_verification: s(230),
            dns_change: s(30),
            connect: s(300),
            disconnect: s(300),
            link: s(60),
            link_release: s(60),
            analysis: s(60),
        }
    }
}

impl Timings {
    /// Everything happens at once; only `call` is left.
    pub fn instant(call: Duration) -> Self {
        let z = Duration::ZERO;
        Self {
            call,
            consistency: z,
            vpc: z,
            load_balancer: z,
            load_balancer_release: z,
            target_health: z,
            endpoint_service: z,
            endpoint_service_release: z,
            domain_challenge: z,
            domain_verification: z,
            dns_change: z,
            connect: z,
            disconnect: z,
            link: z,
            link_release: z,
            analysis: z,
        }
    }
}
