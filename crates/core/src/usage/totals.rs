//! The running totals and what is kept free in them. Nobody else touches `usage_reservations`,
//! `usage_totals` and `instance_usage_totals`.
//!
//! A write touches the rows of totals last, and always in one order: the user's day and month, then
//! everybody's. So writers that meet wait for each other, shortly, and never in a circle.

use serene_db::{Db, DbError, Row, Select, Statement, values};
use uuid::Uuid;

use super::budgets::{Budgets, Limits, Period, Unit, days_of, month_of};
use crate::base::{Error, Owner};

macro_rules! figures {
    () => {
        "tokens_used, cost_nanos_used, tokens_reserved, cost_nanos_reserved"
    };
}

/// `SET` and what follows it where calls end.
macro_rules! settle {
    () => {
        "SET tokens_used = tokens_used + ?, cost_nanos_used = cost_nanos_used + ?, \
         tokens_reserved = tokens_reserved - ?, cost_nanos_reserved = cost_nanos_reserved - ?"
    };
}

/// `SET` where room is kept free.
macro_rules! reserve {
    () => {
        "SET tokens_reserved = tokens_reserved + ?, cost_nanos_reserved = cost_nanos_reserved + ?"
    };
}

/// What keeps a budget: there is room as long as this holds.
macro_rules! has_room {
    () => {
        "AND tokens_used + tokens_reserved + ? <= ? \
         AND cost_nanos_used + cost_nanos_reserved + ? <= ?"
    };
}

macro_rules! unchanged {
    () => {
        "AND tokens_used = ? AND cost_nanos_used = ? \
         AND tokens_reserved = ? AND cost_nanos_reserved = ?"
    };
}

serene_db::statements! {
    OPEN = "usage_totals.open":
        concat!("INSERT INTO usage_totals (owner_id, period, ", figures!(), ")",
                " VALUES (?, ?, ?, ?, ?, ?)");
    OPEN_INSTANCE = "instance_usage_totals.open":
        concat!("INSERT INTO instance_usage_totals (period, ", figures!(),
                ", tokens_departed, cost_nanos_departed) VALUES (?, ?, ?, ?, ?, 0, 0)");
    OF_PERIOD = "usage_totals.of_period":
        concat!("SELECT ", figures!(), " FROM usage_totals",
                " WHERE owner_id = ? AND period = ? LIMIT 1");
    OF_PERIOD_INSTANCE = "instance_usage_totals.of_period":
        concat!("SELECT ", figures!(), " FROM instance_usage_totals WHERE period = ? LIMIT 1");
    RESERVE = "usage_totals.reserve":
        concat!("UPDATE usage_totals ", reserve!(),
                " WHERE owner_id = ? AND period = ? ", has_room!());
    RESERVE_INSTANCE = "instance_usage_totals.reserve":
        concat!("UPDATE instance_usage_totals ", reserve!(), " WHERE period = ? ", has_room!());
    SETTLE = "usage_totals.settle":
        concat!("UPDATE usage_totals ", settle!(), " WHERE owner_id = ? AND period = ?");
    SETTLE_INSTANCE = "instance_usage_totals.settle":
        concat!("UPDATE instance_usage_totals ", settle!(), " WHERE period = ?");

    HOLD = "usage_reservations.insert":
        "INSERT INTO usage_reservations (owner_id, id, holder, day, tokens, cost_nanos) \
         VALUES (?, ?, ?, ?, ?, ?)";
    GIVE_BACK = "usage_reservations.delete":
        "DELETE FROM usage_reservations WHERE owner_id = ? AND id = ?";
    HELD = "usage_reservations.find":
        "SELECT id, day, tokens, cost_nanos FROM usage_reservations \
         WHERE owner_id = ? AND id = ? LIMIT 1";
    HELD_BY_OWNER = "usage_reservations.list":
        "SELECT id, day, tokens, cost_nanos FROM usage_reservations \
         WHERE owner_id = ? ORDER BY id LIMIT 1000";
    LEFT_BEHIND = "usage_reservations.left_behind":
        "SELECT r.id, r.day, r.tokens, r.cost_nanos, r.owner_id FROM usage_reservations r \
         LEFT JOIN instances i ON i.id = r.holder WHERE i.id IS NULL LIMIT 100";

    LIST = "usage_totals.list":
        concat!("SELECT period, ", figures!(), " FROM usage_totals",
                " WHERE owner_id = ? AND period > ? ORDER BY period LIMIT ?");
    LIST_INSTANCE = "instance_usage_totals.list":
        concat!("SELECT period, ", figures!(), " FROM instance_usage_totals",
                " WHERE period > ? ORDER BY period LIMIT ?");
    CLOSE = "usage_totals.close":
        concat!("DELETE FROM usage_totals WHERE owner_id = ? AND period = ? ", unchanged!());
    DEPART = "instance_usage_totals.depart":
        "UPDATE instance_usage_totals SET tokens_departed = tokens_departed + ?, \
         cost_nanos_departed = cost_nanos_departed + ?, tokens_reserved = tokens_reserved - ?, \
         cost_nanos_reserved = cost_nanos_reserved - ? WHERE period = ?";
    // One statement, so that what is compared was so at one moment.
    COMPARE = "usage_totals.compare":
        concat!("SELECT ", figures!(), ", \
                 (SELECT COALESCE(SUM(prompt_tokens + completion_tokens), 0) FROM usage_records \
                  WHERE owner_id = ? AND day >= ? AND day <= ? LIMIT 1), \
                 (SELECT COALESCE(SUM(cost_nanos), 0) FROM usage_records \
                  WHERE owner_id = ? AND day >= ? AND day <= ? LIMIT 1), \
                 (SELECT COALESCE(SUM(tokens), 0) FROM usage_reservations \
                  WHERE owner_id = ? AND day >= ? AND day <= ? LIMIT 1), \
                 (SELECT COALESCE(SUM(cost_nanos), 0) FROM usage_reservations \
                  WHERE owner_id = ? AND day >= ? AND day <= ? LIMIT 1) \
                 FROM usage_totals WHERE owner_id = ? AND period = ? LIMIT 1");
    COMPARE_INSTANCE = "instance_usage_totals.compare":
        concat!("SELECT ", figures!(), ", tokens_departed, cost_nanos_departed, \
                 (SELECT COALESCE(SUM(tokens_used), 0) FROM usage_totals \
                  WHERE period = ? LIMIT 1), \
                 (SELECT COALESCE(SUM(cost_nanos_used), 0) FROM usage_totals \
                  WHERE period = ? LIMIT 1), \
                 (SELECT COALESCE(SUM(tokens_reserved), 0) FROM usage_totals \
                  WHERE period = ? LIMIT 1), \
                 (SELECT COALESCE(SUM(cost_nanos_reserved), 0) FROM usage_totals \
                  WHERE period = ? LIMIT 1) \
                 FROM instance_usage_totals WHERE period = ? LIMIT 1");
    MEND = "usage_totals.mend":
        "UPDATE usage_totals SET tokens_used = tokens_used + ?, \
         cost_nanos_used = cost_nanos_used + ?, tokens_reserved = tokens_reserved + ?, \
         cost_nanos_reserved = cost_nanos_reserved + ? WHERE owner_id = ? AND period = ?";
    MEND_INSTANCE = "instance_usage_totals.mend":
        "UPDATE instance_usage_totals SET tokens_used = tokens_used + ?, \
         cost_nanos_used = cost_nanos_used + ?, tokens_reserved = tokens_reserved + ?, \
         cost_nanos_reserved = cost_nanos_reserved + ? WHERE period = ?";
}

/// Tokens and what they cost.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Amount {
    /// Of the prompt and of the answer.
    pub tokens: i64,
    /// Billionths of the operator's currency.
    pub cost_nanos: i64,
}

impl Amount {
    pub(super) const fn of(self, unit: Unit) -> i64 {
        match unit {
            Unit::Tokens => self.tokens,
            Unit::CostNanos => self.cost_nanos,
        }
    }

    pub(super) const fn is_nothing(self) -> bool {
        self.tokens == 0 && self.cost_nanos == 0
    }
}

/// The totals of a period.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Figures {
    /// What calls took that are over.
    pub used: Amount,
    /// What is kept free for calls that run.
    pub reserved: Amount,
}

impl Figures {
    /// Both together: what a budget has no more.
    pub(super) const fn taken(&self) -> Amount {
        Amount {
            tokens: self.used.tokens.saturating_add(self.reserved.tokens),
            cost_nanos: self.used.cost_nanos.saturating_add(self.reserved.cost_nanos),
        }
    }
}

/// What is kept free for one call, until it is settled or given back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Reservation {
    pub(super) id: Uuid,
    /// The UTC day on which the call began.
    pub(super) day: String,
    pub(super) amount: Amount,
}

/// Whether this names a guard that keeps a budget. Then there is no room, or no row yet.
pub(crate) fn is_budget_guard(name: &str) -> bool {
    name == RESERVE.name() || name == RESERVE_INSTANCE.name()
}

/// Whether this names a guard that fails where there is no row yet.
pub(super) fn is_row_guard(name: &str) -> bool {
    name == SETTLE.name() || name == SETTLE_INSTANCE.name()
}

/// Whether this names the guard that fails where a reservation was given back by another.
pub(super) fn is_reservation_guard(name: &str) -> bool {
    name == GIVE_BACK.name()
}

fn figures(row: &Row<'_>, first: usize) -> Result<Figures, DbError> {
    let amount = |first| -> Result<Amount, DbError> {
        Ok(Amount { tokens: row.get(first)?, cost_nanos: row.get(first + 1)? })
    };
    Ok(Figures { used: amount(first)?, reserved: amount(first + 2)? })
}

/// A new row of totals: a user's, or everybody's.
pub(super) fn open(owner: Option<Owner>, period: &str, kept: &Figures) -> Statement {
    let Figures { used, reserved } = kept;
    let mut values = owner.map_or(values![], |owner| values![owner.id()]);
    values.extend(values![
        period,
        used.tokens,
        used.cost_nanos,
        reserved.tokens,
        reserved.cost_nanos
    ]);
    Statement::new(if owner.is_some() { &OPEN } else { &OPEN_INSTANCE }, values)
}

/// What is kept of a period: a user's, or everybody's.
pub(super) async fn of_period(
    db: &Db,
    owner: Option<Owner>,
    period: &str,
) -> Result<Option<Figures>, Error> {
    let map = |row: &Row<'_>| Ok::<_, Error>(figures(row, 0)?);
    match owner {
        Some(owner) => {
            db.query_one(Select::new(&OF_PERIOD, values![owner.id(), period], map)).await
        }
        None => db.query_one(Select::new(&OF_PERIOD_INSTANCE, values![period], map)).await,
    }
}

/// The piece of a write that keeps room free, where every budget has it.
pub(super) fn reserve(
    owner: Owner,
    holder: Uuid,
    reservation: &Reservation,
    budgets: &Budgets,
) -> Vec<Statement> {
    let Reservation { id, day, amount } = reservation;
    let hold = values![owner.id(), *id, holder, &**day, amount.tokens, amount.cost_nanos];
    let guard = |sql, whose: Option<Owner>, period: Period, limits: &Limits| {
        let name = if period == Period::Day { day } else { month_of(day) };
        let mut values = values![amount.tokens, amount.cost_nanos];
        values.extend(whose.map_or(values![], |owner| values![owner.id()]));
        values.extend(values![
            name,
            amount.tokens,
            limits.most(Unit::Tokens, period),
            amount.cost_nanos,
            limits.most(Unit::CostNanos, period),
        ]);
        Statement::guard(sql, values)
    };
    vec![
        Statement::new(&HOLD, hold),
        guard(&RESERVE, Some(owner), Period::Day, &budgets.per_user),
        guard(&RESERVE, Some(owner), Period::Month, &budgets.per_user),
        guard(&RESERVE_INSTANCE, None, Period::Day, &budgets.per_instance),
        guard(&RESERVE_INSTANCE, None, Period::Month, &budgets.per_instance),
    ]
}

/// The piece of a write that counts what a call took, and gives back what was kept free for it.
pub(super) fn settle(
    owner: Owner,
    day: &str,
    used: Amount,
    reservation: Option<&Reservation>,
) -> Vec<Statement> {
    let reserved = reservation.map(|it| it.amount).unwrap_or_default();
    let give_back = reservation.map(|it| Statement::guard(&GIVE_BACK, values![owner.id(), it.id]));
    let mut statements: Vec<Statement> = give_back.into_iter().collect();
    if used.is_nothing() && reserved.is_nothing() {
        return statements;
    }
    for (sql, whose) in [(&SETTLE, Some(owner)), (&SETTLE_INSTANCE, None)] {
        for period in [day, month_of(day)] {
            let mut values =
                values![used.tokens, used.cost_nanos, reserved.tokens, reserved.cost_nanos];
            values.extend(whose.map_or(values![], |owner| values![owner.id()]));
            values.extend(values![period]);
            statements.push(Statement::guard(sql, values));
        }
    }
    statements
}

fn reservation(row: &Row<'_>) -> Result<Reservation, DbError> {
    let amount = Amount { tokens: row.get(2)?, cost_nanos: row.get(3)? };
    Ok(Reservation { id: row.get(0)?, day: row.get(1)?, amount })
}

pub(super) async fn held(db: &Db, owner: Owner, id: Uuid) -> Result<Option<Reservation>, DbError> {
    db.query_one(Select::new(&HELD, values![owner.id(), id], reservation)).await
}

pub(super) async fn held_by(db: &Db, owner: Owner) -> Result<Vec<Reservation>, DbError> {
    db.query(Select::new(&HELD_BY_OWNER, values![owner.id()], reservation)).await
}

/// For the sweep, which serves every owner: returns whose it is beside what it is.
pub(super) async fn left_behind(db: &Db) -> Result<Vec<(Uuid, Reservation)>, DbError> {
    let map = |row: &Row<'_>| Ok::<_, DbError>((row.get(4)?, reservation(row)?));
    db.query(Select::new(&LEFT_BEHIND, values![], map)).await
}

/// The totals after a period, in the order of time: a user's, or everybody's.
pub(super) async fn list(
    db: &Db,
    owner: Option<Owner>,
    after: &str,
    limit: u32,
) -> Result<Vec<(String, Figures)>, Error> {
    let map = |row: &Row<'_>| Ok::<_, Error>((row.get(0)?, figures(row, 1)?));
    match owner {
        Some(owner) => db.query(Select::new(&LIST, values![owner.id(), after, limit], map)).await,
        None => db.query(Select::new(&LIST_INSTANCE, values![after, limit], map)).await,
    }
}

/// Takes away a row of totals of somebody who leaves, as it was read. What they used is known of
/// everybody together from then on.
pub(super) fn depart(owner: Owner, period: &str, kept: &Figures) -> [Statement; 2] {
    let Figures { used, reserved } = kept;
    let row = values![
        owner.id(),
        period,
        used.tokens,
        used.cost_nanos,
        reserved.tokens,
        reserved.cost_nanos
    ];
    let all = values![used.tokens, used.cost_nanos, reserved.tokens, reserved.cost_nanos, period];
    [Statement::guard(&CLOSE, row), Statement::guard(&DEPART, all)]
}

/// What is kept of a period beside what it should be; `None` where nothing is kept.
pub(super) async fn compare(
    db: &Db,
    owner: Option<Owner>,
    period: &str,
) -> Result<Option<(Figures, Figures)>, Error> {
    let Some(owner) = owner else { return compare_instance(db, period).await };
    let (first, last) =
        if period.len() == 7 { days_of(period) } else { (period.into(), period.into()) };
    let mut values = Vec::new();
    for _ in 0..4 {
        values.extend(values![owner.id(), &*first, &*last]);
    }
    values.extend(values![owner.id(), period]);
    let map = |row: &Row<'_>| Ok::<_, Error>((figures(row, 0)?, figures(row, 4)?));
    db.query_one(Select::new(&COMPARE, values, map)).await
}

async fn compare_instance(db: &Db, period: &str) -> Result<Option<(Figures, Figures)>, Error> {
    let map = |row: &Row<'_>| {
        let mut should_be = figures(row, 6)?;
        should_be.used.tokens += row.get::<i64>(4)?;
        should_be.used.cost_nanos += row.get::<i64>(5)?;
        Ok::<_, Error>((figures(row, 0)?, should_be))
    };
    let values = values![period, period, period, period, period];
    db.query_one(Select::new(&COMPARE_INSTANCE, values, map)).await
}

/// Adds what is missing, and takes away what is too much.
pub(super) fn mend(
    owner: Option<Owner>,
    period: &str,
    (kept, should_be): (&Figures, &Figures),
) -> Statement {
    let mut values = values![
        should_be.used.tokens - kept.used.tokens,
        should_be.used.cost_nanos - kept.used.cost_nanos,
        should_be.reserved.tokens - kept.reserved.tokens,
        should_be.reserved.cost_nanos - kept.reserved.cost_nanos,
    ];
    values.extend(owner.map_or(values![], |owner| values![owner.id()]));
    values.extend(values![period]);
    Statement::guard(if owner.is_some() { &MEND } else { &MEND_INSTANCE }, values)
}
