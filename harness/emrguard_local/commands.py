"""`emrguard local`: the local cloud from the command line."""

from __future__ import annotations

import signal
import threading

import click

from emrguard_local.cloud import LocalCloud
from emrguard_local.exceptions import LocalCloudError


@click.group()
def local() -> None:
    """A local cloud: AWS on this machine, as far as EMR Serverless applications need it."""


@local.command()
@click.option("--port", default=0, show_default="a free one", type=click.IntRange(0, 65535), help="Port on 127.0.0.1.")
@click.option("--region", default="us-east-1", show_default=True, help="Region of the cloud.")
def start(port: int, region: str) -> None:
    """Run a local cloud in the foreground until Ctrl-C.

    Prints the settings that the AWS CLI and the SDKs need as export lines.
    """
    ended = threading.Event()
    # A closed terminal and a polite kill end the cloud as Ctrl-C does.
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda *_: ended.set())
    with LocalCloud.start(region=region, port=port) as cloud:
        for name, value in (
            ("AWS_ENDPOINT_URL", cloud.endpoint_url),
            ("AWS_ACCESS_KEY_ID", cloud.admin.access_key_id),
            ("AWS_SECRET_ACCESS_KEY", cloud.admin.secret_access_key),
            ("AWS_DEFAULT_REGION", cloud.region),
        ):
            click.echo(f"export {name}={value}")
        click.echo("unset AWS_SESSION_TOKEN AWS_PROFILE")
        click.echo(f"# account {cloud.account_id}; Ctrl-C ends the local cloud and every job in it", err=True)
        try:
            while not ended.wait(1.0):
                if not cloud.running:
                    raise LocalCloudError("the local cloud has ended by itself")
        except KeyboardInterrupt:
            pass
    click.echo("# the local cloud has ended", err=True)
