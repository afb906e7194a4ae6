"""The engine `openai`: a model that a server serves, asked by the OpenAI chat protocol."""

import asyncio
import warnings
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from typing import Any

from xmm_cli.errors import BadPicture, PartlyFailed, PictureLeftOut, Unavailable
from xmm_cli.models.loading import Base
from xmm_cli.probing.answering import ProbeSettings, Reply
from xmm_cli.probing.engines import Model
from xmm_cli.probing.engines.address import Config, key_from_environment
from xmm_cli.probing.engines.chat_request import ServedAnswer, body_of
from xmm_cli.probing.engines.server import Refused, Server
from xmm_cli.probing.probe import Subject, rows_of
from xmm_cli.probing.questions import Question
from xmm_cli.rows.types import Probe

AHEAD = 4
"""So many times as many questions as may be asked at once are begun before the first is answered.

So a slow answer keeps none of the connections idle.
"""


MOST_REFUSED = 8
"""Where so many questions are refused before any is answered, all would be."""

Outcome = ServedAnswer | Refused | None
"""None where the picture cannot be used."""


def served(model: Model) -> Subject:
    """Who is asked, where what it is made of is out of reach."""
    return Subject(Base(model.base, "", None, None, None, model.precision), model.checkpoint)


class OpenAIEngine:
    """Asks one question a request, several at once; rows come in the order of the questions."""

    def __init__(
        self,
        device: str | None,  # noqa: ARG002
        note: Callable[[str], None],
        config: Config,
        answers: bool = False,
    ) -> None:
        """`answers`: whether the server answered a question in an earlier run that this goes on."""
        self.note, self.config, self.answers = note, config, answers

    def ask(
        self,
        model: Model,
        parts: Sequence[Sequence[Question]],
        settings: ProbeSettings,
        *,
        run: str,
    ) -> Iterator[list[Probe]]:
        """The rows of all batches, without those of refused questions and of unusable pictures.

        Raises `Unavailable` where the server cannot be asked, or refuses all first questions, and
        `PartlyFailed` in the end where some were refused, or as soon as no more may be asked.
        """
        subject, refused = served(model), []
        for batch, outcomes in self._outcomes(parts, settings):
            pairs = list(zip(batch, outcomes, strict=True))
            asked = [question for question, one in pairs if isinstance(one, ServedAnswer)]
            replies = [
                Reply(question.asked.question, one.text, cut=one.cut)
                for question, one in pairs
                if isinstance(one, ServedAnswer)
            ]
            refused += [one for one in outcomes if isinstance(one, Refused)]
            self.answers = self.answers or bool(replies)
            if len(refused) >= MOST_REFUSED and not self.answers:
                raise Unavailable(
                    f"{self.config.url}: the first {MOST_REFUSED} questions are refused, with "
                    f"{refused[0]}"
                )
            yield list(rows_of(subject, asked, replies, settings, run))
        if refused:
            raise PartlyFailed(
                f"{self.config.url}: it refused {len(refused)} of the questions, which have no "
                f"rows; the first with {refused[0]}"
            )

    def _outcomes(
        self, parts: Sequence[Sequence[Question]], settings: ProbeSettings
    ) -> Iterator[tuple[Sequence[Question], list[Outcome]]]:
        """What each batch is answered with, in order. Raises as `Server.ask` does."""
        key = key_from_environment()
        rest = iter(parts)
        begun: deque[tuple[Sequence[Question], asyncio.Future[list[Outcome]]]] = deque()
        with asyncio.Runner() as runner:
            server = runner.run(_opened(self.config, key))
            loop = runner.get_loop()
            try:
                while True:
                    for batch in islice(rest, AHEAD * self.config.concurrency - len(begun)):
                        task = loop.create_task(self._batch(server, batch, settings))
                        begun.append((batch, task))
                    if not begun:
                        return
                    batch, answers = begun.popleft()
                    yield batch, runner.run(_result(answers))
            finally:
                runner.run(_closed(server, [task for _, task in begun]))

    async def _batch(
        self, server: Server, batch: Sequence[Question], settings: ProbeSettings
    ) -> list[Outcome]:
        name = self.config.model or ""

        async def one(question: Question) -> Outcome:
            try:
                return await server.ask(lambda: body_of(question, name, settings))
            except Refused as error:
                return error
            except BadPicture as error:
                warnings.warn(f"{error}; it is left out", PictureLeftOut, stacklevel=1)
                return None

        return list(await asyncio.gather(*map(one, batch)))


async def _opened(config: Config, key: str) -> Server:
    return Server(config, key)


async def _closed(server: Server, begun: "Sequence[asyncio.Future[Any]]") -> None:
    """Give up what is begun, and close the connections."""
    for task in begun:
        task.cancel()
    await asyncio.gather(*begun, return_exceptions=True)
    await server.close()


async def _result(answers: "asyncio.Future[list[Outcome]]") -> list[Outcome]:
    return await answers
