"""Replaces CloudFormation's intrinsic functions by values, across the stacks of one assembly.

What only a deployment knows becomes a symbol with the shape that is known of it (see `iam.symbols`); what cannot be
decided (parameters, conditions on them, functions of unknown text) becomes a symbol of unknown shape, which every
reader must take as "could be anything". Functions:
https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/intrinsic-function-reference.html
"""

from __future__ import annotations

import base64
import hashlib
import ipaddress
import json
import re
import string
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import lru_cache
from itertools import islice
from typing import Any, TypeVar

from emrguard_policies import resource_names
from emrguard_policies.assembly import Assembly, Resource, Template
from emrguard_policies.exceptions import InputError
from emrguard_policies.iam.symbols import SymbolTable, symbols_in

ALTERNATIVES = 32
"""Ways in which undecided conditions may turn out that `Resolver.alternatives` follows."""

_NO_VALUE = object()
_REFERENCE = re.compile(r"\$\{([^${}]*)\}")
_STORE = "{{resolve:"
_DYNAMIC = re.compile(r"\{\{resolve:[^}]*\}\}")
_STACK = "AWS::CloudFormation::Stack"
KAFKA_CLUSTERS = ("AWS::MSK::Cluster", "AWS::MSK::ServerlessCluster")
_FROM_STORE = "AWS::SSM::Parameter::Value<String>"
_DIGITS = frozenset(string.digits)
_UUID = resource_names.HEX | {"-"}
_Found = TypeVar("_Found")


class Resolver:
    """Resolves values of one assembly. Environment-agnostic stacks are taken to share one account and region."""

    def __init__(self, assembly: Assembly) -> None:
        self.assembly = assembly
        self.symbols = SymbolTable()
        self._labels = _labels(assembly)
        self._active: list[tuple[Template, str]] = []
        self._shared_symbols: dict[str, str] = {}
        self._refs: dict[Resource, str] = {}
        self._names: dict[Resource, str] = {}
        self._places: dict[Template, dict[str, str]] = {}
        self._arns: dict[Resource, str | None] = {}
        self._attributes: dict[tuple[Resource, str], Any] = {}
        self._properties: dict[Resource, Mapping[str, Any]] = {}
        self._conditions: dict[tuple[Template, str], bool | None] = {}
        self._assumed: dict[tuple[Template, str], bool] = {}
        self._undecided: dict[tuple[Template, str], None] = {}
        self._export_index: dict[str, list[tuple[Template, str]]] | None = None
        self._identities: dict[str, Resource | None] | None = None

    # The interface

    def resolve(self, template: Template, value: Any) -> Any:
        """`value` of `template` with every intrinsic function replaced; None where it is `AWS::NoValue`.

        Raises:
            InputError: the template refers to itself in a circle.
        """
        result = self._resolve(template, value)
        return None if result is _NO_VALUE else result

    def chosen(self, template: Template, value: Any) -> Any:
        """`value` as written, with an `Fn::If` that can be decided replaced by its branch (None for no value)."""
        while isinstance(value, dict) and len(value) == 1 and "Fn::If" in value:
            operands = value["Fn::If"]
            if not isinstance(operands, list) or len(operands) != 3:
                return value
            decided = self._condition(template, operands[0])
            if decided is None:
                return value
            value = operands[1] if decided else operands[2]
        nothing = isinstance(value, dict) and len(value) == 1 and value.get("Ref") == "AWS::NoValue"
        return None if nothing else value

    def alternatives(self, template: Template, value: Any) -> list[Any]:
        """`value` resolved once for each way in which the conditions in it that cannot be decided may turn out.

        Past `ALTERNATIVES` ways, the one value in which such an `Fn::If` is unknown.
        """
        found: list[Any] = []
        with self._assuming({}):
            whole = self.resolve(template, value)
            first = list(self._undecided)
        todo: list[dict[tuple[Template, str], bool]] = [{first[0]: each} for each in (True, False)] if first else []
        while todo:
            assumed = todo.pop()
            with self._assuming(assumed):
                result = self.resolve(template, value)
                more = [each for each in self._undecided if each not in assumed]
            if more:
                todo += [{**assumed, more[0]: each} for each in (True, False)]
            elif result not in found:
                found.append(result)
            if len(found) + len(todo) > ALTERNATIVES:
                return [whole]
        return found or [whole]

    def _settled(self, find: Callable[..., _Found], *arguments: Any) -> _Found:
        """What a function finds when nothing is assumed; which conditions it meets is not noted."""
        before = self._assumed, self._undecided
        self._assumed, self._undecided = {}, {}
        try:
            return find(*arguments)
        finally:
            self._assumed, self._undecided = before

    @contextmanager
    def _assuming(self, assumed: dict[tuple[Template, str], bool]) -> Iterator[None]:
        before = self._assumed, self._undecided
        self._assumed, self._undecided = assumed, {}
        try:
            yield
        finally:
            self._assumed, self._undecided = before

    def properties(self, resource: Resource) -> Mapping[str, Any]:
        """All properties of a resource, resolved; computed once."""
        found = self._properties.get(resource)
        if found is None:
            resolved = self.resolve(resource.template, resource.properties)
            # A transform in place of the properties leaves nothing to read: every property is unknown then.
            found = self._properties[resource] = resolved if isinstance(resolved, dict) else {}
        return found

    def ref(self, resource: Resource) -> str:
        """What `Ref` gives for a resource."""
        found = self._refs.get(resource)
        if found is None:
            with self._once(resource.template, resource.logical_id):
                found = self._refs[resource] = self._settled(self._ref, resource)
        return found

    def attribute(self, resource: Resource, name: str) -> str:
        """What `Fn::GetAtt` gives for an attribute, as text."""
        value = self._attribute(resource, name)
        return value if isinstance(value, str) else self._unknown(resource.template, {"Fn::GetAtt": [name]})

    def arn(self, resource: Resource) -> str | None:
        """The ARN of a resource; None for types that have none or whose form is not known here."""
        if resource not in self._arns:
            self._arns[resource] = self._settled(self._arn, resource)
        return self._arns[resource]

    def _arn(self, resource: Resource) -> str | None:
        named = resource_names.NAMED.get(resource.type)
        if named:
            return self._format(resource, named.arn, self._name(resource)) if named.arn else None
        identified = resource_names.IDENTIFIED.get(resource.type)
        if identified:
            return self._format(resource, identified.arn, self.ref(resource))
        if resource.type in KEYS:
            return self._format(resource, "arn:{P}:kms:{R}:{A}:key/{id}", self.ref(resource))
        if resource.type in ("AWS::SecretsManager::Secret", _STACK, *KAFKA_CLUSTERS):
            return self.ref(resource)
        return None

    def target(self, template: Template, value: Any) -> Resource | None:
        """The one resource that a value points at, by reference or by its literal name or ARN; None if not one."""
        found = list(self.pointed(template, value))
        if found:
            return found[0] if all(each is found[0] for each in found) else None
        text = self.resolve(template, value)
        return self.find(text) if isinstance(text, str) else None

    def find(self, text: str) -> Resource | None:
        """The resource whose resolved `Ref`, name or ARN is `text`; None if there is none or more than one."""
        if self._identities is None:
            self._identities = {}
            for resource in self.assembly.resources(*resource_names.NAMED, *resource_names.IDENTIFIED, *_OWN_SCHEME):
                named = resource.type in resource_names.NAMED
                for name in {self.ref(resource), self.arn(resource), self._name(resource) if named else None} - {None}:
                    known = self._identities.get(str(name), resource)
                    self._identities[str(name)] = resource if known is resource else None
        return self._identities.get(text)

    def account(self, template: Template) -> str:
        """The account of a template: 12 digits, or the symbol of the account that agnostic stacks share."""
        return template.account or self._shared("AWS::AccountId")

    def region(self, template: Template) -> str:
        """The region of a template, or the symbol of the region that agnostic stacks share."""
        return template.region or self._shared("AWS::Region")

    def partition(self, template: Template) -> str:
        """The partition of a template, by its region; `aws` where that is not known."""
        return resource_names.partition_of(template.region)

    def is_known(self, value: Any) -> bool:
        """Whether a resolved value holds no symbol at all."""
        if isinstance(value, str):
            return not symbols_in(value)
        if isinstance(value, dict):
            return all(map(self.is_known, value.values()))
        return all(map(self.is_known, value)) if isinstance(value, list) else True

    def is_opaque(self, value: Any) -> bool:
        """Whether a resolved value is, or contains, text of which nothing is known."""
        if not isinstance(value, str) or value.isascii():
            return False
        known = self.symbols.by_char
        for char in symbols_in(value):  # noqa: SIM110 - asked of nearly every value
            if known[char].alphabet is None:
                return True
        return False

    # Values

    def _resolve(self, template: Template, value: Any) -> Any:
        # Called for each object and list of all templates; plain texts, which most values are, cost no call. What holds
        # nothing to replace is given as it is.
        kind = type(value)
        if kind is dict:
            body = value
            for key, item in value.items():
                if key == "Ref" or key[:4] == "Fn::":
                    handler = _FUNCTIONS.get(key) if len(value) == 1 else None
                    result = handler(self, template, item) if handler else None
                    return self._unknown(template, value) if result is None else result
                kind = type(item)
                if kind is dict or kind is list or (kind is str and _STORE in item):
                    result = self._resolve(template, item)
                    if result is not item:
                        if body is value:
                            body = value.copy()
                        if result is _NO_VALUE:
                            del body[key]
                        else:
                            body[key] = result
            return body
        if kind is list:
            items = value
            for index, item in enumerate(value):
                kind = type(item)
                if kind is dict or kind is list or (kind is str and _STORE in item):
                    result = self._resolve(template, item)
                    if result is not item:
                        if items is value:
                            items = value.copy()
                        items[index] = result
            # Removed in the end, so that each index holds until then.
            return items if items is value else [item for item in items if item is not _NO_VALUE]
        return self._dynamic(template, value) if kind is str else value

    def _text(self, template: Template, value: Any) -> str | None:
        """A value in a place where CloudFormation wants text; None if it is none."""
        result = self._resolve(template, value)
        if isinstance(result, str):
            return result
        if isinstance(result, bool):
            return "true" if result else "false"
        return str(result) if isinstance(result, int | float) else None

    def _unknown(self, template: Template, expression: Any) -> str:
        text = json.dumps(expression, sort_keys=True, default=str)
        return self.symbols.symbol(f"{self._labels[template]}: {text}", "unknown").char

    def _dynamic(self, template: Template, text: str) -> str:
        if _STORE not in text:
            return text
        return _DYNAMIC.sub(lambda match: self._stored(template, match[0]), text)

    def _stored(self, template: Template, reference: str) -> str:
        """A dynamic reference: the value of the parameter, where it is one of this assembly's in the same place."""
        kind, _, name = reference[len(_STORE) : -2].partition(":")
        value = self._stored_value(template, name) if kind == "ssm" else None
        return value if value is not None else self._unknown(template, reference)

    def _stored_value(self, template: Template, name: str) -> str | None:
        found = [
            each
            for each in self.assembly.resources("AWS::SSM::Parameter")
            if (each.template.account, each.template.region) == (template.account, template.region)
            and each.properties.get("Name") == name
        ]
        if len(found) != 1:
            return None
        with self._once(found[0].template, f"{found[0].logical_id}.Value"):
            return self._text(found[0].template, found[0].properties.get("Value"))

    def _shared(self, name: str) -> str:
        char = self._shared_symbols.get(name)
        if char is None:
            if name == "AWS::AccountId":
                symbol = self.symbols.symbol(name, "111122223333", alphabet=_DIGITS, lengths=(12, 12))
            else:
                alphabet = frozenset(string.ascii_lowercase + string.digits + "-")
                symbol = self.symbols.symbol(name, "us-east-1", alphabet=alphabet, lengths=(9, 24))
            char = self._shared_symbols[name] = symbol.char
        return char

    @contextmanager
    def _once(self, template: Template, name: str) -> Iterator[None]:
        """Guards against circles: a name is not resolved while it is being resolved."""
        key = (template, name)
        if key in self._active:
            circle = [item[1] for item in self._active[self._active.index(key) :]] + [name]
            raise InputError(f"{template.path}: circular reference: {' -> '.join(circle)}")
        self._active.append(key)
        try:
            yield
        finally:
            self._active.pop()

    # Functions: None means that the value cannot be known

    def _fn_ref(self, template: Template, name: Any) -> Any:
        if not isinstance(name, str):
            return None
        if name.startswith("AWS::"):
            return self._pseudo(template, name)
        resource = template.resources.get(name)
        if resource is not None:
            return self._refs.get(resource) or self.ref(resource)
        return self._parameter(template, name)

    def _pseudo(self, template: Template, name: str) -> Any:
        partition = resource_names.partition_of(template.region)
        if name == "AWS::NoValue":
            return _NO_VALUE
        if name == "AWS::AccountId":
            return self.account(template)
        if name == "AWS::Region":
            return self.region(template)
        if name == "AWS::Partition":
            return partition
        if name == "AWS::URLSuffix":
            return resource_names.url_suffix(partition)
        if name == "AWS::StackName":
            return self._stack_name(template)
        if name == "AWS::StackId":
            unique = self._uuid(f"{self._labels[template]}.AWS::StackId")
            return (
                f"arn:{partition}:cloudformation:{self.region(template)}:{self.account(template)}"
                f":stack/{self._stack_name(template)}/{unique}"
            )
        return None

    def _stack_name(self, template: Template) -> str:
        if not template.named:
            return self._unknown(template, {"Ref": "AWS::StackName"})
        if template.parent is None:
            return template.name
        label = self._labels[template]
        prefix = f"{template.name}-"
        alphabet = resource_names.ALNUM
        length = (resource_names.RANDOM_LENGTH, resource_names.RANDOM_LENGTH)
        return self.symbols.symbol(
            f"{label}.AWS::StackName", f"{prefix}EXAMPLE12345", prefix=prefix, alphabet=alphabet, lengths=length,
            unique=True,
        ).char  # fmt: skip

    def _parameter(self, template: Template, name: str) -> Any:
        above = template.parent_resource
        if above is None:
            declared = template.parameters.get(name)
            stored = isinstance(declared, dict) and str(declared.get("Type")).startswith(_FROM_STORE)
            default = declared.get("Default") if isinstance(declared, dict) else None
            # CDK writes the name of a parameter in the store as the default, and nobody else passes one.
            return self._stored_value(template, default) if stored and isinstance(default, str) else None
        with self._once(template, name):
            passed = above.properties.get("Parameters")
            if isinstance(passed, dict) and name in passed:
                return self._resolve(above.template, passed[name])
            declared = template.parameters.get(name)
            default = declared.get("Default") if isinstance(declared, dict) else None
            # Nobody can override the parameter of a nested stack but its parent, so the default is the value.
            simple = isinstance(declared, dict) and declared.get("Type") in ("String", "Number")
            return default if simple else None

    def _fn_get_att(self, template: Template, value: Any) -> Any:
        resource, name = self._attribute_of(template, value)
        if resource is None or not name:
            return None
        found = self._attributes.get((resource, name))
        return self._attribute(resource, name) if found is None else found

    def _attribute_of(self, template: Template, value: Any) -> tuple[Resource | None, str | None]:
        parts = value.split(".", 1) if isinstance(value, str) else value
        if type(parts) is list and len(parts) == 2 and type(parts[0]) is type(parts[1]) is str:
            # Nearly all are of this form.
            name = parts[1] if _STORE not in parts[1] else self._text(template, parts[1])
            return template.resources.get(parts[0]), name
        if not isinstance(parts, list) or len(parts) < 2 or not isinstance(parts[0], str):
            return None, None
        name = self._text(template, parts[1]) if len(parts) == 2 else ".".join(map(str, parts[1:]))
        return template.resources.get(parts[0]), name

    def _attribute(self, resource: Resource, name: str) -> Any:
        key = (resource, name)
        found = self._attributes.get(key)
        if found is None:
            # Outputs and repeated properties are other resources' values, which may differ by what is assumed.
            if resource.type == _STACK or (resource.type, name) in _REPEATED:
                return self._find_attribute(resource, name)
            found = self._attributes[key] = self._settled(self._find_attribute, resource, name)
        return found

    def _find_attribute(self, resource: Resource, name: str) -> Any:
        named = resource_names.NAMED.get(resource.type)
        if named and name in named.attributes:
            return self._format(resource, named.attributes[name], self._name(resource))
        identified = resource_names.IDENTIFIED.get(resource.type)
        if identified and name == "Arn" and resource.type == "AWS::EMRServerless::Application":
            return self.arn(resource)
        if identified and name == identified.id_attribute:
            return self.ref(resource)
        if resource.type in KEYS and name in ("Arn", "KeyId"):
            return self.arn(resource) if name == "Arn" else self.ref(resource)
        if (resource.type == "AWS::SecretsManager::Secret" and name == "Id") or (
            resource.type in KAFKA_CLUSTERS and name == "Arn"
        ):
            return self.ref(resource)
        if resource.type == _STACK and name.startswith("Outputs."):
            child = resource.template.children.get(resource.logical_id)
            if child is not None:
                return self._output(child, name.removeprefix("Outputs."))
        # Some attributes only repeat a property.
        if (resource.type, name) in _REPEATED:
            with self._once(resource.template, f"{resource.logical_id}.{name}"):
                value = resource.properties.get(name)
                if isinstance(value, str | dict):
                    return self._resolve(resource.template, value)
        return self.symbols.symbol(f"{self._labels[resource.template]}/{resource.logical_id}.{name}", "unknown").char

    def _output(self, template: Template, name: str) -> Any:
        output = template.outputs.get(name)
        if not isinstance(output, dict) or "Value" not in output:
            return None
        with self._once(template, f"Outputs.{name}"):
            result = self._resolve(template, output["Value"])
        return None if result is _NO_VALUE else result

    def _fn_import_value(self, template: Template, value: Any) -> Any:
        found = self._export(template, value)
        return self._output(*found) if found else None

    def _export(self, template: Template, value: Any) -> tuple[Template, str] | None:
        name = self._text(template, value)
        if name is None:
            return None
        if self._export_index is None:
            self._export_index = {}
            with self._assuming({}):
                self._index_exports(self._export_index)
        same = [
            (other, output_id)
            for other, output_id in self._export_index.get(name, ())
            if (other.account, other.region) == (template.account, template.region)
        ]
        return same[0] if len(same) == 1 else None

    def _index_exports(self, index: dict[str, list[tuple[Template, str]]]) -> None:
        for exporting in self.assembly.templates:
            for output_id, output in exporting.outputs.items():
                export = output.get("Export") if isinstance(output, dict) else None
                written = export.get("Name") if isinstance(export, dict) else None
                text = self._text(exporting, written)
                if text is not None:
                    index.setdefault(text, []).append((exporting, output_id))

    def _fn_get_stack_output(self, template: Template, value: Any) -> Any:
        found = self._stack_output(template, value)
        return self._output(*found) if found else None

    def _stack_output(self, template: Template, value: Any) -> tuple[Template, str] | None:
        if not isinstance(value, dict):
            return None
        stack, output = (self._text(template, value.get(key)) for key in ("StackName", "OutputName"))
        region = self._text(template, value["Region"]) if "Region" in value else self.region(template)
        same = [
            other
            for other in self.assembly.templates
            if other.named and other.parent is None and other.name == stack and self.region(other) == region
        ]
        # A role named here reads another account's stack; two stacks of one name cannot be told apart then.
        if "RoleArn" not in value:
            same = [other for other in same if other.account == template.account]
        return (same[0], output) if len(same) == 1 and output else None

    def _fn_sub(self, template: Template, value: Any) -> Any:
        text, variables = (value[0], value[1]) if isinstance(value, list) and len(value) == 2 else (value, {})
        if not isinstance(text, str) or not isinstance(variables, dict):
            return None
        known = True

        def replace(match: re.Match[str]) -> str:
            nonlocal known
            name = match[1].strip()
            if name.startswith("!"):
                return f"${{{name[1:]}}}"
            if name in variables:
                part = self._text(template, variables[name])
            elif "." in name:
                part = self._text(template, {"Fn::GetAtt": name})
            else:
                part = self._text(template, {"Ref": name})
            known = known and part is not None
            return part or ""

        result = _REFERENCE.sub(replace, text)
        return self._dynamic(template, result) if known else None

    def _fn_join(self, template: Template, value: Any) -> Any:
        if not isinstance(value, list) or len(value) != 2 or not isinstance(value[0], str):
            return None
        items = self._resolve(template, value[1])
        if not isinstance(items, list):
            return None
        texts = [item if isinstance(item, str) else self._text(template, item) for item in items]
        return None if None in texts else self._dynamic(template, value[0].join(texts))  # type: ignore[arg-type]

    def _fn_split(self, template: Template, value: Any) -> Any:
        if not isinstance(value, list) or len(value) != 2 or not isinstance(value[0], str) or not value[0]:
            return None
        text = self._text(template, value[1])
        if text is None:
            return None
        for char in symbols_in(text):
            symbol = self.symbols.by_char[char]
            if symbol.alphabet is None:
                return None
            inside = symbol.alphabet | frozenset(symbol.prefix + symbol.suffix)
            if inside & frozenset(value[0]):
                return None
        return text.split(value[0])

    def _fn_select(self, template: Template, value: Any) -> Any:
        if not isinstance(value, list) or len(value) != 2:
            return None
        index, items = self._text(template, value[0]), self._resolve(template, value[1])
        if index is None or not index.isdecimal() or not isinstance(items, list):
            return None
        return items[int(index)] if int(index) < len(items) else None

    def _fn_find_in_map(self, template: Template, value: Any) -> Any:
        if not isinstance(value, list) or len(value) < 3:
            return None
        found: Any = template.body.get("Mappings")
        for part in value[:3]:
            key = self._text(template, part)
            found = found.get(key) if isinstance(found, dict) else None
        return found if isinstance(found, str | list | int | float) else None

    def _fn_if(self, template: Template, value: Any) -> Any:
        if not isinstance(value, list) or len(value) != 3:
            return None
        decided = self._condition(template, value[0])
        if decided is not None:
            return self._resolve(template, value[1] if decided else value[2])
        yes, no = self._resolve(template, value[1]), self._resolve(template, value[2])
        return yes if yes == no else None

    def _condition(self, template: Template, name: Any) -> bool | None:
        conditions = template.body.get("Conditions")
        if not isinstance(name, str) or not isinstance(conditions, dict) or name not in conditions:
            return None
        key = (template, name)
        if key in self._assumed:
            return self._assumed[key]
        if key not in self._conditions:
            with self._once(template, f"Conditions.{name}"), self._assuming({}):
                self._conditions[key] = self._decide(template, conditions[name])
        if self._conditions[key] is None:
            self._undecided[key] = None
        return self._conditions[key]

    def _decide(self, template: Template, value: Any) -> bool | None:
        if not isinstance(value, dict) or len(value) != 1:
            return None
        ((function, operands),) = value.items()
        if function == "Condition":
            return self._condition(template, operands)
        if not isinstance(operands, list):
            return None
        if function == "Fn::Equals" and len(operands) == 2:
            left, right = (self._text(template, operand) for operand in operands)
            if left is None or right is None:
                return None
            if left == right:
                return True
            return False if self.is_known(left) and self.is_known(right) else None
        decided: list[bool | None] = [self._decide(template, operand) for operand in operands]
        if function == "Fn::Not" and len(decided) == 1:
            return None if decided[0] is None else not decided[0]
        if function in ("Fn::And", "Fn::Or"):
            final: bool = function == "Fn::Or"
            if final in decided:
                return final
            return None if None in decided else not final
        return None

    def _fn_length(self, template: Template, value: Any) -> Any:
        items = self._resolve(template, value)
        return len(items) if isinstance(items, list) else None

    def _fn_base64(self, template: Template, value: Any) -> Any:
        text = self._text(template, value)
        return base64.b64encode(text.encode()).decode() if text is not None and self.is_known(text) else None

    def _fn_cidr(self, template: Template, value: Any) -> Any:
        """The first `count` blocks of `bits` host bits, 8 by default, of a block."""
        if not isinstance(value, list) or len(value) not in (2, 3):
            return None
        block, count, bits = (self._text(template, each) for each in (*value, 8)[:3])
        try:
            network = ipaddress.ip_network(str(block))
            length = network.max_prefixlen - int(str(bits))
            if not network.prefixlen <= length <= network.max_prefixlen or not 0 < int(str(count)) <= 256:
                return None
            return [str(each) for each in islice(network.subnets(new_prefix=length), int(str(count)))]
        except ValueError:
            return None

    def _fn_get_azs(self, template: Template, value: Any) -> Any:
        """Zones as symbols: how many an account sees is not known, more than six are not asked for."""
        region = self._text(template, value) or self.region(template)
        return [
            self.symbols.symbol(f"zone {index} of {region}", f"us-east-1{letter}").char
            for index, letter in enumerate("abcdef")
        ]

    def _fn_to_json_string(self, template: Template, value: Any) -> Any:
        resolved = self.resolve(template, value)
        return json.dumps(resolved, ensure_ascii=False, separators=(",", ":"))

    # Names

    def _ref(self, resource: Resource) -> str:
        label = f"{self._labels[resource.template]}/{resource.logical_id}"
        named = resource_names.NAMED.get(resource.type)
        if named:
            name = self._name(resource)
            if named.ref == "arn" and named.arn:
                return self._format(resource, named.arn, name)
            return self._format(resource, named.attributes["Ref"], name) if "Ref" in named.attributes else name
        identified = resource_names.IDENTIFIED.get(resource.type)
        if identified:
            length = (identified.length, identified.length)
            example = identified.prefix + _digest(label, identified.alphabet, identified.length)
            return self.symbols.symbol(
                label, example, prefix=identified.prefix, alphabet=identified.alphabet, lengths=length,
                unique=True,
            ).char  # fmt: skip
        if resource.type == "AWS::KMS::ReplicaKey":
            # A replica has the id of its primary key.
            primary = self._resolve(resource.template, resource.properties.get("PrimaryKeyArn"))
            if isinstance(primary, str) and ":key/" in primary:
                return primary.rpartition(":key/")[2]
            return self.symbols.symbol(label, "mrk-replica", prefix="mrk-", alphabet=resource_names.HEX).char
        if resource.type == "AWS::KMS::Key":
            if self._resolve(resource.template, resource.properties.get("MultiRegion")) in (None, False, "false"):
                return self._uuid(label)
            hexes = resource_names.HEX
            example = "mrk-" + _digest(label, hexes, 32)
            return self.symbols.symbol(
                label, example, prefix="mrk-", alphabet=hexes, lengths=(32, 32), unique=True
            ).char  # fmt: skip
        if resource.type == "AWS::SecretsManager::Secret":
            return self._secret(resource, label)
        if resource.type in KAFKA_CLUSTERS:
            return self._kafka_cluster(resource, label)
        if resource.type == _STACK:
            child = resource.template.children.get(resource.logical_id)
            if child is not None:
                return str(self._pseudo(child, "AWS::StackId"))
        return self.symbols.symbol(label, f"{resource.logical_id}-id").char

    def _secret(self, resource: Resource, label: str) -> str:
        name = self._text(resource.template, resource.properties.get("Name"))
        if name is None:
            # CloudFormation names a secret without its stack: <logical id>-<random>.
            name = self._random(f"{label}.Name", f"{resource.logical_id}-", resource_names.ALNUM)
        ending = self.symbols.symbol(
            f"{label}.suffix", "-AbCdEf", prefix="-", alphabet=resource_names.ALNUM, lengths=(6, 6), unique=True
        ).char
        return self._format(resource, "arn:{P}:secretsmanager:{R}:{A}:secret:{name}", name + ending)

    def _kafka_cluster(self, resource: Resource, label: str) -> str:
        """Its ARN: the name, which must be given, and an id of the form `<uuid>-<number>` or `<uuid>-s<number>`."""
        name = self._text(resource.template, resource.properties.get("ClusterName"))
        if name is None:
            name = self._unknown(resource.template, resource.properties.get("ClusterName"))
        digits = _digest(label, resource_names.HEX, 32)
        example = "-".join((digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:], "1"))
        unique = self.symbols.symbol(
            f"{label}.id", example, alphabet=resource_names.HEX | {"-", "s"}, lengths=(38, 41), unique=True
        ).char
        return self._format(resource, "arn:{P}:kafka:{R}:{A}:cluster/{name}/", name) + unique

    def _name(self, resource: Resource) -> str:
        found = self._names.get(resource)
        if found is None:
            found = self._names[resource] = self._settled(self._find_name, resource)
        return found

    def _find_name(self, resource: Resource) -> str:
        named = resource_names.NAMED[resource.type]
        explicit: Any = resource.properties
        for key in named.property.split("."):
            explicit = explicit.get(key) if isinstance(explicit, dict) else None
        if explicit is not None:
            with self._once(resource.template, f"{resource.logical_id}.{named.property}"):
                resolved = self._resolve(resource.template, explicit)
            if isinstance(resolved, str) and resolved:
                return resolved
            if resolved is not _NO_VALUE:
                return self._unknown(resource.template, {resource.logical_id: explicit})
        label = f"{self._labels[resource.template]}/{resource.logical_id}.Name"
        alphabet = resource_names.LOWER if named.lower else resource_names.ALNUM
        if not resource.template.named:
            # The stack's name is not known: the name can begin with anything but ends in random characters.
            wide = alphabet | {"-"}
            low, example = (resource_names.RANDOM_LENGTH, named.limit), f"stack-{resource.logical_id}-example12345"
            return self.symbols.symbol(
                label, example.lower() if named.lower else example, alphabet=wide, lengths=low, unique=True
            ).char  # fmt: skip
        prefix, whole = resource_names.generated_prefix(
            resource.template.name, resource.logical_id, named.limit, lower=named.lower
        )
        if whole and resource.template.parent is None:
            return self._random(label, prefix, alphabet)
        # Shortened, or below a nested stack, whose own name ends in random characters.
        if resource.template.parent is not None:
            prefix = resource_names.generated_prefix(
                resource.template.name, "", (named.limit + 1) // 2, lower=named.lower
            )[0].removesuffix("-")
        least = resource_names.RANDOM_LENGTH + 1
        # Of the logical id nothing is certain, so that siblings need examples of their own.
        example = f"{prefix}-{_digest(label, resource_names.LOWER, resource_names.RANDOM_LENGTH)}"
        return self.symbols.symbol(
            label, example, prefix=prefix, alphabet=alphabet | {"-"},
            lengths=(least, max(named.limit - len(prefix), least)), unique=True,
        ).char  # fmt: skip

    def _random(self, label: str, prefix: str, alphabet: frozenset[str]) -> str:
        length = (resource_names.RANDOM_LENGTH, resource_names.RANDOM_LENGTH)
        return self.symbols.symbol(
            label, f"{prefix}example12345", prefix=prefix, alphabet=alphabet, lengths=length, unique=True
        ).char  # fmt: skip

    def _uuid(self, label: str) -> str:
        digits = _digest(label, resource_names.HEX, 32)
        example = "-".join((digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:]))
        return self.symbols.symbol(
            label, example, alphabet=_UUID, lengths=(36, 36), unique=True
        ).char  # fmt: skip

    def _format(self, resource: Resource, pattern: str, name: str) -> str:
        template = resource.template
        place = self._places.get(template)
        if place is None:
            partition = resource_names.partition_of(template.region)
            place = self._places[template] = {
                "P": partition, "R": self.region(template), "A": self.account(template),
                "suffix": resource_names.url_suffix(partition),
            }  # fmt: skip
        values = {**place, "name": name, "id": name}
        named = resource_names.NAMED.get(resource.type)
        if named and named.path:
            path = self._resolve(template, resource.properties.get("Path"))
            values["path"] = path if isinstance(path, str) else "/"
        if "{arn}" in pattern and named and named.arn:
            values["arn"] = named.arn.format(**values)
        return pattern.format(**values)

    # Pointers

    def pointed(self, template: Template, value: Any) -> Iterator[Resource]:
        """Every resource that a value, or anything in it, refers to; followed through parameters, outputs, exports."""
        if isinstance(value, list):
            for item in value:
                yield from self.pointed(template, item)
            return
        if not isinstance(value, dict):
            return
        if len(value) != 1:
            for item in value.values():
                yield from self.pointed(template, item)
            return
        ((function, operand),) = value.items()
        if function == "Ref" and isinstance(operand, str):
            yield from self._pointed_by_name(template, operand)
        elif function == "Fn::GetAtt":
            resource, name = self._attribute_of(template, operand)
            if resource and name:
                yield from self._pointed_by_attribute(resource, name)
        elif function == "Fn::Sub":
            yield from self._pointed_by_sub(template, operand)
        elif function == "Fn::If" and isinstance(operand, list) and len(operand) == 3:
            decided = self._condition(template, operand[0])
            for branch in operand[1:] if decided is None else [operand[1] if decided else operand[2]]:
                yield from self.pointed(template, branch)
        elif function in ("Fn::ImportValue", "Fn::GetStackOutput"):
            follow = self._export if function == "Fn::ImportValue" else self._stack_output
            found = follow(template, operand)
            if found:
                yield from self._pointed_by_output(*found)
        else:
            yield from self.pointed(template, operand)

    def _pointed_by_name(self, template: Template, name: str) -> Iterator[Resource]:
        if name in template.resources:
            yield template.resources[name]
        elif template.parent_resource is not None:
            passed = template.parent_resource.properties.get("Parameters")
            if isinstance(passed, dict) and name in passed:
                with self._once(template, f"target of {name}"):
                    yield from self.pointed(template.parent_resource.template, passed[name])

    def _pointed_by_attribute(self, resource: Resource, name: str) -> Iterator[Resource]:
        child = resource.template.children.get(resource.logical_id)
        if child is not None and name.startswith("Outputs."):
            yield from self._pointed_by_output(child, name.removeprefix("Outputs."))
        else:
            yield resource

    def _pointed_by_output(self, template: Template, name: str) -> Iterator[Resource]:
        output = template.outputs.get(name)
        if isinstance(output, dict):
            with self._once(template, f"target of Outputs.{name}"):
                yield from self.pointed(template, output.get("Value"))

    def _pointed_by_sub(self, template: Template, operand: Any) -> Iterator[Resource]:
        text, variables = operand if isinstance(operand, list) and len(operand) == 2 else (operand, {})
        if not isinstance(text, str) or not isinstance(variables, dict):
            return
        for match in _REFERENCE.finditer(text):
            name = match[1].strip()
            if name in variables:
                yield from self.pointed(template, variables[name])
            elif "." in name:
                yield from self.pointed(template, {"Fn::GetAtt": name})
            elif not name.startswith("!"):
                yield from self._pointed_by_name(template, name)


KEYS = ("AWS::KMS::Key", "AWS::KMS::ReplicaKey")
"""KMS keys; a replica has a policy of its own."""
_OWN_SCHEME = ("AWS::KMS::Key", "AWS::SecretsManager::Secret", *KAFKA_CLUSTERS)
_REPEATED = {
    ("AWS::EC2::VPC", "CidrBlock"), ("AWS::EC2::Subnet", "VpcId"), ("AWS::EC2::Subnet", "CidrBlock"),
    ("AWS::EC2::Subnet", "AvailabilityZone"), ("AWS::EC2::SecurityGroup", "VpcId"), ("AWS::SSM::Parameter", "Value"),
    ("AWS::SSM::Parameter", "Type"),
}  # fmt: skip

_FUNCTIONS: dict[str, Callable[[Resolver, Template, Any], Any]] = {
    "Ref": Resolver._fn_ref,
    "Fn::GetAtt": Resolver._fn_get_att,
    "Fn::ImportValue": Resolver._fn_import_value,
    "Fn::GetStackOutput": Resolver._fn_get_stack_output,
    "Fn::Sub": Resolver._fn_sub,
    "Fn::Join": Resolver._fn_join,
    "Fn::Split": Resolver._fn_split,
    "Fn::Select": Resolver._fn_select,
    "Fn::FindInMap": Resolver._fn_find_in_map,
    "Fn::If": Resolver._fn_if,
    "Fn::Length": Resolver._fn_length,
    "Fn::Base64": Resolver._fn_base64,
    "Fn::Cidr": Resolver._fn_cidr,
    "Fn::GetAZs": Resolver._fn_get_azs,
    "Fn::ToJsonString": Resolver._fn_to_json_string,
}


def _digest(label: str, alphabet: frozenset[str], length: int) -> str:
    """An example that differs from resource to resource and stays the same from run to run."""
    chars = _sorted(alphabet)
    return "".join(chars[byte % len(chars)] for byte in hashlib.sha256(label.encode()).digest()[:length])


@lru_cache(maxsize=64)
def _sorted(alphabet: frozenset[str]) -> list[str]:
    return sorted(alphabet)


def _labels(assembly: Assembly) -> dict[Template, str]:
    """A name for each template in the origins of symbols: the stack's name, with its file where two share one."""
    names = [template.name for template in assembly.templates]
    return {
        template: template.name if names.count(template.name) == 1 else f"{template.name} ({template.path})"
        for template in assembly.templates
    }
