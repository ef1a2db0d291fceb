"""Every transformer of spec section 6: what it gives, what it refuses, what its options may be."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from syncline.domain.errors import InvalidInputError
from syncline.domain.mapping.engine.compiler import compile_mapping
from syncline.domain.mapping.validation import parse
from tests.support.mapped_records import mapped

RECORD = {
    "first": "Ada",
    "middle": None,
    "empty": "",
    "last": "Lovelace",
    "time": 930,
    "clock": 93015,
}


def mapping(transform: object, options: dict[str, Any] | None = None) -> Any:
    """A mapping whose transformation brings `v` through the transformers under test."""
    names = ["v", *RECORD]
    return parse(
        {
            "entityType": "item",
            "extraction": {"table": "t", "idColumn": "id"},
            "normalization": {
                "fields": [{"source": n, "target": n, "type": "array"} for n in names]
            },
            "transformation": {
                "fields": [
                    {
                        "source": "v",
                        "target": "out",
                        "transform": transform,
                        "options": options or {},
                    }
                ]
            },
        }
    )


def applied(value: object, transform: object, options: dict[str, Any] | None = None) -> Any:
    result = mapped(
        compile_mapping(mapping(transform, options)).transform, [{"v": value, **RECORD}]
    )
    output = result.outputs[0]
    return result.failures[0].message if output is None else output["out"]


@pytest.mark.parametrize(
    ("transform", "options", "value", "expected"),
    [
        ("parseNumber", {"decimal": ",", "thousands": "."}, "1.234,50", Decimal("1234.50")),
        ("parseNumber", {"decimal": ","}, 12, Decimal(12)),
        ("parseNumber", {}, "", None),
        ("parseNumber", {}, "12,5", "v must be a number such as 1234.50, not '12,5'"),
        ("parseNumber", {}, True, "v must be a number such as 12.50, not true"),
        ("dateFormat", {"inputFormat": "dd.MM.yyyy"}, "28.10.2026", "2026-10-28"),
        ("dateFormat", {"inputFormat": "dd.MM.yyyy", "format": "yy"}, "2026-10-28",
         "v must be a date of the form dd.MM.yyyy, not '2026-10-28'"),
        ("split", {}, ["a", "b"], 'v must be a text, not ["a", "b"]'),
        ("sapYesNo", {}, "Y", True),
        ("SAPYESNO", {}, " n ", False),
        ("boolToStatus", {"trueValue": "ACTIVE", "falseValue": "DRAFT"}, True, "ACTIVE"),
        ("boolToStatus", {"trueValue": 1, "falseValue": 0}, False, 0),
        ("boolToStatus", {"trueValue": "A", "falseValue": "D"}, "N", "D"),
        ("formatDecimal", {}, "2.345", "2.35"),
        ("formatDecimal", {}, Decimal("-2.345"), "-2.35"),
        ("formatDecimal", {"decimals": 0}, "0.5", "1"),
        ("formatDecimal", {"decimals": 10}, 1, "1.0000000000"),
        ("formatDecimal", {}, "9" * 32 + ".995", "1" + "0" * 32 + ".00"),
        ("dateFormat", {}, "20260131", "2026-01-31"),
        ("dateFormat", {}, 20260131, "2026-01-31"),
        (
            "dateFormat", {"format": "dd/MM/yyyy HH:mm:ss.fff zzz"},
            "2026-01-31T13:45:07.5", "31/01/2026 13:45:07.500 +00:00",
        ),
        (
            "dateFormat", {"format": "yyyy-MM-dd HH:mm zzz", "timezone": "Europe/Zurich"},
            "2026-07-31T22:30:00Z", "2026-08-01 00:30 +02:00",
        ),
        (
            "dateFormat", {"format": "yyyy-MM-dd'T'HH:mm", "timezone": "Europe/Zurich"},
            "2026-01-31T12:00", "2026-01-31T13:00",
        ),
        ("dateTime", {"timeField": "time"}, "20260131", "2026-01-31T09:30:00"),
        ("dateTime", {"timeField": "clock", "seconds": True}, "2026-01-31", "2026-01-31T09:30:15"),
        ("lookup", {"map": {"1": "one"}}, 1, "one"),
        ("lookup", {"map": {"true": "yes"}}, True, "yes"),
        ("lookup", {"map": {"1.50": "x"}}, Decimal("1.50"), "x"),
        ("lookup", {"map": {"a": 1}, "default": None}, "b", None),
        ("lookup", {"map": {"a": 1}, "default": 9}, "b", 9),
        ("toString", {}, True, "true"),
        ("toString", {}, Decimal("1E+3"), "1000"),
        ("toString", {}, {"b": [1, Decimal("2.50")], "a": None}, '{"b":[1,2.50],"a":null}'),
        ("toString", {}, 2**70, str(2**70)),
        ("toInt", {}, "12.99", 12),
        ("toInt", {}, "-12.99", -12),
        ("toInt", {}, 2**64 + 1, 2**64 + 1),
        ("toDecimal", {}, " 1.10 ", Decimal("1.10")),
        ("toBool", {}, "", False),
        ("toBool", {}, None, False),
        ("toBool", {}, 0, False),
        ("toBool", {}, Decimal("0.0"), False),
        ("toBool", {}, False, False),
        ("toBool", {}, "N", True),
        ("toBool", {}, "0", True),
        ("trim", {}, " x ", "x"),
        ("upper", {}, "straße", "STRASSE"),
        ("lower", {}, "ÀB", "àb"),
        ("replace", {"search": "a", "replace": "b"}, "aXa", "bXb"),
        ("replace", {"search": "a"}, "aXa", "X"),
        ("split", {}, "a, b,c", ["a", "b", "c"]),
        ("split", {"separator": ";"}, "a;b", ["a", "b"]),
        ("join", {"separator": "-"}, ["a", None, 1, True], "a-1-true"),
        ("concat", {"fields": ["middle", "last"], "separator": " "}, "Ada", "Ada Lovelace"),
        ("coalesce", {"fields": ["middle", "empty", "last"]}, None, "Lovelace"),
        ("coalesce", {"fields": ["last"]}, "x", "x"),
        ("coalesce", {"fields": ["middle"]}, "", None),
        ("round", {}, "2.5", Decimal(3)),
        ("round", {"decimals": 1}, "-0.04", Decimal("0.0")),
        ("hash", {}, "a", "ca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bb"),
        ("hash", {"algorithm": "md5"}, "a", "0cc175b9c0f1b6a831c399e269772661"),
        ("substring", {"start": 1, "length": 2}, "abcd", "bc"),
        ("substring", {"start": 9}, "abcd", ""),
        ("regexExtract", {"pattern": r"(\d+)-(\d+)", "group": 2}, "no 12-34", "34"),
        ("regexExtract", {"pattern": r"\d+"}, "no 12-34", "12"),
        ("regexExtract", {"pattern": r"\d+", "default": "-"}, "none", "-"),
        (["trim", "upper", "substring"], {"substring": {"length": 2}}, " abc ", "AB"),
    ],
)  # fmt: skip
def test_it_gives(
    transform: object, options: dict[str, Any], value: object, expected: object
) -> None:
    given = applied(value, transform, options)
    assert given == expected
    assert type(given) is type(expected)


@pytest.mark.parametrize(
    "name", ["sapYesNo", "toString", "toInt", "toDecimal", "trim", "round", "hash"]
)
def test_null_in_gives_null_out(name: str) -> None:
    assert applied(None, name) is None


@pytest.mark.parametrize(
    ("transform", "options", "value", "words"),
    [
        ("sapYesNo", {}, "J", "v must be Y or N, not 'J'"),
        ("sapYesNo", {}, True, "v must be Y or N, not true"),
        ("boolToStatus", {"trueValue": 1, "falseValue": 0}, "maybe", "v must be true/false, 1/0"),
        ("formatDecimal", {}, "1,5", "v must be a number such as 12.50, not '1,5'"),
        ("toInt", {}, "twelve", "v must be a number such as 12.50, not 'twelve'"),
        ("toDecimal", {}, "NaN", "v must be a number such as 12.50, not 'NaN'"),
        ("dateFormat", {}, "31.01.2026", "v must be a date such as 2026-01-31"),
        ("dateFormat", {}, "20260231", "v must be a date such as 2026-01-31"),
        ("dateTime", {"timeField": "last"}, "20260131", "v must be a number such as 12.50"),
        ("lookup", {"map": {"a": 1}}, "b", "v 'b' is not in the lookup map"),
        ("join", {}, "text", "v must be an array, not 'text'"),
        ("regexExtract", {"pattern": r"\d"}, "none", "v 'none' does not match the pattern"),
    ],
)  # fmt: skip
def test_it_refuses_a_value(
    transform: str, options: dict[str, Any], value: object, words: str
) -> None:
    assert applied(value, transform, options).startswith(words)


@pytest.mark.parametrize(
    ("transform", "options", "problem"),
    [
        ("boolToStatus", {"trueValue": "A"}, "options.falseValue: boolToStatus: is required"),
        ("formatDecimal", {"decimals": 11}, "options.decimals: formatDecimal: must be a whole"),
        ("formatDecimal", {"decimals": "2"}, "options.decimals: formatDecimal: must"),
        ("dateFormat", {"format": "QQ"}, "options.format: dateFormat: 'QQ' is no date format"),
        ("dateFormat", {"timezone": "Mars/Olympus"}, "options.timezone: dateFormat: 'Mars/Olym"),
        ("lookup", {}, "options.map: lookup: is required"),
        ("replace", {"search": ""}, "options.search: replace: must not be empty"),
        ("split", {"separator": ""}, "options.separator: split: must not be empty"),
        ("concat", {}, "options.fields: concat: is required"),
        ("hash", {"algorithm": "crc"}, "options.algorithm: hash: must be sha256, sha1 or md5"),
        ("regexExtract", {"pattern": "("}, "options.pattern: regexExtract: is no reg"),
        ("regexExtract", {"pattern": "a", "group": 1}, "options.group: regexExtract: must be a "),
        ("trim", {"side": "left"}, "options.side: `trim` has no such option; it has: none"),
        ("trimm", {}, "transform: unknown transformer 'trimm'; did you mean `trim`?"),
        ([], {"a": 1}, "options: are read by no transformer"),
    ],
)  # fmt: skip
def test_a_wrong_option_is_refused_on_save(
    transform: object, options: dict[str, Any], problem: str
) -> None:
    with pytest.raises(InvalidInputError) as refused:
        mapping(transform, options)
    said = [f"{p.path}: {p.message}" for p in refused.value.problems]
    assert any(line.startswith(f"$.transformation.fields[0].{problem}") for line in said), said


def test_a_hostile_pattern_takes_no_time() -> None:
    text = "a" * 50_000 + "!"
    assert applied(text, "regexExtract", {"pattern": "(a+)+$", "default": "none"}) == "none"
