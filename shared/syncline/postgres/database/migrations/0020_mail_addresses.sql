-- Whether the owner of an e-mail address wants what subscriptions send there.
create table mail_addresses (
  tenant text not null references tenants,
  address text not null,               -- in lower case
  token_hash bytea unique,             -- of the link in the newest question
  asked_at timestamptz,                -- when the owner was asked last
  asked int not null default 0,        -- how often
  confirmed_at timestamptz,
  primary key (tenant, address)
);

-- Those from before got these mails already: they count as confirmed.
insert into mail_addresses (tenant, address, confirmed_at)
select distinct s.tenant, lower(a), now() from subscriptions s, unnest(s.addresses) a;
