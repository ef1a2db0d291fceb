create table items (
  id bigint primary key,
  variant_of bigint,
  sku text,
  name text,
  price numeric,
  stock numeric,
  status text,
  changed timestamp
);
create table orders (
  id bigint primary key,
  number text,
  date timestamp,
  status text,
  customer bigint,
  email text,
  currency text,
  total numeric,
  lines jsonb,
  changed timestamp
);
