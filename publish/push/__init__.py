"""A workspace's packages to a CKAN and its ledger: plan, publish, verify, withdraw, go back."""

from __future__ import annotations

from publish.push.connecting import Connection, connect
from publish.push.keeping import Kept, kept_packages
from publish.push.planning import Planned, plan_packages, plan_withdrawals, with_withdrawals
from publish.push.publishing import publish_changes

__all__ = [
    "Connection",
    "Kept",
    "Planned",
    "connect",
    "kept_packages",
    "plan_packages",
    "plan_withdrawals",
    "publish_changes",
    "with_withdrawals",
]
