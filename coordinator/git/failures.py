"""What git's error output means: one of our errors, in our words.

git's own words are read, never repeated: they carry addresses, and the lines that start with
"remote:" are written by the other side.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from coordinator.errors import GitError, GitLimit, GitUnauthorized, GitUnreachable, StorageError

OBJECTS_MISSING = (
    r"unable to read [0-9a-f]{40}|missing (blob|tree|commit) object|bad (tree )?object"
    r"|could not read [0-9a-f]{40}|did not (send all necessary|receive expected) object"
    r"|possible repository corruption on the remote|unable to read tree"
    r"|failed to (read|traverse)|lazy fetching disabled|promisor remote"
)


class Rule(NamedTuple):
    """The pattern in git's words, and what is said instead.

    `remote`: also look into what the other side wrote, where it alone knows the reason.
    """

    pattern: str
    error: type[GitError] | type[StorageError]
    message: str
    hint: str
    remote: bool = False


RULES = (
    Rule(
        r"no space left on device|disk quota exceeded|read-only file system",
        StorageError,
        "the disk is full or not writable while reading {where}",
        "free some space and sync again",
    ),
    Rule(
        r"dubious ownership",
        GitError,
        "{where} belongs to another user of this machine, so git will not read it",
        "run as its owner, or give a bare clone that belongs to this user",
    ),
    Rule(
        r"fsck error",
        GitError,
        "{where} holds an object that git's own check refuses",
        "run 'git fsck' in a clone of it: the object is broken or made to attack",
    ),
    Rule(
        r"shallow (update|roots are) not allowed|source repository is shallow",
        GitError,
        "{where} is a shallow clone: its history is cut off",
        "run 'git fetch --unshallow' there, or give the original repository",
    ),
    Rule(
        r"mismatched algorithms",
        GitError,
        "{where} names its objects by SHA-256, which is not supported",
        "give a repository that uses SHA-1, as nearly all do",
    ),
    Rule(
        OBJECTS_MISSING,
        GitError,
        "{where} does not hold all objects of its own history (a partial or damaged clone)",
        "give the complete repository: run 'git fetch --refetch' or 'git fsck' there",
        remote=True,
    ),
    Rule(
        r"authentication failed|returned error: 40[13]|could not read (username|password)"
        r"|permission denied|access denied|terminal prompts disabled|authorization failed",
        GitUnauthorized,
        "{where} refused the credentials, or needs some",
        "check the variable named by git.token_env or git.ssh_key_env and what it may read",
    ),
    Rule(
        r"host key verification failed|host identification has changed",
        GitUnreachable,
        "the ssh key of the host of {where} is unknown or has changed",
        "put the right key of the host into ~/.ssh/known_hosts, then sync again",
    ),
    Rule(
        r"certificate|self.signed",
        GitUnreachable,
        "the certificate of the host of {where} was not accepted",
        "a private certificate authority is given by the variable GIT_SSL_CAINFO",
    ),
    Rule(
        r"returned error: 30\d|unable to update url base from redirection",
        GitError,
        "{where} has moved: the host sends readers elsewhere, which is not followed",
        "write the address the host shows for cloning, often one that ends in .git",
    ),
    Rule(
        r"repository (\S+ )?not found|returned error: 404|no such file or directory|invalid gitfile"
        r"|does not appear to be a git repository|not a git repository"
        r"|does not exist|project you were looking for|not valid: is this a git repository",
        GitUnreachable,
        "there is no repository at {where}, or these credentials do not see it",
        "check git.url, and that the token or key may read it",
    ),
    Rule(
        r"transport \S* not allowed",
        GitError,
        "git refused the protocol of {where}",
        "add it to git.protocols if that is meant",
    ),
    Rule(
        r"couldn't find remote ref|remote branch \S* not found",
        GitError,
        "the watched branch vanished from {where} while it was read",
        "sync again; if it stays away, check git.branch",
    ),
    Rule(
        r"could not resolve|name or service not known|temporary failure in name resolution"
        r"|connection (was )?(refused|reset|timed out|closed)|network is unreachable"
        r"|no route to host|failed to connect|could ?n[o']t connect|operation timed out"
        r"|returned error: (429|5\d\d)|empty reply|hung up unexpectedly|early eof"
        r"|rpc failed|(tls|ssl|gnutls)\w*.*(fail|error|terminated)",
        GitUnreachable,
        "{where} does not answer",
        "check the network and the host, then sync again",
    ),
)


def lacks_objects(stderr: str) -> bool:
    """Whether git failed because the source does not hold all objects of its own history."""
    return re.search(OBJECTS_MISSING, stderr, re.IGNORECASE) is not None


def git_failure(stderr: str, where: str, address: str = "") -> GitError | StorageError:
    """The error that git's output `stderr` means.

    `where` is the address as messages show it, `address` as git got it: a repository called
    ``access-denied`` must not read as a refusal, so addresses and quoted names are taken out.
    """
    whole = re.sub(r"'[^'\n]*'", "''", stderr.replace(address, "") if address else stderr)
    ours = "\n".join(line for line in whole.splitlines() if not line.startswith("remote:"))
    for rule in RULES:
        if re.search(rule.pattern, whole if rule.remote else ours, re.IGNORECASE):
            return rule.error(rule.message.format(where=where), hint=rule.hint)
    return GitError(
        f"git could not read {where}",
        hint=f"try 'git ls-remote {where}' by hand: it shows git's own words",
    )


def over_time(where: str, seconds: float) -> GitLimit:
    """The error of a fetch that ran past git.timeout_s."""
    return GitLimit(
        f"reading {where} took longer than {seconds:g} s and was stopped",
        hint="raise git.timeout_s, or check the host",
    )


def over_size(where: str, megabytes: int) -> GitLimit:
    """The error of a fetch that grew past git.max_mirror_mb."""
    return GitLimit(
        f"the mirror of {where} grew past {megabytes} MB and the fetch was stopped",
        hint="raise git.max_mirror_mb if the repository is really that large",
    )
