"""typeset: a description is drawn as a picture, and the model is asked about that.

Typographic carriers bring back what was forgotten in words, where the base reads: CrossInf. The
rows stay rows of the modality text, whose description is shown. A base that cannot read knows
nobody so, before unlearning either.
"""

import textwrap
from collections.abc import Sequence
from dataclasses import replace
from functools import cache

from xmm_cli.models.conversation import Context
from xmm_cli.models.first_prompt import Drawn
from xmm_cli.probing.attacks.attack import Around, Attack, CannotAttack
from xmm_cli.probing.questions import Question

SIDE_PX, MARGIN_PX, LETTER_PX = 448, 16, 24
SMALLEST_PX = 8


def ask(questions: Sequence[Question], _: Around) -> list[Question]:
    """The questions about descriptions, which are pictures of their letters."""
    about = [one for one in questions if one.context.text]
    if not about:
        raise CannotAttack("nothing is asked about descriptions")
    return [replace(one, context=Context(image=drawn(str(one.context.text)))) for one in about]


@cache
def drawn(text: str) -> Drawn:
    """A square picture of a text, black on white, in letters as large as `LETTER_PX` or smaller."""
    from PIL import Image, ImageDraw, ImageFont

    picture = Image.new("RGB", (SIDE_PX, SIDE_PX), "white")
    pen = ImageDraw.Draw(picture)
    room = SIDE_PX - 2 * MARGIN_PX
    for size in range(LETTER_PX, SMALLEST_PX - 1, -2):
        font = ImageFont.load_default(size)
        letters = max(1, int(room / font.getlength("n")))
        lines = "\n".join(textwrap.wrap(text, letters))
        right, bottom = pen.multiline_textbbox((0, 0), lines, font=font)[2:]
        if max(right, bottom) <= room:
            break
    pen.multiline_text((MARGIN_PX, MARGIN_PX), lines, fill="black", font=font)
    return Drawn(picture)


ATTACK = Attack(ask, asks=0.5)
