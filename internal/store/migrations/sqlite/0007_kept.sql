-- +goose Up
-- What the last derivation came to, so that a start need not derive every story. It
-- may be emptied at any time: then the next start does.
CREATE TABLE kept (
    story INTEGER PRIMARY KEY,
    body  BLOB NOT NULL
);
CREATE TABLE kept_name (
    n    INTEGER PRIMARY KEY, -- from 0
    name TEXT NOT NULL
);
CREATE TABLE kept_counted ( -- what the ledger counted since the totals in kept_part
    n    INTEGER PRIMARY KEY, -- from 0
    body BLOB NOT NULL
);
CREATE TABLE kept_part (
    key  TEXT PRIMARY KEY,
    body BLOB NOT NULL
) WITHOUT ROWID;

-- Stories that were written since they were derived.
CREATE TABLE touched (
    story INTEGER PRIMARY KEY
);
