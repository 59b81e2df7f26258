-- +goose Up
-- Who was erased. The tombstone stands in the place of the person, whose id is
-- not kept.
CREATE TABLE erased (
    tombstone TEXT PRIMARY KEY,
    at        INTEGER NOT NULL -- ms
) WITHOUT ROWID;

-- Keyed hashes of what named the erased, by which they are known when Jira names
-- them again.
CREATE TABLE erased_name (
    hash      BLOB PRIMARY KEY,
    kind      TEXT    NOT NULL, -- where it named them
    words     INTEGER NOT NULL, -- how many words it has
    tombstone TEXT    NOT NULL
) WITHOUT ROWID;

-- The keys of owners that the config has, or had, and their accounts: the ledger
-- names owners by key.
CREATE TABLE owner (
    key     TEXT NOT NULL,
    account TEXT NOT NULL,
    PRIMARY KEY (key, account)
) WITHOUT ROWID;

-- Who looked at an owner's numbers.
CREATE TABLE look (
    owner  TEXT    NOT NULL,
    at     INTEGER NOT NULL, -- ms
    viewer TEXT    NOT NULL,
    what   TEXT    NOT NULL, -- page, report or answer
    PRIMARY KEY (owner, at, viewer, what)
) WITHOUT ROWID;
