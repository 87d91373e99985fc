"""What is decoded and written some rows at a time is the same as in one stroke."""

from __future__ import annotations

import json

from tap_versionforge_salesforce.salesforce.frames.json_pages import from_json
from tap_versionforge_salesforce.salesforce.objects.columns import Column, Kind

LARGE = 1 << 30


def test_a_wide_page_is_read_some_rows_at_a_time() -> None:
    """Its rows come in order, and what is odd in any of them is told by its Id."""
    width, height = 500, 800
    columns = (*(Column(f"T{n}", Kind.TEXT) for n in range(width)), Column("Id", Kind.TEXT))
    odd = {"T7": "half \ud83d"}
    records = [
        {f"T{n}": f"{row}.{n}" for n in range(width)}
        | {"Id": f"row{row}"}
        | (odd if row in (150, 390) else {})
        for row in range(height)
    ]
    body = json.dumps({"totalSize": height, "done": True, "records": records}).encode()
    frame = from_json(body, columns).frame
    assert frame.table["Id"].to_list() == [f"row{row}" for row in range(height)]
    assert frame.table["T499"].to_list() == [f"{row}.499" for row in range(height)]
    assert sum(each.count for each in frame.value_warnings) == 2
    assert {each.record_id for each in frame.value_warnings[:1]} == {"row150"}


def test_pieces_are_all_rows_once() -> None:
    """However large they are meant to be."""
    columns = (Column("Name", Kind.TEXT), Column("Id", Kind.TEXT))
    records = [{"Name": "x" * row, "Id": str(row)} for row in range(100)]
    body = json.dumps({"totalSize": 100, "done": True, "records": records}).encode()
    frame = from_json(body, columns).frame
    for size in (1, 500, LARGE):
        pieces = list(frame.pieces(size))
        assert [i for piece in pieces for i in piece.table["Id"]] == [str(n) for n in range(100)]
    assert len(list(frame.pieces(LARGE))) == 1
    assert (
        list(from_json(b'{"totalSize":0,"done":true,"records":[]}', columns).frame.pieces(1)) == []
    )
