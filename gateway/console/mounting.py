"""Puts the console beside the API, under /console; the two share the services and nothing else."""

from typing import Any

from flask import Flask
from werkzeug.middleware.dispatcher import DispatcherMiddleware

from gateway.console import routes, site
from gateway.console.page import Desk
from gateway.usecases.people.openid import Provider
from gateway.usecases.services import Services
from gateway.vault.keys import KeyUse
from gateway.vault.seals import Seals


def mount(app: Flask, services: Services, log: Any) -> Flask:
    """The console's own application, which `app` hands its part of all requests to."""
    openid = services.settings.openid
    desk = Desk(
        services,
        Seals(services.keyring, KeyUse.CONSOLE, services.store.entropy),
        Provider(openid, services.store) if openid.issuer else None,
    )
    console = site.build(desk, routes.pages(), log)
    # How Flask has middleware put in place.
    app.wsgi_app = DispatcherMiddleware(app.wsgi_app, {"/console": console})  # type: ignore[method-assign]
    return console
