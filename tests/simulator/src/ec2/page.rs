//! Paging of Describe operations by `MaxResults` and `NextToken`.

use serde_json::Value;

use crate::call::{Call, Fail};

const TOKEN: &str = "page-from-";

/// The page that a call asks for, and the token of the next one.
pub(super) fn page(call: &Call, items: Vec<Value>) -> Result<(Vec<Value>, Option<String>), Fail> {
    let size = size(call)?;
    let from = from(call)?;
    let all = items.len();
    let page: Vec<Value> = items.into_iter().skip(from).take(size).collect();
    let next = from + page.len();
    Ok((page, (next < all).then(|| format!("{TOKEN}{next}"))))
}

fn size(call: &Call) -> Result<usize, Fail> {
    let Some(text) = call.text("MaxResults") else { return Ok(usize::MAX) };
    match text.parse() {
        Ok(size @ 5..=1000) => Ok(size),
        Ok(size) if size > 1000 => Ok(1000),
        _ => Err(Fail::new(
            "InvalidParameterValue",
            format!("Value ( {text} ) for parameter maxResults is invalid. Expecting a value of at least 5."),
        )),
    }
}

fn from(call: &Call) -> Result<usize, Fail> {
    let Some(token) = call.text("NextToken") else { return Ok(0) };
    let number = token.strip_prefix(TOKEN).and_then(|number| number.parse().ok());
    number.ok_or_else(|| Fail::new("InvalidPaginationToken", "The specified pagination token is not valid."))
}
