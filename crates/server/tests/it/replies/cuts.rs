//! A reader whose connection is cut at any byte of the wire, and who comes back with the id of the
//! last whole event, reads the whole text and nothing twice: while the reply is written, and after.

use axum::http::Method;
use http_body_util::BodyExt;
use proptest::{
    prelude::{ProptestConfig, Strategy, any},
    sample::{Index, select},
    test_runner::TestRunner,
};
use serde_json::{Value, json};
use tokio::runtime::Runtime;

use super::{
    Stream,
    engines::{Prompter, prompted},
    event, generation_of,
};
use crate::app::{Client, TestApp};

const REPLIES: u32 = 20;
/// While a reply is written, and as many again after it ended: 1,000 in all.
const CUTS: usize = 25;

/// Characters of one to four bytes, some of which only make sense together, and what would end a
/// line or an event if it were not escaped.
const CHARACTERS: [&str; 16] = [
    "a",
    " ",
    "é",
    "e\u{301}",
    "ö\u{302}\u{323}",
    "世",
    "界",
    "你好，",
    "🌊",
    "👩\u{200d}👧",
    "🇩🇪",
    "👍🏽",
    "\u{2028}",
    "\n\n",
    "\r\n",
    "data: \"x\"\\",
];

/// One connection of a reader.
#[derive(Clone, Debug)]
struct Connection {
    /// What the model says while it is open. Each of them is seen, because each is waited for.
    said: Vec<String>,
    /// Of what the server sent, so many bytes arrive.
    cut: Index,
    /// Whether it comes back with `Last-Event-ID`, or with `?after=`.
    by_header: bool,
}

fn connections() -> impl Strategy<Value = Vec<Connection>> {
    let said = proptest::collection::vec(select(&CHARACTERS[..]), 1..7);
    let said = proptest::collection::vec(said.prop_map(|characters| characters.concat()), 1..4);
    let one = (said, any::<Index>(), any::<bool>());
    let one = one.prop_map(|(said, cut, by_header)| Connection { said, cut, by_header });
    proptest::collection::vec(one, 2 * CUTS)
}

/// Reads as an `EventSource` does: an event counts once its blank line has come, and not before.
#[derive(Clone, Default)]
struct Reader {
    text: String,
    last_id: Option<String>,
    done: Option<Value>,
}

impl Reader {
    async fn open(&self, mira: &Client, stream: &str, by_header: bool) -> Stream {
        let Some(id) = &self.last_id else { return Stream::get(mira, stream).await };
        if by_header {
            Stream::open(mira, Method::GET, stream, None, &[("last-event-id", id)]).await
        } else {
            Stream::get(mira, &format!("{stream}?after={id}")).await
        }
    }

    fn take(&mut self, wire: &[u8]) {
        let whole = wire.windows(2).rposition(|pair| pair == b"\n\n").map_or(0, |at| at + 2);
        let whole = std::str::from_utf8(&wire[..whole]).unwrap();
        for block in whole.split_inclusive("\n\n") {
            let (name, id, data) = event(block);
            assert!(self.done.is_none(), "nothing comes after the last event: {block}");
            match name.as_str() {
                "delta" => self.text.push_str(data["text"].as_str().unwrap()),
                "done" => self.done = Some(data["message"]["content"].clone()),
                _ => panic!("{block}"),
            }
            self.last_id = id;
        }
    }

    /// Reads on without being cut, and checks that in all it has read this and the end.
    async fn finish(mut self, mira: &Client, stream: &str, by_header: bool, text: &str) {
        let rest = self.open(mira, stream, by_header).await;
        let over = self.done.is_some();
        assert_eq!(rest.status, if over { 204 } else { 200 });
        self.take(&rest.body.collect().await.unwrap().to_bytes());
        assert_eq!(self.text, text);
        assert_eq!(self.done, Some(json!(text)));
    }
}

/// Where the cuts fell, to know that they fell everywhere.
#[derive(Debug, Default)]
struct Fallen {
    all: usize,
    in_a_character: usize,
    in_an_id: usize,
    after_whole_events: usize,
}

impl Fallen {
    fn note(&mut self, wire: &[u8], at: usize) {
        let (before, after) = wire.split_at(at);
        let line = before.rsplit(|byte| *byte == b'\n').next().unwrap();
        let goes_on = after.first().is_some_and(|byte| *byte & 0b1100_0000 == 0b1000_0000);
        self.all += 1;
        self.in_a_character += usize::from(goes_on);
        self.in_an_id += usize::from(line.starts_with(b"id: "));
        self.after_whole_events += usize::from(before.windows(2).any(|pair| pair == b"\n\n"));
    }
}

/// One reply: cut off and come back to while it is written, then after it ended.
async fn read_with_cuts(plan: &[Connection], fallen: &mut Fallen) {
    let (model, setup) = prompted();
    let app = TestApp::with(setup).await;
    let mira = app.user("mira").await;
    let id = mira.conversation().await;
    let sent = Stream::send(&mira, &id, json!({"content": "go on"})).await;
    let stream = format!("{}/stream", generation_of(&sent.generation()));
    drop(sent);
    let (running, ended) = plan.split_at(CUTS);

    let mut reader = Reader::default();
    let mut earlier = Vec::new();
    let mut text = String::new();
    for connection in running {
        earlier.push(reader.clone());
        let wire = hear(&model, &reader, &mira, &stream, connection).await;
        text.extend(connection.said.iter().map(String::as_str));
        let cut = connection.cut.index(wire.len() + 1);
        fallen.note(&wire, cut);
        reader.take(&wire[..cut]);
        assert!(text.starts_with(&reader.text));
    }
    model.finish();
    reader.finish(&mira, &stream, true, &text).await;

    for (mut reader, connection) in earlier.into_iter().zip(ended) {
        let rest = reader.open(&mira, &stream, connection.by_header).await;
        let wire = rest.body.collect().await.unwrap().to_bytes();
        let cut = connection.cut.index(wire.len() + 1);
        fallen.note(&wire, cut);
        reader.take(&wire[..cut]);
        reader.finish(&mira, &stream, connection.by_header, &text).await;
    }
}

/// What comes over one connection while the model says these things.
async fn hear(
    model: &Prompter,
    reader: &Reader,
    mira: &Client,
    stream: &str,
    connection: &Connection,
) -> Vec<u8> {
    let mut wire = Vec::new();
    let mut open = None;
    for said in &connection.said {
        model.say(said);
        let open = match &mut open {
            Some(open) => open,
            none => none.insert(reader.open(mira, stream, connection.by_header).await),
        };
        wire.extend_from_slice(open.chunk().await.unwrap().as_bytes());
    }
    wire
}

#[test]
fn a_reader_cut_at_any_byte_of_the_wire_reads_the_whole_text_once() {
    let runtime = Runtime::new().unwrap();
    let fallen = std::cell::RefCell::new(Fallen::default());
    let config =
        ProptestConfig { cases: REPLIES, failure_persistence: None, ..ProptestConfig::default() };
    TestRunner::new(config)
        .run(&connections(), |plan| {
            runtime.block_on(read_with_cuts(&plan, &mut fallen.borrow_mut()));
            Ok(())
        })
        .unwrap();
    let fallen = fallen.into_inner();
    eprintln!("{fallen:?}");
    assert_eq!(fallen.all, REPLIES as usize * 2 * CUTS);
    assert!(fallen.in_a_character > 50 && fallen.in_an_id > 5, "{fallen:?}");
    assert!((100..900).contains(&fallen.after_whole_events), "{fallen:?}");
}
