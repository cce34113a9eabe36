"""Reasons why a model cannot give the answers that a protocol asks for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from emoalign.elicitation.engines.abilities import Abilities
from emoalign.study.prompt_sets import AnswerKind, PromptSet
from emoalign.study.protocols import ASKED_TO_THINK, Protocol, ThinkingLevel
from emoalign.study.scales import LabelScale, OrdinalScale, Scale
from emoalign.wording import listed


def lacking(able: Abilities, protocol: Protocol, prompts: PromptSet, example: str) -> Iterator[str]:
    """Things asked for that cannot be had, each with what the card says of it.

    `example` are words for parameters that make a model of the engine think.
    """
    if "decision" in protocol.readouts:
        yield from _no_decisions(able, prompts)
    if set(protocol.readouts) == {"decision"}:
        return
    if prompts.kind == "chat" and not able.chat:
        yield "a chat answer, but its card says chat: false"
    if prompts.kind == "completion" and not able.completion:
        yield "a completion, but its card says completion: false"
    if protocol.written and prompts.answer.stop and not able.stop:
        yield "answers with stop sequences (answer.stop), but its card says stop: false"
    if prompts.answer.structured:
        yield from _not_structured(able, protocol, prompts.answer.kind)
    if protocol.written:
        yield from _wrong_temperature(able, protocol)
    if protocol.thinking != "provider":
        yield from _wrong_thinking(able, protocol.thinking, example)
    if protocol.thinking in ASKED_TO_THINK:
        yield from _no_room(able, protocol, prompts)
    if "exact" in protocol.readouts and not able.top_logprobs:
        yield (
            "the exact readout, but its card says top_logprobs: 0: if its server returns "
            "log-probabilities, write how many among its capabilities, such as top_logprobs: 20; "
            "otherwise use the sampled readout"
        )
    if prompts.answer.kind == "next_token" and not able.tokenizer:
        yield "an answer read from single tokens, but its card says tokenizer: false"
    if "exact" in protocol.readouts and able.along_replies:
        yield from _not_along_replies(able, protocol)
    if "exact" in protocol.readouts and able.token_ids and protocol.temperature != 1:
        yield (
            f"the exact readout at temperature {protocol.temperature:g}, but its card says "
            "logprob_token_ids: true, which gives the probabilities of some tokens at temperature "
            "1: write temperature: 1, or set logprob_token_ids: false"
        )


def too_many_levels(
    name: str, dataset: str, scales: Mapping[str, Scale], most: int
) -> Iterator[str]:
    """Reasons why decisions of the model `name` cannot be about some of the scales of a dataset."""
    for scale, each in scales.items():
        if not isinstance(each, LabelScale) and len(each.points) > most:
            yield (
                f"model {name!r} cannot be asked for decisions about {scale!r} of {dataset!r}: it "
                f"has {len(each.points)} points, and the card says decisions.levels: {most}. Take "
                "decision out of readouts, leave the scale out, or ask another model"
            )


def _no_decisions(able: Abilities, prompts: PromptSet) -> Iterator[str]:
    if able.decisions is None:
        yield (
            "the decision readout, but its card does not list decisions among its capabilities: "
            "take decision out of readouts or, if its provider has a Decisions API that emoalign "
            "knows, write its limits there, such as decisions: {levels: 10, questions: 200}"
        )
        return
    if prompts.kind == "completion":
        yield (
            "a decision, but the prompt set is a text to be continued (kind: completion), and a "
            "decision continues none: use one of kind: chat"
        )
    scales = len(prompts.scales)
    if prompts.answer.together and scales > able.decisions.questions:
        yield (
            f"a decision about {scales} scales at once, but its card says decisions.questions: "
            f"{able.decisions.questions}: split the prompt set"
        )
    wordless = [name for name, wording in prompts.scales.items() if not wording.instruction.strip()]
    if wordless:
        yield (
            f"a decision, whose question is the instruction of a scale, but that of "
            f"{', '.join(wordless)} is empty in the prompt set"
        )


def _not_structured(able: Abilities, protocol: Protocol, kind: AnswerKind) -> Iterator[str]:
    asked = f"structured answers (answer.kind: {kind})"
    if not able.structured:
        unforced = {"structured_joint": "joint", "structured_distribution": "distribution"}
        instead = unforced.get(kind, "text, or labels")
        yield (
            f"{asked}, but its card says structured: false: if its server forces answers into the "
            "form of a JSON schema, write structured: true among its capabilities; otherwise use "
            f"a prompt set with answer.kind: {instead}"
        )
    if "exact" in protocol.readouts and able.top_logprobs and not able.along_replies:
        yield (
            f"the exact readout of {asked}, but that reads the token after the prompt, which is "
            "the brace of a JSON object: use a prompt set with answer.kind: text, or set "
            "tokenizer: false in its card, by which exact answers are read along a reply"
        )


def _wrong_temperature(able: Abilities, protocol: Protocol) -> Iterator[str]:
    asked, takes = protocol.temperature, able.temperature
    if asked is None:
        if not able.default_sampling:
            yield (
                "the provider's own sampling (temperature: provider), but it runs on this machine "
                "and has no provider: give a number, such as temperature: 1"
            )
    elif takes is None:
        if asked != 1:
            yield (
                f"temperature {asked:g}, but its card says sampling: none, which leaves only "
                "temperature 1: write temperature: provider, and nothing is said of sampling"
            )
    elif not takes.min <= asked <= takes.max:
        yield f"temperature {asked:g}, but its card says {takes.min:g} to {takes.max:g}"
    elif protocol.thinking in ASKED_TO_THINK and not able.thinks_at_temperatures:
        yield (
            f"temperature {asked:g} with thinking: {protocol.thinking}, but its card says "
            "thinking_sampling: false: write temperature: provider"
        )


def _wrong_thinking(able: Abilities, thinking: ThinkingLevel, example: str) -> Iterator[str]:
    if able.thinking.get(thinking, {}) is None:
        yield (
            f"thinking: {thinking}, which by its card it does not have (thinking: {{{thinking}: "
            "null}): write thinking: provider, or give models that think a study of their own"
        )
        return
    thinks = thinking in ASKED_TO_THINK
    no_room, room = thinking not in able.thinking_tokens, f"thinking_tokens: {{{thinking}: 2048}}"
    has = [level for level, parameters in able.thinking.items() if parameters is not None]
    if thinking not in able.thinking:
        such = f" ({example})" if thinks else ""
        known = f"only {listed(has)}: ask for that, or" if has else "no levels:"
        yield (
            f"thinking: {thinking}, but its card has {known} write, among its capabilities, "
            f"thinking: {{{thinking}: {{…}}}} with the parameters that do it{such}, or {{}} if it "
            f"needs none{f', and {room}' * (thinks and no_room)}"
        )
    elif thinks and no_room:
        yield (
            f"thinking: {thinking}, but its card does not say how many tokens thoughts may "
            f"take: write, among its capabilities, {room}"
        )


def _no_room(able: Abilities, protocol: Protocol, prompts: PromptSet) -> Iterator[str]:
    """Reasons why there would be no thoughts, or no answer after them."""
    asked = f"thinking: {protocol.thinking}"
    longest = able.thinking_tokens.get(protocol.thinking, 0) + prompts.answer.max_tokens
    if able.context_tokens is not None and longest >= able.context_tokens:
        yield (
            f"{asked}, but thoughts and answer of {longest} tokens do not fit into "
            f"context_tokens: {able.context_tokens} of its card, with the prompt: raise it"
        )
    if prompts.answer.kind == "next_token":
        yield (
            f"{asked}, but an answer of the kind next_token is the token after the prompt, which "
            "is then a thought: use a prompt set with answer.kind: text"
        )
    if prompts.answer.stop:
        yield (
            f"{asked}, but answer.stop of the prompt set may end its thoughts: use a prompt set "
            "without it"
        )


def _not_along_replies(able: Abilities, protocol: Protocol) -> Iterator[str]:
    """Reasons why exact answers cannot be read along the tokens of a reply."""
    if protocol.temperature != 1:
        yield (
            f"the exact readout at temperature {protocol.temperature:g}, but its card says "
            "tokenizer: false: what a server returns of several tokens cannot be brought to "
            "another temperature. Write temperature: 1, or readouts: [exact] in a protocol of its "
            "own"
        )
    if protocol.thinking == "provider" and able.thinking_tokens.get("provider"):
        off = (
            "write thinking: off"
            if able.thinking.get("off") is not None
            else "use the sampled readout"
        )
        yield (
            "the exact readout, but by its card it thinks before it answers (thinking_tokens), and "
            f"the probabilities would be those of a thought: {off}"
        )


def points_of_unknown_tokens(name: str, dataset: str, scales: Mapping[str, Scale]) -> Iterator[str]:
    """Reasons why exact answers of the model `name` cannot be read along its replies, as long as
    nobody says how it splits numbers."""
    for scale, each in scales.items():
        longer = [] if isinstance(each, LabelScale) else _longer_points(each)
        if longer:
            yield (
                f"model {name!r} cannot be read exactly on {scale!r} of {dataset!r}: points such "
                f"as {longer[0]} may be one token or several. Write, among the capabilities of its "
                "card, vocabulary: o200k_base (OpenAI), llama3 or deepseek, where numbers of up to "
                "three digits are one token, or vocabulary: digits, where each digit is one (Qwen, "
                "Mistral)"
            )


def _longer_points(scale: OrdinalScale) -> list[str]:
    return [text for text in (f"{point:g}" for point in scale.points) if len(text) > 1]


def over_budget(
    key: str, budget: int, able: Abilities, protocol: Protocol, prompts: PromptSet
) -> Iterator[str]:
    """The reason why a `budget` of thoughts, which the card sends as `key`, leaves no room.

    It may take all of `thinking_tokens`; of a card without them, it must leave some of the answer.
    """
    level = protocol.thinking
    room = able.thinking_tokens.get(level)
    remedy = (
        "send none at this level"
        if level == "off"
        else f"write, among its capabilities, thinking_tokens: {{{level}: {budget}}}"
    )
    if room is not None and budget > room:
        yield (
            f"thinking: {level}, with thoughts of at most {room} tokens (thinking_tokens of its "
            f"card), but its card says {key}: {budget}, which would leave less for the answer: "
            f"{remedy}, or a smaller budget"
        )
    elif room is None and budget >= prompts.answer.max_tokens:
        yield (
            f"answers of at most {prompts.answer.max_tokens} tokens (answer.max_tokens), but its "
            f"card says {key}: {budget}, which count among them and must be fewer: {remedy}"
        )
