"""The picture of the graph: committed as it is drawn, and nothing that is declared is missing from it."""

import xml.etree.ElementTree as ET
from pathlib import Path
from typing import Any

from app.cli.graph_picture import entity_graph
from app.db import graph
from app.db.declarations import Entity, ToMany, ToOne

COMMITTED = Path(__file__).parents[2] / "docs" / "graph.svg"
SVG = "{http://www.w3.org/2000/svg}"


def test_the_committed_picture_is_what_the_code_draws() -> None:
    assert COMMITTED.read_text(encoding="utf-8") == entity_graph(), "run `customer-gateway graph --out docs/graph.svg`"


def test_every_type_has_its_box_and_every_edge_its_row_and_its_line() -> None:
    entities: list[Entity[Any]] = [declared for declared in vars(graph).values() if isinstance(declared, Entity)]
    edges: list[ToOne[Any] | ToMany[Any]] = [
        declared for declared in vars(graph).values() if isinstance(declared, ToOne | ToMany)
    ]
    drawn = ET.fromstring(entity_graph())  # noqa: S314 - our own
    texts = {
        kind: [element.text for element in drawn.iter(f"{SVG}text") if element.get("class") == kind]
        for kind in ("title", "one", "many")
    }

    assert sorted(filter(None, texts["title"])) == sorted(entity.name for entity in entities)
    assert len(texts["many"]) == sum(isinstance(edge, ToMany) for edge in edges)
    assert len(texts["one"]) == sum(isinstance(edge, ToOne) for edge in edges)
    assert "billingDocuments" in texts["many"]
    assert len([line for line in drawn.iter(f"{SVG}path") if line.get("marker-end")]) == len(edges)


def test_no_box_lies_on_another() -> None:
    drawn = ET.fromstring(entity_graph())  # noqa: S314 - our own
    boxes = [
        tuple(int(rectangle.get(side, "")) for side in ("x", "y", "width", "height"))
        for rectangle in drawn.iter(f"{SVG}rect")
        if rectangle.get("class") == "box"
    ]
    for at, (x, y, width, height) in enumerate(boxes):
        for left, top, wide, high in boxes[at + 1 :]:
            assert x + width <= left or left + wide <= x or y + height <= top or top + high <= y
