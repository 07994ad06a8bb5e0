#!/usr/bin/env python3
"""Makes the letter tables latin.bin and cyrillic.bin that the gibberish check reads.

A table holds, for every three letters of a folded alphabet, how surprising the third is after the first two:
-log2 P(c | a b) in sixteenths of a bit, one byte, at the place (a * n + b) * n + c. Letter 0 is the edge of a
word. Each language gets its own estimate (trigram, backed by bigram, backed by letter counts); the table keeps the
smallest surprise over all languages of the script. So a high average in this table is high in every one of them.

Only these figures are shipped; no word is. Sources of the figures:
  * the package `wordfreq` 3.1.1 (Robyn Speer; data CC BY-SA 4.0), its small lists, for most languages;
  * Debian spelling dictionaries for what it lacks, read from an unpacked /usr/share: aspell-cy (Welsh),
    myspell-et (Estonian), myspell-ga (Irish), hunspell-eu (Basque), hunspell-sw (Swahili), hunspell-af (Afrikaans),
    myspell-sq (Albanian), hunspell-kmr (Kurmanji), hunspell-be (Belarusian), hunspell-mn (Mongolian), hunspell-kk
    (Kazakh), hunspell-uz (Uzbek). Their words count once each;
  * spellings in Latin letters of languages written otherwise (Russian, Ukrainian, Bulgarian, Greek, Hindi, Bengali,
    Tamil, Uzbek, Japanese, Korean), and the syllables of Chinese, of Zulu and Xhosa, and of the languages around the
    Gulf of Guinea, made by the rules below.

    pip install wordfreq==3.1.1
    apt-get install aspell-cy myspell-et myspell-ga myspell-sq hunspell-{af,be,eu,kk,kmr,mn,sw,uz}
    python make.py [--share /usr/share]
"""

import argparse
import gzip
import hashlib
import math
import pathlib
import unicodedata
from collections import Counter

import wordfreq

HERE = pathlib.Path(__file__).parent
LATIN = "abcdefghijklmnopqrstuvwxyz"
CYRILLIC = "абвгдежзийклмнопрстуфхцчшщъыьэюяі"

LATIN_LISTS = "en es pt fr de it nl pl tr cs sv da nb fi hu ro vi id ms sh ca sk sl lt lv is fil".split()
CYRILLIC_LISTS = "ru uk bg mk".split()

# Letters that do not fall apart into a base and marks. The same lists stand in src/gibberish/letters.rs.
LATIN_FOLD = {
    "ß": "ss", "æ": "ae", "œ": "oe", "ø": "o", "ł": "l", "đ": "d", "ð": "d", "þ": "th", "ı": "i", "ŋ": "n",
    "ħ": "h", "ə": "e", "ƒ": "f", "ɓ": "b", "ɗ": "d", "ƙ": "k", "ŧ": "t", "ĸ": "k", "ɛ": "e", "ɔ": "o",
}
CYRILLIC_FOLD = {
    "ґ": "г", "є": "е", "ђ": "д", "ј": "й", "љ": "л", "њ": "н", "ћ": "ч", "џ": "ч", "ѕ": "з", "ў": "у", "ә": "а",
    "ғ": "г", "қ": "к", "ң": "н", "ө": "о", "ұ": "у", "ү": "у", "һ": "х", "ҳ": "х", "ҷ": "ч", "җ": "ж", "ҡ": "к",
    "ҙ": "з", "ҫ": "с",
}
SERBIAN = {
    "lj": "л", "nj": "н", "dž": "ч", "a": "а", "b": "б", "c": "ц", "č": "ч", "ć": "ч", "d": "д", "đ": "д", "e": "е",
    "f": "ф", "g": "г", "h": "х", "i": "и", "j": "й", "k": "к", "l": "л", "m": "м", "n": "н", "o": "о", "p": "п",
    "r": "р", "s": "с", "š": "ш", "t": "т", "u": "у", "v": "в", "z": "з", "ž": "ж",
}
FROM_CYRILLIC = dict(zip(
    "абвгдежзийклмнопрстуфхцчшщъыьэюяіїєґ",
    "a b v g d e zh z i y k l m n o p r s t u f h ts ch sh sch * y * e yu ya i yi ye g".replace("*", "").split(" "),
))
FROM_UZBEK = FROM_CYRILLIC | {"х": "x", "ж": "j", "ц": "s", "қ": "q", "ғ": "g", "ў": "o", "ҳ": "h", "ъ": ""}
FROM_GREEK = dict(zip(
    "αβγδεζηθικλμνξοπρσςτυφχψω", "a v g d e z i th i k l m n x o p r s s t y f h ps o".split(),
))


def fold(word, alphabet, extra):
    """The word in the letters of the alphabet, or None when something else is in it."""
    out = []
    for char in unicodedata.normalize("NFC", word.lower()).replace("'", "").replace("’", ""):
        if char in alphabet:
            out.append(char)
            continue
        char = extra.get(char, char)
        for part in unicodedata.normalize("NFKD", char):
            if unicodedata.combining(part):
                continue
            part = extra.get(part, part)
            if any(letter not in alphabet for letter in part):
                return None
            out.append(part)
    return "".join(out) or None


def walk_of_keys(word):
    """A word that only walks along a keyboard row (`asdf`, `qwerty`): the lists hold some, they are no language."""
    rows = ["qwertyuiop", "qwertzuiop", "azertyuiop", "asdfghjkl", "zxcvbnm", "йцукенгшщзхъ", "фывапролджэ", "ячсмитьбю"]
    return len(word) > 3 and any(word in row or word[::-1] in row for row in rows)


def lists(language):
    return [(w, f) for w, f in wordfreq.get_frequency_dict(language, "small").items() if not walk_of_keys(w)]


def prefix_compressed(path):
    """aspell's .cwl: each word is a byte (letters shared with the last word, plus one) and the rest of it."""
    data, words, last, at = gzip.open(path).read(), [], b"", 0
    while at < len(data):
        end = at + 1
        while end < len(data) and data[end] > 31:
            end += 1
        last = last[: data[at] - 1] + data[at + 1 : end]
        words.append(last.decode("latin-1"))
        at = end
    return words


def hunspell(path, encoding):
    lines = path.read_text(encoding=encoding).splitlines()[1:]
    return [line.split("/")[0].strip() for line in lines]


def even(words):
    return [(word, 1 / len(words)) for word in words]


def mapped(words, table):
    return [("".join(table.get(c, c) for c in unicodedata.normalize("NFC", w)), f) for w, f in words]


def strip_marks(words):
    plain = lambda w: "".join(c for c in unicodedata.normalize("NFD", w) if not unicodedata.combining(c))
    return [(plain(w), f) for w, f in words]


def serbian(words):
    out = []
    for word, weight in words:
        for latin, cyrillic in SERBIAN.items():
            word = word.replace(latin, cyrillic)
        out.append((word, weight))
    return out


def indic(words, block):
    """Devanagari, Bengali and Tamil share one order of letters, so one table by offset spells all three."""
    consonants = dict(zip(range(0x15, 0x3A), (
        "k kh g gh n ch chh j jh n t th d dh n t th d dh n n p ph b bh m y r r l l zh v sh sh s h".split()
    )))
    independent = dict(zip(range(0x05, 0x15), "a aa i i u u ri li e e e ai o o o au".split()))
    signs = dict(zip(range(0x3E, 0x4D), "a i I u U ri ri e e e ai o o o au".split()))
    out = []
    for word, weight in words:
        text, pending = "", False
        for char in unicodedata.normalize("NFC", word):
            offset = ord(char) - block
            if offset in consonants:
                text += ("a" if pending else "") + consonants[offset]
                pending = True
            elif offset in signs:
                text, pending = text + signs[offset], False
            elif offset == 0x4D:
                pending = False
            elif offset in (0x01, 0x02):
                text, pending = text + ("a" if pending else "") + "n", False
            elif offset in independent:
                text, pending = text + ("a" if pending else "") + independent[offset], False
        out.append((text.replace("I", "ee").replace("U", "oo"), weight / 2))
        text = text.lower()
        out.append((text, weight))
        out.append((text + ("a" if pending and block != 0x900 else ""), weight / 4))
        # Chat spelling drops the vowels after the first letter: "mjhe nhi pta".
        out.append((text[:1] + "".join(c for c in text[1:] if c not in "aei"), weight / 8))
    return out


def korean(words):
    first = "g kk n d tt r m b pp s ss . j jj ch k t p h".split()
    middle = "a ae ya yae eo e yeo ye o wa wae oe yo u wo we wi yu eu ui i".split()
    last = ". k k ks n nj nh t l lg lm lb ls lt lp lh m p ps t t ng t t k t p h".split()
    out = []
    for word, weight in words:
        codes = [ord(c) - 0xAC00 for c in word]
        if all(0 <= c < 11172 for c in codes):
            spelt = "".join(first[c // 588] + middle[c % 588 // 28] + last[c % 28] for c in codes)
            out.append((spelt.replace(".", ""), weight))
    return out


def japanese(words):
    rows = {"": "あいうえお", "k": "かきくけこ", "g": "がぎぐげご", "s": "さ.すせそ", "z": "ざ.ずぜぞ", "t": "た..てと",
            "d": "だ..でど", "n": "なにぬねの", "h": "はひ.へほ", "b": "ばびぶべぼ", "p": "ぱぴぷぺぽ", "m": "まみむめも",
            "r": "らりるれろ"}
    kana = {k: c + v for c, row in rows.items() for k, v in zip(row, "aiueo") if k != "."}
    kana |= {"し": "shi", "じ": "ji", "ち": "chi", "ぢ": "ji", "つ": "tsu", "づ": "zu", "ふ": "fu", "や": "ya", "ゆ": "yu",
             "よ": "yo", "わ": "wa", "を": "wo", "ん": "n"}
    small = {"ゃ": "ya", "ゅ": "yu", "ょ": "yo"}
    out = []
    for word, weight in words:
        text, double = "", False
        for char in word:
            char = chr(ord(char) - 0x60) if "ァ" <= char <= "ヶ" else char
            if char in small and text.endswith("i"):
                base = text[:-1]
                text = base + (small[char][1:] if base.endswith(("sh", "ch", "j")) else small[char])
            elif char == "っ":
                double = True
            elif char in kana:
                text += (kana[char][0] if double else "") + kana[char]
                double = False
            elif char != "ー":
                break
        else:
            out.append((text, weight))
    return out


def pinyin():
    starts = ["", *"bpmfdtnlgkhjqxrzcsyw", "zh", "ch", "sh"]
    ends = "a o e i u ai ei ui ao ou iu ie ue er an en in un ang eng ing ong ia ian iang iong iao ua uai uan uang uo".split()
    alone = {"", "y", "w"}
    return even([s + e for s in starts for e in ends if s not in alone or e[0] in "aoe"])


def open_syllables(onsets, vowels):
    """Two syllables, each a way to begin and a vowel."""
    syllables = [onset + vowel for onset in ["", *onsets.split()] for vowel in vowels]
    return even([one + two for one in syllables for two in syllables])


NGUNI = (
    "b bh c ch d dl f g gc gq gx h hl j k kh kw l ly m mb mf mnt mth mv mx mz n nc nd ndl ng ngc ngq ngw nhl nj nk nkh nq "
    "nt nts nx ny nz p ph q qh r s sb sh sw t th thw ts tsh tw v w x xh y z zw"
)
GUINEA = (
    "b bw ch d dw f fw g gb gh gw gy h hw hy j k kp ks kw ky l m mb mgb mp n nd ng nk nkw ns nt nw nwk ny nz p r s sh sk t "
    "ts tw v w y z"
)


def latin_sources(share):
    out = {name: lists(name) for name in LATIN_LISTS}
    hun = share / "hunspell"
    out["cy"] = even(prefix_compressed(share / "aspell" / "cy.cwl.gz"))
    out["et"] = even(hunspell(hun / "et_EE.dic", "latin-1"))
    out["ga"] = even(hunspell(hun / "ga_IE.dic", "latin-1"))
    out["eu"] = even(hunspell(hun / "eu.dic", "utf-8"))
    out["sw"] = even(hunspell(hun / "sw_TZ.dic", "utf-8"))
    out["af"] = even(hunspell(hun / "af_ZA.dic", "utf-8"))
    out["sq"] = even(hunspell(hun / "sq_AL.dic", "latin-1"))
    out["kmr"] = even(hunspell(hun / "kmr_Latn.dic", "utf-8"))
    out["uz-latin"] = mapped(even([w.lower() for w in hunspell(hun / "uz_UZ.dic", "utf-8")]), FROM_UZBEK)
    out["nguni"] = open_syllables(NGUNI, "aeiou")
    out["guinea"] = open_syllables(GUINEA, "aeiou")
    for name in ["ru", "uk", "bg"]:
        out[name + "-latin"] = mapped(lists(name), FROM_CYRILLIC)
    out["el-latin"] = mapped(strip_marks(lists("el")), FROM_GREEK)
    for name, block in [("hi", 0x900), ("bn", 0x980), ("ta", 0xB80)]:
        out[name + "-latin"] = indic(lists(name), block)
    out["ko-latin"] = korean(lists("ko"))
    out["ja-latin"] = japanese(lists("ja"))
    out["zh-latin"] = pinyin()
    return out


def cyrillic_sources(share):
    out = {name: lists(name) for name in CYRILLIC_LISTS}
    out["be"] = even(hunspell(share / "hunspell" / "be_BY.dic", "utf-8"))
    out["uz"] = even(hunspell(share / "hunspell" / "uz_UZ.dic", "utf-8"))
    out["mn"] = even(hunspell(share / "hunspell" / "mn_MN.dic", "utf-8"))
    out["kk"] = even(hunspell(share / "hunspell" / "kk_KZ.dic", "utf-8"))
    out["sr"] = serbian(lists("sh"))
    return out


def surprise(words, alphabet, extra):
    """{(a, b, c): bits} for one language, and the values for what it never saw."""
    size = len(alphabet) + 1
    place = {letter: i + 1 for i, letter in enumerate(alphabet)}
    three = Counter()
    for word, weight in words:
        folded = fold(word, alphabet, extra)
        if folded:
            # Frequent words count less than in proportion: the letters of "the" are not all of English.
            codes = [0, 0, *(place[c] for c in folded), 0]
            for triple in zip(codes, codes[1:], codes[2:]):
                three[triple] += weight**0.75
    total = sum(three.values())
    two, pair, one, first = Counter(), Counter(), Counter(), Counter()
    for (a, b, c), n in three.items():
        n = three[a, b, c] = n / total * 1e6
        two[b, c] += n
        pair[a, b] += n
        one[c] += n
        first[b] += n
    letters = [(one[c] + 1) / (1e6 + size) for c in range(size)]
    table = bytearray()
    for a in range(size):
        for b in range(size):
            for c in range(size):
                back = (two[b, c] + 50 * letters[c]) / (first[b] + 50)
                p = (three[a, b, c] + 20 * back) / (pair[a, b] + 20)
                table.append(min(255, round(-math.log2(p) * 16)))
    return table


def write(name, sources, alphabet, extra):
    best = None
    for words in sources.values():
        table = surprise(words, alphabet, extra)
        best = table if best is None else bytearray(map(min, best, table))
    (HERE / name).write_bytes(best)
    print(name, len(best), "bytes from", " ".join(sources))
    print("  sha256", hashlib.sha256(best).hexdigest())


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--share", type=pathlib.Path, default=pathlib.Path("/usr/share"))
    share = parser.parse_args().share
    write("latin.bin", latin_sources(share), LATIN, LATIN_FOLD)
    write("cyrillic.bin", cyrillic_sources(share), CYRILLIC, CYRILLIC_FOLD)
