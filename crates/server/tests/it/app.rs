//! The application under test: the whole router in this process, on a database of its own, with an
//! engine whose behaviour is written in its name.

use std::{net::SocketAddr, sync::Arc};

use axum::{
    Router,
    body::Body,
    extract::ConnectInfo,
    http::{HeaderMap, Method, Request, Response, StatusCode, header},
};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use futures_util::FutureExt;
use http_body_util::BodyExt;
use serde_json::{Value, json};
use serene_core::{
    Options, Serene,
    accounts::{
        AccountOptions, FirebaseKeys, FirebaseOptions, HashingOptions, ThrottleMode, TokenLifetimes,
    },
    base::{Base, Clock, Error, Ids, Instances, MasterKey, Owner, Tasks},
    safety::SafetyResources,
    schema::{MIGRATIONS, OWNED_TABLES},
    sealing,
    usage::{Budgets, Prices},
};
use serene_http::HttpOptions;
use serene_llm::{Engine, ScriptedEngine};
use tower::ServiceExt;

use crate::database::{Cell, TestData, elsewhere};

/// The password of every test user.
pub(crate) const PASSWORD: &str = "a good long password";

/// What signs the tokens of every test server.
pub(crate) const SECRET: &str = "a secret that only tests use, and that is long enough";

/// The Firebase project of every test server.
pub(crate) const PROJECT: &str = "a-test-project";

/// An ID token as the Firebase emulator makes it: unsigned. Good until the year 2100.
pub(crate) fn unsigned_id_token(claims: &Value) -> String {
    let mut all = json!({
        "iss": format!("https://securetoken.google.com/{PROJECT}"),
        "aud": PROJECT,
        "iat": 1_600_000_000,
        "exp": 4_102_444_800_i64,
    });
    let claims = claims.as_object().unwrap().clone();
    all.as_object_mut().unwrap().extend(claims);
    let segment = |text: String| URL_SAFE_NO_PAD.encode(text);
    format!("{}.{}.", segment(r#"{"alg":"none","typ":"JWT"}"#.into()), segment(all.to_string()))
}

/// A server in this process. Its data goes when it is dropped.
pub(crate) struct TestApp {
    pub(crate) serene: Arc<Serene>,
    pub(crate) router: Router,
    pub(crate) clock: Clock,
    pub(crate) engine: Option<ScriptedEngine>,
    pub(crate) data: Arc<TestData>,
}

/// How a [`TestApp`] differs from the usual one.
pub(crate) struct Setup {
    /// What the engine does: see [`ScriptedEngine`].
    pub(crate) script: &'static str,
    /// Another engine instead.
    pub(crate) engine: Option<Arc<dyn Engine>>,
    pub(crate) throttle: ThrottleMode,
    /// The least there is, unless the time that hashing takes is what is tested.
    pub(crate) bcrypt_cost: u32,
    pub(crate) max_pages: Option<u32>,
    pub(crate) http: HttpOptions,
    /// How Firebase ID tokens for [`PROJECT`] are checked.
    pub(crate) firebase: FirebaseKeys,
    /// Where people in need can turn.
    pub(crate) resources: SafetyResources,
    /// What a model is let read and write together.
    pub(crate) context_tokens: Option<u32>,
    /// Whether models name conversations.
    pub(crate) titles: bool,
    /// Seals what is private.
    pub(crate) master_key: Option<MasterKey>,
    /// Signs tokens.
    pub(crate) secret: &'static str,
    /// What models cost.
    pub(crate) prices: Prices,
    /// How much of them may be used.
    pub(crate) budgets: Budgets,
    /// Where only one instance can be.
    pub(crate) place: Option<uuid::Uuid>,
    /// How often it says that it lives, where others may serve the same database.
    pub(crate) shared: Option<std::time::Duration>,
    /// What an earlier server left, or another one uses, when one is given.
    pub(crate) data: Option<Arc<TestData>>,
}

impl Default for Setup {
    fn default() -> Self {
        Self {
            script: "echo",
            engine: None,
            throttle: ThrottleMode::Off,
            bcrypt_cost: 4,
            max_pages: None,
            http: HttpOptions::default(),
            firebase: FirebaseKeys::Emulator,
            resources: SafetyResources::default(),
            context_tokens: None,
            titles: false,
            master_key: None,
            secret: SECRET,
            prices: Prices::default(),
            budgets: Budgets::default(),
            place: None,
            shared: None,
            data: None,
        }
    }
}

impl TestApp {
    /// The usual application: the engine echoes, attempts are not slowed down.
    pub(crate) async fn new() -> Self {
        Self::with(Setup::default()).await
    }

    /// One with a vault, whose engine follows this script.
    pub(crate) async fn sealed(script: &'static str) -> Self {
        let master_key = Some(MasterKey::random());
        Self::with(Setup { script, master_key, ..Setup::default() }).await
    }

    /// One whose engine follows this script.
    pub(crate) async fn scripted(script: &'static str) -> Self {
        Self::with(Setup { script, ..Setup::default() }).await
    }

    pub(crate) async fn with(setup: Setup) -> Self {
        let data = setup.data.unwrap_or_else(|| Arc::new(TestData::new()));
        let db = data.open(setup.max_pages).await;
        db.migrate(MIGRATIONS).await.unwrap();
        let clock = Clock::manual(Clock::system().now());
        let vault = sealing::open(&db, setup.master_key.as_ref()).await.unwrap();
        let ids = Ids::random();
        let instances = match setup.shared {
            Some(beat_every) => Instances::shared(&ids, clock.now(), beat_every, setup.place),
            None => Instances::alone(&ids, clock.now()),
        };
        let base = Base { db, clock: clock.clone(), ids, vault, tasks: Tasks::new(), instances };
        let scripted = ScriptedEngine::new(setup.script).unwrap();
        let (engine, shared): (Option<ScriptedEngine>, Arc<dyn Engine>) = match setup.engine {
            Some(other) => (None, other),
            None => (Some(scripted.clone()), Arc::new(scripted)),
        };
        let options = Options {
            accounts: AccountOptions {
                secret: setup.secret.into(),
                lifetimes: TokenLifetimes::default(),
                hashing: HashingOptions { cost: setup.bcrypt_cost, threads: 2 },
                throttle: setup.throttle,
                firebase: Some(FirebaseOptions {
                    project_id: PROJECT.to_owned(),
                    keys: setup.firebase,
                }),
            },
            engine: shared,
            resources: setup.resources,
            instruction: None,
            context_tokens: setup.context_tokens,
            titles: setup.titles,
            prices: setup.prices,
            budgets: setup.budgets,
        };
        let serene = Arc::new(Serene::new(base, options).unwrap());
        let router = serene_http::router(Arc::clone(&serene), setup.http);
        Self { serene, router, clock, engine, data }
    }

    /// Whose data this client's is, for asking the product itself.
    pub(crate) fn owner(&self, client: &Client) -> Owner {
        let id = client.user_id.as_ref().unwrap().parse().unwrap();
        let base = self.serene.base();
        // On SQLite, and without a vault, there is nothing to wait for.
        let found = base.owner_for_job(id, "a test").now_or_never();
        let found = found.unwrap_or_else(|| {
            elsewhere(async {
                // Connections belong to the runtime that made them.
                let base = Base { db: self.data.open(None).await, ..base.clone() };
                base.owner_for_job(id, "a test").await
            })
        });
        match found {
            Ok(owner) => owner,
            // Deleted, together with the key.
            Err(Error::NotFound(_)) => Owner::for_job(id, "a test"),
            Err(error) => panic!("{error}"),
        }
    }

    /// The number that this statement counts on disk.
    pub(crate) fn count(&self, sql: &str) -> i64 {
        match self.data.rows(sql)[0][0] {
            Cell::Integer(count) => count,
            ref other => panic!("no number: {other:?}"),
        }
    }

    /// Every row that is somebody's, table by table, as it is on disk.
    pub(crate) fn rows_of(&self, client: &Client) -> Vec<(&'static str, Vec<Cell>)> {
        let owner = self.owner(client).id().simple();
        let tables = OWNED_TABLES.iter().map(|table| (*table, "owner_id"));
        let mut rows = Vec::new();
        for (table, column) in tables.chain([("users", "id")]) {
            let select =
                format!("SELECT * FROM {table} WHERE {column} = X'{owner}' ORDER BY 1, 2, 3");
            rows.extend(self.data.rows(&select).into_iter().map(|row| (table, row)));
        }
        rows
    }

    /// Somebody without a credential.
    pub(crate) fn anonymous(&self) -> Client {
        Client {
            router: self.router.clone(),
            token: None,
            refresh_token: None,
            user_id: None,
            address: ([127, 0, 0, 1], 4321).into(),
        }
    }

    /// Somebody who signed in on another server with the same data and secret.
    pub(crate) fn here(&self, client: &Client) -> Client {
        Client { router: self.router.clone(), ..client.clone() }
    }

    /// Somebody who has just registered under this name.
    pub(crate) async fn user(&self, name: &str) -> Client {
        let body = json!({"username": name, "password": PASSWORD});
        let reply = self.anonymous().post("/api/v1/auth/register", body).await;
        self.signed_in(&reply.expect(StatusCode::CREATED))
    }

    /// Somebody who registered before, signed in anew.
    pub(crate) async fn sign_in(&self, name: &str) -> Client {
        let body = json!({"username": name, "password": PASSWORD});
        let reply = self.anonymous().post("/api/v1/auth/login", body).await;
        self.signed_in(&reply.expect(StatusCode::OK))
    }

    /// Whoever an answer of register, login or refresh is for.
    pub(crate) fn signed_in(&self, body: &Value) -> Client {
        let text = |key: &str| body[key].as_str().unwrap().to_owned();
        Client {
            token: Some(text("access_token")),
            refresh_token: Some(text("refresh_token")),
            user_id: Some(body["user"]["id"].as_str().unwrap().to_owned()),
            ..self.anonymous()
        }
    }
}

/// Somebody who sends requests.
#[derive(Clone)]
pub(crate) struct Client {
    pub(crate) router: Router,
    pub(crate) token: Option<String>,
    pub(crate) refresh_token: Option<String>,
    pub(crate) user_id: Option<String>,
    pub(crate) address: SocketAddr,
}

impl Client {
    pub(crate) async fn get(&self, path: &str) -> Reply {
        self.send(Method::GET, path, None, &[]).await
    }

    pub(crate) async fn post(&self, path: &str, body: Value) -> Reply {
        self.send(Method::POST, path, Some(body), &[]).await
    }

    pub(crate) async fn patch(&self, path: &str, body: Value) -> Reply {
        self.send(Method::PATCH, path, Some(body), &[]).await
    }

    pub(crate) async fn delete(&self, path: &str) -> Reply {
        self.send(Method::DELETE, path, None, &[]).await
    }

    /// Sends with further headers, and waits for the whole answer.
    pub(crate) async fn send(
        &self,
        method: Method,
        path: &str,
        body: Option<Value>,
        headers: &[(&str, &str)],
    ) -> Reply {
        self.raw(Self::request(method, path, body, headers)).await
    }

    /// A request that is not sent yet.
    pub(crate) fn request(
        method: Method,
        path: &str,
        body: Option<Value>,
        headers: &[(&str, &str)],
    ) -> Request<Body> {
        let mut request = Request::builder().method(method).uri(path);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let body = match body {
            Some(body) => {
                request = request.header(header::CONTENT_TYPE, "application/json");
                Body::from(body.to_string())
            }
            None => Body::empty(),
        };
        request.body(body).unwrap()
    }

    /// Sends any request, with this client's token and address.
    pub(crate) async fn raw(&self, request: Request<Body>) -> Reply {
        let (parts, body) = self.open(request).await.into_parts();
        let bytes = body.collect().await.unwrap().to_bytes().to_vec();
        Reply { status: parts.status, headers: parts.headers, bytes }
    }

    /// Like [`Self::raw`], without waiting for the body.
    pub(crate) async fn open(&self, mut request: Request<Body>) -> Response<Body> {
        if let Some(token) = &self.token {
            let value = format!("Bearer {token}").parse().unwrap();
            request.headers_mut().entry(header::AUTHORIZATION).or_insert(value);
        }
        request.extensions_mut().insert(ConnectInfo(self.address));
        self.router.clone().oneshot(request).await.unwrap()
    }

    /// Makes a conversation and returns its id.
    pub(crate) async fn conversation(&self) -> String {
        let reply = self.post("/api/v1/conversations", json!({})).await;
        reply.expect(StatusCode::CREATED)["id"].as_str().unwrap().to_owned()
    }

    /// Sends a message, waits for the reply, and returns the exchange.
    pub(crate) async fn say(&self, conversation: &str, content: &str) -> Value {
        let path = format!("/api/v1/conversations/{conversation}/messages");
        self.post(&path, json!({"content": content})).await.expect(StatusCode::CREATED)
    }
}

/// A whole answer.
#[derive(Clone, Debug)]
pub(crate) struct Reply {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) bytes: Vec<u8>,
}

impl Reply {
    pub(crate) fn text(&self) -> String {
        String::from_utf8(self.bytes.clone()).unwrap()
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.bytes)
            .unwrap_or_else(|error| panic!("{error} in {}: {}", self.status, self.text()))
    }

    /// The body, after checking the status.
    #[track_caller]
    pub(crate) fn expect(&self, status: StatusCode) -> Value {
        assert_eq!(self.status, status, "{}", self.text());
        if self.bytes.is_empty() { Value::Null } else { self.json() }
    }

    /// Checks the status of an answer that is no JSON.
    #[track_caller]
    pub(crate) fn expect_raw(&self, status: StatusCode) -> &[u8] {
        assert_eq!(self.status, status);
        &self.bytes
    }

    /// Checks that this is an error in the envelope, with this status and code.
    #[track_caller]
    pub(crate) fn expect_error(&self, status: u16, code: &str) -> Value {
        let body = self.expect(StatusCode::from_u16(status).unwrap());
        assert_eq!(body["code"], code, "{body}");
        let sentence = body["error"].as_str().unwrap();
        assert!(!sentence.is_empty() && body["request_id"].is_string(), "{body}");
        assert_eq!(self.headers[header::CONTENT_TYPE], "application/json");
        assert_eq!(self.headers["x-request-id"].to_str().unwrap(), body["request_id"]);
        body
    }

    /// The events of a stream: name, id and data of each.
    pub(crate) fn events(&self) -> Vec<(String, Option<String>, Value)> {
        let text = self.text();
        let mut events = Vec::new();
        for block in text.split("\n\n").filter(|block| !block.is_empty()) {
            let field = |name: &str| {
                let mut lines = block.lines();
                lines.find_map(|line| line.strip_prefix(name)?.strip_prefix(": "))
            };
            let data = serde_json::from_str(field("data").unwrap()).unwrap();
            let id = field("id").map(str::to_owned);
            events.push((field("event").unwrap().to_owned(), id, data));
        }
        events
    }
}
