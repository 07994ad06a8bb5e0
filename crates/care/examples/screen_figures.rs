//! Prints the figures of the crisis screen. With `misses` it lists the sentences of the reviewed
//! sets that come out wrong, with `late` those that were written last; with `try`, it screens
//! each line of standard input.

use std::io::BufRead as _;

use serene_care::screen::{Surface, report, screen};

fn main() {
    match std::env::args().nth(1).as_deref() {
        Some("misses") => list(false),
        Some("late") => list(true),
        Some("try") => {
            for line in std::io::stdin().lock().lines().map_while(Result::ok) {
                println!("{:?}\t{line}", screen(&line, Surface::Chat));
            }
        }
        _ => println!("{}", report::report()),
    }
}

fn list(late: bool) {
    for miss in report::misses(late) {
        println!(
            "{} wanted {:?} got {:?} disguise {:?}: {}",
            miss.language,
            miss.wanted,
            miss.got,
            miss.disguise.map(|n| serene_care::screen::disguise::NAMES[n]),
            miss.text
        );
    }
}
