"""Codes of virtual MFA devices, checked against the seeds that moto's IAM keeps."""

from __future__ import annotations

import hmac
import threading
from datetime import datetime, timedelta

import pyotp
from moto.iam.models import IAMBackend

from emrguard_local.call import Identity
from emrguard_local.host import ServiceError

_PERIOD_SECONDS = 30
# AWS takes the code of the period before and after, for clocks that differ.
_WINDOW = 1
_WRONG_CODE = "MultiFactorAuthentication failed with invalid MFA one time pass code. "


class MfaCodes:
    """Remembers which codes have been used: each is good once."""

    def __init__(self) -> None:
        self._used: dict[tuple[str, int], datetime] = {}
        self._lock = threading.Lock()

    def check(self, iam: IAMBackend, identity: Identity | None, serial: str, code: str, now: datetime) -> None:
        """Check that `code` comes from the caller's own device, and use it up.

        Raises:
            ServiceError: AccessDenied, for a wrong or used code, a device of another user, a caller that is no user.
        """
        device = iam.virtual_mfa_devices.get(serial)
        owner = device.user if device is not None else None
        if (
            device is None
            or owner is None
            or identity is None
            or identity.principal.kind != "user"
            or owner.arn != identity.principal.arn
            or serial not in owner.mfa_devices
        ):
            raise ServiceError(
                "AccessDenied", f"MultiFactorAuthentication failed, unable to validate MFA code. {serial}", 403
            )
        seed = device.base32_string_seed
        totp = pyotp.TOTP(seed.decode() if isinstance(seed, bytes) else seed, interval=_PERIOD_SECONDS)
        for offset in range(-_WINDOW, _WINDOW + 1):
            period = totp.timecode(now) + offset
            if hmac.compare_digest(totp.generate_otp(period), code):
                self._use(serial, period, now)
                return
        raise ServiceError("AccessDenied", _WRONG_CODE, 403)

    def _use(self, serial: str, period: int, now: datetime) -> None:
        with self._lock:
            old = now - timedelta(seconds=4 * _PERIOD_SECONDS)
            self._used = {key: when for key, when in self._used.items() if when > old}
            if (serial, period) in self._used:
                raise ServiceError("AccessDenied", _WRONG_CODE, 403)
            self._used[serial, period] = now
