//! The same world over HTTP, for clients that are not the Rust SDK: boto3, the AWS CLI, Terraform, a browser.

use std::io;

use bytes::Bytes;
use http::{Method, Request, Response, StatusCode};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

use crate::control::Refusal;
use crate::{Simulator, page};

impl Simulator {
    /// Serves this world on a listener until the future is dropped, which also ends all connections.
    ///
    /// Signed requests on any path are AWS calls. `GET /` shows the world to people; programs look and act under `/_`,
    /// as `docs/simulator.md` tells.
    ///
    /// # Errors
    /// When the listener fails for good.
    pub async fn serve(&self, listener: TcpListener) -> io::Result<()> {
        let mut connections = JoinSet::new();
        loop {
            tokio::select! {
                accepted = listener.accept() => match accepted {
                    Ok((stream, _)) => drop(connections.spawn(connection(self.clone(), stream))),
                    Err(error) if is_of_one_connection(&error) => {}
                    Err(error) => return Err(error),
                },
                Some(_) = connections.join_next() => {}
            }
        }
    }

    async fn serve_one(&self, request: Request<Incoming>) -> io::Result<Response<Full<Bytes>>> {
        let signed = request.headers().contains_key(http::header::AUTHORIZATION);
        let (parts, body) = request.into_parts();
        let body = body.collect().await.map_err(|_| broken())?.to_bytes();
        let response = match (signed, &parts.method, parts.uri.path()) {
            (false, &Method::GET, "/") => self.page(),
            (false, &Method::GET, "/favicon.ico") => answer(StatusCode::NOT_FOUND, "text/plain", ""),
            (false, method, path) if path.starts_with("/_") => controlled(self.control(method, path, &body)),
            _ => self.respond(Request::from_parts(parts, body)).await.ok_or_else(broken)?,
        };
        Ok(response.map(Full::new))
    }

    fn page(&self) -> Response<Bytes> {
        let now = self.clock().now();
        let mut inner = self.lock();
        inner.world.advance(now);
        answer(StatusCode::OK, "text/html; charset=utf-8", page::render(&inner.world, &inner.log))
    }
}

fn controlled(outcome: Result<Value, Refusal>) -> Response<Bytes> {
    let (status, body) = match outcome {
        Ok(value) => (StatusCode::OK, value),
        Err((status, why)) => (status, json!({"error": why})),
    };
    answer(status, "application/json", body.to_string())
}

fn answer(status: StatusCode, content_type: &str, body: impl Into<Bytes>) -> Response<Bytes> {
    let response = Response::builder().status(status).header(http::header::CONTENT_TYPE, content_type);
    response.body(body.into()).unwrap_or_default()
}

/// hyper closes a connection without a byte of an answer when its service fails.
fn broken() -> io::Error {
    io::Error::new(io::ErrorKind::ConnectionAborted, "the simulated connection broke")
}

async fn connection(simulator: Simulator, stream: TcpStream) {
    let service = service_fn(|request| {
        let simulator = simulator.clone();
        async move { simulator.serve_one(request).await }
    });
    // How a connection ends is the client's business: it closed it, or a fault broke it.
    let _ = http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
}

/// Errors of `accept` that say something about one client and nothing about the listener.
fn is_of_one_connection(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset, Interrupted};
    matches!(error.kind(), ConnectionAborted | ConnectionRefused | ConnectionReset | Interrupted)
}

#[cfg(test)]
mod tests {
    use std::io::{Read, Write};
    use std::net::SocketAddr;
    use std::time::Duration;

    use tokio::net::TcpListener;

    use crate::{Fault, FaultKind, Simulator, Timings};

    async fn served() -> (Simulator, SocketAddr) {
        let simulator = Simulator::builder().timings(Timings::instant(Duration::ZERO)).build();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let server = simulator.clone();
        tokio::spawn(async move { server.serve(listener).await });
        (simulator, address)
    }

    /// What one request on a connection of its own brings back, byte for byte.
    async fn send(address: SocketAddr, request: String) -> String {
        let blocking = tokio::task::spawn_blocking(move || {
            let mut stream = std::net::TcpStream::connect(address).unwrap();
            stream.write_all(request.as_bytes()).unwrap();
            let mut told = Vec::new();
            // A broken connection may end in a reset instead of an end of file.
            let _ = stream.read_to_end(&mut told);
            String::from_utf8_lossy(&told).into_owned()
        });
        blocking.await.unwrap()
    }

    fn get(path: &str) -> String {
        format!("GET {path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n")
    }

    fn identity() -> String {
        let body = "Action=GetCallerIdentity&Version=2011-06-15";
        format!(
            "POST / HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\ncontent-length: {}\r\nauthorization: \
             AWS4-HMAC-SHA256 Credential=AKIA444455556666/20260101/us-gov-west-1/sts/aws4_request, \
             SignedHeaders=host, Signature=0\r\n\r\n{body}",
            body.len()
        )
    }

    #[tokio::test]
    async fn a_signed_request_is_an_aws_call() {
        let (_simulator, address) = served().await;
        let told = send(address, identity()).await;
        assert!(told.starts_with("HTTP/1.1 200 OK"), "{told}");
        assert!(told.contains("<Arn>arn:aws-us-gov:iam::444455556666:user/simulated</Arn>"), "{told}");
    }

    #[tokio::test]
    async fn a_broken_connection_brings_no_byte_back() {
        let (simulator, address) = served().await;
        simulator.fault(Fault::once("GetCallerIdentity", FaultKind::DropAfter));
        assert_eq!(send(address, identity()).await, "");
        assert!(send(address, identity()).await.starts_with("HTTP/1.1 200 OK"));
        assert_eq!(simulator.requests()[0].error.as_deref(), Some("answer lost"));
    }

    #[tokio::test]
    async fn people_see_a_page_and_harnesses_the_log() {
        let (_simulator, address) = served().await;
        send(address, identity()).await;
        let page = send(address, get("/")).await;
        assert!(page.contains("<title>Simulated AWS</title>") && page.contains("GetCallerIdentity"), "{page}");
        let log = send(address, get("/_requests")).await;
        assert!(log.contains(r#""operation":"GetCallerIdentity""#), "{log}");
    }

    #[tokio::test]
    async fn an_unsigned_request_elsewhere_is_refused() {
        let (_simulator, address) = served().await;
        assert!(send(address, get("/2013-04-01/hostedzone")).await.starts_with("HTTP/1.1 403"));
    }
}
