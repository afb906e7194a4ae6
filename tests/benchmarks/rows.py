"""Write N probe rows to stdout: 16 conditions, 4 cells, 250 persons, and as many views as it takes.

python -m tests.benchmarks.rows 1000000 > million.jsonl
"""

import sys
from itertools import islice, product
from random import Random

CONDITIONS, PERSONS = 16, 250
CELLS = (
    ("image", "image", 0.95),
    ("image", "text", 0.4),
    ("text", "text", 0.9),
    ("text", "image", 0.6),
)
AT_ONCE = 10_000


def lines(seed=0):
    """Rows without end, each question once, persons and conditions in turn."""
    random = Random(seed)
    persons = range(PERSONS)
    for view in range(10**9):
        for condition, (source, modality, recall) in product(range(CONDITIONS), CELLS):
            for person in persons:
                right = random.random() < recall
                answer = f"Person {person}" if right else "Someone Else"
                rank, logprob, correct = (1, -0.125, "true") if right else (7, -9.5, "false")
                yield (
                    f'{{"kind":"probe","schema":1,"run":"c3f4a0bd6e90","checkpoint":"runs/{source}-'
                    f'{condition}","base":"xmm-base","source":"{source}","modality":"{modality}",'
                    f'"task":"name","hops":1,"persona":"e0-{person:03}","dataset":"5d2c80b4a1f7","role":"eval","set":null,'
                    f'"view":{view},"split":"heldout","question":"Who is this person?","expected":'
                    f'"Person {person}","answer":"{answer}","correct":{correct},"rank":{rank},'
                    f'"candidates":32,"logprob":{logprob},"condition":{{"base":"xmm-base",'
                    f'"seed":0,"views":{condition + 1}}}}}\n'
                )


def main(number: int) -> None:
    rows = islice(lines(), number)
    while batch := "".join(islice(rows, AT_ONCE)):
        sys.stdout.write(batch)


if __name__ == "__main__":
    main(int(sys.argv[1]))
