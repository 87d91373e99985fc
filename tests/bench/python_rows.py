"""The rows of an object through the Python face, and a line on stdout for each of them."""

from __future__ import annotations

import sys

from tap_versionforge_salesforce import Org


def main(config: str, name: str, kind: str) -> None:
    """Read an object as it comes.

    Args:
        config: The path of the tap's config file.
        name: The object's API name.
        kind: ``polars`` for DataFrames, ``arrow`` for RecordBatches.
    """
    with Org.from_config(config) as org:
        rows = org.read(name)
        if kind == "arrow":
            for batch in rows.to_arrow():
                sys.stdout.write("\n" * batch.num_rows)
        else:
            for frame in rows:
                sys.stdout.write("\n" * frame.height)


if __name__ == "__main__":
    main(*sys.argv[1:])
