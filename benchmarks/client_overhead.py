"""What the client itself costs: ratings per second against a server that answers at once.

The server is another process on this machine and answers every request with the same bytes. Each
request asks for 20 ratings; they are read, and written to a journal. For comparison the same is
asked through AsyncOpenAI of the openai package, which writes nothing. Then what it costs that the
disk itself keeps the journal (fdatasync), memory after ten times as many requests, how well a limit
of requests per minute is held, and how long a study of 300 words takes through Snakemake, from its
stimuli to its ratings.

    PYTHONPATH=src .venv/bin/python benchmarks/client_overhead.py [requests] [engine]

With an engine, only it is compared with its provider's own package.
"""

from __future__ import annotations

import asyncio
import multiprocessing
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from multiprocessing.connection import Connection
from pathlib import Path
from unittest.mock import patch

import httpx2
import openai
import orjson

from emoalign.elicitation import journal_file
from emoalign.elicitation.engines.api.api_model import ApiModel
from emoalign.elicitation.engines.api.client import ApiEngine
from emoalign.elicitation.engines.conversation import collect
from emoalign.elicitation.engines.openai.chat_completions import CHAT_COMPLETIONS
from emoalign.elicitation.engines.openai.openai_model import OpenAIModel
from emoalign.elicitation.engines.registry import ENGINES
from emoalign.elicitation.journal import Answer, JournalWriter
from emoalign.elicitation.rating import Ask, RatingRequest, Sampling
from emoalign.elicitation.readings import read_answer
from emoalign.prompts import (
    Message,
    Prompt,
)
from emoalign.study.prompt_sets import AnswerFormat
from emoalign.study.scales import OrdinalScale
from in_snakemake import project, snakemake, write

REQUESTS = 10_000
PARTICIPANTS = 20
CONCURRENCY = 16
PER_MINUTE = 3000
PAIRS = 5
WORDS = 300
NINE = OrdinalScale(min=1, max=9, direction="higher is better")
FORM = AnswerFormat(kind="text")
INSTRUCTION = "Rate how pleasant the word is, from 1 to 9. Answer with one number. " * 4


class Instant(asyncio.Protocol):
    """Sends the same answer as soon as a request is whole; requests are not read any further."""

    reply = b""

    def __init__(self) -> None:
        self.buffer = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        self.buffer += data
        head, end, body = self.buffer.partition(b"\r\n\r\n")
        if end:
            start = head.lower().index(b"content-length:") + len(b"content-length:")
            if len(body) >= int(head[start:].split(b"\r\n", 1)[0]):
                self.buffer = b""
                self.transport.write(self.reply)


REPLIES: dict[str, dict[str, object]] = {
    "openai": {
        "id": "chatcmpl-1",
        "object": "chat.completion",
        "model": "instant-1",
        "system_fingerprint": "fp_1",
        "choices": [
            {
                "index": index,
                "message": {"role": "assistant", "content": "7"},
                "finish_reason": "stop",
            }
            for index in range(PARTICIPANTS)
        ],
        "usage": {"prompt_tokens": 80, "completion_tokens": 20, "total_tokens": 100},
    },
    "gemini": {
        "responseId": "reply-1",
        "modelVersion": "instant-1",
        "candidates": [
            {
                "index": index,
                "content": {"role": "model", "parts": [{"text": "7"}]},
                "finishReason": "STOP",
            }
            for index in range(PARTICIPANTS)
        ],
        "usageMetadata": {
            "promptTokenCount": 80,
            "candidatesTokenCount": 20,
            "totalTokenCount": 100,
        },
    },
    "anthropic": {
        "id": "msg_1",
        "type": "message",
        "role": "assistant",
        "model": "instant-1",
        "content": [{"type": "text", "text": "7"}],
        "stop_reason": "end_turn",
        "stop_sequence": None,
        "usage": {"input_tokens": 80, "output_tokens": 1, "service_tier": "standard"},
    },
}
BELOW = {"openai": "/v1", "gemini": "/v1beta", "anthropic": "/v1"}
AT_ONCE = {"openai": PARTICIPANTS, "gemini": PARTICIPANTS, "anthropic": 1}
"""Answers to a request."""

ABLE: dict[str, dict[str, object]] = {
    "openai": {"choices": PARTICIPANTS, "seed_bits": 63},
    "gemini": {"choices": PARTICIPANTS, "seed_bits": 31},
    "anthropic": {"sampling": "none"},
}


def serve(telling: Connection, engine: str) -> None:
    """The server process; tells its port."""
    body = orjson.dumps(REPLIES[engine])
    head = (
        "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
        "x-ratelimit-remaining-requests: 9999\r\nx-ratelimit-remaining-tokens: 999999\r\n"
        f"Content-Length: {len(body)}\r\n\r\n"
    )
    Instant.reply = head.encode() + body

    async def forever() -> None:
        server = await asyncio.get_running_loop().create_server(Instant, "127.0.0.1", 0)
        telling.send(server.sockets[0].getsockname()[1])
        await server.serve_forever()

    asyncio.run(forever())


def asks(number: int, engine: str = "openai") -> Iterator[Ask]:
    """That many different questions, each made when its turn comes."""
    everyone = tuple(range(AT_ONCE[engine]))
    for index in range(number):
        prompt = Prompt((Message("system", INSTRUCTION), Message("user", f"word {index}")), None)
        yield Ask(
            RatingRequest("instant", None, prompt, Sampling(1.0, 3), "sampled", wave=1), everyone
        )


def card_of(
    port: int, per_minute: float | None = None, engine: str = "openai"
) -> dict[str, object]:
    """The card of a model that the server at a port is."""
    return {
        "title": "Instant",
        "engine": engine,
        "model": "instant",
        "base_url": f"http://127.0.0.1:{port}{BELOW[engine]}",
        "api_key_env": None,
        "capabilities": ABLE[engine],
        "limits": {"concurrency": CONCURRENCY, "requests_per_minute": per_minute},
    }


def model_of(card: dict[str, object]) -> ApiModel:
    """The model of a card."""
    model = ENGINES[str(card["engine"])].model_validate(card)
    assert isinstance(model, ApiModel)
    return model


def ask_all(
    port: int, number: int, per_minute: float | None = None, engine: str = "openai"
) -> float:
    """Ask, read and keep everything; seconds it took."""
    card = model_of(card_of(port, per_minute, engine))
    ratings = 0

    async def converse(journal: JournalWriter) -> None:
        client = ApiEngine(card.dialect, card.base_url, card.model, card.api_key_env, card)

        def keep(answers: Sequence[Answer], sent: float) -> None:
            nonlocal ratings
            journal.append(answers)
            ratings += sum(
                read_answer(answer, {"valence": NINE}, FORM)["valence"].rating == 7
                for answer in answers
            )

        try:
            await collect(client, asks(number, engine), keep, CONCURRENCY)
        finally:
            await client.close()

    with (
        tempfile.TemporaryDirectory() as folder,
        JournalWriter(Path(folder, "answers.jsonl")) as journal,
    ):
        started = time.perf_counter()
        asyncio.run(converse(journal))
        seconds = time.perf_counter() - started
    assert ratings == number * AT_ONCE[engine]
    return seconds


def package_all(port: int, number: int, http_client: httpx2.AsyncClient | None = None) -> float:
    """Ask the same through AsyncOpenAI, reading the texts and keeping nothing; seconds it took."""
    ratings = 0
    waiting = asks(number)
    capabilities = OpenAIModel.model_validate(card_of(port)).capabilities

    async def converse() -> None:
        client = openai.AsyncOpenAI(
            api_key="none", base_url=f"http://127.0.0.1:{port}/v1", http_client=http_client
        )

        async def work() -> None:
            nonlocal ratings
            for ask in waiting:
                body = CHAT_COMPLETIONS.body("instant", capabilities, ask)
                reply = await client.chat.completions.create(**body)
                ratings += sum(choice.message.content == "7" for choice in reply.choices)

        try:
            await asyncio.gather(*(work() for _ in range(CONCURRENCY)))
        finally:
            await client.close()

    started = time.perf_counter()
    asyncio.run(converse())
    seconds = time.perf_counter() - started
    assert ratings == number * PARTICIPANTS
    return seconds


def google_all(port: int, number: int) -> float:
    """Ask the same through google-genai, as `package_all` does through AsyncOpenAI."""
    from google import genai
    from google.genai import types

    ratings = 0
    waiting = asks(number)
    card = model_of(card_of(port, engine="gemini"))

    async def converse() -> None:
        address = types.HttpOptions(base_url=f"http://127.0.0.1:{port}", api_version="v1beta")
        google = genai.Client(api_key="none", http_options=address, vertexai=False).aio

        async def work() -> None:
            nonlocal ratings
            for ask in waiting:
                body = card.dialect.body("instant", card.capabilities, ask)
                reply = await google.models.generate_content(
                    model="instant",
                    contents=body["contents"],
                    config=types.GenerateContentConfig(
                        system_instruction=body["systemInstruction"], **body["generationConfig"]
                    ),
                )
                for candidate in reply.candidates or ():
                    ratings += candidate.content.parts[0].text == "7"

        try:
            await asyncio.gather(*(work() for _ in range(CONCURRENCY)))
        finally:
            await google.aclose()

    started = time.perf_counter()
    asyncio.run(converse())
    seconds = time.perf_counter() - started
    assert ratings == number * PARTICIPANTS
    return seconds


def anthropic_all(port: int, number: int) -> float:
    """Ask the same through AsyncAnthropic, as `package_all` does through AsyncOpenAI."""
    import anthropic

    ratings = 0
    waiting = asks(number, "anthropic")
    card = model_of(card_of(port, engine="anthropic"))

    async def converse() -> None:
        client = anthropic.AsyncAnthropic(api_key="none", base_url=f"http://127.0.0.1:{port}")

        async def work() -> None:
            nonlocal ratings
            for ask in waiting:
                body = card.dialect.body("instant", card.capabilities, ask)
                reply = await client.messages.create(**body)
                ratings += sum(part.type == "text" and part.text == "7" for part in reply.content)

        try:
            await asyncio.gather(*(work() for _ in range(CONCURRENCY)))
        finally:
            await client.close()

    started = time.perf_counter()
    asyncio.run(converse())
    seconds = time.perf_counter() - started
    assert ratings == number
    return seconds


PACKAGES = {
    "gemini": ("google-genai", google_all),
    "anthropic": ("AsyncAnthropic", anthropic_all),
}
"""The package of the provider of an engine, and what asks through it."""


def compare(engine: str, port: int, number: int) -> None:
    """Measure an engine beside its provider's own package, taken in turns, and print."""
    name, through_package = PACKAGES[engine]
    ours, theirs = [], []
    for _ in range(PAIRS):
        ours.append(ask_all(port, number, engine=engine) / number)
        theirs.append(through_package(port, number) / number)
    ratio = statistics.median(package / own for own, package in zip(ours, theirs, strict=True))
    print(f"{engine}: {statistics.median(ours) * 1e3:.3f} ms each")
    print(f"{name}, without a journal: {statistics.median(theirs) * 1e3:.3f} ms each, ", end="")
    print(f"{ratio:.1f} times as long")


def cost_of_sync(port: int, number: int) -> float:
    """Seconds with fdatasync as a ratio of those without, taken in turns: the median of pairs."""
    ratios = []
    for _ in range(PAIRS):
        with_sync = ask_all(port, number)
        with patch.object(journal_file, "fdatasync", lambda file: None):
            ratios.append(with_sync / ask_all(port, number))
    return statistics.median(ratios)


def study_ratings(port: int) -> tuple[float, float]:
    """Seconds and processor seconds from stimuli to ratings of words, run by Snakemake."""
    study = {
        "study": "instant",
        "title": "Instant",
        "seed": 1,
        "models": ["instant"],
        "datasets": [{"dataset": "vader", "sample": WORDS}],
        "protocols": [{"name": "asked", "prompts": "instruction", "participants": PARTICIPANTS}],
    }
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        project(folder)
        write(folder / "config/models/instant.yaml", card_of(port))
        write(folder / "study.yaml", study)
        run = snakemake(folder, "study.yaml", "ratings")
    return run.seconds, run.processor_s


def resident_mib() -> float:
    """Memory of this process now, in MiB (Linux)."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20


def main() -> None:
    """Measure and print."""
    number = int(sys.argv[1]) if len(sys.argv) > 1 else REQUESTS
    engine = sys.argv[2] if len(sys.argv) > 2 else "openai"
    told, telling = multiprocessing.Pipe()
    server = multiprocessing.get_context("spawn").Process(target=serve, args=(telling, engine))
    server.start()
    try:
        port = told.recv()
        ask_all(port, max(1, number // 20), engine=engine)
        if engine in PACKAGES:
            compare(engine, port, number)
            return
        seconds = ask_all(port, number)
        print(f"{number} requests: {seconds / number * 1e3:.3f} ms each, {resident_mib():.0f} MiB")
        for transport, client in (("httpx2", None), ("aiohttp", openai.DefaultAioHttpClient())):
            package = package_all(port, number, client)
            print(
                f"AsyncOpenAI over {transport}, without a journal: "
                f"{package / number * 1e3:.3f} ms each, {package / seconds:.1f} times as long"
            )
        ratio = cost_of_sync(port, number)
        print(f"with fdatasync every second: {ratio:.3f} times the time without it")
        many = ask_all(port, 10 * number)
        print(
            f"{10 * number} requests: {many / number * 1e2:.3f} ms each, {resident_mib():.0f} MiB"
        )
        quarter = PER_MINUTE // 4
        paced = ask_all(port, quarter + 1, PER_MINUTE)
        print(
            f"a limit of {PER_MINUTE} requests/minute: {quarter / paced * 60:.0f} requests/minute"
            f" over {paced:.1f} s, {quarter / paced * 60 / PER_MINUTE:.1%} of it"
        )
        print(f"{11 * number * PARTICIPANTS / (seconds + many):.0f} ratings per second")
        whole, processor_s = study_ratings(port)
        asking = WORDS * seconds / number
        print(
            f"{WORDS} words × {PARTICIPANTS} through Snakemake: {whole:.1f} s, of which "
            f"{asking:.1f} s were asking; {processor_s:.1f} s of processor time"
        )
    finally:
        server.terminate()
        server.join()


if __name__ == "__main__":
    main()
