"""The view `gaps`: for each person, what is recalled as it was learned, and in the other modality.

One row for each person, direction and way of answering, under everything else that a probe row
says. `same` and `other` are shares of right answers (not corrected for chance), `gap` is their
difference, in points of recall from -1 to 1. So `avg(gap)` is what `xmm score` calls the transfer
gap where chance is 0.
"""

GAPS = """
CREATE VIEW gaps AS
WITH answers AS (
    SELECT *, 'generate' AS way, correct AS hit FROM probes WHERE correct IS NOT NULL
    UNION ALL
    SELECT *, 'rank' AS way, rank = 1 AS hit FROM probes WHERE rank IS NOT NULL
)
SELECT
    base, checkpoint, task, hops, split, "set", role, condition, persona,
    way AS answer,
    source,
    CASE source WHEN 'image' THEN 'text' ELSE 'image' END AS target,
    avg(hit::INT) FILTER (WHERE modality = source) AS same,
    avg(hit::INT) FILTER (WHERE modality <> source) AS other,
    same - other AS gap
FROM answers
WHERE source IN ('image', 'text')
GROUP BY base, checkpoint, task, hops, split, "set", role, condition, persona, way, source
HAVING same IS NOT NULL AND other IS NOT NULL
"""
