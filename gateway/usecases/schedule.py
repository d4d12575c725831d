"""What the service does on its own time: syncs, retention, verification; each in one process of one node at a time.

It must never tell more of a turn than its task, counts and the kind of a fault.
"""

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

import structlog
from sqlalchemy.exc import DBAPIError

from gateway.errors import GatewayError, Unavailable
from gateway.storage import merchants, tasks
from gateway.storage.tasks import Task
from gateway.usecases import holding, retention
from gateway.usecases.actors import SERVICE
from gateway.usecases.holding import Hold
from gateway.usecases.incoming.connections import Connections
from gateway.usecases.incoming.deliveries import Deliveries
from gateway.usecases.incoming.sync import Sync
from gateway.usecases.log import retire_logs
from gateway.usecases.log.verified import failed, verify_and_keep
from gateway.usecases.services import Services

PAUSE_SECONDS = 5.0
"""Between two looks at what is due."""

_LAST_STEP_SECONDS = 5.0
"""At the end, how long a step under way may take; what it has not stored then, it does not store."""

_SLACK = timedelta(hours=1)
"""Nodes' clocks differ by far less."""

_DELIVERIES = "otto.deliveries:"
_RETENTION = "retention"
_VERIFICATION = "log.verify:"

_RENEW = holding.HOLD / 4

Counts = Mapping[str, int]


class Stopped(Exception):
    """The service ends: what is done stays done, the rest waits for the next turn."""


@dataclass(frozen=True, slots=True)
class Duty:
    """A recurring task; `work` stays its holder by `Hold.renew`, and says what it did in counts."""

    name: str
    every: timedelta
    work: Callable[[Hold], Counts]


class Scheduler:
    """Takes turns at what is due until it is stopped; `connect` is handed the way to sleep.

    `further` are tasks whose work knows more than the use cases do.
    """

    def __init__(
        self,
        services: Services,
        connect: Callable[[Callable[[float], None]], Connections],
        further: Sequence[Duty] = (),
    ) -> None:
        self._services = services
        self._further = further
        self._connections = connect(self._sleep)
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, name="scheduler", daemon=True)
        self._holder = services.store.entropy(8).hex()
        self._hold: Hold | None = None

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """End after the step under way; its task is free for another node at once."""
        self._stopped.set()
        self._thread.join(timeout=_LAST_STEP_SECONDS)
        hold = self._hold
        if hold is not None:
            # Whatever it still does is not stored: the turn is not its own any more.
            hold.let_go(holding.STOPPED, timedelta())

    def look(self) -> None:
        """Do everything that is due."""
        self._services.keyring.keep()
        store = self._services.store
        self._services.timekeeping.leap(store.clock())
        duties = {duty.name: duty for duty in self._duties()}
        with store.read() as connection:
            known = {task.name: task for task in tasks.every(connection)}
        for name in sorted(duties.keys() - known.keys()):
            tasks.ensure(store.database, name, store.clock())
        for name in duties.keys() & known.keys():
            self._forget_leap(duties[name], known[name])
        with store.read() as connection:
            due = tasks.due(connection, store.clock())
        for name in due:
            if name in duties and not self._stopped.is_set():
                self._turn(duties[name])

    def _forget_leap(self, duty: Duty, task: Task) -> None:
        """A clock that had jumped ahead, and is right again, must not keep a task waiting for it."""
        store, now = self._services.store, self._services.store.clock()
        next_at, held_until = now + duty.every + _SLACK, now + holding.HOLD + _SLACK
        if task.next_at > next_at or (task.held_until is not None and task.held_until > held_until):
            with store.change() as connection:
                tasks.forget_leap(connection, duty.name, now, next_at, held_until)

    def _turn(self, duty: Duty) -> None:
        hold = holding.take(self._services.store, duty.name, self._holder, only_due=True)
        if hold is None:
            return
        self._hold = hold
        log = structlog.get_logger().bind(task=duty.name)
        outcome, again = holding.FAILED, duty.every
        try:
            log.info("task.done", **duty.work(hold))
            outcome = holding.DONE
        except Stopped:
            outcome, again = holding.STOPPED, timedelta()
        except (GatewayError, DBAPIError) as fault:
            part = fault.part if isinstance(fault, Unavailable) else None
            log.warning("task.failed", fault=type(fault).__name__, part=part)
        finally:
            hold.let_go(outcome, again)
            self._hold = None

    def _run(self) -> None:
        while not self._stopped.is_set():
            try:
                self.look()
            except Exception:  # noqa: BLE001  one bad turn must not end deletion for good
                structlog.get_logger().error("schedule.failed", exc_info=True)
            self._stopped.wait(PAUSE_SECONDS)

    # ---- The tasks ------------------------------------------------------------------------------

    def _duties(self) -> list[Duty]:
        """What there is to do now; an interval of nothing leaves its task out."""
        times = self._services.settings.schedule
        duties = [Duty(_RETENTION, times.retention, self._retain)]
        for merchant in self._connections.merchants():
            duties += [
                Duty(holding.ORDERS + merchant, times.orders, self._orders(merchant)),
                Duty(_DELIVERIES + merchant, times.deliveries, self._deliveries(merchant)),
            ]
        with self._services.store.read() as connection:
            known = merchants.every(connection)
        duties += [
            Duty(_VERIFICATION + one.merchant, times.verification, self._verify(one.merchant))
            for one in known
        ]
        return [duty for duty in (*duties, *self._further) if duty.every]

    def _orders(self, merchant: str) -> Callable[[Hold], Counts]:
        def work(hold: Hold) -> Counts:
            client = self._connections.client(merchant)
            sync = Sync(self._services, client, merchant, SERVICE, None, hold.renew)
            try:
                done = sync(on_page=lambda _done: self._go_on())
            finally:
                # Also of a sync that fails: a path that is taken down may be why.
                for path, when in client.sunsets.items():
                    structlog.get_logger().warning("otto.sunset", path=path, on=when.isoformat())
            return {
                "pages": done.pages,
                "stored": done.stored,
                "unchanged": done.unchanged,
                "rejected": done.rejected,
            }

        return work

    def _deliveries(self, merchant: str) -> Callable[[Hold], Counts]:
        def work(hold: Hold) -> Counts:
            client = self._connections.client(merchant)
            look = Deliveries(self._services, client, merchant, SERVICE, None, hold.renew)
            done = look(on_page=lambda _done: self._go_on())
            return {
                "pages": done.pages,
                "delivered": done.delivered,
                "orders": done.orders,
                "unreadable": done.unreadable,
            }

        return work

    def _retain(self, hold: Hold) -> Counts:
        store, now = self._services.store, self._services.store.clock()
        self._services.timekeeping.require(now)

        def between() -> None:
            self._go_on()
            with store.change() as connection:
                hold.renew(connection, store.clock())

        retention.redate(store, self._services.settings.deadlines, between)
        retention.set_right(store, self._services.settings.deadlines, now, between)
        erased = retention.run(store, now, between)
        latest = self._services.settings.deadlines.longest
        destroyed = self._services.key_care.destroy_expired(SERVICE, latest, now)
        store.tombstones.prune(now - latest)
        logs = retire_logs.run(store, self._services.settings.keep_log_months, now, between)
        return {
            "erased": erased,
            "keys_destroyed": len(destroyed.key_ids),
            "logs_deleted": logs,
        }

    def _verify(self, merchant: str) -> Callable[[Hold], Counts]:
        services, store = self._services, self._services.store

        def work(hold: Hold) -> Counts:
            renewed = store.clock()

            def progress(_origin: str, _done: int, _total: int) -> None:
                nonlocal renewed
                self._go_on()
                now = store.clock()
                if now - renewed >= _RENEW:
                    renewed = now
                    with store.change() as connection:
                        hold.renew(connection, now)

            months = services.settings.keep_log_months
            verdicts = verify_and_keep(store, merchant, (), progress, services.quorum, months)
            broken = failed(verdicts)
            if broken:
                raise Unavailable("log", f"{broken[0].origin} does not hold: gateway audit verify")
            return {"logs": len(verdicts)}

        return work

    def _go_on(self) -> None:
        if self._stopped.is_set():
            raise Stopped

    def _sleep(self, seconds: float) -> None:
        if self._stopped.wait(seconds):
            raise Stopped
