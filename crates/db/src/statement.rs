//! Statements: static SQL with a name, and the values bound to it.
//!
//! SQL is written once for three engines, with `?` placeholders and portable constructs only
//! (`docs/storage.md` lists the rules). Only `&'static` text is accepted: nothing a client sent
//! can become SQL, and a test can read every statement there is.

use std::{fmt, sync::OnceLock};

use uuid::Uuid;

/// A named, static statement. Made by [`statements!`](crate::statements) only.
#[derive(Debug)]
pub struct Sql {
    name: &'static str,
    text: &'static str,
    /// Worked out when a server is first asked.
    numbered: OnceLock<Numbered>,
    /// The kinds of values it was first given.
    kinds: OnceLock<Vec<Kind>>,
}

/// The same statement as PostgreSQL writes it.
#[derive(Debug)]
struct Numbered {
    text: String,
    placeholders: usize,
}

impl Sql {
    /// For the [`statements!`](crate::statements) macro, which also lists what it makes.
    #[doc(hidden)]
    pub const fn declare(name: &'static str, text: &'static str) -> Self {
        Self { name, text, numbered: OnceLock::new(), kinds: OnceLock::new() }
    }

    /// `<slice>.<what it does>`: the name in logs, in errors and in guards.
    pub const fn name(&self) -> &'static str {
        self.name
    }

    /// The portable SQL.
    pub const fn text(&self) -> &'static str {
        self.text
    }

    /// The SQL with `$1` for the first `?`, and so on.
    pub(crate) fn numbered(&self) -> &str {
        &self.numbered.get_or_init(|| number(self.text)).text
    }

    /// How many values it takes.
    pub(crate) fn placeholders(&self) -> usize {
        self.numbered.get_or_init(|| number(self.text)).placeholders
    }

    /// What is wrong with the values, if anything. PostgreSQL prepares a statement for the kinds
    /// that it is given first, and would read another kind as if it were of the first.
    pub(crate) fn mistake_in(&self, values: &[Value]) -> Option<String> {
        let placeholders = self.placeholders();
        if placeholders != values.len() {
            return Some(format!("{} values for {placeholders} placeholders", values.len()));
        }
        let first = self.kinds.get_or_init(|| values.iter().map(Value::kind).collect());
        let other = values.iter().zip(first).position(|(value, first)| value.kind() != *first)?;
        Some(format!(
            "value {} is {:?} and was {:?}",
            other + 1,
            values[other].kind(),
            first[other]
        ))
    }

    /// Whether it only reads.
    pub fn is_read(&self) -> bool {
        self.text.trim_start().get(..6).is_some_and(|word| word.eq_ignore_ascii_case("select"))
    }
}

/// Numbers the placeholders. A `?` in a literal, in a quoted name or in a comment is none.
fn number(sql: &str) -> Numbered {
    use fmt::Write as _;
    let (mut text, mut placeholders) = (String::with_capacity(sql.len() + 16), 0);
    let (mut quote, mut comment) = (None, false);
    let mut previous = ' ';
    for c in sql.chars() {
        match (quote, c) {
            _ if comment => comment = c != '\n',
            (Some(open), _) => quote = Some(open).filter(|open| c != *open),
            (None, '\'' | '"') => quote = Some(c),
            (None, '-') if previous == '-' => comment = true,
            (None, '?') => {
                placeholders += 1;
                write!(text, "${placeholders}").expect("writing to a String cannot fail");
                previous = c;
                continue;
            }
            (None, _) => {}
        }
        text.push(c);
        previous = c;
    }
    Numbered { text, placeholders }
}

/// Declares the statements of a store, and a list `ALL` of them for the tests that read them.
///
/// ```
/// serene_db::statements! {
///     /// One thing by its id.
///     GET = "things.get": "SELECT name FROM things WHERE owner_id = ? AND id = ? LIMIT 1";
/// }
/// assert_eq!(ALL[0].name(), "things.get");
/// # let _ = &GET;
/// ```
#[macro_export]
macro_rules! statements {
    ($($(#[$doc:meta])* $ident:ident = $name:literal : $text:expr;)+) => {
        $($(#[$doc])* static $ident: $crate::Sql = $crate::Sql::declare($name, $text);)+
        /// Every statement declared above, for the tests that read them all.
        pub(crate) static ALL: &[&$crate::Sql] = &[$(&$ident),+];
    };
}

/// A value bound to a placeholder. Every kind may be NULL, and a NULL keeps its kind, because
/// PostgreSQL wants to know the type of a NULL too.
#[derive(Clone, PartialEq, Eq)]
pub enum Value {
    /// Whole numbers, microseconds, booleans (0 and 1).
    Int(Option<i64>),
    /// Sixteen bytes.
    Uuid(Option<Uuid>),
    /// Bounded strings without NUL.
    Text(Option<String>),
    /// Long or sealed content.
    Blob(Option<Vec<u8>>),
}

/// The kind of a [`Value`], whether it is NULL or not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Int,
    Uuid,
    Text,
    Blob,
}

impl Value {
    const fn kind(&self) -> Kind {
        match self {
            Self::Int(_) => Kind::Int,
            Self::Uuid(_) => Kind::Uuid,
            Self::Text(_) => Kind::Text,
            Self::Blob(_) => Kind::Blob,
        }
    }
}

// Values are what people wrote; only their kind and size may reach a log.
impl fmt::Debug for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Int(_) => f.write_str("Int"),
            Self::Uuid(_) => f.write_str("Uuid"),
            Self::Text(value) => write!(f, "Text({} bytes)", value.as_ref().map_or(0, String::len)),
            Self::Blob(value) => write!(f, "Blob({} bytes)", value.as_ref().map_or(0, Vec::len)),
        }
    }
}

macro_rules! value_from {
    ($($type:ty => $variant:ident $(as $convert:expr)?),+ $(,)?) => {$(
        impl From<$type> for Value {
            fn from(value: $type) -> Self {
                Self::$variant(Some($($convert)?(value)))
            }
        }
        impl From<Option<$type>> for Value {
            fn from(value: Option<$type>) -> Self {
                Self::$variant(value.map(|value| $($convert)?(value)))
            }
        }
    )+};
}

value_from! {
    i64 => Int as i64::from,
    u32 => Int as i64::from,
    bool => Int as i64::from,
    Uuid => Uuid as std::convert::identity,
    String => Text as std::convert::identity,
    &str => Text as str::to_owned,
    Vec<u8> => Blob as std::convert::identity,
}

/// The values of a statement, in the order of its placeholders.
///
/// ```
/// let values = serene_db::values![1_i64, "two", None::<i64>];
/// assert_eq!(values.len(), 3);
/// ```
#[macro_export]
macro_rules! values {
    ($($value:expr),* $(,)?) => { vec![$($crate::Value::from($value)),*] };
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn placeholders_are_numbered_and_literals_left_alone() {
        let cases = [
            ("SELECT 1", "SELECT 1", 0),
            ("a = ? AND b IN (?, ?)", "a = $1 AND b IN ($2, $3)", 3),
            ("x = '?' AND y = ?", "x = '?' AND y = $1", 1),
            ("x = 'it''s ?' OR \"?\" = ?", "x = 'it''s ?' OR \"?\" = $1", 1),
            ("a -- ? really\n= ?", "a -- ? really\n= $1", 1),
            ("a - ? - -?", "a - $1 - -$2", 2),
            ("'-- ?' = ?", "'-- ?' = $1", 1),
            ("ö = ?", "ö = $1", 1),
        ];
        for (given, numbered, placeholders) in cases {
            let sql = Sql::declare("test", given);
            assert_eq!((sql.numbered(), sql.placeholders()), (numbered, placeholders));
        }
    }

    #[test]
    fn values_keep_their_number_and_their_kinds() {
        let sql = Sql::declare("test", "SELECT ?, ?");
        let mistake = |values: Vec<Value>| sql.mistake_in(&values);
        assert_eq!(mistake(values![1_i64]).as_deref(), Some("1 values for 2 placeholders"));
        assert_eq!(mistake(values![1_i64, "a"]), None);
        assert_eq!(mistake(values![None::<i64>, None::<&str>]), None);
        assert_eq!(
            mistake(values![1_i64, None::<Vec<u8>>]).as_deref(),
            Some("value 2 is Blob and was Text")
        );
    }

    #[test]
    fn a_read_is_told_from_a_write() {
        let is_read = |text| Sql::declare("test", text).is_read();
        assert!(is_read("SELECT 1") && is_read("\n  select 1"));
        assert!(
            !is_read("UPDATE t SET x = 1")
                && !is_read("DELETE")
                && !is_read("")
                && !is_read("ünïcödé")
        );
    }
}
