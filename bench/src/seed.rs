//! The data that is measured on, all of it written through the API: people with conversations, one
//! of them long, some with images; a year of a journal; and accounts to be used up by the cases.

use std::{cell::RefCell, net::SocketAddr};

use anyhow::Context;
use serde_json::{Value, json};

use crate::{api::Api, client::Request, load};

/// The password of every account.
pub(crate) const PASSWORD: &str = "a good long password";

/// Requests under way at once while preparing.
const AT_ONCE: usize = 32;

/// How much there is.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Size {
    /// People who have a few conversations each.
    pub(crate) users: usize,
    /// Conversations of each of them.
    pub(crate) conversations_each: usize,
    /// Conversations of the one person whose data is read.
    pub(crate) conversations: usize,
    /// Messages in the longest of them, and half as many replies.
    pub(crate) messages: usize,
    /// Images in another one.
    pub(crate) images: usize,
    /// Bytes of each image.
    pub(crate) image_bytes: usize,
    /// Entries in the reader's journal.
    pub(crate) entries: usize,
    /// Accounts that cases use up.
    pub(crate) spare_accounts: usize,
}

/// Somebody who is signed in.
#[derive(Clone, Debug)]
pub(crate) struct Account {
    pub(crate) name: String,
    pub(crate) token: String,
    pub(crate) refresh_token: String,
    pub(crate) session_id: String,
}

/// What there is to read.
#[derive(Debug)]
pub(crate) struct Seed {
    /// Whose data is read.
    pub(crate) reader: Account,
    /// The reader's conversations.
    pub(crate) conversations: Vec<String>,
    /// The longest of them.
    pub(crate) long: String,
    /// Its messages, and the generations of its replies.
    pub(crate) messages: Vec<String>,
    pub(crate) generations: Vec<String>,
    /// The reader's images.
    pub(crate) images: Vec<String>,
    /// The reader's journal.
    pub(crate) entries: Vec<String>,
    spare: RefCell<Vec<Account>>,
}

/// Where requests go that prepare something.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Hands<'a> {
    pub(crate) api: &'a Api,
    pub(crate) address: SocketAddr,
}

impl Hands<'_> {
    /// Sends these requests, many at a time, and returns the bodies in their order.
    pub(crate) async fn send(self, requests: Vec<Request>) -> anyhow::Result<Vec<Value>> {
        load::each(self.address, AT_ONCE, requests).await
    }

    /// Registers accounts with these names.
    pub(crate) async fn register(self, names: Vec<String>) -> anyhow::Result<Vec<Account>> {
        let register = |name: &String| {
            let body = json!({"username": name, "password": PASSWORD});
            self.api.to("register").json(&body).expect(201)
        };
        let answers = self.send(names.iter().map(register).collect()).await?;
        answers.iter().map(Account::read).collect()
    }

    /// Signs each of these accounts in once more.
    pub(crate) async fn login(self, accounts: &[&Account]) -> anyhow::Result<Vec<Account>> {
        let login = |account: &&Account| {
            let body = json!({"username": account.name, "password": PASSWORD});
            self.api.to("login").json(&body).expect(200)
        };
        let answers = self.send(accounts.iter().map(login).collect()).await?;
        answers.iter().map(Account::read).collect()
    }

    /// Makes a conversation for each of these accounts, and returns their ids.
    pub(crate) async fn converse(self, accounts: &[&Account]) -> anyhow::Result<Vec<String>> {
        let create = |(index, account): (usize, &&Account)| {
            let body = json!({"title": TITLES[index % TITLES.len()]});
            self.api.to("create_conversation").token(&account.token).json(&body).expect(201)
        };
        let answers = self.send(accounts.iter().enumerate().map(create).collect()).await?;
        answers.iter().map(|answer| text(&answer["id"])).collect()
    }

    /// Sends a message into each of these conversations and waits for the replies.
    pub(crate) async fn talk(
        self,
        accounts: &[&Account],
        conversations: &[String],
    ) -> anyhow::Result<Vec<Value>> {
        let places = accounts.iter().zip(conversations).enumerate();
        let send = |(index, (account, id)): (usize, (&&Account, &String))| {
            self.message(account, id, &json!({"content": words(index)}))
        };
        self.send(places.map(send).collect()).await
    }

    /// A request that sends a message and waits for the reply.
    pub(crate) fn message(self, account: &Account, conversation: &str, body: &Value) -> Request {
        self.api.to("send_message").id(conversation).token(&account.token).json(body).expect(201)
    }

    /// Writes all of it.
    pub(crate) async fn seed(self, size: &Size) -> anyhow::Result<Seed> {
        let names = (0..size.users).map(|n| format!("person{n}")).collect();
        let people = self.register(names).await?;
        let reader = people.first().context("a seed needs somebody")?;
        let others: Vec<&Account> =
            people[1..].iter().flat_map(|one| vec![one; size.conversations_each]).collect();
        self.talk(&others, &self.converse(&others).await?).await?;

        let own = vec![reader; size.conversations];
        let conversations = self.converse(&own).await?;
        self.talk(&own, &conversations).await?;
        let (long, pictures) = (&conversations[0], &conversations[1]);
        let content = |n| json!({"content": words(n)});
        // The first exchange is there already. One after the other: a conversation takes no
        // message while it is being answered.
        let exchanges = size.messages / 2 - 1;
        let sends = (0..exchanges).map(|n| self.message(reader, long, &content(n))).collect();
        load::each(self.address, 1, sends).await?;
        let url = image(size.image_bytes);
        let body = |n| json!({"content": words(n), "attachments": [url]});
        let sends = (0..size.images).map(|n| self.message(reader, pictures, &body(n))).collect();
        let pictures = load::each(self.address, 1, sends).await?;
        let images =
            pictures.iter().map(|sent| text(&sent["user_message"]["attachments"][0]["id"]));

        let create =
            |n| self.api.to("create_entry").token(&reader.token).json(&entry(n)).expect(201);
        let entries = self.send((0..size.entries).map(create).collect()).await?;
        let entries = entries.iter().map(|entry| text(&entry["id"]));

        let names = (0..size.spare_accounts).map(|n| format!("spare{n}")).collect();
        let spare = self.register(names).await?;
        let (messages, generations) = self.read_all(reader, long).await?;
        Ok(Seed {
            images: images.collect::<anyhow::Result<_>>()?,
            entries: entries.collect::<anyhow::Result<_>>()?,
            long: long.clone(),
            reader: reader.clone(),
            messages,
            generations,
            conversations,
            spare: RefCell::new(spare),
        })
    }

    /// The ids of all messages of a conversation, and of the generations that wrote the replies.
    async fn read_all(
        self,
        account: &Account,
        conversation: &str,
    ) -> anyhow::Result<(Vec<String>, Vec<String>)> {
        let (mut messages, mut generations) = (Vec::new(), Vec::new());
        let mut query = "limit=100".to_owned();
        loop {
            let request = self.api.to("list_messages").id(conversation).query(&query);
            let request = request.token(&account.token).expect(200);
            let page = self.send(vec![request]).await?.pop().context("no page")?;
            for message in page["items"].as_array().context("a page has no items")? {
                messages.push(text(&message["id"])?);
                generations.extend(message["generation_id"].as_str().map(str::to_owned));
            }
            let Some(cursor) = page["next_cursor"].as_str() else {
                return Ok((messages, generations));
            };
            query = format!("limit=100&cursor={cursor}");
        }
    }
}

impl Account {
    fn read(answer: &Value) -> anyhow::Result<Self> {
        Ok(Self {
            name: text(&answer["user"]["username"])?,
            token: text(&answer["access_token"])?,
            refresh_token: text(&answer["refresh_token"])?,
            session_id: text(&answer["session_id"])?,
        })
    }
}

impl Seed {
    /// Accounts that nobody else uses from now on.
    pub(crate) fn take_accounts(&self, number: usize) -> anyhow::Result<Vec<Account>> {
        let mut spare = self.spare.borrow_mut();
        let left = spare.len().checked_sub(number).context("the seed has too few accounts")?;
        Ok(spare.split_off(left))
    }
}

impl Size {
    /// One line that says what was seeded.
    pub(crate) fn describe(&self) -> String {
        format!(
            "{} users with {} conversations each; one reader with {} conversations, one of them \
             {} messages long, {} images of {} KB, and {} entries; {} spare accounts",
            self.users - 1,
            self.conversations_each,
            self.conversations,
            self.messages,
            self.images,
            self.image_bytes / 1024,
            self.entries,
            self.spare_accounts,
        )
    }
}

/// The string that must be there.
pub(crate) fn text(value: &Value) -> anyhow::Result<String> {
    value.as_str().map(str::to_owned).context("an answer lacks a field")
}

/// A PNG of about this many bytes as a `data:` URL, as far as its first bytes go.
pub(crate) fn image(bytes: usize) -> String {
    const ALPHABET: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    // The signature of eight bytes, and four bits of a ninth.
    let mut url = "data:image/png;base64,iVBORw0KGgoA".to_owned();
    // Four characters are three bytes. A plain generator, for bytes that do not compress.
    let mut state = 1_u32;
    for _ in 0..bytes.saturating_sub(9) / 3 * 4 {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        url.push(char::from(ALPHABET[(state >> 26) as usize]));
    }
    url
}

/// What people write: short and long, with and without accents.
pub(crate) fn words(n: usize) -> &'static str {
    MESSAGES[n % MESSAGES.len()]
}

/// The body of the n-th entry. The first 300 are of different days of 2025, then they come again.
pub(crate) fn entry(n: usize) -> Value {
    const MOODS: [&str; 6] = ["calm", "tired", "hopeful", "sad", "Anxious", "glücklich"];
    const TAGS: [&str; 5] = ["work", "family", "river", "sleep", "music"];
    let (month, day) = (n / 25 % 12 + 1, n % 25 + 1);
    json!({
        "mood": MOODS[n % MOODS.len()],
        "tags": [TAGS[n % TAGS.len()], TAGS[n / 7 % TAGS.len()]],
        "note": note(n),
        "written_at": format!("2025-{month:02}-{day:02}"),
        "time_zone": "Europe/Berlin",
    })
}

/// The n-th note: each is another one.
pub(crate) fn note(n: usize) -> String {
    format!("{} It was the evening of day {n} that I kept count of.", words(n))
}

const TITLES: [&str; 5] = [
    "A walk by the river",
    "The exam on Friday",
    "Moving out",
    "What my sister said at dinner, and what I wish I had answered",
    "Ärger mit dem Chef",
];

const MESSAGES: [&str; 8] = [
    "I could not sleep again.",
    "My exam is on Friday and I have not even opened the book. Every time I sit down with it, I \
     find something else that has to be done first.",
    "yes",
    "We went to the lake with the children and for the first time in weeks I did not think about \
     work. On the way back it started to rain and nobody minded.",
    "Meine Mutter hat heute angerufen. Es war schön, ihre Stimme zu hören, aber danach war ich \
     müde.",
    "I think I should tell my flatmate that I am moving out, but each time I begin to, I hear \
     myself talk about the washing-up instead. It is not that I am afraid of her. It is that \
     saying it makes it true, and then there are boxes and keys and a last evening, and I have \
     never been good at last evenings. How do other people do it?",
    "It was a good day, thank you for asking.",
    "What would you do in my place?",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn images_have_the_size_they_should_and_whole_groups() {
        for bytes in [9, 10, 200 * 1024] {
            let url = image(bytes);
            let base64 = url.split_once(',').unwrap().1;
            assert_eq!(base64.len() % 4, 0);
            let decoded = base64.len() / 4 * 3;
            assert!(decoded.abs_diff(bytes) < 3, "{decoded} for {bytes}");
        }
    }
}
