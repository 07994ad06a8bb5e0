//! Registering and signing in.

use axum::http::StatusCode;
use serde_json::{Value, json};

use super::{assert_alike, login, register};
use crate::app::{PASSWORD, TestApp};

#[tokio::test]
async fn people_register_by_name_by_e_mail_or_by_both() {
    let app = TestApp::new().await;
    for (username, email) in [
        (json!("mira"), Value::Null),
        (Value::Null, json!("noor@example.org")),
        (json!("Olga"), json!("Olga@Example.org")),
        (json!("名無し"), Value::Null),
    ] {
        let body = json!({"username": username, "email": email, "password": PASSWORD});
        let signed_in = register(&app, body).await.expect(StatusCode::CREATED);
        assert_eq!(signed_in["user"]["username"], username);
        assert_eq!(signed_in["user"]["email"], email);
        assert_eq!(
            (&signed_in["token_type"], &signed_in["expires_in"]),
            (&json!("bearer"), &json!(900))
        );
        let me = app.signed_in(&signed_in).get("/api/v1/me").await.expect(StatusCode::OK);
        assert_eq!(me, signed_in["user"]);
    }
    let nobody = register(&app, json!({"password": PASSWORD})).await;
    assert_eq!(nobody.expect_error(400, "INVALID_REQUEST")["field"], "username");
}

#[tokio::test]
async fn a_name_or_address_is_taken_whatever_its_case_and_width() {
    let app = TestApp::new().await;
    let olga = json!({"username": "Olga", "email": "Olga@Example.org", "password": PASSWORD});
    register(&app, olga).await.expect(StatusCode::CREATED);
    for username in ["Olga", "OLGA", " olga ", "Ｏｌｇａ", "ｏＬＧＡ"] {
        let body = json!({"username": username, "password": PASSWORD});
        register(&app, body).await.expect_error(409, "USERNAME_TAKEN");
    }
    for email in
        ["Olga@Example.org", "OLGA@EXAMPLE.ORG", " olga@example.org", "ｏｌｇａ@example.org"]
    {
        let body = json!({"username": "another", "email": email, "password": PASSWORD});
        register(&app, body).await.expect_error(409, "EMAIL_TAKEN");
    }
    // What was refused has left nothing behind: the other half of it is still free.
    let body = json!({"username": "another", "password": PASSWORD});
    register(&app, body).await.expect(StatusCode::CREATED);
    assert_eq!(app.count("SELECT count(*) FROM users"), 2);
    assert_eq!(app.count("SELECT count(*) FROM sessions"), 2);
}

#[tokio::test]
async fn two_who_want_one_name_at_once_are_one_account() {
    let app = TestApp::new().await;
    let tries = (0..8).map(|_| register(&app, json!({"username": "mira", "password": PASSWORD})));
    let replies = futures_util::future::join_all(tries).await;
    let made = replies.iter().filter(|reply| reply.status == StatusCode::CREATED).count();
    assert_eq!(made, 1);
    for refused in replies.iter().filter(|reply| reply.status != StatusCode::CREATED) {
        refused.expect_error(409, "USERNAME_TAKEN");
    }
}

#[tokio::test]
async fn a_bad_name_address_or_password_is_refused_by_its_field() {
    let app = TestApp::new().await;
    let long = |text: &str, count| text.repeat(count);
    let names =
        ["", " ", "a", "two words", "a@b", "a\u{ff20}b", "nul\0nul", "line\nbreak", &long("x", 65)];
    let emails = ["", "x", "@", "x@", "@y", "a@b@c", "a b@c", "nul\0@y", &(long("x", 253) + "@y")];
    let passwords = ["", "1234567", &long("x", 73), &long("ä", 37), "with a \0 inside"];
    let cases = [("username", &names[..]), ("email", &emails), ("password", &passwords)];
    for (field, values) in cases {
        for value in values {
            let mut body = json!({"username": "mira", "password": PASSWORD});
            body[field] = json!(value);
            let error = register(&app, body).await.expect_error(400, "INVALID_REQUEST");
            assert_eq!(error["field"], field, "{value:?}");
            let sentence = error["error"].as_str().unwrap();
            assert!(value.len() < 3 || !sentence.contains(value), "{sentence} quotes {value:?}");
        }
    }
    assert_eq!(app.count("SELECT count(*) FROM users"), 0);
}

#[tokio::test]
async fn a_password_counts_to_its_last_byte() {
    let app = TestApp::new().await;
    for (name, password) in [("ascii", "x".repeat(72)), ("umlauts", "ä".repeat(36))] {
        let body = json!({"username": name, "password": password});
        register(&app, body).await.expect(StatusCode::CREATED);
        login(&app, name, &password).await.expect(StatusCode::OK);
        let shorter: String = password.chars().skip(1).collect();
        for wrong in [shorter, password.clone() + "x", password.clone() + "\0"] {
            login(&app, name, &wrong).await.expect_error(401, "INVALID_CREDENTIALS");
        }
    }
}

#[tokio::test]
async fn people_sign_in_by_name_or_e_mail() {
    let app = TestApp::new().await;
    let olga = json!({"username": "Olga", "email": "Olga@Example.org", "password": PASSWORD});
    let id = register(&app, olga).await.expect(StatusCode::CREATED)["user"]["id"].clone();
    for name in ["Olga", "olga", "ＯＬＧＡ", " Olga ", "olga@example.org", "OLGA@Example.org"] {
        for field in ["username", "email"] {
            let body = json!({field: name, "password": PASSWORD});
            let reply = app.anonymous().post("/api/v1/auth/login", body).await;
            assert_eq!(reply.expect(StatusCode::OK)["user"]["id"], id, "{name}");
        }
    }
    for names in [json!({}), json!({"username": "Olga", "email": "olga@example.org"})] {
        let mut body = names;
        body["password"] = json!(PASSWORD);
        let reply = app.anonymous().post("/api/v1/auth/login", body).await;
        reply.expect_error(400, "INVALID_REQUEST");
    }
}

#[tokio::test]
async fn an_unknown_name_is_answered_like_a_wrong_password() {
    let app = TestApp::new().await;
    app.user("mira").await;
    let wrong = login(&app, "mira", "a wrong password").await;
    let error = wrong.expect_error(401, "INVALID_CREDENTIALS");
    assert!(error.get("field").is_none());
    assert_eq!(wrong.headers["www-authenticate"], "Bearer");
    for (name, password) in [
        ("nobody", "a wrong password"),
        ("nobody", PASSWORD),
        ("nobody@example.org", PASSWORD),
        ("mira@example.org", PASSWORD),
        ("mira", &"x".repeat(73)),
        ("nobody", &"x".repeat(73)),
        ("mira", ""),
        ("", ""),
        ("no\0body", PASSWORD),
        ("two words", PASSWORD),
        (&"x".repeat(10_000), PASSWORD),
    ] {
        assert_alike(&wrong, &login(&app, name, password).await);
    }
}
