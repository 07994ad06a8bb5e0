//! Reads everything again through the API of the restarted server, and compares it with the book.

use std::{
    collections::{BTreeSet, HashMap},
    sync::Arc,
    time::{Duration, Instant},
};

use uuid::Uuid;

use crate::{
    book::{Book, Reply, rest},
    dice::Dice,
    findings::{Findings, Tally},
    resume,
    wire::{Api, Conversation, Generation, Message, WireError},
    wishes::{Promise, Reading, Told},
};

/// When every reply of a dead process has to be over, after its successor listens.
const SETTLED_AFTER: Duration = Duration::from_secs(1);

/// What the product promises to save: after so long, or after so many bytes.
const CHECKPOINT: (Duration, usize) = (Duration::from_millis(250), 4096);

/// What the measuring itself may be off by: the probes pause for 10 ms, the model for up to 25 ms
/// between two words, and a reader notes the time when it is its turn.
const MEASURED_WITHIN: Duration = Duration::from_millis(50);

/// What happened in a round.
#[derive(Debug)]
pub(crate) struct Evidence {
    pub(crate) killed_at: Instant,
    /// How long the slowest of the measured writes took.
    pub(crate) slowest_write: Duration,
    pub(crate) told: Vec<Told>,
}

/// One look at a server.
pub(crate) struct Checker<'a> {
    pub(crate) api: &'a Api,
    pub(crate) book: &'a mut Book,
    pub(crate) evidence: &'a Evidence,
    /// Whether everything is read, or what the last round touched.
    pub(crate) everything: bool,
    pub(crate) findings: &'a mut Findings,
    pub(crate) tally: &'a mut Tally,
}

impl Checker<'_> {
    /// Looks at everything.
    pub(crate) async fn run(
        &mut self,
        listening_since: Instant,
        dice: &mut Dice,
    ) -> Result<(), WireError> {
        let touched: BTreeSet<usize> = if self.everything {
            (0..self.book.chats.len()).collect()
        } else {
            self.evidence.told.iter().filter_map(|told| told.wish.chat()).collect()
        };
        self.settled(&touched, listening_since).await?;
        self.titles().await?;
        for chat in touched {
            if self.book.chats[chat].promise == Promise::Kept {
                self.chat(chat).await?;
            }
        }
        self.generations().await?;
        self.entries().await?;
        if self.everything {
            self.answered(listening_since).await?;
        }
        self.probes().await?;
        let read: Vec<&Told> =
            self.evidence.told.iter().filter(|told| told.reading.is_some()).collect();
        for _ in 0..4.min(read.len()) {
            if let Some(told) = dice.pick(&read) {
                resume::check(self, told, dice).await?;
            }
        }
        Ok(())
    }

    pub(crate) fn token(&self, user: usize) -> &str {
        &self.book.tokens[user]
    }

    /// That every reply of the dead process is over in time.
    async fn settled(
        &mut self,
        touched: &BTreeSet<usize>,
        listening_since: Instant,
    ) -> Result<(), WireError> {
        let chats = touched.iter().filter_map(|index| {
            let chat = &self.book.chats[*index];
            let id = chat.id.filter(|_| chat.promise == Promise::Kept)?;
            Some((chat.user, format!("/conversations/{id}")))
        });
        let unfinished = self.evidence.told.iter().filter_map(|told| {
            let reading = told.reading.as_ref().filter(|reading| reading.end.is_none())?;
            Some((told.wish.user, format!("/generations/{}", reading.generation)))
        });
        let mut open: Vec<(usize, String)> = chats.chain(unfinished).collect();
        loop {
            let mut still = Vec::new();
            for (user, path) in open {
                let found: Option<serde_json::Value> =
                    self.api.find(self.token(user), path.clone()).await?;
                // What is not there is found by those who look for it.
                let Some(found) = found else { continue };
                let running = matches!(found["status"].as_str(), Some("pending" | "running"));
                if running || found["active_generation_id"].is_string() {
                    still.push((user, path));
                }
            }
            let took = listening_since.elapsed();
            if still.is_empty() {
                self.tally.settled(took);
                return Ok(());
            }
            if took > SETTLED_AFTER {
                self.findings.wrong(format!(
                    "{} replies are still running {took:?} after the start, such as {}",
                    still.len(),
                    still[0].1
                ));
                return Ok(());
            }
            open = still;
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    /// One conversation: every message there once, in order, and every reply as it must be.
    async fn chat(&mut self, index: usize) -> Result<(), WireError> {
        let chat = &self.book.chats[index];
        let Some(id) = chat.id else { return Ok(()) };
        let path = format!("/conversations/{id}");
        let Some(conversation) =
            self.api.find::<Conversation>(self.token(chat.user), path.clone()).await?
        else {
            self.findings.lost(format!("the conversation {id}"));
            return Ok(());
        };
        let path = format!("{path}/messages");
        let messages: Vec<Message> =
            self.api.list(self.token(chat.user), &path, usize::MAX).await?;
        if conversation.message_count != messages.len() {
            let (says, has) = (conversation.message_count, messages.len());
            self.findings.wrong(format!("{id} counts {says} messages and has {has}"));
        }
        if conversation.active_generation_id.is_some() {
            self.findings.wrong(format!("{id} is still busy"));
        }
        self.order(id, &messages);
        self.said(index, &messages);
        for pair in messages.windows(2) {
            let [question, reply] = pair else { continue };
            if reply.role == "assistant" {
                self.versions(index, question, reply).await?;
            }
        }
        Ok(())
    }

    /// That each question is followed by its answer, and no place is taken twice.
    fn order(&mut self, id: Uuid, messages: &[Message]) {
        for (before, message) in messages.iter().zip(1..) {
            let role = if before.position % 2 == 1 { "user" } else { "assistant" };
            if before.position != message || before.role != role || !before.shown {
                let Message { position, role, .. } = before;
                self.findings
                    .wrong(format!("{id} has {role} at {position} where {message} is expected"));
            }
        }
        if messages.len() % 2 == 1 {
            self.findings.wrong(format!("{id} ends with a question that has no place for a reply"));
        }
    }

    /// That every message that was promised is there, byte for byte, and none twice.
    fn said(&mut self, index: usize, messages: &[Message]) {
        let chat = &self.book.chats[index];
        let users = || messages.iter().filter(|message| message.role == "user");
        let mut found: HashMap<&str, Vec<Uuid>> = HashMap::new();
        for message in users() {
            found.entry(message.content.as_str()).or_default().push(message.id);
            if !chat.said.contains_key(message.content.as_str()) {
                self.findings.wrong(format!("nobody said the message {}", message.id));
            }
            if message.status != "complete" {
                self.findings.wrong(format!("the message {} is {}", message.id, message.status));
            }
        }
        for (text, said) in &chat.said {
            let ids = found.get(&**text).map_or(&[][..], Vec::as_slice);
            let what = || format!("a message of {} bytes in {:?}", text.len(), chat.id);
            self.findings.count(said.promise, ids.len(), what);
            if ids.iter().any(|id| said.id.is_some_and(|known| known != *id)) {
                self.findings.wrong(format!("{} has another id", what()));
            }
        }
    }

    /// Every version of a reply.
    async fn versions(
        &mut self,
        index: usize,
        question: &Message,
        shown: &Message,
    ) -> Result<(), WireError> {
        let chat = &self.book.chats[index];
        let Some((text, said)) = chat.said.get_key_value(question.content.as_str()) else {
            return Ok(());
        };
        let (text, said) = (Arc::clone(text), (said.versions, said.open_versions));
        let mut versions = vec![shown.clone()];
        if shown.version_count > 1 {
            let path = format!("/messages/{}/versions", shown.id);
            let found: Option<serde_json::Value> =
                self.api.find(self.token(chat.user), path).await?;
            let items = found.map(|mut found| found["items"].take()).unwrap_or_default();
            versions = serde_json::from_value(items)
                .map_err(|error| WireError::Strange(format!("versions: {error}")))?;
        }
        let numbers = versions.iter().map(|version| version.version);
        let shown_ones = versions.iter().filter(|version| version.shown).count();
        if !numbers.eq(1..=shown.version_count) || shown_ones != 1 {
            self.findings.wrong(format!("the versions of {} do not add up", shown.id));
        }
        let (least, most) = (1 + said.0, 1 + said.0 + said.1);
        if versions.len() < least {
            self.findings.lost(format!("{} versions of {}", least - versions.len(), shown.id));
        }
        if versions.len() > most {
            self.findings.wrong(format!(
                "{} has {} versions where {most} were asked for",
                shown.id,
                versions.len()
            ));
        }
        for version in versions {
            self.reply(index, &text, version);
        }
        Ok(())
    }

    /// One version of a reply.
    fn reply(&mut self, index: usize, question: &Arc<str>, message: Message) {
        let before = self.book.chats[index].replies.get(&message.id);
        let id = message.id;
        let new = before.is_none_or(|before| before.generation != message.generation_id);
        let begun = before.map_or("", |before| &before.text);
        let added = message.content.strip_prefix(begun);
        let rest = if new { rest(begun, question) } else { "" };
        let grown = match (added, message.status.as_str()) {
            (Some(added), "complete") if new => added == rest,
            (Some(added), "interrupted" | "stopped") if new => rest.starts_with(added),
            (Some(added), status) => {
                added.is_empty() && before.is_some_and(|before| before.status == status)
            }
            (None, _) => false,
        };
        if !grown {
            let (length, status) = (message.content.len(), &message.status);
            let before = before.map(|before| (before.text.len(), &before.status));
            self.findings.wrong(format!(
                "the reply {id} is {status} with {length} bytes that are not the model's; \
                 the model says {} bytes after {before:?}",
                rest.len()
            ));
        }
        let about = self.evidence.told.iter().filter(|told| {
            let generation = told.reading.as_ref().map(|reading| reading.generation);
            generation.is_some() && generation == message.generation_id
        });
        for told in about {
            if let Some(reading) = &told.reading {
                self.read(reading, &message, new);
            }
        }
        self.tally.reply(&message.status, new);
        let reply = Reply {
            question: Arc::clone(question),
            text: message.content,
            status: message.status,
            generation: message.generation_id,
        };
        self.book.chats[index].replies.insert(id, reply);
    }

    /// What a reader had seen of a reply, against what is stored of it.
    fn read(&mut self, reading: &Reading, message: &Message, new: bool) {
        let (id, length) = (message.id, message.content.len());
        if let Some(end) = &reading.end {
            if end.content != message.content || end.status != message.status || end.id != id {
                self.findings.short(format!(
                    "{id} was told to be {} with {} bytes, and is {} with {length}",
                    end.status,
                    end.content.len(),
                    message.status
                ));
            }
            self.tally.whole += 1;
            return;
        }
        if let Some(status) = &reading.stopped
            && *status != message.status
        {
            self.findings.short(format!(
                "{id} was told to be {status} when it was stopped, and is {}",
                message.status
            ));
        }
        let missing = reading.seen().saturating_sub(length);
        // Only what was being written when the server died may be short.
        if !new || message.status != "interrupted" {
            if missing > 0 {
                let status = &message.status;
                self.findings.short(format!("{missing} bytes that were read of {id}, {status}"));
            }
            return;
        }
        // A save may have to wait for the one before it, and each takes as long as any write.
        let slack = self.evidence.slowest_write * 2 + MEASURED_WITHIN;
        let killed_at = self.evidence.killed_at;
        let seen_before = |age| killed_at.checked_sub(age).map_or(0, |at| reading.seen_by(at));
        let by_time = seen_before(CHECKPOINT.0 + slack);
        let seen_lately = seen_before(slack);
        let by_size = seen_lately.saturating_sub(CHECKPOINT.1);
        let first_lost = reading.seen.iter().find(|(_, offset)| *offset > length);
        let age = first_lost.map(|(at, _)| killed_at.saturating_duration_since(*at));
        self.tally.interrupted(missing, age.unwrap_or_default(), slack);
        if length < by_time || length < by_size {
            self.findings.short(format!(
                "{id} is interrupted at {length}; {by_time} bytes had been read {} ms before the \
                 kill, {seen_lately} bytes {} ms before it, {} in the end",
                (CHECKPOINT.0 + slack).as_millis(),
                slack.as_millis(),
                reading.seen()
            ));
        }
    }

    /// That every generation that was told of is there, and its reply where it belongs.
    async fn generations(&mut self) -> Result<(), WireError> {
        for told in &self.evidence.told {
            let (Some(reading), Some(chat)) = (&told.reading, told.wish.chat()) else { continue };
            let path = format!("/generations/{}", reading.generation);
            let found: Option<Generation> =
                self.api.find(self.token(told.wish.user), path.clone()).await?;
            match found {
                None => self.findings.lost(path),
                Some(found) => {
                    if !self.book.chats[chat].replies.contains_key(&found.message_id) {
                        self.findings.lost(format!("the reply of {path}"));
                    }
                    if matches!(found.status.as_str(), "pending" | "running" | "failed") {
                        self.findings.wrong(format!("{path} is {}", found.status));
                    }
                }
            }
        }
        Ok(())
    }
}
