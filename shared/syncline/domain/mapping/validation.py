"""Checking a mapping document: every mistake, each by its JSON path, before anything is saved."""

from __future__ import annotations

from collections.abc import Sequence

from syncline.domain.errors import InvalidInputError
from syncline.domain.mapping import document as doc
from syncline.domain.mapping.agreement import problems_of
from syncline.domain.mapping.chains import read_chain
from syncline.domain.mapping.engine.conditions import OPS
from syncline.domain.mapping.paths import EACH, Path, column_name, parse_path, to_text
from syncline.domain.mapping.reading import Reader, near
from syncline.domain.mapping.transformers.registry import registry
from syncline.domain.mapping.values.dates import compile_parser
from syncline.domain.mapping.values.durations import parse_duration
from syncline.domain.mapping.values.literals import unusable
from syncline.domain.mapping.warnings import warnings
from syncline.domain.mapping.written_paths import WrittenPaths

__all__ = ["parse", "warnings"]
_DATES = (doc.FieldType.DATE, doc.FieldType.DATETIME)
MAX_FIELDS = 2000
MAX_DEPTH = 20
_NEEDS = {
    doc.ExtractionMode.CONFIG: "table",
    doc.ExtractionMode.SQL: "sql",
    doc.ExtractionMode.PROCEDURE: "procedure",
    doc.ExtractionMode.API: "endpoint",
}


def parse(document: object, *, stored: bool = False) -> doc.Mapping:
    """Check a decoded mapping document and return it as typed values.

    Args:
        stored: an earlier release may have taken it: it goes on working, whatever newer checks
            would say of it.

    Raises:
        InvalidInputError: names every mistake by its JSON path.
    """
    reader = Reader(document, "$", [], strict=not stored)
    mapping = doc.Mapping(
        entity_type=reader.text("entityType", required=True).strip().lower(),
        extraction=_extraction(reader.child("extraction", required=True)),
        normalization=_normalization(reader.child("normalization", required=True)),
        transformation=_transformation(reader.child("transformation", required=True)),
    )
    reader.refuse_unknown()
    if not stored:
        reader.problems += unusable(document)
    if not reader.problems and not stored:
        reader.problems += problems_of(mapping)
    if reader.problems:
        raise InvalidInputError(reader.problems)
    return mapping


def _extraction(r: Reader) -> doc.Extraction:
    mode = r.choice("mode", doc.ExtractionMode, doc.ExtractionMode.CONFIG)
    needed = _NEEDS[mode]
    column = str if mode is doc.ExtractionMode.API else column_name  # an API's are paths
    extraction = doc.Extraction(
        mode=mode,
        table=r.text("table", required=needed == "table") or None,
        columns=tuple(map(column, r.texts("columns"))),
        sql=r.text("sql", required=needed == "sql") or None,
        procedure=r.text("procedure", required=needed == "procedure") or None,
        parameters=r.mapping("parameters"),
        endpoint=r.text("endpoint", required=needed == "endpoint") or None,
        id_column=column(r.text("idColumn", required=True)),
        cursor_column=column(r.text("cursorColumn")) or None,
        cursor_type=r.choice("cursorType", doc.CursorType, doc.CursorType.DATETIME),
        cursor_format=r.text("cursorFormat") or None,
        lookback=_lookback(r),
        filters=tuple(_condition(c, 0) for c in r.children("filters")),
        paging=r.mapping("paging") or None,
        options=r.mapping("options"),
    )
    r.refuse_unknown()
    _check_cursor_format(r, extraction)
    return extraction


def _check_cursor_format(r: Reader, extraction: doc.Extraction) -> None:
    form = extraction.cursor_format
    if form and (extraction.cursor_column is None or extraction.cursor_type is doc.CursorType.ID):
        r.problem("cursorFormat", "is for a `cursorColumn` of `cursorType` datetime or date")
    if form and form not in doc.EPOCHS:
        try:
            compile_parser(form)
        except ValueError as error:
            r.problem("cursorFormat", f"{error}; or `epoch`, or `epochMillis`")


def _lookback(r: Reader) -> float:
    text = r.text("lookback") or "PT0S"
    try:
        return parse_duration(text)
    except ValueError as error:
        r.problem("lookback", str(error))
        return 0.0


def _normalization(r: Reader) -> doc.Normalization:
    fields = []
    for f in _limited(r):
        names, options = read_chain(f, registry())
        fields.append(
            doc.NormalizationField(
                source=_path(f, "source"),
                target=_path(f, "target"),
                type=f.choice("type", doc.FieldType, doc.FieldType.STRING),
                format=_format(f),
                required=f.boolean("required", default=False),
                default=f.anything("default"),
                transform=names,
                options=options,
            )
        )
        if fields[-1].format is not None and fields[-1].type not in _DATES:
            f.problem("format", "belongs to the types `date` and `datetime`")
        f.refuse_unknown()
    if not fields:
        r.problem("fields", "must hold at least one field")
    r.refuse_unknown()
    _check_targets(r, [field.target for field in fields], [])
    return doc.Normalization(tuple(fields))


def _transformation(r: Reader) -> doc.Transformation:
    fields = []
    omit_null = r.boolean("omitNull", default=False)
    for f in _limited(r):
        when = f.child("when")
        names, options = read_chain(f, registry())
        fields.append(
            doc.TransformationField(
                source=_path(f, "source"),
                target=_path(f, "target"),
                required=f.boolean("required", default=False),
                default=f.anything("default"),
                transform=names,
                options=options,
                when=None if when.is_absent else _condition(when, 0),
                omit_null=f.boolean("omitNull", default=omit_null),
            )
        )
        f.refuse_unknown()
    static = []
    for s in r.children("static"):
        static.append(doc.StaticValue(_path(s, "target"), s.anything("value")))
        s.refuse_unknown()
    exclude = r.child("exclude")
    transformation = doc.Transformation(
        match_key=_match_key(r),
        fields=tuple(fields),
        static=tuple(static),
        exclude=None if exclude.is_absent else _condition(exclude, 0),
        smart_sync=r.boolean("smartSync", default=True),
        omit_null=omit_null,
        target=r.mapping("target"),
    )
    if not fields and not static:
        r.problem("fields", "must hold at least one field")
    r.refuse_unknown()
    _check_targets(r, [field.target for field in fields], [fixed.target for fixed in static])
    return transformation


def _match_key(r: Reader) -> tuple[str, ...]:
    """Read one path or a list of them."""
    paths = r.texts("matchKey", single=True)
    if paths in ([], [""]):
        return ()
    for path in paths:
        if not path:
            r.problem("matchKey", "holds an empty text; it takes one path or a list of paths")
        elif paths.count(path) > 1:
            r.problem("matchKey", f"names `{path}` twice")
            break
    return tuple(path for path in paths if path)


def _format(r: Reader) -> str | None:
    """Read the form in which the source writes its dates."""
    form = r.text("format") or None
    try:
        if form is not None:
            compile_parser(form)
    except ValueError as error:
        r.problem("format", str(error))
        return None
    return form


def _limited(r: Reader) -> list[Reader]:
    children = r.children("fields")
    if len(children) > MAX_FIELDS:
        r.problem("fields", f"holds {len(children)} fields, at most {MAX_FIELDS} are allowed")
    return children[:MAX_FIELDS]


def _path(r: Reader, name: str) -> str:
    text = r.text(name, required=True)
    try:
        if text:
            parse_path(text)
    except ValueError as error:
        r.problem(name, str(error))
    return text


def _condition(r: Reader, depth: int) -> doc.Condition:
    forms = [name for name in ("field", "all", "any", "not") if r.has(name)]
    if len(forms) != 1 or depth > MAX_DEPTH:
        shape = "must be one of {field, op, value}, {all}, {any}, {not}"
        r.problem(None, shape if len(forms) != 1 else f"is nested deeper than {MAX_DEPTH}")
        r.forgive()
        return doc.Condition(field="")
    condition = _form(r, forms[0], depth + 1)
    r.refuse_unknown()
    return condition


def _form(r: Reader, form: str, depth: int) -> doc.Condition:
    match form:
        case "all":
            return doc.Condition(all=tuple(_condition(c, depth) for c in r.children("all")))
        case "any":
            return doc.Condition(any=tuple(_condition(c, depth) for c in r.children("any")))
        case "not":
            return doc.Condition(not_=_condition(r.child("not"), depth))
    return _test(r)


def _test(r: Reader) -> doc.Condition:
    op = r.text("op") or "eq"
    if op not in OPS:
        r.problem("op", f"unknown op {op!r}{near(op, OPS)}; known: {', '.join(OPS)}")
    value = r.anything("value")
    if op in ("in", "notIn") and not isinstance(value, list):
        r.problem("value", f"must be a list for `{op}`")
    return doc.Condition(field=_path(r, "field"), op=op, value=value)


def _check_targets(r: Reader, fields: Sequence[str], static: Sequence[str]) -> None:
    """Refuse targets that write one place twice, or in two ways, or a place that nothing makes."""
    places = WrittenPaths()
    arrays: set[Path] = set()
    written = [(f"fields[{n}]", text) for n, text in enumerate(fields)]
    for by, text in [*written, *((f"static[{n}]", text) for n, text in enumerate(static))]:
        path = _parsed(text)
        if path is None:
            continue  # said already
        clash = places.add(path, by)
        if clash is not None:
            r.problem(f"{by}.target", clash)
        made = {path[:n] for n, segment in enumerate(path) if segment == EACH}
        if by.startswith("fields"):
            arrays |= made
        elif missing := made - arrays:
            array = to_text(max(missing, key=len))
            words = "a fixed value stands in each element that fields make, and no field makes any"
            r.refuse(f"{by}.target", f"{words} of `{array}[]`")


def _parsed(text: str) -> Path | None:
    try:
        return parse_path(text)
    except ValueError:  # no path; the check of the field names it
        return None
