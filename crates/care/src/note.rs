//! How long a note is. What stands in it is judged elsewhere.

/// The shortest note that is answered, in Unicode code points after trimming.
pub const MIN_NOTE_CHARS: usize = 50;

/// The length of a note in Unicode code points, white space at both ends not counted: neither
/// bytes nor UTF-16 units, so an emoji of one code point counts as one.
pub fn note_length(text: &str) -> usize {
    text.trim().chars().count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_note_is_measured_in_code_points_after_trimming() {
        assert_eq!(note_length(""), 0);
        assert_eq!(note_length(&" ".repeat(50)), 0);
        assert_eq!(note_length(" \u{3000}\n\tabc \u{A0}"), 3);
        assert_eq!(note_length(&"😀".repeat(25)), 25);
        assert_eq!(note_length(&"é".repeat(MIN_NOTE_CHARS)), 50);
        assert_eq!(note_length("👨‍👩‍👧"), 5);
    }
}
