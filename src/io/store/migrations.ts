// The tables of the store, as steps from an empty file to the newest version.
// Owns the SQL of the schema. Add steps at the end; never change one that was released.

/** Step n brings a store from version n to n + 1. SQLite's `user_version` holds the version. */
export const MIGRATIONS: readonly string[] = [
  `
  CREATE TABLE simulations (
    execution_id      TEXT PRIMARY KEY,
    name              TEXT NOT NULL UNIQUE,
    arn               TEXT NOT NULL,
    created_at_ms     INTEGER NOT NULL,
    role_arn          TEXT NOT NULL,
    description       TEXT,
    maximum_duration  TEXT NOT NULL,
    schema_bucket     TEXT,
    schema_key        TEXT,
    snapshot_bucket   TEXT,
    snapshot_key      TEXT,
    tags              TEXT NOT NULL,
    target_status     TEXT NOT NULL,
    launched          INTEGER NOT NULL,
    worker_status     TEXT,
    failure           TEXT
  ) STRICT;
  CREATE TABLE tokens (
    operation      TEXT NOT NULL,
    token          TEXT NOT NULL,
    input_hash     TEXT NOT NULL,
    created_at_ms  INTEGER NOT NULL,
    answer         TEXT,
    PRIMARY KEY (operation, token)
  ) STRICT;
  `,
  // Serves starts, which count the simulations that are meant to run.
  `
  CREATE INDEX simulations_by_target_status ON simulations (target_status);
  `,
  // A worker that hangs is shown, whether control runs or not.
  `
  ALTER TABLE simulations ADD COLUMN unanswered_since_ms INTEGER;
  `,
]
