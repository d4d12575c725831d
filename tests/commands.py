"""Walks the commands, so that a test asks something of every one there is, and of those to come."""

from collections.abc import Iterator

import click

from gateway.cli import main


def commands(
    command: click.Command = main, *path: str
) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    """Each command with the words that call it."""
    if not isinstance(command, click.Group):
        yield path, command
        return
    context = click.Context(command)
    for word in command.list_commands(context):
        below = command.get_command(context, word)
        assert below is not None
        yield from commands(below, *path, word)
