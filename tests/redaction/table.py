# ruff: noqa: E501
"""One table of both directions: values that must be masked, and values that must be kept.

    python -m tests.redaction.table

prints the figures of both directions. In a row the secrets are between « and »: each becomes the
mask and nothing else changes. A row without these marks must stay as it is.
"""

import re
import sys
from collections.abc import Callable, Iterator
from typing import Any

from securenet_obs.redaction import MASK, redact
from tests.redaction.documented import INNOCENTS, SECRETS
from tests.redaction.samples import B62, KEPT, MASKED, RANDOM_HEX

MARKED = re.compile("«([^»]*)»")
_UUID = "0b7de9f2-c4a9-4c9d-9a3c-f3f3d1f0e6aa"

TEXTS = (
    # a scheme and its credential, known or not
    f"access_token: «Token {RANDOM_HEX[:40]}»",
    f"FLY_API_TOKEN: «FlyV1 fm2_{B62[:60]}»",
    "X-Api-Key: «Key gpt-9075-zucv»",
    "X-Auth-Token: «Foo abc123def456»",
    f"api_token: «SSWS 00{B62[:40]}»",
    f"x-api-key: «GenieKey {_UUID}»",
    f"Authorization: «Token {RANDOM_HEX[:40]}»",
    f"Authorization: «ApiKey {B62[:30]}»",
    "Proxy-Authorization: «Splunk 98ab-cdef-0123»",
    "Authorization: «AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/iam/aws4_request, SignedHeaders=host, Signature=5d672d79c15b13162d9279b0855cfba6»",
    f"secret: «Whatever {RANDOM_HEX[:20]}» next",
    # assignments
    "password: |\n  «hunter 2»\nnext: 1",
    'password = """«hunter2»"""',
    '"password":\n  "«hunter2»"',
    "password := «hunter2x»",
    "Secret Access Key = «wJalrXUtnFEMIxK7MDENGxbPxRfiCYEXAMPLEKEY»",
    "the API key: «hunter2x» is old",
    "db.password=«hunter2»",
    "spring.datasource.password=«hunter2»",
    "SplitResult(scheme='https', netloc='«u:pw@h»', path='/p', query='', fragment='')",
    "ParseResultBytes(scheme=b'https', netloc=b'«u:p@w@h:80»', path=b'/p', params=b'')",
    "SplitResult(scheme='https', netloc='h:8443', path='/p', query='', fragment='')",
    "SplitResult(scheme='ssh', netloc='git@h:22', path='/p', query='', fragment='')",
    "Server=db;User Id=app;Pwd=«p@ss»;",
    '<add name="Db" connectionString="Server=db;User Id=app;Password=«hunter2»;" />',
    'variable "x" { default = 1 }\npassword = "«hunter2»"',
    "-e MYSQL_ROOT_PASSWORD=«hunter2» mysql:8",
    # markup
    "<login><user>bob</user><password>«xmlPw-8871»</password></login>",
    "<ns:Password type='text'>«hunter 2»</ns:Password>",
    "<password><![CDATA[«hunter2»]]></password>",
    '<add key="ClearTextPassword" value="«hunter2x»" />',
    '<property name="password" value="«hunter2»"/>',
    '<entry key="db.password">«hunter2»</entry>',
    "<key>password</key>\n<string>«hunter2»</string>",
    "&lt;password&gt;«hunter2»&lt;/password&gt;",
    "- name: DB_PASSWORD\n  value: «hunter2»",
    "{'name': 'X-Api-Key', 'value': '«abc»'}",
    # command lines
    "curl -u elastic:«P4ssw0rd1x» https://localhost:9200",
    "curl -s --user 'api:«d2LkV78zLx»' https://api.example.org/v3/messages",
    "curl --user=bob:«hunter2» https://h",
    "/usr/bin/curl -ubob:«hunter2» https://h",
    "curl -H 'X-Api-Key: «abc123»' https://h",
    "mysqldump -u root -p«hunter2x99» db",
    "mysql -h db -uroot -p«hunter2»",
    "PGPASSWORD=«hunter2» psql -h db",
    "CONFIG SET requirepass «hunter2x99»",
    "masterauth «hunter2»",
    "redis-cli -a «hunter2» ping",
    "redis-cli -h h --pass «hunter2» ping",
    "sshpass -p «hunter2» ssh bob@h",
    "sshpass -p '«hunter2»' ssh bob@h",
    "wget --password=«hunter2» https://h",
    "wget --http-password «hunter2» https://h",
    "docker login -u bob -p «hunter2» registry.example",
    "openssl enc -aes-256-cbc -pass pass:«hunter2» -in x",
    "openssl rsa -passin pass:«hunter2» -in k.pem",
    "htpasswd -b /etc/htpasswd bob «hunter2»",
    "net use X: \\\\srv\\share «hunter2» /user:bob",
    "smbclient //srv/share -U bob%«hunter2»",
    "ldapsearch -x -D cn=admin -w «hunter2» -b dc=x",
    "mongo -u root -p «hunter2» admin",
    "rabbitmqctl add_user bob «hunter2»",
    "kubectl --token=«hunter2x» get pods",
    "aws configure set aws_secret_access_key «wJalrXUtnFEMIK7MDENG»",
    "gpg --batch --passphrase «hunter2» -d x",
    "zip -P «hunter2» x.zip y",
    "7z a -p«hunter2» x.7z y",
    "AUTH PLAIN «AGJvYgBodW50ZXIyMw==»",
    "xfreerdp /v:h /u:bob /p:«hunter2»",
    "skopeo copy --src-creds bob:«hunter2» docker://a docker://b",
    "['curl', '-u', 'bob:«hunter2»', 'https://h']",
    "run --db-password «hunter2» --now",
    "['run', '--db-password', '«hunter2»']",
    # files
    "machine example.org login bob password «hunter2»",
    "db.example:5432:app:bob:«hunter2»",
    "bob:«$apr1$lZL6V/ci$eIMz/iKDkbtys/uU7LEK00»",
    "root:«$6$saltsalt$qFmFH.bQmmtXzyBY0s9v7Oicd2z4XSIecDzlB5KiA2/jctKu9YterLp8wwnSq.qc.eoxqOmSuNp2xS0ktL3nh/»:19000:0",
    "sqlplus scott/«tiger»@orcl",
    "run: sqlplus -s app/«p4ss»@//db.example:1521/svc @load.sql",
    "sqlplus scott/«tiger» as sysdba",
    "expdp userid=system/«manager1»@orcl directory=dumps",
    "rman target sys/«x1y2»@prod",
    "sqlplus 'scott/«t1ger»'@db",
    'sqlplus "scott/«ti@ger1»@db"',
    "rman target=sys/«x1»@prod",
    "sqlplus / as sysdba",
    "sqlplus /nolog @scripts/run.sql",
    "sqlplus scott@db.example:1521/svc",
    "use sqlplus and/or expdp",
    "rman backup/restore failed",
    # without a separator, if it is not prose
    "password «hunter2»",
    "please set password «hunter2», then log in",
    "the password is «Summer2024!»",
    "changed the passphrase to «correct-horse7-staple»",
    "log in\\npassword «hunter2»",
    "password is wrong",
    "password must have 12-20 characters",
    "password SHA-256 hash, password pbkdf2_sha256, password base64, password RFC2898",
    "password web-01, password CVE-2026-1234, password policy.yaml, password v2.1",
    "password 2026-11-23, password bob1@mail.test",
    "Accepted password for root from 10.0.0.7 port 22 ssh2",
    # lists of YAML
    "passwords:\n  - «hunter2\n  - 's3cr et'»\nnext: 1",
    "password:\n- «x1y2z3»",
    "password:\n  - required\n  - string",
    "passwords:\n  - must have 8 letters",
    "secrets:\n  - db_password1",
    "passwords: # of the admins\n  - «a1»",
    "password field1 missing, password /etc/x1.conf, password level7, password $PASS1",
    # bare tokens of vendors
    "facebook «1503948571620394|kemU0crd5SBQ_GBC_66C3CrN0SD»",
    "got «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» in its output",
    "got «sgp_eb8450ae2a1c5ed5571342c3967d286c8a160d1c» in its output",
    "got «rk_prod_10XwJUSVoJWMvLaolfTd7bGyjeXHmm7CF7m8IeNRi6LvMhECfe3VHa7sFi» in its output",
    "«glpat-jaenrlts-kewqtuvxboyvzrmmmm.dpumbgcgo»",
    f"got «acme_api_key_{B62[:30]}» in its output",
    "redis://:«p#w<x»@h/0",
    "Authorization: «Bearer $aB3xZ9qLmN0pW7rT»",
    "Authorization: «Token hunter2 ...»",
    "gitlab: <a href='https://bob:«hunter2»@git.example/'>",
    # prose, counts, enumerations and identifiers
    "secret: not found in vault",
    "Password: required field missing",
    '{"secret": "not found in vault"}',
    '{"password": "must not be empty"}',
    "2 tests, pass=12 fail=0",
    "- (id)hf_requiredCharacteristicTypesForDisplayMetadata;",
    '{"EventID": 4624, "SubjectUserSid": "S-1-5-18", "TargetUserSid": "S-1-5-21-1111111111-2222222222-3333333333-1103", "ElevatedToken": "%%1843", "TokenElevationType": "%%1937"}',
    '{"EventID": 5379, "CountOfCredentialsReturned": "0", "SubjectUserSid": "S-1-5-19"}',
    '{"Sid": "AWSCloudTrailAclCheck", "Effect": "Allow"}',
    '{"@stream": "dns", "auth": ["host-a.example.local"]}',
    '{"sid": "S-1-5-32-544", "auth": "kerberos", "token": "bearer", "credential": "none"}',
    '{"secret": "arn:aws:secretsmanager:eu-west-1:123456789012:secret:db-AbCdEf"}',
    f'{{"secret_id": "{_UUID}", "token_id": "{_UUID}", "tenant_id": "{_UUID}"}}',
    f'{{"token_sha256": "{RANDOM_HEX}", "file_md5": "{RANDOM_HEX[:32]}", "ja3": "{RANDOM_HEX[:32]}"}}',
    f'{{"commit": "{RANDOM_HEX[:40]}", "sha1": "{RANDOM_HEX[:40]}", "github": "{RANDOM_HEX[:40]}"}}',
    '{"token_issued": "2026-11-23T04:00:00Z", "secret": "2026-11-23", "tokens": 512, "secrets": 3, "token": true}',
    '{"token": "https://login.example/oauth2/token", "credentials": "/run/secrets/db_password"}',
    '{"token": "TOKEN_EXPIRED", "auth": "required"}',
    '{"pwdLastSet": 133456789012345678, "PasswordLastSet": "%%1794", "sessionCredentialFromConsole": "true"}',
    "unexpected token: '}' in line 3",
    f"k8s pod securenet-api-7d4b9c6f5-x2x9z, trace {RANDOM_HEX[:32]}, commit {RANDOM_HEX[:40]}",
    "docker run -p 8080:80 nginx",
    "ssh -p 2222 bob@h",
    "mkdir -p /srv/app",
    "curl -u bob https://h",
    "user,password,email",
    "https://user@example.org/x?token_type=bearer",
    "slack: #channel-2024-alerts, datadog: enabled",
    f'{{"sentry_event_id": "{RANDOM_HEX[:32]}", "datadog.trace_id": "{RANDOM_HEX[:32]}"}}',
    f"sentry_event_id={RANDOM_HEX[:32]} cloudflare-ray-id: {RANDOM_HEX[:16]} jenkins_build_tag={RANDOM_HEX[:20]}",
    'curl -H "Authorization: Bearer $API_TOKEN" https://h',
    "Authorization: Bearer ${API_TOKEN}",
    '{"Authorization": "Bearer {token}"}',
    '{"slack_next_cursor": "dGVhbTpDMDYxRkE1UEI3"}',
)  # fmt: skip

ARGUMENTS: tuple[tuple[Any, Any], ...] = (
    ({"sys.argv": ["celery", "worker", "--broker-password", "topsecret99"]},
     {"sys.argv": ["celery", "worker", "--broker-password", MASK]}),
    (("run", "--password", "hunter2"), ("run", "--password", MASK)),
    (["run", "--password=hunter2", "-v"], ["run", f"--password={MASK}", "-v"]),
    (["run", ["mysql", "-u", "root", "-phunter2"]], ["run", ["mysql", "-u", "root", f"-p{MASK}"]]),
    ({"cmd": ("curl", "-u", "bob:hunter2", "https://h")}, {"cmd": ("curl", "-u", f"bob:{MASK}", "https://h")}),
    (["/usr/bin/redis-cli", "-a", "hunter2"], ["/usr/bin/redis-cli", "-a", MASK]),
    (["sqlplus", "-s", "scott/tiger@orcl"], ["sqlplus", "-s", f"scott/{MASK}@orcl"]),
    (["xfreerdp", "/p:hunter2"], ["xfreerdp", f"/p:{MASK}"]),
    (["keytool", "-storepass", "hunter2x", "-list"], ["keytool", "-storepass", MASK, "-list"]),
    (["run", "--token-type", "bearer", "--max-tokens", "5"], ["run", "--token-type", "bearer", "--max-tokens", "5"]),
    (["docker", "run", "-p", "8080:80"], ["docker", "run", "-p", "8080:80"]),
    ({1: {"GET /cb?id=7&access_token=abc#top": 4111111111111111}},
     {1: {f"GET /cb?id=7&access_token={MASK}": MASK}}),
)  # fmt: skip


def rows() -> Iterator[tuple[Any, Any]]:
    """Yield each row of the table: a value, and the value as it must be after redaction."""
    yield from ((before, after) for _, before, after in MASKED)
    yield from ((value, value) for value in KEPT)
    for text in (*TEXTS, *SECRETS, *INNOCENTS):
        yield MARKED.sub(r"\1", text), MARKED.sub(MASK, text)
    yield from ARGUMENTS


def failures(redaction: Callable[[Any], Any]) -> tuple[list[Any], list[Any]]:
    """Return the values that a redaction does not mask as it must, and those it does not keep."""
    wrong = [(before, after) for before, after in rows() if redaction(before) != after]
    unmasked = [before for before, after in wrong if before != after]
    return unmasked, [before for before, after in wrong if before == after]


def main() -> int:
    """Print the figures of both directions and each failure; return the exit status."""
    unmasked, changed = failures(redact)
    masked = sum(before != after for before, after in rows())
    kept = sum(before == after for before, after in rows())
    for value in (*unmasked, *changed):
        print(f"{value!r} became {redact(value)!r}")
    print(f"masked as they must be: {masked - len(unmasked)} of {masked}")
    print(f"kept as they must be: {kept - len(changed)} of {kept}")
    return int(bool(unmasked or changed))


if __name__ == "__main__":
    sys.exit(main())
