"""The completion of long answers in portions, with turns of the event loop in between."""

from collections.abc import Callable, Sized
from functools import partial
from inspect import isawaitable
from typing import TYPE_CHECKING, Any

from graphql.execution import Executor
from graphql.pyutils import Path

from app.engine.graphql_core_seam import FieldDetailsList
from app.scheduling.portions import PortionedAnswer

if TYPE_CHECKING:
    _Base = Executor[Any]
else:
    _Base = object


class PortionedExecutor(_Base):
    """Completes lists and objects when it is their turn, so that many of them don't block the event loop."""

    answer: PortionedAnswer | None = None
    """Gives the turns; None: no list or object waits."""

    def complete_list_value(
        self,
        return_type: Any,
        field_details_list: FieldDetailsList,
        info: Any,
        path: Path,
        result: Any,
        position_context: Any,
    ) -> Any:
        """Complete a list as a whole, after others if it comes after many in one turn of the event loop."""
        given = (return_type, field_details_list, info, path, result, position_context)
        items = len(result) if isinstance(result, Sized) else 1
        return self._in_turn(super().complete_list_value, given, items)  # pyright: ignore[reportUnknownMemberType, reportUnknownArgumentType] - the library leaves it partly open

    def complete_object_value(
        self,
        return_type: Any,
        field_details_list: FieldDetailsList,
        info: Any,
        path: Path,
        result: Any,
        position_context: Any,
    ) -> Any:
        """Complete an object, after others if it comes after many in one turn of the event loop."""
        given = (return_type, field_details_list, info, path, result, position_context)
        is_row = isinstance(path.key, int)
        return self._in_turn(super().complete_object_value, given, 1, is_row=is_row)  # pyright: ignore[reportUnknownMemberType, reportUnknownArgumentType] - the same

    def _in_turn(
        self, complete: Callable[..., Any], given: tuple[Any, ...], items: int, *, is_row: bool = False
    ) -> Any:
        answer = self.answer
        if answer is None or not answer.must_wait(items, is_row=is_row):
            return complete(*given)
        return self._after_turn(answer, items, partial(complete, *given))

    async def _after_turn(self, answer: PortionedAnswer, items: int, complete: Callable[[], Any]) -> Any:
        await self.with_abort_signal(answer.turn(items))
        completed = complete()
        if isawaitable(completed):
            return await completed
        return completed
