-- +goose Up
-- Columns of type BLOB are bodies; internal/store/body.go says what is in them.

-- Key-value state: the sync state, what the ledger was last advanced with.
CREATE TABLE meta (
    key   TEXT PRIMARY KEY,
    value TEXT NOT NULL
) WITHOUT ROWID;

-- What Jira said last of each story. A story that is only somebody's parent
-- is kept for its owner field and its own parent.
CREATE TABLE story (
    id          INTEGER PRIMARY KEY, -- Jira's immutable issue id
    key         TEXT    NOT NULL,
    updated     INTEGER NOT NULL,    -- Jira's updated, ms
    gone        INTEGER NOT NULL DEFAULT 0,
    parent_only INTEGER NOT NULL DEFAULT 0,
    now         BLOB    NOT NULL     -- snapshot of the fields the rules read
);
CREATE INDEX story_key ON story (key);

-- The append-only log: an event fetched twice is one row.
CREATE TABLE event (
    story INTEGER NOT NULL,
    at    INTEGER NOT NULL, -- ms, UTC
    rank  INTEGER NOT NULL,
    id    INTEGER NOT NULL, -- of the record or comment; 0 for created, gone, returned
    body  BLOB    NOT NULL, -- actor, changes of a record, facts of a comment
    PRIMARY KEY (story, at, rank, id)
) WITHOUT ROWID;

-- Issues that some story has, or had, as its parent.
CREATE TABLE parent (
    id INTEGER PRIMARY KEY
);

-- Accounts that acted or are named in fields. A Data Center user name is
-- another name of the account.
CREATE TABLE account (
    id           TEXT PRIMARY KEY,
    type         INTEGER NOT NULL,
    name         TEXT    NOT NULL,
    display_name TEXT    NOT NULL,
    active       INTEGER NOT NULL
) WITHOUT ROWID;

-- Who led a project, as polls saw it: Jira keeps no history of it.
CREATE TABLE lead (
    project TEXT    NOT NULL,
    at      INTEGER NOT NULL, -- the poll that saw it first, ms
    account TEXT    NOT NULL,
    PRIMARY KEY (project, at)
) WITHOUT ROWID;

-- What was counted once and stays counted. counted = 0: a changed config
-- brought it up after its time, so it never enters the counters.
CREATE TABLE ledger (
    story   INTEGER NOT NULL,
    kind    TEXT    NOT NULL,
    topic   TEXT    NOT NULL,
    at      INTEGER NOT NULL, -- identity with the three above, ms
    counted INTEGER NOT NULL,
    body    BLOB    NOT NULL, -- labels and clocks it had when it was entered
    PRIMARY KEY (story, kind, topic, at)
) WITHOUT ROWID;

-- Issues of Jira that could not be read; everything else went on.
CREATE TABLE quarantine (
    id     INTEGER NOT NULL, -- 0 where even that could not be read
    key    TEXT    NOT NULL,
    reason TEXT    NOT NULL,
    at     INTEGER NOT NULL, -- ms
    PRIMARY KEY (id, key)
) WITHOUT ROWID;

-- Stories that moved to a project nobody watches: no census looks for them.
CREATE TABLE outside (
    story INTEGER PRIMARY KEY
);

-- What is odd with a story though no event shows it; 0: with the whole Jira.
CREATE TABLE note (
    story  INTEGER NOT NULL,
    reason TEXT    NOT NULL,
    key    TEXT    NOT NULL,
    at     INTEGER NOT NULL, -- the poll that saw it first, ms
    detail TEXT    NOT NULL,
    PRIMARY KEY (story, reason)
) WITHOUT ROWID;

-- Sprints that have begun, of the boards that show a project: one sprint may
-- be shown in several.
CREATE TABLE sprint (
    project   TEXT    NOT NULL, -- id
    id        INTEGER NOT NULL,
    name      TEXT    NOT NULL,
    starts_at INTEGER NOT NULL, -- ms
    ends_at   INTEGER NOT NULL, -- ms; completed, or planned
    PRIMARY KEY (project, id)
) WITHOUT ROWID;
