"""What the package's page shows: links that lead somewhere from anywhere.

README.md links to files of the repository, which an index does not have. A release says where the
repository is, in PACKAGE_REPOSITORY_URL, and where the site of its documents begins, in
PACKAGE_DOCUMENTATION_URL (see the workflow `build.yml`); what anybody else builds names no place,
for a clone's may be any.
"""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any

from hatchling.metadata.plugin.interface import MetadataHookInterface

_RELATIVE_PICTURE = re.compile(r"(?<=!\[)([^\]]*\]\()(?!https?://)")
_RELATIVE_LINK = re.compile(r"(?<=\]\()(?!https?://|mailto:|#)")


class PageMetadata(MetadataHookInterface):
    """Sets the fields `readme` and `urls`."""

    # typing_extensions, which has @override for Python 3.10, is not there while it is built.
    def update(self, metadata: dict[str, Any]) -> None:  # type: ignore[explicit-override]
        """Read README.md, and make its links absolute where the repository's place is known.

        The URL "Documentation" is read by the tap, too: an error's heading stands below a site's
        root, which ends in "/".
        """
        text = (Path(self.root) / "README.md").read_text(encoding="utf-8")
        url = os.environ.get("PACKAGE_REPOSITORY_URL", "").rstrip("/")
        site = os.environ.get("PACKAGE_DOCUMENTATION_URL", "").rstrip("/")
        urls = {}
        if url:
            files = f"{url}/blob/v{metadata['version']}"
            # Of a picture, its bytes and not the page that shows them.
            text = _RELATIVE_PICTURE.sub(rf"\1{files.replace('/blob/', '/raw/')}/", text)
            text = _RELATIVE_LINK.sub(f"{files}/", text)
            urls = {
                "Repository": url,
                "Documentation": f"{files}/README.md",
                "Changelog": f"{files}/CHANGELOG.md",
                "Issues": f"{url}/issues",
            }
        if site:
            urls["Documentation"] = f"{site}/"
        if urls:
            metadata["urls"] = urls
        metadata["readme"] = {"content-type": "text/markdown", "text": text}
