-- +goose Up
-- The board that a sprint was made on; 0: not known. Sprints are read every hour.
ALTER TABLE sprint ADD COLUMN board INTEGER NOT NULL DEFAULT 0;
