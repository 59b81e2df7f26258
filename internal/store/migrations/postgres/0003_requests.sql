-- +goose Up
-- What commands ask of the process that writes to the store. A request to erase somebody
-- names them: an unlogged table is in no write-ahead log and on no standby. It is empty after
-- a crash of the server, and whoever waits for an answer is told.
CREATE UNLOGGED TABLE requests (
    id      TEXT PRIMARY KEY,
    what    TEXT NOT NULL,
    body    TEXT NOT NULL,             -- JSON; empty once it was taken
    taken   BIGINT NOT NULL DEFAULT 0, -- the epoch of who took it; 0: nobody has
    answer  TEXT,                      -- JSON
    failure TEXT                       -- why there is no answer
);
