"""Files that people name and write: how long a path is, and in what a text comes."""

from __future__ import annotations

import json

#: In characters. The base64 of a key that Salesforce takes is longer.
LONGEST_PATH = 1_000


def decoded(data: bytes) -> str:
    """Return the text that a file holds, as editors and shells write it: in UTF-8 or UTF-16.

    Raises:
        ValueError: It is no text.
    """
    # PowerShell writes UTF-16, and others a byte order mark.
    return data.decode(json.detect_encoding(data)).removeprefix("\ufeff")
