//! One HTTP/1.1 request after another over one connection, each bounded in bytes and in time.

use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::task::Poll;
use std::time::SystemTime;

use ::http::{Request, Response};
use bytes::Bytes;
use http_body_util::{BodyExt, Full, LengthLimitError, Limited};
use hyper::client::conn::http1::{Builder, SendRequest};
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};

use super::clock::Clock;
use super::outcome::HttpFailure;
use super::shown;

/// An answer of the proxy API has some hundred bytes. This is the most that is read, of headers and of a body.
const MOST_BYTES: usize = 64 * 1024;

/// A connection. Dropping it closes it: nothing runs by itself.
pub(super) struct Connection {
    sender: SendRequest<Full<Bytes>>,
    driver: Pin<Box<dyn Future<Output = ()> + Send>>,
    driven: bool,
}

/// An answer that was read to its end.
pub(super) struct Answered {
    pub(super) response: Response<Bytes>,
    pub(super) sent: SystemTime,
    pub(super) took_ms: f64,
}

/// Why there is no answer.
pub(super) struct Unanswered {
    pub(super) failure: HttpFailure,
    pub(super) reason: String,
}

impl Connection {
    pub(super) async fn open(stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static) -> Result<Self, Unanswered> {
        let opened = Builder::new().max_buf_size(MOST_BYTES).handshake(TokioIo::new(stream)).await;
        let (sender, driver) = opened.map_err(|error| Unanswered::read(&error))?;
        let driver = async move {
            // What goes wrong with the connection, the request tells.
            let _ = driver.await;
        };
        Ok(Self { sender, driver: Box::pin(driver), driven: false })
    }

    pub(super) async fn ask(&mut self, request: Request<Full<Bytes>>, clock: &Clock) -> Result<Answered, Unanswered> {
        let sent = clock.now();
        let Self { sender, driver, driven } = self;
        let exchange = async {
            let response = sender.send_request(request).await.map_err(|error| Unanswered::read(&error))?;
            let (parts, body) = response.into_parts();
            let body = Limited::new(body, MOST_BYTES).collect().await.map_err(|error| Unanswered::read(&*error))?;
            Ok(Response::from_parts(parts, body.to_bytes()))
        };
        let mut exchange = Box::pin(exchange);
        let both = poll_fn(|context| {
            if !*driven && driver.as_mut().poll(context).is_ready() {
                *driven = true;
            }
            match exchange.as_mut().poll(context) {
                Poll::Pending if *driven => exchange.as_mut().poll(context),
                other => other,
            }
        });
        match clock.bounded(both).await {
            Some(answer) => answer.map(|response| Answered { response, sent, took_ms: clock.since(sent) }),
            None => {
                let reason = format!("no end of the answer within {} ms", clock.limit_ms());
                Err(Unanswered { failure: HttpFailure::TimedOut, reason })
            }
        }
    }
}

impl Unanswered {
    pub(super) fn new(failure: HttpFailure, reason: impl Into<String>) -> Self {
        Self { failure, reason: reason.into() }
    }

    fn read(error: &(dyn std::error::Error + 'static)) -> Self {
        let failure = match error.downcast_ref::<hyper::Error>() {
            _ if error.is::<LengthLimitError>() => HttpFailure::TooLarge,
            Some(error) if error.is_parse_too_large() => HttpFailure::TooLarge,
            Some(error) if error.is_parse() => HttpFailure::NotHttp,
            _ => HttpFailure::Closed,
        };
        let mut reason = error.to_string();
        let mut source = error.source();
        while let Some(inner) = source {
            reason.push_str(&format!(": {inner}"));
            source = inner.source();
        }
        Self { failure, reason: shown(&reason) }
    }
}
