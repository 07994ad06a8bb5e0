//! A reader of one reply, who comes back wherever the connection ends, and lets nothing pass that
//! the model did not say: no gap, no repeat.

use std::time::{Duration, Instant};

use serde_json::Value;
use uuid::Uuid;

use crate::{
    dice::Dice,
    process::{PATIENCE, now},
    wire::{Api, Call, Event, Events, Message, WireError, parse},
};

/// After so long without a word a reader takes the connection for dead, and so long it waits for an
/// answer to begin.
const SILENCE: Duration = Duration::from_secs(20);
const NO_HEAD: Duration = Duration::from_secs(12);

/// What a read ended with.
#[derive(Debug)]
pub(crate) enum Stop {
    /// As many events as were wanted.
    Enough,
    /// `event: reconnect`.
    Reconnect,
    /// The connection is gone or silent, or was never there.
    Broken,
    /// `done`.
    Done(Box<Message>),
    /// `error`, with its code.
    Failed(String),
}

/// What one reader met on the way.
#[derive(Debug, Default)]
pub(crate) struct Met {
    /// How often it went on where it was.
    pub(crate) resumed: usize,
    pub(crate) reconnects: usize,
    pub(crate) broken: usize,
    /// Answers that were no stream, by their status.
    pub(crate) refused: Vec<u16>,
}

/// One reader.
#[derive(Debug)]
pub(crate) struct Reader<'a> {
    token: &'a str,
    generation: Uuid,
    /// What the model says.
    expected: &'a str,
    /// The bytes that were read.
    pub(crate) offset: usize,
    /// When the last of them came.
    pub(crate) last_word_at: Instant,
    pub(crate) met: Met,
}

/// How a reply ended for its reader.
#[derive(Debug)]
pub(crate) enum End {
    /// As it is stored.
    Stored(Box<Message>),
    /// With an error.
    Failed(String),
}

impl<'a> Reader<'a> {
    pub(crate) fn new(token: &'a str, generation: Uuid, expected: &'a str) -> Self {
        Self { token, generation, expected, offset: 0, last_word_at: now(), met: Met::default() }
    }

    /// Reads so many events at most.
    pub(crate) async fn read(
        &mut self,
        events: &mut Events,
        most: usize,
    ) -> Result<Stop, WireError> {
        for _ in 0..most {
            let Ok(event) = tokio::time::timeout(SILENCE, events.next()).await else {
                self.met.broken += 1;
                return Ok(Stop::Broken);
            };
            match event {
                Ok(Some(Event::Delta(offset, text))) => self.take(offset, &text)?,
                Ok(Some(Event::Done(message))) => return Ok(Stop::Done(Box::new(message))),
                Ok(Some(Event::Other(name))) if name.starts_with("reconnect ") => {
                    self.met.reconnects += 1;
                    return Ok(Stop::Reconnect);
                }
                Ok(Some(Event::Other(name))) => return Ok(Stop::Failed(name)),
                Ok(None) | Err(WireError::Broken(_)) => {
                    self.met.broken += 1;
                    return Ok(Stop::Broken);
                }
                Err(error) => return Err(error),
            }
        }
        Ok(Stop::Enough)
    }

    fn take(&mut self, offset: usize, text: &str) -> Result<(), WireError> {
        if self.offset + text.len() != offset
            || self.expected.get(self.offset..offset) != Some(text)
        {
            let at = self.offset;
            let sentence = format!("after {at} bytes came {} that end at {offset}", text.len());
            return Err(WireError::Strange(sentence));
        }
        self.offset = offset;
        self.last_word_at = now();
        Ok(())
    }

    /// Asks one of them for the rest; `None` when that is not to be had now.
    async fn resume(&mut self, api: &Api) -> Result<Option<Events>, WireError> {
        self.met.resumed += 1;
        let path = format!("/generations/{}/stream?after={}", self.generation, self.offset);
        let asked = tokio::time::timeout(NO_HEAD, api.send(Call::get(self.token, path)));
        let response = match asked.await {
            Ok(Ok(response)) => response,
            Err(_) | Ok(Err(WireError::Broken(_))) => {
                self.met.broken += 1;
                return Ok(None);
            }
            Ok(Err(error)) => return Err(error),
        };
        match response.status().as_u16() {
            200 => Ok(Some(Events::new(response))),
            status @ 502..=504 => {
                self.met.refused.push(status);
                Ok(None)
            }
            status => Err(WireError::Strange(format!("{status} to who resumes a reply"))),
        }
    }

    /// Reads to the end, on one of them after the other; `cuts` hangs up now and then.
    pub(crate) async fn finish(
        &mut self,
        first: Option<Events>,
        apis: &[Api],
        mut cuts: Option<&mut Dice>,
    ) -> Result<End, WireError> {
        let (mut events, start, mut turn) = (first, now(), 0);
        while start.elapsed() < PATIENCE {
            let most = cuts.as_mut().map_or(usize::MAX, |dice| 1 + dice.index(10));
            let stop = match &mut events {
                Some(events) => self.read(events, most).await?,
                None => Stop::Broken,
            };
            match stop {
                Stop::Done(message) => return Ok(End::Stored(message)),
                Stop::Failed(name) => return Ok(End::Failed(name)),
                Stop::Enough => {}
                Stop::Reconnect | Stop::Broken => {
                    tokio::time::sleep(Duration::from_millis(100)).await;
                }
            }
            events = self.resume(&apis[turn % apis.len()]).await?;
            turn += 1;
        }
        Err(WireError::Strange("a reply that does not end for its reader".to_owned()))
    }
}

/// A send that was answered with a stream.
pub(crate) struct Begun {
    pub(crate) generation: Uuid,
    pub(crate) events: Events,
}

/// What came of a send.
pub(crate) enum Sent {
    Begun(Begun),
    /// A status, its `Retry-After`, its code.
    Refused(u16, Option<String>, String),
}

/// Sends a message and takes the reply as events.
pub(crate) async fn send(
    api: &Api,
    token: &str,
    conversation: Uuid,
    (id, text): (Uuid, &str),
) -> Result<Sent, WireError> {
    let path = format!("/conversations/{conversation}/messages");
    let body = serde_json::json!({"id": id, "content": text});
    // The key says to whoever stands in between that this may be sent twice.
    let key = id.to_string();
    let call = Call { key: Some(&key), events: true, ..Call::post(token, path, body) };
    let response = api.send(call).await?;
    let status = response.status().as_u16();
    if status != 200 {
        let after = response.headers().get("retry-after");
        let after = after.and_then(|value| value.to_str().ok()).map(str::to_owned);
        let body: Value = parse(response).await?;
        let code = body["code"].as_str().unwrap_or_default().to_owned();
        return Ok(Sent::Refused(status, after, code));
    }
    let generation = response.headers().get("x-generation-id");
    let generation = generation.and_then(|id| id.to_str().ok()?.parse().ok());
    let strange = || WireError::Strange("a stream without x-generation-id".to_owned());
    Ok(Sent::Begun(Begun {
        generation: generation.ok_or_else(strange)?,
        events: Events::new(response),
    }))
}
