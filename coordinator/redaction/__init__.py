"""What may not leave a company: masked, or refused."""

from coordinator.redaction.redacting import Redacted, Redactor, redact

__all__ = ["Redacted", "Redactor", "redact"]
