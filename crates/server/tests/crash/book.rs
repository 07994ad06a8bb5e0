//! The book of what was promised: everything that any client asked for, with what it was told, and
//! every reply as it was last found.

use std::{
    collections::{BTreeMap, HashMap, HashSet},
    sync::Arc,
};

use uuid::Uuid;

use crate::{
    dice::Dice,
    wishes::{Name, Promise, Told, Way, What, Wish},
};

/// Clients that write at the same time.
pub(crate) const CLIENTS: usize = 16;

/// Clients of the same user.
const CLIENTS_PER_USER: usize = 2;

/// People, without the one who measures.
pub(crate) const USERS: usize = CLIENTS / CLIENTS_PER_USER;

/// A conversation that has so many messages is left alone: a long one makes each request long.
const LONG: usize = 16;

/// What a model is asked that shall go on; the model server answers with it, because it echoes
/// what it was asked last. The same as in `serene_llm`, which tells nobody.
pub(crate) const GO_ON: &str = "Your last message broke off. Go on exactly where it ends, and \
    repeat nothing of it. Say nothing about this.";

/// A conversation.
#[derive(Debug)]
pub(crate) struct Chat {
    pub(crate) user: usize,
    /// Like no other's.
    pub(crate) title: Arc<str>,
    pub(crate) id: Option<Uuid>,
    pub(crate) promise: Promise,
    /// What was said in it. No two messages are the same.
    pub(crate) said: BTreeMap<Arc<str>, Said>,
    /// The replies, as they were found when the server was last looked at.
    pub(crate) replies: BTreeMap<Uuid, Reply>,
}

/// A user's message.
#[derive(Debug)]
pub(crate) struct Said {
    pub(crate) id: Option<Uuid>,
    pub(crate) promise: Promise,
    /// Further versions of its reply that were acknowledged.
    pub(crate) versions: usize,
    /// And those that may be there.
    pub(crate) open_versions: usize,
}

/// A reply.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Reply {
    pub(crate) question: Arc<str>,
    pub(crate) text: String,
    pub(crate) status: String,
    pub(crate) generation: Option<Uuid>,
}

impl Reply {
    /// What it says if it is gone on with to its end.
    fn continued(&self) -> Arc<str> {
        format!("{}{}", self.text, rest(&self.text, &self.question)).into()
    }
}

/// What the model says after `begun`.
pub(crate) fn rest<'a>(begun: &str, question: &'a str) -> &'a str {
    if begun.is_empty() { question } else { GO_ON }
}

/// A journal entry.
#[derive(Debug)]
pub(crate) struct Note {
    pub(crate) user: usize,
    pub(crate) id: Option<Uuid>,
    pub(crate) promise: Promise,
}

/// Everything.
#[derive(Debug, Default)]
pub(crate) struct Book {
    /// The access token of each user; the last one is who measures.
    pub(crate) tokens: Vec<String>,
    pub(crate) chats: Vec<Chat>,
    /// By what they say.
    pub(crate) notes: BTreeMap<Arc<str>, Note>,
    pub(crate) probes: Vec<(Uuid, Promise)>,
    /// The last request of each client, if nobody answered it and it can be sent again.
    unanswered: HashMap<usize, Wish>,
}

impl Book {
    /// What a client asks for in the next round: first, once more, what nobody answered; then a
    /// stream, so that there are sixteen at once; then this and that. `targets` are the replies that others write on.
    pub(crate) fn plan(
        &mut self,
        client: usize,
        dice: &mut Dice,
        targets: &mut HashSet<Uuid>,
    ) -> Vec<Wish> {
        let user = client / CLIENTS_PER_USER;
        let mut plan = Vec::new();
        if let Some(wish) = self.unanswered.get(&client) {
            plan.push(self.anew(wish.clone()));
        }
        let chats = self.chats_of(user);
        let own = match dice.pick(&chats) {
            Some(chat) if dice.chance(60) => *chat,
            _ => {
                let (wish, chat) = self.new_chat(user, dice);
                plan.push(wish);
                chat
            }
        };
        // One in four begins with what broke off, so that this breaks off again.
        let broken = dice.chance(25).then(|| self.on_a_reply(user, true, dice, targets)).flatten();
        plan.push(broken.unwrap_or_else(|| self.send(user, own, Way::Stream, dice)));
        for _ in 0..20 {
            // Now and then both clients of a user write in the same one.
            let shared = chats.first().copied().filter(|_| dice.chance(15));
            let chat = shared.unwrap_or(own);
            let wish = match dice.below(100) {
                0..36 => self.send(user, chat, Way::Stream, dice),
                36..46 => self.send(user, chat, Way::Whole, dice),
                46..62 => {
                    let deltas = dice.index(30);
                    self.send(user, chat, Way::StreamAndStop(deltas), dice)
                }
                62..69 => {
                    let title = format!("Chat {:016x}", dice.next()).into();
                    self.wish(user, What::Conversation { title }, dice)
                }
                69..76 => {
                    let note = dice.note().into();
                    self.wish(user, What::Entry { note }, dice)
                }
                kind => match self.on_a_reply(user, kind < 90, dice, targets) {
                    Some(wish) => wish,
                    None => self.send(user, chat, Way::Stream, dice),
                },
            };
            plan.push(wish);
        }
        plan
    }

    /// The replies that are written on by what is sent again.
    pub(crate) fn unanswered_targets(&self) -> HashSet<Uuid> {
        self.unanswered.values().filter_map(Wish::target).collect()
    }

    /// The conversations of a user that can be written in.
    fn chats_of(&self, user: usize) -> Vec<usize> {
        let fits = |(_, chat): &(usize, &Chat)| {
            chat.user == user
                && chat.promise == Promise::Kept
                && chat.id.is_some()
                && chat.said.len() * 2 < LONG
        };
        self.chats.iter().enumerate().filter(fits).map(|(index, _)| index).collect()
    }

    /// Its id is the client's own, so that it can be written in at once.
    fn new_chat(&mut self, user: usize, dice: &mut Dice) -> (Wish, usize) {
        let (id, title): (Uuid, Arc<str>) =
            (dice.uuid(), format!("Chat {:016x}", dice.next()).into());
        // What is not asked for in the end is not there: as if it were refused.
        let promise = Promise::Refused;
        let chat = self.open_chat(user, &title, Some(id), promise);
        let what = What::Conversation { title };
        (Wish { user, what, name: Name::Id(id), again: false }, chat)
    }

    fn open_chat(
        &mut self,
        user: usize,
        title: &Arc<str>,
        id: Option<Uuid>,
        promise: Promise,
    ) -> usize {
        let (said, replies) = (BTreeMap::new(), BTreeMap::new());
        self.chats.push(Chat { user, title: Arc::clone(title), id, promise, said, replies });
        self.chats.len() - 1
    }

    fn send(&self, user: usize, chat: usize, way: Way, dice: &mut Dice) -> Wish {
        let conversation = self.chats[chat].id.expect("only such are chosen");
        let text = dice.message().into();
        let name = if dice.chance(60) {
            Name::Id(dice.uuid())
        } else {
            Name::Key(format!("key-{:016x}", dice.next()))
        };
        let what = What::Send { chat, conversation, text, way };
        Wish { user, what, name, again: false }
    }

    #[expect(clippy::unused_self, reason = "reads as its neighbours")]
    fn wish(&self, user: usize, what: What, dice: &mut Dice) -> Wish {
        let name = match dice.below(3) {
            0 => Name::None,
            1 => Name::Key(format!("key-{:016x}", dice.next())),
            _ if matches!(what, What::Regenerate { .. } | What::Continue { .. }) => Name::None,
            _ => Name::Id(dice.uuid()),
        };
        Wish { user, what, name, again: false }
    }

    /// Something with a reply of an earlier round.
    fn on_a_reply(
        &self,
        user: usize,
        go_on: bool,
        dice: &mut Dice,
        targets: &mut HashSet<Uuid>,
    ) -> Option<Wish> {
        let broke_off = |reply: &Reply| reply.status == "interrupted" || reply.status == "stopped";
        let mut found = Vec::new();
        for (index, chat) in self.chats.iter().enumerate().rev().filter(|it| it.1.user == user) {
            let fits =
                |it: &(&Uuid, &Reply)| !targets.contains(it.0) && (!go_on || broke_off(it.1));
            found.extend(chat.replies.iter().filter(fits).map(|it| (index, *it.0, it.1)));
            if found.len() > 10 {
                break;
            }
        }
        let (chat, message, reply) = found.get(dice.index(found.len()))?;
        let (chat, message) = (*chat, *message);
        targets.insert(message);
        let what = if go_on {
            What::Continue { chat, message, expected: reply.continued() }
        } else {
            What::Regenerate { chat, message, question: Arc::clone(&reply.question) }
        };
        Some(self.wish(user, what, dice))
    }

    /// A request that is sent again, as things stand now.
    fn anew(&self, mut wish: Wish) -> Wish {
        wish.again = true;
        if let What::Continue { chat, message, expected } = &mut wish.what
            && let Some(reply) = self.chats[*chat].replies.get(message)
        {
            let whole = reply.status == "complete";
            *expected = if whole { reply.text.as_str().into() } else { reply.continued() };
        }
        wish
    }

    /// Writes down what a client was told.
    pub(crate) fn keep(&mut self, client: usize, told: &Told) {
        let Told { wish, promise, id, .. } = told;
        let named = match wish.name {
            Name::Id(id) => Some(id),
            Name::Key(_) | Name::None => *id,
        };
        match &wish.what {
            What::Conversation { title } => {
                let known = self.chats.iter().position(|chat| chat.title == *title);
                let index =
                    known.unwrap_or_else(|| self.open_chat(wish.user, title, named, *promise));
                let chat = &mut self.chats[index];
                (chat.promise, chat.id) = (*promise, named);
            }
            What::Entry { note } => {
                let note = self.notes.entry(Arc::clone(note));
                let note = note.or_insert(Note { user: wish.user, id: named, promise: *promise });
                (note.promise, note.id) = (*promise, named);
            }
            What::Send { chat, text, .. } => {
                let new = Said { id: named, promise: *promise, versions: 0, open_versions: 0 };
                let said = self.chats[*chat].said.entry(Arc::clone(text)).or_insert(new);
                (said.promise, said.id) = (*promise, named);
            }
            What::Regenerate { chat, question, .. } => {
                let said = self.chats[*chat].said.get_mut(question);
                let said = said.expect("it was read in the conversation");
                said.open_versions -= usize::from(wish.again);
                said.versions += usize::from(*promise == Promise::Kept);
                said.open_versions += usize::from(*promise == Promise::Open);
            }
            What::Continue { .. } => {}
        }
        if wish.again {
            self.unanswered.remove(&client);
        }
        if *promise == Promise::Open && !matches!(wish.name, Name::None) {
            self.unanswered.insert(client, wish.clone());
        }
    }
}
