"""The T-SQL that the connector says, as PostgreSQL takes it; what a person's SQL adds is ANSI."""

from __future__ import annotations

import re
from collections.abc import Mapping

_TYPES = (
    (r"nvarchar\(max\)|varchar\(max\)|sysname|ntext", "text"),
    (r"nvarchar\((\d+)\)", r"varchar(\1)"),
    (r"nchar\((\d+)\)", r"char(\1)"),
    (r"varbinary\(\w+\)|varbinary", "bytea"),
    (r"datetime2(\(\d\))?|smalldatetime|datetime\b(?!offset)", "timestamp"),
    (r"\bdatetimeoffset(\(\d\))?", "timestamptz"),
    (r"uniqueidentifier", "uuid"),
    (r"\btinyint\b", "smallint"),
    (r"\bas bit\b", "as boolean"),
    (r"\bfloat\b", "double precision"),
)
_LITERAL = re.compile(r"('(?:[^']|'')*'|\"(?:[^\"]|\"\")*\")")
_NAME = re.compile(r"@(\w+)")
_TABLE = re.compile(r"openjson\((@\w+)\) with \(((?:\w+ nvarchar\(max\) '\$\[\d+\]'(?:, )?)+)\)")
_TOP = re.compile(r"^select top \((\d+)\) with ties ")
_NONE = "select top (0) "
_DATEADD = re.compile(r"dateadd\((\w+), -(\d+), (convert\([^()]+(?:\(\d\))?[^()]*\))\)")
_CONVERT = re.compile(r"convert\(([a-z]\w+(?:\([\w,]+\))?), ((?:@|\w+\.)?\"?\w+\"?), 121\)")


def translated(sql: str, given: Mapping[str, str]) -> tuple[str, list[str]]:
    """Return a statement of PostgreSQL and the values of its parameters."""
    sql = _TABLE.sub(_json_table, sql.replace("try_", ""))
    sql = re.sub(
        r"openjson\((@\w+)\)( j)?",
        r"(select (o - 1)::text as key, v as value from jsonb_array_elements_text(\1::jsonb) "
        r"with ordinality e(v, o)) j",
        sql,
    )
    if sql.startswith(_NONE):
        sql = f"select {sql.removeprefix(_NONE)} limit 0"
    if top := _TOP.match(sql):
        read, _, order = sql[top.end() :].rpartition(" order by ")
        keys = ", ".join(f"{key} nulls first" for key in order.split(", "))
        sql = f"select {read} order by {keys} fetch first {top[1]} rows with ties"
    sql = re.sub(r"^(merge into \S+) with \(holdlock, updlock\)", r"\1", sql).rstrip(";")
    sql = _DATEADD.sub(r"(\3 - interval '\2 \1')", sql)
    sql = re.sub(r"convert\(varchar\(40\), ([^,]+), 121\)", r"sys.style_121(\1)", sql)
    sql = re.sub(r"convert\(char\(36\), ([^()]+)\)", r"upper((\1)::text)", sql)
    sql = re.sub(r"convert\(varbinary\(max\), ([\w.@]+), 2\)", r"decode(\1, 'hex')", sql)
    sql = re.sub(r"convert\(bigint, ([^()]+(?:\(\))?)\)", r"(\1)::bigint", sql)
    sql = re.sub(r"convert\(binary\(8\), ([^,]+?)\)(?=[\s)])", r"\1", sql)
    sql = _CONVERT.sub(r"cast(\2 as \1)", sql)
    sql = re.sub(r"cast\(([\w.]+) collate POSIX as varchar\(max\)\)", r"sys.narrowed(\1)", sql)
    sql = sql.replace("Latin1_General_BIN2", "C")
    sql = re.sub(r"collate (\w+)", r'collate "\1"', sql)
    sql = re.sub(
        r"\b(serverproperty|has_perms_by_name|min_active_rowversion|sysdatetimeoffset|datalength|db_id|object_id)\(",
        r"sys.\1(",
        sql,
    )
    values: dict[str, str] = {}
    parts = _LITERAL.split(sql)
    for n in range(0, len(parts), 2):
        for pattern, own in _TYPES:
            parts[n] = re.sub(pattern, own, parts[n])
        parts[n] = _NAME.sub(lambda found: _placed(found[1], given, values), parts[n])
    return "".join(parts), list(values.values())


def _placed(name: str, given: Mapping[str, str], values: dict[str, str]) -> str:
    if name not in given:
        return f"@{name}"
    values.setdefault(name, given[name])
    return f"${[*values].index(name) + 1}::text"


def _json_table(found: re.Match[str]) -> str:
    columns = re.findall(r"(\w+) nvarchar\(max\) '\$\[(\d+)\]'", found[2])
    listed = ", ".join(f"v ->> {place} as {name}" for name, place in columns)
    return f"(select {listed} from jsonb_array_elements({found[1]}::jsonb) v)"
