"""The pictures of terminals, without the runs that they are taken from."""

from __future__ import annotations

from tests.pictures.terminal_picture import terminal_picture


def test_the_picture_shows_the_terminal_and_fetches_nothing() -> None:
    """Lines with their colours; a page that shows it asks no other server for a font."""
    shown = "\x1b[32mAccount\x1b[0m\n\x1b[1m2 of 5 streams\x1b[0m"
    svg = terminal_picture(shown, columns=80, title="tap", name="test")
    assert svg.startswith("<svg ")
    assert ">Account<" in svg
    assert ">2&#160;of&#160;5&#160;streams<" in svg
    assert "@font-face" not in svg
    assert "url(http" not in svg
