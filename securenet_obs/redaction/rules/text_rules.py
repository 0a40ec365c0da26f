"""Table of text rules: patterns of keys, tokens, card numbers, SQL values and personal data."""

from securenet_obs.redaction.rules.judges import (
    has_digit,
    inserts_secret,
    is_basic,
    is_card,
    is_ipv6,
    is_jwt,
    is_mixed,
    is_not_dsn,
)
from securenet_obs.redaction.rules.rule import ESCAPE, START, TextRule, atomic_group

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
        ("gitlab_token", "gl[a-z]{2,4}-", r"gl(?:pat|dt|ptt|rt|soat|ft|cbt|imt|oas)-[\w-]{20,}"),
        ("google_token", r"ya29\.|GOCSPX-", r"(?:ya29\.|GOCSPX-)[\w-]{20,}"),
        ("grafana_token", "glsa_|glc_", r"(?:glsa|glc)_[\w+/=]{20,}"),
        ("huggingface_token", "hf_[A-Za-z]", r"hf_[A-Za-z0-9]{30,}"),
        ("linear_token", "lin_(?:api|oauth)_", r"lin_(?:api|oauth)_[A-Za-z0-9]{32,}"),
        ("mailgun_key", "key-[0-9a-f]", r"key-[0-9a-f]{32}(?![0-9a-f])"),
        ("newrelic_key", "NRAK-|NRII-", r"NR(?:AK|II)-[\w-]{24,}"),
        ("npm_token", "npm_[A-Za-z0-9]", r"npm_[A-Za-z0-9]{36}"),
        ("postman_key", "PMAK-", r"PMAK-[0-9a-f]{24}-[0-9a-f]{34}"),
        ("pypi_token", "pypi-AgE", r"pypi-AgE[\w-]{50,}"),
        ("securenet_key", "snk_", r"snk_[\w-]{40,}"),
        ("sendgrid_key", r"SG\.", r"SG\.[\w-]{16,32}\.[\w-]{16,64}"),
        ("sentry_token", "sntry[su]_", r"sntry[su]_[\w+/=.-]{32,}"),
        ("shopify_token", "shp(?:at|ca|pa|ss)_", r"shp(?:at|ca|pa|ss)_[0-9a-fA-F]{32}"),
        ("slack_token", "xox[a-z]-|xapp-", r"(?:xox[a-z]|xapp)-[A-Za-z0-9-]{10,}"),
        ("square_token", "sq0[a-z]{3}-", r"sq0[a-z]{3}-[\w-]{22,}"),
        ("stripe_key", "[rs]k_(?:live|test)_|whsec_", r"(?:[rs]k_(?:live|test)|whsec)_\w{10,}"),
        ("telegram_token", ":AA[A-Za-z0-9_-]", r"\d{8,10}:AA[\w-]{33}"),
        ("twilio_key", "SK[0-9a-f]{8}", r"SK[0-9a-f]{32}(?![0-9a-f])"),
        ("vault_token", r"hv[sbr]\.", r"hv[sbr]\.[\w-]{24,}"),
        ("age_key", "AGE-SECRET-KEY-1", r"AGE-SECRET-KEY-1[A-Z0-9]{40,}"),
    )
)

TEXT_RULES: tuple[TextRule, ...] = (
    TextRule(
        "private_key",
        "-----BEGIN",
        r"-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY[A-Z ]{0,10}-----"
        r"(?:[^-]*+(?:-(?!----)[^-]*+)*-----END [A-Z0-9 ]{1,60}-----|[A-Za-z0-9+/=\s\\]*+)",
    ),
    TextRule(
        "url_password",
        r":\\*/\\*/[^@]*@",
        r"://[^\s/@:\"'<>\[\]?#]{0,256}+:(?!\d{1,5}(?:[/?#,\s\"'<>]|$)|\[redacted\]@)"
        r"(?P<secret>(?![\s\"'<>@]|://)[^\s\"'<>@:]*+(?::(?!//)[^\s\"'<>@:]*+)*"
        r"(?:@[^\s\"'<>@/?#]*+(?=@))*)(?=@)",
    ),
    TextRule("url_token", "://[^@]*@", r"https?://(?P<secret>[\w.~%+=-]{16,}+)(?=@)", is_not_dsn),
    TextRule(
        "webhook_url",
        "hooks.slack.com|/api/webhooks/",
        r"(?:hooks\.slack\.com/(?:services|workflows)/|/api/webhooks/)(?P<secret>[\w/-]{20,}+)",
    ),
    TextRule(
        "query_secret",
        "[?&](?:key|code)=",
        r"[?&](?:key|code)=(?P<secret>[\w.~%+/=-]{16,}+)",
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
    TextRule("jwt", "eyJ", r"eyJ[\w-]*+(?:\.[\w-]*+){0,4}", is_jwt),
    TextRule("google_key", "AIza", r"(?:(?<![\w+/])|(?<=\\[nrt]))AIza[\w-]{35}"),
    TextRule("openai_key", "sk-", START + r"sk-[\w-]{20,}+", is_mixed),
    *_TOKEN_RULES,
    TextRule(
        "card_number",
        rf"(?:^|[^0-9]|{ESCAPE.decode()})[2-6][0-9]{{3}}[ -]?[0-9]{{4,6}}[ -]?[0-9]{{4,5}}",
        r"(?:(?<![\w-])(?<!\d\.)|(?<=\\[nrt]))(?:[2-6]\d{3}(?:[ -]?\d{4}){3}"
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
        "(?i:password|identified)",
        r"(?i:\bpassword|\bidentified\s{1,9}by)\s{1,9}(?P<secret>'[^'\n]*+'|\"[^\"\n]*+\")",
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
