"""Kinds of proposals, roles of people, categories of learnings: choices of the command line."""

from __future__ import annotations

from typing import get_args

from coordinator.ledger.approval_events import Kind, Role
from coordinator.settings import Category

KINDS: tuple[str, ...] = get_args(Kind)
ROLES: tuple[str, ...] = get_args(Role)
CATEGORIES: tuple[str, ...] = get_args(Category)
