"""For carriers and merchants: everything that an integration needs, in a few typed calls.

It knows the gateway by its outward surface alone, and shows a contact only where it is asked for one.

    from gateway.client import Client

    gateway = Client("https://gateway.example", token)
    for delivery in gateway.worklist():
        match gateway.release(delivery.order_number):
            case Released(contact=contact): call(contact.phone)
            case Refused(reasons=reasons): ...
"""

from gateway.client.calls import Client
from gateway.client.faults import ClientError, ProblemError, UnverifiedError
from gateway.client.files import OpenedFile, open_file
from gateway.client.own_key import OwnKey
from gateway.client.push import Available, Challenge, Erased, Inbox, Other, Pushed
from gateway.client.receipts import Proven, verify_receipt
from gateway.client.records import (
    Appointment,
    Contact,
    Delivered,
    Delivery,
    HandedOver,
    Reason,
    Refused,
    Released,
)

__all__ = (
    "Appointment",
    "Available",
    "Challenge",
    "Client",
    "ClientError",
    "Contact",
    "Delivered",
    "Delivery",
    "Erased",
    "HandedOver",
    "Inbox",
    "OpenedFile",
    "Other",
    "OwnKey",
    "ProblemError",
    "Proven",
    "Pushed",
    "Reason",
    "Refused",
    "Released",
    "UnverifiedError",
    "open_file",
    "verify_receipt",
)
