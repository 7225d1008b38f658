-- Programs that wait for a person to approve their login.

-- +goose Up
CREATE TABLE devices (
    user_code     TEXT PRIMARY KEY,
    hash          TEXT NOT NULL UNIQUE,
    asked_from    TEXT NOT NULL,
    program       TEXT NOT NULL,
    created_at    BIGINT NOT NULL,
    expires_at    BIGINT NOT NULL,
    polled_at     BIGINT NOT NULL,
    state         TEXT NOT NULL,
    user_id       TEXT NOT NULL,
    approved_from TEXT NOT NULL,
    name          TEXT NOT NULL,
    permissions   TEXT NOT NULL,
    website_ids   TEXT NOT NULL,
    token_expires BIGINT NOT NULL
);
