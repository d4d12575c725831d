"""One worker process: it answers requests, beside its sequencer, its counter, its keeper and its courier."""

import gc
import sys

from gateway import tracing
from gateway.api import logs
from gateway.api.patience import Patience
from gateway.api.traces import watched
from gateway.app import assemble, create_app
from gateway.handover.courier import Courier
from gateway.handover.outbound import Outbound
from gateway.handover.push import Pusher
from gateway.server import end_when_server_says
from gateway.settings import Settings
from gateway.usecases.keys.keeper import Keeper
from gateway.usecases.log.sequence import Sequencer
from gateway.usecases.reviewing.tallying import Counter
from gateway.usecases.traced import traced

_TURN_SECONDS = 0.0005


def application(settings: Settings) -> Patience:
    """What the process serves; its threads are at work from here on."""
    end_when_server_says()
    # A commit is waited for by many: whoever leads it must not wait ten times for its turn to compute.
    sys.setswitchinterval(_TURN_SECONDS)
    logs.configure(sys.stderr)
    services = assemble(settings)
    if settings.tracing is not None:
        tracing.start(settings.tracing)
        services = traced(services)
    Sequencer(services.store).start()
    Counter(services.store, services.settings.console.time_zone).start()
    Keeper(services.keyring, services.key_care, settings.data / "rewrap.lock").start()
    outbound = Outbound(unsafe_allow_loopback=settings.unsafe_allow_loopback)
    Courier(Pusher.over(services, outbound)).start()
    app = create_app(services, outbound)
    # All of this stays: the garbage collector need not look through it again, in the middle of a request.
    gc.freeze()
    return Patience(watched(app) if tracing.is_on() else app, settings.limits.body_seconds).start()
