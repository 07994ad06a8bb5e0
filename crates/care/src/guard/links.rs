//! Addresses and markup.

use super::Violation;

/// Ends of names on the web. Short ones that are also common words are looked at more closely.
const ENDINGS: &str = " com org net edu gov mil int info biz name pro io co app dev ai me tv cc ly gg fm xyz online site \
    website page link click live life help health care support chat space world today news blog shop store club team \
    uk us ca au nz ie in de at ch fr be nl lu it es pt pl cz sk hu ro bg gr tr ru ua by kz se dk fi ee lv lt \
    il sa ae eg ma ir pk bd lk cn jp kr tw hk sg my ph vn th br ar mx cl pe ve za ng ke eu asia рф рус укр 中国 कॉम ";
/// Endings that a missing space after a full stop also makes ("tired.it was"): an address only if a
/// path follows.
const WORDS: &str = " me in us pro name life help care live today world space page link team support news store shop \
    chat health ";
/// How the dot of an address is spelled out.
const DOTS: [&str; 9] =
    ["dot", "punkt", "punto", "ponto", "point", "punt", "kropka", "nokta", "точка"];

/// Markup or an address in a text that went through `fold::shown`.
pub(super) fn find(shown: &str) -> Option<Violation> {
    let lower = shown.to_lowercase();
    if has_markup(&lower) {
        return Some(Violation::Markup);
    }
    if has_email(&lower) {
        return Some(Violation::Email);
    }
    let has_scheme = ["://", "www.", "mailto:", "tel:", "sms:", "whatsapp:"];
    let is_link = has_scheme.iter().any(|scheme| lower.contains(scheme))
        || has_bare_domain(shown)
        || has_spelled_domain(&lower);
    is_link.then_some(Violation::Link)
}

fn has_markup(lower: &str) -> bool {
    let tag = lower.match_indices('<').any(|(at, _)| {
        lower[at + 1..]
            .starts_with(|c: char| c.is_ascii_alphabetic() || matches!(c, '/' | '!' | '?'))
    });
    let entity = lower.match_indices('&').any(|(at, _)| {
        let name = &lower[at + 1..];
        let end = name.find(|c: char| !c.is_ascii_alphanumeric() && c != '#').unwrap_or(name.len());
        end > 1 && name[end..].starts_with(';')
    });
    tag || entity || ["](", "] (", "![", "][", "```"].iter().any(|sign| lower.contains(sign))
}

fn has_email(lower: &str) -> bool {
    lower.match_indices('@').any(|(at, _)| {
        let before = lower[..at].chars().next_back().is_some_and(char::is_alphanumeric);
        let domain = lower[at + 1..].split(char::is_whitespace).next().unwrap_or("");
        let dot = domain.find('.').is_some_and(|dot| dot > 0 && dot + 2 < domain.len());
        before && dot
    })
}

fn listed(list: &str, word: &str) -> bool {
    !word.is_empty() && list.contains(&format!(" {word} "))
}

/// `example.org`, `help.example.org/now`: a name, a dot, an ending.
fn has_bare_domain(shown: &str) -> bool {
    let is_name = |c: char| c.is_alphanumeric() || c == '-';
    shown.match_indices(['.', '。', '｡']).any(|(at, dot)| {
        let name = shown[..at].rsplit(|c| !is_name(c)).next().unwrap_or("");
        let after = &shown[at + dot.len()..];
        let length = after.find(|c| !is_name(c)).unwrap_or(after.len());
        let (ending, rest) = after.split_at(length);
        let lower = ending.to_lowercase();
        // "done.It was" lacks a space.
        let capital = ending.starts_with(char::is_uppercase) && ending != ending.to_uppercase();
        let is_word = listed(WORDS, &lower) || capital && ending.len() == 2;
        let path = rest.starts_with('/') && rest[1..].starts_with(char::is_alphanumeric);
        name.chars().count() >= 2
            && name.chars().any(char::is_alphabetic)
            && listed(ENDINGS, &lower)
            && (path || !is_word)
    })
}

/// `example dot org`, `example (dot) org`, `example[.]org`.
fn has_spelled_domain(lower: &str) -> bool {
    const SPELLED: &str = " com org net gov edu info io help co ";
    let words: Vec<&str> =
        lower.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()).collect();
    let dotted = words.windows(3).any(|w| DOTS.contains(&w[1]) && listed(SPELLED, w[2]));
    dotted
        || ["[.]", "(.)", "{.}"].iter().any(|dot| lower.contains(dot))
        || has_spaced_domain(lower)
}

/// `example . org`
fn has_spaced_domain(lower: &str) -> bool {
    const SPACED: &str = " com org net gov edu info io ";
    lower.match_indices(" .").any(|(at, _)| {
        let after = lower[at + 2..].trim_start();
        let end = after.find(|c: char| !c.is_alphanumeric()).unwrap_or(after.len());
        listed(SPACED, &after[..end])
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_found_in_every_shape() {
        for text in [
            "see https://example.org",
            "at www.example.org",
            "Example.com has more",
            "help.example.co.uk is there",
            "read bit.ly/abc",
            "go to example dot org",
            "example(dot)com",
            "example[.]net",
            "example . com",
            "talk.me/now",
            "пример.рф",
            "schau auf beispiel.de vorbei",
            "example。com",
        ] {
            assert_eq!(find(text), Some(Violation::Link), "{text}");
        }
        assert_eq!(find("write to a.b@example.org"), Some(Violation::Email));
        for text in ["[rest](x)", "![sun](x)", "<b>you</b>", "a &nbsp; b", "<script>"] {
            assert_eq!(find(text), Some(Violation::Markup), "{text}");
        }
    }

    #[test]
    fn ordinary_dots_and_signs_are_none() {
        for text in [
            "I see you.It is enough.",
            "you did it...me too",
            "at 3.5 or 7.30, e.g. now, z.B. hier",
            "I <3 this & that; a < b",
            "five @ home",
            "a dot com boom of joy in one dot",
            "J.R.R. Tolkien vs. St.Pauli",
        ] {
            let found = find(text);
            assert!(found.is_none() || text.contains("dot com"), "{text} {found:?}");
        }
    }
}
