"""How endpoints behave, one row each: what they do, and what must come of it. Data; the test is in `test_endpoints`."""

from __future__ import annotations

import json
from dataclasses import dataclass, field

from tests.providers.answers import Answer, Broken, Called, Raw, Refuse, Rules, Say, code, say
from tests.providers.openai_wire import chunk

RUN, ANSWER = code("print(42)"), say("It is 42.")
TASK: tuple[Answer, ...] = (RUN, ANSWER)
PLAIN = ("system", "user", "assistant")


@dataclass(frozen=True, slots=True, kw_only=True)
class Behaviour:
    """`requests`: how many the turn takes, in whose last step `protocol` is spoken; `ran`: the code that is executed.

    `error` is None where the task must be done; else the one line in which the turn fails.
    """

    name: str
    script: tuple[Answer, ...] = TASK
    rules: Rules = field(default_factory=Rules)
    requests: int = 2
    protocol: str = "tools"
    ran: tuple[str, ...] = ("print(42)",)
    error: str | None = None


def _error(message: str, **more: object) -> dict[str, object]:
    return {"error": {"message": message, "type": "invalid_request_error", **more}}


ANYSCALE = {
    "detail": [
        {
            "loc": ["body", "messages", 3, "role"],
            "msg": "unexpected value; permitted: 'system', 'assistant', 'user'",
            "type": "value_error.const",
            "ctx": {"given": "ROLE", "permitted": ["system", "assistant", "user"]},
        }
    ]
}
VLLM_NO_PARSER = _error('"auto" tool choice requires --enable-auto-tool-choice and --tool-call-parser to be set')
ARGUMENTS = json.dumps({"language": "python", "code": "print(42)"})


def _call(**fields: object) -> dict[str, object]:
    return chunk({"tool_calls": [fields]})


def _function(name: str = "", arguments: str = "") -> dict[str, object]:
    return {"name": name, "arguments": arguments} if name else {"arguments": arguments}


def _raw(*events: object, finish: str | None = "tool_calls", done: bool = True) -> Raw:
    ending = (chunk({}, finish=finish),) if finish else ()
    return Raw(events=(chunk({"role": "assistant", "content": ""}), *events, *ending), done=done)


BOTH = Say(calls=(Called(arguments=ARGUMENTS), Called(arguments=json.dumps({"language": "python", "code": "7"}))))
TWO = Say(
    calls=(
        Called(arguments=ARGUMENTS, id="a1"),
        Called(arguments=json.dumps({"language": "python", "code": "7"}), id="a2"),
    )
)
HTML = "<html><body><h1>Welcome to nginx!</h1></body></html>"

REFUSALS: tuple[Behaviour, ...] = (
    Behaviour(
        name="refuses tools, takes functions",
        rules=Rules(tools=False),
        requests=3,
        protocol="functions",
    ),
    Behaviour(
        name="refuses tools and functions", rules=Rules(tools=False, functions=False), requests=4, protocol="text"
    ),
    Behaviour(
        name="has no parser of tool calls (vLLM)",
        rules=Rules(tools=False, functions=False, complaint=VLLM_NO_PARSER),
        requests=3,
        protocol="text",
    ),
    Behaviour(
        name="wants a flag for tools (llama.cpp, status 500)",
        rules=Rules(
            tools=False, functions=False, status=500, complaint=_error("tools param requires --jinja flag", code=500)
        ),
        requests=3,
        protocol="text",
    ),
    Behaviour(
        name="finds no endpoint that supports tools (status 404)",
        rules=Rules(
            tools=False,
            functions=False,
            status=404,
            complaint=_error("No endpoints found that support tool use. To learn more about provider routing, see"),
        ),
        requests=3,
        protocol="text",
    ),
    Behaviour(
        name="refuses the tool role after the code ran (Anyscale's words)",
        rules=Rules(roles=PLAIN, complaint=ANYSCALE),
        requests=3,
        protocol="text",
    ),
    Behaviour(
        name="refuses the tool role after the code ran (Anyscale's words, status 422)",
        rules=Rules(roles=PLAIN, complaint=ANYSCALE, status=422),
        requests=3,
        protocol="text",
    ),
    Behaviour(
        name="refuses the tool role after the code ran (OpenAI's words)",
        rules=Rules(roles=PLAIN),
        requests=3,
        protocol="text",
    ),
    Behaviour(
        name="takes functions but not the function role",
        rules=Rules(roles=PLAIN, tools=False, complaint=None),
        requests=4,
        protocol="text",
    ),
    Behaviour(
        name="wants roles to alternate",
        rules=Rules(alternate=True),
        requests=3,
        protocol="text",
    ),
    Behaviour(name="takes no system role", rules=Rules(system=False), requests=3),
    Behaviour(
        name="takes no system role and no tools, and wants roles to alternate (Gemma)",
        rules=Rules(system=False, tools=False, functions=False, alternate=True),
        requests=5,
        protocol="text",
    ),
    Behaviour(name="does not stream", rules=Rules(stream=False), requests=3),
    Behaviour(name="takes no usage option", rules=Rules(usage_option=False), requests=3),
    Behaviour(name="neither streams nor counts", rules=Rules(stream=False, usage_option=False), requests=3),
    Behaviour(name="refuses temperature", rules=Rules(parameters=("temperature",)), requests=3),
    Behaviour(name="wants ids of nine letters and digits", rules=Rules(short_ids=True), requests=3),
    Behaviour(
        name="refuses tools without a word why",
        rules=Rules(tools=False, functions=False, complaint=_error("Bad request")),
        requests=3,
        protocol="text",
    ),
)

REPLIES: tuple[Behaviour, ...] = (
    Behaviour(name="does all that is asked"),
    Behaviour(
        name="ignores tools and writes a fenced block",
        script=(say("```python\nprint(42)\n```"), ANSWER),
        protocol="text",
    ),
    Behaviour(
        name="ignores tools, explains, and ends in a fenced block",
        script=(say("Let me see.\n\n```py\nprint(42)\n```\n"), ANSWER),
        protocol="text",
    ),
    Behaviour(
        name="writes its call as a tag",
        script=(say(f'<tool_call>\n{{"name": "execute_code", "arguments": {ARGUMENTS}}}\n</tool_call>'), ANSWER),
    ),
    Behaviour(name="writes its call as JSON", script=(say(ARGUMENTS), ANSWER)),
    Behaviour(name="gives two calls, each with its id", script=(TWO, ANSWER), ran=("print(42)", "7")),
    Behaviour(name="gives two calls the same id", script=(BOTH, ANSWER), ran=("print(42)", "7")),
    Behaviour(
        name="gives every call of the session the same id",
        script=(RUN, code("7"), ANSWER),
        requests=3,
        ran=("print(42)", "7"),
    ),
    Behaviour(
        name="gives two ids on one index",
        script=(
            _raw(
                _call(index=0, id="x", type="function", function=_function("execute_code", ARGUMENTS)),
                _call(
                    index=0,
                    id="y",
                    type="function",
                    function=_function("execute_code", ARGUMENTS.replace("print(42)", "7")),
                ),
            ),
            ANSWER,
        ),
        ran=("print(42)", "7"),
    ),
    Behaviour(
        name="gives a call without id",
        script=(_raw(_call(index=0, type="function", function=_function("execute_code", ARGUMENTS))), ANSWER),
    ),
    Behaviour(
        name="gives a call with an empty id",
        script=(_raw(_call(index=0, id="", type="function", function=_function("execute_code", ARGUMENTS))), ANSWER),
    ),
    Behaviour(
        name="gives a call without index",
        script=(
            _raw(
                _call(id="x", type="function", function=_function("execute_code")),
                _call(function=_function("", ARGUMENTS[:20])),
                _call(function=_function("", ARGUMENTS[20:])),
            ),
            ANSWER,
        ),
    ),
    Behaviour(
        name="gives two calls without id or index",
        script=(
            _raw(
                _call(type="function", function=_function("execute_code", ARGUMENTS)),
                _call(type="function", function=_function("execute_code", ARGUMENTS.replace("print(42)", "7"))),
            ),
            ANSWER,
        ),
        ran=("print(42)", "7"),
    ),
    Behaviour(
        name="says stop although there is a call",
        script=(Say(calls=RUN.calls, finish="stop"), ANSWER),
    ),
    Behaviour(name="thinks in a field of its own", script=(Say(reasoning="Hm.", calls=RUN.calls), ANSWER)),
    Behaviour(
        name="thinks in a field of another name",
        script=(Say(reasoning="Hm.", calls=RUN.calls, thinks_in="reasoning"), ANSWER),
    ),
    Behaviour(name="thinks in tags", script=(Say(text="<think>Hm.</think>", calls=RUN.calls), ANSWER)),
    Behaviour(
        name="sends content as a list",
        script=(RUN, Say(text="It is 42.", listed=True)),
    ),
    Behaviour(
        name="ends its stream without [DONE]",
        script=(RUN, Raw(events=(chunk({"content": "It is 42."}), chunk({}, finish="stop")), done=False)),
    ),
    Behaviour(
        name="writes newlines into its JSON",
        script=(Say(calls=(Called(arguments='{"language": "python", "code": "print(42)\n"}'),)), ANSWER),
        ran=("print(42)\n",),
    ),
    Behaviour(
        name="cuts a call at its length limit, then sends it whole",
        script=(Say(calls=(Called(arguments=ARGUMENTS[:30]),), finish="length"), RUN, ANSWER),
        requests=3,
    ),
    Behaviour(
        name="writes arguments that are no JSON, then mends them",
        script=(Say(calls=(Called(arguments="print(42)"),)), RUN, ANSWER),
        requests=3,
    ),
)

TROUBLE: tuple[Behaviour, ...] = (
    Behaviour(
        name="is asked too often, once", script=(Refuse(status=429, body=_error("Rate limit")), *TASK), requests=3
    ),
    Behaviour(
        name="is asked too often, once, and says for how long",
        script=(Refuse(status=429, body=_error("Rate limit"), headers={"retry-after": "7"}), *TASK),
        requests=3,
    ),
    Behaviour(name="fails once", script=(RUN, Refuse(status=500, body=_error("oops")), ANSWER), requests=3),
    Behaviour(name="is overloaded once", script=(Refuse(status=503, body=_error("overloaded")), *TASK), requests=3),
    Behaviour(name="drops the connection inside a call", script=(Broken(say=RUN, pieces=3), *TASK), requests=3),
    Behaviour(name="drops the connection before the reply", script=(Broken(say=RUN, pieces=0), *TASK), requests=3),
    Behaviour(name="drops the connection inside the answer", script=(RUN, Broken(say=ANSWER), ANSWER), requests=3),
    Behaviour(name="returns nothing, once", script=(say(""), *TASK), requests=3),
    Behaviour(
        name="sends an error inside its stream, once",
        script=(Raw(events=(chunk({"content": "It"}), {"error": {"message": "boom", "code": 500}})), *TASK),
        requests=3,
    ),
)

FAILURES: tuple[Behaviour, ...] = (
    Behaviour(
        name="refuses the key",
        rules=Rules(key="another"),
        requests=1,
        ran=(),
        error="The key for scripted was refused. Check --api-key or the provider's environment variable.",
    ),
    Behaviour(
        name="knows no such model",
        rules=Rules(model="another"),
        requests=1,
        ran=(),
        error="{base} knows no model scripted. Check --model and --api-base.",
    ),
    Behaviour(
        name="has no credit left",
        script=(Refuse(status=429, body=_error("You exceeded your current quota", code="insufficient_quota")),),
        requests=1,
        ran=(),
        error="The account behind the key for scripted has no credit left. Top it up or choose another model.",
    ),
    Behaviour(
        name="filters the content",
        script=(
            Refuse(
                status=400,
                body=_error("Your request was rejected by our content policy", code="content_policy_violation"),
            ),
        ),
        requests=1,
        ran=(),
        error="The provider's content filter refused the request: Your request was rejected by our content policy",
    ),
    Behaviour(
        name="always fails",
        script=(Refuse(status=500, body=_error("oops")),) * 4,
        requests=4,
        ran=(),
        error="{base} failed to answer: oops",
    ),
    Behaviour(
        name="is always asked too often",
        script=(Refuse(status=429, body=_error("Rate limit")),) * 6,
        requests=6,
        ran=(),
        error="scripted is asked too often. Wait a little and ask again.",
    ),
    Behaviour(
        name="wants a wait of an hour",
        script=(Refuse(status=429, body=_error("Rate limit"), headers={"retry-after": "3600"}),),
        requests=1,
        ran=(),
        error="scripted is asked too often. Wait a little and ask again.",
    ),
    Behaviour(
        name="serves a web page",
        script=(Refuse(status=200, body=HTML),) * 2,
        requests=2,
        ran=(),
        error="{base} returned an empty reply. Check --api-base, or ask again.",
    ),
    Behaviour(
        name="returns nothing twice",
        script=(say(""), say("")),
        requests=2,
        ran=(),
        error="{base} returned an empty reply. Check --api-base, or ask again.",
    ),
    Behaviour(
        name="has no choices to give",
        script=(Raw(events=({"id": "x", "object": "chat.completion.chunk", "choices": []},)),) * 2,
        requests=2,
        ran=(),
        error="{base} returned an empty reply. Check --api-base, or ask again.",
    ),
    Behaviour(
        name="refuses everything without a word why",
        script=(Refuse(status=400, body=_error("Bad request")),) * 2,
        requests=2,
        ran=(),
        error="scripted refused the request: Bad request",
    ),
    Behaviour(
        name="writes arguments that are no JSON, for ever",
        script=(Say(calls=(Called(arguments="{"),)),) * 3,
        requests=3,
        ran=(),
        error="The model wrote 3 unreadable calls in a row. Ask again, or try --protocol text.",
    ),
    Behaviour(
        name="takes less than one prompt",
        rules=Rules(window=40),
        requests=1,
        ran=(),
        error="The conversation is longer than scripted can take. Start anew, or undo some turns.",
    ),
)

ALL: tuple[Behaviour, ...] = (*REFUSALS, *REPLIES, *TROUBLE, *FAILURES)
