"""A stand-in Salesforce org on loopback, for tests, demos and benchmarks."""

from __future__ import annotations

from tests.local_org.org import LocalOrg

__all__ = ["LocalOrg"]
