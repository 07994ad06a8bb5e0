//! Reading a `.env` file: names, values and line numbers. Nothing here reaches the process environment.
//!
//! The grammar is dotenvy's, with three things evened out so that files written for the Python back ends
//! mean the same here: an unquoted value stands for itself (quotes, backslashes and a bare `$` in it are
//! kept), a comment after a value may contain anything, and several known settings may share one line as
//! in a shell. `${NAME}` is replaced.

use std::{cell::Cell, io, path::Path, rc::Rc};

use super::{
    error::{ConfigError, shown_path},
    settings,
};

/// One assignment of the file.
pub(super) struct Entry {
    pub(super) name: String,
    pub(super) value: String,
    /// Counted from 1; the last line of a value that spans several.
    pub(super) line: usize,
}

/// Reads the file at `path`.
///
/// `None` when there is none and `required` is false; a folder of that name (a Python environment may
/// be called `.env`) is then none, too.
pub(super) fn read(path: &Path, required: bool) -> Result<Option<Vec<Entry>>, ConfigError> {
    if !required && (path.is_dir() || !path.exists()) {
        return Ok(None);
    }
    let bytes = std::fs::read(path).map_err(|error| ConfigError::File {
        file: shown_path(path),
        problem: format!("cannot be read: {error}"),
    })?;
    parse(&shown_path(path), &bytes).map(Some)
}

fn parse(file: &str, bytes: &[u8]) -> Result<Vec<Entry>, ConfigError> {
    let malformed =
        |line, problem| ConfigError::EnvFileLine { file: file.to_owned(), line, problem };
    let text = std::str::from_utf8(bytes).map_err(|error| {
        let before = bytes.iter().take(error.valid_up_to()).filter(|byte| **byte == b'\n').count();
        malformed(before + 1, "is not UTF-8 text")
    })?;
    let lines: Vec<&str> = text.trim_start_matches('\u{feff}').lines().collect();
    let lines_read = Rc::new(Cell::new(0));
    let tidied = lines.iter().map(|line| tidy(line) + "\n").collect();
    let reader = LineReader { lines: tidied, lines_read: Rc::clone(&lines_read), taken: 0 };

    let mut entries = Vec::new();
    for item in dotenvy::from_read_iter(reader) {
        let line = lines_read.get();
        match item {
            Ok((name, value)) => entries.push(Entry { name, value, line }),
            Err(dotenvy::Error::LineParse(logical, _)) => {
                // An unclosed quote swallows what follows it; its first line is the one to look at.
                let first = line - logical.trim_end_matches('\n').matches('\n').count();
                let Some(several) = split_assignments(lines[first - 1]) else {
                    return Err(malformed(first, PROBLEM));
                };
                entries.extend(several.into_iter().map(|(name, value)| Entry {
                    name,
                    value,
                    line,
                }));
            }
            Err(_) => return Err(malformed(line.max(1), "cannot be read")),
        }
    }
    Ok(entries)
}

const PROBLEM: &str =
    "is not NAME=value; put a value with spaces or a # in quotes, and close the quotes";

/// Hands out one line per read, so that whoever buffers it has read no further than the line it is at.
struct LineReader {
    /// Each with its line end.
    lines: Vec<String>,
    lines_read: Rc<Cell<usize>>,
    /// Bytes of the current line that are already handed out.
    taken: usize,
}

impl io::Read for LineReader {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let Some(line) = self.lines.get(self.lines_read.get()) else { return Ok(0) };
        let rest = &line.as_bytes()[self.taken..];
        let count = rest.len().min(buffer.len());
        buffer[..count].copy_from_slice(&rest[..count]);
        self.taken += count;
        if self.taken == line.len() {
            self.lines_read.set(self.lines_read.get() + 1);
            self.taken = 0;
        }
        Ok(count)
    }
}

/// Rewrites `NAME=value # comment` so that dotenvy takes the value as it stands.
///
/// dotenvy lets an apostrophe in a value or in its comment swallow the lines that follow, and reads
/// `pa$word` as `pa`. Lines that are no assignment are left alone: they may be the inside of a quoted value.
fn tidy(line: &str) -> String {
    let Some((head, value)) = line.split_once('=').filter(|(head, _)| is_name(bare_name(head)))
    else {
        return line.to_owned();
    };
    let value = without_comment(value.trim());
    let closed = value.strip_prefix('\'').and_then(|rest| rest.strip_suffix('\''));
    let value = match (closed, value.chars().next()) {
        (Some(inner), _) if !inner.contains('\'') => {
            format!("\"{}\"", escape(inner, "$\"\\", false))
        }
        (_, Some('\'')) => value.to_owned(),
        (_, Some('"')) => escape(value, "$", true),
        _ => escape(value, "$'\"\\", true),
    };
    format!("{head}={value}")
}

/// Puts a backslash before each of `specials`, unless one escapes it already or, with `keep_braces`, it
/// begins a `${NAME}`.
fn escape(text: &str, specials: &str, keep_braces: bool) -> String {
    let mut out = String::with_capacity(text.len());
    let mut escaped = false;
    for (at, c) in text.char_indices() {
        let braces = keep_braces && text[at..].starts_with("${");
        if specials.contains(c) && !braces && !escaped {
            out.push('\\');
        }
        out.push(c);
        // A backslash that is itself special was just made an ordinary character.
        escaped = c == '\\' && !escaped && !specials.contains('\\');
    }
    out
}

fn bare_name(head: &str) -> &str {
    let head = head.trim();
    head.strip_prefix("export ").unwrap_or(head).trim()
}

fn is_name(text: &str) -> bool {
    !text.is_empty()
        && !text.starts_with(|c: char| c.is_ascii_digit())
        && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}

/// The value without the comment behind it. A quote that does not close on this line hides no comment.
fn without_comment(value: &str) -> &str {
    let Some(quote) = value.chars().next().filter(|c| matches!(c, '"' | '\'')) else {
        let comment = value.char_indices().find(|(at, c)| {
            *c == '#' && value[..*at].chars().next_back().is_none_or(char::is_whitespace)
        });
        return comment.map_or(value, |(at, _)| value[..at].trim_end());
    };
    let mut escaped = false;
    for (at, c) in value.char_indices().skip(1) {
        if c == quote && !escaped {
            let (quoted, rest) = value.split_at(at + 1);
            return if rest.trim_start().starts_with('#') { quoted } else { value };
        }
        escaped = quote == '"' && c == '\\' && !escaped;
    }
    value
}

/// `A=1 B=2` as a shell reads it, when every name is a setting's and nothing in it needs interpreting.
fn split_assignments(line: &str) -> Option<Vec<(String, String)>> {
    without_comment(line.trim())
        .split_whitespace()
        .map(|word| {
            let (name, value) = word.split_once('=')?;
            let plain = !value.contains(['"', '\'', '\\', '$']);
            let name = settings::known_name(name).filter(|_| plain)?;
            Some((name.to_owned(), value.to_owned()))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pairs(text: &str) -> Vec<(String, String, usize)> {
        let entries = parse(".env", text.as_bytes()).unwrap();
        entries.into_iter().map(|entry| (entry.name, entry.value, entry.line)).collect()
    }

    fn value(line: &str) -> String {
        let all = pairs(line);
        assert_eq!(all.len(), 1, "{line}");
        all[0].1.clone()
    }

    fn problem(text: &str) -> String {
        parse(".env", text.as_bytes()).err().expect("is refused").to_string()
    }

    #[test]
    fn reads_names_values_and_line_numbers() {
        let text =
            "\u{feff}# first\nPORT=1\n\n  export SERVER_HOST = \"::1\"  # it's here\r\nX='a b'\nY=";
        let expected = [("PORT", "1", 2), ("SERVER_HOST", "::1", 4), ("X", "a b", 5), ("Y", "", 6)];
        let expected =
            expected.map(|(name, value, line)| (name.to_owned(), value.to_owned(), line));
        assert_eq!(pairs(text), expected);
    }

    #[test]
    fn an_unquoted_value_stands_for_itself() {
        for value_text in
            ["pa$word", "it's", "a\\b", "a\"b", "$", "$$x", "p#q", "a=b", "sk-…", "{x}"]
        {
            assert_eq!(value(&format!("A={value_text}")), value_text);
            assert_eq!(value(&format!("A={value_text}  # don't mind \"this")), value_text);
        }
    }

    #[test]
    fn quotes_keep_spaces_comments_and_dollars() {
        assert_eq!(value("A='a $b ${c} # \"d\" \\n \\'  # don't"), "a $b ${c} # \"d\" \\n \\");
        assert_eq!(value("A='two\nlines # $b'"), "two\nlines # $b");
        assert_eq!(value(r#"A="a\\$b""#), r"a\$b");
        assert_eq!(value("A=\"it's $5 # c\\n\\\"d\\\" \\$\"  # don't"), "it's $5 # c\n\"d\" $");
        assert_eq!(value("A=\"two\nlines # both\""), "two\nlines # both");
    }

    #[test]
    fn braces_refer_to_earlier_lines() {
        let all =
            pairs("SERENE_TEST_NAME=ana\nA=x-${SERENE_TEST_NAME}-y\nB=\"${SERENE_TEST_NAME}\"");
        assert_eq!((all[1].1.as_str(), all[2].1.as_str()), ("x-ana-y", "ana"));
    }

    #[test]
    fn an_apostrophe_in_a_comment_hides_no_setting() {
        let text = "PORT=1  # don't\nSERVER_HOST=::1  # can't\n";
        assert_eq!(pairs(text).len(), 2);
    }

    #[test]
    fn several_settings_may_share_a_line() {
        let all = pairs("DATABASE_URL=sqlite:///./data/serene.db JWT_SECRET=supersecret # both\n");
        assert_eq!(
            (all[0].1.as_str(), all[1].1.as_str()),
            ("sqlite:///./data/serene.db", "supersecret")
        );
        // A passphrase that was not quoted must not be cut at its first space.
        assert!(problem("JWT_SECRET=hunter2 X=1").starts_with(".env line 1:"));
        assert!(problem("JWT_SECRET=hunter2 PORT='1'").starts_with(".env line 1:"));
    }

    #[test]
    fn a_malformed_line_is_named_by_number_and_never_quoted() {
        for (text, line) in [
            ("PORT=1\nhunter2\n", 2),
            ("\n\nJWT_SECRET=hunter2 and more\n", 3),
            ("PORT=1\nJWT_SECRET=\"hunter2\nX=1\n", 2),
            ("#\nJWT_SECRET='hunter2", 2),
            ("JWT_SECRET=\"hunter2\\q\"", 1),
            ("JWT_SECRET=\"hunter2\" x", 1),
            ("1X=hunter2", 1),
            ("=hunter2", 1),
            ("JWT-SECRET=hunter2", 1),
            ("JWT_SECRET: hunter2", 1),
        ] {
            let message = problem(text);
            assert!(message.starts_with(&format!(".env line {line}: ")), "{text:?}: {message}");
            assert!(!message.contains("hunter") && !message.contains('\n'), "{message}");
        }
        let not_utf8 = parse(".env", b"PORT=1\nX=\xff\n").err().expect("is refused").to_string();
        assert_eq!(not_utf8, ".env line 2: is not UTF-8 text");
    }

    #[test]
    fn long_lines_and_missing_line_ends_are_read_whole() {
        let long = "x".repeat(100_000);
        assert_eq!(pairs(&format!("A={long}\nB=2 ")).len(), 2);
        assert_eq!(value(&format!("A={long}")), long);
        assert!(pairs("").is_empty());
    }

    #[test]
    fn a_missing_file_matters_only_when_it_was_asked_for() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x.env");
        assert!(read(&path, false).unwrap().is_none());
        assert!(read(folder.path(), false).unwrap().is_none(), "a folder called .env");
        let message = read(&path, true).err().expect("is refused").to_string();
        assert!(message.contains("x.env: cannot be read:"), "{message}");
        std::fs::write(&path, "PORT=1").unwrap();
        assert_eq!(read(&path, false).unwrap().unwrap().len(), 1);
    }
}
