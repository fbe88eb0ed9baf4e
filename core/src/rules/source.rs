//! The public pages that the rules come from.

/// A page of AWS's documentation, or of the specification of the proxy API.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Source {
    /// Guide and page.
    pub name: &'static str,
    /// Address.
    pub url: &'static str,
}

const fn page(name: &'static str, url: &'static str) -> Source {
    Source { name, url }
}

pub(super) const VPC: Source = page(
    "AWS KMS Developer Guide: Configure VPC endpoint service connectivity",
    "https://docs.aws.amazon.com/kms/latest/developerguide/vpc-connectivity.html",
);
pub(super) const CREATE: Source = page(
    "AWS KMS Developer Guide: Create an external key store",
    "https://docs.aws.amazon.com/kms/latest/developerguide/create-xks-keystore.html",
);
pub(super) const XKS: Source = page(
    "AWS KMS Developer Guide: External key stores",
    "https://docs.aws.amazon.com/kms/latest/developerguide/keystore-external.html",
);
pub(super) const CONNECT: Source = page(
    "AWS KMS Developer Guide: Connect and disconnect external key stores",
    "https://docs.aws.amazon.com/kms/latest/developerguide/xks-connect-disconnect.html",
);
pub(super) const UPDATE: Source = page(
    "AWS KMS Developer Guide: Edit external key store properties",
    "https://docs.aws.amazon.com/kms/latest/developerguide/update-xks-keystore.html",
);
pub(super) const DELETE: Source = page(
    "AWS KMS Developer Guide: Delete an external key store",
    "https://docs.aws.amazon.com/kms/latest/developerguide/delete-xks.html",
);
pub(super) const TROUBLE: Source = page(
    "AWS KMS Developer Guide: Troubleshooting external key stores",
    "https://docs.aws.amazon.com/kms/latest/developerguide/xks-troubleshooting.html",
);
pub(super) const AUTHORIZE: Source = page(
    "AWS KMS Developer Guide: Control access to your external key store",
    "https://docs.aws.amazon.com/kms/latest/developerguide/authorize-xks-key-store.html",
);
pub(super) const KMS_QUOTAS: Source = page(
    "AWS KMS Developer Guide: Resource quotas",
    "https://docs.aws.amazon.com/kms/latest/developerguide/resource-limits.html",
);
pub(super) const KMS_API: Source = page(
    "AWS KMS API Reference: CreateCustomKeyStore",
    "https://docs.aws.amazon.com/kms/latest/APIReference/API_CreateCustomKeyStore.html",
);
pub(super) const SPEC: Source =
    page("AWS KMS External Keystore Proxy API Specification", "https://github.com/aws/aws-kms-xksproxy-api-spec");
pub(super) const ROOTS: Source = page(
    "Trusted certificate authorities of external key store proxies",
    "https://github.com/aws/aws-kms-xksproxy-api-spec/blob/main/TrustedCertificateAuthorities",
);
pub(super) const GOVCLOUD: Source = page(
    "AWS GovCloud (US) User Guide: AWS KMS",
    "https://docs.aws.amazon.com/govcloud-us/latest/UserGuide/govcloud-kms.html",
);
pub(super) const SERVICE: Source = page(
    "AWS PrivateLink Guide: Create an endpoint service",
    "https://docs.aws.amazon.com/vpc/latest/privatelink/create-endpoint-service.html",
);
pub(super) const SERVICE_CONFIGURE: Source = page(
    "AWS PrivateLink Guide: Configure an endpoint service",
    "https://docs.aws.amazon.com/vpc/latest/privatelink/configure-endpoint-service.html",
);
pub(super) const SERVICE_SHARE: Source = page(
    "AWS PrivateLink Guide: Share your services",
    "https://docs.aws.amazon.com/vpc/latest/privatelink/privatelink-share-your-services.html",
);
pub(super) const SERVICE_DNS: Source = page(
    "AWS PrivateLink Guide: Manage DNS names for endpoint services",
    "https://docs.aws.amazon.com/vpc/latest/privatelink/manage-dns-names.html",
);
pub(super) const SERVICE_API: Source = page(
    "Amazon EC2 API Reference: ModifyVpcEndpointServicePermissions",
    "https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_ModifyVpcEndpointServicePermissions.html",
);
pub(super) const VPC_RANGES: Source = page(
    "Amazon VPC User Guide: VPC CIDR blocks",
    "https://docs.aws.amazon.com/vpc/latest/userguide/vpc-cidr-blocks.html",
);
pub(super) const SUBNETS: Source = page(
    "Amazon VPC User Guide: Subnet CIDR blocks",
    "https://docs.aws.amazon.com/vpc/latest/userguide/subnet-sizing.html",
);
pub(super) const NLB_ZONES: Source = page(
    "User Guide for Network Load Balancers: Availability Zones",
    "https://docs.aws.amazon.com/elasticloadbalancing/latest/network/availability-zones.html",
);
pub(super) const NLB_GROUPS: Source = page(
    "User Guide for Network Load Balancers: Security groups",
    "https://docs.aws.amazon.com/elasticloadbalancing/latest/network/load-balancer-security-groups.html",
);
pub(super) const NLB_LISTENERS: Source = page(
    "User Guide for Network Load Balancers: Listeners",
    "https://docs.aws.amazon.com/elasticloadbalancing/latest/network/load-balancer-listeners.html",
);
pub(super) const NLB_TARGETS: Source = page(
    "User Guide for Network Load Balancers: Target groups",
    "https://docs.aws.amazon.com/elasticloadbalancing/latest/network/load-balancer-target-groups.html",
);
pub(super) const NLB_REGISTER: Source = page(
    "User Guide for Network Load Balancers: Register targets",
    "https://docs.aws.amazon.com/elasticloadbalancing/latest/network/target-group-register-targets.html",
);
pub(super) const NLB_HEALTH: Source = page(
    "User Guide for Network Load Balancers: Health checks",
    "https://docs.aws.amazon.com/elasticloadbalancing/latest/network/target-group-health-checks.html",
);
pub(super) const NLB_ATTRIBUTES: Source = page(
    "User Guide for Network Load Balancers: Target group attributes",
    "https://docs.aws.amazon.com/elasticloadbalancing/latest/network/edit-target-group-attributes.html",
);
pub(super) const NLB_TROUBLE: Source = page(
    "User Guide for Network Load Balancers: Troubleshoot",
    "https://docs.aws.amazon.com/elasticloadbalancing/latest/network/load-balancer-troubleshooting.html",
);
pub(super) const NLB_API: Source = page(
    "Elastic Load Balancing API Reference: CreateLoadBalancer",
    "https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_CreateLoadBalancer.html",
);
pub(super) const TARGET_API: Source = page(
    "Elastic Load Balancing API Reference: TargetDescription",
    "https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_TargetDescription.html",
);
pub(super) const HEALTH_API: Source = page(
    "Elastic Load Balancing API Reference: TargetHealth",
    "https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_TargetHealth.html",
);
pub(super) const NAMES: Source =
    page("RFC 6125: Identity of services in certificates", "https://www.rfc-editor.org/rfc/rfc6125");
pub(super) const ACM_API: Source = page(
    "AWS Certificate Manager API Reference: RequestCertificate",
    "https://docs.aws.amazon.com/acm/latest/APIReference/API_RequestCertificate.html",
);
pub(super) const CERTIFICATES: Source = page("Let's Encrypt: Profiles", "https://letsencrypt.org/docs/profiles/");
pub(super) const ACM: Source = page(
    "AWS Certificate Manager User Guide: Exportable public certificates",
    "https://docs.aws.amazon.com/acm/latest/userguide/acm-exportable-certificates.html",
);
