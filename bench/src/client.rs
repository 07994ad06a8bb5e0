//! One keep-alive HTTP/1.1 connection to a server on this machine, made for being cheap: what the
//! client costs is taken from the same processors as what is measured.

use std::{io, net::SocketAddr, sync::Arc, time::Duration};

use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader},
    net::TcpStream,
};

/// A request that takes longer has failed.
const PATIENCE: Duration = Duration::from_secs(30);
/// The most of one line of a head, or of a whole body, that is read.
const MAX_LINE_BYTES: u64 = 64 * 1024;
const MAX_BODY_BYTES: usize = 64 * 1024 * 1024;

/// A request, ready to be written as it is, and what must come back.
#[derive(Clone, Debug)]
pub(crate) struct Request {
    /// Head and body. Shared: the same request may be sent again and again.
    pub(crate) bytes: Arc<[u8]>,
    /// The status of a right answer.
    pub(crate) status: u16,
    /// What a right answer's body contains, when the status does not say enough.
    pub(crate) contains: Option<&'static str>,
}

/// A connection. It is opened by the first request, and anew after one that failed.
#[derive(Debug)]
pub(crate) struct Client {
    address: SocketAddr,
    stream: Option<BufReader<TcpStream>>,
    line: Vec<u8>,
    body: Vec<u8>,
}

/// How the body of an answer ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Framing {
    Length(usize),
    Chunked,
}

/// What the head of an answer says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Head {
    status: u16,
    framing: Framing,
    closes: bool,
}

impl Client {
    /// A client that is not connected yet.
    pub(crate) fn new(address: SocketAddr) -> Self {
        Self { address, stream: None, line: Vec::new(), body: Vec::new() }
    }

    /// Opens the connection, unless it is open.
    pub(crate) async fn connect(&mut self) -> io::Result<()> {
        if self.stream.is_none() {
            let stream = TcpStream::connect(self.address).await?;
            stream.set_nodelay(true)?;
            self.stream = Some(BufReader::with_capacity(32 * 1024, stream));
        }
        Ok(())
    }

    /// Sends a request and reads the whole answer, whose body is then in [`Self::body`]. An answer
    /// that is not the right one is an error that says what came instead.
    pub(crate) async fn send(&mut self, request: &Request) -> io::Result<()> {
        let answer = tokio::time::timeout(PATIENCE, self.exchange(&request.bytes)).await;
        let head = answer.unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into()));
        match &head {
            Ok(head) if !head.closes => {}
            // Nothing is known of what a broken connection would bring next.
            _ => self.stream = None,
        }
        let status = head?.status;
        let text = request.contains.map(str::as_bytes);
        let missing = text.is_some_and(|text| !contains(&self.body, text));
        if status == request.status && !missing {
            return Ok(());
        }
        let start = &self.body[..self.body.len().min(200)];
        let start = String::from_utf8_lossy(start);
        Err(io::Error::other(format!("status {status} instead of {}: {start}", request.status)))
    }

    /// The body of the last answer.
    pub(crate) fn body(&self) -> &[u8] {
        &self.body
    }

    async fn exchange(&mut self, request: &[u8]) -> io::Result<Head> {
        self.connect().await?;
        let stream = self.stream.as_mut().ok_or(io::ErrorKind::NotConnected)?;
        stream.get_mut().write_all(request).await?;
        let head = read_head(stream, &mut self.line).await?;
        self.body.clear();
        match head.framing {
            Framing::Length(length) => read_exactly(stream, length, &mut self.body).await?,
            Framing::Chunked => read_chunks(stream, &mut self.line, &mut self.body).await?,
        }
        Ok(head)
    }
}

fn contains(body: &[u8], text: &[u8]) -> bool {
    body.windows(text.len()).any(|window| window == text)
}

fn broken(what: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, what)
}

async fn read_head(stream: &mut BufReader<TcpStream>, line: &mut Vec<u8>) -> io::Result<Head> {
    let status = status_of(read_line(stream, line).await?)?;
    let bodiless = matches!(status, 204 | 304);
    let mut head = Head { status, framing: Framing::Length(0), closes: false };
    let mut framed = bodiless;
    loop {
        let header = read_line(stream, line).await?;
        if header.is_empty() {
            break;
        }
        let (name, value) =
            header.split_once(':').ok_or_else(|| broken("a header has no colon"))?;
        let value = value.trim();
        if name.eq_ignore_ascii_case("content-length") && !bodiless {
            let length = value.parse().map_err(|_| broken("content-length is no number"))?;
            (head.framing, framed) = (Framing::Length(length), true);
        } else if name.eq_ignore_ascii_case("transfer-encoding") {
            (head.framing, framed) = (Framing::Chunked, true);
        } else if name.eq_ignore_ascii_case("connection") {
            head.closes = value.eq_ignore_ascii_case("close");
        }
    }
    if framed { Ok(head) } else { Err(broken("the answer does not say where it ends")) }
}

fn status_of(line: &str) -> io::Result<u16> {
    let status = line.strip_prefix("HTTP/1.1 ").and_then(|rest| rest.get(..3)?.parse().ok());
    status.ok_or_else(|| broken("the answer does not begin with a status"))
}

/// A line without its end.
async fn read_line<'l>(
    stream: &mut BufReader<TcpStream>,
    line: &'l mut Vec<u8>,
) -> io::Result<&'l str> {
    line.clear();
    stream.take(MAX_LINE_BYTES).read_until(b'\n', line).await?;
    let text = line.strip_suffix(b"\r\n").ok_or_else(|| broken("a line does not end"))?;
    std::str::from_utf8(text).map_err(|_| broken("a line is not UTF-8"))
}

/// Appends this many bytes to the body.
async fn read_exactly(
    stream: &mut BufReader<TcpStream>,
    length: usize,
    body: &mut Vec<u8>,
) -> io::Result<()> {
    let start = body.len();
    let end = start.saturating_add(length);
    if end > MAX_BODY_BYTES {
        return Err(broken("the body is too long"));
    }
    body.resize(end, 0);
    stream.read_exact(&mut body[start..]).await.map(drop)
}

async fn read_chunks(
    stream: &mut BufReader<TcpStream>,
    line: &mut Vec<u8>,
    body: &mut Vec<u8>,
) -> io::Result<()> {
    loop {
        let size = read_line(stream, line).await?;
        let digits = size.split(';').next().unwrap_or_default().trim();
        let length =
            usize::from_str_radix(digits, 16).map_err(|_| broken("a chunk has no size"))?;
        read_exactly(stream, length, body).await?;
        // Behind a chunk, and in place of trailers, which this server does not send.
        if !read_line(stream, line).await?.is_empty() {
            return Err(broken("a chunk is longer than it said"));
        }
        if length == 0 {
            return Ok(());
        }
    }
}

#[cfg(test)]
mod tests {
    use tokio::net::TcpListener;

    use super::*;

    /// Answers each request on one connection with the next of these texts.
    async fn server(answers: Vec<&'static str>) -> SocketAddr {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(async move {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut request = [0; 1024];
            for answer in answers {
                assert!(stream.read(&mut request).await.unwrap() > 0);
                stream.write_all(answer.as_bytes()).await.unwrap();
            }
        });
        address
    }

    fn get(status: u16) -> Request {
        let bytes = b"GET / HTTP/1.1\r\nhost: x\r\n\r\n".as_slice().into();
        Request { bytes, status, contains: None }
    }

    #[tokio::test]
    async fn answers_of_every_kind_are_read_on_one_connection() {
        let address = server(vec![
            "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello",
            "HTTP/1.1 204 No Content\r\n\r\n",
            "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\nA\r\n0123456789\r\n0\r\n\r\n",
            "HTTP/1.1 201 Created\r\ncontent-length: 0\r\n\r\n",
        ])
        .await;
        let mut client = Client::new(address);
        client.send(&get(200)).await.unwrap();
        assert_eq!(client.body(), b"hello");
        client.send(&get(204)).await.unwrap();
        assert_eq!(client.body(), b"");
        client.send(&get(200)).await.unwrap();
        assert_eq!(client.body(), b"abc0123456789");
        client.send(&get(201)).await.unwrap();
        assert_eq!(client.body(), b"");
    }

    #[tokio::test]
    async fn a_wrong_answer_is_an_error_that_says_what_came() {
        let answer = "HTTP/1.1 404 Not Found\r\ncontent-length: 4\r\n\r\ngone";
        let mut client = Client::new(server(vec![answer, answer]).await);
        let error = client.send(&get(200)).await.unwrap_err().to_string();
        assert_eq!(error, "status 404 instead of 200: gone");
        let request = Request { contains: Some("here"), ..get(404) };
        assert!(client.send(&request).await.is_err());
    }

    #[tokio::test]
    async fn what_has_no_end_is_refused() {
        for answer in [
            "HTTP/1.1 200 OK\r\n\r\nhello",
            "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nx\r\n",
            "HTTP/1.1 200 OK\r\ncontent-length: 99999999999\r\n\r\n",
            "SPDY\r\n\r\n",
        ] {
            let mut client = Client::new(server(vec![answer]).await);
            assert!(client.send(&get(200)).await.is_err(), "{answer:?}");
        }
    }
}
