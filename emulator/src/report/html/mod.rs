//! One page of HTML that shows the MMU at a point of a run: self-contained, with its data inside
//! as JSON and everything drawn from it in the browser.
//!
//! `page.html` is the frame, `page.css` the look, the scripts draw. Whatever a guest can name
//! reaches the page only as JSON, in which no `<` is left, and only as text.

mod data;

pub use data::{Data, LeftOut, Limits, Sources};

const FRAME: &str = include_str!("page.html");
const STYLE: &str = include_str!("page.css");
/// They share one scope; what runs at once is in the last.
const SCRIPTS: [&str; 8] = [
    include_str!("page.js"),
    include_str!("map.js"),
    include_str!("tables.js"),
    include_str!("address.js"),
    include_str!("tlb.js"),
    include_str!("figures.js"),
    include_str!("heat.js"),
    include_str!("start.js"),
];

/// The page.
pub fn page(data: &Data) -> serde_json::Result<String> {
    let title = escape_text(data.guest());
    let data = escape_json(&serde_json::to_string(data)?);
    let script = format!("\"use strict\";\n(() => {{\n{}}})();\n", SCRIPTS.join("\n"));
    // Split, not replaced one after the other: what is put in may hold a mark of the frame.
    let mut page = String::with_capacity(FRAME.len() + STYLE.len() + script.len() + data.len());
    for part in FRAME.split("{{") {
        match part.split_once("}}") {
            None => page.push_str(part),
            Some((mark, rest)) => {
                page.push_str(match mark {
                    "title" => &title,
                    "style" => STYLE,
                    "script" => &script,
                    "data" => &data,
                    _ => "",
                });
                page.push_str(rest);
            }
        }
    }
    Ok(page)
}

/// JSON that no reader of HTML takes for anything else: these characters can only stand in strings.
fn escape_json(json: &str) -> String {
    let mut escaped = String::with_capacity(json.len());
    for letter in json.chars() {
        match letter {
            '<' | '>' | '&' | '\u{2028}' | '\u{2029}' => {
                escaped.push_str(&format!("\\u{:04x}", letter as u32));
            }
            _ => escaped.push(letter),
        }
    }
    escaped
}

fn escape_text(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_keeps_its_meaning_and_loses_what_html_would_read() {
        let hostile = "</script><!--<script>&amp;\u{2028}\u{2029}\"\\";
        let json = serde_json::to_string(hostile).unwrap();
        let escaped = escape_json(&json);
        assert!(
            !escaped.contains(['<', '>', '&', '\u{2028}', '\u{2029}']),
            "{escaped}"
        );
        assert_eq!(serde_json::from_str::<String>(&escaped).unwrap(), hostile);
    }

    #[test]
    fn every_mark_of_the_frame_is_known() {
        let marks: Vec<&str> = FRAME
            .split("{{")
            .skip(1)
            .filter_map(|part| part.split("}}").next())
            .collect();
        assert_eq!(marks, ["title", "style", "data", "script"]);
    }

    #[test]
    fn the_sources_end_no_element_early() {
        assert!(SCRIPTS.iter().all(|script| !script.contains("</script")));
        assert!(!STYLE.contains("</style"));
    }
}
