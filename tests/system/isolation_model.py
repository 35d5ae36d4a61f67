"""A home driven at random beside a plain dict that says what each company must see.

Every step is one thing a person does; whatever the home shows is held against the dict.
"""

from __future__ import annotations

import shutil
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from unittest.mock import patch

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule

from coordinator.approvals import Wanted
from coordinator.errors import OrchError, StorageError, UsageError
from coordinator.settings import CompanySettings, EmbeddingSettings, GitSettings, Person
from orch_dagster.isolation.canaries import Canary, Detector, canary
from resources.by_hand_index import ByHandIndex
from resources.carrying_out import carry_out
from resources.doctor import examine
from resources.global_memory.index import GlobalIndex
from resources.home import Home
from tests.resources.memories import HashEmbedder

COMPANIES = ("acme", "beta", "cedro")
OWNERS = {"acme": "Ana", "beta": "Bia", "cedro": "Caio"}
WORDS = tuple(canary("machine", "any", str(number)) for number in range(6))
TEXT = "Caching {word} for five minutes made the catalogue quick, {word} is asked once a page."
EVERYTHING = 200

companies = st.sampled_from(COMPANIES)
words = st.integers(0, len(WORDS) - 1)
places = st.integers(0, 9)


@dataclass
class Shared:
    """A standing copy as the dict knows it."""

    company: str
    learning: str
    word: int
    masked: bool = False
    told_by: str = ""


@dataclass
class Model:
    """What is true: learnings by company and id, copies by id, words masked, what was removed."""

    private: dict[str, dict[str, int]] = field(default_factory=dict)
    copies: dict[str, Shared] = field(default_factory=dict)
    masked: dict[str, set[int]] = field(default_factory=dict)
    removed: set[tuple[str, str]] = field(default_factory=set)

    def visible(self, viewer: str) -> set[tuple[str, str]]:
        """Company and id of every row `viewer` may and must see."""
        own = {(viewer, key) for key in self.private[viewer]}
        others = {
            (one.company, key)
            for key, one in self.copies.items()
            if one.company != viewer and not one.told_by
        }
        return own | others

    def retract(self, company: str, learning: str) -> None:
        gone = {
            key
            for key, one in self.copies.items()
            if (one.company, one.learning) == (company, learning)
        }
        self.copies = {key: one for key, one in self.copies.items() if key not in gone}
        for one in self.copies.values():
            if one.told_by in gone:
                one.told_by = ""


class Isolation(RuleBasedStateMachine):
    """Random work of three companies, their people, and an operator."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp(prefix="orch-machine-"))
        self.model = Model()
        self.proposals: dict[int, tuple[str, str, int]] = {}
        """Company, learning and word of each proposal to publish that was made."""

    @initialize(first=words, second=words)
    def open(self, first: int, second: int) -> None:
        """Three companies; two of them know the same, and share it."""
        self.home = Home.init(self.folder / "home", embedding=EmbeddingSettings())
        self.home.__dict__["embedder"] = HashEmbedder()
        for company in COMPANIES:
            self.create(company)
        for company, word in (("acme", first), ("beta", first), ("cedro", second)):
            self.add(company, word)
        self.share("acme", 0)
        self.share("beta", 0)

    def create(self, company: str) -> None:
        git = GitSettings(url=f"https://example.org/{company}.git")
        owner = Person(name=OWNERS[company])
        self.home.companies.create(CompanySettings(name=company, git=git, owners=(owner,)))
        self.model.private[company] = {}
        self.model.masked[company] = set()

    def living(self, company: str) -> bool:
        return company in self.model.private

    def pick(self, company: str, place: int) -> str | None:
        """One of the company's learnings; None when it has none."""
        ids = sorted(self.model.private.get(company, ()))
        return ids[place % len(ids)] if ids else None

    # -- by hand ---------------------------------------------------------------------------

    @rule(company=companies, word=words)
    def add(self, company: str, word: int) -> None:
        if not self.living(company):
            return
        text = TEXT.format(word=WORDS[word].word)
        added = self.home.by_hand.add_learning(company, text, category="solution")
        assert added.already == (added.id in self.model.private[company])
        assert added.searchable, added.problem
        self.model.private[company][added.id] = word

    @precondition(lambda self: any(self.model.private.values()))
    @rule(company=companies, place=places)
    def remove(self, company: str, place: int) -> None:
        learning = self.pick(company, place)
        if learning is None:
            return
        removed = self.home.by_hand.remove_learning(company, learning, reason="wrong")
        assert removed.gone, removed.problem
        del self.model.private[company][learning]
        self.model.removed.add((company, learning))

    @rule(company=companies, other=companies, place=places)
    def remove_anothers(self, company: str, other: str, place: int) -> None:
        learning = self.pick(other, place)
        if learning is None or not self.living(company):
            return
        if learning in self.model.private[company]:
            return
        remove = self.home.by_hand.remove_learning
        if (company, learning) in self.model.removed:
            # the same words have the same id everywhere: this company took its own back before
            assert remove(company, learning, reason="again").already
        else:
            self.refused(remove, company, learning, reason="not mine")

    # -- sharing ---------------------------------------------------------------------------

    @rule(company=companies, place=places)
    def propose(self, company: str, place: int) -> None:
        learning = self.pick(company, place)
        if learning is None:
            return
        try:
            made = self.home.global_memory.propose(company, learning)
        except UsageError:
            # exactly this text is shared already
            assert (company, learning) in {
                (one.company, one.learning) for one in self.model.copies.values()
            }
            return
        self.proposals[made.number] = (company, learning, self.model.private[company][learning])

    @rule(company=companies, other=companies, place=places)
    def propose_anothers(self, company: str, other: str, place: int) -> None:
        learning = self.pick(other, place)
        if learning is None or not self.living(company):
            return
        if learning not in self.model.private[company]:
            self.refused(self.home.global_memory.propose, company, learning)

    @rule(company=companies, place=places)
    def share(self, company: str, place: int) -> None:
        """Propose, and say yes at once."""
        self.propose(company, place)
        for proposal in self.home.approvals.waiting(company, "publish_learning"):
            wanted = Wanted(proposal.number, approve=True)
            self.home.approvals.decide([wanted], by=OWNERS[company])
        self.carry_out()

    @rule(company=companies, word=words, place=places)
    def go_on_after_a_full_disk(self, company: str, word: int, place: int) -> None:
        """What is recorded and not indexed is healed by the next call."""
        if not self.living(company):
            return
        full = StorageError("the disk is full")
        with patch.object(ByHandIndex, "store_learnings", side_effect=full):
            text = TEXT.format(word=WORDS[word].word)
            added = self.home.by_hand.add_learning(company, text, category="solution")
            assert not added.searchable
        self.model.private[company][added.id] = word
        self.add(company, word)
        with patch.object(GlobalIndex, "store", side_effect=full):
            self.share(company, place)
        self.carry_out()

    @precondition(lambda self: self.home.approvals.waiting())
    @rule(place=places, who=st.sampled_from(("right", *COMPANIES)), approve=st.booleans())
    def answer(self, place: int, who: str, approve: bool) -> None:
        waiting = self.home.approvals.waiting()
        proposal = waiting[place % len(waiting)]
        asked = [ask.company for ask in proposal.missing]
        company = asked[0] if who == "right" else who
        wanted = Wanted(proposal.number, approve, "" if approve else "no")
        (outcome,) = self.home.approvals.decide([wanted], by=OWNERS[company])
        assert outcome.problem or company in asked, "answered without the role"
        self.carry_out()

    @precondition(lambda self: self.home.approvals.waiting(kind="merge_learnings"))
    @rule()
    def merge(self) -> None:
        """Both companies agree that their copies are one."""
        proposal = self.home.approvals.waiting(kind="merge_learnings")[0]
        for ask in proposal.asks:
            wanted = Wanted(proposal.number, approve=True)
            self.home.approvals.decide([wanted], by=OWNERS[ask.company])
        self.carry_out()

    def carry_out(self) -> None:
        """Carry out what is approved, and let the dict follow what the rules say of it."""
        approved = {one.number: one for one in self.home.approvals.approved()}
        for done in carry_out(self.home):
            proposal = approved[done.number]
            if done.problem:
                continue
            if proposal.kind == "merge_learnings":
                retire, keep = proposal.subject.split(" ")
                asked = {ask.company for ask in proposal.asks}
                assert asked == {one.ask.company for one in proposal.decisions}
                assert len({one.by for one in proposal.decisions}) == 2
                self.model.copies[retire].told_by = keep
            else:
                company, learning, word = self.proposals[done.number]
                assert [one.by for one in proposal.decisions] == [OWNERS[company]]
                assert learning in self.model.private[company], "shared what was removed"
                for one in self.model.copies.values():
                    if (one.company, one.learning) == (company, learning) and not one.told_by:
                        one.told_by = done.result
                masked = word in self.model.masked[company]
                self.model.copies[done.result] = Shared(company, learning, word, masked)

    @rule(company=companies, word=words)
    def mask(self, company: str, word: int) -> None:
        """A company puts a word on its leak list: what waits with that word in it is void."""
        if not self.living(company):
            return
        self.model.masked[company].add(word)
        instance = self.home.companies.instance(company)
        masks = tuple(WORDS[one].word for one in sorted(self.model.masked[company]))
        sharing = instance.settings.sharing.model_copy(update={"mask": masks})
        instance.write_settings(instance.settings.model_copy(update={"sharing": sharing}))

    @precondition(lambda self: self.model.copies)
    @rule(place=places, who=st.sampled_from(("right", *COMPANIES)))
    def retract(self, place: int, who: str) -> None:
        key = sorted(self.model.copies)[place % len(self.model.copies)]
        copy = self.model.copies[key]
        who = copy.company if who == "right" else who
        if who != copy.company:
            self.refused(self.home.global_memory.retract, key, reason="not mine", by=OWNERS[who])
            return
        self.home.global_memory.retract(key, reason="no longer true", by=OWNERS[who])
        self.model.retract(copy.company, copy.learning)

    # -- companies and indexes -------------------------------------------------------------

    @rule(company=companies)
    def remove_or_create(self, company: str) -> None:
        if not self.living(company):
            self.create(company)
            return
        self.home.companies.remove(company)
        for learning in {o.learning for o in self.model.copies.values() if o.company == company}:
            self.model.retract(company, learning)
        del self.model.private[company]

    @rule()
    def rebuild(self) -> None:
        self.home.global_memory.rebuild()

    # -- what is seen ----------------------------------------------------------------------

    @rule(viewer=companies, word=words)
    def search(self, viewer: str, word: int) -> None:
        if not self.living(viewer):
            return
        found = self.home.view(viewer, surface="test").search(WORDS[word].word, limit=EVERYTHING)
        # few rows, so that all that may be seen is a candidate
        assert {(one.company, one.id) for one in found} == self.model.visible(viewer)
        shown = Detector(WORDS).canaries_in(
            "\n".join(f"{one.title} {one.content}" for one in found)
        )
        assert shown <= self.may_read(viewer)
        state = self.home.global_memory.state()
        for one in found:
            if one.origin == "global":
                assert viewer in state.copies[one.id].seen_by

    def may_read(self, viewer: str) -> set[Canary]:
        own = set(self.model.private[viewer].values())
        copies = self.model.copies.values()
        shared = {one.word for one in copies if not one.told_by and not one.masked}
        return {WORDS[word] for word in own | shared}

    def refused(self, call: object, *arguments: object, **named: object) -> None:
        try:
            call(*arguments, **named)  # type: ignore[operator]
        except OrchError:
            return
        raise AssertionError(f"{getattr(call, '__name__', call)} was not refused")

    def teardown(self) -> None:
        try:
            if hasattr(self, "home"):
                self.at_the_end()
                self.home.close()
        finally:
            shutil.rmtree(self.folder, ignore_errors=True)

    def at_the_end(self) -> None:
        """Everybody searches, the doctor looks, and no byte of what is gone is left."""
        for viewer in self.model.private:
            self.search(viewer, 0)  # whatever is asked, all that may be seen is shown
        bad = [one for one in examine(self.home) if one.level == "failure"]
        assert bad == [], bad
        detector = Detector(WORDS)
        shared = {WORDS[one.word] for one in self.model.copies.values() if not one.masked}
        assert self.in_files(detector, self.home.global_folder) <= shared
        for company, learnings in self.model.private.items():
            own = {WORDS[word] for word in learnings.values()}
            masks = {WORDS[word] for word in self.model.masked[company]}
            folder = self.home.companies.instance(company).folder
            assert self.in_files(detector, folder) <= own | masks

    def in_files(self, detector: Detector, folder: Path) -> set[Canary]:
        files = [path for path in folder.rglob("*") if path.is_file()]
        return {one for path in files for one in detector.canaries_in(path.read_bytes())}
