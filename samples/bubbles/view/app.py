"""The view app of the bubbles: watches the whole world, and serves it to browsers over HTTP.

`/` is a page that draws the bubbles, `/bubbles` what it draws: the newest picture as JSON. The
server answers from other threads; only the main thread talks to Heddle.
"""

import json
import struct
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import heddle

PORT = 7000
FIELD = 1
PAGE = Path(__file__).with_name("page.html").read_bytes()


class Picture:
    """The newest state of the world, as the bytes of an answer."""

    bytes = b"{}"


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        if self.path == "/":
            self.answer(200, "text/html; charset=utf-8", PAGE)
        elif self.path == "/bubbles":
            self.answer(200, "application/json", Picture.bytes)
        else:
            self.answer(404, "text/plain", b"there is / and /bubbles\n")

    def answer(self, status: int, kind: str, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Cache-Control", "no-store")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Logs no requests: a page asks many times a second."""


def main() -> None:
    with heddle.create_application() as application:
        port = application.ingress_port(PORT)
        server = ThreadingHTTPServer(("0.0.0.0", port), Handler)
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, daemon=True).start()
        print(f"serving the picture on port {port}", flush=True)
        cells = [found for found in application.all_partitions() if found.bounds]
        watch(application, cells)
        server.shutdown()


def watch(application, cells) -> None:
    frame = {"cells": [cell.bounds for cell in cells]}
    everywhere = [min(c.bounds.min_x for c in cells), min(c.bounds.min_y for c in cells)]
    everywhere += [max(c.bounds.max_x for c in cells), max(c.bounds.max_y for c in cells)]
    frame["world"] = everywhere
    subscription = None
    for transaction in application.updates():
        if subscription is None:
            subscription = transaction.create_subscription(cells[0].domain, everywhere)
        transaction.all_subscription_events()
        bubbles = []
        for entity in transaction.subscribed_entities(subscription):
            x, y, _ = transaction.load_entity_index_key(entity)
            _, _, radius = struct.unpack("<fff", transaction.load_entity_field(entity, FIELD))
            bubbles.append([entity.id, round(x, 2), round(y, 2), round(radius, 2)])
        frame.update(tick=transaction.tick, bubbles=bubbles)
        # The rest of the world need not wait for the encoding.
        transaction.commit()
        Picture.bytes = json.dumps(frame).encode()


main()
