//! The tables, as one list of migrations for every engine. No other file creates one.
//!
//! Rules (docs/storage.md): times are microseconds, ids sixteen bytes, private text a blob that
//! went through the vault. A constraint is named `<table>_<columns>_key`. Owned tables have the
//! primary key `(owner_id, id)`, so that another's id can be neither hit nor guessed.

use serene_db::Migration;

/// Applied in order at start. A released one is never changed.
pub static MIGRATIONS: &[Migration] = &[Migration {
    version: 1,
    name: "accounts, conversations, generations, usage",
    statements: &[
        "CREATE TABLE sequences (
            name {text:64} NOT NULL,
            next_number {int} NOT NULL,
            CONSTRAINT sequences_name_key PRIMARY KEY (name)
        ){table}",
        "INSERT INTO sequences (name, next_number)
            VALUES ('users', 1), ('conversations', 1), ('messages', 1)",
        // The processes that serve this database; what is marked with none of their ids was left
        // behind by one that is gone. Of two with one place the later one has the lock on it.
        "CREATE TABLE instances (
            id {uuid} NOT NULL,
            beat {int} NOT NULL,
            secret {uuid} NOT NULL,
            place {uuid},
            started_at {int} NOT NULL,
            CONSTRAINT instances_id_key PRIMARY KEY (id)
        ){table}",
        "CREATE TABLE users (
            id {uuid} NOT NULL,
            number {int} NOT NULL,
            username {text:64},
            username_folded {text:255},
            email {text:254},
            email_folded {text:255},
            password_hash {text:60},
            time_zone {text:64},
            country {text:2},
            language {text:3},
            created_at {int} NOT NULL,
            updated_at {int} NOT NULL,
            closed_at {int},
            CONSTRAINT users_id_key PRIMARY KEY (id),
            CONSTRAINT users_number_key UNIQUE (number),
            CONSTRAINT users_username_folded_key UNIQUE (username_folded),
            CONSTRAINT users_email_folded_key UNIQUE (email_folded)
        ){table}",
        "CREATE INDEX users_closed_idx ON users (closed_at, number)",
        // A session is one sign-in on one device; its refresh token changes with every use.
        "CREATE TABLE sessions (
            owner_id {uuid} NOT NULL,
            id {uuid} NOT NULL,
            created_at {int} NOT NULL,
            last_used_at {int} NOT NULL,
            expires_at {int} NOT NULL,
            revoked_at {int},
            refresh_hash {blob} NOT NULL,
            previous_refresh_hash {blob},
            rotated_at {int},
            user_agent {text:255},
            address {text:64},
            CONSTRAINT sessions_owner_id_id_key PRIMARY KEY (owner_id, id),
            CONSTRAINT sessions_owner_id_fkey FOREIGN KEY (owner_id)
                REFERENCES users (id) ON DELETE CASCADE
        ){table}",
        // Who somebody is for another issuer. A pair of issuer and subject opens one account.
        "CREATE TABLE identities (
            owner_id {uuid} NOT NULL,
            id {uuid} NOT NULL,
            issuer {text:255} NOT NULL,
            subject {text:128} NOT NULL,
            created_at {int} NOT NULL,
            CONSTRAINT identities_owner_id_id_key PRIMARY KEY (owner_id, id),
            CONSTRAINT identities_issuer_subject_key UNIQUE (issuer, subject),
            CONSTRAINT identities_owner_id_fkey FOREIGN KEY (owner_id)
                REFERENCES users (id) ON DELETE CASCADE
        ){table}",
        // What an owner's text is sealed with, wrapped by the master key. No row: no vault.
        "CREATE TABLE vault_keys (
            owner_id {uuid} NOT NULL,
            version {int} NOT NULL,
            wrapped {blob} NOT NULL,
            CONSTRAINT vault_keys_owner_id_version_key PRIMARY KEY (owner_id, version),
            CONSTRAINT vault_keys_owner_id_fkey FOREIGN KEY (owner_id)
                REFERENCES users (id) ON DELETE CASCADE
        ){table}",
        // One row per owner, whose id is the owner's; the instruction is private text.
        "CREATE TABLE preferences (
            owner_id {uuid} NOT NULL,
            id {uuid} NOT NULL,
            model {text:255},
            temperature_hundredths {int},
            max_tokens {int},
            instruction {blob},
            personality {text:16},
            address_style {text:16},
            updated_at {int} NOT NULL,
            CONSTRAINT preferences_owner_id_id_key PRIMARY KEY (owner_id, id),
            CONSTRAINT preferences_owner_id_fkey FOREIGN KEY (owner_id)
                REFERENCES users (id) ON DELETE CASCADE
        ){table}",
        // What a client's key for a request that creates has created. Both hashes are keyed.
        "CREATE TABLE idempotency_keys (
            owner_id {uuid} NOT NULL,
            id {uuid} NOT NULL,
            fingerprint {uuid} NOT NULL,
            resource_id {uuid} NOT NULL,
            created_at {int} NOT NULL,
            CONSTRAINT idempotency_keys_owner_id_id_key PRIMARY KEY (owner_id, id),
            CONSTRAINT idempotency_keys_owner_id_fkey FOREIGN KEY (owner_id)
                REFERENCES users (id) ON DELETE CASCADE
        ){table}",
        "CREATE INDEX idempotency_keys_created_idx ON idempotency_keys (created_at)",
        // The canary is a text that only the right master key opens.
        "CREATE TABLE vault (
            name {text:16} NOT NULL,
            state {text:16} NOT NULL,
            canary {blob} NOT NULL,
            CONSTRAINT vault_name_key PRIMARY KEY (name)
        ){table}",
        // shelf is 'active', 'archived' or 'trash': what the lists select by.
        "CREATE TABLE conversations (
            owner_id {uuid} NOT NULL,
            id {uuid} NOT NULL,
            number {int} NOT NULL,
            kind {text:16} NOT NULL,
            shelf {text:16} NOT NULL,
            title {blob},
            summary {blob},
            pinned_at {int},
            archived_at {int},
            ended_at {int},
            deleted_at {int},
            active_generation_id {uuid},
            next_position {int} NOT NULL,
            message_count {int} NOT NULL,
            created_at {int} NOT NULL,
            updated_at {int} NOT NULL,
            CONSTRAINT conversations_owner_id_id_key PRIMARY KEY (owner_id, id),
            CONSTRAINT conversations_owner_id_number_key UNIQUE (owner_id, number),
            CONSTRAINT conversations_owner_id_fkey FOREIGN KEY (owner_id)
                REFERENCES users (id) ON DELETE CASCADE
        ){table}",
        "CREATE INDEX conversations_shelf_idx
            ON conversations (owner_id, kind, shelf, updated_at, id)",
        "CREATE INDEX conversations_trash_idx ON conversations (shelf, deleted_at)",
        // What counts in one conversation instead of its owner's preferences; its id is that one's.
        "CREATE TABLE conversation_preferences (
            owner_id {uuid} NOT NULL,
            id {uuid} NOT NULL,
            model {text:255},
            temperature_hundredths {int},
            max_tokens {int},
            instruction {blob},
            personality {text:16},
            address_style {text:16},
            updated_at {int} NOT NULL,
            CONSTRAINT conversation_preferences_owner_id_id_key PRIMARY KEY (owner_id, id),
            CONSTRAINT conversation_preferences_owner_id_id_fkey FOREIGN KEY (owner_id, id)
                REFERENCES conversations (owner_id, id) ON DELETE CASCADE
        ){table}",
        // A regenerated reply is another version at the same position; one of them is shown.
        "CREATE TABLE messages (
            owner_id {uuid} NOT NULL,
            id {uuid} NOT NULL,
            number {int} NOT NULL,
            conversation_id {uuid} NOT NULL,
            position {int} NOT NULL,
            version {int} NOT NULL,
            version_count {int} NOT NULL,
            shown {int} NOT NULL,
            role {text:16} NOT NULL,
            status {text:16} NOT NULL,
            content {blob} NOT NULL,
            error_code {text:64},
            safety_tier {text:16},
            generation_id {uuid},
            engine {text:32},
            model {text:255},
            attachment_count {int} NOT NULL,
            created_at {int} NOT NULL,
            updated_at {int} NOT NULL,
            CONSTRAINT messages_owner_id_id_key PRIMARY KEY (owner_id, id),
            CONSTRAINT messages_owner_id_number_key UNIQUE (owner_id, number),
            CONSTRAINT messages_owner_id_conversation_id_position_version_key
                UNIQUE (owner_id, conversation_id, position, version),
            CONSTRAINT messages_owner_id_conversation_id_fkey
                FOREIGN KEY (owner_id, conversation_id)
                REFERENCES conversations (owner_id, id) ON DELETE CASCADE
        ){table}",
        "CREATE TABLE attachments (
            owner_id {uuid} NOT NULL,
            id {uuid} NOT NULL,
            message_id {uuid} NOT NULL,
            conversation_id {uuid} NOT NULL,
            position {int} NOT NULL,
            ordinal {int} NOT NULL,
            media_type {text:64} NOT NULL,
            size_bytes {int} NOT NULL,
            data {blob} NOT NULL,
            CONSTRAINT attachments_owner_id_id_key PRIMARY KEY (owner_id, id),
            CONSTRAINT attachments_owner_id_message_id_fkey FOREIGN KEY (owner_id, message_id)
                REFERENCES messages (owner_id, id) ON DELETE CASCADE
        ){table}",
        "CREATE INDEX attachments_message_idx ON attachments (owner_id, message_id, ordinal)",
        "CREATE INDEX attachments_position_idx
            ON attachments (owner_id, conversation_id, position, ordinal)",
        // holder is the instance that runs it. stop_requested is how another one stops it.
        "CREATE TABLE generations (
            owner_id {uuid} NOT NULL,
            id {uuid} NOT NULL,
            conversation_id {uuid} NOT NULL,
            message_id {uuid} NOT NULL,
            holder {uuid} NOT NULL,
            status {text:16} NOT NULL,
            stop_requested {int} NOT NULL,
            finish_reason {text:16},
            error_code {text:64},
            engine {text:32} NOT NULL,
            model {text:255} NOT NULL,
            prompt_tokens {int},
            completion_tokens {int},
            cached_tokens {int},
            usage_estimated {int},
            created_at {int} NOT NULL,
            ended_at {int},
            CONSTRAINT generations_owner_id_id_key PRIMARY KEY (owner_id, id),
            CONSTRAINT generations_owner_id_message_id_fkey FOREIGN KEY (owner_id, message_id)
                REFERENCES messages (owner_id, id) ON DELETE CASCADE
        ){table}",
        "CREATE INDEX generations_message_idx ON generations (owner_id, message_id)",
        "CREATE INDEX generations_status_idx ON generations (status, holder)",
        "CREATE TABLE generation_chunks (
            owner_id {uuid} NOT NULL,
            generation_id {uuid} NOT NULL,
            start_offset {int} NOT NULL,
            content {blob} NOT NULL,
            CONSTRAINT generation_chunks_owner_id_generation_id_start_offset_key
                PRIMARY KEY (owner_id, generation_id, start_offset),
            CONSTRAINT generation_chunks_owner_id_generation_id_fkey
                FOREIGN KEY (owner_id, generation_id)
                REFERENCES generations (owner_id, id) ON DELETE CASCADE
        ){table}",
        // Moods and days stay readable for the counts; note, tags and answer are private text.
        "CREATE TABLE entries (
            owner_id {uuid} NOT NULL,
            id {uuid} NOT NULL,
            day {text:10} NOT NULL,
            mood {text:64} NOT NULL,
            mood_folded {text:255} NOT NULL,
            tags {blob} NOT NULL,
            note {blob} NOT NULL,
            ai_status {text:16} NOT NULL,
            ai_response {blob},
            ai_error_code {text:64},
            ai_holder {uuid},
            safety_tier {text:16},
            revision {int} NOT NULL,
            written_at {int} NOT NULL,
            created_at {int} NOT NULL,
            updated_at {int} NOT NULL,
            CONSTRAINT entries_owner_id_id_key PRIMARY KEY (owner_id, id),
            CONSTRAINT entries_owner_id_fkey FOREIGN KEY (owner_id)
                REFERENCES users (id) ON DELETE CASCADE
        ){table}",
        "CREATE INDEX entries_written_idx ON entries (owner_id, written_at, id)",
        "CREATE INDEX entries_day_idx ON entries (owner_id, day, mood_folded)",
        "CREATE INDEX entries_ai_status_idx ON entries (ai_status)",
        // One row per call of a model. It outlives what it was made for: those ids point nowhere
        // once that is gone. Costs are billionths of the operator's currency.
        "CREATE TABLE usage_records (
            owner_id {uuid} NOT NULL,
            id {uuid} NOT NULL,
            day {text:10} NOT NULL,
            purpose {text:16} NOT NULL,
            generation_id {uuid},
            entry_id {uuid},
            status {text:16} NOT NULL,
            engine {text:32} NOT NULL,
            model {text:255} NOT NULL,
            prompt_tokens {int} NOT NULL,
            completion_tokens {int} NOT NULL,
            cached_tokens {int} NOT NULL,
            estimated {int} NOT NULL,
            cost_nanos {int} NOT NULL,
            created_at {int} NOT NULL,
            CONSTRAINT usage_records_owner_id_id_key PRIMARY KEY (owner_id, id),
            CONSTRAINT usage_records_owner_id_fkey FOREIGN KEY (owner_id)
                REFERENCES users (id) ON DELETE CASCADE
        ){table}",
        "CREATE INDEX usage_records_day_idx ON usage_records (owner_id, day)",
        "CREATE INDEX usage_records_all_idx ON usage_records (day)",
        // What is kept free in a budget for a call that runs. Its id is the generation's, where
        // there is one; the holder is the instance that makes the call.
        "CREATE TABLE usage_reservations (
            owner_id {uuid} NOT NULL,
            id {uuid} NOT NULL,
            holder {uuid} NOT NULL,
            day {text:10} NOT NULL,
            tokens {int} NOT NULL,
            cost_nanos {int} NOT NULL,
            CONSTRAINT usage_reservations_owner_id_id_key PRIMARY KEY (owner_id, id),
            CONSTRAINT usage_reservations_owner_id_fkey FOREIGN KEY (owner_id)
                REFERENCES users (id) ON DELETE CASCADE
        ){table}",
        // Running totals. A period is a day or a month of UTC: 2026-02-03, 2026-02.
        "CREATE TABLE usage_totals (
            owner_id {uuid} NOT NULL,
            period {text:10} NOT NULL,
            tokens_used {int} NOT NULL,
            cost_nanos_used {int} NOT NULL,
            tokens_reserved {int} NOT NULL,
            cost_nanos_reserved {int} NOT NULL,
            CONSTRAINT usage_totals_owner_id_period_key PRIMARY KEY (owner_id, period),
            CONSTRAINT usage_totals_owner_id_fkey FOREIGN KEY (owner_id)
                REFERENCES users (id) ON DELETE CASCADE
        ){table}",
        "CREATE INDEX usage_totals_period_idx ON usage_totals (period)",
        // The same of all users together. The part of those who are gone is counted by itself.
        "CREATE TABLE instance_usage_totals (
            period {text:10} NOT NULL,
            tokens_used {int} NOT NULL,
            cost_nanos_used {int} NOT NULL,
            tokens_reserved {int} NOT NULL,
            cost_nanos_reserved {int} NOT NULL,
            tokens_departed {int} NOT NULL,
            cost_nanos_departed {int} NOT NULL,
            CONSTRAINT instance_usage_totals_period_key PRIMARY KEY (period)
        ){table}",
    ],
}];

/// The tables whose rows belong to a user: no statement touches one without `owner_id = ?`.
pub const OWNED_TABLES: &[&str] = &[
    "sessions",
    "identities",
    "vault_keys",
    "preferences",
    "idempotency_keys",
    "conversations",
    "conversation_preferences",
    "messages",
    "attachments",
    "generations",
    "generation_chunks",
    "usage_records",
    "usage_reservations",
    "usage_totals",
    "entries",
];
