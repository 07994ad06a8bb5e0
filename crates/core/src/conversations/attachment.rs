//! Images that come with a message: `data:` URLs, checked by their first bytes. The server fetches
//! nothing a client points to.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use bytes::Bytes;
use uuid::Uuid;

use crate::base::{Error, limits};

/// The kinds of images that are kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MediaType {
    /// PNG.
    Png,
    /// JPEG.
    Jpeg,
    /// WebP.
    Webp,
    /// GIF.
    Gif,
}

impl MediaType {
    const ALL: [Self; 4] = [Self::Png, Self::Jpeg, Self::Webp, Self::Gif];

    /// For example `image/png`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Png => "image/png",
            Self::Jpeg => "image/jpeg",
            Self::Webp => "image/webp",
            Self::Gif => "image/gif",
        }
    }

    /// The kind of that name.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == word)
    }

    /// Whether the bytes begin as this kind does.
    fn fits(self, data: &[u8]) -> bool {
        match self {
            Self::Png => data.starts_with(b"\x89PNG\r\n\x1a\n"),
            Self::Jpeg => data.starts_with(b"\xff\xd8\xff"),
            Self::Webp => data.starts_with(b"RIFF") && data.get(8..12) == Some(b"WEBP"),
            Self::Gif => data.starts_with(b"GIF87a") || data.starts_with(b"GIF89a"),
        }
    }
}

/// What is known of an attachment without its bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AttachmentInfo {
    /// Its id.
    pub id: Uuid,
    /// What kind of image it is.
    pub media_type: MediaType,
    /// How large it is.
    pub size_bytes: i64,
}

/// An attachment with its bytes.
#[derive(Clone)]
pub struct Attachment {
    /// What it is.
    pub info: AttachmentInfo,
    /// The image.
    pub data: Bytes,
}

impl std::fmt::Debug for Attachment {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Attachment({:?}, [redacted])", self.info)
    }
}

/// An image that a client sends.
#[derive(Clone)]
pub struct NewAttachment {
    media_type: MediaType,
    data: Bytes,
}

impl std::fmt::Debug for NewAttachment {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "NewAttachment({}, [redacted])", self.media_type.as_str())
    }
}

const FIELD: &str = "attachments";

impl NewAttachment {
    /// Reads `data:image/png;base64,…`.
    ///
    /// # Errors
    /// [`Error::Invalid`] for another kind, damaged base64, an image that is too large or is not
    /// what it says.
    pub fn from_data_url(url: &str) -> Result<Self, Error> {
        let parts = url.strip_prefix("data:").and_then(|rest| rest.split_once(','));
        let kind = parts.and_then(|(head, body)| Some((head.strip_suffix(";base64")?, body)));
        let kind = kind.and_then(|(name, body)| Some((MediaType::from_word(name)?, body)));
        let Some((media_type, body)) = kind else {
            return Err(Error::invalid(
                FIELD,
                "must be data: URLs in base64 of image/png, image/jpeg, image/webp or image/gif",
            ));
        };
        let most = limits::MAX_ATTACHMENT_BYTES;
        // Base64 is a third longer: refuse before decoding what cannot fit.
        if body.len() > most / 3 * 4 + 8 {
            return Err(too_large());
        }
        let data =
            STANDARD.decode(body).map_err(|_| Error::invalid(FIELD, "must be valid base64"))?;
        if data.len() > most {
            return Err(too_large());
        }
        if !media_type.fits(&data) {
            let kind = media_type.as_str();
            return Err(Error::invalid(FIELD, format!("must be what they say: this is no {kind}")));
        }
        Ok(Self { media_type, data: data.into() })
    }

    /// An image whose kind nobody named: it is told by its first bytes.
    ///
    /// # Errors
    /// [`Error::Invalid`] when it is too large, or of none of the kinds that are kept.
    pub fn from_bytes(data: Bytes) -> Result<Self, Error> {
        if data.len() > limits::MAX_ATTACHMENT_BYTES {
            return Err(too_large());
        }
        let kind = MediaType::ALL.into_iter().find(|kind| kind.fits(&data));
        let media_type =
            kind.ok_or_else(|| Error::invalid(FIELD, "must be PNG, JPEG, WebP or GIF images"))?;
        Ok(Self { media_type, data })
    }

    /// One that is stored, to be stored once more.
    pub(super) fn again(stored: Attachment) -> Self {
        Self { media_type: stored.info.media_type, data: stored.data }
    }

    /// As a model is shown it.
    pub(crate) fn into_image(self) -> serene_llm::Image {
        serene_llm::Image { media_type: self.media_type.as_str().to_owned(), data: self.data }
    }

    /// Whether it may be this one that is stored: of its kind and size. Reading the bytes to
    /// compare them is more than telling a repeated message from another is worth.
    pub(crate) fn looks_like(&self, stored: &AttachmentInfo) -> bool {
        self.media_type == stored.media_type
            && i64::try_from(self.data.len()) == Ok(stored.size_bytes)
    }

    /// Reads all of them.
    ///
    /// # Errors
    /// [`Error::Invalid`] for one that is wrong, or too many.
    pub fn from_data_urls(urls: &[String]) -> Result<Vec<Self>, Error> {
        if urls.len() > limits::MAX_ATTACHMENTS {
            let most = limits::MAX_ATTACHMENTS;
            return Err(Error::invalid(FIELD, format!("must be at most {most}")));
        }
        urls.iter().map(|url| Self::from_data_url(url)).collect()
    }
}

fn too_large() -> Error {
    let most = limits::MAX_ATTACHMENT_BYTES / 1024 / 1024;
    Error::invalid(FIELD, format!("must be at most {most} MiB each"))
}

/// Gives each its id.
pub(super) fn with_ids(
    new: Vec<NewAttachment>,
    mut new_id: impl FnMut() -> Uuid,
) -> Vec<(AttachmentInfo, Bytes)> {
    let info = |new: NewAttachment| {
        let size_bytes = i64::try_from(new.data.len()).unwrap_or(i64::MAX);
        (AttachmentInfo { id: new_id(), media_type: new.media_type, size_bytes }, new.data)
    };
    new.into_iter().map(info).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn url(kind: &str, data: &[u8]) -> String {
        format!("data:{kind};base64,{}", STANDARD.encode(data))
    }

    #[test]
    fn an_image_is_what_it_says() {
        assert!(NewAttachment::from_data_url(&url("image/gif", b"GIF89a....")).is_ok());
        assert!(NewAttachment::from_data_url(&url("image/png", b"GIF89a....")).is_err());
        assert!(NewAttachment::from_data_url(&url("image/svg+xml", b"<svg/>")).is_err());
    }

    #[test]
    fn the_kind_is_told_by_the_first_bytes() {
        let gif = NewAttachment::from_bytes(Bytes::from_static(b"GIF89a....")).unwrap();
        assert_eq!(gif.into_image().media_type, "image/gif");
        assert!(NewAttachment::from_bytes(Bytes::from_static(b"<svg/>")).is_err());
        let large = vec![0; limits::MAX_ATTACHMENT_BYTES + 1];
        assert!(NewAttachment::from_bytes(large.into()).is_err());
    }

    #[test]
    fn nothing_is_fetched_and_nothing_damaged_is_kept() {
        for bad in [
            "https://example.org/a.png",
            "data:image/png,abc",
            "data:image/png;base64,***",
            "",
            "data:",
        ] {
            assert!(NewAttachment::from_data_url(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn sizes_are_bounded() {
        let mut data = b"GIF89a".to_vec();
        data.resize(limits::MAX_ATTACHMENT_BYTES, 0);
        assert!(NewAttachment::from_data_url(&url("image/gif", &data)).is_ok());
        data.push(0);
        assert!(NewAttachment::from_data_url(&url("image/gif", &data)).is_err());
        let five = vec![url("image/gif", b"GIF89a"); 5];
        assert!(NewAttachment::from_data_urls(&five).is_err());
    }
}
