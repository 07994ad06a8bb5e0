//! Database addresses in the dialects of the published contracts, and how they print without a password.

use std::{fmt, path::PathBuf};

use secrecy::{ExposeSecret, SecretString};
use url::Url;

use super::{
    error::ConfigError,
    loader::Loader,
    parse,
    report::Shown,
    settings::{DATABASE_URL, DB_HOST, DB_NAME, DB_PASSWORD, DB_PORT, DB_USER},
    sources::Origin,
};

/// Where the data is kept. Neither `Debug` nor `Display` shows a password.
#[derive(Clone)]
pub(crate) enum DatabaseUrl {
    /// The embedded engine.
    Sqlite {
        /// The file; relative paths start at the working directory.
        path: PathBuf,
    },
    /// A PostgreSQL server.
    Postgres {
        /// Begins with `postgresql://`, whatever dialect was given.
        url: SecretString,
    },
    /// A MySQL or MariaDB server.
    Mysql {
        /// Begins with `mysql://`, whatever dialect was given.
        url: SecretString,
    },
}

/// The parts that together make a MySQL address.
pub(super) struct MysqlParts<'a> {
    pub(super) user: &'a str,
    pub(super) password: Option<&'a str>,
    pub(super) host: &'a str,
    pub(super) port: Option<u16>,
    pub(super) name: &'a str,
}

const ACCEPTED: &str = "give sqlite:///relative.db, sqlite:////absolute.db, postgresql://user:password@host/name or mysql://user:password@host/name";

impl DatabaseUrl {
    /// `DATABASE_URL`, or the `DB_` names when it is unset, or its default.
    pub(super) fn load(loader: &mut Loader<'_>) -> Result<Self, ConfigError> {
        let mut text = |setting| loader.optional(setting, |v| Ok(v.to_owned()), String::clone);
        let user = text(&DB_USER)?;
        let password = text(&DB_PASSWORD)?;
        let host = text(&DB_HOST)?;
        let port = text(&DB_PORT)?;
        let name = text(&DB_NAME)?;
        // The port alone says nothing: some hosts set it for every service that is called "db".
        let any = [&user, &password, &host, &name].into_iter().any(Option::is_some);
        let has_url = loader.sources.find(&DATABASE_URL).is_some();
        if has_url || !any {
            if any {
                let warning = "DATABASE_URL is set, so DB_USER, DB_PASSWORD, DB_HOST and DB_NAME count for nothing";
                loader.warnings.push(warning.to_owned());
            }
            return loader.required(&DATABASE_URL, Self::parse, ToString::to_string);
        }
        let needed = |value: Option<String>, setting| {
            let problem = "is needed, because other DB_ names are set; set DB_USER, DB_HOST and DB_NAME, or DATABASE_URL alone";
            value.ok_or_else(|| Origin::Default.error(setting, problem))
        };
        let (user, host, name) =
            (needed(user, &DB_USER)?, needed(host, &DB_HOST)?, needed(name, &DB_NAME)?);
        let port = port.map(|port| parse::port(&port)).transpose();
        let port = port.map_err(|problem| loader.origin(&DB_PORT).error(&DB_PORT, problem))?;
        let parts = MysqlParts {
            user: &user,
            password: password.as_deref(),
            host: &host,
            port,
            name: &name,
        };
        let origin = Origin::Derived("from DB_USER, DB_HOST and DB_NAME");
        let url = Self::mysql(&parts).map_err(|problem| origin.error(&DATABASE_URL, problem))?;
        loader.note(&DATABASE_URL, Shown::Value(url.to_string()), origin);
        Ok(url)
    }

    /// Reads an address. A driver after a plus sign (`postgresql+asyncpg://`) is read and left out.
    ///
    /// The error never quotes the address, because it may hold a password in a place where none is expected.
    pub(crate) fn parse(value: &str) -> Result<Self, String> {
        let Some((scheme, rest)) = value.split_once("://") else {
            return Err(format!("is not a database address; {ACCEPTED}"));
        };
        let (family, driver) = scheme.split_once('+').unwrap_or((scheme, "none"));
        let known_driver = !driver.is_empty() && driver.chars().all(|c| c.is_ascii_alphanumeric());
        match family.to_ascii_lowercase().as_str() {
            _ if !known_driver => Err(format!("names a driver that cannot be read; {ACCEPTED}")),
            "sqlite" => sqlite_path(rest).map(|path| Self::Sqlite { path }),
            "postgresql" | "postgres" => Ok(Self::Postgres { url: server("postgresql", rest)? }),
            "mysql" | "mariadb" => Ok(Self::Mysql { url: server("mysql", rest)? }),
            _ => Err(format!("begins with an unknown scheme; {ACCEPTED}")),
        }
    }

    /// Builds a MySQL address, encoding whatever a user name or password holds.
    pub(super) fn mysql(parts: &MysqlParts<'_>) -> Result<Self, String> {
        let password = parts.password.map(|p| format!(":{}", encoded(p))).unwrap_or_default();
        let bare_ipv6 = parts.host.parse::<std::net::Ipv6Addr>().is_ok();
        let host = if bare_ipv6 { format!("[{}]", parts.host) } else { parts.host.to_owned() };
        let port = parts.port.map(|port| format!(":{port}")).unwrap_or_default();
        let rest = format!("{}{password}@{host}{port}/{}", encoded(parts.user), parts.name);
        Ok(Self::Mysql { url: server("mysql", &rest)? })
    }

    /// The folder that a SQLite file is in.
    pub(crate) fn folder(&self) -> Option<PathBuf> {
        let Self::Sqlite { path } = self else { return None };
        match path.parent() {
            Some(folder) if !folder.as_os_str().is_empty() => Some(folder.to_owned()),
            _ => Some(PathBuf::from(".")),
        }
    }

    /// True when a password is written into the address.
    pub(crate) fn has_password(&self) -> bool {
        self.server_url().is_some_and(|url| url.password().is_some())
    }

    /// The address of a server.
    pub(crate) fn server_url(&self) -> Option<Url> {
        match self {
            Self::Sqlite { .. } => None,
            Self::Postgres { url } | Self::Mysql { url } => {
                Some(Url::parse(url.expose_secret()).expect("was parsed when it was read"))
            }
        }
    }
}

impl fmt::Display for DatabaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self, self.server_url()) {
            (_, Some(url)) => f.write_str(&super::network::without_secrets(url)),
            (Self::Sqlite { path }, None) => write!(f, "sqlite:///{}", path.display()),
            (Self::Postgres { .. } | Self::Mysql { .. }, None) => {
                unreachable!("a server has an address")
            }
        }
    }
}

impl fmt::Debug for DatabaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "DatabaseUrl({self})")
    }
}

/// `rest` is what follows `sqlite://`.
fn sqlite_path(rest: &str) -> Result<PathBuf, String> {
    let path = rest.strip_prefix('/').unwrap_or(rest);
    if rest.is_empty() || rest.contains(":memory:") {
        return Err(
            "means a database in memory, which would forget everything at the next start; \
                    give a file: sqlite:///./data/serene.db"
                .to_owned(),
        );
    }
    if !rest.starts_with('/') {
        return Err(
            "needs a third slash: sqlite:///relative.db or sqlite:////absolute.db".to_owned()
        );
    }
    if path.contains('?') || path.starts_with("file:") {
        return Err("takes no options after the file; give sqlite:///./data/serene.db".to_owned());
    }
    let last = path.rsplit('/').next().unwrap_or_default();
    if matches!(last, "" | "." | "..") || path.chars().any(char::is_control) {
        return Err("names no file; give sqlite:///./data/serene.db".to_owned());
    }
    Ok(PathBuf::from(path))
}

/// Checks the address of a database server and gives it with the plain `scheme`.
fn server(scheme: &str, rest: &str) -> Result<SecretString, String> {
    let example = format!("{scheme}://user:password@host:port/name");
    let text = format!("{scheme}://{rest}");
    let url = Url::parse(&text).map_err(|error| {
        format!("cannot be read ({error}); give {example} and percent-encode special characters")
    })?;
    let mut options = url.query_pairs();
    if url.host_str().is_none_or(str::is_empty) && !options.any(|(name, _)| name == "host") {
        return Err(format!("names no host; give {example}"));
    }
    if url.query_pairs().any(|(name, _)| name == "ssl") {
        // A driver that does not know the option would go on without encryption.
        return Err("has the option ssl, which only Python drivers know; give sslmode=require \
                    (PostgreSQL) or ssl-mode=REQUIRED (MySQL)"
            .to_owned());
    }
    let name = url.path().trim_start_matches('/');
    let plain = |c: char| c.is_ascii_alphanumeric() || "_-.$".contains(c);
    if name.is_empty() || !name.chars().all(plain) || url.fragment().is_some() {
        // Here a / or # that was left as it is in a password shows up, too.
        return Err(format!(
            "has no database name of letters, digits and _ - . $; give {example} and percent-encode special characters"
        ));
    }
    Ok(text.into())
}

/// Percent-encodes everything but letters, digits and `-._~`.
fn encoded(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            use fmt::Write as _;
            write!(out, "%{byte:02X}").expect("writing to a String cannot fail");
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn exposed(value: &str) -> String {
        match DatabaseUrl::parse(value) {
            Ok(DatabaseUrl::Sqlite { path }) => format!("file {}", path.display()),
            Ok(DatabaseUrl::Postgres { url } | DatabaseUrl::Mysql { url }) => {
                url.expose_secret().to_owned()
            }
            Err(problem) => panic!("{value}: {problem}"),
        }
    }

    #[test]
    fn sqlite_paths_are_relative_with_three_slashes_and_absolute_with_four() {
        for (given, path) in [
            ("sqlite:///app.db", "file app.db"),
            ("sqlite:///./data/serene.db", "file ./data/serene.db"),
            ("sqlite:////data/serene.db", "file /data/serene.db"),
            ("sqlite:///../x y/ü%20.db", "file ../x y/ü%20.db"),
            ("sqlite+aiosqlite:///app.db", "file app.db"),
        ] {
            assert_eq!(exposed(given), path);
        }
    }

    #[test]
    fn sqlite_without_a_file_is_refused_with_the_reason() {
        for (given, reason) in [
            ("sqlite://", "forget everything"),
            ("sqlite://:memory:", "forget everything"),
            ("sqlite:///:memory:", "forget everything"),
            ("sqlite:///file::memory:", "forget everything"),
            ("sqlite://app.db", "third slash"),
            ("sqlite:///", "names no file"),
            ("sqlite:///data/", "names no file"),
            ("sqlite:////data/..", "names no file"),
            ("sqlite:///a\nb", "names no file"),
            ("sqlite:///app.db?mode=ro", "no options"),
        ] {
            let problem = DatabaseUrl::parse(given).unwrap_err();
            assert!(problem.contains(reason), "{given}: {problem}");
        }
    }

    #[test]
    fn servers_lose_their_python_driver_and_nothing_else() {
        for (given, url) in [
            ("postgresql://u:p@localhost:5432/db", "postgresql://u:p@localhost:5432/db"),
            ("postgres://u@h/db?sslmode=require", "postgresql://u@h/db?sslmode=require"),
            ("postgresql+asyncpg://u:p%40s@h/db", "postgresql://u:p%40s@h/db"),
            ("postgresql+psycopg2://u:p@[::1]/db", "postgresql://u:p@[::1]/db"),
            ("postgresql:///db?host=/run/postgresql", "postgresql:///db?host=/run/postgresql"),
            ("mysql://u:p@h/db", "mysql://u:p@h/db"),
            (
                "mysql+pymysql://u:p@h:3306/db?charset=utf8mb4",
                "mysql://u:p@h:3306/db?charset=utf8mb4",
            ),
        ] {
            assert_eq!(exposed(given), url);
        }
    }

    #[test]
    fn wrong_addresses_are_refused_and_never_quoted() {
        for given in [
            "hunter2",
            "hunter2://x/y",
            "postgress://u:hunter2@h/db",
            "postgresql+://u:hunter2@h/db",
            "postgresql+hunter2 x://h/db",
            "postgresql://u:hunter2@/db",
            "postgresql://u:hunter2@h",
            "postgresql://u:hunter2@h/",
            "postgresql://u:hunter2@h/a/b",
            "postgresql://u:hunter2@h:99999/db",
            "postgresql://u:p@hunter2/x@h/db",
            "postgresql://u:12#hunter2@h/db",
            "postgresql://u:p@h/db#hunter2",
            "postgresql://u:12?hunter2@h/db",
            "postgresql://u:12/hunter2@h/db",
            "postgresql://u:hunter2@h/db?ssl=require",
            "mysql:///hunter2",
        ] {
            let problem = DatabaseUrl::parse(given).expect_err(given);
            assert!(!problem.contains("hunter2"), "{problem}");
            assert!(problem.contains("give "), "{problem}");
        }
    }

    #[test]
    fn printing_hides_the_password_and_options() {
        for (given, shown) in [
            (
                "postgresql+asyncpg://user:hunter2@localhost/chatbot",
                "postgresql://user:***@localhost/chatbot",
            ),
            ("mysql://u@h/db?password=hunter2", "mysql://u@h/db?…"),
            ("sqlite:////data/x.db", "sqlite:////data/x.db"),
            ("sqlite:///./x.db", "sqlite:///./x.db"),
        ] {
            let url = DatabaseUrl::parse(given).unwrap();
            assert_eq!(url.to_string(), shown);
            assert_eq!(format!("{url:?}"), format!("DatabaseUrl({shown})"));
        }
    }

    #[test]
    fn parts_are_encoded_so_that_they_come_out_as_they_went_in() {
        let parts = MysqlParts {
            user: "ana@home",
            password: Some("p:/@#?% ü'"),
            host: "::1",
            port: Some(3307),
            name: "chatapp_db",
        };
        let DatabaseUrl::Mysql { url } = DatabaseUrl::mysql(&parts).unwrap() else {
            panic!("not MySQL")
        };
        let expected = "mysql://ana%40home:p%3A%2F%40%23%3F%25%20%C3%BC%27@[::1]:3307/chatapp_db";
        assert_eq!(url.expose_secret(), expected);
        let parsed = Url::parse(url.expose_secret()).unwrap();
        assert_eq!((parsed.host_str(), parsed.port()), (Some("[::1]"), Some(3307)));

        let bare = MysqlParts { password: None, port: None, host: "db", ..parts };
        let DatabaseUrl::Mysql { url } = DatabaseUrl::mysql(&bare).unwrap() else {
            panic!("not MySQL")
        };
        assert_eq!(url.expose_secret(), "mysql://ana%40home@db/chatapp_db");
        for (host, name) in
            [("/run/mysqld.sock", "x"), ("", "x"), ("h", "a b"), ("h", "a/b"), ("h", "")]
        {
            assert!(
                DatabaseUrl::mysql(&MysqlParts { host, name, ..bare }).is_err(),
                "{host} {name}"
            );
        }
    }
}
