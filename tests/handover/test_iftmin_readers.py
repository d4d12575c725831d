"""IFTMIN as two public parsers read it, pydifact and npm's edifact, which share no code: both alike, and whole."""

import json
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given

from gateway.handover.files.edifact import Charset
from gateway.handover.files.iftmin import Directory
from gateway.handover.files.row import UnfitError
from tests.handover.test_files import ANY, LATIN, a_row, by_pydifact, written
from tests.npm import installed

_VERSION = "1.2.12"
_SCRIPT = Path(__file__).with_name("edi_reader.js")
_CODECS = {
    Charset.UNOA: "ascii",
    Charset.UNOB: "ascii",
    Charset.UNOC: "latin-1",
    Charset.UNOD: "iso8859-2",
    Charset.UNOE: "iso8859-5",
    Charset.UNOF: "iso8859-7",
}
_KNOWN = {Charset.UNOA, Charset.UNOB, Charset.UNOC}
"""The repertoires that npm's parser holds a text to; any other is read as UNOY, which has all."""

Segments = list[tuple[str, list[Any]]]
Reader = Callable[[bytes, Charset], Segments]


@pytest.fixture(scope="session")
def by_npm(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Reader]:
    """One process of Node that reads whatever it is given; a fault is the test's."""
    node = shutil.which("node")
    if node is None:
        pytest.skip("node is not installed")
    package = installed("edifact", _VERSION, tmp_path_factory.mktemp("edifact"))
    command = [node, str(_SCRIPT), str(package / "parser.js")]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, encoding="utf-8"
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        into, out = process.stdin, process.stdout

        def read(content: bytes, charset: Charset = Charset.UNOC) -> Segments:
            level = charset if charset in _KNOWN else "UNOY"
            into.write(json.dumps({"level": level, "text": content.decode(_CODECS[charset])}))
            into.write("\n")
            into.flush()
            answer = json.loads(out.readline())
            assert "fault" not in answer, answer["fault"]
            return [
                (tag, [it[0] if len(it) == 1 else it for it in elements])
                for [[tag], *elements] in answer["segments"]
            ]

        yield read
        into.close()


@pytest.mark.parametrize("directory", list(Directory))
def test_both_read_the_same_of_both_directories(by_npm: Reader, directory: Directory) -> None:
    """Two messages with everything, and with nothing but a reference."""
    nothing = {"consignment": None, "name": None, "phone": None, "email": None}
    content = written(a_row(), a_row(order_number="o2", **nothing), directory=directory)
    segments = by_npm(content, Charset.UNOC)
    assert segments == by_pydifact(content)
    assert [tag for tag, _ in segments].count("UNH") == 2
    assert ("COM", [["+493023125001", "TE"]]) in segments


@pytest.mark.parametrize(
    ("charset", "name"),
    [
        (Charset.UNOA, "ERIKA O'MALLEY: 50?+"),
        (Charset.UNOB, "Erika O'Malley"),
        (Charset.UNOC, "Jörg Müßig"),
        (Charset.UNOD, "Łukasz Żak"),
        (Charset.UNOE, "Анна"),
        (Charset.UNOF, "Ελένη"),
    ],
)
def test_both_read_each_charset(by_npm: Reader, charset: Charset, name: str) -> None:
    """Npm's holds A, B and C to their repertoires by tables of its own."""
    content = written(a_row(name=name, email=None), charset=charset)
    segments = by_npm(content, charset)
    assert segments == by_pydifact(content, _CODECS[charset])
    assert ("CTA", ["IC", ["", name]]) in segments


@given(name=LATIN, local=LATIN)
def test_hostile_names_and_addresses_survive_both(by_npm: Reader, name: str, local: str) -> None:
    """Separators, release characters and quotes among them."""
    content = written(a_row(name=name, email=f"{local}@example.org"))
    segments = by_npm(content, Charset.UNOC)
    assert segments == by_pydifact(content)
    assert ("NAD", ["CN", "", "", name]) in segments
    assert ("COM", [[f"{local}@example.org", "EM"]]) in segments


@given(name=ANY, consignment=ANY)
def test_no_text_adds_a_segment_for_either(by_npm: Reader, name: str, consignment: str) -> None:
    """It is written whole, or refused."""
    try:
        content = written(a_row(name=name, consignment=consignment))
    except UnfitError:
        return
    tags = [tag for tag, _ in by_npm(content, Charset.UNOC)]
    assert tags == [tag for tag, _ in by_pydifact(content)]
    assert tags == [tag for tag, _ in by_pydifact(written(a_row()))]
