//! Limits on how often somebody may ask: exact counts and headers by a clock in hand, whom they are
//! counted for, what is not counted, and how a refusal looks in every envelope.

use std::net::IpAddr;

use axum::http::{HeaderMap, Method, StatusCode};
use serde_json::json;
use serene_http::{AllowedOrigins, HttpOptions, RateLimit, RateLimits, TrustedProxies};

use crate::{
    app::{Client, Reply, Setup, TestApp},
    process::Home,
};

const NOTE: &str = "Today I walked along the river and it was quiet, which did me good.";

fn per_minute(quota: u32) -> Option<RateLimit> {
    RateLimit::new(quota, 60)
}

async fn limited(per_user: Option<RateLimit>, per_address: Option<RateLimit>) -> TestApp {
    with_http(HttpOptions { rates: RateLimits { per_user, per_address }, ..HttpOptions::default() })
        .await
}

async fn with_http(http: HttpOptions) -> TestApp {
    TestApp::with(Setup { http, ..Setup::default() }).await
}

fn text<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
    headers.get(name).map(|value| value.to_str().unwrap())
}

/// Status, `RateLimit` and `Retry-After`.
fn told(reply: &Reply) -> (u16, Option<&str>, Option<&str>) {
    let headers = &reply.headers;
    (reply.status.as_u16(), text(headers, "ratelimit"), text(headers, "retry-after"))
}

/// The client at another address.
fn at(client: &Client, address: &str) -> Client {
    let address: IpAddr = address.parse().unwrap();
    Client { address: (address, 4321).into(), ..client.clone() }
}

#[tokio::test]
async fn a_user_is_told_what_is_left_and_when_to_come_back() {
    // One each 15 s.
    let app = limited(per_minute(4), None).await;
    let (mira, omar) = (app.user("mira").await, app.user("omar").await);
    let me = "/api/v1/me";
    for (left, whole_in_s) in [(3, 15), (2, 30), (1, 45), (0, 60)] {
        let reply = mira.get(me).await;
        let standing = format!("\"user\";r={left};t={whole_in_s}");
        assert_eq!(told(&reply), (200, Some(&*standing), None));
        assert_eq!(text(&reply.headers, "ratelimit-policy"), Some("\"user\";q=4;w=60"));
    }
    let refused = mira.get(me).await;
    refused.expect_error(429, "RATE_LIMITED");
    assert_eq!(told(&refused), (429, Some("\"user\";r=0;t=60"), Some("15")));
    assert_eq!(text(&refused.headers, "ratelimit-policy"), Some("\"user\";q=4;w=60"));
    // It is one's own, wherever one is signed in, and for whatever is asked.
    let elsewhere = at(&app.sign_in("mira").await, "192.0.2.7");
    assert_eq!(elsewhere.post("/api/v1/conversations", json!({})).await.status, 429);
    assert_eq!(told(&omar.get(me).await), (200, Some("\"user\";r=3;t=15"), None));
    // A mistake is a request, too.
    let wrong = omar.get("/api/v1/conversations?limit=nonsense").await;
    assert_eq!(told(&wrong), (400, Some("\"user\";r=2;t=30"), None));

    app.clock.step_seconds(14);
    assert_eq!(told(&mira.get(me).await), (429, Some("\"user\";r=0;t=46"), Some("1")));
    app.clock.step_seconds(1);
    assert_eq!(told(&mira.get(me).await), (200, Some("\"user\";r=0;t=60"), None));
    assert_eq!(told(&mira.get(me).await), (429, Some("\"user\";r=0;t=60"), Some("15")));
}

#[tokio::test]
async fn a_stream_is_opened_like_anything_else() {
    let app = limited(per_minute(2), None).await;
    let mira = app.user("mira").await;
    let conversation = mira.conversation().await;
    let path = format!("/api/v1/conversations/{conversation}/messages");
    let events = [("accept", "text/event-stream")];
    let body = json!({"content": "Good evening"});
    let opened = mira.send(Method::POST, &path, Some(body.clone()), &events).await;
    assert_eq!(told(&opened), (200, Some("\"user\";r=0;t=60"), None));
    let generation = text(&opened.headers, "x-generation-id").unwrap();
    let refused = mira.send(Method::POST, &path, Some(body), &events).await;
    refused.expect_error(429, "RATE_LIMITED");
    let resumed = mira.get(&format!("/api/v1/generations/{generation}/stream?after=3")).await;
    resumed.expect_error(429, "RATE_LIMITED");
    assert_eq!(app.count("SELECT COUNT(*) FROM messages"), 2);
}

#[tokio::test]
async fn an_address_is_limited_before_anybody_is_known() {
    let app = limited(None, per_minute(3)).await;
    let here = at(&app.anonymous(), "192.0.2.1");
    let policy = Some("\"address\";q=3;w=60");
    for (path, status, left, whole_in_s) in
        [("/api/v1/me", 401, 2, 20), ("/nothing-here", 404, 1, 40), ("/api/entries", 401, 0, 60)]
    {
        let reply = here.get(path).await;
        let standing = format!("\"address\";r={left};t={whole_in_s}");
        assert_eq!(told(&reply), (status, Some(&*standing), None));
        assert_eq!(text(&reply.headers, "ratelimit-policy"), policy);
    }
    let login = json!({"username": "mira", "password": "a good long password"});
    let refused = here.post("/api/v1/auth/login", login).await;
    refused.expect_error(429, "RATE_LIMITED");
    assert_eq!(told(&refused), (429, Some("\"address\";r=0;t=60"), Some("20")));
    assert_eq!(at(&here, "192.0.2.2").get("/api/v1/me").await.status, 401);
    // One customer has a whole /64.
    for address in ["2001:db8::1", "2001:db8::2", "2001:db8::ffff:ffff:ffff:ffff"] {
        assert_eq!(at(&here, address).get("/api/v1/me").await.status, 401, "{address}");
    }
    assert_eq!(at(&here, "2001:db8::3").get("/api/v1/me").await.status, 429);
    assert_eq!(at(&here, "2001:db8:0:1::1").get("/api/v1/me").await.status, 401);
    // Whatever way a socket spells it.
    assert_eq!(at(&here, "::ffff:192.0.2.1").get("/api/v1/me").await.status, 429);
}

#[tokio::test]
async fn behind_a_proxy_the_clients_address_counts() {
    let proxies = TrustedProxies::new(vec![("10.0.0.0".parse().unwrap(), 8)]);
    let rates = RateLimits { per_user: None, per_address: per_minute(1) };
    let app = with_http(HttpOptions { proxies, rates, ..HttpOptions::default() }).await;
    let ask = async |from: &str, forwarded: &str| {
        let client = at(&app.anonymous(), from);
        let headers = [("x-forwarded-for", forwarded)];
        client.send(Method::GET, "/api/v1/me", None, &headers).await.status.as_u16()
    };
    assert_eq!(ask("10.0.0.1", "192.0.2.1").await, 401);
    assert_eq!(ask("10.0.0.2", "192.0.2.1").await, 429, "by another proxy of ours");
    assert_eq!(ask("10.0.0.1", "192.0.2.2").await, 401);
    // Who is no proxy of ours may say what it likes.
    assert_eq!(ask("192.0.2.3", "192.0.2.4").await, 401);
    assert_eq!(ask("192.0.2.3", "192.0.2.5").await, 429);
}

#[tokio::test]
async fn both_limits_are_told_and_the_first_to_be_reached_refuses() {
    let app = limited(per_minute(2), per_minute(4)).await;
    let mira = app.user("mira").await;
    let reply = mira.get("/api/v1/me").await;
    let policy = "\"user\";q=2;w=60, \"address\";q=4;w=60";
    assert_eq!(text(&reply.headers, "ratelimit-policy"), Some(policy));
    let standing = "\"user\";r=1;t=30, \"address\";r=2;t=30";
    assert_eq!(told(&reply), (200, Some(standing), None));
    assert_eq!(mira.get("/api/v1/me").await.status, 200);
    let by_user = mira.get("/api/v1/me").await;
    let standing = "\"user\";r=0;t=60, \"address\";r=0;t=60";
    assert_eq!(told(&by_user), (429, Some(standing), Some("30")));
    let by_address = mira.get("/api/v1/me").await;
    assert_eq!(told(&by_address), (429, Some("\"address\";r=0;t=60"), Some("15")));
}

#[tokio::test]
async fn a_refusal_has_the_envelope_of_each_contract() {
    let app = limited(per_minute(1), None).await;
    let mira = app.user("mira").await;
    assert_eq!(mira.get("/api/v1/me").await.status, 200);
    for path in [
        "/sessions",
        "/api/chat/list",
        "/api/conversations",
        "/conversations",
        "/api/entries",
        "/entries",
        "/users/me",
        "/api/auth/me",
    ] {
        let reply = mira.get(path).await;
        let body = reply.expect(StatusCode::TOO_MANY_REQUESTS);
        assert_eq!((&body["code"], &body["detail"]), (&json!("RATE_LIMITED"), &body["error"]));
        assert_eq!(told(&reply), (429, Some("\"user\";r=0;t=60"), Some("60")), "{path}");
    }
    // By the cookie it is the same user.
    let cookie = format!("auth_token={}", mira.token.as_ref().unwrap());
    let headers = [("cookie", &*cookie)];
    let reply = app.anonymous().send(Method::GET, "/api/entries", None, &headers).await;
    assert_eq!(reply.status, StatusCode::TOO_MANY_REQUESTS);
}

#[tokio::test]
async fn health_docs_and_preflights_are_not_counted() {
    let origins = AllowedOrigins { listed: vec!["https://app.example".into()], localhost: false };
    let rates = RateLimits { per_user: per_minute(1), per_address: per_minute(1) };
    let app = with_http(HttpOptions { origins, rates, ..HttpOptions::default() }).await;
    let here = app.anonymous();
    let preflight = [("origin", "https://app.example"), ("access-control-request-method", "POST")];
    for _ in 0..3 {
        for path in ["/livez", "/readyz", "/healthz", "/openapi.json", "/docs/"] {
            let reply = here.get(path).await;
            assert_eq!(told(&reply), (200, None, None), "{path}");
        }
        let allowed = here.send(Method::OPTIONS, "/api/v1/me", None, &preflight).await;
        assert_eq!(told(&allowed), (204, None, None));
    }
    let origin = [preflight[0]];
    let first = here.send(Method::GET, "/api/v1/me", None, &origin).await;
    assert_eq!(first.status, 401);
    // A page may read a refusal, and what it is told with it.
    let refused = here.send(Method::GET, "/api/v1/me", None, &origin).await;
    refused.expect_error(429, "RATE_LIMITED");
    assert_eq!(text(&refused.headers, "access-control-allow-origin"), Some(origin[0].1));
    let exposed = text(&refused.headers, "access-control-expose-headers").unwrap();
    for header in ["retry-after", "ratelimit", "ratelimit-policy"] {
        assert!(exposed.split(", ").any(|name| name == header), "{header}: {exposed}");
    }
}

#[tokio::test]
async fn a_retry_is_never_refused() {
    for (per_user, per_address) in [(per_minute(2), None), (None, per_minute(3))] {
        let app = limited(per_user, per_address).await;
        let mira = app.user("mira").await;
        let send = async |key: &str, note: &str, client: &Client| {
            let body = json!({"mood": "calm", "note": note});
            let headers = [("idempotency-key", key)];
            client.send(Method::POST, "/api/v1/entries", Some(body), &headers).await
        };
        let first = send("key-1", NOTE, &mira).await.expect(StatusCode::CREATED);
        assert_eq!(mira.get("/api/v1/me").await.status, 200);
        assert_eq!(mira.get("/api/v1/me").await.status, 429);
        for _ in 0..3 {
            let again = send("key-1", NOTE, &mira).await;
            assert_eq!(again.expect(StatusCode::CREATED)["id"], first["id"]);
        }
        // Under the key of another request, it is told that.
        let other = format!("{NOTE} And more.");
        send("key-1", &other, &mira).await.expect_error(422, "IDEMPOTENCY_KEY_REUSED");
        // A new one is new, and so is somebody else's.
        send("key-2", NOTE, &mira).await.expect_error(429, "RATE_LIMITED");
        send("not a key", NOTE, &mira).await.expect_error(429, "RATE_LIMITED");
        if per_address.is_some() {
            let anonymous = app.anonymous();
            send("key-1", NOTE, &anonymous).await.expect_error(429, "RATE_LIMITED");
            let forged = Client { token: Some("a.b.c".into()), ..anonymous };
            send("key-1", NOTE, &forged).await.expect_error(429, "RATE_LIMITED");
        }
        assert_eq!(app.count("SELECT COUNT(*) FROM entries"), 1);
    }
}

#[tokio::test]
async fn a_contract_that_asks_twice_who_it_is_counts_once() {
    let app = limited(per_minute(4), None).await;
    let mira = app.user("mira").await;
    let other = app.sign_in("mira").await;
    let cookie = format!("auth_token={}", other.token.as_ref().unwrap());
    let reply = mira.send(Method::POST, "/api/auth/logout", None, &[("cookie", &cookie)]).await;
    assert_eq!(told(&reply), (200, Some("\"user\";r=3;t=15"), None));
    let next = app.sign_in("mira").await.get("/api/v1/me").await;
    assert_eq!(told(&next), (200, Some("\"user\";r=2;t=30"), None));
}

#[tokio::test]
async fn without_limits_nothing_is_counted() {
    let app = TestApp::new().await;
    let mira = app.user("mira").await;
    for _ in 0..50 {
        let reply = mira.get("/api/v1/me").await;
        assert_eq!(told(&reply), (200, None, None));
        assert_eq!(text(&reply.headers, "ratelimit-policy"), None);
    }
}

#[test]
fn the_server_limits_users_unless_it_is_told_otherwise() {
    let home = Home::new();
    let command = home.serene(&["--port", "0"], &[("BCRYPT_COST", "4")]);
    let server = home.start_command(command);
    let token = server.register("mira");
    let reply = server.get("/api/v1/me", &token);
    assert_eq!(reply.header("ratelimit-policy"), Some("\"user\";q=600;w=60"));
    assert_eq!(reply.header("ratelimit"), Some("\"user\";r=599;t=1"));
    drop(server);
    let server = home.start(&[("RATE_LIMIT_PER_ADDRESS", "5/hour")]);
    let answers: Vec<u16> = (0..6).map(|_| server.get("/api/v1/me", "").status).collect();
    assert_eq!(answers, [401, 401, 401, 401, 401, 429]);
    assert_eq!(server.get("/livez", "").status, 200);
}
