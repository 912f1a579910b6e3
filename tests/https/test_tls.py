"""How TLS is spoken, and to whom."""

from __future__ import annotations

import re
import socket
import ssl
import subprocess

import pytest

from tests.edge.stack import run, wait_until
from tests.https.grades import GRADE, has_long_hsts, let_a_week_go_by, observe, shortfalls
from tests.https.stack import DOMAIN, WWW, SecureStack, let_look

pytestmark = pytest.mark.docker

CIPHERS = [
    "ECDHE-ECDSA-AES128-GCM-SHA256",
    "ECDHE-ECDSA-AES256-GCM-SHA384",
    "ECDHE-ECDSA-CHACHA20-POLY1305",
]


def test_https_comes_by_itself_for_the_domain_and_its_www(site: SecureStack) -> None:
    assert site.names() == [DOMAIN, WWW]
    assert site.secure("/", WWW).status_code == 200


@pytest.mark.parametrize("host", [DOMAIN, WWW])
@pytest.mark.parametrize("method", ["GET", "HEAD", "POST"])
def test_plain_http_is_sent_to_https(site: SecureStack, method: str, host: str) -> None:
    answer = site.plain("/about/?a=b%20c", host, method)
    assert answer.status_code == 308
    assert answer.headers["location"] == f"https://{host}/about/?a=b%20c"
    assert "strict-transport-security" not in answer.headers  # RFC 6797, 7.2
    assert "alt-svc" not in answer.headers


def test_the_site_is_the_same_over_tls_and_its_own_redirects_stay_there(site: SecureStack) -> None:
    answer = site.secure("/")
    assert answer.status_code == 200 and "hit" in answer.headers["cache-status"]
    redirect = site.secure("/about")
    assert redirect.status_code in (301, 308) and redirect.headers["location"] == "/about/"
    assert "http://" not in site.secure("/sitemap.xml").text.replace("http://www.", "")


def test_challenges_stay_in_plain_http_and_are_answered_over_tls_too(site: SecureStack) -> None:
    answer = site.plain("/.well-known/acme-challenge/nothing")
    assert answer.status_code == 404
    site.execute("certbot", "sh", "-c", "echo mine >/tls/challenges/.well-known/acme-challenge/x")
    assert site.plain("/.well-known/acme-challenge/x").text == "mine\n"
    assert site.secure("/.well-known/acme-challenge/x").text == "mine\n"
    site.execute("certbot", "rm", "/tls/challenges/.well-known/acme-challenge/x")


@pytest.mark.parametrize("protocol", ["1.0", "1.1", "2", "3"])
def test_every_version_of_http_is_spoken(site: SecureStack, protocol: str) -> None:
    option = f"--http{protocol}" + ("-only" if protocol == "3" else "")
    seen = site.curl(
        option, "-o", "/dev/null", "-w", "%{http_version} %{http_code}", f"https://{DOMAIN}/"
    )
    assert seen in (f"{protocol} 200", "1.1 200" if protocol == "1.0" else "")


def test_http3_is_announced_and_taken(site: SecureStack) -> None:
    assert site.secure("/").headers["alt-svc"] == 'h3=":443"; ma=86400'
    url = f"https://{DOMAIN}/"
    said = site.curl("--alt-svc", "/tmp/alt-svc", "-o", "/dev/null", "-w", "%{http_version} ", url, url,
                     "-o", "/dev/null")  # fmt: skip
    assert said.split()[-1] in ("2", "3")  # curl may go on with the connection that it has
    assert (
        site.curl("--alt-svc", "/tmp/alt-svc", "-o", "/dev/null", "-w", "%{http_version}", url)
        == "3"
    )


def test_many_requests_over_http3_on_several_workers(site: SecureStack) -> None:
    urls = [f"https://{DOMAIN}/{part}" for part in ("", "about/", "ko/", "robots.txt")] * 5
    for _ in range(5):  # each a connection of its own, to whichever worker
        arguments = [part for url in urls for part in ("-o", "/dev/null", url)]
        seen = site.curl("--http3-only", "-w", "%{http_version} %{http_code}\n", *arguments)
        assert set(seen.splitlines()) == {"3 200"}


@pytest.mark.parametrize("name", ["other.example", "shop.example.evil.example", "a.shop.example"])
def test_a_stranger_s_name_is_refused_without_a_certificate(site: SecureStack, name: str) -> None:
    context = ssl._create_unverified_context()
    with pytest.raises(ssl.SSLError, match=r"(?i)unrecognized.name"):
        site.handshake(name, context).close()


def test_no_name_at_all_is_refused_too(site: SecureStack) -> None:
    context = ssl._create_unverified_context()
    plain = socket.create_connection((site.address, 443), timeout=5)
    with plain, pytest.raises(ssl.SSLError):
        context.wrap_socket(plain)


def test_another_host_within_our_handshake_gets_nothing(site: SecureStack) -> None:
    with site.handshake() as connection:
        connection.sendall(b"GET / HTTP/1.1\r\nHost: other.example\r\n\r\n")
        answer = connection.recv(4096)
    assert not answer or answer.startswith(b"HTTP/1.1 421")


def test_only_what_the_guideline_lists_is_offered(site: SecureStack) -> None:
    for version in (ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1):
        context = ssl._create_unverified_context()
        context.set_ciphers("ALL:@SECLEVEL=0")
        context.minimum_version = context.maximum_version = version
        with pytest.raises((ssl.SSLError, ConnectionError)):
            site.handshake(context=context).close()
    taken = set()
    for cipher in [each["name"] for each in ssl.create_default_context().get_ciphers()]:
        context = site.context()
        context.maximum_version = ssl.TLSVersion.TLSv1_2
        if not cipher.startswith("TLS_"):
            context.set_ciphers(cipher)
            try:
                site.handshake(context=context).close()
                taken.add(cipher)
            except (ssl.SSLError, ConnectionError):
                pass
    assert sorted(taken) == CIPHERS


@pytest.mark.parametrize("group", ["X25519MLKEM768", "X25519", "prime256v1", "secp384r1"])
def test_the_groups_of_the_guideline_are_taken(site: SecureStack, group: str) -> None:
    command = f"openssl s_client -connect {DOMAIN}:443 -servername {DOMAIN} -groups {group} </dev/null 2>&1"
    said = site.execute("tools", "sh", "-c", command)
    assert "Cipher is TLS_" in said, said
    if group == "X25519MLKEM768":
        assert group in said


def test_another_group_is_not(site: SecureStack) -> None:
    command = f"openssl s_client -connect {DOMAIN}:443 -servername {DOMAIN} -groups secp521r1 </dev/null 2>&1"
    assert "Cipher is TLS_" not in site.execute("tools", "sh", "-c", command, check=False)


def test_a_session_is_resumed_and_early_data_is_not_taken(site: SecureStack) -> None:
    command = (
        f"s='openssl s_client -connect {DOMAIN}:443 -servername {DOMAIN}'; rm -f /tmp/session; "
        # It stays connected until the session has come, and is then told to go.
        "(until [ -s /tmp/session ]; do sleep 0.1; done; echo Q) | $s -sess_out /tmp/session; "
        "openssl sess_id -in /tmp/session -text -noout; "
        "$s -sess_in /tmp/session </dev/null"
    )
    said = site.execute("tools", "timeout", "30", "sh", "-c", f"{{ {command}; }} 2>&1", check=False)
    assert re.search(r"^Reused, TLSv1.3", said, re.M), said
    assert set(re.findall(r"Max Early Data: (\d+)", said)) == {"0"}, said


# Who may read what


def test_the_key_is_for_the_edge_s_group_and_nobody_else(site: SecureStack) -> None:
    listed = site.execute("nginx", "sh", "-c", "stat -c '%a %u %g %n' /tls/keys /tls/keys/*.pem")
    folder, *keys = listed.splitlines()
    assert folder.startswith("750 0 101 ") and keys
    assert all(key.startswith("640 0 101 ") for key in keys)
    number = re.findall(r"(\d+)\.pem", listed)[-1]
    for user, readable in (("101:101", True), ("10001:10001", False), ("65534:65534", False)):
        done = subprocess.run(
            ["docker", "exec", "-u", user, site.container("nginx"), "cat", f"/tls/keys/{number}.pem"],
            capture_output=True, check=False,
        )  # fmt: skip
        assert (done.returncode == 0) is readable, user


def test_the_application_sees_no_key_and_no_account(site: SecureStack) -> None:
    mounts = site.inspect("app")["Mounts"]
    assert isinstance(mounts, list)
    assert [(each["Destination"], each["RW"]) for each in mounts] == [("/run/kaira", False)]
    assert site.execute("app", "ls", "-A", "/run/kaira").split() == ["certificate.json"]
    edge = {each["Destination"]: each["RW"] for each in site.inspect("nginx")["Mounts"]}  # type: ignore[attr-defined]
    assert edge["/tls"] is False and "/etc/letsencrypt" not in edge


def test_certbot_has_no_right_that_it_does_not_need(site: SecureStack) -> None:
    host = site.inspect("certbot")["HostConfig"]
    assert isinstance(host, dict)
    assert host["ReadonlyRootfs"] and host["CapDrop"] == ["ALL"] and not host["Privileged"]
    assert [each.removeprefix("CAP_") for each in host["CapAdd"]] == ["CHOWN"]
    assert "no-new-privileges:true" in host["SecurityOpt"]
    assert host["Memory"] > 0 and host["PidsLimit"] > 0
    assert host["LogConfig"]["Config"]["max-size"] and host["LogConfig"]["Config"]["max-file"]
    assert host["RestartPolicy"]["Name"] == "unless-stopped"
    anonymous = [
        each for each in site.inspect("certbot")["Mounts"] if len(each.get("Name", "")) == 64
    ]  # type: ignore[attr-defined]
    assert not anonymous


# What is told of it


def test_health_and_metrics_tell_of_the_certificate(site: SecureStack) -> None:
    shown = ssl.cert_time_to_seconds(site.certificate()["notAfter"])
    told = site.secure("/health").json()["certificate"]
    assert told["names"] == [DOMAIN, WWW]
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", told["expires"])
    code = (
        "import urllib.request as u; print(u.urlopen('http://127.0.0.1/metrics').read().decode())"
    )
    metrics = site.execute("app", "python", "-c", code)
    found = re.search(r"^kaira_certificate_expiry_timestamp_seconds (\S+)$", metrics, re.M)
    assert found and float(found.group(1)) == shown


def test_browsers_are_bound_to_https_for_a_day_at_first_and_for_two_years_after_a_week(
    site: SecureStack,
) -> None:
    wait_until(lambda: "strict-transport-security" in site.secure("/").headers, "HSTS")
    let_look()
    assert site.secure("/").headers["strict-transport-security"] == "max-age=86400"
    # a page, one that is not there, one with a fingerprint, the API, the edge's own
    for path in ("/nothing", "/no.0123456789ab.css", "/api/info", "/health", "/metrics"):
        assert site.secure(path).headers["strict-transport-security"] == "max-age=86400", path
    # A week of proof, as far as certbot has written it down
    edit = (
        "import json, pathlib; p = pathlib.Path('/etc/letsencrypt/kaira.json');"
        "s = json.loads(p.read_text()); s['proven_since'] = {n: t - 7 * 86400 for n, t in"
        " s['proven_since'].items()}; p.write_text(json.dumps(s))"
    )
    site.execute("certbot", "python3", "-c", edit)
    site.compose("restart", "certbot")
    wait_until(lambda: has_long_hsts(site), "two years")


def test_mozilla_s_observatory_gives_its_highest_score(site: SecureStack) -> None:
    let_a_week_go_by(site)
    observed = observe(site)
    best = [{"id": "overall_grade", "finding": GRADE}]  # testssl.sh takes minutes: make grades
    assert shortfalls(observed, best) == [], observed


def test_the_lab_and_the_compose_file_name_the_same_certbot() -> None:
    tag = re.compile(r"certbot/certbot:v[\d.]+")
    named = run("grep", "-h", "certbot/certbot:", "docker-compose.prod.yml", "tests/lab/images.sh")
    assert len(set(tag.findall(named))) == 1 and len(tag.findall(named)) == 2
