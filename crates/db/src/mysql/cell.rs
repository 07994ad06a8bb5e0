//! A column of a row: MySQL's types on one side, the four kinds of values on the other.

use sqlx::{
    Decode, MySql, Row as _, Type, TypeInfo as _, ValueRef as _,
    mysql::{MySqlRow, MySqlValueRef},
};

use crate::read::Cell;

/// The column at `index`; `None` when it is not there, or of a type that no statement reads.
pub(crate) fn cell(row: &MySqlRow, index: usize) -> Option<Cell<'_>> {
    let value: MySqlValueRef<'_> = row.try_get_raw(index).ok()?;
    if value.is_null() {
        return Some(Cell::Null);
    }
    let info = value.type_info();
    let name = info.name();
    Some(match name {
        "BIGINT" | "INT" | "MEDIUMINT" | "SMALLINT" | "TINYINT" | "BOOLEAN" => {
            Cell::Int(<i64 as Decode<MySql>>::decode(value).ok()?)
        }
        // What SUM makes of a BIGINT, as text.
        "DECIMAL" => Cell::Int(whole(<&str as Decode<MySql>>::decode(value).ok()?)?),
        _ if name.ends_with(" UNSIGNED") => {
            Cell::Int(<u64 as Decode<MySql>>::decode(value).ok()?.try_into().ok()?)
        }
        // The type alone does not tell: text and bytes differ in their character set.
        _ if <str as Type<MySql>>::compatible(&info) => {
            Cell::Text(<&str as Decode<MySql>>::decode(value).ok()?)
        }
        _ if <[u8] as Type<MySql>>::compatible(&info) => {
            Cell::Bytes(<&[u8] as Decode<MySql>>::decode(value).ok()?)
        }
        _ => return None,
    })
}

/// A DECIMAL that is a whole number.
fn whole(text: &str) -> Option<i64> {
    let (number, decimals) = text.split_once('.').unwrap_or((text, ""));
    if decimals.bytes().any(|digit| digit != b'0') {
        return None;
    }
    number.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::whole;

    #[test]
    fn decimal_is_read_when_it_is_whole_and_fits() {
        assert_eq!(whole("42"), Some(42));
        assert_eq!(whole("-9223372036854775808"), Some(i64::MIN));
        assert_eq!(whole("42.000"), Some(42));
        assert_eq!(whole("42.5"), None);
        assert_eq!(whole("9223372036854775808"), None);
    }
}
