//! What every object of EC2 has in common: an owner, an id, tags, and EC2's own way to say that it does not exist.

use crate::call::Fail;
use crate::world::{Home, Tags};

/// An object that EC2 lists, tags and looks up by id.
pub(super) trait Object {
    /// Resource type in tag specifications, such as `route-table`.
    const TYPE: &'static str;
    /// Error code for an id that names nothing.
    const NOT_FOUND: &'static str;
    /// What EC2's messages call an id of this kind.
    const NOUN: &'static str;

    fn home(&self) -> &Home;
    fn id(&self) -> &str;
    fn tags(&self) -> &Tags;
    fn tags_mut(&mut self) -> &mut Tags;

    /// EC2's refusal of an id that names nothing.
    fn missing(id: &str) -> Fail {
        Fail::new(Self::NOT_FOUND, format!("The {} '{id}' does not exist", Self::NOUN))
    }
}

/// Implements [`Object`] for a struct with the fields `home`, `id` and `tags`.
macro_rules! object {
    ($struct:ident, $type:literal, $not_found:literal, $noun:literal) => {
        impl $crate::ec2::object::Object for $struct {
            const TYPE: &'static str = $type;
            const NOT_FOUND: &'static str = $not_found;
            const NOUN: &'static str = $noun;

            fn home(&self) -> &$crate::world::Home {
                &self.home
            }

            fn id(&self) -> &str {
                &self.id
            }

            fn tags(&self) -> &$crate::world::Tags {
                &self.tags
            }

            fn tags_mut(&mut self) -> &mut $crate::world::Tags {
                &mut self.tags
            }
        }
    };
}

pub(super) use object;

/// The objects of one account and Region.
pub(super) fn mine<'a, T: Object>(all: &'a [T], home: &'a Home) -> impl Iterator<Item = &'a T> {
    all.iter().filter(move |each| each.home() == home)
}

/// The object with an id, if the caller owns one.
pub(super) fn find<'a, T: Object>(all: &'a [T], home: &Home, id: &str) -> Result<&'a T, Fail> {
    all.iter().find(|each| each.home() == home && each.id() == id).ok_or_else(|| T::missing(id))
}

/// The same, to change it.
pub(super) fn find_mut<'a, T: Object>(all: &'a mut [T], home: &Home, id: &str) -> Result<&'a mut T, Fail> {
    all.iter_mut().find(|each| each.home() == home && each.id() == id).ok_or_else(|| T::missing(id))
}
