"""Singer tap for Salesforce."""

__version__: str


def __getattr__(name: str) -> str:
    # What looks the version up takes longer to import than a signal may take to be heard.
    if name != "__version__":
        message = f"module {__name__!r} has no attribute {name!r}"
        raise AttributeError(message)
    from importlib.metadata import version  # noqa: PLC0415  not before

    return version("tap-versionforge-salesforce")
