//! Every statement of the product, read as text and as SQLite plans it: whose rows it can touch,
//! how much it can read, and that three databases understand it.

mod reading;
mod two_owners;

use std::collections::{BTreeMap, BTreeSet};

use serene_core::schema::{MIGRATIONS, OWNED_TABLES};

use self::reading::{is_insert, violations};
use crate::{app::TestApp, database::not_on_sqlite};

/// Statements that serve every owner at once, and why they may.
const FOR_EVERY_OWNER: [(&str, &str); 10] = [
    (
        "generations.run_by",
        "an instance looks for what others ask of it, whosever it is; reads ids only",
    ),
    ("idempotency_keys.expired", "the tidying looks for whoever's key is over; reads ids only"),
    ("identities.find_owner", "whom another issuer names is found by that name; reads an id only"),
    ("entries.pending", "the sweep looks for whoever's entry a dead process left unanswered"),
    ("conversations.expired_trash", "the purge looks for whoever's trash is due; reads ids only"),
    ("generations.left_behind", "the sweep looks for whoever's reply a dead process left"),
    ("usage_reservations.left_behind", "the sweep gives back whoever's room a dead process kept"),
    ("instance_usage_totals.compare", "everybody's total is the sum of theirs; reads sums only"),
    ("usage_records.all_lines", "the operator's report; reads sums only"),
    ("usage_records.user_lines", "the operator's report, by user; reads sums only"),
];

/// Plans that read all rows of one owner in a table, and what bounds them.
const ALL_OF_AN_OWNER: [(&str, &str); 20] = [
    ("generations.active_of_owner", "only when several instances delete an account: all goes then"),
    ("identities.list", "an owner has at most twenty identities"),
    ("identities.delete_all", "an owner has at most twenty identities"),
    ("vault_keys.delete", "an owner has one key"),
    ("entries.days", "an owner's days: a hundred years are 36,525, read from the index alone"),
    ("entries.latest_answer", "in the order of the index, up to the first that was answered"),
    ("entries.delete_chunk", "in the order of the index, up to its limit"),
    ("sessions.open", "an owner has at most a hundred sessions"),
    ("sessions.revoke_all", "an owner has at most a hundred sessions"),
    ("sessions.delete_dead", "an owner has at most a hundred sessions"),
    ("sessions.delete_surplus", "an owner has at most a hundred sessions"),
    ("sessions.delete_all", "an owner has at most a hundred sessions"),
    ("usage_records.list", "in the order of the index, up to its limit"),
    ("usage_records.days", "the operator's command counts everything anew"),
    ("usage_reservations.list", "an owner has a reservation for each call that runs"),
    ("usage_totals.compare", "an owner has a reservation for each call that runs"),
    ("usage_records.delete_chunk", "in the order of the index, up to its limit"),
    ("conversations.delete_chunk", "in the order of the index, up to its limit"),
    ("messages.delete_chunk", "in the order of the index, up to its limit"),
    ("users.delete", "the foreign keys of tables whose rows were deleted before"),
];

/// Plans that sort what they have read, and what bounds it.
const SORTED: [(&str, &str); 5] = [
    ("usage_records.lines", "an owner's calls of at most 92 days"),
    ("usage_records.all_lines", "the operator's report of a range of days"),
    ("usage_records.user_lines", "the operator's report of a range of days"),
    ("sessions.open", "an owner has at most a hundred sessions"),
    ("sessions.delete_surplus", "an owner has at most a hundred sessions"),
];

/// Words that one of the three databases does not know, or understands differently.
const NOT_PORTABLE: [(&str, &str); 18] = [
    ("`", "quotes of MySQL"),
    ("\"", "an identifier in two databases and a string in the third"),
    ("$", "placeholders of PostgreSQL"),
    ("||", "joins text in two databases and means OR in MySQL"),
    ("::", "casts of PostgreSQL"),
    (" returning ", "MySQL returns nothing"),
    ("insert or ", "only SQLite"),
    ("insert ignore", "only MySQL"),
    ("replace into", "not PostgreSQL"),
    ("on conflict", "not MySQL"),
    ("on duplicate", "only MySQL"),
    ("strftime", "only SQLite; days are made in Rust"),
    ("now(", "times are given, from the clock that tests can hold"),
    ("current_timestamp", "times are given, from the clock that tests can hold"),
    ("ifnull", "not PostgreSQL: COALESCE"),
    ("autoincrement", "numbers come from a sequence"),
    (" ilike ", "only PostgreSQL"),
    (" glob ", "only SQLite"),
];

/// The names on a list that no statement has, for lists that must not outlive what they excuse.
fn unknown<'a>(list: &[(&'a str, &str)]) -> Vec<&'a str> {
    let names: BTreeSet<&str> = serene_core::statements().map(serene_db::Sql::name).collect();
    list.iter().map(|(name, _)| *name).filter(|name| !names.contains(name)).collect()
}

#[test]
fn no_statement_touches_an_owned_table_without_its_owner() {
    let mut wrong = BTreeMap::new();
    for sql in serene_core::statements() {
        let found = violations(sql.text(), OWNED_TABLES);
        let excused = FOR_EVERY_OWNER.iter().any(|(name, _)| *name == sql.name());
        assert!(!(excused && found.is_empty()), "{} needs no excuse", sql.name());
        if !excused && !found.is_empty() {
            wrong.insert(sql.name(), found);
        }
    }
    assert_eq!(wrong, BTreeMap::new());
    assert_eq!(unknown(&FOR_EVERY_OWNER), [""; 0]);
}

#[test]
fn the_reader_of_statements_sees_what_is_wrong() {
    let owned = ["notes", "pages"];
    for good in [
        "SELECT id FROM notes WHERE owner_id = ? AND id = ? LIMIT 1",
        "SELECT n.id FROM notes n JOIN pages p ON p.owner_id = n.owner_id AND p.id = n.page_id \
         WHERE n.owner_id = ? LIMIT 1",
        "SELECT name FROM things WHERE id = ? LIMIT 1",
        "UPDATE notes SET title = ? WHERE owner_id = ? AND (a < ? OR b < ?)",
        "DELETE FROM notes WHERE owner_id = ? AND id IN (SELECT id FROM \
         (SELECT id FROM notes WHERE owner_id = ? LIMIT 9) AS chunk)",
        "INSERT INTO notes (id, owner_id) VALUES (7, ?)",
    ] {
        assert_eq!(violations(good, &owned), [""; 0], "{good}");
    }
    for bad in [
        "SELECT id FROM notes WHERE id = ? LIMIT 1",
        "SELECT id FROM notes LIMIT 1",
        "SELECT id FROM notes WHERE owner_id <> ? LIMIT 1",
        "SELECT id FROM notes WHERE owner_id = owner_id LIMIT 1",
        "SELECT id FROM notes WHERE owner_id = ? OR id = ? LIMIT 1",
        "SELECT id FROM notes WHERE (owner_id = ? OR id = ?) LIMIT 1",
        "SELECT id FROM notes WHERE NOT owner_id = ? LIMIT 1",
        "SELECT owner_id = ? FROM notes LIMIT 1",
        "SELECT n.id FROM notes n JOIN pages p ON p.id = n.page_id WHERE n.owner_id = ? LIMIT 1",
        "SELECT n.id FROM notes n JOIN pages p ON p.id = n.page_id WHERE owner_id = ? LIMIT 1",
        "SELECT n.id FROM notes n LEFT JOIN pages p ON p.owner_id = n.owner_id LIMIT 1",
        "SELECT n.id FROM notes n, pages p WHERE n.owner_id = ? AND p.owner_id = n.owner_id LIMIT 1",
        "SELECT id FROM notes WHERE owner_id = ? UNION SELECT id FROM notes WHERE owner_id = ?",
        "SELECT name FROM things WHERE id IN (SELECT id FROM notes LIMIT 1) LIMIT 1",
        "UPDATE notes SET owner_id = ? WHERE id = ?",
        "UPDATE notes SET title = ?",
        "DELETE FROM notes WHERE id = ?",
        "DELETE FROM notes WHERE owner_id = ? AND id IN (SELECT id FROM \
         (SELECT id FROM notes LIMIT 9) AS chunk)",
        "INSERT INTO notes (id, title) VALUES (?, ?)",
        "INSERT INTO notes (owner_id, id) VALUES (7, ?)",
        "INSERT INTO notes VALUES (?, ?)",
        "INSERT INTO notes (owner_id, id) SELECT owner_id, id FROM pages WHERE id = ?",
        "delete from NOTES where id = ?",
    ] {
        assert_ne!(violations(bad, &owned), [""; 0], "{bad}");
    }
}

#[test]
fn every_table_with_an_owner_is_listed_as_owned() {
    let mut owned = BTreeSet::new();
    for text in MIGRATIONS.iter().flat_map(|migration| migration.statements) {
        if let Some(rest) = text.strip_prefix("CREATE TABLE ")
            && rest.split_whitespace().any(|word| word == "owner_id")
        {
            owned.insert(rest.split_whitespace().next().unwrap());
            assert!(rest.contains("PRIMARY KEY (owner_id, "), "{rest}");
        }
    }
    assert_eq!(owned, OWNED_TABLES.iter().copied().collect());
}

#[test]
fn statements_have_names_of_their_own() {
    let mut names = BTreeSet::new();
    let mut tables: BTreeSet<&str> = MIGRATIONS
        .iter()
        .flat_map(|migration| migration.statements)
        .filter_map(|text| text.strip_prefix("CREATE TABLE ")?.split_whitespace().next())
        .collect();
    // The slices whose tables no migration of the product makes.
    tables.insert("storage");
    for sql in serene_core::statements() {
        let (slice, verb) = sql.name().split_once('.').unwrap();
        assert!(tables.contains(slice), "{}", sql.name());
        let is_word = verb.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_');
        assert!(is_word && !verb.is_empty(), "{}", sql.name());
        assert!(names.insert(sql.name()), "{} is there twice", sql.name());
    }
    assert!(names.len() > 50, "all slices are read: {}", names.len());
}

#[test]
fn every_select_is_bounded() {
    for sql in serene_core::statements() {
        assert_eq!(reading::selects_without_limit(sql.text()), [""; 0], "{}", sql.name());
    }
    assert_eq!(reading::selects_without_limit("SELECT a FROM t WHERE x = ?").len(), 1);
    let inner = "SELECT a FROM t WHERE x IN (SELECT y FROM u) LIMIT 1";
    assert_eq!(reading::selects_without_limit(inner).len(), 1);
}

#[test]
fn statements_are_written_for_three_databases() {
    for sql in serene_core::statements() {
        let text = format!(" {} ", sql.text().to_lowercase());
        for (word, why) in NOT_PORTABLE {
            assert!(!text.contains(word), "{} uses {word}: {why}", sql.name());
        }
        assert!(!text.contains(';'), "{} is one statement", sql.name());
        let numbered =
            text.split('?').skip(1).any(|rest| rest.starts_with(|c: char| c.is_ascii_digit()));
        assert!(!numbered, "{} numbers its placeholders", sql.name());
        if is_insert(sql.text()) {
            assert_eq!(text.matches(" values ").count(), 1, "{}", sql.name());
        }
    }
}

/// The names of the statements whose plan has such a line.
async fn plans_with(
    app: &TestApp,
    wanted: impl Fn(&str) -> bool,
) -> BTreeMap<&'static str, String> {
    let mut found = BTreeMap::new();
    for sql in serene_core::statements().filter(|sql| !is_insert(sql.text())) {
        let plan = app.serene.base().db.explain(sql).await.unwrap();
        assert!(!plan.is_empty(), "{}", sql.name());
        if let Some(line) = plan.into_iter().find(|line| wanted(line)) {
            found.insert(sql.name(), line);
        }
    }
    found
}

/// Checks that exactly these statements have such plans.
fn expect_only<'a>(mut found: BTreeMap<&'a str, String>, excused: &[(&'a str, &str)]) {
    for (name, reason) in excused {
        assert!(found.remove(name).is_some(), "{name} needs no excuse ({reason})");
    }
    assert_eq!(found, BTreeMap::new());
}

#[tokio::test]
async fn no_statement_scans_a_table_on_sqlite() {
    if not_on_sqlite() {
        return;
    }
    let app = TestApp::new().await;
    let excused = [
        ("instances.list", "a row for each process that serves the database"),
        ("instances.delete_before", "a row for each process that serves the database"),
        ("usage_reservations.left_behind", "a row for each call that runs"),
    ];
    expect_only(plans_with(&app, |line| line.starts_with("SCAN ")).await, &excused);
    // A search by nothing, and an index built for one statement, are scans as well.
    let hidden = |line: &str| line.contains("AUTOMATIC") || line.ends_with("USING INDEX");
    expect_only(plans_with(&app, hidden).await, &[]);
}

#[tokio::test]
async fn no_statement_reads_all_that_an_owner_has_on_sqlite() {
    if not_on_sqlite() {
        return;
    }
    let app = TestApp::new().await;
    let by_owner_alone = |line: &str| line.ends_with("(owner_id=?)");
    expect_only(plans_with(&app, by_owner_alone).await, &ALL_OF_AN_OWNER);
}

#[tokio::test]
async fn no_statement_sorts_what_it_reads_on_sqlite() {
    if not_on_sqlite() {
        return;
    }
    let app = TestApp::new().await;
    expect_only(plans_with(&app, |line| line.contains("TEMP B-TREE")).await, &SORTED);
}
