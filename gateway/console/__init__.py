"""The review console: pages for people, in German and English; it must never show a contact."""
