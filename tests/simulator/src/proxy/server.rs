//! The proxy as a server on loopback, over real TLS, until its handle is dropped.

use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use aws_smithy_types::DateTime;
use aws_smithy_types::date_time::Format;
use bytes::Bytes;
use http::{HeaderValue, Request, Response};
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt, Full, Limited};
use hyper::body::{Body, Frame, Incoming};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::{AbortHandle, JoinSet};
use tokio_rustls::TlsAcceptor;

use super::certificate::{Authority, Issued};
use super::{Answers, Setup, Transport, answer, handshake, signature, spoil};

/// More than any request of KMS has.
const LONGEST_BODY: usize = 64 * 1024;

/// A running proxy on a port of its own. It stops when this is dropped.
pub struct Proxy {
    address: SocketAddr,
    shared: Arc<Shared>,
    task: Option<AbortHandle>,
}

struct Shared {
    authority: Authority,
    state: Mutex<State>,
}

struct State {
    setup: Setup,
    acceptor: TlsAcceptor,
    chain_pem: String,
    expired_root_pem: String,
    log: Vec<LoggedCall>,
}

/// A request that reached a proxy.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct LoggedCall {
    /// HTTP method.
    pub method: String,
    /// Path.
    pub path: String,
    /// The access key id that it claims to come from.
    pub access_key_id: Option<String>,
    /// `kmsOperation`.
    pub kms_operation: Option<String>,
    /// HTTP status of the answer.
    pub status: u16,
}

impl Proxy {
    /// Starts a proxy on a free port of 127.0.0.1.
    ///
    /// # Errors
    /// When no port is free, or the setup makes no certificate or TLS configuration.
    pub async fn start(setup: Setup) -> io::Result<Self> {
        Self::start_at(setup, SocketAddr::from(([127, 0, 0, 1], 0))).await
    }

    /// Starts a proxy at an address.
    ///
    /// # Errors
    /// As [`Proxy::start`].
    pub async fn start_at(setup: Setup, address: SocketAddr) -> io::Result<Self> {
        let authority = Authority::new("Simulated").map_err(io::Error::other)?;
        let state = State::new(setup, &authority)?;
        let closed = state.setup.transport == Transport::ClosedPort;
        let shared = Arc::new(Shared { authority, state: Mutex::new(state) });
        let listener = TcpListener::bind(address).await?;
        let address = listener.local_addr()?;
        let task = (!closed).then(|| tokio::spawn(serve(listener, Arc::clone(&shared))).abort_handle());
        Ok(Self { address, shared, task })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The root certificates to be trusted, as PEM: the one that its certificates lead to unless they are told otherwise,
    /// and that of [`Chain::ExpiredRoot`](super::Chain::ExpiredRoot) while it is served.
    pub fn root_pem(&self) -> String {
        self.shared.authority.root_pem() + &self.shared.lock().expired_root_pem
    }

    /// What it serves in the handshake, leaf first, as PEM.
    pub fn chain_pem(&self) -> String {
        self.shared.lock().chain_pem.clone()
    }

    /// Every request so far.
    pub fn requests(&self) -> Vec<LoggedCall> {
        self.shared.lock().log.clone()
    }

    /// Changes the setup while it runs: new connections get a new certificate from the same root.
    ///
    /// # Errors
    /// When the setup makes no certificate or TLS configuration; then nothing changes. `ClosedPort` is for the start.
    pub fn change(&self, change: impl FnOnce(&mut Setup)) -> io::Result<()> {
        let mut state = self.shared.lock();
        let mut setup = state.setup.clone();
        change(&mut setup);
        let log = std::mem::take(&mut state.log);
        match State::new(setup, &self.shared.authority) {
            Ok(new) => *state = State { log, ..new },
            Err(error) => {
                state.log = log;
                return Err(error);
            }
        }
        Ok(())
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        if let Some(task) = &self.task {
            task.abort();
        }
    }
}

impl State {
    fn new(setup: Setup, authority: &Authority) -> io::Result<Self> {
        let issued = authority.issue(&setup.certificate).map_err(io::Error::other)?;
        let config = handshake::config(&setup, authority, &issued)?;
        let acceptor = TlsAcceptor::from(Arc::new(config));
        let Issued { pem, expired_root_pem, .. } = issued;
        Ok(Self { setup, acceptor, chain_pem: pem, expired_root_pem, log: Vec::new() })
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Takes connections until aborted; what runs then ends with it.
async fn serve(listener: TcpListener, shared: Arc<Shared>) {
    let mut connections = JoinSet::new();
    loop {
        // A client that gives up while it connects is none of our business.
        if let Ok((stream, _)) = listener.accept().await {
            connections.spawn(converse(stream, Arc::clone(&shared)));
        }
        while connections.try_join_next().is_some() {}
    }
}

async fn converse(stream: TcpStream, shared: Arc<Shared>) -> io::Result<()> {
    // Answers must not wait for one another: what takes time here is measured.
    stream.set_nodelay(true)?;
    let (transport, acceptor) = {
        let state = shared.lock();
        (state.setup.transport, state.acceptor.clone())
    };
    match transport {
        Transport::Closing | Transport::ClosedPort => Ok(()),
        Transport::Silent => handshake::wait_for_the_end(stream).await,
        Transport::Tls11Only => handshake::answer_with_tls11(stream).await,
        Transport::UnknownName => handshake::refuse_the_name(stream).await,
        Transport::PlainHttp => speak_http(stream, shared).await,
        Transport::Http2Only => handshake::speak_http2(acceptor.accept(stream).await?).await,
        _ => speak_http(acceptor.accept(stream).await?, shared).await,
    }
}

async fn speak_http(stream: impl AsyncRead + AsyncWrite + Unpin, shared: Arc<Shared>) -> io::Result<()> {
    let service = service_fn(|request| respond(request, Arc::clone(&shared)));
    http1::Builder::new().serve_connection(TokioIo::new(stream), service).await.map_err(io::Error::other)
}

type Payload = UnsyncBoxBody<Bytes, Infallible>;

async fn respond(request: Request<Incoming>, shared: Arc<Shared>) -> Result<Response<Payload>, Infallible> {
    let (head, body) = request.into_parts();
    // A longer body loses its signature, which is refusal enough.
    let body = Limited::new(body, LONGEST_BODY).collect().await.map(|body| body.to_bytes()).unwrap_or_default();
    let request = Request::from_parts(head, body);
    let setup = shared.lock().setup.clone();
    tokio::time::sleep(Duration::from_millis(setup.delay_ms)).await;
    let path = request.uri().path();
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let proper = answer(&setup, &request, now);
    let mut response =
        if request.method() == http::Method::POST { spoil(&setup.answers, path, proper) } else { proper };
    response.headers_mut().insert("date", http_date(now, setup.clock_skew_seconds));
    shared.lock().log.push(logged(&request, response.status().as_u16()));
    let endless = setup.answers == Answers::Endless;
    Ok(response.map(|bytes| if endless { Endless(bytes).boxed_unsync() } else { Full::new(bytes).boxed_unsync() }))
}

fn logged(request: &Request<Bytes>, status: u16) -> LoggedCall {
    let input: Value = serde_json::from_slice(request.body()).unwrap_or_default();
    LoggedCall {
        method: request.method().to_string(),
        path: request.uri().path().to_owned(),
        access_key_id: signature::access_key_id(request).map(str::to_owned),
        kms_operation: input["requestMetadata"]["kmsOperation"].as_str().map(str::to_owned),
        status,
    }
}

fn http_date(now: Duration, skew: i64) -> HeaderValue {
    let seconds = i64::try_from(now.as_secs()).unwrap_or(i64::MAX).saturating_add(skew);
    let text = DateTime::from_secs(seconds).fmt(Format::HttpDate).unwrap_or_default();
    HeaderValue::from_str(&text).unwrap_or_else(|_| HeaderValue::from_static(""))
}

/// A body that goes on as it began, for ever.
struct Endless(Bytes);

impl Body for Endless {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: std::pin::Pin<&mut Self>,
        _: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        let next = std::mem::replace(&mut self.0, Bytes::from_static(&[b'x'; 1024]));
        std::task::Poll::Ready(Some(Ok(Frame::data(next))))
    }
}
