//! `serene care report`: the published figures, from the binary itself.

use crate::process::Home;

#[test]
fn the_figures_are_printed_and_within_their_bounds() {
    // It needs no configuration, not even a good one, and leaves nothing behind.
    let home = Home::new();
    // Some hundred thousand screenings: in an unoptimised build on a busy machine it takes a while.
    let report = home.serene(&["care", "report"], &[("PORT", "nonsense")]).output().unwrap();
    let out = String::from_utf8(report.stdout).unwrap();
    assert_eq!((report.status.code(), &report.stderr[..]), (Some(0), &b""[..]), "{out}");
    assert_eq!(std::fs::read_dir(home.work()).unwrap().count(), 0);

    let line = |start: &str| out.lines().find(|line| line.starts_with(start)).unwrap();
    assert!(line("Crisis screen, phrases version ").ends_with(", 20 disguises"), "{out}");
    for tier in ["explicit", "disguised", "method", "passive", "bare word", "false alarms"] {
        assert!(out.contains(&format!(" {tier} ")), "{tier}: {out}");
    }
    for language in
        ["en", "es", "pt", "fr", "de", "it", "nl", "pl", "tr", "ru", "hi", "ar", "zh", "ja", "ko"]
    {
        // Explicit sentences that were found, of all: never none.
        let (_, figures) = line(&format!("{language} ")).split_once(' ').unwrap();
        let (found, of) = figures.trim().split_once(' ').unwrap().0.split_once('/').unwrap();
        let (found, of): (usize, usize) = (found.parse().unwrap(), of.parse().unwrap());
        assert!(found > 100 && found <= of, "{language}: {figures}");
    }
    assert!(line("  ordinary text ").contains(" of "), "{out}");
    assert!(line("Bad answers that are refused").ends_with(':'), "{out}");
    assert_eq!(line("Accepted answers that break"), "Accepted answers that break a promise: 0");
    assert_eq!(out.lines().last(), Some("Every figure is within its bound."));
}

#[test]
fn care_alone_says_what_it_can_do() {
    let home = Home::new();
    let asked = home.run(&["care"], &[]);
    assert_eq!(asked.code, Some(2), "{asked:?}");
    assert!(asked.err.contains("report"), "{asked:?}");
}
