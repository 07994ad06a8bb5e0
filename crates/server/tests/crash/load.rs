//! The clients: sixteen that write and read until the server is gone, and one that measures.

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tokio::sync::watch;
use uuid::Uuid;

use crate::{
    dice::Dice,
    process::now,
    wire::{Api, Call, Event, Events, WireError, parse},
    wishes::{Promise, Reading, Told, Way, What, Wish},
};

/// What all clients together have seen, for whoever chooses the moment of the kill.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Progress {
    pub(crate) acknowledged: u64,
    pub(crate) streams: u64,
    pub(crate) ended: u64,
    pub(crate) stopped: u64,
}

/// Asks for one thing after the other, until there is nothing more to ask for or nobody to ask.
pub(crate) async fn client(
    api: Api,
    token: String,
    plan: Vec<Wish>,
    progress: watch::Sender<Progress>,
) -> Vec<Told> {
    let mut all = Vec::new();
    for wish in plan {
        let mut told = Told {
            wish,
            promise: Promise::Open,
            id: None,
            reading: None,
            wrong: None,
            broke_at: None,
        };
        match ask(&api, &token, &mut told, &progress).await {
            Ok(()) => {}
            Err(WireError::Broken(_)) => told.broke_at = Some(now()),
            Err(WireError::Strange(sentence)) => told.wrong = Some(sentence),
        }
        let over = told.broke_at.is_some();
        all.push(told);
        if over {
            break;
        }
    }
    all
}

async fn ask(
    api: &Api,
    token: &str,
    told: &mut Told,
    progress: &watch::Sender<Progress>,
) -> Result<(), WireError> {
    let response = api.send(told.wish.call(token)).await?;
    let status = response.status().as_u16();
    let streamed = told.wish.is_streamed();
    if status == 201 || (streamed && status == 200) {
        // From here on it is promised, whether or not the rest of the answer comes.
        told.promise = Promise::Kept;
        progress.send_modify(|progress| {
            progress.acknowledged += 1;
            progress.streams += u64::from(streamed);
        });
    }
    if streamed && status == 200 {
        let generation = response.headers().get("x-generation-id");
        let generation = generation.and_then(|id| id.to_str().ok()?.parse().ok());
        let strange = || WireError::Strange("a stream without x-generation-id".to_owned());
        told.reading = Some(Reading::new(generation.ok_or_else(strange)?));
        return read(api, token, told, Events::new(response), progress).await;
    }
    let body: Value = parse(response).await?;
    match (status, body["code"].as_str()) {
        (201, _) => remember(told, &body),
        // A retry that meets another reply tells nothing of the first time.
        (409, Some("CONVERSATION_BUSY")) if told.wish.again => Ok(()),
        (409, Some("CONVERSATION_BUSY")) => {
            told.promise = Promise::Refused;
            Ok(())
        }
        (status, code) => {
            let again = if told.wish.again { ", sent again" } else { "" };
            Err(WireError::Strange(format!("{status} {code:?} to {}{again}", kind(&told.wish))))
        }
    }
}

fn kind(wish: &Wish) -> &'static str {
    match &wish.what {
        What::Conversation { .. } => "creating a conversation",
        What::Entry { .. } => "creating an entry",
        What::Send { .. } => "sending a message",
        What::Regenerate { .. } => "regenerating",
        What::Continue { .. } => "continuing",
    }
}

/// What an answer in one piece says.
fn remember(told: &mut Told, body: &Value) -> Result<(), WireError> {
    let strange = || WireError::Strange("a 201 that names nothing".to_owned());
    let id = |value: &Value| value["id"].as_str().and_then(|id| id.parse::<Uuid>().ok());
    if !matches!(told.wish.what, What::Send { .. }) {
        told.id = Some(id(body).ok_or_else(strange)?);
        return Ok(());
    }
    told.id = Some(id(&body["user_message"]).ok_or_else(strange)?);
    let mut reading = Reading::new(id(&body["generation"]).ok_or_else(strange)?);
    let message = serde_json::from_value(body["assistant_message"].clone());
    reading.end = Some(message.map_err(|_| strange())?);
    told.reading = Some(reading);
    Ok(())
}

async fn read(
    api: &Api,
    token: &str,
    told: &mut Told,
    mut events: Events,
    progress: &watch::Sender<Progress>,
) -> Result<(), WireError> {
    let ended = || progress.send_modify(|progress| progress.ended += 1);
    let expected = told.wish.expected();
    let stop_after = match told.wish.what {
        What::Send { way: Way::StreamAndStop(deltas), .. } => Some(deltas),
        _ => None,
    };
    let Some(reading) = told.reading.as_mut() else { return Ok(()) };
    read_until(&mut events, reading, &expected, stop_after).await?;
    if stop_after.is_none() || reading.end.is_some() {
        ended();
        return Ok(());
    }
    let path = format!("/generations/{}/stop", reading.generation);
    let stop = async {
        let response = api.send(Call::post(token, path, Value::Null)).await?;
        let generation: Value = parse(response).await?;
        progress.send_modify(|progress| progress.stopped += 1);
        Ok::<_, WireError>(generation["status"].as_str().map(str::to_owned))
    };
    let (stopped, read) = tokio::join!(stop, read_until(&mut events, reading, &expected, None));
    let stopped = stopped?;
    reading.stopped = stopped;
    read
}

/// Reads to the end, or until so many deltas were seen.
async fn read_until(
    events: &mut Events,
    reading: &mut Reading,
    expected: &str,
    deltas: Option<usize>,
) -> Result<(), WireError> {
    let strange = |sentence: String| Err(WireError::Strange(sentence));
    while deltas.is_none_or(|deltas| reading.seen.len() < deltas) {
        match events.next().await? {
            Some(Event::Delta(offset, text)) => {
                let start = offset.checked_sub(text.len());
                if start.and_then(|start| expected.get(start..offset)) != Some(&text) {
                    return strange(format!("a delta at {offset} that the model did not say"));
                }
                reading.seen.push((now(), offset));
            }
            Some(Event::Done(message)) => {
                reading.end = Some(message);
                return Ok(());
            }
            Some(Event::Other(name)) => return strange(format!("the event {name}")),
            None => return strange("a stream that ends without an end".to_owned()),
        }
    }
    Ok(())
}

/// Writes that are measured: nothing but a row, one after the other.
#[derive(Debug, Default)]
pub(crate) struct Probes {
    pub(crate) written: Vec<(Uuid, Promise)>,
    /// When each was sent, and when it was answered.
    times: Vec<(Instant, Option<Instant>)>,
}

impl Probes {
    /// Writes until the server is gone.
    pub(crate) async fn run(api: Api, token: String, mut dice: Dice) -> Self {
        let mut probes = Self::default();
        loop {
            let id = dice.uuid();
            let body = json!({"id": id, "title": "probe"});
            let sent = now();
            let answer = api.send(Call::post(&token, "/conversations".to_owned(), body)).await;
            let kept = answer.as_ref().is_ok_and(|answer| answer.status().as_u16() == 201);
            probes.written.push((id, if kept { Promise::Kept } else { Promise::Open }));
            probes.times.push((sent, kept.then(now)));
            if answer.is_err() {
                return probes;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    /// How long the slowest write took, or had been waiting when the server died.
    pub(crate) fn slowest(&self, killed_at: Instant) -> Duration {
        let took = |(sent, answered): &(Instant, Option<Instant>)| {
            answered.unwrap_or(killed_at).saturating_duration_since(*sent)
        };
        self.times.iter().map(took).max().unwrap_or_default()
    }
}
