"""Real Spark jobs against a small S3 server that refuses and fails on demand: what a job may rely on with s3://."""

from __future__ import annotations

import http.server
import json
import os
import pickle
import shlex
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import boto3
import psutil
import pytest
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
from werkzeug.serving import WSGIRequestHandler, make_server

from emrguard_local.engines.base import JobSpec, WorkerSize
from emrguard_local.engines.spark import SparkEngine
from emrguard_local.engines.spark.process import SparkProcess

JOBS = Path(__file__).with_name("spark_jobs")
LABEL = "emr-7.14.0"
REFUSAL = (
    "User: arn:aws:sts::123456789012:assumed-role/job/run is not authorized to perform: s3:GetObject "
    'on resource: "arn:aws:s3:::theirs/secret.txt" because no identity-based policy allows the s3:GetObject action'
)


class QuietHandler(WSGIRequestHandler):
    """Logs no request."""

    def log_request(self, *_: object) -> None:
        """Say nothing."""


class Front:
    """moto behind a front that refuses one bucket and fails the first requests for one object."""

    def __init__(self) -> None:
        self._moto = DomainDispatcherApplication(create_backend_app)
        self._failures = iter(range(0))

    def fail_next(self) -> None:
        """Fail the next two requests for the flaky object."""
        self._failures = iter(range(1, 3))

    def __call__(self, environ: dict[str, Any], start: Callable[..., Any]) -> Any:
        method, path = environ["REQUEST_METHOD"], environ["PATH_INFO"]
        if path.startswith("/theirs"):
            body = f"<Error><Code>AccessDenied</Code><Message>{REFUSAL}</Message></Error>".encode()
            start("403 Forbidden", [("Content-Type", "application/xml"), ("Content-Length", str(len(body)))])
            return [b"" if method == "HEAD" else body]
        if path.endswith("/flaky.txt") and method == "GET" and next(self._failures, None):
            start("503 Service Unavailable", [("Content-Length", "0")])
            return [b""]
        if path.startswith("/narrow"):
            return self._narrow(environ, start)
        return self._moto(environ, start)

    def _narrow(self, environ: dict[str, Any], start: Callable[..., Any]) -> Any:
        """A role that may list `mine/*` only: S3 then tells 403 of objects that are missing."""
        asked = parse_qs(environ["QUERY_STRING"]).get("prefix", [""])[0]
        if environ["REQUEST_METHOD"] == "GET" and environ["PATH_INFO"] == "/narrow" and not asked.startswith("mine/"):
            return self({**environ, "PATH_INFO": "/theirs"}, start)

        answered: list[Any] = []
        body = self._moto(environ, lambda *answer: answered.append(answer))
        if answered[0][0].startswith("404"):
            return self({**environ, "PATH_INFO": "/theirs"}, start)
        start(*answered[0])
        return body


class CredentialsHandler(http.server.BaseHTTPRequestHandler):
    """The container credentials endpoint; its sessions are short, so that they are renewed during a job."""

    def do_GET(self) -> None:
        """Answer the right token only."""
        allowed = self.headers["Authorization"] == "the token"
        expiration = (datetime.now(UTC) + timedelta(seconds=6)).strftime("%Y-%m-%dT%H:%M:%SZ")
        keys = {"AccessKeyId": "ASIAEXAMPLE", "SecretAccessKey": "secret", "Token": "t", "Expiration": expiration}
        body = json.dumps(keys).encode()
        self.send_response(200 if allowed else 403)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


class Bench:
    """Two servers, a bucket, and what is needed to run a job on them."""

    def __init__(self, endpoint: str, credentials: str, front: Front) -> None:
        self.endpoint, self.credentials, self.front = endpoint, credentials, front
        session = boto3.Session("a", "b", region_name="us-east-1")
        self.s3 = session.client("s3", endpoint_url=endpoint)
        for bucket in ("ours", "narrow"):
            self.s3.create_bucket(Bucket=bucket)

    def spec(self, work_dir: Path, script: str, *arguments: str, parameters: tuple[str, ...] = ()) -> JobSpec:
        """A job whose script lies in the bucket; `script` is a file name of `spark_jobs` or the code itself."""
        body = (JOBS / script).read_bytes() if script.endswith(".py") else script.encode()
        self.s3.put_object(Bucket="ours", Key="jobs/main.py", Body=body)
        return JobSpec(
            application_id="00app",
            job_run_id="00run",
            release_label=LABEL,
            entry_point="s3://ours/jobs/main.py",
            entry_point_arguments=arguments,
            spark_submit_parameters=parameters,
            configuration={},
            driver=WorkerSize(2, 4096),
            executor=WorkerSize(2, 4096),
            max_executors=1,
            region="us-east-1",
            endpoint_url=self.endpoint,
            credentials_uri=self.credentials,
            credentials_token="the token",
            work_dir=work_dir,
        )


@pytest.fixture(scope="module")
def bench() -> Iterator[Bench]:
    """The servers, running."""
    SparkEngine().prepare(LABEL, print)
    front = Front()
    s3 = make_server("127.0.0.1", 0, front, threaded=True, request_handler=QuietHandler)
    credentials = http.server.ThreadingHTTPServer(("127.0.0.1", 0), CredentialsHandler)
    threads = [threading.Thread(target=each.serve_forever) for each in (s3, credentials)]
    for thread in threads:
        thread.start()
    yield Bench(f"http://127.0.0.1:{s3.port}", f"http://127.0.0.1:{credentials.server_port}/keys", front)
    for server in (s3, credentials):
        server.shutdown()
        server.server_close()
    for thread in threads:
        thread.join()


def _logs(job: SparkProcess) -> str:
    return f"{job.stdout.read_text()}\n{job.stderr.read_text()}"


@pytest.mark.parametrize("label", [LABEL, "emr-spark-8.1.0"])
def test_every_feature_of_s3_works(bench: Bench, tmp_path: Path, label: str) -> None:
    """Formats, save modes, partitions, committers, RDDs, Hive tables, streams, large and many objects, refusals, …"""
    for number in range(1100):
        bench.s3.put_object(Bucket="ours", Key=f"features/{label}/many/{number:04}", Body=b"")
    bench.s3.put_object(Bucket="ours", Key="flaky.txt", Body=b"came through")
    bench.front.fail_next()
    SparkEngine().prepare(label, print)
    spec = bench.spec(tmp_path, "features.py", "ours", "theirs", "narrow", label)
    job = SparkEngine().start(replace(spec, release_label=label))
    outcome = job.wait(120)
    assert outcome is not None
    assert outcome.exit_code == 0, _logs(job)
    assert len([line for line in job.stdout.read_text().splitlines() if line.startswith("ok ")]) == 14


def test_a_refusal_is_the_reason_and_ends_stderr(bench: Bench, tmp_path: Path) -> None:
    """Who reads another tenant's object learns principal, action and resource from the outcome and from stderr."""
    script = (
        "from pyspark.sql import SparkSession as S; S.builder.getOrCreate().read.text('s3://theirs/secret.txt').show()"
    )
    job = SparkEngine().start(bench.spec(tmp_path, script))
    outcome = job.wait(60)
    assert outcome is not None
    assert outcome.exit_code == 1
    assert outcome.reason == f"AccessDenied: {REFUSAL}"
    assert job.stderr.read_text().endswith(f"emrguard: AccessDenied: {REFUSAL}\n")


def test_an_entry_point_that_may_not_be_read(bench: Bench, tmp_path: Path) -> None:
    """Spark itself fetches the entry point with the role's credentials, and is refused like the job would be."""
    spec = replace(bench.spec(tmp_path, "pass"), entry_point="s3://theirs/secret.txt")
    outcome = SparkEngine().start(replace(spec, entry_point="s3://theirs/main.py")).wait(60)
    assert outcome is not None
    assert outcome.reason == f"AccessDenied: {REFUSAL}"


def test_the_job_sees_its_own_environment_only(bench: Bench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Arguments, modules, properties and variables arrive; nothing of the harness's environment and no key does."""
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "of the harness")
    monkeypatch.setenv("PYTHONPATH", "/of/the/harness")
    bench.s3.put_object(Bucket="ours", Key="jobs/helper.py", Body=b"WORD = 'helped'\n")
    script = """
import json, os, sys
from pyspark.sql import SparkSession
import helper
spark = SparkSession.builder.getOrCreate()
conf = spark.sparkContext.getConf()
print(json.dumps({
    "arguments": sys.argv[1:], "environment": dict(os.environ), "helper": helper.WORD,
    "on worker": spark.sparkContext.parallelize([1]).map(lambda _: __import__("helper").WORD).first(),
    "setting": conf.get("spark.my.setting"), "master": conf.get("spark.master"),
    "heap": spark._jvm.java.lang.Runtime.getRuntime().maxMemory(),
}))
"""
    parameters = shlex.split(
        "--py-files s3://ours/jobs/helper.py --conf 'spark.my.setting=a b=c\\d ü' --master yarn --driver-memory 1g "
        "--conf spark.emr-serverless.driverEnv.COLOUR=red --executor-memory 1g "
        "--conf 'spark.driver.extraJavaOptions=-XX:+UseG1GC -Dx=y'"
    )
    job = SparkEngine().start(bench.spec(tmp_path, script, "--one", "two words", parameters=tuple(parameters)))
    outcome = job.wait(60)
    assert outcome is not None
    assert outcome.exit_code == 0, _logs(job)
    said = json.loads(job.stdout.read_text().splitlines()[-1])
    assert said["arguments"] == ["--one", "two words"]
    assert said["helper"] == said["on worker"] == "helped"
    assert said["setting"] == "a b=c\\d ü"
    assert said["master"] == f"local[{min(2, os.cpu_count() or 1)},4]"
    assert said["heap"] <= 1 << 30
    environment = said["environment"]
    assert environment["COLOUR"] == "red"
    assert environment["AWS_ENDPOINT_URL"] == bench.endpoint
    assert "AWS_SECRET_ACCESS_KEY" not in environment
    assert "VIRTUAL_ENV" not in environment
    assert "/of/the/harness" not in environment.get("PYTHONPATH", "")
    assert "emrguard: spark.master=yarn is not used" in job.stderr.read_text()


def _family(pid: int) -> list[psutil.Process]:
    return [psutil.Process(pid), *psutil.Process(pid).children(recursive=True)]


def _wait_for(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < deadline, "it took longer than 30 s"
        time.sleep(0.05)


def _is_alive(process: psutil.Process) -> bool:
    try:
        return process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


ENDLESS = """
import subprocess, sys, time
from pyspark.sql import SparkSession
subprocess.Popen(["sleep", "600"], start_new_session=True)
context = SparkSession.builder.getOrCreate().sparkContext
context.parallelize([1]).foreach(lambda _: None)
print("at work", flush=True)
context.parallelize([1, 2]).foreach(lambda _: time.sleep(600))
"""


def test_a_cancelled_job_leaves_no_process(bench: Bench, tmp_path: Path) -> None:
    """Driver, JVM, Python workers and whatever the job has started end, even what it has detached."""
    job = SparkEngine().start(bench.spec(tmp_path, ENDLESS))
    _wait_for(lambda: "at work" in job.stdout.read_text() or job.wait(0) is not None)
    family = _family(job.pid)
    assert len(family) >= 5, [each.name() for each in family]
    job.cancel()
    outcome = job.wait(30)
    assert outcome is not None
    assert outcome.reason == "the job was cancelled"
    _wait_for(lambda: not [each for each in family if _is_alive(each)])


def test_a_job_ends_with_the_process_that_started_it(bench: Bench, tmp_path: Path) -> None:
    """A server that is killed without a chance to clean up leaves no JVM and no Python behind."""
    (tmp_path / "spec").write_bytes(pickle.dumps(bench.spec(tmp_path, ENDLESS)))
    code = (
        "import pathlib, pickle, sys, time; from emrguard_local.engines.spark import SparkEngine;"
        "job = SparkEngine().start(pickle.loads(pathlib.Path(sys.argv[1]).read_bytes()));"
        "print(job.pid, flush=True); time.sleep(600)"
    )
    starter = subprocess.Popen([sys.executable, "-c", code, str(tmp_path / "spec")], stdout=subprocess.PIPE, text=True)
    assert starter.stdout is not None
    with starter.stdout:
        supervisor = int(starter.stdout.readline())
        _wait_for(lambda: "at work" in (tmp_path / "stdout").read_text())
        family = _family(supervisor)
        assert len(family) >= 5, [each.name() for each in family]
        starter.kill()
        starter.wait()
    _wait_for(lambda: not [each for each in family if _is_alive(each)])


def test_too_large_a_result_is_out_of_memory(bench: Bench, tmp_path: Path) -> None:
    """The heap is as small as the job says, and the reason names the setting to raise."""
    script = (
        "from pyspark.sql import SparkSession as S; S.builder.getOrCreate()._jvm.java.nio.ByteBuffer.allocate(1 << 30)"
    )
    parameters = ("--driver-memory", "600m", "--executor-memory", "600m")
    outcome = SparkEngine().start(bench.spec(tmp_path, script, parameters=parameters)).wait(60)
    assert outcome is not None
    assert outcome.exit_code != 0
    assert outcome.reason is not None
    assert "java.lang.OutOfMemoryError: Java heap space" in outcome.reason
    assert "600 MiB: raise spark.driver.memory" in outcome.reason
