//! The cookie `auth_token`: an access token that a browser keeps and no script reads.

use axum::http::{HeaderMap, HeaderValue, header};

use crate::App;

/// The cookie's name.
const NAME: &str = "auth_token";

/// What a cookie says of requests from other sites (RFC 6265bis).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum SameSite {
    /// Not sent with what other sites' pages load; sent when a link is followed.
    #[default]
    Lax,
    /// Never sent with requests from other sites.
    Strict,
    /// Always sent; browsers want `Secure` with it.
    None,
}

impl SameSite {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Lax => "Lax",
            Self::Strict => "Strict",
            Self::None => "None",
        }
    }
}

/// The token in the request's cookie; the first where there are several.
pub(super) fn read(headers: &HeaderMap) -> Option<&str> {
    let lines = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
    let mut pairs = lines.flat_map(|line| line.split(';')).filter_map(|pair| pair.split_once('='));
    let (_, token) = pairs.find(|(name, _)| name.trim() == NAME)?;
    Some(token.trim().trim_matches('"'))
}

/// The header that keeps a token. `https`: how the request came.
pub(crate) fn set(app: &App, token: &str, https: bool) -> Option<HeaderValue> {
    HeaderValue::from_str(&format!("{NAME}={token}; {}", attributes(app, https))).ok()
}

/// The header that takes the token away.
pub(crate) fn expire(app: &App, https: bool) -> Option<HeaderValue> {
    let past = "Expires=Thu, 01 Jan 1970 00:00:00 GMT; Max-Age=0";
    HeaderValue::from_str(&format!("{NAME}=; {past}; {}", attributes(app, https))).ok()
}

fn attributes(app: &App, https: bool) -> String {
    let options = &app.contracts;
    // Over plain http a Secure cookie is not sent back by every client.
    let secure = https || options.cookie_secure || options.same_site == SameSite::None;
    let secure = if secure { "; Secure" } else { "" };
    format!("HttpOnly; Path=/; SameSite={}{secure}", options.same_site.as_str())
}
