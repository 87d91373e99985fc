"""A proxy on loopback, as companies put between their machines and the world."""

from __future__ import annotations

import base64
import socket
import threading
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from collections.abc import Iterator

_PIECE = 65_536


class Proxy:
    """Opens tunnels (CONNECT) and passes on plain requests, for whom it is asked to.

    Attributes:
        asked: The request line of each connection.
        refusals: Status lines for the next connections, such as ``502 Bad Gateway``.
        password: ``user:password`` that it wants to see; None for anybody.
    """

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.refusals: list[str] = []
        self.password: str | None = None
        self._socket = socket.create_server(("127.0.0.1", 0))
        self._open: list[socket.socket] = []

    def start(self) -> None:
        """Serve; it listens already."""
        threading.Thread(target=self._accept, name="proxy", daemon=True).start()

    def stop(self) -> None:
        """Stop listening and close every connection."""
        for opened in (self._socket, *self._open):
            with suppress(OSError):
                opened.shutdown(socket.SHUT_RDWR)
            opened.close()

    def url(self, credentials: str = "") -> str:
        """Return its address, for HTTP_PROXY and HTTPS_PROXY."""
        return f"http://{credentials}127.0.0.1:{self._socket.getsockname()[1]}"

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._socket.accept()
                self._open.append(client)
                threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        # Whoever hangs up ends it.
        with suppress(OSError):
            self._answer(client)

    def _answer(self, client: socket.socket) -> None:
        head = b""
        while b"\r\n\r\n" not in head:
            piece = client.recv(_PIECE)
            if not piece:
                return
            head += piece
        line = head.partition(b"\r\n")[0].decode()
        self.asked.append(line)
        refusal = self._refusal(head.decode("latin-1"))
        if refusal:
            client.sendall(f"HTTP/1.1 {refusal}\r\nContent-Length: 0\r\n\r\n".encode())
            # Read, so that the close is an end and no reset.
            client.recv(_PIECE)
            client.close()
            return
        method, target, _ = line.split(" ")
        url = urlsplit(f"//{target}" if method == "CONNECT" else target)
        server = socket.create_connection((url.hostname or "", url.port or 443))
        self._open.append(server)
        if method == "CONNECT":
            client.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
        else:
            # Its client keeps the connection, and all its requests are for the same host.
            server.sendall(head)
        threading.Thread(target=_pump, args=(server, client), daemon=True).start()
        _pump(client, server)

    def _refusal(self, head: str) -> str | None:
        if self.refusals:
            return self.refusals.pop(0)
        if self.password is not None:
            wanted = base64.b64encode(self.password.encode()).decode()
            if f"proxy-authorization: basic {wanted}\r\n".lower() not in head.lower():
                return "407 Proxy Authentication Required"
        return None


@contextmanager
def running() -> Iterator[Proxy]:
    """Have a proxy for the length of the block."""
    made = Proxy()
    made.start()
    try:
        yield made
    finally:
        made.stop()


def _pump(source: socket.socket, sink: socket.socket) -> None:
    with suppress(OSError):
        while piece := source.recv(_PIECE):
            sink.sendall(piece)
        sink.shutdown(socket.SHUT_WR)
