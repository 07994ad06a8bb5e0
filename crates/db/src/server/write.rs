//! The write path of the servers: one transaction per write, tried again when the server undid it.

use std::sync::{Arc, atomic::Ordering};

use super::{Driver, Failure, Lease, Server, check_values, failure::Patience};
use crate::{DbError, Must, Sql, Write};

pub(super) static ROLLBACK: Sql = Sql::declare("storage.rollback", "ROLLBACK");
static COMMIT: Sql = Sql::declare("storage.commit", "COMMIT");

impl<D: Driver> Server<D> {
    /// Commits a write, in a task of its own: a caller who goes away does not take it back.
    pub(crate) async fn commit(self: &Arc<Self>, write: Write) -> Result<Vec<u64>, DbError> {
        if write.statements.is_empty() {
            return Ok(Vec::new());
        }
        let server = Arc::clone(self);
        #[expect(
            clippy::disallowed_methods,
            reason = "ends with the write, whose answer the caller waits for; one cut off by the end \
                      of the process is undone by the server"
        )]
        let task = tokio::spawn(async move { server.commit_patiently(&write).await });
        task.await.unwrap_or(Err(DbError::Closed))
    }

    pub(crate) fn is_writable(&self) -> bool {
        self.writable.load(Ordering::Relaxed)
    }

    async fn commit_patiently(&self, write: &Write) -> Result<Vec<u64>, DbError> {
        let mut patience = Patience::new();
        loop {
            let failure = match self.try_commit(write).await {
                Ok(touched) => {
                    // A write that touched nothing says nothing about the disk.
                    if touched.iter().any(|rows| *rows > 0) {
                        self.writable.store(true, Ordering::Relaxed);
                    }
                    return Ok(touched);
                }
                Err(failure) => failure,
            };
            let unreachable = matches!(failure, Failure::Unreachable(_) | Failure::Lost(_));
            if let Err(error) = patience.wait(failure).await {
                self.note_failure(&error, unreachable);
                return Err(error);
            }
        }
    }

    /// Tells the operator what is wrong with the database, not what was wrong with a write.
    fn note_failure(&self, error: &DbError, unreachable: bool) {
        if unreachable || matches!(error, DbError::StorageFull | DbError::Io(_)) {
            self.writable.store(false, Ordering::Relaxed);
        } else if !matches!(error, DbError::Busy | DbError::Broken { .. }) {
            return;
        }
        tracing::error!(%error, "the database refused to write: {error}");
    }

    async fn try_commit(&self, write: &Write) -> Result<Vec<u64>, Failure> {
        let mut lease = self.lease().await?;
        let result = self.transaction(&mut lease, write).await;
        let clean = match &result {
            Ok(_) => true,
            Err(Failure::Lost(_)) => false,
            Err(_) => self.run(&mut lease, &ROLLBACK).await.is_ok(),
        };
        let result = match result {
            Err(Failure::Duplicate(key)) if clean => Err(self.duplicate(&mut lease, key).await),
            result => result,
        };
        // On a server that has become a standby, another connection may find the new primary.
        if clean && !matches!(result, Err(Failure::Refused(DbError::Io(_)))) {
            lease.done();
        }
        result
    }

    async fn transaction(&self, lease: &mut Lease<D>, write: &Write) -> Result<Vec<u64>, Failure> {
        self.run(lease, D::begin_write()).await?;
        let mut touched = Vec::with_capacity(write.statements.len());
        for statement in &write.statements {
            let (sql, values) = (statement.sql, &statement.values);
            check_values(sql, values)?;
            let work = D::execute(&mut lease.connection, sql, values);
            let rows = self.answer(sql, work).await?;
            if statement.must == Must::TouchOne && rows != 1 {
                return Err(DbError::Guard(sql.name()).into());
            }
            touched.push(rows);
        }
        self.run(lease, &COMMIT).await.map_err(at_commit)?;
        Ok(touched)
    }

    /// The schema's name for a key.
    async fn duplicate(&self, lease: &mut Lease<D>, key: String) -> Failure {
        if self.names.get(&key).is_none() {
            static KEYS: Sql = Sql::declare("storage.keys", "");
            match self.answer(&KEYS, D::keys(&mut lease.connection)).await {
                Ok(columns) => self.names.set(columns),
                Err(failure) => tracing::warn!("cannot look up the key {key}: {failure:?}"),
            }
        }
        Failure::Duplicate(self.names.get(&key).unwrap_or(key))
    }
}

/// COMMIT was sent. Only what the server says it has undone is known to be undone.
fn at_commit(failure: Failure) -> Failure {
    match failure {
        Failure::Lost(reason) => Failure::Refused(DbError::Io(format!(
            "the connection was lost while the write was committed, so that it is not known \
             whether it was kept ({reason})"
        ))),
        Failure::Refused(DbError::Busy) => Failure::Refused(DbError::Io(
            "the server gave up while the write was committed, so that it is not known whether \
             it was kept"
                .to_owned(),
        )),
        failure => failure,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_connection_lost_at_commit_leaves_it_open_whether_the_write_was_kept() {
        for failure in [Failure::Lost("reset".into()), Failure::Refused(DbError::Busy)] {
            let Failure::Refused(error) = at_commit(failure) else { panic!("tried again") };
            assert!(error.is_temporary());
            assert!(error.to_string().contains("not known"), "{error}");
        }
        // These the server has undone.
        assert!(matches!(at_commit(Failure::Conflict), Failure::Conflict));
        let missing = Failure::Refused(DbError::MissingReference("late.add"));
        assert!(matches!(at_commit(missing), Failure::Refused(DbError::MissingReference(_))));
    }
}
