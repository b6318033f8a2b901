"""`recsys dead-letters`: messages that could not be processed."""

from __future__ import annotations

import click

from recsys_app.application import Components
from recsys_app.commands.context import with_components
from recsys_app.errors import RecsysError
from recsys_app.services.dead_letter_office import KeptLetter


@click.group("dead-letters")
def dead_letters() -> None:
    """Look at messages that could not be processed, and send them again."""


@dead_letters.command("list")
def list_letters() -> None:
    """Show every letter: where it was, why it is dead, how it begins."""
    letters = with_components(lambda parts: parts.dead_letter_office.letters())
    for letter in letters:
        state = "  (sent again)" if letter.resubmitted else ""
        value = letter.letter.value
        start = "null" if value is None else repr(value[:60])[1:]
        click.echo(f"{letter.position}  {letter.letter.reason}  {start}{state}")
    click.echo(f"{len(letters)} dead letters")


@dead_letters.command()
@click.argument("positions", nargs=-1)
@click.option("--all", "everything", is_flag=True, help="Every letter not sent again yet.")
def resubmit(positions: tuple[str, ...], everything: bool) -> None:
    """Send the original bytes of letters to the topic they came from, at the end of it."""
    if bool(positions) == everything:
        raise RecsysError("Name positions as `recsys dead-letters list` shows them, or use --all.")

    async def work(parts: Components) -> list[KeptLetter]:
        await parts.messages.start()
        return await parts.dead_letter_office.resubmit(None if everything else positions)

    for letter in with_components(work):
        click.echo(f"{letter.position} was sent again")
