"""Both languages are complete, and say the same."""

import re
from datetime import UTC, datetime
from importlib.resources import files
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from gateway.console.words import Catalogue, Language, TextMissing, Words

CATALOGUE = Catalogue.load()
KEYS = sorted(CATALOGUE.keys())
NOON = datetime(2026, 11, 23, 12, 5, 7, tzinfo=UTC)


def source() -> str:
    """All that may use a text: templates and code of the console."""
    home = Path(str(files("gateway.console")))
    found = [*home.rglob("*.html"), *home.rglob("*.py"), *home.rglob("*.typ")]
    return "\n".join(file.read_text("utf-8") for file in found)


def words(language: Language) -> Words:
    """One language, read in Berlin."""
    return Words(CATALOGUE, language, ZoneInfo("Europe/Berlin"))


def test_a_text_says_the_same_in_both_languages() -> None:
    """The same values are put in, and counted texts are counted in both."""
    for key in KEYS:
        german, english = (CATALOGUE.forms(key, language) for language in Language)
        assert german.keys() == english.keys(), key
        for form in german:
            places = [set(re.findall(r"{(\w*)}", text)) for text in (german[form], english[form])]
            assert places[0] == places[1], key


def test_a_text_is_typeset() -> None:
    """German quotation marks and no blanks at the ends."""
    for key in KEYS:
        for language in Language:
            for text in CATALOGUE.forms(key, language).values():
                assert text == text.strip(), key
                assert '"' not in text, key


def test_every_text_is_used() -> None:
    """A text that nobody shows would grow old unnoticed."""
    used = source()
    prefixes = tuple(set(re.findall(r'"([a-z_]+(?:\.[a-z0-9_-]+)*\.)(?:"|{)', used)))
    unused = [key for key in KEYS if f'"{key}"' not in used and not key.startswith(prefixes)]
    assert unused == []


def test_every_text_that_is_used_is_there() -> None:
    """A key that is written wrong would be a fault for a reader."""
    named = set(re.findall(r'\b(?:t|words)\("([a-z0-9_.-]+[a-z0-9_-])"', source()))
    assert named
    assert named - set(KEYS) == set()


def test_dates_numbers_and_lists_are_written_as_the_language_has_it() -> None:
    """The reader's own time zone, too."""
    german, english = words(Language.GERMAN), words(Language.ENGLISH)
    assert (german.day(NOON), english.day(NOON)) == ("23. November 2026", "23 November 2026")
    assert (german.moment(NOON), english.moment(NOON)) == ("23.11.2026, 13:05", "23/11/2026, 13:05")
    assert (german.number(10_000_000), english.number(10_000_000)) == ("10.000.000", "10,000,000")
    assert german.listed(["Name", "<b>", "E-Mail"]) == "Name, &lt;b&gt; und E-Mail"
    assert english.listed(["name", "phone", "email"]) == "name, phone and email"


def test_what_is_put_into_a_text_is_escaped() -> None:
    """A name is a name, whatever it holds; the text round it keeps its own braces and quotes."""
    shown = words(Language.GERMAN)("account.lead", name="<script>{office}", office="&")
    assert shown == "Angemeldet als &lt;script&gt;{office}, Aufgabe: &amp;."


def test_one_is_not_many() -> None:
    """Counted texts have a form for one."""
    german = words(Language.GERMAN)
    assert german("account.codes_left", n=1) == "Noch 1 Code ist unbenutzt."
    assert german("account.codes_left", n=9) == "Noch 9 Codes sind unbenutzt."


@pytest.mark.parametrize(
    "text",
    [
        'a = { de = "ja" }',
        'a = { de = "ja", en = "" }',
        'a = { de = "ja", en = "yes", fr = "oui" }',
        'a = "ja"',
        'a = { de = "ja", en = { one = "yes" } }',
    ],
)
def test_a_text_in_one_language_does_not_load(tmp_path: Path, text: str) -> None:
    """Nothing starts with half a catalogue."""
    (tmp_path / "a.toml").write_text(text)
    with pytest.raises(TextMissing):
        Catalogue.load(tmp_path)
