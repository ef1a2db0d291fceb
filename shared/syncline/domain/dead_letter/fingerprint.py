"""Which failures have the same cause. Spec section 5, Groups.

The values of a record are masked in the message: its IDs and keys, numbers, dates, quoted texts.
What distinguishes causes is kept: status and error codes, names of constraints, columns, fields.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Sequence
from urllib.parse import quote

import msgspec

MASK = "?"
_MARKS = 0xF0000
"""First placeholder of a kept part: a private character of Unicode, which no rule masks."""
LONGEST = 4_000
"""Most characters of a message that are read."""
MOST_VALUES = 2_000
"""Most values of a payload that are searched for."""
_decode = msgspec.json.Decoder().decode

_OPEN, _CLOSE = r"[\"'\u201c\u2018\xab\u2039`]", r"[\"'\u201d\u2019\xbb\u203a`]"
_NAMED = (
    "constraint|column|relation|table|index|field|property|parameter|attribute|schema|type|function"
    "|trigger|operator|domain|header|entity type"
)
_MUST = r"(?:is|are|was) (?:required|missing|unknown|not known)|(?:must|may|can)(?:not| not) be"
_FAMILIES = "ORA|TNS|PLS|DPY|SQL|SQLCODE|ERR|ERROR|MSG|HANA|E|EC"
_KEPT = re.compile(
    "|".join((
        r"\b(?:HTTP(?:/\d(?:\.\d)?)?|status code|answered|errno|SQLSTATE|sqlcode)[ :=]{1,2}"
        r"[\w-]*\d\w*(?:: [A-Za-z_]*-?\d{1,8}(?=: ))?",
        r"\b(?:error|response|return|exit|reason)(?: code)?[ :=#]{1,2}-?\d{3,6}\b",
        rf"\b(?:{_FAMILIES})[-_]?\d{{3,6}}\b(?=[:\s\])]|$)",
        r"^[\[(](?:#\d+|[A-Z][A-Z0-9_-]*)[\])]",
        rf"\b(?:{_NAMED})s?:? {_OPEN}[\w.$:\[\]-]+{_CLOSE}",
        rf"{_OPEN}[A-Za-z_][\w.$-]*{_CLOSE}(?= (?:{_MUST})\b)",
        r"\b(?:varying|character|numeric|decimal|n?varchar2?|n?char|bit)\(\d+(?:, ?\d+)?\)",
        r"\b[A-Za-z_]{3,}\d\b(?![-./:])",
    )),
    re.IGNORECASE,
)  # fmt: skip
"""Parts that are kept although they may have digits or quotes."""
_MONTHS = "(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)[a-z]*"
_MASKED = re.compile(
    "|".join((
        rf"(?:\b(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)[a-z]*,? )?\b\d{{1,2}}[ -]{_MONTHS}[ -]\d{{2,4}}\b",
        rf"\b{_MONTHS} \d{{1,2}},? \d{{4}}\b",
        r"(?<==)\([^)]*\)",
        r"(?<!\w)(?:\"[^\"]*(?:\"|$)|\u201c[^\u201d]*(?:\u201d|$)|\u2018[^\u2019]*(?:\u2019|$)"
        r"|\xab[^\xbb]*(?:\xbb|$)|`[^`]*(?:`|$))",
        r"(?<!\w)'[^']*(?:'(?=\w)[^']*)*(?:'(?!\w)|$)",
        r"(?P<token>[\w#$@.+%-]+)",
    ))
)  # fmt: skip
_RUN = re.compile(r"\?(?:(?:[-:.,/|;+ ]{1,2}| and )\?)+")
_ZONE = re.compile(r"(?<=\?) (?:GMT|UTC)\b")
_DIGIT = re.compile(r"\d|\w@\w")
_PLACES = re.compile(r"\[\d+\]|(?<=[./])\d+(?=[./]|$)")


def fingerprint(stage: str, code: str, pattern: str, field: str | None) -> str:
    """Return the hash that similar failures share; list indexes in `field` do not count."""
    place = _PLACES.sub("[]", field or "")
    text = "\x1f".join((stage, code, place, pattern))
    return hashlib.blake2b(text.encode(errors="replace"), digest_size=8).hexdigest()


def pattern_of(message: str, known: Sequence[str] = ()) -> str:
    """Return a message with `?` for the values of its record; `known` are those of `of_record`."""
    text = message[:LONGEST]
    own = _own(text, known)
    kept: dict[str, str] = {}

    def keep(match: re.Match[str]) -> str:
        mark = chr(_MARKS + len(kept))
        kept[mark] = match[0]
        return mark

    text = _KEPT.sub(keep, text)
    if own is not None:
        text = own.sub(MASK, text)
    text = _ZONE.sub("", _RUN.sub(MASK, _MASKED.sub(_masked, text)))
    return " ".join("".join(kept.get(c, c) for c in text).split())


def _masked(match: re.Match[str]) -> str:
    """Mask what a rule found; bare words only if they have a digit or are e-mail addresses."""
    token = match["token"]
    if token is None:
        return MASK
    if not _DIGIT.search(token):
        return token
    return MASK + token[len(token.rstrip(".+-")) :]


def _own(text: str, known: Sequence[str]) -> re.Pattern[str] | None:
    """Return a pattern of the record's texts that the message holds."""
    low = text.lower()
    forms = {form for value in known for form in (value, quote(value, safe=""))}
    held = sorted((f for f in forms if f and f.lower() in low), key=len, reverse=True)
    if not held:
        return None
    return re.compile(rf"(?<!\w)(?:{'|'.join(map(re.escape, held))})(?!\w)", re.IGNORECASE)


def of_record(
    source_id: str | None,
    payload: bytes | None = None,
    match_key: object = None,
    target_id: str | None = None,
) -> list[str]:
    """Return the texts that belong to a record; the match key is one or more paths of the payload.

    A single word of the payload may be the cause (`status DRAFT is not allowed`). So of the payload
    only the match key counts, and texts of several words.
    """
    try:
        record: object = _decode(payload) if payload else None
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
        # no record, so nothing to mask
        record = None
    paths = [match_key] if isinstance(match_key, str) else match_key
    keys = [_at(record, path) for path in paths] if isinstance(paths, list | tuple) else []
    texts = [text for text in _texts(record) if re.search(r"\W", text)]
    return [value for value in (source_id, target_id, *keys, *texts) if value]


def _at(record: object, path: object) -> str:
    value = record
    for name in str(path).split("."):
        value = value.get(name) if isinstance(value, dict) else None
    return value if isinstance(value, str) else ""


def _texts(record: object) -> Iterator[str]:
    """Yield the texts of a record, without recursion because it may be deep."""
    waiting, left = [record], MOST_VALUES
    while waiting and left:
        value = waiting.pop()
        if isinstance(value, str):
            left -= 1
            yield value
        elif isinstance(value, dict):
            waiting += value.values()
        elif isinstance(value, list):
            waiting += value
