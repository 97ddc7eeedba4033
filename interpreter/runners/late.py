"""What a kernel says beside the running cell: whose it is, and how much of it is told. Knows no kernel."""

from __future__ import annotations

from collections.abc import Callable

from interpreter.runners import cell as cells
from interpreter.runners.allowance import Allowance
from interpreter.runners.channels import Message
from interpreter.runners.printed import excess
from interpreter.seams import Produced


class Late:
    """Tells `tell` of it. A cell may print `limit` bytes, those that it prints after its end among them."""

    def __init__(self, tell: Callable[[Produced], None], *, limit: int) -> None:
        self._tell = tell
        self._limit = limit
        self._ours: dict[str, Allowance] = {}
        self._others: set[str] = set()  # cells that other clients of the kernel run
        self._nobodys = Allowance(limit)

    def begin(self, cell: str) -> Allowance:
        """A cell of ours was sent: what it may print."""
        self._ours[cell] = Allowance(self._limit)
        return self._ours[cell]

    def forget(self) -> None:
        """The kernel is gone."""
        self._ours, self._others, self._nobodys = {}, set(), Allowance(self._limit)

    def came(self, message: Message, *, foreign: bool) -> None:
        """A message of no running cell came. In a kernel that is not `foreign`, what nobody else said is ours too."""
        parent, kind, content = message["parent_header"].get("msg_id", ""), message["msg_type"], message["content"]
        if parent not in self._ours and content.get("execution_state") == "busy":
            self._others.add(parent)
        if parent in self._ours or not (foreign or parent in self._others):
            said = cells.produced(kind, content)
            if said is not None and said.kind != "error":
                self._said(said, self._ours.get(parent, self._nobodys))

    def is_full(self, parent: str) -> bool:
        """Whether no more is told of what a cell of ours prints."""
        return parent in self._ours and self._ours[parent].flooded.is_set()

    def _said(self, said: Produced, allowance: Allowance) -> None:
        if allowance.flooded.is_set():
            return
        if (admitted := allowance.admit(said)) is not None:
            self._tell(admitted)
        if allowance.flooded.is_set():
            words = f"[What the cell goes on printing is left out: {excess(allowance.limit)}]\n"
            self._tell(Produced(kind="stderr", data={"text/plain": words}))
