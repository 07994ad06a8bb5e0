//! The contract `entries`, row by row.

use axum::http::{Method, StatusCode};
use serde_json::{Value, json};
use serene_http::{ContractOptions, HttpOptions};

use super::{assert_keys, expect_error, shared::Browser};
use crate::app::{PASSWORD, Setup, TestApp};

const NOTE: &str = "I walked along the river this morning and for once nothing hurried me.";
const CRISIS: &str = "I have been so tired lately and some days I only want to die and sleep.";
const DISCLAIMER: &str = "If you're feeling unsafe or overwhelmed, please consider reaching out to someone you trust or a local support service.";
const FAILED: &str = "I'm having trouble connecting to my thoughts right now, but I'm listening.";
const GIBBERISH: &str = "sdkfjh qwlkejr zxcmnb asdlkfj qpwoeiru zmxncbv lkjsdhf qwpoeiur zxmcnb";

/// Both places of every route.
const ROOTS: [&str; 2] = ["/api", ""];

fn entry(mood: &str, note: &str) -> Value {
    json!({"mood": mood, "tags": ["walk"], "note": note})
}

/// Checks the keys and types of an entry.
#[track_caller]
fn assert_entry(body: &Value) {
    assert_keys(body, &["id", "mood", "tags", "note", "ai_response", "created_at", "updated_at"]);
    assert!(uuid::Uuid::try_parse(body["id"].as_str().unwrap()).is_ok(), "{body}");
    assert!(body["tags"].is_array() && body["mood"].is_string() && body["note"].is_string());
    assert!(body["ai_response"].is_string() || body["ai_response"].is_null(), "{body}");
    for time in ["created_at", "updated_at"] {
        let time = body[time].as_str().unwrap();
        assert!(time.len() == 27 && time.ends_with('Z'), "{time}");
    }
}

async fn app(script: &'static str) -> (TestApp, Browser) {
    let app = TestApp::scripted(script).await;
    let mira = Browser::register(&app, "mira@example.org").await;
    (app, mira)
}

fn asked(app: &TestApp) -> usize {
    app.engine.as_ref().unwrap().requests().len()
}

#[tokio::test]
async fn registering_sets_the_cookie_and_says_only_that_it_went_well() {
    let app = TestApp::new().await;
    for (index, root) in ROOTS.iter().enumerate() {
        let path = format!("{root}/auth/register");
        let address = format!("Mira{index}@Example.org");
        let nobody = Browser::new(&app);
        let body = json!({"email": address, "password": PASSWORD});
        let reply = nobody.post(&path, body).await;
        assert_eq!(reply.expect(StatusCode::CREATED), json!({"success": true}));
        let cookie = reply.headers["set-cookie"].to_str().unwrap();
        let (token, attributes) = cookie.split_once("; ").unwrap();
        assert_eq!(token.strip_prefix("auth_token=").unwrap().split('.').count(), 3);
        assert_eq!(attributes, "HttpOnly; Path=/; SameSite=Lax");
        // Addresses are compared without regard to case.
        let again = json!({"email": address.to_lowercase(), "password": PASSWORD});
        expect_error(&nobody.post(&path, again).await, 409, "EMAIL_EXISTS", "Email already exists");
        for (body, code) in [
            (json!({}), "MISSING_FIELDS"),
            (json!({"email": "a@example.org"}), "MISSING_FIELDS"),
            (json!({"password": PASSWORD}), "MISSING_FIELDS"),
            (json!({"email": "", "password": PASSWORD}), "MISSING_FIELDS"),
            (json!({"email": null, "password": PASSWORD}), "MISSING_FIELDS"),
            (json!({"email": 5, "password": PASSWORD}), "INVALID_REQUEST"),
            (json!({"email": "nobody", "password": PASSWORD}), "INVALID_REQUEST"),
            (json!({"email": "b@example.org", "password": "short"}), "INVALID_REQUEST"),
            (json!({"email": "b@example.org", "password": "a".repeat(73)}), "INVALID_REQUEST"),
            (json!([1]), "INVALID_JSON"),
        ] {
            let reply = nobody.post(&path, body.clone()).await;
            let refused = reply.expect(StatusCode::BAD_REQUEST);
            assert_eq!(refused["code"], code, "{body}");
            assert!(reply.headers.get("set-cookie").is_none(), "{body}");
            if code == "MISSING_FIELDS" {
                assert_eq!(refused["error"], "Email and password are required");
            }
        }
    }
}

#[tokio::test]
async fn signing_in_sets_the_cookie_and_says_the_same_of_wrong_and_unknown() {
    let app = TestApp::new().await;
    Browser::register(&app, "mira@example.org").await;
    for root in ROOTS {
        let path = format!("{root}/auth/login");
        let nobody = Browser::new(&app);
        let body = json!({"email": "MIRA@example.org", "password": PASSWORD});
        let reply = nobody.post(&path, body).await;
        assert_eq!(reply.expect(StatusCode::OK), json!({"success": true}));
        let mira = nobody.with_cookie_of(&reply);
        let me = mira.get(&format!("{root}/auth/me")).await.expect(StatusCode::OK);
        assert_eq!(me["email"], "mira@example.org");
        for email in ["mira@example.org", "nobody@example.org"] {
            let body = json!({"email": email, "password": "a wrong password"});
            let reply = nobody.post(&path, body).await;
            expect_error(&reply, 401, "INVALID_CREDENTIALS", "Invalid email or password");
        }
        for body in [json!({}), json!({"email": "mira@example.org"}), json!({"password": "x"})] {
            let reply = nobody.post(&path, body).await;
            expect_error(&reply, 400, "MISSING_FIELDS", "Email and password are required");
        }
        // 72 bytes are not the first 72 of a hundred.
        let long = json!({"email": "mira@example.org", "password": format!("{PASSWORD}{}", "x".repeat(80))});
        nobody.post(&path, long).await.expect(StatusCode::UNAUTHORIZED);
    }
}

#[tokio::test]
async fn who_one_is_needs_a_cookie_that_is_good() {
    for root in ROOTS {
        let (app, mira) = app("echo").await;
        let path = format!("{root}/auth/me");
        let me = mira.get(&path).await.expect(StatusCode::OK);
        assert_keys(&me, &["id", "email", "created_at"]);
        assert!(uuid::Uuid::try_parse(me["id"].as_str().unwrap()).is_ok(), "{me}");
        assert_eq!(me["email"], "mira@example.org");

        let nobody = Browser::new(&app);
        let required = "Authentication required";
        expect_error(&nobody.get(&path).await, 401, "AUTH_REQUIRED", required);
        let empty = nobody.with_token("");
        expect_error(&empty.get(&path).await, 401, "AUTH_REQUIRED", required);
        let bad = nobody.with_token("x.y.z");
        let invalid = "Authentication is not valid";
        expect_error(&bad.get(&path).await, 401, "AUTH_INVALID", invalid);
        let other = Browser::register(&app, "odo@example.org").await;
        other.post("/api/auth/logout", json!({})).await.expect(StatusCode::OK);
        expect_error(&other.get(&path).await, 401, "AUTH_INVALID", invalid);

        let gone = Browser::register(&app, "gone@example.org").await;
        gone.delete("/users/me").await.expect(StatusCode::OK);
        expect_error(&gone.get(&path).await, 404, "USER_NOT_FOUND", "User not found");

        app.clock.step_seconds(24 * 60 * 60 - 1);
        mira.get(&path).await.expect(StatusCode::OK);
        app.clock.step_seconds(2);
        let expired = "Authentication has expired";
        expect_error(&mira.get(&path).await, 401, "AUTH_EXPIRED", expired);
    }
}

#[tokio::test]
async fn every_other_route_is_for_whoever_is_signed_in() {
    let (app, mira) = app("fixed:I hear you.").await;
    let id = mira.write("calm", NOTE).await["id"].as_str().unwrap().to_owned();
    let nobody = Browser::new(&app);
    for root in ROOTS {
        for (method, path) in [
            (Method::POST, "/entries".to_owned()),
            (Method::GET, "/entries".to_owned()),
            (Method::GET, format!("/entries/{id}")),
            (Method::PUT, format!("/entries/{id}")),
            (Method::DELETE, format!("/entries/{id}")),
            (Method::POST, "/ai/vibe-check".to_owned()),
            (Method::POST, "/ai/vibe-check/stream".to_owned()),
            (Method::GET, "/analytics/weekly".to_owned()),
        ] {
            let path = format!("{root}{path}");
            let reply = nobody.send(method.clone(), &path, Some(entry("calm", NOTE)), &[]).await;
            expect_error(&reply, 401, "AUTH_REQUIRED", "Authentication required");
            let bad = nobody.with_token("x.y.z").send(method, &path, None, &[]).await;
            expect_error(&bad, 401, "AUTH_INVALID", "Authentication is not valid");
        }
    }
}

#[tokio::test]
async fn an_entry_is_created_with_its_answer() {
    for root in ROOTS {
        let (app, mira) = app("fixed:I hear you.").await;
        let path = format!("{root}/entries");
        let created = mira.post(&path, entry("Happy", NOTE)).await;
        assert!(created.headers.get("x-serene-model-error").is_none());
        let created = created.expect(StatusCode::CREATED);
        assert_entry(&created);
        assert_eq!((&created["mood"], &created["note"]), (&json!("Happy"), &json!(NOTE)));
        assert_eq!(
            (&created["tags"], &created["ai_response"]),
            (&json!(["walk"]), &json!("I hear you."))
        );
        for tags in [json!({}), json!({"tags": null}), json!({"tags": []}), json!({"tags": [" "]})]
        {
            let mut body = json!({"mood": "calm", "note": NOTE});
            body.as_object_mut().unwrap().extend(tags.as_object().unwrap().clone());
            let created = mira.post(&path, body).await.expect(StatusCode::CREATED);
            assert_eq!(created["tags"], json!([]), "never null");
        }
        let needed = "Mood and note are required";
        for body in [
            json!({}),
            json!({"mood": "calm"}),
            json!({"note": NOTE}),
            json!({"mood": "", "note": NOTE}),
            json!({"mood": " ", "note": NOTE}),
            json!({"mood": null, "note": NOTE}),
            json!({"mood": "calm", "note": ""}),
        ] {
            expect_error(&mira.post(&path, body).await, 400, "MISSING_FIELDS", needed);
        }
        for body in [
            json!({"mood": 5, "note": NOTE}),
            json!({"mood": "calm", "note": 5}),
            json!({"mood": "calm", "note": NOTE, "tags": "walk"}),
            json!({"mood": "calm", "note": NOTE, "tags": [1]}),
            json!({"mood": "a".repeat(65), "note": NOTE}),
        ] {
            let refused = mira.post(&path, body.clone()).await.expect(StatusCode::BAD_REQUEST);
            assert_eq!(refused["code"], "INVALID_REQUEST", "{body}");
        }
        assert_eq!(app.count("SELECT count(*) FROM entries"), 5);
    }
}

#[tokio::test]
async fn fifty_characters_are_code_points_after_trimming() {
    let (_app, mira) = app("fixed:I hear you.").await;
    let short = "Note must be at least 50 characters";
    let spaces = " ".repeat(50);
    let padded = format!("{}{}", "a quiet day ".repeat(4).trim(), " ".repeat(30));
    for note in [spaces, "🙂".repeat(25), "🙂".repeat(49), padded, "short".to_owned()] {
        let reply = mira.post("/api/entries", entry("calm", &note)).await;
        expect_error(&reply, 400, "NOTE_TOO_SHORT", short);
        let reply = mira.post("/api/ai/vibe-check", json!({"note": note})).await;
        expect_error(&reply, 400, "NOTE_TOO_SHORT", short);
    }
    mira.post("/api/entries", entry("calm", &"🙂".repeat(50))).await.expect(StatusCode::CREATED);
    // What the crisis screen finds is said, however short.
    let refused = mira.post("/api/entries", entry("low", "I want to die")).await;
    let refused = refused.expect(StatusCode::BAD_REQUEST);
    assert_eq!((&refused["code"], &refused["error"]), (&json!("NOTE_TOO_SHORT"), &json!(short)));
    assert!(refused["safety"].is_object(), "{refused}");
}

#[tokio::test]
async fn a_trigger_gets_the_disclaimer_and_no_model_is_asked() {
    let (app, mira) = app("panic").await;
    let filler = "It has been a long week and I do not know how to put it otherwise.";
    for words in [
        "want to die",
        "WANT TO\nDIE",
        "kill  myself",
        "self-harm",
        "self harm",
        "suicide",
        "ｓｕｉｃｉｄｅ",
    ] {
        let note = format!("{filler} I think of it: {words}.");
        let created = mira.post("/api/entries", entry("low", &note)).await;
        assert_eq!(created.expect(StatusCode::CREATED)["ai_response"], DISCLAIMER, "{words}");
        let checked = mira.post("/ai/vibe-check", json!({"note": note})).await;
        assert_eq!(checked.expect(StatusCode::OK), json!({"ai_response": DISCLAIMER}), "{words}");
    }
    assert_eq!(asked(&app), 0);
}

#[tokio::test]
async fn a_note_that_is_no_text_is_kept_without_an_answer() {
    let (_app, mira) = app("panic").await;
    let created = mira.post("/api/entries", entry("calm", GIBBERISH)).await;
    let created = created.expect(StatusCode::CREATED);
    assert_entry(&created);
    assert_eq!(created["ai_response"], Value::Null);
    for path in ["/api/ai/vibe-check", "/api/ai/vibe-check/stream"] {
        let refused = mira.post(path, json!({"note": GIBBERISH})).await;
        assert_eq!(refused.expect(StatusCode::BAD_REQUEST)["code"], "NOTE_GIBBERISH");
    }
}

#[tokio::test]
async fn where_the_model_fails_the_entry_is_kept_and_a_sentence_says_so() {
    let (app, mira) = app("fail").await;
    let created = mira.post("/api/entries", entry("calm", NOTE)).await;
    assert_eq!(created.headers["x-serene-model-error"], "MODEL_FAILED");
    let created = created.expect(StatusCode::CREATED);
    assert_eq!(created["ai_response"], FAILED);
    let path = format!("/api/entries/{}", created["id"].as_str().unwrap());
    assert_eq!(mira.get(&path).await.expect(StatusCode::OK), created);
    assert_eq!(app.count("SELECT count(*) FROM entries WHERE ai_response IS NULL"), 1);
    let checked = mira.post("/api/ai/vibe-check", json!({"note": NOTE})).await;
    assert_eq!(checked.headers["x-serene-model-error"], "MODEL_FAILED");
    assert_eq!(checked.expect(StatusCode::OK), json!({"ai_response": FAILED}));
    let streamed = mira.post("/api/ai/vibe-check/stream", json!({"note": NOTE})).await;
    let events = streamed.events();
    assert_eq!((events.len(), events[0].0.as_str()), (1, "error"));
    assert_eq!(events[0].2["code"], "MODEL_FAILED");
    assert_keys(&events[0].2, &["error", "code"]);
}

#[tokio::test]
async fn the_list_is_the_newest_first_and_bounded_on_both_ends() {
    for root in ROOTS {
        let (app, mira) = app("fixed:I hear you.").await;
        let path = format!("{root}/entries");
        assert_eq!(mira.get(&path).await.expect(StatusCode::OK), json!([]));
        let mut written = Vec::new();
        for mood in ["first", "second", "third"] {
            app.clock.step_seconds(60);
            written.push(mira.write(mood, NOTE).await);
        }
        let listed = mira.get(&path).await.expect(StatusCode::OK);
        assert_eq!(listed, json!([written[2], written[1], written[0]]));
        listed.as_array().unwrap().iter().for_each(assert_entry);

        let list = async |query: String| {
            let found = mira.get(&format!("{path}?{query}")).await.expect(StatusCode::OK);
            let moods =
                found.as_array().unwrap().iter().map(|it| it["mood"].as_str().unwrap().to_owned());
            moods.collect::<Vec<_>>().join(" ")
        };
        let at = |index: usize| written[index]["created_at"].as_str().unwrap();
        assert_eq!(list(format!("from={}&to={}", at(0), at(1))).await, "second first");
        assert_eq!(list(format!("from={}", at(1))).await, "third second");
        assert_eq!(list(format!("to={}", at(0))).await, "first");
        let offset = at(2).replace('Z', "+00:00");
        assert_eq!(list(format!("from={offset}")).await, "third");
        assert_eq!(list(format!("from={}", at(2).trim_end_matches('Z'))).await, "third");
        assert_eq!(
            list(format!("from={}&to={}", &at(0)[..10], &at(2)[..10])).await,
            "third second first"
        );
        assert_eq!(list("from=&to=".to_owned()).await, "third second first");
        assert_eq!(list("to=2020-01-01&unknown=1".to_owned()).await, "");
        for wrong in ["from=yesterday", "to=2026-02-30", "from=2026-13-01T00:00:00Z"] {
            let reply = mira.get(&format!("{path}?{wrong}")).await;
            assert_eq!(reply.expect(StatusCode::BAD_REQUEST)["code"], "INVALID_DATE", "{wrong}");
        }
    }
}

#[tokio::test]
async fn a_list_is_not_cut_at_a_page() {
    let (_app, mira) = app("fixed:I hear you.").await;
    for index in 0..101 {
        mira.write("calm", &format!("{NOTE} {index}")).await;
    }
    let listed = mira.get("/entries").await.expect(StatusCode::OK);
    assert_eq!(listed.as_array().unwrap().len(), 101);
}

#[tokio::test]
async fn one_entry_is_its_owners() {
    for root in ROOTS {
        let (app, mira) = app("fixed:I hear you.").await;
        let odo = Browser::register(&app, "odo@example.org").await;
        let written = mira.write("calm", NOTE).await;
        let path = |id: &str| format!("{root}/entries/{id}");
        let mine = path(written["id"].as_str().unwrap());
        assert_eq!(mira.get(&mine).await.expect(StatusCode::OK), written);
        let nobodys = path("0199e4c7-54c8-7a53-a5b0-0e9cfbe7aa2d");
        for (browser, path) in
            [(&odo, &mine), (&mira, &nobodys), (&mira, &path("abc")), (&mira, &path("1"))]
        {
            for method in [Method::GET, Method::PUT, Method::DELETE] {
                let body = (method == Method::PUT).then(|| json!({"mood": "theirs"}));
                let reply = browser.send(method, path, body, &[]).await;
                expect_error(&reply, 404, "ENTRY_NOT_FOUND", "Entry not found");
            }
        }
        assert_eq!(odo.get(&format!("{root}/entries")).await.expect(StatusCode::OK), json!([]));
        let deleted = mira.delete(&mine).await.expect(StatusCode::OK);
        assert_eq!(deleted, json!({"success": true}));
        expect_error(&mira.delete(&mine).await, 404, "ENTRY_NOT_FOUND", "Entry not found");
    }
}

#[tokio::test]
async fn a_change_asks_the_model_only_for_another_note() {
    for root in ROOTS {
        let (app, mira) = app("fixed:I hear you.").await;
        let written = mira.write("calm", NOTE).await;
        let path = format!("{root}/entries/{}", written["id"].as_str().unwrap());
        let put = |body: Value| mira.send(Method::PUT, &path, Some(body), &[]);
        let changed = put(json!({"mood": "glad"})).await.expect(StatusCode::OK);
        assert_entry(&changed);
        assert_eq!((&changed["mood"], &changed["tags"]), (&json!("glad"), &json!(["walk"])));
        let changed = put(json!({"tags": ["a", "b"]})).await.expect(StatusCode::OK);
        assert_eq!(changed["tags"], json!(["a", "b"]));
        let changed = put(json!({"tags": null})).await.expect(StatusCode::OK);
        assert_eq!(changed["tags"], json!([]));
        put(json!({"note": format!(" {NOTE} ")})).await.expect(StatusCode::OK);
        assert_eq!(asked(&app), 1);
        let note = format!("{NOTE} Then it rained.");
        let changed = put(json!({"note": note})).await.expect(StatusCode::OK);
        assert_eq!((&changed["note"], asked(&app)), (&json!(note), 2));

        let before = mira.get(&path).await.expect(StatusCode::OK);
        for note in ["", "   ", "too short"] {
            let reply = put(json!({"mood": "other", "note": note})).await;
            expect_error(&reply, 400, "NOTE_TOO_SHORT", "Note must be at least 50 characters");
        }
        for body in
            [json!({"mood": 5}), json!({"mood": ""}), json!({"tags": "a"}), json!({"note": 5})]
        {
            let refused = put(body.clone()).await.expect(StatusCode::BAD_REQUEST);
            assert_eq!(refused["code"], "INVALID_REQUEST", "{body}");
        }
        // Nothing was changed, and nothing to change is no error.
        assert_eq!(put(json!({"unknown": 1})).await.expect(StatusCode::OK), before);
        assert_eq!(mira.get(&path).await.expect(StatusCode::OK), before);
        let crisis = put(json!({"note": CRISIS})).await.expect(StatusCode::OK);
        assert_eq!((&crisis["ai_response"], asked(&app)), (&json!(DISCLAIMER), 2));
    }
}

#[tokio::test]
async fn a_vibe_check_answers_and_costs_nothing_after_the_entry() {
    for root in ROOTS {
        let (app, mira) = app("fixed:One calm day. It helps. It really does.").await;
        let path = format!("{root}/ai/vibe-check");
        let written = mira.write("calm", NOTE).await;
        let checked = mira.post(&path, json!({"note": NOTE})).await.expect(StatusCode::OK);
        assert_eq!(checked, json!({"ai_response": "One calm day. It helps."}), "two sentences");
        assert_eq!((&written["ai_response"], asked(&app)), (&checked["ai_response"], 1));
        for place in [path.clone(), format!("{path}/stream")] {
            for (body, code) in [
                (json!({}), "INVALID_REQUEST"),
                (json!({"mood": "calm"}), "MISSING_NOTE"),
                (json!({"note": null}), "MISSING_NOTE"),
                (json!({"note": ""}), "MISSING_NOTE"),
                (json!({"note": 5}), "INVALID_REQUEST"),
                (json!({"note": "short"}), "NOTE_TOO_SHORT"),
                (json!([]), "INVALID_JSON"),
            ] {
                let refused = mira.post(&place, body.clone()).await;
                assert_eq!(refused.expect(StatusCode::BAD_REQUEST)["code"], code, "{place} {body}");
            }
        }
    }
}

#[tokio::test]
async fn a_vibe_check_comes_as_events() {
    for root in ROOTS {
        let (_app, mira) = app("fixed:One calm day. It helps.").await;
        let path = format!("{root}/ai/vibe-check/stream");
        let reply = mira.post(&path, json!({"note": NOTE})).await;
        assert_eq!(reply.headers["content-type"], "text/event-stream");
        let text = reply.text();
        assert!(
            text.starts_with("event: delta\ndata: {\"text\":\"One \"}\n\nevent: delta\n"),
            "{text}"
        );
        let events = reply.events();
        let (last, deltas) = events.split_last().unwrap();
        assert!(deltas.iter().all(|(name, ..)| name == "delta"), "{text}");
        let said: String = deltas.iter().map(|(.., data)| data["text"].as_str().unwrap()).collect();
        assert_eq!(said, "One calm day. It helps.");
        assert_eq!(last.0, "done");
        assert_eq!(last.2, json!({"ai_response": said, "disclaimer": false}));

        let reply = mira.post(&path, json!({"note": CRISIS})).await;
        let events: Vec<_> =
            reply.events().into_iter().map(|(name, _, data)| (name, data)).collect();
        let done = json!({"ai_response": DISCLAIMER, "disclaimer": true});
        let expected =
            [("delta".to_owned(), json!({"text": DISCLAIMER})), ("done".to_owned(), done)];
        assert_eq!(events, expected);
    }
}

#[tokio::test]
async fn the_week_is_the_iso_week_or_the_last_seven_days() {
    for rolling_week in [false, true] {
        let contracts = ContractOptions { rolling_week, ..ContractOptions::default() };
        let http = HttpOptions { contracts, ..HttpOptions::default() };
        let setup = Setup { script: "fixed:I hear you.", http, ..Setup::default() };
        let app = TestApp::with(setup).await;
        // Wednesday, noon.
        let wednesday: jiff::Timestamp = "2027-01-06T12:00:00Z".parse().unwrap();
        let now = app.clock.now().as_seconds();
        app.clock.step_seconds(wednesday.as_second() - now - 7 * 86_400);
        for (days, mood) in [(1, "Last thursday"), (3, "Sunday"), (1, "Monday"), (2, "Happy")] {
            app.clock.step_seconds(days * 86_400);
            let mira = sign_in(&app).await;
            mira.write(mood, NOTE).await;
        }
        let mira = sign_in(&app).await;
        mira.write("happy", &format!("{NOTE} Again.")).await;
        for root in ROOTS {
            let path = format!("{root}/analytics/weekly");
            let week = mira.get(&path).await.expect(StatusCode::OK);
            let expected = if rolling_week {
                json!({"last thursday": 1, "sunday": 1, "monday": 1, "happy": 2})
            } else {
                json!({"monday": 1, "happy": 2})
            };
            assert_eq!(week, expected);
            mira.get(&format!("{path}?tz=Europe/Berlin")).await.expect(StatusCode::OK);
            let wrong = mira.get(&format!("{path}?tz=Mars/Base")).await;
            assert_eq!(wrong.expect(StatusCode::BAD_REQUEST)["code"], "INVALID_REQUEST");
            let odo = Browser::register(&app, &format!("odo{}@example.org", root.len())).await;
            assert_eq!(odo.get(&path).await.expect(StatusCode::OK), json!({}));
        }
    }
}

async fn sign_in(app: &TestApp) -> Browser {
    let nobody = Browser::new(app);
    let body = json!({"email": "mira@example.org", "password": PASSWORD});
    let reply = nobody.post("/api/auth/login", body).await;
    if reply.status == StatusCode::OK {
        return nobody.with_cookie_of(&reply);
    }
    Browser::register(app, "mira@example.org").await
}

#[tokio::test]
async fn what_has_no_route_is_said_in_json_as_well() {
    let (_app, mira) = app("echo").await;
    let missing = mira.get("/api/nothing").await.expect(StatusCode::NOT_FOUND);
    assert_eq!(missing["code"], "NOT_FOUND");
    let method = mira.send(Method::PATCH, "/api/entries", Some(json!({})), &[]).await;
    assert_eq!(method.expect(StatusCode::METHOD_NOT_ALLOWED)["code"], "METHOD_NOT_ALLOWED");
    let kind = mira.typed("/api/entries", "text/plain", "mood").await;
    assert_eq!(kind.expect(StatusCode::UNSUPPORTED_MEDIA_TYPE)["code"], "UNSUPPORTED_MEDIA_TYPE");
    let broken = mira.typed("/api/entries", "application/json", "{\"mood\":").await;
    assert_eq!(broken.expect(StatusCode::BAD_REQUEST)["code"], "INVALID_JSON");
    let huge = format!("{{\"note\":\"{}\"}}", "a".repeat(1024 * 1024));
    let huge = mira.typed("/api/entries", "application/json", &huge).await;
    assert_eq!(huge.expect(StatusCode::PAYLOAD_TOO_LARGE)["code"], "PAYLOAD_TOO_LARGE");
}

impl Browser {
    async fn write(&self, mood: &str, note: &str) -> Value {
        self.post("/api/entries", entry(mood, note)).await.expect(StatusCode::CREATED)
    }
}
