"""The socket side: a threaded werkzeug server, and answers that break on request."""

from __future__ import annotations

import socket
import struct
import sys
import threading
import traceback
from http import HTTPStatus
from typing import TYPE_CHECKING, Protocol

from typing_extensions import override
from werkzeug.datastructures import Headers
from werkzeug.serving import ThreadedWSGIServer, WSGIRequestHandler

from tests.local_org.conditions.clock import http_date
from tests.local_org.exchange import Answer, Call, html_answer

if TYPE_CHECKING:
    import ssl
    from collections.abc import Iterator

    from tests.local_org.conditions.clock import Clock

_HOST = "127.0.0.1"
_BODILESS = frozenset({204, 304})
_PIECE = 65_536
_PATIENCE_SECONDS = 5
_SLOW_STEPS_PER_SECOND = 20


class Org(Protocol):
    """What the server needs of the org."""

    clock: Clock
    crashes: list[BaseException]

    def answer(self, call: Call) -> Answer:
        """Answer one request."""


class ConnectionBrokenError(Exception):
    """The answer is to end here."""


class OrgServer(ThreadedWSGIServer):
    """Listens on loopback and knows its open connections, so that stop() leaves none behind.

    With `tls`, it speaks https and nothing else; a client that does not trust it is hung up on.
    """

    block_on_close = False

    def __init__(self, org: Org, port: int = 0, tls: ssl.SSLContext | None = None) -> None:
        self.org = org
        self.stopping = threading.Event()
        self._connections: dict[threading.Thread, socket.socket] = {}
        self._lock = threading.Lock()
        super().__init__(_HOST, port, _unused, _Handler, ssl_context=tls)
        self._thread = threading.Thread(target=self._serve, name="local-org", daemon=True)

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"{'https' if self.ssl_context else 'http'}://{_HOST}:{self.port}"

    def start(self) -> None:
        """Serve in a thread; the socket listens already, so a client may call at once."""
        self._thread.start()

    def stop(self) -> None:
        """End the thread and every connection."""
        self.stopping.set()
        self.shutdown()
        self._thread.join()
        with self._lock:
            connections = dict(self._connections)
        for connection in connections.values():
            # Wakes the thread that waits for the next request on a kept connection.
            _quietly_shut(connection)
        for thread in connections:
            # A thread that outlives the interpreter keeps the store's database alive.
            thread.join(_PATIENCE_SECONDS)

    @override
    def handle_error(self, request: object, client_address: object) -> None:
        """Keep what went wrong in the org itself, so that a test can fail for it."""
        crash = sys.exc_info()[1]
        if crash is not None:
            self.org.crashes.append(crash)
            traceback.print_exception(crash)

    def _serve(self) -> None:
        self.serve_forever(poll_interval=0.05)

    def opened(self, connection: socket.socket) -> None:
        """Note a connection and its thread, and forget those that have ended."""
        with self._lock:
            alive = {t: c for t, c in self._connections.items() if t.is_alive()}
            self._connections = {**alive, threading.current_thread(): connection}
        if self.stopping.is_set():
            _quietly_shut(connection)


class _Handler(WSGIRequestHandler):
    """Speaks to the org directly: WSGI cannot break a connection, and werkzeug keeps none."""

    server: OrgServer
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    @override
    def setup(self) -> None:
        super().setup()
        self.server.opened(self.connection)

    @override
    def run_wsgi(self) -> None:
        call = Call(self.command, self.path, Headers(self.headers.items()), self._body())
        answer = self.server.org.answer(call)
        if self.server.stopping.wait(answer.wire.delay_seconds):
            self.close_connection = True
            return
        try:
            self._send(answer)
        except ConnectionBrokenError:
            self.close_connection = True

    @override
    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
        """Answer what http.server itself refuses, such as a line over 65,536 bytes."""
        # Unread input would make the close a reset, and the client would not see the answer.
        while self.rfile.readline(_PIECE) not in {b"\r\n", b"\n", b""}:
            pass
        self._send(html_answer(int(code), f"<html><body><h1>HTTP {int(code)}</h1></body></html>"))

    @override
    def date_time_string(self, timestamp: float | None = None) -> str:
        return http_date(self.server.org.clock.now())

    @override
    def version_string(self) -> str:
        return "sfdcedge"

    @override
    def log(self, type: str, message: str, *args: object) -> None:
        """Nothing: the journal is the log."""

    def _body(self) -> bytes:
        if "chunked" in self.headers.get("Transfer-Encoding", ""):
            return b"".join(self._chunks())
        return self.rfile.read(int(self.headers.get("Content-Length", 0)))

    def _chunks(self) -> Iterator[bytes]:
        while size := int(self.rfile.readline().split(b";")[0], 16):
            yield self.rfile.read(size)
            self.rfile.readline()
        while self.rfile.readline() not in {b"\r\n", b"\n", b""}:
            pass

    def _send(self, answer: Answer) -> None:
        wire = answer.wire
        if wire.reset and wire.cut_after is None:
            self._reset()
        body = answer.body[: len(answer.body) - wire.truncate_by]
        # What is no HTTP at all, such as the first words of TLS, leaves http.server without one.
        self._headers_buffer: list[bytes] = []
        self.send_response(answer.status, answer.reason or _reason(answer.status))
        for name, value in answer.headers.items():
            self.send_header(name, value)
        if wire.chunked:
            self.send_header("Transfer-Encoding", "chunked")
        elif answer.status not in _BODILESS:
            self.send_header("Content-Length", str(len(body)))
        if answer.status in _BODILESS or self.command == "HEAD":
            body = b""
        head = b"".join(self._headers_buffer) + b"\r\n"
        self._headers_buffer.clear()
        plain = wire.cut_after is None and wire.stall_after is None
        if plain and wire.bytes_per_second is None and not wire.chunked:
            # One write: a head on its own would be a packet on its own.
            self.wfile.write(head + body if len(body) < _PIECE else head)
            if len(body) >= _PIECE:
                self.wfile.write(body)
            return
        self.wfile.write(head)
        self._send_badly(answer, body)

    def _send_badly(self, answer: Answer, body: bytes) -> None:
        wire = answer.wire
        end = len(body) if wire.cut_after is None else _position(wire.cut_after, body)
        pause = -1 if wire.stall_after is None else _position(wire.stall_after, body)
        step = _PIECE
        if wire.bytes_per_second is not None:
            step = max(1, int(wire.bytes_per_second / _SLOW_STEPS_PER_SECOND))
        sent = 0
        while sent < end:
            stop = min(sent + step, end)
            if sent <= pause < stop:
                stop = max(pause, sent)
                self._write_piece(body[sent:stop], chunked=wire.chunked)
                self._wait(wire.stall_seconds)
                pause = -1
            else:
                self._write_piece(body[sent:stop], chunked=wire.chunked)
            if wire.bytes_per_second is not None:
                self._wait(1 / _SLOW_STEPS_PER_SECOND)
            sent = stop
        if wire.reset:
            self._reset()
        if wire.cut_after is not None:
            raise ConnectionBrokenError
        if wire.chunked:
            self.wfile.write(b"0\r\n\r\n")

    def _write_piece(self, piece: bytes, *, chunked: bool) -> None:
        if piece:
            self.wfile.write(b"%x\r\n%b\r\n" % (len(piece), piece) if chunked else piece)

    def _wait(self, seconds: float) -> None:
        if self.server.stopping.wait(seconds):
            raise ConnectionBrokenError

    def _reset(self) -> None:
        # A linger time of zero makes close() send RST instead of FIN.
        option = struct.pack("ii", 1, 0)
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, option)
        self.connection.close()
        raise ConnectionBrokenError


def _position(place: float, body: bytes) -> int:
    return int(len(body) * place) if 0 < place < 1 else min(int(place), len(body))


def _reason(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return ""


def _quietly_shut(connection: socket.socket) -> None:
    try:
        connection.shutdown(socket.SHUT_RDWR)
    except OSError:
        return


def _unused(_environ: object, _start_response: object) -> list[bytes]:
    raise NotImplementedError
