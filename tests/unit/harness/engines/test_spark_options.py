"""sparkSubmitParameters are read as spark-submit reads them."""

from __future__ import annotations

import shlex

import pytest

from emrguard_local.engines.spark.options import parse
from emrguard_local.exceptions import EngineError


def test_options_become_properties_and_the_later_one_wins() -> None:
    """--conf, its dedicated options and the = form mean the same; order decides."""
    options = parse(
        shlex.split(
            "--conf spark.driver.memory=2g --driver-memory 4g --executor-cores=2 -c a.b='x=y z' "
            "--py-files s3://b/x.py,s3://b/y.zip --class com.example.Main --name 'my job' --verbose"
        )
    )
    assert options.properties == {
        "spark.driver.memory": "4g",
        "spark.executor.cores": "2",
        "a.b": "x=y z",
        "spark.submit.pyFiles": "s3://b/x.py,s3://b/y.zip",
        "spark.app.name": "my job",
    }
    assert options.main_class == "com.example.Main"
    assert options.switches == ("--verbose",)


@pytest.mark.parametrize(
    ("parameters", "named"),
    [
        ("--conf", "--conf needs a value"),
        ("--conf spark.x", "'spark.x'"),
        ("--conf =1", "'=1'"),
        ("--exectuor-memory 4g", "'--exectuor-memory'"),
        ("stray", "'stray'"),
        ("--properties-file s3://b/p", "--properties-file"),
        ("--kill id", "--kill"),
    ],
)
def test_what_cannot_be_followed_is_refused(parameters: str, named: str) -> None:
    """A misspelt or incomplete option is an error that names it, not a setting that is silently lost."""
    with pytest.raises(EngineError) as caught:
        parse(shlex.split(parameters))
    assert named in str(caught.value)
