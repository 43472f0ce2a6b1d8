"""docs/frontends.md: its blocks come from the example's files and the schema; run this module to write them anew."""

import json
import re
from textwrap import dedent

from graphql import GraphQLAbstractType, GraphQLSchema, is_abstract_type, is_introspection_type

from app.graphql.schema import executable, schema
from tests.support.commands import ROOT

GUIDE = ROOT / "docs" / "frontends.md"
_BLOCK = re.compile(r"(<!-- (\S+)#(\w+) -->\n```\w+\n)(.*?)(```)", re.DOTALL)
_CODE = re.compile(r"```(?:tsx?|js|json|html)\n")


def filled(text: str) -> str:
    """Return the guide with each marked block as its source has it."""
    return _BLOCK.sub(lambda block: f"{block[1]}{_shown(block[2], block[3])}{block[5]}", text)


def unmarked(text: str) -> int:
    """Count the blocks of code that name no source."""
    return len(_CODE.findall(text)) - len(_BLOCK.findall(text))


def region(path: str, name: str) -> str:
    """Return a region of a file of the project, without its markers."""
    text = (ROOT / path).read_text(encoding="utf-8")
    found = re.findall(rf"^ *// #region {name}\n(.*?)^ *// #endregion$", text, re.DOTALL | re.MULTILINE)
    assert len(found) == 1, f"{path} has {len(found)} regions {name}"
    return dedent(found[0])


def possible_types(of: GraphQLSchema) -> dict[str, list[str]]:
    """Return the object types of each interface and union."""
    abstract: list[GraphQLAbstractType] = [
        kind for kind in of.type_map.values() if is_abstract_type(kind) and not is_introspection_type(kind)
    ]
    return {
        kind.name: sorted(possible.name for possible in of.get_possible_types(kind))
        for kind in sorted(abstract, key=str)
    }


def _shown(source: str, name: str) -> str:
    if source != "schema":
        return region(source, name)
    lists = ",\n".join(
        f"  {kind}: {json.dumps(names)}" if len(json.dumps(names)) < 100 else f"  {kind}: [\n{_lines(names)}  ]"
        for kind, names in possible_types(executable(schema)).items()
    )
    return f"const {name} = {{\n{lists},\n}};\n"


def _lines(names: list[str]) -> str:
    return "".join(f"    {json.dumps(name)},\n" for name in names)


if __name__ == "__main__":
    GUIDE.write_text(filled(GUIDE.read_text(encoding="utf-8")), encoding="utf-8")
