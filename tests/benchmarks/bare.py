"""The yardstick of everything over HTTP: one Flask view that answers JSON, on the same server.

Run with port, workers and threads; it imports nothing of the gateway but how its server is set.
"""

import multiprocessing
import sys
from functools import partial

from flask import Flask, jsonify, request

from gateway.server import http_server


def application() -> Flask:
    """One view that reads JSON and answers with some."""
    app = Flask("bare")

    @app.post("/v1/releases")
    def answer() -> object:
        order_number = request.get_json()["order_number"]
        return jsonify(
            {
                "release_id": "0197e7f0c1a07d6e8f1b2c3d4e5f6a7b",
                "order_number": order_number,
                "contact": {"name": "Erika Mustermann", "phone": "+493023125001", "email": None},
                "released_at": "2026-11-23T12:00:00Z",
            }
        )

    @app.get("/readyz")
    def ready() -> object:
        return jsonify({"status": "ready"})

    return app


def main(port: int, workers: int, threads: int) -> None:
    """Serve until SIGTERM."""
    multiprocessing.set_start_method("spawn")
    server = http_server("127.0.0.1", port, workers, threads)
    server.serve(target_loader=partial(application), wrap_loader=False)


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
