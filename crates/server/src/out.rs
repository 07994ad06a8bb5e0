//! What a command prints.

/// Prints a line to standard output. A reader that has gone (`serene openapi | head`, a service
/// manager that was restarted) is no reason to fail, as `println!` would.
macro_rules! say {
    ($($line:tt)*) => {{
        use std::io::Write;
        let _ = writeln!(std::io::stdout().lock(), $($line)*);
    }};
}

pub(crate) use say;
