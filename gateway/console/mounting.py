"""Puts the console beside the API, under /console; the two share the services and nothing else."""

import threading
from collections.abc import Iterable
from typing import Any

from flask import Flask
from werkzeug.middleware.dispatcher import DispatcherMiddleware

from gateway.console import assets
from gateway.usecases.services import Services


def mount(app: Flask, services: Services, log: Any) -> None:
    """Hand the console's part of all requests to its own application."""
    # What is not there must stop the start, not the first visitor.
    assets.loaded()
    # How Flask has middleware put in place.
    app.wsgi_app = DispatcherMiddleware(  # type: ignore[method-assign]
        app.wsgi_app, {"/console": _Console(services, log)}
    )


class _Console:
    """The console, made for its first visitor: a worker that has none does without its libraries."""

    def __init__(self, services: Services, log: Any) -> None:
        self._services = services
        self._log = log
        self._making = threading.Lock()
        self._made: Flask | None = None

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        return self._application()(environ, start_response)

    def _application(self) -> Flask:
        with self._making:
            if self._made is None:
                self._made = _made(self._services, self._log)
            return self._made


def _made(services: Services, log: Any) -> Flask:
    from gateway.console import routes, site  # noqa: PLC0415
    from gateway.console.page import Desk  # noqa: PLC0415
    from gateway.usecases.people.openid import Provider  # noqa: PLC0415

    openid = services.settings.openid
    desk = Desk(
        services,
        services.authenticators,
        Provider(openid, services.store) if openid.issuer else None,
    )
    return site.build(desk, routes.pages(), log)
