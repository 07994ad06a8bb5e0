//! Migrations that are killed half-way on MySQL, where each statement is committed by itself.

use std::time::Duration;

use serene_db::{Db, Migration};

use crate::{
    child::{self, Victim},
    engines::{Kind, Site},
};

macro_rules! long_migration {
    ($sleep:literal) => {
        &[
            Migration {
                version: 1,
                name: "short",
                statements: &["CREATE TABLE whole (x {int}){table}"],
            },
            Migration {
                version: 2,
                name: "long",
                statements: &[
                    "ALTER TABLE whole ADD COLUMN y {int}",
                    "INSERT INTO whole (x, y) VALUES (1, 1)",
                    "CREATE INDEX whole_x_idx ON whole (x)",
                    "CREATE TABLE half (x {int}){table}",
                    concat!("INSERT INTO half (x) SELECT x + SLEEP(", $sleep, ") FROM whole"),
                    "CREATE TABLE other_half (x {int}){table}",
                    "UPDATE whole SET x = x + 1",
                ],
            },
        ]
    };
}

static LONG_MIGRATION: &[Migration] = long_migration!("1");
static SHORT_MIGRATION: &[Migration] = long_migration!("0");

/// There each statement is committed by itself, so that it has to go on where it was.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_migration_killed_half_way_on_mysql_is_completed_by_the_next_start() {
    let Some(site) = Site::bare(Kind::Mysql).await else { return };
    let mut victim = Victim::start_at("half_way::child_migrates", &site.url());
    while victim.line().expect("the child died early") != "migrating" {}
    let begun = "SELECT CAST(COUNT(*) AS SIGNED) FROM information_schema.tables
        WHERE table_schema = DATABASE() AND table_name = 'half'";
    while site.outside(begun).await == 0 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    tokio::time::sleep(Duration::from_millis(100)).await;
    victim.kill();
    let applied = "SELECT CAST(COUNT(*) AS SIGNED) FROM schema_migrations";
    assert_eq!(site.outside(applied).await, 1, "killed too late");

    assert_eq!(site.db.migrate(LONG_MIGRATION).await, Ok(1));
    for (sql, expected) in [
        ("SELECT CAST(COUNT(*) AS SIGNED) FROM whole", 1),
        ("SELECT x FROM whole", 2),
        ("SELECT CAST(COUNT(*) AS SIGNED) FROM half", 1),
        ("SELECT CAST(COUNT(*) AS SIGNED) FROM other_half", 0),
        ("SELECT CAST(COUNT(*) AS SIGNED) FROM schema_progress", 0),
        (applied, 2),
    ] {
        assert_eq!(site.outside(sql).await, expected, "{sql}");
    }
}

#[tokio::test]
#[ignore = "the child process of another test"]
async fn child_migrates() {
    let Some(url) = child::folder() else { return };
    let options = serene_db::ServerOptions::new(url.to_str().unwrap());
    let db = Db::open_mysql(options).await.unwrap();
    child::say("migrating");
    db.migrate(LONG_MIGRATION).await.unwrap();
}

/// Whatever statement was being run, done or not, when the process was killed.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_migration_on_mysql_goes_on_from_every_statement() {
    for (index, done) in
        (0..SHORT_MIGRATION[1].statements.len()).flat_map(|i| [(i, false), (i, true)])
    {
        let Some(site) = Site::bare(Kind::Mysql).await else { return };
        let db = &site.db;
        db.migrate(&SHORT_MIGRATION[..1]).await.unwrap();
        // As far as it would have come by then.
        let statements = SHORT_MIGRATION[1].statements;
        let ddl =
            |at: usize| ["ALTER", "CREATE"].iter().any(|verb| statements[at].starts_with(verb));
        if done && !ddl(index) {
            continue; // is done together with the note that it is
        }
        for statement in &statements[..index + usize::from(done)] {
            let text = statement.replace("{int}", "BIGINT").replace("{table}", "");
            site.outside(&text).await;
        }
        let begun = index + usize::from(ddl(index));
        let hash = SHORT_MIGRATION[1].hash();
        let note = format!(
            "INSERT INTO schema_progress (version, hash, done, begun) VALUES (2, '{hash}', {index}, {begun})"
        );
        site.outside(&note).await;
        assert_eq!(db.migrate(SHORT_MIGRATION).await, Ok(1), "from {index}, {done}");
        assert_eq!(site.outside("SELECT SUM(x) DIV 1 FROM whole").await, 2, "from {index}, {done}");
        assert_eq!(site.outside("SELECT CAST(COUNT(*) AS SIGNED) FROM half").await, 1);
    }
}
