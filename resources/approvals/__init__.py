"""The inbox of everything that waits for a person, kept in the ledger's stream ``approvals``."""

from coordinator.approvals import Wanted
from resources.approvals.approvals import Approvals, Outcome

__all__ = ["Approvals", "Outcome", "Wanted"]
