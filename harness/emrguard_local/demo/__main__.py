"""Runs the demo from the repository's root: `python -m emrguard_local.demo`."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from rich.console import Console
from rich.table import Table
from rich.text import Text

from emrguard_local.cloud import LocalCloud
from emrguard_local.demo import report, story
from emrguard_local.deploy import deploy
from emrguard_local.engines.spark import SparkEngine
from emrguard_local.exceptions import EngineError, LocalCloudError
from emrguard_policies.assembly import load
from emrguard_policies.audit import audit
from emrguard_policies.exceptions import EmrGuardError
from emrguard_policies.isolation import prove
from emrguard_policies.rules.registry import all_rules

REPORT = Path("demo-report") / "index.html"
_RELEASE_LABEL = "emr-7.14.0"
_PARTS = 8


@dataclass
class _EngineSetup:
    """Makes the Spark environment in the background while the stacks are synthesized and deployed."""

    error: EngineError | None = None
    message: str = ""
    _thread: threading.Thread = field(init=False)

    def __post_init__(self) -> None:
        self._thread = threading.Thread(target=self._run, daemon=True, name="engine-setup")
        self._thread.start()

    def _run(self) -> None:
        try:
            SparkEngine().prepare(_RELEASE_LABEL, self._heard)
        except EngineError as error:
            self.error = error

    def _heard(self, message: str) -> None:
        self.message = message

    def wait(self, heard: Callable[[str], None]) -> None:
        """Wait for the environment, passing on its progress.

        Raises:
            EngineError: it could not be made.
        """
        last = ""
        while self._thread.is_alive():
            if self.message != last:
                heard(last := self.message)
            self._thread.join(0.2)
        if self.error:
            raise self.error


class _Stage:
    """The demo's output: numbered parts with the seconds each took."""

    def __init__(self, console: Console) -> None:
        self.console = console
        self.seconds: list[tuple[str, float]] = []

    @contextmanager
    def part(self, number: int, title: str) -> Iterator[Callable[[str], None]]:
        started = time.monotonic()
        self.console.print(f"\n[bold][{number}/{_PARTS}] {title}[/bold]", highlight=False)
        with self.console.status(title) as status:
            yield lambda text: status.update(text)
        seconds = time.monotonic() - started
        self.seconds.append((title, seconds))
        self.console.print(f"      [dim]{seconds:.1f} s[/dim]", highlight=False)

    def say(self, text: str) -> None:
        self.console.print(f"      {text}", highlight=False, markup=False, soft_wrap=True)

    def table(self, title: str, columns: list[str], rows: list[list[str]]) -> None:
        table = Table(title=title, title_justify="left", title_style="italic")
        for column in columns:
            table.add_column(column, overflow="fold")
        for row in rows:
            table.add_row(*(Text(cell) for cell in row))
        self.console.print(table)


def main() -> None:
    """Run the demo; exit code 1 with one line when something fails, 130 on Ctrl-C."""
    console = Console()
    try:
        run(Path.cwd(), _Stage(console))
    except KeyboardInterrupt:
        console.print("\ninterrupted; the local cloud and its jobs have been stopped")
        sys.exit(130)
    except EmrGuardError as error:
        console.print(f"\nerror: {error}", style="red", markup=False, soft_wrap=True)
        sys.exit(1)


def run(directory: Path, stage: _Stage) -> None:
    """The eight parts, in order."""
    started = time.monotonic()
    engine = _EngineSetup()
    facts = report.Facts()

    with stage.part(1, "Synthesize app.py: a platform and two tenants, flights and payroll"):
        story.synthesize(directory, directory / "cdk.out")
        assembly = load(directory / "cdk.out")
        count = sum(len(template.resources) for template in assembly.templates)
        stage.say(
            f"{len(assembly.templates)} stacks, {count} resources in cdk.out: "
            + ", ".join(template.name for template in assembly.templates)
        )
        found, accepted = story.findings_of_the_synth(directory / "cdk.out")
        stage.say(f"cdk-nag in the synth, AwsSolutions and EmrGuard: {found} findings, {accepted} acknowledged")
        if found:
            raise LocalCloudError("the synth has findings that nobody acknowledged; see cdk.out/validation-report.json")

    with stage.part(2, "Audit the templates"):
        audited = audit(assembly)
        facts.audit = audited
        facts.acknowledged = report.acknowledged(assembly)
        unacknowledged = [each for each in audited.findings if each.acknowledged is None]
        stage.say(f"emrguard audit: {len(all_rules())} rules, {len(unacknowledged)} findings")
        stage.say(f"acknowledged in the templates, of all packs: {len(facts.acknowledged)}, each with its reason")
        for each in facts.acknowledged:
            stage.say(f"  {each.rule}: {each.reason}")
        if unacknowledged:
            raise LocalCloudError(f"the audit found {unacknowledged[0].rule}: {unacknowledged[0].message}")

    with stage.part(3, "Prove the isolation of the tenants"):
        proof = prove(assembly)
        facts.proof = proof
        stage.say(f"{proof.verdict}: {proof.checked} questions, {len(proof.counterexamples)} counterexamples, assuming")
        for assumption in proof.assumptions:
            stage.say(f"  - {assumption}")
        if proof.verdict != "isolated":
            raise LocalCloudError(f"the tenants are {proof.verdict}; see: emrguard prove cdk.out")

    with LocalCloud.start() as cloud:
        with stage.part(4, "Deploy cdk.out to the local cloud") as now:
            deployment = deploy(assembly, cloud, progress=lambda event: now(f"{event.stack}: {event.logical_id}"))
            stage.say(f"{len(deployment.resources)} resources at {cloud.endpoint_url}")
            for exception in deployment.exceptions:
                stage.say(f"not modelled: {exception}")
            stacks = story.Stacks.of(deployment)
            facts.deployed = [(each.stack, each.type, each.physical_id) for each in deployment.resources]

        with stage.part(5, "Run a real Spark job on 336,776 flights, as the flights submitter") as now:
            engine.wait(now)
            people = story.seed(cloud, stacks, directory)
            flights, payroll = stacks.tenants["flights"], stacks.tenants["payroll"]
            submitter = people["flights"].credentials
            job = story.submit(
                cloud,
                submitter,
                flights,
                name="delays",
                input_uri=f"s3://{flights['DataBucketName']}/input/flights.csv",
            )
            story.follow(cloud, submitter, job, now)
            facts.jobs.append(job)
            stage.say(f"job run {job.job_run_id}: " + " → ".join(state for state, _ in job.timeline))
            if job.state != "SUCCESS":
                raise LocalCloudError(f"the job ended {job.state}: {job.details}")
            uri, _ = story.driver_log(cloud, submitter, flights, job, "stdout")
            stage.say(f"driver log: {uri}")
            rows = story.results(cloud, submitter, flights, job)
            facts.results = sorted(rows, key=lambda row: -row["flights"])
            stage.table(
                "Delays by carrier (read back from Parquet)",
                list(rows[0]),
                [[_cell(value) for value in row.values()] for row in facts.results[:8]],
            )

        with stage.part(6, "Show the seal holding") as now:
            trespass = story.submit(
                cloud,
                submitter,
                flights,
                name="trespass",
                input_uri=f"s3://{payroll['DataBucketName']}/input/salaries.csv",
            )
            story.follow(cloud, submitter, trespass, now)
            facts.jobs.append(trespass)
            if trespass.state != "FAILED" or "s3:GetObject" not in trespass.details:
                raise LocalCloudError(f"the seal does not hold: the trespassing job ended {trespass.state}")
            facts.denials.append(
                story.Denial(
                    "flights' job reads payroll's data", "flights execution role", "s3:GetObject", trespass.details
                )
            )
            facts.denials.append(
                story.refused(
                    "flights' submitter passes payroll's role",
                    "flights submitter",
                    "emr-serverless:StartJobRun",
                    lambda: story.submit(
                        cloud,
                        submitter,
                        flights,
                        name="borrowed-role",
                        input_uri="s3://unused/",
                        execution_role_arn=payroll["ExecutionRoleArn"],
                    ),
                )
            )
            facts.denials.append(
                story.refused(
                    "the flights analyst signs in without MFA",
                    "flights-analyst",
                    "sts:AssumeRole",
                    lambda: people["flights"].sign_in(mfa=False),
                )
            )
            for denial in facts.denials:
                stage.say(f"{denial.attempt}: refused")
                stage.say(f"  {denial.message}")

        with stage.part(7, "Show the record: CloudTrail in the trail's bucket") as now:
            now("waiting for the trail's delivery")
            facts.records = story.wait_for_records(
                cloud, story.auditor(cloud, stacks), stacks.platform["TrailBucketName"], wanted=story.tells_the_story
            )
            denied = sum("errorCode" in each for each in facts.records)
            stage.say(f"{len(facts.records)} records, {denied} of them of refused calls")
            stage.table("The last of each kind", list(report.RECORD_COLUMNS), report.record_rows(facts.records))

    with stage.part(8, "Write the report"):
        facts.seconds = stage.seconds
        report.write(facts, directory / REPORT)
        stage.say(f"{REPORT}")
    stage.say(f"the whole demo took {time.monotonic() - started:.0f} s")


def _cell(value: object) -> str:
    return f"{value:,.1f}" if isinstance(value, float) else f"{value:,}" if isinstance(value, int) else str(value)


if __name__ == "__main__":
    main()
