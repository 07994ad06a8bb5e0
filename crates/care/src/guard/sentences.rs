//! Where sentences end. Unicode's rules know stops and brackets, but no abbreviations, no ellipsis
//! sign and no sentence that begins with a small letter; this adds them.

use std::collections::BTreeSet;

use unicode_segmentation::UnicodeSegmentation as _;

/// Abbreviations with a word behind them; no sentence ends here. Those before numbers are in
/// `BEFORE_NUMBERS`.
const INNER: &str = " dr mr mrs ms mx prof st ste mt rev col sgt capt lt cmdr msgr sra srta sr jr vs cf eg approx resp incl \
    excl esp dept bzw ca evtl ggf inkl exkl vgl sog ggfs zzgl geb gest hr frl dipl mme mlle mgr env av ej dott sig sigg \
    sigra dra ud uds vd pags nr zn dhr mevr drs bijv np tzn tzw inż проф др см напр руб bkz örn yrd mudr judr ph ";
/// Abbreviations that may end a sentence: one does where the next word has a capital.
const LAST: &str = " etc usw usf ecc itd itp etcetera enz ff am pm bc ad ce bce inc ltd co corp gmbh ag kg llc plc sr jr esq \
    min max sec std hrs др пр тп тд vb vs ";
/// Abbreviations of something counted: none ends a sentence before a number.
const BEFORE_NUMBERS: &str = " no nos nr núm num n º p pp s vol ch fig art abs kap str sec par ver v № номер ст стр рис гл г \
    sid sv st lk op chap ";
/// Words that begin sentences so often that even an initial before them ends one.
const STARTERS: &str = " i im ive ill its you youre youve your yours we were our they their he she his her it this that these those the a an and but \
    so what how when where why who maybe perhaps take may let there here my if in on at as to for with not no yes be try \
    sometimes today tomorrow tonight rest keep remember give sounds thank thanks hope glad being having whatever each \
    du dein deine ich wir ihr er sie es das dies die der ein eine und aber wie was wenn vielleicht danke heute morgen \
    tu ton ta vous votre je nous il elle on cela ce cette le la les un une et mais merci peut tú tu yo usted es eso el los una \
    y pero que gracias hoy quizás io lui è e ma lo gli che oggi forse grazie você seu sua eu isso o os as um uma mas obrigada \
    obrigado hoje talvez je jij het dat de een en maar wat hoe vandaag misschien ty ja to jest i ale dziś może ты твой твоя я \
    вы мы он она они это и но а как что сегодня sen senin ben bu ve ama bugün belki ";
/// Months after an ordinal: "am 3. Mai".
const MONTHS: &str = " januar januari jänner gennaio janvier january februar februari february märz marts mars marzo march april \
    aprile avril mai mei maj mayo may juni giugno juin june juli luglio juillet july august augustus agosto août september \
    settembre septembre oktober october ottobre octobre november novembre dezember december desember dicembre décembre \
    januára ledna února března dubna května června července srpna září října listopadu prosince tammikuuta ";

/// The byte offsets at which the sentences of a text end; the last one is the end of the text. What
/// holds no letter or digit is no sentence of its own. Empty for a blank text.
pub(super) fn ends(text: &str) -> Vec<usize> {
    let mut ends: Vec<usize> = Vec::new();
    let mut start = 0;
    for end in candidates(text) {
        if end < text.len() && !is_end(text, end) {
            continue;
        }
        let has_words = |part: &str| part.chars().any(char::is_alphanumeric);
        if has_words(&text[start..end]) || ends.is_empty() {
            ends.push(end);
        } else if let Some(last) = ends.last_mut() {
            *last = end;
        }
        start = end;
    }
    // A first piece without words belongs to the sentence after it.
    if ends.len() > 1 && !text[..ends[0]].chars().any(char::is_alphanumeric) {
        ends.remove(0);
    }
    ends
}

fn is_terminator(c: char) -> bool {
    matches!(
        c,
        '.' | '!'
            | '?'
            | '…'
            | '。'
            | '．'
            | '｡'
            | '！'
            | '？'
            | '।'
            | '॥'
            | '؟'
            | '۔'
            | '։'
            | '።'
            | ';'
            | '‼'
            | '⁇'
            | '⁈'
            | '⁉'
            | '|'
    )
}

fn is_closer(c: char) -> bool {
    matches!(
        c,
        '"' | '\''
            | '”'
            | '’'
            | '»'
            | '›'
            | ')'
            | ']'
            | '}'
            | '」'
            | '』'
            | '）'
            | '】'
            | '》'
            | '*'
            | '_'
    )
}

/// Every place where a sentence might end: where Unicode says so, and after every terminator.
fn candidates(text: &str) -> BTreeSet<usize> {
    let mut places: BTreeSet<usize> =
        text.split_sentence_bound_indices().map(|(start, _)| start).filter(|&at| at > 0).collect();
    let mut chars = text.char_indices().peekable();
    while let Some((_, c)) = chars.next() {
        let greek_question = c == ';';
        if c != '\n' && !is_terminator(c) || greek_question && !has_greek(text) {
            continue;
        }
        while chars.next_if(|&(_, c)| is_terminator(c) || is_closer(c)).is_some() {}
        while chars.next_if(|&(_, c)| c.is_whitespace()).is_some() {}
        places.insert(chars.peek().map_or(text.len(), |&(at, _)| at));
    }
    if !text.trim().is_empty() {
        places.insert(text.len());
    }
    places
}

fn has_greek(text: &str) -> bool {
    text.chars().any(|c| matches!(c, 'α'..='ω'))
}

fn listed(list: &str, word: &str) -> bool {
    !word.is_empty() && list.contains(&format!(" {word} "))
}

/// What stands on both sides of a place.
struct Place<'a> {
    /// The text before, without the terminator and what closes after it.
    before: &'a str,
    /// The terminators.
    stops: &'a str,
    /// Brackets and quotes after them.
    closers: &'a str,
    /// Whether there is white space at the place.
    spaced: bool,
    /// Whether it holds a line break.
    line_break: bool,
    /// The text after.
    after: &'a str,
}

impl<'a> Place<'a> {
    fn at(text: &'a str, at: usize) -> Self {
        let (before, after) = text.split_at(at);
        let trimmed = before.trim_end();
        let gap = &before[trimmed.len()..];
        let unclosed = trimmed.trim_end_matches(is_closer);
        let unstopped = unclosed.trim_end_matches(is_terminator);
        Self {
            before: unstopped,
            stops: &unclosed[unstopped.len()..],
            closers: &trimmed[unclosed.len()..],
            spaced: !gap.is_empty(),
            line_break: gap.contains('\n'),
            after,
        }
    }

    /// The word after, in lower case, apostrophes dropped.
    fn next_word(&self) -> String {
        let word = self.after.trim_start_matches(|c: char| !c.is_alphanumeric());
        let word = word.split(|c: char| !c.is_alphanumeric() && !matches!(c, '\'' | '’'));
        word.take(1)
            .flat_map(str::chars)
            .filter(|c| c.is_alphanumeric())
            .collect::<String>()
            .to_lowercase()
    }

    fn next_letter(&self) -> Option<char> {
        self.after.chars().find(|c| c.is_alphanumeric())
    }

    fn next_is_small(&self) -> bool {
        self.next_letter().is_some_and(char::is_lowercase)
    }
}

fn is_end(text: &str, at: usize) -> bool {
    let place = Place::at(text, at);
    if place.stops.is_empty() {
        return place.line_break && !place.next_is_small();
    }
    let ellipsis = place.stops.contains('…') || place.stops.contains("..");
    let strong = place.stops.chars().any(|c| !matches!(c, '.' | '…' | '|' | ';'));
    if strong {
        return strong_end(&place);
    }
    if ellipsis {
        return !place.next_is_small();
    }
    if place.stops.contains('|') {
        return place.spaced && place.before.chars().any(|c| matches!(c, '\u{900}'..='\u{DFF}'));
    }
    if place.stops.contains(';') {
        return place.spaced;
    }
    full_stop_ends(&place)
}

/// After `!`, `?` and the full stops of other scripts: a quotation may go on ("Why?" you ask).
fn strong_end(place: &Place<'_>) -> bool {
    if place.closers.is_empty() {
        return true;
    }
    if place.spaced {
        !place.next_is_small()
    } else {
        place.after.starts_with(['「', '『', '"', '“'])
    }
}

/// After a single full stop.
fn full_stop_ends(place: &Place<'_>) -> bool {
    let token = place.before.rsplit(char::is_whitespace).next().unwrap_or("");
    let token = token.trim_start_matches(|c: char| !c.is_alphanumeric());
    let word = token.to_lowercase();
    if !place.spaced {
        return place.closers.is_empty() && lacks_a_space(token, place.after)
            || place.stops.contains('．');
    }
    let next = place.next_word();
    let next_is_number = place.next_letter().is_some_and(|c| c.is_ascii_digit());
    if next_is_number && listed(BEFORE_NUMBERS, &word) {
        return false;
    }
    if !word.is_empty() && word.chars().all(|c| c.is_ascii_digit()) {
        return number_ends(place, token, &next);
    }
    if word == "i" && next_is_number {
        return true;
    }
    let dotted = word.split('.').all(|part| part.chars().count() == 1) && !word.is_empty();
    if dotted {
        // Initials, "a.m.", "U.S.", "z. B.": an end only before a word that begins sentences.
        let is_initial = |word: &str| word.chars().count() == 1 && word != "i";
        let another = place.after.chars().nth(1) == Some('.') && is_initial(&next);
        return !another && !place.next_is_small() && listed(STARTERS, &next);
    }
    if listed(LAST, &word) {
        return !place.next_is_small()
            && (listed(STARTERS, &next)
                || word.starts_with("etc")
                || listed(" usw itd itp enz ecc ", &word));
    }
    let for_example = word == "ex" && place.before.to_lowercase().ends_with("p. ex");
    !listed(INNER, &word) && !for_example
}

/// "you did it.Now rest": words of two letters and more on both sides, the second with a capital.
fn lacks_a_space(token: &str, after: &str) -> bool {
    let word = token.rsplit(|c: char| !c.is_alphabetic()).next().unwrap_or("");
    let next: String = after.chars().take_while(|c| c.is_alphabetic()).collect();
    let capital = next.starts_with(char::is_uppercase);
    let rest_is_small = next.chars().skip(1).all(char::is_lowercase);
    word.chars().count() >= 2
        && word.chars().all(char::is_lowercase)
        && !listed(INNER, word)
        && capital
        && rest_is_small
        && (next.chars().count() >= 2 || matches!(next.as_str(), "I" | "A" | "O"))
}

/// After a number: "1." begins a list, "am 3. Mai" is a date, "I ate 3." is an end.
fn number_ends(place: &Place<'_>, token: &str, next: &str) -> bool {
    let before = place.before[..place.before.len() - token.len()].trim_end();
    let is_list = before.is_empty() || before.ends_with(is_terminator) || before.ends_with(':');
    let short = token.len() <= 2;
    !(short && (is_list || listed(MONTHS, next) || place.next_is_small()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn split(text: &str) -> Vec<&str> {
        let mut start = 0;
        let piece = |end| {
            let piece = text[start..end].trim();
            start = end;
            piece
        };
        ends(text).into_iter().map(piece).collect()
    }

    #[test]
    fn plain_sentences() {
        assert_eq!(
            split("You did well. Rest now! Will you? Yes"),
            ["You did well.", "Rest now!", "Will you?", "Yes"]
        );
        assert_eq!(split("you did well. rest now. ok"), ["you did well.", "rest now.", "ok"]);
        assert_eq!(split("Well done.You tried.Now rest"), ["Well done.", "You tried.", "Now rest"]);
        assert_eq!(
            split("One line\nAnother line\nthat goes on"),
            ["One line", "Another line\nthat goes on"]
        );
        assert!(ends("").is_empty());
        assert!(ends("  ").is_empty());
        assert_eq!(split("Well done! 😊 ... 💛"), ["Well done! 😊 ... 💛"]);
        assert_eq!(split("… Well done. Rest."), ["… Well done.", "Rest."]);
    }

    #[test]
    fn abbreviations_and_initials_are_no_ends() {
        for text in [
            "Dr. Smith listened to you at last.",
            "Small joys, e.g. tea or i.e. warm tea, count.",
            "J. R. R. Tolkien wrote at 5 a.m. in the U.S. Army tent.",
            "The St. Bernard and Mr. and Mrs. Park said no. 5 vs. no. 6 was fun.",
            "Kleine Freuden, z. B. Musik, d.h. Ruhe, usw. helfen am 3. Mai.",
            "Des riens, p. ex. danser avec M. Dupont, font du bien.",
            "Sr. García y la Sra. López, p. ej. ayer, sonrieron.",
            "Это, т. е. отдых, и т.д. помогает проф. Иванову.",
            "You walked 3.5 km in v. 2.0 of those shoes.",
            "\"Why me?\" you asked, and \"enough!\" you said.",
            "Well... that was a day… and what a day.",
            "「大丈夫。」と言ってくれた人がいた",
        ] {
            assert_eq!(split(text).len(), 1, "{text} {:?}", split(text));
        }
    }

    #[test]
    fn ends_are_found_behind_abbreviations_too() {
        assert_eq!(split("You rose at 5 a.m. You did well.").len(), 2);
        assert_eq!(split("Tea, rest, etc. That helps.").len(), 2);
        assert_eq!(split("It was you and I. We walked.").len(), 2);
        assert_eq!(split("It took plan B. You managed.").len(), 2);
        assert_eq!(split("You ate 3. You laughed.").len(), 2);
        assert_eq!(split("Oh no. You tried.").len(), 2);
        assert_eq!(split("Wow… What a day. Rest.").len(), 3);
        assert_eq!(split("1. Breathe. 2. Rest. 3. Sleep.").len(), 3);
    }

    #[test]
    fn other_scripts() {
        assert_eq!(split("今日は晴れ。よかったね！また明日？はい").len(), 4);
        assert_eq!(split("तुमने अच्छा किया। अब आराम करो। ठीक").len(), 3);
        assert_eq!(split("أحسنت. هل أنت بخير؟ استرح").len(), 3);
        assert_eq!(split("شاباش۔ آرام کرو۔").len(), 2);
        assert_eq!(split("Είσαι καλά; Ξεκουράσου.").len(), 2);
        assert_eq!(split("Yes; no; maybe.").len(), 1);
    }
}
