"""`make grades`: what testssl.sh and Mozilla's observatory say of the stack, into docs/https.md.

Exit code 1 if it is less than the best that there is; the page is left as it was then.
"""

from __future__ import annotations

import csv
import io
import json
import sys
from typing import Any

from tests.edge.stack import ROOT, wait_until
from tests.https.stack import DOMAIN, SecureStack, build_image

OUTPUT = ROOT / "docs/https.md"

GRADE = "A+"  # of both; neither has a better one
# Of the observatory's 145, 5 are for cookies, of which there are none, and 5 for being in the list
# of sites that browsers know beforehand, which is for the owner of the name to ask for.
SCORE = 135

# The lines of testssl.sh that belong to the rating, and to what is said in the README.
SHOWN = {
    "overall_grade": "testssl.sh: grade",
    "final_score": "testssl.sh: score",
    "rating_spec": "rated by",
    "TLS1_2": "TLS 1.2",
    "TLS1_3": "TLS 1.3",
    "ALPN_HTTP2": "HTTP/2",
    "FS": "forward secrecy",
    "FS_KEMs": "post-quantum key exchange",
    "FS_ECDHE_curves": "curves",
    "HSTS_time": "HSTS",
}


def main() -> None:
    """Bring the stack up, grade it, write the page."""
    build_image()
    stack = SecureStack("grades", ACME_PROFILE="default")
    stack.down()
    try:
        stack.start_authority()
        stack.start()
        wait_until(stack.has_https, "HTTPS has come", 90)
        wait_until(lambda: stack.plain().status_code == 308, "the redirect has come", 90)
        let_a_week_go_by(stack)
        stack.start("tools")
        observed, tested = observe(stack), probe(stack)
    finally:
        stack.down()
    page = render(observed, tested)
    print(page)
    if missing := shortfalls(observed, tested):
        sys.exit("\n".join(missing))
    OUTPUT.write_text(page)


def let_a_week_go_by(stack: SecureStack) -> None:
    """Do what certbot does after a week, and wait until the edge has seen it."""
    stack.execute("certbot", "touch", f"/tls/hsts/long/{DOMAIN}")
    wait_until(lambda: has_long_hsts(stack), "browsers are bound to HTTPS for two years")


def has_long_hsts(stack: SecureStack) -> bool:
    """Whether browsers are bound to HTTPS for two years."""
    return stack.secure().headers.get("strict-transport-security") == "max-age=63072000"


def observe(stack: SecureStack) -> dict[str, Any]:
    """What Mozilla's observatory finds."""
    found: dict[str, Any] = json.loads(stack.execute("tools", "node", "src/scan.js", DOMAIN))
    return found


def probe(stack: SecureStack) -> list[dict[str, str]]:
    """What testssl.sh finds, a line each."""
    command = f"testssl --quiet --color 0 --add-ca /trust/ca.pem --csvfile /tmp/t.csv {DOMAIN}"
    stack.execute("tools", "sh", "-c", f"{command} >/dev/null 2>&1", check=False)
    return list(csv.DictReader(io.StringIO(stack.execute("tools", "cat", "/tmp/t.csv"))))


def shortfalls(observed: dict[str, Any], tested: list[dict[str, str]]) -> list[str]:
    """What is less than the best that there is, a line each; also where there is no answer."""
    scan = observed.get("scan", {})
    grades = [row["finding"].strip() for row in tested if row["id"] == "overall_grade"]
    lines = [
        ("testssl.sh: grade", grades, [GRADE]),
        ("Mozilla's observatory: grade", scan.get("grade"), GRADE),
        ("Mozilla's observatory: score", scan.get("score"), SCORE),
    ]
    return [f"{what}: got {got}, the best is {best}" for what, got, best in lines if got != best]


def render(observed: dict[str, Any], tested: list[dict[str, str]]) -> str:
    """The page."""
    findings = {row["id"]: row["finding"] for row in tested}
    worse = ("LOW", "MEDIUM", "HIGH", "CRITICAL")
    bad = [row for row in tested if row["severity"] in worse and not row["id"].startswith("cert_")]
    scan = observed["scan"]
    rows = [("Mozilla's observatory: grade and score", f"{scan['grade']}, {scan['score']}")]
    rows += [(title, findings[key]) for key, title in SHOWN.items() if key in findings]
    lines = [
        "# How HTTPS is graded",
        "",
        "`make grades` prints and writes this again: the whole stack, with a certificate of",
        "Let's Encrypt's test server, as it is a week after it was started.",
        "",
        "| | |",
        "| --- | --- |",
        *(f"| {title} | {finding.strip()} |" for title, finding in rows),
        "",
        "What testssl.sh finds to say against it, but for what concerns the test authority's own",
        "certificate. No page has a secret that BREACH could guess, and a CAA record is for the",
        "owner of the name to make.",
        "",
        *(f"- `{row['id']}` ({row['severity'].lower()}): {row['finding'].strip()}" for row in bad),
    ]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    main()
