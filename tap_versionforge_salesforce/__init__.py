"""Singer tap for Salesforce."""

from importlib.metadata import version

__version__ = version("tap-versionforge-salesforce")
