"""python -m tap_versionforge_salesforce, and what the executable runs."""

from __future__ import annotations

import os
import signal


def main() -> None:
    """Run the command line and exit; Ctrl-C ends it without a word while Python still imports."""
    # Whoever wants SIGINT to be ignored, as nohup does, is not asked.
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, lambda number, _frame: os._exit(128 + number))
    from tap_versionforge_salesforce.cli import main as run  # noqa: PLC0415  not before

    run()


if __name__ == "__main__":
    main()
