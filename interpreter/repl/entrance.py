"""A server's token, asked for at the terminal before the conversation where the server wants one. Keeps none."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from interpreter.renderers.sanitize import clean_line
from interpreter.repl.teletype import Teletype

if TYPE_CHECKING:
    from interpreter.commands.context import Context


async def with_token(context: Context, teletype: Teletype) -> Mapping[str, str]:
    """The environment in which the server of --gateway lets us in; as it was if it does so already, or there is none.

    Raises `RunnerError` if nobody answers there, or nothing is typed.
    """
    if context.settings.gateway is None:
        return context.environment
    from interpreter.runners.address import TOKENS, address, token_in
    from interpreter.runners.gateway import Gateway, TokenRefused

    environment = context.environment
    while True:
        gateway = Gateway(address(context.settings.gateway, environment))
        try:
            await gateway.kernelspecs()
        except TokenRefused as refused:
            if token_in(context.settings.gateway) is not None:
                raise
            teletype.write(f"{clean_line(refused.brief)}\n")
            typed = (await teletype.line("The token (it is not shown): ", secret=True) or "").strip()
            if not typed:
                raise
            environment = {**environment, TOKENS[0]: typed}
        else:
            return environment
        finally:
            await gateway.close()
