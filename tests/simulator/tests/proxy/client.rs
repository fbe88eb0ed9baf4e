//! A client of the simulated proxy: rustls, hyper and the AWS SDK's own signer.

use std::sync::Arc;
use std::time::SystemTime;

use aws_credential_types::Credentials;
use aws_sigv4::http_request::{SignableBody, SignableRequest, SigningSettings, sign};
use aws_sigv4::sign::v4;
use bytes::Bytes;
use http::{Request, Response};
use http_body_util::{BodyExt, Full, Limited};
use hyper_util::rt::TokioIo;
use rustls::crypto::aws_lc_rs;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore, SupportedProtocolVersion};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use xkslink_simulator::Proxy;
use xkslink_simulator::proxy::{ACCESS_KEY_ID, SECRET_ACCESS_KEY};

pub(crate) const NAME: &str = "xks.example.com";
pub(crate) const HEALTH: &str = "/kms/xks/v1/health";

/// Shakes hands as KMS would, with the proxy's root as the only one that is trusted.
pub(crate) async fn handshake(
    proxy: &Proxy,
    versions: &[&'static SupportedProtocolVersion],
) -> Result<TlsStream<TcpStream>, String> {
    let mut roots = RootCertStore::empty();
    let root = CertificateDer::from_pem_slice(proxy.root_pem().as_bytes()).unwrap();
    roots.add(root).unwrap();
    let config = ClientConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_protocol_versions(versions)
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let stream = TcpStream::connect(proxy.address()).await.map_err(|error| error.to_string())?;
    let name = ServerName::try_from(NAME).unwrap();
    TlsConnector::from(Arc::new(config)).connect(name, stream).await.map_err(|error| error.to_string())
}

/// A request with a body, unsigned.
pub(crate) fn post(path: &str, body: &Value) -> Request<Bytes> {
    let request = Request::post(path).header("host", NAME).header("content-type", "application/json");
    request.body(Bytes::from(body.to_string())).unwrap()
}

/// Signs as the AWS SDK does, with a key pair and at a time.
pub(crate) fn signed(mut request: Request<Bytes>, id: &str, secret: &str, at: SystemTime) -> Request<Bytes> {
    let identity = Credentials::new(id, secret, None, None, "test").into();
    let params = v4::SigningParams::builder()
        .identity(&identity)
        .region("eu-central-1")
        .name("kms-xks-proxy")
        .time(at)
        .settings(SigningSettings::default())
        .build()
        .unwrap()
        .into();
    let uri = format!("https://{NAME}{}", request.uri().path());
    let headers = [("host", NAME)].into_iter();
    let signable =
        SignableRequest::new(request.method().as_str(), uri, headers, SignableBody::Bytes(request.body())).unwrap();
    let (instructions, _) = sign(signable, &params).unwrap().into_parts();
    instructions.apply_to_request_http1x(&mut request);
    request
}

/// A signed GetHealthStatus.
pub(crate) fn health() -> Request<Bytes> {
    health_at(HEALTH)
}

/// A signed GetHealthStatus under a path.
pub(crate) fn health_at(path: &str) -> Request<Bytes> {
    signed(post(path, &health_body()), ACCESS_KEY_ID, SECRET_ACCESS_KEY, SystemTime::now())
}

pub(crate) fn health_body() -> Value {
    json!({"requestMetadata": {"kmsRequestId": "4112f4d6", "kmsOperation": "KmsHealthCheck"}})
}

/// Sends a request over a new TLS connection and reads at most a mebibyte.
pub(crate) async fn send(proxy: &Proxy, request: Request<Bytes>) -> Result<Response<Bytes>, String> {
    let stream = handshake(proxy, rustls::ALL_VERSIONS).await?;
    exchange(stream, request).await
}

/// Sends a request over a connection.
pub(crate) async fn exchange<S>(stream: S, request: Request<Bytes>) -> Result<Response<Bytes>, String>
where
    S: tokio::io::AsyncRead + tokio::io::AsyncWrite + Send + Unpin + 'static,
{
    let (mut sender, connection) =
        hyper::client::conn::http1::handshake(TokioIo::new(stream)).await.map_err(|error| error.to_string())?;
    tokio::spawn(connection);
    let response = sender.send_request(request.map(Full::new)).await.map_err(|error| error.to_string())?;
    let (head, body) = response.into_parts();
    let body = Limited::new(body, 1024 * 1024).collect().await.map_err(|error| error.to_string())?;
    Ok(Response::from_parts(head, body.to_bytes()))
}

/// Status and `errorName` of an answer.
pub(crate) fn outcome(response: &Response<Bytes>) -> (u16, String) {
    let body: Value = serde_json::from_slice(response.body()).unwrap_or_default();
    (response.status().as_u16(), body["errorName"].as_str().unwrap_or_default().to_owned())
}

/// The body of an answer.
pub(crate) fn body(response: &Response<Bytes>) -> Value {
    serde_json::from_slice(response.body()).unwrap()
}
