//! Tokens: exchanging them, and what is no token of ours. Forgeries are made by hand, byte by byte.

use std::time::Duration;

use aws_lc_rs::hmac;
use axum::http::{Method, StatusCode};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::{Value, json};
use serene_core::base::limits::{CLOCK_SKEW, REFRESH_GRACE};
use tokio::task::JoinSet;

use super::{another_session, assert_open, refresh};
use crate::app::{Client, Reply, SECRET, TestApp};

fn refresh_token(client: &Client) -> &str {
    client.refresh_token.as_ref().unwrap()
}

fn seconds(duration: Duration) -> i64 {
    i64::try_from(duration.as_secs()).unwrap()
}

/// Exchanges a token that must be good.
async fn exchange(app: &TestApp, token: &str) -> Client {
    app.signed_in(&refresh(app, token).await.expect(StatusCode::OK))
}

async fn me_with(app: &TestApp, token: &str) -> Reply {
    let headers = [("authorization", format!("Bearer {token}"))];
    let headers = headers.each_ref().map(|(name, value)| (*name, value.as_str()));
    app.anonymous().send(Method::GET, "/api/v1/me", None, &headers).await
}

#[tokio::test]
async fn an_exchange_gives_a_new_pair_of_the_same_session() {
    let app = TestApp::new().await;
    let mira = app.user("mira").await;
    app.clock.step_seconds(60);
    let reply = refresh(&app, refresh_token(&mira)).await.expect(StatusCode::OK);
    let next = app.signed_in(&reply);
    assert_eq!(next.user_id, mira.user_id);
    assert_eq!(reply["session_id"], claims(&mira)["sid"]);
    assert_ne!(next.refresh_token, mira.refresh_token);
    assert_ne!(next.token, mira.token);
    // The earlier access token is good until its time is over: one session, two tabs.
    assert_open(&mira.get("/api/v1/me").await);
    assert_open(&next.get("/api/v1/me").await);
}

#[tokio::test]
async fn the_same_token_within_the_grace_gives_the_same_successor() {
    let app = TestApp::new().await;
    let mira = app.user("mira").await;
    let first = exchange(&app, refresh_token(&mira)).await;
    app.clock.step_seconds(seconds(REFRESH_GRACE));
    let second = exchange(&app, refresh_token(&mira)).await;
    assert_eq!(first.refresh_token, second.refresh_token);
    assert_open(&second.get("/api/v1/me").await);
}

#[tokio::test]
async fn the_same_token_after_the_grace_ends_its_session_for_both_parties() {
    let app = TestApp::new().await;
    let mira = app.user("mira").await;
    let phone = another_session(&app, "mira").await;
    let first = exchange(&app, refresh_token(&mira)).await;
    app.clock.step_seconds(seconds(REFRESH_GRACE) + 1);
    refresh(&app, refresh_token(&mira)).await.expect_error(401, "REFRESH_REUSED");
    refresh(&app, refresh_token(&mira)).await.expect_error(401, "REFRESH_INVALID");
    refresh(&app, refresh_token(&first)).await.expect_error(401, "REFRESH_INVALID");
    first.get("/api/v1/me").await.expect_error(401, "SESSION_ENDED");
    assert_open(&phone.get("/api/v1/me").await);
}

#[tokio::test]
async fn a_token_older_than_the_last_exchange_ends_its_session_even_within_the_grace() {
    let app = TestApp::new().await;
    let mira = app.user("mira").await;
    let first = exchange(&app, refresh_token(&mira)).await;
    exchange(&app, refresh_token(&first)).await;
    refresh(&app, refresh_token(&mira)).await.expect_error(401, "REFRESH_REUSED");
    first.get("/api/v1/me").await.expect_error(401, "SESSION_ENDED");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn twenty_exchanges_of_one_token_at_once_all_get_the_same_successor() {
    let app = TestApp::new().await;
    let mira = app.user("mira").await;
    let mut tabs = JoinSet::new();
    for _ in 0..20 {
        let tab = app.anonymous();
        let body = json!({"refresh_token": refresh_token(&mira)});
        tabs.spawn(async move { tab.post("/api/v1/auth/refresh", body).await });
    }
    let replies: Vec<Value> =
        tabs.join_all().await.iter().map(|reply| reply.expect(StatusCode::OK)).collect();
    let successors: Vec<&Value> = replies.iter().map(|reply| &reply["refresh_token"]).collect();
    assert!(successors.windows(2).all(|pair| pair[0] == pair[1]), "{successors:?}");
    exchange(&app, successors[0].as_str().unwrap()).await;
}

#[tokio::test]
async fn an_access_token_ends_at_its_second() {
    let app = TestApp::new().await;
    let mira = app.user("mira").await;
    app.clock.step_seconds(899);
    assert_open(&mira.get("/api/v1/me").await);
    app.clock.step_seconds(1);
    let reply = mira.get("/api/v1/me").await;
    reply.expect_error(401, "TOKEN_EXPIRED");
    assert_eq!(reply.headers["www-authenticate"], "Bearer");
    assert_open(&exchange(&app, refresh_token(&mira)).await.get("/api/v1/me").await);
}

#[tokio::test]
async fn a_clock_that_jumps_an_hour_costs_an_exchange_and_nobody_their_session() {
    for (step, code) in [(3600, "TOKEN_EXPIRED"), (-3600, "TOKEN_INVALID")] {
        let app = TestApp::new().await;
        let mira = app.user("mira").await;
        let first = exchange(&app, refresh_token(&mira)).await;
        app.clock.step_seconds(step);
        first.get("/api/v1/me").await.expect_error(401, code);
        let second = exchange(&app, refresh_token(&first)).await;
        assert_open(&second.get("/api/v1/me").await);
        app.clock.step_seconds(-step);
        let third = exchange(&app, refresh_token(&second)).await;
        assert_open(&third.get("/api/v1/me").await);
    }
}

#[tokio::test]
async fn a_clock_that_is_set_back_does_not_stretch_the_grace() {
    let app = TestApp::new().await;
    let mira = app.user("mira").await;
    exchange(&app, refresh_token(&mira)).await;
    app.clock.step_seconds(-60);
    refresh(&app, refresh_token(&mira)).await.expect_error(401, "REFRESH_REUSED");
}

/// What a client's access token says.
fn claims(client: &Client) -> Value {
    let payload = client.token.as_ref().unwrap().split('.').nth(1).unwrap();
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(payload).unwrap()).unwrap()
}

/// A JWT with this header and these claims, signed as said.
fn forge(header: &Value, claims: &Value, with: hmac::Algorithm, secret: &str) -> String {
    let part = |json: &Value| URL_SAFE_NO_PAD.encode(json.to_string());
    let signed = format!("{}.{}", part(header), part(claims));
    let tag = hmac::sign(&hmac::Key::new(with, secret.as_bytes()), signed.as_bytes());
    format!("{signed}.{}", URL_SAFE_NO_PAD.encode(tag))
}

/// Claims as they are, or changed, in a token that is signed as ours are.
fn signed(claims: &Value) -> String {
    forge(&json!({"typ": "JWT", "alg": "HS256"}), claims, hmac::HMAC_SHA256, SECRET)
}

#[tokio::test]
async fn the_tests_own_forgeries_would_be_good_if_they_were_not_changed() {
    let app = TestApp::new().await;
    let mira = app.user("mira").await;
    assert_open(&me_with(&app, &signed(&claims(&mira))).await);
}

#[tokio::test]
async fn a_token_of_another_secret_or_algorithm_is_refused() {
    let app = TestApp::new().await;
    let mira = app.user("mira").await;
    let claims = claims(&mira);
    let alg = |name: &str| json!({"typ": "JWT", "alg": name});
    let (sha256, sha384, sha512) = (hmac::HMAC_SHA256, hmac::HMAC_SHA384, hmac::HMAC_SHA512);
    let mut forged = vec![
        forge(&alg("HS256"), &claims, sha256, "another secret, and just as long as the right one"),
        forge(&alg("HS256"), &claims, sha256, ""),
        forge(&alg("HS384"), &claims, sha384, SECRET),
        forge(&alg("HS512"), &claims, sha512, SECRET),
        forge(&alg("HS256"), &claims, sha384, SECRET),
    ];
    for name in ["RS256", "ES256", "EdDSA", "PS256", "none", "None", "nOnE", "", "HS257", "hs256"] {
        forged.push(forge(&alg(name), &claims, sha256, SECRET));
        let unsigned = forge(&alg(name), &claims, sha256, SECRET);
        forged.push(unsigned.rsplit_once('.').unwrap().0.to_owned() + ".");
        forged.push(unsigned.rsplit_once('.').unwrap().0.to_owned());
    }
    forged.push(forge(&json!({"typ": "JWT"}), &claims, sha256, SECRET));
    for token in forged {
        me_with(&app, &token).await.expect_error(401, "TOKEN_INVALID");
    }
    // What a header asks to be believed is not: no key comes from a token.
    let pointed =
        json!({"alg": "HS256", "jwk": {"kty": "oct", "k": "AA"}, "kid": "../../dev/null"});
    me_with(&app, &forge(&pointed, &claims, sha256, "\0")).await.expect_error(401, "TOKEN_INVALID");
}

#[tokio::test]
async fn a_token_that_was_changed_anywhere_is_refused() {
    let app = TestApp::new().await;
    let mira = app.user("mira").await;
    let noor = app.user("noor").await;
    let token = mira.token.clone().unwrap();
    let (head, tag) = token.rsplit_once('.').unwrap();
    for at in (0..token.len()).step_by(7) {
        let mut changed = token.clone().into_bytes();
        changed[at] = if changed[at] == b'A' { b'B' } else { b'A' };
        let changed = String::from_utf8(changed).unwrap();
        me_with(&app, &changed).await.expect_error(401, "TOKEN_INVALID");
    }
    // Another's claims under my signature, and pieces that are missing or too many.
    let other = noor.token.clone().unwrap();
    let spliced = format!("{}.{tag}", other.rsplit_once('.').unwrap().0);
    for bad in [
        spliced,
        format!("{token}.{tag}"),
        format!("{head}."),
        format!(".{head}"),
        "..".into(),
        ".".into(),
        "x".into(),
        "eyJhbGciOiJub25lIn0.e30.".into(),
        format!("{token}="),
        "x".repeat(8000),
    ] {
        me_with(&app, &bad).await.expect_error(401, "TOKEN_INVALID");
    }
}

#[tokio::test]
async fn a_token_that_lacks_a_claim_or_has_a_wrong_one_is_refused() {
    let app = TestApp::new().await;
    let mira = app.user("mira").await;
    let good = claims(&mira);
    for name in good.as_object().unwrap().keys() {
        let mut missing = good.clone();
        missing.as_object_mut().unwrap().remove(name);
        me_with(&app, &signed(&missing)).await.expect_error(401, "TOKEN_INVALID");
        for wrong in [Value::Null, json!([]), json!({}), json!(" "), json!(1e300)] {
            let mut changed = good.clone();
            changed[name] = wrong.clone();
            // The subject is a string, and for other servers to read.
            if name != "sub" || !wrong.is_string() {
                me_with(&app, &signed(&changed)).await.expect_error(401, "TOKEN_INVALID");
            }
        }
    }
    let mut refresh = good.clone();
    refresh["type"] = json!("refresh");
    me_with(&app, &signed(&refresh)).await.expect_error(401, "TOKEN_INVALID");
}

#[tokio::test]
async fn a_session_counts_for_its_own_user_only() {
    let app = TestApp::new().await;
    let (mira, noor) = (app.user("mira").await, app.user("noor").await);
    let mut mixed = claims(&mira);
    mixed["sid"] = claims(&noor)["sid"].clone();
    me_with(&app, &signed(&mixed)).await.expect_error(401, "SESSION_ENDED");
    let mut mixed = claims(&mira);
    mixed["user_id"] = claims(&noor)["user_id"].clone();
    me_with(&app, &signed(&mixed)).await.expect_error(401, "SESSION_ENDED");
}

#[tokio::test]
async fn another_clock_may_be_ahead_by_thirty_seconds_and_no_more() {
    let app = TestApp::new().await;
    let mira = app.user("mira").await;
    let now = app.clock.now().as_seconds();
    for claim in ["nbf", "iat"] {
        let mut ahead = claims(&mira);
        ahead[claim] = json!(now + seconds(CLOCK_SKEW));
        assert_open(&me_with(&app, &signed(&ahead)).await);
        ahead[claim] = json!(now + seconds(CLOCK_SKEW) + 1);
        me_with(&app, &signed(&ahead)).await.expect_error(401, "TOKEN_INVALID");
    }
    // The end has no such play.
    let mut ending = claims(&mira);
    ending["exp"] = json!(now + 1);
    assert_open(&me_with(&app, &signed(&ending)).await);
    for exp in [now, now - 1, 0, -1, i64::MIN] {
        ending["exp"] = json!(exp);
        me_with(&app, &signed(&ending)).await.expect_error(401, "TOKEN_EXPIRED");
    }
}

#[tokio::test]
async fn a_token_of_one_kind_is_none_of_the_other() {
    let app = TestApp::new().await;
    let mira = app.user("mira").await;
    me_with(&app, refresh_token(&mira)).await.expect_error(401, "TOKEN_INVALID");
    let access = mira.token.as_ref().unwrap();
    refresh(&app, access).await.expect_error(401, "REFRESH_INVALID");
    for bad in ["", "x", &"A".repeat(128), &format!("{}A", refresh_token(&mira))] {
        refresh(&app, bad).await.expect_error(401, "REFRESH_INVALID");
    }
    // None of that has ended anything.
    exchange(&app, refresh_token(&mira)).await;
}

#[tokio::test]
async fn a_credential_is_taken_from_the_authorization_header_alone() {
    let app = TestApp::new().await;
    let mira = app.user("mira").await;
    let token = mira.token.as_ref().unwrap();
    let anonymous = app.anonymous();
    let query = format!("/api/v1/me?access_token={token}");
    anonymous.get(&query).await.expect_error(401, "UNAUTHENTICATED");
    let (basic, bare) = (format!("Basic {token}"), token.clone());
    let cookie = format!("access_token={token}; token={token}");
    for header in [
        ("authorization", &basic),
        ("authorization", &bare),
        ("cookie", &cookie),
        ("x-token", token),
    ] {
        let header = [(header.0, header.1.as_str())];
        let reply = anonymous.send(Method::GET, "/api/v1/me", None, &header).await;
        reply.expect_error(401, "UNAUTHENTICATED");
        assert_eq!(reply.headers["www-authenticate"], "Bearer");
    }
}
