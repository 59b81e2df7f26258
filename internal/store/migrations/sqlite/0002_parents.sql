-- +goose Up
-- Each poll asks for the few issues that are somebody's parent and no story.
CREATE INDEX story_parent_only ON story (id) WHERE parent_only = 1;
