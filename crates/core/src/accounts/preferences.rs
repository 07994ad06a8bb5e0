//! How somebody wants to be spoken to. What it changes in a prompt is said here; the rest of the
//! prompt is not.

use serene_db::{Row, Select, Statement, Write, values};
use serene_llm::Manner;
pub use serene_llm::{AddressStyle, Personality};
use uuid::Uuid;

use super::Accounts;
use crate::base::{Base, Error, Owner, Time};

serene_db::statements! {
    FIND = "preferences.find":
        "SELECT max_tokens, personality, address_style FROM preferences \
         WHERE owner_id = ? AND scope = ? LIMIT 1";
    INSERT = "preferences.insert":
        "INSERT INTO preferences (owner_id, scope, max_tokens, personality, address_style, \
         updated_at) VALUES (?, ?, ?, ?, ?, ?)";
    DELETE = "preferences.delete":
        "DELETE FROM preferences WHERE owner_id = ? AND scope = ?";
}

/// The scope of what counts everywhere.
const EVERYWHERE: Uuid = Uuid::nil();

/// How somebody wants to be spoken to; what is `None` was never said.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Preferences {
    /// How long an answer may be.
    pub max_tokens: Option<u32>,
    /// Whose voice answers.
    pub personality: Option<Personality>,
    /// How the person is addressed.
    pub address_style: Option<AddressStyle>,
}

impl Preferences {
    /// What of them an engine needs that follows no instruction.
    pub(crate) const fn manner(&self) -> Manner {
        Manner { personality: self.personality, address_style: self.address_style }
    }

    /// What they add to the instruction; empty when they ask for nothing.
    pub(crate) fn instruction(&self) -> String {
        let voice = match self.personality {
            None | Some(Personality::Default) => None,
            Some(Personality::Robot) => {
                Some("Speak like a friendly robot: literal, orderly, in short sentences.")
            }
            Some(Personality::Cynic) => {
                Some("Speak with dry, sceptical wit, never at the person's expense.")
            }
            Some(Personality::Expert) => Some(
                "Speak as an expert would: thorough and exact, and clear about what is uncertain.",
            ),
        };
        let address = match self.address_style {
            None => None,
            Some(AddressStyle::Casual) => Some("Address the person casually."),
            Some(AddressStyle::Formal) => Some("Address the person formally."),
            Some(AddressStyle::Friendly) => Some("Address the person as a good friend would."),
            Some(AddressStyle::Professional) => {
                Some("Address the person as in a professional conversation.")
            }
        };
        let said: Vec<&str> = voice.into_iter().chain(address).collect();
        if said.is_empty() { String::new() } else { format!("\n\n{}", said.join(" ")) }
    }
}

/// What an owner prefers.
pub(crate) async fn read(base: &Base, owner: Owner) -> Result<Preferences, Error> {
    let map = |row: &Row<'_>| {
        let personality: Option<String> = row.get(1)?;
        let address_style: Option<String> = row.get(2)?;
        Ok::<_, Error>(Preferences {
            max_tokens: row.get(0)?,
            // What this version does not know is as good as never said.
            personality: personality.as_deref().and_then(Personality::from_word),
            address_style: address_style.as_deref().and_then(AddressStyle::from_word),
        })
    };
    let values = values![owner.id(), EVERYWHERE];
    Ok(base.db.query_one(Select::new(&FIND, values, map)).await?.unwrap_or_default())
}

impl Accounts {
    /// How the owner wants to be spoken to.
    pub async fn preferences(&self, owner: Owner) -> Result<Preferences, Error> {
        read(&self.base, owner).await
    }

    /// Keeps how the owner wants to be spoken to.
    pub async fn set_preferences(&self, owner: Owner, new: Preferences) -> Result<(), Error> {
        let now: Time = self.base.clock.now();
        let insert = values![
            owner.id(),
            EVERYWHERE,
            new.max_tokens,
            new.personality.map(Personality::as_str),
            new.address_style.map(AddressStyle::as_str),
            now.as_micros(),
        ];
        let write = Write::from(Statement::new(&DELETE, values![owner.id(), EVERYWHERE]))
            .with(Statement::new(&INSERT, insert));
        self.base.db.commit(write).await?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_was_asked_for_is_told_to_a_model() {
        assert_eq!(Preferences::default().instruction(), "");
        let robot = Preferences {
            personality: Some(Personality::Robot),
            address_style: Some(AddressStyle::Formal),
            ..Preferences::default()
        };
        let said = robot.instruction();
        assert!(said.contains("robot") && said.contains("formally"), "{said}");
    }
}
