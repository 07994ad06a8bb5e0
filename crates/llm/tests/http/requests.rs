//! What the model server is sent, and which configurations are refused.

use bytes::Bytes;
use secrecy::SecretString;
use serde_json::{Value, json};
use serene_llm::{
    ConfigError, Engine, FinishReason, Image, Message, OPENAI_BASE_URL, OpenAiConfig, OpenAiEngine,
    Request, Role, endpoint,
};
use wiremock::{Mock, MockServer, ResponseTemplate, matchers::any};

use crate::support::{DONE, Outcome, STOP, ask, delta, hello, quick};

async fn good_server() -> MockServer {
    let server = MockServer::start().await;
    let body = [&delta("Hi"), STOP, DONE].concat();
    let answer = ResponseTemplate::new(200).set_body_raw(body, "text/event-stream");
    Mock::given(any()).respond_with(answer).mount(&server).await;
    server
}

fn config(base_url: &str) -> OpenAiConfig {
    let (timeouts, retries) = quick();
    OpenAiConfig { timeouts, retries, ..OpenAiConfig::new(base_url, "test-model") }
}

#[tokio::test]
async fn the_whole_conversation_is_sent() {
    let server = good_server().await;
    let engine = OpenAiEngine::new(OpenAiConfig {
        api_key: Some(SecretString::from("sk-secret-key")),
        ..config(&format!("{}/v1", server.uri()))
    })
    .unwrap();
    let mut question = Message::text(Role::User, "What do you see? 🙂");
    question.images =
        vec![Image { media_type: "image/png".into(), data: Bytes::from_static(b"\x89PNG") }];
    let request = Request {
        messages: vec![
            Message::text(Role::System, "Be kind."),
            Message::text(Role::User, "Hello"),
            Message::text(Role::Assistant, "Hello yourself"),
            question,
        ],
        max_tokens: Some(64),
        temperature: Some(0.5),
        model: Some("test-model-2".into()),
        ..Request::default()
    };
    let outcome = ask(&engine, request).await;
    assert_eq!(outcome, Outcome::finished("Hi", FinishReason::Stop, None));

    let [received] = &server.received_requests().await.unwrap()[..] else { panic!("one request") };
    assert_eq!(received.method.as_str(), "POST");
    assert_eq!(received.url.path(), "/v1/chat/completions");
    assert_eq!(received.headers["authorization"], "Bearer sk-secret-key");
    assert_eq!(received.headers["content-type"], "application/json");
    assert!(received.headers["user-agent"].to_str().unwrap().starts_with("serene/"));
    assert_eq!(
        received.body_json::<Value>().unwrap(),
        json!({
            "model": "test-model-2",
            "stream": true,
            "stream_options": {"include_usage": true},
            "max_tokens": 64,
            "temperature": 0.5,
            "messages": [
                {"role": "system", "content": "Be kind."},
                {"role": "user", "content": "Hello"},
                {"role": "assistant", "content": "Hello yourself"},
                {"role": "user", "content": [
                    {"type": "text", "text": "What do you see? 🙂"},
                    {"type": "image_url", "image_url": {"url": "data:image/png;base64,iVBORw=="}},
                ]},
            ],
        })
    );
}

#[tokio::test]
async fn without_a_key_no_credential_is_sent() {
    let server = good_server().await;
    for api_key in [None, Some(SecretString::from(""))] {
        let engine = OpenAiEngine::new(OpenAiConfig { api_key, ..config(&server.uri()) }).unwrap();
        ask(&engine, hello()).await;
    }
    for received in server.received_requests().await.unwrap() {
        assert!(!received.headers.contains_key("authorization"));
    }
}

#[tokio::test]
async fn the_chat_path_is_added_once() {
    let server = good_server().await;
    for (base, expected) in [
        ("", "/chat/completions"),
        ("/v1", "/v1/chat/completions"),
        ("/v1/", "/v1/chat/completions"),
        ("/v1/chat/completions", "/v1/chat/completions"),
        ("/v1?version=2", "/v1/chat/completions?version=2"),
    ] {
        let engine = OpenAiEngine::new(config(&format!("{}{base}", server.uri()))).unwrap();
        ask(&engine, hello()).await;
        let requests = server.received_requests().await.unwrap();
        let url = &requests.last().unwrap().url;
        // The mock names itself so, whatever its address.
        assert_eq!(url.as_str(), format!("http://localhost{expected}"), "{base}");
    }
}

#[tokio::test]
async fn nothing_happens_before_the_stream_is_polled() {
    let server = good_server().await;
    let engine = OpenAiEngine::new(config(&server.uri())).unwrap();
    drop(engine.stream(hello()));
    ask(&engine, hello()).await;
    assert_eq!(server.received_requests().await.unwrap().len(), 1);
}

#[test]
fn only_http_urls_are_taken() {
    let (timeouts, retries) = quick();
    for url in [
        "",
        "localhost:8001/generate",
        "/v1",
        "ftp://host/v1",
        "file:///etc/passwd",
        "http://",
        "unix:/run/model.sock",
        "host/v1",
    ] {
        assert_eq!(OpenAiEngine::new(config(url)).unwrap_err(), ConfigError::Url, "{url}");
        let refused = endpoint(url, None, "", timeouts, retries).unwrap_err();
        assert_eq!(refused, ConfigError::Url, "{url}");
        assert!(refused.to_string().contains("http://"));
    }
    assert!(OpenAiEngine::new(config(OPENAI_BASE_URL)).is_ok());
}

#[test]
fn a_key_that_no_header_carries_is_refused_and_not_quoted() {
    let api_key = Some(SecretString::from("sk-secret\nkey"));
    let refused =
        OpenAiEngine::new(OpenAiConfig { api_key, ..config("http://localhost") }).unwrap_err();
    assert_eq!(refused, ConfigError::ApiKey);
    assert!(!refused.to_string().contains("secret"));
}

#[test]
fn debug_shows_neither_key_nor_url_secrets() {
    let config = OpenAiConfig {
        api_key: Some(SecretString::from("sk-secret")),
        ..config("http://user:secret@localhost/secret/v1?key=secret")
    };
    assert!(!format!("{config:?}").contains("secret"));
    let engine = OpenAiEngine::new(config).unwrap();
    let shown = format!("{engine:?}");
    assert!(shown.contains("http://localhost") && !shown.contains("secret"), "{shown}");
    let (timeouts, retries) = quick();
    let key = Some(SecretString::from("sk-secret"));
    let plain = endpoint("http://u:secret@localhost/secret", key, "m", timeouts, retries).unwrap();
    assert!(!format!("{plain:?}").contains("secret"));
}

#[test]
fn an_engine_says_what_it_is() {
    let named = OpenAiEngine::new(config("http://localhost")).unwrap();
    assert_eq!((named.name(), named.model()), ("openai", "test-model"));
    let unnamed = OpenAiEngine::new(OpenAiConfig::new("http://localhost", "")).unwrap();
    assert_eq!(unnamed.model(), "default");
}
