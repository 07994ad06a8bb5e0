//! A model server: a process's worth of HTTP that says what it is told, and keeps what it was asked.

use std::{
    io::{BufRead, BufReader, Write},
    net::{TcpListener, TcpStream},
    sync::{Arc, Mutex},
    time::Duration,
};

use serde_json::{Value, json};

/// A model server on a free port. It lives until the test ends.
pub(crate) struct MockModel {
    /// For `OPENAI_BASE_URL`.
    pub(crate) base_url: String,
    asked: Arc<Mutex<Vec<Asked>>>,
}

/// A request it received.
#[derive(Clone, Debug)]
pub(crate) struct Asked {
    pub(crate) path: String,
    pub(crate) authorization: Option<String>,
    pub(crate) body: Value,
}

/// What it answers.
#[derive(Clone, Copy)]
pub(crate) struct Speech {
    /// `#` in them is the number of the request, counted from 1.
    pub(crate) words: &'static [&'static str],
    /// Before each word.
    pub(crate) pause: Duration,
    /// How often the words are said.
    pub(crate) times: usize,
}

impl MockModel {
    /// One that says these words at once.
    pub(crate) fn saying(words: &'static [&'static str]) -> Self {
        Self::start(Speech { words, pause: Duration::ZERO, times: 1 })
    }

    pub(crate) fn start(speech: Speech) -> Self {
        Self::answering(move |out, asked, number| {
            if asked.body["stream"] == true {
                say(out, speech, number)
            } else {
                say_at_once(out, speech, asked, number)
            }
        })
    }

    /// One whose every answer is a stream with exactly this body.
    pub(crate) fn sending(body: &str) -> Self {
        let answer = format!("{STREAM}{body}");
        Self::answering(move |out, _, _| out.write_all(answer.as_bytes()))
    }

    fn answering(
        answer: impl Fn(&mut TcpStream, &Asked, &str) -> std::io::Result<()> + Send + Sync + 'static,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let base_url = format!("http://{}/v1", listener.local_addr().unwrap());
        let asked = Arc::<Mutex<Vec<Asked>>>::default();
        let record = Arc::clone(&asked);
        let answer = Arc::new(answer);
        thread(move || {
            for stream in listener.incoming() {
                let (record, answer) = (Arc::clone(&record), Arc::clone(&answer));
                // A client that hangs up ends its answer.
                thread(move || drop(serve(stream.unwrap(), &record, &*answer)));
            }
        });
        Self { base_url, asked }
    }

    /// What it was asked so far, oldest first.
    pub(crate) fn asked(&self) -> Vec<Asked> {
        self.asked.lock().unwrap().clone()
    }
}

fn thread(work: impl FnOnce() + Send + 'static) {
    std::thread::Builder::new().spawn(work).unwrap();
}

/// Reads a request, takes it down with its number, and answers it.
fn serve(
    stream: TcpStream,
    record: &Mutex<Vec<Asked>>,
    answer: &impl Fn(&mut TcpStream, &Asked, &str) -> std::io::Result<()>,
) -> std::io::Result<()> {
    let asked = read_request(&mut BufReader::new(stream.try_clone()?))?;
    let number = {
        let mut record = record.lock().unwrap();
        record.push(asked.clone());
        record.len().to_string()
    };
    let mut out = stream;
    answer(&mut out, &asked, &number)
}

fn say_at_once(
    out: &mut TcpStream,
    speech: Speech,
    asked: &Asked,
    number: &str,
) -> std::io::Result<()> {
    let text = speech.words.concat().replace('#', number);
    let body = if asked.path.ends_with("/chat/completions") {
        json!({"choices": [{"message": {"role": "assistant", "content": text}, "finish_reason": "stop"}]})
    } else {
        json!({"response": text})
    };
    let body = body.to_string();
    write!(
        out,
        "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\
         connection: close\r\n\r\n{body}",
        body.len()
    )
}

/// The head of a stream that ends with its connection.
const STREAM: &str =
    "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nconnection: close\r\n\r\n";

fn say(out: &mut TcpStream, speech: Speech, number: &str) -> std::io::Result<()> {
    out.write_all(STREAM.as_bytes())?;
    for _ in 0..speech.times {
        for word in speech.words {
            std::thread::sleep(speech.pause);
            let word = word.replace('#', number);
            let chunk = json!({"choices": [{"index": 0, "delta": {"content": word}}]});
            write!(out, "data: {chunk}\n\n")?;
        }
    }
    let usage = json!({"prompt_tokens": 7, "completion_tokens": 5, "total_tokens": 12});
    let end =
        json!({"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}], "usage": usage});
    write!(out, "data: {end}\n\ndata: [DONE]\n\n")
}

fn read_request(reader: &mut impl BufRead) -> std::io::Result<Asked> {
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") {
        if reader.read_line(&mut head)? == 0 {
            return Err(std::io::ErrorKind::UnexpectedEof.into());
        }
    }
    let header = |name: &str| {
        let mut lines = head.lines();
        lines.find_map(|line| {
            let (key, value) = line.split_once(": ")?;
            key.eq_ignore_ascii_case(name).then(|| value.to_owned())
        })
    };
    let length = header("content-length").map_or(0, |length| length.parse().unwrap());
    let mut body = vec![0; length];
    reader.read_exact(&mut body)?;
    Ok(Asked {
        path: head.split(' ').nth(1).unwrap().to_owned(),
        authorization: header("authorization"),
        body: serde_json::from_slice(&body).unwrap_or_default(),
    })
}

/// An address where nobody listens.
pub(crate) fn nobody() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    format!("http://{}/v1", listener.local_addr().unwrap())
}
