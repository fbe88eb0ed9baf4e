//! JSON values to XML elements and back.

use serde_json::{Map, Value};

pub(crate) const HEAD: &str = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n";

pub(crate) fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

/// The members of an object as elements; `item` names the elements of the list under a given member.
/// Null members are left out, as AWS leaves out what is not set.
pub(crate) fn members(value: &Value, item: &dyn Fn(&str) -> &'static str) -> String {
    let Value::Object(map) = value else { return leaf(value) };
    map.iter().map(|(name, value)| element(name, value, item)).collect()
}

fn element(name: &str, value: &Value, item: &dyn Fn(&str) -> &'static str) -> String {
    match value {
        Value::Null => String::new(),
        Value::Array(items) => {
            let inside: String = items.iter().map(|each| element(item(name), each, item)).collect();
            format!("<{name}>{inside}</{name}>")
        }
        Value::Object(_) => format!("<{name}>{}</{name}>", members(value, item)),
        other => format!("<{name}>{}</{name}>", leaf(other)),
    }
}

fn leaf(value: &Value) -> String {
    crate::call::text_of(value).map(|text| escape(&text)).unwrap_or_default()
}

/// An element with its children: repeated children become lists, so does a child that stands in `lists`.
pub(crate) fn read(node: roxmltree::Node<'_, '_>, lists: &[&str]) -> Value {
    let children: Vec<_> = node.children().filter(roxmltree::Node::is_element).collect();
    if children.is_empty() {
        return Value::String(node.text().unwrap_or_default().to_owned());
    }
    let name = node.tag_name().name();
    if lists.contains(&name) {
        return Value::Array(children.into_iter().map(|child| read(child, lists)).collect());
    }
    let mut map = Map::new();
    for child in children {
        map.insert(child.tag_name().name().to_owned(), read(child, lists));
    }
    Value::Object(map)
}
