"""The proof of an erasure in words."""

from collections.abc import Iterator

from gateway.console.telling.buyer import to_notify
from gateway.console.telling.document import Section
from gateway.console.telling.speech import Speech
from gateway.usecases.reports.erasure import Erasure


def sections(say: Speech, content: Erasure) -> Iterator[Section]:
    """What was done, whom to tell, and the receipt."""
    yield Section(
        heading=say("report.erasure.what"),
        texts=(say("report.erasure.what_text"),),
        facts=(
            (say("report.erasure.when"), say.exact(content.erased_at)),
            (say("report.erasure.reason"), content.reason),
            (
                say("report.erasure.asked_by"),
                content.requested_by or say("report.erasure.nobody_asked"),
            ),
            (say("report.erasure.done_by"), say.called("actor", content.erased_by)),
            (
                say("report.column.entry"),
                say("report.entry", n=say.number(content.log_index), id=content.entry_id),
            ),
        ),
    )
    yield Section(
        heading=say("report.erasure.recipients"),
        table=to_notify(say, content.recipients),
        empty=say("report.erasure.nobody"),
    )
    yield Section(
        heading=say("report.erasure.receipt"),
        texts=(say("report.erasure.receipt_text"),),
        code=content.proof,
    )
