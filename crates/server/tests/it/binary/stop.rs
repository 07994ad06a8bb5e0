//! Stopping with nothing under way. With replies under way: `faults::shutdown`, `faults::kills`.

use std::{
    io::{BufReader, Read},
    process::Stdio,
    time::Duration,
};

use crate::process::{Home, Reaped, Request, read_until, wait_for};
use rustix::process::{Pid, Signal, kill_process};

#[test]
fn an_idle_server_stops_at_once_and_in_order() {
    for signal in [Signal::TERM, Signal::INT] {
        let home = Home::new();
        let mut server = home.start(&[]);
        // A client that keeps its connection does not hold it up.
        let mut kept = Request::new("GET", "/livez").open(server.address);
        read_until(&mut kept, "\r\n\r\n");
        server.signal(signal);
        let (status, took) = server.wait();
        assert_eq!(status.code(), Some(0), "{}", server.log());
        assert!(took < Duration::from_secs(2), "it took {took:?}");
        let mut rest = String::new();
        kept.read_to_string(&mut rest).unwrap();
        assert_eq!(rest, r#"{"status":"ok"}"#, "nothing else was said on the connection");
    }
}

#[test]
fn a_server_that_has_just_started_hears_the_first_signal() {
    let home = Home::new();
    for round in 0..30 {
        let mut command = home.serene(&["--port", "0"], &[]);
        command.stdout(Stdio::piped()).stderr(Stdio::null());
        let mut child = Reaped(command.spawn().unwrap());
        let mut out = BufReader::new(child.0.stdout.take().unwrap());
        read_until(&mut out, "  engine ");
        kill_process(Pid::from_child(&child.0), Signal::TERM).unwrap();
        let status = wait_for("the server to end", || child.0.try_wait().unwrap());
        assert_eq!(status.code(), Some(0), "in round {round}");
    }
}
