//! Paths into JSON, and references to saved values in deeds and specs: `$vpc`, `$ids.subnets.0`.

use serde_json::{Map, Value};

/// What `a.0.b` leads to.
pub fn at<'a>(value: &'a Value, path: &str) -> &'a Value {
    path.split('.').fold(value, |value, part| match part.parse::<usize>() {
        Ok(index) => &value[index],
        Err(_) => &value[part],
    })
}

/// Takes out what `a.b` leads to.
pub fn remove(value: &mut Value, path: &str) {
    match path.split_once('.') {
        Some((first, rest)) => remove(&mut value[first], rest),
        None => drop(value.as_object_mut().and_then(|map| map.remove(path))),
    }
}

/// Puts saved values in the place of references.
pub fn resolve(value: &Value, saved: &Map<String, Value>) -> Value {
    match value {
        Value::String(text) => resolve_text(text, saved),
        Value::Array(items) => items.iter().map(|item| resolve(item, saved)).collect(),
        Value::Object(map) => map.iter().map(|(key, item)| (key.clone(), resolve(item, saved))).collect(),
        other => other.clone(),
    }
}

/// A text that is one reference becomes the value itself; references inside a text become text.
fn resolve_text(text: &str, saved: &Map<String, Value>) -> Value {
    let mut built = String::new();
    let mut rest = text;
    while let Some(start) = rest.find('$') {
        let name = &rest[start + 1..];
        let end = name.find(|letter: char| !(letter.is_ascii_alphanumeric() || "._".contains(letter)));
        let (name, after) = name.split_at(end.unwrap_or(name.len()));
        let value = look_up(name, saved);
        if start == 0 && built.is_empty() && after.is_empty() {
            return value;
        }
        built.push_str(&rest[..start]);
        built.push_str(value.as_str().unwrap_or_else(|| panic!("`${name}` is no text")));
        rest = after;
    }
    built.push_str(rest);
    Value::String(built)
}

fn look_up(name: &str, saved: &Map<String, Value>) -> Value {
    let (first, rest) = name.split_once('.').unwrap_or((name, ""));
    let value = saved.get(first).unwrap_or_else(|| panic!("nothing is saved as `${first}`"));
    let found = if rest.is_empty() { value } else { at(value, rest) };
    assert!(!found.is_null(), "`${name}` leads to nothing");
    found.clone()
}
