from typing import Any

import pytest

from coinfer.simulator.errors import InputError
from coinfer.simulator.plain_yaml import parse


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1e6", 1e6),
        ("1.0e+6", 1e6),
        ("-.5", -0.5),
        ("+3", 3),
        ("010", 10),
        ("12:30", "12:30"),
        ("1_000", "1_000"),
        ("2026-11-22", "2026-11-22"),
        ("true", True),
        ("no", "no"),
        ("none", "none"),
        ("null", None),
        ("~", None),
        ("", None),
        ("'1e6'", "1e6"),
        (".inf", float("inf")),
        ("9" * 5000, float("inf")),
        ("{a: [1, {b: c}]}", {"a": [1, {"b": "c"}]}),
        ("<<: {a: 1}", {"<<": {"a": 1}}),
    ],
)
def test_scalars_are_those_of_the_core_schema(text: str, value: Any) -> None:
    parsed = parse(text)
    assert parsed == value
    assert type(parsed) is type(value)


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("a: [1\nb: 2", "line 2: while parsing a flow sequence, expected ',' or ']', but got ':'"),
        (
            "a: 1\n\tb: 2",
            "line 2: while scanning for the next token, found character '\\t' that cannot start any token",
        ),
        ("a: \x00", "character 4 is not printable text; remove it"),
        ("a: 1\nb: 2\na: 3", "line 3: duplicate key 'a'; keep one"),
        ("a: 1\n1: 2", "line 2: a key must be text; put it in quotes"),
        ("? [a]\n: 1", "line 1: a key must be text; put it in quotes"),
        ("a: &x 1", "line 1: anchors and aliases (& and *) are not allowed; write the value out"),
        ("a: 1\nb: *x", "line 2: anchors and aliases (& and *) are not allowed; write the value out"),
        ("a: !!python/name:os.system", "line 1: tags (!) are not allowed; write plain data"),
        ("a: !!str 1", "line 1: tags (!) are not allowed; write plain data"),
        ("[" * 50, "line 1: nested deeper than 32 levels"),
        ("a: 1\n---\nb: 2", "line 2: expected a single document in the stream, but found another document"),
    ],
)
def test_what_is_not_plain_data_is_refused(text: str, line: str) -> None:
    with pytest.raises(InputError) as caught:
        parse(text)
    assert str(caught.value) == line
