//! The load: so many clients at once, each on a connection of its own, and how long they waited.

use std::{
    net::SocketAddr,
    sync::Arc,
    time::{Duration, Instant},
};

use anyhow::Context;
use serde_json::Value;
use tokio::task::JoinSet;

use crate::client::{Client, Request};

/// What the clients send. Client `c` of `n` sends the requests `c`, `c + n`, `c + 2 n` and so on,
/// in this order: what must not happen at once is put into the same column. (When they are sent
/// again, the columns stay what they are if their number is a multiple of `n`.)
#[derive(Clone, Debug)]
pub(crate) enum Work {
    /// The same ones again and again.
    Again(Vec<Request>),
    /// Each one once: what it acts on is used up.
    Once(Vec<Request>),
}

/// When a round ends, for each client.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limit {
    /// After this time …
    pub(crate) time: Duration,
    /// … or after this many requests.
    pub(crate) requests: usize,
}

/// What a round gave.
#[derive(Clone, Debug, Default)]
pub(crate) struct Outcome {
    /// How long each right answer took, the shortest first.
    pub(crate) latencies: Vec<Duration>,
    /// From the first request to the last answer.
    pub(crate) wall: Duration,
    /// Wrong answers, and requests without one.
    pub(crate) errors: usize,
    /// What the first of them was.
    pub(crate) first_error: Option<String>,
}

impl Outcome {
    /// The time within which this many percent of the answers came; zero without any.
    pub(crate) fn percentile(&self, percent: usize) -> Duration {
        let rank = (self.latencies.len() * percent).div_ceil(100);
        self.latencies.get(rank.saturating_sub(1)).copied().unwrap_or_default()
    }

    fn add(&mut self, other: Self) {
        self.latencies.extend(other.latencies);
        self.wall = self.wall.max(other.wall);
        self.errors += other.errors;
        self.first_error = self.first_error.take().or(other.first_error);
    }
}

/// Clients that are connected and know what to send. From one round to the next, each goes on
/// where it was.
#[derive(Debug)]
pub(crate) struct Crew {
    requests: Arc<[Request]>,
    repeat: bool,
    members: Vec<Member>,
}

#[derive(Debug)]
struct Member {
    client: Client,
    next: usize,
    stride: usize,
}

impl Crew {
    /// Connects the clients.
    pub(crate) async fn new(
        address: SocketAddr,
        clients: usize,
        work: Work,
    ) -> anyhow::Result<Self> {
        let (requests, repeat) = match work {
            Work::Again(requests) => (requests, true),
            Work::Once(requests) => (requests, false),
        };
        let mut members = Vec::new();
        for first in 0..clients {
            let mut client = Client::new(address);
            client.connect().await.context("cannot connect")?;
            members.push(Member { client, next: first, stride: clients });
        }
        Ok(Self { requests: requests.into(), repeat, members })
    }

    /// How many requests each client has, when each is sent once.
    pub(crate) fn supply(&self) -> Option<usize> {
        (!self.repeat).then_some(self.requests.len() / self.members.len().max(1))
    }

    /// All clients at once, until the limit or the end of the work.
    pub(crate) async fn round(&mut self, limit: Limit) -> Outcome {
        let mut tasks = JoinSet::new();
        let start = Instant::now();
        for member in self.members.drain(..) {
            let (requests, repeat) = (Arc::clone(&self.requests), self.repeat);
            tasks.spawn(member.round(requests, repeat, start, limit));
        }
        let mut outcome = Outcome::default();
        // Which column is whose does not change with the order in which they come back.
        for (member, own) in tasks.join_all().await {
            self.members.push(member);
            outcome.add(own);
        }
        outcome.latencies.sort_unstable();
        outcome
    }
}

impl Member {
    async fn round(
        mut self,
        requests: Arc<[Request]>,
        repeat: bool,
        start: Instant,
        limit: Limit,
    ) -> (Self, Outcome) {
        let mut outcome = Outcome::default();
        let mut sent = Instant::now();
        for _ in 0..limit.requests {
            if sent.duration_since(start) >= limit.time {
                break;
            }
            let Some(request) = self.take(&requests, repeat) else { break };
            let result = self.client.send(request).await;
            let answered = Instant::now();
            match result {
                Ok(()) => outcome.latencies.push(answered.duration_since(sent)),
                Err(error) => {
                    outcome.errors += 1;
                    outcome.first_error.get_or_insert_with(|| error.to_string());
                }
            }
            sent = answered;
        }
        outcome.wall = sent.duration_since(start);
        (self, outcome)
    }

    fn take<'r>(&mut self, requests: &'r [Request], repeat: bool) -> Option<&'r Request> {
        let index = if repeat { self.next.checked_rem(requests.len())? } else { self.next };
        self.next += self.stride;
        requests.get(index)
    }
}

/// Sends each request once, so many at a time, and returns the bodies in the order of the
/// requests; an empty body is null. For preparing, not for measuring.
///
/// # Errors
/// The first answer that was not the right one.
pub(crate) async fn each(
    address: SocketAddr,
    clients: usize,
    requests: Vec<Request>,
) -> anyhow::Result<Vec<Value>> {
    let requests: Arc<[Request]> = requests.into();
    let mut tasks = JoinSet::new();
    for first in 0..clients.min(requests.len()) {
        let requests = Arc::clone(&requests);
        tasks.spawn(async move {
            let mut client = Client::new(address);
            let mut bodies = Vec::new();
            for (index, request) in requests.iter().enumerate().skip(first).step_by(clients) {
                client.send(request).await.context("while preparing")?;
                let body = match client.body() {
                    [] => Value::Null,
                    body => serde_json::from_slice(body).context("an answer is not JSON")?,
                };
                bodies.push((index, body));
            }
            Ok::<_, anyhow::Error>(bodies)
        });
    }
    let mut bodies = vec![Value::Null; requests.len()];
    for column in tasks.join_all().await {
        for (index, body) in column? {
            bodies[index] = body;
        }
    }
    Ok(bodies)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn outcome(millis: std::ops::RangeInclusive<u64>) -> Outcome {
        Outcome { latencies: millis.map(Duration::from_millis).collect(), ..Outcome::default() }
    }

    #[test]
    fn percentiles_are_waits_that_somebody_had() {
        let hundred = outcome(1..=100);
        assert_eq!(hundred.percentile(50), Duration::from_millis(50));
        assert_eq!(hundred.percentile(99), Duration::from_millis(99));
        assert_eq!(hundred.percentile(100), Duration::from_millis(100));
        // Of few, the longest counts: a p99 is not made better by asking less often.
        assert_eq!(outcome(1..=10).percentile(99), Duration::from_millis(10));
        assert_eq!(Outcome::default().percentile(99), Duration::ZERO);
    }

    #[test]
    fn each_client_stays_in_its_column() {
        let status = |status| Request { bytes: Arc::from([]), status, contains: None };
        let requests: Vec<Request> = (0..6).map(status).collect();
        let mut member =
            Member { client: Client::new(([127, 0, 0, 1], 9).into()), next: 1, stride: 3 };
        let mut take = |repeat| member.take(&requests, repeat).map(|request| request.status);
        assert_eq!([take(true), take(true), take(true), take(true)], [1, 4, 1, 4].map(Some));
        assert_eq!(take(false), None);
    }
}
