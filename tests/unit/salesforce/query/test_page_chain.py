"""Pages that lead from one to the next come to an end."""

from __future__ import annotations

import pytest

from tap_versionforge_salesforce.salesforce.query.page_chain import PageChain

Pages = list[tuple[int, "str | None"]]


def problems(chain: PageChain, pages: Pages) -> list[str | None]:
    return [chain.problem(rows, following) for rows, following in pages]


@pytest.mark.parametrize(
    ("promised_rows", "pages"),
    [
        pytest.param(0, [(0, None)], id="nothing"),
        pytest.param(5, [(2, "a"), (2, "b"), (1, None)], id="three pages"),
        pytest.param(5, [(2, "a"), (2, None)], id="too few is told elsewhere"),
        pytest.param(None, [(2, "a"), (9, None)], id="nobody counts"),
        pytest.param(1, [*[(0, str(n)) for n in range(10)], (1, None)], id="ten empty pages"),
        pytest.param(
            2, [*[(0, str(n)) for n in range(10)], (1, "x"), (0, "y"), (1, None)], id="not in a row"
        ),
    ],
)
def test_pages_that_lead_to_an_end(promised_rows: int | None, pages: Pages) -> None:
    """All of them are asked for."""
    assert problems(PageChain(promised_rows), pages) == [None] * len(pages)


@pytest.mark.parametrize(
    ("pages", "problem"),
    [
        pytest.param([(2, "a"), (2, "a")], "that was there before", id="to itself"),
        pytest.param([(2, "a"), (2, "b"), (1, "a")], "that was there before", id="in a circle"),
        pytest.param([(2, "begin")], "that was there before", id="to the beginning"),
        pytest.param([(5, "a"), (1, "b")], "5 rows were promised and 6 came", id="more"),
        pytest.param([(5, "a"), (1, None)], "5 rows were promised and 6 came", id="at the end"),
        pytest.param(
            [(0, str(n)) for n in range(11)],
            "11 pages without rows",
            id="one empty after the other",
        ),
    ],
)
def test_pages_that_do_not(pages: Pages, problem: str) -> None:
    """The last of them says why the next one is in vain."""
    *before, last = problems(PageChain(5, begins="begin"), pages)
    assert before == [None] * len(before)
    assert last is not None
    assert problem in last
