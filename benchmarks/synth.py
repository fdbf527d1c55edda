"""How long a synth takes: tenants of ours against the same resources written as plain CfnResources, and against DSF.

    python benchmarks/synth.py            # all of it; the first run installs DSF into a folder of its own
    python benchmarks/synth.py --no-dsf

Every synth is a process of its own and is timed from the first construct to the end of `synth()`, without imports and
without rule packs. The plain peer gives CDK the finished properties, one call a resource: less work than any code that
people write. DSF is the AWS Data Solutions Framework: one runtime with its network, data and log bucket, key and role a
tenant, which is less than a `Tenant` has.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
import venv
from pathlib import Path
from typing import Any

DSF = "1.21.3"
"""The version that is compared with; it gets a virtual environment apart, since it is no dependency of ours."""
COUNTS = (10, 50)
_DSF_APP = """
import json, sys, time
import aws_cdk as cdk
from aws_cdk import aws_ec2 as ec2, aws_kms as kms
import cdklabs.aws_data_solutions_framework as dsf

count, out = int(sys.argv[1]), sys.argv[2]
start = time.perf_counter()
app = cdk.App(outdir=out)
for number in range(count):
    stack = cdk.Stack(app, f"Tenant{number}")
    key = kms.Key(stack, "Key", enable_key_rotation=True)
    data = dsf.storage.AnalyticsBucket(stack, "Data", encryption_key=key)
    logs = dsf.storage.AnalyticsBucket(stack, "Logs", encryption_key=key)
    vpc = dsf.utils.DataVpc(stack, "Vpc", vpc_cidr="10.0.0.0/16")
    dsf.processing.SparkEmrServerlessRuntime(stack, "Runtime", name=f"tenant-{number}")
    role = dsf.processing.SparkEmrServerlessRuntime.create_execution_role(stack, "Role")
    data.grant_read_write(role)
    logs.grant_write(role)
app.synth()
print(json.dumps({"seconds": time.perf_counter() - start}))
"""


def ours(count: int, out: Path) -> float:
    """Seconds to synthesize so many tenants, each in a stack."""
    import aws_cdk as cdk

    from emrguard import Tenant

    start = time.perf_counter()
    app = cdk.App(outdir=str(out))
    for number in range(count):
        Tenant(cdk.Stack(app, f"Tenant{number}"), "Tenant", name=f"tenant-{number}")
    app.synth()
    return time.perf_counter() - start


def plain(templates: Path, out: Path) -> float:
    """Seconds to synthesize the same templates from plain resources."""
    import aws_cdk as cdk

    bodies = {each.name.partition(".")[0]: json.loads(each.read_text()) for each in templates.glob("*.template.json")}
    start = time.perf_counter()
    app = cdk.App(outdir=str(out))
    for name, body in bodies.items():
        stack = cdk.Stack(app, name)
        for logical_id, found in body["Resources"].items():
            if found["Type"] == "AWS::CDK::Metadata":
                continue
            made = cdk.CfnResource(stack, logical_id, type=found["Type"], properties=found.get("Properties"))
            made.override_logical_id(logical_id)
    app.synth()
    return time.perf_counter() - start


def apart(python: str, code: list[str]) -> float:
    """Seconds that a process of its own measured."""
    done = subprocess.run([python, *code], capture_output=True, text=True, check=False, env=_environment())  # noqa: S603
    if done.returncode:
        sys.exit(done.stderr)
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return float(found["seconds"])


def _environment() -> dict[str, str]:
    return os.environ | {"CDK_VALIDATION": "false", "JSII_SILENCE_WARNING_UNTESTED_NODE_VERSION": "true"}


def dsf_python() -> str:
    """The interpreter of a virtual environment with DSF, made at the first use."""
    home = Path(tempfile.gettempdir()) / f"emrguard-benchmark-dsf-{DSF}"
    python = home / "bin" / "python"
    if not (home / "ready").exists():
        venv.create(home, with_pip=True, clear=True)
        package = f"cdklabs.aws-data-solutions-framework=={DSF}"
        subprocess.run([python, "-m", "pip", "install", "--quiet", package], check=True)  # noqa: S603
        (home / "ready").touch()
    return str(python)


def main() -> None:
    """Run the comparisons, the best of `--runs` each, and print ratios with their targets."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--no-dsf", action="store_true", help="leave the comparison with DSF out")
    parser.add_argument("--runs", type=int, default=2, help="runs of each, of which the best counts, default 2")
    parser.add_argument("--one", nargs=3, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.one:
        kind, what, out = given.one
        seconds = ours(int(what), Path(out)) if kind == "ours" else plain(Path(what), Path(out))
        print(json.dumps({"seconds": seconds}))
        return
    with tempfile.TemporaryDirectory() as directory:
        here = Path(directory)
        (here / "dsf.py").write_text(_DSF_APP, encoding="utf-8")
        me = str(Path(__file__).resolve())
        for count in COUNTS:
            made, again, other = here / f"ours-{count}", str(here / "plain"), str(here / "dsf.out")
            times: dict[str, list[float]] = {"ours": [], "plain": [], "dsf": []}
            for _ in range(given.runs):
                times["ours"].append(apart(sys.executable, [me, "--one", "ours", str(count), str(made)]))
                times["plain"].append(apart(sys.executable, [me, "--one", "plain", str(made), again]))
                if not given.no_dsf:
                    times["dsf"].append(apart(dsf_python(), [str(here / "dsf.py"), str(count), other]))
            best = {name: min(each) for name, each in times.items() if each}
            resources = sum(len(json.loads(each.read_text())["Resources"]) for each in made.glob("*.template.json"))
            print(f"{count} tenants, {resources} resources: {best['ours']:.2f} s")
            print(f"  {best['ours'] / best['plain']:.1f}x plain resources ({best['plain']:.2f} s); target 1.5x")
            if "dsf" in best:
                print(f"  {best['ours'] / best['dsf']:.2f}x DSF {DSF} ({best['dsf']:.2f} s); target 0.5x")


if __name__ == "__main__":
    main()
