create table items (
  sku text primary key,
  name text,
  price numeric,
  changed timestamp
);
