//! Pages of a list: a size, and an opaque cursor that says where the next one starts.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use uuid::Uuid;

use super::{Error, limits};

/// How many items a page may hold: 1 to [`limits::MAX_PAGE_ITEMS`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PageSize(u32);

impl PageSize {
    /// The size asked for, or the default.
    ///
    /// # Errors
    /// [`Error::Invalid`] when it is out of bounds.
    pub fn new(limit: Option<u32>) -> Result<Self, Error> {
        match limit {
            None => Ok(Self(limits::DEFAULT_PAGE_ITEMS)),
            Some(limit) if (1..=limits::MAX_PAGE_ITEMS).contains(&limit) => Ok(Self(limit)),
            Some(_) => {
                let most = limits::MAX_PAGE_ITEMS;
                Err(Error::invalid("limit", format!("must be between 1 and {most}")))
            }
        }
    }

    /// The number of items.
    pub const fn get(self) -> u32 {
        self.0
    }

    /// One more than the page holds: reading it tells whether there is a next page.
    pub(crate) const fn and_one_more(self) -> u32 {
        self.0 + 1
    }
}

/// Where a page starts: the sort key of the last item before it. Opaque to clients.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cursor {
    /// The first part of the sort key.
    pub(crate) number: i64,
    /// The second, which makes it unique; nil where the first is unique already.
    pub(crate) id: Uuid,
}

impl Cursor {
    /// As clients see it: 32 characters of base64url.
    pub fn encode(&self) -> String {
        let mut bytes = [0; 24];
        bytes[..8].copy_from_slice(&self.number.to_be_bytes());
        bytes[8..].copy_from_slice(self.id.as_bytes());
        URL_SAFE_NO_PAD.encode(bytes)
    }

    /// Reads what a client sent back.
    ///
    /// # Errors
    /// [`Error::Invalid`] when it is none of ours.
    pub fn decode(text: &str) -> Result<Self, Error> {
        let bytes = URL_SAFE_NO_PAD.decode(text).ok();
        let bytes: Option<[u8; 24]> = bytes.and_then(|bytes| bytes.try_into().ok());
        let Some(bytes) = bytes else {
            return Err(Error::invalid("cursor", "must be a next_cursor of an earlier page"));
        };
        let (number, id) = bytes.split_at(8);
        Ok(Self {
            number: i64::from_be_bytes(number.try_into().expect("split at 8")),
            id: Uuid::from_slice(id).expect("24 - 8 = 16 bytes"),
        })
    }
}

/// Some items of a list, and where it goes on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page<T> {
    /// The items, in the list's order.
    pub items: Vec<T>,
    /// The start of the next page; `None` on the last one.
    pub next: Option<Cursor>,
}

impl<T> Page<T> {
    /// Cuts what was read (one more than the page holds, if there was that much) to a page.
    pub(crate) fn cut(mut items: Vec<T>, size: PageSize, key: impl Fn(&T) -> Cursor) -> Self {
        let more = items.len() > size.get() as usize;
        items.truncate(size.get() as usize);
        let next = if more { items.last().map(key) } else { None };
        Self { items, next }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_comes_back_as_it_went() {
        let cursor = Cursor { number: -7, id: Uuid::from_u128(u128::MAX / 3) };
        assert_eq!(Cursor::decode(&cursor.encode()), Ok(cursor));
    }

    #[test]
    fn what_is_no_cursor_is_refused() {
        for text in ["", "x", "AAAA", "%00", &"A".repeat(33)] {
            assert!(Cursor::decode(text).is_err(), "{text:?}");
        }
    }

    #[test]
    fn a_full_page_with_nothing_behind_it_is_the_last() {
        let key = |n: &i64| Cursor { number: *n, id: Uuid::nil() };
        let size = PageSize::new(Some(2)).unwrap();
        assert_eq!(Page::cut(vec![1, 2], size, key).next, None);
        assert_eq!(Page::cut(vec![1, 2, 3], size, key).next.unwrap().number, 2);
    }
}
