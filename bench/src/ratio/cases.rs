//! What is asked of both sides, and how much of it.

use std::time::Duration;

use anyhow::Context;
use serde_json::json;
use uuid::Uuid;

use super::micros;
use crate::{
    api::Builder,
    client::Request,
    load::{Crew, Limit, Work},
    model::say,
    plant::{Garden, Person},
    server::Server,
};

/// Connections of each case.
pub(crate) const CLIENTS: usize = 32;

const PEOPLE: usize = 1_000;
const CONVERSATIONS_EACH: usize = 5;
const MESSAGES_EACH: usize = 4;
const CONVERSATIONS: usize = 50;
const MESSAGES: usize = 100;
const ENTRIES: usize = 30;

/// Nothing that a model could answer: the entry is stored, and no model is asked.
const MASH: &str = "sdfjkh sdkjfhs dkfjh sdfkjhsd fkjshdf ksjdhf skdjfh skdjfhsdkjfh sdkfjhsdf";

/// Who there is, and what of theirs is read.
pub(crate) struct World {
    /// Whose pages are read: 50 conversations, one of 100 messages, 30 entries.
    pub(crate) reader: Person,
    /// Everybody else, with a few conversations each.
    pub(crate) people: Vec<Person>,
    /// The conversation of 100 messages.
    pub(crate) long: Uuid,
}

impl World {
    /// About how many rows there are.
    pub(crate) const ROWS: usize = PEOPLE * CONVERSATIONS_EACH * (MESSAGES_EACH + 1) + 1_000;

    /// The people with everything they wrote.
    pub(crate) fn plant(garden: &mut Garden) -> anyhow::Result<Self> {
        let mut people = Vec::new();
        for n in 1..PEOPLE {
            let mut person = garden.person(&format!("person{n}"))?;
            for _ in 0..CONVERSATIONS_EACH {
                garden.conversation(&mut person, MESSAGES_EACH)?;
            }
            people.push(person);
        }
        let mut reader = garden.person("reader")?;
        let long = garden.conversation(&mut reader, MESSAGES)?;
        for _ in 1..CONVERSATIONS {
            garden.conversation(&mut reader, MESSAGES_EACH)?;
        }
        garden.entries(&reader, ENTRIES)?;
        Ok(Self { reader, people, long })
    }

    /// Every conversation with its owner, the reader's last.
    pub(crate) fn all_conversations(&self) -> Vec<(&Person, Uuid)> {
        let of = |person| {
            let person: &Person = person;
            person.conversations.iter().map(move |id| (person, *id))
        };
        self.people.iter().chain([&self.reader]).flat_map(of).collect()
    }

    /// The conversations of everybody but the reader, a whole number for each client: nobody meets
    /// another's when they begin again.
    pub(crate) fn conversations(&self) -> Vec<(&Person, Uuid)> {
        let mut all = self.all_conversations();
        all.truncate(self.people.len() * CONVERSATIONS_EACH / CLIENTS * CLIENTS);
        all
    }
}

/// How long each case is measured.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Pace {
    /// Of a case that reads.
    pub(crate) time: Duration,
    /// One in so many of what a case writes.
    pub(crate) divisor: usize,
    /// How many streams each client reads, one after the other.
    pub(crate) streams: usize,
}

impl Pace {
    pub(crate) const QUICK: Self =
        Self { time: Duration::from_millis(500), divisor: 6, streams: 1 };
    pub(crate) const FULL: Self = Self { time: Duration::from_secs(3), divisor: 1, streams: 2 };
}

/// One case of the table.
pub(crate) struct Case {
    pub(crate) name: &'static str,
    /// The ratio to reach.
    pub(crate) at_most: f64,
    pub(crate) requests: fn(&World) -> Vec<Request>,
    /// How many each client sends, where that counts and not the time: both sides then write as
    /// much.
    each: Option<usize>,
}

/// What a case gave on one side.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Measured {
    /// Processor time of the server per request, in microseconds.
    pub(crate) cpu_us: f64,
    pub(crate) per_second: f64,
    pub(crate) p50_ms: f64,
    pub(crate) p99_ms: f64,
}

pub(crate) static CASES: &[Case] = &[
    Case {
        name: "GET conversations, page of 50",
        at_most: 1.5,
        requests: |world| reads(world, "/api/v1/conversations", 50),
        each: None,
    },
    Case {
        name: "GET messages, page of 100",
        at_most: 1.5,
        requests: |world| {
            reads(world, &format!("/api/v1/conversations/{}/messages", world.long), 100)
        },
        each: None,
    },
    Case {
        name: "GET entries, page of 30",
        at_most: 1.5,
        requests: |world| reads(world, "/api/v1/entries", 30),
        each: None,
    },
    Case {
        name: "create conversation",
        at_most: 1.6,
        requests: |world| {
            creations(world, "/api/v1/conversations", &json!({"title": "A walk by the river"}))
        },
        each: Some(900),
    },
    Case {
        name: "create entry without AI",
        at_most: 1.6,
        requests: |world| {
            let entry = json!({"mood": "calm", "tags": ["work", "river"], "note": MASH});
            creations(world, "/api/v1/entries", &entry)
        },
        each: Some(900),
    },
    Case {
        name: "send, answered at once, not streamed",
        at_most: 1.8,
        requests: sends,
        each: Some(120),
    },
];

fn reads(world: &World, path: &str, limit: usize) -> Vec<Request> {
    let request = Builder::new("GET", path).query(&format!("limit={limit}"));
    vec![request.token(&world.reader.token).expect(200)]
}

fn creations(world: &World, path: &str, body: &serde_json::Value) -> Vec<Request> {
    let create =
        |person: &Person| Builder::new("POST", path).token(&person.token).json(body).expect(201);
    world.people.iter().take(CLIENTS).map(create).collect()
}

fn sends(world: &World) -> Vec<Request> {
    let send = |(person, id): (&Person, Uuid)| message(person, id, &say(8, 0)).expect(201);
    world.conversations().into_iter().map(send).collect()
}

/// A message into a conversation.
pub(crate) fn message(person: &Person, id: Uuid, content: &str) -> Builder {
    let path = format!("/api/v1/conversations/{id}/messages");
    Builder::new("POST", &path).token(&person.token).json(&json!({"content": content}))
}

impl Case {
    /// Whether it creates something, whose ids and times are another each time.
    pub(crate) const fn creates(&self) -> bool {
        self.each.is_some()
    }

    /// Measures it on one side.
    pub(crate) async fn measure(
        &self,
        server: &Server,
        world: &World,
        pace: Pace,
    ) -> anyhow::Result<Measured> {
        let work = Work::Again((self.requests)(world));
        let mut crew = Crew::new(server.address(), CLIENTS, work).await?;
        let limit = match self.each {
            None => Limit { time: pace.time, requests: usize::MAX },
            Some(each) => Limit { time: Duration::MAX, requests: each / pace.divisor },
        };
        let warm = Limit { time: limit.time / 6, requests: limit.requests / 6 };
        measured(&mut crew, server, warm, limit).await.context(self.name)
    }
}

/// Warms up, then measures.
pub(crate) async fn measured(
    crew: &mut Crew,
    server: &Server,
    warm: Limit,
    limit: Limit,
) -> anyhow::Result<Measured> {
    let warm = crew.round(warm).await;
    let before = server.cpu_time().context("no processor time")?;
    let outcome = crew.round(limit).await;
    let cpu = server.cpu_time().context("no processor time")?.saturating_sub(before);
    if let Some(error) = warm.first_error.or(outcome.first_error.clone()) {
        anyhow::bail!("{} answers were wrong, the first: {error}", warm.errors + outcome.errors);
    }
    let answers = u32::try_from(outcome.latencies.len())?;
    anyhow::ensure!(answers > 0, "nothing was answered");
    Ok(Measured {
        cpu_us: micros(cpu) / f64::from(answers),
        per_second: f64::from(answers) / outcome.wall.as_secs_f64(),
        p50_ms: micros(outcome.percentile(50)) / 1e3,
        p99_ms: micros(outcome.percentile(99)) / 1e3,
    })
}
