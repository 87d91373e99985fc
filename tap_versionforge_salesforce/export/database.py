"""Parquet files → tables of a DuckDB database, each in one transaction."""

from __future__ import annotations

import glob
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from tap_versionforge_salesforce.errors import SettingsError
from tap_versionforge_salesforce.export.files import not_written, writing
from tap_versionforge_salesforce.export.object_folder import exists

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence
    from pathlib import Path

    from tap_versionforge_salesforce.salesforce.objects.columns import Column
    from tap_versionforge_salesforce.salesforce.objects.describe import SObject

_VIEW = "VIEW"


class Database:
    """A DuckDB database.

    Args:
        path: Of its file, which need not be there.

    Raises:
        SettingsError: duckdb is not installed.
    """

    def __init__(self, path: Path) -> None:
        try:
            import duckdb  # noqa: PLC0415  an extra
        except ImportError:
            raise SettingsError(
                f"--to {path} needs duckdb, which is not installed.",
                hint='pip install "tap-versionforge-salesforce[duckdb]" brings it.',
                code="not-installed",
            ) from None
        self._path = path
        self._connect = duckdb.connect
        self._error: type[Exception] = duckdb.Error

    def check(self, names: Sequence[str], *, replaceable: Collection[str]) -> None:
        """See that nothing is there that has to stay, and that the database can be written.

        Args:
            names: Of the tables that are to be.
            replaceable: Those of them that may be there; never as a view, which is somebody's own.

        Raises:
            SettingsError: There is such a thing, or it can't be written.
        """
        there = self._kinds()
        for name in names:
            kind = there.get(name.lower())
            if kind == _VIEW:
                raise SettingsError(
                    f"{name} of {self._path} is a view, which no export has made.",
                    hint="Name another --to, or drop the view: --overwrite replaces tables only.",
                    code="export-exists",
                )
            if kind is not None and name not in replaceable:
                raise exists(f"The table {name} of {self._path}")

    def tables(self) -> set[str]:
        """Return the names of the tables that are there, in lower case.

        Raises:
            SettingsError: The database can't be written.
        """
        return {name for name, kind in self._kinds().items() if kind != _VIEW}

    def _kinds(self) -> dict[str, str]:
        if not self._path.exists():
            return {}
        with self._open() as connection:
            found = connection.execute(
                "SELECT table_name, table_type FROM information_schema.tables "
                "WHERE table_schema = 'main'"
            ).fetchall()
        return {str(name).lower(): str(kind) for name, kind in found}

    def load(self, sobject: SObject, columns: Sequence[Column], files: Sequence[Path]) -> None:
        """Make a table of some files, in the place of the one that is there.

        Args:
            sobject: Whose rows they are.
            columns: Of the rows.
            files: Parquet, all with these columns.

        Raises:
            SettingsError: The database can't be written.
        """
        table = _quoted(sobject.name)
        # Its readers take a path for a pattern, and its folders for columns: date=2026-11-28.
        paths = ", ".join(_literal(glob.escape(str(file))) for file in files)
        with self._open() as connection:
            connection.execute("BEGIN")
            rows = f"SELECT * FROM read_parquet([{paths}], hive_partitioning = false)"  # noqa: S608  quoted
            connection.execute(f"CREATE OR REPLACE TABLE {table} AS {rows}")
            connection.execute(f"COMMENT ON TABLE {table} IS {_literal(sobject.label)}")
            for column in columns:
                told = ": ".join(text for text in (column.label, column.help_text) if text)
                if told:
                    place = f"{table}.{_quoted(column.property_name)}"
                    connection.execute(f"COMMENT ON COLUMN {place} IS {_literal(told)}")
            connection.execute("COMMIT")

    @contextmanager
    def _open(self) -> Iterator[Any]:
        is_new = not self._path.exists()
        try:
            with self._connect(str(self._path)) as connection:
                if is_new:
                    # As any other file of an export: only its owner may read it.
                    with writing(self._path):
                        self._path.chmod(0o600)
                yield connection
        except self._error as error:
            raise not_written(self._path, str(error).splitlines()[0]) from None


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
