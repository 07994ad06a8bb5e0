//! Accounts: users, their sign-in sessions and tokens, and what slows down guessing.

mod hashing;
mod identities;
pub(crate) mod preferences;
mod store;
mod throttle;
mod tokens;

pub(crate) use identities::STATEMENTS as IDENTITY_STATEMENTS;
pub(crate) use store::ALL as STATEMENTS;

use std::{net::IpAddr, time::Duration};

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use hashing::Hasher;
pub use hashing::HashingOptions;
pub use identities::{FIREBASE_CERTS_URL, FirebaseKeys, FirebaseOptions, Identity, LinkedIdentity};
pub use preferences::{
    AddressStyle, Personality, PreferenceChanges, Preferences, Temperature, Wish, address_style,
    personality, reply_tokens,
};
use secrecy::SecretString;
use serene_db::{Db, DbError, Sequence, Statement, Write};
pub use throttle::ThrottleMode;
use throttle::{Attempt, Throttle};
pub use tokens::TokenLifetimes;
use tokens::{RefreshToken, Tokens};
use uuid::Uuid;

use crate::base::text::LoginName;
use crate::base::{
    Base, Country, Cursor, Email, Error, Language, Owner, Page, PageSize, Password, Resource,
    Retry, Time, Username, Zone, error::OrNotFound, limits, vault,
};

/// A person's account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct User {
    /// Its id.
    pub id: Uuid,
    /// The integer that some published contracts print.
    pub number: i64,
    /// The chosen name, if there is one.
    pub username: Option<String>,
    /// The e-mail address, if there is one. Not verified.
    pub email: Option<String>,
    /// The zone their days are in: a name of the IANA database.
    pub time_zone: Option<String>,
    /// Where they live: decides which help is shown.
    pub country: Option<Country>,
    /// What they speak.
    pub language: Option<Language>,
    /// When the account was made.
    pub created_at: Time,
    /// When name or address last changed.
    pub updated_at: Time,
}

/// Who registers. At least one of the two names is given.
#[derive(Clone, Debug)]
pub struct NewUser {
    /// A user name.
    pub username: Option<Username>,
    /// An e-mail address.
    pub email: Option<Email>,
    /// The password.
    pub password: Password,
}

/// What to change of an account; `None` leaves a field as it is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct UserChanges {
    /// A new user name.
    pub username: Option<Username>,
    /// A new e-mail address.
    pub email: Option<Email>,
    /// The zone their days are in; it must exist.
    pub time_zone: Option<Zone>,
    /// Where they live.
    pub country: Option<Country>,
    /// What they speak.
    pub language: Option<Language>,
}

/// Where a request comes from, kept with the session it opens.
#[derive(Clone, Debug, Default)]
pub struct Client {
    /// The address, behind trusted proxies the one they name.
    pub address: Option<IpAddr>,
    /// What the client says it is; cut to [`limits::MAX_USER_AGENT_CHARS`].
    pub user_agent: Option<String>,
}

/// One sign-in on one device.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Session {
    /// Its id.
    pub id: Uuid,
    /// When it began.
    pub created_at: Time,
    /// When a token of it was last exchanged.
    pub last_used_at: Time,
    /// When it ends if it is not used before.
    pub expires_at: Time,
    /// What the client said it was.
    pub user_agent: Option<String>,
    /// The address it was opened from.
    pub address: Option<String>,
}

/// Who is asking: the result of authentication.
#[derive(Clone, Debug)]
pub struct Caller {
    /// Whose data the request may touch.
    pub owner: Owner,
    /// The session the token names.
    pub session_id: Uuid,
    /// The account.
    pub user: User,
}

/// A fresh pair of tokens.
#[derive(Clone, Debug)]
pub struct TokenPair {
    /// A JWT (HS256) for the `Authorization` header.
    pub access_token: SecretString,
    /// How long it is good.
    pub access_lifetime: Duration,
    /// Good for one exchange.
    pub refresh_token: SecretString,
    /// The session both belong to.
    pub session_id: Uuid,
}

/// How accounts are run.
#[derive(Debug)]
pub struct AccountOptions {
    /// The secret that signs tokens.
    pub secret: SecretString,
    /// How long tokens are good.
    pub lifetimes: TokenLifetimes,
    /// How passwords are hashed.
    pub hashing: HashingOptions,
    /// Whether repeated attempts are slowed down.
    pub throttle: ThrottleMode,
    /// Whose ID tokens are taken besides our own.
    pub firebase: Option<FirebaseOptions>,
}

/// The accounts of one server.
#[derive(Debug)]
pub struct Accounts {
    base: Base,
    hasher: Hasher,
    throttle: Throttle,
    tokens: Tokens,
    firebase: Option<identities::Verifier>,
    numbers: Sequence,
}

impl Accounts {
    /// Starts the hashing threads.
    ///
    /// # Errors
    /// When a thread cannot be started, or there can be no client that fetches keys.
    pub fn new(base: Base, options: &AccountOptions) -> std::io::Result<Self> {
        Ok(Self {
            hasher: Hasher::start(&options.hashing)?,
            throttle: Throttle::new(options.throttle),
            tokens: Tokens::new(&options.secret, options.lifetimes),
            firebase: identities::verifier(&base, options.firebase.as_ref())?,
            numbers: Sequence::new("users", 1),
            base,
        })
    }

    /// Makes an account and signs it in.
    ///
    /// # Errors
    /// [`Error::UsernameTaken`], [`Error::EmailTaken`], [`Error::TooManyAttempts`],
    /// [`Error::HashingBusy`].
    pub async fn register(
        &self,
        new: NewUser,
        client: &Client,
    ) -> Result<(User, TokenPair), Error> {
        self.register_for(new, client, None).await
    }

    /// As [`Self::register`], with an access token that is good for `lifetime`: for clients that
    /// know of no refresh token.
    ///
    /// # Errors
    /// As [`Self::register`].
    pub async fn register_for(
        &self,
        new: NewUser,
        client: &Client,
        lifetime: Option<Duration>,
    ) -> Result<(User, TokenPair), Error> {
        self.throttle.registration(client.address, self.base.clock.now())?;
        let (user, write) = self.new_user(new).await?;
        let owner = Owner::without_key(user.id);
        let (tokens, session) = self.open_session(owner, &user, client, lifetime);
        self.base.db.commit(write.with(session)).await.map_err(name_taken)?;
        Ok((user, tokens))
    }

    /// Makes an account without signing it in; otherwise as [`Self::register`].
    ///
    /// # Errors
    /// As [`Self::register`].
    pub async fn enrol(&self, new: NewUser, client: &Client) -> Result<User, Error> {
        self.throttle.registration(client.address, self.base.clock.now())?;
        self.create(new).await
    }

    /// Makes an account without signing it in: for the command line.
    ///
    /// # Errors
    /// [`Error::UsernameTaken`], [`Error::EmailTaken`].
    pub async fn create(&self, new: NewUser) -> Result<User, Error> {
        let (user, write) = self.new_user(new).await?;
        self.base.db.commit(write).await.map_err(name_taken)?;
        Ok(user)
    }

    /// The user, and the write that makes them, with a key for their text if there is a vault.
    async fn new_user(&self, new: NewUser) -> Result<(User, Write), Error> {
        if new.username.is_none() && new.email.is_none() {
            return Err(Error::invalid("username", "or email must be given"));
        }
        let hash = self.hasher.hash(new.password).await?;
        self.draft_user(new.username.as_ref(), new.email.as_ref(), Some(hash)).await
    }

    /// As [`Self::new_user`], of whatever is known of them.
    async fn draft_user(
        &self,
        username: Option<&Username>,
        email: Option<&Email>,
        password_hash: Option<String>,
    ) -> Result<(User, Write), Error> {
        let now = self.base.clock.now();
        let user = User {
            id: self.base.ids.new_id(now),
            number: self.numbers.next(&self.base.db).await?,
            username: username.map(|name| name.shown().to_owned()),
            email: email.map(|email| email.shown().to_owned()),
            time_zone: None,
            country: None,
            language: None,
            created_at: now,
            updated_at: now,
        };
        let insert = store::insert_user(&user, username, email, password_hash);
        let (owner, wrapped) = self.base.vault.new_key(user.id, &self.base.ids);
        let key = wrapped.map(|wrapped| vault::insert_key(owner, wrapped));
        Ok((user, Write::from(insert).with_all(key)))
    }

    /// Signs in by user name or e-mail address. An unknown name costs as much as a wrong password
    /// and is answered alike.
    ///
    /// # Errors
    /// [`Error::InvalidCredentials`], [`Error::TooManyAttempts`], [`Error::HashingBusy`].
    pub async fn login(
        &self,
        name: &str,
        password: &str,
        client: &Client,
    ) -> Result<(User, TokenPair), Error> {
        self.login_for(name, password, client, None).await
    }

    /// As [`Self::login`], with an access token that is good for `lifetime`: for clients that know
    /// of no refresh token.
    ///
    /// # Errors
    /// As [`Self::login`].
    pub async fn login_for(
        &self,
        name: &str,
        password: &str,
        client: &Client,
        lifetime: Option<Duration>,
    ) -> Result<(User, TokenPair), Error> {
        let name = LoginName::new(name);
        let now = self.base.clock.now();
        let attempt = self.throttle.login(name.folded(), client.address, now)?;
        let found = store::find_by_login(&self.base.db, &name).await?;
        let (user, hash) = found.unzip();
        let verified = self.verify(password, hash.flatten(), attempt).await?;
        let user = user.filter(|_| verified).ok_or(Error::InvalidCredentials)?;
        let owner = Owner::without_key(user.id);
        let tokens = self.begin_session(owner, &user, client, lifetime).await?;
        Ok((user, tokens))
    }

    /// Begins a session of an account that there is, and clears away those that are over.
    async fn begin_session(
        &self,
        owner: Owner,
        user: &User,
        client: &Client,
        lifetime: Option<Duration>,
    ) -> Result<TokenPair, Error> {
        let (tokens, session) = self.open_session(owner, user, client, lifetime);
        let write = Write::new()
            .with(store::delete_dead_sessions(owner, self.base.clock.now()))
            .with(store::delete_surplus_sessions(owner))
            .with(session);
        self.base.db.commit(write).await?;
        Ok(tokens)
    }

    /// Compares a password, giving the attempt back when it was right or was never tried.
    async fn verify(
        &self,
        password: &str,
        hash: Option<String>,
        attempt: Attempt<'_>,
    ) -> Result<bool, Error> {
        // A password that no account can have is compared all the same, or its answer would be
        // faster; an empty one is as good as any.
        let possible = Password::present(password);
        let right = possible.is_some() && hash.is_some();
        let password = possible.or_else(|| Password::present(""));
        let result = match password {
            Some(password) => self.hasher.verify(password, hash).await,
            None => Ok(false),
        };
        match result {
            Ok(verified) if verified && right => {
                attempt.succeeded();
                Ok(true)
            }
            Ok(_) => Ok(false),
            Err(error) => {
                attempt.not_tried();
                Err(error)
            }
        }
    }

    /// Exchanges a refresh token for a new pair. The same token again within
    /// [`limits::REFRESH_GRACE`] gives the same refresh token (two tabs); later it ends the
    /// session, because two parties hold it.
    ///
    /// # Errors
    /// [`Error::RefreshInvalid`], [`Error::RefreshReused`].
    pub async fn refresh(&self, token: &str) -> Result<(User, TokenPair), Error> {
        let presented = self.tokens.read_refresh(token).ok_or(Error::RefreshInvalid)?;
        let owner = Owner::without_key(presented.owner_id);
        // Losing the race against another tab is decided by a second look.
        for _ in 0..2 {
            let (user, state) = store::refresh_state(&self.base.db, owner, presented.session_id)
                .await?
                .ok_or(Error::RefreshInvalid)?;
            let now = self.base.clock.now();
            if state.revoked_at.is_some() || state.expires_at <= now {
                return Err(Error::RefreshInvalid);
            }
            let child = self.tokens.rotate(&presented);
            if state.refresh_hash == presented.hash() {
                let expires_at = now.plus(self.tokens.lifetimes().session());
                let rotate = store::rotate_session(owner, &presented, &child, now, expires_at);
                match self.base.db.commit(Write::from(rotate)).await {
                    Ok(_) => return Ok((user.clone(), self.pair(owner, &user, &child, None))),
                    Err(DbError::Guard(_)) => continue,
                    Err(error) => return Err(error.into()),
                }
            }
            let previous = state.previous_refresh_hash.as_deref() == Some(&presented.hash()[..]);
            // Either way: a clock that was set back must not stretch the grace.
            let recent = state
                .rotated_at
                .is_some_and(|at| now.since(at).max(at.since(now)) <= limits::REFRESH_GRACE);
            if previous && recent {
                return Ok((user.clone(), self.pair(owner, &user, &child, None)));
            }
            tracing::warn!(owner = %owner.id(), session = %presented.session_id,
                "a refresh token was used twice; its session was ended");
            let revoke = store::revoke_session(owner, presented.session_id, now);
            self.base.db.commit(Write::from(revoke)).await?;
            return Err(Error::RefreshReused);
        }
        Err(Error::RefreshInvalid)
    }

    /// Tells the secret that signs tokens from others, and says nothing else of it.
    pub(crate) const fn secret_fingerprint(&self) -> Uuid {
        self.tokens.fingerprint()
    }

    /// A client's key for a request that creates, and the route and the body of that request.
    ///
    /// # Errors
    /// [`Error::Invalid`] when it is no key: see [`limits::MAX_IDEMPOTENCY_KEY_CHARS`].
    pub fn retry(&self, key: &[u8], route: &str, body: &[u8]) -> Result<Retry, Error> {
        Retry::new(self.tokens.idempotency_key(), key, &[route.as_bytes(), body])
    }

    /// Whether the owner created something with this key before, whatever the request was. What is no
    /// key was not used.
    ///
    /// # Errors
    /// When storage fails.
    pub async fn remembers(&self, owner: Owner, key: &[u8]) -> Result<bool, Error> {
        match Retry::new(self.tokens.idempotency_key(), key, &[]) {
            Ok(retry) => self.base.remembers(owner, retry).await,
            Err(_) => Ok(false),
        }
    }

    /// Says who is asking. The session is looked up each time, so that logout and revocation act
    /// at once.
    ///
    /// # Errors
    /// [`Error::TokenInvalid`], [`Error::TokenExpired`], [`Error::SessionEnded`].
    pub async fn authenticate(&self, access_token: &str) -> Result<Caller, Error> {
        let now = self.base.clock.now();
        let claims = self.tokens.read_access(access_token, now)?;
        let asking = Owner::without_key(claims.user_id);
        let (user, state) = store::session_state(&self.base.db, asking, claims.sid)
            .await?
            .ok_or(Error::SessionEnded)?;
        if state.revoked || state.expires_at <= now {
            return Err(Error::SessionEnded);
        }
        let owner = self.base.owner(claims.user_id).await?;
        Ok(Caller { owner, session_id: claims.sid, user })
    }

    /// Whether the account that a token names is there: [`Self::authenticate`] cannot tell a closed
    /// session from one that went with its account.
    ///
    /// # Errors
    /// [`Error::TokenInvalid`], [`Error::TokenExpired`]; [`Error::NotFound`] when it is gone.
    pub async fn check_account(&self, access_token: &str) -> Result<(), Error> {
        let claims = self.tokens.read_access(access_token, self.base.clock.now())?;
        let named = Owner::without_key(claims.user_id);
        let user = store::find(&self.base.db, named).await?;
        user.map(drop).or_not_found(Resource::User)
    }

    /// Somebody who is let in without a credential, because the operator said so: made when there
    /// is nobody of that name. Their password is nobody's.
    ///
    /// # Errors
    /// [`Error::Invalid`] when it is no user name.
    pub async fn act_as(&self, name: &str) -> Result<Caller, Error> {
        let username = Username::parse(name)?;
        let user = match self.find_by_login(name).await {
            Ok(user) => user,
            Err(Error::NotFound(_)) => {
                let secret: [u8; 32] = self.base.ids.secret();
                let password = Password::choose("password", &URL_SAFE_NO_PAD.encode(secret))?;
                let new = NewUser { username: Some(username), email: None, password };
                match self.create(new).await {
                    Ok(user) => user,
                    // Two first requests at once.
                    Err(Error::UsernameTaken) => self.find_by_login(name).await?,
                    Err(error) => return Err(error),
                }
            }
            Err(error) => return Err(error),
        };
        let owner = self.base.owner(user.id).await?;
        Ok(Caller { owner, session_id: Uuid::nil(), user })
    }

    /// The open sessions, the last used first.
    pub async fn sessions(&self, owner: Owner) -> Result<Vec<Session>, Error> {
        store::open_sessions(&self.base.db, owner, self.base.clock.now()).await
    }

    /// Ends one session. Its tokens are refused from now on.
    ///
    /// # Errors
    /// [`Error::NotFound`] when it is not open.
    pub async fn revoke_session(&self, owner: Owner, session_id: Uuid) -> Result<(), Error> {
        let revoke = store::revoke_session(owner, session_id, self.base.clock.now());
        let touched = self.base.db.commit(Write::from(revoke)).await?;
        (touched.first() == Some(&1)).then_some(()).or_not_found(Resource::Session)
    }

    /// Ends every session, except one if that is asked.
    pub async fn revoke_sessions(&self, owner: Owner, except: Option<Uuid>) -> Result<(), Error> {
        let revoke = store::revoke_sessions(owner, except, self.base.clock.now());
        self.base.db.commit(Write::from(revoke)).await?;
        Ok(())
    }

    /// The account.
    ///
    /// # Errors
    /// [`Error::NotFound`].
    pub async fn user(&self, owner: Owner) -> Result<User, Error> {
        store::find(&self.base.db, owner).await?.or_not_found(Resource::User)
    }

    /// Changes name or address.
    ///
    /// # Errors
    /// [`Error::UsernameTaken`], [`Error::EmailTaken`], [`Error::NotFound`].
    pub async fn change_user(&self, owner: Owner, changes: UserChanges) -> Result<User, Error> {
        let now = self.base.clock.now();
        let mut write = Write::new();
        if let Some(username) = &changes.username {
            write = write.with(store::set_username(owner, username, now));
        }
        if let Some(email) = &changes.email {
            write = write.with(store::set_email(owner, email, now));
        }
        if let Some(zone) = &changes.time_zone {
            write = write.with(store::set_time_zone(owner, zone, now));
        }
        if let Some(country) = changes.country {
            write = write.with(store::set_country(owner, country, now));
        }
        if let Some(language) = changes.language {
            write = write.with(store::set_language(owner, language, now));
        }
        let result = self.base.db.commit(write).await.map_err(name_taken);
        result.map_err(|error| error.on_guard(Error::NotFound(Resource::User)))?;
        self.user(owner).await
    }

    /// Changes the password and ends all other sessions. `current` is throttled like a sign-in.
    ///
    /// # Errors
    /// [`Error::InvalidCredentials`] when `current` is wrong.
    pub async fn change_password(
        &self,
        caller: &Caller,
        current: &str,
        new: Password,
        client: &Client,
    ) -> Result<(), Error> {
        let now = self.base.clock.now();
        let name = caller.owner.id().to_string();
        let attempt = self.throttle.login(&name, client.address, now)?;
        let hash = store::password_hash(&self.base.db, caller.owner).await?;
        if !self.verify(current, hash, attempt).await? {
            return Err(Error::InvalidCredentials);
        }
        self.set_password(caller.owner, new, Some(caller.session_id)).await
    }

    /// Sets a password and ends all sessions but `keep`.
    ///
    /// # Errors
    /// [`Error::NotFound`].
    pub async fn set_password(
        &self,
        owner: Owner,
        new: Password,
        keep: Option<Uuid>,
    ) -> Result<(), Error> {
        let hash = self.hasher.hash(new).await?;
        let now = self.base.clock.now();
        let write = Write::from(store::set_password(owner, hash, now))
            .with(store::revoke_sessions(owner, keep, now));
        let result = self.base.db.commit(write).await;
        result.map_err(|e| Error::from(e).on_guard(Error::NotFound(Resource::User)))?;
        Ok(())
    }

    /// The accounts by number, for the command line.
    pub async fn list(&self, after: Option<Cursor>, size: PageSize) -> Result<Page<User>, Error> {
        let users = store::list(&self.base.db, after, size.and_one_more()).await?;
        Ok(Page::cut(users, size, |user| Cursor { number: user.number, id: Uuid::nil() }))
    }

    /// Finds an account by what its owner signs in with, for the command line.
    ///
    /// # Errors
    /// [`Error::NotFound`].
    pub async fn find_by_login(&self, name: &str) -> Result<User, Error> {
        let found = store::find_by_login(&self.base.db, &LoginName::new(name)).await?;
        found.map(|(user, _)| user).or_not_found(Resource::User)
    }

    /// First step of deleting an account: nobody can use it from here on, and its names stay
    /// taken until it is gone.
    pub(crate) async fn close(&self, owner: Owner) -> Result<(), Error> {
        let now = self.base.clock.now();
        let write = Write::from(store::close_user(owner, now))
            .with(store::revoke_sessions(owner, None, now))
            // Without its key what was sealed is noise from now on.
            .with(vault::delete_key(owner));
        let result = self.base.db.commit(write).await;
        result.map_err(|e| Error::from(e).on_guard(Error::NotFound(Resource::User)))?;
        Ok(())
    }

    /// Last step of deleting an account.
    pub(crate) async fn remove(&self, owner: Owner) -> Result<(), Error> {
        let write = Write::from(store::delete_sessions(owner))
            .with(identities::delete_all(owner))
            .with(store::delete_user(owner));
        self.base.db.commit(write).await?;
        Ok(())
    }

    /// Ids and numbers of users after a number, in its order; those that are being deleted too.
    pub(crate) async fn all_ids(db: &Db, after: i64) -> Result<Vec<(Uuid, i64)>, Error> {
        store::all_ids(db, after).await
    }

    /// Accounts whose deletion was begun and not finished.
    pub(crate) async fn closing(&self) -> Result<Vec<Uuid>, Error> {
        Self::closing_of(&self.base.db).await
    }

    /// The same, of a database.
    pub(crate) async fn closing_of(db: &Db) -> Result<Vec<Uuid>, Error> {
        store::closing(db).await
    }

    fn open_session(
        &self,
        owner: Owner,
        user: &User,
        client: &Client,
        lifetime: Option<Duration>,
    ) -> (TokenPair, Statement) {
        let now = self.base.clock.now();
        let session_id = self.base.ids.new_id(now);
        let refresh = self.tokens.first_refresh(owner, session_id, self.base.ids.secret());
        let session = Session {
            id: session_id,
            created_at: now,
            last_used_at: now,
            expires_at: now.plus(lifetime.unwrap_or(self.tokens.lifetimes().session())),
            user_agent: client.user_agent.as_ref().map(|agent| {
                let kept = agent.chars().filter(|c| !c.is_control());
                kept.take(limits::MAX_USER_AGENT_CHARS).collect()
            }),
            address: client.address.map(|address| address.to_string()),
        };
        let insert = store::insert_session(owner, &session, &refresh);
        (self.pair(owner, user, &refresh, lifetime), insert)
    }

    fn pair(
        &self,
        owner: Owner,
        user: &User,
        refresh: &RefreshToken,
        lifetime: Option<Duration>,
    ) -> TokenPair {
        let now = self.base.clock.now();
        let token_id = self.base.ids.new_id(now);
        let access_lifetime = lifetime.unwrap_or(self.tokens.lifetimes().access);
        let (number, session_id) = (user.number, refresh.session_id);
        let times = (now, access_lifetime);
        TokenPair {
            access_token: self.tokens.access(owner, number, session_id, token_id, times),
            access_lifetime,
            refresh_token: refresh.encode(),
            session_id: refresh.session_id,
        }
    }
}

/// Which name a unique key stands for.
fn name_taken(error: DbError) -> Error {
    match error {
        DbError::Duplicate(key) if key == "users_username_folded_key" => Error::UsernameTaken,
        DbError::Duplicate(key) if key == "users_email_folded_key" => Error::EmailTaken,
        other => other.into(),
    }
}
