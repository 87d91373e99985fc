"""An error as a line: what happened, what to do, and where the documents say more."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tap_versionforge_salesforce.errors import SomeStreamsFailedError

if TYPE_CHECKING:
    from tap_versionforge_salesforce.errors import TapError

_DISTRIBUTION = "tap-versionforge-salesforce"
#: The page of the codes as it lies in the repository.
_IN_REPOSITORY = "docs/troubleshooting.md"


def address_of(code: str) -> str:
    """Return where the documents say more about an error.

    Args:
        code: The error's stable name, which is a heading of the page.

    Returns:
        A URL where the package names the site of its documents, as a release does; otherwise the
        heading's place in the repository.
    """
    site = _site()
    page = _IN_REPOSITORY if site is None else f"{site}troubleshooting/"
    return f"{page}#{code}"


def line_of(error: TapError) -> str:
    """Return what happened, what to do, where to read on, and the code in brackets."""
    failed = error.failures.values() if isinstance(error, SomeStreamsFailedError) else ()
    codes = dict.fromkeys([*(each.code for each in failed), error.code])
    return f"{error.message} {error.hint} See {' '.join(map(address_of, codes))} [{error.code}]"


def _site() -> str | None:
    """Return the root of the documents' site, with a slash at its end; None where there is none."""
    # Not at the top: it takes a while, and most runs have nothing to tell.
    from importlib.metadata import PackageNotFoundError, metadata  # noqa: PLC0415

    try:
        urls = metadata(_DISTRIBUTION).get_all("Project-URL") or []
    except PackageNotFoundError:
        return None
    for entry in urls:
        name, _, url = str(entry).partition(",")
        # What does not end so is a single page, in which nothing can be looked up.
        if name.strip() == "Documentation" and url.strip().endswith("/"):
            return url.strip()
    return None
