//! Addresses and URLs other than the database's: where to listen, who may call, whom to ask.

use std::{
    fmt,
    net::{IpAddr, Ipv4Addr, SocketAddr},
};

use url::Url;

use super::parse::quoted;

/// The URL of a model server. It may hold credentials, so `Debug` and `Display` leave them out.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct ServiceUrl(String);

impl ServiceUrl {
    /// The whole URL.
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }

    /// Reads an `http` or `https` URL. The error never quotes it.
    pub(super) fn parse(value: &str) -> Result<Self, String> {
        let problem = "is not a URL; give one such as https://host:port/path";
        let url = Url::parse(value).map_err(|error| format!("{problem} ({error})"))?;
        if !matches!(url.scheme(), "http" | "https") || url.fragment().is_some() {
            return Err(format!("{problem}; only http and https, without #"));
        }
        Ok(Self(url.into()))
    }

    /// Reads the base of an OpenAI-compatible server, to which paths such as `/chat/completions` are added.
    pub(super) fn parse_base(value: &str) -> Result<Self, String> {
        let Self(url) = Self::parse(value)?;
        let base = url.trim_end_matches('/');
        if base.ends_with("/chat/completions") || base.contains('?') {
            return Err(
                "is not a base URL; leave out /chat/completions and what follows".to_owned()
            );
        }
        Ok(Self(base.to_owned()))
    }
}

impl fmt::Display for ServiceUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let url = Url::parse(&self.0).expect("was parsed when it was read");
        let shown = without_secrets(url);
        // A URL without a path prints with one slash; the base URL was kept without.
        f.write_str(if self.0.ends_with('/') { &shown } else { shown.trim_end_matches('/') })
    }
}

impl fmt::Debug for ServiceUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ServiceUrl({self})")
    }
}

/// The URL with its password as `***` and its query, which may hold a key, as `…`.
pub(super) fn without_secrets(mut url: Url) -> String {
    if url.password().is_some() {
        url.set_password(Some("***")).expect("a URL with a password can have another");
    }
    let has_query = url.query().is_some();
    url.set_query(None);
    format!("{url}{}", if has_query { "?…" } else { "" })
}

/// An address to listen on.
pub(super) fn host(value: &str) -> Result<IpAddr, String> {
    let bare = value.strip_prefix('[').and_then(|v| v.strip_suffix(']')).unwrap_or(value);
    if bare.eq_ignore_ascii_case("localhost") {
        return Ok(IpAddr::V4(Ipv4Addr::LOCALHOST));
    }
    bare.parse().map_err(|_| {
        format!(
            "{} is not an address; give an IP address or localhost, without a port",
            quoted(value)
        )
    })
}

/// An address and a port to listen on.
pub(super) fn socket(value: &str) -> Result<SocketAddr, String> {
    let parts = value
        .rsplit_once(':')
        .and_then(|(address, port)| Some(SocketAddr::new(host(address).ok()?, port.parse().ok()?)));
    parts.ok_or_else(|| {
        format!("{} is not an address with a port; give one such as 127.0.0.1:9464", quoted(value))
    })
}

/// Origins, comma separated, each as a browser sends it: lower case, without the scheme's own port.
pub(super) fn origins(value: &str) -> Result<Vec<String>, String> {
    let parts = value.split(',').map(str::trim).filter(|part| !part.is_empty());
    let mut origins: Vec<String> = parts.map(origin).collect::<Result<_, _>>()?;
    origins.dedup();
    Ok(origins)
}

fn origin(part: &str) -> Result<String, String> {
    if part.contains('*') {
        return Err("* is refused, because browsers send credentials with these requests; \
                    name each origin, such as http://localhost:3000"
            .to_owned());
    }
    let url = Url::parse(part).ok().filter(|url| {
        matches!(url.scheme(), "http" | "https")
            && (url.username().is_empty() && url.password().is_none())
            && url.path() == "/"
            && url.query().is_none()
            && url.fragment().is_none()
    });
    let url = url.ok_or_else(|| {
        format!("{} is not an origin; give scheme://host or scheme://host:port", quoted(part))
    })?;
    Ok(url.origin().ascii_serialization())
}

/// A network of IP addresses; a single address is one with all bits fixed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct IpNetwork {
    /// Any address in it.
    pub(crate) address: IpAddr,
    /// How many leading bits are fixed: at most 32 for IPv4, 128 for IPv6.
    pub(crate) prefix_bits: u8,
}

impl fmt::Display for IpNetwork {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (_, width) = bits(self.address);
        if u32::from(self.prefix_bits) == width {
            return write!(f, "{}", self.address);
        }
        write!(f, "{}/{}", self.address, self.prefix_bits)
    }
}

fn bits(address: IpAddr) -> (u128, u32) {
    match address {
        IpAddr::V4(v4) => (u128::from(v4.to_bits()), 32),
        IpAddr::V6(v6) => (v6.to_bits(), 128),
    }
}

/// Addresses and networks, comma separated.
pub(super) fn networks(value: &str) -> Result<Vec<IpNetwork>, String> {
    value.split(',').map(str::trim).filter(|part| !part.is_empty()).map(network).collect()
}

fn network(part: &str) -> Result<IpNetwork, String> {
    let (address, prefix) =
        part.split_once('/').map_or((part, None), |(address, bits)| (address, Some(bits)));
    let parsed = address.parse::<IpAddr>().ok().and_then(|address| {
        let (_, width) = bits(address);
        let prefix_bits = prefix.map_or(Some(width), |bits| bits.parse().ok())?;
        let prefix_bits = u8::try_from(prefix_bits).ok().filter(|_| prefix_bits <= width)?;
        Some(IpNetwork { address, prefix_bits })
    });
    parsed.ok_or_else(|| {
        format!("{} is not a network; give addresses or CIDRs such as 10.0.0.0/8", quoted(part))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn listening_addresses() {
        assert_eq!(host("0.0.0.0").unwrap().to_string(), "0.0.0.0");
        assert_eq!(host("localhost").unwrap().to_string(), "127.0.0.1");
        assert_eq!(host("[::1]").unwrap().to_string(), "::1");
        for wrong in ["example.org", "127.0.0.1:8000", "*", "http://localhost"] {
            assert!(host(wrong).unwrap_err().ends_with("localhost, without a port"), "{wrong}");
        }
    }

    #[test]
    fn origins_are_printed_as_browsers_send_them() {
        let given = "http://localhost:3000/, HTTPS://App.Example.org:443 ,,http://[::1]:5173";
        let expected = ["http://localhost:3000", "https://app.example.org", "http://[::1]:5173"];
        assert_eq!(origins(given).unwrap(), expected);
    }

    #[test]
    fn what_is_no_origin_is_refused() {
        for wrong in ["*", "https://*.example.org", "http://a.b,*"] {
            assert!(origins(wrong).unwrap_err().contains("credentials"), "{wrong}");
        }
        for wrong in [
            "localhost:3000",
            "http://a.b/path",
            "http://u:p@a.b",
            "ftp://a.b",
            "null",
            "http://a.b?x",
        ] {
            assert!(origins(wrong).unwrap_err().contains("is not an origin"), "{wrong}");
        }
    }

    #[test]
    fn networks_are_addresses_with_or_without_a_prefix() {
        let given = "127.0.0.1, 10.0.0.0/8,::1,fd00::/8,0.0.0.0/0";
        let all: Vec<_> = networks(given).unwrap().iter().map(ToString::to_string).collect();
        assert_eq!(all, ["127.0.0.1", "10.0.0.0/8", "::1", "fd00::/8", "0.0.0.0/0"]);
        for wrong in
            ["10.0.0.0/33", "::/129", "10.0.0/8", "proxy", "10.0.0.0/", "10.0.0.0/-1", "::/999"]
        {
            assert!(networks(wrong).unwrap_err().contains("is not a network"), "{wrong}");
        }
    }

    #[test]
    fn service_urls_hide_credentials_and_are_never_quoted() {
        let url = ServiceUrl::parse("https://u:hunter2@h:8001/generate?key=hunter2").unwrap();
        assert_eq!(url.to_string(), "https://u:***@h:8001/generate?…");
        assert_eq!(format!("{url:?}"), "ServiceUrl(https://u:***@h:8001/generate?…)");
        assert_eq!(url.as_str(), "https://u:hunter2@h:8001/generate?key=hunter2");
        for wrong in
            ["hunter2", "ftp://hunter2/x", "http://h/#hunter2", "http://:hunter2", "h:8001/x"]
        {
            let problem = ServiceUrl::parse(wrong).unwrap_err();
            assert!(
                problem.starts_with("is not a URL; give") && !problem.contains("hunter2"),
                "{problem}"
            );
        }
    }

    #[test]
    fn base_urls_end_without_a_slash() {
        for (given, base) in [
            ("http://h/v1/", "http://h/v1"),
            ("http://h:11434/v1", "http://h:11434/v1"),
            ("http://h", "http://h"),
        ] {
            let url = ServiceUrl::parse_base(given).unwrap();
            assert_eq!((url.as_str(), url.to_string().as_str()), (base, base));
        }
        for wrong in ["http://h/v1/chat/completions", "http://h/v1?api-version=1"] {
            assert!(
                ServiceUrl::parse_base(wrong).unwrap_err().contains("leave out /chat/completions")
            );
        }
    }
}
