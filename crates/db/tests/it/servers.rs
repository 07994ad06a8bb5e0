//! What happens between a process and its server: deadlocks, connections that are cut, time that
//! runs out, and other people's settings.

use std::time::Duration;

use serene_db::{DbError, Heard, Row, Select, Statement, Write, values};
use tokio::{task::JoinSet, time::timeout};
use uuid::Uuid;

use crate::{
    engines::{Kind, Site, on_every_engine},
    house::{self, OWNER},
};

on_every_engine! {
    a_guard_holds_when_it_changes_nothing: furnished,
    a_write_that_nobody_waits_for_is_committed: furnished,
    writes_in_opposite_order_all_come_through: furnished,
    what_was_acknowledged_is_read_at_once: furnished,
    notifications: furnished,
    a_probe_finds_room: furnished,
}

serene_db::statements! {
    /// Takes a second.
    SLEEP_POSTGRES = "test.sleep_postgres": "SELECT pg_sleep(1)::text";
    /// The same on the other server.
    SLEEP_MYSQL = "test.sleep_mysql": "SELECT SLEEP(1) FROM counters";
    /// Renames an owner, or not.
    RENAME = "owners.rename": "UPDATE owners SET name = ? WHERE id = ?";
}

async fn a_guard_holds_when_it_changes_nothing(site: Site) {
    let same = Statement::guard(&RENAME, values!["alice", OWNER]);
    assert_eq!(site.db.commit(Write::from(same)).await, Ok(vec![1]));
    let nobody = Statement::guard(&RENAME, values!["alice", Uuid::nil()]);
    assert_eq!(site.db.commit(Write::from(nobody)).await, Err(DbError::Guard("owners.rename")));
}

async fn a_write_that_nobody_waits_for_is_committed(site: Site) {
    for id in 0..20 {
        let write = house::add_thing(id);
        // Polled once, then given up.
        let _ = timeout(Duration::ZERO, site.db.commit(write)).await;
    }
    for _ in 0..100 {
        if site.things().await.len() == 20 {
            return;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("only {:?}", site.things().await);
}

async fn what_was_acknowledged_is_read_at_once(site: Site) {
    for id in 0..100 {
        site.db.commit(house::add_thing(id)).await.unwrap();
        let db = site.db.clone();
        let mut elsewhere = JoinSet::new();
        elsewhere.spawn(async move { house::body(&db, id).await });
        assert_eq!(elsewhere.join_all().await, [Ok(vec![None])], "thing {id}");
    }
}

async fn a_probe_finds_room(site: Site) {
    assert!(site.db.is_writable());
    let mut probes = JoinSet::new();
    for _ in 0..8 {
        let db = site.db.clone();
        probes.spawn(async move { db.probe().await });
    }
    assert_eq!(probes.join_all().await, vec![Ok(()); 8]);
    assert!(site.db.checkpoint().await.is_ok());
}

/// Two writes that take the same rows in opposite order: each server ends one of them now and then.
async fn writes_in_opposite_order_all_come_through(site: Site) {
    let other = Uuid::from_u128(0xB0B);
    if site.kind() == Kind::Postgres {
        // It looks for deadlocks only after a second.
        let sql = format!("ALTER DATABASE {} SET deadlock_timeout = '20ms'", site.name());
        site.outside(&sql).await;
    }
    let db = site.again().await;
    site.db.commit(house::add_owner(other, "bob")).await.unwrap();
    for round in 0..50 {
        let rename = |id: Uuid, name: String| Statement::guard(&RENAME, values![name, id]);
        let both = |first, second, who: &str| {
            Write::from(rename(first, format!("{who} {round} {first}")))
                .with(rename(second, format!("{who} {round} {second}")))
        };
        let forth = db.commit(both(OWNER, other, "a"));
        let back = db.commit(both(other, OWNER, "b"));
        let (forth, back) = tokio::join!(forth, back);
        assert_eq!((forth, back), (Ok(vec![1, 1]), Ok(vec![1, 1])), "round {round}");
    }
    let (mine, theirs) =
        (house::owner_name(&site.db, OWNER).await, house::owner_name(&site.db, other).await);
    assert_eq!(mine[..1], theirs[..1], "one write was torn apart: {mine}, {theirs}");
}

async fn notifications(site: Site) {
    let other = site.again().await;
    let too_long = other.notify("test", "x".repeat(8000)).await;
    assert!(matches!(too_long, Err(DbError::Broken { .. })), "{too_long:?}");
    let Some(mut ear) = site.db.listen("test").await.unwrap() else {
        assert_ne!(site.kind(), Kind::Postgres);
        assert_eq!(other.notify("test", "nobody hears").await, Ok(()));
        return;
    };
    let mut elsewhere = site.db.listen("elsewhere").await.unwrap().unwrap();
    for text in ["1:2", "it's \"?\" \\ ö", ""] {
        other.notify("test", text).await.unwrap();
        assert_eq!(ear.next().await, Heard::Payload(text.to_owned()));
    }
    site.db.notify("test", "x".repeat(7999)).await.unwrap();
    assert!(matches!(ear.next().await, Heard::Payload(text) if text.len() == 7999));

    // Giving up and asking again loses nothing.
    assert!(timeout(Duration::from_millis(50), ear.next()).await.is_err());
    other.notify("test", "later").await.unwrap();
    assert_eq!(ear.next().await, Heard::Payload("later".into()));

    // Cut off: it says so, and goes on.
    cut_connections(&site).await;
    let heard = timeout(Duration::from_secs(10), ear.next()).await.unwrap();
    assert_eq!(heard, Heard::Missed);
    other.notify("test", "again").await.unwrap();
    assert_eq!(ear.next().await, Heard::Payload("again".into()));
    assert_eq!(timeout(Duration::from_secs(10), elsewhere.next()).await, Ok(Heard::Missed));
    assert!(timeout(Duration::from_millis(100), elsewhere.next()).await.is_err());
}

/// Ends all connections to the database but the one that asks.
async fn cut_connections(site: &Site) {
    match site.kind() {
        Kind::Sqlite => {}
        Kind::Postgres => {
            let sql = "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
                WHERE datname = current_database() AND pid <> pg_backend_pid()";
            site.outside(sql).await;
        }
        Kind::Mysql => {
            let list =
                "SELECT CAST(COALESCE(MIN(id), 0) AS SIGNED) FROM information_schema.processlist
                WHERE db = DATABASE() AND id <> CONNECTION_ID()";
            for _ in 0..100 {
                let id = site.outside(list).await;
                if id == 0 {
                    return;
                }
                // It may be gone already.
                let sql = format!(
                    "BEGIN NOT ATOMIC DECLARE CONTINUE HANDLER FOR 1094 BEGIN END; KILL {id}; END"
                );
                site.outside(&sql).await;
            }
        }
    }
}

/// The rest is about servers alone.
async fn servers() -> Vec<Site> {
    let mut sites = Vec::new();
    for kind in [Kind::Postgres, Kind::Mysql] {
        sites.extend(Site::furnished(kind).await);
    }
    sites
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn connections_that_are_cut_are_replaced_and_nobody_is_told() {
    for site in servers().await {
        let mut tasks = JoinSet::new();
        for task in 0..4 {
            let db = site.db.clone();
            tasks.spawn(async move {
                let mut unknown = 0;
                for number in 0..150 {
                    let id = task * 1000 + number;
                    match db.commit(house::add_thing(id)).await {
                        Ok(_) => {}
                        // Cut off at COMMIT: whether it is there is to be looked up.
                        Err(DbError::Io(text)) if text.contains("not known") => {
                            unknown += 1;
                            if house::body(&db, id).await.unwrap().is_empty() {
                                db.commit(house::add_thing(id)).await.unwrap();
                            }
                        }
                        Err(error) => panic!("{error:?}"),
                    }
                    assert_eq!(house::body(&db, id).await, Ok(vec![None]));
                    tokio::time::sleep(Duration::from_millis(3)).await;
                }
                unknown
            });
        }
        for _ in 0..8 {
            tokio::time::sleep(Duration::from_millis(80)).await;
            cut_connections(&site).await;
        }
        let unknown: usize = tasks.join_all().await.into_iter().sum();
        println!("{:?}: {unknown} cut off at COMMIT", site.kind());
        assert_eq!(site.things().await.len(), 600);
        // And when all of them lie idle.
        cut_connections(&site).await;
        assert_eq!(house::body(&site.db, 1).await, Ok(vec![None]));
        cut_connections(&site).await;
        assert_eq!(site.db.commit(house::add_thing(-1)).await, Ok(vec![1]));
        assert!(site.db.is_writable());
    }
}

/// One dead connection casts doubt on all the others, or each would cost a try.
#[tokio::test]
async fn when_all_connections_are_cut_the_next_request_still_comes_through() {
    for site in servers().await {
        let sleep = if site.kind() == Kind::Postgres { &SLEEP_POSTGRES } else { &SLEEP_MYSQL };
        let mut reads = JoinSet::new();
        for _ in 0..10 {
            let db = site.db.clone();
            reads.spawn(async move {
                let select = Select::new(sleep, values![], |_: &Row<'_>| Ok::<_, DbError>(()));
                db.query(select).await
            });
        }
        assert_eq!(reads.join_all().await, vec![Ok(vec![()]); 10]);
        cut_connections(&site).await;
        assert_eq!(house::body(&site.db, 1).await, Ok(vec![]));
        assert_eq!(site.db.commit(house::add_thing(1)).await, Ok(vec![1]));
    }
}

#[tokio::test]
async fn a_connection_is_told_what_it_needs_to_know() {
    serene_db::statements! {
        /// What PostgreSQL was told.
        POSTGRES = "test.settings_postgres": "SELECT concat_ws(' ', current_setting('TimeZone'),
            current_setting('statement_timeout'), current_setting('lock_timeout'),
            current_setting('transaction_isolation'), current_setting('transaction_read_only'),
            current_setting('application_name'), current_setting('client_encoding'))";
        /// What MySQL was told.
        MYSQL = "test.settings_mysql": "SELECT CONCAT_WS(' ', @@time_zone, @@max_statement_time,
            @@lock_wait_timeout, @@innodb_lock_wait_timeout, @@tx_isolation, @@tx_read_only,
            @@collation_connection, @@sql_mode LIKE '%STRICT_ALL_TABLES%',
            @@sql_mode LIKE '%ANSI%', @@sql_mode LIKE '%IGNORE_SPACE%')";
    }
    for site in servers().await {
        let (sql, expected) = match site.kind() {
            Kind::Postgres => (ALL[0], "UTC 30s 5s read committed on serene UTF8"),
            // Its variables have other names.
            _ if site.db.describe().starts_with("MySQL") => continue,
            _ => (ALL[1], "+00:00 30.000000 5 5 READ-COMMITTED ON utf8mb4_nopad_bin 1 0 0"),
        };
        let told: Vec<String> = house::firsts(&site.db, sql, values![]).await.unwrap();
        assert_eq!(told, [expected]);
        let name = site.db.describe();
        let known =
            ["PostgreSQL 1", "MariaDB 1", "MySQL "].iter().any(|start| name.starts_with(start));
        assert!(known && name.split(' ').count() == 2, "{name}");
    }
}

#[tokio::test]
async fn what_takes_too_long_is_ended_and_the_database_is_busy() {
    for site in servers().await {
        let sleep = if site.kind() == Kind::Postgres { &SLEEP_POSTGRES } else { &SLEEP_MYSQL };
        let short = |options: &mut serene_db::ServerOptions| {
            options.statement_timeout = Duration::from_millis(200);
            options.acquire_timeout = Duration::from_millis(300);
            options.pool_size = 1;
        };
        let db = site.with(short).await;
        let slept =
            db.query(Select::new(sleep, values![], |_: &Row<'_>| Ok::<_, DbError>(()))).await;
        assert_eq!(slept, Err(DbError::Busy));
        assert_eq!(house::counter(&db).await, Ok(0), "the connection is still good");

        // All connections are in use.
        let patient = site
            .with(|options| {
                short(options);
                options.statement_timeout = Duration::ZERO;
            })
            .await;
        let work = async {
            let select = Select::new(sleep, values![], |_: &Row<'_>| Ok::<_, DbError>(()));
            patient.query(select).await
        };
        let hurried = async {
            tokio::time::sleep(Duration::from_millis(100)).await;
            (house::counter(&patient).await, patient.commit(house::add_thing(1)).await)
        };
        let (slept, hurried) = tokio::join!(work, hurried);
        assert_eq!(slept, Ok(vec![()]));
        assert_eq!(hurried, (Err(DbError::Busy), Err(DbError::Busy)));
        assert!(!patient.is_writable(), "who asks whether it is ready shall have it tried");
        tokio::time::sleep(Duration::from_millis(500)).await;
        assert_eq!(patient.probe().await, Ok(()));
        assert!(patient.is_writable());
    }
}

#[tokio::test]
async fn a_read_that_is_given_up_leaves_no_connection_behind_that_is_busy() {
    for site in servers().await {
        let sleep = if site.kind() == Kind::Postgres { &SLEEP_POSTGRES } else { &SLEEP_MYSQL };
        let db = site.with(|options| options.pool_size = 1).await;
        for _ in 0..3 {
            let select = Select::new(sleep, values![], |_: &Row<'_>| Ok::<_, DbError>(()));
            assert!(timeout(Duration::from_millis(100), db.query(select)).await.is_err());
            let start = tokio::time::Instant::now();
            assert_eq!(house::counter(&db).await, Ok(0));
            assert!(start.elapsed() < Duration::from_millis(700), "waited for a read nobody wants");
        }
    }
}

#[tokio::test]
async fn what_cannot_be_opened_says_why_and_shows_no_password() {
    for site in servers().await {
        let url = site.url();
        let nowhere = url.replace(site.name(), "serene_test_nowhere");
        let (scheme, rest) = url.split_once("://").unwrap();
        let (_, place) = rest.split_once('@').unwrap();
        let stranger = format!("{scheme}://hunter2:hunter2@{place}");
        let closed = format!("{scheme}://u:hunter2@127.0.0.1:1/x");
        let odd = format!("{url}?hunter=2&sslmod=require");
        for (url, reason) in [
            (nowhere.as_str(), "serene_test_nowhere"),
            (&closed, "does not answer"),
            (&odd, "(hunter)"),
            (&format!("{url}?ssl-mode=perhaps"), "perhaps"),
            ("nonsense", "cannot be used"),
            (&stranger, "hunter2"),
        ] {
            let change = |options: &mut serene_db::ServerOptions| {
                url.clone_into(&mut options.url);
                options.acquire_timeout = Duration::from_millis(300);
            };
            let error = site.try_with(change).await.unwrap_err();
            let DbError::Open(text) = &error else { panic!("{error:?}") };
            assert!(text.contains(reason), "{text}");
            assert_eq!(text.lines().count(), 1);
            assert!(url == stranger || !text.contains("hunter2"), "{text}");
        }
    }
}

#[tokio::test]
async fn the_operator_is_warned() {
    for site in servers().await {
        for warning in site.db.warnings() {
            println!("{warning}");
        }
        if site.kind() == Kind::Postgres {
            let sql = format!("ALTER DATABASE {} SET synchronous_commit = off", site.name());
            site.outside(&sql).await;
            let warned = site.again().await;
            let found =
                warned.warnings().iter().any(|line| line.contains("synchronous_commit=off"));
            assert!(found, "{:?}", warned.warnings());
            site.outside(&sql.replace("off", "on")).await;
            let warned = site.again().await;
            let found = warned.warnings().iter().any(|line| line.contains("synchronous_commit"));
            assert!(!found, "{:?}", warned.warnings());
        }
    }
}

/// A reference that PostgreSQL looks at only when it commits.
#[tokio::test]
async fn a_refusal_at_commit_is_a_refusal() {
    let Some(site) = Site::furnished(Kind::Postgres).await else { return };
    site.db.migrate(house::MIGRATIONS).await.unwrap();
    let late = house::add_late(1, Uuid::from_u128(0xDEAD)).with(house::thing(OWNER, 1, None));
    let answer = site.db.commit(late).await;
    assert!(matches!(answer, Err(DbError::MissingReference(_))), "{answer:?}");
    assert_eq!(site.things().await, [0_i64; 0]);
}
