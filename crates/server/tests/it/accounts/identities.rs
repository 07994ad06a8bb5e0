//! Firebase ID tokens: which are taken, whose account they open, and how their keys are kept.

use std::{
    io::{BufRead, BufReader, Write},
    net::TcpListener,
    sync::{Arc, Mutex},
};

use aws_lc_rs::{
    rand::SystemRandom,
    rsa::{KeyPair, KeySize},
    signature::{KeyPair as _, RSA_PKCS1_SHA256},
};
use axum::http::{Method, StatusCode};
use base64::{
    Engine as _,
    engine::general_purpose::{STANDARD, URL_SAFE, URL_SAFE_NO_PAD},
};
use serde_json::{Value, json};
use serene_core::{accounts::FirebaseKeys, base::MasterKey};

use crate::app::{Client, PASSWORD, PROJECT, Reply, SECRET, Setup, TestApp, unsigned_id_token};

/// Somebody who signs tokens.
struct Issuer {
    id: &'static str,
    keys: KeyPair,
}

impl Issuer {
    fn new(id: &'static str) -> Self {
        Self { id, keys: KeyPair::generate(KeySize::Rsa2048).unwrap() }
    }

    fn header(&self) -> Value {
        json!({"alg": "RS256", "kid": self.id, "typ": "JWT"})
    }

    fn sign(&self, header: &Value, claims: &Value) -> String {
        let segment = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
        let message = format!("{}.{}", segment(header), segment(claims));
        let mut signature = vec![0; self.keys.public_modulus_len()];
        let rng = SystemRandom::new();
        self.keys.sign(&RSA_PKCS1_SHA256, &rng, message.as_bytes(), &mut signature).unwrap();
        format!("{message}.{}", URL_SAFE_NO_PAD.encode(signature))
    }

    /// A token that is good.
    fn token(&self, app: &TestApp, subject: &str, email: &str) -> String {
        let mut claims = claims(app);
        claims["sub"] = subject.into();
        claims["email"] = email.into();
        self.sign(&self.header(), &claims)
    }

    fn jwk(&self) -> Value {
        let key = self.keys.public_key();
        let text = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
        json!({
            "kid": self.id, "kty": "RSA", "alg": "RS256", "use": "sig",
            "n": text(key.modulus().big_endian_without_leading_zero()),
            "e": text(key.exponent().big_endian_without_leading_zero()),
        })
    }

    /// A certificate with this key and not much else.
    fn certificate(&self) -> String {
        let sequence = |parts: &[&[u8]]| der(0x30, &parts.concat());
        let rsa = sequence(&[&RSA_OID, &[5, 0]]);
        let bits = [&[0], self.keys.public_key().as_ref()].concat();
        let info = sequence(&[&rsa, &der(3, &bits)]);
        let (version, serial) = (der(0xa0, &[2, 1, 2]), der(2, &[7]));
        let names = sequence(&[]);
        let signed = sequence(&[&version, &serial, &rsa, &names, &names, &names, &info]);
        let whole = sequence(&[&signed, &rsa, &der(3, &[0; 257])]);
        let text = STANDARD.encode(whole);
        let lines: Vec<_> = text.as_bytes().chunks(64).map(String::from_utf8_lossy).collect();
        format!("-----BEGIN CERTIFICATE-----\n{}\n-----END CERTIFICATE-----\n", lines.join("\n"))
    }
}

const RSA_OID: [u8; 11] = [0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01];

fn der(tag: u8, content: &[u8]) -> Vec<u8> {
    let length = u16::try_from(content.len()).unwrap().to_be_bytes();
    [&[tag, 0x82], &length[..], content].concat()
}

/// What a good token says.
fn claims(app: &TestApp) -> Value {
    let now = app.clock.now().as_seconds();
    json!({
        "iss": format!("https://securetoken.google.com/{PROJECT}"),
        "aud": PROJECT,
        "sub": "uid-1",
        "user_id": "uid-1",
        "iat": now - 10,
        "exp": now + 3590,
        "auth_time": now - 100,
        "email": "mira@example.org",
        "email_verified": true,
        "firebase": {"sign_in_provider": "password"},
    })
}

/// A server that publishes keys.
struct KeyServer {
    url: String,
    says: Arc<Mutex<Says>>,
}

struct Says {
    status: u16,
    body: String,
    asked: usize,
}

impl KeyServer {
    fn of(body: &Value) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}/keys", listener.local_addr().unwrap());
        let says = Arc::new(Mutex::new(Says { status: 200, body: body.to_string(), asked: 0 }));
        let shared = Arc::clone(&says);
        let serve = move || {
            for stream in listener.incoming() {
                let mut stream = stream.unwrap();
                let mut lines = BufReader::new(stream.try_clone().unwrap()).lines();
                while lines.next().is_some_and(|line| !line.unwrap().is_empty()) {}
                let mut says = shared.lock().unwrap();
                says.asked += 1;
                let (status, body) = (says.status, &says.body);
                let length = body.len();
                write!(
                    stream,
                    "HTTP/1.1 {status} So\r\ncache-control: public, max-age=600\r\n\
                     content-length: {length}\r\nconnection: close\r\n\r\n{body}"
                )
                .unwrap();
            }
        };
        std::thread::Builder::new().spawn(serve).unwrap();
        Self { url, says }
    }

    fn jwks(issuers: &[&Issuer]) -> Value {
        json!({"keys": issuers.iter().map(|issuer| issuer.jwk()).collect::<Vec<_>>()})
    }

    fn say(&self, status: u16, body: &Value) {
        let mut says = self.says.lock().unwrap();
        (says.status, says.body) = (status, body.to_string());
    }

    fn asked(&self) -> usize {
        self.says.lock().unwrap().asked
    }

    async fn app(&self) -> TestApp {
        let firebase = FirebaseKeys::At(self.url.clone());
        TestApp::with(Setup { firebase, ..Setup::default() }).await
    }
}

/// Exchanges a token.
async fn exchange(app: &TestApp, token: &str) -> Reply {
    app.anonymous().post("/api/v1/auth/firebase", json!({"id_token": token})).await
}

/// Shows a token to the contract `sessions`.
async fn show(app: &TestApp, token: &str) -> Reply {
    let authorization = format!("Bearer {token}");
    app.anonymous().send(Method::GET, "/sessions", None, &[("authorization", &authorization)]).await
}

/// Somebody who sends this as their bearer token.
fn bearing(app: &TestApp, token: &str) -> Client {
    Client { token: Some(token.to_owned()), ..app.anonymous() }
}

/// Checks that nobody lets this token in.
#[track_caller]
fn assert_refused(case: &str, exchanged: &Reply, shown: &Reply, code: &str) {
    assert_eq!(exchanged.status, StatusCode::UNAUTHORIZED, "{case}: {}", exchanged.text());
    assert_eq!(exchanged.json()["code"], code, "{case}");
    assert_eq!(shown.status, StatusCode::UNAUTHORIZED, "{case}");
    assert_eq!(shown.json()["error"], "Invalid token", "{case}");
}

type Change = fn(&mut Value, i64);

/// Changes of the claims of a good token that leave it good.
const GOOD: [(&str, Change); 8] = [
    ("as it is", |_, _| {}),
    ("a subject of 128 characters", |it, _| it["sub"] = "é".repeat(128).into()),
    ("expires in two seconds", |it, now| it["exp"] = (now + 2).into()),
    ("an address that is not verified", |it, _| it["email_verified"] = false.into()),
    ("made five seconds ahead", |it, now| it["iat"] = (now + 5).into()),
    ("made thirty seconds ahead", |it, now| it["iat"] = (now + 30).into()),
    ("no time of signing in", |it, _| drop(it.as_object_mut().unwrap().remove("auth_time"))),
    ("signed in thirty seconds ahead", |it, now| it["auth_time"] = (now + 30).into()),
];

/// Changes that make it invalid.
const BAD: [(&str, Change); 22] = [
    ("made an hour ahead", |it, now| it["iat"] = (now + 3600).into()),
    ("made 31 seconds ahead", |it, now| it["iat"] = (now + 31).into()),
    ("no exp", |it, _| drop(it.as_object_mut().unwrap().remove("exp"))),
    ("no iat", |it, _| drop(it.as_object_mut().unwrap().remove("iat"))),
    ("exp as text", |it, now| it["exp"] = (now + 600).to_string().into()),
    ("signed in an hour ahead", |it, now| it["auth_time"] = (now + 3600).into()),
    ("another project", |it, _| it["aud"] = "another-project".into()),
    ("no aud", |it, _| drop(it.as_object_mut().unwrap().remove("aud"))),
    ("aud as a list", |it, _| it["aud"] = json!([PROJECT])),
    ("the project in capitals", |it, _| it["aud"] = PROJECT.to_uppercase().into()),
    ("another issuer", |it, _| it["iss"] = "https://securetoken.google.com/another".into()),
    ("an issuer that begins alike", |it, _| {
        it["iss"] = format!("https://securetoken.google.com/{PROJECT}/").into();
    }),
    ("an issuer by http", |it, _| {
        it["iss"] = format!("http://securetoken.google.com/{PROJECT}").into();
    }),
    ("no iss", |it, _| drop(it.as_object_mut().unwrap().remove("iss"))),
    ("iss as a list", |it, _| it["iss"] = json!([it["iss"]])),
    ("an empty subject", |it, _| it["sub"] = "".into()),
    ("no sub", |it, _| drop(it.as_object_mut().unwrap().remove("sub"))),
    ("a number for a subject", |it, _| it["sub"] = 7.into()),
    ("a subject of 129 characters", |it, _| it["sub"] = "x".repeat(129).into()),
    ("a NUL in the subject", |it, _| it["sub"] = "a\0b".into()),
    ("an address that is no text", |it, _| it["email"] = json!(["mira@example.org"])),
    ("a custom token", |it, _| {
        it["iss"] = "firebase-adminsdk@a-test-project.iam.gserviceaccount.com".into();
        it["aud"] = "https://identitytoolkit.googleapis.com/google.identity.identitytoolkit.v1.\
                     IdentityToolkit"
            .into();
        it["uid"] = "uid-1".into();
    }),
];

#[tokio::test]
async fn tokens_that_say_what_they_must_are_taken_and_no_others() {
    let issuer = Issuer::new("one");
    let server = KeyServer::of(&KeyServer::jwks(&[&issuer]));
    let app = server.app().await;
    let now = app.clock.now().as_seconds();
    let changed = |change: Change| {
        let mut claims = claims(&app);
        change(&mut claims, now);
        issuer.sign(&issuer.header(), &claims)
    };
    for (case, change) in GOOD {
        let token = changed(change);
        assert_eq!(show(&app, &token).await.status, StatusCode::OK, "{case}");
        assert_eq!(exchange(&app, &token).await.status, StatusCode::OK, "{case}");
    }
    let users = app.count("SELECT COUNT(*) FROM users");
    assert_eq!(users, 2, "one subject, and the long one");
    for (case, change) in BAD {
        let token = changed(change);
        let (exchanged, shown) = (exchange(&app, &token).await, show(&app, &token).await);
        assert_refused(case, &exchanged, &shown, "TOKEN_INVALID");
    }
    for (case, late) in [("expired five seconds ago", 5), ("expires now", 0)] {
        let mut claims = claims(&app);
        claims["exp"] = (now - late).into();
        let token = issuer.sign(&issuer.header(), &claims);
        let (exchanged, shown) = (exchange(&app, &token).await, show(&app, &token).await);
        assert_refused(case, &exchanged, &shown, "TOKEN_EXPIRED");
    }
    assert_eq!(app.count("SELECT COUNT(*) FROM users"), users);
    assert_eq!(server.asked(), 1, "all with the keys of one fetch");
}

#[tokio::test]
async fn tokens_that_are_not_signed_as_they_must_are_refused() {
    let (issuer, stranger) = (Issuer::new("one"), Issuer::new("one"));
    let server = KeyServer::of(&KeyServer::jwks(&[&issuer]));
    let app = server.app().await;
    let claims = claims(&app);
    let good = issuer.sign(&issuer.header(), &claims);
    let (message, signature) = good.rsplit_once('.').unwrap();
    let (header, payload) = message.split_once('.').unwrap();
    let encoded = |header: Value| URL_SAFE_NO_PAD.encode(header.to_string());
    let hmac = |secret: &[u8]| {
        let message = format!("{}.{payload}", encoded(json!({"alg": "HS256", "kid": "one"})));
        let key = aws_lc_rs::hmac::Key::new(aws_lc_rs::hmac::HMAC_SHA256, secret);
        let tag = aws_lc_rs::hmac::sign(&key, message.as_bytes());
        format!("{message}.{}", URL_SAFE_NO_PAD.encode(tag))
    };
    let none = encoded(json!({"alg": "none", "kid": "one", "typ": "JWT"}));
    let mut tampered = claims.clone();
    tampered["sub"] = "uid-2".into();
    let tampered = URL_SAFE_NO_PAD.encode(tampered.to_string());
    let raw = URL_SAFE_NO_PAD.decode(signature).unwrap();
    let cases = [
        ("no kid", issuer.sign(&json!({"alg": "RS256"}), &claims)),
        ("a kid that is not known", issuer.sign(&json!({"alg": "RS256", "kid": "two"}), &claims)),
        ("a kid that is no text", issuer.sign(&json!({"alg": "RS256", "kid": 1}), &claims)),
        ("another's key under this kid", stranger.sign(&stranger.header(), &claims)),
        ("alg none, no signature", format!("{none}.{payload}.")),
        ("alg none, a signature", format!("{none}.{payload}.{signature}")),
        ("the emulator's", unsigned_id_token(&json!({"sub": "uid-1", "email": "m@example.org"}))),
        ("HS256 with the public key", hmac(issuer.keys.public_key().as_ref())),
        ("HS256 with the certificate", hmac(issuer.certificate().as_bytes())),
        ("HS256 with our own secret", hmac(SECRET.as_bytes())),
        ("RS512 in the header", issuer.sign(&json!({"alg": "RS512", "kid": "one"}), &claims)),
        ("PS256 in the header", issuer.sign(&json!({"alg": "PS256", "kid": "one"}), &claims)),
        ("no alg", issuer.sign(&json!({"kid": "one"}), &claims)),
        ("a payload that was changed", format!("{header}.{tampered}.{signature}")),
        ("two segments", message.to_owned()),
        ("four segments", format!("{good}.{signature}")),
        ("an empty signature", format!("{message}.")),
        ("padding kept on the signature", format!("{message}.{}", URL_SAFE.encode(&raw))),
        ("a signature in another alphabet", format!("{message}.{}", STANDARD.encode(&raw))),
        ("a signature that is cut", format!("{message}.{}", &signature[..40])),
    ];
    for (case, token) in cases {
        let (exchanged, shown) = (exchange(&app, &token).await, show(&app, &token).await);
        assert_refused(case, &exchanged, &shown, "TOKEN_INVALID");
    }
    assert_eq!(app.count("SELECT COUNT(*) FROM users"), 0);
    exchange(&app, &good).await.expect(StatusCode::OK);
    let long = exchange(&app, &"x".repeat(9000)).await;
    long.expect_error(400, "INVALID_REQUEST");
}

#[tokio::test]
async fn keys_may_come_as_certificates() {
    let (one, two) = (Issuer::new("one"), Issuer::new("two"));
    let server = KeyServer::of(&json!({"one": one.certificate(), "two": two.certificate()}));
    let app = server.app().await;
    for issuer in [&one, &two] {
        let token = issuer.token(&app, issuer.id, "mira@example.org");
        exchange(&app, &token).await.expect(StatusCode::OK);
    }
    let crossed = two.sign(&one.header(), &claims(&app));
    exchange(&app, &crossed).await.expect_error(401, "TOKEN_INVALID");
}

#[tokio::test]
async fn new_keys_are_fetched_when_one_is_not_known_but_not_each_time() {
    let (old, new) = (Issuer::new("old"), Issuer::new("new"));
    let server = KeyServer::of(&KeyServer::jwks(&[&old]));
    let app = server.app().await;
    let token = |issuer: &Issuer| issuer.token(&app, "uid-1", "mira@example.org");
    exchange(&app, &token(&old)).await.expect(StatusCode::OK);
    assert_eq!(server.asked(), 1);
    // Just fetched: a stranger's made-up ids cause nothing.
    server.say(200, &KeyServer::jwks(&[&new]));
    for _ in 0..3 {
        exchange(&app, &token(&new)).await.expect_error(401, "TOKEN_INVALID");
    }
    assert_eq!(server.asked(), 1);
    app.clock.step_seconds(31);
    exchange(&app, &token(&new)).await.expect(StatusCode::OK);
    assert_eq!(server.asked(), 2);
    // The old key is gone with the list it was on.
    exchange(&app, &token(&old)).await.expect_error(401, "TOKEN_INVALID");
    // When their time is over they are fetched again.
    app.clock.step_seconds(600);
    exchange(&app, &token(&new)).await.expect(StatusCode::OK);
    assert_eq!(server.asked(), 3);
}

#[tokio::test]
async fn old_keys_are_used_for_six_hours_when_new_ones_cannot_be_had() {
    let issuer = Issuer::new("one");
    let jwks = KeyServer::jwks(&[&issuer]);
    let server = KeyServer::of(&jwks);
    let app = server.app().await;
    let token = || issuer.token(&app, "uid-1", "mira@example.org");
    exchange(&app, &token()).await.expect(StatusCode::OK);
    for (status, body) in [(500, &jwks), (302, &jwks), (200, &json!({})), (200, &json!("no"))] {
        server.say(status, body);
        app.clock.step_seconds(601);
        exchange(&app, &token()).await.expect(StatusCode::OK);
        show(&app, &token()).await.expect(StatusCode::OK);
    }
    assert_eq!(server.asked(), 5, "a failed fetch is not repeated at once");
    app.clock.step_seconds(6 * 3600);
    let reply = exchange(&app, &token()).await;
    reply.expect_error(503, "UNAVAILABLE");
    assert_eq!(reply.headers["retry-after"], "1");
    // This contract's clients know no other answer.
    let reply = show(&app, &token()).await;
    assert_eq!(reply.expect(StatusCode::UNAUTHORIZED)["error"], "Authentication failed");
    server.say(200, &jwks);
    app.clock.step_seconds(6);
    exchange(&app, &token()).await.expect(StatusCode::OK);
}

#[tokio::test]
async fn without_keys_nobody_is_let_in_and_nobody_waits_for_long() {
    let issuer = Issuer::new("one");
    let nobody = crate::mock_model::nobody();
    let firebase = FirebaseKeys::At(nobody);
    let app = TestApp::with(Setup { firebase, ..Setup::default() }).await;
    let token = issuer.token(&app, "uid-1", "mira@example.org");
    exchange(&app, &token).await.expect_error(503, "UNAVAILABLE");
    // Our own tokens do not need them.
    let mira = app.user("mira").await;
    mira.get("/sessions").await.expect(StatusCode::OK);
}

#[tokio::test]
async fn an_identity_is_issuer_and_subject_and_never_an_address() {
    let issuer = Issuer::new("one");
    let server = KeyServer::of(&KeyServer::jwks(&[&issuer]));
    let app = server.app().await;
    let body = json!({"email": "mira@example.org", "password": PASSWORD});
    let registered = app.anonymous().post("/api/v1/auth/register", body).await;
    let registered = app.signed_in(&registered.expect(StatusCode::CREATED));
    registered.post("/sessions", json!({"title": "hers"})).await.expect(StatusCode::CREATED);

    let first = bearing(&app, &issuer.token(&app, "uid-1", "mira@example.org"));
    assert_eq!(first.get("/sessions").await.expect(StatusCode::OK), json!([]));
    let session = first.post("/sessions", json!({})).await.expect(StatusCode::CREATED);
    assert_eq!(session["user_email"], "mira@example.org");
    let second = bearing(&app, &issuer.token(&app, "uid-2", "mira@example.org"));
    assert_eq!(second.get("/sessions").await.expect(StatusCode::OK), json!([]));
    // The same subject with another address is the same person.
    let moved = bearing(&app, &issuer.token(&app, "uid-1", "MIRA@new.example.org"));
    let list = moved.get("/sessions").await.expect(StatusCode::OK);
    assert_eq!((&list[0]["id"], list.as_array().unwrap().len()), (&session["id"], 1));
    assert_eq!(list[0]["user_email"], "MIRA@new.example.org");
    // Nor is a subject compared loosely.
    let other = bearing(&app, &issuer.token(&app, "UID-1", "mira@example.org"));
    assert_eq!(other.get("/sessions").await.expect(StatusCode::OK), json!([]));
    // The address was not written down as theirs: who owns it may still register it.
    assert_eq!(app.count("SELECT COUNT(*) FROM users WHERE email IS NOT NULL"), 1);
    assert_eq!(app.count("SELECT COUNT(*) FROM users"), 4);
}

#[tokio::test]
async fn the_contract_wants_an_address_and_the_exchange_does_not() {
    let app = TestApp::new().await;
    for claims in [
        json!({"sub": "anon"}),
        json!({"sub": "anon", "email": ""}),
        json!({"sub": "anon", "email": null}),
    ] {
        let token = unsigned_id_token(&claims);
        let reply = show(&app, &token).await;
        assert_eq!(reply.expect(StatusCode::UNAUTHORIZED)["error"], "No email in token");
    }
    assert_eq!(app.count("SELECT COUNT(*) FROM users"), 0, "nobody is made for that");
    let body = exchange(&app, &unsigned_id_token(&json!({"sub": "anon"}))).await;
    let body = body.expect(StatusCode::OK);
    assert_eq!((&body["user"]["username"], &body["user"]["email"]), (&Value::Null, &Value::Null));
    let somebody = app.signed_in(&body);
    let session = somebody.post("/sessions", json!({})).await.expect(StatusCode::CREATED);
    assert_eq!(session["user_email"], Value::Null);
}

#[tokio::test]
async fn an_exchanged_token_is_a_session_like_any_other() {
    let app = TestApp::new().await;
    let token = unsigned_id_token(&json!({"sub": "uid-1", "email": "m@example.org"}));
    let first = app.signed_in(&exchange(&app, &token).await.expect(StatusCode::OK));
    let again = app.signed_in(&exchange(&app, &token).await.expect(StatusCode::OK));
    assert_eq!(first.user_id, again.user_id);
    let sessions = first.get("/api/v1/auth/sessions").await.expect(StatusCode::OK);
    assert_eq!(sessions["items"].as_array().unwrap().len(), 2);
    first.post("/api/v1/auth/logout", json!({})).await.expect(StatusCode::NO_CONTENT);
    first.get("/api/v1/me").await.expect_error(401, "SESSION_ENDED");
    again.get("/api/v1/me").await.expect(StatusCode::OK);
    // What is made with one token is there with the other.
    again.post("/sessions", json!({})).await.expect(StatusCode::CREATED);
    let shown = show(&app, &token).await.expect(StatusCode::OK);
    assert_eq!(shown.as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn id_tokens_are_taken_where_they_belong_and_nowhere_else() {
    let issuer = Issuer::new("one");
    let server = KeyServer::of(&KeyServer::jwks(&[&issuer]));
    let app = server.app().await;
    let token = issuer.token(&app, "uid-1", "mira@example.org");
    let mira = bearing(&app, &token);
    mira.get("/sessions").await.expect(StatusCode::OK);
    for path in ["/api/v1/me", "/api/v1/conversations", "/api/v1/me/identities"] {
        mira.get(path).await.expect_error(401, "TOKEN_INVALID");
    }
    // Our own tokens are no ID tokens.
    let own = app.user("odo").await.token.unwrap();
    exchange(&app, &own).await.expect_error(401, "TOKEN_INVALID");
}

#[tokio::test]
async fn whoever_is_signed_in_may_link_an_identity() {
    let app = TestApp::new().await;
    let (mira, odo) = (app.user("mira").await, app.user("odo").await);
    let token = unsigned_id_token(&json!({"sub": "uid-1", "email": "elsewhere@example.org"}));
    let path = "/api/v1/me/identities";
    let body = json!({"id_token": token});
    assert_eq!(mira.get(path).await.expect(StatusCode::OK)["items"], json!([]));
    let linked = mira.post(path, body.clone()).await.expect(StatusCode::CREATED);
    assert_eq!(linked["subject"], "uid-1");
    assert_eq!(linked["issuer"], format!("https://securetoken.google.com/{PROJECT}"));
    assert_eq!(mira.post(path, body.clone()).await.expect(StatusCode::CREATED), linked);
    let list = mira.get(path).await.expect(StatusCode::OK);
    assert_eq!(list, json!({"items": [linked], "next_cursor": null}));
    let exchanged = exchange(&app, &token).await.expect(StatusCode::OK);
    assert_eq!(exchanged["user"]["username"], "mira");
    mira.post("/sessions", json!({})).await.expect(StatusCode::CREATED);
    let shown = show(&app, &token).await.expect(StatusCode::OK);
    assert_eq!(shown[0]["user_email"], "elsewhere@example.org");
    // Nobody else can have it, whoever came first.
    odo.post(path, body).await.expect_error(409, "IDENTITY_TAKEN");
    let seen = unsigned_id_token(&json!({"sub": "uid-2"}));
    exchange(&app, &seen).await.expect(StatusCode::OK);
    let body = json!({"id_token": seen});
    mira.post(path, body).await.expect_error(409, "IDENTITY_TAKEN");
    for bad in ["", "x.y.z", mira.token.as_ref().unwrap()] {
        let body = json!({"id_token": bad});
        odo.post(path, body).await.expect_error(401, "TOKEN_INVALID");
    }
    assert_eq!(odo.get(path).await.expect(StatusCode::OK)["items"], json!([]));
}

#[tokio::test]
async fn an_account_has_at_most_twenty_identities() {
    let app = TestApp::new().await;
    let mira = app.user("mira").await;
    let link = async |index: i32| {
        let token = unsigned_id_token(&json!({"sub": format!("uid-{index}")}));
        mira.post("/api/v1/me/identities", json!({"id_token": token})).await
    };
    for index in 0..20 {
        link(index).await.expect(StatusCode::CREATED);
    }
    let body = link(20).await.expect_error(400, "INVALID_REQUEST");
    assert_eq!(body["field"], "id_token");
    link(7).await.expect(StatusCode::CREATED);
}

#[tokio::test]
async fn two_first_requests_at_once_make_one_account() {
    let app = TestApp::new().await;
    let token = unsigned_id_token(&json!({"sub": "uid-1", "email": "m@example.org"}));
    let all = (0..8).map(|_| show(&app, &token));
    for reply in futures_util::future::join_all(all).await {
        reply.expect(StatusCode::OK);
    }
    assert_eq!(app.count("SELECT COUNT(*) FROM users"), 1);
    assert_eq!(app.count("SELECT COUNT(*) FROM identities"), 1);
}

#[tokio::test]
async fn an_identity_goes_with_its_account_and_may_come_back_to_an_empty_one() {
    let master_key = Some(MasterKey::random());
    let app = TestApp::with(Setup { master_key, ..Setup::default() }).await;
    let token = unsigned_id_token(&json!({"sub": "uid-1", "email": "m@example.org"}));
    let first = exchange(&app, &token).await.expect(StatusCode::OK);
    let client = app.signed_in(&first);
    client.post("/sessions", json!({"title": "kept"})).await.expect(StatusCode::CREATED);
    client.delete("/api/v1/me").await.expect(StatusCode::NO_CONTENT);
    assert_eq!(app.count("SELECT COUNT(*) FROM identities"), 0);
    assert_eq!(show(&app, &token).await.expect(StatusCode::OK), json!([]));
    let second = exchange(&app, &token).await.expect(StatusCode::OK);
    assert_ne!(first["user"]["id"], second["user"]["id"]);
}

#[tokio::test]
async fn the_emulators_tokens_are_unsigned_and_not_read_loosely() {
    let app = TestApp::new().await;
    let now = app.clock.now().as_seconds();
    let good = unsigned_id_token(&json!({"sub": "uid-1", "email": "m@example.org"}));
    show(&app, &good).await.expect(StatusCode::OK);
    let issuer = Issuer::new("one");
    let signed = issuer.token(&app, "uid-1", "m@example.org");
    for (case, token) in [
        ("a signed one", signed),
        ("a signature behind it", format!("{good}c2ln")),
        ("a segment too many", format!("{good}.")),
        ("another project", unsigned_id_token(&json!({"sub": "uid-1", "aud": "another"}))),
        ("no subject", unsigned_id_token(&json!({"sub": ""}))),
        ("made in an hour", unsigned_id_token(&json!({"sub": "uid-1", "iat": now + 3600}))),
    ] {
        let (exchanged, shown) = (exchange(&app, &token).await, show(&app, &token).await);
        assert_refused(case, &exchanged, &shown, "TOKEN_INVALID");
    }
    let expired = unsigned_id_token(&json!({"sub": "uid-1", "exp": now - 1}));
    exchange(&app, &expired).await.expect_error(401, "TOKEN_EXPIRED");
}
