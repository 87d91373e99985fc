"""How rows get from Salesforce to a target, and how the next run knows where to go on."""

from __future__ import annotations

from tap_versionforge_salesforce.salesforce.client import REST_PAGE_ROWS
from tap_versionforge_salesforce.settings.definitions import SETTINGS
from tests.pictures.drawing import Box, Drawing


def draw() -> str:
    """Return the picture."""
    (threshold,) = (each.default for each in SETTINGS if each.name == "bulk_threshold")
    picture = Drawing(1000, 420, "How rows flow from Salesforce through the tap into a target")
    picture.frame(16, 16, 196, 388, "Salesforce")
    picture.frame(236, 16, 520, 388, "The tap")
    picture.frame(780, 16, 204, 388, "Yours")
    rest = picture.box(
        Box(
            32,
            52,
            164,
            78,
            "REST API",
            ("JSON, a page of", f"{REST_PAGE_ROWS:,} rows"),
            "salesforce",
        )
    )
    bulk = picture.box(
        Box(
            32, 150, 164, 78, "Bulk API 2.0", ("CSV, pages of a job,", "side by side"), "salesforce"
        )
    )
    token = picture.box(
        Box(32, 306, 164, 78, "Token endpoint", ("no password,", "no person"), "salesforce")
    )
    choice = picture.box(
        Box(
            252,
            92,
            148,
            96,
            "REST or Bulk?",
            ("by counted rows;", f"changes above {threshold:,}", "go by Bulk"),
        )
    )
    frame = picture.box(
        Box(
            430,
            92,
            148,
            96,
            "Frame",
            ("columns of canonical", "values: one row,", "the same bytes"),
        )
    )
    proof = picture.box(
        Box(
            608,
            92,
            132,
            96,
            "Count proven",
            ("rows = what", "Salesforce counted", "else read again"),
            "good",
        )
    )
    sign_in = picture.box(Box(252, 306, 148, 78, "Sign-in", ("a signed assertion,", "JWT Bearer")))
    bookmark = picture.box(
        Box(430, 214, 148, 70, "Bookmark", ("Salesforce's clock", "before the query"))
    )
    target = picture.box(
        Box(796, 92, 172, 96, "Target", ("RECORD lines, or", "BATCH files"), "target")
    )
    picture.box(Box(796, 214, 172, 70, "State", ("behind the rows", "that it covers"), "target"))
    key = picture.box(Box(796, 306, 172, 78, "Private key", ("stays where it is",), "target"))
    picture.arrow(rest.right, (224, 91), (224, 122), (252, 122))
    picture.arrow(bulk.right, (224, 189), (224, 158), (252, 158))
    picture.arrow(choice.right, frame.left)
    picture.arrow(frame.right, proof.left)
    picture.arrow(proof.right, target.left)
    picture.arrow(proof.bottom, (674, 232), (796, 232), words="STATE")
    picture.arrow((796, 266), (578, 266), words="next run", dashed=True)
    picture.arrow(bookmark.left, (326, 249), choice.bottom, words="window")
    picture.arrow(key.left, (sign_in.x + sign_in.width, key.left[1]), words="signs")
    picture.arrow(sign_in.left, token.right)
    return picture.svg()
