"""What every command runs in: settings, services, errors in one line; values never reach the terminal."""

import errno
import os
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import Any

import click
from sqlalchemy import make_url
from sqlalchemy.exc import DBAPIError

from gateway import app, settings
from gateway.errors import ConfigurationError, GatewayError, Unavailable
from gateway.model.ids import Clock, Entropy, new_id
from gateway.settings import Settings
from gateway.storage import schema
from gateway.usecases import merchants
from gateway.usecases.services import Services


class Run:
    """One run of a command; settings are read and services assembled when they are first needed."""

    def __init__(self, clock: Clock = app.now, entropy: Entropy = os.urandom) -> None:
        self.clock = clock
        self.entropy = entropy
        self.request_id = new_id(clock(), entropy)

    @cached_property
    def settings(self) -> Settings:
        """As configured; ConfigurationError names what does not hold."""
        return settings.load(os.environ)

    @cached_property
    def unchecked_services(self) -> Services:
        """The services over a database that may not be there yet: for setting it up, and the doctor."""
        return app.assemble(self.settings, self.clock, self.entropy)

    @cached_property
    def services(self) -> Services:
        """The services over a database that is set up."""
        if not self.settings.data.is_dir():
            raise ConfigurationError(f"{self.settings.data} is not set up: gateway init")
        services = self.unchecked_services
        with self.answering():
            fits = schema.fits(services.store.database)
        if not fits:
            raise ConfigurationError("the database is not on this version's tables: gateway init")
        return services

    @contextmanager
    def answering(self) -> Iterator[None]:
        """Unavailable, with the database's address, where it does not answer."""
        try:
            yield
        except DBAPIError as fault:
            url = make_url(self.settings.database_url).render_as_string(hide_password=True)
            kind = type(fault.orig).__name__
            raise Unavailable(
                "database", f"{url} does not answer ({kind}): is it there, and database.url right?"
            ) from fault

    def close(self) -> None:
        """Let go of the database, if it was ever needed."""
        if "unchecked_services" in self.__dict__:
            self.unchecked_services.store.database.engine.dispose()

    def merchant(self, merchant: str) -> str:
        """The merchant, which exists; NotFound otherwise."""
        merchants.require(self.services.store, merchant)
        return merchant


pass_run = click.make_pass_decorator(Run, ensure=True)


@contextmanager
def explaining(ctx: click.Context) -> Iterator[None]:
    """The run of a command: whatever goes wrong in it ends here as one clear message."""
    run = ctx.ensure_object(Run)
    try:
        yield
    except (click.ClickException, click.exceptions.Exit, click.Abort):
        raise
    except GatewayError as fault:
        raise click.ClickException(str(fault)) from fault
    except Exception as fault:
        if isinstance(fault, OSError) and fault.errno == errno.EPIPE:
            raise
        raise click.ClickException(_unexpected(fault, run)) from fault
    finally:
        run.close()


def _unexpected(fault: Exception, run: Run) -> str:
    """The kind and the place of a fault; its text could hold what must not be shown."""
    where = traceback.extract_tb(fault.__traceback__)[-1]
    place = f"{Path(where.filename).name}:{where.lineno}"
    return (
        f"unexpected {type(fault).__name__} at {place} (run {run.request_id}); "
        "gateway doctor looks for the cause"
    )


def merchant_option(command: Callable[..., Any]) -> Callable[..., Any]:
    """--merchant, for what belongs to one."""
    return click.option(
        "--merchant",
        default=merchants.DEFAULT,
        show_default=True,
        metavar="ID",
        help="Whose data this is about.",
    )(command)


def json_option(command: Callable[..., Any]) -> Callable[..., Any]:
    """--json, for what is read by programs."""
    return click.option("--json", "as_json", is_flag=True, help="Print JSON.")(command)
