//! Address ranges as callers write them: parsed, made canonical, compared.

use ipnet::Ipv4Net;

use crate::call::Fail;

/// Parses a range and clears its host bits, as EC2 does (`10.60.0.7/24` becomes `10.60.0.0/24`).
pub(super) fn parse(text: &str, parameter: &str) -> Result<Ipv4Net, Fail> {
    text.parse::<Ipv4Net>().map(|range| range.trunc()).map_err(|_| {
        Fail::new(
            "InvalidParameterValue",
            format!("Value ({text}) for parameter {parameter} is invalid. This is not a valid CIDR block."),
        )
    })
}

/// Whether two ranges share an address.
pub(super) fn overlap(one: &Ipv4Net, other: &Ipv4Net) -> bool {
    one.contains(other) || other.contains(one)
}
