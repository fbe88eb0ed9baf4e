//! TXT values: one or more quoted strings, which resolvers join.

/// How long one quoted string may be.
const STRING_LIMIT: usize = 255;

/// What resolvers make of a TXT value, or what Route 53 finds wrong with it.
pub(super) fn unquote(value: &str) -> Result<String, String> {
    let mut rest = value.trim();
    let mut joined = String::new();
    loop {
        let (string, after) = one_string(rest).ok_or_else(|| {
            format!(
                "Invalid Resource Record: FATAL problem: InvalidCharacterString \
                 (Value should be enclosed in quotation marks) encountered with '{value}'"
            )
        })?;
        if string.len() > STRING_LIMIT {
            return Err(format!(
                "Invalid Resource Record: FATAL problem: CharacterStringTooLong \
                 (Value is too long) encountered with '{value}'"
            ));
        }
        joined.push_str(&string);
        rest = after.trim_start();
        if rest.is_empty() {
            return Ok(joined);
        }
    }
}

/// The first quoted string and what follows it. `\x` stands for `x`, `\ooo` for a byte in octal.
fn one_string(text: &str) -> Option<(String, &str)> {
    let inside = text.strip_prefix('"')?;
    let mut string = String::new();
    let mut rest = inside;
    loop {
        let next = rest.chars().next()?;
        rest = &rest[next.len_utf8()..];
        match next {
            '"' => return Some((string, rest)),
            '\\' => match rest.get(..3).and_then(|digits| u8::from_str_radix(digits, 8).ok()) {
                Some(byte) => {
                    string.push(char::from(byte));
                    rest = &rest[3..];
                }
                None => {
                    let escaped = rest.chars().next()?;
                    string.push(escaped);
                    rest = &rest[escaped.len_utf8()..];
                }
            },
            plain => string.push(plain),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::unquote;

    #[test]
    fn several_strings_are_joined_and_escapes_undone() {
        assert_eq!(unquote(r#""vpce:AbC""#).as_deref(), Ok("vpce:AbC"));
        assert_eq!(unquote(r#""a" "b""#).as_deref(), Ok("ab"));
        assert_eq!(unquote(r#""say \"hi\" \052""#).as_deref(), Ok("say \"hi\" *"));
    }

    #[test]
    fn a_value_needs_its_quotes() {
        for bad in ["vpce:abc", "\"vpce:abc", "vpce:abc\"", "\"a\" b", ""] {
            assert!(unquote(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn one_string_has_at_most_255_characters() {
        let long = "x".repeat(256);
        assert!(unquote(&format!("\"{long}\"")).is_err_and(|error| error.contains("CharacterStringTooLong")));
        assert_eq!(unquote(&format!("\"{}\" \"{}\"", &long[1..], &long[1..])).map(|text| text.len()), Ok(510));
    }
}
