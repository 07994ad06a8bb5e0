//! Statements: static SQL with a name, and the values bound to it.
//!
//! SQL is written once for three engines, with `?` placeholders and portable constructs only
//! (`docs/storage.md` lists the rules). Only `&'static` text is accepted: nothing a client sent
//! can become SQL, and a test can read every statement there is.

use std::fmt;

use uuid::Uuid;

/// A named, static statement. Made by [`statements!`](crate::statements) only.
#[derive(Debug)]
pub struct Sql {
    name: &'static str,
    text: &'static str,
}

impl Sql {
    /// For the [`statements!`](crate::statements) macro, which also lists what it makes.
    #[doc(hidden)]
    pub const fn declare(name: &'static str, text: &'static str) -> Self {
        Self { name, text }
    }

    /// `<slice>.<what it does>`: the name in logs, in errors and in guards.
    pub const fn name(&self) -> &'static str {
        self.name
    }

    /// The portable SQL.
    pub const fn text(&self) -> &'static str {
        self.text
    }

    /// Whether it only reads.
    pub fn is_read(&self) -> bool {
        self.text.trim_start().get(..6).is_some_and(|word| word.eq_ignore_ascii_case("select"))
    }
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
