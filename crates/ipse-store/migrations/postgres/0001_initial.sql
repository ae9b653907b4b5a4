-- JSON is kept as the text it was written as, which is what reads give back. Texts that are searched by prefix or
-- paged through sort by bytes (COLLATE "C"), as in SQLite. One column per line: a test compares this file with its
-- SQLite twin.

CREATE TABLE identities (
    id uuid NOT NULL PRIMARY KEY,
    schema_id text NOT NULL,
    state text NOT NULL,
    state_changed_at timestamptz,
    traits text NOT NULL,
    metadata_public text,
    metadata_admin text,
    external_id text UNIQUE,
    organization_id uuid,
    verifiable_addresses text NOT NULL,
    recovery_addresses text NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    version bigint NOT NULL
);

CREATE INDEX identities_by_organization ON identities (organization_id, id) WHERE organization_id IS NOT NULL;

-- Only an index: what an address is like stands in the identity's row.
CREATE TABLE identity_addresses (
    purpose text NOT NULL,
    value text COLLATE "C" NOT NULL,
    via text NOT NULL,
    address_id uuid NOT NULL,
    identity_id uuid NOT NULL REFERENCES identities (id) ON DELETE CASCADE,
    PRIMARY KEY (purpose, value, via)
);

CREATE INDEX identity_addresses_by_identity ON identity_addresses (identity_id);

CREATE TABLE credentials (
    identity_id uuid NOT NULL REFERENCES identities (id) ON DELETE CASCADE,
    type text NOT NULL,
    identifiers text NOT NULL,
    config text NOT NULL,
    version bigint NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    PRIMARY KEY (identity_id, type)
);

-- Only an index, like identity_addresses. The identifier comes first so that all types are found by one probe.
CREATE TABLE credential_identifiers (
    identifier text COLLATE "C" NOT NULL,
    type text NOT NULL,
    identity_id uuid NOT NULL REFERENCES identities (id) ON DELETE CASCADE,
    PRIMARY KEY (identifier, type)
);

CREATE INDEX credential_identifiers_by_identity ON credential_identifiers (identity_id, type);

CREATE TABLE sessions (
    id uuid NOT NULL PRIMARY KEY,
    identity_id uuid NOT NULL REFERENCES identities (id) ON DELETE CASCADE,
    token_hash bytea NOT NULL UNIQUE,
    active boolean NOT NULL,
    issued_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    authenticated_at timestamptz NOT NULL,
    aal text NOT NULL,
    authentication_methods text NOT NULL,
    devices text NOT NULL
);

CREATE INDEX sessions_by_identity ON sessions (identity_id, issued_at, id);
CREATE INDEX sessions_by_issue ON sessions (issued_at, id);
CREATE INDEX sessions_by_expiry ON sessions (expires_at);

CREATE TABLE flows (
    id uuid NOT NULL PRIMARY KEY,
    name text NOT NULL,
    identity_id uuid REFERENCES identities (id) ON DELETE CASCADE,
    issued_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    public text NOT NULL,
    private text NOT NULL,
    version bigint NOT NULL
);

CREATE INDEX flows_by_identity ON flows (identity_id) WHERE identity_id IS NOT NULL;
CREATE INDEX flows_by_expiry ON flows (expires_at);

-- One-time codes and link tokens.
CREATE TABLE flow_codes (
    id uuid NOT NULL PRIMARY KEY,
    flow_id uuid NOT NULL,
    purpose text NOT NULL,
    code_hash bytea NOT NULL,
    via text NOT NULL,
    address text NOT NULL,
    identity_id uuid REFERENCES identities (id) ON DELETE CASCADE,
    used_at timestamptz,
    issued_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL
);

CREATE INDEX flow_codes_by_flow ON flow_codes (flow_id);
CREATE INDEX flow_codes_by_hash ON flow_codes (code_hash);
-- Codes of nobody are in it, too: writing one takes as long as writing one of somebody.
CREATE INDEX flow_codes_by_identity ON flow_codes (identity_id);
CREATE INDEX flow_codes_by_expiry ON flow_codes (expires_at);

-- Submissions that wait for a re-authentication, sealed by the caller.
CREATE TABLE continuity (
    id uuid NOT NULL PRIMARY KEY,
    name text NOT NULL,
    identity_id uuid REFERENCES identities (id) ON DELETE CASCADE,
    sealed bytea NOT NULL,
    expires_at timestamptz NOT NULL
);

CREATE INDEX continuity_by_identity ON continuity (identity_id) WHERE identity_id IS NOT NULL;
CREATE INDEX continuity_by_expiry ON continuity (expires_at);

-- How a native client that signed in through a browser gets its session token.
CREATE TABLE token_exchanges (
    id uuid NOT NULL PRIMARY KEY,
    init_code_hash bytea NOT NULL UNIQUE,
    return_to_code_hash bytea NOT NULL,
    session_id uuid,
    sealed_token bytea,
    created_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL
);

CREATE INDEX token_exchanges_by_expiry ON token_exchanges (expires_at);

-- Errors of self-service flows, to be shown on the page of errors.
CREATE TABLE flow_errors (
    id uuid NOT NULL PRIMARY KEY,
    body text NOT NULL,
    created_at timestamptz NOT NULL
);

CREATE INDEX flow_errors_by_age ON flow_errors (created_at);

-- next_attempt_at is also the end of a lease: a message whose worker died is due again then.
CREATE TABLE courier_messages (
    id uuid NOT NULL PRIMARY KEY,
    status text NOT NULL,
    channel text NOT NULL,
    recipient text NOT NULL,
    subject text NOT NULL,
    body text NOT NULL,
    body_html text,
    template_type text NOT NULL,
    template_data text NOT NULL,
    send_count bigint NOT NULL,
    next_attempt_at timestamptz NOT NULL,
    lease_owner uuid,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL
);

CREATE INDEX courier_messages_due ON courier_messages (next_attempt_at) WHERE status IN ('queued', 'processing');
CREATE INDEX courier_messages_by_age ON courier_messages (created_at, id);

CREATE TABLE courier_dispatches (
    id uuid NOT NULL PRIMARY KEY,
    message_id uuid NOT NULL REFERENCES courier_messages (id) ON DELETE CASCADE,
    status text NOT NULL,
    error text,
    created_at timestamptz NOT NULL
);

CREATE INDEX courier_dispatches_by_message ON courier_dispatches (message_id, created_at);

-- Counters for limits: how often something was tried in the current window.
CREATE TABLE attempts (
    key bytea NOT NULL PRIMARY KEY,
    count bigint NOT NULL,
    window_ends_at timestamptz NOT NULL
);

CREATE INDEX attempts_by_end ON attempts (window_ends_at);

-- Things that count once: TOTP steps, WebAuthn challenges, link tokens of other systems.
CREATE TABLE single_use (
    key bytea NOT NULL PRIMARY KEY,
    expires_at timestamptz NOT NULL
);

CREATE INDEX single_use_by_expiry ON single_use (expires_at);
