"""Checking a mapping document: every mistake, each by its JSON path, before anything is saved."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from typing import Any

from syncline.domain.errors import InvalidInputError, Problem
from syncline.domain.mapping import document as doc
from syncline.domain.mapping.conditions import OPS
from syncline.domain.mapping.dates import compile_format
from syncline.domain.mapping.durations import parse_duration
from syncline.domain.mapping.fields import options_for
from syncline.domain.mapping.options import OptionError
from syncline.domain.mapping.paths import Segment, column_name, parse_path, to_text
from syncline.domain.mapping.reading import Reader
from syncline.domain.mapping.transformers import registry

MAX_FIELDS = 2000
MAX_DEPTH = 20
_NEEDS = {
    doc.ExtractionMode.CONFIG: "table",
    doc.ExtractionMode.SQL: "sql",
    doc.ExtractionMode.PROCEDURE: "procedure",
    doc.ExtractionMode.API: "endpoint",
}


def parse(document: object) -> doc.Mapping:
    """Check a decoded mapping document and return it as typed values.

    Raises:
        InvalidInputError: names every mistake by its JSON path.
    """
    reader = Reader(document, "$", [])
    mapping = doc.Mapping(
        entity_type=reader.text("entityType", required=True).strip().lower(),
        extraction=_extraction(reader.child("extraction", required=True)),
        normalization=_normalization(reader.child("normalization", required=True)),
        transformation=_transformation(reader.child("transformation", required=True)),
    )
    reader.refuse_unknown()
    if not reader.problems:
        _check_together(mapping, reader.problems)
    if reader.problems:
        raise InvalidInputError(reader.problems)
    return mapping


def warnings(mapping: doc.Mapping) -> list[Problem]:
    """Say what is allowed and still probably not meant."""
    return [
        Problem(
            f"$.{part}.fields[{n}].transform",
            '`toBool` makes "N" true, as any text that is not empty; `sapYesNo` reads Y and N',
        )
        for part in ("normalization", "transformation")
        for n, field in enumerate(getattr(mapping, part).fields)
        if "tobool" in (name.lower() for name in field.transform)
    ]


def _extraction(r: Reader) -> doc.Extraction:
    mode = r.choice("mode", doc.ExtractionMode, doc.ExtractionMode.CONFIG)
    needed = _NEEDS[mode]
    extraction = doc.Extraction(
        mode=mode,
        table=r.text("table", required=needed == "table") or None,
        columns=tuple(map(column_name, r.texts("columns"))),
        sql=r.text("sql", required=needed == "sql") or None,
        procedure=r.text("procedure", required=needed == "procedure") or None,
        parameters=r.mapping("parameters"),
        endpoint=r.text("endpoint", required=needed == "endpoint") or None,
        id_column=column_name(r.text("idColumn", required=True)),
        cursor_column=column_name(r.text("cursorColumn")) or None,
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
            compile_format(form)
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
        fields.append(
            doc.NormalizationField(
                source=_path(f, "source"),
                target=_path(f, "target"),
                type=f.choice("type", doc.FieldType, doc.FieldType.STRING),
                required=f.boolean("required", default=False),
                default=f.anything("default"),
                transform=tuple(f.texts("transform", single=True)),
                options=f.mapping("options"),
            )
        )
        _check_transformers(f, fields[-1].transform, fields[-1].options)
        f.refuse_unknown()
    if not fields:
        r.problem("fields", "must hold at least one field")
    r.refuse_unknown()
    _check_targets(r, [("fields", n, field.target) for n, field in enumerate(fields)])
    return doc.Normalization(tuple(fields))


def _transformation(r: Reader) -> doc.Transformation:
    fields = []
    for f in _limited(r):
        when = f.child("when")
        fields.append(
            doc.TransformationField(
                source=_path(f, "source"),
                target=_path(f, "target"),
                required=f.boolean("required", default=False),
                default=f.anything("default"),
                transform=tuple(f.texts("transform", single=True)),
                options=f.mapping("options"),
                when=None if when.is_absent else _condition(when, 0),
            )
        )
        _check_transformers(f, fields[-1].transform, fields[-1].options)
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
        target=r.mapping("target"),
    )
    if not fields and not static:
        r.problem("fields", "must hold at least one field")
    r.refuse_unknown()
    targets = [("fields", n, field.target) for n, field in enumerate(fields)]
    _check_targets(r, targets + [("static", n, fixed.target) for n, fixed in enumerate(static)])
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
        r.problem("op", f"unknown op {op!r}{_near(op, OPS)}; known: {', '.join(OPS)}")
    value = r.anything("value")
    if op in ("in", "notIn") and not isinstance(value, list):
        r.problem("value", f"must be a list for `{op}`")
    return doc.Condition(field=_path(r, "field"), op=op, value=value)


def _check_transformers(r: Reader, names: Sequence[str], options: Mapping[str, Any]) -> None:
    known = registry()
    for name in names:
        found = known.get(name.lower())
        if found is None:
            proper = [entry[0] for entry in known.values()]
            r.problem("transform", f"unknown transformer {name!r}{_near(name, proper)}")
            continue
        own = options_for(name, options, names)
        _check_options(r, found[0], own, found[2])
        try:
            found[1](own)
        except OptionError as error:
            r.problem(f"options.{error.option}", f"{found[0]}: {error}")
    if options and not names:
        r.problem("options", "belong to a transformer, and there is none")


def _check_options(
    r: Reader, name: str, own: Mapping[str, Any], known: frozenset[str] | None
) -> None:
    for option in [] if known is None else sorted(own.keys() - known):
        allowed = ", ".join(sorted(known or ())) or "none"
        r.problem(f"options.{option}", f"`{name}` has no such option; it has: {allowed}")


def _check_targets(r: Reader, targets: Sequence[tuple[str, int, str]]) -> None:
    """Refuse a target path that is used twice or lies inside another."""
    taken: dict[tuple[Segment, ...], str] = {}
    for part, number, text in targets:
        try:
            path = parse_path(text)
        except ValueError:
            continue  # said already
        for other, name in taken.items():
            short = min(len(path), len(other))
            if path[:short] == other[:short]:
                clash = "is used twice" if path == other else f"and `{name}` lie inside each other"
                r.problem(f"{part}[{number}].target", f"`{text}` {clash}")
                break
        taken[path] = text


def _check_together(mapping: doc.Mapping, problems: list[Problem]) -> None:
    canonical = {_head(field.target) for field in mapping.normalization.fields}
    for number, field in enumerate(mapping.transformation.fields):
        if _head(field.source) not in canonical:
            near = _near(field.source, sorted(canonical))
            message = f"no normalization field gives `{field.source}`{near}"
            problems.append(Problem(f"$.transformation.fields[{number}].source", message))
    made = {f.target for f in mapping.transformation.fields}
    made |= {f.target for f in mapping.transformation.static}
    for key in mapping.transformation.match_key:
        if key not in made:
            message = f"no field writes `{key}`{_near(key, sorted(made))}"
            problems.append(Problem("$.transformation.matchKey", message))


def _head(path: str) -> str:
    return to_text(parse_path(path)[:1])


def _near(word: str, known: Sequence[str]) -> str:
    folded = {name.lower(): name for name in known}
    found = get_close_matches(word.lower(), folded, 1, 0.6)
    return f"; did you mean `{folded[found[0]]}`?" if found else ""
