"""Sets a report as PDF; what it says is handed over as data, and never becomes markup.

The page is compiled by typst with its own fonts, without a look at the file system or the network.
"""

import json
from dataclasses import asdict
from datetime import datetime
from importlib.resources import files

import typst

from gateway.console.telling.document import Document


def pdf(document: Document, made_at: datetime, author: str) -> bytes:
    """The report as an accessible PDF (PDF/UA-1), dated `made_at`."""
    told = json.dumps({**asdict(document), "author": author})
    return bytes(
        typst.compile(
            _template(),
            format="pdf",
            sys_inputs={"report": told},
            ignore_system_fonts=True,
            pdf_standards=["ua-1"],
            # Typst takes whole seconds alone.
            timestamp=made_at.replace(microsecond=0),
        )
    )


def _template() -> bytes:
    return (files("gateway.console") / "paper" / "report.typ").read_bytes()
