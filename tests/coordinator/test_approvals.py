"""Proposals and decisions: what counts, who may, and what an answer makes of the inbox."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coordinator.approvals import INBOX, Inbox, Proposal, Roles, Wanted
from coordinator.approvals.deciding import check_withdrawal, decide, grant_answers, may_answer
from coordinator.approvals.proposing import Draft, propose
from coordinator.approvals.retrying import LONGEST_WAIT, Tried, next_try
from coordinator.approvals.roles import holders
from coordinator.errors import AlreadyDecided, ApprovalError, NotPermitted, ProposalClosed
from coordinator.ledger.approval_events import Ask
from coordinator.ledger.events import Event
from coordinator.ledger.payloads import REGISTRY
from coordinator.settings import CompanySettings

NOW = datetime(2026, 3, 1, tzinfo=UTC)
LATER = "2026-03-31T00:00:00.000000Z"
HASH, OTHER = "a" * 64, "b" * 64
EXPORT = Ask(company="empresa-a", role="export")
IMPORT = Ask(company="empresa-b", role="import")


class Log:
    """Events of the stream ``approvals``, one minute apart."""

    def __init__(self) -> None:
        self.events: list[Event] = []

    def add(self, event_type: str, by: str = "ana", **payload: Any) -> Log:
        version = len(self.events) + 1
        moment = NOW + timedelta(minutes=version)
        self.events.append(
            Event(
                position=version,
                event_id=f"id-{version}",
                stream="approvals",
                version=version,
                company="empresa-a",
                feature=None,
                event_type=event_type,
                workflow=None,
                phase=None,
                payload=REGISTRY[event_type].model_validate(payload),
                actor=by,
                causation_id=None,
                correlation_id=None,
                schema_version=1,
                occurred_at=moment,
                recorded_at=moment,
                prev_hash="",
                hash="",
            )
        )
        return self

    def made(self, number: int = 1, asks: tuple[Ask, ...] = (EXPORT, IMPORT), **more: Any) -> Log:
        given = {"kind": "share_export", "subject": "cart", "content": HASH, "expires_at": LATER}
        return self.add("proposal_made", "eve", number=number, asks=asks, **(given | more))

    def said(self, by: str, ask: Ask, decision: str = "approve", **more: Any) -> Log:
        given = {"number": 1, "content": HASH, "decision": decision, "ask": ask}
        return self.add("proposal_decided", by, **(given | more))

    def granted(self, by: str = "ana", ask: Ask = EXPORT, **more: Any) -> Log:
        given = {"grant": 1, "kind": "share_export", "ask": ask, "expires_at": LATER}
        return self.add("grant_given", by, **(given | more))

    @property
    def inbox(self) -> Inbox:
        return INBOX.fold(self.events)

    @property
    def one(self) -> Proposal:
        found = self.inbox.proposal(1)
        assert found is not None
        return found


def settings(name: str, owners: tuple[tuple[str, str], ...] = (), **roles: Any) -> CompanySettings:
    return CompanySettings.model_validate(
        {
            "name": name,
            "git": {"url": "https://example.org/x.git"},
            "owners": [{"name": who, "email": email} for who, email in owners],
            "approvals": roles,
        }
    )


def roles(*companies: CompanySettings) -> Roles:
    given = companies or (
        settings("empresa-a", (("Ana", "ana@example.org"),)),
        settings("empresa-b", (("Bia", "bia@example.org"), ("Ana", ""))),
    )
    return Roles({one.name: one for one in given})


def refused(log: Log, who: str, expected: type[ApprovalError], **wanted: Any) -> ApprovalError:
    asked = Wanted(**({"number": 1, "approve": True} | wanted))
    with pytest.raises(ApprovalError) as caught:
        decide(log.inbox, asked, actor=who, roles=roles())
    assert type(caught.value) is expected, caught.value
    return caught.value


# -- what counts -------------------------------------------------------------------------------


def test_a_proposal_waits_for_every_ask_and_then_is_approved():
    log = Log().made()
    assert (log.one.status, log.one.missing) == ("waiting", (EXPORT, IMPORT))
    log.said("ana", EXPORT)
    assert (log.one.status, log.one.missing) == ("waiting", (IMPORT,))
    log.said("bia", IMPORT)
    assert (log.one.status, log.one.missing) == ("approved", ())
    assert [(one.by, one.content) for one in log.one.decisions] == [("ana", HASH), ("bia", HASH)]


def test_one_no_rejects():
    log = Log().made().said("ana", EXPORT).said("bia", IMPORT, "reject", reason="not ours")
    assert (log.one.status, log.one.reason) == ("rejected", "not ours")


@pytest.mark.parametrize("name", ["ana", "Ana", " ANA "])
def test_one_person_never_fills_two_asks_whoever_appended_it(name):
    log = Log().made().said("ana", EXPORT).said(name, IMPORT)
    assert (log.one.status, log.one.missing) == ("waiting", (IMPORT,))


def test_an_answer_to_another_text_does_not_count():
    assert Log().made().said("ana", EXPORT, content=OTHER).one.missing == (EXPORT, IMPORT)


def test_an_answer_that_comes_too_late_does_not_count():
    log = Log().made(expires_at="2026-03-01T00:02:00.000000Z")
    assert log.said("ana", EXPORT).one.decisions == ()


def test_an_answer_to_an_ask_that_was_not_asked_does_not_count():
    stranger = Ask(company="empresa-c", role="export")
    assert Log().made().said("ana", stranger).one.decisions == ()


@pytest.mark.parametrize("who", ["mcp:empresa-a", "grant:1"])
def test_what_is_no_person_does_not_count(who):
    assert Log().made().said(who, EXPORT).one.decisions == ()


def test_a_closed_proposal_takes_no_answer():
    log = Log().made().said("ana", EXPORT, "reject", reason="no").said("bia", IMPORT)
    assert (log.one.status, len(log.one.decisions)) == ("rejected", 1)
    log = Log().made().add("proposal_voided", number=1, reason="gone").said("ana", EXPORT)
    assert (log.one.status, log.one.reason, log.one.decisions) == ("void", "gone", ())


def test_a_grants_answer_counts_as_the_person_who_gave_it():
    log = Log().granted("ana").made().said("grant:1", EXPORT, grant=1)
    assert [(one.by, one.grant) for one in log.one.decisions] == [("ana", 1)]
    assert log.said("ana", IMPORT).one.missing == (IMPORT,)
    assert log.said("bia", IMPORT).one.status == "approved"


@pytest.mark.parametrize(
    "log",
    [
        Log().made(),
        Log().granted(kind="sync").made(),
        Log().granted(ask=IMPORT).made(),
        Log().granted(expires_at="2026-03-01T00:01:30.000000Z").made(),
        Log().granted().add("grant_revoked", grant=1).made(),
    ],
    ids=["unknown", "another kind", "another ask", "ended", "revoked"],
)
def test_an_answer_by_a_grant_that_does_not_stand_does_not_count(log):
    assert log.said("grant:1", EXPORT, grant=1).one.decisions == ()


def test_a_number_names_one_text_for_ever():
    log = Log().made().made(content=OTHER).granted().granted(by="eve")
    assert log.one.content == HASH
    assert len(log.inbox.proposals) == 1
    assert [one.by for one in log.inbox.grants] == ["ana"]


def test_only_what_is_approved_is_carried_out():
    log = Log().made().add("proposal_carried_out", number=1, result="g-1")
    assert log.one.status == "waiting"
    log.said("ana", EXPORT).said("bia", IMPORT)
    log.add("proposal_carried_out", number=1, result="g-1")
    assert (log.one.status, log.one.result) == ("done", "g-1")
    log.add("proposal_voided", number=1, reason="too late").add("proposal_expired", number=1)
    assert log.one.status == "done"


def test_what_is_due_is_expired_before_anybody_recorded_it():
    log = Log().made(expires_at="2026-03-02T00:00:00.000000Z").made(number=2)
    inbox = log.inbox
    assert [one.number for one in inbox.due(NOW)] == []
    end = datetime(2026, 3, 2, tzinfo=UTC)
    assert [one.number for one in inbox.due(end)] == [1]
    assert [one.status for one in inbox.at(end).proposals] == ["expired", "waiting"]
    assert log.add("proposal_expired", number=1).one.status == "expired"


def test_an_approved_proposal_does_not_expire():
    log = Log().made(asks=(EXPORT,)).said("ana", EXPORT).add("proposal_expired", number=1)
    assert log.one.status == "approved"
    assert log.inbox.due(NOW + timedelta(days=400)) == ()


def test_events_about_what_was_never_proposed_change_nothing():
    log = Log().said("ana", EXPORT, number=9).add("proposal_voided", number=9, reason="x")
    log.add("proposal_expired", number=9).add("grant_revoked", grant=9)
    log.add("proposal_carried_out", number=9, result="x")
    assert log.inbox == Inbox(version=5)


def test_numbers_may_have_gaps():
    log = Log().made(3).made(7)
    assert [log.inbox.proposal(n) is not None for n in (1, 3, 5, 7, 9)] == [
        *(False, True, False, True, False)
    ]
    assert log.inbox.next_proposal == 8


def test_the_state_survives_as_plain_data():
    log = Log().granted().made(facts={"commits": 3}).said("grant:1", EXPORT, grant=1)
    log.said("bia", IMPORT).made(2).add("proposal_voided", number=2, reason="x")
    state = log.inbox
    assert INBOX.from_plain(INBOX.plain(state)) == state
    assert INBOX.hash(INBOX.from_plain(INBOX.plain(state))) == INBOX.hash(state)


ANSWERS = st.lists(
    st.tuples(
        st.sampled_from(["ana", "Ana", "bia", "eve", "mcp:empresa-a", "grant:1"]),
        st.sampled_from([EXPORT, IMPORT]),
        st.sampled_from([HASH, OTHER]),
        st.sampled_from([None, 1, 2]),
    ),
    max_size=8,
)


@given(ANSWERS)
def test_no_row_of_answers_approves_without_two_people_who_saw_the_text(answers):
    log = Log().granted().made()
    for who, ask, content, grant in answers:
        log.said(who, ask, content=content, grant=grant)
    one = log.one
    people = {decision.by.casefold() for decision in one.decisions}
    assert len(people) == len(one.decisions)
    assert not any(":" in who for who in people)
    assert {decision.content for decision in one.decisions} <= {HASH}
    assert (one.status == "approved") == ({d.ask for d in one.decisions} == {EXPORT, IMPORT})


# -- who may -----------------------------------------------------------------------------------


def test_the_owners_answer_where_nobody_is_named():
    company = settings("empresa-a", (("Ana", "ana@example.org"),))
    assert holders(company, "export") == {"ana", "ana@example.org"}
    named = settings("empresa-a", (("Ana", ""),), export=["Caio"])
    assert holders(named, "export") == {"caio"}
    assert holders(named, "import") == {"ana"}
    assert holders(settings("empresa-a"), "publication") == frozenset()


def test_each_role_is_its_own():
    company = settings("empresa-a", export=["A"], publication=["C"], **{"import": ["B"]})
    assert [set(holders(company, role)) for role in ("export", "import", "publication")] == [
        *({"a"}, {"b"}, {"c"})
    ]


def test_whoever_holds_no_role_is_told_where_it_is_given():
    error = refused(Log().made(), "Eve", NotPermitted)
    assert "may not answer" in error.message
    assert "approvals.export" in error.hint


def test_where_nobody_may_the_key_to_fill_is_named():
    log = Log().made(asks=(EXPORT,))
    with pytest.raises(NotPermitted, match="nobody may answer for empresa-a") as caught:
        decide(log.inbox, Wanted(1, True), actor="Ana", roles=roles(settings("empresa-a")))
    assert "approvals.export" in caught.value.hint


@pytest.mark.parametrize("who", ["mcp:empresa-a", "grant:1", "  "])
def test_what_is_no_person_holds_no_role_even_when_an_owner_is_called_so(who):
    company = settings("empresa-a", ((who, ""),))
    with pytest.raises(NotPermitted, match="no person"):
        decide(Log().made(asks=(EXPORT,)).inbox, Wanted(1, True), actor=who, roles=roles(company))


def test_nobody_answers_for_a_company_that_is_gone_or_cannot_be_read():
    log = Log().made(asks=(EXPORT,))
    with pytest.raises(NotPermitted, match="there is no company 'empresa-a'"):
        decide(log.inbox, Wanted(1, True), actor="Ana", roles=roles(settings("empresa-b")))
    broken = Roles({}, {"empresa-a": "company.yaml:3: unknown key"})
    with pytest.raises(NotPermitted, match=r"company\.yaml:3"):
        decide(log.inbox, Wanted(1, True), actor="Ana", roles=broken)


def test_a_person_is_one_by_name_and_by_email():
    known = roles(
        settings("empresa-a", (("Ana", "ana@example.org"),)),
        settings("empresa-b", (("Ana Lima", "ANA@example.org"), ("Bia", ""))),
    )
    assert known.person("Ana") == known.person("ana@example.org") == known.person("ana lima")
    assert known.person("Bia") != known.person("Ana")
    log = Log().made().said("Ana", EXPORT)
    with pytest.raises(NotPermitted, match="nobody answers alone"):
        decide(log.inbox, Wanted(1, True), actor="Ana Lima", roles=known)
    assert decide(log.inbox, Wanted(1, True), actor="Bia", roles=known).ask == IMPORT


def test_all_names_of_a_person_are_joined_in_whatever_order_they_are_met():
    owners = (("Bea", "z@example.org"), ("Bea", "y@example.org"), ("Ana", "z@example.org"))
    for turned in (owners, owners[::-1], owners[1:] + owners[:1]):
        known = roles(*(settings(f"empresa-{at}", (one,)) for at, one in enumerate(turned)))
        assert len({known.person(name) for one in owners for name in one}) == 1


# -- answering ---------------------------------------------------------------------------------


def test_an_answer_binds_to_the_text_and_names_what_it_answers():
    answer = decide(Log().made().inbox, Wanted(1, True, " fine "), actor="Bia", roles=roles())
    assert (answer.ask, answer.content, answer.decision, answer.reason) == (
        *(IMPORT, HASH, "approve", "fine"),
    )


def test_whoever_may_answer_both_takes_the_ask_fewest_may_answer():
    # Ana alone answers for empresa-a: taking empresa-b's would leave an ask nobody is left for
    assert decide(Log().made().inbox, Wanted(1, True), actor="Ana", roles=roles()).ask == EXPORT
    swapped = Log().made(asks=(IMPORT, EXPORT))
    assert decide(swapped.inbox, Wanted(1, True), actor="Ana", roles=roles()).ask == EXPORT


def test_nobody_answers_alone_where_two_are_asked():
    error = refused(Log().made().said("Ana", EXPORT), "ana@example.org", NotPermitted)
    assert "nobody answers alone" in error.message
    assert "empresa-b (import)" in error.hint


def test_approving_twice_is_refused():
    log = Log().made().said("Bia", IMPORT)
    assert "already" in refused(log, "bia", AlreadyDecided).message
    done = Log().made(asks=(EXPORT,)).said("Ana", EXPORT)
    assert "approved already, by 'Ana'" in refused(done, "Ana", AlreadyDecided).message


def test_an_ask_somebody_else_answered_is_not_answered_again():
    two_of_b = roles(settings("empresa-a", (("Ana", ""),)), settings("empresa-b", (("B", ""),)))
    log = Log().made(asks=(EXPORT, IMPORT)).said("C", IMPORT)
    with pytest.raises(AlreadyDecided, match="answered for empresa-b already"):
        decide(log.inbox, Wanted(1, True), actor="B", roles=two_of_b)


def test_what_is_rejected_cannot_be_approved():
    log = Log().made().said("Ana", EXPORT, "reject", reason="no")
    assert "rejected already" in refused(log, "Bia", AlreadyDecided).message


@pytest.mark.parametrize(
    ("log", "said"),
    [
        (Log().made().add("proposal_voided", number=1, reason="wobblefish"), "void"),
        (Log().made().add("proposal_expired", number=1), "expired"),
        (
            Log()
            .made(asks=(EXPORT,))
            .said("Ana", EXPORT)
            .add("proposal_carried_out", number=1, result="x"),
            "carried out",
        ),
    ],
)
def test_a_closed_proposal_is_refused_without_the_words_somebody_wrote(log, said):
    error = refused(log, "Bia", ProposalClosed)
    assert said in error.message
    assert "wobblefish" not in str(error)


def test_an_unknown_number_is_refused():
    assert "no proposal 9" in refused(Log().made(), "Ana", ApprovalError, number=9).message


def test_a_rejection_needs_a_reason():
    error = refused(Log().made(), "Ana", ApprovalError, approve=False, reason="  ")
    assert "needs a reason" in error.message


def test_a_reason_that_is_too_long_is_refused_without_being_quoted():
    error = refused(Log().made(), "Ana", ApprovalError, reason="secret " * 1_000_000)
    assert error.message.startswith("reason: ")
    assert "secret" not in error.message


@pytest.mark.parametrize("seen", [HASH, HASH[:8]])
def test_what_was_seen_may_be_named(seen):
    assert decide(Log().made().inbox, Wanted(1, True, seen=seen), actor="Ana", roles=roles())


@pytest.mark.parametrize(
    ("seen", "expected"),
    [(OTHER, ProposalClosed), ("a" * 7 + "b", ProposalClosed), ("aaaa", ApprovalError)]
    + [(text, ApprovalError) for text in ("", "a" * 65, "A" * 64, "%' OR 1=1 --")],
)
def test_an_approval_of_what_was_not_shown_is_refused(seen, expected):
    refused(Log().made(), "Ana", expected, seen=seen)


def test_what_one_could_answer_is_known_before():
    inbox, known = Log().made().said("Ana", EXPORT).inbox, roles()
    proposal = inbox.proposals[0]
    assert [
        may_answer(inbox, proposal, actor=who, roles=known) for who in ("Ana", "Bia", "Eve")
    ] == [False, True, False]


@pytest.mark.parametrize(
    ("who", "may"), [("eve", True), ("Ana", True), ("Bia", True), ("Mallory", False)]
)
def test_whoever_made_it_or_may_answer_it_may_take_it_back(who, may):
    proposal = Log().made().one
    if may:
        check_withdrawal(proposal, actor=who, roles=roles())
    else:
        with pytest.raises(NotPermitted):
            check_withdrawal(proposal, actor=who, roles=roles())


def test_what_is_closed_cannot_be_taken_back():
    rejected = Log().made().said("Ana", EXPORT, "reject", reason="no").one
    with pytest.raises(ProposalClosed):
        check_withdrawal(rejected, actor="Ana", roles=roles())
    approved = Log().made(asks=(EXPORT,)).said("Ana", EXPORT).one
    check_withdrawal(approved, actor="Ana", roles=roles())


# -- proposing ---------------------------------------------------------------------------------

DRAFT = Draft("share_export", "cart", "empresa-a", (EXPORT, IMPORT), HASH, {"files": 3})


def asked(inbox: Inbox, draft: Draft = DRAFT) -> tuple[int, list[tuple[str, int, str]]]:
    made = propose(inbox, draft, actor="eve", roles=roles(), now=NOW, wait=timedelta(days=30))
    said = [
        (payload.event_type, payload.model_dump()["number"], who) for payload, who in made.recorded
    ]
    return made.number, said


def test_the_same_question_keeps_its_number():
    assert asked(Log().inbox) == (1, [("proposal_made", 1, "eve")])
    assert asked(Log().made().inbox) == (1, [])
    approved = Log().made().said("Ana", EXPORT).said("Bia", IMPORT)
    assert asked(approved.inbox) == (1, [])


def test_another_text_voids_what_was_asked_before_and_asks_anew():
    new = replace(DRAFT, content=OTHER)
    expected = (2, [("proposal_voided", 1, "eve"), ("proposal_made", 2, "eve")])
    assert asked(Log().made().inbox, new) == expected
    approved = Log().made().said("Ana", EXPORT).said("Bia", IMPORT)
    assert asked(approved.inbox, new) == expected


def test_what_is_closed_is_asked_anew():
    closed = Log().made().said("Ana", EXPORT, "reject", reason="no")
    assert asked(closed.inbox) == (2, [("proposal_made", 2, "eve")])


def test_another_subject_kind_or_company_is_another_question():
    for other in (
        replace(DRAFT, subject="basket", content=OTHER),
        replace(DRAFT, kind="sync", content=OTHER),
        replace(DRAFT, company="empresa-b", content=OTHER),
    ):
        assert asked(Log().made().inbox, other) == (2, [("proposal_made", 2, "eve")])


@pytest.mark.parametrize("subject", ["", "  ", "two\nlines", "\x1b[31mred", "rtl\u202e"])
def test_a_subject_that_is_no_plain_line_is_refused(subject):
    with pytest.raises(ApprovalError, match="one line"):
        replace(DRAFT, subject=subject).check()


def test_a_standing_grant_answers_at_once_and_signs_by_its_number():
    assert asked(Log().granted("Ana").inbox)[1] == [
        ("proposal_made", 1, "eve"),
        ("proposal_decided", 1, "grant:1"),
    ]


@pytest.mark.parametrize(
    "log",
    [
        Log().granted("Eve"),
        Log().granted("Ana", kind="sync"),
        Log().granted("Ana").add("grant_revoked", grant=1),
        Log().granted("Ana", expires_at="2026-03-01T00:00:00.000000Z"),
    ],
    ids=["its giver lost the role", "another kind", "revoked", "ended"],
)
def test_a_grant_that_does_not_stand_answers_nothing(log):
    assert asked(log.inbox)[1] == [("proposal_made", 1, "eve")]


def test_one_persons_grants_never_fill_two_asks():
    log = Log().granted("Ana").granted("ana@example.org", IMPORT, grant=2)
    assert [said[2] for said in asked(log.inbox)[1]] == ["eve", "grant:1"]
    log.granted("Bia", IMPORT, grant=3)
    assert [said[2] for said in asked(log.inbox)[1]] == ["eve", "grant:1", "grant:3"]


def test_grants_answer_as_many_asks_as_people_gave_them():
    # Ana's grants would do for either ask, Bia's for one: Ana must not take that one first
    log = Log().granted("Ana").granted("Bia", IMPORT, grant=2).granted("Ana", IMPORT, grant=3)
    proposal = Log().made().one
    answers = grant_answers(log.inbox, proposal, roles=roles(), now=NOW)
    assert sorted(one.grant or 0 for one in answers) == [1, 2]


# -- trying again ------------------------------------------------------------------------------


def test_what_is_newly_approved_is_carried_out_at_once():
    first = next_try([3], Tried(), NOW)
    assert first == Tried((3,), 1, NOW)
    assert next_try([3, 4], first, NOW) == Tried((3, 4), 1, NOW)
    assert next_try([], first, NOW) is None


def test_what_fails_is_tried_again_less_and_less_often():
    tried, now, waits = next_try([3], Tried(), NOW), NOW, []
    for _ in range(9):
        before = now
        while (again := next_try([3], tried, now)) is None:
            now += timedelta(minutes=1)
        waits.append((now - before) / timedelta(minutes=1))
        tried = again
    assert waits == [1, 2, 4, 8, 16, 32, 60, 60, 60]
    assert timedelta(minutes=waits[-1]) == LONGEST_WAIT


def test_what_is_left_after_some_were_carried_out_waits_as_before():
    tried = Tried((3, 4), 2, NOW)
    assert next_try([4], tried, NOW) is None
