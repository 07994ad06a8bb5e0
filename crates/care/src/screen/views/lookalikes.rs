//! Which characters are read as which letter. One table for every script: the phrases are folded
//! through it as well as the text, so a Russian word stays itself, and a Latin word written with
//! Cyrillic letters becomes the Latin word again.

use std::sync::LazyLock;

/// Characters that a reader takes for the letter in front. Case matters where the capital and the
/// small letter look like different Latin letters (Greek `Η` is an H, `η` an n).
///
/// Not in here: what NFKC already resolves (full width, mathematical, circled, superscript), and
/// Latin letters with marks, which lose them by decomposition.
const LOOKALIKES: &[(char, &str)] = &[
    ('a', "аАαΑᴀɑɐӕꓮᎪ🅐🅰🇦ꬰ"),
    ('b', "вВβΒʙƅЪъɓᏴꓐᏏ🅑🅱🇧ƀʙ"),
    ('c', "сСϲϹᴄƈȼꓚᏟⅽ🅒🅲🇨ɕςↄ"),
    ('d', "ԁԀᴅɗđɖꓓᎠ🅓🅳🇩ð"),
    ('e', "еЕεΕᴇɇєЄэЭꓰᎬ🅔🅴🇪ɛəɘ℮"),
    ('f', "ғҒƒϝꓝ🅕🅵🇫ꜰẝ"),
    ('g', "ɡԍԌɢɠǥᏀꓖ🅖🅶🇬"),
    ('h', "нНһҺΗʜħɦꓧᎻ🅗🅷🇭ҥ"),
    ('i', "іІιΙıɪɨӏӀꓲᎥ🅘🅸🇮ɩ"),
    ('j', "јЈʝᴊɉꓙᎫ🅙🅹🇯ϳ"),
    ('k', "кКκΚᴋƙқҚꓗᏦ🅚🅺🇰ҡ"),
    ('l', "łƚɫɭʟꓡᏞ🅛🅻🇱ʅ"),
    ('m', "мМΜᴍɱꓟᎷ🅜🅼🇲"),
    ('n', "пηΝɴɲƞꓠ🅝🅽🇳ոռ"),
    ('o', "оОοΟσᴏøØөӨɵꓳ🅞🅾🇴օ"),
    ('p', "рРρΡᴘƥþꓑᏢ🅟🅿🇵"),
    ('q', "ԛԚɋʠ🅠🆀🇶գ"),
    ('r', "гʀɍɾɼꓣᏒ🅡🆁🇷ᴦ"),
    ('s', "ѕЅꜱʂȿꓢᏚ🅢🆂🇸ßẞʃ"),
    ('t', "тТτΤᴛŧƭʈꓔᎢ🅣🆃🇹"),
    ('u', "υᴜʊʉꓴ🅤🆄🇺սμ"),
    ('v', "νѵѴᴠʋꓦᏙ🅥🆅🇻"),
    ('w', "ԝԜωᴡɯшꓪᎳ🅦🆆🇼"),
    ('x', "хХχΧҳꓫ🅧🆇🇽×"),
    ('y', "уУүҮγΥʏɏƴꓬ🅨🆈🇾"),
    ('z', "ΖᴢƶȥʐꓜᏃ🅩🆉🇿"),
];

/// Traditional and Japanese forms, each followed by the simplified one it is folded to. Only
/// characters that the phrases use, and a few of their neighbours.
const HAN: &str = "
    殺杀 輕轻 軽轻 結结 離离 開开 這这 個个 箇个 麼么 麽么 沒没 無无 盡尽 樓楼 藥药 薬药 脈脉 弔吊 燒烧
    焼烧 傷伤 覺觉 覚觉 來来 後后 過过 還还 讓让 譲让 們们 為为 爲为 對对 対对 於于 東东 會会 學学 實实
    実实 親亲 愛爱 車车 時时 間间 話话 說说 説说 聽听 聴听 見见 現现 發发 発发 經经 経经 給给 別别 關关
    関关 門门 問问 題题 難难 氣气 気气 終终 顆颗 條条 繩绳 縄绳 斷断 殘残 應应 応应 該该 連连 義义 負负
    擔担 墜坠 尋寻 絕绝 絶绝 棄弃 劃划 體体 頭头 樣样 様样 種种 點点 邊边 辺边 總总 誰谁 裡里 裏里 國国
    萬万 決决 歲岁 歳岁 錄录 録录 書书 慮虑 執执 計计 試试 當当 從从 従从 許许 準准 備备 趕赶 運运 變变
    変变 樂乐 楽乐 堅坚 續续 続续 歷历 歴历 單单 単单 獨独 靈灵 號号 隊队 敵敌 擊击 撃击 熱热 餓饿 嚇吓
    煩烦 悶闷 機机 腦脑 脳脑 節节 剛刚 與与 寫写 遺遗 鐵铁 鉄铁 軌轨 陽阳 臺台 颱台 頂顶 臥卧 舉举 挙举
    減减 厭厌 喪丧 鯊鲨 輩辈 媽妈 爺爷 擁拥 纏缠 撐撑 罷罢 夠够 須须 選选 擇择 択择 記记 筆笔 輪轮 戰战
    戦战 視视 劇剧 網网 電电 報报 預预
";

fn pairs() -> impl Iterator<Item = (char, char)> {
    let letters =
        LOOKALIKES.iter().flat_map(|&(letter, group)| group.chars().map(move |c| (c, letter)));
    let han = HAN.split_whitespace().filter_map(|pair| {
        let mut pair = pair.chars();
        Some((pair.next()?, pair.next()?))
    });
    letters.chain(han)
}

static TABLE: LazyLock<Vec<(char, char)>> = LazyLock::new(|| {
    let mut table: Vec<(char, char)> = pairs().collect();
    table.sort_unstable();
    table
});

/// The letter that `c` is read as, if it is not itself.
pub(super) fn lookalike(c: char) -> Option<char> {
    let table = &*TABLE;
    table.binary_search_by_key(&c, |entry| entry.0).ok().map(|at| table[at].1)
}

/// How digits and signs are read as letters.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(in crate::screen) struct Leet {
    /// What `1`, `!` and `|` are: they stand for i as often as for l.
    pub(super) one: char,
    /// Whether the letters around are Cyrillic.
    pub(super) cyrillic: bool,
}

/// The letter that a digit or sign stands for in "leet" spelling.
pub(super) fn leet(c: char, how: Leet) -> Option<char> {
    Some(match c {
        '3' if how.cyrillic => 'з',
        '4' if how.cyrillic => 'ч',
        '6' if how.cyrillic => 'б',
        '0' | '°' => 'o',
        '1' | '!' | '|' | '¡' | '¦' => how.one,
        '2' => 'z',
        '3' | '€' => 'e',
        '4' | '@' => 'a',
        '5' | '$' | '§' => 's',
        '6' | '9' => 'g',
        '7' | '+' | '†' => 't',
        '8' => 'b',
        '¢' | '©' => 'c',
        '£' => 'l',
        _ => return None,
    })
}

/// Every letter that a digit or sign in the middle of a word may stand for; empty if it stands for
/// no letter in particular.
pub(in crate::screen) fn leet_choices(c: char) -> &'static [char] {
    match c {
        '0' => &['o'],
        '1' | '!' | '|' | '¡' => &['i', 'l', 't'],
        '2' => &['z', 's'],
        '3' => &['e', 'з'],
        '4' => &['a', 'ч'],
        '5' | '$' => &['s'],
        '6' => &['g', 'b', 'б'],
        '7' => &['t', 'l'],
        '8' => &['b', 'a'],
        '9' => &['g', 'q', 'p'],
        '@' => &['a', 'o'],
        '+' => &['t'],
        '€' => &['e'],
        _ => &[],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_character_is_read_as_two_letters() {
        for pair in TABLE.windows(2) {
            assert_ne!(pair[0].0, pair[1].0, "{pair:?}");
        }
    }

    #[test]
    fn a_letter_that_others_are_read_as_is_read_as_itself() {
        for (_, letter) in pairs() {
            assert_eq!(lookalike(letter), None, "{letter}");
        }
    }

    #[test]
    fn cyrillic_and_greek_homoglyphs_become_latin() {
        let folded: String = "ѕuісіdе ΚΙLL".chars().map(|c| lookalike(c).unwrap_or(c)).collect();
        assert_eq!(folded, "suicide kiLL");
    }
}
