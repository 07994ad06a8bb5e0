//! The load: people who write without a break, and people who talk to the model. What they were told
//! is written down, for [`crate::check`].

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tokio::{sync::watch, task::JoinSet};
use uuid::Uuid;

use crate::{
    cluster::{Cluster, Person},
    dice::Dice,
    process::{PATIENCE, now},
    reading::{Begun, End, Met, Reader, Sent, send},
    wire::{Api, Call, Message, WireError, parse},
};

/// What is known of a write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Promise {
    /// Acknowledged: it must be there, once.
    Kept,
    /// It may be there, once.
    Open,
}

/// A request that did not do what it was for.
#[derive(Clone, Debug)]
pub(crate) struct Failure {
    pub(crate) what: &'static str,
    /// The instance that was asked, where it was not nginx.
    pub(crate) on: usize,
    pub(crate) asked_at: Instant,
    pub(crate) took: Duration,
    /// 0 where there was no answer.
    pub(crate) status: u16,
    pub(crate) retry_after: Option<String>,
    pub(crate) code: String,
}

/// A conversation that somebody wanted.
#[derive(Clone, Debug)]
pub(crate) struct Wanted {
    pub(crate) title: String,
    pub(crate) promise: Promise,
}

/// A message, and its reply as it was read.
#[derive(Debug)]
pub(crate) struct Talk {
    pub(crate) conversation: Uuid,
    pub(crate) text: String,
    pub(crate) promise: Promise,
    pub(crate) begun_at: Instant,
    pub(crate) ended_at: Option<Instant>,
    pub(crate) generation: Option<Uuid>,
    /// How much of it was read.
    pub(crate) read: usize,
    pub(crate) end: Option<Message>,
    /// The reader was told of an error instead of an end.
    pub(crate) failed: Option<String>,
    pub(crate) met: Met,
}

/// What one person did.
#[derive(Debug)]
pub(crate) struct Diary {
    pub(crate) person: Person,
    pub(crate) wanted: Vec<Wanted>,
    pub(crate) talks: Vec<Talk>,
    pub(crate) failures: Vec<Failure>,
    /// When each request that went well was asked, how long it took, and on which instance.
    pub(crate) good: Vec<(Instant, Duration, usize)>,
    /// What nobody may be told.
    pub(crate) wrong: Vec<String>,
}

/// What the load is made of.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Plan {
    pub(crate) part: u64,
    pub(crate) writers: usize,
    pub(crate) talkers: usize,
    /// Whether everybody asks nginx, or half of them each instance first.
    pub(crate) through_nginx: bool,
    /// Whether readers hang up now and then, and go on.
    pub(crate) cuts: bool,
}

/// People at work.
pub(crate) struct Load {
    stop: watch::Sender<bool>,
    tasks: JoinSet<Diary>,
}

impl Load {
    pub(crate) async fn start(cluster: &mut Cluster, plan: Plan) -> anyhow::Result<Self> {
        let (stop, stopped) = watch::channel(false);
        let mut tasks = JoinSet::new();
        let people = cluster.people(plan.writers + plan.talkers).await?;
        for (index, person) in people.into_iter().enumerate() {
            let apis = if plan.through_nginx {
                vec![cluster.api()?]
            } else {
                cluster.apis(index % 2)?.to_vec()
            };
            let worker = Worker {
                apis,
                first: index % 2,
                dice: cluster.dice(plan.part, index)?,
                cuts: plan.cuts,
                stop: stopped.clone(),
                diary: Diary::new(person),
            };
            if index < plan.writers {
                tasks.spawn(worker.write());
            } else {
                tasks.spawn(worker.talk());
            }
        }
        Ok(Self { stop, tasks })
    }

    /// Has everybody finish what they are at, and gives what they wrote down.
    pub(crate) async fn end(self) -> anyhow::Result<Vec<Diary>> {
        let _ = self.stop.send(true);
        let all = tokio::time::timeout(PATIENCE * 2, self.tasks.join_all()).await;
        all.map_err(|_| anyhow::anyhow!("the clients do not finish"))
    }
}

impl Diary {
    fn new(person: Person) -> Self {
        Self {
            person,
            wanted: Vec::new(),
            talks: Vec::new(),
            failures: Vec::new(),
            good: Vec::new(),
            wrong: Vec::new(),
        }
    }
}

struct Worker {
    apis: Vec<Api>,
    first: usize,
    dice: Dice,
    cuts: bool,
    stop: watch::Receiver<bool>,
    diary: Diary,
}

/// How long a client waits for the head of an answer before it gives up.
const NO_ANSWER: Duration = Duration::from_secs(20);

impl Worker {
    fn is_over(&self) -> bool {
        *self.stop.borrow()
    }

    /// Asks for something in one piece: `None` when it was not done.
    async fn ask(&mut self, what: &'static str, api: usize, call: Call<'_>) -> Option<Value> {
        let asked_at = now();
        let answer = tokio::time::timeout(NO_ANSWER, async {
            let response = self.apis[api].send(call).await?;
            let status = response.status().as_u16();
            let after = response.headers().get("retry-after");
            let after = after.and_then(|value| value.to_str().ok()).map(str::to_owned);
            Ok::<_, WireError>((status, after, parse::<Value>(response).await?))
        });
        let answer = answer.await;
        let took = asked_at.elapsed();
        let (on, code) = ((self.first + api) % 2, String::new());
        let mut failure = Failure { what, on, asked_at, took, status: 0, retry_after: None, code };
        match answer {
            Ok(Ok((200 | 201, _, body))) => {
                self.diary.good.push((asked_at, took, on));
                return Some(body);
            }
            Ok(Ok((status, after, body))) => {
                (failure.status, failure.retry_after) = (status, after);
                body["code"].as_str().unwrap_or_default().clone_into(&mut failure.code);
            }
            Ok(Err(WireError::Strange(sentence))) => failure.code = sentence,
            Ok(Err(WireError::Broken(_))) => "BROKEN".clone_into(&mut failure.code),
            Err(_) => "NO ANSWER".clone_into(&mut failure.code),
        }
        self.diary.failures.push(failure);
        None
    }

    /// Creates a conversation, and asks again with the same name when it was not told that it is
    /// there. Gives its id.
    async fn conversation(&mut self, tries: usize) -> Option<Uuid> {
        let (id, title) = (self.dice.uuid(), format!("Chat {:016x} 今天🌧", self.dice.next()));
        let own_id = self.dice.chance(50);
        let body = if own_id { json!({"id": id, "title": title}) } else { json!({"title": title}) };
        let key = format!("key-{id}");
        self.diary.wanted.push(Wanted { title, promise: Promise::Open });
        let place = self.diary.wanted.len() - 1;
        let token = self.diary.person.token.clone();
        for turn in 0..tries {
            let call = Call::post(&token, "/conversations".to_owned(), body.clone());
            let call = Call { key: Some(&key), ..call };
            let api = turn % self.apis.len();
            if let Some(body) = self.ask("creating a conversation", api, call).await {
                self.diary.wanted[place].promise = Promise::Kept;
                return body["id"].as_str().and_then(|id| id.parse().ok());
            }
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
        None
    }

    /// Writes and reads, one after the other.
    async fn write(mut self) -> Diary {
        while !self.is_over() {
            if self.dice.chance(70) {
                let tries = 1 + self.dice.index(3);
                self.conversation(tries).await;
            } else {
                let token = self.diary.person.token.clone();
                let call = Call::get(&token, "/conversations?limit=20".to_owned());
                self.ask("a list", 0, call).await;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        self.diary
    }

    /// Says something, reads the reply to its end, and so on.
    async fn talk(mut self) -> Diary {
        let mut conversation = None;
        while !self.is_over() {
            conversation = match conversation {
                Some(id) => Some(id),
                None => self.conversation(20).await,
            };
            let Some(id) = conversation else { continue };
            if let Err(error) = self.say(id).await {
                self.diary.wrong.push(format!("a reader was told: {error}"));
                conversation = None;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        self.diary
    }

    async fn say(&mut self, conversation: Uuid) -> Result<(), WireError> {
        let (id, text) = (self.dice.uuid(), self.dice.message());
        self.diary.talks.push(Talk {
            conversation,
            text: text.clone(),
            promise: Promise::Open,
            begun_at: now(),
            ended_at: None,
            generation: None,
            read: 0,
            end: None,
            failed: None,
            met: Met::default(),
        });
        let place = self.diary.talks.len() - 1;
        let token = self.diary.person.token.clone();
        for turn in 0..20 {
            let place_of_api = turn % self.apis.len();
            let api = self.apis[place_of_api].clone();
            let (on, asked_at) = ((self.first + place_of_api) % 2, now());
            let sent =
                tokio::time::timeout(NO_ANSWER, send(&api, &token, conversation, (id, &text)));
            let sent = sent.await;
            let took = asked_at.elapsed();
            let (status, retry_after, code) = match sent {
                Ok(Ok(Sent::Begun(begun))) => {
                    self.diary.good.push((asked_at, took, on));
                    self.diary.talks[place].promise = Promise::Kept;
                    return self.read(place, begun, &text).await;
                }
                Ok(Ok(Sent::Refused(status, after, code))) => (status, after, code),
                Ok(Err(WireError::Broken(_))) => (0, None, "BROKEN".to_owned()),
                Ok(Err(error)) => return Err(error),
                Err(_) => (0, None, "NO ANSWER".to_owned()),
            };
            let what = "sending a message";
            // Only while the reply of one that died is not marked yet.
            let busy = status == 409 && code == "CONVERSATION_BUSY";
            let failure = Failure { what, on, asked_at, took, status, retry_after, code };
            self.diary.failures.push(failure);
            tokio::time::sleep(Duration::from_millis(if busy { 1000 } else { 300 })).await;
        }
        Ok(())
    }

    async fn read(&mut self, place: usize, begun: Begun, text: &str) -> Result<(), WireError> {
        let token = self.diary.person.token.clone();
        let mut reader = Reader::new(&token, begun.generation, text);
        let cuts = self.cuts.then_some(&mut self.dice);
        // The other one first, where the client knows of both.
        let mut others = self.apis.clone();
        others.reverse();
        let end = reader.finish(Some(begun.events), &others, cuts).await;
        let talk = &mut self.diary.talks[place];
        talk.generation = Some(begun.generation);
        talk.read = reader.offset;
        talk.met = reader.met;
        talk.ended_at = Some(now());
        match end? {
            End::Stored(message) => talk.end = Some(*message),
            End::Failed(name) => talk.failed = Some(name),
        }
        Ok(())
    }
}
