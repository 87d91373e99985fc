"""What signs in to the org of ready bytes, which accepts everything: a config and a key."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

if TYPE_CHECKING:
    from pathlib import Path


def write_config(directory: Path, url: str) -> None:
    """Write `config.json` and `private_key.pem`, readable by their owner only."""
    private_key = rsa.generate_private_key(public_exponent=65537, key_size=2048).private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    key = directory / "private_key.pem"
    config = {
        "instance_url": url,
        "client_id": "ready",
        "username": "tap@ready.example",
        "private_key_path": str(key),
        # What is there differs from one of these orgs to the next, whatever their address.
        "discovery_cache": False,
    }
    _write_secret(key, private_key)
    _write_secret(directory / "config.json", json.dumps(config).encode())


def _write_secret(path: Path, content: bytes) -> None:
    path.unlink(missing_ok=True)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
