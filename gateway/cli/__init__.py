"""The commands, noun then verb; none of them ever prints a traceback.

A contact value is printed by one alone, and to a terminal alone: handover export --plain.
"""

from collections.abc import Mapping
from importlib import import_module
from typing import Any, ClassVar

import click


class Root(click.Group):
    """What `gateway` alone is: it knows its commands by name, and loads the one that is asked for.

    Each stands in the module of its name. To name them all takes no database and no web server.
    """

    summaries: ClassVar[Mapping[str, str]] = {
        "init": "Set up data directory, keys and database.",
        "demo": "Set up with demo data, print what to try.",
        "serve": "Answer requests.",
        "doctor": "Check everything, say how to mend it.",
        "orders": "Orders in, and who delivers them.",
        "carriers": "The carriers that may receive contacts.",
        "handover": "What goes to carriers without their asking.",
        "audit": "The audit log.",
        "policy": "What is permitted, what is not, and why.",
        "subjects": "Reports to buyers, and their erasure.",
        "reports": "What authorities and auditors ask for.",
        "retention": "Deletion of contacts and logs whose time is over.",
        "keys": "The keys that seal contacts.",
        "backup": "Encrypted backups of database and keyring, apart.",
        "clients": "The callers of the API and their tokens.",
        "console": "The accounts of the review console.",
        "merchants": "The merchants that are served, kept apart.",
    }

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Their names, as they are needed one after another."""
        del ctx
        return list(self.summaries)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command of this name, or nothing."""
        if cmd_name in self.summaries and cmd_name not in self.commands:
            self.add_command(getattr(import_module(f"gateway.cli.{cmd_name}"), cmd_name))
        return super().get_command(ctx, cmd_name)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Each with what it is for."""
        del ctx
        with formatter.section("Commands"):
            formatter.write_dl(list(self.summaries.items()))

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command that was named; whatever goes wrong below ends as one clear message."""
        with import_module("gateway.cli.running").explaining(ctx):
            return super().invoke(ctx)


@click.group(cls=Root, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="contact-export-gateway", prog_name="gateway")
def main() -> None:
    """Hand the contacts of OTTO freight orders to the responsible carrier, and to nobody else.

    \b
    To begin:
      gateway demo      sets everything up with demo orders, and prints requests to try
      gateway serve     answers them

    Settings are read from config/gateway.toml, GATEWAY_CONFIG and GATEWAY_<TABLE>__<KEY>; the data
    directory is ./var, or GATEWAY_DATA. Every command that shows something takes --json.

    Exit status: 0 done, 1 some of it refused or failed, 2 wrong usage.
    """
