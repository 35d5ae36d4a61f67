"""Every error the product raises on purpose.

    OrchError
    ├── UsageError            the command or call itself is wrong
    ├── SettingsError         a settings file is wrong: carries file, line and key
    ├── CompanyError          the company does not exist, exists already, or its name is no slug
    ├── CompanyBusy           another sync of the same company is running
    ├── GitError              the repository could not be read
    │   ├── GitUnreachable    no answer, refused, unknown host, no such folder
    │   ├── GitUnauthorized   the credentials were refused or are missing
    │   └── GitLimit          over the configured time or size
    ├── SourceError           Jira, Confluence or Supabase could not be read or written
    │   ├── SourceUnreachable no answer, refused, unknown host, bad TLS, a redirect
    │   ├── SourceUnauthorized  the token is missing, refused or may not do that
    │   ├── SourceAbsent      the project, space or table is not there, or not for this account
    │   ├── SourceBusy        too many calls: carries when to come again
    │   ├── SourceLimit       over the configured time or size
    │   ├── SourceRefused     the call itself was refused: the content or a version does not fit
    │   ├── SourceMisbehaved  an answer that breaks the specification
    │   └── OutcomeUnknown    a write that may or may not have happened
    ├── MemoryUnavailable     the private memory cannot answer
    │   └── ModelMismatch     the table was written by another embedding model
    ├── ModelUnavailable      the embedding model cannot be loaded or is not the expected one
    ├── LedgerError           the ledger cannot be read or written
    │   ├── VersionConflict   somebody else appended first: read again and retry
    │   ├── UnknownEvent      an event type nobody here knows
    │   └── LedgerDamaged     the hash chain is broken: carries the first broken position
    ├── StorageError          the disk is full or not writable
    ├── ApprovalError         a proposal cannot be made or decided like that
    │   ├── NotPermitted      the person does not hold the role that is asked
    │   ├── AlreadyDecided    somebody answered that ask before
    │   └── ProposalClosed    void, expired, withdrawn or carried out: its content no longer stands
    └── SharingRefused        the text may not leave its company: it holds a secret, or is gone

The message says what, where and what to do next; it never carries private text or a secret,
because messages reach logs and the Dagster event log.
"""

from __future__ import annotations

from datetime import datetime


class OrchError(Exception):
    """The root: `message` says what and where, `hint` what to do next."""

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.message} ({self.hint})" if self.hint else self.message


class UsageError(OrchError):
    """The command or call itself is wrong."""


class SettingsError(OrchError):
    """A settings file is wrong.

    `file` is the path as shown to the user, `line` counts from 1 (0 when the whole file is meant),
    `key` is the dotted path of the key (empty when the whole file is meant).
    """

    def __init__(
        self, problem: str, *, file: str, line: int = 0, key: str = "", hint: str = ""
    ) -> None:
        where = f"{file}:{line}" if line else file
        subject = f"{where}: {key}: {problem}" if key else f"{where}: {problem}"
        super().__init__(subject, hint=hint)
        self.file = file
        self.line = line
        self.key = key
        self.problem = problem


class CompanyError(OrchError):
    """The company does not exist, exists already, or its name is no slug."""


class CompanyBusy(OrchError):
    """Another sync of the same company is running."""


class GitError(OrchError):
    """The repository could not be read."""


class GitUnreachable(GitError):
    """No answer, refused, unknown host, no such folder."""


class GitUnauthorized(GitError):
    """The credentials were refused or are missing."""


class GitLimit(GitError):
    """Over the configured time or size."""


class SourceError(OrchError):
    """Jira, Confluence or Supabase could not be read or written."""


class SourceUnreachable(SourceError):
    """No answer, refused, unknown host, bad TLS, a redirect, or the breaker is open."""


class SourceUnauthorized(SourceError):
    """The token is missing, refused, or may not do that."""


class SourceAbsent(SourceError):
    """The project, space or table is not there, or this account may not see it."""


class SourceBusy(SourceError):
    """Too many calls; `retry_at` is when to come again (UTC), None when the server did not say."""

    def __init__(self, message: str, *, retry_at: datetime | None = None, hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.retry_at = retry_at


class SourceLimit(SourceError):
    """Over the configured time or size."""


class SourceRefused(SourceError):
    """The call itself was refused; `status` is the HTTP status: 400 content, 409 a version."""

    def __init__(self, message: str, *, status: int, hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.status = status


class SourceMisbehaved(SourceError):
    """An answer that breaks the specification."""


class OutcomeUnknown(SourceError):
    """A write that may or may not have happened: look before trying again."""


class MemoryUnavailable(OrchError):
    """The private memory cannot answer."""


class ModelMismatch(MemoryUnavailable):
    """The table was written by another embedding model."""


class ModelUnavailable(OrchError):
    """The embedding model cannot be loaded or is not the expected one."""


class LedgerError(OrchError):
    """The ledger cannot be read or written."""


class VersionConflict(LedgerError):
    """Somebody else appended first: read again and retry."""


class UnknownEvent(LedgerError):
    """An event type nobody here knows."""


class LedgerDamaged(LedgerError):
    """The hash chain is broken; `position` is the first broken row (0: the files as a whole)."""

    def __init__(self, message: str, *, position: int, hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.position = position


class StorageError(OrchError):
    """The disk is full or not writable."""


class ApprovalError(OrchError):
    """A proposal cannot be made or decided like that."""


class NotPermitted(ApprovalError):
    """The person does not hold the role that is asked."""


class AlreadyDecided(ApprovalError):
    """Somebody answered that ask before."""


class ProposalClosed(ApprovalError):
    """Void, expired, withdrawn or carried out: its content no longer stands."""


class SharingRefused(OrchError):
    """The text may not leave its company: it holds a secret, or is gone."""
