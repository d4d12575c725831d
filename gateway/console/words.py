"""The console's words in its two languages, and dates, numbers and lists as each language writes them.

A text stands in `texts/*.toml` beside its translation, so that one without the other does not load.
"""

import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, tzinfo
from enum import StrEnum
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import Any

from babel import Locale
from babel.dates import format_date, format_datetime
from babel.lists import format_list
from babel.numbers import format_decimal
from markupsafe import Markup, escape

Forms = Mapping[str, str]
"""A text, or its forms for one and for other counts."""


class Language(StrEnum):
    """The languages there are; the first is the one for whoever asks for neither."""

    GERMAN = "de"
    ENGLISH = "en"

    @property
    def own_name(self) -> str:
        """What the language calls itself."""
        return {Language.GERMAN: "Deutsch", Language.ENGLISH: "English"}[self]


_LOCALES = {Language.GERMAN: Locale("de", "DE"), Language.ENGLISH: Locale("en", "GB")}
_PLAIN = frozenset({"text"})
_COUNTED = frozenset({"one", "other"})


class TextMissing(Exception):
    """A text is not there, or only in one language."""


class Catalogue:
    """All texts, by their dotted keys."""

    def __init__(self, texts: Mapping[str, Mapping[Language, Forms]]) -> None:
        self._texts = texts

    @classmethod
    def load(cls, directory: Traversable | None = None) -> "Catalogue":
        """The texts of the package. TextMissing names the first that is not there in both languages."""
        home = files("gateway.console") / "texts" if directory is None else directory
        texts: dict[str, Mapping[Language, Forms]] = {}
        for file in sorted(home.iterdir(), key=lambda one: one.name):
            if file.name.endswith(".toml"):
                _collect(texts, (), tomllib.loads(file.read_text("utf-8")))
        return cls(texts)

    def __contains__(self, key: str) -> bool:
        return key in self._texts

    def keys(self) -> frozenset[str]:
        """Every key."""
        return frozenset(self._texts)

    def forms(self, key: str, language: Language) -> Forms:
        """A text as it is written."""
        try:
            return self._texts[key][language]
        except KeyError:
            raise TextMissing(key) from None


@cache
def shipped() -> Catalogue:
    """The texts of the package, read once in a process."""
    return Catalogue.load()


@dataclass(frozen=True, slots=True)
class Words:
    """One language of the catalogue, and the time zone of whoever reads it."""

    catalogue: Catalogue
    language: Language
    zone: tzinfo

    def __call__(self, key: str, **values: Any) -> Markup:
        """The text with its values put in and escaped; `n` chooses between one and other."""
        forms = self.catalogue.forms(key, self.language)
        if forms.keys() == _PLAIN:
            text = forms["text"]
        else:
            text = forms["one" if values["n"] == 1 else "other"]
            values = {**values, "n": self.number(values["n"])}
        return escape(text).format(**values)

    def has(self, key: str) -> bool:
        """Whether there is such a text."""
        return key in self.catalogue

    def day(self, when: date | datetime) -> str:
        """For example 23. November 2026."""
        return format_date(self._local_day(when), str(self("format.day")), self._locale)

    def short_day(self, when: date | datetime) -> str:
        """For example 23.11.2026."""
        return format_date(self._local_day(when), str(self("format.short_day")), self._locale)

    def brief_day(self, when: date) -> str:
        """For example 23.11., where the year is plain."""
        return format_date(when, str(self("format.brief_day")), self._locale)

    def moment(self, when: datetime) -> str:
        """For example 23.11.2026, 19:05."""
        pattern = str(self("format.moment"))
        return format_datetime(when, pattern, tzinfo=self.zone, locale=self._locale)

    def clock(self, when: datetime) -> str:
        """For example 19:05."""
        pattern = str(self("format.clock"))
        return format_datetime(when, pattern, tzinfo=self.zone, locale=self._locale)

    def exact(self, when: datetime) -> str:
        """To the second, and in which time zone: for records."""
        pattern = str(self("format.exact"))
        return format_datetime(when, pattern, tzinfo=self.zone, locale=self._locale)

    def number(self, number: float) -> str:
        """For example 10.000.000."""
        return format_decimal(number, locale=self._locale)

    def listed(self, parts: Iterable[Any]) -> Markup:
        """For example Name, Telefon und E-Mail."""
        escaped = [str(escape(part)) for part in parts]
        return Markup(format_list(escaped, locale=self._locale))  # noqa: S704  escaped above

    @property
    def _locale(self) -> Locale:
        return _LOCALES[self.language]

    def _local_day(self, when: date | datetime) -> date:
        return when.astimezone(self.zone).date() if isinstance(when, datetime) else when


def _collect(
    texts: dict[str, Mapping[Language, Forms]], path: tuple[str, ...], table: Mapping[str, Any]
) -> None:
    if table.keys() & set(Language):
        key = ".".join(path)
        if table.keys() != set(Language) or key in texts:
            raise TextMissing(f"{key}: once, in {' and '.join(Language)}")
        texts[key] = {language: _forms(key, table[language]) for language in Language}
        return
    for name, inner in table.items():
        if not isinstance(inner, dict):
            raise TextMissing(f"{'.'.join((*path, name))}: once, in {' and '.join(Language)}")
        _collect(texts, (*path, name), inner)


def _forms(key: str, value: Any) -> Forms:
    if isinstance(value, str) and value.strip():
        return {"text": value}
    if isinstance(value, dict) and value.keys() == _COUNTED and all(value.values()):
        return value
    raise TextMissing(f"{key}: a text, or one and other")
