"""Which failures are alike. Spec section 5, Groups.

What belongs to one record is masked in the message: its IDs and keys, numbers, dates, quoted texts.
What tells causes apart is kept: status and error codes, names of constraints, columns and fields.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Sequence
from urllib.parse import quote

import msgspec

MASK = "?"
_MARKS = 0xF0000
"""What stands for kept parts begins here: in a private range of Unicode, where no rule looks."""
LONGEST = 4_000
"""Characters of a message that are looked at."""
MOST_VALUES = 2_000
"""Values of a payload that are looked for."""
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
"""What stays although it may hold digits or stand in quotes."""
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
    """Return what alike failures share; places in lists in the path of `field` do not count."""
    place = _PLACES.sub("[]", field or "")
    text = "\x1f".join((stage, code, place, pattern))
    return hashlib.blake2b(text.encode(errors="replace"), digest_size=8).hexdigest()


def pattern_of(message: str, known: Sequence[str] = ()) -> str:
    """Return a message with `?` for what belongs to its record, `known` by `of_record`."""
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
    """Mask what a rule found; of bare words those with a digit, and addresses of e-mail."""
    token = match["token"]
    if token is None:
        return MASK
    if not _DIGIT.search(token):
        return token
    return MASK + token[len(token.rstrip(".+-")) :]


def _own(text: str, known: Sequence[str]) -> re.Pattern[str] | None:
    """Return a search for those of the record's texts that the message holds."""
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
    """Return the texts that are a record's own; the match key is a path of the payload, or several.

    A word of its payload may be the cause (`status DRAFT is not allowed`): of that only the match
    key counts, and texts of several words.
    """
    try:
        record: object = _decode(payload) if payload else None
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
        # no record, so nothing in it to mask
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
    """Walk the texts of a record, without recursion: it may be deep."""
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
