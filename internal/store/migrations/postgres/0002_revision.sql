-- +goose Up
-- What processes that do not write to the store follow. The revision rises with each write
-- transaction, under the lock of the lease's row. published is the revision at which the
-- process that writes last published its numbers, as of published_as_of; derivation is how
-- often it derived them from every story.
ALTER TABLE lease
    ADD COLUMN revision        BIGINT NOT NULL DEFAULT 0,
    ADD COLUMN published       BIGINT NOT NULL DEFAULT 0,
    ADD COLUMN published_as_of BIGINT NOT NULL DEFAULT 0,
    ADD COLUMN derivation      BIGINT NOT NULL DEFAULT 0;

-- With which revision an entry came. A write transaction sets yourturn.revision.
ALTER TABLE ledger ADD COLUMN revision BIGINT NOT NULL DEFAULT 0;
ALTER TABLE ledger ALTER COLUMN revision SET DEFAULT COALESCE(NULLIF(current_setting('yourturn.revision', true), ''), '0')::BIGINT;

-- With which revision a story, or what the ledger holds of it, last changed.
CREATE TABLE changed (
    story    BIGINT PRIMARY KEY,
    revision BIGINT NOT NULL
);
CREATE INDEX changed_revision ON changed (revision);

-- The issues that webhooks named to processes that do not ask Jira.
CREATE TABLE wanted (
    issue BIGINT PRIMARY KEY
);
