//! What a scene tells: paragraphs of plain words, and lines that stay as they are.

/// No line is longer.
const WIDTH: usize = 96;

/// The text of a scene.
pub(super) struct Text {
    text: String,
    colour: bool,
}

impl Text {
    pub(super) fn new(colour: bool) -> Self {
        Self {
            text: String::new(),
            colour,
        }
    }

    pub(super) fn as_str(&self) -> &str {
        &self.text
    }

    pub(super) fn title(&mut self, title: &str) {
        let (on, off) = match self.colour {
            true => ("\x1b[1m", "\x1b[0m"),
            false => ("", ""),
        };
        self.text.push_str(&format!("{on}{title}{off}\n"));
        let line = "=".repeat(title.chars().count());
        self.text.push_str(&line);
        self.text.push('\n');
    }

    pub(super) fn blank(&mut self) {
        self.text.push('\n');
    }

    /// A paragraph, after an empty line.
    pub(super) fn say(&mut self, words: &str) {
        self.blank();
        let mut length = 0;
        for word in words.split_whitespace() {
            let more = word.chars().count();
            if length > 0 && length + 1 + more > WIDTH {
                self.blank();
                length = 0;
            }
            if length > 0 {
                self.text.push(' ');
                length += 1;
            }
            self.text.push_str(word);
            length += more;
        }
        self.blank();
    }

    /// Lines that stay as they are, after an empty one.
    pub(super) fn lines<S: AsRef<str>>(&mut self, lines: impl IntoIterator<Item = S>) {
        self.blank();
        for line in lines {
            self.text.push_str("  ");
            self.text.push_str(line.as_ref().trim_end());
            self.blank();
        }
    }
}

/// `1 page`, `2 pages`.
pub(super) fn count(number: u64, one: &str) -> String {
    let number_text = pagewalk::report::stats::grouped(number);
    match number {
        1 => format!("1 {one}"),
        _ => format!("{number_text} {one}s"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paragraphs_are_broken_between_words() {
        let mut text = Text::new(false);
        text.say(&"word ".repeat(40));
        let longest = text.as_str().lines().map(str::len).max();
        assert_eq!(longest, Some(94));
        assert_eq!(text.as_str().split_whitespace().count(), 40);
    }

    #[test]
    fn one_is_not_many() {
        assert_eq!(count(1, "page"), "1 page");
        assert_eq!(count(0, "page"), "0 pages");
        assert_eq!(count(2048, "page"), "2,048 pages");
    }
}
