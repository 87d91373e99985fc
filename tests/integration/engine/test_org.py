"""The engine for Python: rows as DataFrames with real types, each once, exactly as the org's."""

from __future__ import annotations

import json
import logging
import sys
import threading
from datetime import date, datetime, time, timedelta, timezone
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import polars as pl
import pyarrow as pa
import pytest

from tap_versionforge_salesforce.engine.org import Org
from tap_versionforge_salesforce.errors import (
    IncompleteError,
    JobQueuedError,
    RefusedError,
    SettingsError,
    SignInError,
    UnknownObjectError,
)
from tests.local_org.conditions import faults
from tests.support import processes
from tests.support.secret_sign_in import secret_of, with_token_file

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.local_org import LocalOrg
    from tests.local_org.exchange import Answer, Call
    from tests.support.harness import OrgClock

LAST_WEEK = datetime.now(timezone.utc).replace(microsecond=0) - timedelta(days=7)


@pytest.fixture
def connected(org: LocalOrg, clock: OrgClock) -> Iterator[Org]:
    del clock
    with Org(**org.config()) as made:
        yield made


@pytest.fixture
def by_rest(org: LocalOrg, clock: OrgClock) -> Iterator[Org]:
    del clock
    with Org(**org.config(), api_mode="rest") as made:
        yield made


# Who signs in


@pytest.mark.parametrize("rotates", [None, True], ids=["client secret", "refresh token"])
def test_it_signs_in_without_a_key(
    org: LocalOrg, clock: OrgClock, tmp_path: Path, *, rotates: bool | None
) -> None:
    """As the tap does, and the next refresh token is in the file."""
    del clock
    rows = org.store.seed("Account", 3)
    settings, path = secret_of(org), tmp_path / "refresh-token"
    if rotates:
        org.settings.rotate_refresh_tokens = True
        settings = with_token_file(org, path)
    with Org(**org.config() | settings) as connected:
        assert sorted(connected.read("Account", fields=["Id"]).collect()["Id"]) == sorted(rows)
    assert not rotates or path.read_text("utf-8").strip() == org.oauth.by_secret.refresh_token


# What comes


@pytest.mark.parametrize("api_mode", ["auto", "rest", "bulk"])
def test_rows_are_the_orgs(org: LocalOrg, clock: OrgClock, api_mode: str) -> None:
    """By either API, in pages of their own, with more of them than may wait."""
    del clock
    rows = org.store.seed("Account", 130, hurt=False)
    org.settings.result_page_rows = 10
    org.settings.page_rows, org.settings.batch_size_hint = 10, "ignore"
    with Org(**org.config(), api_mode=api_mode, bulk_page_rows=10) as connected:
        pages = list(connected.read("Account"))
    assert len(pages) == 13
    found = pl.concat(pages)
    assert sorted(found["Id"]) == sorted(rows)
    expected = {str(row["Id"]): row for row in org.store.rows("Account")}
    for row in found.to_dicts():
        kept = expected[row["Id"]]
        assert row["Name"] == kept["Name"]
        assert row["AnnualRevenue"] == kept["AnnualRevenue"]
        assert row["IsDeleted"] is False
    assert org.jobs.all() == []


def test_values_have_their_types(org: LocalOrg, connected: Org) -> None:
    """Decimals to the last digit, dates, instants in UTC, times, whole numbers, booleans."""
    stamp = datetime(2024, 3, 1, 12, 30, 15, tzinfo=timezone.utc)
    amount = Decimal("123456789012345.67")
    org.store.insert(
        "Opportunity",
        [{"Name": "a", "Amount": amount, "CloseDate": date(2024, 2, 29), "IsPrivate": True}],
        stamp=stamp,
    )
    (row,) = connected.read("Opportunity").collect().to_dicts()
    assert row["Amount"] == amount
    assert row["CloseDate"] == date(2024, 2, 29)
    assert row["SystemModstamp"] == stamp
    rows = connected.read("Opportunity")
    assert rows.schema["Amount"] == pl.Decimal(38, 18)
    assert rows.schema["SystemModstamp"] == pl.Datetime("ms", "UTC")
    assert rows.schema == next(iter(rows)).schema


def test_times_of_day(org: LocalOrg, connected: Org) -> None:
    """What Salesforce calls a time is one."""
    found = [
        (name, column.name)
        for name in org.store.sobjects
        for column in connected.describe(name).columns
        if column.kind.value == "time"
    ]
    assert found, "the org has no field of that kind any more"
    name, field = found[0]
    org.store.insert(name, [{field: "08:30:00.250Z"}], stamp=LAST_WEEK)
    assert connected.read(name, fields=[field]).collect()[field].to_list() == [
        time(8, 30, 0, 250_000)
    ]


def test_compounds_are_structs(org: LocalOrg, connected: Org) -> None:
    """Where they are asked for; their parts come by themselves."""
    org.store.insert(
        "Account", [{"Name": "a", "BillingCity": "Bonn"}, {"Name": "b"}], stamp=LAST_WEEK
    )
    found = connected.read("Account", fields=["Name", "BillingAddress"]).collect().sort("Name")
    assert found.columns == ["Name", "BillingAddress"]
    assert found["BillingAddress"].struct.field("city").to_list() == ["Bonn", None]
    assert "BillingAddress" not in connected.read("Account").schema


def test_an_object_without_rows(connected: Org) -> None:
    """Has one page without any, with all its columns."""
    (page,) = connected.read("Account")
    assert page.height == 0
    assert page.schema == connected.read("Account").schema


def test_arrow(org: LocalOrg, by_rest: Org) -> None:
    """The same rows and types as record batches, one without rows where there are none."""
    connected = by_rest
    (nothing,) = connected.read("Account").to_arrow()
    assert nothing.num_rows == 0
    org.store.seed("Account", 25)
    org.settings.page_rows, org.settings.batch_size_hint = 10, "ignore"
    rows = connected.read("Account")
    batches = list(rows.to_arrow())
    assert [batch.num_rows for batch in batches] == [10, 10, 5]
    assert {batch.schema for batch in batches} == {nothing.schema}
    assert nothing.schema.field("AnnualRevenue").type == pa.decimal128(38, 18)
    table = pl.DataFrame(pa.Table.from_batches(batches))
    assert table.sort("Id").equals(rows.collect().sort("Id"))


def test_rows_in_the_recycle_bin(org: LocalOrg, clock: OrgClock) -> None:
    """They are in no sum, unless somebody wants them; the archived are always there."""
    del clock
    kept, gone = org.store.insert("Account", [{"Name": "a"}, {"Name": "b"}], stamp=LAST_WEEK)
    org.store.delete("Account", [gone])
    with Org(**org.config()) as connected:
        assert connected.read("Account", fields=["Id"]).collect()["Id"].to_list() == [kept]
    with Org(**org.config(include_deleted=True)) as connected:
        found = connected.read("Account", fields=["Id", "IsDeleted"]).collect()
    assert dict(found.iter_rows()) == {kept: False, gone: True}


# What is wanted


def test_a_range_of_time(org: LocalOrg, connected: Org) -> None:
    """The end does not belong to it; a day begins at midnight in UTC."""
    days = [datetime(2024, 3, day, tzinfo=timezone.utc) for day in (1, 2, 3)]
    names = [f"{day:%d}" for day in days]
    for name, day in zip(names, days, strict=True):
        org.store.insert("Account", [{"Name": name}], stamp=day)

    def found(since: datetime | str | None = None, until: date | str | None = None) -> list[str]:
        rows = connected.read("Account", fields=["Name"], since=since, until=until)
        return sorted(rows.collect()["Name"])

    assert found(since=days[1]) == ["02", "03"]
    assert found(until=date(2024, 3, 2)) == ["01"]
    assert found(since="2024-03-02", until="2024-03-03T00:00:00Z") == ["02"]


def test_fields_are_found_in_any_case(org: LocalOrg, connected: Org) -> None:
    """They come in the order in which they were asked for, as the org spells them."""
    org.store.seed("Account", 2)
    assert connected.read("account", fields=["name", "ID"]).collect().columns == ["Name", "Id"]


@pytest.mark.parametrize("api_mode", ["rest", "bulk"])
def test_text_fields(org: LocalOrg, clock: OrgClock, api_mode: str) -> None:
    """Are texts in one spelling by either API, whatever kind of value they have."""
    del clock
    changed = datetime(2024, 3, 1, 12, tzinfo=timezone.utc)
    row = {"AnnualRevenue": Decimal("9.5e8"), "NumberOfEmployees": 7}
    org.store.insert("Account", [row], stamp=changed)
    texts = ["annualrevenue", "NumberOfEmployees", "IsDeleted", "SystemModstamp", "BillingLatitude"]
    with Org(**org.config(), api_mode=api_mode) as connected:
        rows = connected.read("Account", fields=texts, text_fields=texts, since="2024-01-01")
        assert set(rows.schema.values()) == {pl.String()}
        assert rows.collect().rows() == [
            ("950000000.0", "7", "false", "2024-03-01T12:00:00.000Z", None)
        ]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"fields": ["Nmae"]}, "Did you mean Name?"),
        ({"fields": []}, "fields names no field"),
        ({"fields": "Name"}, "fields is a list of names"),
        ({"text_fields": ["Nmae"]}, "text_fields names Nmae"),
        ({"since": "yesterday"}, "since is no instant"),
        ({"until": datetime(2024, 3, 1)}, "without a time zone"),  # noqa: DTZ001  that is it
        ({"since": "2024-03-02", "until": "2024-03-02"}, "nothing between them"),
        ({"since": datetime(1600, 1, 1, tzinfo=timezone.utc)}, "outside the years"),
        ({"since": date(1600, 1, 1)}, "outside the years"),
        ({"fields": ["Id", "Parent.Name"]}, "Org.query, from Python"),
        ({"until": date(9999, 12, 31)}, "outside the years"),
        ({"since": datetime.min.replace(tzinfo=timezone(timedelta(hours=1)))}, "no instant"),
        ({"since": 1_700_000_000}, "since is no instant"),
        ({"fields": [1]}, "fields is a list of names"),
    ],
)
def test_what_can_not_be_asked_for(
    org: LocalOrg, connected: Org, arguments: dict[str, Any], words: str
) -> None:
    """Is told at once, before a row is asked for."""
    with pytest.raises(SettingsError) as caught:
        connected.read("Account", **arguments)
    assert words in f"{caught.value.message} {caught.value.hint}"
    assert org.journal.calls("/query") == []


def test_objects_and_describes(org: LocalOrg, connected: Org) -> None:
    """The usual ones first, with their rows; a wrong name is told with what helps."""
    org.store.seed("Account", 3)
    first = connected.objects()[0]
    assert (first.name, first.label, first.rows) == ("Account", "Account", 3)
    assert connected.describe("account").name == "Account"
    with pytest.raises(UnknownObjectError, match="Acount"):
        connected.read("Acount")


@pytest.mark.parametrize(("rows", "api"), [(15, "rest"), (2_500, "bulk")])
def test_a_plan(org: LocalOrg, connected: Org, rows: int, api: str) -> None:
    """Says what it would take, and is what is done then."""
    org.store.seed("Account", rows, hurt=False)
    plan = connected.plan("Account", fields=["Name"])
    assert (plan.api, plan.rows, plan.jobs) == (api, rows, int(api == "bulk"))
    assert org.jobs.all() == []
    assert connected.read("Account", fields=["Name"]).collect().height == rows
    assert bool(org.journal.calls("/jobs/query", method="POST")) == (api == "bulk")


# What goes wrong


def test_a_value_that_fits_no_type(org: LocalOrg, connected: Org) -> None:
    """Ends the read by name, with what to do; nothing is rounded, and text holds it."""
    (row_id,) = org.store.insert("Account", [{"Name": "a"}], stamp=LAST_WEEK)
    empty, huge = b'"AnnualRevenue":null', f'"AnnualRevenue":{"9" * 30}.0'
    org.faults.add(
        "GET /query*", faults.replace_body(lambda body: body.replace(empty, huge.encode())), times=3
    )
    with pytest.raises(SettingsError) as caught:
        connected.read("Account").collect()
    assert caught.value.code == "value-not-held"
    assert "Account.AnnualRevenue" in caught.value.message
    assert row_id in caught.value.message
    assert "text_fields=['AnnualRevenue']" in caught.value.hint
    found = connected.read("Account", text_fields=["AnnualRevenue"]).collect()
    assert found["AnnualRevenue"].to_list() == [f"{'9' * 30}.0"]
    with pytest.raises(SettingsError) as caught:
        connected.query("SELECT AnnualRevenue FROM Account").collect()
    assert caught.value.hint.endswith("with text_fields of read(), or leave it out of the query.")


def test_a_page_that_is_read_again_gives_no_row_twice(org: LocalOrg, connected: Org) -> None:
    """A cursor that expires in the middle begins anew, behind what has been handed out."""
    rows = org.store.seed("Account", 35, hurt=False)
    org.settings.page_rows, org.settings.batch_size_hint = 10, "ignore"
    org.faults.add(
        "GET /query/*",
        faults.answer(400, [{"errorCode": "INVALID_QUERY_LOCATOR", "message": "gone"}]),
        skip=1,
        times=1,
    )
    pages = list(connected.read("Account", since="2000-01-01"))
    ids = [row_id for page in pages for row_id in page["Id"]]
    assert len(ids) == len(set(ids))
    assert sorted(ids) == sorted(rows)


def moved_while_it_is_read(org: LocalOrg) -> list[str]:
    """Have the cursor expire at its third page, by when a row of the first has moved behind it."""
    rows = [
        row_id
        for hour in range(35)
        for row_id in org.store.insert("Account", [{}], stamp=LAST_WEEK + timedelta(hours=hour))
    ]
    org.settings.page_rows, org.settings.batch_size_hint = 10, "ignore"
    gone = faults.answer(400, [{"errorCode": "INVALID_QUERY_LOCATOR", "message": "gone"}])

    def moved(call: Call, real: Callable[[], Answer]) -> Answer:
        org.store.update("Account", rows[:1], {"Name": "new"})
        return gone(call, real)

    org.faults.add("GET /query/*", moved, skip=1)
    return rows


def test_a_row_that_moves_while_it_is_read_comes_once(org: LocalOrg, by_rest: Org) -> None:
    """It is served a second time, for the end of the window lies behind its new stamp, too."""
    rows = moved_while_it_is_read(org)
    found = by_rest.read("Account", since="2000-01-01", until=org.clock.now() + timedelta(days=1))
    assert sorted(found.collect()["Id"]) == sorted(rows)


@pytest.mark.usefixtures("few_ids_are_kept")
def test_a_row_that_can_not_be_known_again_is_not_given_twice(org: LocalOrg, by_rest: Org) -> None:
    """Of more rows than are kept in mind it is an error that they would have to come again."""
    moved_while_it_is_read(org)
    found = by_rest.read("Account", since="2000-01-01", until=org.clock.now() + timedelta(days=1))
    with pytest.raises(IncompleteError, match="20 of them have been handed out"):
        found.collect()


def test_a_job_that_is_too_large_is_read_in_parts(org: LocalOrg, clock: OrgClock) -> None:
    """By Id, which stays whatever else changes meanwhile; each row once."""
    del clock
    rows = [
        row_id
        for day in range(40)
        for row_id in org.store.insert(
            "Account", [{}], stamp=datetime(2024, 1, 1, tzinfo=timezone.utc) + timedelta(days=day)
        )
    ]
    for arguments in ({}, {"since": "2024-01-01"}):
        org.settings.job_max_rows = 15
        with Org(**org.config(), api_mode="bulk") as connected:
            ids = [i for page in connected.read("Account", **arguments) for i in page["Id"]]
        assert sorted(ids) == sorted(rows)
        assert len(org.journal.calls("/jobs/query", method="POST")) >= 4


def test_a_row_that_changes_between_two_parts_comes_once(org: LocalOrg, clock: OrgClock) -> None:
    """Its stamp moves it behind all others; its Id leaves it where it was read."""
    del clock
    rows = [
        row_id
        for hour in range(20)
        for row_id in org.store.insert("Account", [{}], stamp=LAST_WEEK + timedelta(hours=hour))
    ]
    org.settings.job_max_rows = 15
    org.faults.add(
        "*/results",
        faults.before(lambda: org.store.update("Account", rows[:3], {"Name": "new"})),
        skip=1,
        times=1,
    )
    with Org(**org.config(), api_mode="bulk") as connected:
        ids = [i for page in connected.read("Account", since="2000-01-01") for i in page["Id"]]
    assert sorted(ids) == sorted(rows)


def test_rows_that_are_missing(org: LocalOrg, by_rest: Org) -> None:
    """Are an error, not a smaller result."""
    org.store.seed("Account", 5, hurt=False)
    promise = faults.replace_body(lambda body: body.replace(b'Size":5', b'Size":6'))
    org.faults.add("GET /query*", promise, times=None)
    with pytest.raises(IncompleteError):
        by_rest.read("Account", since="2000-01-01").collect()


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"usrname": "x"}, "Did you mean username?"),
        ({"instance_url": "https://example.com"}, "instance_url"),
        ({"api_mode": "soap"}, "api_mode"),
    ],
)
def test_settings_that_can_not_be_used(
    org: LocalOrg, settings: dict[str, object], words: str
) -> None:
    """Are told as the tap tells them."""
    with pytest.raises(SettingsError) as caught:
        Org(**{**org.config(), **settings})
    assert words in f"{caught.value.message} {caught.value.hint}"


def test_a_sign_in_that_is_refused(org: LocalOrg, clock: OrgClock) -> None:
    """Says why, and what to do; nothing secret is in it, nor in what is shown of the org."""
    del clock
    with Org(**org.config(client_id="3MVG9wrong")) as connected:
        with pytest.raises(SignInError):
            connected.read("Account")
        assert org.private_key_pem.splitlines()[1] not in repr(connected)
        assert repr(connected) == f"Org({org.url!r})"


def test_who_leaves_early_leaves_nothing_behind(org: LocalOrg, clock: OrgClock) -> None:
    """No thread, and no job in the org, however the loop ends."""
    del clock
    org.store.seed("Account", 130, hurt=False)
    org.settings.result_page_rows = 10
    with Org(**org.config(), api_mode="bulk", bulk_page_rows=10) as connected:
        for page in connected.read("Account"):
            assert page.height == 10
            break
        held = iter(connected.read("Account"))
        assert next(held).height == 10
        assert len(org.jobs.all()) >= 1
    assert org.jobs.all() == []
    working = [each for each in threading.enumerate() if each.name in ("background", "watch")]
    for each in working:
        each.join(timeout=10)
    assert not any(each.is_alive() for each in working)


def test_what_is_closed(org: LocalOrg, connected: Org) -> None:
    """Says so, whatever is asked of it."""
    org.store.seed("Account", 3)
    rows = connected.read("Account")
    connected.close()
    for ask in (rows.collect, connected.objects, lambda: connected.read("Account")):
        with pytest.raises(SettingsError, match="This Org is closed"):
            ask()


@pytest.mark.parametrize("api_mode", ["rest", "bulk"])
def test_what_is_closed_half_way(org: LocalOrg, clock: OrgClock, api_mode: str) -> None:
    """Who reads on is told so: the rows that are missing would look like none."""
    del clock
    org.store.seed("Account", 25, hurt=False)
    org.settings.result_page_rows = 10
    org.settings.page_rows, org.settings.batch_size_hint = 10, "ignore"
    with Org(**org.config(), api_mode=api_mode, bulk_page_rows=10) as connected:
        pages = iter(connected.read("Account"))
        assert next(pages).height == 10
    with pytest.raises(SettingsError, match="This Org is closed"):
        next(pages)


@pytest.mark.parametrize(
    ("api_mode", "request_"),
    [
        pytest.param("rest", "GET /query*", id="a page"),
        pytest.param("bulk", "GET /jobs/query/750*", id="a job"),
        pytest.param("bulk", "POST /jobs/query", id="a job that is being made"),
    ],
)
def test_what_is_closed_while_another_thread_reads(
    org: LocalOrg, clock: OrgClock, api_mode: str, request_: str
) -> None:
    """It ends there, and says why; no job is left, whoever of the two has to remove it."""
    del clock
    org.store.seed("Account", 25)
    org.settings.page_rows, org.settings.batch_size_hint = 10, "ignore"
    org.settings.job_transition = "never"
    opened = Org(**org.config(), api_mode=api_mode)
    is_asked, is_closed, is_answered = threading.Event(), threading.Event(), threading.Event()

    def late(_: Call, real: Callable[[], Answer]) -> Answer:
        is_asked.set()
        assert is_closed.wait(20)
        try:
            return real()
        finally:
            is_answered.set()

    org.faults.add(request_, late)
    told: list[BaseException] = []

    def read() -> None:
        try:
            opened.read("Account").collect()
        except SettingsError as error:
            told.append(error)

    reader = threading.Thread(target=read)
    reader.start()
    assert is_asked.wait(20)
    opened.close()
    is_closed.set()
    reader.join(20)
    # By now the org may be that of another test.
    assert is_answered.wait(20)
    assert [str(each)[:18] for each in told] == ["This Org is closed"]
    assert org.jobs.all() == []


def test_what_is_closed_twice_in_a_thread(org: LocalOrg, clock: OrgClock) -> None:
    """By the block that is left, once more: nothing is wrong with that."""
    del clock
    org.store.seed("Account", 3)
    heights: list[int] = []

    def read() -> None:
        with Org(**org.config()) as connected:
            heights.append(connected.read("Account").collect().height)
            connected.close()
        heights.append(0)

    reader = threading.Thread(target=read)
    reader.start()
    reader.join(20)
    assert heights == [3, 0]


def test_two_objects_at_once(org: LocalOrg, by_rest: Org) -> None:
    """Neither waits for the other."""
    org.store.seed("Account", 25)
    org.store.seed("Contact", 25)
    org.settings.page_rows, org.settings.batch_size_hint = 10, "ignore"
    together = zip(by_rest.read("Account"), by_rest.read("Contact"), strict=True)
    assert [(a.height, c.height) for a, c in together] == [(10, 10), (10, 10), (5, 5)]


def test_what_is_told_meanwhile(
    org: LocalOrg, clock: OrgClock, caplog: pytest.LogCaptureFixture
) -> None:
    """Which API and why; few calls that are left; a wait."""
    del clock
    org.store.seed("Account", 3)
    caplog.set_level(logging.INFO, "tap_versionforge_salesforce")
    with Org(**org.config(), quota_warning_threshold=1_000_000) as connected:
        connected.read("Account").collect()
    told = [record.getMessage() for record in caplog.records]
    assert any(line.startswith("Account: REST API, because") for line in told)
    assert any(
        r.levelno == logging.WARNING and "API calls" in r.getMessage() for r in caplog.records
    )


def test_a_refused_object(org: LocalOrg, connected: Org) -> None:
    """Says what helps in words of these arguments."""
    org.faults.add(
        "GET /query*",
        faults.answer(400, [{"errorCode": "INVALID_FIELD", "message": "No such column 'Name'"}]),
        times=None,
    )
    with pytest.raises(RefusedError) as caught:
        connected.read("Account").collect()
    assert "catalog" not in caught.value.hint


def test_an_object_that_no_query_reads(connected: Org) -> None:
    """Says why, not what Salesforce answers to the query."""
    with pytest.raises(RefusedError, match="AccountChangeEvent can't be read: Change events are"):
        connected.read("AccountChangeEvent").collect()


def test_a_config_file(org: LocalOrg, clock: OrgClock, tmp_path: Path) -> None:
    """That of the tap will do, whatever is in it for the tap alone."""
    del clock
    folder = tmp_path
    (folder / "key.pem").write_text(org.private_key_pem)
    config = org.config(private_key_path="key.pem", stream_maps={"Account": {}}, filters={})
    del config["private_key"]
    (folder / "config.json").write_text(json.dumps(config))
    org.store.seed("Account", 3)
    with Org.from_config(folder / "config.json", api_mode="rest") as connected:
        assert connected.read("Account").collect().height == 3
    (folder / "key.pem").unlink()


def test_the_sdk_is_not_imported() -> None:
    """And the package itself stays light until something of it is asked for."""
    code = """
import sys, tap_versionforge_salesforce as package
assert "polars" not in sys.modules
package.Org
assert "polars" in sys.modules
assert not [name for name in sys.modules if name.startswith("singer_sdk")]
"""
    processes.run([sys.executable, "-c", code])


# Queries of one's own


@pytest.mark.parametrize("api_mode", ["rest", "bulk"])
def test_a_query_of_ones_own(org: LocalOrg, clock: OrgClock, api_mode: str) -> None:
    """By either API, with fields of parents, and null where there is no parent."""
    del clock
    (account,) = org.store.insert("Account", [{"Name": "Acme"}], stamp=LAST_WEEK)
    org.store.insert(
        "Contact",
        [{"LastName": "Ada", "AccountId": account}, {"LastName": "Bob"}],
        stamp=LAST_WEEK,
    )
    soql = "SELECT LastName, Account.Name, CreatedDate FROM Contact WHERE LastName != 'Eve'"
    with Org(**org.config(), api_mode=api_mode) as connected:
        rows = connected.query(soql)
        assert rows.schema["CreatedDate"] == pl.Datetime("ms", "UTC")
        found = rows.collect().sort("LastName")
    assert found.columns == ["LastName", "Account.Name", "CreatedDate"]
    assert found["Account.Name"].to_list() == ["Acme", None]
    assert len(org.journal.calls("/jobs/query", method="POST")) == (api_mode == "bulk")


def test_a_job_that_waits_in_the_queue(org: LocalOrg, clock: OrgClock) -> None:
    """Is removed, for nobody could go on with it, and nothing else is said of it."""
    del clock
    org.store.seed("Account", 3)
    org.settings.job_transition = "never"
    waits = faults.replace_body(lambda body: body.replace(b"InProgress", b"UploadComplete"))
    org.faults.add("GET /jobs/query/750*", waits, times=None)
    with Org(**org.config(), api_mode="bulk") as connected, pytest.raises(JobQueuedError) as told:
        connected.read("Account").collect()
    assert told.value.hint.startswith("Salesforce works on other jobs first")
    assert "job_timeout_seconds" in told.value.hint
    assert org.jobs.all() == []


def test_a_job_that_is_begun_again(org: LocalOrg, clock: OrgClock) -> None:
    """Is the same one, for whoever could not note where it is."""
    del clock
    known = org.store.seed("Account", 3, hurt=False)
    with Org(**org.config(), api_mode="bulk") as connected:
        reading = connected.reading(connected.selection("Account", fields=["Id"]))
        place = reading.begin()
        assert place is not None
        assert reading.begin() == place
        pages = reading.pages(place)
        assert sorted(i for page, _ in pages for i in page.frame.table["Id"]) == sorted(known)
    assert len(org.journal.calls("/jobs/query", method="POST")) == 1
    assert org.jobs.all() == []


def test_few_rows_of_many_before_an_instant(org: LocalOrg, connected: Org) -> None:
    """Take no Bulk job either, and the plan says so."""
    org.store.seed("Account", 30)
    org.settings.record_count_factor = 100
    assert connected.plan("Account", until="2000-01-01").api == "rest"
    assert connected.read("Account", until="2000-01-01").collect().height == 0
    assert org.journal.calls("/jobs/query", method="POST") == []


def test_a_query_for_few_rows_of_many(org: LocalOrg, connected: Org) -> None:
    """Takes no Bulk job: not the rows of its object count, but its own."""
    org.store.seed("Account", 30)
    org.settings.record_count_factor = 100
    assert connected.query("SELECT Id FROM Account LIMIT 5").collect().height == 5
    assert org.journal.calls("/jobs/query", method="POST") == []


def test_a_query_for_a_count(org: LocalOrg, connected: Org) -> None:
    """One row with the number, though its answer has none."""
    org.store.seed("Account", 12, hurt=False)
    assert connected.query("SELECT COUNT() FROM Account").collect().rows() == [(12,)]


@pytest.mark.parametrize(
    ("error_code", "status"),
    [("QUERY_TIMEOUT", 400), ("OPERATION_TOO_LARGE", 400), ("URI_TOO_LONG", 414)],
)
def test_a_count_that_is_too_much(
    org: LocalOrg, connected: Org, error_code: str, status: int
) -> None:
    """Says what can be done about a count, which neither API serves otherwise."""
    refusal = faults.answer(status, [{"errorCode": error_code, "message": "no"}])
    org.faults.add("GET /query*", refusal, times=None)
    with pytest.raises(RefusedError) as caught:
        connected.query("SELECT COUNT() FROM Account").collect()
    assert caught.value.hint.startswith("Count it in parts")
    assert "Bulk" not in caught.value.hint


def test_a_query_of_ones_own_that_is_too_much(org: LocalOrg, by_rest: Org) -> None:
    """Is not told of arguments, of which it has none."""
    slow = faults.answer(400, [{"errorCode": "QUERY_TIMEOUT", "message": "It runs too long"}])
    org.faults.add("GET /query*", slow, times=None)
    with pytest.raises(RefusedError) as caught:
        by_rest.query("SELECT Id FROM Account").collect()
    assert "with fewer rows it takes less" in caught.value.hint
    assert "since" not in caught.value.hint


@pytest.mark.parametrize(
    ("where", "words"),
    [
        ("Name = 'a' ORDER BY Name", "ORDER BY"),
        ("Nmae = 'a'", "Name"),
        ("(Name = 'a'", "bracket"),
        ("Name = 'a') OR (Name != 'b'", "bracket"),
        (" ", "where"),
    ],
)
def test_a_condition_that_is_none(org: LocalOrg, connected: Org, where: str, words: str) -> None:
    """Is told before a row is asked for, with what it was."""
    with pytest.raises(SettingsError) as caught:
        connected.read("Account", where=where)
    assert words in f"{caught.value.message} {caught.value.hint}"
    assert org.journal.calls("/query") == []


def test_a_condition(org: LocalOrg, connected: Org) -> None:
    """Leaves the rows that it is true of, whatever else is asked for."""
    for day in (1, 2):
        stamp = datetime(2024, 3, day, tzinfo=timezone.utc)
        org.store.insert("Account", [{"Name": "a"}, {"Name": "b"}, {"Name": "c"}], stamp=stamp)
    rows = connected.read(
        "Account", fields=["Name"], where="Name = 'a' OR Name = 'b'", since="2024-03-02"
    )
    assert sorted(rows.collect()["Name"]) == ["a", "b"]


def test_a_query_of_groups(org: LocalOrg, by_rest: Org) -> None:
    """Its columns have their aliases, or Salesforce's own names, and types of their own."""
    for name, revenue in (("a", "10.5"), ("a", "0.25"), ("b", "7")):
        org.store.insert(
            "Account", [{"Name": name, "AnnualRevenue": Decimal(revenue)}], stamp=LAST_WEEK
        )
    rows = by_rest.query(
        "SELECT Name, COUNT(Id), SUM(AnnualRevenue) total FROM Account GROUP BY Name"
    )
    found = rows.collect().sort("Name")
    assert found.columns == ["Name", "expr0", "total"]
    assert found.rows() == [("a", 2, Decimal("10.75")), ("b", 1, Decimal(7))]
