//! Prints the figures of the reply guard, as the README quotes them. `-v` adds every answer of the
//! reviewed sets that is misjudged.

fn main() {
    let report = serene_care::guard::report();
    println!("{report}");
    if std::env::args().any(|argument| argument == "-v") {
        report.misjudged.iter().for_each(|line| println!("{line}"));
    }
}
