-- +goose Up
-- Times are Unix milliseconds in UTC, 0 for none; flags are 0 or 1; lists and
-- settings are JSON text. Only SQL that SQLite and PostgreSQL both take.

CREATE TABLE installation (
    name  TEXT PRIMARY KEY,
    value TEXT NOT NULL
);

CREATE TABLE users (
    id                  TEXT PRIMARY KEY,
    email               TEXT NOT NULL UNIQUE,
    name                TEXT NOT NULL,
    image               TEXT NOT NULL,
    created_at          BIGINT NOT NULL,
    disabled            BIGINT NOT NULL,
    password_hash       TEXT NOT NULL,
    password_changed_at BIGINT NOT NULL,
    totp_secret         TEXT NOT NULL,
    totp_pending        TEXT NOT NULL,
    totp_last_step      BIGINT NOT NULL
);

CREATE TABLE recovery_codes (
    user_id TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    hash    TEXT NOT NULL,
    PRIMARY KEY (user_id, hash)
);

CREATE TABLE links (
    hash       TEXT PRIMARY KEY,
    kind       TEXT NOT NULL,
    user_id    TEXT NOT NULL,
    expires_at BIGINT NOT NULL
);

CREATE TABLE sessions (
    token      TEXT PRIMARY KEY,
    data       TEXT NOT NULL,
    expires_at BIGINT NOT NULL
);
CREATE INDEX sessions_by_end ON sessions (expires_at);

CREATE TABLE sign_ins (
    id           TEXT PRIMARY KEY,
    user_id      TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    created_at   BIGINT NOT NULL,
    last_seen_at BIGINT NOT NULL,
    expires_at   BIGINT NOT NULL,
    ip           TEXT NOT NULL,
    user_agent   TEXT NOT NULL
);
CREATE INDEX sign_ins_by_user ON sign_ins (user_id);

CREATE TABLE websites (
    id          TEXT PRIMARY KEY,
    tracking_id TEXT NOT NULL UNIQUE,
    domain      TEXT NOT NULL,
    created_at  BIGINT NOT NULL,
    settings    TEXT NOT NULL
);

CREATE TABLE members (
    website_id TEXT NOT NULL REFERENCES websites (id) ON DELETE CASCADE,
    user_id    TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    role       TEXT NOT NULL,
    joined_at  BIGINT NOT NULL,
    PRIMARY KEY (website_id, user_id)
);
CREATE INDEX members_by_user ON members (user_id);

CREATE TABLE invitations (
    id         TEXT PRIMARY KEY,
    website_id TEXT NOT NULL REFERENCES websites (id) ON DELETE CASCADE,
    email      TEXT NOT NULL,
    role       TEXT NOT NULL,
    hash       TEXT NOT NULL UNIQUE,
    invited_by TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL
);
CREATE INDEX invitations_by_website ON invitations (website_id);

-- Account tokens and website keys. website_id is empty for a token.
CREATE TABLE credentials (
    id             TEXT PRIMARY KEY,
    kind           TEXT NOT NULL,
    user_id        TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    website_id     TEXT NOT NULL,
    name           TEXT NOT NULL,
    display_key    TEXT NOT NULL,
    hash           TEXT NOT NULL UNIQUE,
    previous_hash  TEXT NOT NULL,
    previous_until BIGINT NOT NULL,
    permissions    TEXT NOT NULL,
    website_ids    TEXT NOT NULL,
    created_at     BIGINT NOT NULL,
    expires_at     BIGINT NOT NULL,
    creator_token  TEXT NOT NULL,
    last_used_at   BIGINT NOT NULL,
    last_used_ip   TEXT NOT NULL
);
CREATE INDEX credentials_by_previous ON credentials (previous_hash);
CREATE INDEX credentials_by_user ON credentials (user_id);
CREATE INDEX credentials_by_website ON credentials (website_id);

CREATE TABLE permission_uses (
    credential_id TEXT NOT NULL REFERENCES credentials (id) ON DELETE CASCADE,
    permission    TEXT NOT NULL,
    last_day      BIGINT NOT NULL,
    PRIMARY KEY (credential_id, permission)
);

CREATE TABLE audit (
    id         TEXT PRIMARY KEY,
    at         BIGINT NOT NULL,
    website_id TEXT NOT NULL,
    user_id    TEXT NOT NULL,
    actor_id   TEXT NOT NULL,
    actor_kind TEXT NOT NULL,
    actor_key  TEXT NOT NULL,
    ip         TEXT NOT NULL,
    action     TEXT NOT NULL,
    target     TEXT NOT NULL,
    before     TEXT NOT NULL,
    after      TEXT NOT NULL
);
CREATE INDEX audit_by_website ON audit (website_id, at);
CREATE INDEX audit_by_user ON audit (user_id, at);
CREATE INDEX audit_by_time ON audit (at);

CREATE TABLE notes (
    id         TEXT PRIMARY KEY,
    website_id TEXT NOT NULL REFERENCES websites (id) ON DELETE CASCADE,
    author_id  TEXT NOT NULL,
    at         BIGINT NOT NULL,
    text       TEXT NOT NULL,
    text_lower TEXT NOT NULL,
    key        TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL
);
CREATE INDEX notes_by_time ON notes (website_id, at);
CREATE UNIQUE INDEX notes_by_key ON notes (website_id, author_id, key) WHERE key <> '';

CREATE TABLE goal_customizations (
    website_id   TEXT NOT NULL REFERENCES websites (id) ON DELETE CASCADE,
    goal_name    TEXT NOT NULL,
    display_name TEXT NOT NULL,
    color        TEXT NOT NULL,
    description  TEXT NOT NULL,
    updated_at   BIGINT NOT NULL,
    PRIMARY KEY (website_id, goal_name)
);

CREATE TABLE funnels (
    id         TEXT PRIMARY KEY,
    website_id TEXT NOT NULL REFERENCES websites (id) ON DELETE CASCADE,
    name       TEXT NOT NULL,
    slug       TEXT NOT NULL,
    steps      TEXT NOT NULL,
    active     BIGINT NOT NULL,
    deleted    BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL
);
CREATE INDEX funnels_by_website ON funnels (website_id);

CREATE TABLE alerts (
    id         TEXT PRIMARY KEY,
    website_id TEXT NOT NULL REFERENCES websites (id) ON DELETE CASCADE,
    name       TEXT NOT NULL,
    goal_name  TEXT NOT NULL,
    subject    TEXT NOT NULL,
    message    TEXT NOT NULL,
    enabled    BIGINT NOT NULL,
    created_at BIGINT NOT NULL
);
CREATE INDEX alerts_by_website ON alerts (website_id);

CREATE TABLE alert_log (
    id           TEXT PRIMARY KEY,
    website_id   TEXT NOT NULL REFERENCES websites (id) ON DELETE CASCADE,
    alert_id     TEXT NOT NULL,
    alert_name   TEXT NOT NULL,
    goal_name    TEXT NOT NULL,
    status       TEXT NOT NULL,
    error        TEXT NOT NULL,
    visitor_id   TEXT NOT NULL,
    triggered_at BIGINT NOT NULL
);
CREATE INDEX alert_log_by_time ON alert_log (website_id, triggered_at);
