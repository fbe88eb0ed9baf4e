//! The seam of the AWS SDK: an `HttpClient` that answers from the simulated world instead of a socket.

use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::body::SdkBody;
use bytes::Bytes;
use http::Request;
use http_body_util::BodyExt;

use crate::Simulator;

impl HttpClient for Simulator {
    fn http_connector(&self, _: &HttpConnectorSettings, _: &RuntimeComponents) -> SharedHttpConnector {
        SharedHttpConnector::new(self.clone())
    }
}

impl HttpConnector for Simulator {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let simulator = self.clone();
        HttpConnectorFuture::new(async move {
            let request = request.try_into_http1x().map_err(|error| ConnectorError::user(error.into()))?;
            let response = simulator.respond(taken(request).await?).await;
            // The SDK pauses for a random time before it repeats a call, and draws it now, from the generator of this thread.
            // With a seed of ours a run repeats exactly.
            fastrand::seed(simulator.seed_of_pause());
            match response {
                Some(response) => HttpResponse::try_from(response.map(SdkBody::from))
                    .map_err(|error| ConnectorError::other(error.into(), None)),
                None => Err(ConnectorError::io("the simulated connection broke".into())),
            }
        })
    }
}

/// The request with its whole body, taken as a socket would take it: from what nobody takes the SDK concludes that its upload
/// has stalled, and gives up after some seconds although the answer is on its way.
async fn taken(request: Request<SdkBody>) -> Result<Request<Bytes>, ConnectorError> {
    let (parts, body) = request.into_parts();
    let body = body.collect().await.map_err(ConnectorError::user)?;
    Ok(Request::from_parts(parts, body.to_bytes()))
}
