//! What all Describe operations share: look up by id, filter, page.

use serde_json::{Value, json};

use super::filter::{self, Filters};
use super::page::page;
use crate::call::{Answer, Call, Fail};

/// How one Describe operation lists its items.
pub(super) struct Listing {
    /// Member of the answer that holds the list.
    pub(super) set: &'static str,
    /// The parameter with ids, if there is one.
    pub(super) ids: Option<Ids>,
    /// Filters it knows besides tags.
    pub(super) filters: Filters,
}

/// The id parameter of a Describe operation.
pub(super) struct Ids {
    /// Name of the parameter.
    pub(super) parameter: &'static str,
    /// Member of an item that holds its id.
    pub(super) member: &'static str,
    /// EC2's refusal of an id that names nothing.
    pub(super) missing: fn(&str) -> Fail,
}

impl Listing {
    /// The answer to a call, given all items that the caller may see.
    pub(super) fn answer(&self, call: &Call, items: Vec<Value>) -> Answer {
        let (items, next) = self.page(call, items)?;
        Ok(json!({self.set: items, "nextToken": next}))
    }

    /// The items that a call asks for, and the token of the next page.
    pub(super) fn page(&self, call: &Call, mut items: Vec<Value>) -> Result<(Vec<Value>, Option<String>), Fail> {
        if let Some(ids) = &self.ids {
            ids.select(call, &mut items)?;
        }
        filter::apply(call, self.filters, &mut items)?;
        page(call, items)
    }
}

impl Ids {
    fn select(&self, call: &Call, items: &mut Vec<Value>) -> Result<(), Fail> {
        let wanted = call.texts(self.parameter);
        if wanted.is_empty() {
            return Ok(());
        }
        if let Some(unknown) = wanted.iter().find(|id| !items.iter().any(|item| item[self.member] == id.as_str())) {
            return Err((self.missing)(unknown));
        }
        items.retain(|item| wanted.iter().any(|id| item[self.member] == id.as_str()));
        Ok(())
    }
}
