"""Bodies that are no JSON, or that two readers would understand differently."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.api import bodies
from gateway.api.problems import ProblemError
from tests.api.conftest import APPOINTMENT, Api

JSON = {"Content-Type": "application/json"}


def send(api: Api, body: bytes, headers: dict[str, str] = JSON) -> Any:
    """POST the bytes to the releases."""
    return api.post("/v1/releases", "dachser", data=body, headers=headers)


@pytest.mark.parametrize(
    ("body", "detail"),
    [
        (b"", "not JSON at line 1, column 1"),
        (b"{", "not JSON at line 1, column 2"),
        (b'{"purpose":\n erika}', "not JSON at line 2, column 2"),
        (b"\xef\xbb\xbf{}", "not JSON at line 1, column 1"),
        (b'{"purpose":"\xff"}', "not UTF-8 at byte 12"),
        (b'{"purpose":"a","purpose":"b"}', "names a member twice"),
        (b'{"purpose":NaN}', "NaN"),
        (b'{"purpose":-Infinity}', "-Infinity"),
        (b'{"purpose":' + b"9" * 5000 + b"}", "absurd length"),
        (b"[" * 200_000, "nests too deep"),
    ],
    ids=range(10),
)
def test_what_is_no_json_is_told_by_place(api: Api, body: bytes, detail: str) -> None:
    """400, and nothing of the body is repeated."""
    answer = send(api, body)
    assert answer.status_code == 400
    assert detail in answer.get_json()["detail"]
    assert "erika" not in answer.text


@pytest.mark.parametrize("body", [b"[]", b"null", b"1", b'"text"', b"true"])
def test_json_that_is_no_object_does_not_hold(api: Api, body: bytes) -> None:
    """422, as any other value that is not of the shape."""
    answer = send(api, body)
    assert (answer.status_code, list(answer.get_json()["errors"])) == (422, ["body"])


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Content-Type": "application/x-www-form-urlencoded"},
        {"Content-Type": "application/json; charset=latin-1"},
        {**JSON, "Content-Encoding": "br"},
    ],
)
def test_other_media_types_are_not_read(api: Api, headers: dict[str, str]) -> None:
    """415 with what to send."""
    assert send(api, b"{}", headers).status_code == 415


def test_a_body_beyond_the_limit_is_not_read(api: Api) -> None:
    """413, whatever is in it; authentication comes before."""
    body = json.dumps({"order_number": "x", "purpose": APPOINTMENT, "x": "y" * 1_048_576})
    assert send(api, body.encode()).status_code == 413
    assert api.post("/v1/releases", data=body, headers=JSON).status_code == 401


@given(st.binary(max_size=60) | st.text(max_size=60).map(str.encode))
def test_any_bytes_are_json_or_a_problem(raw: bytes) -> None:
    """There is no third way, and what is taken is what the standard reader makes of it."""
    try:
        value = bodies.parsed(raw)
    except ProblemError:
        return
    assert value == json.loads(raw)


_JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**38), 10**38)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


@given(_JSON)
def test_all_json_is_read_as_it_was_written(value: object) -> None:
    """Whatever JSON can say comes through unchanged."""
    assert bodies.parsed(json.dumps(value).encode()) == value
