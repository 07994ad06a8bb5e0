//! Who somebody is elsewhere: identities that another issuer vouches for with a token of its own,
//! today Firebase. An identity is the pair of issuer and subject. Its account is made when it is
//! first seen; accounts are never joined by e-mail address, which anybody may claim. Somebody who is
//! signed in may link an identity to their account.

mod certificate;
mod keys;
mod store;
mod verifier;

use serene_db::{DbError, Write};
pub(crate) use store::ALL as STATEMENTS;
pub(super) use store::delete_all;
use uuid::Uuid;
pub(super) use verifier::Verifier;

use super::{Accounts, Caller, Client, TokenPair, User};
use crate::base::{Base, Error, Owner, Resource, Time, limits};

/// Whose ID tokens are taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FirebaseOptions {
    /// The project: what tokens are made for, and by whom.
    pub project_id: String,
    /// How tokens are checked.
    pub keys: FirebaseKeys,
}

/// How ID tokens are checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FirebaseKeys {
    /// By the keys at this URL: a JWK set, or a map from key id to certificate in PEM.
    At(String),
    /// Not at all: the emulator signs nothing. Anybody can make such a token.
    Emulator,
}

/// Where Firebase publishes its keys.
pub const FIREBASE_CERTS_URL: &str =
    "https://www.googleapis.com/service_accounts/v1/jwk/securetoken@system.gserviceaccount.com";

/// Somebody as another issuer knows them.
#[derive(Clone, PartialEq, Eq)]
pub struct Identity {
    /// Who vouches for them.
    pub issuer: String,
    /// What they are called there.
    pub subject: String,
    /// Their e-mail address, as their token has it; it identifies nobody here.
    pub email: Option<String>,
}

// Which account is whose elsewhere is nobody's business in a log.
impl std::fmt::Debug for Identity {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Identity({}, [redacted])", self.issuer)
    }
}

/// An identity that opens an account.
#[derive(Clone, PartialEq, Eq)]
pub struct LinkedIdentity {
    /// Its id.
    pub id: Uuid,
    /// Who vouches for it.
    pub issuer: String,
    /// What its owner is called there.
    pub subject: String,
    /// Since when it opens the account.
    pub created_at: Time,
}

impl std::fmt::Debug for LinkedIdentity {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "LinkedIdentity({}, {}, [redacted])", self.id, self.issuer)
    }
}

/// The verifier of the issuer whose tokens are taken, if there is one.
pub(super) fn verifier(
    base: &Base,
    options: Option<&FirebaseOptions>,
) -> std::io::Result<Option<Verifier>> {
    options.map(|options| Verifier::new(options, base.clock.clone())).transpose()
}

impl Accounts {
    /// Who a token of another issuer speaks of. `None` when it names no issuer that is known here,
    /// as our own tokens do: the exact `iss` chooses the verifier, and each has one algorithm.
    ///
    /// # Errors
    /// [`Error::TokenInvalid`], [`Error::TokenExpired`], [`Error::IssuerUnavailable`].
    pub async fn identify(&self, token: &str) -> Result<Option<Identity>, Error> {
        match (&self.firebase, verifier::issuer(token)) {
            (Some(firebase), Some(issuer)) if issuer == firebase.issuer() => {
                firebase.verify(token, self.base.clock.now()).await.map(Some)
            }
            _ => Ok(None),
        }
    }

    /// The account of an identity, made when it is first seen. It has no name and no password.
    ///
    /// # Errors
    /// [`Error::NotFound`] while the account is being deleted.
    pub async fn caller_of(&self, identity: &Identity) -> Result<Caller, Error> {
        // A second look, for two first requests at once.
        for _ in 0..2 {
            if let Some(id) = store::find_owner(&self.base.db, identity).await? {
                let owner = self.base.owner(id).await?;
                let user = self.user(owner).await?;
                return Ok(Caller { owner, session_id: Uuid::nil(), user });
            }
            let (user, write) = self.draft_user(None, None, None).await?;
            let insert = store::insert(Owner::without_key(user.id), &self.draft(identity));
            match self.base.db.commit(write.with(insert)).await {
                Ok(_) => {}
                Err(DbError::Duplicate(key)) if key == TAKEN => {}
                Err(error) => return Err(error.into()),
            }
        }
        Err(Error::NotFound(Resource::User))
    }

    /// Exchanges a token of another issuer for a session here.
    ///
    /// # Errors
    /// As [`Self::identify`]; [`Error::TokenInvalid`] for a token of an issuer that is not known.
    pub async fn sign_in_as(
        &self,
        token: &str,
        client: &Client,
    ) -> Result<(User, TokenPair), Error> {
        let identity = self.identify(token).await?.ok_or(Error::TokenInvalid)?;
        let caller = self.caller_of(&identity).await?;
        let tokens = self.begin_session(caller.owner, &caller.user, client, None).await?;
        Ok((caller.user, tokens))
    }

    /// Lets an identity open this account from now on. Again is no error.
    ///
    /// # Errors
    /// As [`Self::sign_in_as`]; [`Error::IdentityTaken`] when it opens another account,
    /// [`Error::Invalid`] when there are [`limits::MAX_IDENTITIES`].
    pub async fn link_identity(&self, owner: Owner, token: &str) -> Result<LinkedIdentity, Error> {
        let identity = self.identify(token).await?.ok_or(Error::TokenInvalid)?;
        let linked = self.identities(owner).await?;
        let same =
            |it: &&LinkedIdentity| it.issuer == identity.issuer && it.subject == identity.subject;
        if let Some(same) = linked.iter().find(same) {
            return Ok(same.clone());
        }
        if linked.len() >= limits::MAX_IDENTITIES as usize {
            let most = limits::MAX_IDENTITIES;
            return Err(Error::invalid("id_token", format!("is one more than {most} identities")));
        }
        let new = self.draft(&identity);
        match self.base.db.commit(Write::from(store::insert(owner, &new))).await {
            Ok(_) => Ok(new),
            Err(DbError::Duplicate(key)) if key == TAKEN => Err(Error::IdentityTaken),
            Err(error) => Err(error.into()),
        }
    }

    /// The identities that open this account, the oldest first.
    pub async fn identities(&self, owner: Owner) -> Result<Vec<LinkedIdentity>, Error> {
        store::list(&self.base.db, owner).await
    }

    fn draft(&self, identity: &Identity) -> LinkedIdentity {
        let now = self.base.clock.now();
        LinkedIdentity {
            id: self.base.ids.new_id(now),
            issuer: identity.issuer.clone(),
            subject: identity.subject.clone(),
            created_at: now,
        }
    }
}

/// The key that says that an identity opens an account already.
const TAKEN: &str = "identities_issuer_subject_key";
