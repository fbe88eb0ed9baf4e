//! Failures as data: what a call hands back instead of its value.

use std::sync::Arc;

use napi::bindgen_prelude::Either;
use napi_derive::napi;
use xkslink_embed::{Document as Data, Failure as Inner};

use crate::document::Document;

/// Why a call did not do what it should.
#[napi]
#[derive(Debug)]
pub struct Failure {
    inner: Arc<Inner>,
}

#[napi]
impl Failure {
    /// Its fields, as JSON. Holds no secret.
    #[napi]
    pub fn details(&self) -> String {
        self.inner.to_json()
    }

    /// What apply or teardown had done until then.
    #[napi]
    pub fn report(&self) -> Option<Document> {
        self.inner.report.clone().map(|report| Document::of(Data::Report(Box::new(report))))
    }

    /// Under which number the caller keeps what its callback threw.
    #[napi]
    pub fn thrown(&self) -> Option<u32> {
        self.inner.thrown().and_then(|thrown| thrown.downcast_ref()).copied()
    }
}

impl From<Arc<Inner>> for Failure {
    fn from(inner: Arc<Inner>) -> Self {
        Self { inner }
    }
}

/// A value, or why there is none.
pub type Outcome<T> = Either<T, Failure>;

/// Runs a call of the embedding crate.
pub(crate) fn outcome<T>(call: impl FnOnce() -> xkslink_embed::Result<T>) -> Outcome<T> {
    match xkslink_embed::guard(call) {
        Ok(value) => Either::A(value),
        Err(failure) => Either::B(Arc::new(failure).into()),
    }
}

/// What a verb fails with that was cancelled.
#[napi]
#[must_use]
pub fn cancelled() -> Failure {
    Arc::new(Inner::cancelled()).into()
}

/// What a handle fails with after its end.
#[napi]
#[must_use]
pub fn closed(what: String) -> Failure {
    Arc::new(Inner::closed(&what)).into()
}
