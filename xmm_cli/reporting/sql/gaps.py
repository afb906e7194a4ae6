"""The view `gaps`: for each person, what is recalled as it was learned, and in the other modality.

One row for each person, direction and way of answering, under everything else that a probe row
says; what was asked under an attack is left out. A person is a data set and an id; a question that
stands twice counts once, with its last answer. `same` and `other` are shares of right answers (not
corrected for chance), `gap` is their difference, in points of recall from -1 to 1. So `avg(gap)` is
what `xmm score` calls the transfer gap where chance is 0.
"""

GAPS = """
CREATE VIEW gaps AS
WITH answers AS (
    SELECT base, checkpoint, task, hops, split, "set", role, condition, dataset, persona, source,
        modality, "view", question, expected,
        arg_max(correct, probes.rowid) AS generate,
        arg_max("rank", probes.rowid) = 1 AS "rank"
    FROM probes WHERE source IN ('image', 'text') AND attack IS NULL GROUP BY ALL
), ways AS (
    SELECT *, 'generate' AS way, generate AS hit FROM answers WHERE generate IS NOT NULL
    UNION ALL
    SELECT *, 'rank' AS way, "rank" AS hit FROM answers WHERE "rank" IS NOT NULL
)
SELECT
    base, checkpoint, task, hops, split, "set", role, condition, dataset, persona,
    way AS answer,
    source,
    CASE source WHEN 'image' THEN 'text' ELSE 'image' END AS target,
    avg(hit::INT) FILTER (WHERE modality = source) AS same,
    avg(hit::INT) FILTER (WHERE modality <> source) AS other,
    same - other AS gap
FROM ways
GROUP BY base, checkpoint, task, hops, split, "set", role, condition, dataset, persona, way, source,
    CASE WHEN dataset IS NULL AND task = 'name' THEN expected END
HAVING same IS NOT NULL AND other IS NOT NULL
"""
