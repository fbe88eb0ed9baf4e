//! EC2 into observed: the endpoint service, who may use it and who does.

use std::collections::BTreeMap;

use futures_util::future::try_join_all;

use super::{Ours, filter};
use crate::aws::answer::Answer;
use crate::error::{Error, Result};
use crate::resource::{endpoint_service, permission};

impl Ours<'_> {
    pub(super) async fn endpoint_service(&self, ids: &[String]) -> Result<Option<endpoint_service::Seen>> {
        if ids.is_empty() {
            return Ok(None);
        }
        let request = self.aws.ec2.describe_vpc_endpoint_service_configurations().filters(filter("service-id", ids));
        let output = request
            .send()
            .await
            .or_fail("look at the endpoint service", "ec2:DescribeVpcEndpointServiceConfigurations")?;
        let mut seen = output.service_configurations().iter().filter_map(endpoint_service::Seen::read);
        Ok(seen.find(|seen| !seen.leaving()))
    }

    pub(super) async fn service_exists(&self, name: &str) -> Result<bool> {
        let request = self.aws.ec2.describe_vpc_endpoint_service_configurations();
        let sent = request.filters(filter("service-name", &[name.to_owned()])).send().await;
        let output = sent.or_fail("look at the endpoint service", "ec2:DescribeVpcEndpointServiceConfigurations")?;
        let mut seen = output.service_configurations().iter().filter_map(endpoint_service::Seen::read);
        Ok(seen.any(|seen| !seen.leaving()))
    }

    /// By service: tags of a deleted service live on for a while, so there may be more than one.
    pub(super) async fn principals(&self, service_ids: &[String]) -> Result<BTreeMap<String, permission::Seen>> {
        let all =
            service_ids.iter().map(|id| async move { Ok::<_, Error>((id.clone(), self.principals_of(id).await?)) });
        let all = try_join_all(all).await?;
        Ok(all.into_iter().filter_map(|(id, seen)| Some((id, seen?))).collect())
    }

    async fn principals_of(&self, id: &str) -> Result<Option<permission::Seen>> {
        let sent = self.aws.ec2.describe_vpc_endpoint_service_permissions().service_id(id).send().await;
        match sent.or_fail("look at the allowed principals", "ec2:DescribeVpcEndpointServicePermissions") {
            Ok(output) => Ok(permission::Seen::read(output.allowed_principals())),

            Err(error) if error.aws_code().is_some_and(|code| code.ends_with("NotFound")) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Who uses these services or waits for it, by service.
    pub(super) async fn endpoints(&self, service_ids: &[String]) -> Result<BTreeMap<String, Vec<String>>> {
        let all = service_ids
            .iter()
            .map(|id| async move { Ok::<_, Error>((id.clone(), endpoint_service::connections(self.aws, id).await?)) });
        Ok(try_join_all(all).await?.into_iter().collect())
    }
}
