//! Small pieces of text for people.

use std::time::Duration;

/// `45 s`, `2 min 30 s`, `5 min`.
pub(crate) fn duration(duration: Duration) -> String {
    let seconds = duration.as_secs_f64().round() as u64;
    match (seconds / 60, seconds % 60) {
        (0, seconds) => format!("{seconds} s"),
        (minutes, 0) => format!("{minutes} min"),
        (minutes, seconds) => format!("{minutes} min {seconds} s"),
    }
}

/// Text of a stranger, fit to be shown: one line, of a length that people read.
pub(crate) fn shown(text: &str) -> String {
    const LONGEST: usize = 512;
    let clean = text.chars().take(LONGEST).map(|c| if c.is_control() { '\u{fffd}' } else { c });
    let mut clean: String = clean.collect();
    if text.chars().nth(LONGEST).is_some() {
        clean.push('…');
    }
    clean
}

/// Text inside of HTML and SVG.
pub(crate) fn escaped(text: &str) -> String {
    let mut html = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => html.push_str("&amp;"),
            '<' => html.push_str("&lt;"),
            '>' => html.push_str("&gt;"),
            '"' => html.push_str("&quot;"),
            '\'' => html.push_str("&#39;"),
            letter => html.push(letter),
        }
    }
    html
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_read_as_people_say_them() {
        let say = |seconds| duration(Duration::from_secs(seconds));
        assert_eq!([say(0), say(59), say(60), say(150)], ["0 s", "59 s", "1 min", "2 min 30 s"]);
    }
}
