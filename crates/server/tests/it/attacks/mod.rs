//! Attacks, one test each, named after what is attacked and how. Who may see whose rows is the
//! census's subject; here are the ways around it.

mod canary;
mod guessing;
mod strangers;

use std::{net::TcpListener, time::Duration};

use axum::http::{Method, StatusCode};
use serde_json::{Value, json};

use crate::app::{Client, PASSWORD, TestApp};

async fn refresh(app: &TestApp, client: &Client) -> crate::app::Reply {
    let body = json!({"refresh_token": client.refresh_token});
    app.anonymous().post("/api/v1/auth/refresh", body).await
}

#[tokio::test]
async fn a_stolen_refresh_token_ends_the_session_whoever_uses_it_second() {
    for thief_is_first in [true, false] {
        let app = TestApp::new().await;
        let mira = app.user("mira").await;
        let thief = mira.clone();
        let (first, second) = if thief_is_first { (&thief, &mira) } else { (&mira, &thief) };
        let holder = app.signed_in(&refresh(&app, first).await.expect(StatusCode::OK));
        app.clock.step_seconds(11);
        refresh(&app, second).await.expect_error(401, "REFRESH_REUSED");
        // Nothing that came of the theft is good any more.
        for client in [&mira, &thief, &holder] {
            client.get("/api/v1/me").await.expect_error(401, "SESSION_ENDED");
            refresh(&app, client).await.expect_error(401, "REFRESH_INVALID");
        }
    }
}

#[tokio::test]
async fn a_stolen_token_pair_is_worth_nothing_after_signing_out() {
    let app = TestApp::new().await;
    let mira = app.user("mira").await;
    let thief = mira.clone();
    mira.post("/api/v1/auth/logout", json!({})).await;
    for (method, path) in [
        (Method::GET, "/api/v1/me"),
        (Method::DELETE, "/api/v1/me"),
        (Method::GET, "/api/v1/conversations"),
        (Method::POST, "/api/v1/auth/logout-everywhere"),
    ] {
        thief.send(method, path, None, &[]).await.expect_error(401, "SESSION_ENDED");
    }
    refresh(&app, &thief).await.expect_error(401, "REFRESH_INVALID");
}

#[tokio::test]
async fn a_stolen_database_holds_no_password_and_no_token() {
    let app = TestApp::new().await;
    let mira = app.user("mira").await;
    let next = app.signed_in(&refresh(&app, &mira).await.expect(StatusCode::OK));
    let secrets: Vec<&str> = [&mira, &next]
        .into_iter()
        .flat_map(|client| [client.token.as_deref(), client.refresh_token.as_deref()])
        .flatten()
        .chain([PASSWORD])
        .collect();
    assert_ne!(app.data.places_with("mira"), [""; 0], "the database lies elsewhere");
    for secret in &secrets {
        assert_eq!(app.data.places_with(secret), [""; 0], "{secret}");
    }
}

#[tokio::test]
async fn another_sites_form_changes_nothing() {
    let app = TestApp::new().await;
    let mira = app.user("mira").await;
    // A page elsewhere can make a browser send these three types, and whatever cookies there are.
    let login = json!({"username": "mira", "password": PASSWORD});
    let login = app.anonymous().post("/api/v1/auth/login", login).await;
    assert!(login.headers.get("set-cookie").is_none(), "a cookie would be sent along");
    let body = json!({"username": "mira", "password": PASSWORD, "title": "x", "content": "x"});
    for kind in ["application/x-www-form-urlencoded", "multipart/form-data", "text/plain"] {
        for path in ["/api/v1/auth/login", "/api/v1/auth/register", "/api/v1/conversations"] {
            let request = axum::http::Request::post(path)
                .header("content-type", kind)
                .header("origin", "https://evil.example")
                .header("sec-fetch-site", "cross-site")
                .body(body.to_string().into())
                .unwrap();
            mira.raw(request).await.expect_error(415, "UNSUPPORTED_MEDIA_TYPE");
        }
    }
}

#[tokio::test]
async fn a_url_from_a_client_is_never_fetched() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    let here = listener.local_addr().unwrap();
    let app = TestApp::new().await;
    let mira = app.user("mira").await;
    let conversation = mira.conversation().await;
    let path = format!("/api/v1/conversations/{conversation}/messages");
    for url in [
        format!("http://{here}/cat.png"),
        format!("https://{here}/cat.png"),
        format!("//{here}/cat.png"),
        format!("ftp://{here}/cat.png"),
        format!("data:text/html;base64,http://{here}/"),
        format!("data:image/png,http://{here}/cat.png"),
        format!("data:image/png;base64,http://{here}/cat.png"),
        "file:///etc/passwd".into(),
        "data:image/svg+xml;base64,PHN2Zy8+".into(),
    ] {
        let body = json!({"content": "look", "attachments": [url]});
        let error = mira.post(&path, body).await.expect_error(400, "INVALID_REQUEST");
        assert_eq!(error["field"], "attachments");
    }
    // An address in the text, or in a header, is text.
    let text = format!("![cat](http://{here}/cat.png) http://{here}/");
    let reply = mira.say(&conversation, &text).await;
    assert_eq!(reply["assistant_message"]["content"], text.as_str());
    let here_url = format!("http://{here}/");
    let headers = [("referer", here_url.as_str()), ("x-forwarded-host", &here_url)];
    mira.send(Method::GET, "/api/v1/me", None, &headers).await.expect(StatusCode::OK);
    tokio::time::sleep(Duration::from_millis(50)).await;
    let nobody = listener.accept().unwrap_err();
    assert_eq!(nobody.kind(), std::io::ErrorKind::WouldBlock);
}

#[tokio::test]
async fn the_docs_page_runs_its_own_scripts_and_no_others() {
    let app = TestApp::new().await;
    let visitor = app.anonymous();
    let page = visitor.get("/docs/").await;
    assert_eq!(page.status, StatusCode::OK);
    assert!(page.headers["content-type"].to_str().unwrap().starts_with("text/html"));
    for path in ["/docs", "/docs/", "/docs/swagger-ui.css", "/docs/nothing"] {
        let reply = visitor.get(path).await;
        assert_eq!(reply.headers["x-content-type-options"], "nosniff", "{path}");
        let policy = reply.headers["content-security-policy"].to_str().unwrap();
        let scripts = policy.split("; ").find(|part| part.starts_with("script-src"));
        assert_eq!(scripts, Some("script-src 'self'"), "{path}");
        for part in ["default-src 'self'", "frame-ancestors 'none'", "base-uri 'none'"] {
            assert!(policy.contains(part), "{path} lacks {part}");
        }
    }
    // The policy would keep such a script from running: the page must not need it.
    let html = page.text();
    assert!(!html.contains("<script>") && !html.contains("javascript:"), "{html}");
    for attribute in html.split("src=\"").skip(1).chain(html.split("href=\"").skip(1)) {
        let url = attribute.split('"').next().unwrap();
        assert!(!url.contains("//"), "{url} is on another server");
    }
    // Nothing that the address says gets into the page.
    let script = "%3Cscript%3Ealert(1)%3C/script%3E";
    for path in [format!("/docs/?url={script}"), format!("/docs/?configUrl={script}")] {
        assert_eq!(visitor.get(&path).await.text(), html);
    }
}

#[tokio::test]
async fn an_answer_is_json_that_no_browser_takes_for_a_page() {
    let app = TestApp::new().await;
    let mira = app.user("mira").await;
    let script = "<script>alert(1)</script>";
    let encoded = "%3Cscript%3Ealert(1)%3C/script%3E";
    let title = json!({"title": script});
    let accept = [("accept", "text/html")];
    for (method, path, body) in [
        (Method::GET, format!("/{encoded}"), None),
        (Method::GET, format!("/api/v1/conversations/{encoded}"), None),
        (Method::GET, format!("/api/v1/conversations?shelf={encoded}"), None),
        (Method::GET, format!("/api/v1/conversations?{encoded}=1"), None),
        (Method::POST, "/api/v1/conversations".into(), Some(title.clone())),
        (Method::POST, "/api/v1/conversations".into(), Some(json!({script: 1}))),
        (Method::PATCH, "/livez".into(), Some(title)),
        (Method::GET, "/openapi.json".into(), None),
    ] {
        let reply = mira.send(method, &path, body, &accept).await;
        assert_eq!(reply.headers["content-type"], "application/json", "{path}");
        assert_eq!(reply.headers["x-content-type-options"], "nosniff", "{path}");
        let _: Value = reply.json();
    }
}

#[tokio::test]
async fn an_attached_image_runs_nothing_where_it_is_shown() {
    let app = TestApp::new().await;
    let mira = app.user("mira").await;
    let conversation = mira.conversation().await;
    let path = format!("/api/v1/conversations/{conversation}/messages");
    // A GIF to begin with, and a page behind it.
    let image = "data:image/gif;base64,R0lGODlhPHNjcmlwdD5hbGVydCgxKTwvc2NyaXB0Pg==";
    let body = json!({"content": "look", "attachments": [image]});
    let sent = mira.post(&path, body).await.expect(StatusCode::CREATED);
    let url = sent["user_message"]["attachments"][0]["url"].as_str().unwrap().to_owned();
    let reply = mira.get(&url).await;
    assert_eq!(reply.bytes, b"GIF89a<script>alert(1)</script>");
    assert_eq!(reply.headers["content-type"], "image/gif");
    assert_eq!(reply.headers["x-content-type-options"], "nosniff");
    assert_eq!(reply.headers["content-security-policy"], "default-src 'none'; sandbox");
    app.anonymous().get(&url).await.expect_error(401, "UNAUTHENTICATED");
}

#[tokio::test]
async fn a_models_diagnosis_or_advice_reaches_nobody() {
    let note = "I could not get up today, and the whole house felt as if it were under water.";
    for (script, word) in [
        ("fixed:You have depression.", "depression"),
        ("fixed:You are clearly bipolar.", "bipolar"),
        ("fixed:You should take 50 mg of sertraline every morning.", "sertraline"),
        ("fixed:Stop taking your medication for a week.", "medication"),
    ] {
        let app = TestApp::scripted(script).await;
        let mira = app.user("mira").await;
        let entry = json!({"mood": "tired", "note": note});
        let entry = mira.post("/api/v1/entries", entry).await.expect(StatusCode::CREATED);
        let path = format!("/api/v1/entries/{}", entry["id"].as_str().unwrap());
        let stored = mira.get(&path).await.expect(StatusCode::OK);
        let check = json!({"note": format!("{note} And then it rained.")});
        let path = "/api/v1/vibe-check";
        let checked = mira.post(path, check.clone()).await.expect(StatusCode::OK);
        for answered in [&entry, &stored, &checked] {
            let answer = answered["ai_response"].as_str().unwrap();
            assert!(!answer.is_empty() && !answer.contains(word), "{script}: {answer}");
        }
        let events = [("accept", "text/event-stream")];
        let streamed = mira.send(Method::POST, path, Some(check), &events).await;
        assert_eq!(streamed.headers["content-type"], "text/event-stream");
        assert!(!streamed.text().contains(word), "{script}: {}", streamed.text());
        assert!(!app.engine.as_ref().unwrap().requests().is_empty(), "the model was asked");
    }
}
