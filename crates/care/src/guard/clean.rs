//! What is dropped from every answer before anybody looks at it.

/// Characters that show nothing but change how the text around them is shown or read. The joiners
/// of emoji and of Persian and Indian words stay.
fn is_invisible(c: char) -> bool {
    matches!(c,
        '\u{AD}' | '\u{61C}' | '\u{180E}' | '\u{200B}' | '\u{200E}' | '\u{200F}' | '\u{FEFF}'
        | '\u{202A}'..='\u{202E}'
        | '\u{2060}'..='\u{206F}'
        | '\u{FFF9}'..='\u{FFFC}'
        | '\u{E0000}'..='\u{E0FFF}')
}

/// The text without control and invisible characters, white space as single spaces, line breaks as
/// single line feeds.
pub(super) fn clean(answer: &str) -> String {
    let mut text = String::with_capacity(answer.len());
    let mut gap = None;
    for c in answer.chars() {
        if matches!(c, '\n' | '\r' | '\u{B}' | '\u{C}' | '\u{85}' | '\u{2028}' | '\u{2029}') {
            gap = Some('\n');
        } else if c.is_whitespace() {
            gap = gap.or(Some(' '));
        } else if !c.is_control() && !is_invisible(c) {
            if let Some(gap) = gap.take().filter(|_| !text.is_empty()) {
                text.push(gap);
            }
            text.push(c);
        }
    }
    text
}

/// Line breaks as spaces, nothing around.
pub(super) fn one_line(text: &str) -> String {
    text.trim().replace('\n', " ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn control_and_invisible_characters_go() {
        assert_eq!(clean("a\u{0}b\u{7}c\u{200B}d\u{202E}e\u{FEFF}"), "abcde");
        assert_eq!(clean("  one \t two\u{A0}three \r\n\n four  "), "one two three\nfour");
        assert_eq!(clean("👩\u{200D}🚀 می\u{200C}خواهم"), "👩\u{200D}🚀 می\u{200C}خواهم");
    }
}
