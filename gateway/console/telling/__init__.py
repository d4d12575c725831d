"""Puts reports into words: from plain data to a document that a page and a PDF show alike."""

from gateway.console.telling import access, authority, buyer, erasure
from gateway.console.telling.document import Document, Section
from gateway.console.telling.speech import Speech
from gateway.console.words import Words
from gateway.usecases.reports.access import Access
from gateway.usecases.reports.breach import Scope
from gateway.usecases.reports.buyer import Notification, Recipients
from gateway.usecases.reports.erasure import Erasure
from gateway.usecases.reports.made import Basis, Made
from gateway.usecases.reports.processing import Processing

Content = Recipients | Notification | Processing | Scope | Access | Erasure


def told(words: Words, made: Made[Content]) -> Document:
    """A report in the language of its reader, its basis at the end."""
    say = Speech(words)
    name = made.report.value
    return Document(
        language=words.language.value,
        name=name,
        title=say(f"report.{name}.title"),
        law=say(f"report.{name}.law"),
        lead=say(f"report.{name}.covers"),
        made=say("report.made", when=say.exact(made.made_at), merchant=made.merchant_name),
        sections=(*_sections(say, made.content), _basis(say, made.basis)),
    )


def _sections(say: Speech, content: Content) -> tuple[Section, ...]:
    match content:
        case Recipients():
            return tuple(buyer.recipients(say, content))
        case Notification():
            return tuple(buyer.notification(say, content))
        case Processing():
            return tuple(authority.processing(say, content))
        case Scope():
            return tuple(authority.scope(say, content))
        case Access():
            return tuple(access.sections(say, content))
        case Erasure():
            return tuple(erasure.sections(say, content))


def _basis(say: Speech, basis: Basis) -> Section:
    return Section(
        heading=say("report.basis"),
        texts=(say("report.basis_text", n=basis.size),),
        facts=(
            (say("report.log"), basis.origin),
            (say("report.vkey"), basis.vkey),
            (
                say("report.own_entry"),
                say("report.entry", n=say.number(basis.log_index), id=basis.entry_id),
            ),
        ),
        code=basis.checkpoint,
    )
