"""A witness on this machine (c2sp.org/tlog-witness): its own small server, which may also misbehave."""

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from flask import Flask, Response, request
from werkzeug.serving import make_server

from gateway.audit.checkpoint import Checkpoint, open_checkpoint
from gateway.audit.encoding import decode_base64, parse_number
from gateway.audit.faults import AuditError, ProofRefused
from gateway.audit.merkle import check_consistency
from gateway.audit.note import Algorithm, Note, Signer, Verifier

Answer = Callable[[bytes], Response]


@dataclass
class Witness:
    """What it has seen of each log, and the server that it answers on; `answer` may be exchanged."""

    clock: Callable[[], datetime]
    name: str = "witness.example/w1"
    logs: dict[str, Verifier] = field(default_factory=dict)
    seen: dict[str, Checkpoint] = field(default_factory=dict)
    asked: int = 0

    def __post_init__(self) -> None:
        self.signer = Signer(self.name, Algorithm.COSIGNATURE_V1, self.name.encode().ljust(32)[:32])
        self.answer: Answer = self.add_checkpoint
        self._app = Flask(__name__)
        self._app.add_url_rule("/add-checkpoint", view_func=self._view, methods=["POST"])
        self.port = 0
        self.start()

    @property
    def url(self) -> str:
        """Where it is reached."""
        return f"http://127.0.0.1:{self.port}/"

    def start(self) -> None:
        """Listen, where it did before."""
        self._server = make_server("127.0.0.1", self.port, self._app, threaded=True)
        self._server.daemon_threads = True
        self.port = self._server.server_port
        threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()

    def stop(self) -> None:
        """Answer nobody any more; what it has seen stays."""
        self._server.shutdown()
        self._server.server_close()

    def cosigned(self, text: str) -> Response:
        """The lines for a checkpoint's text."""
        return Response(self.signer.cosign(text, int(self.clock().timestamp())).line())

    def add_checkpoint(self, body: bytes) -> Response:
        """As the format has it: cosign what continues all that was seen, and nothing else."""
        head, _, note = body.partition(b"\n\n")
        old, *lines = head.decode().split("\n")
        size = parse_number(old.removeprefix("old "))
        log = self.logs.get(note.partition(b"\n")[0].decode())
        if log is None:
            return Response(status=404)
        try:
            found = open_checkpoint(note, log)
        except AuditError:
            return Response(status=403)
        seen = self.seen.get(found.origin)
        if size > found.size:
            return Response(status=400)
        at = seen.size if seen else 0
        if size != at or (seen and at == found.size and seen.root != found.root):
            return Response(f"{at}\n", 409, content_type="text/x.tlog.size")
        try:
            if seen:
                check_consistency(
                    old_size=at,
                    new_size=found.size,
                    old_root=seen.root,
                    new_root=found.root,
                    proof=[decode_base64(line) for line in lines],
                )
        except ProofRefused:
            return Response(status=422)
        self.seen[found.origin] = found
        return self.cosigned(Note.parse(note).text)

    def _view(self) -> Response:
        self.asked += 1
        return self.answer(request.get_data())
