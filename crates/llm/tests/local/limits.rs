//! How much a model reads and writes, how many it answers, and when it stops.

use std::time::Duration;

use futures_util::{FutureExt, StreamExt, future::join_all};
use serene_llm::{Engine, EngineError, Event, FinishReason, Message, Request, Role, complete};

use crate::{
    asked,
    folder::{Says, Tiny},
    model, streamed,
};

const ENDLESS: Tiny = Tiny::new(Says::Endless("abcdefgh "));
const NOISE: Tiny = Tiny::new(Says::Noise);

#[tokio::test]
async fn an_answer_ends_at_its_limit() {
    let engine = model(ENDLESS);
    for limit in [1, 7, 64] {
        let request = Request { max_tokens: Some(limit), ..asked("Go.") };
        let (deltas, reason, usage) = streamed(&engine, request).await;
        assert_eq!((deltas.concat().len(), reason), (limit as usize, FinishReason::Length));
        assert_eq!(usage.completion_tokens, limit);
    }
    // Without one, and with one that is too large, the context is the end.
    for max_tokens in [None, Some(100_000)] {
        let (deltas, reason, usage) =
            streamed(&engine, Request { max_tokens, ..asked("Go.") }).await;
        assert_eq!(usage.prompt_tokens + usage.completion_tokens, 512);
        assert_eq!(
            (deltas.len(), reason),
            (usage.completion_tokens as usize, FinishReason::Length)
        );
    }
}

/// A conversation of so many exchanges, with an instruction.
fn long(exchanges: usize) -> Request {
    let mut messages = vec![Message::text(Role::System, "Be kind.")];
    for number in 0..exchanges {
        messages.push(Message::text(Role::User, format!("Question {number:03}")));
        messages.push(Message::text(Role::Assistant, format!("Answer   {number:03}")));
    }
    messages.push(Message::text(Role::User, "And now?"));
    Request { messages, temperature: Some(0.0), max_tokens: Some(30), ..Request::default() }
}

#[tokio::test]
async fn the_oldest_turns_are_left_out_and_never_the_first_or_the_last() {
    let engine = model(NOISE);
    let room = 512 - 30;
    let (whole, ..) = streamed(&engine, long(100)).await;
    let usage = streamed(&engine, long(100)).await.2;
    assert!(usage.prompt_tokens as usize <= room, "{usage:?}");
    // The next older one is an answer: <|start|>assistant, a line end, twelve bytes, <|end|>, a line
    // end; or a question, which is shorter by five.
    assert!(usage.prompt_tokens as usize > room - 25, "as many as fit: {usage:?}");
    // What it reads is the instruction and the newest turns: the same as if nothing else had been.
    let mut same = Vec::new();
    for kept in 1..30 {
        let all = long(100).messages;
        let mut messages = vec![all[0].clone()];
        messages.extend_from_slice(&all[all.len() - kept..]);
        let (answer, _, used) = streamed(&engine, Request { messages, ..long(0) }).await;
        if used.prompt_tokens == usage.prompt_tokens {
            same.push(answer == whole);
        }
    }
    assert!(same.contains(&true), "{same:?}");
}

#[tokio::test]
async fn a_conversation_of_thousands_is_not_read_to_its_beginning() {
    let engine = model(NOISE);
    let few = streamed(&engine, long(200)).await;
    let many = streamed(&engine, {
        // The same end after a hundred times as much.
        let mut request = long(200);
        let old = long(1).messages[1].clone();
        request.messages.splice(1..1, std::iter::repeat_n(old, 20_000));
        request
    })
    .await;
    assert_eq!(few, many);
}

#[tokio::test]
async fn what_cannot_fit_is_refused_and_the_last_turn_may_take_almost_all() {
    let engine = model(ENDLESS);
    let question = |length| Request { max_tokens: Some(300), ..asked(&"x".repeat(length)) };
    let (.., usage) = streamed(&engine, question(480)).await;
    assert!(usage.prompt_tokens > 480 && usage.completion_tokens > 0, "{usage:?}");
    assert_eq!(usage.prompt_tokens + usage.completion_tokens, 512);
    let refused = complete(&engine, question(512)).await;
    assert_eq!(refused, Err(EngineError::TooLong));
    assert_eq!(EngineError::TooLong.code(), "PROMPT_TOO_LONG");
}

#[tokio::test]
async fn two_at_once_get_what_each_would_alone() {
    let engine = model(NOISE);
    let request = |text| Request { max_tokens: Some(60), ..asked(text) };
    let alone =
        [streamed(&engine, request("One?")).await, streamed(&engine, request("Two?")).await];
    let both = join_all([streamed(&engine, request("One?")), streamed(&engine, request("Two?"))]);
    assert_eq!(both.await, alone);
    assert_ne!(alone[0].0, alone[1].0);
}

#[tokio::test]
async fn whoever_comes_to_a_full_queue_is_told_so() {
    let engine = model(Tiny { context: 4096, ..ENDLESS });
    let request = || Request { max_tokens: Some(4000), ..asked("Go.") };
    // One is being answered and sixteen wait; a stream asks when it is first polled.
    let mut waiting = Vec::new();
    let mut first = engine.stream(request());
    assert!(matches!(first.next().await, Some(Ok(Event::Delta(_)))));
    for _ in 0..16 {
        let mut stream = engine.stream(request());
        assert!(stream.next().now_or_never().is_none());
        waiting.push(stream);
    }
    assert_eq!(complete(&engine, request()).await, Err(EngineError::Busy));
    assert_eq!(EngineError::Busy.code(), "MODEL_BUSY");
    // Given up, they take no place, although the one before them is still being answered, and no
    // time: then the next is answered at once.
    drop(waiting);
    let mut stream = engine.stream(request());
    assert!(stream.next().now_or_never().is_none());
    drop((first, stream));
    let short = Request { max_tokens: Some(3), ..asked("Go.") };
    let answer = tokio::time::timeout(Duration::from_secs(5), complete(&engine, short)).await;
    assert_eq!(answer.unwrap().unwrap().text, "abc");
}

#[expect(clippy::disallowed_methods, reason = "what is compared is how long two things take")]
#[tokio::test]
async fn nothing_happens_before_it_is_polled_and_nothing_after_it_is_dropped() {
    let engine = model(Tiny { context: 4096, ..ENDLESS });
    let request = || Request { max_tokens: Some(1500), ..asked("Go.") };
    for _ in 0..40 {
        drop(engine.stream(request()));
    }
    let mut stream = engine.stream(request());
    assert!(matches!(stream.next().await, Some(Ok(Event::Delta(_)))));
    drop(stream);
    // The work for it has ended: this would come many tokens later.
    let began = std::time::Instant::now();
    complete(&engine, Request { max_tokens: Some(1), ..asked("Go.") }).await.unwrap();
    let took = began.elapsed();
    let whole = streamed(&engine, request());
    let began = std::time::Instant::now();
    whole.await;
    assert!(took * 4 < began.elapsed(), "{took:?} of {:?}", began.elapsed());
}
