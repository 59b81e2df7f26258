-- +goose Up
-- What the tables are for stands in migrations/sqlite. Texts compare by their bytes, as
-- there; truth values are integers, as there.
CREATE TABLE meta (
    key   TEXT COLLATE "C" PRIMARY KEY,
    value TEXT COLLATE "C" NOT NULL
);

CREATE TABLE story (
    id          BIGINT PRIMARY KEY,
    key         TEXT COLLATE "C" NOT NULL,
    updated     BIGINT NOT NULL,
    gone        SMALLINT NOT NULL DEFAULT 0,
    parent_only SMALLINT NOT NULL DEFAULT 0,
    now         BYTEA NOT NULL
);
CREATE INDEX story_key ON story (key);
CREATE INDEX story_parent_only ON story (id) WHERE parent_only = 1;

CREATE TABLE event (
    story BIGINT NOT NULL,
    at    BIGINT NOT NULL,
    rank  BIGINT NOT NULL,
    id    BIGINT NOT NULL,
    body  BYTEA NOT NULL,
    PRIMARY KEY (story, at, rank, id)
);

CREATE TABLE parent (
    id    BIGINT NOT NULL,
    child BIGINT NOT NULL,
    PRIMARY KEY (id, child)
);

CREATE TABLE account (
    id           TEXT COLLATE "C" PRIMARY KEY,
    type         BIGINT NOT NULL,
    name         TEXT COLLATE "C" NOT NULL,
    display_name TEXT COLLATE "C" NOT NULL,
    active       SMALLINT NOT NULL
);

CREATE TABLE lead (
    project TEXT COLLATE "C" NOT NULL,
    at      BIGINT NOT NULL,
    account TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (project, at)
);

CREATE TABLE ledger (
    story   BIGINT NOT NULL,
    kind    TEXT COLLATE "C" NOT NULL,
    topic   TEXT COLLATE "C" NOT NULL,
    at      BIGINT NOT NULL,
    counted SMALLINT NOT NULL,
    body    BYTEA NOT NULL,
    PRIMARY KEY (story, kind, topic, at)
);

CREATE TABLE quarantine (
    id     BIGINT NOT NULL,
    key    TEXT COLLATE "C" NOT NULL,
    reason TEXT COLLATE "C" NOT NULL,
    at     BIGINT NOT NULL,
    PRIMARY KEY (id, key)
);

CREATE TABLE outside (
    story BIGINT PRIMARY KEY
);

CREATE TABLE note (
    story  BIGINT NOT NULL,
    reason TEXT COLLATE "C" NOT NULL,
    key    TEXT COLLATE "C" NOT NULL,
    at     BIGINT NOT NULL,
    detail TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (story, reason)
);

CREATE TABLE sprint (
    project   TEXT COLLATE "C" NOT NULL,
    id        BIGINT NOT NULL,
    name      TEXT COLLATE "C" NOT NULL,
    starts_at BIGINT NOT NULL,
    ends_at   BIGINT NOT NULL,
    board     BIGINT NOT NULL DEFAULT 0,
    PRIMARY KEY (project, id)
);

CREATE TABLE erased (
    tombstone TEXT COLLATE "C" PRIMARY KEY,
    at        BIGINT NOT NULL
);

CREATE TABLE erased_name (
    hash      BYTEA PRIMARY KEY,
    kind      TEXT COLLATE "C" NOT NULL,
    words     BIGINT NOT NULL,
    tombstone TEXT COLLATE "C" NOT NULL
);

CREATE TABLE owner (
    key     TEXT COLLATE "C" NOT NULL,
    account TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (key, account)
);

CREATE TABLE look (
    owner  TEXT COLLATE "C" NOT NULL,
    at     BIGINT NOT NULL,
    viewer TEXT COLLATE "C" NOT NULL,
    what   TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (owner, at, viewer, what)
);

CREATE TABLE title (
    story BIGINT PRIMARY KEY,
    title TEXT COLLATE "C" NOT NULL
);

CREATE TABLE kept (
    story BIGINT PRIMARY KEY,
    body  BYTEA NOT NULL
);
CREATE TABLE kept_name (
    n    BIGINT PRIMARY KEY,
    name TEXT COLLATE "C" NOT NULL
);
CREATE TABLE kept_counted (
    n    BIGINT PRIMARY KEY,
    body BYTEA NOT NULL
);
CREATE TABLE kept_part (
    key  TEXT COLLATE "C" PRIMARY KEY,
    body BYTEA NOT NULL
);

CREATE TABLE touched (
    story BIGINT PRIMARY KEY
);

-- Who writes: one row. Each write transaction takes it first, so that one writes at a
-- time. The epoch rises with each holder; until is by the clock of the database, ms.
CREATE TABLE lease (
    epoch  BIGINT NOT NULL,
    until  BIGINT NOT NULL,
    holder TEXT COLLATE "C" NOT NULL
);
INSERT INTO lease (epoch, until, holder) VALUES (0, 0, '');
