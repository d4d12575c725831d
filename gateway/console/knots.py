"""The knots on the thread: small drawings that stand beside words and never in their place."""

from markupsafe import Markup

_KNOTS = {
    # Handed over: the knot is tied.
    "released": '<circle cx="8" cy="8" r="6"/>',
    # Refused: the thread stops before the knot.
    "refused": '<circle cx="8" cy="8" r="5" class="open"/><path d="M4.5 11.5l7-7"/>',
    "failed": '<circle cx="8" cy="8" r="5" class="open"/><path d="M5.5 5.5l5 5m0-5l-5 5"/>',
    # Anything else that was done.
    "done": '<circle cx="8" cy="8" r="3.5"/>',
    # Wants somebody's attention.
    "attention": '<path d="M8 1.5 14.5 8 8 14.5 1.5 8z" class="open"/><path d="M8 5v3.5m0 2v.5"/>',
    "good": '<circle cx="8" cy="8" r="6.5" class="open"/><path d="M4.8 8.3l2.3 2.3 4.2-4.7"/>',
}


def knot(kind: str) -> Markup:
    """The drawing of this kind, hidden from whoever cannot see it: the words beside it say it."""
    return Markup(
        '<svg class="knot knot-{0}" viewBox="0 0 16 16" width="16" height="16" '
        'aria-hidden="true" focusable="false">{1}</svg>'
    ).format(kind, Markup(_KNOTS[kind]))  # noqa: S704  drawings of this module
