"""Table of text rules: patterns of keys, tokens, passwords, card numbers, SQL values and PII."""

from securenet_obs.redaction.rules.judges import (
    follows_data_scheme,
    has_digit,
    has_random_secret,
    inserts_secret,
    is_basic,
    is_card,
    is_ipv6,
    is_jwt,
    is_mixed,
    is_mixed_word,
    is_not_dsn,
    is_password_word,
    is_typed_or_password,
)
from securenet_obs.redaction.rules.rule import ESCAPE, START, TextRule, atomic_group
from securenet_obs.redaction.rules.vendor_names import VENDOR_RULES
from securenet_obs.redaction.rules.vendor_tokens import VENDOR_TOKEN_RULES

_GAP = atomic_group(r"(?:[\s:=+]|%20|\\[nrt]){1,8}", "gap")
"""Separator between the name of an authentication scheme and its credentials."""

_TOKEN_RULES = tuple(
    TextRule(name, anchor, f"{START}(?:{pattern})")
    for name, anchor, pattern in (
        ("aws_key", "A(?:KI|SI|BI|CC)A", r"A(?:KI|SI|BI|CC)A[A-Z0-9]{16}(?![A-Za-z0-9])"),
        ("azure_secret", "[0-9]Q~", r"[\w.~-]{3}\dQ~[\w.~-]{31,34}"),
        ("databricks_token", "dapi[0-9a-f]", r"dapi[0-9a-f]{32}(?:-\d)?"),
        ("digitalocean_token", "do[opr]_v1_", r"do[opr]_v1_[0-9a-f]{64}"),
        ("docker_token", "dckr_(?:pat|oat)_", r"dckr_(?:pat|oat)_[\w-]{20,}"),
        ("github_token", "gh[pousr]_|github_pat_", r"(?:gh[pousr]_|github_pat_)\w{20,}"),
        (
            "gitlab_token",
            "gl[a-z]{2,6}-",
            r"gl[a-z]{2,6}-(?:[0-9a-zA-Z]{1,5}_)?[\w-]{20,}(?:\.[0-9a-z]{2,9}){0,2}",
        ),
        ("google_token", r"ya29\.|GOCSPX-", r"(?:ya29\.|GOCSPX-)[\w-]{20,}"),
        ("grafana_token", "glsa_|glc_", r"(?:glsa|glc)_[\w+/=]{20,}"),
        ("huggingface_token", "hf_[A-Za-z]", r"hf_[A-Za-z0-9]{34}(?![A-Za-z0-9])"),
        ("linear_token", "lin_(?:api|oauth)_", r"lin_(?:api|oauth)_[A-Za-z0-9]{32,}"),
        ("mailgun_key", "key-[0-9a-f]", r"key-[0-9a-f]{32}(?![0-9a-f])"),
        ("newrelic_key", "NR[A-Z]{2}-", r"NR[A-Z]{2}-[\w-]{16,}"),
        ("npm_token", "(?i:npm_)[A-Za-z0-9]", r"(?i:npm_)[A-Za-z0-9]{36}"),
        ("postman_key", "PMAK-", r"PMAK-[0-9a-fA-F]{24}-[0-9a-fA-F]{34}"),
        ("pypi_token", "pypi-AgE", r"pypi-AgE[\w-]{50,}"),
        ("securenet_key", "snk_", r"snk_[\w-]{40,}"),
        ("sendgrid_key", r"SG\.", r"SG\.[\w=.-]{40,}"),
        ("sentry_token", "sntry[su]_", r"sntry[su]_[\w+/=.-]{32,}"),
        ("shopify_token", "shp[a-z]{2,3}_", r"shp[a-z]{2,3}_[0-9a-fA-F]{32}"),
        (
            "slack_token",
            "xox[a-z]|xapp-",
            r"(?:xox[a-z](?:.xox[a-z])?|xapp)-[\w/+%\\-]{10,}=?=?",
        ),
        ("square_token", "sq0[a-z]{3}-", r"sq0[a-z]{3}-[\w-]{22,}"),
        (
            "stripe_key",
            "[prs]k_(?:live|test|prod)_|whsec_",
            r"(?:[prs]k_(?:live|test|prod)|whsec)_\w{10,}",
        ),
        ("telegram_token", ":AA[A-Za-z0-9_-]", r"\d{8,10}:AA[\w-]{33}"),
        ("twilio_key", "SK[0-9a-fA-F]{8}", r"SK[0-9a-fA-F]{32}(?![0-9a-fA-F])"),
        ("vault_token", r"hv[sbr]\.", r"hv[sbr]\.[\w-]{24,}"),
        ("age_key", "AGE-SECRET-KEY-1", r"AGE-SECRET-KEY-1[A-Z0-9]{40,}"),
    )
)

TEXT_RULES: tuple[TextRule, ...] = (
    TextRule(
        "private_key",
        "-----BEGIN",
        r"-----BEGIN[A-Z0-9 _-]{0,100}PRIVATE KEY[A-Z ]{0,10}-----"
        r"(?:[^-]*+(?:-(?!----)[^-]*+)*-----END [A-Z0-9 ]{1,60}-----|[A-Za-z0-9+/=\s\\]*+)",
    ),
    TextRule(
        "url_token",
        "://[^@]*:(?:x-oauth-basic|[xX])?@",
        r"https?://(?P<secret>[\w.~%+=-]{16,}+)(?=:(?:x-oauth-basic|[xX])?@)",
        is_not_dsn,
    ),
    TextRule(
        "url_password",
        r"jdbc:oracle:",
        r"jdbc:oracle:\w{2,4}:[\w$#.]{1,80}/(?P<secret>(?!\[redacted\])[^\s@/\"']{1,128})(?=@)",
    ),
    TextRule(
        "url_password",
        r":\\*/\\*/[^@]*@",
        r"://[^\s/@:\"'<>\[\]?#]{0,256}+:(?!\d{1,5}(?:[/?#,\s\"'<>]|$)|\[redacted\]@)"
        r"(?P<secret>(?![\s\"'<>@]|://)[^\s\"'<>@:]*+(?::(?!//)[^\s\"'<>@:]*+)*"
        r"(?:@[^\s\"'<>@/?#]*+(?=@))*)(?=@)",
    ),
    TextRule(
        "url_password",
        r":\\*/\\*/[^@]*@",
        r"://[^\s:@/\"'`<]{0,128}:(?!\d{1,5}(?:[/?#,\s\"'<>]|$)|\[redacted\]@)"
        r"(?P<secret>[^\s\"'@]{1,256})(?=@[\w\[])",
        follows_data_scheme,
    ),
    TextRule("url_token", "://[^@]*@", r"https?://(?P<secret>[\w.~%+=-]{16,}+)(?=@)", is_not_dsn),
    TextRule("url_token", "nats://", r"nats://(?P<secret>[\w.~%+=-]{8,}+)(?=@)", has_digit),
    TextRule(
        "webhook_url",
        r"hooks.slack.com|/api/(?:v[0-9]{1,2}/)?webhooks/|hooks\.zapier\.com|office\.com/webhook"
        r"|maker\.ifttt\.com|hc-ping\.com|webhook\.site|/bot/(?:v2/)?hook/"
        r"|events\.pagerduty\.com/integration|hooks\.chime\.aws",
        r"(?:hooks.slack.com/(?:services|workflows|triggers)/|/api/(?:v\d{1,2}/)?webhooks/"
        r"|hooks\.zapier\.com/hooks/catch/|[\w.-]{0,60}office\.com/webhook(?:b2)?/"
        r"|maker\.ifttt\.com/trigger/\w{1,80}/(?:json/)?with/key/|hc-ping\.com/|webhook\.site/"
        r"|/bot/(?:v2/)?hook/|events\.pagerduty\.com/integration/"
        r"|hooks\.chime\.aws/incomingwebhooks/)"
        r"(?P<secret>[\w/@+-]{20,}+)",
    ),
    TextRule(
        "webhook_url",
        "/hooks/[A-Za-z0-9]{17}",
        r"/hooks/(?P<secret>[A-Za-z0-9]{17,40}+(?:/[A-Za-z0-9]{20,80}+)?)(?![\w.-])",
        has_random_secret,
    ),
    TextRule("telegram_token", ":AA[A-Za-z0-9_-]", r"(?<=/bot)\d{8,10}:AA[\w-]{33}"),
    TextRule(
        "query_secret",
        "[?&](?:key|code|auth|signature|Signature|hapikey|access|k)=",
        r"[?&](?:key|code|auth|[sS]ignature|hapikey|access|k)=(?P<secret>[\w.~%+/=-]{16,}+)",
    ),
    TextRule(
        "bearer",
        "(?i:bearer)",
        rf"(?i:bearer){_GAP}(?P<secret>[A-Za-z0-9._~+/=-]{{6,}}+)",
        has_digit,
    ),
    TextRule(
        "basic",
        "(?i:basic)",
        rf"(?i:basic){_GAP}(?P<secret>[A-Za-z0-9+/]{{4,}}+={{0,2}})",
        is_basic,
    ),
    TextRule(
        "basic",
        r"Auth\(",
        r"(?:Basic|Digest|Proxy|Ntlm|NTLM)Auth\(\s{0,9}[bu]?(?:'[^'\n]{0,200}'|\"[^\"\n]{0,200}\"),\s{0,9}"
        r"[bu]?['\"](?P<secret>(?!\[redacted\])[^'\"\n]{1,400})(?=['\"])",
    ),
    TextRule("jwt", "eyJ", r"eyJ[\w-]*+(?:\.[\w-]*+){0,4}", is_jwt),
    TextRule("google_key", "AIza", r"(?:(?<![\w+/])|(?<=\\[nrt]))AIza[\w-]{35}"),
    TextRule("openai_key", "sk-", START + r"sk-[\w-]{20,}+", is_mixed),
    *_TOKEN_RULES,
    *VENDOR_TOKEN_RULES,
    *VENDOR_RULES,
    TextRule(
        "scheme",
        r"(?i:token|api-?key|auth-?key|ssws|flyv1|splunk|negotiate|ntlm|geniekey)(?:[^!-~]|[\\:])",
        r"(?<![\w-])(?:[Tt]oken|TOKEN|(?i:[a-z-]{0,20}api-?key|[a-z-]{0,20}auth-?key|[a-z]{0,20}oauthtoken"
        r"|ssws|flyv1|geniekey|splunk|negotiate|ntlm))(?:\s{1,4}|: )"
        r"(?P<secret>(?:[\w+/=.~-]|,(?=[\w+/=~-])){16,})",
        has_random_secret,
    ),
    TextRule(
        "password_hash",
        r"\$[A-Za-z0-9-]{1,20}\$|\{(?:SSHA|SHA|MD5|CRYPT|SMD5)[0-9]{0,3}\}|pbkdf2_sha|(?:scrypt|pbkdf2):",
        r"\$(?:apr1|argon2(?:id|i|d)|pbkdf2(?:-sha\d{1,3})?|scrypt|y|gy|7|2[abxy]?|[156]|sha1|md5)\$"
        r"[A-Za-z0-9./$=,+-]{8,}+|\{(?:S?SHA|S?MD5|CRYPT)\d{0,3}\}[\w+/=.$-]{8,}+"
        r"|(?:pbkdf2_sha\d{1,3}|bcrypt_sha256)\$[\w$+/=.-]{8,}+"
        r"|(?:scrypt|pbkdf2):[a-z0-9:]{1,40}\$[\w$+/=.-]{8,}+",
    ),
    TextRule(
        "netrc_password",
        "(?i:machine|login)",
        r"(?i:(?<![\w.-])(?:machine|host)\s{1,9}\S{1,200}\s{1,40}(?:login|user)\s{1,9}\S{1,200}\s{1,40}"
        r"(?:password|passwd)\s{1,9}|(?<![\w.-])login\s{1,9}\S{1,200}\s{1,40}password\s{1,9})"
        r"(?P<secret>(?!\[redacted\])\S{1,400})",
    ),
    TextRule(
        "pgpass_line",
        r":(?:[0-9]{4,5}|\*):[^:]*:[^:]*:",
        r"(?m:^|(?<=\n))[\w.*-]{1,200}:(?:\d{4,5}|\*):(?:[A-Za-z_*][\w.*-]{0,60}):(?:[A-Za-z_*][\w.@*-]{0,60}):"
        r"(?P<secret>(?!\[redacted\])[^\s:\"']{1,400})(?m:$)",
    ),
    TextRule(
        "config_password",
        "(?i:requirepass|masterauth|auth_pass|sentinel auth-pass|primaryauth|snmp-server community"
        "|enable (?:secret|password)|rootpw|bindpw|rocommunity|rwcommunity)",
        r"(?i:(?<![\w-])(?:requirepass|masterauth|primaryauth|auth_pass|auth-pass\s{1,9}\S{1,80}|bindpw|rootpw"
        r"|r[ow]community|snmp-server\s{1,4}community|enable\s{1,4}(?:secret|password)(?:\s{1,4}\d)?)"
        r"[\"']?,?[ \t]{1,20}[\"']?)"
        r"(?P<secret>(?!\[redacted\]|\d [\[$]|encryption|[{$<%])[^\s\"',]{1,400})",
    ),
    TextRule(
        "config_password",
        r"(?i:username|isakmp key|radius-server|tacacs-server|pre-shared-key|key-string| ENC )",
        r"(?i:(?<![\w-])(?:username\s{1,4}\S{1,80}\s{1,4}(?:privilege\s\d{1,2}\s)?(?:password|secret)"
        r"|isakmp\s{1,4}key|(?:radius|tacacs)-server\s{1,4}key|pre-shared-key|key-string)\s{1,4}"
        r"|\w{2,40}\s{1,4}(?=ENC\s))(?P<type>\d\s{1,4}|ENC\s{1,4})?"
        r"(?P<secret>(?!\[redacted\])[^\s\"',;]{4,400})",
        is_typed_or_password,
    ),
    TextRule(
        "config_password",
        r"(?i:convertto-securestring|[^A-Za-z]PASSWORD\()",
        r"(?:(?i:ConvertTo-SecureString\s{1,9}(?:-String\s{1,9})?)|(?<![\w.])(?:OLD_)?PASSWORD\()"
        r"(?P<secret>'[^'\n]*+'|\"[^\"$\n]*+\")",
    ),
    TextRule(
        "config_password",
        "AUTH|SETUSER|setuser",
        r"(?:\"AUTH\"\s{1,4}(?:\"[^\"\n]{1,80}\"\s{1,4})?\"|(?<![\w-])HELLO\s[23]\sAUTH\s{1,4}\S{1,80}\s{1,4}"
        r"|(?<![\w-])AUTH\s{1,4}default\s{1,4}|(?i:setuser)\s{1,4}[^\n]{1,400}?\s[\"']?>)"
        r"(?P<secret>(?!\[redacted\])[^\s\"']{1,400})",
    ),
    TextRule(
        "static_key",
        "OpenVPN Static|PuTTY-User-Key|LS0tLS1CRUdJTi|ZXlK",
        r"-----BEGIN OpenVPN Static key V1-----[^-]{0,4000}-----END OpenVPN Static key V1-----"
        r"|(?<=Private-Lines: )\d{1,4}\s[A-Za-z0-9+/=\s]{40,8000}+"
        r"|(?<![A-Za-z0-9+/])LS0tLS1CRUdJTi(?:[A-Za-z0-9+/]{40,}+)={0,2}"
        r"|(?<![A-Za-z0-9+/])ZXlK[A-Za-z0-9+/]{16,}+={0,2}",
    ),
    TextRule(
        "card_number",
        rf"(?:^|[^0-9]|{ESCAPE.decode()})[2-6][0-9]{{3}}[ .-]?[0-9]{{4,6}}[ .-]?[0-9]{{4,5}}",
        r"(?:(?<![\w-])(?<!\d\.)|(?<=\\[nrt]))(?:[2-6]\d{3}(?:(?:[ -]?\d{4}){3}|(?:\.\d{4}){3})"
        r"|3\d{3}[ -]?\d{6}[ -]?\d{4,5})(?![\w-])(?!\.\d)",
        is_card,
    ),
    TextRule(
        "statement_parameters",
        r"\[parameters:",
        r"\[parameters: ?+(?P<secret>(?!\[redacted\])"
        r"(?:[^\n\\\]]++|\\(?!n)|\](?!\s{0,9}(?:\n|\\n|$)))+)",
    ),
    TextRule(
        "statement_row",
        "Failing row contains",
        r"Failing row contains \((?P<secret>(?!\[redacted\])"
        r"(?:[^\n\\)]++|\\(?!n)|\)(?!\.?\s{0,9}(?:\n|\\n|$)))+)",
    ),
    TextRule(
        "statement_insert",
        "(?i:insert)",
        r"(?i:insert\s{1,9}into\s{1,9}[^\s(]{1,200}+\s{0,9}\((?P<columns>[^()]{1,4000}+)\)\s{0,9}"
        r"values\s{0,9})(?P<secret>(?:[^;'\n]++|'[^'\n]*+')+)",
        inserts_secret,
    ),
    TextRule(
        "statement_password",
        r"(?i:password|identified)(?:[^!-~]|\\)",  # white space, raw or escaped
        r"(?i:\bpassword|\bidentified\s{1,9}by)\s{1,9}(?P<secret>'[^'\n]*+'|\"[^\"\n]*+\")",
    ),
    TextRule(
        "password_word",
        r"(?i:passw(?:or)?d|passphrase|passcode)(?:[^!-~]|\\)",
        r"(?:(?<![\w.-])|(?<=\\[nrt]))(?i:passw(?:or)?d|passphrase|passcode)"
        r"(?:(?:[ \t]{1,4}(?i:is|was|now|set|changed|reset|to)){0,3}[ \t]{1,4}[\"'`]?"
        r"|[ \t](?:\([a-z ]{1,20}\)|for [\w.@-]{1,60}):[ \t]{1,4})"
        r"(?P<secret>(?!\[redacted\])[^\s\"'`,;<>(){}\[\]=:\\]{5,64})(?![^\s\"'`,;<>)}\]\\])",
        is_password_word,
    ),
    TextRule(
        "password_word",
        r"(?i:api[ _-]?key|secret|token)(?:[^!-~]|\\)",
        r"(?:(?<![\w.-])|(?<=\\[nrt]))(?i:api[ _-]?key|secret|token)"
        r"(?:[ \t](?:is|was|set to|changed to))?[ \t]{1,4}[\"'`]?"
        r"(?P<secret>(?!\[redacted\])[^\s\"'`,;<>(){}\[\]=:\\/.]{8,64})(?![^\s\"'`,;<>)}\]\\.])",
        is_mixed_word,
    ),
    TextRule(
        "pii_url_user",
        "://[^@]*@",
        r"://(?P<secret>[^\s/@:\"'<>\[]++)(?=(?::[^\s/@]*+)?@)",
        pii=True,
    ),
    TextRule("pii_email", "@", r"(?<![\w.%+-])[\w.%+-]++@[\w-]++(?:\.[\w-]++)+", pii=True),
    TextRule("pii_ipv4", r"[0-9]\.[0-9]", r"(?<![\w.])\d{1,3}(?:\.\d{1,3}){3}(?![\w.])", pii=True),
    TextRule(
        "pii_ipv6",
        ":[0-9A-Fa-f]*:",
        r"(?<![\w:.])[0-9A-Fa-f:]{3,39}+(?![\w:])",
        is_ipv6,
        pii=True,
    ),
    TextRule(
        "pii_host",
        r"\.[A-Za-z]",
        r"(?<![\w.-])(?:[A-Za-z0-9-]{1,63}+\.){1,9}"
        r"(?i:com|org|net|edu|gov|io|dev|local|localdomain|internal|intranet|corp|lan|home|example)"
        r"(?![\w.-])",
        pii=True,
    ),
)
