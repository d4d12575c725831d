"""The commands, noun then verb; none of them ever prints a contact value or a traceback."""

import click

from gateway.cli.audit import audit
from gateway.cli.carriers import carriers
from gateway.cli.clients import clients
from gateway.cli.console import console
from gateway.cli.demo import demo
from gateway.cli.doctor import doctor
from gateway.cli.handover import handover
from gateway.cli.init import init
from gateway.cli.keys import keys
from gateway.cli.merchants import merchants
from gateway.cli.orders import orders
from gateway.cli.policy import policy
from gateway.cli.retention import retention
from gateway.cli.running import Commands
from gateway.cli.serve import serve
from gateway.cli.subjects import subjects


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
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


for command in (
    *(init, serve, demo, doctor, orders, carriers, clients, audit, subjects, retention, keys),
    *(handover, policy, merchants, console),
):
    main.add_command(command)
