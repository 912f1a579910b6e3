"""What `make grades` takes for good."""

from __future__ import annotations

from tests.https.grades import GRADE, SCORE, shortfalls


def test_make_grades_fails_below_the_best_grades_and_where_there_are_none() -> None:
    def rated(grade: str) -> list[dict[str, str]]:
        return [{"id": "final_score", "finding": "96"}, {"id": "overall_grade", "finding": grade}]

    best = {"scan": {"grade": GRADE, "score": SCORE}}
    assert shortfalls(best, rated(GRADE)) == []
    assert len(shortfalls(best, rated("A"))) == len(shortfalls(best, [])) == 1
    assert len(shortfalls({"scan": {"grade": GRADE, "score": SCORE - 5}}, rated(GRADE))) == 1
    assert len(shortfalls({"error": "site down"}, [])) == 3
