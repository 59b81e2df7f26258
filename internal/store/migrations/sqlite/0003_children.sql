-- +goose Up
-- Whose parent an issue is: of those that left the scope, only parents of what
-- has not are anybody's business. child = 0: not known, the story has not been
-- written since.
CREATE TABLE parent_of (
    id    INTEGER NOT NULL,
    child INTEGER NOT NULL,
    PRIMARY KEY (id, child)
) WITHOUT ROWID;
INSERT INTO parent_of (id, child) SELECT id, 0 FROM parent;
DROP TABLE parent;
ALTER TABLE parent_of RENAME TO parent;
