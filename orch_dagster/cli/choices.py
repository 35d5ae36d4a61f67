"""What a proposal can be about and who can be asked, as choices of the command line."""

from __future__ import annotations

from typing import get_args

from coordinator.ledger.approval_events import Kind, Role

KINDS: tuple[str, ...] = get_args(Kind)
ROLES: tuple[str, ...] = get_args(Role)
