"""The nouns, under which the verbs stand: what each verb does is told whole, and not cut to a line."""

import click

_ANY = 1000


class Noun(click.Group):
    """A group of commands about one thing."""

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Each with the first sentence of its help."""
        verbs = [(name, self.get_command(ctx, name)) for name in self.list_commands(ctx)]
        told = [(name, verb.get_short_help_str(_ANY)) for name, verb in verbs if verb is not None]
        with formatter.section("Commands"):
            formatter.write_dl(told)
