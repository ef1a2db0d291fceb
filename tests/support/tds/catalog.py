"""SQL Server's catalog and functions, as views and functions of PostgreSQL."""

from __future__ import annotations

CATALOG = r"""
create schema sys;
create function sys.style_121(v date) returns text language sql immutable as
  $$ select v::text $$;
create function sys.style_121(v time) returns text language sql immutable as
  $$ select to_char(v, 'HH24:MI:SS.US') || '0' $$;
create function sys.style_121(v timestamp) returns text language sql immutable as
  $$ select to_char(v, 'YYYY-MM-DD HH24:MI:SS.US') || '0' $$;
create function sys.style_121(v timestamptz) returns text language sql stable as
  $$ select to_char(v at time zone 'UTC', 'YYYY-MM-DD HH24:MI:SS.US') || '0 +00:00' $$;
create function sys.datalength(v text) returns bigint language sql immutable as
  $$ select 2 * char_length(v) $$;
create function sys.datalength(v bytea) returns bigint language sql immutable as
  $$ select octet_length(v) $$;
create function sys.narrowed(v text) returns text language sql immutable as
  $$ select regexp_replace(v, '[^\x01-\xff]', '?', 'g') $$;
create function sys.db_id() returns int language sql immutable as $$ select 5 $$;
create function sys.object_id(v text) returns oid language sql stable as
  $$ select coalesce(to_regclass(translate(v, '[]', '""'))::oid,
       (select oid from pg_proc where proname = translate(v, '[]', '') limit 1)) $$;
create table sys.active (until bigint);
insert into sys.active values (9223372036854775807);
create function sys.min_active_rowversion() returns bigint language sql stable as
  $$ select until from sys.active $$;
create function sys.sysdatetimeoffset() returns timestamptz language sql stable as
  $$ select now() $$;
create function sys.serverproperty(v text) returns text language sql immutable as
  $$ select '16.0.1000.6' $$;
create function sys.has_perms_by_name(a text, b text, c text) returns int
  language sql immutable as $$ select 0 $$;
create table sys.databases (database_id int, snapshot_isolation_state int);
insert into sys.databases values (5, 1);
create view sys.types as select oid as user_type_id, case typname
    when 'varchar' then 'nvarchar' when 'text' then 'nvarchar' when 'bpchar' then 'nchar'
    when 'int4' then 'int' when 'int8' then 'bigint' when 'int2' then 'smallint'
    when 'char' then 'varchar'
    when 'bool' then 'bit' when 'bytea' then 'varbinary' when 'timestamp' then 'datetime2'
    when 'timestamptz' then 'datetimeoffset' when 'numeric' then 'decimal'
    when 'float8' then 'float' when 'float4' then 'real' when 'uuid' then 'uniqueidentifier'
    else typname end as name from pg_type;
create view sys.objects as select oid as object_id,
  (case relkind when 'r' then 'U' when 'v' then 'V' end)::char(2) as type from pg_class;
create view sys.columns as select attrelid as object_id, attnum as column_id, attname as name,
  case when attcollation = '"POSIX"'::regcollation then '"char"'::regtype::oid else atttypid end
    as system_type_id, case
    when attcollation = '"POSIX"'::regcollation then atttypmod - 4
    when atttypid = 'varchar'::regtype and atttypmod > 0 then (atttypmod - 4) * 2
    when atttypid in ('varchar'::regtype, 'text'::regtype, 'bytea'::regtype) then -1
    when atttypid = 'bpchar'::regtype then (atttypmod - 4) * 2 else attlen end as max_length,
  case when atttypmod > 0 then (atttypmod - 4) >> 16 else 38 end as precision,
  case when atttypid = 'numeric'::regtype
    then case when atttypmod > 0 then (atttypmod - 4) & 65535 else 10 end
    when atttypmod >= 0 then least(atttypmod, 7) else 7 end as scale,
  (select collname from pg_collation c where c.oid = attcollation and collname <> 'default')
    as collation_name, attidentity <> '' as is_identity, attgenerated <> '' as is_computed,
  0 as generated_always_type from pg_attribute where attnum > 0 and not attisdropped;
create view sys.indexes as select indrelid as object_id, indexrelid as index_id,
  indexrelid::regclass::text as name, indisunique::int as is_unique, 0 as is_disabled,
  indpred is not null as has_filter, indisprimary as is_primary_key from pg_index;
create view sys.index_columns as select indrelid as object_id, indexrelid as index_id,
  k.attnum as column_id, k.place as key_ordinal, 0 as is_included_column
  from pg_index, unnest(indkey) with ordinality k(attnum, place);
create view sys.parameters as select oid as object_id, n.place as parameter_id,
  '@' || n.name as name, proargmodes[n.place] = 'o' as is_output
  from pg_proc, unnest(proargnames) with ordinality n(name, place)
  where n.place <= pronargs or proargmodes[n.place] = 'o';
"""
VERSION = "rv"
"""What a column is called that is a `rowversion` at SQL Server."""
DECLARED = {
    "int2": "smallint", "int4": "int", "int8": "bigint", "bool": "bit", "float4": "real",
    "float8": "float", "numeric": "decimal(38,10)", "date": "date", "time": "time(7)",
    "timestamp": "datetime2(7)", "timestamptz": "datetimeoffset(7)", "uuid": "uniqueidentifier",
    "bytea": "varbinary(max)", "varchar": "nvarchar(4000)", "bpchar": "nchar(4000)",
}  # fmt: skip
"""What SQL Server would say of a column; of all others `nvarchar(max)`."""
