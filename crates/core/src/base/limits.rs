//! Every limit of the product in one table; `docs/limits.md` prints it.

use std::{ops::RangeInclusive, time::Duration};

/// A limit as it is documented.
#[derive(Clone, Debug)]
pub struct Limit {
    /// The constant's name.
    pub name: &'static str,
    /// How much.
    pub amount: Amount,
    /// What it bounds: a sentence.
    pub meaning: &'static str,
}

/// How much a limit allows.
#[derive(Clone, Debug)]
pub enum Amount {
    /// So many of these units.
    Count(usize, &'static str),
    /// From so many to so many of these units.
    Range(RangeInclusive<usize>, &'static str),
    /// So long.
    Time(Duration),
}

/// Defines the constants and [`table`] from the same lines, so that none can be left out of the
/// documentation. A time has its unit in its type, everything else names it.
macro_rules! limits {
    ($($(#[doc = $meaning:literal])+
       $name:ident: $type:ty = $value:expr $(=> $kind:ident $unit:literal)?;)+) => {
        $($(#[doc = $meaning])+ pub const $name: $type = $value;)+

        /// Every limit, in the order of the documentation.
        #[allow(clippy::cast_possible_truncation, reason = "no count comes near 32 bits")]
        pub fn table() -> Vec<Limit> {
            vec![$(Limit {
                name: stringify!($name),
                amount: limits!(@amount $name $($kind $unit)?),
                meaning: concat!($($meaning),+).trim_ascii(),
            }),+]
        }
    };
    (@amount $name:ident) => { Amount::Time($name) };
    (@amount $name:ident count $unit:literal) => { Amount::Count($name as usize, $unit) };
    (@amount $name:ident range $unit:literal) => { Amount::Range($name, $unit) };
}

limits! {
    /// A user name.
    USERNAME_CHARS: RangeInclusive<usize> = 2..=64 => range "characters";
    /// An e-mail address, at most (RFC 5321).
    MAX_EMAIL_BYTES: usize = 254 => count "bytes";
    /// A password, at least.
    MIN_PASSWORD_CHARS: usize = 8 => count "characters";
    /// A password, at most: bcrypt reads no more, and cutting silently would be worse.
    MAX_PASSWORD_BYTES: usize = 72 => count "bytes";
    /// The title of a conversation.
    MAX_TITLE_CHARS: usize = 200 => count "characters";
    /// What a model may write when it names a conversation.
    MAX_TITLE_TOKENS: u32 = 32 => count "tokens";
    /// How long a model may take to name a conversation.
    MAX_TITLE_TIME: Duration = Duration::from_secs(30);
    /// A title that is made from the first message, or by a model.
    DERIVED_TITLE_CHARS: usize = 60 => count "characters";
    /// An `Idempotency-Key`.
    MAX_IDEMPOTENCY_KEY_CHARS: usize = 255 => count "characters";
    /// How long an `Idempotency-Key` is remembered.
    IDEMPOTENCY_KEPT_FOR: Duration = Duration::from_hours(24);
    /// How often an instance says that it lives, where several share a database. One that was seen
    /// three times without a new word is dead to the others.
    BEAT_EVERY: Duration = Duration::from_secs(5);
    /// Attempts at one reply.
    MAX_VERSIONS: u32 = 100 => count "versions";
    /// Messages that are copied at a time when a conversation is forked.
    FORK_PAGE_ROWS: u32 = 100 => count "messages";
    /// A message that a user sends.
    MAX_MESSAGE_CHARS: usize = 32_000 => count "characters";
    /// A journal entry, at most.
    MAX_NOTE_CHARS: usize = 32_000 => count "characters";
    /// How somebody says that they want to be spoken to.
    MAX_WISH_CHARS: usize = 2_000 => count "characters";
    /// The name of a model.
    MAX_MODEL_CHARS: usize = 255 => count "characters";
    /// What somebody may let a model write at once.
    REPLY_TOKENS: RangeInclusive<usize> = 1..=32_000 => range "tokens";
    /// A sampling temperature, in hundredths.
    TEMPERATURE_HUNDREDTHS: RangeInclusive<usize> = 0..=200 => range "hundredths";
    /// A mood.
    MAX_MOOD_CHARS: usize = 64 => count "characters";
    /// Tags of an entry.
    MAX_TAGS: usize = 20 => count "tags";
    /// A tag.
    MAX_TAG_CHARS: usize = 64 => count "characters";
    /// A language tag, as long as RFC 5646 asks for.
    MAX_LANGUAGE_CHARS: usize = 35 => count "characters";
    /// What a model may write about an entry; the guard cuts it further.
    MAX_VIBE_TOKENS: u32 = 200 => count "tokens";
    /// What one call may cost by the operator's prices; dearer ones are counted as this. A million
    /// units of the currency.
    MAX_CALL_COST_NANOS: i64 = 1_000_000_000_000_000 => count "billionths";
    /// Days in one report of somebody's usage.
    MAX_USAGE_DAYS: i64 = 92 => count "days";
    /// How long a model may take about an entry.
    MAX_VIBE_TIME: Duration = Duration::from_secs(45);
    /// How long a model may take to greet somebody who begins a journaling session.
    MAX_GREETING_TIME: Duration = Duration::from_secs(10);
    /// How long a model may take to sum up a journaling session.
    MAX_SUMMARY_TIME: Duration = Duration::from_secs(45);
    /// How long the vibe check of a note is remembered.
    VIBE_KEPT_FOR: Duration = Duration::from_mins(10);
    /// Stretches in a history of moods.
    MAX_HISTORY_BUCKETS: usize = 400 => count "stretches";
    /// What is looked for in a search.
    MAX_QUERY_CHARS: usize = 200 => count "characters";
    /// Rows that a search reads at a time.
    SCAN_PAGE_ROWS: u32 = 200 => count "rows";
    /// Images with one message.
    MAX_ATTACHMENTS: usize = 4 => count "images";
    /// One image, decoded.
    MAX_ATTACHMENT_BYTES: usize = 5 * 1024 * 1024 => count "bytes";
    /// A reply; past this the model is stopped and the reply stands as cut.
    MAX_REPLY_BYTES: usize = 256 * 1024 => count "bytes";
    /// A page of a list when the client asks for no number.
    DEFAULT_PAGE_ITEMS: u32 = 50 => count "items";
    /// A page of a list, at most.
    MAX_PAGE_ITEMS: u32 = 100 => count "items";
    /// Messages that a model is shown, the newest ones.
    MAX_PROMPT_MESSAGES: u32 = 200 => count "messages";
    /// What a model is let read and write together, unless the operator says otherwise or it takes less.
    CONTEXT_TOKENS: u32 = 32_768 => count "tokens";
    /// What of it is kept for an answer whose length nobody limits.
    DEFAULT_REPLY_TOKENS: u32 = 1_024 => count "tokens";
    /// What an image is taken to cost in a prompt.
    IMAGE_TOKENS: u32 = 1_100 => count "tokens";
    /// Images that a model is shown, the newest ones.
    MAX_PROMPT_IMAGES: u32 = 4 => count "images";
    /// How long a deleted conversation stays in the trash.
    TRASH_DAYS: u64 = 30 => count "days";
    /// Sign-in sessions that one user may have open; the longest unused makes room for a new one.
    MAX_SESSIONS: u32 = 100 => count "sessions";
    /// Identities of other issuers that may open one account.
    MAX_IDENTITIES: u32 = 20 => count "identities";
    /// An ID token that is exchanged or linked.
    MAX_ID_TOKEN_BYTES: usize = 8 * 1024 => count "bytes";
    /// How long the keys of ID tokens are used after their time, when no new ones can be fetched.
    KEYS_OUTLIVE: Duration = Duration::from_hours(6);
    /// What is kept of a client's self-description with a session.
    MAX_USER_AGENT_CHARS: usize = 200 => count "characters";
    /// Passwords that may wait to be hashed; the next one is asked to come back.
    HASHING_QUEUE: usize = 64 => count "passwords";
    /// Failed sign-ins for one name before it is slowed down.
    FREE_ATTEMPTS_PER_NAME: u32 = 5 => count "attempts";
    /// Failed sign-ins, and registrations, from one address before it is slowed down.
    FREE_ATTEMPTS_PER_ADDRESS: u32 = 50 => count "attempts";
    /// The longest wait between two attempts. It doubles from one second.
    MAX_ATTEMPT_DELAY: Duration = Duration::from_mins(1);
    /// Attempts are forgotten this long after the last one.
    ATTEMPTS_FORGOTTEN_AFTER: Duration = Duration::from_mins(15);
    /// How long a refresh token may be used again after it was exchanged: two tabs at once.
    REFRESH_GRACE: Duration = Duration::from_secs(10);
    /// How far ahead another clock may be for `nbf` and `iat` of a token; `exp` is exact.
    CLOCK_SKEW: Duration = Duration::from_secs(30);
    /// A running reply is saved this often.
    CHECKPOINT_EVERY: Duration = Duration::from_millis(250);
    /// A running reply is saved sooner when this much of it is new.
    CHECKPOINT_BYTES: usize = 4 * 1024 => count "bytes";
    /// The whole time one reply may take.
    MAX_GENERATION: Duration = Duration::from_mins(10);
    /// How long running replies may go on once the server was told to stop.
    DRAIN: Duration = Duration::from_secs(25);
    /// How long replies that were told to end have to store what they have.
    LAST_WORDS: Duration = Duration::from_secs(4);
    /// A request's body, unless the route says otherwise.
    MAX_BODY_BYTES: usize = 1024 * 1024 => count "bytes";
    /// A body that sends a message: four images in base64, and the text.
    MAX_SEND_BODY_BYTES: usize = 28 * 1024 * 1024 => count "bytes";
    /// What is read and thrown away of a body that is too large before 413 is answered.
    MAX_DISCARDED_BYTES: usize = 32 * 1024 * 1024 => count "bytes";
}
