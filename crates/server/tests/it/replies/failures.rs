//! Models that fail: the message is kept, the reply says how it failed, and it is paid for once.
//! What fails on the way to a model server is in `faults::upstream`.

use axum::http::StatusCode;
use serde_json::{Value, json};
use serene_core::base::limits::{MAX_GENERATION, MAX_REPLY_BYTES};
use serene_llm::{EngineError, Event, FinishReason};

use super::{
    Stream, active_generation,
    engines::{Custom, custom},
    event, generation_of, ledger, messages_of, only_reply, same_usage, words,
};
use crate::{
    app::{Client, TestApp},
    database::not_on_sqlite,
};

/// The scripts that fail, the code of each, and how many words come before.
const FAILURES: [(&str, &str, usize); 15] = [
    ("unreachable", "MODEL_UNREACHABLE", 0),
    ("timeout", "MODEL_TIMEOUT", 0),
    ("timeout:4+long:9", "MODEL_TIMEOUT", 4),
    ("rate-limited", "MODEL_RATE_LIMITED", 0),
    ("rate-limited:7", "MODEL_RATE_LIMITED", 0),
    ("unauthorized", "MODEL_UNAUTHORIZED", 0),
    ("rejected", "MODEL_REJECTED", 0),
    ("fail", "MODEL_FAILED", 0),
    ("fail:2+long:9", "MODEL_FAILED", 2),
    ("cut:0+long:9", "MODEL_CUT", 0),
    ("cut:5+long:9", "MODEL_CUT", 5),
    ("cut:9+long:9", "MODEL_CUT", 9),
    ("garbage", "MODEL_GARBAGE", 0),
    ("garbage:3+long:9", "MODEL_GARBAGE", 3),
    ("empty", "MODEL_EMPTY", 0),
];

/// The exchange of a message whose reply fails.
pub(crate) async fn say(client: &Client, conversation: &str) -> Value {
    let exchange = client.say(conversation, "are you there?").await;
    assert_eq!(exchange["user_message"]["content"], "are you there?");
    assert_eq!(exchange["user_message"]["status"], "complete");
    exchange
}

/// Checks everything that must hold of a reply that failed with this code after this text.
pub(crate) async fn expect_failed(
    app: &TestApp,
    mira: &Client,
    id: &str,
    code: &str,
    text: &str,
) -> Value {
    let page = mira.get(&messages_of(id)).await.expect(StatusCode::OK);
    assert_eq!(page["items"][0]["content"], "are you there?", "the message is kept");
    let reply = only_reply(mira, id).await;
    assert_eq!(reply["status"], "failed");
    assert_eq!(reply["error_code"], code);
    assert_eq!(reply["content"], text);
    let generation = generation_of(reply["generation_id"].as_str().unwrap());
    let generation = mira.get(&generation).await.expect(StatusCode::OK);
    assert_eq!(generation["status"], "failed");
    assert_eq!(generation["error_code"], code);
    assert_eq!(generation["finish_reason"], Value::Null);
    assert!(generation["ended_at"].is_string());
    let records = ledger(app, mira).await;
    assert_eq!(records.len(), 1, "one record for one call");
    same_usage(&generation, &records[0]);
    assert_eq!(records[0].completion_tokens as usize, text.len().div_ceil(4));
    assert_eq!(active_generation(mira, id).await, Value::Null, "not busy");
    reply
}

#[tokio::test]
async fn a_failing_model_ends_the_stream_with_an_error() {
    for (script, code, count) in FAILURES {
        let app = TestApp::scripted(script).await;
        let mira = app.user("mira").await;
        let id = mira.conversation().await;
        let stream = Stream::send(&mira, &id, json!({"content": "are you there?"})).await;
        let path = format!("{}/stream", generation_of(&stream.generation()));
        let (text, last) = stream.rest().await;
        let reply = expect_failed(&app, &mira, &id, code, &words(count)).await;
        let (name, event_id, data) = &last;
        assert_eq!(text, words(count), "{script}");
        assert_eq!((name.as_str(), event_id.as_deref()), ("error", Some("end")));
        assert_eq!((&data["code"], &data["message"]), (&json!(code), &reply));
        let sentence = data["error"].as_str().unwrap();
        assert!(sentence.starts_with("The model") && sentence.ends_with('.'), "{sentence}");
        // Read again it is the same.
        assert_eq!(Stream::get(&mira, &path).await.rest().await, (text, last));
    }
}

#[tokio::test]
async fn the_error_event_is_framed_as_every_other() {
    let app = TestApp::scripted("fail").await;
    let mira = app.user("mira").await;
    let id = mira.conversation().await;
    let mut stream = Stream::send(&mira, &id, json!({"content": "hello"})).await;
    let chunk = stream.chunk().await.unwrap();
    let head = "event: error\nid: end\ndata: {\"error\":\"The model server failed.\",\
                \"code\":\"MODEL_FAILED\",\"message\":{\"id\":";
    assert!(chunk.starts_with(head), "{chunk}");
    event(&chunk);
    assert_eq!(stream.chunk().await, None);
}

#[tokio::test]
async fn a_panicking_engine_fails_its_reply_and_nothing_else() {
    let later = Custom::new(|| {
        let events = (0..3).map(|n| {
            assert!(n < 2, "this engine panics in the middle");
            Ok(Event::Delta("word ".into()))
        });
        events.collect()
    });
    let engines = [custom(later), crate::app::Setup { script: "panic", ..Default::default() }];
    for setup in engines {
        let app = TestApp::with(setup).await;
        let mira = app.user("mira").await;
        let id = mira.conversation().await;
        say(&mira, &id).await;
        expect_failed(&app, &mira, &id, "INTERNAL", "").await;
        let stream = Stream::send(&mira, &id, json!({"content": "still there?"})).await;
        let (_, (name, _, data)) = stream.rest().await;
        assert_eq!((name.as_str(), &data["code"]), ("error", &json!("INTERNAL")));
        app.anonymous().get("/readyz").await.expect(StatusCode::OK);
    }
}

#[tokio::test]
async fn an_engine_that_panics_in_the_middle_leaves_its_text() {
    let engine = InTheMiddle;
    let setup =
        crate::app::Setup { engine: Some(std::sync::Arc::new(engine)), ..Default::default() };
    let app = TestApp::with(setup).await;
    let mira = app.user("mira").await;
    let id = mira.conversation().await;
    say(&mira, &id).await;
    expect_failed(&app, &mira, &id, "INTERNAL", "so far").await;
}

/// Gives a word and panics when it is asked for the next.
#[derive(Debug)]
struct InTheMiddle;

impl serene_llm::Engine for InTheMiddle {
    fn name(&self) -> &'static str {
        "in the middle"
    }

    fn model(&self) -> &'static str {
        "none"
    }

    fn stream(&self, _: serene_llm::Request) -> serene_llm::EventStream {
        let events = (0..2).map(|n| {
            assert!(n == 0, "this engine panics in the middle");
            Ok(Event::Delta("so far".into()))
        });
        Box::pin(futures_util::stream::iter(events))
    }
}

#[tokio::test]
async fn an_answer_without_a_character_is_a_failure() {
    let finished = || Ok(Event::Finished { reason: FinishReason::Stop, usage: None });
    for events in [
        vec![finished()],
        vec![Ok(Event::Delta(String::new())), finished()],
        // No database stores a NUL as text.
        vec![Ok(Event::Delta("\0\0".into())), finished()],
    ] {
        let app = TestApp::with(custom(Custom::new(move || events.clone()))).await;
        let mira = app.user("mira").await;
        let id = mira.conversation().await;
        say(&mira, &id).await;
        expect_failed(&app, &mira, &id, "MODEL_EMPTY", "").await;
    }
}

#[tokio::test]
async fn an_engine_that_ends_without_a_word_of_it_was_cut_off() {
    let engine = Custom::new(|| vec![Ok(Event::Delta("so far".into()))]);
    let app = TestApp::with(custom(engine)).await;
    let mira = app.user("mira").await;
    let id = mira.conversation().await;
    say(&mira, &id).await;
    expect_failed(&app, &mira, &id, "MODEL_CUT", "so far").await;
}

#[tokio::test]
async fn a_failure_after_its_first_words_keeps_them_and_no_nul() {
    let engine = Custom::new(|| {
        vec![Ok(Event::Delta("so\0 far".into())), Err(EngineError::Failed { status: None })]
    });
    let app = TestApp::with(custom(engine)).await;
    let mira = app.user("mira").await;
    let id = mira.conversation().await;
    say(&mira, &id).await;
    expect_failed(&app, &mira, &id, "MODEL_FAILED", "so far").await;
}

#[tokio::test]
async fn a_reply_is_cut_where_it_gets_too_long() {
    // Three bytes a character: the cap of 262,144 bytes lies inside one.
    let piece = "世".repeat(1000);
    let many = vec![piece.clone(); 100];
    let one = vec![piece.repeat(100)];
    for pieces in [many, one] {
        let whole = pieces.concat();
        let engine =
            Custom::endless(move || pieces.iter().cloned().map(|p| Ok(Event::Delta(p))).collect());
        let app = TestApp::with(custom(engine.clone())).await;
        let mira = app.user("mira").await;
        let id = mira.conversation().await;
        let exchange = say(&mira, &id).await;
        let reply = &exchange["assistant_message"];
        assert_eq!(reply["status"], "complete");
        assert_eq!(exchange["generation"]["finish_reason"], "length");
        assert_eq!(reply["content"], whole[..MAX_REPLY_BYTES - 1]);
        assert_eq!(engine.dropped(), 1, "the model is not left talking");
        let records = ledger(&app, &mira).await;
        assert_eq!(records.len(), 1);
        assert_eq!(records[0].completion_tokens as usize, MAX_REPLY_BYTES / 4);
        same_usage(&exchange["generation"], &records[0]);
    }
}

#[tokio::test]
async fn a_reply_just_as_long_as_the_cap_is_whole() {
    let engine = Custom::new(|| {
        let finished = Event::Finished { reason: FinishReason::Stop, usage: None };
        vec![Ok(Event::Delta("x".repeat(MAX_REPLY_BYTES))), Ok(finished)]
    });
    let app = TestApp::with(custom(engine)).await;
    let mira = app.user("mira").await;
    let exchange = say(&mira, &mira.conversation().await).await;
    assert_eq!(exchange["generation"]["finish_reason"], "stop");
    assert_eq!(exchange["assistant_message"]["content"].as_str().unwrap().len(), MAX_REPLY_BYTES);
}

#[tokio::test]
async fn a_model_that_never_ends_is_given_up_in_paused_time_which_no_server_knows() {
    if not_on_sqlite() {
        return;
    }
    let engine = Custom::endless(|| vec![Ok(Event::Delta("so far".into()))]);
    let app = TestApp::with(custom(engine.clone())).await;
    let mira = app.user("mira").await;
    let id = mira.conversation().await;
    let mut stream = Stream::send(&mira, &id, json!({"content": "are you there?"})).await;
    assert_eq!(stream.delta().await, "so far");
    // The first checkpoint is written by another thread, whose time does not stand still.
    super::eventually("the text is saved", async || {
        app.count("SELECT COUNT(*) FROM generation_chunks") == 1
    })
    .await;
    tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    tokio::time::pause();
    let start = tokio::time::Instant::now();
    let (text, (name, _, data)) = stream.rest().await;
    assert!(start.elapsed() >= MAX_GENERATION.mul_f32(0.9), "{:?}", start.elapsed());
    tokio::time::resume();
    assert_eq!(
        (text.as_str(), name.as_str(), &data["code"]),
        ("", "error", &json!("MODEL_TIMEOUT"))
    );
    expect_failed(&app, &mira, &id, "MODEL_TIMEOUT", "so far").await;
    assert_eq!(engine.dropped(), 1);
}
