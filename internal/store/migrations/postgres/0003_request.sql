-- +goose Up
-- What commands ask the process that writes to the store to do. No log of the server and no
-- standby holds an unlogged table, for a request may name somebody who is to be erased; after
-- a crash of the server the table is empty. until is by the clock of the database, ms: by then
-- whoever asks has looked again, or is gone. epoch is that of the lease under which the
-- request became known, 0 before; given is empty once it is taken.
CREATE UNLOGGED TABLE request (
    id       TEXT COLLATE "C" PRIMARY KEY,
    what     TEXT COLLATE "C" NOT NULL,
    given    TEXT COLLATE "C" NOT NULL,
    asker    TEXT COLLATE "C" NOT NULL,
    placed   BIGINT NOT NULL,
    until    BIGINT NOT NULL,
    epoch    BIGINT NOT NULL DEFAULT 0,
    taken    SMALLINT NOT NULL DEFAULT 0,
    answered SMALLINT NOT NULL DEFAULT 0,
    answer   TEXT COLLATE "C" NOT NULL DEFAULT '',
    failure  TEXT COLLATE "C" NOT NULL DEFAULT ''
);
