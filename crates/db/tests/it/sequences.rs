//! Numbers: never the same one twice, whoever asks.

use std::{collections::BTreeSet, sync::Arc};

use serene_db::{DbError, Sequence};
use tokio::task::JoinSet;

use crate::engines::{Site, on_every_engine};

on_every_engine! {
    no_number_is_given_twice: furnished,
    a_restart_never_goes_back: furnished,
    one_that_no_migration_made_is_an_error: furnished,
}

async fn no_number_is_given_twice(house: Site) {
    let other = house.again().await;
    // Two processes, as far as the database can tell.
    let sources = [&house.db, &other].map(|db| (db.clone(), Arc::new(Sequence::new("things", 7))));
    let mut tasks = JoinSet::new();
    for task in 0..64 {
        let (db, sequence) = sources[task % 2].clone();
        tasks.spawn(async move {
            let mut numbers = Vec::new();
            for _ in 0..20 {
                numbers.push(sequence.next(&db).await.unwrap());
            }
            assert!(numbers.is_sorted(), "{numbers:?}");
            numbers
        });
    }
    let numbers: Vec<i64> = tasks.join_all().await.concat();
    assert_eq!(numbers.len(), 64 * 20);
    let distinct: BTreeSet<i64> = numbers.iter().copied().collect();
    assert_eq!(distinct.len(), numbers.len());
    assert_eq!(distinct.first(), Some(&1));
    assert!(*distinct.last().unwrap() < 64 * 20 + 2 * 7, "more than a block was lost");
}

async fn a_restart_never_goes_back(house: Site) {
    let before = Sequence::new("things", 10).next(&house.db).await.unwrap();
    let after = Sequence::new("things", 10).next(&house.db).await.unwrap();
    assert_eq!((before, after), (1, 11));
}

async fn one_that_no_migration_made_is_an_error(house: Site) {
    let missing = Sequence::new("nothing", 10).next(&house.db).await;
    assert!(matches!(&missing, Err(DbError::Migration(text)) if text.contains("nothing")));
}
