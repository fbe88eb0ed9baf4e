//! Listings that come in pages: all of them, or an error. Never a part that passes for the whole.

use std::collections::BTreeSet;

use aws_smithy_async::future::pagination_stream::PaginationStream;
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use aws_types::request_id::RequestId;

use super::answer::Answer;
use crate::error::{Error, ErrorKind, Result};

/// More pages than this are no listing. AWS puts a hundred items or more on a page, and the highest quota of anything that
/// is listed here is 100,000, of KMS keys in a Region.
const MOST: usize = 1_000;

/// The items of all pages; `read` takes the items and the next token out of one.
///
/// # Errors
/// Whatever a call fails with; `Aws` when the pages do not end.
pub(crate) async fn all<O, E, T>(
    doing: &str,
    action: &str,
    mut pages: PaginationStream<Result<O, SdkError<E, HttpResponse>>>,
    read: impl Fn(O) -> (Option<Vec<T>>, Option<String>),
) -> Result<Vec<T>>
where
    O: RequestId,
    E: ProvideErrorMetadata + std::error::Error + Send + Sync + 'static,
{
    let mut all = Vec::new();
    let mut turned = Turned::default();
    while let Some(page) = pages.next().await {
        let (items, token) = read(page.or_fail(doing, action)?);
        all.extend(items.unwrap_or_default());
        // The SDK takes a token that repeats for the end of the listing. That would be a part of it.
        if !turned.goes_on(doing, token.as_deref())? {
            break;
        }
    }
    Ok(all)
}

/// The pages turned so far, by the tokens that led to the next one.
#[derive(Debug, Default)]
pub(crate) struct Turned(BTreeSet<String>);

impl Turned {
    /// Whether there is a next page.
    ///
    /// # Errors
    /// `Aws` when its token led to a page before, or when there are too many pages.
    pub(crate) fn goes_on(&mut self, doing: &str, token: Option<&str>) -> Result<bool> {
        let Some(token) = token.filter(|token| !token.is_empty()) else { return Ok(false) };
        if !self.0.insert(token.to_owned()) {
            return Err(endless(doing, "AWS gave the same page token twice"));
        }
        if self.0.len() >= MOST {
            return Err(endless(doing, &format!("AWS gave {MOST} pages, and more are to come")));
        }
        Ok(true)
    }
}

fn endless(doing: &str, what: &str) -> Error {
    let help = "try again; if it happens again, this is a fault of the endpoint that answers, or of a proxy before it";
    Error::new(ErrorKind::Aws, format!("could not {doing}: {what}"), help)
}

#[cfg(test)]
mod tests {
    use super::{MOST, Turned};

    #[test]
    fn a_listing_ends_without_a_token() {
        let mut turned = Turned::default();
        assert!(turned.goes_on("list", Some("a")).unwrap());
        assert!(turned.goes_on("list", Some("b")).unwrap());
        assert!(!turned.goes_on("list", Some("")).unwrap());
        assert!(!turned.goes_on("list", None).unwrap());
    }

    #[test]
    fn a_token_that_repeats_is_an_error_even_pages_later() {
        let mut turned = Turned::default();
        for token in ["a", "b"] {
            turned.goes_on("list keys", Some(token)).unwrap();
        }
        let error = turned.goes_on("list keys", Some("a")).unwrap_err();
        assert_eq!(error.to_string(), "could not list keys: AWS gave the same page token twice");
    }

    #[test]
    fn pages_without_end_are_an_error() {
        let mut turned = Turned::default();
        let turns = (0..).take_while(|page| turned.goes_on("list", Some(&page.to_string())).is_ok()).count();
        assert_eq!(turns, MOST - 1);
    }
}
