"""Applications: their settings, states and operations.

https://docs.aws.amazon.com/emr/latest/EMR-Serverless-UserGuide/applications.html
"""

from __future__ import annotations

import copy
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from emrguard_local.emr_serverless.application_rules import check_settings, with_defaults
from emrguard_local.emr_serverless.errors import validation
from emrguard_local.emr_serverless.pages import page
from emrguard_local.emr_serverless.registry import Registry
from emrguard_local.emr_serverless.releases import Release, release
from emrguard_local.emr_serverless.settings import Settings
from emrguard_local.emr_serverless.sizes import MIB_PER_GB, Size, amount

ENDED = {"SUCCESS", "FAILED", "CANCELLED"}
"""States of a job run that it never leaves."""

_NO_LIMIT = 2**62
_UNCHANGEABLE = {"applicationId", "clientToken"}
_SUMMARY = ("name", "architecture")


@dataclass(eq=False)
class Application:
    """One application. `settings` are the API's members, with the service's defaults."""

    number: int
    id: str
    arn: str
    engine: str
    settings: dict[str, Any]
    tags: dict[str, str]
    created_at: datetime
    updated_at: datetime
    state: str = "CREATING"
    state_details: str = ""
    idle_since: float | None = field(default=None)
    """Monotonic time since when a started application has had nothing to do."""

    @property
    def release(self) -> Release:
        """The application's release."""
        return release(self.settings["releaseLabel"])

    @property
    def capacity(self) -> Size:
        """`maximumCapacity`; a part that it does not limit is larger than any job."""
        limits: Mapping[str, str] = self.settings.get("maximumCapacity", {})
        return Size(
            amount(limits["cpu"]) if limits else _NO_LIMIT,
            amount(limits["memory"]) * MIB_PER_GB if limits else _NO_LIMIT * MIB_PER_GB,
            amount(limits["disk"]) if "disk" in limits else _NO_LIMIT,
        )

    @property
    def capacity_text(self) -> str:
        """`maximumCapacity` as AWS writes it into messages."""
        limits: Mapping[str, str] = self.settings.get("maximumCapacity", {})
        units = {"cpu": "vCPU", "memory": "GB", "disk": "GB"}
        return ", ".join(f"{name}: {amount(limits[name])} {unit}" for name, unit in units.items() if name in limits)

    def become(self, state: str, details: str = "") -> None:
        """Enter a state."""
        self.state = state
        self.state_details = details
        self.updated_at = datetime.now(UTC)

    def view(self) -> dict[str, Any]:
        """The `Application` of GetApplication."""
        return copy.deepcopy(
            {
                **self.settings,
                "applicationId": self.id,
                "arn": self.arn,
                "type": self.engine,
                "state": self.state,
                "stateDetails": self.state_details,
                "createdAt": self.created_at,
                "updatedAt": self.updated_at,
                "tags": self.tags,
            }
        )

    def summary(self) -> dict[str, Any]:
        """The `ApplicationSummary` of ListApplications."""
        return {
            "id": self.id,
            "arn": self.arn,
            "releaseLabel": self.settings["releaseLabel"],
            "type": self.engine,
            "state": self.state,
            "stateDetails": self.state_details,
            "createdAt": self.created_at,
            "updatedAt": self.updated_at,
        } | {name: self.settings[name] for name in _SUMMARY if name in self.settings}


class Applications:
    """The operations on applications, and the thread that stops idle ones."""

    def __init__(self, registry: Registry, settings: Settings, arn_prefix: str) -> None:
        self._registry = registry
        self._settings = settings
        self._arn_prefix = arn_prefix
        self._closed = False
        self._janitor = threading.Thread(target=self._stop_idle_ones, name="emr-serverless-auto-stop", daemon=True)
        self._janitor.start()

    def create(self, parameters: Mapping[str, Any]) -> dict[str, Any]:
        """CreateApplication."""
        asked = {name: copy.deepcopy(value) for name, value in parameters.items() if name not in _UNCHANGEABLE}
        tags = asked.pop("tags", {})
        engine = asked.pop("type")
        if engine.upper() not in {"SPARK", "HIVE"}:
            raise validation(f"type is '{engine}'; use SPARK or HIVE")
        engine = engine.capitalize()
        settings = with_defaults(asked)
        check_settings(engine, settings)
        now = datetime.now(UTC)
        with self._registry.changed:
            identifier = self._registry.new_id()
            made = Application(
                self._registry.next_number(),
                identifier,
                f"{self._arn_prefix}/applications/{identifier}",
                engine,
                settings,
                tags,
                now,
                now,
            )
            self._registry.applications[identifier] = made
            # Nothing has to be made on a machine, so the application leaves CREATING at once.
            made.become("CREATED")
            self._registry.changed.notify_all()
        answer = {"applicationId": made.id, "arn": made.arn}
        return answer | ({"name": settings["name"]} if "name" in settings else {})

    def get(self, parameters: Mapping[str, Any]) -> dict[str, Any]:
        """GetApplication."""
        with self._registry.changed:
            return {"application": self._registry.application(parameters["applicationId"]).view()}

    def list(self, parameters: Mapping[str, Any]) -> dict[str, Any]:
        """ListApplications."""
        states = parameters.get("states")
        with self._registry.changed:
            chosen = [each for each in self._registry.applications.values() if states is None or each.state in states]
            found, more = page(chosen, parameters, "applications")
            return {"applications": [each.summary() for each in found], **more}

    def update(self, parameters: Mapping[str, Any]) -> dict[str, Any]:
        """UpdateApplication: each member given replaces the former one; an empty one takes it away."""
        asked = {name: copy.deepcopy(value) for name, value in parameters.items() if name not in _UNCHANGEABLE}
        with self._registry.changed:
            application = self._registry.application(parameters["applicationId"])
            scheduler = {
                **application.settings.get("schedulerConfiguration", {}),
                **asked.get("schedulerConfiguration", {}),
            }
            only_concurrency = set(asked) == {"schedulerConfiguration"} and scheduler.get(
                "queueTimeoutMinutes"
            ) == application.settings.get("schedulerConfiguration", {}).get("queueTimeoutMinutes")
            if not (only_concurrency and application.state == "STARTED"):
                self._demand(application, {"CREATED", "STOPPED"})
            settings = {**application.settings, **asked}
            if "schedulerConfiguration" in asked:
                settings["schedulerConfiguration"] = scheduler
            settings = with_defaults({name: value for name, value in settings.items() if not _cleared(name, value)})
            check_settings(application.engine, settings)
            application.settings = settings
            application.become(application.state, application.state_details)
            self._registry.changed.notify_all()
            return {"application": application.view()}

    def start(self, parameters: Mapping[str, Any]) -> dict[str, Any]:
        """StartApplication; an application that is started already stays so."""
        with self._registry.changed:
            application = self._registry.application(parameters["applicationId"])
            if application.state != "STARTED":
                self._demand(application, {"CREATED", "STOPPED"})
                self._bring_up(application)
        return {}

    def stop(self, parameters: Mapping[str, Any]) -> dict[str, Any]:
        """StopApplication; refuses while job runs have not ended."""
        with self._registry.changed:
            application = self._registry.application(parameters["applicationId"])
            if application.state in {"CREATED", "STOPPED"}:
                return {}
            self._demand(application, {"STARTED"})
            active = [each.id for each in self._registry.runs_of(application) if each.state not in ENDED]
            if active:
                raise validation(
                    f"Application {application.id} cannot be stopped while job runs have not ended: "
                    f"{', '.join(active)}; cancel them or wait for them"
                )
            self._bring_down(application, "")
        return {}

    def delete(self, parameters: Mapping[str, Any]) -> dict[str, Any]:
        """DeleteApplication: the application stays visible as TERMINATED."""
        with self._registry.changed:
            application = self._registry.application(parameters["applicationId"])
            self._demand(application, {"CREATED", "STOPPED"})
            application.become("TERMINATED")
            self._registry.changed.notify_all()
        return {}

    def check_takes_jobs(self, application: Application) -> None:
        """Check that the application is started, or starts by itself for a job run. Hold `changed`.

        Raises:
            ServiceError: ValidationException; autoStartConfiguration is off, or it is TERMINATED.
        """
        if application.state in {"CREATED", "STOPPED"}:
            if application.settings["autoStartConfiguration"]["enabled"]:
                return
            raise validation(
                f"Application {application.id} must be in of the following statuses [STARTED]. Current status: "
                f"{application.state}: its autoStartConfiguration is disabled, so call StartApplication first"
            )
        self._demand(application, {"STARTED"})

    def start_for_job(self, application: Application) -> None:
        """Start the application for a job run where it is not started yet. Hold `changed`.

        Raises:
            ServiceError: as `check_takes_jobs`.
        """
        self.check_takes_jobs(application)
        if application.state != "STARTED":
            self._bring_up(application)

    def _bring_up(self, application: Application) -> None:
        """STARTING, then STARTED: where initial capacity would be made. Hold `changed`."""
        application.become("STARTING")
        kept = "" if "initialCapacity" not in application.settings else "initial capacity is not kept warm locally"
        application.become("STARTED", kept)
        application.idle_since = time.monotonic()
        self._registry.changed.notify_all()

    def close(self) -> None:
        """End the auto-stop thread."""
        with self._registry.changed:
            self._closed = True
            self._registry.changed.notify_all()
        self._janitor.join()

    def _bring_down(self, application: Application, details: str) -> None:
        application.become("STOPPING")
        application.become("STOPPED", details)
        application.idle_since = None
        self._registry.changed.notify_all()

    @staticmethod
    def _demand(application: Application, states: set[str]) -> None:
        if application.state not in states:
            mend = "; call StopApplication first" if application.state == "STARTED" else ""
            raise validation(
                f"Application {application.id} must be in of the following statuses "
                f"[{', '.join(sorted(states))}]. Current status: {application.state}{mend}"
            )

    def _idle_deadline(self, application: Application) -> float | None:
        auto = application.settings["autoStopConfiguration"]
        if application.state != "STARTED" or application.idle_since is None or not auto["enabled"]:
            return None
        return application.idle_since + float(auto["idleTimeoutMinutes"]) * self._settings.minute_seconds

    def _stop_idle_ones(self) -> None:
        with self._registry.changed:
            while not self._closed:
                deadlines = {
                    each: deadline
                    for each in self._registry.applications.values()
                    if (deadline := self._idle_deadline(each)) is not None
                }
                now = time.monotonic()
                for application, deadline in deadlines.items():
                    if deadline <= now:
                        minutes = application.settings["autoStopConfiguration"]["idleTimeoutMinutes"]
                        self._bring_down(application, f"Stopped automatically after {minutes} idle minutes")
                waits = [deadline - now for deadline in deadlines.values() if deadline > now]
                self._registry.changed.wait(min(waits) if waits else None)


def _cleared(name: str, value: Any) -> bool:
    match name:
        case "imageConfiguration":
            return "imageUri" not in value
        case "networkConfiguration":
            return not any(value.values())
        case "diskEncryptionConfiguration" | "initialCapacity" | "workerTypeSpecifications":
            return not value
        case _:
            return False
