"""What the texts in OTTO's JSON look like; whoever reads an order holds it to these.

Field names: OTTO Market Orders API v4.
"""

import re

from gateway.model.order import Status

ORDER_NUMBER = re.compile(r"[A-Za-z0-9]{10}")
"""OTTO Market Orders API v4: ten alphanumerics."""

MOST_PIECES = 1000
"""Of one order: far more than anybody buys at once."""

ID = re.compile(r"[A-Za-z0-9._-]{1,64}")
# RFC 3339 §5.6; seconds of a minute stop at 59, as Python's do.
TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:Z|[+-]\d\d:\d\d)", re.ASCII)
# Beside the control characters: line and paragraph separators, half surrogates, and what turns the
# direction of text, by which a name would show as another.
UNWANTED = re.compile(
    "[\x00-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff\ufeff\ufff9-\ufffb\ufffe\uffff]"
)
STATUSES = {status.value: status for status in Status}
