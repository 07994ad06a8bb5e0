//! Every limit of the product in one table; `docs/limits.md` prints it.

use std::time::Duration;

/// Characters of a user name, at least and at most.
pub const USERNAME_CHARS: std::ops::RangeInclusive<usize> = 2..=64;
/// Bytes of an e-mail address (RFC 5321 allows 254).
pub const MAX_EMAIL_BYTES: usize = 254;
/// Characters of a password, at least.
pub const MIN_PASSWORD_CHARS: usize = 8;
/// Bytes of a password, at most: bcrypt reads no more, and cutting silently would be worse.
pub const MAX_PASSWORD_BYTES: usize = 72;
/// Characters of a title.
pub const MAX_TITLE_CHARS: usize = 200;
/// Characters of a title that is made from the first message.
pub const DERIVED_TITLE_CHARS: usize = 60;
/// Characters of a message that a user sends.
pub const MAX_MESSAGE_CHARS: usize = 32_000;
/// Images with one message.
pub const MAX_ATTACHMENTS: usize = 4;
/// Bytes of one image, decoded.
pub const MAX_ATTACHMENT_BYTES: usize = 5 * 1024 * 1024;
/// Bytes of a reply; past this the model is stopped and the reply stands as cut.
pub const MAX_REPLY_BYTES: usize = 256 * 1024;
/// Items of a page when the client asks for no number.
pub const DEFAULT_PAGE_ITEMS: u32 = 50;
/// Items of a page at most.
pub const MAX_PAGE_ITEMS: u32 = 100;
/// Messages that a model is shown, the newest ones.
pub const MAX_PROMPT_MESSAGES: u32 = 200;
/// Bytes of text that a model is shown, the newest first; the last message always.
pub const MAX_PROMPT_BYTES: usize = 96 * 1024;
/// Images that a model is shown, the newest ones.
pub const MAX_PROMPT_IMAGES: u32 = 4;
/// Days in the trash.
pub const TRASH_DAYS: u64 = 30;
/// Sign-in sessions that one user may have open; the longest unused makes room for a new one.
pub const MAX_SESSIONS: u32 = 100;
/// Characters of a client's self-description that are kept with a session.
pub const MAX_USER_AGENT_CHARS: usize = 200;
/// Passwords that may wait to be hashed; the next one is asked to come back.
pub const HASHING_QUEUE: usize = 64;
/// Failed sign-ins for one name before it is slowed down.
pub const FREE_ATTEMPTS_PER_NAME: u32 = 5;
/// Failed sign-ins, and registrations, from one address before it is slowed down.
pub const FREE_ATTEMPTS_PER_ADDRESS: u32 = 50;
/// The longest wait between two attempts. It doubles from one second.
pub const MAX_ATTEMPT_DELAY: Duration = Duration::from_mins(1);
/// Attempts are forgotten this long after the last one.
pub const ATTEMPTS_FORGOTTEN_AFTER: Duration = Duration::from_mins(15);
/// How long a refresh token may be used again after it was exchanged: two tabs at once.
pub const REFRESH_GRACE: Duration = Duration::from_secs(10);
/// How far ahead another clock may be for `nbf` and `iat`; `exp` is exact.
pub const CLOCK_SKEW: Duration = Duration::from_secs(30);
/// A running reply is saved this often …
pub const CHECKPOINT_EVERY: Duration = Duration::from_millis(250);
/// … or whenever this much of it is new.
pub const CHECKPOINT_BYTES: usize = 4 * 1024;
/// The whole time one reply may take.
pub const MAX_GENERATION: Duration = Duration::from_mins(10);
/// How long running replies may go on once the server was told to stop.
pub const DRAIN: Duration = Duration::from_secs(25);
/// Bytes of a request's body, unless the route says otherwise.
pub const MAX_BODY_BYTES: usize = 1024 * 1024;
/// Bytes of a body that sends a message: four images in base64, and the text.
pub const MAX_SEND_BODY_BYTES: usize = 28 * 1024 * 1024;
/// Bytes of a body that are thrown away before 413 is answered.
pub const MAX_DISCARDED_BYTES: usize = 32 * 1024 * 1024;
/// How long replies that were told to end have to store what they have.
pub const LAST_WORDS: Duration = Duration::from_secs(4);
