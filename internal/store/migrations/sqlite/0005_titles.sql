-- +goose Up
-- What Jira calls stories, for people. '': the story has a security level, or no
-- summary. A story that has no row was not asked for its title yet.
CREATE TABLE title (
    story INTEGER PRIMARY KEY,
    title TEXT NOT NULL
);
-- A store that was filled before there were titles keeps none until the config asks
-- for them in so many words.
INSERT INTO meta (key, value) SELECT 'untitled', 'true' WHERE EXISTS (SELECT 1 FROM meta WHERE key = 'state');
