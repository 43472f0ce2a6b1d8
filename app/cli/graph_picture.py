"""The entity graph as SVG: a box for each type, with its edges, and a line for each edge to its target."""

from html import escape
from typing import Any, NamedTuple

from app.db import graph
from app.db.declarations import Entity, ToMany, ToOne
from app.domain.fields import schema_name

Edge = ToOne[Any] | ToMany[Any]

_WIDTH, _GAP, _MARGIN = 290, 130, 24
_LOOPS = 50
"""Space at the right, for lines between boxes of the last column."""
_TITLE, _ROW, _SPACE = 34, 22, 26
_STYLE = """
text { font: 13px system-ui, sans-serif; fill: #24313f }
.title { font-weight: 600 } .note { fill: #64748b; font-size: 12px } .many { font-weight: 600 }
.box { fill: #ffffff; stroke: #94a3b8 } .head { fill: #e2ecf0; stroke: #94a3b8 }
path { fill: none; stroke-width: 1.5 } .on { stroke: #0b6e77 } .back { stroke: #94a3b8; stroke-dasharray: 5 4 }
"""
_TIP = (
    '<defs><marker id="tip" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" orient="auto">'
    '<path d="M0 0 8 4 0 8z" style="fill: #64748b; stroke: none"/></marker></defs>'
)


class Box(NamedTuple):
    """An entity and the position of its box."""

    entity: Entity[Any]
    edges: tuple[Edge, ...]
    column: int
    x: int
    y: int

    @property
    def height(self) -> int:
        """The height of the title and of a row for each edge."""
        return _TITLE + _ROW * len(self.edges)

    def row(self, edge: Edge) -> int:
        """Return the vertical center of an edge's row."""
        return self.y + _TITLE + _ROW * self.edges.index(edge) + _ROW // 2


def entity_graph() -> str:
    """Return the picture as SVG. It is deterministic."""
    declarations = vars(graph).values()
    entities: list[Entity[Any]] = [entity for entity in declarations if isinstance(entity, Entity)]
    edges: list[Edge] = [edge for edge in declarations if isinstance(edge, ToOne | ToMany)]
    boxes = _placed(entities, edges)
    width = max(box.x for box in boxes.values()) + _WIDTH + _LOOPS
    height = max(box.y + box.height for box in boxes.values()) + _MARGIN
    lines = [_line(boxes[edge.source.name], edge, boxes[edge.target.name]) for edge in edges]
    return "\n".join(
        (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" role="img">',
            "<title>The types of the schema and the edges between them</title>",
            f"<style>{_STYLE}</style>",
            _TIP,
            f'<rect width="{width}" height="{height}" rx="8" fill="#f8fafc"/>',
            *lines,
            *(part for box in boxes.values() for part in _drawn(box)),
            "</svg>\n",
        )
    )


def _placed(entities: list[Entity[Any]], edges: list[Edge]) -> dict[str, Box]:
    """Return the boxes. Columns are distances from the customer; entities without incoming edges end the first one."""
    names = [graph.customer.name]
    columns = {graph.customer.name: 0}
    for name in names:
        for edge in edges:
            if edge.source.name == name and edge.target.name not in columns:
                columns[edge.target.name] = columns[name] + 1
                names.append(edge.target.name)
    names += [entity.name for entity in entities if entity.name not in columns]
    found = {entity.name: entity for entity in entities}
    boxes: dict[str, Box] = {}
    below: dict[int, int] = {}
    for name in names:
        column = columns.get(name, 0)
        own = tuple(edge for edge in edges if edge.source.name == name)
        box = Box(found[name], own, column, _MARGIN + column * (_WIDTH + _GAP), below.get(column, _MARGIN))
        below[column] = box.y + box.height + _SPACE
        boxes[name] = box
    return boxes


def _drawn(box: Box) -> list[str]:
    """Return the elements of a box: its title, its number of plain fields, and its edges."""
    x, y, name = box.x, box.y, escape(box.entity.name)
    parts = [
        f'<rect class="box" x="{x}" y="{y}" width="{_WIDTH}" height="{box.height}" rx="5"/>',
        f'<path class="head" style="fill: #e2ecf0" d="M{x} {y + _TITLE}v{5 - _TITLE}q0-5 5-5h{_WIDTH - 10}q5 0 5 5v{_TITLE - 5}z"/>',
        f'<text class="title" x="{x + 10}" y="{y + 22}">{name}</text>',
        f'<text class="note" x="{x + _WIDTH - 10}" y="{y + 22}" text-anchor="end">{len(box.entity.fields)} fields</text>',
    ]
    for edge in box.edges:
        shown, kind = schema_name(edge.name), "many" if isinstance(edge, ToMany) else "one"
        target = f"[{edge.target.name}]" if kind == "many" else edge.target.name
        parts.append(f'<text class="{kind}" x="{x + 10}" y="{box.row(edge) + 4}">{escape(shown)}</text>')
        parts.append(
            f'<text class="note" x="{x + _WIDTH - 10}" y="{box.row(edge) + 4}" text-anchor="end">{escape(target)}</text>'
        )
    return parts


def _line(source: Box, edge: Edge, target: Box) -> str:
    """Return a curve from the edge's row to the target's title, which loops to the right if both are in one column."""
    start, end = source.row(edge), target.y + _TITLE // 2
    if target.column > source.column:
        x1, x2, bend = source.x + _WIDTH, target.x, _GAP // 2
        curve = f"M{x1} {start}C{x1 + bend} {start} {x2 - bend} {end} {x2 - 1} {end}"
    elif target.column < source.column:
        x1, x2, bend = source.x, target.x + _WIDTH, _GAP // 2
        curve = f"M{x1} {start}C{x1 - bend} {start} {x2 + bend} {end} {x2 + 1} {end}"
    else:
        x, out = source.x + _WIDTH, 34 + abs(start - end) // 8
        curve = f"M{x} {start}C{x + out} {start} {x + out} {end} {x + 1} {end}"
    way = "on" if target.column > source.column else "back"
    return f'<path class="{way}" marker-end="url(#tip)" d="{curve}"/>'
