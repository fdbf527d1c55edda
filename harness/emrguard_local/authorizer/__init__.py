"""The judge of every API call: what AWS would ask IAM, asked of our own engine."""

from emrguard_local.authorizer.authorizer import Authorizer
from emrguard_local.authorizer.verdict import Check, Refused, Verdict

__all__ = ["Authorizer", "Check", "Refused", "Verdict"]
