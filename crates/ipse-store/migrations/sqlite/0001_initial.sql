-- Times are microseconds since 1970, ids are the 16 bytes of a UUID, JSON is kept as the text it was written as.
-- One column per line: a test compares this file with its PostgreSQL twin.

CREATE TABLE identities (
    id BLOB NOT NULL PRIMARY KEY,
    schema_id TEXT NOT NULL,
    state TEXT NOT NULL,
    state_changed_at INTEGER,
    traits TEXT NOT NULL,
    metadata_public TEXT,
    metadata_admin TEXT,
    external_id TEXT UNIQUE,
    organization_id BLOB,
    verifiable_addresses TEXT NOT NULL,
    recovery_addresses TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    version INTEGER NOT NULL
) STRICT;

CREATE INDEX identities_by_organization ON identities (organization_id, id) WHERE organization_id IS NOT NULL;

-- Only an index: what an address is like stands in the identity's row.
CREATE TABLE identity_addresses (
    purpose TEXT NOT NULL,
    value TEXT NOT NULL,
    via TEXT NOT NULL,
    address_id BLOB NOT NULL,
    identity_id BLOB NOT NULL REFERENCES identities (id) ON DELETE CASCADE,
    PRIMARY KEY (purpose, value, via)
) STRICT, WITHOUT ROWID;

CREATE INDEX identity_addresses_by_identity ON identity_addresses (identity_id);

CREATE TABLE credentials (
    identity_id BLOB NOT NULL REFERENCES identities (id) ON DELETE CASCADE,
    type TEXT NOT NULL,
    identifiers TEXT NOT NULL,
    config TEXT NOT NULL,
    version INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    PRIMARY KEY (identity_id, type)
) STRICT;

-- Only an index, like identity_addresses. The identifier comes first so that all types are found by one probe.
CREATE TABLE credential_identifiers (
    identifier TEXT NOT NULL,
    type TEXT NOT NULL,
    identity_id BLOB NOT NULL REFERENCES identities (id) ON DELETE CASCADE,
    PRIMARY KEY (identifier, type)
) STRICT, WITHOUT ROWID;

CREATE INDEX credential_identifiers_by_identity ON credential_identifiers (identity_id, type);

CREATE TABLE sessions (
    id BLOB NOT NULL PRIMARY KEY,
    identity_id BLOB NOT NULL REFERENCES identities (id) ON DELETE CASCADE,
    token_hash BLOB NOT NULL UNIQUE,
    active INTEGER NOT NULL,
    issued_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    authenticated_at INTEGER NOT NULL,
    aal TEXT NOT NULL,
    authentication_methods TEXT NOT NULL,
    devices TEXT NOT NULL
) STRICT;

CREATE INDEX sessions_by_identity ON sessions (identity_id, issued_at, id);
CREATE INDEX sessions_by_issue ON sessions (issued_at, id);
CREATE INDEX sessions_by_expiry ON sessions (expires_at);

CREATE TABLE flows (
    id BLOB NOT NULL PRIMARY KEY,
    name TEXT NOT NULL,
    identity_id BLOB REFERENCES identities (id) ON DELETE CASCADE,
    issued_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    public TEXT NOT NULL,
    private TEXT NOT NULL,
    version INTEGER NOT NULL
) STRICT;

CREATE INDEX flows_by_identity ON flows (identity_id) WHERE identity_id IS NOT NULL;
CREATE INDEX flows_by_expiry ON flows (expires_at);

-- One-time codes and link tokens.
CREATE TABLE flow_codes (
    id BLOB NOT NULL PRIMARY KEY,
    flow_id BLOB NOT NULL,
    purpose TEXT NOT NULL,
    code_hash BLOB NOT NULL,
    via TEXT NOT NULL,
    address TEXT NOT NULL,
    identity_id BLOB REFERENCES identities (id) ON DELETE CASCADE,
    used_at INTEGER,
    issued_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL
) STRICT;

CREATE INDEX flow_codes_by_flow ON flow_codes (flow_id);
CREATE INDEX flow_codes_by_hash ON flow_codes (code_hash);
-- Codes of nobody are in it, too: writing one takes as long as writing one of somebody.
CREATE INDEX flow_codes_by_identity ON flow_codes (identity_id);
CREATE INDEX flow_codes_by_expiry ON flow_codes (expires_at);

-- Submissions that wait for a re-authentication, sealed by the caller.
CREATE TABLE continuity (
    id BLOB NOT NULL PRIMARY KEY,
    name TEXT NOT NULL,
    identity_id BLOB REFERENCES identities (id) ON DELETE CASCADE,
    sealed BLOB NOT NULL,
    expires_at INTEGER NOT NULL
) STRICT;

CREATE INDEX continuity_by_identity ON continuity (identity_id) WHERE identity_id IS NOT NULL;
CREATE INDEX continuity_by_expiry ON continuity (expires_at);

-- How a native client that signed in through a browser gets its session token.
CREATE TABLE token_exchanges (
    id BLOB NOT NULL PRIMARY KEY,
    init_code_hash BLOB NOT NULL UNIQUE,
    return_to_code_hash BLOB NOT NULL,
    session_id BLOB,
    sealed_token BLOB,
    created_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL
) STRICT;

CREATE INDEX token_exchanges_by_expiry ON token_exchanges (expires_at);

-- Errors of self-service flows, to be shown on the page of errors.
CREATE TABLE flow_errors (
    id BLOB NOT NULL PRIMARY KEY,
    body TEXT NOT NULL,
    created_at INTEGER NOT NULL
) STRICT;

CREATE INDEX flow_errors_by_age ON flow_errors (created_at);

-- next_attempt_at is also the end of a lease: a message whose worker died is due again then.
CREATE TABLE courier_messages (
    id BLOB NOT NULL PRIMARY KEY,
    status TEXT NOT NULL,
    channel TEXT NOT NULL,
    recipient TEXT NOT NULL,
    subject TEXT NOT NULL,
    body TEXT NOT NULL,
    body_html TEXT,
    template_type TEXT NOT NULL,
    template_data TEXT NOT NULL,
    send_count INTEGER NOT NULL,
    next_attempt_at INTEGER NOT NULL,
    lease_owner BLOB,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL
) STRICT;

CREATE INDEX courier_messages_due ON courier_messages (next_attempt_at) WHERE status IN ('queued', 'processing');
CREATE INDEX courier_messages_by_age ON courier_messages (created_at, id);

CREATE TABLE courier_dispatches (
    id BLOB NOT NULL PRIMARY KEY,
    message_id BLOB NOT NULL REFERENCES courier_messages (id) ON DELETE CASCADE,
    status TEXT NOT NULL,
    error TEXT,
    created_at INTEGER NOT NULL
) STRICT;

CREATE INDEX courier_dispatches_by_message ON courier_dispatches (message_id, created_at);

-- Counters for limits: how often something was tried in the current window.
CREATE TABLE attempts (
    key BLOB NOT NULL PRIMARY KEY,
    count INTEGER NOT NULL,
    window_ends_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX attempts_by_end ON attempts (window_ends_at);

-- Things that count once: TOTP steps, WebAuthn challenges, link tokens of other systems.
CREATE TABLE single_use (
    key BLOB NOT NULL PRIMARY KEY,
    expires_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX single_use_by_expiry ON single_use (expires_at);
