//! The paths that several contracts share, and the cookie.

use std::{net::IpAddr, time::Duration};

use axum::{
    body::Body,
    http::{Method, Request, StatusCode, header},
};
use serde_json::{Value, json};
use serene_http::{
    AllowedOrigins, ContractOptions, HttpOptions, TrustedProxies,
    contracts::{Contract, SameSite},
};

use super::{assert_keys, expect_error};
use crate::app::{Client, PASSWORD, Reply, Setup, TestApp};

/// Somebody who brings the cookie, as a browser does.
#[derive(Clone)]
pub(super) struct Browser {
    pub(super) client: Client,
    pub(super) token: Option<String>,
}

impl Browser {
    /// One that has no cookie yet.
    pub(super) fn new(app: &TestApp) -> Self {
        Self { client: app.anonymous(), token: None }
    }

    /// Somebody who has just registered.
    pub(super) async fn register(app: &TestApp, email: &str) -> Self {
        let body = json!({"email": email, "password": PASSWORD});
        let reply = app.anonymous().post("/api/auth/register", body).await;
        reply.expect(StatusCode::CREATED);
        Self::new(app).with_cookie_of(&reply)
    }

    pub(super) fn with_token(&self, token: &str) -> Self {
        Self { client: self.client.clone(), token: Some(token.to_owned()) }
    }

    pub(super) fn with_cookie_of(&self, reply: &Reply) -> Self {
        let cookie = reply.headers[header::SET_COOKIE].to_str().unwrap();
        let token = cookie.strip_prefix("auth_token=").unwrap().split(';').next().unwrap();
        self.with_token(token)
    }

    pub(super) async fn get(&self, path: &str) -> Reply {
        self.send(Method::GET, path, None, &[]).await
    }

    pub(super) async fn post(&self, path: &str, body: Value) -> Reply {
        self.send(Method::POST, path, Some(body), &[]).await
    }

    pub(super) async fn delete(&self, path: &str) -> Reply {
        self.send(Method::DELETE, path, None, &[]).await
    }

    pub(super) async fn send(
        &self,
        method: Method,
        path: &str,
        body: Option<Value>,
        headers: &[(&str, &str)],
    ) -> Reply {
        self.raw(Client::request(method, path, body, headers)).await
    }

    /// A POST of another kind of body.
    pub(super) async fn typed(&self, path: &str, kind: &str, body: &str) -> Reply {
        let request = Request::post(path).header(header::CONTENT_TYPE, kind);
        self.raw(request.body(Body::from(body.to_owned())).unwrap()).await
    }

    async fn raw(&self, mut request: Request<Body>) -> Reply {
        if let Some(token) = &self.token {
            let cookie = format!("theme=dark; auth_token={token}; lang=en");
            request.headers_mut().insert(header::COOKIE, cookie.parse().unwrap());
        }
        self.client.raw(request).await
    }
}

async fn app_with(http: HttpOptions) -> TestApp {
    TestApp::with(Setup { http, ..Setup::default() }).await
}

async fn serving(on: &[Contract]) -> TestApp {
    let contracts = ContractOptions { on: on.to_vec(), ..ContractOptions::default() };
    app_with(HttpOptions { contracts, ..HttpOptions::default() }).await
}

fn named(name: &str) -> Value {
    json!({"username": name, "email": format!("{name}@example.org"), "password": PASSWORD})
}

fn by_email(name: &str) -> Value {
    json!({"email": format!("{name}@example.org"), "password": PASSWORD})
}

fn cookie(reply: &Reply) -> Option<&str> {
    reply.headers.get(header::SET_COOKIE).map(|value| value.to_str().unwrap())
}

/// What an answer of registering or signing in looks like.
#[track_caller]
fn way(reply: &Reply) -> &'static str {
    let body = reply.json();
    if !reply.status.is_success() {
        return if reply.status == StatusCode::NOT_FOUND { "none" } else { "refused" };
    }
    let is_success = body == json!({"success": true});
    assert_eq!(is_success, cookie(reply).is_some(), "the cookie comes with this answer: {body}");
    match (is_success, body.get("token_type").is_some()) {
        (true, _) => "cookie",
        (_, true) => "token",
        _ => "user",
    }
}

#[tokio::test]
async fn the_body_chooses_how_one_is_let_in() {
    let app = TestApp::new().await;
    let nobody = app.anonymous();
    for (root, ways) in [("/api/auth", ["user", "cookie"]), ("/auth", ["token", "cookie"])] {
        let name = if root == "/auth" { "odo" } else { "mira" };
        let register = nobody.post(&format!("{root}/register"), named(name)).await;
        assert_eq!((register.status, way(&register)), (StatusCode::CREATED, ways[0]));
        let other = by_email(&format!("{name}2"));
        let register = nobody.post(&format!("{root}/register"), other).await;
        assert_eq!((register.status, way(&register)), (StatusCode::CREATED, ways[1]));
        // Everybody may sign in at every form, by either name.
        for body in
            [named(name), json!({"username": format!("{name}2@example.org"), "password": PASSWORD})]
        {
            let login = nobody.post(&format!("{root}/login"), body).await;
            assert_eq!((login.status, way(&login)), (StatusCode::OK, ways[0]));
            assert!(login.json()["access_token"].is_string());
        }
        let login = nobody.post(&format!("{root}/login"), by_email(name)).await;
        assert_eq!((login.status, way(&login)), (StatusCode::OK, ways[1]));
    }
    // A form wants a token.
    let form = "username=odo&password=a+good+long+password";
    let kind = "application/x-www-form-urlencoded; charset=utf-8";
    let login = Browser::new(&app).typed("/auth/login", kind, form).await;
    assert_eq!((login.status, way(&login)), (StatusCode::OK, "token"));
    assert_keys(&login.json(), &["access_token", "token_type", "user"]);
    assert_eq!(login.json()["token_type"], "bearer");
    let form = "email=odo%40example.org&password=a+good+long+password";
    let login = Browser::new(&app).typed("/auth/login", kind, form).await;
    assert_eq!((login.status, way(&login)), (StatusCode::OK, "token"));
}

#[tokio::test]
async fn the_credential_chooses_what_one_is_told_of_oneself() {
    let app = TestApp::new().await;
    let body = app.anonymous().post("/api/v1/auth/register", named("mira")).await;
    let mira = app.signed_in(&body.expect(StatusCode::CREATED));
    let browser = Browser::register(&app, "odo@example.org").await;
    let me = mira.get("/api/auth/me").await.expect(StatusCode::OK);
    assert!(me["id"].is_i64() && me["username"] == "mira", "{me}");
    let me = browser.get("/api/auth/me").await.expect(StatusCode::OK);
    assert!(me["id"].is_string() && me.get("username").is_none(), "{me}");
    // Both: the header counts, and a bad one does not fall back to the cookie.
    let both = Browser { client: mira.clone(), token: browser.token.clone() };
    let me = both.get("/api/auth/me").await.expect(StatusCode::OK);
    assert_eq!(me["username"], "mira");
    for bad in ["Bearer x.y.z", "Bearer", "Basic abc"] {
        let headers = [("authorization", bad)];
        let reply = browser.send(Method::GET, "/api/auth/me", None, &headers).await;
        let refused = reply.expect(StatusCode::UNAUTHORIZED);
        assert!(refused["msg"].is_string(), "{refused}");
    }
    let nobody = app.anonymous().get("/api/auth/me").await;
    expect_error(&nobody, 401, "AUTH_REQUIRED", "Authentication required");
    // At the root it is the journal's, whatever the credential.
    for me in [mira.get("/auth/me").await, browser.get("/auth/me").await] {
        assert_keys(&me.expect(StatusCode::OK), &["id", "email", "created_at"]);
    }
}

#[tokio::test]
async fn signing_out_ends_the_session_and_takes_the_cookie_away() {
    for path in ["/api/auth/logout", "/auth/logout"] {
        let app = TestApp::new().await;
        let body = json!({"success": true, "message": "Successfully logged out"});
        let gone = "auth_token=; Expires=Thu, 01 Jan 1970 00:00:00 GMT; Max-Age=0; HttpOnly; Path=/; SameSite=Lax";

        let mira = app.user("mira").await;
        let reply = mira.post(path, json!({})).await;
        assert_eq!((reply.expect(StatusCode::OK), cookie(&reply)), (body.clone(), Some(gone)));
        mira.get("/api/v1/me").await.expect_error(401, "SESSION_ENDED");

        let odo = Browser::register(&app, "odo@example.org").await;
        for _ in 0..2 {
            // The second time the cookie is stale, and that is no error.
            let reply = odo.send(Method::POST, path, None, &[]).await;
            assert_eq!((reply.expect(StatusCode::OK), cookie(&reply)), (body.clone(), Some(gone)));
            expect_error(
                &odo.get("/auth/me").await,
                401,
                "AUTH_INVALID",
                "Authentication is not valid",
            );
        }
        let garbage = odo.with_token("garbage").post(path, json!({})).await;
        assert_eq!((garbage.expect(StatusCode::OK), cookie(&garbage)), (body.clone(), Some(gone)));

        // A browser that has both loses both.
        let (noor, cookied) =
            (app.user("noor").await, Browser::register(&app, "n@example.org").await);
        let both = Browser { client: noor.clone(), token: cookied.token.clone() };
        both.post(path, json!({})).await.expect(StatusCode::OK);
        noor.get("/api/v1/me").await.expect_error(401, "SESSION_ENDED");
        cookied.get("/auth/me").await.expect(StatusCode::UNAUTHORIZED);

        let reply = app.anonymous().post(path, json!({})).await;
        expect_error(&reply, 401, "AUTH_REQUIRED", "Missing Authorization Header");
        assert_eq!(cookie(&reply), None);
        let mut forged = app.anonymous();
        forged.token = Some("x.y.z".into());
        forged.post(path, json!({})).await.expect(StatusCode::UNAUTHORIZED);
    }
}

#[tokio::test]
async fn a_contract_that_is_off_leaves_its_paths_to_the_others() {
    use Contract::{Chatbot, Conversations, Entries, Histories, Sessions};
    // Served; then with a name and without, under /api and at the root; then who one is, likewise.
    for (on, ways, me) in [
        (&[][..], ["none", "none", "none", "none"], [404, 404]),
        (&[Sessions], ["none", "none", "none", "none"], [404, 404]),
        (&[Histories], ["user", "refused", "none", "none"], [200, 404]),
        (&[Entries], ["cookie", "cookie", "cookie", "cookie"], [200, 200]),
        (&[Conversations], ["token", "token", "token", "token"], [404, 404]),
        (&[Chatbot], ["none", "none", "token", "token"], [404, 404]),
        (&[Histories, Entries], ["user", "cookie", "cookie", "cookie"], [200, 200]),
        (&[Histories, Conversations], ["user", "token", "token", "token"], [200, 404]),
        (&[Entries, Conversations], ["token", "cookie", "token", "cookie"], [200, 200]),
        (&Contract::ALL, ["user", "cookie", "token", "cookie"], [200, 200]),
    ] {
        let app = serving(on).await;
        let nobody = app.anonymous();
        let (mut index, mut found) = (0, Vec::new());
        for root in ["/api/auth/register", "/auth/register"] {
            for body in [named, by_email] {
                index += 1;
                found.push(way(&nobody.post(root, body(&format!("user{index}"))).await));
            }
        }
        assert_eq!(found, ways, "{on:?}");
        let mira = app.user("mira").await;
        let paths = ["/api/auth/me", "/auth/me"];
        for (path, status) in paths.into_iter().zip(me) {
            assert_eq!(mira.get(path).await.status.as_u16(), status, "{on:?} {path}");
        }
        let signup = nobody.post("/auth/signup", json!({})).await.status == StatusCode::NOT_FOUND;
        assert_eq!(signup, !on.contains(&Conversations) && !on.contains(&Chatbot), "{on:?}");
        let entries = mira.get("/entries").await.status == StatusCode::OK;
        assert_eq!(entries, on.contains(&Entries), "{on:?}");
        let conversations = mira.get("/conversations").await.status == StatusCode::OK;
        assert_eq!(conversations, on.contains(&Conversations), "{on:?}");
        mira.get("/api/v1/me").await.expect(StatusCode::OK);
    }
}

#[tokio::test]
async fn the_cookie_says_what_the_operator_chose() {
    let proxies = || TrustedProxies::new(vec![(IpAddr::from([127, 0, 0, 1]), 32)]);
    let https = [("x-forwarded-proto", "https")];
    for (same_site, cookie_secure, trusted, headers, expected) in [
        (SameSite::Lax, false, true, &[][..], "SameSite=Lax"),
        (SameSite::Lax, false, true, &https, "SameSite=Lax; Secure"),
        (SameSite::Lax, false, true, &[("x-forwarded-proto", "https, http")], "SameSite=Lax"),
        (SameSite::Lax, false, false, &https, "SameSite=Lax"),
        (SameSite::Lax, true, false, &[], "SameSite=Lax; Secure"),
        (SameSite::Strict, false, false, &[], "SameSite=Strict"),
        (SameSite::None, false, false, &[], "SameSite=None; Secure"),
    ] {
        let contracts = ContractOptions { same_site, cookie_secure, ..ContractOptions::default() };
        let proxies = if trusted { proxies() } else { TrustedProxies::default() };
        let app = app_with(HttpOptions { contracts, proxies, ..HttpOptions::default() }).await;
        let nobody = Browser::new(&app);
        let path = "/api/auth/register";
        let reply = nobody.send(Method::POST, path, Some(by_email("mira")), headers).await;
        let expected = format!("HttpOnly; Path=/; {expected}");
        assert!(cookie(&reply).unwrap().ends_with(&expected), "{:?}", cookie(&reply));
        let mira = nobody.with_cookie_of(&reply);
        let reply = mira.send(Method::POST, "/api/auth/logout", None, headers).await;
        assert!(cookie(&reply).unwrap().ends_with(&expected), "{:?}", cookie(&reply));
    }
}

#[tokio::test]
async fn another_sites_page_cannot_act_with_the_cookie() {
    let listed = vec!["https://app.example.org".to_owned()];
    let origins = AllowedOrigins { listed, localhost: false };
    let app = app_with(HttpOptions { origins, ..HttpOptions::default() }).await;
    let mira = Browser::register(&app, "mira@example.org").await;
    let bearer = app.user("odo").await;
    let (ours, evil) = ("https://app.example.org", "https://evil.example");
    let host = ("host", "journal.example");
    for (headers, allowed) in [
        (&[][..], true),
        (&[("sec-fetch-site", "same-origin")], true),
        (&[("sec-fetch-site", "none")], true),
        (&[("sec-fetch-site", "cross-site")], false),
        (&[("sec-fetch-site", "same-site")], false),
        (&[("sec-fetch-site", "cross-site"), ("origin", evil)], false),
        (&[("sec-fetch-site", "same-site"), ("origin", evil)], false),
        (&[("sec-fetch-site", "cross-site"), ("origin", ours)], true),
        (&[("sec-fetch-site", "same-origin"), ("origin", evil)], true),
        (&[("origin", evil), host], false),
        (&[("origin", "null"), host], false),
        (&[("origin", ours), host], true),
        (&[("origin", "https://journal.example"), host], true),
        (&[("origin", "https://journal.example.evil"), host], false),
    ] {
        let note = "I walked along the river this morning and for once nothing hurried me.";
        let entry = json!({"mood": "calm", "note": note});
        for (method, path, body, done) in [
            (Method::POST, "/api/entries", Some(entry.clone()), 201),
            (Method::DELETE, "/entries/0199e4c7-54c8-7a53-a5b0-0e9cfbe7aa2d", None, 404),
            (Method::POST, "/conversations", Some(json!({})), 201),
            (Method::POST, "/api/auth/login", Some(by_email("mira")), 200),
            // Without a credential: nobody is made to sign in as somebody else.
            (Method::POST, "/auth/register", Some(by_email("mira")), 409),
        ] {
            let reply = mira.send(method, path, body, headers).await;
            let expected = if allowed { done } else { 403 };
            assert_eq!(reply.status.as_u16(), expected, "{path} {headers:?}: {}", reply.text());
            if !allowed {
                assert_eq!(reply.json()["code"], "ORIGIN_NOT_ALLOWED");
                assert_eq!(cookie(&reply), None);
            }
        }
        // Reading is the browser's to hide, and a bearer token no page has by itself.
        let read = mira.send(Method::GET, "/api/entries", None, headers).await;
        assert_eq!(read.status, StatusCode::OK, "{headers:?}");
        let sent = bearer.send(Method::POST, "/entries", Some(entry), headers).await;
        assert_eq!(sent.status, StatusCode::CREATED, "{headers:?}");
    }
    let evil = [("sec-fetch-site", "cross-site"), ("origin", evil)];
    for path in ["/api/auth/logout", "/auth/logout"] {
        mira.send(Method::POST, path, None, &evil).await.expect(StatusCode::FORBIDDEN);
    }
    mira.get("/api/auth/me").await.expect(StatusCode::OK);
}

#[tokio::test]
async fn with_a_cookie_only_json_is_taken() {
    let app = TestApp::new().await;
    let mira = Browser::register(&app, "mira@example.org").await;
    for kind in
        ["application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "text/plain"]
    {
        for path in ["/api/entries", "/conversations", "/api/auth/logout"] {
            let reply = mira.typed(path, kind, "mood=calm").await;
            let refused = reply.expect(StatusCode::UNSUPPORTED_MEDIA_TYPE);
            assert_eq!(refused["code"], "UNSUPPORTED_MEDIA_TYPE", "{path} {kind}");
        }
        let nobody = Browser::new(&app);
        let form = "email=mira%40example.org&password=a+good+long+password";
        let reply = nobody.typed("/api/auth/login", kind, form).await;
        assert_eq!(reply.status, StatusCode::UNSUPPORTED_MEDIA_TYPE, "{kind}");
    }
    mira.get("/api/auth/me").await.expect(StatusCode::OK);
}

#[tokio::test]
async fn a_slash_at_the_end_changes_nothing() {
    let app = TestApp::new().await;
    let mira = Browser::register(&app, "mira@example.org").await;
    for path in
        ["/entries/", "/api/entries/?from=2020-01-01", "/auth/me/", "/conversations/", "/users/me/"]
    {
        mira.get(path).await.expect(StatusCode::OK);
    }
    let created = mira.post("/api/conversations/", json!({})).await;
    let created = if created.status == StatusCode::NOT_FOUND {
        mira.post("/conversations/", json!({})).await
    } else {
        created
    };
    assert!(created.status.is_success());
    mira.get("/api/nothing/").await.expect(StatusCode::NOT_FOUND);
    mira.get("/").await;
    // The canonical API is as it is documented.
    let odo = app.user("odo").await;
    odo.get("/api/v1/me/").await.expect_error(404, "NOT_FOUND");
}

#[tokio::test]
async fn a_demo_user_needs_no_credential() {
    let contracts =
        ContractOptions { demo_user: Some("demo".into()), ..ContractOptions::default() };
    let app = app_with(HttpOptions { contracts, ..HttpOptions::default() }).await;
    let nobody = app.anonymous();
    let created = nobody.post("/conversations", json!({"title": "Mine"})).await;
    let created = created.expect(StatusCode::CREATED);
    let listed = nobody.get("/conversations").await.expect(StatusCode::OK);
    assert_eq!(listed, json!([created]));
    let me = nobody.get("/users/me").await.expect(StatusCode::OK);
    assert_eq!(me["username"], "demo");
    assert_eq!(nobody.get("/api/auth/me").await.expect(StatusCode::OK)["email"], Value::Null);
    nobody.post("/api/auth/logout", json!({})).await.expect(StatusCode::OK);
    // A credential that is no good is no missing one, and the canonical API knows no demo.
    let mut forged = nobody.clone();
    forged.token = Some("x.y.z".into());
    forged.get("/conversations").await.expect(StatusCode::UNAUTHORIZED);
    nobody.get("/api/v1/me").await.expect_error(401, "UNAUTHENTICATED");
    let mira = app.user("mira").await;
    assert_eq!(mira.get("/conversations").await.expect(StatusCode::OK), json!([]));
}

#[tokio::test]
async fn a_lifetime_that_was_set_counts_for_every_contract() {
    let hour = Some(Duration::from_hours(1));
    for (token_lifetime, user, others) in [(None, 30 * 24, 24), (hour, 1, 1)] {
        let contracts = ContractOptions { token_lifetime, ..ContractOptions::default() };
        let app = app_with(HttpOptions { contracts, ..HttpOptions::default() }).await;
        let nobody = app.anonymous();
        nobody.post("/api/auth/register", named("mira")).await.expect(StatusCode::CREATED);
        let token = |reply: Reply| {
            let body = reply.expect(StatusCode::OK);
            Client {
                token: Some(body["access_token"].as_str().unwrap().to_owned()),
                ..nobody.clone()
            }
        };
        let histories = token(nobody.post("/api/auth/login", named("mira")).await);
        let conversations = token(nobody.post("/login", named("mira")).await);
        let cookie = nobody.post("/api/auth/login", by_email("mira")).await;
        let entries = Browser::new(&app).with_cookie_of(&cookie);
        app.clock.step_seconds(others * 3600 - 10);
        conversations.get("/users/me").await.expect(StatusCode::OK);
        entries.get("/auth/me").await.expect(StatusCode::OK);
        app.clock.step_seconds(20);
        conversations.get("/users/me").await.expect(StatusCode::UNAUTHORIZED);
        entries.get("/auth/me").await.expect(StatusCode::UNAUTHORIZED);
        if user > others {
            app.clock.step_seconds((user - others) * 3600 - 20);
            histories.get("/api/auth/me").await.expect(StatusCode::OK);
            app.clock.step_seconds(20);
        }
        histories.get("/api/auth/me").await.expect(StatusCode::UNAUTHORIZED);
    }
}
