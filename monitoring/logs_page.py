"""What each name in a log line means: `make fields` writes it into docs/logs*.md.

A test holds what application, edge, certbot and deploy script really write to this table.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

DOCS = Path(__file__).parents[1] / "docs"
PAGES = {"en": DOCS / "logs.md", "ko": DOCS / "logs.ko.md"}

WHO = ("app", "edge", "certbot", "deploy")
_BEGIN, _END = "<!-- fields -->\n", "\n<!-- end -->"
_HEADS = {"en": ("name", "type", "who", "meaning"), "ko": ("이름", "형", "쓰는 쪽", "뜻")}
_TYPES: dict[str, tuple[type, ...]] = {"text": (str,), "number": (int, float), "texts": (list,)}


@dataclass(frozen=True)
class Field:
    """A name, the form of its value, who writes it, and what it means in both languages."""

    name: str
    kind: str
    who: str
    en: str
    ko: str

    def takes(self, value: object) -> bool:
        """Whether it is written in this form."""
        return isinstance(value, _TYPES[self.kind]) and not isinstance(value, bool)


FIELDS = {
    field.name: field
    for field in (
        Field("timestamp", "text", "app edge certbot deploy",
              "When it was written: ISO 8601, UTC, ending in Z.",
              "쓴 때. ISO 8601, UTC, Z로 끝난다."),
        Field("level", "text", "app edge certbot deploy",
              "debug, info, warning, error or critical. The edge: error for 500, 502, 503, 504.",
              "debug, info, warning, error, critical. nginx는 500, 502, 503, 504일 때 error."),
        Field("event", "text", "app edge certbot deploy",
              "What happened: request, slow request, request failed, deployment …",
              "무슨 일인지: request, slow request, request failed, deployment …"),
        Field("request_id", "text", "app edge",
              "The request that a line belongs to, the same at the edge and in the application, "
              "and in the answer's X-Request-ID.",
              "줄이 딸린 요청. nginx와 애플리케이션에서 같고, 응답의 X-Request-ID와 같다."),
        Field("method", "text", "app edge", "The request's method.", "요청 메서드."),
        Field("path", "text", "app edge", "Its path, without the query.", "쿼리를 뺀 경로."),
        Field("status", "number", "app edge", "The answer's status code.", "응답 상태 코드."),
        Field("bytes", "number", "app edge", "How long its body was.", "응답 본문의 바이트."),
        Field("duration_seconds", "number", "app edge deploy",
              "How long it took. At the edge the visitor's line is in it, in the application not.",
              "걸린 시간(초). nginx에서는 방문자의 회선까지, 애플리케이션에서는 그것 없이."),
        Field("coding", "text", "app edge",
              "How the body was compressed: br, zstd, gzip or empty.",
              "본문을 압축한 방식: br, zstd, gzip, 또는 빈 값."),
        Field("cache", "text", "edge",
              "What the edge's cache did: HIT, MISS, STALE …; empty if it was not asked.",
              "nginx 캐시가 한 일: HIT, MISS, STALE …. 묻지 않았으면 빈 값."),
        Field("upstream", "text", "edge",
              "Which of the application's addresses were asked; empty if none.",
              "물어본 애플리케이션의 주소. 없으면 빈 값."),
        Field("upstream_status", "text", "edge",
              "What each of them answered.", "그 응답 상태. 여러 번이면 여럿."),
        Field("upstream_seconds", "text", "edge",
              "How long each of them took.", "그 응답에 걸린 시간. 여러 번이면 여럿."),
        Field("host", "text", "edge", "The name that was asked for.", "요청한 호스트 이름."),
        Field("client", "text", "edge",
              "The visitor's address. The privacy page tells visitors that it is written down.",
              "방문자의 주소. 적는다고 개인정보 페이지에 알린다."),
        Field("protocol", "text", "edge", "HTTP/1.1, HTTP/2.0 or HTTP/3.0.",
              "HTTP/1.1, HTTP/2.0, HTTP/3.0."),
        Field("exception", "text", "app", "Where the application failed: a traceback.",
              "애플리케이션이 실패한 자리(traceback)."),
        Field("reason", "text", "app certbot deploy",
              "Why: one word of a kind, or of a deployment the sentence that it ended with.",
              "이유. 정해진 낱말 하나이고, 배포에서는 끝난 까닭의 문장."),
        Field("detail", "text", "edge certbot", "What exactly went wrong.", "무엇이 잘못되었는지."),
        Field("help", "text", "certbot", "What mends it.", "어떻게 고치는지."),
        Field("name", "text", "certbot", "The one name that it is about.", "문제의 도메인 이름."),
        Field("names", "texts", "certbot", "The certificate's names.", "인증서의 도메인 이름들."),
        Field("issuer", "text", "certbot", "Who issued it.", "발급한 곳."),
        Field("expires", "text", "certbot", "When it ends.", "인증서가 끝나는 때."),
        Field("flag", "text", "certbot",
              "What the edge does from now on for a name: https, hsts/day, hsts/long.",
              "그 이름에 nginx가 이제부터 하는 일: https, hsts/day, hsts/long."),
        Field("failures", "number", "certbot", "How often it failed in a row.",
              "연이어 실패한 횟수."),
        Field("next_try", "text", "certbot", "When it is tried again.", "다시 해 볼 때."),
        Field("outcome", "text", "deploy",
              "How a deployment ended: found, deployed, returned, left, failed, rolled back.",
              "배포의 결과: found, deployed, returned, left, failed, rolled back."),
        Field("colour", "text", "deploy", "Which colour it was: blue or green.",
              "어느 색인지: blue, green."),
        Field("release", "text", "deploy", "The release's name.", "릴리스 이름."),
        Field("image", "text", "deploy", "The image's id.", "이미지 id."),
        Field("digest", "text", "deploy", "Its digest in the registry; empty without one.",
              "레지스트리의 digest. 없으면 빈 값."),
    )
}  # fmt: skip


def table(language: str) -> str:
    """The table in a language, en or ko."""
    lines = [
        f"| {' | '.join(_HEADS[language])} |",
        "| --- | --- | --- | --- |",
        *(
            f"| `{each.name}` | {each.kind} | {each.who.replace(' ', ', ')} "
            f"| {each.en if language == 'en' else each.ko} |"
            for each in FIELDS.values()
        ),
    ]
    return "\n".join(lines)


def page(language: str) -> str:
    """The page as it should be: what stands between its two marks is the table."""
    before, rest = PAGES[language].read_text().split(_BEGIN)
    return f"{before}{_BEGIN}{table(language)}{_END}{rest.split(_END)[1]}"


if __name__ == "__main__":
    for each, file in PAGES.items():
        file.write_text(page(each))
