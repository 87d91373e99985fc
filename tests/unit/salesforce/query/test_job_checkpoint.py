"""A job goes into the state and comes out of it as it was; what is none is none."""

from __future__ import annotations

import copy
import json
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tap_versionforge_salesforce.salesforce.objects.soql import IdRange
from tap_versionforge_salesforce.salesforce.query.job_checkpoint import JobCheckpoint
from tap_versionforge_salesforce.salesforce.query.partitions import Partition
from tap_versionforge_salesforce.singer.sync.bookmarks import Bookmark
from tests.support.meltano_state import merged_by_meltano
from tests.support.values import instant, instants, some_examples

if TYPE_CHECKING:
    from collections.abc import MutableMapping

NOON = instant("2026-11-23T12:00:00Z")
JOB = JobCheckpoint("750A", "68.0", "ab12", None, 0, None, Partition(NOON))
_TEXTS = st.text(st.characters(codec="utf-8"), min_size=1, max_size=8)
JOBS = st.builds(
    JobCheckpoint,
    id=_TEXTS,
    api_version=_TEXTS,
    query_sha256=_TEXTS,
    locator=st.none() | _TEXTS,
    rows_emitted=st.integers(0, 10**10),
    lower_bound=st.none() | instants(),
    partition=st.builds(
        Partition,
        instants(),
        st.builds(IdRange, st.none() | _TEXTS, st.none() | _TEXTS),
        skips_lookback=st.booleans(),
    ),
    version=st.none() | st.integers(1, 10**14),
    covered_until=st.none() | instants(),
)


def bookmark(state: MutableMapping[str, Any], key: str | None = "SystemModstamp") -> Bookmark:
    return Bookmark(state, stream="Account", replication_key=key)


@given(JOBS)
@some_examples
def test_a_job_survives_the_state(job: JobCheckpoint) -> None:
    """Whatever it is, JSON in between."""
    state = json.loads(json.dumps(job.to_state()))
    assert JobCheckpoint.from_state(state) == job


@given(JOBS, JOBS)
@some_examples
def test_a_merged_state_holds_nothing_of_an_earlier_job(
    old: JobCheckpoint, new: JobCheckpoint
) -> None:
    """Key by key, as Meltano merges: each key of the old job is there in the new one."""
    assert JobCheckpoint.from_state(old.to_state() | new.to_state()) == new


@pytest.mark.parametrize("name", [name for name in JOB.to_state() if name != "covered_until"])
def test_a_job_with_a_key_too_few_is_none(name: str) -> None:
    """Nothing is guessed about a job."""
    state = JOB.to_state()
    del state[name]
    assert JobCheckpoint.from_state(state) is None


@pytest.mark.parametrize("value", [None, [], "750A", 5, {}])
def test_what_is_no_job(value: object) -> None:
    """A state written by hand may hold anything there."""
    assert JobCheckpoint.from_state(value) is None


def test_a_job_belongs_to_the_bookmark_beside_it() -> None:
    """Once the bookmark has moved, the job is not of this state any more."""
    state: dict[str, Any] = {}
    mark = bookmark(state)
    mark.save_job(JOB)
    assert bookmark(dict(state)).saved_job == JOB
    mark.advance(NOON)
    assert bookmark(dict(state)).saved_job is None
    mark.forget_job()
    assert bookmark(dict(state)).saved_job is None


@pytest.mark.parametrize("key", [None, "SystemModstamp"])
def test_a_job_that_was_forgotten_does_not_come_back(key: str | None) -> None:
    """A merge keeps what the newer state does not have, and fails where that has a null."""
    state: dict[str, Any] = {}
    mark = bookmark(state, key)
    mark.save_job(JOB)
    with_job = copy.deepcopy(state)
    mark.forget_job()
    after = merged_by_meltano(with_job, state)
    assert bookmark(after, key).saved_job is None
    assert bookmark(merged_by_meltano(after, with_job), key).saved_job == JOB


def test_no_job_is_told_where_none_was() -> None:
    """A stream that goes by REST has no word of Bulk in its state."""
    state: dict[str, Any] = {}
    bookmark(state).forget_job()
    assert state == {}
