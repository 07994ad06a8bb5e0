//! How somebody wants to be spoken to: what it may be, and what of it counts everywhere. What a
//! model is told of it is not here, nor what counts in one conversation only.

use serene_db::{DbError, Row, Select, Statement, Value, Write, values};
pub use serene_llm::{AddressStyle, Personality};
use uuid::Uuid;

use super::Accounts;
use crate::base::{
    Base, Country, Error, Language, Owner, Private, Time, Zone, limits,
    vault::{Keeper, Place, SealedColumn},
};

/// The columns of [`Preferences`], in the order in which [`from_row`] reads and [`to_values`]
/// writes them.
macro_rules! preference_columns {
    () => {
        "model, temperature_hundredths, max_tokens, instruction, personality, address_style"
    };
}
pub(crate) use preference_columns;

serene_db::statements! {
    FIND = "preferences.find":
        concat!("SELECT ", preference_columns!(),
                " FROM preferences WHERE owner_id = ? AND id = ? LIMIT 1");
    INSERT = "preferences.insert":
        concat!("INSERT INTO preferences (owner_id, id, updated_at, ", preference_columns!(),
                ") VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)");
    DELETE = "preferences.delete":
        "DELETE FROM preferences WHERE owner_id = ? AND id = ?";
    PERSON = "users.person":
        "SELECT time_zone, country, language FROM users WHERE id = ? LIMIT 1";
    STORED_INSTRUCTIONS = "preferences.stored_instructions":
        "SELECT id, instruction FROM preferences WHERE owner_id = ? AND id > ? ORDER BY id LIMIT ?";
    STORE_INSTRUCTION = "preferences.store_instruction":
        "UPDATE preferences SET instruction = ? WHERE owner_id = ? AND id = ?";
}

/// The column of private text here.
pub(crate) static SEALED: &[SealedColumn] =
    &[SealedColumn { column: INSTRUCTION, read: &STORED_INSTRUCTIONS, write: &STORE_INSTRUCTION }];

const INSTRUCTION: &str = "preferences.instruction";

/// How often a set that meets another one is tried again.
const SET_TRIES: usize = 5;

/// A sampling temperature, 0 to 2 in steps of a hundredth.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Temperature {
    hundredths: u16,
}

impl Temperature {
    /// The nearest hundredth.
    ///
    /// # Errors
    /// [`Error::Invalid`] for what is no number from 0 to 2.
    pub fn new(value: f64) -> Result<Self, Error> {
        if !(0.0..=2.0).contains(&value) {
            return Err(Error::invalid("temperature", "must be a number from 0 to 2"));
        }
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "at most 200")]
        let hundredths = (value * 100.0).round() as u16;
        Ok(Self { hundredths })
    }

    /// As a number from 0 to 2.
    pub fn value(self) -> f64 {
        f64::from(self.hundredths) / 100.0
    }

    /// In hundredths, 0 to 200.
    pub(crate) const fn hundredths(self) -> u16 {
        self.hundredths
    }

    /// As engines take it.
    pub(crate) fn as_f32(self) -> f32 {
        f32::from(self.hundredths) / 100.0
    }
}

/// How somebody wants to be spoken to, in their own words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wish(Private);

impl Wish {
    /// # Errors
    /// [`Error::Invalid`] when it is blank, too long, or has a NUL.
    pub fn parse(text: &str) -> Result<Self, Error> {
        let most = limits::MAX_WISH_CHARS;
        if text.contains('\0') {
            return Err(Error::invalid("instruction", "must not contain a NUL character"));
        }
        if text.chars().count() > most {
            let problem = format!("must have at most {most} characters");
            return Err(Error::invalid("instruction", problem));
        }
        match text.trim() {
            "" => Err(Error::invalid("instruction", "must not be empty")),
            text => Ok(Self(Private::new(text))),
        }
    }

    /// The words.
    pub fn expose(&self) -> &str {
        self.0.expose()
    }
}

/// How many tokens an answer may have at most.
///
/// # Errors
/// [`Error::Invalid`] for a number out of [`limits::REPLY_TOKENS`].
pub fn reply_tokens(number: u32) -> Result<u32, Error> {
    if limits::REPLY_TOKENS.contains(&(number as usize)) {
        return Ok(number);
    }
    let (least, most) = (limits::REPLY_TOKENS.start(), limits::REPLY_TOKENS.end());
    Err(Error::invalid("max_tokens", format!("must be a number from {least} to {most}")))
}

/// Whose voice answers, by its word.
///
/// # Errors
/// [`Error::Invalid`].
pub fn personality(word: &str) -> Result<Personality, Error> {
    let problem = "must be `default`, `robot`, `cynic` or `expert`";
    Personality::from_word(word).ok_or_else(|| Error::invalid("personality", problem))
}

/// How the person is addressed, by its word.
///
/// # Errors
/// [`Error::Invalid`].
pub fn address_style(word: &str) -> Result<AddressStyle, Error> {
    let problem = "must be `casual`, `formal`, `friendly` or `professional`";
    AddressStyle::from_word(word).ok_or_else(|| Error::invalid("address_style", problem))
}

/// How somebody wants to be spoken to; what is `None` was never said.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Preferences {
    /// Which model answers: one of those that the operator offers.
    pub model: Option<String>,
    /// How freely it chooses its words.
    pub temperature: Option<Temperature>,
    /// How long an answer may be.
    pub max_tokens: Option<u32>,
    /// What else they wish, in their own words.
    pub instruction: Option<Wish>,
    /// Whose voice answers.
    pub personality: Option<Personality>,
    /// How the person is addressed.
    pub address_style: Option<AddressStyle>,
}

impl Preferences {
    /// These, and where they say nothing those.
    #[must_use]
    pub fn or(self, others: Self) -> Self {
        Self {
            model: self.model.or(others.model),
            temperature: self.temperature.or(others.temperature),
            max_tokens: self.max_tokens.or(others.max_tokens),
            instruction: self.instruction.or(others.instruction),
            personality: self.personality.or(others.personality),
            address_style: self.address_style.or(others.address_style),
        }
    }
}

/// What to change: `None` stays as it is, `Some(None)` is taken back.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PreferenceChanges {
    /// As [`Preferences::model`].
    pub model: Option<Option<String>>,
    /// As [`Preferences::temperature`].
    pub temperature: Option<Option<Temperature>>,
    /// As [`Preferences::max_tokens`].
    pub max_tokens: Option<Option<u32>>,
    /// As [`Preferences::instruction`].
    pub instruction: Option<Option<Wish>>,
    /// As [`Preferences::personality`].
    pub personality: Option<Option<Personality>>,
    /// As [`Preferences::address_style`].
    pub address_style: Option<Option<AddressStyle>>,
}

impl PreferenceChanges {
    pub(crate) fn apply(self, to: Preferences) -> Preferences {
        Preferences {
            model: self.model.unwrap_or(to.model),
            temperature: self.temperature.unwrap_or(to.temperature),
            max_tokens: self.max_tokens.unwrap_or(to.max_tokens),
            instruction: self.instruction.unwrap_or(to.instruction),
            personality: self.personality.unwrap_or(to.personality),
            address_style: self.address_style.unwrap_or(to.address_style),
        }
    }
}

/// Reads the columns of [`preference_columns`], the first six of a row. `place` is where their
/// instruction was sealed.
pub(crate) fn from_row(keeper: &Keeper, place: Place, row: &Row<'_>) -> Result<Preferences, Error> {
    let hundredths: Option<i64> = row.get(1)?;
    let instruction: Option<Vec<u8>> = row.get(3)?;
    let personality: Option<String> = row.get(4)?;
    let address_style: Option<String> = row.get(5)?;
    Ok(Preferences {
        model: row.get(0)?,
        temperature: hundredths
            .and_then(|number| u16::try_from(number).ok())
            .map(|hundredths| Temperature { hundredths }),
        max_tokens: row.get(2)?,
        instruction: instruction.map(|sealed| keeper.open(place, sealed).map(Wish)).transpose()?,
        // What this version does not know is as good as never said.
        personality: personality.as_deref().and_then(Personality::from_word),
        address_style: address_style.as_deref().and_then(AddressStyle::from_word),
    })
}

/// The values of a row: owner, id, time, and then the columns of [`preference_columns`].
pub(crate) fn to_values(
    keeper: &Keeper,
    place: Place,
    (owner, id, now): (Owner, Uuid, Time),
    new: &Preferences,
) -> Vec<Value> {
    let instruction = new.instruction.as_ref();
    values![
        owner.id(),
        id,
        now.as_micros(),
        new.model.clone(),
        new.temperature.map(|temperature| i64::from(temperature.hundredths)),
        new.max_tokens,
        instruction.map(|wish| keeper.seal(place, wish.expose())),
        new.personality.map(Personality::as_str),
        new.address_style.map(AddressStyle::as_str),
    ]
}

/// What a model may know of a person besides their preferences.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Person {
    /// Where their days are.
    pub(crate) time_zone: Option<Zone>,
    /// Where they live.
    pub(crate) country: Option<Country>,
    /// What they speak.
    pub(crate) language: Option<Language>,
}

impl Person {
    /// Which day it is where they are.
    pub(crate) fn today(&self, now: Time) -> Option<jiff::civil::Date> {
        self.time_zone.as_ref().map(|zone| zone.day(now))
    }
}

/// Who an owner is, and what they prefer everywhere.
pub(crate) async fn read(base: &Base, owner: Owner) -> Result<(Person, Preferences), Error> {
    let map = |row: &Row<'_>| {
        let time_zone: Option<String> = row.get(0)?;
        let country: Option<String> = row.get(1)?;
        let language: Option<String> = row.get(2)?;
        Ok::<_, Error>(Person {
            time_zone: time_zone.and_then(|name| Zone::parse(&name).ok()),
            country: country.and_then(|text| Country::parse(&text).ok()),
            language: language.and_then(|text| Language::parse(&text).ok()),
        })
    };
    let person = base.db.query_one(Select::new(&PERSON, values![owner.id()], map)).await?;
    Ok((person.unwrap_or_default(), everywhere(base, owner).await?))
}

async fn everywhere(base: &Base, owner: Owner) -> Result<Preferences, Error> {
    let keeper = base.vault.of(owner)?;
    let place = Place::new(INSTRUCTION, owner.id());
    let map = |row: &Row<'_>| from_row(&keeper, place, row);
    let values = values![owner.id(), owner.id()];
    Ok(base.db.query_one(Select::new(&FIND, values, map)).await?.unwrap_or_default())
}

/// Repeats a write that may meet the same one of somebody else, each having found no row to begin
/// with.
pub(crate) async fn again_if_met<F: Future<Output = Result<(), Error>>>(
    write: impl Fn() -> F,
) -> Result<(), Error> {
    let mut last = Ok(());
    for _ in 0..SET_TRIES {
        last = write().await;
        if !matches!(last, Err(Error::Storage(DbError::Duplicate(_)))) {
            break;
        }
    }
    last
}

impl Accounts {
    /// How the owner wants to be spoken to.
    pub async fn preferences(&self, owner: Owner) -> Result<Preferences, Error> {
        everywhere(&self.base, owner).await
    }

    /// Keeps how the owner wants to be spoken to.
    pub async fn set_preferences(&self, owner: Owner, new: Preferences) -> Result<(), Error> {
        let keeper = self.base.vault.of(owner)?;
        let place = Place::new(INSTRUCTION, owner.id());
        let row = (owner, owner.id(), self.base.clock.now());
        again_if_met(async || {
            let insert = to_values(&keeper, place, row, &new);
            let write = Write::from(Statement::new(&DELETE, values![owner.id(), owner.id()]))
                .with(Statement::new(&INSERT, insert));
            self.base.db.commit(write).await?;
            Ok(())
        })
        .await
    }

    /// Changes how the owner wants to be spoken to.
    pub async fn change_preferences(
        &self,
        owner: Owner,
        changes: PreferenceChanges,
    ) -> Result<Preferences, Error> {
        let new = changes.apply(self.preferences(owner).await?);
        self.set_preferences(owner, new.clone()).await?;
        Ok(new)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_temperature_is_a_number_from_0_to_2() {
        for (given, kept) in [(0.0, 0.0), (0.7, 0.7), (1.999, 2.0), (2.0, 2.0)] {
            let temperature = Temperature::new(given).unwrap();
            assert!((temperature.value() - kept).abs() < f64::EPSILON, "{given}");
        }
        for bad in [-0.1, 2.01, f64::NAN, f64::INFINITY] {
            assert!(Temperature::new(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn what_one_says_counts_and_what_it_leaves_open_the_other_does() {
        let everywhere = Preferences {
            max_tokens: Some(500),
            personality: Some(Personality::Robot),
            ..Preferences::default()
        };
        let here = Preferences { personality: Some(Personality::Expert), ..Preferences::default() };
        let both = here.or(everywhere);
        assert_eq!((both.max_tokens, both.personality), (Some(500), Some(Personality::Expert)));
        let changes = PreferenceChanges { max_tokens: Some(None), ..PreferenceChanges::default() };
        let new = changes.apply(both);
        assert_eq!((new.max_tokens, new.personality), (None, Some(Personality::Expert)));
    }

    #[test]
    fn a_wish_has_words() {
        assert_eq!(Wish::parse(" Be brief. ").unwrap().expose(), "Be brief.");
        for bad in ["", "  ", "a\0", &"x".repeat(limits::MAX_WISH_CHARS + 1)] {
            assert!(Wish::parse(bad).is_err(), "{bad:?}");
        }
    }
}
