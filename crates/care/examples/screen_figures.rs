//! Prints the figures of the crisis screen. With `misses` it lists the sentences of the reviewed
//! sets that come out wrong, with `held-out` those of the held-out slice; with `try`, it screens
//! each line of standard input.

use std::io::BufRead as _;

use serene_care::screen::{Surface, report, screen};

fn main() {
    match std::env::args().nth(1).as_deref() {
        Some("misses") => list(false),
        Some("held-out") => list(true),
        Some("try") => {
            for line in std::io::stdin().lock().lines().map_while(Result::ok) {
                println!("{:?}\t{line}", screen(&line, Surface::Chat));
            }
        }
        _ => println!("{}", report::report()),
    }
}

fn list(held_out: bool) {
    for miss in report::misses(held_out) {
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
