"""Decoding that cannot leave a JSON schema: which tokens may come next, for each row of a batch.

    thinking --- the end of the thoughts ---> answering --- the last brace ---> ended
    any token                                 what continues the schema

llguidance follows the schema, one matcher a row; imported by `causal_lm_chat` only.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Sequence
from typing import TYPE_CHECKING, Any, Final, Literal

import numpy as np
from llguidance import LLMatcher, LLTokenizer
from llguidance.hf import from_tokenizer
from llguidance.numpy import allocate_token_bitmask, fill_next_token_bitmask
from numpy.typing import NDArray

from action100m.errors import CheckpointError, ModelError
from action100m.models.local.thinking import Thinking

if TYPE_CHECKING:
    from llguidance._lib import JsonCompileOptions

_LAYOUT: Final[JsonCompileOptions] = {"whitespace_flexible": False, "item_separator": ", ", "key_separator": ": "}
"""JSON as `json.dumps` writes it. Free white space would let a model write line breaks for ever."""
Phase = Literal["starting", "thinking", "answering", "ended"]


class SchemaDecoder:
    """Starts rows that obey a schema, in the vocabulary of one tokenizer."""

    def __init__(self, tokenizer: Any, *, width: int, ends: Collection[int]) -> None:
        """Read the vocabulary of a tokenizer of transformers.

        width: logits in a row, some of which may stand for no token. ends: tokens that end a reply.

        Raises:
            CheckpointError: the tokenizer is of a kind that cannot be constrained.
        """
        self._decode: Callable[[Sequence[int]], str] = lambda tokens: str(tokenizer.decode(list(tokens), clean_up_tokenization_spaces=False))
        self._width, self._ends = width, frozenset(ends)
        self._tokens = max(width, len(tokenizer))  # some tokenizers have tokens that the model has no logit for
        try:
            self._tokenizer = from_tokenizer(tokenizer, n_vocab=self._tokens, eos_token=min(ends), slices=LLTokenizer.json_slices())
        except (ValueError, RuntimeError, AttributeError) as error:
            raise CheckpointError(f"the tokenizer cannot be held to a schema: {error}. Use a checkpoint that has a tokenizer.json") from error
        self._grammars: dict[str, LLMatcher] = {}

    def start(self, schema: dict[str, Any], *, limit: int, thinking: Thinking | None = None) -> Row:
        """Return a row that has written nothing yet and will write at most `limit` tokens.

        Raises:
            ModelError: llguidance cannot follow the schema.
        """
        text = json.dumps(schema)
        if text not in self._grammars:
            self._grammars[text] = self._compile(text)
        return Row(self._grammars[text].deep_copy(), self._decode, ends=self._ends, limit=limit, thinking=thinking)

    def _compile(self, schema: str) -> LLMatcher:
        matcher = LLMatcher(self._tokenizer, LLMatcher.grammar_from_json_schema(schema, defaults=_LAYOUT), log_level=0)
        if matcher.is_error():
            reason = matcher.get_error().partition("\n")[0]
            raise ModelError(f"no reply can be held to this JSON schema: {reason}. Leave that out of the schema and verify it in the reply: {schema}")
        return matcher

    def allow(self, rows: Sequence[Row]) -> NDArray[np.bool_]:
        """Return which tokens may come next: bool (rows, width). All may where a row thinks, and where it has ended and is not read."""
        bits = allocate_token_bitmask(len(rows), self._tokens)
        for index, row in enumerate(rows):
            row.fill(bits, index)
        return np.unpackbits(bits.view(np.uint8), axis=1, count=self._width, bitorder="little").astype(bool)


class Row:
    """One reply as it is written, token by token."""

    def __init__(
        self, matcher: LLMatcher, decode: Callable[[Sequence[int]], str], *, ends: Collection[int], limit: int, thinking: Thinking | None
    ) -> None:
        self._matcher, self._decode, self._ends, self._limit, self._thinking = matcher, decode, ends, limit, thinking
        self._phase: Phase = "answering" if thinking is None else "thinking" if thinking.opening is None else "starting"
        self.thoughts: list[int] = []
        """Tokens before the answer, the mark between them included."""
        self.answer: list[int] = []
        """Tokens of the answer, without one that ends it."""

    @property
    def has_ended(self) -> bool:
        """Whether no more tokens are taken."""
        return self._phase == "ended"

    @property
    def is_complete(self) -> bool:
        """Whether the answer is a whole value of the schema."""
        return not self._matcher.is_error() and self._matcher.is_accepting()

    @property
    def is_cut(self) -> bool:
        """Whether the limit ended it."""
        return not self.is_complete and len(self.thoughts) + len(self.answer) >= self._limit

    def fill(self, bits: NDArray[np.int32], index: int) -> None:
        """Set the bits of the tokens that may come next in one row of a mask of ones."""
        if self._phase in ("starting", "answering"):
            fill_next_token_bitmask(self._matcher, bits, index)
            for token in self._besides():
                word, bit = divmod(token, 32)
                bits.view(np.uint32)[index, word] |= np.uint32(1 << bit)

    def _besides(self) -> Collection[int]:
        """Return what may come besides the tokens of the schema: the opening of thoughts, or, where the value is whole, any end."""
        if self._phase == "starting" and self._thinking and self._thinking.opening is not None:
            return (self._thinking.opening,)
        return self._ends if self._matcher.is_accepting() else ()  # llguidance knows one end only

    def take(self, token: int) -> None:
        """Add the token that came next."""
        if self._phase == "starting":
            self._phase = "thinking" if self._thinking and token == self._thinking.opening else "answering"
        if self._phase == "thinking":
            self._think(token)
        elif self._phase == "answering":
            self._answer(token)
        if len(self.thoughts) + len(self.answer) >= self._limit:
            self._phase = "ended"

    def _think(self, token: int) -> None:
        if token in self._ends:
            self._phase = "ended"
            return
        self.thoughts.append(token)
        if self._thinking and self._thinking.end.search(self._decode(self.thoughts[-len(self._thinking.end.pattern) :])):
            self._phase = "answering"  # looked for in so many tokens as its pattern has letters: no token is less than one

    def _answer(self, token: int) -> None:
        if token in self._ends:  # allowed only where the value is whole
            self._phase = "ended"
            return
        self.answer.append(token)
        if not self._matcher.consume_token(token) or self._matcher.is_stopped():
            self._phase = "ended"
