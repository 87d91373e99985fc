"""python -m tap_versionforge_salesforce, and what the executable runs."""

from __future__ import annotations

import gc
import os
import signal
import sys
from contextlib import suppress


def main() -> None:
    """Run the command line and exit; Ctrl-C ends it without a word while Python still imports."""
    # Whoever wants SIGINT to be ignored, as nohup does, is not asked.
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, lambda number, _frame: os._exit(128 + number))
    if sys.argv[1:] == ["--version"] and _tell_version():
        return
    # What is loaded stays to the end, and is most of what there is. Python's garbage collector
    # would go through all of it again and again: for an eighth of the time that loading takes, and
    # later for a fifth of the time that a page of JSON takes.
    gc.disable()
    from tap_versionforge_salesforce.early_sign_in import sign_in_early  # noqa: PLC0415  not before

    sign_in_early(sys.argv[1:])
    from tap_versionforge_salesforce.late_imports import put_off_packages  # noqa: PLC0415

    put_off_packages()
    from tap_versionforge_salesforce.cli import main as run  # noqa: PLC0415  not before

    gc.freeze()
    gc.enable()
    run()


def _tell_version() -> bool:
    """Write what the SDK writes for ``--version``, without it; tell whether that could be done."""
    from importlib.metadata import version  # noqa: PLC0415  not before Ctrl-C is heard

    from tap_versionforge_salesforce import __version__  # noqa: PLC0415

    said = f"tap-versionforge-salesforce v{__version__}, Meltano SDK v{version('singer-sdk')}\n"
    with suppress(OSError, AttributeError):  # what is behind stdout, or no stdout: told with words
        sys.stdout.write(said)
        sys.stdout.flush()
        return True
    return False


if __name__ == "__main__":
    main()
