//! Guessing passwords, and telling which names exist.

use std::{net::IpAddr, time::Duration};

use axum::http::{HeaderValue, Method, Request, StatusCode};
use serde_json::json;
use serene_core::{
    accounts::ThrottleMode,
    base::limits::{
        ATTEMPTS_FORGOTTEN_AFTER, FREE_ATTEMPTS_PER_ADDRESS, FREE_ATTEMPTS_PER_NAME,
        MAX_ATTEMPT_DELAY,
    },
};
use serene_http::{HttpOptions, TrustedProxies};

use crate::{
    accounts::assert_alike,
    app::{Client, PASSWORD, Reply, Setup, TestApp},
};

async fn guarded() -> TestApp {
    TestApp::with(Setup { throttle: ThrottleMode::On, ..Setup::default() }).await
}

/// Tries one password for one name.
async fn guess(client: &Client, name: &str, password: &str) -> Reply {
    let body = json!({"username": name, "password": password});
    client.post("/api/v1/auth/login", body).await
}

/// How many seconds an answer asks to wait; zero when the password was looked at.
#[track_caller]
fn wait(reply: &Reply) -> i64 {
    if reply.status == StatusCode::UNAUTHORIZED {
        reply.expect_error(401, "INVALID_CREDENTIALS");
        return 0;
    }
    reply.expect_error(429, "TOO_MANY_ATTEMPTS");
    reply.headers["retry-after"].to_str().unwrap().parse().unwrap()
}

#[tokio::test]
async fn guessing_a_password_gets_slower_and_never_locks_the_owner_out() {
    let app = guarded().await;
    app.user("mira").await;
    let thief = app.anonymous();
    for _ in 0..FREE_ATTEMPTS_PER_NAME {
        assert_eq!(wait(&guess(&thief, "mira", "wrong").await), 0);
    }
    let longest = i64::try_from(MAX_ATTEMPT_DELAY.as_secs()).unwrap();
    for expected in [1, 2, 4, 8, 16, 32, longest, longest, longest] {
        // Another spelling of the name, another address and the right password wait as well.
        for (name, password) in [("mira", "wrong"), ("ＭＩＲＡ", "wrong"), (" Mira ", PASSWORD)]
        {
            assert_eq!(wait(&guess(&thief, name, password).await), expected);
        }
        app.clock.step_seconds(expected - 1);
        assert_eq!(wait(&guess(&thief, "mira", PASSWORD).await), 1);
        app.clock.step_seconds(1);
        assert_eq!(wait(&guess(&thief, "mira", "wrong").await), 0);
    }
    // After a minute its owner gets in, and starts afresh.
    app.clock.step_seconds(longest);
    guess(&thief, "mira", PASSWORD).await.expect(StatusCode::OK);
    for _ in 0..FREE_ATTEMPTS_PER_NAME {
        assert_eq!(wait(&guess(&thief, "mira", "wrong").await), 0);
    }
}

#[tokio::test]
async fn guesses_from_many_addresses_count_for_the_name() {
    let app = guarded().await;
    app.user("mira").await;
    let from = |last: u32| {
        let mut client = app.anonymous();
        client.address = (IpAddr::from([203, 0, 113, u8::try_from(last).unwrap()]), 1).into();
        client
    };
    for address in 0..FREE_ATTEMPTS_PER_NAME {
        assert_eq!(wait(&guess(&from(address), "mira", "wrong").await), 0);
    }
    assert_eq!(wait(&guess(&from(200), "mira", "wrong").await), 1);
}

#[tokio::test]
async fn fifty_guesses_at_once_do_not_slip_through() {
    let app = guarded().await;
    app.user("mira").await;
    let thief = app.anonymous();
    let guesses = (0..50).map(|_| guess(&thief, "mira", "wrong"));
    let replies = futures_util::future::join_all(guesses).await;
    let looked_at = replies.iter().filter(|reply| wait(reply) == 0).count();
    assert_eq!(looked_at, FREE_ATTEMPTS_PER_NAME as usize);
}

#[tokio::test]
async fn unknown_names_are_slowed_down_like_known_ones() {
    let app = guarded().await;
    app.user("mira").await;
    let mut stranger = app.anonymous();
    for step in [0, 0, 0, 0, 0, 0, 1, 0, 2, 1, 1, 4, 60] {
        app.clock.step_seconds(step);
        let known = guess(&app.anonymous(), "mira", "wrong").await;
        stranger.address = ([203, 0, 113, 1], 1).into();
        let unknown = guess(&stranger, "nobody", "wrong").await;
        assert_alike(&known, &unknown);
    }
    assert_eq!(wait(&guess(&stranger, "nobody", "wrong").await), 16);
}

#[tokio::test]
async fn one_address_that_tries_many_names_is_slowed_down() {
    let app = guarded().await;
    app.user("mira").await;
    let thief = app.anonymous();
    for index in 0..FREE_ATTEMPTS_PER_ADDRESS {
        assert_eq!(wait(&guess(&thief, &format!("name{index}"), PASSWORD).await), 0);
    }
    assert_eq!(wait(&guess(&thief, "yet-another", PASSWORD).await), 1);
    assert_eq!(wait(&guess(&thief, "mira", PASSWORD).await), 1);
    // Others are not.
    let mut elsewhere = app.anonymous();
    elsewhere.address = ([203, 0, 113, 1], 1).into();
    guess(&elsewhere, "mira", PASSWORD).await.expect(StatusCode::OK);
    // And signing in rightly costs an address nothing, however often.
    let forgotten = i64::try_from(ATTEMPTS_FORGOTTEN_AFTER.as_secs()).unwrap();
    app.clock.step_seconds(forgotten);
    for _ in 0..=FREE_ATTEMPTS_PER_ADDRESS {
        guess(&thief, "mira", PASSWORD).await.expect(StatusCode::OK);
    }
}

#[tokio::test]
async fn one_address_cannot_register_without_end() {
    let app = guarded().await;
    for index in 0..FREE_ATTEMPTS_PER_ADDRESS {
        app.user(&format!("name{index}")).await;
    }
    let body = json!({"username": "one-more", "password": PASSWORD});
    let refused = app.anonymous().post("/api/v1/auth/register", body.clone()).await;
    refused.expect_error(429, "TOO_MANY_ATTEMPTS");
    assert_eq!(refused.headers["retry-after"], "1");
    app.clock.step_seconds(1);
    app.anonymous().post("/api/v1/auth/register", body).await.expect(StatusCode::CREATED);
}

#[tokio::test]
async fn guessing_the_current_password_in_a_session_left_open_is_slowed_down() {
    let app = guarded().await;
    let mira = app.user("mira").await;
    let change = |current: &str| {
        let body = json!({"current_password": current, "new_password": "the thief's own"});
        mira.post("/api/v1/me/password", body)
    };
    for _ in 0..FREE_ATTEMPTS_PER_NAME {
        assert_eq!(wait(&change("wrong").await), 0);
    }
    assert_eq!(wait(&change("wrong").await), 1);
    assert_eq!(wait(&change(PASSWORD).await), 1);
    app.clock.step_seconds(1);
    assert_eq!(change(PASSWORD).await.status, StatusCode::NO_CONTENT);
}

#[tokio::test]
async fn a_clock_that_is_set_back_locks_nobody_out() {
    let app = guarded().await;
    app.user("mira").await;
    let client = app.anonymous();
    for _ in 0..=FREE_ATTEMPTS_PER_NAME {
        guess(&client, "mira", "wrong").await;
    }
    app.clock.step_seconds(-3600);
    assert_eq!(wait(&guess(&client, "mira", PASSWORD).await), 1);
    app.clock.step_seconds(1);
    guess(&client, "mira", PASSWORD).await.expect(StatusCode::OK);
}

/// Guesses for a new name each time, from one peer, under what it claims to be forwarded for.
async fn guess_forwarded(client: &Client, index: u32, forwarded: &[u8]) -> i64 {
    let body = json!({"username": format!("name{index}"), "password": "wrong"});
    let request = Request::post("/api/v1/auth/login")
        .header("content-type", "application/json")
        .header("x-forwarded-for", HeaderValue::from_bytes(forwarded).unwrap())
        .body(body.to_string().into())
        .unwrap();
    wait(&client.raw(request).await)
}

#[tokio::test]
async fn a_made_up_x_forwarded_for_does_not_hide_who_guesses() {
    let app = guarded().await;
    let thief = app.anonymous();
    for index in 0..FREE_ATTEMPTS_PER_ADDRESS {
        let forwarded = format!("198.51.100.{index}");
        assert_eq!(guess_forwarded(&thief, index, forwarded.as_bytes()).await, 0);
    }
    assert_eq!(guess_forwarded(&thief, 99, b"198.51.100.99").await, 1);
}

#[tokio::test]
async fn behind_a_trusted_proxy_only_its_own_word_counts() {
    let proxies = TrustedProxies::new(vec![([10, 0, 0, 0].into(), 8)]);
    let http = HttpOptions { proxies, ..HttpOptions::default() };
    let app = TestApp::with(Setup { throttle: ThrottleMode::On, http, ..Setup::default() }).await;
    let mut proxy = app.anonymous();
    proxy.address = ([10, 0, 0, 1], 1).into();
    // The proxy writes the peer it sees behind whatever the client sent.
    let forged: [&[u8]; 6] =
        [b"", b"198.51.100.7, ", b"x, ", b"198.51.100.7, x, ", b"\xff, ", b"10.0.0.1, , "];
    for index in 0..FREE_ATTEMPTS_PER_ADDRESS {
        let prefix = forged[index as usize % forged.len()];
        let forwarded = [prefix, b"203.0.113.9"].concat();
        assert_eq!(guess_forwarded(&proxy, index, &forwarded).await, 0, "{index}");
    }
    for (index, prefix) in (100..).zip(forged) {
        let forwarded = [prefix, b"203.0.113.9"].concat();
        assert_eq!(guess_forwarded(&proxy, index, &forwarded).await, 1);
    }
    assert_eq!(guess_forwarded(&proxy, 200, b"203.0.113.10").await, 0, "another client waits too");

    let body = json!({"username": "mira", "password": PASSWORD});
    let headers = [("x-forwarded-for", "198.51.100.7, 203.0.113.11")];
    let reply = proxy.send(Method::POST, "/api/v1/auth/register", Some(body), &headers).await;
    let mira = app.signed_in(&reply.expect(StatusCode::CREATED));
    let sessions = mira.get("/api/v1/auth/sessions").await.expect(StatusCode::OK);
    assert_eq!(sessions["items"][0]["address"], "203.0.113.11");
}

#[tokio::test]
async fn the_time_of_an_answer_does_not_tell_which_names_exist() {
    const ROUNDS: usize = 7;
    let app = TestApp::with(Setup { bcrypt_cost: 10, ..Setup::default() }).await;
    app.user("mira").await;
    let client = app.anonymous();
    let too_long = "x".repeat(73);
    // The first is what the others are measured by.
    let cases = [
        ("mira", "a wrong password"),
        ("nobody", "a wrong password"),
        ("nobody@example.org", "a wrong password"),
        ("mira", &too_long),
        ("nobody", &too_long),
        ("two words", ""),
    ];
    let mut times = cases.map(|_| Vec::new());
    // In turn, so that whatever else the machine does slows all of them.
    for _ in 0..ROUNDS {
        for ((name, password), times) in cases.iter().zip(&mut times) {
            times.push(time_of(guess(&client, name, password)).await);
        }
    }
    let medians = times.map(|mut times| {
        times.sort_unstable();
        times[ROUNDS / 2]
    });
    for (case, median) in cases.iter().zip(medians) {
        let ratio = median.as_secs_f64() / medians[0].as_secs_f64();
        // Without a hash to compare, an answer comes more than fifty times sooner.
        assert!(
            (0.4..2.5).contains(&ratio),
            "{case:?} takes {ratio:.2} times as long: {medians:?}"
        );
    }
}

async fn time_of(reply: impl Future<Output = Reply>) -> Duration {
    #[expect(clippy::disallowed_methods, reason = "measures how long an answer takes")]
    let start = std::time::Instant::now();
    reply.await.expect_error(401, "INVALID_CREDENTIALS");
    start.elapsed()
}
