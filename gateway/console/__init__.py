"""The review console: pages for people, in German and English.

It must never show a contact, unless to the carrier that it was released to just then.
"""
