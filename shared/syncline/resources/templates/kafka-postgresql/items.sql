create table items (
  id text primary key,
  name text,
  price numeric,
  is_deleted boolean not null
);
