//! How a database server is reached, and how long it may take to answer.

use std::{fmt, time::Duration};

use crate::DbError;

/// How a PostgreSQL or a MySQL/MariaDB database is opened.
#[derive(Clone)]
pub struct ServerOptions {
    /// `postgresql://user:password@host:port/name` or `mysql://…`. PostgreSQL knows the options
    /// `sslmode` (`disable`, `prefer`, `require`, `verify-ca`, `verify-full`), `sslrootcert`,
    /// `sslcert`, `sslkey`, `host` (also the folder of a socket); MySQL knows `ssl-mode`
    /// (`DISABLED`, `PREFERRED`, `REQUIRED`, `VERIFY_CA`, `VERIFY_IDENTITY`), `ssl-ca`, `ssl-cert`,
    /// `ssl-key` and `socket`. An option that is not known is refused.
    pub url: String,
    /// The most connections at a time, at least one.
    pub pool_size: u32,
    /// How long a request waits for a connection before it is told [`DbError::Busy`].
    pub acquire_timeout: Duration,
    /// How long one statement may run before the server ends it; none when zero. Migrations may
    /// take as long as they need.
    pub statement_timeout: Duration,
    /// How long a statement waits for a lock.
    pub lock_timeout: Duration,
    /// How long a connection that nobody needs is kept.
    pub idle_timeout: Duration,
}

impl ServerOptions {
    /// The usual settings for the database at `url`.
    pub fn new(url: impl Into<String>) -> Self {
        Self {
            url: url.into(),
            pool_size: 10,
            acquire_timeout: Duration::from_secs(5),
            statement_timeout: Duration::from_secs(30),
            lock_timeout: Duration::from_secs(5),
            idle_timeout: Duration::from_mins(10),
        }
    }

    /// Refuses an option that the driver would pass over in silence: it may have been the one that
    /// asks for encryption.
    pub(crate) fn check_options(&self, known: &[&str]) -> Result<(), DbError> {
        let url = self.url.split('#').next().unwrap_or_default();
        let Some((_, options)) = url.split_once('?') else { return Ok(()) };
        for option in options.split('&').filter(|option| !option.is_empty()) {
            let name = option.split('=').next().unwrap_or_default();
            if !known.contains(&name) {
                // A long one may be a part of a password in which a ? was left as it is.
                let name = if name.len() <= 24 { name } else { "…" };
                return Err(DbError::Open(format!(
                    "the address of the database has an option that is not known ({name}); \
                     known are {}",
                    known.join(", ")
                )));
            }
        }
        Ok(())
    }
}

// The address holds a password.
impl fmt::Debug for ServerOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ServerOptions")
            .field("url", &"[redacted]")
            .field("pool_size", &self.pool_size)
            .field("acquire_timeout", &self.acquire_timeout)
            .field("statement_timeout", &self.statement_timeout)
            .field("lock_timeout", &self.lock_timeout)
            .field("idle_timeout", &self.idle_timeout)
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unknown_option_is_refused_and_a_password_never_shown() {
        let check = |url: &str| ServerOptions::new(url).check_options(&["sslmode", "host"]);
        for good in
            ["pg://u:p@h/d", "pg://h/d?sslmode=require&host=/run", "pg://h/d?", "pg://h/d#?x"]
        {
            assert_eq!(check(good), Ok(()), "{good}");
        }
        for (bad, shown) in [
            ("pg://h/d?sslmod=require", "(sslmod)"),
            ("pg://h/d?host=/run&ssl=1", "(ssl)"),
            ("pg://u:a?hunter2hunter2hunter2hunter2@h/d", "(…)"),
        ] {
            let text = check(bad).unwrap_err().to_string();
            assert!(text.contains(shown) && text.contains("sslmode, host"), "{text}");
            assert!(!text.contains("hunter2"), "{text}");
        }
        assert!(!format!("{:?}", ServerOptions::new("pg://u:hunter2@h/d")).contains("hunter2"));
    }
}
