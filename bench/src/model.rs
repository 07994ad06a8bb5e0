//! A model server that costs next to nothing, so that what is measured is what stands in front of
//! it. The message says what it does: the last `[say N M]` of a request is answered with N words,
//! one every M milliseconds. For faults there is `serene mock-model`.

use std::{fmt::Write as _, net::Ipv4Addr, time::Duration};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    time::Instant,
};

/// The word that it says: found in a stream of whatever form.
pub(crate) const WORD: &str = "murmur ";

const HEAD: &str = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n\
                    transfer-encoding: chunked\r\n\r\n";

/// What it is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Script {
    words: u32,
    every: Duration,
}

/// The sentence that asks for so many words.
pub(crate) fn say(words: u32, every_ms: u32) -> String {
    format!("Tell me of the river. [say {words} {every_ms}]")
}

/// Serves until the process is ended.
pub(crate) fn serve() -> anyhow::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        println!("listening http://{}", listener.local_addr()?);
        loop {
            let (stream, _) = listener.accept().await?;
            // A client that hangs up has heard enough.
            tokio::spawn(async move { drop(answer(stream).await) });
        }
    })
}

async fn answer(mut stream: TcpStream) -> std::io::Result<()> {
    stream.set_nodelay(true)?;
    let mut bytes = Vec::new();
    loop {
        let Some((head, length)) = whole_request(&bytes) else {
            if stream.read_buf(&mut bytes).await? == 0 {
                return Ok(());
            }
            continue;
        };
        let script = script(&bytes[head..head + length]);
        let is_chat = bytes.starts_with(b"POST");
        bytes.drain(..head + length);
        if is_chat {
            speak(&mut stream, script).await?;
        } else {
            stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n").await?;
        }
    }
}

/// The lengths of head and body, once both are there.
fn whole_request(bytes: &[u8]) -> Option<(usize, usize)> {
    let head = bytes.windows(4).position(|end| end == b"\r\n\r\n")? + 4;
    let text = String::from_utf8_lossy(&bytes[..head]).to_ascii_lowercase();
    let length = text.split("content-length:").nth(1).and_then(|rest| rest.lines().next());
    let length = length.and_then(|number| number.trim().parse().ok()).unwrap_or(0);
    (bytes.len() >= head + length).then_some((head, length))
}

fn script(body: &[u8]) -> Script {
    let body = String::from_utf8_lossy(body);
    let numbers = body.rsplit_once("[say ").and_then(|(_, rest)| rest.split_once(']'));
    let mut numbers = numbers.map_or("", |(numbers, _)| numbers).split(' ');
    let mut next = || numbers.next().and_then(|number| number.parse::<u32>().ok());
    let words = next().unwrap_or(8);
    Script { words, every: Duration::from_millis(next().unwrap_or(0).into()) }
}

async fn speak(stream: &mut TcpStream, script: Script) -> std::io::Result<()> {
    let word = chunk(&event(&format!("{{\"content\":\"{WORD}\"}}"), "null"));
    let mut end = chunk(&event("{}", "\"stop\""));
    let _ = write!(
        end,
        "{}{}0\r\n\r\n",
        chunk(&format!(
            "data: {{\"id\":\"chatcmpl-1\",\"object\":\"chat.completion.chunk\",\"created\":1,\
             \"model\":\"bench\",\"choices\":[],\"usage\":{{\"prompt_tokens\":20,\
             \"completion_tokens\":{0},\"total_tokens\":{1}}}}}\n\n",
            script.words,
            script.words + 20
        )),
        chunk("data: [DONE]\n\n"),
    );
    let role = chunk(&event("{\"role\":\"assistant\",\"content\":\"\"}", "null"));
    let mut begin = format!("{HEAD}{role}");
    if script.every.is_zero() {
        for _ in 0..script.words {
            begin.push_str(&word);
        }
        begin.push_str(&end);
        return stream.write_all(begin.as_bytes()).await;
    }
    stream.write_all(begin.as_bytes()).await?;
    let mut due = Instant::now();
    for _ in 0..script.words {
        // Each by the clock: what one was late does not make the next late.
        stream.write_all(word.as_bytes()).await?;
        due += script.every;
        tokio::time::sleep_until(due).await;
    }
    stream.write_all(end.as_bytes()).await
}

fn event(delta: &str, finish: &str) -> String {
    format!(
        "data: {{\"id\":\"chatcmpl-1\",\"object\":\"chat.completion.chunk\",\"created\":1,\
         \"model\":\"bench\",\"choices\":[{{\"index\":0,\"delta\":{delta},\
         \"finish_reason\":{finish}}}]}}\n\n"
    )
}

fn chunk(text: &str) -> String {
    format!("{:x}\r\n{text}\r\n", text.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_sentence_counts() {
        let body = format!("{{\"a\": \"{}\", \"b\": \"{}\"}}", say(3, 4), say(200, 10));
        let expected = Script { words: 200, every: Duration::from_millis(10) };
        assert_eq!(script(body.as_bytes()), expected);
        assert_eq!(script(b"{}"), Script { words: 8, every: Duration::ZERO });
    }

    #[test]
    fn a_request_is_whole_when_its_body_is() {
        let request = b"POST / HTTP/1.1\r\nContent-Length: 5\r\n\r\nhello";
        assert_eq!(whole_request(request), Some((38, 5)));
        assert_eq!(whole_request(&request[..40]), None);
        assert_eq!(whole_request(b"GET / HTTP/1.1\r\n\r\n"), Some((18, 0)));
    }
}
