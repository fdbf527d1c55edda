"""Proves, from synthesized templates, that no tenant can reach what belongs to another one, or shows how it can.

See docs/proof.md for what is proved, under which assumptions, and how.
"""

from __future__ import annotations

import re
import string
from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from emrguard_policies.accepted import chosen_risks, declared
from emrguard_policies.assembly import Assembly, Mark, Resource, unexpanded
from emrguard_policies.carriers import ROLE, Carrier, collect, limit_by_scps, name_of
from emrguard_policies.declared import Declared
from emrguard_policies.envelope import beyond
from emrguard_policies.goal_actions import ASSUME, TAGGING
from emrguard_policies.goals import AUDIT, ESCALATION, KINDS, Goal, GoalBuilder
from emrguard_policies.iam import symbolic
from emrguard_policies.iam.boxes import Box, KeyAtom, fixed_key, key_dimension
from emrguard_policies.iam.glob import Space, Undecided
from emrguard_policies.iam.index import Index
from emrguard_policies.iam.model import PrincipalPattern
from emrguard_policies.iam.symbolic import Answer, Compiled, Held, Subject, Target
from emrguard_policies.outside import Outside, roles_abroad
from emrguard_policies.proof import UNDECIDED, Counterexample, Proof, Seal, Verdict
from emrguard_policies.resolution import Resolver
from emrguard_policies.runners import Run, function_of, runners
from emrguard_policies.tags import Tags
from emrguard_policies.tenants import SERVICE, tenants_of
from emrguard_policies.unmodelled import Unmodelled

OUTSIDE = "a role outside of the assembly"
LEAST_PRIVILEGE, TRUST, DEPUTY, SHARED = "least-privilege", "trust", "confused-deputy", "unowned"


def prove(
    assembly: Assembly, *, tenants: Mapping[str, Any] | None = None, scps: Mapping[str, Any] | None = None
) -> Proof:
    """Ask for every ordered pair of tenants, and for every principal, what it could do to the other.

    `tenants` overrides the manifest (see `tenants.tenants_of`). `scps` are service control policies of the accounts, by
    name; their Denies count.

    Raises:
        InputError: the templates refer to themselves in a circle, or `tenants` has another form.
    """
    return _Prover(assembly, tenants, scps or {}).run()


@dataclass(frozen=True, eq=False)
class _Step:
    """One step of a way: the role that acts next, the request that makes it, and the runners in between."""

    role: Carrier
    hit: _Hit
    hops: tuple[str, ...] = ()


@dataclass(frozen=True, eq=False)
class _Hit:
    goal: Goal
    answer: Answer | None
    reason: str = ""

    @property
    def certain(self) -> bool:
        return self.answer is not None and not self.answer.opaque


class _Prover:
    def __init__(self, assembly: Assembly, given: Mapping[str, Any] | None, scps: Mapping[str, Any]) -> None:
        self._unread = assembly.unread
        self._accepted = chosen_risks(assembly)
        self._elsewhere = [each for template in assembly.templates for each in declared(template)]
        self._resolver = Resolver(assembly)
        self._partitions = list(dict.fromkeys(map(self._resolver.partition, assembly.templates)))
        self._tenants = tenants_of(assembly, self._resolver, given)
        self._space = Space(self._resolver.symbols)
        self._found = collect(assembly, self._resolver, self._space)
        self._scps = tuple(scps)
        limit_by_scps(self._found, self._space, scps)
        self._carriers = self._found.carriers
        tags = Tags(self._resolver, self._space, self._found)
        self._builder = GoalBuilder(self._resolver, self._space, self._found, self._tenants, tags)
        self._runners = runners(self._resolver)
        self._checked = 0
        self._counterexamples: list[Counterexample] = []
        self._open: set[tuple[str, str, str]] = set()
        self._doubtful: set[tuple[str | None, str | None]] = set()
        self._owned_texts: dict[str, list[str]] = {}
        self._doubted: set[tuple[str, str]] = set()
        self._actions: dict[tuple[int, tuple[str, ...]], frozenset[str]] = {}

    def run(self) -> Proof:
        names = self._tenants.names
        if names:
            self._prepare()
            self._sources()
            self._unmarked()
            self._chains()
            self._shared_resources()
            self._trusts()
            self._strangers()
            self._declared()
            self._envelopes()
            self._custom_resources()
        self._unreadable()
        certain = any(each.check not in (UNDECIDED, SHARED) for each in self._counterexamples)
        verdict: Verdict = "violated" if certain else "undecided" if self._counterexamples else "isolated"
        found = tuple(sorted(self._counterexamples, key=_order))
        return Proof(verdict, self._checked, self._assumptions(), names, found, self._matrix())

    # Questions

    def _prepare(self) -> None:
        self._of_role: dict[Resource, Carrier] = {
            each.resource: each for each in self._carriers if each.resource is not None
        }
        builder = self._builder
        using = [goal for runner in self._runners for goal in builder.using(runner)]
        self._goals = [*builder.of_tenants(), *builder.of_trails(), *(goal for goal in using if not goal.path)]
        self._outside = Outside(self._resolver, self._tenants, self._other_account)
        nobodys = list(self._outside.goals(self._carriers))
        self._own = [*builder.own_logs(), *builder.own_rights()]
        self._escalations = [*builder.of_account(), *builder.tagging()]
        roles = [each for each in self._carriers if each.resource is not None and each.resource.type == ROLE]
        self._assuming = [builder.assuming(each.resource, each.trust) for each in roles if each.resource]
        passing = [
            goal
            for each in roles
            if each.resource is not None and self._mark(each).tenant is None
            for goal in builder.passing(each.resource, iter(_services(each)))
        ]
        known = [each.subject.arn for each in self._carriers if each.subject.kind == "role"]
        outside = list(builder.outside(known, self._other_account))
        self._role_arns = frozenset(known)
        accounts = set(map(self._resolver.account, self._resolver.assembly.templates))
        self._foreign = frozenset(roles_abroad(self._carriers, accounts))
        for text in sorted(self._foreign):
            self._assume(f"{self._readable(text)} is of another account: nothing is known of its rights")
        paths = [*self._assuming, *passing, *outside, *(goal for goal in using if goal.path)]
        also = [goal.also for goal in passing if goal.also is not None]
        everything = [*self._goals, *self._own, *self._escalations, *paths, *also]
        self._goals += nobodys
        self._index: Index[Goal] = Index(self._space)
        self._by_actions: dict[tuple[str, ...], list[Goal]] = {}
        for goal in (*everything, *nobodys):
            self._by_actions.setdefault(goal.actions, []).append(goal)
            for text in goal.target.texts:
                self._index.add(text, goal)
        self._named = self._naming(everything)
        self._outsiders: dict[str, Carrier] = {}
        self._steps: dict[Carrier, list[_Step]] = {}
        self._wanted = {each: self._wanted_by(each) for each in self._carriers}
        for each in self._carriers:
            self._steps[each] = self._next(each)

    def _naming(self, goals: Iterable[Goal]) -> dict[Carrier, dict[Goal, set[str]]]:
        """The goals whose own policy may name a carrier, with the actions it gives."""
        subjects: Index[Carrier] = Index(self._space)
        for carrier in self._carriers:
            subjects.add(carrier.subject.arn, carrier, wildcards=False)
        on: dict[Compiled, list[Goal]] = {}
        for goal in goals:
            for policy in goal.target.policies:
                on.setdefault(policy, []).append(goal)
        found: dict[Carrier, dict[Goal, set[str]]] = {each: {} for each in self._carriers}
        for policy, its_goals in on.items():
            for grant in policy.grants:
                carriers = set(self._named_by(grant, subjects))
                for goal in its_goals if carriers else ():
                    actions = self._covered(grant, goal.actions)
                    for carrier in carriers if actions else ():
                        found[carrier].setdefault(goal, set()).update(actions)
        return found

    def _named_by(self, grant: Box, subjects: Index[Carrier]) -> Iterator[Carrier]:
        statement = grant.statement
        if statement.not_principals is not None:
            yield from self._carriers
        for pattern in statement.principals or ():
            if pattern.kind == "AWS":
                if pattern.value == "*" or ":assumed-role/" in pattern.value:
                    yield from self._carriers
                else:
                    yield from subjects.candidates(pattern.value, wildcards=False)

    def _wanted_by(self, carrier: Carrier) -> dict[Goal, set[str]]:
        """The goals that the identity policies of a carrier may speak of, with the actions they give."""
        found: dict[Goal, set[str]] = {}
        for policy in carrier.held.identity:
            for grant in policy.grants:
                patterns = grant.statement.resources
                if patterns is None or "*" in patterns:
                    for actions, goals in self._by_actions.items():
                        covered = self._covered(grant, actions)
                        for goal in goals if covered else ():
                            found.setdefault(goal, set()).update(covered)
                    continue
                for pattern in patterns:
                    for goal in self._index.candidates(pattern, variables=policy.policy.variables):
                        if goal.name == OUTSIDE and pattern in self._role_arns:
                            # The pattern is a role of the assembly, in full.
                            continue
                        covered = self._covered(grant, goal.actions)
                        if covered:
                            found.setdefault(goal, set()).update(covered)
        return found

    def _covered(self, grant: Box, actions: tuple[str, ...]) -> frozenset[str]:
        """Those of some actions that a statement speaks of."""
        key = (id(grant), actions)
        found = self._actions.get(key)
        if found is None:
            atoms = [atom for atom in grant.atoms if atom.dimension == "action"]
            found = self._actions[key] = frozenset(
                action
                for action in actions
                if all(atom.holds(action.lower()) for atom in atoms)  # type: ignore[arg-type]
            )
        return found

    def _asked(self, carrier: Carrier, goal: Goal) -> _Hit | None:
        """The first action of a goal that a carrier may do, known policies before unknown ones."""
        possible = self._wanted[carrier].get(goal, set()) | self._named[carrier].get(goal, set())
        held = self._without_foreign(carrier.held) if goal.abroad else carrier.held
        return self._first(possible, goal, lambda action: symbolic.reach(
            self._space, carrier.subject, held, action, goal.target
        ))  # fmt: skip

    def _without_foreign(self, held: Held) -> Held:
        """The policies without the statements that name nothing but roles of other accounts, each in full."""
        return replace(held, identity=tuple(
            replace(policy, grants=tuple(
                grant for grant in policy.grants
                if not grant.statement.resources or not self._foreign.issuperset(grant.statement.resources)
            ))
            for policy in held.identity
        ))  # fmt: skip

    def _alone(self, carrier: Carrier, goal: Goal) -> _Hit | None:
        """Like `_asked`, by the identity policies alone."""
        return self._first(self._wanted[carrier].get(goal, set()), goal, lambda action: symbolic.allowed_alone(
            self._space, carrier.subject, carrier.held, action, goal.target
        ))  # fmt: skip

    @staticmethod
    def _first(possible: set[str], goal: Goal, ask: Any) -> _Hit | None:
        doubtful: _Hit | None = None
        for action in goal.actions if possible else ():
            if action not in possible:
                continue
            try:
                answer = ask(action)
            except Undecided as reason:
                doubtful = doubtful or _Hit(goal, Answer(action, goal.name, {}, (), True), str(reason))
                continue
            if answer is not None and not answer.opaque:
                return _Hit(goal, answer)
            if answer is not None:
                doubtful = doubtful or _Hit(goal, answer, _UNKNOWN)
        return doubtful

    def _hits(self, carrier: Carrier, tenant: str | None) -> Iterator[_Hit]:
        """What a carrier may do to resources of other tenants than `tenant`, and to what all are watched by."""
        for goal in self._possible(carrier):
            if _is_finding(goal) and _foreign(goal, tenant) and (goal.owner is not None or goal.kind == AUDIT):
                hit = self._asked(carrier, goal)
                if hit:
                    yield hit

    def _possible(self, carrier: Carrier) -> list[Goal]:
        return list(dict.fromkeys((*self._wanted[carrier], *self._named[carrier])))

    def _next(self, carrier: Carrier) -> list[_Step]:
        """The roles that act for a carrier after one step: it assumes them, passes them, or uses what runs as them."""
        found = []
        own = self._mark(carrier).tenant
        for goal in self._possible(carrier):
            if not goal.runs or (goal.owner is not None and goal.actions is not ASSUME):
                # What is another tenant's is found as such, and what is its own acts for itself.
                continue
            ahead = [
                (role, run) for run in goal.runs if (role := self._acting(run)) is not None and role is not carrier
            ]
            if own is not None:
                ahead = [(role, run) for role, run in ahead if self._mark(role).tenant != own]
            hit = self._asked(carrier, goal) if ahead else None
            if hit and (goal.also is None or self._asked(carrier, goal.also)):
                found += [self._stepping(role, hit, tuple(map(self._readable, run.hops))) for role, run in ahead]
        return found

    def _acting(self, run: Run) -> Carrier | None:
        """The role that acts; for one that is not in the assembly somebody of whom nothing is known."""
        if isinstance(run.role, Resource):
            return self._of_role.get(run.role)
        if run.role not in self._outsiders:
            name = self._readable(run.role) if ":role/" in run.role else OUTSIDE
            account = self._carriers[0].subject.account if self._carriers else ""
            held = Held((symbolic.unknown_policy(f"the policies of {name}"),))
            self._outsiders[run.role] = Carrier(Subject("role", run.role, account), held, Mark())
            carrier = self._outsiders[run.role]
            self._found.unknown.add(f"the policies of {name}")
            everything = [*self._goals, *self._escalations]
            self._wanted[carrier] = {goal: set(goal.actions) for goal in everything}
            self._named[carrier] = {}
            self._steps[carrier] = []
        return self._outsiders[run.role]

    def _stepping(self, role: Carrier, hit: _Hit, hops: tuple[str, ...]) -> _Step:
        """A step; where it leads to a role that is not in the assembly, that is said."""
        if role in self._outsiders.values():
            name = self._readable(role.subject.arn) if ":role/" in role.subject.arn else OUTSIDE
            self._assume(f"{name} is taken to be able to do everything: it is not in the templates")
        return _Step(role, hit, hops)

    def _mark(self, carrier: Carrier) -> Mark:
        return self._tenants.mark(carrier.resource) if carrier.resource is not None else carrier.mark

    # Checks

    def _sources(self) -> None:
        """Every principal of a tenant against everything of the others, the trail, and its own rights."""
        owned = [goal for goal in self._goals if goal.owner is not None or goal.kind == AUDIT]
        total = sum(len(goal.actions) for goal in owned)
        per_owner: dict[str | None, int] = {}
        for goal in owned:
            per_owner[goal.owner] = per_owner.get(goal.owner, 0) + len(goal.actions)
        for carrier in self._carriers:
            tenant = self._mark(carrier).tenant
            if tenant is None:
                continue
            self._checked += total - per_owner.get(tenant, 0) + len(self._assuming) - 1
            reached: set[Goal] = set()
            for hit in self._hits(carrier, tenant):
                reached.add(hit.goal)
                if hit.goal.owner is not None or hit.goal.kind == AUDIT:
                    self._report(carrier, tenant, hit)
            for goal in self._possible(carrier):
                if goal.kind == ESCALATION or (goal.own and self._is_judged(carrier, tenant, goal)):
                    self._checked += len(goal.actions)
                    hit_or_none = self._asked(carrier, goal)
                    if hit_or_none:
                        self._report(carrier, tenant, hit_or_none)
            for goal in self._wanted[carrier]:
                if goal not in reached and (
                    (_is_finding(goal) or goal.actions is ASSUME)
                    and _foreign(goal, tenant)
                    and (goal.owner is not None or goal.kind == AUDIT)
                ):
                    hit_or_none = None if self._reached_role(carrier, goal) else self._alone(carrier, goal)
                    if hit_or_none:
                        self._report_alone(carrier, tenant, hit_or_none)

    def _is_judged(self, carrier: Carrier, tenant: str, goal: Goal) -> bool:
        """Whether a goal over a tenant's own resources is one for this principal: logs for all, rights for jobs."""
        return goal.owner == tenant and (goal.kind == AUDIT or self._runs_jobs(carrier))

    def _runs_jobs(self, carrier: Carrier) -> bool:
        return self._mark(carrier).part == "execution-role" or SERVICE in map(_plain, _services(carrier))

    def _reached_role(self, carrier: Carrier, goal: Goal) -> bool:
        return any(step.hit.goal is goal for step in self._steps[carrier])

    def _unmarked(self) -> None:
        """Principals of no tenant that reach several: a bridge between them."""
        for carrier in self._carriers:
            mark = self._mark(carrier)
            if mark.tenant is not None or mark.shared is not None:
                continue
            self._checked += sum(len(goal.actions) for goal in self._goals if goal.owner is not None)
            hits = [hit for hit in self._hits(carrier, None) if hit.goal.owner is not None]
            owners = {hit.goal.owner for hit in hits}
            if len(owners) > 1:
                for owner in sorted(str(each) for each in owners):
                    self._report(carrier, None, next(hit for hit in hits if hit.goal.owner == owner))

    def _chains(self) -> None:
        """What a tenant can do through the roles that act for it, to any depth."""
        reached: dict[Carrier, list[_Hit]] = {}
        for start, tenant, first in self._starts():
            seen = {start}
            queue: deque[tuple[list[_Step], tuple[_Step, ...]]] = deque([(first, ())])
            while queue:
                steps, path = queue.popleft()
                for step in steps:
                    role = step.role
                    if role in seen:
                        continue
                    seen.add(role)
                    owner = self._mark(role).tenant
                    if owner not in (None, tenant):
                        self._report(start, tenant, step.hit, path, into=step)
                        continue
                    longer = (*path, step)
                    queue.append((self._steps[role], longer))
                    if owner is not None:
                        # A principal of its own, asked for itself.
                        continue
                    if role not in reached:
                        reached[role] = [*self._hits(role, None), *self._rights_over_all(role)]
                    for further in reached[role]:
                        goal = further.goal
                        if goal.kind in (AUDIT, ESCALATION) or (goal.owner is not None and goal.owner != tenant):
                            self._report(start, tenant, further, longer)

    def _rights_over_all(self, carrier: Carrier) -> Iterator[_Hit]:
        for goal in self._possible(carrier):
            hit = self._asked(carrier, goal) if goal.kind == ESCALATION else None
            if hit:
                yield hit

    def _starts(self) -> Iterator[tuple[Carrier, str, list[_Step]]]:
        """The principals of tenants, and what runs for a tenant in a role that is not its own."""
        for carrier in self._carriers:
            tenant = self._mark(carrier).tenant
            if tenant is not None:
                yield carrier, tenant, self._steps[carrier]
        for runner in self._runners:
            tenant = self._tenants.mark(runner.resource).tenant
            if tenant is None:
                continue
            subject = Subject("role", runner.arn, self._resolver.account(runner.resource.template))
            steps = [
                self._stepping(role, self._running(runner.resource, run), run.hops[1:])
                for run in runner.runs
                if (role := self._acting(run)) is not None and self._mark(role).tenant != tenant
            ]
            if steps:
                yield Carrier(subject, Held(), Mark(tenant=tenant), runner.resource), tenant, steps

    def _running(self, runner: Resource, run: Run) -> _Hit:
        """That a runner acts in its role: no request, the template says so."""
        role = self._acting(run)
        arn = self._readable(role.subject.arn) if role else ""
        goal = Goal(None, "roles", name_of(runner), ASSUME, Target((), ""), path=True)
        return _Hit(goal, Answer(ASSUME[0], arn, {}, ()))

    def _shared_resources(self) -> None:
        """Resources that nobody owns but several tenants reach."""
        said: set[str] = set()
        asking: dict[Goal, list[Carrier]] = {}
        for carrier in self._carriers:
            for goal in self._possible(carrier):
                asking.setdefault(goal, []).append(carrier)
        for goal in self._goals:
            if goal.owner is not None or goal.kind == AUDIT or goal.path:
                continue
            found: dict[str, tuple[Carrier, _Hit]] = {}
            carriers = asking.get(goal, ())
            if len({self._mark(each).tenant for each in carriers} - {None}) < 2:
                continue
            for carrier in carriers:
                tenant = self._mark(carrier).tenant
                if tenant is None or tenant in found:
                    continue
                self._checked += len(goal.actions)
                hit = self._asked(carrier, goal)
                if hit:
                    found[tenant] = carrier, hit
            if len(found) > 1 and (goal.resource is not None or goal.name not in said):
                said.add(goal.name)
                names = " and ".join(sorted(found))
                carrier, hit = next(iter(found.values()))
                self._add(
                    SHARED, carrier, hit, source=next(iter(found)), target=None,
                    why=f"{goal.name} belongs to no tenant, and {names} both reach it",
                    mend=f"say whose {goal.name} is, or mark it as shared on purpose, with a reason and its prefixes",
                )  # fmt: skip

    def _trusts(self) -> None:
        """Who besides the principals of the assembly may become a role of a tenant, or one that reaches a tenant."""
        known = {each.subject.arn for each in self._carriers}
        for carrier in self._carriers:
            mark, trust = self._mark(carrier), carrier.trust
            if trust is None or carrier.resource is None:
                continue
            named = list(dict.fromkeys(map(_plain, _services(carrier))))
            other = self._other_account(carrier.subject.account)
            tenant = mark.tenant or self._first_reached(carrier)
            if tenant is None:
                continue
            for service in dict.fromkeys((SERVICE, *(each for each in named if each in _DEPUTIES))):
                self._deputy(carrier, tenant, other, service)
            self._stranger(carrier, tenant, other, "any account")
            if mark.tenant is None:
                continue
            runs_jobs = self._runs_jobs(carrier)
            if runs_jobs:
                self._stranger(carrier, tenant, carrier.subject.account, "the account itself")
            for grant in trust.grants:
                for pattern in grant.statement.principals or ():
                    self._trusted(carrier, tenant, grant, pattern, runs_jobs, known)

    def _first_reached(self, carrier: Carrier) -> str | None:
        """A tenant that a role of nobody's reaches."""
        return next((hit.goal.owner for hit in self._hits(carrier, None) if hit.goal.owner is not None), None)

    def _deputy(self, carrier: Carrier, tenant: str, other: str, name: str) -> None:
        """Whether a service would become the role for another account."""
        source = KeyAtom(
            key_dimension(self._space, "aws:SourceArn"), True, True,
            self._space.automaton((f"arn:aws*:?*:*:{other}:?*",), "text", "arn"),
        )  # fmt: skip
        atoms = (fixed_key(self._space, "aws:SourceAccount", other), source)
        assert carrier.trust is not None
        target = Target((carrier.subject.arn,), carrier.subject.account, (carrier.trust,), True, atoms)
        goal = Goal(tenant, "roles", "", ASSUME, target, carrier.resource)
        service = Subject("service", name, "")
        self._checked += 1
        hit = self._first(set(ASSUME), goal, lambda action: symbolic.reach(
            self._space, service, Held(), action, target
        ))  # fmt: skip
        if hit:
            label = _labels(hit)[0] if _labels(hit) else "its trust policy"
            self._add(
                DEPUTY, Carrier(service, Held(), Mark()), hit, source=None, target=tenant,
                why=f"{name} may become this role on behalf of another account",
                mend=f"in {label}, add the condition StringEquals aws:SourceAccount with the account's own number",
            )  # fmt: skip

    def _stranger(self, carrier: Carrier, tenant: str, account: str, who: str) -> None:
        """Whether some principal outside of the assembly, with every right, could become the role."""
        subject, held = self._outsider_of(account)
        assert carrier.trust is not None
        target = Target((carrier.subject.arn,), carrier.subject.account, (carrier.trust,), True)
        goal = Goal(tenant, "roles", "", ASSUME, target, carrier.resource)
        self._checked += 1
        hit = self._first(set(ASSUME), goal, lambda action: symbolic.reach(
            self._space, subject, held, action, target
        ))  # fmt: skip
        if hit:
            self._add(
                TRUST, Carrier(subject, held, Mark()), hit, source=None, target=tenant,
                why=f"the role can be assumed from outside of the assembly: by principals of {who}",
                mend=f"let {(_labels(hit) or ('its trust policy',))[-1]} name the service or the roles that need it",
            )  # fmt: skip

    def _outsider_of(self, account: str) -> tuple[Subject, Held]:
        """Some principal of an account that is not in the assembly and has every right there."""
        name = self._resolver.symbols.symbol(
            "a role outside of the assembly", "some-role-outside", alphabet=frozenset(string.ascii_letters + "-"),
            lengths=(8, 40), unique=True,
        ).char  # fmt: skip
        partition = self._partitions[0]
        everything = symbolic.unknown_policy("its own policies")
        grants = tuple(Box(each.statement, ()) for each in everything.grants)
        held = Held((Compiled(everything.policy, grants, ()),))
        return Subject("role", f"arn:{partition}:iam::{account}:role/{name}", account), held

    def _trusted(
        self, carrier: Carrier, tenant: str, grant: Box, pattern: PrincipalPattern, runs_jobs: bool, known: set[str]
    ) -> None:
        shown = self._space.readable(self._space.expanded(pattern.value))
        role = self._space.readable(self._space.expanded(carrier.subject.arn))
        outside = pattern.kind == "Federated" or (
            pattern.kind == "AWS"
            and pattern.value != "*"
            and ":root" not in pattern.value
            and not pattern.value.isdecimal()
            and pattern.value not in known
        )
        if outside and not runs_jobs:
            self._assume(f"{shown}, which is not in the assembly, may assume {role}: it is taken to act for {tenant}")
        elif outside or (runs_jobs and pattern.kind == "Service" and _plain(pattern.value) != SERVICE):
            self._counterexamples.append(
                Counterexample(
                    TRUST,
                    shown,
                    "sts:AssumeRole",
                    role,
                    {},
                    (),
                    (grant.statement.label,),
                    f"let the trust policy name {SERVICE} alone",
                    None,
                    tenant,
                    "a role that runs jobs is for the service alone",
                )
            )

    def _other_account(self, account: str) -> str:
        if account.isascii():
            return "999999999999" if account != "999999999999" else "888888888888"
        symbol = self._resolver.symbols.symbol(
            "another account", "999999999999", alphabet=frozenset(string.digits), lengths=(12, 12)
        ).char
        for each in account:
            if self._space.is_symbol(each):
                self._space.separate(symbol, each)
        return symbol

    def _strangers(self) -> None:
        """Whether somebody of another account, with every right there, reaches what belongs to a tenant."""
        for goal in self._goals:
            if goal.owner is None or not goal.target.policies:
                continue
            # Nobody knows that two accounts differ that only a deployment knows: the policy alone must let them in.
            target = replace(goal.target, gate=True)
            accounts = dict.fromkeys((self._other_account(goal.target.account), *_other_accounts(goal.target)))
            for account in accounts:
                subject, held = self._outsider_of(account)
                self._checked += len(goal.actions)
                hit = self._first(set(goal.actions), goal, lambda action: symbolic.reach(
                    self._space, subject, held, action, target  # noqa: B023 - asked at once
                ))  # fmt: skip
                if hit:
                    label = (_labels(hit) or ("its policy",))[-1]
                    self._add(
                        goal.kind, Carrier(subject, held, Mark()), hit, source=None, target=goal.owner,
                        why=f"{goal.name} belongs to {goal.owner}, and its policy lets other accounts in",
                        mend=f"let {label} name the principals of {goal.owner} alone",
                    )  # fmt: skip
                    break

    def _envelopes(self) -> None:
        """Whether the roles that run jobs stay within their tenant; once a statement, where nothing worse is said."""
        common: list[str] = []
        for resource in self._resolver.assembly.resources():
            arn = self._resolver.arn(resource)
            if arn and self._space.is_symbol(arn[-1]):
                # Nothing else is called like a generated name with more behind it; whose it is, is asked elsewhere.
                common.append(f"{arn}*")
            elif arn and self._tenants.mark(resource).shared:
                common += _all_of(arn)
        for carrier in self._carriers:
            tenant = self._mark(carrier).tenant
            if tenant is None or carrier.resource is None or not self._runs_jobs(carrier):
                continue
            template = carrier.resource.template
            resolver = self._resolver
            place = resolver.partition(template), resolver.region(template), carrier.subject.account
            own = [*self._texts_of(tenant), *common]
            who = self._readable(carrier.subject.arn)
            blamed = {label for each in self._counterexamples if each.principal == who for label in each.statements}
            for goal, held in beyond(self._space, carrier.held, own, place):
                self._checked += 1
                hit = self._first(set(goal.actions), goal, lambda action: symbolic.reach(
                    self._space, carrier.subject, held, action, goal.target  # noqa: B023 - asked at once
                ))  # fmt: skip
                labels = set(map(self._readable, _labels(hit))) if hit else set()
                if hit and not labels & blamed:
                    blamed |= labels
                    widest = next(iter(_labels(hit)), "the policy")
                    self._add(
                        LEAST_PRIVILEGE, carrier, hit, source=tenant, target=None,
                        why=f"its wildcard reaches beyond what belongs to {tenant}, is shared, or is named in full",
                        mend=f"name in {widest} the resources that the jobs need",
                    )  # fmt: skip

    def _texts_of(self, tenant: str) -> list[str]:
        if not self._owned_texts:
            for resource, mark in self._tenants.marks.items():
                arn = self._resolver.arn(resource)
                if mark.tenant and arn:
                    self._owned_texts.setdefault(mark.tenant, []).extend(_all_of(arn))
                if resource.type.startswith("AWS::Glue::"):
                    for goal in self._goals:
                        if goal.resource is resource and mark.tenant:
                            self._owned_texts.setdefault(mark.tenant, []).extend(goal.target.texts)
        return self._owned_texts.get(tenant, [])

    def _declared(self) -> None:
        readers = (
            Declared(self._resolver, self._tenants), Unmodelled(self._resolver, self._tenants), self._outside,
        )  # fmt: skip
        for reader in readers:
            for example in reader.counterexamples():
                source = None if example.source == example.target else example.source
                if example.check == UNDECIDED:
                    self._doubtful.add((source, example.target))
                elif source and example.target:
                    self._open.add((source, example.target, example.check))
                self._counterexamples.append(example)
            for text in reader.assumptions:
                self._assume(text)

    def _custom_resources(self) -> None:
        """Custom resources that may change rights: what they change stands in no template."""
        for resource in self._resolver.assembly.resources():
            if not resource.type.startswith("Custom::") and resource.type != "AWS::CloudFormation::CustomResource":
                continue
            function = function_of(self._resolver, resource.template, resource.properties.get("ServiceToken"))
            runner = next((each for each in self._runners if each.resource is function), None)
            if runner is None:
                who, why = "nobody in the assembly", "its provider is not in the assembly"
                hit: _Hit | None = None
            else:
                acting = [role for run in runner.runs if (role := self._acting(run)) is not None]
                hit = next((found for role in acting for found in self._rights_over_all(role)), None)
                if hit is None or hit.answer is None:
                    continue
                who, why = runner.arn, f"its provider may do {hit.answer.action}"
            name = name_of(resource)
            self._assume(f"custom resource {name} may change rights ({why}): what it changes is not known")
            self._counterexamples.append(
                Counterexample(
                    UNDECIDED, self._readable(who), hit.answer.action if hit and hit.answer else "*", "*", {}, (),
                    _labels(hit) if hit else (), f"declare in the templates what {name} does, or narrow its provider",
                    why=f"custom resource {name} may change rights that stand in no template: {why}",
                )
            )  # fmt: skip

    def _unreadable(self) -> None:
        """Nested stacks whose template is absent may hold anyone with any right, and tenants of their own."""
        for text in (*self._unread, *unexpanded(self._resolver.assembly)):
            self._counterexamples.append(
                Counterexample(
                    UNDECIDED,
                    "any principal of a template that was not read",
                    "*",
                    "*",
                    {},
                    (),
                    (),
                    "synthesize again so that it lies in the assembly, nested and expanded",
                    why=f"{text}: it may hold any principal with any right, and tenants of its own",
                )
            )

    # Reporting

    def _report(
        self, carrier: Carrier, tenant: str | None, hit: _Hit, path: Sequence[_Step] = (), into: _Step | None = None
    ) -> None:
        """Reports a request; with `into` the request only makes that role act, which is another tenant's."""
        goal, owner, kind = hit.goal, hit.goal.owner, hit.goal.kind
        if into is not None:
            owner, kind = self._mark(into.role).tenant, "roles"
            path = (*path, into) if into.hops else path
        if tenant is not None and owner is not None and not goal.own:
            self._open.add((tenant, owner, kind))
        labels = _labels(hit)
        widest = labels[0] if labels else "the policy"
        if path:
            names = " and then ".join(self._way(step) for step in path)
            why = f"it has {names} act for it" if any(step.hops for step in path) else f"it becomes {names}"
            why += ", a role of another tenant's" if into is not None else ", and that role may do this"
            first = _labels(path[0].hit)
            mend = f"do not let it have that role act ({first[0] if first else path[0].hit.goal.name})"
            mend += f", or narrow {widest}" if labels and into is None else ""
        elif goal.own and goal.kind == AUDIT:
            why = f"{goal.name} records what {tenant} does; whoever acts in {tenant} could remove the traces"
            mend = f"take {hit.answer.action if hit.answer else 'it'} out of {widest}"
        elif goal.own:
            why = f"a job could undo what guards {goal.name}"
            mend = f"take {hit.answer.action if hit.answer else 'it'} out of {widest}"
        elif goal.kind == ESCALATION and hit.answer and hit.answer.action in TAGGING:
            why = "policies rely on tags, and with this right it can change them"
            mend = f"take {hit.answer.action} out of {widest}"
        elif goal.kind == ESCALATION:
            why = "with this right it can give itself any other"
            mend = f"take {hit.answer.action if hit.answer else 'it'} out of {widest}"
        elif tenant is None:
            why = "it belongs to no tenant and reaches several"
            mend = f"mark it as shared on purpose, with a reason, or narrow {widest} to one tenant"
        else:
            whose = f"what belongs to {tenant}" if tenant else "one tenant"
            why = f"{goal.name} belongs to {owner}" if owner else f"{goal.name} records what all tenants do"
            mend = f"narrow {widest} to {whose}"
            mine = self._tenants.mark(goal.resource).prefixes.get(tenant, ()) if goal.resource else ()
            if goal.target.atoms and mine:
                # A list is judged on the whole bucket: only a condition can narrow it to a prefix.
                allowed = " or ".join(f"{prefix}*" for prefix in mine)
                mend = f"in {widest}, allow lists only with the condition StringLike s3:prefix {allowed}"
        self._add(kind, carrier, hit, source=tenant, target=owner, why=why, mend=mend, path=path)

    def _way(self, step: _Step) -> str:
        return " and then ".join((*step.hops, self._readable(step.role.subject.arn)))

    def _report_alone(self, carrier: Carrier, tenant: str, hit: _Hit) -> None:
        labels = _labels(hit)
        self._add(
            LEAST_PRIVILEGE, carrier, hit, source=tenant, target=hit.goal.owner,
            why=f"only the policy on {hit.goal.name} itself still refuses this: one layer is left of two",
            mend=f"narrow {labels[0] if labels else 'the policy'} to what belongs to {tenant}",
        )  # fmt: skip

    def _add(
        self, check: str, carrier: Carrier, hit: _Hit, *, source: str | None, target: str | None, why: str, mend: str,
        path: Sequence[_Step] = (),
    ) -> None:  # fmt: skip
        answer = hit.answer
        assert answer is not None
        doubtful = next((each for each in (*(step.hit for step in path), hit) if not each.certain), None)
        if doubtful is not None:
            check = UNDECIDED
            said = doubtful.answer.statements if doubtful.answer else ()
            policy = next((each.policy for each in said if each.policy in self._found.unknown), "a policy")
            if doubtful.reason == _UNKNOWN:
                # One unknown policy makes every question about its carrier doubtful: said once is enough.
                if (carrier.subject.arn, policy) in self._doubted:
                    return
                self._doubted.add((carrier.subject.arn, policy))
                why = f"{policy} is not known, so that it may allow this and anything else"
                mend = f"replace {policy} by a policy that stands in the templates"
            else:
                why = f"{why}: {doubtful.reason}"
        self._counterexamples.append(
            Counterexample(
                check,
                self._readable(carrier.subject.arn),
                answer.action,
                answer.resource,
                answer.context,
                tuple(name for step in path for name in (*step.hops, self._readable(step.role.subject.arn))),
                tuple(
                    dict.fromkeys(
                        self._readable(label)
                        for label in (*(label for step in path for label in _labels(step.hit)), *_labels(hit))
                    )
                ),
                self._readable(mend),
                source,
                target,
                self._readable(why),
            )
        )

    def _readable(self, text: str) -> str:
        return self._space.readable(self._space.expanded(text))

    def _assume(self, text: str) -> None:
        if text not in self._found.assumptions:
            self._found.assumptions.append(text)

    def _matrix(self) -> dict[str, dict[str, dict[str, Seal]]]:
        return {
            source: {
                target: {kind: self._seal(source, target, kind) for kind in KINDS} for target in self._tenants.names
            }
            for source in self._tenants.names
        }

    def _seal(self, source: str, target: str, kind: str) -> Seal:
        if source == target:
            return "own"
        if (source, target, kind) in self._open:
            return "open"
        doubts = ((source, target), (None, target), (None, None))
        return "sealed" if self._doubtful.isdisjoint(doubts) else "undecided"

    def _assumptions(self) -> tuple[str, ...]:
        if not self._tenants.names:
            return (
                *self._tenants.assumptions,
                "no tenant and no EMR Serverless application: there is nothing to prove",
            )
        texts = list(self._tenants.assumptions)
        reasons: dict[str, list[str]] = {}
        for resource, mark in self._tenants.marks.items():
            if mark.shared and not mark.prefixes:
                reasons.setdefault(mark.shared, []).append(resource.logical_id)
        for reason, shared in reasons.items():
            texts.append(f"shared on purpose ({len(shared)} resources): {reason}")
        for resource, mark in self._tenants.marks.items():
            if mark.prefixes:
                parts = "; ".join(f"{tenant}: {', '.join(listed)}" for tenant, listed in mark.prefixes.items())
                texts.append(
                    f"bucket {resource.logical_id} is shared by prefix ({parts}): {mark.shared or 'no reason'}"
                )
        texts += [f"accepted in the code: {risk}" for risk in self._accepted]
        texts += [f"exists outside of these templates ({part}): {reason}" for part, reason in self._elsewhere]
        texts += self._found.assumptions
        if self._scps:
            texts.append(
                f"the Denies of {', '.join(self._scps)} apply to every principal: the accounts are members of the"
                " organization and below these policies"
            )
        texts += _STANDING
        return tuple(texts)


# Services that act for whoever names the role, and that say for which account they do.
_DEPUTIES = frozenset({
    "states.amazonaws.com", "scheduler.amazonaws.com", "events.amazonaws.com", "pipes.amazonaws.com",
    "cloudtrail.amazonaws.com", "vpc-flow-logs.amazonaws.com",
})  # fmt: skip
_ACCOUNT = re.compile(r"(?:(\d{12})|arn:[a-z-]+:(?:iam|sts)::(\d{12}):.+)")
_UNKNOWN = "only a policy that is not known could allow it"
_ORDER = (*KINDS, LEAST_PRIVILEGE, AUDIT, ESCALATION, TRUST, DEPUTY, SHARED, UNDECIDED)
_STANDING = (
    "the templates are deployed as they are, and nothing is changed behind CloudFormation's back",
    "names and ids that AWS generates differ from each other and from every name in the templates",
    "stacks for any account or region are all deployed to one account and region, of the partition aws",
    "no resource control or VPC endpoint policy, and no service control policy that was not given, is counted: those"
    " could only forbid more",
    "KMS grants, access points, shares and bucket ACLs made at run time are not in the templates and not judged",
    "administrators of the account are outside of the tenants",
)


def _other_accounts(target: Target) -> list[str]:
    """The accounts that the policies of a target name literally, other than its own."""
    found = []
    for policy in target.policies:
        for grant in policy.grants:
            for pattern in grant.statement.principals or ():
                match = _ACCOUNT.fullmatch(pattern.value) if pattern.kind == "AWS" else None
                if match and (match[1] or match[2]) != target.account:
                    found.append(match[1] or match[2])
    return found


def _all_of(arn: str | None) -> tuple[str, ...]:
    """A resource and what is in it."""
    return (arn, f"{arn}/*", f"{arn}:*") if arn else ()


def _is_finding(goal: Goal) -> bool:
    """Whether a request of the goal breaks the seal by itself, whoever of another tenant makes it."""
    return not goal.path and not goal.own and goal.kind != ESCALATION


def _services(carrier: Carrier) -> list[str]:
    """The services that a role's trust policy names."""
    found = [
        pattern.value
        for grant in (carrier.trust.grants if carrier.trust else ())
        for pattern in grant.statement.principals or ()
        if pattern.kind == "Service"
    ]
    return list(dict.fromkeys(found))


def _plain(service: str) -> str:
    return service.removesuffix(".cn")


def _foreign(goal: Goal, tenant: str | None) -> bool:
    return goal.kind == AUDIT or goal.owner is None or goal.owner != tenant


def _order(example: Counterexample) -> tuple[bool, str, bool, int, str, str, str]:
    """What crosses from tenant to tenant first, what is undecided last."""
    doubtful = example.check in (UNDECIDED, SHARED)
    return (
        doubtful,
        example.source or "~",
        example.target is None,
        _ORDER.index(example.check),
        example.principal,
        example.resource,
        example.action,
    )


def _labels(hit: _Hit) -> tuple[str, ...]:
    return tuple(each.label for each in hit.answer.statements) if hit.answer else ()
