"""A report in words: plain texts in sections, with no markup of any kind in them."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Table:
    """Cells of text under their heads."""

    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """A part under a heading, each of its pieces where it has one; `empty` stands for no rows."""

    heading: str
    texts: tuple[str, ...] = ()
    facts: tuple[tuple[str, str], ...] = ()
    points: tuple[str, ...] = ()
    table: Table | None = None
    empty: str = ""
    code: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """A whole report. `name` is that of its kind, `law` the article that asks for it."""

    language: str
    name: str
    title: str
    law: str
    lead: str
    made: str
    sections: tuple[Section, ...]
