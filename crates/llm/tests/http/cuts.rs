//! However the network cuts an answer into pieces, the text is the same.

use std::sync::{Arc, LazyLock, Mutex};

use proptest::prelude::*;
use serene_llm::{FinishReason, OpenAiEngine};
use tokio::runtime::Runtime;

use crate::support::{
    Act, DONE, FIGURES, Raw, STOP, USAGE, ask, chunk, chunked_head, delta, end, engine, hello,
};

const WORDS: [&str; 6] = [
    "Emoji 👩‍👩‍👧‍👦🏳️‍🌈, ",
    "e\u{301}a\u{308}o\u{302}\u{323} ",
    "下雨了，街道很亮。",
    "\"quoted\" \\ and\nlines\t",
    "ש\u{5b8}לו\u{5b9}ם",
    "data: [DONE]\n\n",
];

/// A valid answer with everything an event stream may hold.
fn answer(newline: &str) -> Vec<u8> {
    let words: Vec<String> = WORDS
        .iter()
        .enumerate()
        .map(|(n, word)| match n % 2 {
            0 => delta(word),
            // Two lines of data are one event, and JSON may be cut between its tokens.
            _ => delta(word).replacen("\"choices\":", "\"choices\":\ndata: ", 1),
        })
        .collect();
    let body =
        [": hello 🙂\n\n", &words.concat(), ": ping\n", "id: 7\n", STOP, USAGE, DONE].concat();
    body.replace('\n', newline).into_bytes()
}

/// One server and one engine for all cases; what the next request gets is in `next`.
struct Bench {
    runtime: Runtime,
    engine: OpenAiEngine,
    next: Arc<Mutex<Vec<Act>>>,
    server: Raw,
}

static BENCH: LazyLock<Bench> = LazyLock::new(|| {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    let next = Arc::<Mutex<Vec<Act>>>::default();
    let script = Arc::clone(&next);
    let server = runtime.block_on(Raw::start(move |_| script.lock().unwrap().clone()));
    let engine = engine(&server.url());
    Bench { runtime, engine, next, server }
});

/// Nothing but this holds the bench's script while a test asks.
static TURN: Mutex<()> = Mutex::new(());

fn check(acts: Vec<Act>, what: &str) {
    *BENCH.next.lock().unwrap() = acts;
    let outcome = BENCH.runtime.block_on(ask(&BENCH.engine, hello()));
    assert_eq!(outcome.deltas, WORDS, "{what}");
    assert_eq!(outcome.end, Ok((FinishReason::Stop, Some(FIGURES))), "{what}");
}

fn in_chunks<'a>(pieces: impl Iterator<Item = &'a [u8]>) -> Vec<Act> {
    let mut acts = vec![chunked_head()];
    acts.extend(pieces.filter(|piece| !piece.is_empty()).map(chunk));
    acts.push(end());
    acts
}

fn cut<'a>(bytes: &'a [u8], at: &'a [usize]) -> impl Iterator<Item = &'a [u8]> {
    let starts = std::iter::once(0).chain(at.iter().copied());
    let ends = at.iter().copied().chain([bytes.len()]);
    starts.zip(ends).map(|(start, end)| &bytes[start..end])
}

#[test]
fn cut_in_two_at_every_byte() {
    let _turn = TURN.lock();
    for newline in ["\n", "\r\n"] {
        let bytes = answer(newline);
        for at in 0..=bytes.len() {
            check(in_chunks(cut(&bytes, &[at])), &format!("{newline:?} at {at}"));
        }
    }
    // Each answer was read to its end, so the connection served again. Not every time: the next
    // request may be there before the connection is back in the pool.
    let (connections, requests) = (BENCH.server.connections(), BENCH.server.requests().len());
    assert!(connections < requests / 10, "{connections} connections for {requests} requests");
}

#[test]
fn every_byte_on_its_own() {
    let _turn = TURN.lock();
    for newline in ["\n", "\r\n"] {
        check(in_chunks(answer(newline).chunks(1)), newline);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 192, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn cut_anywhere(
        crlf: bool,
        framed: bool,
        at in prop::collection::btree_set(0_usize..100_000, 0..60),
    ) {
        let _turn = TURN.lock();
        let bytes = answer(if crlf { "\r\n" } else { "\n" });
        let at: Vec<usize> = at.into_iter().map(|at| at * (bytes.len() + 1) / 100_000).collect();
        let pieces = cut(&bytes, &at);
        let acts = if framed {
            in_chunks(pieces)
        } else {
            // The pieces are TCP's own, with nothing around them.
            let head = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n";
            let sends = std::iter::once(&head[..]).chain(pieces).map(|piece| Act::Send(piece.to_vec()));
            sends.chain([Act::Close]).collect()
        };
        check(acts, &format!("{at:?}"));
    }
}
