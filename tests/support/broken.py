"""Answers as nobody should send them: valid ones that were changed, and any bytes at all."""

from __future__ import annotations

import copy
import json
from typing import TYPE_CHECKING, Any

from hypothesis import strategies as st

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from hypothesis.strategies import SearchStrategy

#: Past what Python's parser, and any sane answer, takes.
DEEP = 100_000
_HUGE = "9" * 5_000
#: Well-formed JSON of another kind than whatever was expected.
SHAPES: tuple[object, ...] = (
    *(None, True, False, 0, -1, 1, 2**70, 1.5, float("nan"), float("inf")),
    *("", "x", "\ud800", "\x00", "null", "1e999", "http://[", "²", [], {}, [None], [[]], [{}]),
    *({"": None}, {"id": []}, ["x", 1], {"errorCode": {}}, [{"message": ["x"]}]),
)
_TOKENS = (
    *(b'"', b"{", b"}", b"[", b"]", b",", b":", b"\n", b"\r", b"\x00", b"\xff", b"\xed\xa0\x80"),
    *(b"\\ud800", b"\\u0000", b"\\", b"NaN", b"-Infinity", b"1e999", b"null", b"true", b"-", b"."),
    *(b"\xef\xbb\xbf", b"\x1f\x8b", b"x\x9c", b"\x28\xb5\x2f\xfd", b'""', b"'", _HUGE.encode()),
    *(b"[" * 5_000, b'{"a":' * 5_000, b'"totalSize": 7, ', b'"done": false, '),
)

anything = st.recursive(
    st.sampled_from([shape for shape in SHAPES if not isinstance(shape, list | dict)])
    | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=6,
)


@st.composite
def damaged(draw: Callable[[SearchStrategy[Any]], Any], whole: bytes) -> bytes:
    """The bytes of an answer, cut, flipped, doubled and with others put in; up to four times."""
    data = whole
    for _ in range(draw(st.integers(1, 4))):
        at = draw(st.integers(0, len(data)))
        until = min(len(data), at + draw(st.integers(0, 12)))
        put_in = draw(st.sampled_from(_TOKENS) | st.binary(max_size=4))
        change = draw(st.sampled_from(("cut", "replace", "insert", "remove", "double", "flip")))
        data = {
            "cut": data[:at],
            "replace": data[:at] + put_in + data[until:],
            "insert": data[:at] + put_in + data[at:],
            "remove": data[:at] + data[until:],
            "double": data[:until] + data[at:],
            "flip": data[:at] + bytes(byte ^ 0x55 for byte in data[at:until]) + data[until:],
        }[change]
    return data


@st.composite
def reshaped(draw: Callable[[SearchStrategy[Any]], Any], whole: object) -> object:
    """A JSON value in which places have another value, are gone, or are there twice."""
    made = [copy.deepcopy(whole)]
    for _ in range(draw(st.integers(1, 3))):
        holder, key = draw(st.sampled_from(list(places(made))))
        if draw(st.booleans()) or holder is made:
            holder[key] = copy.deepcopy(draw(st.sampled_from(SHAPES) | anything))
        elif isinstance(holder, dict):
            del holder[key]
        else:
            holder.insert(key, copy.deepcopy(holder[key]))
    return made[0]


def places(value: Any) -> Iterator[tuple[Any, Any]]:  # noqa: ANN401  JSON
    """Yield where each value inside of a JSON value is: what holds it, and under which key."""
    members: Any = ()
    if isinstance(value, dict):
        members = list(value.items())
    elif isinstance(value, list):
        members = list(enumerate(value))
    for key, member in members:
        yield value, key
        yield from places(member)


def bodies(whole: object) -> SearchStrategy[bytes]:
    """Bodies like this JSON answer, more or less: reshaped, damaged, or any bytes at all."""
    return st.one_of(
        reshaped(whole).map(lambda value: json.dumps(value).encode()),
        damaged(json.dumps(whole).encode()),
        st.binary(max_size=64),
    )


def each_reshaped(whole: object) -> Iterator[object]:
    """Yield a JSON value once for each of its places and each shape, with that shape there."""
    for at in range(len(list(places([whole])))):
        for shape in SHAPES:
            made = [copy.deepcopy(whole)]
            holder, key = list(places(made))[at]
            holder[key] = copy.deepcopy(shape)
            yield made[0]
