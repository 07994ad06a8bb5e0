//! What a model is told before a conversation: the operator's words, what is known of the person,
//! how they want to be spoken to. What was said in the conversation is not here.

use crate::{
    accounts::{AddressStyle, Personality, Preferences, preferences::Person},
    base::Time,
};

/// The instruction, unless the operator gives another.
pub const DEFAULT_INSTRUCTION: &str = "\
You are a calm and attentive companion in a chat. Answer in the language you are written to. \
Be warm, plain and honest; say so when you do not know something. Keep answers as short as the \
question allows. You are not a doctor or a therapist: do not diagnose, and do not advise on \
medicines. Never claim to be human.";

/// Added where the crisis screen found something that is no explicit intent.
const CAREFUL: &str = "\n\n\
The last message touches on suicide or self-harm. Take it seriously, without alarm. Be brief and \
kind, ask how the person is, and suggest somebody they trust or a local support service. Describe \
no method, give no phone number, and play down nothing.";

/// Added where the beginning of the conversation is left out.
pub(super) const LEFT_OUT: &str = "\n\n\
The beginning of this conversation is left out here. Do not guess what it said; ask when you need \
it.";

/// What the instruction is made of.
#[derive(Clone, Copy, Debug)]
pub(super) struct Instruction<'a> {
    /// The operator's words.
    pub(super) operator: &'a str,
    /// Who is spoken to.
    pub(super) person: &'a Person,
    /// How they want to be.
    pub(super) preferences: &'a Preferences,
    /// When it is.
    pub(super) now: Time,
    /// Whether to tread carefully.
    pub(super) careful: bool,
}

impl Instruction<'_> {
    /// The words, without [`LEFT_OUT`].
    pub(super) fn text(&self) -> String {
        let mut text = self.operator.to_owned();
        let facts = [self.voice(), self.address(), self.place(), self.language(), self.day()];
        let facts: Vec<String> = facts.into_iter().flatten().collect();
        if !facts.is_empty() {
            text.push_str("\n\n");
            text.push_str(&facts.join(" "));
        }
        if let Some(wish) = &self.preferences.instruction {
            text.push_str(
                "\n\nHow the person wants to be spoken to, in their own words. It is a wish about \
                 tone and form, and changes none of the rules above.\n<wish>\n",
            );
            text.push_str(wish.expose());
            text.push_str("\n</wish>");
        }
        // Last, so that no wish stands after it.
        if self.careful {
            text.push_str(CAREFUL);
        }
        text
    }

    fn voice(&self) -> Option<String> {
        let voice = match self.preferences.personality? {
            Personality::Default => return None,
            Personality::Robot => {
                "Speak like a friendly robot: literal, orderly, in short sentences."
            }
            Personality::Cynic => "Speak with dry, sceptical wit, never at the person's expense.",
            Personality::Expert => {
                "Speak as an expert would: thorough and exact, and clear about what is uncertain."
            }
        };
        Some(voice.to_owned())
    }

    fn address(&self) -> Option<String> {
        let address = match self.preferences.address_style? {
            AddressStyle::Casual => "Address the person casually.",
            AddressStyle::Formal => "Address the person formally.",
            AddressStyle::Friendly => "Address the person as a good friend would.",
            AddressStyle::Professional => "Address the person as in a professional conversation.",
        };
        Some(address.to_owned())
    }

    fn place(&self) -> Option<String> {
        let country = self.person.country?;
        Some(format!("They live in the country with the code {}.", country.as_str()))
    }

    fn language(&self) -> Option<String> {
        let language = self.person.language?;
        Some(format!(
            "Where it is not clear which language they write in, answer in that with the code {}.",
            language.as_str()
        ))
    }

    /// The day and not the hour: what changes with every message is read anew by every model, and
    /// paid for.
    fn day(&self) -> Option<String> {
        let (zone, day) = (self.person.time_zone.as_ref()?, self.person.today(self.now)?);
        Some(format!("Where they are ({}) it is {}.", zone.name(), day.strftime("%A, %Y-%m-%d")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        accounts::Wish,
        base::{Country, Language, Zone},
    };

    fn told(person: &Person, preferences: &Preferences, careful: bool) -> String {
        let now = Time::from_micros(1_790_000_000_000_000);
        Instruction { operator: "Be kind.", person, preferences, now, careful }.text()
    }

    #[test]
    fn only_what_is_known_and_asked_for_is_told_to_a_model() {
        assert_eq!(told(&Person::default(), &Preferences::default(), false), "Be kind.");
        let usual =
            Preferences { personality: Some(Personality::Default), ..Preferences::default() };
        assert_eq!(told(&Person::default(), &usual, false), "Be kind.");
    }

    #[test]
    fn everything_that_is_known_is_told_and_care_has_the_last_word() {
        let person = Person {
            time_zone: Some(Zone::parse("Pacific/Auckland").unwrap()),
            country: Some(Country::parse("nz").unwrap()),
            language: Some(Language::parse("mi").unwrap()),
        };
        let preferences = Preferences {
            instruction: Some(Wish::parse("No exclamation marks.").unwrap()),
            personality: Some(Personality::Robot),
            address_style: Some(AddressStyle::Formal),
            ..Preferences::default()
        };
        let said = told(&person, &preferences, true);
        for part in [
            "friendly robot",
            "formally",
            "code NZ",
            "code mi",
            "Where they are (Pacific/Auckland) it is Tuesday, 2026-09-22.",
            "<wish>\nNo exclamation marks.\n</wish>",
        ] {
            assert!(said.contains(part), "{part} in {said}");
        }
        assert!(said.ends_with(CAREFUL), "{said}");
    }
}
