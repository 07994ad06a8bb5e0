//! A column of a row: PostgreSQL's types on one side, the four kinds of values on the other.

use sqlx::{
    Row as _, TypeInfo as _, ValueRef as _,
    postgres::{PgRow, PgValueFormat},
};

use crate::read::Cell;

/// The column at `index`; `None` when it is not there, or of a type that no statement reads.
pub(crate) fn cell(row: &PgRow, index: usize) -> Option<Cell<'_>> {
    let value = row.try_get_raw(index).ok()?;
    if value.is_null() {
        return Some(Cell::Null);
    }
    if value.format() != PgValueFormat::Binary {
        return None;
    }
    let bytes = value.as_bytes().ok()?;
    let info = value.type_info();
    Some(match info.name() {
        "INT8" => Cell::Int(i64::from_be_bytes(bytes.try_into().ok()?)),
        "INT4" => Cell::Int(i32::from_be_bytes(bytes.try_into().ok()?).into()),
        "INT2" => Cell::Int(i16::from_be_bytes(bytes.try_into().ok()?).into()),
        "BOOL" => Cell::Int(i64::from(*bytes.first()?)),
        // What SUM makes of a BIGINT.
        "NUMERIC" => Cell::Int(whole(bytes)?),
        "TEXT" | "VARCHAR" | "CHAR" | "NAME" => Cell::Text(std::str::from_utf8(bytes).ok()?),
        "BYTEA" | "UUID" => Cell::Bytes(bytes),
        _ => return None,
    })
}

/// A NUMERIC that is a whole number: four words (how many digits, the weight of the first, the
/// sign, decimals) and digits to the base of 10,000.
fn whole(bytes: &[u8]) -> Option<i64> {
    let word = |index: usize| {
        Some(u16::from_be_bytes(bytes.get(index * 2..index * 2 + 2)?.try_into().ok()?))
    };
    let (digits, weight, sign) = (usize::from(word(0)?), word(1)?.cast_signed(), word(2)?);
    let before_point = usize::try_from(i32::from(weight) + 1).unwrap_or(0);
    let mut sum = 0_i128;
    for place in 0..before_point.max(digits) {
        let digit = if place < digits { word(4 + place)? } else { 0 };
        match place < before_point {
            true => sum = sum.checked_mul(10_000)?.checked_add(digit.into())?,
            false if digit != 0 => return None,
            false => {}
        }
    }
    match sign {
        0 => i64::try_from(sum).ok(),
        0x4000 => i64::try_from(-sum).ok(),
        _ => None, // not a number, or infinite
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numeric_is_read_when_it_is_whole_and_fits() {
        let numeric =
            |words: &[u16]| whole(&words.iter().flat_map(|w| w.to_be_bytes()).collect::<Vec<_>>());
        assert_eq!(numeric(&[0, 0, 0, 0]), Some(0));
        assert_eq!(numeric(&[1, 0, 0, 0, 42]), Some(42));
        assert_eq!(numeric(&[1, 0, 0x4000, 0, 42]), Some(-42));
        // Zeros at the end are not sent.
        assert_eq!(numeric(&[1, 2, 0, 0, 3]), Some(300_000_000));
        assert_eq!(numeric(&[5, 4, 0, 0, 922, 3372, 368, 5477, 5807]), Some(i64::MAX));
        assert_eq!(numeric(&[5, 4, 0x4000, 0, 922, 3372, 368, 5477, 5808]), Some(i64::MIN));
        assert_eq!(numeric(&[5, 4, 0, 0, 922, 3372, 368, 5477, 5808]), None);
        assert_eq!(numeric(&[2, 0, 0, 2, 1, 5000]), None, "one and a half");
        assert_eq!(numeric(&[1, u16::MAX, 0, 2, 5000]), None, "a half");
        assert_eq!(numeric(&[0, 0, 0xC000, 0]), None, "not a number");
        assert_eq!(numeric(&[2, 0, 0, 0, 1]), None, "cut off");
    }
}
