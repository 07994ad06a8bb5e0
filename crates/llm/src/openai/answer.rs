//! Reading a streamed answer: from bytes to frames to events, and what each way of ending means.

use std::{
    pin::Pin,
    task::{Context, Poll, ready},
    time::Duration,
};

use bytes::Bytes;
use futures_util::{Stream, StreamExt};
use sse_stream::{Sse, SseByteStream};

use super::wire::{self, Chunk};
use crate::{EngineError, Event, FinishReason, Usage, http::Body};

/// The largest single SSE event that is read. A chunk of text is some hundred bytes.
pub(super) const MAX_EVENT_BYTES: usize = 1024 * 1024;

/// How long to wait for the figures once the model has said why it stopped.
const USAGE_WAIT: Duration = Duration::from_secs(2);

/// How long to wait, after `[DONE]`, for the body's own end: a connection whose answer was read to
/// the end serves the next request, any other is closed.
const END_WAIT: Duration = Duration::from_millis(50);

/// A streamed answer in the middle of being read.
pub(super) struct Answer {
    frames: SseByteStream<Guarded>,
    framed: bool,
    reason: Option<FinishReason>,
    usage: Option<Usage>,
    any_text: bool,
    any_chunk: bool,
}

impl Answer {
    pub(super) fn new(body: Body) -> Self {
        let framed = body.is_framed();
        let guarded = Guarded { body, event_bytes: 0, at_line_start: true, closed: false };
        Self {
            frames: SseByteStream::new(guarded),
            framed,
            reason: None,
            usage: None,
            any_text: false,
            any_chunk: false,
        }
    }

    /// The next delta, or the end.
    pub(super) async fn next(&mut self) -> Result<Event, EngineError> {
        loop {
            let step = match self.frame().await {
                Ok(Some(frame)) => self.read(frame),
                Ok(None) => return self.ended(),
                Err(error) => Err(error),
            };
            match step {
                Ok(Step::Nothing) => {}
                Ok(Step::Text(text)) => return Ok(Event::Delta(text)),
                Ok(Step::Done) => {
                    let rest = async { while let Some(Ok(_)) = self.frames.next().await {} };
                    // Ends on its own or not: the answer is here.
                    let _ = tokio::time::timeout(END_WAIT, rest).await;
                    return self.finished();
                }
                // The model had ended; what broke afterwards costs the figures at most.
                Err(_) if self.reason.is_some() => return self.finished(),
                Err(error) => return Err(error),
            }
        }
    }

    async fn frame(&mut self) -> Result<Option<Sse>, EngineError> {
        let next = self.frames.next();
        let next = if self.reason.is_none() {
            next.await
        } else {
            tokio::time::timeout(USAGE_WAIT, next).await.unwrap_or(None)
        };
        next.transpose().map_err(|error| match error {
            sse_stream::Error::Body(cause) => {
                cause.downcast::<EngineError>().map_or(EngineError::Garbage, |error| *error)
            }
            _ => EngineError::Garbage,
        })
    }

    fn read(&mut self, frame: Sse) -> Result<Step, EngineError> {
        if frame.event.as_deref() == Some("error") {
            return Err(EngineError::Failed { status: None });
        }
        let Some(data) = frame.data else { return Ok(Step::Nothing) };
        match data.trim_ascii() {
            "" => return Ok(Step::Nothing),
            "[DONE]" => return Ok(Step::Done),
            _ => {}
        }
        let chunk: Chunk = serde_json::from_str(&data).map_err(|_| EngineError::Garbage)?;
        if chunk.error.is_some() {
            return Err(EngineError::Failed { status: None });
        }
        self.any_chunk |= chunk.choices.is_some() || chunk.usage.is_some();
        let usage = chunk.usage.as_ref().and_then(wire::usage);
        let Some(mut choice) = chunk.choices.and_then(|choices| choices.into_iter().next()) else {
            self.count(usage, self.reason.is_some() || self.any_text);
            return Ok(Step::Nothing);
        };
        self.reason = choice.reason().or(self.reason);
        self.count(usage, self.reason.is_some());
        let mut text = choice.take_delta();
        if text.is_none() && !self.any_text {
            // A server that puts its whole answer into one frame.
            text = choice.take_message();
        }
        self.any_text |= text.is_some();
        Ok(text.map_or(Step::Nothing, Step::Text))
    }

    /// Keeps the figures of a chunk. The last ones count, whatever they say. On the way there some
    /// servers send zeros, because they have not counted yet: those say nothing.
    fn count(&mut self, usage: Option<Usage>, is_last: bool) {
        let counted = |it: &Usage| is_last || (it.prompt_tokens > 0 && it.completion_tokens > 0);
        self.usage = usage.filter(counted).or(self.usage);
    }

    /// The body ended, cleanly as far as HTTP can tell, without `[DONE]`.
    fn ended(&self) -> Result<Event, EngineError> {
        if self.reason.is_none() && !self.framed {
            return Err(EngineError::Cut);
        }
        if !self.any_chunk {
            return Err(EngineError::Garbage);
        }
        self.finished()
    }

    fn finished(&self) -> Result<Event, EngineError> {
        if !self.any_text {
            return Err(EngineError::Empty);
        }
        let reason = self.reason.unwrap_or(FinishReason::Other);
        Ok(Event::Finished { reason, usage: self.usage })
    }
}

enum Step {
    Nothing,
    Text(String),
    Done,
}

/// The bytes on their way to the SSE parser, which would buffer an event of any size.
struct Guarded {
    body: Body,
    /// Bytes since the last blank line. A lone CR is no line end here: a stream that uses nothing
    /// else is bounded as a whole.
    event_bytes: usize,
    at_line_start: bool,
    closed: bool,
}

impl Guarded {
    fn measure(&mut self, chunk: &[u8]) -> Result<(), EngineError> {
        for &byte in chunk {
            self.event_bytes += 1;
            match byte {
                b'\n' if self.at_line_start => self.event_bytes = 0,
                b'\n' => self.at_line_start = true,
                b'\r' => {}
                _ => self.at_line_start = false,
            }
            if self.event_bytes > MAX_EVENT_BYTES {
                return Err(EngineError::Garbage);
            }
        }
        Ok(())
    }
}

impl Stream for Guarded {
    type Item = Result<Bytes, EngineError>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        if self.closed {
            return Poll::Ready(None);
        }
        match ready!(Pin::new(&mut self.body).poll_next(cx)) {
            Some(Ok(chunk)) => Poll::Ready(Some(self.measure(&chunk).map(|()| chunk))),
            // The last event may lack its blank line; the parser would drop it. Not so where the
            // end may be a cut: half an event is none.
            None if self.body.is_framed() => {
                self.closed = true;
                Poll::Ready(Some(Ok(Bytes::from_static(b"\n\n"))))
            }
            other => Poll::Ready(other),
        }
    }
}
