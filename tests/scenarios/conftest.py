"""The platform of `app.py`, synthesized once, deployed to one local cloud, with both tenants' analysts at work."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from emrguard_local.cloud import LocalCloud
from emrguard_local.demo import story
from emrguard_local.deploy import deploy
from emrguard_local.engines.spark import SparkEngine
from emrguard_policies.assembly import Assembly, load
from scenario_support import ROOT, Platform


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """All scenarios share one deployed cloud, so one pytest-xdist worker runs them."""
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.scenario)
            item.add_marker(pytest.mark.xdist_group("scenario"))


@pytest.fixture(scope="session")
def cdk_out(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The synthesized `app.py`."""
    directory = tmp_path_factory.mktemp("assembly") / "cdk.out"
    story.synthesize(ROOT, directory)
    return directory


@pytest.fixture(scope="session")
def assembly(cdk_out: Path) -> Assembly:
    """The cloud assembly of `app.py`, read back."""
    return load(cdk_out)


@pytest.fixture(scope="session")
def platform(assembly: Assembly) -> Iterator[Platform]:
    """The platform on a running local cloud."""
    SparkEngine().prepare("emr-7.14.0", print)
    with LocalCloud.start() as cloud:
        stacks = story.Stacks.of(deploy(assembly, cloud))
        people = story.seed(cloud, stacks, ROOT)
        yield Platform(cloud, stacks, people, story.auditor(cloud, stacks))


@pytest.fixture(scope="session")
def delays(platform: Platform) -> story.JobRun:
    """The flights job, submitted by the flights submitter and followed to its end."""
    data = platform.flights["DataBucketName"]
    run = story.submit(
        platform.cloud,
        platform.submitters["flights"],
        platform.flights,
        name="delays",
        input_uri=f"s3://{data}/input/flights.csv",
    )
    return story.follow(platform.cloud, platform.submitters["flights"], run, lambda _: None)
