//! Prints the figures of the gibberish check, as the README quotes them. `-v` adds every line of
//! the reviewed sets that is misjudged.

fn main() {
    let report = serene_care::gibberish::report();
    println!("{report}");
    if std::env::args().any(|argument| argument == "-v") {
        report.misjudged.iter().for_each(|line| println!("{line}"));
    }
}
