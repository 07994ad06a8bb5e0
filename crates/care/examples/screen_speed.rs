//! Measures the crisis screen: building the phrase book, a note of usual length, and long texts.

use std::time::{Duration, Instant};

use serene_care::screen::{Surface, book_bytes, screen};

const NOTE: &str = "Today was long. I got up before the alarm, made coffee and sat by the window \
    until the children woke. Work was the usual: two meetings that could have been letters, and \
    one good talk with Anna about her garden. On the way home I missed the train and walked; the \
    light over the river was worth it. I'm dead tired now, my feet are killing me, but it is the \
    good kind of tired. Tomorrow I want to call my brother, we have not spoken since the wedding, \
    and I keep putting it off for no reason at all. ";
const RUSSIAN: &str = "Сегодня был длинный день. Утром пили чай на кухне, потом гуляли у реки и \
    говорили о планах на лето. Вечером я читал, слушал дождь и думал, что надо чаще звонить маме. ";
const CHINESE: &str = "今天下班以后我们去河边散步，风很大，孩子们一直在笑。晚上煮了面，看了一部老电影，\
    睡得很早。明天想去看看外婆，给她带一点水果。";
const LEET: &str =
    "g00d m0rn1ng 3v3ry0ne, i w*nt to g3t a c0ff33 & w@lk 2 k1l0m3t3rs b3f0re w0rk! ";

fn main() {
    let (_, built) = timed(|| screen("hello", Surface::Entry));
    let (memory, program) = book_bytes();
    println!("book built in {built:?}, {} KiB and {} KiB", memory / 1024, program / 1024);
    for (name, text) in [("English", NOTE), ("Russian", RUSSIAN), ("leet", LEET)] {
        let note: String = text.chars().cycle().take(2000).collect();
        let (_, taken) =
            timed(|| (0..500).filter(|_| screen(&note, Surface::Entry).tier.is_some()).count());
        println!("a note of 2,000 characters, {name}: {:?}", taken / 500);
    }
    for (name, text) in [
        ("English", NOTE),
        ("Russian", RUSSIAN),
        ("Chinese", CHINESE),
        ("leet", LEET),
        ("crisis", "i want to kill myself and "),
        ("one letter", "a"),
        ("masks", "a*b c*d*e "),
        ("digits", "1!1|"),
    ] {
        let text = text.repeat(100_000 / text.len());
        let (_, taken) = timed(|| screen(&text, Surface::Entry));
        #[expect(clippy::cast_precision_loss, reason = "a hundred thousand bytes")]
        let rate = text.len() as f64 / 1e6 / taken.as_secs_f64();
        println!("{name:<12} {:>7} bytes {taken:>12?} {rate:6.1} MB/s", text.len());
    }
}

#[expect(clippy::disallowed_methods, reason = "measuring how long something takes")]
fn timed<T>(work: impl FnOnce() -> T) -> (T, Duration) {
    let start = Instant::now();
    let result = work();
    (result, start.elapsed())
}
