//! The engine for a plain generate URL.

use std::sync::Arc;

use bytes::Bytes;
use secrecy::SecretString;
use serde_json::{Value, json};
use serene_llm::{
    Engine, EngineError, FinishReason, Image, Message, Request, Role, Usage, endpoint,
};
use wiremock::{Mock, MockServer, ResponseTemplate, matchers::any};

use crate::support::{Act, DONE, Outcome, Raw, STOP, ask, delta, hello, quick, send};

fn at(url: &str) -> Arc<dyn Engine> {
    let (timeouts, retries) = quick();
    endpoint(url, None, "", timeouts, retries).unwrap()
}

async fn answering(answer: ResponseTemplate) -> MockServer {
    let server = MockServer::start().await;
    Mock::given(any()).respond_with(answer).mount(&server).await;
    server
}

#[tokio::test]
async fn a_chat_url_speaks_openai() {
    let body = [&delta("Hi"), STOP, DONE].concat();
    let server =
        answering(ResponseTemplate::new(200).set_body_raw(body, "text/event-stream")).await;
    let (timeouts, retries) = quick();
    let key = Some(SecretString::from("sk-1"));
    let path = "/api/chat/completions?version=1";
    let url = format!("{}{path}", server.uri());
    let engine = endpoint(&url, key, "m", timeouts, retries).unwrap();
    assert_eq!((engine.name(), engine.model()), ("openai", "m"));
    assert_eq!(ask(&*engine, hello()).await.text(), "Hi");
    let received = &server.received_requests().await.unwrap()[0];
    assert!(received.url.as_str().ends_with(&format!("localhost{path}")));
    assert_eq!(received.headers["authorization"], "Bearer sk-1");
    assert_eq!(received.body_json::<Value>().unwrap()["stream"], true);
}

#[tokio::test]
async fn any_other_url_gets_messages_and_prompt() {
    let server = answering(ResponseTemplate::new(200).set_body_json(json!({"text": "Hi"}))).await;
    let (timeouts, retries) = quick();
    let key = Some(SecretString::from("sk-1"));
    let url = format!("{}/generate?a=b", server.uri());
    let engine = endpoint(&url, key, "", timeouts, retries).unwrap();
    assert_eq!((engine.name(), engine.model()), ("endpoint", "default"));
    let mut last = Message::text(Role::User, "And now?");
    last.images = vec![Image { media_type: "image/png".into(), data: Bytes::from_static(b"x") }];
    let messages = vec![
        Message::text(Role::System, "Be kind."),
        Message::text(Role::User, "Hello"),
        Message::text(Role::Assistant, "Hi"),
        last,
    ];
    let request =
        Request { messages, max_tokens: Some(9), temperature: Some(0.3), ..Request::default() };
    assert_eq!(ask(&*engine, request).await, Outcome::finished("Hi", FinishReason::Other, None));
    ask(&*engine, hello()).await;

    let received = server.received_requests().await.unwrap();
    assert!(received[0].url.as_str().ends_with("localhost/generate?a=b"));
    assert_eq!(received[0].headers["authorization"], "Bearer sk-1");
    assert_eq!(received[0].headers["content-type"], "application/json");
    assert_eq!(
        received[0].body_json::<Value>().unwrap(),
        json!({
            "messages": [
                {"role": "system", "content": "Be kind."},
                {"role": "user", "content": "Hello"},
                {"role": "assistant", "content": "Hi"},
                {"role": "user", "content": "And now?"},
            ],
            "prompt": "And now?",
            "max_tokens": 9,
        })
    );
    assert_eq!(
        received[1].body_json::<Value>().unwrap(),
        json!({
            "messages": [{"role": "user", "content": "Hello"}],
            "prompt": "Hello",
            "max_tokens": 1024,
        })
    );
}

#[tokio::test]
async fn where_servers_put_the_text() {
    let usage = Usage { prompt_tokens: 3, completion_tokens: 2, ..Usage::default() };
    let plain = || Outcome::finished("Hi 🙂", FinishReason::Other, None);
    for (answer, expected) in [
        (json!({"response": "Hi 🙂", "text": "no"}), plain()),
        (json!({"text": "Hi 🙂", "output": "no"}), plain()),
        (json!({"output": "Hi 🙂", "generated_text": "no"}), plain()),
        (json!({"generated_text": "Hi 🙂", "content": "no"}), plain()),
        (json!({"content": "Hi 🙂", "choices": [{"message": {"content": "no"}}]}), plain()),
        (json!({"response": null, "text": ["no"], "output": "Hi 🙂"}), plain()),
        (json!([{"generated_text": "Hi 🙂"}]), plain()),
        (json!([{"output": "Hi 🙂"}]), plain()),
        (
            json!({"choices": [{"message": {"content": "Hi 🙂"}, "finish_reason": "length"}],
                   "usage": {"prompt_tokens": 3, "completion_tokens": 2}}),
            Outcome::finished("Hi 🙂", FinishReason::Length, Some(usage)),
        ),
        (
            json!({"text": "Hi 🙂", "usage": {"input_tokens": 3, "output_tokens": 2}}),
            Outcome::finished("Hi 🙂", FinishReason::Other, Some(usage)),
        ),
        (json!({"text": "Hi 🙂", "usage": {}}), plain()),
        (json!({"response": ""}), Outcome::failed(&[], EngineError::Empty)),
        (json!({"error": "no"}), Outcome::failed(&[], EngineError::Failed { status: None })),
        (json!({"hello": "there"}), Outcome::failed(&[], EngineError::Garbage)),
        (json!([]), Outcome::failed(&[], EngineError::Garbage)),
        (json!([{"text": "a"}, {"text": "b"}]), Outcome::failed(&[], EngineError::Garbage)),
        (json!("Hi"), Outcome::failed(&[], EngineError::Garbage)),
    ] {
        let server = answering(ResponseTemplate::new(200).set_body_json(&answer)).await;
        let url = format!("{}/generate", server.uri());
        assert_eq!(ask(&*at(&url), hello()).await, expected, "{answer}");
    }
}

#[tokio::test]
async fn its_faults_are_the_same() {
    let status =
        |code: u16| vec![send(format!("HTTP/1.1 {code} Whatever\r\nContent-Length: 0\r\n\r\n"))];
    let json = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n";
    let limited = EngineError::RateLimited { retry_after: None };
    let silent =
        EngineError::Timeout { phase: "first byte", limit: std::time::Duration::from_millis(600) };
    let stalled =
        EngineError::Timeout { phase: "idle", limit: std::time::Duration::from_millis(400) };
    for (acts, error, attempts) in [
        (status(500), EngineError::Failed { status: Some(500) }, 3),
        (status(429), limited, 3),
        (status(400), EngineError::Rejected { status: 400 }, 1),
        (status(401), EngineError::Unauthorized { status: 401 }, 1),
        (status(301), EngineError::Rejected { status: 301 }, 1),
        (vec![Act::AwaitClose], silent, 1),
        (
            vec![send(json), send("Content-Length: 50\r\n\r\n{\"text\":"), Act::AwaitClose],
            stalled,
            1,
        ),
        (
            vec![send(json), send("Content-Length: 50\r\n\r\n{\"text\":"), Act::Close],
            EngineError::Cut,
            1,
        ),
        (vec![send(json), send("\r\n{\"text\":\"H"), Act::Close], EngineError::Cut, 1),
        (vec![send(json), send("\r\n"), Act::Close], EngineError::Cut, 1),
        (vec![Act::Close], EngineError::Cut, 3),
        (status(200), EngineError::Empty, 1),
        (status(204), EngineError::Empty, 1),
        (
            vec![send(json), send(b"Content-Length: 12\r\n\r\n{\"text\":\"\xff\"}")],
            EngineError::Garbage,
            1,
        ),
        (vec![send(json), send("Content-Length: 5\r\n\r\nHello")], EngineError::Garbage, 1),
    ] {
        let script = acts.clone();
        let server = Raw::start(move |_| script.clone()).await;
        let outcome = ask(&*at(&format!("{}/generate", server.url())), hello()).await;
        assert_eq!(outcome, Outcome::failed(&[], error), "{acts:?}");
        assert_eq!(server.requests().len(), attempts, "{acts:?}");
    }
}
