-- Access: users, their sessions and one-time links, API keys, and what slows guessing down.
-- Nothing here can be used by who reads it: passwords are argon2id, everything else is SHA-256 of
-- random values.

create table users (
  id uuid primary key,
  name text not null,
  role text not null check (role in ('runner', 'user', 'platform_admin')),
  password text,                       -- null: none was chosen yet, or only links are used
  disabled boolean not null default false,
  created_at timestamptz not null default now(),
  signed_in_at timestamptz
);
create unique index users_by_name on users (lower(name));

-- Where a Runner or User may work; a Platform Admin may everywhere.
create table user_tenants (
  user_id uuid not null references users,
  tenant text not null references tenants,
  primary key (user_id, tenant)
);

create table sessions (
  token_hash bytea primary key,
  user_id uuid not null references users,
  tenant text not null references tenants,  -- the one that is looked at now
  address inet,
  created_at timestamptz not null default now(),
  used_at timestamptz not null default now(),  -- to the minute
  expires_at timestamptz not null
);
create index sessions_by_user on sessions (user_id);
create index sessions_by_end on sessions (expires_at);

create table api_keys (
  id uuid primary key,
  tenant text not null references tenants,
  name text not null,
  prefix text not null unique,         -- what may be shown of it, and what it is found by
  hash bytea not null,
  role text not null check (role in ('runner', 'user', 'platform_admin')),
  created_by text not null,
  created_at timestamptz not null default now(),
  expires_at timestamptz,
  used_at timestamptz,                 -- to the minute
  revoked_at timestamptz,
  revoked_by text
);
create index api_keys_by_tenant on api_keys (tenant, id desc);
create unique index api_keys_by_name on api_keys (tenant, name) where revoked_at is null;

create table one_time_links (
  token_hash bytea primary key,
  purpose text not null check (purpose in ('set_up', 'sign_in', 'password')),
  user_id uuid references users,       -- null: whoever sets this installation up
  created_at timestamptz not null default now(),
  expires_at timestamptz not null
);

-- Failed sign-ins. The account is the hash of the name that was typed: people type passwords there.
create table sign_in_attempts (
  account bytea not null,
  address inet not null,
  failures int not null,
  since timestamptz not null,
  succeeded_at timestamptz,            -- the account was signed in to from here before
  primary key (account, address)
);
create index sign_in_attempts_by_address on sign_in_attempts (address);

-- The audit log is read newest first, by these filters.
create index audit_log_by_page on audit_log (tenant, at desc, id desc);
create index audit_log_by_actor on audit_log (tenant, actor, at desc, id desc);
create index audit_log_by_object on audit_log (tenant, object, at desc, id desc);
drop index audit_log_by_time;          -- the first of these holds it
